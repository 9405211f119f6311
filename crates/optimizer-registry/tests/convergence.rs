//! Tests the convergence of all optimizers by one table: on an ill-conditioned quadratic,
//! Rosenbrock's valley and a logistic regression. Each kind ends below its bound at a stated rate
//! after a stated number of steps, by the weights that it evaluates. A kind without a row must meet
//! the bounds of [`ANY`] at the best of its rates.

use std::fmt::Write as _;

use burn::module::{Module, Param};
use burn::optim::GradientsParams;
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Int, Tensor, TensorData};
use optimizer_registry::Optimizer;
use spec::OptimizerSpec;
use spec::parameters::ParameterTable;
use spec::params::{ParamDefault, Value, Values};
use spec::update::UpdateSpec;

/// Rate and largest final loss on the quadratic, on Rosenbrock's valley and in
/// the logistic regression, after as many steps each. Other values are defaults.
struct Row {
    kind: &'static str,
    set: &'static [(&'static str, f64)],
    steps: u64,
    cells: [(f64, f64); 3],
}

const fn row(
    kind: &'static str,
    set: &'static [(&'static str, f64)],
    steps: u64,
    cells: [(f64, f64); 3],
) -> Row {
    Row { kind, set, steps, cells }
}

const MOMENTUM: &[(&str, f64)] = &[("momentum", 0.9)];

/// The losses start at 140, 24.2 and 1.10; their minima are 0, 0 and 0.13.
const TABLE: [Row; 18] = [
    row("sgd", MOMENTUM, 500, [(0.01, 1e-06), (0.003, 0.0001), (1.0, 0.2)]),
    row("rmsprop", &[], 500, [(0.03, 1e-06), (0.03, 0.5), (0.01, 0.2)]),
    row("adam", &[], 500, [(0.1, 1e-06), (0.3, 0.01), (0.1, 0.2)]),
    row("adamw", &[], 500, [(0.1, 1e-06), (0.3, 0.1), (0.1, 0.2)]),
    row("adagrad", &[], 500, [(1.0, 1e-06), (1.0, 1.0), (1.0, 0.2)]),
    row("adadelta", &[], 500, [(1.0, 10.0), (1.0, 1.0), (1.0, 0.2)]),
    row("adamax", &[], 500, [(0.1, 1e-06), (1.0, 0.1), (0.1, 0.2)]),
    row("nadam", &[], 500, [(0.1, 1e-06), (0.1, 0.5), (0.1, 0.2)]),
    row("radam", &[], 500, [(0.03, 1e-06), (0.003, 5.0), (0.03, 0.2)]),
    row("rprop", &[], 500, [(0.01, 1e-06), (0.01, 0.1), (0.01, 0.2)]),
    row("asgd", &[], 500, [(0.01, 0.001), (0.003, 0.5), (1.0, 0.2)]),
    row("muon", &[("aux_lr", 0.1)], 500, [(0.03, 0.05), (0.03, 0.2), (0.03, 0.2)]),
    row("adafactor", &[], 500, [(0.3, 0.001), (0.3, 2.0), (0.1, 0.2)]),
    row("lion", &[], 500, [(0.1, 0.001), (0.01, 0.2), (0.01, 0.2)]),
    row("lamb", &[], 500, [(0.1, 1e-06), (0.1, 1.0), (0.03, 0.2)]),
    row("schedulefree-sgd", &[], 500, [(0.1, 1e-05), (0.003, 2.0), (1.0, 0.2)]),
    row("schedulefree-adamw", &[], 500, [(0.3, 1e-06), (0.3, 0.1), (0.1, 0.2)]),
    row("lbfgs", &[], 20, [(1.0, 1e-06), (1.0, 1e-06), (1.0, 0.2)]),
];

/// Rates to try for a kind without a row, and the largest final losses.
const ANY: ([f64; 8], [f64; 3]) = ([1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 3.0], [10.0, 5.0, 0.2]);

#[derive(Clone, Copy)]
enum Problem {
    Quadratic,
    Rosenbrock,
    Logistic,
}

const PROBLEMS: [Problem; 3] = [Problem::Quadratic, Problem::Rosenbrock, Problem::Logistic];

/// A matrix and a vector; Rosenbrock's valley leaves out the matrix.
#[derive(Module, Debug)]
struct Weights {
    w: Param<Tensor<2>>,
    b: Param<Tensor<1>>,
}

fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// Returns numbers without a pattern.
fn wave(n: usize, frequency: f32, amplitude: f32) -> Vec<f32> {
    (0..n).map(|i| amplitude * (frequency * i as f32 + 0.2).sin()).collect()
}

impl Problem {
    fn start(self, device: &Device) -> Weights {
        let (w, shape, b) = match self {
            Problem::Quadratic => (vec![1.0, -2.0, 1.0, -1.0], [2, 2], vec![3.0, -1.0]),
            Problem::Rosenbrock => (vec![1.0], [1, 1], vec![-1.2, 1.0]),
            Problem::Logistic => (wave(12, 1.7, 0.01), [4, 3], vec![0.01, -0.01, 0.01]),
        };
        let count = b.len();
        Weights {
            w: Param::from_tensor(tensor(w, shape, device)),
            b: Param::from_tensor(tensor(b, [count], device)),
        }
    }

