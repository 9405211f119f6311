//! Burn modules from a [`ModelSpec`], initialised on the host from the run's seed.
//!
//! [`build`] is the registry: one exhaustive match, one file per model. The
//! initial weights depend on the seed and the parameter's path alone, never on
//! the optimizer, the device or Burn's own random generator (see [`init`]).
//! Builds and passes its tests on Burn's `flex` backend; which backend is used
//! is a property of the [`Device`] handed in.

pub mod init;
pub mod loss;
pub mod mlp;
pub mod network;
pub mod parameters;
mod steps;

use burn::tensor::Device;
use spec::ModelSpec;

pub use loss::cross_entropy;
pub use mlp::MultiLayerPerceptron;
pub use network::Network;
pub use parameters::{digest, parameters};
pub use steps::Batch;

/// Builds the model of `spec` on `device`, its parameters drawn from the
/// streams `init/<path>` of `seed`.
///
/// `features` is the length of one flattened input, `classes` the number of
/// logits. Trainable if `device` is an autodiff device (`device.autodiff()`);
/// the weights are the same either way.
pub fn build(
    spec: &ModelSpec,
    features: usize,
    classes: usize,
    seed: u64,
    device: &Device,
) -> Network {
    match spec {
        ModelSpec::Linear(_) => Network::Linear(init::linear(seed, "", features, classes, device)),
        ModelSpec::Mlp(p) => Network::Mlp(mlp::build(p, features, classes, seed, device)),
    }
}
