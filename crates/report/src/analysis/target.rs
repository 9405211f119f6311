//! Training until the target's value was measured for the first time.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use spec::record::Split;

use crate::analysis::{Analysis, Config};
use crate::table::RunRow;
use stats::location;

/// What training is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// Whole epochs; of runs by steps those that are done, so that [`Clock::Steps`] says more.
    Epochs,
    /// Training samples fed: what compares where batches differ in size.
    Samples,
    /// Optimizer steps.
    Steps,
    /// Seconds of training; evaluation is not counted.
    Seconds,
}

impl Clock {
    /// All of them.
    pub const ALL: [Clock; 4] = [Clock::Epochs, Clock::Samples, Clock::Steps, Clock::Seconds];

    /// Its place in [`Clock::ALL`].
    pub fn place(self) -> usize {
        Clock::ALL.iter().position(|clock| *clock == self).unwrap_or(0)
    }

    /// What a run needed to the target; infinite when it never got there.
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

/// One label at its chosen configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelTimes {
    /// Index into `Analysis::configs`.
    pub config: usize,
    /// Runs with a result: those that count.
    pub runs: usize,
    /// Those that reached the target.
    pub reached: usize,
    /// Epochs, samples, steps and seconds of each run with a result, in the order of
    /// [`Clock::ALL`]; never = infinite.
    pub times: [Vec<f64>; 4],
    /// Median of each; infinite when half the runs never reached the target,
    /// none without runs.
    pub medians: [Option<f64>; 4],
    /// The fastest configuration of the label by median samples, of equally fast ones the
    /// chosen one, else the first; and that median: it was chosen by what is compared here,
    /// so it is flattered.
    pub fastest: Option<(usize, f64)>,
}

impl LabelTimes {
    /// Median by a clock; infinite when half the runs never reached the target.
    pub fn median(&self, clock: Clock) -> Option<f64> {
        self.medians[clock.place()]
    }
}

/// Time to target of every label.
#[derive(Clone, Debug, PartialEq)]
pub struct TimeToTarget {
    /// The value to reach.
    pub value: f64,
    /// The fewest samples in the median first; then by how many runs got there.
    pub by_label: Vec<LabelTimes>,
    /// Why seconds must not be compared, when they must not.
    pub seconds_differ: Option<String>,
}

/// The times to the target of every label; none without a value to reach, or where the metric does not exist.
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

/// Seconds compare only where machine, code, threads and jobs are the same;
/// otherwise what differs.
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
