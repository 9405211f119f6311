//! Location and spread: mean, median, interquartile mean, standard deviation.
//!
//! Values are finite unless a function documents otherwise. Their order does not matter but for the
//! last bits of a mean, which is why [`super::estimate`] sorts first.

/// Returns the arithmetic mean; `None` without values.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| mean_of(values))
}

/// Returns the arithmetic mean of at least one value.
pub(super) fn mean_of(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Returns the middle value, or the mean of the two middle ones; `None` without values.
pub fn median(values: &[f64]) -> Option<f64> {
    let values = sorted(values);
    let half = values.len() / 2;
    match values.len() {
        0 => None,
        n if n % 2 == 1 => Some(values[half]),
        _ => Some((values[half - 1] + values[half]) / 2.0),
    }
}

/// Returns the interquartile mean, for which a quarter of the values, rounded down, is left out at
/// either end; `None` without values. It equals `scipy.stats.trim_mean(x, 0.25)` and rliable's
/// `aggregate_iqm` (Agarwal et al. 2021, arXiv:2108.13264).
pub fn iqm(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| iqm_of_sorted(&sorted(values)))
}

/// Returns the [`iqm`] of at least one value in ascending order.
pub(super) fn iqm_of_sorted(values: &[f64]) -> f64 {
    let cut = values.len() / 4;
    mean_of(&values[cut..values.len() - cut])
}

/// Returns the sample standard deviation, with divisor n - 1; `None` below two values.
pub fn sd(values: &[f64]) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    let mean = mean_of(values);
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    Some((squares / (values.len() - 1) as f64).sqrt())
}

/// Returns the median of values of which some are infinite, as for runs that diverged or never
/// reached their target. It is infinite if at least half of the values are. `None` without values,
/// with a NaN, and where the middle is between minus and plus infinity.
pub fn censored_median(values: &[f64]) -> Option<f64> {
    // A NaN orders after or before everything, and would pass as a value.
    if values.iter().any(|v| v.is_nan()) {
        return None;
    }
    median(values).filter(|m| !m.is_nan())
}

/// Returns the values in ascending order.
pub(super) fn sorted(values: &[f64]) -> Vec<f64> {
    let mut values = values.to_vec();
    values.sort_unstable_by(f64::total_cmp);
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER: f64 = f64::INFINITY;

    #[test]
    fn half_of_the_runs_decide_a_censored_median() {
        for (values, expected) in [
            (vec![], None),
            (vec![NEVER], Some(NEVER)),
            (vec![3.0, NEVER, 1.0], Some(3.0)),
            (vec![3.0, NEVER, 1.0, NEVER], Some(NEVER)),
            (vec![3.0, NEVER, 1.0, NEVER, 2.0], Some(3.0)),
            (vec![-NEVER, 0.5, 0.75], Some(0.5)),
            (vec![-NEVER, -NEVER, 0.75], Some(-NEVER)),
            (vec![-NEVER, NEVER], None),
            (vec![1.0, f64::NAN, 2.0], None),
        ] {
            assert_eq!(censored_median(&values), expected, "{values:?}");
        }
    }

    #[test]
    fn a_quarter_rounded_down_is_trimmed() {
        assert_eq!(iqm(&[]), None);
        assert_eq!(iqm(&[9.0, 1.0, 2.0]), Some(4.0));
        assert_eq!(iqm(&[100.0, 1.0, 3.0, -50.0]), Some(2.0));
        assert_eq!(sd(&[1.0]), None);
    }
}
