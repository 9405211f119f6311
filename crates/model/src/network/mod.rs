//! All models behind one type, so that the training loop, the digests and the optimizer need no
//! generics. Each model has its own file and a line in each list below.

pub mod cnn;
pub mod function;
pub mod gpt;
pub mod layers;
pub mod linear;
pub mod lstm;
pub mod mlp;
pub mod noisy_quadratic;
pub mod quadratic;

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use spec::ModelSpec;
use spec::parameters::ParameterTable;

use crate::init::Draws;
use cnn::ConvolutionalNetwork;
use function::Landscape;
use gpt::DecoderTransformer;
use layers::LayeredNetwork;
use lstm::RecurrentNetwork;
use mlp::MultiLayerPerceptron;
use noisy_quadratic::NoisyQuadraticModel;
use quadratic::QuadraticForm;

/// A model as the training loop sees it; every method but `forward` has a default.
pub trait Model {
    /// Returns logits or values `[batch, outputs]` for flattened inputs `[batch, features]`; for a
    /// landscape, its value `[batch, 1]`; for text, logits `[batch * context, vocabulary]` of token
    /// ids `[batch, context]`.
    fn forward(&self, inputs: Tensor<2>) -> Tensor<2>;

    /// Computes [`Model::forward`] from the recurrent state that the previous tokens left, and
    /// returns the state after the last token, too, detached from the graph. `None` is the state
    /// before the first token, and that of models without one.
    fn forward_from(
        &self,
        inputs: Tensor<2>,
        _state: Option<Tensor<3>>,
    ) -> (Tensor<2>, Option<Tensor<3>>) {
        (self.forward(inputs), None)
    }

    /// Returns true for a model with a recurrent state.
    fn has_state(&self) -> bool {
        false
    }

    /// Returns the value at the position in 64-bit floats for a model that needs no samples; `None`
    /// for networks and for a quadratic over samples.
    fn value(&self) -> Option<f64> {
        None
    }

    /// Returns the approximate number of floats of one sample at its widest layer, input and
    /// output, which limits the batches of an evaluation.
    fn numbers_a_sample(&self) -> usize {
        1
    }

    /// Returns the linear layers, from the input on, of a model that is a stack of them; empty for
    /// other models.
    fn layers(&self) -> &[Linear] {
        &[]
    }

    /// Returns the layers of [`Model::layers`] for modification.
    fn layers_mut(&mut self) -> &mut [Linear] {
        &mut []
    }

    /// Sets the matrix of the data, in row-major order; a no-op for a model without one.
    fn set_matrix(&mut self, _values: &[f32]) {}
}

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
    /// A transformer over tokens. Paths: `token_embedding`, `position_embedding`, `blocks.<i>.*`,
    /// `norm.*`, `head.weight`.
    Gpt(DecoderTransformer),
    /// Recurrent layers over tokens. Paths: `token_embedding`, `layers.<i>.*`, `head.*`.
    Lstm(RecurrentNetwork),
    /// Listed layers. Paths: `layers.<i>.*` and within a residual layer `.layers.<j>.*` and
    /// `.shortcut.<j>.*`, `head.*`.
    Layers(LayeredNetwork),
}

/// Evaluates an expression for the model of a network, whichever it is.
macro_rules! of_model {
    ($network:expr, $m:ident => $body:expr) => {
        match $network {
            Network::Linear($m) => $body,
            Network::Mlp($m) => $body,
            Network::Cnn($m) => $body,
            Network::Function($m) => $body,
            Network::Quadratic($m) => $body,
            Network::NoisyQuadratic($m) => $body,
            Network::Gpt($m) => $body,
            Network::Lstm($m) => $body,
            Network::Layers($m) => $body,
        }
    };
}

impl Network {
    /// Builds the model of `spec` with the parameters of its `table`, distributed as in `draws`;
    /// `shape` is channels, height and width of one input.
    pub(crate) fn build(
        spec: &ModelSpec,
        shape: [usize; 3],
        table: &ParameterTable,
        draws: Draws<'_>,
        device: &Device,
    ) -> Network {
        match spec {
            ModelSpec::Linear(_) => Network::Linear(linear::build(table, draws, device)),
            ModelSpec::Mlp(p) => Network::Mlp(mlp::build(p, table, draws, device)),
            ModelSpec::Cnn(p) => Network::Cnn(cnn::build(p, shape, table, draws, device)),
            ModelSpec::Function(p) => Network::Function(function::build(p, draws.seed, device)),
            ModelSpec::Quadratic(p) => Network::Quadratic(quadratic::build(p, table, device)),
            ModelSpec::NoisyQuadratic(p) => {
                Network::NoisyQuadratic(noisy_quadratic::build(p, table, device))
            }
            ModelSpec::Gpt(p) => Network::Gpt(gpt::build(p, table, draws, device)),
            ModelSpec::Lstm(p) => Network::Lstm(lstm::build(p, shape[2], table, draws, device)),
            ModelSpec::Layers(p) => Network::Layers(layers::build(p, shape, table, draws, device)),
        }
    }

    /// See [`Model::forward`].
    pub fn forward(&self, inputs: Tensor<2>) -> Tensor<2> {
        of_model!(self, m => Model::forward(m, inputs))
    }

    /// See [`Model::forward_from`].
    pub fn forward_from(
        &self,
        inputs: Tensor<2>,
        state: Option<Tensor<3>>,
    ) -> (Tensor<2>, Option<Tensor<3>>) {
        of_model!(self, m => m.forward_from(inputs, state))
    }

    /// See [`Model::has_state`].
    pub fn has_state(&self) -> bool {
        of_model!(self, m => m.has_state())
    }

    /// See [`Model::value`].
    pub fn value(&self) -> Option<f64> {
        of_model!(self, m => m.value())
    }

    /// See [`Model::numbers_a_sample`].
    pub fn numbers_a_sample(&self) -> usize {
        of_model!(self, m => m.numbers_a_sample())
    }

    /// See [`Model::layers`].
    pub fn layers(&self) -> &[Linear] {
        of_model!(self, m => m.layers())
    }

    /// See [`Model::layers_mut`].
    pub(crate) fn layers_mut(&mut self) -> &mut [Linear] {
        of_model!(self, m => m.layers_mut())
    }

    /// Returns the network with the matrix of its data; unchanged for `None`.
    pub fn with_matrix(mut self, matrix: Option<&[f32]>) -> Self {
        if let Some(values) = matrix {
            of_model!(&mut self, m => m.set_matrix(values));
        }
        self
    }
}
