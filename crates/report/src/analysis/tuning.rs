//! Tuning curves: the result to expect from trying k configurations.

use rayon::prelude::*;

use crate::analysis::{Analysis, by_selection};

/// The best of `k` configurations drawn at random from those tried.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TuningPoint {
    /// Number of configurations tried.
    pub k: usize,
    /// Median of the evaluation metric's mean over all draws, or the mean of the two middle values.
    /// Infinite (the worst value) if every configuration of half the draws diverged.
    pub median: f64,
    /// Quartiles likewise, the lower value first.
    pub quartiles: (f64, f64),
}

/// The tuning curve of one label.
#[derive(Clone, Debug, PartialEq)]
pub struct TuningCurve {
    /// Index into `plan.optimizers`.
    pub label: usize,
    /// Points from one configuration to all of them.
    pub points: Vec<TuningPoint>,
}

/// Returns the tuning curve of a label with at least two configurations.
///
/// All `C(N, k)` subsets of its `N` configurations are equally likely. The best of each subset is
/// chosen by the selection metric, with ties broken as among all, and judged. A configuration of
/// which at least half of the seeds diverged counts as diverged, since the mean of the others
/// flatters it.
///
/// The distribution is exact: the configuration of rank `i` is the best of `C(N - 1 - i, k - 1)`
/// subsets. After Dodge et al. 2019 ("Show Your Work"), who draw with replacement and report the
/// mean; a median is robust to configurations that diverge.
pub fn tuning(analysis: &Analysis, label: usize) -> Option<TuningCurve> {
    // Configurations without a result carry no information on tuning.
    let with_result = |i: &usize| {
        let config = &analysis.configs[*i];
        config.label == label && config.stage.is_tuning() && config.counts.results() > 0
    };
    // Configurations that were cut would have had a result, too.
    if analysis.tried(label).any(|config| config.cut_at.is_some()) {
        return None;
    }
    let tried: Vec<usize> = (0..analysis.configs.len()).filter(with_result).collect();
    let value = |i: usize| {
        let config = &analysis.configs[i];
        let survived = config.judged_median.is_none_or(f64::is_finite);
        config.standing(&analysis.evaluation, &config.judged).filter(|_| survived)
    };
    if tried.len() < 2 || tried.iter().all(|&i| value(i).is_none()) {
        return None;
    }
    let tried = by_selection(analysis, &tried).concat();
    let values: Vec<f64> =
        tried.into_iter().map(|i| value(i).unwrap_or(analysis.evaluation.worst())).collect();
    let ascending = ascending(&values);
    let points =
        (1..=values.len()).into_par_iter().map(|k| point(&values, &ascending, k)).collect();
    Some(TuningCurve { label, points })
}

/// Returns the indices of `values` in ascending order of value.
fn ascending(values: &[f64]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..values.len()).collect();
    places.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    places
}

/// Returns the point of `k` configurations; `values` are in the order of choice, the best first.
fn point(values: &[f64], ascending: &[usize], k: usize) -> TuningPoint {
    let n = values.len();
    // P(rank i is the best of k), by ratios of neighbouring binomials, so that large grids do not
    // overflow.
    let mut chances: Vec<f64> = Vec::with_capacity(n);
    let mut p = k as f64 / n as f64;
    for i in 0..n {
        chances.push(p);
        let left = (n - 1 - i) as f64;
        if left > 0.0 {
            p *= ((left - (k - 1) as f64) / left).max(0.0);
        }
    }
    // Values that no draw chooses are not in the distribution.
    let possible: Vec<usize> =
        ascending.iter().copied().filter(|&place| chances[place] > 0.0).collect();
    let quantile = |q: f64| -> f64 {
        let mut sum = 0.0;
        for (i, &place) in possible.iter().enumerate() {
            sum += chances[place];
            // The sum of exact thirds is not exactly one.
            let next = possible.get(i + 1).filter(|_| (sum - q).abs() <= 1e-12);
            match next {
                Some(&next) => return (values[place] + values[next]) / 2.0,
                None if sum >= q - 1e-12 => return values[place],
                None => {}
            }
        }
        possible.last().map_or(f64::NAN, |&place| values[place])
    };
    TuningPoint { k, median: quantile(0.5), quartiles: (quantile(0.25), quantile(0.75)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Enumerates every subset.
    fn enumerated(values: &[f64], k: usize) -> Vec<f64> {
        let mut out = Vec::new();
        for bits in 0u32..1 << values.len() {
            if bits.count_ones() as usize == k {
                out.push(values[bits.trailing_zeros() as usize]);
            }
        }
        out.sort_by(f64::total_cmp);
        out
    }

    #[test]
    fn the_distribution_is_that_of_all_subsets() {
        // In order of choice; the order by the evaluation metric may differ.
        let values = [0.97, 0.98, 0.95, 0.90, f64::NEG_INFINITY, 0.60, 0.99];
        for k in 1..=values.len() {
            let all = enumerated(&values, k);
            // Same as numpy's `averaged_inverted_cdf`.
            let at = |q: f64| {
                let place = q * all.len() as f64;
                let below = all[(place.ceil() as usize).max(1) - 1];
                let shared = place.fract() == 0.0 && (place as usize) < all.len();
                if shared { (below + all[place as usize]) / 2.0 } else { below }
            };
            let got = point(&values, &ascending(&values), k);
            assert_eq!((got.median, got.quartiles), (at(0.5), (at(0.25), at(0.75))), "k = {k}");
        }
        let two = [0.1061, 0.8182];
        assert_eq!(point(&two, &ascending(&two), 1).median, (0.1061 + 0.8182) / 2.0);
        assert_eq!(
            point(&values, &ascending(&values), 7).median,
            0.97,
            "all of them: the one that is chosen"
        );
    }
}
