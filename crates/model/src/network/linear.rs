//! Softmax regression: logits = x W + b.
//! Shapes: x is [batch, features], W is [features, outputs], b is [outputs].
//! Source: torch.nn.Linear.

use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use spec::parameters::ParameterTable;

use super::Model;
use crate::init::{self, Draws};

/// Builds the layer with the parameters of `table`. Parameter paths: `weight`, `bias`.
pub fn build(table: &ParameterTable, draws: Draws<'_>, device: &Device) -> Linear {
    init::linear(draws, table, "", device)
}

impl Model for Linear {
    fn forward(&self, inputs: Tensor<2>) -> Tensor<2> {
        Linear::forward(self, inputs)
    }

    fn layers(&self) -> &[Linear] {
        std::slice::from_ref(self)
    }

    fn layers_mut(&mut self) -> &mut [Linear] {
        std::slice::from_mut(self)
    }
}