    fn loss(self, weights: &Weights) -> Tensor<1> {
        let (w, b) = (weights.w.val(), weights.b.val());
        let device = w.device();
        match self {
            // Curvatures from 1 to 100 along the axes.
            Problem::Quadratic => {
                let by_w = tensor(vec![1.0, 5.0, 20.0, 100.0], [2, 2], &device);
                let by_b = tensor(vec![10.0, 50.0], [2], &device);
                ((w.clone() * w * by_w).sum() + (b.clone() * b * by_b).sum()) * 0.5
            }
            Problem::Rosenbrock => {
                let (x, y) = (b.clone().slice(0..1), b.slice(1..2));
                let off = y - x.clone() * x.clone();
                let far = -x + 1.0;
                far.clone() * far + off.clone() * off * 100.0
            }
            Problem::Logistic => {
                // Class c leans toward feature c, and the classes overlap.
                let lean = |i: usize| if i % 4 == (i / 4) % 3 { 1.0 } else { 0.0 };
                let inputs = wave(48, 3.7, 1.0).into_iter().enumerate().map(|(i, x)| x + lean(i));
                let inputs = tensor(inputs.collect(), [12, 4], &device);
                let targets: Vec<i64> = (0..12).map(|i| i % 3).collect();
                let targets =
                    Tensor::<2, Int>::from_data(TensorData::new(targets, [12, 1]), &device);
                let logits = inputs.matmul(w.clone()) + b.clone().unsqueeze();
                // A small penalty, or the weights would grow without bound.
                log_softmax(logits, 1).gather(1, targets).mean().neg()
                    + (w.clone() * w).sum() * 0.01
            }
        }
    }
}

fn spec(row: &Row, lr: f64) -> OptimizerSpec {
    let params = OptimizerSpec::descriptor(row.kind).expect("a kind").params;
    let mut values: Values = params
        .iter()
        .map(|param| match param.default {
            ParamDefault::Value(value) => (param.name.to_owned(), value()),
            other => panic!("{}.{}: {other:?}", row.kind, param.name),
        })
        .collect();
    for &(name, value) in row.set.iter().chain(&[("lr", lr)]) {
        assert!(values.insert(name.to_owned(), Value::Float(value)).is_some(), "{name}");
    }
    let spec = OptimizerSpec::from_values(row.kind, &values).expect("values of the right types");
    spec.check().expect("values that go together");
    spec
}

fn trained(problem: Problem, row: &Row, lr: f64, device: &Device) -> f64 {
    let spec = spec(row, lr);
    let mut weights = problem.start(device);
    let mut optimizer =
        Optimizer::new(&spec, &UpdateSpec::default(), &[], &ParameterTable::default(), &weights);
    for _ in 0..row.steps {
        let gradients = GradientsParams::from_grads(problem.loss(&weights).backward(), &weights);
        weights = optimizer.step(lr, weights, gradients, &mut |weights| {
            let loss = problem.loss(weights);
            let value = f64::from(loss.clone().into_scalar::<f32>());
            (value, GradientsParams::from_grads(loss.backward(), weights))
        });
    }
    f64::from(problem.loss(&optimizer.evaluated(&weights)).into_scalar::<f32>())
}

/// Rounds to one digit; what is below 1e-6 is rounding.
fn shown(loss: f64) -> String {
    if loss < 1e-6 { "0".to_owned() } else { format!("{loss:.0e}") }
}

#[test]
fn every_optimizer_converges() {
    let device = Device::flex().autodiff();
    let mut table =
        "optimizer           steps  quadratic      rosenbrock     logistic\n".to_owned();
    let mut far = Vec::new();
    for kind in OptimizerSpec::KINDS.iter().map(|kind| kind.name) {
        let known = TABLE.iter().find(|row| row.kind == kind);
        let any = row(kind, &[], 500, ANY.1.map(|bound| (f64::NAN, bound)));
        let row = known.unwrap_or(&any);
        write!(table, "{:<18} {:>6}", row.kind, row.steps).expect("a string");
        for (problem, (lr, bound)) in PROBLEMS.into_iter().zip(row.cells) {
            let rates = if known.is_some() { vec![lr] } else { ANY.0.to_vec() };
            let tried = rates.into_iter().map(|lr| (trained(problem, row, lr, &device), lr));
            // A total order puts NaN last: it is no success.
            let (loss, lr) = tried.min_by(|a, b| a.0.total_cmp(&b.0)).expect("rates");
            let cell = format!("{} at {lr}", shown(loss));
            write!(table, "  {cell:<13}").expect("a string");
            if loss.is_nan() || loss > bound {
                far.push(format!("{}: {loss:e}, not below {bound:e}", row.kind));
            }
        }
        table.push('\n');
    }
    println!("{table}");
    assert!(far.is_empty(), "{far:#?}");
}
