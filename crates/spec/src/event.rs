//! The worker's protocol: one JSON object a line, requests in on standard
//! input, events out on a pipe that nothing else writes to.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::identity::Id;
use crate::metric::{self, EpochMetric, Metric};
use crate::params::choice;
pub use crate::record::FailureKind;
use crate::record::{Environment, MetricPoint, Outcome};
use crate::run::RunSpec;

/// Raised when a request or event changes its meaning; `sweep` refuses a
/// worker of another protocol.
pub const PROTOCOL: u32 = 4;

/// From `sweep` to a worker. The end of input ends the worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case")]
pub enum Request {
    /// Train this run.
    Run {
        /// Its id, repeated in every event.
        run_id: Id,
        /// What to train.
        spec: Box<RunSpec>,
        /// What is kept on the way.
        #[serde(default)]
        options: Options,
    },
    /// Train this run's steps for a while and tell how fast they are; nothing
    /// of it is kept. Data and device are warm after the first of them.
    Measure {
        /// Its id, repeated in the answer.
        run_id: Id,
        /// Whose steps.
        spec: Box<RunSpec>,
        /// Of them only the root counts.
        #[serde(default)]
        options: Options,
        /// How long, in seconds; at least one step is trained.
        seconds: f64,
    },
}

/// What a worker is to do beside training; none of it changes a result.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// Folder that paths of own data are relative to.
    pub root: PathBuf,
    /// Where and how often the state is kept, to go on from after a kill.
    pub checkpoint: Option<Checkpoint>,
    /// Where which weights are kept.
    pub save: Option<SaveTo>,
    /// Metrics that are measured on request.
    #[serde(default, deserialize_with = "metric::on_request")]
    pub metrics: Vec<Metric>,
    /// Steps between two evaluations of a run by steps; null: a twentieth of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluate_every: Option<u64>,
    /// Samples of each held-out split that evaluations within the run measure; null: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluate_samples: Option<u64>,
    /// The segment at whose end the run pauses, unless it ends there or before: of a run by
    /// epochs the epoch, of a run by steps the number of its segment, from 1; null: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause_at: Option<u64>,
}

/// Mid-run checkpoints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// A folder of this run's own; removed when the run has a result.
    pub folder: PathBuf,
    /// Epochs between two of them; 0: none but the one of a pause.
    pub every: u64,
}

/// Weights that outlive the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaveTo {
    /// Which.
    pub which: Save,
    /// For [`Save::Best`]: split and metric that decide, and whether more is better.
    pub by: EpochMetric,
    /// The safetensors file.
    pub path: PathBuf,
}

choice! {
    /// `[train] save`: the weights that are kept as safetensors.
    #[derive(Default)]
    Save {
        /// None.
        #[default]
        None = "none",
        /// Those after the last epoch.
        Last = "last",
        /// Those of the epoch with the best target metric (validation accuracy
        /// or loss, without a validation split the training loss); of equally
        /// good ones the first.
        Best = "best",
    }
}

/// From a worker to `sweep`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The worker has its device and waits for runs.
    Ready {
        /// Its [`PROTOCOL`].
        protocol: u32,
        /// Where it computes.
        environment: Box<Environment>,
    },
    /// A run has begun.
    Started {
        /// Which.
        run_id: Id,
        /// Epochs it will train.
        epochs: u64,
        /// Optimizer steps an epoch.
        steps_per_epoch: u64,
        /// Epochs that a checkpoint has spared.
        #[serde(default)]
        from_epoch: u64,
        /// The measurements of those epochs.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        metrics: Vec<MetricPoint>,
    },
    /// Steps enqueued so far; at most a few a second, for the display alone.
    Progress {
        /// Which.
        run_id: Id,
        /// Steps of the whole run that are done.
        step: u64,
    },
    /// An epoch has ended and was evaluated; epoch 0 is before training.
    Epoch {
        /// Which.
        run_id: Id,
        /// The epoch.
        epoch: u64,
        /// The measurements of the epoch.
        metrics: Vec<MetricPoint>,
    },
    /// The run ended with a result, completed or diverged, or it was paused.
    Finished {
        /// Which.
        run_id: Id,
        /// The result, without metrics: those of [`Event::Started`] and of each
        /// [`Event::Epoch`] are all there are.
        outcome: Box<Outcome>,
    },
    /// The answer to [`Request::Measure`].
    Measured {
        /// Which run.
        run_id: Id,
        /// Samples that were trained on.
        samples: u64,
        /// The time that they took, without evaluation and without the start.
        seconds: f64,
    },
    /// The run ended with an error; the worker lives on.
    Failed {
        /// Which.
        run_id: Id,
        /// A panic, or an error that the worker understood.
        kind: FailureKind,
        /// The message, one or more lines.
        message: String,
    },
}

/// What `sweep-worker --probe` prints: which devices this build can use.
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
    /// Why the libtorch that was loaded cannot be used; null where it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub libtorch_refused: Option<String>,
    /// Whether libtorch sees CUDA.
    pub cuda: bool,
    /// Usable devices: `flex`, `libtorch:cpu`, `libtorch:cuda:0`, ...
    pub devices: Vec<String>,
    /// Hash of the sources of data, model, optimizer-registry and train.
    pub code: String,
}
