//! Means of the chosen configurations on the seeds that chose them, with intervals that account for
//! the choice.

use rayon::prelude::*;
use stats::bootstrap::{LARGEST, Resamples};
use stats::choice::{self, AfterSelection};

use crate::analysis::{Analysis, Config, Criterion, by_selection};

/// Smallest number of seeds with enough distinct resamples: four seeds have 35, five have 126.
const FEWEST: usize = 5;

/// Returns the mean of each label's chosen configuration on the seeds that chose it. An entry is
/// `None` where
/// - a label has fewer than two configurations with a result on each seed,
/// - rungs cut some configurations or growth added some, since other seeds might have cut or added
///   others,
/// - a seed of the chosen configuration diverged, or
/// - the results at hand would not choose it again.
pub(super) fn after_selection(analysis: &Analysis) -> Vec<Option<AfterSelection>> {
    let seeds = &analysis.plan.seeds;
    // No such interval exists for a median of times to the target, some of which are infinite.
    if analysis.selection.reached() || !(FEWEST..=LARGEST).contains(&seeds.len()) {
        return vec![None; analysis.tuned.len()];
    }
    let resamples = Resamples::of(seeds.len());
    let of_label =
        |(label, chosen): (usize, &Option<usize>)| of(analysis, label, (*chosen)?, &resamples);
    analysis.tuned.par_iter().enumerate().map(of_label).collect()
}

fn of(
    analysis: &Analysis,
    label: usize,
    chosen: usize,
    resamples: &Resamples,
) -> Option<AfterSelection> {
    let complete = |i: &usize| {
        let config = &analysis.configs[*i];
        let whole = config.counts.results() == analysis.plan.seeds.len();
        config.label == label && config.stage.is_tuning() && whole
    };
    let other = |config: &Config| config.cut_at.is_some() || analysis.was_added(config);
    if analysis.tried(label).any(other) {
        return None;
    }
    let among: Vec<usize> = (0..analysis.configs.len()).filter(complete).collect();
    // Ties in a resample are broken in the order in which the whole sample breaks them.
    let among = by_selection(analysis, &among).concat();
    if among.first() != Some(&chosen) {
        return None;
    }
    let by_seed = |of: &Criterion| -> Option<Vec<Vec<Option<f64>>>> {
        among.iter().map(|&i| values(analysis, &analysis.configs[i], of)).collect()
    };
    let (selection, judged) = (by_seed(&analysis.selection)?, by_seed(&analysis.evaluation)?);
    let higher = analysis.selection.higher_is_better();
    choice::after_selection(&selection, &judged, 0, higher, resamples)
}

/// Returns a configuration's values in the order of the plan's seeds, `None` for diverged runs. The
/// whole is `None` where a seed has no run.
fn values(analysis: &Analysis, config: &Config, of: &Criterion) -> Option<Vec<Option<f64>>> {
    let value = |seed: &u64| {
        let mut runs = config.runs.iter();
        let run = *runs.find(|&&run| analysis.plan.runs[run].spec.seed == *seed)?;
        Some(of.of(&analysis.rows[run]))
    };
    analysis.plan.seeds.iter().map(value).collect()
}
