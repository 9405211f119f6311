//! The one type that training knows: every model behind an enum, so that the
//! loop, the digests and the optimizer need no generics.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Tensor;

use crate::cnn::ConvolutionalNetwork;
use crate::function::Landscape;
use crate::mlp::MultiLayerPerceptron;
use crate::noisy_quadratic::NoisyQuadraticModel;
use crate::quadratic::QuadraticForm;

/// A model of the registry. The variant's name is not part of parameter paths.
#[derive(Module, Debug)]
pub enum Network {
    /// Softmax regression: logits = x W + b. Paths: `weight`, `bias`.
    Linear(Linear),
    /// Multi-layer perceptron. Paths: `layers.<i>.weight`, `layers.<i>.bias`, `norms.<i>.*`.
    Mlp(MultiLayerPerceptron),
    /// Convolutional network. Paths: `convolutions.<i>.*`, `layers.<i>.*`.
    Cnn(ConvolutionalNetwork),
    /// A landscape. Path: `position`.
    Function(Landscape),
    /// A quadratic over samples. Path: `position`.
    Quadratic(QuadraticForm),
    /// A quadratic with a noisy gradient. Path: `position`.
    NoisyQuadratic(NoisyQuadraticModel),
}

impl Network {
    /// Logits `[batch, classes]` of flattened inputs `[batch, features]`; of a
    /// landscape its value, `[batch, 1]`.
    pub fn forward(&self, inputs: Tensor<2>) -> Tensor<2> {
        match self {
            Network::Linear(layer) => layer.forward(inputs),
            Network::Mlp(mlp) => mlp.forward(inputs),
            Network::Cnn(cnn) => cnn.forward(inputs),
            Network::Function(landscape) => landscape.forward(inputs),
            Network::Quadratic(quadratic) => quadratic.forward(inputs),
            Network::NoisyQuadratic(quadratic) => quadratic.forward(inputs),
        }
    }

    /// The value at the position of what needs no samples, in 64-bit floats; `None` of
    /// networks and of a quadratic over samples.
    pub fn value(&self) -> Option<f64> {
        match self {
            Network::Function(landscape) => Some(landscape.value()),
            Network::NoisyQuadratic(quadratic) => Some(quadratic.value()),
            Network::Linear(_) | Network::Mlp(_) | Network::Cnn(_) | Network::Quadratic(_) => None,
        }
    }

    /// The same with the matrix of its data where this is a quadratic.
    pub fn with_matrix(self, matrix: Option<&[f32]>) -> Self {
        match (self, matrix) {
            (Network::Quadratic(form), Some(values)) => {
                Network::Quadratic(form.with_matrix(values.to_vec()))
            }
            (other, _) => other,
        }
    }

    /// About how many numbers one sample takes at its widest layer, input and
    /// output: what bounds the batches of an evaluation.
    pub fn numbers_a_sample(&self) -> usize {
        match self {
            Network::Linear(_)
            | Network::Mlp(_)
            | Network::Function(_)
            | Network::Quadratic(_)
            | Network::NoisyQuadratic(_) => 1,
            Network::Cnn(cnn) => cnn.numbers_a_sample(),
        }
    }
}
