//! Batch normalisation of features.
//! Training:   y = gamma (x - m) / sqrt(v + eps) + beta, m and v the mean and the biased variance
//! of the batch;  M <- (1 - a) M + a m;  V <- (1 - a) V + a v n / (n - 1).
//! Evaluation: y = gamma (x - M) / sqrt(V + eps) + beta.
//! Shapes: x is [batch, features]; gamma, beta, M, V are [features].
//! Defaults: gamma 1, beta 0, M 0, V 1, a 0.1, eps 1e-5.
//! Source: Ioffe and Szegedy 2015, arXiv:1502.03167, Alg. 1 and 2, as torch.nn.BatchNorm1d.
//! Differs from PyTorch: a training batch of one sample, which PyTorch refuses, is normalised by M
//! and V and leaves them as they are.
//!
//! Not Burn's layer: that averages biased variances, and what a visitor reads of its running
//! values (a digest, a checkpoint) is one update late. Here they are written at once.

use burn::module::{Module, Param, RunningState};
use burn::tensor::{Device, Tensor, TensorData};

/// a: weight of the newest batch in the running averages.
const MOMENTUM: f64 = 0.1;
/// eps.
const EPSILON: f64 = 1e-5;

/// The layer. Parameter paths: `gamma`, `beta`, `running_mean`, `running_var`; the last two have no
/// gradient, so no optimizer touches them.
#[derive(Module, Debug)]
pub struct BatchNorm {
    /// Factor of each feature.
    pub gamma: Param<Tensor<1>>,
    /// Shift of each feature.
    pub beta: Param<Tensor<1>>,
    /// M.
    pub running_mean: RunningState<Tensor<1>>,
    /// V.
    pub running_var: RunningState<Tensor<1>>,
}

/// Builds it; nothing in it is random.
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
    /// y of `[batch, features]`; in training where the input is part of a graph of gradients.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let n = x.dims()[0];
        if n < 2 || !x.device().is_autodiff() {
            let (mean, var) = (self.running_mean.value(), self.running_var.value());
            return self.normalise(x - mean.unsqueeze(), var.unsqueeze());
        }
        let mean = x.clone().mean_dim(0);
        let centred = x - mean.clone();
        let var = centred.clone().powi_scalar(2).mean_dim(0);
        let unbiased = var.clone().detach() * (n as f64 / (n - 1) as f64);
        average(&self.running_mean, mean.detach().squeeze_dim(0));
        average(&self.running_var, unbiased.squeeze_dim(0));
        self.normalise(centred, var)
    }

    fn normalise(&self, centred: Tensor<2>, var: Tensor<2>) -> Tensor<2> {
        let scale = self.gamma.val().unsqueeze() / (var + EPSILON).sqrt();
        centred * scale + self.beta.val().unsqueeze()
    }
}

/// Moves a running average towards `new`.
fn average(state: &RunningState<Tensor<1>>, new: Tensor<1>) {
    let next = state.value() * (1.0 - MOMENTUM) + new * MOMENTUM;
    state.update(next.detach());
    // Burn keeps an update aside until it is asked for in this way.
    state.value_sync();
}
