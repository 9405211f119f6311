//! Metrics of a run after its last epoch, and their columns.

use polars::prelude::*;
use spec::metric::{EpochMetric, Metric};
use spec::record::Split;

use super::{Cell, RunRow, number};

/// Values after the last epoch of a completed run, sorted by metric. NaN counts as missing;
/// infinities are kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LastEpoch(Vec<(EpochMetric, f64)>);

impl LastEpoch {
    /// Returns the value of a metric on a split; `None` if it was not measured.
    pub fn get(&self, split: Split, metric: Metric) -> Option<f64> {
        let wanted = EpochMetric::new(split, metric);
        self.0.iter().find(|(of, _)| *of == wanted).map(|(_, value)| *value)
    }

    /// Sets or replaces a value; `None` removes it.
    pub fn set(&mut self, of: EpochMetric, value: Option<f64>) {
        self.0.retain(|(held, _)| *held != of);
        let at = self.0.partition_point(|(held, _)| *held < of);
        self.0.splice(at..at, number(value).map(|value| (of, value)));
    }
}

impl FromIterator<(EpochMetric, f64)> for LastEpoch {
    fn from_iter<I: IntoIterator<Item = (EpochMetric, f64)>>(values: I) -> Self {
        let mut out = LastEpoch::default();
        values.into_iter().for_each(|(of, value)| out.set(of, Some(value)));
        out
    }
}

/// Returns the metrics that tables of these runs have columns for: those that always have one, and
/// every other one that some run measured.
pub(crate) fn columns_of(rows: &[RunRow]) -> Vec<EpochMetric> {
    let has = |of: &EpochMetric| {
        of.metric.description().column_always
            || rows.iter().any(|row| row.last(of.split, of.metric).is_some())
    };
    EpochMetric::all().into_iter().filter(has).collect()
}

/// Builds these columns, in order.
pub(crate) fn columns(rows: &[RunRow]) -> Vec<Column> {
    let column = |of: EpochMetric| {
        let values = rows.iter().map(|row| row.last(of.split, of.metric));
        f64::column(&of.column(), values.collect())
    };
    columns_of(rows).into_iter().map(column).collect()
}

/// Reads the columns of a frame back into its rows.
pub(crate) fn read(frame: &DataFrame, rows: &mut [RunRow]) -> PolarsResult<()> {
    for of in EpochMetric::all() {
        let column = frame.column(&of.column());
        // Files have no columns for metrics that were not requested, and those of the first release
        // have none for any metric on request.
        let required = of.metric.description().column_always && !of.metric.is_on_request();
        if column.is_err() && !required {
            continue;
        }
        for (row, value) in rows.iter_mut().zip(f64::read(column?)?) {
            row.last_epoch.set(of, value);
        }
    }
    Ok(())
}
