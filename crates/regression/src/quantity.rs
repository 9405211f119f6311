//! Values of a run by metric, and differences in the metric's unit.

use spec::record::StopReason;
use spec::regress_settings::{EffectUnit, RegressMetric};

use crate::night::NightRun;

/// Returns whether a run ended because it reached the target. Its metrics then show how far it was
/// when it stopped, not how good it is: an equally good run that reaches the target an epoch
/// earlier stops with a higher loss.
pub(crate) fn stopped_at_target(run: &NightRun) -> bool {
    run.row.stop_reason.as_deref() == Some(StopReason::Target.name())
}

/// Returns a run's value of a metric, if it has one. A diverged run has no last epoch, so it counts
/// only for divergence and time to target; so does a run that stopped at the target, except for its
/// seconds.
pub(crate) fn value(metric: RegressMetric, run: &NightRun) -> Option<f64> {
    let row = &run.row;
    if !row.has_result() {
        return None;
    }
    let completed = |value: Option<f64>| value.filter(|v| row.completed() && v.is_finite());
    let last = |value: Option<f64>| completed(value).filter(|_| !stopped_at_target(run));
    match metric {
        RegressMetric::AtEnd(of) => last(row.last(of.split, of.metric)),
        RegressMetric::BestValidationAccuracy => last(row.best_validation_accuracy),
        RegressMetric::TargetEpoch => run
            .steps
            .is_none()
            .then(|| row.target_epoch.unwrap_or(run.epochs.saturating_add(1)) as f64),
        RegressMetric::TargetStep => {
            run.steps.map(|planned| row.target_step.unwrap_or(planned.saturating_add(1)) as f64)
        }
        RegressMetric::Diverged => Some(f64::from(u8::from(row.diverged()))),
        // A run that stopped early did less work.
        RegressMetric::Steps => {
            let whole = row.stop_reason.as_deref() == Some(StopReason::Epochs.name());
            completed(row.steps.filter(|_| whole).map(|s| s as f64))
        }
        RegressMetric::SecondsPerEpoch => completed(row.epoch_seconds),
    }
}

/// Converts a difference of means to the metric's unit: relative to `before`, or unchanged.
pub(crate) fn effect(metric: RegressMetric, difference: f64, before: f64) -> f64 {
    match metric.unit() {
        // A loss of exactly zero has no relative difference; the smallest normal number keeps the
        // sign and stays finite for any real loss.
        EffectUnit::Relative if difference != 0.0 => {
            (difference / before.abs().max(f64::MIN_POSITIVE)).clamp(f64::MIN, f64::MAX)
        }
        EffectUnit::Relative => 0.0,
        EffectUnit::Share | EffectUnit::Epochs => difference,
    }
}

#[cfg(test)]
mod tests {
    use spec::metric::{EpochMetric, Metric};
    use spec::record::{Split, Status};

    use super::*;
    use report::table::RunRow;

    fn run(row: RunRow) -> NightRun {
        let id = spec::Id::of("");
        let (label, config) = (String::new(), String::new());
        NightRun {
            cell_id: id,
            series: id,
            label,
            config,
            seed: 0,
            epochs: 5,
            steps: None,
            cut_at: None,
            row,
        }
    }

    #[test]
    fn a_diverged_run_counts_in_divergence_and_never_reached_the_target() {
        let row = RunRow {
            status: Some(Status::Diverged),
            steps: Some(7),
            epochs_completed: Some(0),
            epoch_seconds: Some(1.0),
            ..RunRow::default()
        };
        let of = |metric| value(metric, &run(row.clone()));
        assert_eq!(of(RegressMetric::Diverged), Some(1.0));
        assert_eq!(of(RegressMetric::TargetEpoch), Some(6.0));
        for metric in
            [RegressMetric::TEST_LOSS, RegressMetric::Steps, RegressMetric::SecondsPerEpoch]
        {
            assert_eq!(of(metric), None, "{metric}");
        }
    }

    #[test]
    fn a_run_without_a_result_has_no_value() {
        let last_epoch = [(EpochMetric::TRAIN_LOSS, 1.0)].into_iter().collect();
        let row = RunRow { status: Some(Status::Failed), last_epoch, ..RunRow::default() };
        assert!(RegressMetric::all().iter().all(|m| value(*m, &run(row.clone())).is_none()));
    }

    #[test]
    fn steps_count_only_where_all_epochs_were_trained() {
        let row = |reason: &str| RunRow {
            status: Some(Status::Completed),
            stop_reason: Some(reason.to_owned()),
            steps: Some(90),
            epochs_completed: Some(3),
            epoch_seconds: Some(2.0),
            ..RunRow::default()
        };
        assert_eq!(value(RegressMetric::Steps, &run(row("epochs"))), Some(90.0));
        assert_eq!(value(RegressMetric::Steps, &run(row("early_stopping"))), None);
        assert_eq!(value(RegressMetric::SecondsPerEpoch, &run(row("target"))), Some(2.0));
    }

    #[test]
    fn a_run_that_stopped_at_the_target_is_judged_by_when() {
        let row = |reason: StopReason| RunRow {
            status: Some(Status::Completed),
            stop_reason: Some(reason.name().to_owned()),
            last_epoch: [(EpochMetric::new(Split::Test, Metric::ACCURACY), 0.81)]
                .into_iter()
                .collect(),
            target_epoch: Some(2),
            ..RunRow::default()
        };
        let of = |metric, reason| value(metric, &run(row(reason)));
        assert_eq!(of(RegressMetric::TEST_ACCURACY, StopReason::Target), None);
        assert_eq!(of(RegressMetric::TargetEpoch, StopReason::Target), Some(2.0));
        assert_eq!(of(RegressMetric::TEST_ACCURACY, StopReason::Epochs), Some(0.81));
    }

    #[test]
    fn a_run_by_steps_reaches_the_target_at_a_step() {
        let of = |metric, target_step: Option<u64>| {
            let row = RunRow {
                status: Some(Status::Completed),
                target_epoch: target_step.map(|_| 0),
                target_step,
                ..RunRow::default()
            };
            value(metric, &NightRun { steps: Some(2_000), ..run(row) })
        };
        assert_eq!(of(RegressMetric::TargetStep, Some(450)), Some(450.0));
        assert_eq!(of(RegressMetric::TargetStep, None), Some(2_001.0));
        // The number of completed epochs may be the same for all.
        assert_eq!(of(RegressMetric::TargetEpoch, Some(450)), None);
        let by_epochs = run(RunRow { status: Some(Status::Completed), ..RunRow::default() });
        assert_eq!(value(RegressMetric::TargetStep, &by_epochs), None);
    }

    #[test]
    fn effects_have_the_unit_of_their_metric() {
        assert_eq!(effect(RegressMetric::TEST_LOSS, 0.1, 0.4), 0.25);
        assert_eq!(effect(RegressMetric::TEST_ACCURACY, -0.01, 0.9), -0.01);
        assert_eq!(effect(RegressMetric::TEST_LOSS, 0.0, 0.0), 0.0);
        assert!(effect(RegressMetric::TEST_LOSS, 1e300, 0.0).is_finite());
    }
}
