//! Evaluation by burn-train's metrics, in large batches, without gradients.

use burn::data::dataloader::Progress;
use burn::tensor::TensorReadError;
use burn::tensor::activation::log_softmax;
use burn_train::metric::{
    AccuracyInput, AccuracyMetric, LossInput, LossMetric, Metric, MetricMetadata, Numeric,
};
use model::{Network, Targets};
use spec::record::{MetricPoint, Split};

use crate::feed::Samples;

/// Samples an evaluation step: large enough that calls cost nothing, small
/// enough that activations stay in tens of megabytes.
const BATCH: usize = 5_000;

/// Mean loss and accuracy (a fraction, of classes) over all samples.
pub(crate) struct Evaluation {
    pub(crate) loss: f64,
    pub(crate) accuracy: Option<f64>,
}

/// Evaluates a model without autodiff on samples of the same device.
pub(crate) fn evaluate(
    network: &Network,
    samples: &Samples,
) -> Result<Evaluation, TensorReadError> {
    if let Network::Function(landscape) = network {
        return Ok(Evaluation { loss: landscape.value(), accuracy: None });
    }
    let n = samples.len();
    let mut loss = LossMetric::new();
    let mut accuracy = AccuracyMetric::new();
    for start in (0..n).step_by(BATCH) {
        let end = (start + BATCH).min(n);
        let batch = samples.range(start, end);
        let logits = network.forward(batch.inputs);
        let Targets::Classes(labels) = batch.targets else { panic!("accuracy of no classes") };
        // One loss a sample: the metric then weighs the short last batch rightly.
        let index = labels.clone().reshape([end - start, 1]);
        let losses = log_softmax(logits.clone(), 1).gather(1, index).neg().reshape([end - start]);
        let progress = Progress { items_processed: end, items_total: n, unit: None };
        let metadata = MetricMetadata { progress, iteration: None, lr: None };
        loss.update(&LossInput::new(losses), &metadata)?;
        accuracy.update(&AccuracyInput::new(logits, labels), &metadata)?;
    }
    let mean =
        |entry: Option<burn_train::metric::NumericEntry>| entry.map_or(f64::NAN, |e| e.current());
    Ok(Evaluation {
        loss: mean(loss.running_value()),
        accuracy: Some(mean(accuracy.running_value()) / 100.0),
    })
}

impl Evaluation {
    /// As points of a record.
    pub(crate) fn points(&self, epoch: u64, step: u64, split: Split) -> Vec<MetricPoint> {
        let point = |metric: &str, value: f64| MetricPoint {
            epoch,
            step,
            split,
            metric: metric.to_owned(),
            value: value.into(),
        };
        let accuracy = self.accuracy.map(|value| point("accuracy", value));
        [point("loss", self.loss)].into_iter().chain(accuracy).collect()
    }
}
