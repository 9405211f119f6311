//! Tests of every model and kind of target through the built worker: that it learns, what is random
//! in it, what is measured and what is saved.

mod support;

use std::fs;

use safetensors::SafeTensors;
use spec::RunSpec;
use spec::event::{Options, Save};
use spec::metric::{EpochMetric, Metric};
use spec::record::{Outcome, Split, Status};
use support::{
    DEVICE, DEVICES, Session, assert_same, checkpoint, kill_after, outcome, outcomes, run_spec,
    save, values,
};
use sweep_file::{Overrides, load_text};

const ADAM: &str = "kind = \"adam\"\nlr = 1e-2";
const STOCHASTIC: &str = "kind = \"mlp\"\nhidden = [32, 16]\ndropout = 0.3\nbatch_norm = true";
const CNN: &str = "kind = \"cnn\"\nchannels = [4, 8]\nkernel = 3\npadding = 1\nhidden = [16]";

/// Returns a regression on ten features: 300 patients to train on, 54 held out.
fn regression(model: &str, epochs: u64) -> RunSpec {
    let text = format!(
        "[data]\ndataset = \"diabetes\"\nbatch_size = 50\nvalidation = 54\n[model]\n{model}\n[train]\nloss = \"mse\"\nepochs = {epochs}\n[[optimizer]]\n{ADAM}\n"
    );
    load_text("x.toml", "x", text, &Overrides::default()).unwrap().plan.runs[0].spec.clone()
}

/// Extends a run from 36 to 480 steps.
fn longer(mut spec: RunSpec) -> RunSpec {
    (spec.train.epochs, spec.data.batch_size) = (10, 25);
    spec
}

fn last(outcome: &Outcome, split: Split, metric: &str) -> f64 {
    values(outcome, split, metric).last().unwrap_or_else(|| panic!("no {split}.{metric}")).1
}

#[test]
fn a_convolutional_network_learns_the_digits() {
    for device in DEVICES {
        let found = outcome(device, &longer(run_spec(CNN, ADAM, "")), &Options::default());
        assert_eq!(found.status, Status::Completed);
        let accuracy = last(&found, Split::Test, "accuracy");
        assert!(accuracy > 0.85, "{device}: {accuracy}");
    }
}

#[test]
fn real_values_are_learnt_and_have_no_accuracy() {
    for device in DEVICES {
        for model in ["kind = \"linear\"", "kind = \"mlp\"\nhidden = [16]\ndropout = 0.2"] {
            let found = outcome(device, &regression(model, 20), &Options::default());
            // The mean of the training targets would give about 1.
            let (before, after) =
                (values(&found, Split::Test, "loss")[0].1, last(&found, Split::Test, "loss"));
            assert!(after < 0.65 && after < before, "{device} {model}: {before} to {after}");
            assert!(found.metrics.iter().all(|m| m.metric != "accuracy"));
        }
    }
}

#[test]
fn other_losses_of_classes_are_learnt_and_evaluated_as_they_are_trained() {
    for device in DEVICES {
        for loss in ["mse", "bce"] {
            let spec = longer(run_spec("kind = \"linear\"", ADAM, &format!("loss = \"{loss}\"")));
            let found = outcome(device, &spec, &Options::default());
            assert!(last(&found, Split::Test, "accuracy") > 0.8, "{device} {loss}");
            // Ten outputs near 0 or 1, a tenth of them 1: far below cross-entropy's 2.3 at the
            // start.
            let (before, after) =
                (values(&found, Split::Test, "loss")[0].1, last(&found, Split::Test, "loss"));
            assert!(before < 1.0 && after < 0.2, "{device} {loss}: {before} to {after}");
            let gap = (after - last(&found, Split::Train, "loss")).abs();
            assert!(gap < 0.1, "{device} {loss}: {gap}");
        }
    }
}

#[test]
fn what_is_random_in_a_model_follows_from_the_seed() {
    for device in DEVICES {
        let spec = run_spec(STOCHASTIC, ADAM, "");
        let mut other = spec.clone();
        other.seed = 1;
        let found = outcomes(device, &[spec.clone(), other, spec.clone()]);
        assert_same(&found[0], &found[2], device);
        assert_ne!(found[0].weights_digest, found[1].weights_digest);
        // Dropout acts in training only: the same initial weights evaluate to the same.
        let plain = STOCHASTIC.replace("dropout = 0.3", "dropout = 0.0");
        let plain = outcome(device, &run_spec(&plain, ADAM, ""), &Options::default());
        assert_eq!(plain.init_digest, found[0].init_digest);
        let start = |o: &Outcome| values(o, Split::Test, "loss")[0].1;
        assert_eq!(start(&plain), start(&found[0]));
        assert_ne!(plain.weights_digest, found[0].weights_digest);
        let (with, without) =
            (last(&found[0], Split::Train, "loss"), last(&plain, Split::Train, "loss"));
        assert!(with > 1.2 * without, "{device}: {with} with dropout, {without} without");
    }
}

