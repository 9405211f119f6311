//! Tests of descents on landscapes through the worker: the recorded path, noise that is the same
//! for every optimizer, and how they end.

mod support;

use spec::RunSpec;
use spec::landscape::Function;
use spec::record::{Outcome, Split, Status, StopReason};
use sweep_file::{Overrides, load_text};

use support::{DEVICES, assert_same, checkpoint, kill_after, outcome, outcomes};

/// Returns the only run of a sweep over 3 epochs of 40 steps.
fn descent(model: &str, optimizer: &str) -> RunSpec {
    let text = format!(
        "[data]\nsteps = 40\n[model]\nkind = \"function\"\n{model}\n[train]\nepochs = 3\n[[optimizer]]\n{optimizer}\n"
    );
    let loaded = load_text("x.toml", "x", text, &Overrides::default());
    loaded.unwrap_or_else(|e| panic!("{e}")).plan.runs[0].spec.clone()
}

/// Returns the recorded steps with their positions.
fn path(outcome: &Outcome) -> Vec<(u64, [f64; 2])> {
    let of = |name: &str| {
        let points = outcome.metrics.iter().filter(|m| m.split == Split::Train && m.metric == name);
        points.map(|m| (m.step, m.value.0)).collect::<Vec<_>>()
    };
    let (x, y) = (of("x"), of("y"));
    assert_eq!(x.len(), y.len());
    x.into_iter()
        .zip(y)
        .map(|((a, x), (b, y))| (if a == b { a } else { panic!() }, [x, y]))
        .collect()
}

fn last_loss(outcome: &Outcome) -> f64 {
    support::values(outcome, Split::Test, "loss").last().unwrap().1
}

#[test]
fn plain_descent_follows_the_gradient_step_by_step() {
    let spec = descent("function = \"himmelblau\"", "kind = \"sgd\"\nlr = 0.01");
    for device in DEVICES {
        let outcome = outcome(device, &spec, &Default::default());
        assert_eq!(outcome.stop_reason, Some(StopReason::Epochs));
        let path = path(&outcome);
        // Each of the first hundred steps, then the last: with 120 steps none is skipped.
        assert_eq!(path.iter().map(|p| p.0).collect::<Vec<_>>(), (0..=120).collect::<Vec<_>>());
        assert_eq!(path[0].1, Function::Himmelblau.info().start);
        for pair in path.windows(2) {
            let ([x, y], [a, b]) = (pair[0].1, pair[1].1);
            let [dx, dy] = Function::Himmelblau.gradient([x, y]);
            let (ex, ey) = (x - 0.01 * dx, y - 0.01 * dy);
            assert!((a - ex).abs() < 3e-6 && (b - ey).abs() < 3e-6, "step {}", pair[1].0);
        }
        let end = path.last().unwrap().1;
        assert_eq!(last_loss(&outcome), Function::Himmelblau.value(end));
        assert!(Function::Himmelblau.distance(end) < 1e-4, "{end:?}");
        assert!(outcome.metrics.iter().all(|m| m.metric != "accuracy"));
    }
}

