//! Targets set from reruns of the best configuration, as AlgoPerf does: the median of the reruns'
//! final values (Dahl et al. 2023, arXiv:2306.07179, section 4.3).

use spec::metric::EpochMetric;
use spec::plan::{PlannedRun, TargetAt};
use spec::stages::Stage;

use crate::analysis::{Analysis, Config, Criterion, Measured, by_selection};
use crate::escape;
use crate::page::content::described;
use crate::plural;
use crate::text::{self, capitalised};
use spec::grain::Grain;
use stats::location;

/// The statistic of the seeds' values that becomes the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    /// The median, where a diverged seed is worse than any other. Half of such runs reach it.
    Median,
    /// The mean.
    Mean,
    /// The worst value. All of these runs reach it.
    Worst,
}

impl Statistic {
    /// Returns the name for a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Statistic::Median => "median",
            Statistic::Mean => "mean",
            Statistic::Worst => "worst",
        }
    }
}

/// A target value of one metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// The metric.
    pub metric: EpochMetric,
    /// The value, rounded to six digits: for `[target]` towards the easier side, so that a run that
    /// ended with the value has reached it; for `[claim]` towards the harder side, so that such a
    /// run is not beyond it.
    pub value: f64,
    /// The smallest and largest value of a seed; infinite for a diverged seed.
    pub range: (f64, f64),
}

/// A target that was set, and the seeds it is based on.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Label of the optimizer.
    pub label: String,
    /// Description of its configuration.
    pub config: String,
    /// The statistic that was used.
    pub statistic: Statistic,
    /// Number of seeds with a result, including diverged ones.
    pub seeds: usize,
    /// Number of these that diverged.
    pub diverged: usize,
    /// Number of seeds without a result, which are not counted.
    pub without_result: usize,
    /// Number of the optimizer's configurations from which these seeds chose it; 1 if they did not
    /// choose.
    pub chosen_from: usize,
    /// The target for `[target]`: by the selection metric, at the epoch that counts.
    pub target: Value,
    /// Whether that epoch is each run's best.
    pub at_best: bool,
    /// The unit that runs are counted in.
    pub grain: Grain,
    /// The target for `[claim]`: by the evaluation metric, after the last epoch.
    pub claim: Value,
    /// The reason why these runs allow no claim; `None` if they do.
    pub no_claim: Option<String>,
}

/// Sets a target from the seeds of an optimizer's chosen configuration; without a label, of the
/// best of all.
///
/// # Errors
/// There is no such label or no result, the runs already stop at a target, several functions are
/// judged separately, or a diverged seed leaves no value. The message has a remedy.
pub fn set(
    analysis: &Analysis,
    label: Option<&str>,
    statistic: Statistic,
) -> Result<Setting, String> {
    if analysis.by_function() {
        return Err("values of several functions, or on a saddle, cannot set a target\n  \
                    use a report on one function that has a minimum"
            .to_owned());
    }
    if analysis.selection.measured == Measured::Reached {
        return Err(
            "the runs already stop at a target, so they do not show how far they would get\n  \
                    train them without `stop = true` in [target]"
                .to_owned(),
        );
    }
    let config = &analysis.configs[chosen(analysis, label)?];
    let last = |selection: &Criterion| Criterion { measured: Measured::Last, ..selection.clone() };
    let value =
        |selection: &Criterion, harder| value(analysis, config, selection, statistic, harder);
    let claim = value(&last(&analysis.evaluation), true)?;
    let no_claim = no_claim(analysis, &claim);
    Ok(Setting {
        label: analysis.planned(config).label.clone(),
        config: described(analysis, config),
        statistic,
        seeds: config.counts.results(),
        diverged: config.counts.diverged,
        without_result: config.counts.without_result(),
        // Fresh seeds do not bias it.
        chosen_from: match analysis.judging() {
            Stage::Tuning => {
                analysis.tried(config.label).filter(|c| c.counts.results() > 0).count()
            }
            Stage::Confirm => 1,
        },
        target: value(&analysis.selection, false)?,
        grain: analysis.selection.grain,
        at_best: analysis.selection.measured == Measured::Best
            && analysis.plan.target.at == TargetAt::Best,
        claim,
        no_claim,
    })
}

/// Returns the reason why a sweep file with these runs and this claim would be rejected.
fn no_claim(analysis: &Analysis, claim: &Value) -> Option<String> {
    let runs = &analysis.plan.runs;
    let metric = claim.metric.metric;
    let beyond = |run: &PlannedRun| {
        let (low, high) = spec::claim::reachable(metric, &run.spec);
        if claim.metric.higher_is_better() { claim.value >= high } else { claim.value <= low }
    };
    if runs.iter().any(beyond) {
        let value = metric.format_given(claim.value);
        return Some(format!("no run can be better than {value}, the best possible value"));
    }
    let early = |run: &PlannedRun| spec::claim::surely_reached(&run.spec) < run.spec.train.epochs;
    runs.iter().any(early).then(|| {
        let unit = analysis.selection.grain.unit();
        format!("early stopping ends seeds at different {unit}s")
    })
}

