//! What `examples/cluster`, a cluster on a virtual clock, uses of this crate: all but
//! Slurm and the training is the real thing. For nobody else.

pub use crate::beacon::Beacon;
pub use crate::launcher::slurm::Slurm;
pub use crate::launcher::slurm::client::{Engine, Queued, SubmitError};
pub use crate::launcher::slurm::files::{Files, Place};
pub use crate::launcher::slurm::share::Share;
pub use crate::launcher::{Launched, Launcher, Work};
pub use crate::machine::Machine;
pub use crate::resume::{Outstanding, interleave, outstanding};
pub use crate::scheduler::{Next, Scheduler, Terms};
pub use store::writer::JournalWriter;
