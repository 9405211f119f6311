//! Training losses.

use burn::module::{Module, ModuleVisitor, Param};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::tensor::activation::{log_sigmoid, log_softmax};
use burn::tensor::{Int, Tensor};
use spec::run::{Loss, TrainSpec};

use crate::network::Network;

/// Targets of a batch, with which its outputs are compared.
#[derive(Clone, Debug)]
pub enum Targets {
    /// Class indices, `[batch]`; for text, `[batch * context]`.
    Classes(Tensor<1, Int>),
    /// Real values, `[batch, outputs]`.
    Values(Tensor<2>),
    /// Nothing: the outputs themselves are minimised.
    None,
}

/// Returns the training loss of `outputs` (`[batch, outputs]`), its mean over the batch, as `[1]`.
///
/// Classes become one-hot vectors if the loss compares values.
///
/// # Panics
/// If loss and targets do not match, which a plan refuses: cross-entropy or bce with real values,
/// any loss but `value` without targets.
pub fn loss(spec: &TrainSpec, outputs: Tensor<2>, targets: &Targets) -> Tensor<1> {
    match (spec.loss, targets) {
        (Loss::CrossEntropy, Targets::Classes(classes)) if spec.label_smoothing > 0.0 => {
            smoothed_cross_entropy(outputs, classes.clone(), spec.label_smoothing)
        }
        (Loss::CrossEntropy, Targets::Classes(classes)) => cross_entropy(outputs, classes.clone()),
        (Loss::Mse, targets) => {
            let values = values(&outputs, targets);
            (outputs - values).powi_scalar(2).mean()
        }
        (Loss::Bce, targets @ Targets::Classes(_)) => {
            let values = values(&outputs, targets);
            binary_cross_entropy(outputs, values)
        }
        (Loss::Value, _) => outputs.mean(),
        (loss, targets) => panic!("{loss} of {targets:?}"),
    }
}

/// Returns the sum of the squares of all weights of linear layers, convolutions and embeddings as
/// `[1]`, with its graph. Biases and the parameters of normalisation, which have one dimension, are
/// left out.
pub fn squares(network: &Network) -> Tensor<1> {
    let mut squares = Squares(None);
    network.visit(&mut squares);
    squares.0.unwrap_or_else(|| {
        let device = network.devices().into_iter().next().unwrap_or_default();
        Tensor::zeros([1], &device)
    })
}

struct Squares(Option<Tensor<1>>);

impl ModuleVisitor for Squares {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if D < 2 {
            return;
        }
        let weights = param.val();
        let sum = (weights.clone() * weights).sum();
        self.0 = Some(match self.0.take() {
            Some(before) => before + sum,
            None => sum,
        });
    }
}

/// Returns the loss of each sample, `[batch]`. Their mean is [`loss`] without label smoothing,
/// which is for training only.
///
/// # Panics
/// As [`loss`].
pub fn each_loss(loss: Loss, outputs: Tensor<2>, targets: &Targets) -> Tensor<1> {
    match (loss, targets) {
        (Loss::CrossEntropy, Targets::Classes(classes)) => {
            let n = outputs.dims()[0];
            let index = classes.clone().reshape([n, 1]);
            log_softmax(outputs, 1).gather(1, index).neg().reshape([n])
        }
        (Loss::Mse, targets) => {
            let values = values(&outputs, targets);
            mean_of_rows((outputs - values).powi_scalar(2))
        }
        (Loss::Bce, targets @ Targets::Classes(_)) => {
            let values = values(&outputs, targets);
            mean_of_rows(binary_cross_entropies(outputs, values))
        }
        (Loss::Value, _) => mean_of_rows(outputs),
        (loss, targets) => panic!("{loss} of {targets:?}"),
    }
}

fn mean_of_rows(values: Tensor<2>) -> Tensor<1> {
    values.mean_dim(1).squeeze_dim(1)
}

/// Returns the softmax cross-entropy over class indices, mean over the batch, as `[1]`.
///
/// `logits` are `[batch, classes]`, `targets` are `[batch]` with values in
/// `0..classes`. Equal to `torch.nn.CrossEntropyLoss()`.
pub fn cross_entropy(logits: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1> {
    let device = logits.device();
    CrossEntropyLossConfig::new().init(&device).forward(logits, targets)
}

/// Returns the cross-entropy against smoothed labels: (1 - s) for the class and s spread evenly
/// over all classes. Equal to `torch.nn.CrossEntropyLoss(label_smoothing=s)`.
fn smoothed_cross_entropy(logits: Tensor<2>, targets: Tensor<1, Int>, smoothing: f64) -> Tensor<1> {
    let device = logits.device();
    let config = CrossEntropyLossConfig::new().with_smoothing(Some(smoothing as f32));
    config.init(&device).forward(logits, targets)
}

/// Returns -mean(y log s(z) + (1 - y) log s(-z)) over batch and outputs, with s the logistic
/// function. Equal to `torch.nn.BCEWithLogitsLoss()`.
fn binary_cross_entropy(logits: Tensor<2>, values: Tensor<2>) -> Tensor<1> {
    binary_cross_entropies(logits, values).mean()
}

/// Returns -(y log s(z) + (1 - y) log s(-z)) for every output, `[batch, outputs]`.
fn binary_cross_entropies(logits: Tensor<2>, values: Tensor<2>) -> Tensor<2> {
    let hit = values.clone() * log_sigmoid(logits.clone());
    let miss = (values.neg() + 1.0) * log_sigmoid(logits.neg());
    (hit + miss).neg()
}

/// Returns the targets as values of the outputs' shape; classes become one-hot vectors.
fn values(outputs: &Tensor<2>, targets: &Targets) -> Tensor<2> {
    match targets {
        Targets::Classes(classes) => classes.clone().one_hot(outputs.dims()[1]).float(),
        Targets::Values(values) => values.clone(),
        Targets::None => panic!("{} outputs without targets", outputs.dims()[1]),
    }
}
