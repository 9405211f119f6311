//! Plan x device pool -> workers -> journal, and the command line `sweep`.
//!
//! `commands` holds a file a verb; `executor` runs outstanding runs over the
//! slots of `pool` as `scheduler` says, each with a `worker_process`; `journal`
//! writes what they say, `live` knows what goes on, `progress` and `status_file`
//! tell of it; `resume` decides what is outstanding, `launcher` where it is executed. Knows neither Burn nor libtorch:
//! training happens in worker processes.

pub mod cli;
pub mod clock;
pub mod commands;
mod dataset_check;
pub mod error;
mod estimate;
mod executor;
pub mod exit;
mod launcher;
pub mod lock;
mod machine;
mod memory;
mod pause;
mod pool;
mod progress;
mod provenance;
mod python;
pub mod reporter;
mod resume;
mod run_context;
mod scheduler;
pub mod shard;
#[doc(hidden)]
pub mod simulation;
pub mod stages;
mod status_file;
mod sweep_progress;
pub mod text;
mod threads;
mod training;
mod worker_process;
pub mod workspace;

pub use error::{Error, ExpectedError, Result};
