//! Chosen configurations against each other, seed by seed.
//!
//! The unit of replication is the seed. Two optimizers of one seed start from
//! the same weights and see the same batches, so their difference on that seed
//! is free of both; whether that holds is read from the digests, never assumed.

use std::collections::HashMap;

use rayon::prelude::*;

use crate::analysis::{Analysis, Config};
use crate::stats::paired::{Test, sign_flip, wilcoxon};
use crate::stats::{Estimate, estimate, holm, unpaired};
use crate::table::RunRow;

/// Level of significance, after Holm's correction over all pairs.
pub const ALPHA: f64 = 0.05;

/// What a pair's test says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The first is better, p at most [`ALPHA`] after Holm's correction.
    Better,
    /// The second is.
    Worse,
    /// The seeds could have shown a difference, and did not.
    NotShown,
    /// So few seeds cannot show any difference, however large it is.
    Underpowered,
    /// Fewer than two seeds have both results.
    TooFew,
}

/// Two labels at their chosen configurations. Gains are positive where the
/// first is better, in units of the judge's metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// The first, an index into `Analysis::configs`.
    pub first: usize,
    /// The second.
    pub second: usize,
    /// Why the two cannot be paired by seed, when they cannot: then the seeds
    /// are two independent samples, and `gain` is a difference of means.
    pub unpaired: Option<String>,
    /// Gains on the seeds that completed with both.
    pub gain: Estimate,
    /// Sign-flip permutation test of the mean gain; where the two are not
    /// paired, the permutation test of two samples.
    pub test: Option<Test>,
    /// Wilcoxon's signed-rank test; a seed that diverged with one of the two
    /// counts as the largest loss. None where they are not paired.
    pub wilcoxon: Option<Test>,
    /// p of `test` after Holm's correction over all pairs.
    pub adjusted: Option<f64>,
    /// p of `wilcoxon`, likewise.
    pub wilcoxon_adjusted: Option<f64>,
    /// Probability that a run of the first is better than one of the second,
    /// over all pairs of seeds, ties half; a diverged run is the worst.
    pub improvement: Option<f64>,
    /// Seeds on which the first is better, level, worse; diverged counts as worst.
    pub seeds: (usize, usize, usize),
    /// Seeds of the plan that lack a result with one of the two.
    pub excluded: usize,
    /// Seeds that diverged with either: in `wilcoxon` and `improvement`, not in `gain`.
    pub diverged: usize,
    /// What follows.
    pub verdict: Verdict,
}

/// All pairs of labels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// Chosen configurations with a value, best first by the judge.
    pub ranked: Vec<usize>,
    /// Pairs of them, the better ranked one first.
    pub pairs: Vec<Pair>,
    /// The smallest p that any pair can reach: 0.0625 for five seeds.
    pub smallest: Option<f64>,
    /// The same after Holm's correction.
    pub smallest_adjusted: Option<f64>,
    /// The fewest seeds that could show a difference among so many pairs.
    pub seeds_needed: usize,
}

impl Comparison {
    /// The pair of two configurations, and whether it stands the other way round.
    pub fn of(&self, a: usize, b: usize) -> Option<(&Pair, bool)> {
        self.pairs.iter().find_map(|p| match (p.first, p.second) {
            (x, y) if (x, y) == (a, b) => Some((p, false)),
            (x, y) if (x, y) == (b, a) => Some((p, true)),
            _ => None,
        })
    }

    /// Whether no pair can reach significance.
    pub fn underpowered(&self) -> bool {
        self.smallest_adjusted.is_none_or(|p| p > ALPHA)
    }
}

/// Compares every label's chosen configuration with every other's.
pub(super) fn compare(analysis: &Analysis) -> Comparison {
    let ranked = analysis.ranked();
    let couples: Vec<(usize, usize)> = ranked
        .iter()
        .enumerate()
        .flat_map(|(i, &a)| ranked[i + 1..].iter().map(move |&b| (a, b)))
        .collect();
    let mut pairs: Vec<Pair> = couples.par_iter().map(|&(a, b)| pair(analysis, a, b)).collect();
    correct(&mut pairs, |p| p.test, |p, adjusted| p.adjusted = Some(adjusted));
    correct(&mut pairs, |p| p.wilcoxon, |p, adjusted| p.wilcoxon_adjusted = Some(adjusted));
    let tested = pairs.iter().filter(|p| p.test.is_some()).count();
    let smallest = pairs.iter().filter_map(|p| p.test).map(|t| t.smallest).reduce(f64::min);
    for pair in &mut pairs {
        if let (Some(test), Some(p), Some(gain)) = (pair.test, pair.adjusted, pair.gain.mean) {
            pair.verdict = verdict(test, p, tested, gain);
        }
    }
    Comparison {
        smallest_adjusted: smallest.map(|p| (p * tested as f64).min(1.0)),
        seeds_needed: seeds_needed(couples.len().max(1)),
        ranked,
        pairs,
        smallest,
    }
}

