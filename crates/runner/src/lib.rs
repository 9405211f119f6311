//! Plan x device pool -> workers -> journal, and the command line `sweep`.
//!
//! `commands` holds a file a verb; `executor` runs outstanding runs over the
//! slots of `pool`, each with a `worker_process`; `journal` writes what they
//! say; `resume` decides what is outstanding. Knows neither Burn nor libtorch:
//! training happens in worker processes.

pub mod cli;
mod clock;
pub mod commands;
mod executor;
pub mod exit;
mod journal;
mod lock;
mod machine;
mod pool;
mod progress;
mod provenance;
mod resume;
mod text;
mod worker_process;
pub mod workspace;
