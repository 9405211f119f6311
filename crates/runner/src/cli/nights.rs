//! Arguments of nights and of the baselines that they are judged against.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{RunArgs, TrainingArgs};

/// Baseline and history that a night is judged against.
#[derive(Args, Clone, Debug)]
pub struct AgainstArgs {
    /// Baseline: a folder of `baseline accept`, another report folder or sweep file, or a night
    /// of a history (.parquet). Default: reports/baselines/<name>, else the last complete night
    /// of the history.
    #[arg(long, value_name = "PATH")]
    pub baseline: Option<PathBuf>,
    /// Folder of earlier nights. Default: reports/history/<name>.
    #[arg(long, value_name = "DIR")]
    pub history: Option<PathBuf>,
}

/// Arguments of `nightly`.
#[derive(Args, Clone, Debug)]
pub struct NightlyArgs {
    /// Arguments of training.
    #[command(flatten)]
    pub training: TrainingArgs,
    /// Baseline and history.
    #[command(flatten)]
    pub against: AgainstArgs,
    /// Resumes an interrupted night instead of training every run afresh.
    #[arg(long)]
    pub resume: bool,
}

impl NightlyArgs {
    /// Returns the arguments of the night's sweep.
    pub fn sweep(&self) -> RunArgs {
        RunArgs { fresh: !self.resume, night: true, ..RunArgs::whole(self.training.clone()) }
    }
}

/// The verbs of `baseline`.
#[derive(Debug, Subcommand)]
pub enum BaselineCommand {
    /// Records the last sweep of a report as the baseline of future nights.
    Accept {
        /// Sweep file or report folder.
        file: PathBuf,
        /// Reason, in a sentence; baseline.json and every report of a night show it.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// Folder of the baseline. Default: reports/baselines/<name>.
        #[arg(long, value_name = "DIR")]
        baseline: Option<PathBuf>,
        /// Accepts a sweep of which runs have no result; every night will be incomplete.
        #[arg(long)]
        incomplete: bool,
    },
    /// Prints when, why and from which commit a baseline was accepted.
    Show {
        /// Sweep file, report folder or the baseline's folder.
        file: PathBuf,
    },
}