#[test]
fn models_of_every_sort_go_on_after_a_kill_with_the_same_bits() {
    for device in DEVICES {
        let mut specs = vec![
            run_spec(STOCHASTIC, ADAM, ""),
            run_spec(CNN, "kind = \"sgd\"\nlr = 0.01\nmomentum = 0.9", ""),
            regression("kind = \"mlp\"\nbatch_norm = true", 5),
        ];
        for spec in &mut specs {
            (spec.train.epochs, spec.data.batch_size) = (6, 5);
        }
        let through = outcomes(device, &specs);
        let folder = tempfile::tempdir().unwrap();
        let options: Vec<Options> =
            (0..specs.len()).map(|i| checkpoint(&folder.path().join(i.to_string()))).collect();
        specs.iter().zip(&options).for_each(|(spec, options)| kill_after(device, spec, options, 2));
        let session = Session::of(device, specs.iter().zip(&options));
        for (a, b) in through.iter().zip(session.outcomes()) {
            assert!(b.resumed_from.is_some(), "{}", session.log);
            assert_same(a, &b, device);
        }
    }
}

#[test]
fn running_statistics_are_kept_with_the_weights() {
    for device in DEVICES {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.safetensors");
        let spec = run_spec(STOCHASTIC, ADAM, "");
        let with = outcome(device, &spec, &save(Save::Last, EpochMetric::TRAIN_LOSS, &path));
        assert_same_training(&with, &outcome(device, &spec, &Options::default()));
        let bytes = fs::read(&path).unwrap();
        let weights = SafeTensors::deserialize(&bytes).unwrap();
        for (name, start) in [("running_mean", 0.0f32), ("running_var", 1.0)] {
            let tensor = weights.tensor(&format!("norms.1.{name}")).unwrap();
            assert_eq!(tensor.shape(), [16]);
            let values: Vec<f32> = tensor
                .data()
                .chunks_exact(4)
                .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                .collect();
            assert!(values.iter().all(|v| v.is_finite() && *v != start), "{name}: {values:?}");
        }
    }
}

fn assert_same_training(a: &Outcome, b: &Outcome) {
    assert_eq!(a.weights_digest, b.weights_digest);
    assert_eq!(last(a, Split::Test, "loss"), last(b, Split::Test, "loss"));
}

#[test]
fn metrics_are_measured_when_asked_for_and_change_nothing() {
    for device in DEVICES {
        let spec = run_spec(STOCHASTIC, ADAM, "");
        let asked = Options { metrics: Metric::on_request(), ..Options::default() };
        let (with, without) =
            (outcome(device, &spec, &asked), outcome(device, &spec, &Options::default()));
        assert_same_training(&with, &without);
        for metric in Metric::on_request() {
            assert!(values(&without, Split::Test, metric).is_empty());
            for split in [Split::Validation, Split::Test] {
                let found = values(&with, split, metric);
                assert_eq!(found.len(), 4, "{metric}");
                assert!(found.iter().all(|(_, v)| (0.0..=1.0).contains(v)), "{metric}: {found:?}");
            }
        }
        let (accuracy, top5, f1) = (
            last(&with, Split::Test, "accuracy"),
            last(&with, Split::Test, "top5_accuracy"),
            last(&with, Split::Test, "f1"),
        );
        assert!(top5 > accuracy && (f1 - accuracy).abs() < 0.05, "{accuracy} {top5} {f1}");
    }
}

#[test]
fn what_waits_for_a_metric_has_it_measured() {
    let rest = "[train.early_stopping]\nmetric = \"validation.f1\"\npatience = 1\nmin_delta = 2.0";
    let spec = run_spec("kind = \"linear\"", ADAM, rest);
    let found = outcome(DEVICE, &spec, &Options::default());
    // No F1 is better than another by 2: the first epoch is the best, the second ends the run.
    assert_eq!((found.epochs_completed, values(&found, Split::Validation, "f1").len()), (2, 3));
}

#[test]
fn a_checkpoint_without_a_metric_asked_for_is_not_gone_on_from() {
    let folder = tempfile::tempdir().unwrap();
    let without = checkpoint(&folder.path().join("c"));
    let mut spec = run_spec("kind = \"linear\"", ADAM, "");
    (spec.train.epochs, spec.data.batch_size) = (5, 4);
    kill_after(DEVICE, &spec, &without, 2);
    let with = Options { metrics: vec![Metric::F1], ..without };
    let session = Session::of(DEVICE, [(&spec, &with)]);
    let found = session.outcomes().remove(0);
    assert_eq!(found.resumed_from, None);
    assert!(session.log.contains("its epochs did not measure f1"), "{}", session.log);
    assert_eq!(values(&found, Split::Test, "f1").len(), 6);
}
