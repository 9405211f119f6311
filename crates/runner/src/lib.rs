//! The command line `sweep`: trains a plan on a device pool and writes the journal.
//!
//! `commands` holds one file for each verb. `resume` decides which runs are outstanding and
//! `launcher` where they are executed; `executor` trains them on the slots of `pool`, in the order
//! of `scheduler`, with a `worker_process` for each slot. `training` appends the records to the
//! journal; `sweep_progress` holds the state that `progress` and `status_file` show. The crate
//! depends neither on Burn nor on libtorch: training happens in worker processes.

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
mod trained;
mod training;
mod worker_process;
pub mod workspace;

pub use error::{Error, ExpectedError, Result};
