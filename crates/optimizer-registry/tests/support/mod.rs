//! The fixed problems of the golden files (see `xtask/python/golden.py`) with
//! real Burn autodiff on the flex backend:
//! logits = tanh(x w1 + b1) w2 + b2; mean softmax cross-entropy times `loss_scale`.
//! If the problem has a `k`, the first layer is tanh(conv(x, k) + b1), flattened.

#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::BTreeMap;

use burn::module::{Module, Param};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::optim::GradientsParams;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Int, Tensor, TensorData};
use burn_pack::Reader;
use optimizer_registry::Optimizer;
use optimizer_registry::optimizer::parameters;
use serde::Deserialize;
use spec::OptimizerSpec;
use spec::parameters::ParameterTable;
use spec::update::UpdateSpec;

/// Values of a tensor by parameter name.
pub type Tensors = BTreeMap<String, Vec<f32>>;

/// One golden file of an optimizer.
#[derive(Deserialize)]
pub struct Golden {
    pub made_by: MadeBy,
    pub defaults: OptimizerSpec,
    pub problem: Problem,
    /// Problem with a convolution, if a case uses it.
    pub conv: Option<Problem>,
    pub cases: BTreeMap<String, Case>,
}

impl Golden {
    /// Returns the problem that `case` trains.
    pub fn problem(&self, case: &Case) -> &Problem {
        match case.problem {
            Which::Problem => &self.problem,
            Which::Conv => self.conv.as_ref().expect("the file has the problem of its cases"),
        }
    }
}

/// The problem of its file that a case trains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Which {
    #[default]
    Problem,
    Conv,
}

/// Provenance of a golden file.
#[derive(Deserialize)]
pub struct MadeBy {
    pub script: String,
    pub torch: String,
}

/// A fixed problem.
#[derive(Clone, Deserialize)]
pub struct Problem {
    pub inputs: Vec<f32>,
    pub targets: Vec<i64>,
    pub initial: Tensors,
    pub shapes: BTreeMap<String, Vec<usize>>,
}

/// One setting and the parameters after some of its steps.
#[derive(Deserialize)]
pub struct Case {
    pub spec: OptimizerSpec,
    pub loss_scale: f32,
    /// Factor of the learning rate after each step.
    #[serde(default = "one")]
    pub lr_factor: f64,
    #[serde(default)]
    pub problem: Which,
    pub after: BTreeMap<u64, Tensors>,
    /// Averaged weights after the last step, if the state holds them.
    pub averages: Option<Tensors>,
    /// Weights to evaluate after the same steps, if they are not the trained ones.
    #[serde(default)]
    pub evaluated: BTreeMap<u64, Tensors>,
}

fn one() -> f64 {
    1.0
}

/// Returns the golden file of one kind: from PyTorch, else from another reference implementation.
pub fn golden(kind: &str) -> Golden {
    let tests = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");
    let torch = format!("{tests}/golden/{kind}.json");
    let papers = format!("{tests}/golden-papers/{kind}.json");
    let path = if std::path::Path::new(&torch).exists() { torch } else { papers };
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// Returns the kinds with a file in a folder of golden files, in the registry's order: a new kind
/// is tested as soon as its file exists, and [`golden`] fails for a kind without one.
pub fn kinds_in(folder: &str) -> Vec<&'static str> {
    let folder = format!("{}/tests/{folder}", env!("CARGO_MANIFEST_DIR"));
    let there = |kind: &&str| std::path::Path::new(&format!("{folder}/{kind}.json")).exists();
    OptimizerSpec::KINDS.iter().map(|kind| kind.name).filter(there).collect()
}

/// The tiny network; every matrix is `[inputs, outputs]`. It has either `w1` or `k`.
#[derive(Module, Debug)]
pub struct Net {
    k: Option<Param<Tensor<4>>>,
    w1: Option<Param<Tensor<2>>>,
    b1: Param<Tensor<1>>,
    w2: Param<Tensor<2>>,
    b2: Param<Tensor<1>>,
}

impl Net {
    pub fn new(problem: &Problem, device: &Device) -> Self {
        let data = |name: &str| {
            TensorData::new(problem.initial[name].clone(), problem.shapes[name].clone())
        };
        let has = |name: &str| problem.initial.contains_key(name);
        Net {
            k: has("k").then(|| Param::from_data(data("k"), device)),
            w1: has("w1").then(|| Param::from_data(data("w1"), device)),
            b1: Param::from_data(data("b1"), device),
            w2: Param::from_data(data("w2"), device),
            b2: Param::from_data(data("b2"), device),
        }
    }

