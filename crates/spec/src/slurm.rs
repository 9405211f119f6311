//! `[slurm]` of the sweep file or of the user's own configuration: how the tasks
//! of `--launcher slurm` are asked for. No part of any id.

use serde::{Deserialize, Serialize};

/// Default of [`SlurmSettings::poll_seconds`].
pub const POLL_SECONDS: u64 = 30;

/// `[slurm]`, resolved. What is `None` or empty is left to the site's defaults:
/// no flag is passed for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SlurmSettings {
    /// `--partition`.
    pub partition: Option<String>,
    /// `--account`.
    pub account: Option<String>,
    /// `--time` of a task, in seconds; Slurm counts whole minutes.
    pub time: Option<u64>,
    /// `--mem` of a task, as Slurm writes it: `4G`, `500M`.
    pub mem: Option<String>,
    /// `--cpus-per-task`: processors of a task, shared by its runs; default 1.
    pub cpus: u64,
    /// GPUs of a task (`--gres=gpu:N`); default 0.
    pub gpus: u64,
    /// Most tasks at once, of each array (`%N`); default: as many as Slurm lets run.
    pub max_parallel: Option<u64>,
    /// Runs of a task; default `"auto"`.
    pub runs_per_task: RunsPerTask,
    /// Lines of bash before the runs: `module load cuda`.
    pub setup: Vec<String>,
    /// Further flags of `sbatch` for the tasks, passed through untouched.
    pub extra: Vec<String>,
    /// Seconds between two questions to Slurm under `--watch`; default 30.
    pub poll_seconds: u64,
    /// Whether a short job looks, before anything is submitted, at whether the nodes see
    /// the folders, where this cannot be told from here; default true.
    pub check_folder: bool,
}

/// How many runs one task of an array trains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunsPerTask {
    /// By an estimate of time, so that a task lasts a quarter of an hour or so.
    #[default]
    Auto,
    /// So many.
    Number(u64),
}

impl Default for SlurmSettings {
    fn default() -> Self {
        SlurmSettings {
            partition: None,
            account: None,
            time: None,
            mem: None,
            cpus: 1,
            gpus: 0,
            max_parallel: None,
            runs_per_task: RunsPerTask::Auto,
            setup: Vec::new(),
            extra: Vec::new(),
            poll_seconds: POLL_SECONDS,
            check_folder: true,
        }
    }
}
