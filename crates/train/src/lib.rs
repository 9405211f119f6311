//! One `RunSpec` on one device: the training loop, evaluation, digests,
//! checkpoints and saved weights, and the worker process that speaks the
//! protocol of [`spec::event`].
//!
//! The only crate with the feature `libtorch`; the folder `libtorch/` is the
//! only place that names it, so that another backend can take its place.

mod checkpoint;
mod class_metrics;
pub mod device;
pub mod environment;
mod epoch;
mod evaluate;
pub mod export;
mod feed;
mod files;
mod fused;
#[cfg(feature = "libtorch")]
mod libtorch;
mod measure;
mod pass;
mod progress;
mod run;
mod stop;
mod trajectory;
mod weights;
pub mod worker;

pub use run::{Job, Observer, TrainError, train};
