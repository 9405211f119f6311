//! Gradients by libtorch's own autograd, in place of Burn's graph: attention, normalisation and
//! cross-entropy are then one operation each with its own backward pass, and no operation of a
//! graph is started from Rust.
//!
//! The parameters of Burn's network are leaves of libtorch's graph for the time of a step, where
//! they lie; optimizers, clipping, checkpoints and evaluation see the network as ever. The
//! forward passes here are held to those of `model` (`train/tests/graph.rs`).

mod gpt;
mod leaves;

use burn::backend::LibTorch;
use burn::optim::GradientsParams;
use burn::tensor::{Float, Int, Tensor};
use burn_tch::TchTensor;
use model::{Network, Targets};
use spec::run::Loss;
use spec::{ModelSpec, RunSpec};
use tch::Reduction;

use self::leaves::Leaves;
use crate::autodiff::BatchGradients;
use crate::feed::Samples;

/// The forward pass of a model in libtorch's operations.
trait Forward {
    /// Logits `[batch * context, vocabulary]` of token ids `[batch, context]`, float32.
    fn logits(&self, leaves: &Leaves, inputs: &tch::Tensor) -> tch::Tensor;
}

/// Gradients of a run's loss by libtorch's autograd.
pub(crate) struct TorchGradients {
    forward: Box<dyn Forward>,
    label_smoothing: f64,
}

/// The gradients of a run; `None` where Burn's graph has to be used: of other models, of other
/// losses than cross-entropy, and with `l2`.
pub(crate) fn gradients(spec: &RunSpec) -> Option<TorchGradients> {
    if spec.train.loss != Loss::CrossEntropy || spec.train.l2 != 0.0 {
        return None;
    }
    let forward: Box<dyn Forward> = match &spec.model {
        // Masks of dropout would be drawn in another order.
        ModelSpec::Gpt(gpt) if gpt.dropout == 0.0 => Box::new(gpt::GptForward::new(gpt)),
        _ => return None,
    };
    Some(TorchGradients { forward, label_smoothing: spec.train.label_smoothing })
}

impl BatchGradients for TorchGradients {
    fn of(&self, network: &Network, batch: Samples, weight: f64) -> (Tensor<1>, GradientsParams) {
        let Targets::Classes(targets) = batch.targets else {
            unreachable!("cross-entropy is of classes")
        };
        let (inputs, targets) = (float(batch.inputs), int(targets));
        let leaves = Leaves::of(network);
        let (loss, gradients) = tch::with_grad(|| {
            let logits = self.forward.logits(&leaves, &inputs);
            let loss = logits.cross_entropy_loss::<tch::Tensor>(
                &targets,
                None,
                Reduction::Mean,
                -100,
                self.label_smoothing,
            );
            let loss = if weight == 1.0 { loss } else { loss * weight };
            let gradients = leaves.gradients(&loss);
            (loss.detach(), gradients)
        });
        let loss = Tensor::<1, Float>::from_primitive::<LibTorch>(TchTensor::new(loss.view(1)));
        (loss, gradients)
    }
}

fn float<const D: usize>(tensor: Tensor<D>) -> tch::Tensor {
    tensor.try_into_primitive::<LibTorch>().expect("a tensor of libtorch").tensor
}

fn int<const D: usize>(tensor: Tensor<D, Int>) -> tch::Tensor {
    tensor.try_into_primitive::<LibTorch>().expect("a tensor of libtorch").tensor
}
