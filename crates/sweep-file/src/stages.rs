//! Checks of the stages of a sweep against its runs.

use std::collections::{HashMap, HashSet};

use spec::plan::PlannedRun;
use spec::stages::Rungs;

use super::diagnostic::{Diagnostic, Diagnostics};
use super::sweep::{Exclude, SweepSpec, TuningRequest};

/// The length of runs.
#[derive(Clone, Copy, Debug)]
enum Length {
    /// The runs count steps.
    Steps,
    /// The runs have this number of epochs.
    Epochs(u64),
}

/// Returns the rungs of tuning, and reports a problem if they do not fit the runs; `None` without
/// `[tuning]`.
pub(super) fn rungs(
    spec: &SweepSpec,
    runs: &[PlannedRun],
    diagnostics: &mut Diagnostics,
) -> Option<Rungs> {
    let request = spec.tuning.as_ref()?;
    let train = &runs.first()?.spec.train;
    let length = if train.steps > 0 { Length::Steps } else { Length::Epochs(train.epochs) };
    let mut configs: HashMap<&str, HashSet<spec::Id>> = HashMap::new();
    for run in runs {
        configs.entry(&run.label).or_default().insert(run.config_id);
    }
    let most = configs.values().map(HashSet::len).max().unwrap_or(0);
    let problem = match spec.stop {
        true => Some(stopping(request)),
        false => unfit(request, length, most),
    };
    problem.into_iter().for_each(|problem| diagnostics.push(problem));
    Some(request.rungs.clone())
}

/// Refuses interim looks at seeds that also choose a configuration.
pub(super) fn one_configuration_each(
    spec: &SweepSpec,
    runs: &[PlannedRun],
    diagnostics: &mut Diagnostics,
) {
    let Some((_, place)) = &spec.until else { return };
    let several = runs
        .windows(2)
        .find(|pair| pair[0].label == pair[1].label && pair[0].config_id != pair[1].config_id);
    if let Some(pair) = several {
        diagnostics.push(
            Diagnostic::error("seeds that end early cannot also choose a configuration", place)
                .label(format!("`{}` has several configurations", pair[0].label))
                .help("write a fixed number of seeds here, and add [confirm] with `until`"),
        );
    }
}

/// Refuses grids that grow along an axis that an exclude names: the exclude only knows the values
/// of the file.
pub(super) fn growth_beside_excludes(spec: &SweepSpec, diagnostics: &mut Diagnostics) {
    let grows = spec.optimizers.iter().flat_map(|entry| &entry.axes);
    for axis in grows.filter(|axis| axis.extend.is_some()) {
        let names = |exclude: &&Exclude| exclude.conditions.iter().any(|(p, _)| *p == axis.path);
        if let Some(exclude) = spec.excludes.iter().find(names) {
            let message = format!("`{}` cannot grow while an exclude names it", axis.path);
            diagnostics.push(
                Diagnostic::error(message, &axis.place)
                    .also(&exclude.place, "excludes some of its values")
                    .help("remove `extend`, or end the grid where the exclude begins"),
            );
        }
    }
}

/// Returns the problem of rungs whose runs stop at the target: configurations that have not reached
/// it cannot be ranked.
fn stopping(request: &TuningRequest) -> Diagnostic {
    Diagnostic::error("rungs cannot be used with `stop` in [target]", &request.place)
        .label("runs that have not reached the target would all tie")
        .help("remove [tuning], or `stop`")
}

/// Returns the problem of rungs for runs of this length, with at most `configs` configurations per
/// optimizer; `None` if they fit.
fn unfit(request: &TuningRequest, length: Length, configs: usize) -> Option<Diagnostic> {
    let last = request.rungs.rungs.last().copied().unwrap_or(0);
    let error = |message: String| Diagnostic::error(message, &request.place);
    match length {
        Length::Steps => Some(
            error("rungs count epochs, but these runs count steps".to_owned())
                .help("write `epochs` in [train] instead of `steps`, or remove [tuning]"),
        ),
        Length::Epochs(epochs) if last >= epochs => Some(
            error(format!("the rung at epoch {last} cuts nothing"))
                .label(format!("runs have {}", text_format::plural::count(epochs, "epoch")))
                .help("give rungs before the last epoch"),
        ),
        Length::Epochs(_) if configs < 2 => Some(
            error("rungs have nothing to cut: every optimizer has one configuration".to_owned())
                .help("give an optimizer several values, or remove [tuning]"),
        ),
        Length::Epochs(_) => None,
    }
}
