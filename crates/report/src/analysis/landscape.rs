//! Sweeps over functions: each function is a task of its own, in which each
//! optimizer has a best configuration of its own.

use spec::ModelSpec;
use spec::landscape::Function;
use spec::plan::PlannedRun;
use spec::record::StopReason;

use super::{Analysis, Config, best_of};

/// Share of the value at the start below which values are as good as the lowest:
/// positions are 32-bit floats, and what is lower says how they were rounded.
const ROUNDING: f64 = 1.0 / (1 << 24) as f64;

/// Share of the larger of two values by which they differ at least.
const ALIKE: f64 = 1e-6;

/// The longest step on a saddle that a chosen run may have, in widths of the box.
pub const STRIDE: f64 = 0.1;

/// One function of a sweep with the analysis of its runs alone.
#[derive(Clone, Debug)]
pub struct Task {
    /// The function.
    pub function: Function,
    /// Of its runs.
    pub analysis: Analysis,
    /// For each of its runs the place in the whole plan.
    pub runs: Vec<usize>,
}

impl Task {
    /// Mean steps after which the runs of a configuration left their saddle; none
    /// unless all of them did.
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

    /// Whether two values of the function are as good as one: both so far below the
    /// value at the start, or so near to each other, that 32-bit floats do not tell
    /// them apart.
    pub fn level(&self, a: f64, b: f64) -> bool {
        let low = self.rounding();
        (a.abs() <= low && b.abs() <= low) || (a - b).abs() <= ALIKE * a.abs().max(b.abs())
    }

    /// Values up to this are the lowest but for rounding: none where the start is
    /// not known.
    pub fn rounding(&self) -> f64 {
        let start = self.analysis.plan.runs.first().map(|run| match &run.spec.model {
            ModelSpec::Function(model) => self.function.value([model.start_x, model.start_y]),
            _ => 0.0,
        });
        ROUNDING * start.unwrap_or(0.0).abs()
    }

    /// Whether no step of a configuration's runs was longer than [`STRIDE`] of the
    /// box's width. Unknown steps, of a report of an earlier release, pass.
    pub fn walked(&self, config: &Config) -> bool {
        let [low, high] = self.function.info().domain;
        let most = STRIDE * (high[0] - low[0]);
        let longest = |&run: &usize| self.analysis.rows[run].longest_step;
        config.runs.iter().filter_map(longest).all(|step| step <= most)
    }

    /// A saddle has no lowest value, and to be thrown over it by one absurd step is
    /// no merit: of the configurations that [walked](Task::walked) the best is the
    /// one that left in the fewest steps, of equally soon ones the first; where none
    /// has left it is the lowest. A label of which none walked has none.
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

/// The function that a run descends; none for networks.
pub fn function(run: &PlannedRun) -> Option<Function> {
    match &run.spec.model {
        ModelSpec::Function(model) => Some(model.function),
        _ => None,
    }
}

/// The functions of a plan in its order, each once; none for networks.
pub fn functions(runs: &[PlannedRun]) -> Vec<Function> {
    let mut out: Vec<Function> = Vec::new();
    for function in runs.iter().filter_map(function) {
        if !out.contains(&function) {
            out.push(function);
        }
    }
    out
}

/// Whether values of runs on these functions say nothing beside each other: those
/// of different functions do not compare, and a saddle's have no lowest.
pub(super) fn apart(functions: &[Function]) -> bool {
    functions.len() > 1 || functions.iter().any(|f| f.info().saddle)
}

/// The tasks of a sweep over functions, in plan order.
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
