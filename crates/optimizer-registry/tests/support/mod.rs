//! The fixed problem of the golden files (see `xtask/python/golden.py`) with
//! real Burn autodiff on the flex backend:
//! logits = tanh(x w1 + b1) w2 + b2; mean softmax cross-entropy times `loss_scale`.

#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::BTreeMap;

use burn::module::{Module, Param};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Int, Tensor, TensorData};
use optimizer_registry::Optimizer;
use serde::Deserialize;
use spec::OptimizerSpec;
use spec::update::UpdateSpec;

/// Values of a tensor by parameter name.
pub type Tensors = BTreeMap<String, Vec<f32>>;

/// One golden file of an optimizer.
#[derive(Deserialize)]
pub struct Golden {
    pub made_by: MadeBy,
    pub defaults: OptimizerSpec,
    pub problem: Problem,
    pub cases: BTreeMap<String, Case>,
}

/// The birth certificate.
#[derive(Deserialize)]
pub struct MadeBy {
    pub script: String,
    pub torch: String,
}

/// The fixed problem.
#[derive(Deserialize)]
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
    pub after: BTreeMap<u64, Tensors>,
}

/// The golden file of one kind.
pub fn golden(kind: &str) -> Golden {
    let path = format!("{}/tests/golden/{kind}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The tiny network; every parameter is `[inputs, outputs]` or `[outputs]`.
#[derive(Module, Debug)]
pub struct Net {
    w1: Param<Tensor<2>>,
    b1: Param<Tensor<1>>,
    w2: Param<Tensor<2>>,
    b2: Param<Tensor<1>>,
}

impl Net {
    pub fn new(problem: &Problem, device: &Device) -> Self {
        let data = |name: &str| {
            TensorData::new(problem.initial[name].clone(), problem.shapes[name].clone())
        };
        Net {
            w1: Param::from_data(data("w1"), device),
            b1: Param::from_data(data("b1"), device),
            w2: Param::from_data(data("w2"), device),
            b2: Param::from_data(data("b2"), device),
        }
    }

    pub fn values(&self) -> Tensors {
        let read = |data: TensorData| data.try_into_vec::<f32>().expect("32-bit floats");
        BTreeMap::from([
            ("w1".to_owned(), read(self.w1.val().into_data())),
            ("b1".to_owned(), read(self.b1.val().into_data())),
            ("w2".to_owned(), read(self.w2.val().into_data())),
            ("b2".to_owned(), read(self.b2.val().into_data())),
        ])
    }
}

/// The data on the device, and one optimizer step at a time.
pub struct Trainer {
    inputs: Tensor<2>,
    targets: Tensor<1, Int>,
    loss_scale: f32,
}

impl Trainer {
    pub fn new(problem: &Problem, loss_scale: f32, device: &Device) -> Self {
        let (samples, features) = (problem.targets.len(), problem.shapes["w1"][0]);
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
        let hidden = (self.inputs.clone().matmul(net.w1.val()) + net.b1.val().unsqueeze()).tanh();
        let logits = hidden.matmul(net.w2.val()) + net.b2.val().unsqueeze();
        CrossEntropyLossConfig::new().init(&logits.device()).forward(logits, self.targets.clone())
            * self.loss_scale
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

/// The optimizer of `spec` for the parameters of `net`, with nothing around it.
pub fn build(spec: &OptimizerSpec, net: &Net) -> Optimizer {
    Optimizer::new(spec, &UpdateSpec::default(), &[], net)
}

/// Parameters after each step that `case` records, under `spec`.
pub fn replay(problem: &Problem, case: &Case, spec: &OptimizerSpec) -> BTreeMap<u64, Tensors> {
    let device = Device::flex().autodiff();
    let trainer = Trainer::new(problem, case.loss_scale, &device);
    let mut net = Net::new(problem, &device);
    let mut optimizer = build(spec, &net);
    let mut seen = BTreeMap::new();
    let last = *case.after.keys().last().expect("a case records steps");
    for step in 1..=last {
        net = trainer.step(net, &mut optimizer, spec.lr());
        if case.after.contains_key(&step) {
            seen.insert(step, net.values());
        }
    }
    seen
}
