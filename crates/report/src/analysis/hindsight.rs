//! Rungs in hindsight: how often they would have cut the eventual best configuration of a label
//! whose configurations were all trained to the end.

use std::cmp::Ordering;

use spec::stages::Rungs;

use super::{Analysis, Criterion};

/// Counts of how often rungs would have cut the eventual best.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hindsight {
    /// Number of labels whose every configuration has a result on every seed.
    pub labels: usize,
    /// Number of these labels whose best would have been cut by the means over all seeds.
    pub cut: usize,
    /// Number of pairs of such a label and a seed, where each seed decides alone.
    pub cases: usize,
    /// Number of these cases in which the best of that seed would have been cut.
    pub cases_cut: usize,
}

/// Sort key of a configuration, smaller is better: whether no, some or all seeds diverged (0, 1,
/// 2), then the mean of the others, with its sign changed if more is better.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Place(u8, f64);

impl Place {
    /// Builds the key from the values of some seeds; `None` for a diverged seed.
    fn of(values: &[Option<f64>], metric: &Criterion) -> Self {
        let finite: Vec<f64> = values.iter().flatten().copied().filter(|x| x.is_finite()).collect();
        let class = match (finite.len(), values.len()) {
            (0, _) => 2,
            (some, all) if some < all => 1,
            _ => 0,
        };
        let mean = finite.iter().sum::<f64>() / finite.len().max(1) as f64;
        Place(class, if metric.higher_is_better() { -mean } else { mean })
    }

    fn before(&self, other: &Place) -> Ordering {
        self.0.cmp(&other.0).then(self.1.total_cmp(&other.1))
    }
}

impl Hindsight {
    /// Returns the counts of a plan with rungs. `value` returns a run's value of the selection
    /// metric at an epoch, `None` after a divergence. `None` without rungs, or where no label was
    /// trained to the end.
    pub fn of(analysis: &Analysis, value: impl Fn(usize, u64) -> Option<f64>) -> Option<Hindsight> {
        let tuning = analysis.plan.tuning.as_ref()?;
        let mut out = Hindsight::default();
        for label in 0..analysis.plan.optimizers.len() {
            let of_file = analysis.tried(label).filter(|config| !analysis.was_added(config));
            let configs: Vec<&[usize]> = of_file.map(|config| &config.runs[..]).collect();
            let whole = |run: &usize| analysis.rows[*run].has_result();
            let trained = configs.iter().all(|runs| runs.iter().all(whole));
            if configs.len() < 2 || !trained {
                continue;
            }
            let seeds = configs.iter().map(|runs| runs.len()).min().unwrap_or(0);
            let all: Vec<usize> = (0..seeds).collect();
            let metric = &analysis.selection;
            let place = |runs: &[usize], of: &[usize], epoch: Option<u64>| {
                let last = |run: usize| metric.of(&analysis.rows[run]);
                let values: Vec<Option<f64>> = of
                    .iter()
                    .map(|&seed| match epoch {
                        Some(epoch) => value(runs[seed], epoch),
                        None => last(runs[seed]),
                    })
                    .collect();
                Place::of(&values, metric)
            };
            let is_cut = |of: &[usize]| {
                let at = |epoch: Option<u64>| -> Vec<Place> {
                    configs.iter().map(|runs| place(runs, of, epoch)).collect()
                };
                let rungs: Vec<Vec<Place>> = tuning.rungs.iter().map(|e| at(Some(*e))).collect();
                cuts_best(&rungs, &at(None), tuning)
            };
            out.labels += 1;
            out.cut += usize::from(is_cut(&all));
            out.cases += seeds;
            out.cases_cut += all.iter().filter(|seed| is_cut(&[**seed])).count();
        }
        (out.labels > 0).then_some(out)
    }
}

/// Returns whether the rungs cut the best configuration, by the keys of all configurations at each
/// rung and at the end. It counts as kept if any of several best ones remains.
fn cuts_best(rungs: &[Vec<Place>], end: &[Place], rule: &Rungs) -> bool {
    let Some(best) = end.iter().copied().min_by(Place::before) else { return false };
    let mut alive: Vec<usize> = (0..end.len()).collect();
    for places in rungs {
        alive.sort_by(|a, b| places[*a].before(&places[*b]).then(a.cmp(b)));
        let last = places[alive[rule.kept(alive.len()) - 1]];
        alive.retain(|i| places[*i].before(&last) != Ordering::Greater);
    }
    alive.iter().all(|i| end[*i].before(&best) != Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(values: &[f64]) -> Vec<Place> {
        values.iter().map(|x| Place(0, *x)).collect()
    }

    #[test]
    fn the_best_is_cut_where_it_starts_slowly() {
        let end = places(&[1.0, 2.0, 3.0, 4.0]);
        let half = &Rungs { rungs: vec![1, 2], keep: 0.5 };
        assert!(!cuts_best(&[places(&[1.0, 2.0, 3.0, 4.0])], &end, half));
        assert!(cuts_best(&[places(&[9.0, 2.0, 3.0, 4.0])], &end, half));
        // It ties with the last one that is kept.
        assert!(!cuts_best(&[places(&[3.0, 2.0, 3.0, 4.0])], &end, half));
        let third = places(&[2.0, 3.0, 1.0, 4.0]);
        assert!(!cuts_best(&[places(&[3.0, 2.0, 3.0, 4.0])], &third, half));
        // Another one is equally good at the end.
        let level = places(&[1.0, 1.0, 3.0, 4.0]);
        assert!(!cuts_best(&[places(&[9.0, 2.0, 3.0, 4.0])], &level, half));
        // Cut at the second of two rungs.
        let later = [places(&[2.0, 1.0, 3.0, 4.0]), places(&[2.0, 1.0, 0.0, 0.0])];
        assert!(cuts_best(&later, &end, half));
    }
}