fn correct(pairs: &mut [Pair], test: fn(&Pair) -> Option<Test>, put: fn(&mut Pair, f64)) {
    let at: Vec<(usize, f64)> =
        pairs.iter().enumerate().filter_map(|(i, p)| Some((i, test(p)?.p))).collect();
    let ps: Vec<f64> = at.iter().map(|(_, p)| *p).collect();
    for ((i, _), adjusted) in at.iter().zip(holm::adjust(&ps)) {
        put(&mut pairs[*i], adjusted);
    }
}

/// What a test says whose p among `tests` tests is `adjusted` after Holm's
/// correction; `lead` is positive where the first is better.
pub(crate) fn verdict(test: Test, adjusted: f64, tests: usize, lead: f64) -> Verdict {
    match adjusted <= ALPHA {
        true if lead > 0.0 => Verdict::Better,
        true => Verdict::Worse,
        false if test.smallest * tests as f64 > ALPHA => Verdict::Underpowered,
        false => Verdict::NotShown,
    }
}

/// The fewest pairs of seeds whose smallest two-sided sign-flip p, `2 / 2^n`,
/// survives Holm's correction over `pairs` comparisons.
pub fn seeds_needed(pairs: usize) -> usize {
    (2..64).find(|n| 2.0 * pairs as f64 <= ALPHA * 2f64.powi(*n)).unwrap_or(64) as usize
}

fn pair(analysis: &Analysis, first: usize, second: usize) -> Pair {
    let (a, b) = (&analysis.configs[first], &analysis.configs[second]);
    let judge = &analysis.judge;
    let of = |config: &Config| -> HashMap<u64, &RunRow> {
        config.runs.iter().map(|&r| (analysis.plan.runs[r].spec.seed, &analysis.rows[r])).collect()
    };
    let (theirs, ours) = (of(b), of(a));
    let outcome = |row: &RunRow| super::outcome(judge, row);
    let mut unpaired = None;
    let (mut gains, mut excluded, mut diverged) = (Vec::new(), 0, 0);
    for seed in &analysis.plan.seeds {
        let both = ours.get(seed).zip(theirs.get(seed));
        let Some((x, y)) = both.and_then(|(x, y)| Some((outcome(x)?, outcome(y)?))) else {
            excluded += 1;
            continue;
        };
        if let Some((ours, theirs)) = both
            && unpaired.is_none()
        {
            unpaired = difference(ours, theirs).map(|what| format!("{what} (seed {seed})"));
        }
        diverged += usize::from(x.is_infinite() || y.is_infinite());
        // Both diverged: neither is better, and infinity less infinity is no number.
        gains.push(if x == y { 0.0 } else { judge.gain(x, y) });
    }
    let finite: Vec<f64> = gains.iter().copied().filter(|g| g.is_finite()).collect();
    let values = |config: &Config| -> Vec<f64> {
        config.runs.iter().filter_map(|&r| outcome(&analysis.rows[r])).collect()
    };
    let signed = |values: Vec<f64>| -> Vec<f64> {
        values.into_iter().map(|v| if judge.higher_is_better { v } else { -v }).collect()
    };
    let (xs, ys) = (signed(values(a)), signed(values(b)));
    let (gain, test, wilcoxon) = if unpaired.is_some() {
        let completed =
            |v: &[f64]| -> Vec<f64> { v.iter().copied().filter(|v| v.is_finite()).collect() };
        let (xs, ys) = (completed(&xs), completed(&ys));
        (welch(&xs, &ys), unpaired::permutation(&xs, &ys), None)
    } else {
        let test = Some(&finite).filter(|f| f.len() > 1).and_then(|f| sign_flip(f));
        let wilcoxon = Some(&gains).filter(|g| g.len() > 1).and_then(|g| wilcoxon(g));
        (estimate(finite), test, wilcoxon)
    };
    let count = |sign: f64| gains.iter().filter(|g| **g * sign > 0.0).count();
    let (wins, losses) = (count(1.0), count(-1.0));
    Pair {
        first,
        second,
        unpaired,
        gain,
        test,
        wilcoxon,
        adjusted: None,
        wilcoxon_adjusted: None,
        improvement: unpaired::probability_of_improvement(&xs, &ys),
        seeds: (wins, gains.len() - wins - losses, losses),
        excluded,
        diverged,
        verdict: Verdict::TooFew,
    }
}

/// The difference of two means without pairing: no interval but the mean, since
/// its seeds are not the same experiment twice.
fn welch(xs: &[f64], ys: &[f64]) -> Estimate {
    let (x, y) = (estimate(xs.iter().copied()), estimate(ys.iter().copied()));
    Estimate {
        n: x.n.min(y.n),
        mean: x.mean.zip(y.mean).map(|(x, y)| x - y),
        ..Estimate::default()
    }
}

/// What keeps two runs of one seed from being a pair.
pub(crate) fn difference(a: &RunRow, b: &RunRow) -> Option<&'static str> {
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
    fn so_many_seeds_are_the_fewest_that_can_show_anything() {
        // 2/2^5 = 0.0625 and 2/2^6 = 0.03125; ten pairs need 20/2^9 = 0.039.
        assert_eq!([1, 3, 10, 66].map(seeds_needed), [6, 7, 9, 12]);
    }

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
