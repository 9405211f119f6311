//! Our numbers that are computed from published ones or a formula, without training.

use crate::external::published::{
    FromSample, FromTimes, Integral, NoisyQuadratic, Published, Statistic, Time,
};
use stats::claim::{Claim, Test};
use stats::scores::{HeldOut, R_MAX, Row, scores};

/// Returns AlgoPerf's benchmark score of a submission among those of the file.
///
/// # Errors
/// The file has no times, or a name or length does not match.
pub(super) fn score(published: &Published, from: &FromTimes) -> Result<f64, String> {
    let times = published.times.as_ref().ok_or("it is a score, but the file has no `times`")?;
    let place = |name: &String| {
        let found = times.workloads.iter().position(|workload| workload == name);
        found.ok_or_else(|| format!("`{name}` in `held_out` is not one of the `workloads`"))
    };
    let held_out: Result<Vec<HeldOut>, String> = times
        .held_out
        .iter()
        .map(|(column, base)| Ok(HeldOut { column: place(column)?, base: place(base)? }))
        .collect();
    let names: Vec<&String> = times.submissions.keys().collect();
    let at = names
        .iter()
        .position(|name| **name == from.submission)
        .ok_or_else(|| format!("`times` has no submission `{}`", from.submission))?;
    let mut rows: Vec<Row> = Vec::new();
    for (name, seconds) in &times.submissions {
        if seconds.len() != times.workloads.len() {
            return Err(format!(
                "`{name}` in `times` has {} numbers for {} workloads",
                seconds.len(),
                times.workloads.len()
            ));
        }
        let second = |time: &Time| match time {
            Time::Reached(seconds) => *seconds,
            Time::Never(_) => f64::INFINITY,
        };
        rows.push(seconds.iter().map(|time| time.as_ref().map(second)).collect());
    }
    let all = scores(&rows, &held_out?, R_MAX).ok_or("`times` has no base workload")?;
    let score = all[at];
    Ok(match from.integral {
        Integral::Trapezoid => score.published,
        Integral::Exact => score.exact,
    })
}

/// Returns a statistic of a published sample, for the claim that its mean is below a value, by
/// Student's one-sample t test.
///
/// # Errors
/// The file has no such sample, or the sample has fewer than two numbers or no spread.
pub(super) fn claim(published: &Published, from: &FromSample) -> Result<f64, String> {
    let sample = published
        .samples
        .get(&from.sample)
        .ok_or_else(|| format!("`samples` has no `{}`", from.sample))?;
    let seeds: Vec<Option<f64>> = sample.iter().copied().map(Some).collect();
    // The level does not affect the statistics read here.
    let claim = Claim { target: from.below, above: false, level: 0.05, test: Test::T };
    let evidence = claim.judge(&seeds);
    let value = match from.statistic {
        Statistic::Mean => evidence.mean,
        Statistic::Sd => evidence.sd,
        Statistic::T => evidence.statistic,
        Statistic::P => evidence.p,
    };
    value.filter(|value| value.is_finite()).ok_or_else(|| {
        format!("`{}` in `samples` needs at least two different numbers", from.sample)
    })
}

/// Returns the expected loss of the noisy quadratic model after a number of SGD steps (Zhang et al.
/// 2019, arXiv:1907.04164, section 2.3). Dimension i has curvature h = 1/i and starts at distance
/// 1; its gradient has noise of variance h / batch.
pub(super) fn noisy_quadratic(setting: &NoisyQuadratic) -> f64 {
    let NoisyQuadratic { dimensions, lr, batch, steps } = *setting;
    let of = |i: u64| {
        let h = 1.0 / i as f64;
        let kept = (1.0 - lr * h).powi(2 * steps as i32);
        let noise = lr * h / (batch * h * (2.0 - lr * h));
        0.5 * h * (kept + (1.0 - kept) * noise)
    };
    // Sums the smallest terms first to keep their precision.
    (1..=dimensions).rev().map(of).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_expected_loss_follows_from_the_recursion() {
        // One dimension, two steps by hand: E theta^2 <- (1 - lr h)^2 E theta^2 + lr^2 h / B.
        let setting = NoisyQuadratic { dimensions: 1, lr: 0.5, batch: 4.0, steps: 2 };
        let step = |square: f64| 0.25 * square + 0.25 / 4.0;
        assert!((noisy_quadratic(&setting) - 0.5 * step(step(1.0))).abs() < 1e-15);
    }

    #[test]
    fn before_the_first_step_it_is_half_the_trace() {
        let setting = NoisyQuadratic { dimensions: 4, lr: 1.0, batch: 1.0, steps: 0 };
        let trace = 1.0 + 1.0 / 2.0 + 1.0 / 3.0 + 1.0 / 4.0;
        assert!((noisy_quadratic(&setting) - 0.5 * trace).abs() < 1e-15);
    }
}
