//! Compares the fast path with Burn's own operations, which `--plain` selects.
//!
//! After one step the weights are at most 1e-6 apart, as ||p - r|| / ||r|| (Euclidean norms) of
//! each parameter tensor, and the losses of an epoch at most 1e-4: products and updates are the
//! same operations, the softmax is not. Runs that the fast path does not support use the plain
//! path, and so have its bits.

mod support;

use std::path::Path;

use safetensors::SafeTensors;
use spec::RunSpec;
use spec::event::{Options, Save};
use spec::metric::EpochMetric;
use spec::record::{Outcome, Status};
use support::{DEVICES, STEPS_OF_GPU, Session, mlp, outcomes, run_spec, save};

/// Returns the fast path of each device with the plain path to compare.
fn ways() -> impl Iterator<Item = (&'static str, String)> {
    DEVICES.iter().map(|device| {
        let name = device.split(' ').next().unwrap();
        (*device, format!("{name} --plain"))
    })
}

/// All that the fast path supports: each optimizer with each of its branches.
const OPTIMIZERS: &[&str] = &[
    "kind = \"sgd\"\nlr = 0.05",
    "kind = \"sgd\"\nlr = 0.05\nweight_decay = 0.01",
    "kind = \"sgd\"\nlr = 0.01\nmomentum = 0.9",
    "kind = \"sgd\"\nlr = 0.01\nmomentum = 0.9\nnesterov = true",
    "kind = \"sgd\"\nlr = 0.01\nmomentum = 0.9\ndampening = 0.5\nweight_decay = 0.01",
    "kind = \"rmsprop\"\nlr = 1e-3",
    "kind = \"rmsprop\"\nlr = 1e-3\nmomentum = 0.5\nweight_decay = 0.01",
    "kind = \"rmsprop\"\nlr = 1e-3\ncentered = true",
    "kind = \"rmsprop\"\nlr = 1e-4\ncentered = true\nmomentum = 0.9",
    "kind = \"adam\"\nlr = 1e-3",
    "kind = \"adam\"\nlr = 1e-3\nweight_decay = 0.01\nschedule = { kind = \"cosine\" }",
    "kind = \"adamw\"\nlr = 1e-3",
];

/// Reads a file of weights: values by name.
fn weights(path: &Path) -> Vec<(String, Vec<f32>)> {
    let bytes = std::fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let value = |b: &[u8]| f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
    let tensors = file.tensors().into_iter();
    let mut all: Vec<_> =
        tensors.map(|(name, t)| (name, t.data().chunks_exact(4).map(value).collect())).collect();
    all.sort_by(|a: &(String, _), b| a.0.cmp(&b.0));
    all
}

fn apart(a: &[f32], b: &[f32]) -> f64 {
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
    let difference = norm(&mut a.iter().zip(b).map(|(&x, &y)| f64::from(x) - f64::from(y)));
    difference / norm(&mut b.iter().map(|&y| f64::from(y)))
}

/// Returns the weights of each run after training on this device.
fn trained(device: &str, specs: &[RunSpec]) -> Vec<Vec<(String, Vec<f32>)>> {
    let folder = tempfile::tempdir().unwrap();
    let path = |i: usize| folder.path().join(format!("{i}.safetensors"));
    let options: Vec<Options> =
        (0..specs.len()).map(|i| save(Save::Last, EpochMetric::TRAIN_LOSS, &path(i))).collect();
    Session::of(device, specs.iter().zip(&options)).outcomes();
    (0..specs.len()).map(|i| weights(&path(i))).collect()
}

#[test]
fn one_step_is_the_plain_one() {
    let models =
        ["kind = \"mlp\"\nhidden = [16]", "kind = \"mlp\"\nhidden = [24, 12]", "kind = \"linear\""];
    let mut specs: Vec<RunSpec> = OPTIMIZERS
        .iter()
        .flat_map(|optimizer| models.map(|model| run_spec(model, optimizer, "")))
        .collect();
    for spec in &mut specs {
        (spec.train.epochs, spec.data.batch_size) = (1, 1_200);
        assert_eq!(spec.total_steps(), 1);
    }
    for (fast, plain) in ways() {
        for ((spec, a), b) in specs.iter().zip(trained(fast, &specs)).zip(trained(&plain, &specs)) {
            assert!(a.len() == b.len() && !a.is_empty());
            for ((name, a), (same, b)) in a.iter().zip(&b) {
                assert_eq!(name, same);
                if fast.ends_with("gpu") {
                    println!("{} {:?} {:?}", name, &a[..4], &b[..4]);
                }
                let apart = apart(a, b);
                assert!(apart <= 1e-6, "{fast} {:?} {name}: {apart:e}", spec.optimizer);
            }
        }
    }
}

fn losses(outcome: &Outcome) -> Vec<f64> {
    outcome.metrics.iter().filter(|m| m.metric == "loss").map(|m| m.value.0).collect()
}

