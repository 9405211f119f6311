//! Bands and bars around means, as numbers and as text: the same in every figure, by
//! `[report] band`.

use spec::metric::Bounds;
use spec::report_settings::Band;

use crate::analysis::{Analysis, Config};
use stats::Estimate;

/// Returns both ends of the band, clipped to the bounds of the metric; `None` if there is none.
/// Two seeds have no interval of the mean and get the range of both instead.
pub fn band(kind: Band, bounds: Bounds, e: &Estimate) -> Option<(f64, f64)> {
    let range = e.range.filter(|_| e.n > 1);
    let (low, high) = match kind {
        Band::Interval => e.interval.map(|i| (i.low, i.high)).or(range.filter(|_| e.n == 2))?,
        Band::Range => range?,
        Band::Deviation => {
            let (mean, sd) = (e.mean?, e.sd?);
            (mean - sd, mean + sd)
        }
        Band::None => return None,
    };
    // Student's t ignores the bounds of the metric.
    let (least, most) = bounds.ends();
    Some((low.max(least.max(0.0)), high.min(most)))
}

/// `mean of 5 seeds, bands: 95% interval of the mean (Student's t)`: the text on the means of
/// these configurations, whose bands are called `bands`.
pub fn describe(analysis: &Analysis, configs: &[&Config], bands: &str) -> String {
    // Curves are of all seeds that completed, whether they reached a target or not.
    let all = |c: &&Config| if analysis.selection.reached() { c.train_loss } else { c.selection };
    describe_estimates(analysis, configs.iter().map(all).collect(), bands)
}

/// `median of 7 seeds`: a median includes the seeds that never reached the target, and has no bars.
pub fn medians(configs: &[&Config]) -> String {
    match range(configs.iter().map(|c| c.counts.results()).filter(|n| *n > 0)) {
        None => "no run has finished".to_owned(),
        Some(one) if one == "1" => "one seed".to_owned(),
        Some(seeds) => format!("median of {seeds} seeds"),
    }
}

/// `5`, `3 to 5`; `None` without counts.
fn range(counts: impl Iterator<Item = usize>) -> Option<String> {
    let counts: Vec<usize> = counts.collect();
    let (fewest, most) = (counts.iter().min()?, counts.iter().max()?);
    Some(if fewest == most { most.to_string() } else { format!("{fewest} to {most}") })
}

/// [`describe`] for these means.
pub fn describe_estimates(analysis: &Analysis, estimates: Vec<Estimate>, bands: &str) -> String {
    let estimates: Vec<&Estimate> = estimates.iter().filter(|e| e.n > 0).collect();
    let Some(seeds) = range(estimates.iter().map(|e| e.n)) else {
        return "no run has finished".to_owned();
    };
    let kind = analysis.plan.report.band;
    if seeds == "1" {
        let none = if kind == Band::None { "" } else { ", so no interval" };
        return format!("one seed{none}");
    }
    let spread = match kind {
        Band::Interval => interval(&estimates, bands),
        Band::Range => format!(", {bands} from the lowest to the highest seed"),
        Band::Deviation => format!(", {bands}: one standard deviation on either side"),
        Band::None => String::new(),
    };
    format!("mean of {seeds} seeds{spread}")
}

fn interval(estimates: &[&Estimate], bands: &str) -> String {
    let mut methods: Vec<&str> =
        estimates.iter().filter_map(|e| Some(e.interval?.method.name())).collect();
    methods.sort_unstable();
    methods.dedup();
    let methods = methods.join(" or ");
    let two = estimates.iter().any(|e| e.n == 2);
    match (methods.is_empty(), two) {
        (true, _) => format!(", {bands} from the lower to the higher of two seeds"),
        (false, false) => format!(", {bands}: 95% interval of the mean ({methods})"),
        (false, true) => format!(
            ", {bands}: 95% interval of the mean ({methods}); of two seeds: from the lower to the higher"
        ),
    }
}
