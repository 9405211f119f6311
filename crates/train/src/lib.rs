//! One `RunSpec` on one device: the training loop, evaluation, digests,
//! checkpoints and saved weights, and the worker process that speaks the
//! protocol of [`spec::event`].
//!
//! The only crate with the feature `libtorch`; the folders `libtorch/` and
//! `on_device/` are the only places that name it, so that another backend can take its place.

mod arena;
mod augment;
mod autodiff;
mod checkpoint;
mod class_metrics;
pub mod device;
mod engine;
pub mod environment;
mod evaluate;
pub mod export;
mod feed;
mod fused;
mod gpu;
mod held_out;
mod job;
#[cfg(all(test, feature = "libtorch"))]
mod launches;
#[cfg(feature = "libtorch")]
mod libtorch;
mod measure;
#[cfg(feature = "libtorch")]
mod on_device;
mod order;
mod processor;
mod progress;
mod run;
mod samples;
mod select;
mod stop;
mod trajectory;
mod weights;
pub mod worker;

pub use job::{Job, Observer, TrainError};
pub use run::train;
