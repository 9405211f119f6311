//! Tests through the worker of DeepOBS's `quadratic_deep` from its published data, of an L2 penalty
//! in the loss together with weight decay, and of initial weights selected by a sweep file.

mod support;

use std::path::{Path, PathBuf};

use spec::RunSpec;
use spec::event::{Options, Save};
use spec::metric::EpochMetric;
use spec::own_data::OwnRequest;
use spec::record::{Outcome, Split, Status};
use support::{DEVICES, Session, run_spec, save, values};
use sweep_file::{Overrides, load_text_with};

/// Returns the folder that holds `data/`.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn quadratic_deep(optimizer: &str, epochs: u64) -> RunSpec {
    let file = |name: &str| format!("\"data/quadratic-deep/{name}.npy\"");
    let text = format!(
        "[data]\ndataset = {{ path = {}, test_path = {}, matrix = {}, scaling = \"none\" }}\nbatch_size = 128\ndrop_last = true\nshuffle = \"once\"\n[model]\nkind = \"quadratic\"\n[train]\nepochs = {epochs}\n[[optimizer]]\n{optimizer}\n",
        file("train"),
        file("test"),
        file("matrix"),
    );
    let inspect = |request: &OwnRequest| data::inspect(request, &root()).map_err(|e| e.parts());
    let loaded = load_text_with("x.toml", "x", text, &Overrides::default(), &inspect);
    loaded.unwrap_or_else(|e| panic!("{e}")).plan.runs[0].spec.clone()
}

fn outcome(device: &str, spec: &RunSpec) -> Outcome {
    let options = Options { root: root(), ..Options::default() };
    Session::of(device, std::iter::once((spec, &options))).outcomes().remove(0)
}

#[test]
fn the_published_loss_at_the_start_is_met_and_descended_from() {
    for device in DEVICES {
        let outcome = outcome(device, &quadratic_deep("kind = \"sgd\"\nlr = 0.01", 2));
        assert_eq!((outcome.status, outcome.steps), (Status::Completed, 14));
        let losses: Vec<f64> =
            values(&outcome, Split::Test, "loss").into_iter().map(|(_, loss)| loss).collect();
        // DeepOBS_Baselines, quadratic_deep: 353.446764 in every run.
        assert!((losses[0] / 353.446_764 - 1.0).abs() < 1e-6, "{device}: {}", losses[0]);
        assert!(losses[2] < losses[1] && losses[1] < 150.0, "{losses:?}");
        let wild = self::outcome(device, &quadratic_deep("kind = \"sgd\"\nlr = 1.0", 100));
        assert_eq!(wild.status, Status::Diverged, "{device}");
    }
}

/// Returns the weights after training, by name.
fn trained(device: &str, spec: &RunSpec) -> Vec<(String, Vec<f32>)> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    let options = save(Save::Last, EpochMetric::TRAIN_LOSS, &path);
    Session::of(device, std::iter::once((spec, &options))).outcomes();
    let bytes = std::fs::read(&path).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let value = |b: &[u8]| f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
    let tensor = |(name, t): (String, safetensors::tensor::TensorView<'_>)| {
        (name, t.data().chunks_exact(4).map(value).collect())
    };
    let mut all: Vec<(String, Vec<f32>)> = file.tensors().into_iter().map(tensor).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

#[test]
fn a_penalty_in_the_loss_pulls_at_weights_and_not_at_biases() {
    for device in DEVICES {
        let step = |decay: &str, l2: &str| {
            let optimizer = format!("kind = \"sgd\"\nlr = 0.1\n{decay}");
            let mut spec = run_spec("kind = \"mlp\"\nhidden = [16]", &optimizer, l2);
            (spec.train.epochs, spec.data.batch_size) = (1, 1_200);
            trained(device, &spec)
        };
        let plain = step("", "");
        let penalized = step("", "l2 = 0.2");
        let decayed = step("weight_decay = 0.2", "");
        for ((name, penalized), ((_, decayed), (_, plain))) in
            penalized.iter().zip(decayed.iter().zip(&plain))
        {
            let expected = if name.ends_with("bias") { plain } else { decayed };
            let other = if name.ends_with("bias") { decayed } else { plain };
            let apart = |a: &[f32], b: &[f32]| {
                a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
            };
            assert!(apart(penalized, expected) < 1e-6, "{device} {name}");
            assert!(apart(penalized, other) > 1e-4, "{device} {name}");
        }
    }
}

#[test]
fn the_penalty_is_in_the_training_loss_alone() {
    for device in DEVICES {
        let losses = |l2: &str| {
            let optimizer = "kind = \"sgd\"\nlr = 1e-6";
            let mut spec = run_spec("kind = \"linear\"", optimizer, l2);
            (spec.train.epochs, spec.data.batch_size) = (1, 1_200);
            let outcome = support::outcomes(device, std::slice::from_ref(&spec)).remove(0);
            let of = |split| values(&outcome, split, "loss").last().unwrap().1;
            (of(Split::Train), of(Split::Test))
        };
        let ((train, test), (penalized, same)) = (losses(""), losses("l2 = 2.0"));
        assert!((test - same).abs() < 1e-4, "{device}");
        // 640 weights uniform within 1/8: a third of 1/64 each, 3.33 in all.
        assert!((2.9..3.8).contains(&(penalized - train)), "{device}: {}", penalized - train);
    }
}
