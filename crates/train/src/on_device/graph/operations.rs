//! Operations that the forward passes share: the layers of `model` in libtorch's operations.

use burn::module::RunningState;
use burn::nn::Linear;
use burn::tensor::Tensor;
use model::batch_norm::{self, BatchNorm};
use model::norm::{self, TokenNorm};
use spec::model::{Activation, Norm};
use tch::Kind;

use super::leaves::Leaves;
use super::{burn, float};

/// Returns x W + b for x of `[rows, inputs]`, with W `[inputs, outputs]` as in Burn; b is optional.
pub(super) fn linear(leaves: &Leaves, layer: &Linear, x: &tch::Tensor) -> tch::Tensor {
    let weight = leaves.get(&layer.weight);
    match leaves.find(layer.bias.as_ref()) {
        Some(bias) => bias.addmm(x, weight),
        None => x.mm(weight),
    }
}

/// Applies the activation to every element.
pub(super) fn activate(activation: Activation, x: &tch::Tensor) -> tch::Tensor {
    match activation {
        Activation::Relu => x.relu(),
        Activation::Tanh => x.tanh(),
        Activation::Sigmoid => x.sigmoid(),
        Activation::Gelu => x.gelu("none"),
    }
}

/// Normalises `[.., width]` over the last dimension.
pub(super) fn normalise(leaves: &Leaves, layer: &TokenNorm, x: &tch::Tensor) -> tch::Tensor {
    let gamma = leaves.get(&layer.gamma);
    match layer.kind {
        Norm::Layer => {
            let beta = leaves.find(layer.beta.as_ref());
            x.layer_norm(gamma.size(), Some(gamma), beta, norm::EPSILON, true)
        }
        Norm::Rms => {
            let squares = x.square().mean_dim([-1i64].as_slice(), true, Kind::Float);
            x * (squares + norm::EPSILON).rsqrt() * gamma
        }
    }
}

/// Normalises a batch `[batch, features]` or `[batch, features, height, width]`. The running
/// statistics are replaced, because others may hold their tensors.
pub(super) fn normalise_batch(leaves: &Leaves, layer: &BatchNorm, x: &tch::Tensor) -> tch::Tensor {
    let [gamma, beta] = [&layer.gamma, &layer.beta].map(|param| leaves.get(param));
    // A single number per feature has no variance; the statistics then stay.
    let trains = x.numel() as i64 > x.size()[1];
    let [mean, var] = [&layer.running_mean, &layer.running_var].map(|state| read(state).copy());
    let y = x.batch_norm(
        Some(gamma),
        Some(beta),
        Some(&mean),
        Some(&var),
        trains,
        batch_norm::MOMENTUM,
        batch_norm::EPSILON,
        true,
    );
    if trains {
        // The graph keeps the originals: Burn may compute in place in tensors that only it holds.
        layer.replace_running(burn(mean.copy()), burn(var.copy()));
    }
    y
}

fn read(state: &RunningState<Tensor<1>>) -> tch::Tensor {
    let value = state.value();
    float(if value.is_autodiff() { value.inner() } else { value })
}

/// Returns x with dropped elements set to zero, as `model` does: masks are drawn in the same order,
/// and are therefore the same.
pub(super) fn dropout(p: f64, x: tch::Tensor) -> tch::Tensor {
    if p == 0.0 {
        return x;
    }
    let kept = tch::Tensor::empty(x.size(), (Kind::Float, x.device())).bernoulli_float_(1.0 - p);
    x * kept * (1.0 / (1.0 - p))
}

/// Applies dropout to `[tokens, batch, width]`, with masks drawn token by token.
pub(super) fn dropout_by_token(p: f64, x: tch::Tensor) -> tch::Tensor {
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
