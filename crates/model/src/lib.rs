//! Burn modules from a [`ModelSpec`], initialised on the host from the run's seed.
//!
//! [`build`] creates a network from the table of parameters in its spec; each kind has a file below
//! `network/`. Initial weights depend only on the seed and the parameter's path, never on the
//! optimizer, the device or Burn's own random generator (see [`init`]). The [`Device`] passed in
//! determines the backend; the tests run on `flex`.

mod activation;
pub mod batch_norm;
mod dropout;
pub mod init;
pub mod loss;
pub mod network;
pub mod norm;
pub mod parameters;
pub mod stack;
mod steps;

use burn::tensor::Device;
use spec::ModelSpec;
use spec::init::InitSpec;

pub use loss::{Targets, cross_entropy, each_loss, loss, squares};
pub use network::Network;
pub use network::cnn::ConvolutionalNetwork;
pub use network::function::Landscape;
pub use network::gpt::DecoderTransformer;
pub use network::layers::LayeredNetwork;
pub use network::lstm::RecurrentNetwork;
pub use network::mlp::MultiLayerPerceptron;
pub use parameters::{digest, parameters};
pub use steps::Batch;

/// Builds the model of `spec` on `device`, with parameters drawn from the streams `init/<path>` of
/// `seed`.
///
/// `shape` is channels, height and width of one input, which is passed in flattened; `outputs` is
/// the number of classes or values. For text, `shape[2]` is the context and `outputs` the size of
/// the vocabulary. The model is trainable if `device` is an autodiff device (`device.autodiff()`);
/// the weights are the same either way.
pub fn build(
    spec: &ModelSpec,
    shape: [usize; 3],
    outputs: usize,
    seed: u64,
    device: &Device,
) -> Network {
    let init = InitSpec::default();
    build_with(spec, shape, outputs, init::Draws { init: &init, seed }, device)
}

/// Builds a model as [`build`] does, with parameters distributed as in `draws`.
pub fn build_with(
    spec: &ModelSpec,
    shape: [usize; 3],
    outputs: usize,
    draws: init::Draws<'_>,
    device: &Device,
) -> Network {
    let table = spec.table(shape, outputs);
    Network::build(spec, shape, &table, draws, device)
}
