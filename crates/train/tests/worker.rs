//! Tests of the built worker over its pipe, on the digits and flex (on libtorch, too, if it is
//! compiled in).

mod support;

use std::io::Write;
use std::process::{Command, Stdio};

use spec::event::{Event, FailureKind, PROTOCOL, Probe, Request};
use spec::record::{Outcome, Split, Status};
use support::{DEVICE, DEVICES, data, mlp, outcomes, request, run_spec, values, worker};

#[test]
fn the_same_run_twice_is_bit_identical() {
    for device in DEVICES {
        let (adam, sgd) = (mlp("kind = \"adam\"\nlr = 0.01"), mlp("kind = \"sgd\"\nlr = 0.1"));
        // In one process and in another, after another run and before it.
        let first = outcomes(device, &[adam.clone(), sgd.clone(), adam.clone()]);
        let second = outcomes(device, &[sgd, adam]);
        assert_eq!(first.len(), 3);
        assert!(first[0].weights_digest.is_some());
        assert_eq!(first[0].weights_digest, first[2].weights_digest, "{device}");
        assert_eq!(first[0].weights_digest, second[1].weights_digest, "{device}");
        assert_eq!(first[1].weights_digest, second[0].weights_digest, "{device}");
        assert_ne!(first[0].weights_digest, first[1].weights_digest, "{device}");
        assert_eq!(first[0].init_digest, first[1].init_digest);
        assert_eq!(first[0].batch_digest, first[1].batch_digest);
    }
}

#[test]
fn backends_start_from_the_same_weights_and_agree_on_the_loss() {
    let spec = mlp("kind = \"adam\"\nlr = 0.01");
    let all: Vec<Outcome> =
        DEVICES.iter().flat_map(|d| outcomes(d, std::slice::from_ref(&spec))).collect();
    let loss = |o: &Outcome| {
        o.metrics
            .iter()
            .rev()
            .find(|m| m.metric == "loss" && m.split == Split::Train)
            .unwrap()
            .value
            .0
    };
    for other in &all[1..] {
        assert_eq!(other.init_digest, all[0].init_digest);
        assert!(
            (loss(other) / loss(&all[0]) - 1.0).abs() < 1e-3,
            "{} {}",
            loss(other),
            loss(&all[0])
        );
    }
}

#[test]
fn metrics_are_what_their_names_say() {
    for device in DEVICES {
        let outcome = &outcomes(
            device,
            &[run_spec(
                "kind = \"linear\"",
                "kind = \"sgd\"\nlr = 0.5\nschedule = { kind = \"cosine\" }",
                "",
            )],
        )[0];
        assert_eq!(
            (outcome.status, outcome.epochs_completed, outcome.steps),
            (Status::Completed, 3, 36)
        );
        let all = |split, name: &str| values(outcome, split, name);
        let losses = all(Split::Train, "loss");
        assert_eq!(losses.iter().map(|l| l.0).collect::<Vec<_>>(), [1, 2, 3]);
        assert!(losses[2].1 < losses[0].1);
        for (split, name) in [
            (Split::Validation, "loss"),
            (Split::Validation, "accuracy"),
            (Split::Test, "loss"),
            (Split::Test, "accuracy"),
        ] {
            assert_eq!(
                all(split, name).iter().map(|l| l.0).collect::<Vec<_>>(),
                [0, 1, 2, 3],
                "{split} {name}"
            );
        }
        let accuracy = all(Split::Test, "accuracy");
        assert!(accuracy[0].1 < 0.3 && (0.7..=1.0).contains(&accuracy[3].1), "{accuracy:?}");
        // 12 batches of 100 per epoch: every window is one batch, so their mean is the epoch's.
        let windows: Vec<f64> =
            all(Split::Train, "window_loss").iter().filter(|w| w.0 == 2).map(|w| w.1).collect();
        assert_eq!(windows.len(), 12);
        assert!((windows.iter().sum::<f64>() / 12.0 - losses[1].1).abs() < 1e-12);
        let lr = all(Split::Train, "lr");
        let expected = [0.5, 0.375, 0.125];
        assert_eq!(lr.len(), 3, "{lr:?}");
        assert!(lr.iter().zip(expected).all(|((_, a), b)| (a - b).abs() < 1e-12), "{lr:?}");
    }
}

#[test]
fn divergence_has_its_exact_step() {
    for device in DEVICES {
        // At lr 1e30 the first update breaks the weights: the loss of step 2 or 3 is not finite.
        let outcome = &outcomes(device, &[mlp("kind = \"sgd\"\nlr = 1e30")])[0];
        assert_eq!(outcome.status, Status::Diverged);
        let step = outcome.diverged_step.unwrap();
        assert!((2..=3).contains(&step), "{step}");
        assert_eq!(outcome.steps, step);
        assert_eq!(
            (outcome.epochs_completed, &outcome.weights_digest, outcome.stop_reason),
            (0, &None, None)
        );
        let losses: Vec<f64> = outcome
            .metrics
            .iter()
            .filter(|m| m.metric == "window_loss")
            .map(|m| m.value.0)
            .collect();
        assert_eq!(losses.len() as u64, step, "no loss is reported after the bad one");
        assert!(!losses.last().unwrap().is_finite());
        assert_eq!(outcome.last_finite_loss.unwrap().0, losses[losses.len() - 2]);
    }
}

