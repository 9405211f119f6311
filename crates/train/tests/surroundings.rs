//! Tests in whole runs of the settings around a step: accumulation, clipping, decay, groups,
//! smoothed labels, and the learning rates of schedules.

mod support;

use serde_json::json;
use spec::RunSpec;
use spec::record::{Outcome, Split, Status};
use support::{DEVICE, DEVICES, PLAIN_DEVICES, outcome, outcomes, run_spec, values};

/// Returns a run of a perceptron with these lines, in batches of this size.
fn spec(optimizer: &str, batch_size: u64) -> RunSpec {
    let mut spec = run_spec("kind = \"mlp\"\nhidden = [16]", optimizer, "");
    spec.data.batch_size = batch_size;
    spec
}

fn losses(outcome: &Outcome) -> Vec<f64> {
    [Split::Train, Split::Validation, Split::Test]
        .into_iter()
        .flat_map(|split| values(outcome, split, "loss"))
        .map(|(_, loss)| loss)
        .collect()
}

/// Returns the largest relative difference of the losses of two runs.
fn apart(a: &Outcome, b: &Outcome) -> f64 {
    let (a, b) = (losses(a), losses(b));
    assert_eq!(a.len(), b.len());
    a.iter().zip(&b).map(|(x, y)| (x - y).abs() / y).fold(0.0, f64::max)
}

#[test]
fn k_batches_of_n_are_one_batch_of_k_times_n() {
    // The second pair ends each epoch with a short batch in a step of fewer batches.
    for (k, n) in [(4, 25), (4, 70)] {
        for around in ["", "clip_norm = 0.3\nclip_value = 0.05\n"] {
            let small =
                format!("kind = \"sgd\"\nlr = 0.2\nmomentum = 0.9\naccumulate = {k}\n{around}");
            let large = format!("kind = \"sgd\"\nlr = 0.2\nmomentum = 0.9\n{around}");
            for device in DEVICES {
                let specs = [spec(&small, n), spec(&large, k * n), spec(&large, n)];
                let [small, large, other] = &outcomes(device, &specs)[..] else { panic!() };
                assert_eq!((small.steps, specs[0].total_steps()), (large.steps, large.steps));
                assert!(apart(small, large) < 1e-4, "{device} {k} {n}: {}", apart(small, large));
                assert!(apart(other, large) > 0.01, "{device}: the test is blind");
            }
        }
    }
}

#[test]
fn clipping_shortens_all_gradients_and_never_lengthens_them() {
    for device in PLAIN_DEVICES {
        let plain = "kind = \"sgd\"\nlr = 0.1\n";
        let specs = [
            spec(plain, 100),
            spec(&format!("{plain}clip_norm = 1e4"), 100),
            spec(&format!("{plain}clip_value = 1e4"), 100),
            spec(&format!("{plain}clip_norm = 1e-6"), 100),
        ];
        let all = outcomes(device, &specs);
        // A bound that is never reached multiplies by one: the same bits.
        assert_eq!(all[0].weights_digest, all[1].weights_digest);
        assert_eq!(all[0].weights_digest, all[2].weights_digest);
        let test = values(&all[3], Split::Test, "loss");
        assert!((test[0].1 - test[3].1).abs() < 1e-4 * test[0].1, "{test:?}");
        // Without clipping, this rate diverges.
        let wild = "kind = \"sgd\"\nlr = 1e3\nmomentum = 0.99\n";
        let held = format!("{wild}clip_norm = 1e-5");
        let all = outcomes(device, &[spec(wild, 100), spec(&held, 100)]);
        assert!(losses(&all[1]).last() < Some(&3.0), "{:?}", losses(&all[1]));
        assert_eq!(all[1].status, Status::Completed);
        assert!(all[0].status == Status::Diverged || losses(&all[0]).last() > Some(&3.0));
    }
}

#[test]
fn groups_freeze_and_decay_by_pattern() {
    let with = |groups: &str| {
        spec(&format!("kind = \"sgd\"\nlr = 0.1\nweight_decay = 0.05\ngroups = [{groups}]"), 100)
    };
    for device in PLAIN_DEVICES {
        let all = outcomes(
            device,
            &[
                with("{ params = \"*\", lr_scale = 0 }"),
                with(
                    "{ params = \"*bias\", lr_scale = 0 }, { params = \"*weight\", lr_scale = 0 }",
                ),
                with("{ params = \"*bias\", lr_scale = 0 }"),
                with(
                    "{ params = \"*bias\", weight_decay = 0 }, { params = \"*\", weight_decay = 0 }",
                ),
                spec("kind = \"sgd\"\nlr = 0.1", 100),
                with("{ params = \"*bias\", weight_decay = 0 }"),
                with(""),
            ],
        );
        let weights: Vec<&str> = all.iter().map(|o| o.weights_digest.as_deref().unwrap()).collect();
        assert_eq!(weights[0], all[0].init_digest);
        assert_eq!(weights[1], all[1].init_digest);
        assert_eq!(weights[3], weights[4]);
        let mut different = [weights[1], weights[2], weights[3], weights[5], weights[6]];
        different.sort_unstable();
        assert!(different.windows(2).all(|w| w[0] != w[1]), "{weights:?}");
    }
}

