//! Gradients by libtorch's own autograd, in place of Burn's graph: attention, normalisation,
//! convolution and cross-entropy are then one operation each with its own backward pass, and Rust
//! starts no operation of the backward pass.
//!
//! During a step, the parameters of Burn's network are leaves of libtorch's graph, in their own
//! memory; optimizers, clipping, checkpoints and evaluation use the network as usual.
//! `train/tests/graph.rs` compares the forward passes with those of `model`.

mod gpt;
mod layers;
mod leaves;
mod lstm;
mod operations;

use burn::backend::LibTorch;
use burn::optim::GradientsParams;
use burn::tensor::{Float, Int, Tensor};
use burn_tch::TchTensor;
use model::{Network, Targets};
use spec::run::{Loss, TrainSpec};
use spec::{ModelSpec, RunSpec};
use tch::Reduction;

use self::leaves::Leaves;
use crate::autodiff::BatchGradients;
use crate::samples::Samples;

/// Gradients of a run's loss by libtorch's autograd.
pub(crate) struct TorchGradients {
    label_smoothing: f64,
    /// Factor of the L2 penalty: half of it times the sum of squares of all weights is added to the
    /// loss.
    l2: f64,
}

/// Returns the gradients of a run; `None` for models and losses that need Burn's graph.
pub(crate) fn gradients(spec: &RunSpec) -> Option<TorchGradients> {
    let known =
        matches!(&spec.model, ModelSpec::Gpt(_) | ModelSpec::Lstm(_) | ModelSpec::Layers(_));
    let applies = known && spec.train.loss == Loss::CrossEntropy;
    let TrainSpec { label_smoothing, l2, .. } = spec.train;
    applies.then_some(TorchGradients { label_smoothing, l2 })
}

/// Returns logits `[rows, outputs]` of a batch and, for a model with a recurrent state, the state
/// after the batch, detached from the graph. `before` is the state before the batch; `None` is
/// zero.
fn logits(
    network: &Network,
    leaves: &Leaves,
    inputs: &tch::Tensor,
    before: Option<&tch::Tensor>,
) -> (tch::Tensor, Option<tch::Tensor>) {
    match network {
        Network::Gpt(network) => (gpt::logits(network, leaves, inputs), None),
        Network::Layers(network) => (layers::logits(network, leaves, inputs), None),
        Network::Lstm(network) => {
            let (logits, behind) = lstm::logits(network, leaves, inputs, before);
            (logits, Some(behind))
        }
        other => unreachable!("planned for another model than {other:?}"),
    }
}

impl BatchGradients for TorchGradients {
    fn differentiate(
        &self,
        network: &Network,
        batch: Samples,
        weight: f64,
        before: Option<Tensor<3>>,
    ) -> (Tensor<1>, GradientsParams, Option<Tensor<3>>) {
        let Targets::Classes(targets) = batch.targets else {
            unreachable!("cross-entropy is of classes")
        };
        let (inputs, targets) = (float(batch.inputs), int(targets));
        let leaves = Leaves::of(network);
        let before = before.map(float);
        let (loss, gradients, behind) = tch::with_grad(|| {
            let (logits, behind) = logits(network, &leaves, &inputs, before.as_ref());
            let loss = logits.cross_entropy_loss::<tch::Tensor>(
                &targets,
                None,
                Reduction::Mean,
                -100,
                self.label_smoothing,
            );
            let squares = if self.l2 == 0.0 { None } else { leaves.squares() };
            let loss = match squares {
                Some(squares) => loss + squares * (self.l2 / 2.0),
                None => loss,
            };
            let loss = if weight == 1.0 { loss } else { loss * weight };
            let gradients = leaves.gradients(&loss);
            (loss.detach(), gradients, behind)
        });
        (burn(loss.view(1)), gradients, behind.map(burn))
    }
}

fn burn<const D: usize>(tensor: tch::Tensor) -> Tensor<D> {
    Tensor::<D, Float>::from_primitive::<LibTorch>(TchTensor::new(tensor))
}

fn float<const D: usize>(tensor: Tensor<D>) -> tch::Tensor {
    tensor.try_into_primitive::<LibTorch>().expect("a tensor of libtorch").tensor
}

fn int<const D: usize>(tensor: Tensor<D, Int>) -> tch::Tensor {
    tensor.try_into_primitive::<LibTorch>().expect("a tensor of libtorch").tensor
}
