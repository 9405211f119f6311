//! Columns of `metrics.parquet`, in long form, built without intermediate rows.

use polars::prelude::*;
use spec::record::{MetricPoint, RunRecord};

use crate::table::number;

/// Builds `run_id, epoch, step, split, metric, value`, by run in plan order, then in the order of
/// measurement. `ids` and `records` are those of the plan's runs. A NaN becomes null; an infinite
/// value is stored as it is.
pub(crate) fn columns(ids: &[String], records: &[Option<&RunRecord>]) -> Vec<Column> {
    let points = || {
        records.iter().enumerate().flat_map(|(run, record)| {
            let outcome = record.and_then(|r| r.outcome.as_ref());
            outcome.into_iter().flat_map(move |o| o.metrics.iter().map(move |point| (run, point)))
        })
    };
    let total = records.iter().flatten().filter_map(|r| Some(r.outcome.as_ref()?.metrics.len()));
    let total: usize = total.sum();
    // One column at a time limits memory to the values of one column besides the columns
    // themselves.
    fn text<'a>(name: &str, total: usize, of: impl Iterator<Item = &'a str>) -> Column {
        let mut values: Vec<&str> = Vec::with_capacity(total);
        values.extend(of);
        Series::new(name.into(), values).into()
    }
    let int = |name: &str, of: fn(&MetricPoint) -> u64| -> Column {
        let mut values: Vec<u64> = Vec::with_capacity(total);
        values.extend(points().map(|(_, point)| of(point)));
        Series::new(name.into(), values).into()
    };
    let mut value = PrimitiveChunkedBuilder::<Float64Type>::new("value".into(), total);
    points().for_each(|(_, point)| value.append_option(number(Some(point.value.0))));
    let value = value.finish().into_column();
    vec![
        text("run_id", total, points().map(|(run, _)| ids[run].as_str())),
        int("epoch", |p| p.epoch),
        int("step", |p| p.step),
        text("split", total, points().map(|(_, p)| p.split.name())),
        text("metric", total, points().map(|(_, p)| p.metric.id())),
        value,
    ]
}
