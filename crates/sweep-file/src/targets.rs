//! Checks that loss and metrics fit the dataset's targets: classes or real values.

use spec::dataset::DatasetSpec;
use spec::metric::{Metric, Needs};
use spec::run::{Loss, RunSpec};
use spec::stopping::EarlyStopping;

use super::diagnostic::Diagnostic;
use super::source::Place;
use super::sweep::SweepSpec;

/// Returns the problem of a loss with the targets of a dataset. `given` is the place of the loss,
/// `None` if it is the default; `dataset_at` is the place of the dataset.
pub(super) fn loss(
    dataset: &DatasetSpec,
    loss: Loss,
    given: Option<&Place>,
    dataset_at: &Place,
) -> Option<Diagnostic> {
    if dataset.classes() == 0 && dataset.targets() == 0 {
        // `tables::function` checks the loss of functions and quadratics.
        return None;
    }
    let values = dataset.classes() == 0;
    let (what, remedy) = match (loss, values) {
        (Loss::CrossEntropy | Loss::Bce, true) => ("needs classes", "mse"),
        (Loss::Value, true) => ("ignores the targets", "mse"),
        (Loss::Value, false) => ("ignores the targets", "cross-entropy"),
        (Loss::Mse, _) | (Loss::CrossEntropy | Loss::Bce, false) => return None,
    };
    let name = dataset.name();
    let targets = if values { "real values" } else { "classes" };
    let message = format!("the loss `{loss}` {what}, but `{name}` has {targets}");
    let help = format!("write loss = \"{remedy}\" in [train]");
    let diagnostic = Diagnostic::error(message, given.unwrap_or(dataset_at));
    Some(
        match given {
            Some(_) => diagnostic.also(dataset_at, "the dataset"),
            None => diagnostic.label(format!("`{loss}` is the default loss")),
        }
        .help(help),
    )
}

/// Returns the reason why a metric is not defined for the targets of a dataset.
fn reason(metric: Metric, dataset: &DatasetSpec) -> String {
    let name = dataset.name();
    match (dataset.classes(), metric.description().needs) {
        (0, _) if dataset.targets() == 0 => format!("`{name}` has no classes"),
        (0, _) => format!("`{name}` has real values, not classes"),
        (n, Needs::ClassesAbove(least)) => {
            format!("`{name}` has {n} classes, but {metric} needs more than {least}")
        }
        _ => format!("`{name}` has classes, not real values"),
    }
}

/// Returns the problem of a metric that is not defined for the targets of a dataset: `what` is its
/// role in the message, `help` the remedy.
pub(super) fn undefined(
    dataset: &DatasetSpec,
    metric: Metric,
    place: &Place,
    what: &str,
    help: &str,
) -> Option<Diagnostic> {
    (!metric.is_defined_for(dataset.classes())).then(|| {
        Diagnostic::error(format!("{what} `{metric}` is not defined for this data"), place)
            .label(reason(metric, dataset))
            .help(help)
    })
}

/// Returns the first problem of the metrics of `[train]`, `[target]` and early stopping.
pub(super) fn metrics(
    spec: &SweepSpec,
    dataset: &DatasetSpec,
    early: Option<&EarlyStopping>,
) -> Option<Diagnostic> {
    let missing = |metric: Metric, place: &Place, what: &str, help: &str| {
        undefined(dataset, metric, place, what, help)
    };
    let asked = spec.metrics.iter().find_map(|(metric, place)| {
        missing(*metric, place, "the metric", "remove it from `metrics` in [train]")
    });
    let target = spec.target.as_ref().and_then(|(target, place)| {
        missing(target.metric, place, "the target's metric", "use validation.loss")
    });
    let stopping = early.zip(spec.early_stopping.as_ref()).and_then(|(early, (axes, place))| {
        let at = axes.iter().find(|a| a.path.ends_with(".metric")).map_or(place, |a| &a.place);
        missing(early.metric.metric, at, "the early-stopping metric", "use validation.loss")
    });
    asked.or(target).or(stopping)
}

/// Returns the problem of a metric that the schedule `plateau` watches.
pub(super) fn watched(dataset: &DatasetSpec, metric: Metric, place: &Place) -> Option<Diagnostic> {
    (!metric.is_defined_for(dataset.classes())).then(|| {
        Diagnostic::error(
            format!("the plateau metric `{metric}` is not defined for this data"),
            place,
        )
        .label(reason(metric, dataset))
        .help("use metric = \"validation.loss\"")
    })
}

/// Returns the selection metric of a sweep without `[target]`: accuracy, or the loss for real
/// values and for texts.
pub(super) fn default_metric(run: &RunSpec) -> Metric {
    let dataset = &run.data.dataset;
    if dataset.classes() > 0 && !dataset.is_text() { Metric::ACCURACY } else { Metric::LOSS }
}
