//! Time to target: training until the target's value was first measured.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use spec::record::Split;

use crate::analysis::{Analysis, Config};
use crate::table::RunRow;
use stats::location;

/// Unit in which training is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// Whole epochs; for runs by steps, completed ones, so that [`Clock::Steps`] is more precise.
    Epochs,
    /// Training samples, which are comparable between different batch sizes.
    Samples,
    /// Optimizer steps.
    Steps,
    /// Seconds of training, without evaluation.
    Seconds,
}

impl Clock {
    /// All clocks.
    pub const ALL: [Clock; 4] = [Clock::Epochs, Clock::Samples, Clock::Steps, Clock::Seconds];

    /// Returns its index in [`Clock::ALL`].
    pub fn place(self) -> usize {
        Clock::ALL.iter().position(|clock| *clock == self).unwrap_or(0)
    }

    /// Returns the time that a run needed to reach the target; infinite if it never did.
    pub fn of(self, row: &RunRow) -> f64 {
        let reached = match self {
            Clock::Epochs => row.target_epoch.map(|e| e as f64),
            Clock::Samples => row.target_samples.map(|s| s as f64),
            Clock::Steps => row.target_step.map(|s| s as f64),
            Clock::Seconds => row.target_seconds,
        };
        reached.unwrap_or(f64::INFINITY)
    }
}

/// Times to target of one label at its chosen configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelTimes {
    /// Index into `Analysis::configs`.
    pub config: usize,
    /// Number of runs with a result, the ones that count.
    pub runs: usize,
    /// Number of these that reached the target.
    pub reached: usize,
    /// Epochs, samples, steps and seconds of each run with a result, indexed like [`Clock::ALL`];
    /// infinite for a run that never reached the target.
    pub times: [Vec<f64>; 4],
    /// Median of each; infinite if half of the runs never reached the target, `None` without runs.
    pub medians: [Option<f64>; 4],
    /// The fastest configuration of the label by median samples, with that median. Of equals, the
    /// chosen one, else the first. The median is biased towards fast, since the configuration was
    /// selected by it.
    pub fastest: Option<(usize, f64)>,
}

impl LabelTimes {
    /// Returns the median by a clock; infinite if half of the runs never reached the target.
    pub fn median(&self, clock: Clock) -> Option<f64> {
        self.medians[clock.place()]
    }
}

/// Time to target of every label.
#[derive(Clone, Debug, PartialEq)]
pub struct TimeToTarget {
    /// The value to reach.
    pub value: f64,
    /// Times of each label, sorted by median samples, then by the share of runs that reached the
    /// target.
    pub by_label: Vec<LabelTimes>,
    /// The reason why seconds must not be compared; `None` where they may.
    pub seconds_differ: Option<String>,
}

/// Returns the times to target of every label; `None` without a value to reach, or if the plan's
/// runs do not measure the metric.
pub(super) fn time_to_target(analysis: &Analysis) -> Option<TimeToTarget> {
    let target = &analysis.plan.target;
    let value = target.value?;
    let held_out = analysis.plan.runs.iter().any(|r| r.spec.data.validation > 0);
    if target.split == Split::Validation && !held_out {
        return None;
    }
    let mut by_label: Vec<LabelTimes> =
        analysis.best.iter().flatten().map(|&config| label_times(analysis, config)).collect();
    by_label.retain(|r| r.runs > 0);
    if by_label.is_empty() {
        return None;
    }
    let median = |r: &LabelTimes| r.median(Clock::Samples).unwrap_or(f64::INFINITY);
    by_label.sort_by(|a, b| {
        median(a).total_cmp(&median(b)).then_with(|| {
            let share = |r: &LabelTimes| r.reached as f64 / r.runs as f64;
            share(b).partial_cmp(&share(a)).unwrap_or(Ordering::Equal)
        })
    });
    let configs = by_label.iter().map(|r| &analysis.configs[r.config]);
    let seconds_differ = seconds_differ(analysis, configs);
    Some(TimeToTarget { value, by_label, seconds_differ })
}

fn label_times(analysis: &Analysis, config: usize) -> LabelTimes {
    let own = &analysis.configs[config];
    let rows: Vec<&RunRow> = with_result(analysis, own).collect();
    let times = Clock::ALL.map(|clock| rows.iter().map(|r| clock.of(r)).collect::<Vec<f64>>());
    let fastest = analysis
        .configs
        .iter()
        .enumerate()
        .filter(|(_, c)| c.label == own.label && c.stage == own.stage)
        .filter_map(|(i, c)| {
            let samples: Vec<f64> =
                with_result(analysis, c).map(|r| Clock::Samples.of(r)).collect();
            Some((i, location::censored_median(&samples)?))
        })
        .filter(|(_, samples)| samples.is_finite())
        .min_by(|a, b| a.1.total_cmp(&b.1).then((a.0 != config).cmp(&(b.0 != config))));
    LabelTimes {
        config,
        runs: rows.len(),
        reached: rows.iter().filter(|r| r.target_epoch.is_some()).count(),
        medians: [0, 1, 2, 3].map(|i| location::censored_median(&times[i])),
        times,
        fastest,
    }
}

fn with_result<'a>(analysis: &'a Analysis, config: &'a Config) -> impl Iterator<Item = &'a RunRow> {
    config.runs.iter().map(|&r| &analysis.rows[r]).filter(|r| r.has_result())
}

/// Returns how the runs differ in machine, code, threads or jobs, if they do: seconds are then not
/// comparable.
pub fn seconds_differ<'a>(
    analysis: &Analysis,
    configs: impl Iterator<Item = &'a Config>,
) -> Option<String> {
    let rows: Vec<&RunRow> = configs
        .flat_map(|c| &c.runs)
        .map(|&r| &analysis.rows[r])
        .filter(|r| r.has_result())
        .collect();
    let several = |of: &dyn Fn(&RunRow) -> String| {
        rows.iter().map(|r| of(r)).collect::<BTreeSet<String>>().len() > 1
    };
    let mut what = Vec::new();
    if several(&|r| r.exec_id.clone().unwrap_or_default()) {
        what.push("machines or builds");
    }
    if several(&|r| r.threads.unwrap_or_default().to_string()) {
        what.push("numbers of threads");
    }
    if several(&|r| r.jobs.unwrap_or_default().to_string()) {
        what.push("numbers of runs side by side");
    }
    (!what.is_empty()).then(|| {
        format!(
            "The runs come from different {}, so their seconds are not compared.",
            what.join(" and ")
        )
    })
}
