//! One run to train, who follows it, and why it may have no result.

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
    /// Its id: checkpoints and saved weights bear it.
    pub run_id: Id,
    /// The run's specification.
    pub spec: &'a RunSpec,
    /// The files that are kept on the way.
    pub options: &'a Options,
    /// The environment that trains it: a checkpoint of another one is not resumed.
    pub environment: &'a Environment,
}

/// The model and its optimizer, moved through every step so that weights are
/// updated in place.
pub(crate) type State = (Network, Optimizer);

/// Receives callbacks during training.
pub trait Observer {
    /// Training begins after `from_epoch` epochs, which a checkpoint has spared, and which
    /// measured `metrics`.
    fn started(&mut self, from_epoch: u64, metrics: &[MetricPoint]);
    /// Steps enqueued so far.
    fn progress(&mut self, step: u64);
    /// An epoch has measured `metrics`; epoch 0 is before training.
    fn epoch(&mut self, epoch: u64, metrics: &[MetricPoint]);
}

/// Why a run has no result.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The device did not give a tensor back.
    #[error(transparent)]
    Read(#[from] TensorReadError),
    /// Something waits for a metric that the run does not measure.
    #[error(
        "{what} watches {metric}, which this run does not measure; is `validation` 0, or are the targets not classes?"
    )]
    Unmeasured {
        /// The setting that waits.
        what: &'static str,
        /// Split and name.
        metric: String,
    },
    /// A metric is asked for that this worker cannot compute.
    #[error("this worker cannot compute the metric `{0}`")]
    Unknown(String),
    /// Weights that were asked for cannot be kept.
    #[error("the weights cannot be kept in {path}: {reason}", path = path.display())]
    Save {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        reason: io::Error,
    },
}