/// Returns the index of the requested configuration.
fn chosen(analysis: &Analysis, label: Option<&str>) -> Result<usize, String> {
    let completed = |config: &usize| analysis.configs[*config].counts.completed > 0;
    let best: Vec<usize> = analysis.best.iter().flatten().copied().filter(completed).collect();
    let Some(label) = label else {
        let first = by_selection(analysis, &best).first().and_then(|group| group.first()).copied();
        return first.ok_or_else(|| "no run has completed\n  train the sweep first".to_owned());
    };
    let name = |config: &usize| analysis.planned(&analysis.configs[*config]).label.as_str();
    best.iter().find(|config| name(config) == label).copied().ok_or_else(|| {
        let known: Vec<String> = best.iter().map(|config| escape::line(name(config))).collect();
        let remedy = match known.is_empty() {
            true => "no other label has a completed run".to_owned(),
            false => format!("labels with completed runs: {}", text::list(&known)),
        };
        format!(
            "--optimizer {}: no run with this label has completed\n  {remedy}",
            escape::line(label)
        )
    })
}

fn value(
    analysis: &Analysis,
    config: &Config,
    selection: &Criterion,
    statistic: Statistic,
    harder: bool,
) -> Result<Value, String> {
    let rows = config.runs.iter().map(|&run| &analysis.rows[run]);
    let values: Vec<f64> = rows.filter_map(|row| selection.outcome(row)).collect();
    let higher = selection.higher_is_better();
    let (low, high) =
        values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
    let found = match statistic {
        Statistic::Median => location::censored_median(&values),
        Statistic::Mean => location::mean(&values),
        Statistic::Worst => Some(if higher { low } else { high }),
    };
    let found = found.filter(|value| value.is_finite()).ok_or_else(|| {
        let remedy = match (statistic, values.is_empty()) {
            (_, true) => "the metric was not measured: train the sweep again with it",
            (Statistic::Median, _) => "half of the seeds diverged: take another configuration",
            _ => "a seed diverged: use --statistic median, which counts it as the worst",
        };
        format!("there is no {} {}\n  {remedy}", statistic.name(), selection.name())
    })?;
    Ok(Value {
        metric: EpochMetric::new(selection.split, selection.metric),
        // A value that is harder to reach in one direction is easier in the other.
        value: eased(found, higher != harder),
        range: (low, high),
    })
}

/// Rounds a value to six significant digits such that it is no harder to reach: a run that ended
/// with `value` has reached it.
fn eased(value: f64, higher: bool) -> f64 {
    let rounded = spec::float::round_to_six_digits(value);
    let harder = if higher { rounded > value } else { rounded < value };
    if !harder {
        return rounded;
    }
    let step = 10f64.powf(value.abs().log10().floor() - 5.0);
    spec::float::round_to_six_digits(if higher { rounded - step } else { rounded + step })
}

impl Setting {
    /// Returns sentences on the value and the seeds it is based on.
    pub fn describe(&self) -> Vec<String> {
        let of = |value: &Value| {
            let (low, high) = value.range;
            let shown = |x: f64| match x.is_finite() {
                true => value.metric.metric.format(x),
                false => "diverged".to_owned(),
            };
            let ends = match value.metric.higher_is_better() {
                true => (low, high),
                false => (high, low),
            };
            format!(
                "{} of {}: {} (worst {}, best {})",
                capitalised(self.statistic.name()),
                value.metric.label(),
                text::metric(value.metric.metric, value.value),
                shown(ends.0),
                shown(ends.1)
            )
        };
        let mut out = vec![format!(
            "Set from {} of {} at {}.",
            text::seeds(self.seeds),
            escape::line(&self.label),
            self.config
        )];
        let unit = self.grain.unit();
        let at = if self.at_best { format!(", at each run's best {unit}") } else { String::new() };
        out.push(format!("{}{at}.", of(&self.target)));
        if self.claim.metric != self.target.metric || self.at_best {
            out.push(format!("{}, after the last {unit}.", of(&self.claim)));
        }
        if self.seeds == 1 {
            out.push("A single seed does not predict others: train more of them.".to_owned());
        }
        if let Some(why) = &self.no_claim {
            out.push(format!("No lines for [claim] are given: {why}."));
        }
        if self.diverged > 0 {
            out.push(format!(
                "{} of them diverged, and {} as worse than any other.",
                self.diverged,
                plural::form(self.diverged, "counts", "count")
            ));
        }
        if self.without_result > 0 {
            out.push(format!(
                "{} more without a result {} not counted: train the sweep to its end.",
                text::seeds(self.without_result),
                plural::is_or_are(self.without_result)
            ));
        }
        if self.chosen_from > 1 {
            out.push(format!(
                "The seeds that chose the configuration among {} also set the target, which makes it too good: train the chosen \
                 one alone with seeds that had no part in the choice, and set the target from those.",
                self.chosen_from
            ));
        }
        out
    }

    /// Returns the lines for a sweep file.
    pub fn toml(&self) -> String {
        let short = spec::float::short;
        let at = if self.at_best { "at = \"best\"\n" } else { "" };
        let target = format!(
            "[target]\nmetric = \"{}\"\nvalue = {}\n{at}",
            self.target.metric,
            short(self.target.value),
        );
        match self.no_claim {
            Some(_) => target,
            None => format!(
                "{target}\n[claim]\nmetric = \"{}\"\ntarget = {}\nlevel = 0.05\n",
                self.claim.metric,
                short(self.claim.value)
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rounded_target_is_never_harder() {
        for (value, higher, expected) in [
            (0.971_234_56, true, 0.971_234),
            (0.971_234_56, false, 0.971_235),
            (0.5, true, 0.5),
            (123_456.7, true, 123_456.0),
            (123_456.2, false, 123_457.0),
            (0.0, false, 0.0),
            (0.000_123_456_78, false, 0.000_123_457),
        ] {
            let found = eased(value, higher);
            assert!((found - expected).abs() <= 1e-12 * expected.abs(), "{value}: {found}");
            assert!(if higher { found <= value } else { found >= value });
        }
    }
}
