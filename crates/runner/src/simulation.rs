//! Items for `examples/cluster` only, a cluster on a virtual clock in which everything but Slurm
//! and the training is real.

pub use crate::launcher::slurm::Slurm;
pub use crate::launcher::slurm::client::{Engine, Queued, SubmitError};
pub use crate::launcher::slurm::files::{Files, TaskId};
pub use crate::launcher::slurm::task_chunk::TaskChunk;
pub use crate::launcher::{Launched, Launcher, Work};
pub use crate::machine::Machine;
pub use crate::resume::{Outstanding, interleave, outstanding};
pub use crate::scheduler::{Next, RetryPolicy, Scheduler};
pub use crate::status_file::StatusFile;
pub use store::writer::JournalWriter;
