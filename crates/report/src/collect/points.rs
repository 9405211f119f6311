//! Columns of `metrics.parquet`: the long form, built without a row in between.

use polars::prelude::{Column, NamedFrom, Series};
use spec::record::RunRecord;

/// `run_id, epoch, step, split, metric, value`, by run in plan order, then in
/// the order of measurement. `ids` and `records` are those of the plan's runs.
pub(crate) fn columns(ids: &[String], records: &[Option<&RunRecord>]) -> Vec<Column> {
    let outcomes =
        || records.iter().enumerate().filter_map(|(i, r)| Some((i, r.as_ref()?.outcome.as_ref()?)));
    let total: usize = outcomes().map(|(_, o)| o.metrics.len()).sum();
    let mut run_id: Vec<&str> = Vec::with_capacity(total);
    let mut epoch: Vec<u64> = Vec::with_capacity(total);
    let mut step: Vec<u64> = Vec::with_capacity(total);
    let mut split: Vec<&str> = Vec::with_capacity(total);
    let mut metric: Vec<&str> = Vec::with_capacity(total);
    let mut value: Vec<f64> = Vec::with_capacity(total);
    for (run, outcome) in outcomes() {
        for point in &outcome.metrics {
            run_id.push(&ids[run]);
            epoch.push(point.epoch);
            step.push(point.step);
            split.push(point.split.name());
            metric.push(&point.metric);
            value.push(point.value.0);
        }
    }
    vec![
        Series::new("run_id".into(), run_id).into(),
        Series::new("epoch".into(), epoch).into(),
        Series::new("step".into(), step).into(),
        Series::new("split".into(), split).into(),
        Series::new("metric".into(), metric).into(),
        Series::new("value".into(), value).into(),
    ]
}
