//! Multi-layer perceptron: linear layers with an activation between.
//! h_0 = x;  h_i = f(h_{i-1} W_i + b_i) for each hidden layer;  logits = h_n W + b
//! Shapes: x is [batch, features], W_i is [inputs, outputs], logits are [batch, classes].
//! Defaults: one hidden layer of 128, ReLU. No activation follows the last layer.
//! Source: the usual stack of torch.nn.Linear and an activation; GELU is the exact
//! (erf) form, as torch.nn.GELU's default.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::activation::{gelu, relu, sigmoid, tanh};
use burn::tensor::{Device, Tensor};
use spec::model::{Activation, Mlp};

use crate::init;

/// The module. Parameter paths: `layers.<i>.weight`, `layers.<i>.bias`.
#[derive(Module, Debug)]
pub struct MultiLayerPerceptron {
    /// Hidden layers, then the output layer.
    pub layers: Vec<Linear>,
    /// Applied after every layer but the last.
    #[module(skip)]
    pub activation: Activation,
}

/// Builds it with `features` inputs and `classes` outputs.
pub fn build(
    spec: &Mlp,
    features: usize,
    classes: usize,
    seed: u64,
    device: &Device,
) -> MultiLayerPerceptron {
    let mut widths = vec![features];
    widths.extend(spec.hidden.iter().map(|&width| width as usize));
    widths.push(classes);
    let layers = widths
        .windows(2)
        .enumerate()
        .map(|(i, pair)| init::linear(seed, &format!("layers.{i}."), pair[0], pair[1], device))
        .collect();
    MultiLayerPerceptron { layers, activation: spec.activation }
}

impl MultiLayerPerceptron {
    /// Logits `[batch, classes]` of inputs `[batch, features]`.
    pub fn forward(&self, inputs: Tensor<2>) -> Tensor<2> {
        let last = self.layers.len().saturating_sub(1);
        self.layers.iter().enumerate().fold(inputs, |x, (i, layer)| {
            let x = layer.forward(x);
            if i == last { x } else { activate(self.activation, x) }
        })
    }
}

fn activate(activation: Activation, x: Tensor<2>) -> Tensor<2> {
    match activation {
        Activation::Relu => relu(x),
        Activation::Tanh => tanh(x),
        Activation::Sigmoid => sigmoid(x),
        Activation::Gelu => gelu(x),
    }
}
