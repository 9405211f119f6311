//! Convolutional network in the style of LeNet-5.
//! h_0 = x;  h_i = pool(f(h_{i-1} * K_i + b_i)) for each convolution;
//! z_0 = flatten(h_n);  z_j = f(z_{j-1} W_j + b_j) for each hidden layer;  logits = z_m W + b
//! Shapes: x is [batch, channels, height, width], K_i is [outputs, inputs, kernel, kernel],
//! pool takes the largest of each 2x2 (an odd last row or column is left out), flatten runs over
//! channels, then rows, then columns, W_j is [inputs, outputs], logits are [batch, classes].
//! Defaults: 6 and 16 channels, kernels of 5x5 with padding 2, hidden layers of 120 and 84, ReLU.
//! Source: LeCun, Bottou, Bengio and Haffner 1998, Proc. IEEE 86(11), section II.B, with
//! torch.nn.Conv2d, MaxPool2d(2) and Linear in their defaults.
//! Differs from LeNet-5: ReLU for the scaled tanh, max pooling for trainable averages, no sparse
//! table of connections, padding in both convolutions, linear outputs for radial basis functions.

use burn::module::Module;
use burn::nn::Linear;
use burn::nn::conv::Conv2d;
use burn::tensor::module::max_pool2d;
use burn::tensor::ops::MaxPoolOptions;
use burn::tensor::{Device, Tensor};
use spec::model::{Activation, Cnn};
use spec::parameters::ParameterTable;

use super::Model;
use crate::activation::activate;
use crate::init::{self, Draws};

/// The module. Parameter paths: `convolutions.<i>.weight`, `.bias`, `layers.<i>.weight`, `.bias`.
#[derive(Module, Debug)]
pub struct ConvolutionalNetwork {
    /// Convolutions, each followed by the activation and pooling.
    pub convolutions: Vec<Conv2d>,
    /// Hidden layers, then the output layer.
    pub layers: Vec<Linear>,
    /// Applied after every convolution and every layer but the last.
    #[module(skip)]
    pub activation: Activation,
    /// Channels, height and width of an input.
    #[module(skip)]
    pub shape: [usize; 3],
}

/// Builds the module with the parameters of `table` for inputs of `shape` (channels, height,
/// width).
pub fn build(
    spec: &Cnn,
    shape: [usize; 3],
    table: &ParameterTable,
    draws: Draws<'_>,
    device: &Device,
) -> ConvolutionalNetwork {
    let convolution = |i: usize| {
        init::convolution(
            draws,
            table,
            &format!("convolutions.{i}."),
            spec.padding as usize,
            device,
        )
    };
    ConvolutionalNetwork {
        convolutions: (0..table.count("convolutions")).map(convolution).collect(),
        layers: init::stack(draws, table, device),
        activation: spec.activation,
        shape,
    }
}

impl Model for ConvolutionalNetwork {
    /// Returns logits `[batch, classes]` for flattened inputs `[batch, channels * height * width]`.
    fn forward(&self, inputs: Tensor<2>) -> Tensor<2> {
        let [channels, height, width] = self.shape;
        let images = inputs.reshape([-1, channels as i32, height as i32, width as i32]);
        let maps = self.convolutions.iter().fold(images, |x, layer| {
            let x = activate(self.activation, layer.forward(x));
            max_pool2d(x, MaxPoolOptions::new([2, 2]))
        });
        let last = self.layers.len().saturating_sub(1);
        self.layers.iter().enumerate().fold(maps.flatten(1, 3), |x, (i, layer)| {
            let x = layer.forward(x);
            if i == last { x } else { activate(self.activation, x) }
        })
    }

    /// Returns the number of floats that the largest convolution reads, unfolds and outputs for one
    /// sample: the backends lay each output's inputs side by side.
    fn numbers_a_sample(&self) -> usize {
        let [_, mut height, mut width] = self.shape;
        let mut most = 1;
        for layer in &self.convolutions {
            let [outputs, inputs, kernel, _] = layer.weight.dims();
            most = most.max(height * width * (inputs * kernel * kernel + outputs));
            (height, width) = (height.div_ceil(2), width.div_ceil(2));
        }
        most
    }
}
