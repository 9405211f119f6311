//! Checks of the stages of a sweep against the runs that its file asks for.

use std::collections::{HashMap, HashSet};

use spec::plan::PlannedRun;
use spec::stages::Rungs;

use super::diagnostic::{Diagnostic, Diagnostics};
use super::sweep::{Exclude, SweepSpec, TuningRequest};

/// The length of runs.
#[derive(Clone, Copy, Debug)]
enum Length {
    /// A number of steps.
    Steps,
    /// So many epochs.
    Epochs(u64),
}

/// The rungs of tuning, where they fit the runs.
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

/// Refuses looks at seeds on the way where these seeds choose, too.
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
            Diagnostic::error("seeds that end early cannot choose a configuration, too", place)
                .label(format!("`{}` has several configurations", pair[0].label))
                .help("give a number of seeds here, and add [confirm] with `until`"),
        );
    }
}

/// Refuses grids that grow along an axis that an exclude names: what it leaves out is said of the
/// values of the file alone.
pub(super) fn growth_beside_excludes(spec: &SweepSpec, diagnostics: &mut Diagnostics) {
    let grows = spec.optimizers.iter().flat_map(|entry| &entry.axes);
    for axis in grows.filter(|axis| axis.extend.is_some()) {
        let names = |exclude: &&Exclude| exclude.conditions.iter().any(|(p, _)| *p == axis.path);
        if let Some(exclude) = spec.excludes.iter().find(names) {
            let message = format!("`{}` grows beside an exclude that names it", axis.path);
            diagnostics.push(
                Diagnostic::error(message, &axis.place)
                    .also(&exclude.place, "leaves out some of its values")
                    .help("remove `extend`, or end the grid where the exclude begins"),
            );
        }
    }
}

/// The problem of rungs where runs stop at the target: before anyone has reached it nothing tells
/// configurations apart.
fn stopping(request: &TuningRequest) -> Diagnostic {
    Diagnostic::error("rungs do not go with `stop` of [target]", &request.place)
        .label("all that have not reached the target there would tie")
        .help("remove [tuning], or `stop`")
}

/// The problem of rungs of runs that are so long, of which an optimizer has at most so many
/// configurations; none where they fit.
fn unfit(request: &TuningRequest, length: Length, configs: usize) -> Option<Diagnostic> {
    let last = request.rungs.rungs.last().copied().unwrap_or(0);
    let error = |message: String| Diagnostic::error(message, &request.place);
    match length {
        Length::Steps => Some(
            error("rungs count epochs, and these runs are by steps".to_owned())
                .help("give `epochs` in [train] in place of `steps`, or remove [tuning]"),
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
