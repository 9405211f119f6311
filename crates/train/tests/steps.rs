//! Tests of runs by steps: checkpoints and evaluations in between change no bit, a killed run
//! resumes within an epoch, and a run's last evaluation uses whole splits.

mod support;

use spec::RunSpec;
use spec::event::{Checkpoint, Options};
use spec::metric::Metric;
use spec::record::{MetricPoint, Outcome, Split, Status, StopReason};
use spec::stopping::StopAt;
use support::{DEVICES, assert_same, kill_after, mlp, outcome, outcomes};

/// Returns a run of steps of 4 of 1,200 samples (300 per epoch) in segments of 50.
fn by_steps(steps: u64) -> RunSpec {
    let mut spec = mlp("kind = \"adam\"\nlr = 1e-3");
    spec.data.batch_size = 4;
    (spec.train.steps, spec.train.epochs) = (steps, steps.div_ceil(300));
    spec
}

/// Returns the steps at which the test loss was measured.
fn evaluated(outcome: &Outcome) -> Vec<u64> {
    let of = |m: &&MetricPoint| m.split == Split::Test && m.metric == Metric::LOSS;
    outcome.metrics.iter().filter(of).map(|m| m.step).collect()
}

/// Returns the last value of a metric on a split.
fn last(outcome: &Outcome, split: Split, metric: Metric) -> f64 {
    let of = |m: &&MetricPoint| m.split == split && m.metric == metric;
    outcome.metrics.iter().rfind(of).unwrap().value.0
}

#[test]
fn evaluations_and_checkpoints_change_no_bit() {
    for device in DEVICES {
        let spec = by_steps(2_000);
        let through = outcomes(device, std::slice::from_ref(&spec)).remove(0);
        assert_eq!((through.status, through.steps), (Status::Completed, 2_000));
        assert_eq!(evaluated(&through), (0..=20).map(|i| i * 100).collect::<Vec<_>>());
        // One digest per segment; only whole epochs are counted.
        assert_eq!((through.batch_digest.len(), through.epochs_completed), (40, 6));
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            checkpoint: Some(Checkpoint { folder: folder.path().join("c"), every: 120 }),
            evaluate_every: Some(730),
            evaluate_samples: Some(37),
            ..Options::default()
        };
        let kept = outcome(device, &spec, &options);
        // At the first end of a segment at or after each multiple, and at the end.
        assert_eq!(evaluated(&kept), [0, 750, 1_500, 2_000]);
        assert_eq!(kept.weights_digest, through.weights_digest, "{device}");
        assert_eq!(kept.batch_digest, through.batch_digest);
        // The last evaluation uses all samples, earlier ones a subset.
        for split in [Split::Validation, Split::Test] {
            for metric in [Metric::LOSS, Metric::ACCURACY] {
                assert_eq!(last(&kept, split, metric), last(&through, split, metric), "{device}");
            }
        }
        let accuracy = |o: &Outcome| {
            let at = |m: &&MetricPoint| m.step == 0 && m.metric == Metric::ACCURACY;
            o.metrics.iter().find(at).unwrap().value.0
        };
        let of_37 = accuracy(&kept) * 37.0;
        assert!((of_37 - of_37.round()).abs() < 1e-4 && accuracy(&kept) != accuracy(&through));
    }
}

#[test]
fn a_killed_run_goes_on_within_an_epoch_with_the_same_bits() {
    for device in DEVICES {
        let mut spec = by_steps(5_000);
        // Random numbers of the device are drawn anew in each segment.
        if let spec::ModelSpec::Mlp(mlp) = &mut spec.model {
            mlp.dropout = 0.2;
        }
        let through = outcomes(device, std::slice::from_ref(&spec)).remove(0);
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            checkpoint: Some(Checkpoint { folder: folder.path().join("c"), every: 250 }),
            ..Options::default()
        };
        kill_after(device, &spec, &options, 3);
        let resumed = outcome(device, &spec, &options);
        let from = resumed.resumed_from.expect("it was killed behind a checkpoint");
        assert!(from.is_multiple_of(100) && (800..5_000).contains(&from), "{from}");
        assert_same(&through, &resumed, device);
    }
}

#[test]
fn the_whole_split_decides_whether_a_target_is_reached() {
    for device in DEVICES {
        let mut spec = by_steps(4_000);
        spec.stop_at =
            Some(StopAt { split: Split::Validation, metric: Metric::ACCURACY, value: 0.9 });
        // With three samples, all are soon classified correctly.
        (spec.evaluate_every, spec.evaluate_samples) = (100, 3);
        let stopped = outcome(device, &spec, &Options::default());
        assert_eq!(stopped.stop_reason, Some(StopReason::Target), "{device}");
        assert!(stopped.steps < 4_000);
        let reached = last(&stopped, Split::Validation, Metric::ACCURACY);
        let of_all = reached * 237.0;
        assert!(reached >= 0.9 && (of_all - of_all.round()).abs() < 1e-4, "{reached}");
        // An evaluation is recorded once.
        let steps = evaluated(&stopped);
        assert!(steps.is_sorted_by(|a, b| a < b), "{steps:?}");
        // If the subset reached the target and the whole split did not, the whole split counts.
        let of = |m: &&MetricPoint| m.split == Split::Validation && m.metric == Metric::ACCURACY;
        let before = stopped.metrics.iter().filter(of).map(|m| m.value.0);
        let all: Vec<f64> = before.collect();
        assert!(all[..all.len() - 1].iter().all(|&value| value < 0.9), "{all:?}");
    }
}
