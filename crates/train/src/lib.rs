//! Trains one `RunSpec` on one device: the training loop, evaluation, digests, checkpoints, saved
//! weights, and the worker process that speaks the protocol of [`spec::event`].
//!
//! Only this crate has the feature `libtorch`, and only its folders `libtorch/` and `on_device/`
//! call that library, so that another backend can replace it.

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
