//! The worker's protocol: one JSON object per line, requests on standard
//! input, events on a pipe that nothing else writes to.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::identity::Id;
use crate::metric::{self, EpochMetric, Metric};
use crate::params::choice;
pub use crate::record::FailureKind;
use crate::record::{Environment, MetricPoint, Outcome};
use crate::run::RunSpec;

/// Version of the protocol, raised when a request or event changes its meaning. `sweep` refuses
/// a worker of another version.
pub const PROTOCOL: u32 = 4;

/// A request from `sweep` to a worker. The end of input ends the worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case")]
pub enum Request {
    /// Train this run.
    Run {
        /// The run's id, repeated in every event.
        run_id: Id,
        /// The run to train.
        spec: Box<RunSpec>,
        /// Checkpoints, saved weights and evaluations.
        #[serde(default)]
        options: Options,
    },
    /// Train steps of this run for a while and report their speed. Nothing is stored. Data and
    /// device are warm after the first such request.
    Measure {
        /// The run's id, repeated in the answer.
        run_id: Id,
        /// The run whose steps are trained.
        spec: Box<RunSpec>,
        /// Options, of which only [`Options::root`] is used.
        #[serde(default)]
        options: Options,
        /// Duration in seconds; at least one step is trained.
        seconds: f64,
    },
}

/// Options of a worker besides the run itself; none of them changes a result.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// Folder that paths of own data are relative to.
    pub root: PathBuf,
    /// Mid-run checkpoints, from which the run resumes after being killed; null: none.
    pub checkpoint: Option<Checkpoint>,
    /// Weights to save; null: none.
    pub save: Option<SaveTo>,
    /// Metrics on request to measure.
    #[serde(default, deserialize_with = "metric::on_request")]
    pub metrics: Vec<Metric>,
    /// Steps between two evaluations of a run by steps; null: a twentieth of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluate_every: Option<u64>,
    /// Samples of each held-out split that evaluations within the run measure; null: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluate_samples: Option<u64>,
    /// Number of the segment, from 1, after which the run pauses unless it ends there or before;
    /// for a run by epochs it is the epoch. Null: no pause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause_at: Option<u64>,
}

/// Mid-run checkpoints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Folder of this run alone; removed when the run has a result.
    pub folder: PathBuf,
    /// Epochs, or steps of a run by steps, between two checkpoints; 0: only the one of a pause.
    pub every: u64,
}

/// Weights that outlive the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaveTo {
    /// The weights to save.
    pub which: Save,
    /// Metric on a split by which [`Save::Best`] chooses the epoch.
    pub by: EpochMetric,
    /// The safetensors file.
    pub path: PathBuf,
}

choice! {
    /// `[train] save`: the weights that are saved as safetensors.
    #[derive(Default)]
    Save {
        /// No weights.
        #[default]
        None = "none",
        /// Weights after the last epoch.
        Last = "last",
        /// Weights of the epoch with the best target metric (validation accuracy or loss, or the
        /// training loss without a validation split); the first such epoch on a tie.
        Best = "best",
    }
}

/// An event from a worker to `sweep`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The worker has its device and waits for runs.
    Ready {
        /// Its [`PROTOCOL`].
        protocol: u32,
        /// The environment in which it computes.
        environment: Box<Environment>,
    },
    /// A run has started.
    Started {
        /// The run.
        run_id: Id,
        /// Epochs it will train.
        epochs: u64,
        /// Optimizer steps per epoch.
        steps_per_epoch: u64,
        /// Epochs that are not trained again because the run resumed from a checkpoint.
        #[serde(default)]
        from_epoch: u64,
        /// The measurements of those epochs.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        metrics: Vec<MetricPoint>,
    },
    /// Progress of a run, at most a few times per second, for display only.
    Progress {
        /// The run.
        run_id: Id,
        /// Steps enqueued so far, counted from the start of the run.
        step: u64,
    },
    /// An epoch has ended and was evaluated; epoch 0 is before training.
    Epoch {
        /// The run.
        run_id: Id,
        /// The epoch.
        epoch: u64,
        /// The measurements of the epoch.
        metrics: Vec<MetricPoint>,
    },
    /// The run completed, diverged or paused.
    Finished {
        /// The run.
        run_id: Id,
        /// The result without its metrics, which [`Event::Started`] and [`Event::Epoch`] have
        /// reported.
        outcome: Box<Outcome>,
    },
    /// The answer to [`Request::Measure`].
    Measured {
        /// The run.
        run_id: Id,
        /// Samples that were trained on.
        samples: u64,
        /// Training time in seconds, without evaluation and start-up.
        seconds: f64,
    },
    /// The run ended with an error; the worker continues.
    Failed {
        /// The run.
        run_id: Id,
        /// Kind of failure: an error that the worker reports, or a panic.
        kind: FailureKind,
        /// The message, one or more lines.
        message: String,
    },
}

/// Output of `sweep-worker --probe`: the devices that this build can use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// The worker's [`PROTOCOL`].
    pub protocol: u32,
    /// Backends compiled in: `flex`, `libtorch`.
    pub backends: Vec<String>,
    /// Version of the libtorch that was loaded; null without libtorch.
    pub libtorch: Option<String>,
    /// The kind of device that libtorch was built for: `cpu` or `cuda`; null without libtorch.
    #[serde(default)]
    pub libtorch_kind: Option<String>,
    /// The folder of the libraries that were loaded; null without libtorch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub libtorch_folder: Option<String>,
    /// Reason why the loaded libtorch cannot be used; null if it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub libtorch_refused: Option<String>,
    /// Whether libtorch sees CUDA.
    pub cuda: bool,
    /// Usable devices: `flex`, `libtorch:cpu`, `libtorch:cuda:0`, ...
    pub devices: Vec<String>,
    /// Code hash: that of the tokens of the code that trains.
    pub code: String,
}
