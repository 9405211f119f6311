//! Sweeps over functions: each function is a task of its own, in which each
//! optimizer has a best configuration of its own.

use spec::ModelSpec;
use spec::landscape::Function;
use spec::plan::PlannedRun;
use spec::record::StopReason;

use super::{Analysis, Config};

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

    /// A saddle has no lowest value, and how far beyond the box a run was thrown is
    /// no merit: the best configuration is the one that left in the fewest steps,
    /// of equally soon ones the first; where none has left it is the lowest.
    fn choose_the_soonest(&mut self) {
        for label in 0..self.analysis.best.len() {
            let left = self.analysis.configs.iter().enumerate().filter(|(_, c)| c.label == label);
            let left = left.filter_map(|(i, config)| Some((i, self.left_after(config)?)));
            if let Some((best, _)) = left.min_by(|a, b| a.1.total_cmp(&b.1)) {
                self.analysis.best[label] = Some(best);
            }
        }
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