#[test]
fn divergence_in_the_last_step_is_divergence() {
    for device in DEVICES {
        // One step, whose own loss is still finite; the weights after it are not.
        let mut spec = mlp("kind = \"sgd\"\nlr = 1e40");
        (spec.data.batch_size, spec.train.epochs) = (1_200, 1);
        let outcome = &outcomes(device, &[spec])[0];
        assert_eq!(outcome.status, Status::Diverged);
        assert_eq!(
            (outcome.diverged_step, outcome.steps, outcome.epochs_completed),
            (Some(1), 1, 0)
        );
        assert!(outcome.last_finite_loss.is_some() && outcome.weights_digest.is_none());
    }
}

#[test]
fn missing_data_fails_the_run_and_not_the_worker() {
    let empty = tempfile::tempdir().unwrap();
    let spec = mlp("kind = \"sgd\"");
    let (output, events) = worker(DEVICE, empty.path(), &(request(&spec) + &request(&spec)));
    assert!(output.status.success());
    let failed: Vec<_> = events
        .iter()
        .filter_map(|e| {
            if let Event::Failed { kind, message, .. } = e { Some((kind, message)) } else { None }
        })
        .collect();
    assert_eq!(failed.len(), 2);
    assert!(*failed[0].0 == FailureKind::Error && failed[0].1.contains("digits.csv"), "{failed:?}");
}

#[test]
fn nonsense_ends_the_worker_with_a_message() {
    let (output, events) = worker(DEVICE, &data(), "what?\n");
    assert_eq!(output.status.code(), Some(2));
    assert!(matches!(events[..], [Event::Ready { protocol: PROTOCOL, .. }]), "{events:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("not of protocol"));
    let (output, events) = worker("gpu", &data(), "");
    assert_eq!((output.status.code(), events.len()), (Some(2), 0));
}

#[test]
fn the_environment_tells_libtorch_from_flex() {
    for device in DEVICES {
        let (_, events) = worker(device, &data(), "");
        let [Event::Ready { environment, .. }] = &events[..] else { panic!("{events:?}") };
        assert_eq!(environment.libtorch_kind.is_some(), *device != "flex", "{environment:?}");
        assert_eq!(environment.driver, None, "a CPU has no driver");
    }
}

#[test]
fn the_probe_lists_what_was_compiled_in() {
    let output = Command::new(env!("CARGO_BIN_EXE_sweep-worker")).arg("--probe").output().unwrap();
    let probe: Probe = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(probe.protocol, PROTOCOL);
    assert_eq!(probe.libtorch_kind.is_some(), cfg!(feature = "libtorch"));
    for device in DEVICES {
        let name = device.split(' ').next().unwrap();
        assert!(probe.devices.iter().any(|d| d == name), "{probe:?}");
    }
}

#[test]
fn an_export_holds_what_the_run_is_fed() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_sweep-worker"))
        .arg("--export")
        .arg(folder.path())
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(request(&mlp("kind = \"sgd\"")).as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    let order = std::fs::read(folder.path().join("order-2.u32")).unwrap();
    let order: Vec<u32> =
        order.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    assert_eq!(order, spec::seed::permutation(0, 2, 1_200));
    let weights = std::fs::metadata(folder.path().join("parameters.f32")).unwrap().len();
    assert_eq!(weights, 4 * (64 * 16 + 16 + 16 * 10 + 10));
}

#[test]
fn a_measurement_counts_samples_and_leaves_no_trace_in_the_next_run() {
    for device in DEVICES {
        let spec = mlp("kind = \"adam\"\nlr = 0.01");
        let Request::Run { run_id, spec: boxed, options } =
            serde_json::from_str(&request(&spec)).unwrap()
        else {
            panic!("a request to train")
        };
        let measure = |seconds| {
            let (spec, options) = (boxed.clone(), options.clone());
            let request = Request::Measure { run_id, spec, options, seconds };
            serde_json::to_string(&request).unwrap() + "\n"
        };
        let input = [request(&spec), measure(0.0), measure(0.05), request(&spec)].concat();
        let (output, events) = worker(device, &data(), &input);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let measured: Vec<(u64, f64)> = events
            .iter()
            .filter_map(|e| match e {
                Event::Measured { run_id: of, samples, seconds } if *of == run_id => {
                    Some((*samples, *seconds))
                }
                _ => None,
            })
            .collect();
        assert_eq!(measured.len(), 2, "{device}: {events:?}");
        // Whole steps of 100, or the whole epoch; the time is at least the requested window.
        let epoch = spec.train_samples();
        for (samples, seconds) in &measured {
            assert!(
                *samples > 0 && (samples % epoch).is_multiple_of(spec.data.batch_size),
                "{samples}"
            );
            assert!(*seconds > 0.0);
        }
        assert!(measured[1].1 >= 0.05);
        let digests: Vec<_> = events
            .iter()
            .filter_map(|e| match e {
                Event::Finished { outcome, .. } => Some(outcome.weights_digest.clone()),
                _ => None,
            })
            .collect();
        assert_eq!((digests.len(), &digests[0]), (2, &digests[1]), "{device}");
    }
}

#[test]
fn a_measurement_without_its_data_is_told_and_the_worker_lives_on() {
    let spec = mlp("kind = \"sgd\"\nlr = 0.1");
    let Request::Run { run_id, spec, options } = serde_json::from_str(&request(&spec)).unwrap()
    else {
        panic!("a request to train")
    };
    let request = Request::Measure { run_id, spec, options, seconds: 0.0 };
    let line = serde_json::to_string(&request).unwrap() + "\n";
    let (output, events) = worker(DEVICE, std::path::Path::new("/nowhere"), &line);
    assert!(output.status.success());
    let Some(Event::Failed { kind: FailureKind::Error, message, .. }) = events.last() else {
        panic!("{events:?}")
    };
    assert!(message.contains("digits"), "{message}");
}
