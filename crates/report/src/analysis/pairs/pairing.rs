//! Common seeds of two configurations, and whether their runs can be paired.

use std::collections::HashMap;

use crate::analysis::{Analysis, Config, gain};
use crate::table::RunRow;

/// Comparison of two configurations on their common seeds.
#[derive(Default)]
pub(in crate::analysis) struct Seeds {
    /// Gains on the seeds with both results, infinite where one of them diverged.
    pub(in crate::analysis) gains: Vec<f64>,
    /// The gains on seeds on which neither diverged.
    pub(in crate::analysis) completed: Vec<f64>,
    pub(in crate::analysis) excluded: usize,
    pub(in crate::analysis) diverged: usize,
    pub(in crate::analysis) unpaired: Option<String>,
}

/// Compares two configurations on the first `n` judging seeds, or on all if there are fewer.
pub(in crate::analysis) fn seeds(analysis: &Analysis, a: &Config, b: &Config, n: usize) -> Seeds {
    let by_seed = |config: &Config| -> HashMap<u64, usize> {
        config.runs.iter().map(|&r| (analysis.plan.runs[r].spec.seed, r)).collect()
    };
    let (ours, theirs) = (by_seed(a), by_seed(b));
    let mut out = Seeds::default();
    // With sequential looks, an optimizer need not be planned on every seed.
    let until = analysis.plan.ends_early();
    for seed in analysis.seeds().iter().take(n) {
        let both = ours.get(seed).zip(theirs.get(seed));
        let judged = both.and_then(|(x, y)| Some((analysis.judged(*x)?, analysis.judged(*y)?)));
        let (Some((a, b)), Some((x, y))) = (both, judged) else {
            out.excluded += usize::from(both.is_some() || !until);
            continue;
        };
        if out.unpaired.is_none() {
            let unlike = difference(&analysis.rows[*a], &analysis.rows[*b]);
            out.unpaired = unlike.map(|what| format!("{what} (seed {seed})"));
        }
        let gain = gain(&analysis.evaluation, &x, &y);
        out.gains.push(gain);
        // Two diverged runs are level, which is not a gain of 0.
        match x.outcome.is_finite() && y.outcome.is_finite() {
            true => out.completed.push(gain),
            false => out.diverged += 1,
        }
    }
    out
}

/// Returns the reason why two runs of one seed cannot be paired; `None` where they can.
pub fn difference(a: &RunRow, b: &RunRow) -> Option<&'static str> {
    if a.dataset_digest != b.dataset_digest {
        return Some("they were trained on different data");
    }
    if a.init_digest.is_none() || a.init_digest != b.init_digest {
        return Some("they did not start from the same weights");
    }
    let fed = |row: &RunRow| -> Option<Vec<String>> {
        serde_json::from_str(row.batch_digest.as_deref()?).ok()
    };
    let same = match (fed(a), fed(b)) {
        (Some(x), Some(y)) => x.iter().zip(&y).all(|(x, y)| x == y),
        _ => false,
    };
    (!same).then_some("they did not see the same batches")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_paired_by_their_digests() {
        let row = |init: &str, batches: &[&str]| RunRow {
            dataset_digest: Some("d".to_owned()),
            init_digest: Some(init.to_owned()),
            batch_digest: serde_json::to_string(batches).ok(),
            ..RunRow::default()
        };
        let a = row("i", &["1", "2", "3"]);
        assert_eq!(difference(&a, &row("i", &["1", "2"])), None, "a common prefix is enough");
        assert!(difference(&a, &row("i", &["1", "9"])).unwrap().contains("batches"));
        assert!(difference(&a, &row("j", &["1"])).unwrap().contains("weights"));
        assert!(difference(&RunRow::default(), &RunRow::default()).unwrap().contains("weights"));
        let other = RunRow { dataset_digest: Some("e".to_owned()), ..row("i", &[]) };
        assert!(difference(&a, &other).unwrap().contains("data"));
    }
}
