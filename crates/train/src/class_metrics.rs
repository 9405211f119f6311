//! Classification metrics, accumulated over the batches of an evaluation. Most are burn-train's,
//! which are in percent; here all are fractions. Every metric that [`spec::metric::built_in`]
//! describes is computed here.

use burn::tensor::{Int, Tensor, TensorReadError};
use burn_train::metric::{
    AccuracyInput, AccuracyMetric, ClassReduction, ConfusionStatsInput, FBetaScoreMetric,
    Metric as BurnMetric, MetricMetadata, Numeric, NumericEntry, TopKAccuracyInput,
    TopKAccuracyMetric,
};
use spec::metric::Metric;

/// A metric over the samples seen so far.
pub(crate) trait ClassMetric {
    /// Adds a batch: scores `[samples, classes]`, and class indices `[samples]`.
    fn update(
        &mut self,
        outputs: Tensor<2>,
        labels: Tensor<1, Int>,
        metadata: &MetricMetadata,
    ) -> Result<(), TensorReadError>;

    /// Returns the value over all batches, in the unit of the metric; NaN without any.
    fn value(&self) -> f64;
}

/// Returns the computation of a classification metric; `None` if this worker cannot compute it.
pub(crate) fn class_metric(metric: Metric) -> Option<Box<dyn ClassMetric>> {
    Some(match metric {
        Metric::ACCURACY => {
            Box::new(OfBurn { metric: AccuracyMetric::new(), input: AccuracyInput::new })
        }
        Metric::TOP5_ACCURACY => {
            Box::new(OfBurn { metric: TopKAccuracyMetric::new(5), input: TopKAccuracyInput::new })
        }
        // Computed from the counts of all samples so far, not as a mean over batches.
        Metric::F1 => Box::new(OfBurn {
            metric: FBetaScoreMetric::multiclass(1.0, 1, ClassReduction::Macro),
            input: one_hot,
        }),
        Metric::BALANCED_ACCURACY => Box::new(BalancedAccuracy::default()),
        _ => return None,
    })
}

/// Returns the running mean of a metric; NaN if nothing was measured.
pub(crate) fn mean(entry: Option<NumericEntry>) -> f64 {
    entry.map_or(f64::NAN, |e| e.current())
}

/// A metric of burn-train with the function that builds its input from scores and classes.
struct OfBurn<M: BurnMetric> {
    metric: M,
    input: fn(Tensor<2>, Tensor<1, Int>) -> M::Input,
}

impl<M: BurnMetric + Numeric> ClassMetric for OfBurn<M> {
    fn update(
        &mut self,
        outputs: Tensor<2>,
        labels: Tensor<1, Int>,
        metadata: &MetricMetadata,
    ) -> Result<(), TensorReadError> {
        self.metric.update(&(self.input)(outputs, labels), metadata).map(drop)
    }
    fn value(&self) -> f64 {
        mean(self.metric.running_value()) / 100.0
    }
}

/// Builds the input of metrics that count by class: scores and one-hot classes, both
/// `[samples, classes]`.
fn one_hot(outputs: Tensor<2>, labels: Tensor<1, Int>) -> ConfusionStatsInput {
    let targets = labels.one_hot::<2>(outputs.dims()[1]).bool();
    ConfusionStatsInput::new(outputs, targets)
}

/// Mean of the recalls of all classes that occur: burn-train's macro recall counts absent classes
/// as 0.
#[derive(Default)]
struct BalancedAccuracy {
    /// Number of correctly predicted samples and of all samples, by class.
    counts: Vec<(f64, f64)>,
}

impl ClassMetric for BalancedAccuracy {
    fn update(
        &mut self,
        outputs: Tensor<2>,
        labels: Tensor<1, Int>,
        _: &MetricMetadata,
    ) -> Result<(), TensorReadError> {
        let [samples, classes] = outputs.dims();
        let predicted = outputs.argmax(1).reshape([samples]);
        let right = predicted.equal(labels.clone()).float().unsqueeze_dim::<2>(1);
        let of_class = labels.one_hot::<2>(classes).float();
        let sums = |of: Tensor<2>| -> Result<Vec<f64>, TensorReadError> {
            Ok(of.sum_dim(0).try_into_data()?.iter::<f64>().collect())
        };
        let (right, all) = (sums(of_class.clone() * right)?, sums(of_class)?);
        self.counts.resize(classes, (0.0, 0.0));
        for (count, more) in self.counts.iter_mut().zip(right.into_iter().zip(all)) {
            *count = (count.0 + more.0, count.1 + more.1);
        }
        Ok(())
    }
    fn value(&self) -> f64 {
        let recalls: Vec<f64> = self
            .counts
            .iter()
            .filter(|(_, all)| *all > 0.0)
            .map(|(right, all)| right / all)
            .collect();
        recalls.iter().sum::<f64>() / recalls.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use burn::data::dataloader::Progress;
    use burn::tensor::{Device, TensorData};

    use super::*;

    fn progress() -> MetricMetadata {
        let progress = Progress { items_processed: 1, items_total: 1, unit: None };
        MetricMetadata { progress, iteration: None, lr: None }
    }

    /// Returns a metric over batches of outputs and labels.
    fn measured(metric: Metric, batches: &[(&[[f32; 6]], &[i64])]) -> f64 {
        let device = Device::flex();
        let mut measure = class_metric(metric).unwrap();
        for (outputs, labels) in batches {
            let n = labels.len();
            let data = TensorData::new(outputs.concat(), [n, 6]);
            let outputs = Tensor::from_data(data, &device);
            let labels = Tensor::from_data(TensorData::new(labels.to_vec(), [n]), &device);
            measure.update(outputs, labels, &progress()).unwrap();
        }
        measure.value()
    }

    /// Returns outputs that rank the classes in this order, the likeliest first.
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
        // f1_score(average="macro") gives 0.4583333.
        let f1 = (4.0 / 6.0 + 0.5 + 2.0 / 3.0) / 4.0;
        // Recalls 2/3, 1/2, 1, 0; its balanced_accuracy_score gives 0.5416667.
        let balanced = (2.0 / 3.0 + 0.5 + 1.0) / 4.0;
        let expected = [
            (Metric::ACCURACY, 4.0 / 7.0),
            (Metric::TOP5_ACCURACY, 5.0 / 7.0),
            (Metric::F1, f1),
            (Metric::BALANCED_ACCURACY, balanced),
        ];
        for (metric, wanted) in expected {
            let whole = measured(metric, &[(&outputs, &labels)]);
            let cut =
                measured(metric, &[(&outputs[..3], &labels[..3]), (&outputs[3..], &labels[3..])]);
            for found in [whole, cut] {
                assert!((found - wanted).abs() < 1e-6, "{metric}: {found}, expected {wanted}");
            }
        }
        let classes = Metric::held_out().into_iter().filter(|m| m.is_defined_for(6));
        let computed = classes.filter(|m| *m != Metric::LOSS).all(|m| class_metric(m).is_some());
        assert!(computed, "every described metric is computed");
    }
}
