//! Normalisation of the vector of one token.
//! layer: y = gamma (x - m) / sqrt(v + eps) + beta, m and v the mean and the biased variance of x
//! rms:   y = gamma x / sqrt(s + eps), s the mean of the squares of x
//! Shapes: x is [.., width], gamma and beta are [width]; m, v and s are over the last dimension.
//! Defaults: gamma 1, beta 0 (left out without biases), eps 1e-5.
//! Source: Ba, Kiros and Hinton 2016, arXiv:1607.06450, as torch.nn.LayerNorm; Zhang and Sennrich
//! 2019, arXiv:1910.07467, as torch.nn.RMSNorm.

use burn::module::{Module, Param};
use burn::tensor::module::layer_norm;
use burn::tensor::{Device, Tensor};
use spec::model::Norm;
use spec::parameters::ParameterTable;

use crate::init;

/// eps, added to the variance or the mean square.
pub const EPSILON: f64 = 1e-5;

/// The layer. Parameter paths: `gamma`, `beta`.
#[derive(Module, Debug)]
pub struct TokenNorm {
    /// Factor of each number, `[width]`.
    pub gamma: Param<Tensor<1>>,
    /// Shift of each number, `[width]`; `None` is 0.
    pub beta: Option<Param<Tensor<1>>>,
    /// Layer or root-mean-square normalisation.
    #[module(skip)]
    pub kind: Norm,
}

/// Builds the layer with the parameters of `table`; `path` ends with a dot.
pub fn build(kind: Norm, table: &ParameterTable, path: &str, device: &Device) -> TokenNorm {
    let beta = format!("{path}beta");
    TokenNorm {
        gamma: init::constant(table, &format!("{path}gamma"), 1.0, device),
        beta: table.shape(&beta).map(|_| init::constant(table, &beta, 0.0, device)),
        kind,
    }
}

impl TokenNorm {
    /// Returns y for `[.., width]`.
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let gamma = self.gamma.val();
        match self.kind {
            Norm::Layer => layer_norm(x, gamma, self.beta.as_ref().map(Param::val), EPSILON),
            Norm::Rms => {
                let squares = x.clone().powi_scalar(2).mean_dim(D - 1);
                x / (squares + EPSILON).sqrt() * gamma.unsqueeze()
            }
        }
    }
}
