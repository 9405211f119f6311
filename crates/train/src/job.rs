//! The job of training one run, its observer and its errors.

use std::io;
use std::path::PathBuf;

use burn::tensor::TensorReadError;
use model::Network;
use optimizer_registry::Optimizer;
use spec::event::Options;
use spec::record::{Environment, MetricPoint};
use spec::{Id, RunSpec};

/// One run to train.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// Id of the run, stored in its checkpoints and saved weights.
    pub run_id: Id,
    /// The run's specification.
    pub spec: &'a RunSpec,
    /// Checkpoints, saved weights, metrics, evaluations and pauses that are requested for the run.
    pub options: &'a Options,
    /// Environment that trains the run; a checkpoint from another one is not resumed.
    pub environment: &'a Environment,
}

/// The model and its optimizer, moved through every step so that weights are
/// updated in place.
pub(crate) type State = (Network, Optimizer);

/// Receives callbacks during training.
pub trait Observer {
    /// Called when training begins. A checkpoint has spared the first `from_epoch` epochs (in a run
    /// by steps, the epochs completed by then), which measured `metrics`.
    fn started(&mut self, from_epoch: u64, metrics: &[MetricPoint]);
    /// Called with the number of optimizer steps enqueued so far.
    fn progress(&mut self, step: u64);
    /// Called after an epoch has measured `metrics`; epoch 0 is before training.
    fn epoch(&mut self, epoch: u64, metrics: &[MetricPoint]);
}

/// Error that leaves a run without an outcome.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// A tensor could not be read back from the device.
    #[error(transparent)]
    Read(#[from] TensorReadError),
    /// A setting watches a metric that the run does not measure.
    #[error(
        "{what} watches {metric}, which this run does not measure; is `validation` 0, or are the targets not classes?"
    )]
    Unmeasured {
        /// The setting that watches the metric.
        what: &'static str,
        /// The metric, as `<split>.<name>`.
        metric: String,
    },
    /// A requested metric that this worker cannot compute.
    #[error("this worker cannot compute the metric `{0}`")]
    Unknown(String),
    /// Requested weights could not be saved.
    #[error("the weights cannot be kept in {path}: {reason}", path = path.display())]
    Save {
        /// File of the weights.
        path: PathBuf,
        /// Cause.
        reason: io::Error,
    },
}