    pub fn values(&self) -> Tensors {
        let read = |data: TensorData| data.try_into_vec::<f32>().expect("32-bit floats");
        let mut values = BTreeMap::from([
            ("b1".to_owned(), read(self.b1.val().into_data())),
            ("w2".to_owned(), read(self.w2.val().into_data())),
            ("b2".to_owned(), read(self.b2.val().into_data())),
        ]);
        values.extend(self.k.iter().map(|k| ("k".to_owned(), read(k.val().into_data()))));
        values.extend(self.w1.iter().map(|w| ("w1".to_owned(), read(w.val().into_data()))));
        values
    }
}

/// The data on the device, and one optimizer step at a time.
pub struct Trainer {
    /// `[samples, features]`
    inputs: Tensor<2>,
    targets: Tensor<1, Int>,
    loss_scale: f32,
}

impl Trainer {
    pub fn new(problem: &Problem, loss_scale: f32, device: &Device) -> Self {
        let samples = problem.targets.len();
        let features = problem.inputs.len() / samples;
        Trainer {
            inputs: Tensor::from_data(
                TensorData::new(problem.inputs.clone(), [samples, features]),
                device,
            ),
            targets: Tensor::from_data(TensorData::new(problem.targets.clone(), [samples]), device),
            loss_scale,
        }
    }

    pub fn loss(&self, net: &Net) -> Tensor<1> {
        let hidden = match (&net.k, &net.w1) {
            (Some(k), None) => self.convolved(k.val(), net.b1.val()),
            (None, Some(w1)) => self.inputs.clone().matmul(w1.val()) + net.b1.val().unsqueeze(),
            _ => panic!("the first layer is a matrix or a convolution"),
        };
        let logits = hidden.tanh().matmul(net.w2.val()) + net.b2.val().unsqueeze();
        CrossEntropyLossConfig::new().init(&logits.device()).forward(logits, self.targets.clone())
            * self.loss_scale
    }

    /// Convolves square images without padding.
    fn convolved(&self, k: Tensor<4>, b1: Tensor<1>) -> Tensor<2> {
        let [samples, features] = self.inputs.dims();
        let channels = k.dims()[1];
        let side = (features / channels).isqrt();
        let images = self.inputs.clone().reshape([samples, channels, side, side]);
        conv2d(images, k, Some(b1), ConvOptions::new([1, 1], [0, 0], [1, 1], 1)).flatten(1, 3)
    }

    pub fn step(&self, net: Net, optimizer: &mut Optimizer, lr: f64) -> Net {
        let gradients = GradientsParams::from_grads(self.loss(&net).backward(), &net);
        optimizer.step(lr, net, gradients, &mut |net| {
            let loss = self.loss(net);
            let value = f64::from(loss.clone().into_scalar::<f32>());
            (value, GradientsParams::from_grads(loss.backward(), net))
        })
    }
}

/// Builds the optimizer of `spec` for the parameters of `net`, without modifiers or groups.
pub fn build(spec: &OptimizerSpec, net: &Net) -> Optimizer {
    Optimizer::new(spec, &UpdateSpec::default(), &[], &ParameterTable::default(), net)
}

/// Returns the parameters after each step that `case` records, under `spec`.
pub fn replay(problem: &Problem, case: &Case, spec: &OptimizerSpec) -> BTreeMap<u64, Tensors> {
    played(problem, case, spec).0
}

/// Replays a case as [`replay`] does, and also returns the optimizer's state after the last step.
pub fn played(
    problem: &Problem,
    case: &Case,
    spec: &OptimizerSpec,
) -> (BTreeMap<u64, Tensors>, State) {
    let device = Device::flex().autodiff();
    let trainer = Trainer::new(problem, case.loss_scale, &device);
    let mut net = Net::new(problem, &device);
    let mut optimizer = build(spec, &net);
    let mut seen = BTreeMap::new();
    let last = *case.after.keys().last().expect("a case records steps");
    let mut lr = spec.lr();
    for step in 1..=last {
        net = trainer.step(net, &mut optimizer, lr);
        lr *= case.lr_factor;
        if case.after.contains_key(&step) {
            seen.insert(step, net.values());
        }
    }
    let ids = parameters(&net, &ParameterTable::default())
        .into_iter()
        .map(|(parameter, id)| (parameter.path, id.val()))
        .collect();
    let record = optimizer.to_bytes().expect("a state on the host");
    (seen, State { ids, record: Reader::from_bytes(record).expect("a record") })
}

/// A saved optimizer state, read as a file is.
pub struct State {
    ids: BTreeMap<String, u64>,
    record: Reader,
}

impl State {
    /// Returns the tensor `leaf` of every parameter.
    pub fn tensors(&self, leaf: &str) -> Tensors {
        let read = |id: &u64| {
            let bytes = self.record.tensor_data(&format!("{id}.{leaf}")).expect("such a tensor");
            let floats = bytes.chunks_exact(4);
            floats.map(|b| f32::from_le_bytes(b.try_into().expect("4 bytes"))).collect()
        };
        self.ids.iter().map(|(name, id)| (name.clone(), read(id))).collect()
    }
}
