//! What ends a run before its last epoch, and the checks that what is watched
//! is measured at all.

use spec::event::{Options, Save};
use spec::metric::FurtherMetric;
use spec::record::{Split, StopReason};
use spec::schedule::Per;
use spec::{RunSpec, ScheduleSpec};

use crate::progress::Progress;
use crate::run::TrainError;

/// What is measured beside loss and accuracy: what is asked for and what is watched.
pub(crate) fn further(spec: &RunSpec, options: &Options) -> Vec<FurtherMetric> {
    let early = spec.early_stopping.as_ref().map(|e| e.metric.point().1);
    let stop = spec.stop_at.as_ref().map(|s| s.metric.as_str());
    let best = options.save.as_ref().filter(|s| s.which == Save::Best).map(|s| s.by.point().1);
    let plateau = match &spec.schedule {
        ScheduleSpec::Plateau(p) => Some(p.metric.point().1),
        _ => None,
    };
    let watched =
        [early, stop, plateau, best].into_iter().flatten().filter_map(FurtherMetric::from_name);
    let asked: Vec<FurtherMetric> = options.metrics.iter().copied().chain(watched).collect();
    let classes = spec.data.dataset.classes();
    let all = FurtherMetric::ALL.iter().copied();
    all.filter(|metric| asked.contains(metric) && metric.exists(classes)).collect()
}

/// Whether everything that is watched will be measured.
///
/// # Errors
/// The first metric that is not: a run would otherwise wait for it in vain.
pub(crate) fn check(spec: &RunSpec, options: &Options, validation: bool) -> Result<(), TrainError> {
    let early = spec.early_stopping.as_ref().map(|e| e.metric.point());
    let stop = spec.stop_at.as_ref().map(|s| (s.split, s.metric.as_str()));
    let plateau = match &spec.schedule {
        ScheduleSpec::Plateau(p) => Some(p.metric.point()),
        _ => None,
    };
    let best = options.save.as_ref().filter(|s| s.which == Save::Best).map(|s| s.by.point());
    let all = [("early stopping", early), ("stop_at", stop), ("plateau", plateau), ("save", best)];
    for (what, watched) in all {
        let Some((split, metric)) = watched else { continue };
        let classes = spec.data.dataset.classes();
        let known = match FurtherMetric::from_name(metric) {
            Some(further) => further.exists(classes),
            None => metric == "loss" || metric == "accuracy" && classes > 0,
        };
        let measured = match split {
            Split::Train => metric == "loss",
            Split::Validation => validation && known,
            Split::Test => known,
        };
        if !measured {
            return Err(TrainError::Unmeasured { what, metric: format!("{split}.{metric}") });
        }
    }
    Ok(())
}

/// Shows the epoch just evaluated to the schedule `plateau`; an epoch that ends
/// in the warmup is not judged, because its rate is not the schedule's.
pub(crate) fn watch_plateau(spec: &RunSpec, progress: &mut Progress) {
    let ScheduleSpec::Plateau(settings) = &spec.schedule else { return };
    let warming = spec.warmup.as_ref().is_some_and(|warmup| {
        let done = match warmup.per {
            Per::Epoch => progress.epoch,
            Per::Batch => progress.steps,
        };
        done <= warmup.length
    });
    if !warming {
        let (split, metric) = settings.metric.point();
        let value = progress.value(progress.epoch, split, metric);
        progress.plateau.observe(settings, spec.optimizer.lr(), value);
    }
}

/// Whether training ends with the epoch just evaluated, and why.
///
/// A saddle that was left comes first, because the epoch was cut short for it;
/// then the target: a run that reached it has done so, also in the
/// epoch in which patience ends or in the last one. Patience that ends with
/// the last planned epoch stops nothing: the reason is then
/// [`StopReason::Epochs`].
pub(crate) fn after_epoch(spec: &RunSpec, progress: &mut Progress) -> Option<StopReason> {
    let epoch = progress.epoch;
    let out_of_patience = spec.early_stopping.as_ref().is_some_and(|early| {
        let (split, metric) = early.metric.point();
        let value = progress.value(epoch, split, metric);
        progress.patience.observe(early, value)
    });
    let reached = spec
        .stop_at
        .as_ref()
        .is_some_and(|stop| stop.reached(progress.value(epoch, stop.split, &stop.metric)));
    if progress.left {
        Some(StopReason::LeftDomain)
    } else if reached {
        Some(StopReason::Target)
    } else if epoch >= spec.train.epochs {
        Some(StopReason::Epochs)
    } else {
        out_of_patience.then_some(StopReason::EarlyStopping)
    }
}