#[test]
fn decoupled_decay_makes_adamw_of_adam() {
    for device in DEVICES {
        let all = outcomes(
            device,
            &[
                spec("kind = \"adam\"\nlr = 1e-2\ndecoupled_decay = 0.3", 100),
                spec("kind = \"adamw\"\nlr = 1e-2\nweight_decay = 0.3", 100),
                spec("kind = \"adam\"\nlr = 1e-2\nweight_decay = 0.3", 100),
            ],
        );
        assert!(apart(&all[0], &all[1]) < 1e-5, "{}", apart(&all[0], &all[1]));
        assert!(apart(&all[2], &all[1]) > 0.1);
    }
}

#[test]
fn smoothed_labels_are_trained_on_and_not_evaluated_on() {
    for device in DEVICES {
        let mut plain = spec("kind = \"adam\"\nlr = 1e-2", 100);
        plain.train.epochs = 8;
        let mut smooth = plain.clone();
        smooth.train.label_smoothing = 0.2;
        let all = outcomes(device, &[plain, smooth]);
        let first = |o: &Outcome, split| values(o, split, "loss")[0].1;
        assert_eq!(first(&all[0], Split::Test), first(&all[1], Split::Test), "before training");
        // The lowest possible loss is the entropy of 0.82 and nine times 0.02.
        let floor = -(0.82f64 * 0.82f64.ln() + 9.0 * 0.02 * 0.02f64.ln());
        let train = |o: &Outcome| values(o, Split::Train, "loss").last().unwrap().1;
        assert!(train(&all[1]) > floor && train(&all[0]) < 0.8 * floor);
    }
}

#[test]
fn plateau_decays_after_epochs_without_gain() {
    for device in DEVICES {
        // No improvement is as large as the threshold: every epoch after the first is bad.
        let plateau = "schedule = { kind = \"plateau\", metric = \"train.loss\", factor = 0.5, patience = 1, cooldown = 1, threshold = 1e3, threshold_mode = \"abs\", min_lr = 0.02";
        let mut specs = [
            spec(&format!("kind = \"sgd\"\nlr = 0.1\n{plateau} }}"), 100),
            spec(&format!("kind = \"sgd\"\nlr = 0.1\n{plateau}, warmup = 2 }}"), 100),
        ];
        specs.iter_mut().for_each(|s| s.train.epochs = 12);
        let all = outcomes(device, &specs);
        let rates = |o: &Outcome| values(o, Split::Train, "lr");
        // Bad: 2, 3, decay; 4 is the cooldown; 5, 6, decay; 7; 8, 9, decay to the minimum.
        assert_eq!(rates(&all[0]), [(1, 0.1), (4, 0.05), (7, 0.025), (10, 0.02)]);
        let [(1, a), (2, b), rest @ ..] = &rates(&all[1])[..] else { panic!() };
        assert!((a - 0.1 / 3.0).abs() < 1e-15 && (b - 0.1 * 2.0 / 3.0).abs() < 1e-15);
        assert_eq!(rest, [(3, 0.1), (6, 0.05), (9, 0.025), (12, 0.02)]);
    }
}

#[test]
fn a_plateau_without_its_metric_is_refused_by_the_worker() {
    let mut spec = spec("kind = \"sgd\"\nschedule = { kind = \"plateau\" }", 100);
    spec.data.validation = 0;
    let (output, events) = support::worker(DEVICE, &support::data(), &support::request(&spec));
    assert!(output.status.success());
    let said = json!(events).to_string();
    assert!(said.contains("plateau watches validation.loss"), "{said}");
}

#[test]
fn corners_between_the_windows_are_recorded() {
    // 300 steps per epoch, windows of 15: the restarts fall within them.
    let mut spec = spec(
        "kind = \"sgd\"\nlr = 0.05\nschedule = { kind = \"cosine-restarts\", per = \"batch\", t_0 = 70, warmup = 10, warmup_start = 0 }",
        4,
    );
    spec.train.epochs = 1;
    let outcome = outcome(DEVICE, &spec, &Default::default());
    let points: Vec<(u64, f64)> =
        outcome.metrics.iter().filter(|m| m.metric == "lr").map(|m| (m.step, m.value.0)).collect();
    assert_eq!(points[0], (1, 0.0));
    let top: Vec<u64> =
        points.iter().filter(|(_, lr)| *lr == 0.05).map(|(step, _)| *step).collect();
    assert_eq!(top, [11, 81, 151, 221, 291]);
    assert!(points.iter().any(|(step, lr)| *step == 80 && *lr < 1e-4), "{points:?}");
    assert!(points.len() < 40);
}
