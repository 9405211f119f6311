//! What is asked of a model must fit what the dataset answers: classes or real
//! values. Losses, metrics and what waits for them are checked here.

use crate::dataset::DatasetSpec;
use crate::metric::FurtherMetric;
use crate::run::{Loss, RunSpec};
use crate::stopping::EarlyStopping;

use super::diagnostic::Diagnostic;
use super::source::Place;
use super::spec::SweepSpec;

/// The problem of a loss with the answers of a dataset; `given` is where the loss
/// is written, `dataset_at` where the dataset is.
pub(super) fn loss(
    dataset: &DatasetSpec,
    loss: Loss,
    given: Option<&Place>,
    dataset_at: &Place,
) -> Option<Diagnostic> {
    if matches!(dataset, DatasetSpec::Function(_)) {
        // `function` in parse says what a function is trained by.
        return None;
    }
    let values = dataset.classes() == 0;
    let (what, remedy) = match (loss, values) {
        (Loss::CrossEntropy | Loss::Bce, true) => ("needs classes", "mse"),
        (Loss::Value, true) => ("compares nothing with the answers", "mse"),
        (Loss::Value, false) => ("compares nothing with the answers", "cross-entropy"),
        (Loss::Mse, _) | (Loss::CrossEntropy | Loss::Bce, false) => return None,
    };
    let name = dataset.name();
    let answers = if values { "real values" } else { "classes" };
    let message = format!("the loss `{loss}` {what}, and `{name}` has {answers}");
    let help = format!("write loss = \"{remedy}\" in [train]");
    let diagnostic = Diagnostic::error(message, given.unwrap_or(dataset_at));
    Some(
        match given {
            Some(_) => diagnostic.also(dataset_at, "the dataset"),
            None => diagnostic.label(format!("`{loss}` is the loss where none is named")),
        }
        .help(help),
    )
}

/// Whether a metric is measured on answers of so many classes.
fn exists(metric: &str, classes: usize) -> bool {
    match FurtherMetric::from_name(metric) {
        Some(further) => further.exists(classes),
        None => metric == "loss" || classes > 0,
    }
}

/// Why a metric is not measured, in words.
fn reason(dataset: &DatasetSpec) -> String {
    match dataset.classes() {
        0 => format!("`{}` has real values, not classes", dataset.name()),
        n => format!("`{}` has {n} classes, all of them among the five likeliest", dataset.name()),
    }
}

/// The first problem of what is measured and waited for.
pub(super) fn metrics(
    spec: &SweepSpec,
    dataset: &DatasetSpec,
    early: Option<&EarlyStopping>,
) -> Option<Diagnostic> {
    let classes = dataset.classes();
    let missing = |metric: &str, place: &Place, what: &str, help: &str| {
        (!exists(metric, classes)).then(|| {
            Diagnostic::error(format!("{what} `{metric}` is not measured here"), place)
                .label(reason(dataset))
                .help(help)
        })
    };
    let asked = spec.metrics.iter().find_map(|(metric, place)| {
        missing(metric.name(), place, "the metric", "remove it from `metrics` in [train]")
    });
    let target = spec.target.as_ref().and_then(|(target, place)| {
        missing(&target.metric, place, "the target", "use validation.loss")
    });
    let stopping = early.zip(spec.early_stopping.as_ref()).and_then(|(early, (axes, place))| {
        let at = axes.iter().find(|a| a.path.ends_with(".metric")).map_or(place, |a| &a.place);
        missing(early.metric.point().1, at, "early stopping by", "use validation.loss")
    });
    asked.or(target).or(stopping)
}

/// The problem of a metric that the schedule `plateau` watches.
pub(super) fn watched(dataset: &DatasetSpec, metric: &str, place: &Place) -> Option<Diagnostic> {
    (!exists(metric, dataset.classes())).then(|| {
        Diagnostic::error(format!("plateau by `{metric}`, which is not measured here"), place)
            .label(reason(dataset))
            .help("use metric = \"validation.loss\"")
    })
}

/// The metric that chooses where `[target]` names none: accuracy, of real values the loss.
pub(super) fn default_metric(run: &RunSpec) -> &'static str {
    if run.data.dataset.classes() > 0 { "accuracy" } else { "loss" }
}
