//! Tests of runs that end before their last epoch, and of the reasons.

mod support;

use spec::RunSpec;
use spec::event::{Event, FailureKind, Options};
use spec::metric::{EpochMetric, Metric};
use spec::record::{Outcome, Split, Status, StopReason};
use spec::stopping::{EarlyStopping, StopAt};
use support::{
    DEVICE, DEVICES, Session, assert_same, checkpoint, data, kill_after, mlp, outcome, outcomes,
    request, values, worker,
};

fn spec(epochs: u64) -> RunSpec {
    let mut spec = mlp("kind = \"sgd\"\nlr = 0.2");
    spec.train.epochs = epochs;
    spec
}

/// Returns early stopping for which the first epoch is always an improvement and no later one is.
fn never_better(patience: u64) -> Option<EarlyStopping> {
    Some(EarlyStopping { metric: EpochMetric::VALIDATION_LOSS, patience, min_delta: 1e9 })
}

fn loss_of(value: f64) -> Option<StopAt> {
    Some(StopAt { split: Split::Validation, metric: Metric::LOSS, value })
}

fn end(o: &Outcome) -> (Status, Option<StopReason>, u64, u64) {
    (o.status, o.stop_reason, o.epochs_completed, o.steps)
}

#[test]
fn early_stopping_ends_after_its_patience() {
    for device in DEVICES {
        let mut early = spec(9);
        early.early_stopping = never_better(2);
        let all = outcomes(device, &[early.clone(), spec(3)]);
        assert_eq!(
            end(&all[0]),
            (Status::Completed, Some(StopReason::EarlyStopping), 3, 36),
            "{device}"
        );
        assert_eq!(all[0].batch_digest.len(), 3);
        assert_eq!(all[0].weights_digest, all[1].weights_digest, "the weights are the last ones");
        // Patience that ends with the last epoch stops nothing.
        early.train.epochs = 3;
        let planned = outcomes(device, &[early])[0].stop_reason;
        assert_eq!(planned, Some(StopReason::Epochs));
    }
}

#[test]
fn a_target_ends_the_run_that_reaches_it() {
    for device in DEVICES {
        let through = outcomes(device, &[spec(4)]).remove(0);
        assert_eq!(through.stop_reason, Some(StopReason::Epochs));
        let losses = values(&through, Split::Validation, "loss");
        let (epoch_0, epoch_2, epoch_4) = (losses[0].1, losses[2].1, losses[4].1);
        let with = |stop_at, early_stopping| RunSpec { stop_at, early_stopping, ..spec(4) };
        let all = outcomes(
            device,
            &[
                with(loss_of(epoch_2), None),
                with(loss_of(epoch_4), None),
                with(loss_of(0.0), None),
                // Patience ends in the epoch that reaches the target, and before it.
                with(loss_of(epoch_2), never_better(1)),
                with(loss_of(epoch_4), never_better(2)),
                // It was reached before training: an epoch is trained nevertheless.
                with(loss_of(epoch_0), None),
            ],
        );
        let ends: Vec<_> = all.iter().map(|o| (o.stop_reason.unwrap(), o.steps)).collect();
        let target = StopReason::Target;
        assert_eq!(
            ends,
            [
                (target, 24),
                (target, 48),
                (StopReason::Epochs, 48),
                (target, 24),
                (StopReason::EarlyStopping, 36),
                (target, 12),
            ],
            "{device}"
        );
        assert_eq!(all[1].weights_digest, through.weights_digest);
    }
}

#[test]
fn stopping_hides_no_divergence() {
    for device in DEVICES {
        // One step per epoch: its own loss is finite, the weights after it are not.
        let mut broken = mlp("kind = \"sgd\"\nlr = 1e40");
        (broken.data.batch_size, broken.train.epochs) = (1_200, 5);
        let stop = StopAt { split: Split::Train, metric: Metric::LOSS, value: 1e3 };
        let target = RunSpec { stop_at: Some(stop), ..broken.clone() };
        let early = RunSpec { early_stopping: never_better(1), ..broken.clone() };
        for outcome in outcomes(device, &[target, early]) {
            assert_eq!(end(&outcome), (Status::Diverged, None, 0, 1), "{device}");
            assert_eq!((outcome.diverged_step, &outcome.weights_digest), (Some(1), &None));
        }
        // If nothing stops the run, the next step's loss shows it.
        assert_eq!(outcomes(device, &[broken])[0].diverged_step, Some(2));
    }
}

#[test]
fn patience_outlives_a_kill() {
    for device in DEVICES {
        let mut spec = spec(50);
        (spec.early_stopping, spec.data.batch_size) = (never_better(5), 4);
        let through = outcomes(device, std::slice::from_ref(&spec)).remove(0);
        let folder = tempfile::tempdir().unwrap();
        let options = checkpoint(folder.path());
        kill_after(device, &spec, &options, 3);
        let resumed = outcome(device, &spec, &options);
        assert!(resumed.resumed_from >= Some(2));
        assert_eq!(
            (resumed.stop_reason, resumed.epochs_completed),
            (Some(StopReason::EarlyStopping), 6)
        );
        assert_same(&through, &resumed, device);
    }
}

#[test]
fn a_metric_that_is_never_measured_is_an_error() {
    let mut spec = spec(3);
    (spec.data.validation, spec.early_stopping) = (0, never_better(1));
    let (output, events) = worker(DEVICE, &data(), &request(&spec));
    assert!(output.status.success());
    let Some(Event::Failed { kind: FailureKind::Error, message, .. }) = events.last() else {
        panic!("{events:?}")
    };
    assert!(message.contains("early stopping watches validation.loss"), "{message}");
    // The training loss does not need a validation split.
    spec.early_stopping =
        Some(EarlyStopping { metric: EpochMetric::TRAIN_LOSS, patience: 1, min_delta: 1e9 });
    let session = Session::of(DEVICE, [(&spec, &Options::default())]);
    assert_eq!(session.outcomes()[0].epochs_completed, 2);
}
