//! The arguments of nights and of the baselines that they are judged against.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{RunArgs, TrainingArgs};

/// What a night is judged against.
#[derive(Args, Clone, Debug)]
pub struct AgainstArgs {
    /// What it is held against: a folder of `baseline accept`, another report folder or
    /// sweep file, or a night of a history (.parquet); default: reports/baselines/<name>,
    /// else the last whole night of the history.
    #[arg(long, value_name = "PATH")]
    pub baseline: Option<PathBuf>,
    /// Folder of earlier nights; default: reports/history/<name>.
    #[arg(long, value_name = "DIR")]
    pub history: Option<PathBuf>,
}

/// Arguments of `nightly`.
#[derive(Args, Clone, Debug)]
pub struct NightlyArgs {
    /// What to train, where and how.
    #[command(flatten)]
    pub training: TrainingArgs,
    /// Baseline and history.
    #[command(flatten)]
    pub against: AgainstArgs,
    /// Go on with a night that was interrupted instead of training everything afresh.
    #[arg(long)]
    pub resume: bool,
}

impl NightlyArgs {
    /// The sweep of the night.
    pub fn sweep(&self) -> RunArgs {
        RunArgs { fresh: !self.resume, night: true, ..RunArgs::whole(self.training.clone()) }
    }
}

/// The verbs of `baseline`.
#[derive(Debug, Subcommand)]
pub enum BaselineCommand {
    /// Record what lies in a report as the baseline of the nights to come.
    Accept {
        /// A sweep file or report folder.
        file: PathBuf,
        /// Why, in a sentence: it stands in baseline.json and in every report.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// Folder of the baseline; default: reports/baselines/<name>.
        #[arg(long, value_name = "DIR")]
        baseline: Option<PathBuf>,
        /// Accept it although runs have no result: every night will be incomplete.
        #[arg(long)]
        incomplete: bool,
    },
    /// Print when, why and from what a baseline was accepted.
    Show {
        /// A sweep file, report folder or the baseline's folder.
        file: PathBuf,
    },
}
