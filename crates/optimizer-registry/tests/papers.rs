//! Tests that optimizers that `torch.optim` lacks follow 100 steps of their reference
//! implementation, that L-BFGS follows torch's in float64 (see `xtask/python/golden_papers.py`),
//! and that every hyper-parameter matters in some case.
//!
//! Error of a case: the largest of ||p - r|| / ||r|| (Euclidean norms) over every recorded step and
//! every parameter tensor, where r is the reference's value and p is ours. For schedule-free, both
//! the trained and the evaluated weights count.

mod support;

use std::collections::BTreeMap;

use burn::module::{Module, Param};
use burn::optim::GradientsParams;
use burn::tensor::activation::log_softmax;
use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use optimizer_registry::Optimizer;
use spec::OptimizerSpec;
use spec::parameters::ParameterTable;
use spec::params::{ParamType, Range, Value};
use spec::update::UpdateSpec;
use support::{Case, Net, Problem, Tensors, Trainer, build, golden, kinds_in};

/// Returns the largest error that passes, for the rounding of float32 tensors.
fn tolerance(kind: &str) -> f64 {
    match kind {
        // In float64; what remains is the rounding of the comparison in float32.
        "lbfgs" => 1e-6,
        _ => 1e-5,
    }
}

/// Trained and evaluated weights after each step that a case records.
type Replay = [BTreeMap<u64, Tensors>; 2];

fn replay(problem: &Problem, case: &Case, spec: &OptimizerSpec) -> Replay {
    let device = Device::flex().autodiff();
    let last = *case.after.keys().last().expect("a case records steps");
    let mut seen = Replay::default();
    if spec.wants_full_batches() {
        let mut net = Wide::new(problem, &device);
        let mut optimizer =
            Optimizer::new(spec, &UpdateSpec::default(), &[], &ParameterTable::default(), &net);
        for step in 1..=last {
            let look = |net: &Wide| net.look(problem, case.loss_scale);
            let (_, gradients) = look(&net);
            net = optimizer.step(spec.lr(), net, gradients, &mut |net| look(net));
            if case.after.contains_key(&step) {
                seen[0].insert(step, net.values());
            }
        }
        return seen;
    }
    let trainer = Trainer::new(problem, case.loss_scale, &device);
    let mut net = Net::new(problem, &device);
    let mut optimizer = build(spec, &net);
    for step in 1..=last {
        net = trainer.step(net, &mut optimizer, spec.lr());
        if case.after.contains_key(&step) {
            seen[0].insert(step, net.values());
        }
        if case.evaluated.contains_key(&step) {
            seen[1].insert(step, optimizer.evaluated(&net).values());
        }
    }
    seen
}

/// The net of the golden problem in float64.
#[derive(Module, Debug)]
struct Wide {
    w1: Param<Tensor<2>>,
    b1: Param<Tensor<1>>,
    w2: Param<Tensor<2>>,
    b2: Param<Tensor<1>>,
}

fn wide<const D: usize>(values: &[f64], shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values.to_vec(), shape), (device, DType::F64))
}

/// Returns the decimals as in the file: every input has three.
fn decimals(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&v| (f64::from(v) * 1e3).round() / 1e3).collect()
}

impl Wide {
    fn new(problem: &Problem, device: &Device) -> Self {
        let values = |name: &str| decimals(&problem.initial[name]);
        let [rows, hidden] = problem.shapes["w1"][..] else { panic!("w1 is a matrix") };
        let classes = problem.shapes["b2"][0];
        Wide {
            w1: Param::from_tensor(wide(&values("w1"), [rows, hidden], device)),
            b1: Param::from_tensor(wide(&values("b1"), [hidden], device)),
            w2: Param::from_tensor(wide(&values("w2"), [hidden, classes], device)),
            b2: Param::from_tensor(wide(&values("b2"), [classes], device)),
        }
    }

    fn look(&self, problem: &Problem, loss_scale: f32) -> (f64, GradientsParams) {
        let (samples, features) = (problem.targets.len(), problem.shapes["w1"][0]);
        let device = self.w1.val().device();
        let inputs = wide(&decimals(&problem.inputs), [samples, features], &device);
        let targets = TensorData::new(problem.targets.clone(), [samples, 1]);
        let targets = Tensor::<2, Int>::from_data(targets, &device);
        let hidden = (inputs.matmul(self.w1.val()) + self.b1.val().unsqueeze()).tanh();
        let logits = hidden.matmul(self.w2.val()) + self.b2.val().unsqueeze();
        let loss = log_softmax(logits, 1).gather(1, targets).mean().neg() * loss_scale;
        let value = loss.clone().into_scalar::<f64>();
        (value, GradientsParams::from_grads(loss.backward(), self))
    }

    fn values(&self) -> Tensors {
        fn read<const D: usize>(tensor: &Param<Tensor<D>>) -> Vec<f32> {
            let values = tensor.val().into_data().try_into_vec::<f64>().expect("64-bit floats");
            values.into_iter().map(|v| v as f32).collect()
        }
        BTreeMap::from([
            ("w1".to_owned(), read(&self.w1)),
            ("b1".to_owned(), read(&self.b1)),
            ("w2".to_owned(), read(&self.w2)),
            ("b2".to_owned(), read(&self.b2)),
        ])
    }
}

/// Returns ||ours - theirs|| / ||theirs||; NaN counts as infinite.
fn relative(ours: &[f32], theirs: &[f32]) -> f64 {
    assert_eq!(ours.len(), theirs.len());
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
    let difference = norm(&mut ours.iter().zip(theirs).map(|(&a, &b)| f64::from(a) - f64::from(b)));
    let error = difference / norm(&mut theirs.iter().map(|&b| f64::from(b)));
    if error.is_nan() { f64::INFINITY } else { error }
}

