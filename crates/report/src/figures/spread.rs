//! What a band or bar around a mean shows, drawn and in words: the same in every
//! figure.

use crate::analysis::Config;
use crate::stats::Estimate;

/// Ends of the band: the interval of the mean, from the lower to the higher of
/// two seeds, nothing for one. Cut at what the metric can be.
pub fn band(metric: &str, e: &Estimate) -> Option<(f64, f64)> {
    let (low, high) = interval(e).or(e.range.filter(|_| e.n == 2))?;
    match metric {
        // Student's t does not know where the values end.
        "accuracy" => Some((low.max(0.0), high.min(1.0))),
        _ => Some((low.max(0.0), high)),
    }
}

fn interval(e: &Estimate) -> Option<(f64, f64)> {
    e.interval
}

/// How the interval of an estimate was made.
fn method(_: &Estimate) -> &'static str {
    "Student's t"
}

/// `mean of 5 seeds, bands: 95% interval of the mean (Student's t)`, for bands
/// around the means of these configurations, or whatever `bands` calls them.
pub fn words(configs: &[&Config], bands: &str) -> String {
    let estimates: Vec<&Estimate> = configs.iter().map(|c| &c.goal).filter(|e| e.n > 0).collect();
    let counts = || estimates.iter().map(|e| e.n);
    let (Some(fewest), Some(most)) = (counts().min(), counts().max()) else {
        return "no run has finished".to_owned();
    };
    if most == 1 {
        return "one seed, so no interval".to_owned();
    }
    let seeds = if fewest == most { most.to_string() } else { format!("{fewest} to {most}") };
    let mut methods: Vec<&str> =
        estimates.iter().filter(|e| interval(e).is_some()).map(|e| method(e)).collect();
    methods.sort_unstable();
    methods.dedup();
    let two = counts().any(|n| n == 2);
    let spread = match (methods.is_empty(), two) {
        (true, _) => format!("{bands} from the lower to the higher of two seeds"),
        (false, false) => format!("{bands}: 95% interval of the mean ({})", methods.join(" or ")),
        (false, true) => format!(
            "{bands}: 95% interval of the mean ({}); of two seeds: from the lower to the higher",
            methods.join(" or ")
        ),
    };
    format!("mean of {seeds} seeds, {spread}")
}
