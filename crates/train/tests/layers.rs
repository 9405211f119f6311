//! Tests of networks of listed layers through the built worker: that they learn, that runs repeat
//! and resume with the same bits, and which weights are saved.

mod support;

use std::fs;

use safetensors::SafeTensors;
use spec::augment::Augment;
use spec::event::{Options, Save};
use spec::metric::EpochMetric;
use spec::record::{Outcome, Split, Status};
use support::{
    DEVICES, Session, assert_same, checkpoint, kill_after, outcome, outcomes, run_spec, save,
    values,
};

const ADAM: &str = "kind = \"adam\"\nlr = 1e-2";
const RESIDUAL: &str = "kind = \"layers\"\nlayers = [\n\
    { kind = \"conv\", channels = 4, kernel = 3, padding = \"same\", bias = false },\n\
    { kind = \"batch-norm\" }, { kind = \"relu\" },\n\
    { kind = \"residual\", layers = [\n\
        { kind = \"conv\", channels = 8, kernel = 3, stride = 2, padding = \"same\", bias = false },\n\
        { kind = \"batch-norm\" },\n\
    ], shortcut = [{ kind = \"conv\", channels = 8, kernel = 1, stride = 2 }] },\n\
    { kind = \"relu\" }, { kind = \"max-pool\", size = 3, stride = 2, padding = \"same\" },\n\
    { kind = \"dropout\", p = 0.1 }, { kind = \"dense\", units = 16 }, { kind = \"layer-norm\" },\n\
    { kind = \"tanh\" },\n]";

#[test]
fn a_residual_network_learns_the_digits_and_repeats() {
    for device in DEVICES {
        let mut spec = run_spec(RESIDUAL, ADAM, "");
        (spec.train.epochs, spec.data.batch_size) = (5, 25);
        let mut other = spec.clone();
        other.seed = 1;
        let found = outcomes(device, &[spec.clone(), other, spec]);
        assert_eq!(found[0].status, Status::Completed);
        assert_same(&found[0], &found[2], device);
        assert_ne!(found[0].weights_digest, found[1].weights_digest);
        let accuracy = values(&found[0], Split::Test, "accuracy").last().unwrap().1;
        assert!(accuracy > 0.8, "{device}: {accuracy}");
    }
}

#[test]
fn a_killed_run_goes_on_with_the_same_bits() {
    for device in DEVICES {
        let mut spec = run_spec(RESIDUAL, ADAM, "");
        (spec.train.epochs, spec.data.batch_size) = (6, 5);
        let through = outcome(device, &spec, &Options::default());
        let folder = tempfile::tempdir().unwrap();
        let options = checkpoint(&folder.path().join("c"));
        kill_after(device, &spec, &options, 2);
        let session = Session::of(device, [(&spec, &options)]);
        let found = session.outcomes().remove(0);
        assert!(found.resumed_from.is_some(), "{}", session.log);
        assert_same(&through, &found, device);
    }
}

#[test]
fn changed_images_repeat_and_go_on_with_the_same_bits() {
    for device in DEVICES {
        for model in [RESIDUAL, "kind = \"mlp\"\nhidden = [16]"] {
            let mut spec = run_spec(model, ADAM, "");
            (spec.train.epochs, spec.data.batch_size) = (6, 5);
            let plain = outcome(device, &spec, &Options::default());
            spec.data.augment = Augment { crop: 1, flip: false };
            let through = outcomes(device, &[spec.clone(), spec.clone()]);
            assert_same(&through[0], &through[1], device);
            // The same order of changed images, from the same initial weights.
            assert_eq!(through[0].init_digest, plain.init_digest);
            assert_ne!(through[0].batch_digest[0], plain.batch_digest[0]);
            assert_ne!(through[0].batch_digest[0], through[0].batch_digest[1]);
            assert_ne!(through[0].weights_digest, plain.weights_digest);
            let start = |o: &Outcome| values(o, Split::Test, "loss")[0].1;
            assert_eq!(start(&through[0]), start(&plain), "held-out images are as they are");
            let folder = tempfile::tempdir().unwrap();
            let options = checkpoint(&folder.path().join("c"));
            kill_after(device, &spec, &options, 2);
            let session = Session::of(device, [(&spec, &options)]);
            let found = session.outcomes().remove(0);
            assert!(found.resumed_from.is_some(), "{}", session.log);
            assert_same(&through[0], &found, device);
        }
    }
}

#[test]
fn weights_are_kept_at_the_paths_of_the_list() {
    for device in DEVICES {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.safetensors");
        let spec = run_spec(RESIDUAL, ADAM, "");
        outcome(device, &spec, &save(Save::Last, EpochMetric::TRAIN_LOSS, &path));
        let bytes = fs::read(&path).unwrap();
        let weights = SafeTensors::deserialize(&bytes).unwrap();
        let shape = |name: &str| weights.tensor(name).unwrap().shape().to_vec();
        assert_eq!(shape("layers.0.weight"), [4, 1, 3, 3]);
        assert_eq!(shape("layers.3.shortcut.0.weight"), [8, 4, 1, 1]);
        // PyTorch's order of a dense layer: outputs first.
        assert_eq!(shape("layers.7.weight"), [16, 8 * 2 * 2]);
        assert_eq!(shape("head.weight"), [10, 16]);
        for (name, start) in [("running_mean", 0.0f32), ("running_var", 1.0)] {
            let tensor = weights.tensor(&format!("layers.3.layers.1.{name}")).unwrap();
            let numbers = tensor.data().chunks_exact(4);
            let numbers: Vec<f32> =
                numbers.map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
            assert!(numbers.iter().all(|v| v.is_finite() && *v != start), "{name}: {numbers:?}");
        }
    }
}
