//! Gradients by libtorch's own autograd, in place of Burn's graph: attention, normalisation and
//! cross-entropy are then one operation each with its own backward pass, and no operation of a
//! graph is started from Rust.
//!
//! The parameters of Burn's network are leaves of libtorch's graph for the time of a step, where
//! they lie; optimizers, clipping, checkpoints and evaluation see the network as ever. The
//! forward passes here are held to those of `model` (`train/tests/graph.rs`).

mod gpt;
mod leaves;
mod lstm;

use burn::backend::LibTorch;
use burn::optim::GradientsParams;
use burn::tensor::{Float, Int, Tensor};
use burn_tch::TchTensor;
use model::{Network, Targets};
use spec::run::Loss;
use spec::{ModelSpec, RunSpec};
use tch::{Kind, Reduction};

use self::leaves::Leaves;
use crate::autodiff::BatchGradients;
use crate::samples::Samples;

/// Logits, and the recurrent state behind the batch, which no gradient goes through; `None` of
/// models without one.
type Logits = (tch::Tensor, Option<tch::Tensor>);

/// The forward pass of a model in libtorch's operations.
trait Forward {
    /// Logits `[batch * context, vocabulary]` of token ids `[batch, context]`, float32, from the
    /// recurrent state `before`; `None` is the state in front of the first token.
    fn logits(&self, leaves: &Leaves, inputs: &tch::Tensor, before: Option<&tch::Tensor>)
    -> Logits;
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
        ModelSpec::Gpt(gpt) => Box::new(gpt::GptForward::new(gpt)),
        ModelSpec::Lstm(lstm) => Box::new(lstm::LstmForward::new(lstm)),
        _ => return None,
    };
    Some(TorchGradients { forward, label_smoothing: spec.train.label_smoothing })
}

impl BatchGradients for TorchGradients {
    fn of(
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
            let (logits, behind) = self.forward.logits(&leaves, &inputs, before.as_ref());
            let loss = logits.cross_entropy_loss::<tch::Tensor>(
                &targets,
                None,
                Reduction::Mean,
                -100,
                self.label_smoothing,
            );
            let loss = if weight == 1.0 { loss } else { loss * weight };
            let gradients = leaves.gradients(&loss);
            (loss.detach(), gradients, behind)
        });
        (burn(loss.view(1)), gradients, behind.map(burn))
    }
}

/// x with its dropped elements at zero, as `model` has it: masks are drawn in the same order, and
/// are then the same.
fn dropout(p: f64, x: tch::Tensor) -> tch::Tensor {
    if p == 0.0 {
        return x;
    }
    let kept = tch::Tensor::empty(x.size(), (Kind::Float, x.device())).bernoulli_float_(1.0 - p);
    x * kept * (1.0 / (1.0 - p))
}

/// The same of `[tokens, batch, width]`, whose masks are drawn token by token.
fn dropout_by_token(p: f64, x: tch::Tensor) -> tch::Tensor {
    if p == 0.0 {
        return x;
    }
    let mask = |_: i64| {
        let one = tch::Tensor::empty(&x.size()[1..], (Kind::Float, x.device()));
        { one }.bernoulli_float_(1.0 - p)
    };
    let kept: Vec<tch::Tensor> = (0..x.size()[0]).map(mask).collect();
    &x * tch::Tensor::stack(&kept, 0) * (1.0 / (1.0 - p))
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
