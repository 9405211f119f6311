//! Growth of grids: the next value beyond the edge that an optimizer's best is on, by the same rule
//! for every optimizer.

use std::collections::HashSet;

use spec::Id;
use spec::growth::{Extend, GridEnd, Grown};
use spec::identity::ConfigIds;
use spec::plan::PlannedOptimizer;

use super::edges::{numeric, unsurpassed};
use super::{Analysis, Config, ties};

/// Returns the configurations that the grids of a plan grow by once all of its runs have ended: at
/// most one per label, in plan order. `None` where no run has a result.
pub(super) fn grown(analysis: &Analysis) -> Option<Vec<Grown>> {
    if analysis.counts().results() == 0 {
        return None;
    }
    // Two labels of one optimizer may grow to the same configuration, even in the same decision.
    let mut known: HashSet<Id> = analysis.plan.runs.iter().map(|run| run.config_id).collect();
    let labels = analysis.plan.optimizers.iter().enumerate();
    Some(labels.filter_map(|(at, planned)| of_label(analysis, at, planned, &mut known)).collect())
}

/// Returns the next configuration of a label: its best, with the value beyond the edge of the first
/// axis that can grow, the learning rate first. `None` where the best is on no edge, a seed of it
/// diverged, or no value can be better.
fn of_label(
    analysis: &Analysis,
    label: usize,
    planned: &PlannedOptimizer,
    known: &mut HashSet<Id>,
) -> Option<Grown> {
    let best = &analysis.configs[analysis.tuned[label]?];
    let value = best.standing(&analysis.selection, &best.selection)?;
    if best.counts.diverged > 0 || unsurpassed(analysis, best, value) {
        return None;
    }
    let mut axes: Vec<&Extend> = planned.extend.iter().collect();
    axes.sort_by_key(|extend| extend.path != "optimizer.lr");
    axes.into_iter().find_map(|extend| {
        let grown_by = analysis.plan.grown_by(&planned.label, &extend.path);
        let (edge, end) =
            edge(analysis, best, &extend.path).filter(|_| grown_by < extend.at_most)?;
        let value = extend.typed(extend.beyond(edge, end)?);
        let spec = analysis.planned(best).spec.with_value(&extend.path, &value)?;
        let is_new = known.insert(ConfigIds::new(&spec).with_seed(spec.seed).config);
        let (label, path, from) = (planned.label.clone(), extend.path.clone(), best.config_id);
        is_new.then_some(Grown { label, from, path, value })
    })
}

/// Returns the value of the best configuration on an axis, if it is an edge of all tried values.
/// `None` inside the grid, or where a configuration with another value ties with the best.
fn edge(analysis: &Analysis, best: &Config, path: &str) -> Option<(f64, GridEnd)> {
    let value = |config: &Config| numeric(analysis.planned(config).axes.get(path)?);
    let chosen = value(best)?;
    let tied = ties(analysis, best.label).map_or(Vec::new(), |(tied, _)| tied);
    if tied.into_iter().any(|i| value(&analysis.configs[i]) != Some(chosen)) {
        return None;
    }
    let tried: Vec<f64> = analysis.tried(best.label).map(value).collect::<Option<_>>()?;
    let below = tried.iter().any(|x| *x < chosen);
    let above = tried.iter().any(|x| *x > chosen);
    match (below, above) {
        (false, true) => Some((chosen, GridEnd::Lowest)),
        (true, false) => Some((chosen, GridEnd::Highest)),
        _ => None,
    }
}
