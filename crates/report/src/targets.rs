//! Times to target and best epochs from `metrics.parquet` instead of `runs.parquet`, which may come
//! from an earlier release or have been collected for another target.

use std::collections::HashMap;
use std::path::Path;

use polars::prelude::*;
use spec::metric::Metric;
use spec::plan::{Plan, TargetAt};
use spec::record::{MetricPoint, Split};
use store::layout::ReportDir;

use crate::error::ReportError;
use crate::table::{RunRow, read_runs, scan};

/// Reads the rows of `runs.parquet`, with times to the plan's current target.
///
/// # Errors
/// A file cannot be read or lacks a column.
pub(crate) fn rows_from_parquet(
    dir: &ReportDir,
    plan: &Plan,
    warnings: &mut Vec<String>,
) -> Result<Vec<RunRow>, ReportError> {
    let mut rows = read_runs(&dir.runs(), plan, warnings)?;
    let mut measured = measured(&dir.metrics(), plan)?;
    for (run, row) in plan.runs.iter().zip(&mut rows) {
        (row.target_epoch, row.target_step) = (None, None);
        (row.target_samples, row.target_seconds) = (None, None);
        if let Some(mut points) = measured.remove(&run.run_id.to_string()) {
            points.sort_by_key(|p| (p.epoch, p.step));
            row.reach(&plan.target, &points, &run.spec);
            row.find_best(&plan.target, &points);
        }
    }
    Ok(rows)
}

/// Reads the target's metric and the clock of each run.
fn measured(path: &Path, plan: &Plan) -> Result<HashMap<String, Vec<MetricPoint>>, ReportError> {
    let best = plan.target.at == TargetAt::Best;
    if plan.target.value.is_none() && !best {
        return Ok(HashMap::new());
    }
    let frame = scan(path)?;
    let target = (plan.target.split, plan.target.metric);
    let read = || -> PolarsResult<HashMap<String, Vec<MetricPoint>>> {
        let mut out: HashMap<String, Vec<MetricPoint>> = HashMap::new();
        let ids = frame.column("run_id")?.str()?;
        let (epochs, steps) = (frame.column("epoch")?.u64()?, frame.column("step")?.u64()?);
        let (splits, metrics) = (frame.column("split")?.str()?, frame.column("metric")?.str()?);
        let values = frame.column("value")?.f64()?;
        for i in 0..frame.height() {
            let split = splits.get(i).and_then(Split::from_name);
            let metric = metrics.get(i).map(Metric::named);
            let (Some(split), Some(metric)) = (split, metric) else { continue };
            let judging = best && (split, metric) == (Split::Test, target.1);
            let clock = (split, metric) == (Split::Train, Metric::SECONDS);
            if (split, metric) != target && !clock && !judging {
                continue;
            }
            let (Some(id), Some(epoch), Some(step)) = (ids.get(i), epochs.get(i), steps.get(i))
            else {
                continue;
            };
            // Null if no number was measured; files of earlier releases hold NaN.
            let value = values.get(i).unwrap_or(f64::NAN);
            let point = MetricPoint { epoch, step, split, metric, value: value.into() };
            match out.get_mut(id) {
                Some(points) => points.push(point),
                None => drop(out.insert(id.to_owned(), vec![point])),
            }
        }
        Ok(out)
    };
    read().map_err(ReportError::parquet(path))
}
