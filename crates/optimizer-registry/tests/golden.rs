//! Tests that every optimizer follows 100 steps of the real `torch.optim`, and would not if one of
//! its hyper-parameters were lost or one of Burn's own defaults were used.
//!
//! Error of a case: the largest of ||p - r|| / ||r|| (Euclidean norms) over
//! every recorded step and every parameter tensor, where r is PyTorch's value
//! and p is ours.

mod support;

use spec::OptimizerSpec;
use spec::params::{ParamDefault, Values};
use support::{Case, Golden, Tensors, golden, kinds_in, played};

/// Returns the largest error that passes: 1e-5, for the rounding of float32 tensors, unless a
/// reason for another is given here.
fn tolerance(kind: &str) -> f64 {
    match kind {
        // Burn computes 1 - beta^t in float32, where it cancels: 1.1e-5 and 1.6e-5 after 100 steps.
        "adam" | "adamw" => 2e-5,
        // A softmax gradient lacks a direction, and Newton-Schulz multiplies what rounding
        // leaves there by ns_a^5 = 485: PyTorch's own float32 ends 6e-6 from its float64.
        "muon" => 2e-5,
        _ => 1e-5,
    }
}

/// Returns ||ours - theirs|| / ||theirs||.
fn relative(ours: &[f32], theirs: &[f32]) -> f64 {
    assert_eq!(ours.len(), theirs.len());
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
    let difference = norm(&mut ours.iter().zip(theirs).map(|(&a, &b)| f64::from(a) - f64::from(b)));
    difference / norm(&mut theirs.iter().map(|&b| f64::from(b)))
}

/// Returns the larger error of two sets of tensors. NaN counts as infinite.
fn worst(ours: &Tensors, theirs: &Tensors) -> f64 {
    assert!(ours.keys().eq(theirs.keys()));
    let errors = theirs.keys().map(|name| relative(&ours[name], &theirs[name]));
    errors.fold(0.0, |a: f64, b| if b.is_nan() { f64::INFINITY } else { a.max(b) })
}

/// Returns the error of a case when it is run under `spec`.
fn error(golden: &Golden, case: &Case, spec: &OptimizerSpec) -> f64 {
    let (ours, state) = played(golden.problem(case), case, spec);
    let steps = case.after.iter().map(|(step, theirs)| worst(&ours[step], theirs));
    let averages = case.averages.iter().map(|theirs| worst(&state.tensors("tensor0"), theirs));
    steps.chain(averages).fold(0.0, f64::max)
}

/// Returns the cases of a kind that fail.
fn follow_torch(kind: &str) -> Vec<String> {
    let golden = golden(kind);
    assert_eq!(golden.made_by.script, "xtask/python/golden.py");
    assert!(golden.made_by.torch.starts_with("2.9.0"), "{}", golden.made_by.torch);
    assert!(golden.cases.len() >= 4, "{kind}");
    let mut lost = Vec::new();
    for (name, case) in &golden.cases {
        assert_eq!(case.spec.kind(), kind);
        assert_eq!(case.after.keys().copied().collect::<Vec<_>>(), [1, 2, 5, 10, 25, 50, 100]);
        let error = error(&golden, case, &case.spec);
        println!("{kind} {name}: {error:.1e}");
        if error > tolerance(kind) {
            lost.push(format!("{kind} {name}: {error:e}"));
        }
    }
    lost
}

#[test]
fn every_optimizer_of_torch_is_followed() {
    let kinds = kinds_in("golden");
    assert!(kinds.len() >= 13, "{kinds:?}");
    let lost: Vec<String> = kinds.into_iter().flat_map(follow_torch).collect();
    assert!(lost.is_empty(), "{lost:#?}");
}

/// Runs case `name` with its spec altered and checks that the error far exceeds the tolerance.
fn is_caught(kind: &str, name: &str, alter: impl FnOnce(&mut OptimizerSpec)) {
    let golden = golden(kind);
    let case = &golden.cases[name];
    let mut spec = case.spec.clone();
    alter(&mut spec);
    assert_ne!(spec, case.spec, "{kind} {name}: nothing was altered");
    let error = error(&golden, case, &spec);
    println!("{kind} {name} altered to {spec:?}: {error:.1e}");
    assert!(error > 5.0 * tolerance(kind), "{kind} {name}: {spec:?} would pass with {error:e}");
}

macro_rules! with {
    ($variant:ident, $field:ident = $value:expr) => {
        |spec: &mut OptimizerSpec| match spec {
            OptimizerSpec::$variant(p) => p.$field = $value,
            other => panic!("{other:?}"),
        }
    };
}

#[test]
fn burns_defaults_would_be_caught() {
    is_caught("sgd", "plain", with!(Sgd, momentum = 0.9));
    is_caught("sgd", "momentum", with!(Sgd, dampening = 0.1));
    is_caught("rmsprop", "plain", with!(RmsProp, momentum = 0.9));
    is_caught("rmsprop", "plain", with!(RmsProp, eps = 1e-5));
    is_caught("adam", "plain", with!(Adam, eps = 1e-5));
    is_caught("adamw", "plain", with!(AdamW, eps = 1e-5));
    is_caught("adamw", "plain", with!(AdamW, weight_decay = 1e-4));
}

/// Checks that, for every hyper-parameter, some case uses another value than its default and would
/// fail with the default.
#[test]
fn each_hyper_parameter_would_be_missed() {
    let mut missed = Vec::new();
    for kind in OptimizerSpec::KINDS {
        let golden = golden(kind.name);
        for param in kind.params {
            let ParamDefault::Value(default) = param.default else { continue };
            let mut largest: Option<(f64, &str)> = None;
            for (name, case) in &golden.cases {
                let mut values: Values = case.spec.to_values();
                if values.insert(param.name.to_owned(), default()) == Some(default()) {
                    continue;
                }
                let spec = OptimizerSpec::from_values(kind.name, &values).expect("its own values");
                let error = error(&golden, case, &spec);
                if largest.is_none_or(|(most, _)| error > most) {
                    largest = Some((error, name));
                }
            }
            println!("{}.{} at its default: {largest:?}", kind.name, param.name);
            if largest.is_none_or(|(error, _)| error <= 5.0 * tolerance(kind.name)) {
                missed.push(format!("{}.{}: {largest:?}", kind.name, param.name));
            }
        }
    }
    assert!(missed.is_empty(), "no case would show: {missed:#?}");
}

#[test]
fn defaults_are_torchs_own() {
    for kind in OptimizerSpec::KINDS {
        let torch = golden(kind.name).defaults.to_values();
        let ours = kind.params.iter().map(|param| match param.default {
            ParamDefault::Value(value) => (param.name.to_owned(), value()),
            other => panic!("{}.{}: {other:?}", kind.name, param.name),
        });
        assert_eq!(ours.collect::<Values>(), torch, "{}", kind.name);
    }
}