/// Returns the error of a case when it is run under `spec`.
fn error(problem: &Problem, case: &Case, spec: &OptimizerSpec) -> f64 {
    let ours = replay(problem, case, spec);
    let mut worst = 0.0_f64;
    for (ours, theirs) in ours.iter().zip([&case.after, &case.evaluated]) {
        assert!(ours.keys().eq(theirs.keys()));
        for (step, tensors) in theirs {
            assert!(ours[step].keys().eq(tensors.keys()));
            for (name, values) in tensors {
                worst = worst.max(relative(&ours[step][name], values));
            }
        }
    }
    worst
}

#[test]
fn each_follows_its_reference() {
    let mut missed = Vec::new();
    for kind in kinds_in("golden-papers") {
        let golden = golden(kind);
        assert_eq!(golden.made_by.script, "xtask/python/golden_papers.py");
        assert!(golden.cases.len() >= 4, "{kind}");
        for (name, case) in &golden.cases {
            assert_eq!(case.spec.kind(), kind);
            let last = *case.after.keys().last().expect("steps");
            assert_eq!(last, if kind == "lbfgs" { 8 } else { 100 });
            assert_eq!(case.spec.averages(), case.evaluated.keys().eq(case.after.keys()));
            let error = error(golden.problem(case), case, &case.spec);
            println!("{kind} {name}: {error:.1e}");
            if error > tolerance(kind) {
                missed.push(format!("{kind} {name}: {error:e}"));
            }
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

/// Returns another valid value of the same parameter, far from the given one.
fn other(value: &Value, range: Range, ty: ParamType) -> Value {
    match (value, ty) {
        (Value::Bool(b), _) => Value::Bool(!b),
        (Value::Text(text), ty) if ty.choices().is_some() => {
            let names = ty.choices().unwrap_or_default();
            let name = names.iter().find(|name| *name != text).expect("two names");
            Value::Text((*name).to_owned())
        }
        (Value::Int(i), _) => Value::Int(2 * i + 2),
        (Value::Float(0.0), _) if range == Range::BelowOne => Value::Float(0.5),
        (Value::Float(0.0), _) => Value::Float(0.1),
        (Value::Float(x), _) => Value::Float(x / 3.0),
        other => panic!("{other:?}"),
    }
}

/// Checks that every hyper-parameter has a case that another value would fail.
#[test]
fn each_hyper_parameter_would_be_missed() {
    let mut blind = Vec::new();
    for kind in kinds_in("golden-papers") {
        let golden = golden(kind);
        for param in OptimizerSpec::descriptor(kind).expect("a kind").params {
            let worst = golden.cases.iter().map(|(name, case)| {
                let mut values = case.spec.to_values();
                let value = other(&values[param.name], param.range, param.ty);
                values.insert(param.name.to_owned(), value);
                let spec = OptimizerSpec::from_values(kind, &values).expect("the same types");
                (error(golden.problem(case), case, &spec), name)
            });
            let (error, name) = worst.max_by(|a, b| a.0.total_cmp(&b.0)).expect("cases");
            println!("{kind}.{}: {error:.1e} in `{name}`", param.name);
            if error < 100.0 * tolerance(kind) {
                blind.push(format!("{kind}.{}: at most {error:e}", param.name));
            }
        }
    }
    assert!(blind.is_empty(), "{blind:#?}");
}

#[test]
fn looking_at_the_average_changes_neither_training_nor_checkpoints() {
    let device = Device::flex().autodiff();
    for kind in ["schedulefree-sgd", "schedulefree-adamw"] {
        let golden = golden(kind);
        let trainer = Trainer::new(&golden.problem, 1.0, &device);
        let spec = &golden.cases["warmup"].spec;
        let run = |looks: bool| {
            let mut net = Net::new(&golden.problem, &device);
            let mut optimizer = build(spec, &net);
            let untrained = optimizer.evaluated(&net).values();
            assert_eq!(untrained, net.values(), "before the first step");
            for _ in 0..20 {
                net = trainer.step(net, &mut optimizer, spec.lr());
                if looks {
                    let before = optimizer.to_bytes().expect("state");
                    let average = optimizer.evaluated(&net);
                    assert_eq!(average.values(), optimizer.evaluated(&net).values());
                    assert_eq!(before, optimizer.to_bytes().expect("state"));
                }
            }
            (net.values(), optimizer.evaluated(&net).values())
        };
        let (trained, average) = run(false);
        assert_eq!((trained.clone(), average.clone()), run(true), "{kind}");
        assert_ne!(trained, average, "{kind}");
    }
}

#[test]
fn lbfgs_stands_still_at_a_minimum_and_asks_before_it_steps() {
    let golden = golden("lbfgs");
    let device = Device::flex().autodiff();
    let spec = &golden.cases["plain"].spec;
    let net = Wide::new(&golden.problem, &device);
    let before = net.values();
    let mut optimizer =
        Optimizer::new(spec, &UpdateSpec::default(), &[], &ParameterTable::default(), &net);
    let mut asked = 0;
    let net = optimizer.step(1.0, net, GradientsParams::new(), &mut |net: &Wide| {
        asked += 1;
        net.look(&golden.problem, 0.0)
    });
    assert_eq!((net.values(), asked), (before.clone(), 1));
    // No parameter has a gradient: nothing to do.
    let net = optimizer
        .step(1.0, net, GradientsParams::new(), &mut |_: &Wide| (1.0, GradientsParams::new()));
    assert_eq!(net.values(), before);
}
