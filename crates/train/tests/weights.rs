//! Tests of weights in safetensors files, read by the format's own crate.

mod support;

use std::fs;
use std::path::Path;

use safetensors::{Dtype, SafeTensors};
use spec::event::{Event, FailureKind, Options, Save};
use spec::metric::{EpochMetric, Metric};
use spec::record::{Outcome, Split, Status};
use spec::{Id, RunSpec};
use support::{
    DEVICE, DEVICES, assert_same, checkpoint, data, kill_after, mlp, outcome, outcomes,
    request_with, save, values, worker,
};

/// Reads names, shapes and values, in order of name.
fn tensors(path: &Path) -> Vec<(String, Vec<usize>, Vec<f32>)> {
    let bytes = fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let read = |(name, view): (String, safetensors::tensor::TensorView<'_>)| {
        assert_eq!(view.dtype(), Dtype::F32);
        let value = |b: &[u8]| f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
        (name, view.shape().to_vec(), view.data().chunks_exact(4).map(value).collect())
    };
    let mut out: Vec<_> = file.tensors().into_iter().map(read).collect();
    out.sort_by(|a, b| a.0.cmp(&b.0));
    out
}

/// Returns the digest of `model::digest`, computed from a file.
fn digest(path: &Path) -> String {
    let mut hash = blake3::Hasher::new();
    for (name, mut shape, mut values) in tensors(path) {
        if let [outputs, inputs] = shape[..] {
            let stored = values.clone();
            for (i, value) in values.iter_mut().enumerate() {
                *value = stored[(i % outputs) * inputs + i / outputs];
            }
            shape.reverse();
        }
        hash.update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes());
        hash.update(&(shape.len() as u64).to_le_bytes());
        shape.iter().for_each(|n| {
            hash.update(&(*n as u64).to_le_bytes());
        });
        values.iter().for_each(|v| {
            hash.update(&v.to_le_bytes());
        });
    }
    hash.finalize().to_hex()[..32].to_owned()
}

