//! Rules that end or pause a run before its last epoch, and the check that watched metrics are
//! measured.

use spec::event::{Options, Save};
use spec::metric::{EpochMetric, Metric};
use spec::record::{Split, StopReason};
use spec::schedule::Per;
use spec::{RunSpec, ScheduleSpec};

use crate::class_metrics;
use crate::job::TrainError;
use crate::progress::Progress;

/// Returns the settings that watch a metric, each with the metric.
fn watched(spec: &RunSpec, options: &Options) -> Vec<(&'static str, EpochMetric)> {
    let early = spec.early_stopping.as_ref().map(|e| ("early stopping", e.metric));
    let stop = spec.stop_at.as_ref().map(|s| ("stop_at", EpochMetric::new(s.split, s.metric)));
    let plateau = match &spec.schedule {
        ScheduleSpec::Plateau(p) => Some(("plateau", p.metric)),
        _ => None,
    };
    let best = options.save.as_ref().filter(|s| s.which == Save::Best).map(|s| ("save", s.by));
    [early, stop, plateau, best].into_iter().flatten().collect()
}

/// Returns the on-request metrics that a run measures, because they are requested or watched, in
/// the order of the registry.
pub(crate) fn on_request(spec: &RunSpec, options: &Options) -> Vec<Metric> {
    let watched = watched(spec, options).into_iter().map(|(_, watched)| watched.metric);
    let asked: Vec<Metric> = options.metrics.iter().copied().chain(watched).collect();
    let classes = spec.data.dataset.classes();
    let of_data = |metric: &Metric| metric.is_defined_for(classes);
    Metric::on_request().into_iter().filter(|m| asked.contains(m) && of_data(m)).collect()
}

/// Returns all metrics besides the loss that a run measures on held-out data, in the order of the
/// registry.
pub(crate) fn measured(spec: &RunSpec, options: &Options) -> Vec<Metric> {
    let on_request = on_request(spec, options);
    let classes = spec.data.dataset.classes();
    let always = |m: &Metric| !m.is_on_request() && m.is_defined_for(classes);
    let wanted = |m: &Metric| *m != Metric::LOSS && (always(m) || on_request.contains(m));
    Metric::held_out().into_iter().filter(wanted).collect()
}

/// Checks that every requested or watched metric will be measured.
///
/// # Errors
/// Returns the first metric that will not: a run would otherwise wait for it in vain.
pub(crate) fn check(spec: &RunSpec, options: &Options, validation: bool) -> Result<(), TrainError> {
    let classes = spec.data.dataset.classes();
    // Real-valued targets have no metric besides the loss.
    let computed = |metric: Metric| {
        metric == Metric::LOSS
            || classes > 0
                && metric.is_defined_for(classes)
                && class_metrics::class_metric(metric).is_some()
    };
    for (what, EpochMetric { split, metric }) in watched(spec, options) {
        let measured = match split {
            Split::Train => metric == Metric::LOSS,
            Split::Validation => validation && computed(metric),
            Split::Test => computed(metric),
        };
        if !measured {
            return Err(TrainError::Unmeasured { what, metric: format!("{split}.{metric}") });
        }
    }
    let asked = options.metrics.iter().filter(|m| m.is_defined_for(classes));
    match asked.into_iter().find(|m| !computed(**m)) {
        Some(metric) => Err(TrainError::Unknown(metric.to_string())),
        None => Ok(()),
    }
}

/// Returns true if held-out data is evaluated at the end of a segment.
pub(crate) fn is_due(spec: &RunSpec, options: &Options, segment: u64) -> bool {
    spec.segments().is_due(segment, spec.steps_between_evaluations(options.evaluate_every))
}

/// Returns true if the run is to pause at or before the end of a segment.
pub(crate) fn pauses(options: &Options, segment: u64) -> bool {
    options.pause_at.is_some_and(|at| segment >= at)
}

/// Returns the number of samples of each held-out split that evaluations during the run measure; 0
/// means all.
pub(crate) fn evaluate_samples(spec: &RunSpec, options: &Options) -> u64 {
    let own = Some(spec.evaluate_samples).filter(|&samples| samples > 0);
    own.or(options.evaluate_samples).unwrap_or(0)
}

/// Returns true if the value at which the run is to stop was measured at its last step.
pub(crate) fn reached(spec: &RunSpec, progress: &Progress) -> bool {
    spec.stop_at
        .as_ref()
        .is_some_and(|stop| stop.reached(progress.value(EpochMetric::new(stop.split, stop.metric))))
}

/// Passes the epoch just evaluated to the schedule `plateau`. An epoch that ends in the warmup is
/// skipped, because its rate is not the schedule's.
pub(crate) fn watch_plateau(spec: &RunSpec, progress: &mut Progress) {
    let ScheduleSpec::Plateau(settings) = &spec.schedule else { return };
    let warming = spec.warmup.as_ref().is_some_and(|warmup| {
        let done = match warmup.per {
            Per::Epoch => progress.epochs(spec),
            Per::Batch => progress.steps,
        };
        done <= warmup.length
    });
    if !warming {
        let value = progress.value(settings.metric);
        progress.plateau.observe(settings, spec.optimizer.lr(), value);
    }
}

/// Returns why training ends with the evaluation just made; `None` if it continues.
///
/// A saddle that was left comes first, because it cut the epoch short. The target comes next: it
/// counts even in the epoch in which patience ends, or in the last one. Patience that ends with the
/// last planned epoch stops nothing: the reason is then [`StopReason::Epochs`].
pub(crate) fn after_evaluation(spec: &RunSpec, progress: &mut Progress) -> Option<StopReason> {
    let out_of_patience = spec.early_stopping.as_ref().is_some_and(|early| {
        let value = progress.value(early.metric);
        progress.patience.observe(early, value)
    });
    if progress.left {
        Some(StopReason::LeftDomain)
    } else if reached(spec, progress) {
        Some(StopReason::Target)
    } else if progress.segment >= spec.segments().count() {
        Some(StopReason::Epochs)
    } else {
        out_of_patience.then_some(StopReason::EarlyStopping)
    }
}
