//! Values of a run after its last epoch, by name.

use report::table::{LastEpoch, RunRow};
use spec::metric::EpochMetric;

/// Access by names such as `test.loss`.
#[allow(dead_code)]
pub trait Last {
    /// Returns the value; `None` if it was not measured.
    fn get(&self, metric: &str) -> Option<f64>;
    /// Sets or removes the value.
    fn set(&mut self, metric: &str, value: Option<f64>);
    /// Changes the value if there is one.
    fn change(&mut self, metric: &str, to: impl FnOnce(f64) -> f64);
}

fn of(metric: &str) -> EpochMetric {
    EpochMetric::from_name(metric).unwrap()
}

impl Last for RunRow {
    fn get(&self, metric: &str) -> Option<f64> {
        let of = of(metric);
        self.last(of.split, of.metric)
    }
    fn set(&mut self, metric: &str, value: Option<f64>) {
        self.last_epoch.set(of(metric), value);
    }
    fn change(&mut self, metric: &str, to: impl FnOnce(f64) -> f64) {
        self.set(metric, self.get(metric).map(to));
    }
}

/// Values by name; metrics without a value were not measured.
#[allow(dead_code)]
pub fn named<const N: usize>(values: [(&str, Option<f64>); N]) -> LastEpoch {
    values.into_iter().filter_map(|(metric, value)| Some((of(metric), value?))).collect()
}
