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

/// Samples an evaluation step: large enough that calls cost nothing, small
/// enough that activations stay in tens of megabytes.
const BATCH: usize = 5_000;

/// Numbers that a model may hold for one evaluation step, inputs and outputs:
/// convolutions have far more of them a sample than linear layers.
const NUMBERS: usize = 1 << 24;

/// What a split measured.
pub(crate) struct Evaluation {
    /// Mean of the training loss over all samples.
    pub(crate) loss: f64,
    /// Metrics of classes, in the order of the registry.
    others: Vec<(Metric, f64)>,
}

/// Evaluates a model without autodiff on samples of the same device: the loss, and
/// `metrics` where the targets are classes.
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
    // A recurrent state is carried along the lanes of a stream, so that they are batches.
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
        // One loss a sample: the metric then weighs the short last batch rightly.
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
    /// As points of a record.
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
