//! Activation functions. GELU is the exact (erf) form, as torch.nn.GELU's default.

use burn::tensor::Tensor;
use burn::tensor::activation::{gelu, relu, sigmoid, tanh};
use spec::model::Activation;

/// Applies the activation to every element.
pub(crate) fn activate<const D: usize>(activation: Activation, x: Tensor<D>) -> Tensor<D> {
    match activation {
        Activation::Relu => relu(x),
        Activation::Tanh => tanh(x),
        Activation::Sigmoid => sigmoid(x),
        Activation::Gelu => gelu(x),
    }
}