#[test]
fn epochs_are_the_plain_ones() {
    let mut specs: Vec<RunSpec> = OPTIMIZERS.iter().map(|o| mlp(o)).collect();
    // A shorter last batch, and one that is dropped.
    specs.push(mlp("kind = \"adam\""));
    specs.last_mut().unwrap().data.batch_size = 70;
    specs.push(specs.last().unwrap().clone());
    specs.last_mut().unwrap().data.drop_last = true;
    // A batch size above the number of samples.
    specs.push(mlp("kind = \"sgd\"\nlr = 0.1"));
    specs.last_mut().unwrap().data.batch_size = 5_000;
    for (fast, plain) in ways() {
        let mut other_bits = 0;
        for ((spec, a), b) in
            specs.iter().zip(&outcomes(fast, &specs)).zip(&outcomes(&plain, &specs))
        {
            assert_eq!((a.status, a.steps), (Status::Completed, b.steps));
            assert_eq!((&a.init_digest, &a.batch_digest), (&b.init_digest, &b.batch_digest));
            let (x, y) = (losses(a), losses(b));
            assert_eq!(x.len(), y.len());
            for (x, y) in x.iter().zip(&y) {
                assert!((x / y - 1.0).abs() <= 1e-4, "{:?}: {x} {y}", spec.optimizer);
            }
            other_bits += usize::from(a.weights_digest != b.weights_digest);
        }
        assert!(other_bits > 0, "{fast}: nothing took the fast path");
    }
}

#[test]
fn what_it_is_not_for_has_the_plain_bits() {
    let sgd = "kind = \"sgd\"\nlr = 0.05";
    let mlp = "kind = \"mlp\"\nhidden = [16]";
    let around = |line: &str| run_spec(mlp, &format!("{sgd}\n{line}"), "");
    let model = |lines: &str| run_spec(lines, sgd, "");
    let specs = [
        around("clip_norm = 0.5"),
        around("clip_value = 0.01"),
        around("accumulate = 2"),
        around("decoupled_decay = 0.01"),
        around("groups = [{ params = \"*bias\", lr_scale = 0.5 }]"),
        model("kind = \"mlp\"\nhidden = [16]\nactivation = \"tanh\""),
        model("kind = \"mlp\"\nhidden = [16]\ndropout = 0.2"),
        model("kind = \"mlp\"\nhidden = [16]\nbatch_norm = true"),
        run_spec(mlp, sgd, "label_smoothing = 0.1"),
        run_spec(mlp, sgd, "loss = \"mse\""),
        run_spec(mlp, "kind = \"adam\"\namsgrad = true", ""),
        run_spec(mlp, "kind = \"adamw\"\namsgrad = true", ""),
        run_spec(mlp, "kind = \"lion\"", ""),
    ];
    for (fast, plain) in ways().filter(|(fast, _)| *fast != STEPS_OF_GPU) {
        for ((spec, a), b) in
            specs.iter().zip(&outcomes(fast, &specs)).zip(&outcomes(&plain, &specs))
        {
            assert_eq!(a.status, Status::Completed, "{spec:?}");
            assert_eq!(a.weights_digest, b.weights_digest, "{fast} {spec:?}");
        }
    }
}

/// Checks that the GPU's steps replace an optimizer's rule also where Burn differentiates.
#[test]
fn gradients_of_any_network_are_used_as_the_rule_does() {
    let Some(fast) = DEVICES.iter().find(|device| **device == STEPS_OF_GPU) else { return };
    let mlp = "kind = \"mlp\"\nhidden = [16]";
    let mut specs: Vec<RunSpec> = OPTIMIZERS
        .iter()
        .flat_map(|optimizer| {
            let around = |line: &str| run_spec(mlp, &format!("{optimizer}\n{line}"), "");
            let model = |lines: &str, rest: &str| run_spec(lines, optimizer, rest);
            [
                around("clip_norm = 0.5"),
                around("accumulate = 2"),
                model("kind = \"mlp\"\nhidden = [16]\nactivation = \"tanh\"", ""),
                model("kind = \"mlp\"\nhidden = [16]\nbatch_norm = true", ""),
                model("kind = \"mlp\"\nhidden = [16]\ndropout = 0.2", ""),
                model("kind = \"cnn\"\nchannels = [2, 4]", ""),
                model(mlp, "loss = \"mse\""),
                model(mlp, "label_smoothing = 0.1"),
            ]
        })
        .collect();
    for spec in &mut specs {
        (spec.train.epochs, spec.data.batch_size) = (1, 1_200 / spec.update.accumulate);
        assert_eq!(spec.total_steps(), 1);
    }
    let plain = trained("libtorch:cpu --plain", &specs);
    for ((spec, a), b) in specs.iter().zip(trained(fast, &specs)).zip(plain) {
        for ((name, a), (same, b)) in a.iter().zip(&b) {
            assert_eq!(name, same);
            let apart = apart(a, b);
            assert!(apart <= 1e-5, "{spec:?} {name}: {apart:e}");
        }
    }
}

#[test]
fn a_divergence_has_the_same_step() {
    let wild = mlp("kind = \"sgd\"\nlr = 1e25");
    for (fast, plain) in ways() {
        let [fast, plain] =
            [fast, &plain].map(|d| outcomes(d, std::slice::from_ref(&wild)).remove(0));
        assert_eq!((fast.status, plain.status), (Status::Diverged, Status::Diverged));
        assert_eq!(fast.epochs_completed, plain.epochs_completed);
        assert!(fast.diverged_step.is_some() && fast.last_finite_loss.is_some());
        assert!(fast.diverged_step.unwrap().abs_diff(plain.diverged_step.unwrap()) <= 1);
    }
}
