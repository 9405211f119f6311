//! Sweeps over functions: each function is a task of its own, in which each
//! optimizer has a best configuration of its own.

use spec::ModelSpec;
use spec::landscape::Function;
use spec::plan::PlannedRun;

use super::Analysis;

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
        Task { function: wanted, analysis: Analysis::new(plan, rows), runs }
    };
    functions(all).into_iter().map(task).collect()
}
