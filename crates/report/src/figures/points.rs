//! The measured values that figures need, from `metrics.parquet`.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use polars::prelude::*;
use spec::metric::Metric;
use spec::record::Split;

use crate::analysis::{Analysis, Config};
use crate::error::ReportError;
use crate::figures::bands;
use crate::table::scan;
use plot::chart::Point;
use stats::estimate_mean;

/// One measured value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Epoch, counted from 1; 0 is before training.
    pub epoch: u64,
    /// Optimizer steps done.
    pub step: u64,
    /// The value in the unit of the metric, finite or not.
    pub value: f64,
}

/// Measured values of the runs of best configurations, by run, split and metric, in order of time.
#[derive(Clone, Debug, Default)]
pub struct Points {
    by_run: HashMap<usize, BTreeMap<(Split, Metric), Vec<Measured>>>,
}

impl Points {
    /// Reads the values of each label's best configuration in one pass; in a sweep with rungs those
    /// of all configurations.
    ///
    /// # Errors
    /// The file cannot be read, or lacks a column.
    pub fn read(path: &Path, analysis: &Analysis) -> Result<Points, ReportError> {
        let frame = scan(path)?;
        Points::from_frame(&frame, analysis).map_err(ReportError::parquet(path))
    }

    fn from_frame(frame: &DataFrame, analysis: &Analysis) -> PolarsResult<Points> {
        let best = |analysis: &Analysis| -> Vec<usize> {
            let best = analysis.best.iter().flatten();
            best.flat_map(|&config| analysis.configs[config].runs.iter().copied()).collect()
        };
        // Each function has its own best configurations.
        let of_tasks = analysis.tasks().iter().flat_map(|task| {
            best(&task.analysis).into_iter().map(|run| task.runs[run]).collect::<Vec<_>>()
        });
        // The hindsight on rungs needs the curves of all configurations.
        let of_file = 0..analysis.plan.runs_of_file().len();
        let tuning = analysis.plan.tuning.as_ref().map_or(0..0, |_| of_file);
        let wanted: HashMap<String, usize> = best(analysis)
            .into_iter()
            .chain(tuning)
            .chain(of_tasks)
            .map(|run| (analysis.plan.runs[run].run_id.to_string(), run))
            .collect();
        let ids = frame.column("run_id")?.str()?;
        let (epochs, steps) = (frame.column("epoch")?.u64()?, frame.column("step")?.u64()?);
        let (splits, metrics) = (frame.column("split")?.str()?, frame.column("metric")?.str()?);
        let values = frame.column("value")?.f64()?;
        let mut points = Points::default();
        // Rows of one run are mostly adjacent, so its id is looked up once.
        let mut current: (&str, Option<usize>) = ("", None);
        let rows = ids
            .iter()
            .zip(epochs.iter())
            .zip(steps.iter())
            .zip(splits.iter())
            .zip(metrics.iter())
            .zip(values.iter());
        for (((((id, epoch), step), split), metric), value) in rows {
            let (Some(id), Some(epoch), Some(step), Some(split), Some(metric)) =
                (id, epoch, step, split, metric)
            else {
                continue;
            };
            // Null where no number was measured; files of earlier releases hold NaN.
            let value = value.unwrap_or(f64::NAN);
            if id != current.0 {
                current = (id, wanted.get(id).copied());
            }
            let (Some(run), Some(split)) = (current.1, Split::from_name(split)) else { continue };
            points.put(run, split, Metric::named(metric), Measured { epoch, step, value });
        }
        // The file may have its rows in any order.
        for measured in points.by_run.values_mut().flat_map(BTreeMap::values_mut) {
            measured.sort_by_key(|m| (m.epoch, m.step));
        }
        Ok(points)
    }

    /// Adds a value of a run; values are added in order of time.
    pub fn put(&mut self, run: usize, split: Split, metric: Metric, measured: Measured) {
        let series = self.by_run.entry(run).or_default();
        series.entry((split, metric)).or_default().push(measured);
    }

    /// Returns one metric of one run; empty if it was not measured.
    pub fn of(&self, run: usize, split: Split, metric: Metric) -> &[Measured] {
        let series = self.by_run.get(&run).and_then(|m| m.get(&(split, metric)));
        series.map_or(&[], Vec::as_slice)
    }

    /// Returns whether any run has the metric.
    pub fn has(&self, split: Split, metric: Metric) -> bool {
        self.by_run.values().any(|m| m.contains_key(&(split, metric)))
    }

    /// Returns the mean over the completed seeds of a configuration at each position that all of
    /// them reached, with the band of [`bands::band`]. `x` picks the position; values that are not
    /// finite are left out.
    pub fn mean(
        &self,
        analysis: &Analysis,
        config: &Config,
        split: Split,
        metric: Metric,
        x: impl Fn(&Measured) -> f64,
    ) -> Vec<Point> {
        let runs: Vec<usize> =
            config.runs.iter().copied().filter(|&r| analysis.rows[r].completed()).collect();
        // Positions are not negative, so their bits sort as they do.
        let mut at: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
        for &run in &runs {
            for point in self.of(run, split, metric).iter().filter(|p| p.value.is_finite()) {
                at.entry(x(point).to_bits()).or_default().push(point.value);
            }
        }
        at.into_iter()
            .filter(|(_, values)| values.len() == runs.len())
            .filter_map(|(x, values)| {
                let e = estimate_mean(values);
                let band = bands::band(analysis.plan.report.band, metric.description().bounds, &e);
                Some(Point { x: f64::from_bits(x), y: e.mean?, band })
            })
            .collect()
    }
}
