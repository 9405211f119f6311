//! Sweeps over functions: each function is a separate task, with a best configuration per
//! optimizer.

use spec::ModelSpec;
use spec::landscape::Function;
use spec::plan::PlannedRun;
use spec::record::StopReason;

use super::{Analysis, Config, best_of};

/// Fraction of the initial value below which values count as the lowest: positions are 32-bit
/// floats, so that smaller values are rounding errors.
const ROUNDING: f64 = 1.0 / (1 << 24) as f64;

/// Relative difference up to which two values are equal.
const ALIKE: f64 = 1e-6;

/// Longest step on a saddle that a chosen run may have, as a fraction of the width of the domain.
pub const STRIDE: f64 = 0.1;

/// One function of a sweep, with the analysis of its runs alone.
#[derive(Clone, Debug)]
pub struct Task {
    /// The function.
    pub function: Function,
    /// The analysis of its runs.
    pub analysis: Analysis,
    /// Index of each of its runs in the whole plan.
    pub runs: Vec<usize>,
}

impl Task {
    /// Returns the mean number of steps after which the runs of a configuration left their saddle;
    /// `None` unless all of them did.
    pub fn left_after(&self, config: &Config) -> Option<f64> {
        let reason = StopReason::LeftDomain.name();
        let left = |&run: &usize| {
            let row = &self.analysis.rows[run];
            row.steps.filter(|_| row.stop_reason.as_deref() == Some(reason))
        };
        let steps: Option<Vec<u64>> = config.runs.iter().map(left).collect();
        let steps = steps.filter(|steps| !steps.is_empty())?;
        Some(steps.iter().sum::<u64>() as f64 / steps.len() as f64)
    }

    /// Returns whether two values of the function are equal up to rounding: both are far below the
    /// initial value, or they are too close for 32-bit floats to tell apart.
    pub fn level(&self, a: f64, b: f64) -> bool {
        let low = self.rounding();
        (a.abs() <= low && b.abs() <= low) || (a - b).abs() <= ALIKE * a.abs().max(b.abs())
    }

    /// Returns the value up to which values count as the lowest; 0 where the start is unknown.
    pub fn rounding(&self) -> f64 {
        let start = self.analysis.plan.runs.first().map(|run| match &run.spec.model {
            ModelSpec::Function(model) => self.function.value([model.start_x, model.start_y]),
            _ => 0.0,
        });
        ROUNDING * start.unwrap_or(0.0).abs()
    }

    /// Returns whether no step of a configuration's runs was longer than [`STRIDE`] times the width
    /// of the domain. Unknown steps, in reports of earlier releases, pass.
    pub fn walked(&self, config: &Config) -> bool {
        let [low, high] = self.function.info().domain;
        let most = STRIDE * (high[0] - low[0]);
        let longest = |&run: &usize| self.analysis.rows[run].longest_step;
        config.runs.iter().filter_map(longest).all(|step| step <= most)
    }

    /// Chooses each label's configuration on a saddle, which has no lowest value. Leaving it by one
    /// absurd step is no merit, so only configurations that [walked](Task::walked) are eligible.
    /// The best is the one that left in the fewest steps (of equals, the first), or the lowest if
    /// none left. `None` for a label of which none walked.
    fn choose_the_soonest(&mut self) {
        let analysis = &self.analysis;
        let best = |label: usize| {
            let walked = || {
                let all = analysis.configs.iter().enumerate();
                all.filter(|(_, c)| c.label == label && self.walked(c))
            };
            let left = walked().filter_map(|(i, config)| Some((i, self.left_after(config)?)));
            let soonest = left.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(i, _)| i);
            let all: Vec<usize> = walked().map(|(i, _)| i).collect();
            soonest.or_else(|| best_of(analysis, &all))
        };
        let best: Vec<Option<usize>> = (0..analysis.best.len()).map(best).collect();
        self.analysis.tuned = best.clone();
        self.analysis.best = best;
    }
}

/// Returns the function that a run minimises; `None` for networks.
pub fn function(run: &PlannedRun) -> Option<Function> {
    match &run.spec.model {
        ModelSpec::Function(model) => Some(model.function),
        _ => None,
    }
}

/// Returns the distinct functions of a plan in its order; empty for networks.
pub fn functions(runs: &[PlannedRun]) -> Vec<Function> {
    let mut out: Vec<Function> = Vec::new();
    for function in runs.iter().filter_map(function) {
        if !out.contains(&function) {
            out.push(function);
        }
    }
    out
}

/// Returns whether runs on these functions cannot be compared: there are several functions, or one
/// is a saddle, which has no lowest value.
pub(super) fn apart(functions: &[Function]) -> bool {
    functions.len() > 1 || functions.iter().any(|f| f.info().saddle)
}

/// Returns the tasks of a sweep over functions, in plan order.
pub(super) fn tasks(analysis: &Analysis) -> Vec<Task> {
    let all = &analysis.plan.runs;
    let task = |wanted: Function| {
        let runs: Vec<usize> =
            (0..all.len()).filter(|&i| function(&all[i]) == Some(wanted)).collect();
        let mut plan = analysis.plan.clone();
        plan.runs = runs.iter().map(|&i| all[i].clone()).collect();
        for run in &mut plan.runs {
            run.axes.remove("model.function");
        }
        let rows = runs.iter().map(|&i| analysis.rows[i].clone()).collect();
        let mut task = Task { function: wanted, analysis: Analysis::new(plan, rows), runs };
        if wanted.info().saddle {
            task.choose_the_soonest();
        }
        task
    };
    functions(all).into_iter().map(task).collect()
}