#[test]
fn noise_is_the_same_for_every_optimizer_and_another_for_every_seed() {
    let noisy = "function = \"ravine\"\nnoise = 0.5";
    let sgd = descent(noisy, "kind = \"sgd\"\nlr = 0.01");
    let runs = [
        sgd.clone(),
        descent("function = \"ravine\"", "kind = \"sgd\"\nlr = 0.01"),
        descent(noisy, "kind = \"sgd\"\nlr = 0.02"),
        RunSpec { seed: 1, ..sgd },
    ];
    for device in DEVICES {
        let outcomes = outcomes(device, &runs);
        assert!(outcomes.iter().all(|o| o.batch_digest.len() == 3));
        let draws = |outcome: &Outcome, lr: f64| -> Vec<[f64; 2]> {
            let path = path(outcome);
            let draw = |pair: &[(u64, [f64; 2])]| {
                let [x, y] = Function::Ravine.gradient(pair[0].1);
                let step = [0, 1].map(|i| (pair[0].1[i] - pair[1].1[i]) / lr);
                [step[0] - x, step[1] - y]
            };
            path.windows(2).map(draw).collect()
        };
        let (a, still) = (draws(&outcomes[0], 0.01), draws(&outcomes[1], 0.01));
        let (b, c) = (draws(&outcomes[2], 0.02), draws(&outcomes[3], 0.01));
        let apart = |p: &[[f64; 2]], q: &[[f64; 2]]| {
            let each = p.iter().zip(q).map(|(p, q)| (p[0] - q[0]).abs().max((p[1] - q[1]).abs()));
            each.fold(0.0, f64::max)
        };
        let zero = vec![[0.0; 2]; a.len()];
        assert!(apart(&still, &zero) < 1e-3, "{}", apart(&still, &zero));
        assert!(apart(&a, &b) < 1e-3, "another learning rate saw other noise: {}", apart(&a, &b));
        assert!(apart(&a, &c) > 0.5, "another seed saw the same noise");
        let n = 2.0 * a.len() as f64;
        let deviation = (a.iter().flatten().map(|v| v * v).sum::<f64>() / n).sqrt();
        // 240 draws of 0.5: the standard error of their deviation is 0.023.
        assert!((deviation - 0.5).abs() < 0.08, "{deviation}");
        // No epoch repeats another's noise.
        assert!(apart(&a[..40], &a[40..80]) > 0.5);
    }
}

#[test]
fn a_saddle_that_is_left_is_a_success_and_ends_the_run() {
    for device in DEVICES {
        let spec = descent("function = \"saddle\"", "kind = \"sgd\"\nlr = 0.1");
        let outcome = outcome(device, &spec, &Default::default());
        assert_eq!(outcome.status, Status::Completed);
        assert_eq!(outcome.stop_reason, Some(StopReason::LeftDomain));
        let path = path(&outcome);
        let (step, end) = *path.last().unwrap();
        // y grows by a fifth a step from 0.001 and leaves at 1.5: ln 1500 / ln 1.2 = 40.1.
        assert_eq!((step, outcome.steps, outcome.epochs_completed), (41, 41, 2));
        assert!(Function::Saddle.left(end) && !Function::Saddle.left(path[path.len() - 2].1));
        assert!(last_loss(&outcome) < 0.0);
        assert!(outcome.weights_digest.is_some());
    }
}

#[test]
fn what_is_thrown_uphill_or_off_a_valley_diverges() {
    for device in DEVICES {
        let runs = [
            // Both coordinates jump across the middle and farther out; while the uphill one is
            // ahead, the saddle has not been left.
            descent("function = \"saddle\"", "kind = \"sgd\"\nlr = 10.0"),
            descent("function = \"rosenbrock\"", "kind = \"sgd\"\nlr = 1.0"),
        ];
        for outcome in outcomes(device, &runs) {
            assert_eq!((outcome.status, outcome.stop_reason), (Status::Diverged, None));
            let finite = |(_, p): &(u64, [f64; 2])| p.iter().all(|v| v.is_finite());
            assert!(path(&outcome).len() > 1 && path(&outcome).iter().all(finite));
        }
    }
}

#[test]
fn a_killed_descent_goes_on_with_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let mut spec = descent(
        "function = \"rosenbrock\"\nnoise = 0.1\nstart_jitter = 0.2",
        "kind = \"adam\"\nlr = 0.05",
    );
    spec.train.epochs = 60;
    for device in DEVICES {
        let options = checkpoint(&folder.path().join(device.replace(':', "-")));
        let whole = outcome(device, &spec, &Default::default());
        kill_after(device, &spec, &options, 2);
        let resumed = outcome(device, &spec, &options);
        assert!(resumed.resumed_from.is_some());
        assert_same(&whole, &resumed, device);
        assert!((200..=302).contains(&path(&whole).len()));
    }
}
