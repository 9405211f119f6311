//! Burn modules from a [`ModelSpec`], initialised on the host from the run's seed.
//!
//! [`build`] makes a network of the table of parameters that its spec has, by the file of its
//! kind below `network/`. The
//! initial weights depend on the seed and the parameter's path alone, never on
//! the optimizer, the device or Burn's own random generator (see [`init`]).
//! Builds and passes its tests on Burn's `flex` backend; which backend is used
//! is a property of the [`Device`] handed in.

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

/// Builds the model of `spec` on `device`, its parameters drawn from the
/// streams `init/<path>` of `seed`.
///
/// `shape` is channels, height and width of one input (flattened when it comes
/// in), `outputs` the number of classes or values; of text the context and the vocabulary. Trainable if `device` is an autodiff device (`device.autodiff()`);
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

/// Builds a model like [`build`], with parameters that begin as `draws` says.
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
