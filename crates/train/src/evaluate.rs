//! Evaluation by burn-train's metrics, in large batches, without gradients.

use burn::data::dataloader::Progress;
use burn::tensor::TensorReadError;
use burn_train::metric::{LossInput, LossMetric, Metric as _, MetricMetadata, Numeric};
use model::{Network, Targets};
use spec::metric::Metric;
use spec::record::{MetricPoint, Split};
use spec::run::Loss;

use crate::class_metrics::{self, ClassMetric};
use crate::samples::Samples;

/// Maximum number of samples per evaluation step: large enough that the overhead of calls is
/// negligible, small enough that activations take tens of megabytes.
const BATCH: usize = 5_000;

/// Maximum number of floats, inputs and outputs, that a model may hold for one evaluation step:
/// convolutions have far more per sample than linear layers.
const NUMBERS: usize = 1 << 24;

/// Result of evaluating one split.
pub(crate) struct Evaluation {
    /// Mean of the training loss over all samples.
    pub(crate) loss: f64,
    /// Classification metrics in the order of the registry; empty if the targets are not classes.
    others: Vec<(Metric, f64)>,
}

/// Evaluates a model without autodiff on samples of the same device: the loss, and `metrics` if the
/// targets are classes.
///
/// # Errors
/// Fails if a value cannot be read back from the device.
pub(crate) fn evaluate(
    network: &Network,
    samples: &Samples,
    loss: Loss,
    metrics: &[Metric],
) -> Result<Evaluation, TensorReadError> {
    if let Some(loss) = network.value() {
        return Ok(Evaluation { loss, others: Vec::new() });
    }
    let n = samples.len();
    // A recurrent state is carried along the lanes of a stream, so a batch is a sequence of each
    // lane.
    let lanes = samples.lanes().filter(|_| network.has_state());
    let batch = lanes.unwrap_or(BATCH.min(NUMBERS / network.numbers_a_sample()).max(1));
    let mut state = None;
    let mut mean_loss = LossMetric::new();
    let mut measures: Vec<(Metric, Box<dyn ClassMetric>)> =
        metrics.iter().filter_map(|m| Some((*m, class_metrics::class_metric(*m)?))).collect();
    for start in (0..n).step_by(batch) {
        let end = (start + batch).min(n);
        let batch = match lanes {
            Some(lanes) => samples.of_lanes(start / lanes),
            None => samples.range(start, end),
        };
        let (outputs, behind) = network.forward_from(batch.inputs, state.take());
        state = behind.filter(|_| lanes.is_some());
        // One loss per sample, so that the metric weights a short last batch correctly.
        let losses = model::each_loss(loss, outputs.clone(), &batch.targets);
        let progress = Progress { items_processed: end, items_total: n, unit: None };
        let metadata = MetricMetadata { progress, iteration: None, lr: None };
        mean_loss.update(&LossInput::new(losses), &metadata)?;
        if let Targets::Classes(labels) = batch.targets {
            for (_, measure) in &mut measures {
                measure.update(outputs.clone(), labels.clone(), &metadata)?;
            }
        }
    }
    let others = match samples.has_classes() {
        true => measures.iter().map(|(m, of)| (*m, of.value())).collect(),
        false => Vec::new(),
    };
    Ok(Evaluation { loss: class_metrics::mean(mean_loss.running_value()), others })
}

impl Evaluation {
    /// Returns the measured values as points of a record.
    pub(crate) fn points(
        &self,
        epoch: u64,
        step: u64,
        split: Split,
    ) -> impl Iterator<Item = MetricPoint> {
        let values = [(Metric::LOSS, self.loss)].into_iter().chain(self.others.clone());
        values.map(move |(metric, value)| MetricPoint {
            epoch,
            step,
            split,
            metric,
            value: value.into(),
        })
    }
}
