//! One `RunSpec` on one device: the training loop, evaluation, digests, and
//! the worker process that speaks the protocol of [`spec::event`].
//!
//! The only crate with the feature `libtorch`; the folder `libtorch/` is the
//! only place that names it, so that another backend can take its place.

pub mod device;
pub mod environment;
mod evaluate;
pub mod export;
mod feed;
#[cfg(feature = "libtorch")]
mod libtorch;
mod run;
pub mod worker;

pub use run::{Observer, train};
