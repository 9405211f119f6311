//! Evaluation by burn-train's metrics, in large batches, without gradients.

use burn::data::dataloader::Progress;
use burn::tensor::{Int, Tensor, TensorReadError};
use burn_train::metric::{
    AccuracyInput, AccuracyMetric, ClassReduction, ConfusionStatsInput, FBetaScoreMetric,
    LossInput, LossMetric, Metric, MetricMetadata, Numeric, NumericEntry, TopKAccuracyInput,
    TopKAccuracyMetric,
};
use model::{Network, Targets};
use spec::metric::FurtherMetric;
use spec::record::{MetricPoint, Split};
use spec::run::Loss;

use crate::feed::Samples;

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
    /// Of classes: accuracy (a fraction) and what was asked for further.
    others: Vec<(&'static str, f64)>,
}

/// Evaluates a model without autodiff on samples of the same device.
pub(crate) fn evaluate(
    network: &Network,
    samples: &Samples,
    loss: Loss,
    further: &[FurtherMetric],
) -> Result<Evaluation, TensorReadError> {
    if let Network::Function(landscape) = network {
        return Ok(Evaluation { loss: landscape.value(), others: Vec::new() });
    }
    let n = samples.len();
    let batch = BATCH.min(NUMBERS / network.numbers_a_sample()).max(1);
    let mut mean_loss = LossMetric::new();
    let mut classes = Classes::new(further);
    for start in (0..n).step_by(batch) {
        let end = (start + batch).min(n);
        let batch = samples.range(start, end);
        let outputs = network.forward(batch.inputs);
        // One loss a sample: the metric then weighs the short last batch rightly.
        let losses = model::each_loss(loss, outputs.clone(), &batch.targets);
        let progress = Progress { items_processed: end, items_total: n, unit: None };
        let metadata = MetricMetadata { progress, iteration: None, lr: None };
        mean_loss.update(&LossInput::new(losses), &metadata)?;
        if let Targets::Classes(labels) = batch.targets {
            classes.update(outputs, labels, &metadata)?;
        }
    }
    let others = match samples.targets {
        Targets::Classes(_) => classes.values(),
        Targets::Values(_) | Targets::None => Vec::new(),
    };
    Ok(Evaluation { loss: mean(mean_loss.running_value()), others })
}

/// The running mean of a metric; NaN where nothing was measured.
fn mean(entry: Option<NumericEntry>) -> f64 {
    entry.map_or(f64::NAN, |e| e.current())
}

/// Metrics that need classes. burn-train's are in per cent.
struct Classes {
    accuracy: AccuracyMetric,
    top5: Option<TopKAccuracyMetric>,
    f1: Option<FBetaScoreMetric>,
}

impl Classes {
    fn new(further: &[FurtherMetric]) -> Self {
        let asked = |metric| further.contains(&metric);
        Classes {
            accuracy: AccuracyMetric::new(),
            top5: asked(FurtherMetric::Top5Accuracy).then(|| TopKAccuracyMetric::new(5)),
            // Over the counts of all samples so far, not a mean of batches.
            f1: asked(FurtherMetric::F1)
                .then(|| FBetaScoreMetric::multiclass(1.0, 1, ClassReduction::Macro)),
        }
    }

    fn update(
        &mut self,
        outputs: Tensor<2>,
        labels: Tensor<1, Int>,
        metadata: &MetricMetadata,
    ) -> Result<(), TensorReadError> {
        if let Some(top5) = &mut self.top5 {
            top5.update(&TopKAccuracyInput::new(outputs.clone(), labels.clone()), metadata)?;
        }
        if let Some(f1) = &mut self.f1 {
            let targets = labels.clone().one_hot::<2>(outputs.dims()[1]).bool();
            f1.update(&ConfusionStatsInput::new(outputs.clone(), targets), metadata)?;
        }
        self.accuracy.update(&AccuracyInput::new(outputs, labels), metadata)?;
        Ok(())
    }

    fn values(&self) -> Vec<(&'static str, f64)> {
        let mut out = vec![("accuracy", mean(self.accuracy.running_value()) / 100.0)];
        let top5 = self.top5.as_ref().map(|m| (FurtherMetric::Top5Accuracy, m.running_value()));
        let f1 = self.f1.as_ref().map(|m| (FurtherMetric::F1, m.running_value()));
        out.extend(top5.into_iter().chain(f1).map(|(m, value)| (m.name(), mean(value) / 100.0)));
        out
    }
}

impl Evaluation {
    /// As points of a record.
    pub(crate) fn points(
        &self,
        epoch: u64,
        step: u64,
        split: Split,
    ) -> impl Iterator<Item = MetricPoint> {
        [("loss", self.loss)].into_iter().chain(self.others.clone()).map(move |(metric, value)| {
            MetricPoint { epoch, step, split, metric: metric.to_owned(), value: value.into() }
        })
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;

    fn progress() -> MetricMetadata {
        let progress = Progress { items_processed: 1, items_total: 1, unit: None };
        MetricMetadata { progress, iteration: None, lr: None }
    }

    /// Accuracy, top-5 and F1 of batches of outputs and labels.
    fn measured(batches: &[(&[[f32; 6]], &[i64])]) -> Vec<(&'static str, f64)> {
        let device = Device::flex();
        let mut classes = Classes::new(FurtherMetric::ALL);
        for (outputs, labels) in batches {
            let n = labels.len();
            let data = TensorData::new(outputs.concat(), [n, 6]);
            let outputs = Tensor::from_data(data, &device);
            let labels = Tensor::from_data(TensorData::new(labels.to_vec(), [n]), &device);
            classes.update(outputs, labels, &progress()).unwrap();
        }
        classes.values()
    }

    /// Outputs whose order of classes is this, the likeliest first.
    fn order(classes: [usize; 6]) -> [f32; 6] {
        let mut out = [0.0; 6];
        classes.iter().enumerate().for_each(|(rank, &class)| out[class] = 3.0 - rank as f32);
        out
    }

    #[test]
    fn metrics_are_those_of_all_samples_however_they_are_cut() {
        // Predicted 0 0 1 1 2 0 2 for 0 0 0 1 2 1 3; 4 and 5 occur nowhere.
        let outputs = [
            order([0, 1, 2, 3, 4, 5]),
            order([0, 2, 1, 3, 4, 5]),
            order([1, 2, 3, 4, 5, 0]),
            order([1, 0, 2, 3, 4, 5]),
            order([2, 0, 1, 3, 4, 5]),
            order([0, 2, 3, 4, 1, 5]),
            order([2, 0, 1, 4, 5, 3]),
        ];
        let labels = [0, 0, 0, 1, 2, 1, 3];
        // F1 of the classes 0 to 3: 4/6, 2/4, 2/3, 0; scikit-learn 1.9.1's
        // f1_score(average="macro") says 0.4583333.
        let f1 = (4.0 / 6.0 + 0.5 + 2.0 / 3.0) / 4.0;
        let expected = [("accuracy", 4.0 / 7.0), ("top5_accuracy", 5.0 / 7.0), ("f1", f1)];
        let whole = measured(&[(&outputs, &labels)]);
        let cut = measured(&[(&outputs[..3], &labels[..3]), (&outputs[3..], &labels[3..])]);
        for found in [whole, cut] {
            assert_eq!(found.len(), 3);
            for ((name, value), (as_expected, wanted)) in found.iter().zip(expected) {
                assert_eq!(*name, as_expected);
                assert!((value - wanted).abs() < 1e-6, "{name}: {value}, expected {wanted}");
            }
        }
    }
}
