//! Every optimizer follows 50 steps of the real `torch.optim`, and would not if
//! one of Burn's own defaults had slipped in.
//!
//! Error of a case: the largest of ||p - r|| / ||r|| (Euclidean norms) over
//! every recorded step and every parameter tensor, where r is PyTorch's value
//! and p is ours. Rounding of float32 tensors alone gives some 1e-7; Adam's bias
//! corrections, which Burn computes in float32, give up to 8e-6.

mod support;

use spec::OptimizerSpec;
use spec::params::ParamDefault;
use support::{Case, Problem, Tensors, golden, replay};

/// Largest error that passes.
const TOLERANCE: f64 = 1e-5;

/// ||ours - theirs|| / ||theirs||.
fn relative(ours: &[f32], theirs: &[f32]) -> f64 {
    assert_eq!(ours.len(), theirs.len());
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
    let difference = norm(&mut ours.iter().zip(theirs).map(|(&a, &b)| f64::from(a) - f64::from(b)));
    difference / norm(&mut theirs.iter().map(|&b| f64::from(b)))
}

/// The error of a case when it is run under `spec`. Not a number counts as infinite.
fn error(problem: &Problem, case: &Case, spec: &OptimizerSpec) -> f64 {
    let ours = replay(problem, case, spec);
    let worst = |ours: &Tensors, theirs: &Tensors| {
        assert!(ours.keys().eq(theirs.keys()));
        let one = |name: &String| relative(&ours[name], &theirs[name]);
        theirs
            .keys()
            .map(one)
            .fold(0.0, |a: f64, b| if b.is_nan() { f64::INFINITY } else { a.max(b) })
    };
    case.after.iter().map(|(step, theirs)| worst(&ours[step], theirs)).fold(0.0, f64::max)
}

fn follows_torch(kind: &str, cases: usize) {
    let golden = golden(kind);
    assert_eq!(golden.made_by.script, "xtask/python/golden.py");
    assert!(golden.made_by.torch.starts_with("2.9.0"), "{}", golden.made_by.torch);
    assert_eq!(golden.cases.len(), cases);
    for (name, case) in &golden.cases {
        assert_eq!(case.spec.kind(), kind);
        assert_eq!(case.after.keys().copied().collect::<Vec<_>>(), [1, 2, 5, 10, 25, 50]);
        let error = error(&golden.problem, case, &case.spec);
        println!("{kind} {name}: {error:.1e}");
        assert!(error <= TOLERANCE, "{kind} {name}: {error:e}");
    }
}

#[test]
fn sgd_follows_torch() {
    follows_torch("sgd", 6);
}

#[test]
fn rmsprop_follows_torch() {
    follows_torch("rmsprop", 8);
}

#[test]
fn adam_follows_torch() {
    follows_torch("adam", 6);
}

#[test]
fn adamw_follows_torch() {
    follows_torch("adamw", 6);
}

/// Runs case `name` with its spec altered: the error must leave the tolerance far behind.
fn is_caught(kind: &str, name: &str, alter: impl FnOnce(&mut OptimizerSpec)) {
    let golden = golden(kind);
    let case = &golden.cases[name];
    let mut spec = case.spec.clone();
    alter(&mut spec);
    assert_ne!(spec, case.spec, "{kind} {name}: nothing was altered");
    let error = error(&golden.problem, case, &spec);
    println!("{kind} {name} altered to {spec:?}: {error:.1e}");
    assert!(error > 5.0 * TOLERANCE, "{kind} {name}: {spec:?} would pass with {error:e}");
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

#[test]
fn each_hyper_parameter_would_be_missed() {
    is_caught("sgd", "nesterov", with!(Sgd, nesterov = false));
    is_caught("sgd", "weight-decay", with!(Sgd, weight_decay = 0.0));
    is_caught("sgd", "dampening", with!(Sgd, dampening = 0.0));
    is_caught("rmsprop", "alpha", with!(RmsProp, alpha = 0.99));
    is_caught("rmsprop", "centered", with!(RmsProp, centered = false));
    is_caught("rmsprop", "weight-decay", with!(RmsProp, weight_decay = 0.0));
    is_caught("rmsprop", "small-gradients", with!(RmsProp, eps = 1e-7));
    is_caught("adam", "betas", with!(Adam, beta1 = 0.9));
    is_caught("adam", "betas", with!(Adam, beta2 = 0.999));
    is_caught("adam", "weight-decay", with!(Adam, weight_decay = 0.0));
    is_caught("adam", "amsgrad", with!(Adam, amsgrad = false));
    is_caught("adam", "small-gradients", with!(Adam, eps = 1e-7));
    is_caught("adamw", "amsgrad", with!(AdamW, amsgrad = false));
    is_caught("adamw", "weight-decay", with!(AdamW, weight_decay = 1e-2));
}

#[test]
fn defaults_are_torchs_own() {
    for kind in OptimizerSpec::KINDS {
        let torch = golden(kind.name).defaults.to_values();
        let ours = kind.params.iter().map(|param| match param.default {
            ParamDefault::Value(value) => (param.name.to_owned(), value()),
            other => panic!("{}.{}: {other:?}", kind.name, param.name),
        });
        assert_eq!(ours.collect::<spec::params::Values>(), torch, "{}", kind.name);
    }
}
