//! Batch normalisation of features, or of the channels of maps.
//! Training:   y = gamma (x - m) / sqrt(v + eps) + beta, m and v the mean and the biased variance
//! of the batch;  M <- (1 - a) M + a m;  V <- (1 - a) V + a v n / (n - 1).
//! Evaluation: y = gamma (x - M) / sqrt(V + eps) + beta.
//! m and v are taken over the batch and, for maps, over all positions; n is their number of values.
//! Shapes: x is [batch, features] or [batch, features, height, width]; gamma, beta, M, V are
//! [features].
//! Defaults: gamma 1, beta 0, M 0, V 1, a 0.1, eps 1e-5.
//! Source: Ioffe and Szegedy 2015, arXiv:1502.03167, Alg. 1 and 2, as torch.nn.BatchNorm1d and
//! BatchNorm2d.
//! Differs from PyTorch: a training batch of one sample, which PyTorch refuses, is normalised by M
//! and V and leaves them as they are.
//!
//! Burn's own layer is not used: it averages biased variances, and a visitor (a digest, a
//! checkpoint) reads its running values one update late. Here they are written at once.

use burn::module::{Module, Param, RunningState};
use burn::tensor::{Device, Tensor, TensorData};

/// Weight a of the newest batch in the running averages, 0..1.
pub const MOMENTUM: f64 = 0.1;
/// eps, added to the variance.
pub const EPSILON: f64 = 1e-5;

/// The layer. Parameter paths: `gamma`, `beta`, `running_mean`, `running_var`; the last two have no
/// gradient, so no optimizer touches them.
#[derive(Module, Debug)]
pub struct BatchNorm {
    /// Factor of each feature, `[features]`.
    pub gamma: Param<Tensor<1>>,
    /// Shift of each feature, `[features]`.
    pub beta: Param<Tensor<1>>,
    /// M: running mean, `[features]`.
    pub running_mean: RunningState<Tensor<1>>,
    /// V: running unbiased variance, `[features]`.
    pub running_var: RunningState<Tensor<1>>,
}

/// Builds the layer; nothing in it is random.
pub fn build(features: usize, device: &Device) -> BatchNorm {
    let param =
        |value: f32| Param::from_data(TensorData::new(vec![value; features], [features]), device);
    BatchNorm {
        gamma: param(1.0),
        beta: param(0.0),
        running_mean: RunningState::new(Tensor::zeros([features], device)),
        running_var: RunningState::new(Tensor::ones([features], device)),
    }
}

impl BatchNorm {
    /// Returns y for `[batch, features]` or `[batch, features, height, width]`. The layer trains if
    /// the input is on a device with autodiff.
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let features = x.dims()[1];
        let n = x.dims().iter().product::<usize>() / features.max(1);
        let mut broadcast = [1; D];
        broadcast[1] = features;
        if n < 2 || !x.device().is_autodiff() {
            let (mean, var) = (self.running_mean.value(), self.running_var.value());
            let centred = x - mean.reshape(broadcast);
            return self.normalise(centred, var.reshape(broadcast));
        }
        let mean = mean_of_features(x.clone());
        let centred = x - mean.clone();
        let var = mean_of_features(centred.clone().powi_scalar(2));
        let unbiased = var.clone().detach() * (n as f64 / (n - 1) as f64);
        average(&self.running_mean, mean.detach().reshape([features]));
        average(&self.running_var, unbiased.reshape([features]));
        self.normalise(centred, var)
    }

    /// Replaces M and V, both `[features]`.
    pub fn replace_running(&self, mean: Tensor<1>, var: Tensor<1>) {
        for (state, value) in [(&self.running_mean, mean), (&self.running_var, var)] {
            let is_autodiff = state.value().is_autodiff();
            replace(state, if is_autodiff { Tensor::from_inner(value) } else { value });
        }
    }

    fn normalise<const D: usize>(&self, centred: Tensor<D>, var: Tensor<D>) -> Tensor<D> {
        let broadcast = var.dims();
        let scale = self.gamma.val().reshape(broadcast) / (var + EPSILON).sqrt();
        centred * scale + self.beta.val().reshape(broadcast)
    }
}

/// Returns the mean over all dimensions except that of the features; reduced dimensions have size
/// 1.
fn mean_of_features<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    // Innermost dimensions first: the positions of maps, then the batch.
    (0..D).rev().filter(|&dim| dim != 1).fold(x, |x, dim| x.mean_dim(dim))
}

/// Moves a running average towards `new`.
fn average(state: &RunningState<Tensor<1>>, new: Tensor<1>) {
    replace(state, (state.value() * (1.0 - MOMENTUM) + new * MOMENTUM).detach());
}

fn replace(state: &RunningState<Tensor<1>>, value: Tensor<1>) {
    state.update(value);
    // Burn defers an update until it is requested in this way.
    state.value_sync();
}