#[test]
fn the_last_weights_are_those_of_the_record() {
    for device in DEVICES {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("new/folder/w.safetensors");
        let spec = RunSpec { seed: 7, ..mlp("kind = \"adam\"\nlr = 0.01") };
        let options =
            save(Save::Last, EpochMetric::new(Split::Validation, Metric::ACCURACY), &path);
        let outcome = outcome(device, &spec, &options);
        assert_eq!(outcome.saved_epoch, Some(3));
        assert_eq!(Some(digest(&path)), outcome.weights_digest, "{device}");
        let shapes: Vec<_> = tensors(&path).into_iter().map(|t| (t.0, t.1)).collect();
        let expected = [
            ("layers.0.bias", vec![16]),
            ("layers.0.weight", vec![16, 64]),
            ("layers.1.bias", vec![10]),
            ("layers.1.weight", vec![10, 16]),
        ];
        assert_eq!(shapes, expected.map(|(name, shape)| (name.to_owned(), shape)));
        let bytes = fs::read(&path).unwrap();
        let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
        let metadata = header.metadata().as_ref().unwrap();
        let id = Id::of("a test").to_string();
        for (key, value) in [("format", "pt"), ("epoch", "3"), ("seed", "7"), ("run_id", &id)] {
            assert_eq!(metadata[key], value);
        }
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing beside it");
        // Equal runs give equal files.
        self::outcome(device, &spec, &options);
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
}

/// Returns a run whose best epoch is not its last.
fn restless(epochs: u64) -> RunSpec {
    let mut spec = mlp("kind = \"adam\"\nlr = 0.2");
    (spec.train.epochs, spec.data.batch_size) = (epochs, 20);
    spec
}

/// Returns the first epoch with the highest or lowest value.
fn best_epoch(outcome: &Outcome, by: EpochMetric) -> u64 {
    let EpochMetric { split, metric } = by;
    let sign = if by.higher_is_better() { 1.0 } else { -1.0 };
    let values = values(outcome, split, metric).into_iter().filter(|v| v.0 > 0);
    values
        .fold((0, f64::NEG_INFINITY), |a, b| if sign * b.1 > a.1 { (b.0, sign * b.1) } else { a })
        .0
}

#[test]
fn the_best_weights_are_those_of_their_epoch() {
    for device in DEVICES {
        let through = outcomes(device, &[restless(12)]).remove(0);
        for by in
            [EpochMetric::new(Split::Validation, Metric::ACCURACY), EpochMetric::VALIDATION_LOSS]
        {
            let place = tempfile::tempdir().unwrap();
            let (best, last) = (place.path().join("best"), place.path().join("last"));
            let kept = outcome(device, &restless(12), &save(Save::Best, by, &best));
            let epoch = best_epoch(&through, by);
            assert!((1..12).contains(&epoch), "{device}: choose another run, best is {epoch}");
            assert_eq!(kept.saved_epoch, Some(epoch), "{device}, {by}");
            assert_eq!(kept.weights_digest, through.weights_digest, "training is the same");
            outcome(device, &restless(epoch), &save(Save::Last, by, &last));
            assert!(fs::read(&best).unwrap() == fs::read(&last).unwrap(), "{device}, {by}");
        }
    }
}

#[test]
fn the_best_weights_outlive_a_kill() {
    for device in DEVICES {
        let place = tempfile::tempdir().unwrap();
        let (path, other) = (place.path().join("best"), place.path().join("other"));
        let by = EpochMetric::VALIDATION_LOSS;
        let mut spec = mlp("kind = \"adam\"\nlr = 0.1");
        (spec.train.epochs, spec.data.batch_size) = (12, 4);
        let through = outcome(device, &spec, &save(Save::Best, by, &path));
        let best = through.saved_epoch.unwrap();
        assert!(best < 3, "{device}: choose a run that is best before the kill, not in {best}");
        let expected = fs::read(&path).unwrap();
        let options = Options {
            checkpoint: checkpoint(&place.path().join("c")).checkpoint,
            ..save(Save::Best, by, &path)
        };
        fs::remove_file(&path).unwrap();
        kill_after(device, &spec, &options, 3);
        // Whatever happens to the file, the checkpoint holds the best weights.
        fs::write(&path, "scribbled over").unwrap();
        let resumed = outcome(device, &spec, &options);
        assert!(resumed.resumed_from.is_some());
        assert_same(&through, &resumed, device);
        assert!(fs::read(&path).unwrap() == expected, "{device}");
        // A checkpoint that lacks the best weights of earlier epochs is unusable.
        let without = checkpoint(&place.path().join("c"));
        kill_after(device, &spec, &without, 3);
        let options = Options { save: save(Save::Best, by, &other).save, ..without };
        let again = outcome(device, &spec, &options);
        assert_eq!(again.resumed_from, None);
        assert!(fs::read(&other).unwrap() == expected, "{device}");
    }
}

#[test]
fn a_diverged_run_keeps_no_last_weights() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("w");
    let spec = mlp("kind = \"sgd\"\nlr = 1e30");
    for which in [Save::Last, Save::Best] {
        fs::write(&path, "of an earlier life").unwrap();
        let outcome = outcome(DEVICE, &spec, &save(which, EpochMetric::TRAIN_LOSS, &path));
        assert_eq!((outcome.status, outcome.saved_epoch), (Status::Diverged, None));
        assert!(!path.exists(), "what is no result of this run is not left in its place");
    }
}

#[test]
fn broken_weights_are_never_the_best() {
    // The loss of the only step is finite, the weights after it are not.
    let mut spec = mlp("kind = \"sgd\"\nlr = 1e40");
    (spec.data.batch_size, spec.train.epochs) = (1_200, 1);
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("w");
    let outcome = outcome(DEVICE, &spec, &save(Save::Best, EpochMetric::TRAIN_LOSS, &path));
    assert!(values(&outcome, Split::Train, "loss")[0].1.is_finite());
    assert_eq!((outcome.saved_epoch, path.exists()), (None, false));
}

#[test]
fn a_path_that_cannot_be_written_is_an_error() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("file"), "").unwrap();
    fs::create_dir(place.path().join("folder")).unwrap();
    let spec = mlp("kind = \"sgd\"");
    for (which, path) in [(Save::Last, "file/w"), (Save::Best, "folder"), (Save::Last, "folder")] {
        let path = place.path().join(path);
        let options = save(which, EpochMetric::TRAIN_LOSS, &path);
        let input = request_with(&spec, &options) + &request_with(&spec, &Options::default());
        let (output, events) = worker(DEVICE, &data(), &input);
        assert!(output.status.success());
        let failed = events.iter().find_map(|e| match e {
            Event::Failed { kind: FailureKind::Error, message, .. } => Some(message),
            _ => None,
        });
        assert!(failed.unwrap().contains(&path.display().to_string()), "{failed:?}");
        assert_eq!(failed.unwrap().matches("os error").count(), 1, "said twice: {failed:?}");
        assert!(matches!(events.last(), Some(Event::Finished { .. })), "the worker lives on");
    }
}
