//! Multi-layer perceptron: linear layers with an activation between.
//! h_0 = x;  h_i = D(f(N(h_{i-1} W_i + b_i))) for each hidden layer;  logits = h_n W + b
//! N is batch normalisation and D dropout; both are off by default. In training D sets each element
//! to zero with probability p and divides the others by 1 - p; in evaluation it does nothing.
//! Shapes: x is [batch, features], W_i is [inputs, outputs], logits are [batch, classes].
//! Defaults: one hidden layer of 128, ReLU. Nothing follows the last layer.
//! Source: the usual stack of torch.nn.Linear, BatchNorm1d, an activation and Dropout (Srivastava
//! et al. 2014). The masks come from the backend's generator, which training seeds for each
//! segment.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use spec::model::{Activation, Mlp};
use spec::parameters::ParameterTable;

use super::Model;
use crate::activation::activate;
use crate::batch_norm::{self, BatchNorm};
use crate::dropout::dropout;
use crate::init::{self, Draws};

/// The module. Parameter paths: `layers.<i>.weight`, `layers.<i>.bias`, and with batch
/// normalisation `norms.<i>.gamma`, `.beta`, `.running_mean`, `.running_var`.
#[derive(Module, Debug)]
pub struct MultiLayerPerceptron {
    /// Hidden layers, then the output layer.
    pub layers: Vec<Linear>,
    /// One per hidden layer; empty without batch normalisation.
    pub norms: Vec<BatchNorm>,
    /// Applied after every layer but the last.
    #[module(skip)]
    pub activation: Activation,
    /// Probability of a zero; 0 = no dropout.
    #[module(skip)]
    pub dropout: f64,
}

/// Builds the module with the parameters of `table`.
pub fn build(
    spec: &Mlp,
    table: &ParameterTable,
    draws: Draws<'_>,
    device: &Device,
) -> MultiLayerPerceptron {
    let norms = (0..table.count("norms")).map(|i| {
        let [features] = init::shape(table, &format!("norms.{i}.gamma"));
        batch_norm::build(features, device)
    });
    MultiLayerPerceptron {
        layers: init::stack(draws, table, device),
        norms: norms.collect(),
        activation: spec.activation,
        dropout: spec.dropout,
    }
}

impl Model for MultiLayerPerceptron {
    /// Returns logits `[batch, classes]` for inputs `[batch, features]`. If the parameters are on a
    /// device with autodiff, dropout acts and batch normalisation uses the batch's statistics.
    fn forward(&self, inputs: Tensor<2>) -> Tensor<2> {
        let last = self.layers.len().saturating_sub(1);
        self.layers.iter().enumerate().fold(inputs, |x, (i, layer)| {
            let x = layer.forward(x);
            if i == last {
                return x;
            }
            let x = match self.norms.get(i) {
                Some(norm) => norm.forward(x),
                None => x,
            };
            dropout(self.dropout, activate(self.activation, x))
        })
    }

    fn layers(&self) -> &[Linear] {
        &self.layers
    }

    fn layers_mut(&mut self) -> &mut [Linear] {
        &mut self.layers
    }
}
