//! Columns of `summary.parquet`: one row per configuration, over its seeds.

use polars::prelude::Column;
use rayon::prelude::*;
use spec::RunSpec;
use spec::metric::{Bounds, EpochMetric, Metric};
use spec::plan::TargetAt;

use crate::analysis::{Analysis, Config};
use crate::collect::runs::hyper_parameters;
use crate::table::columns_of;
use crate::table::{Cell, RunRow};
use stats::{Estimate, Interval, location};

/// A value that is estimated over completed seeds.
struct Measure {
    /// Prefix of the columns' names.
    name: String,
    of: Of,
    /// The value of a diverged run in the median; `None` where it is left out.
    diverged: Option<f64>,
    /// The lowest and highest possible value.
    bounds: (f64, f64),
}

/// Source of a run's value.
enum Of {
    /// The metrics of the last epoch.
    Last(EpochMetric),
    /// A separate column.
    Own(fn(&RunRow) -> Option<f64>),
}

impl Measure {
    /// Creates the measure of a metric.
    fn new(name: String, of: Of, metric: Metric) -> Self {
        let bounds = metric.description().bounds.ends();
        Measure { name, of, diverged: Some(metric.worst()), bounds }
    }

    fn of(&self, row: &RunRow) -> Option<f64> {
        match self.of {
            Of::Last(of) => row.last(of.split, of.metric),
            Of::Own(of) => of(row),
        }
    }
}

/// Returns the measures: metrics after the last epoch, the best validation accuracy, seconds of
/// training, and the values at the best epoch if `[target] at = "best"`.
fn measures(analysis: &Analysis) -> Vec<Measure> {
    let last = columns_of(&analysis.rows);
    let mut out: Vec<Measure> =
        last.into_iter().map(|of| Measure::new(of.column(), Of::Last(of), of.metric)).collect();
    let best = Of::Own(|r| r.best_validation_accuracy);
    out.push(Measure::new("best_validation_accuracy".to_owned(), best, Metric::ACCURACY));
    out.push(Measure {
        name: "train_seconds".to_owned(),
        of: Of::Own(|r| r.train_seconds),
        // The seconds of a diverged run are not comparable.
        diverged: None,
        bounds: Bounds::Any.ends(),
    });
    let target = &analysis.plan.target;
    if target.at == TargetAt::Best {
        let validation = Of::Own(|r| r.at_best.map(|best| best.value));
        let test = Of::Own(|r| r.at_best.and_then(|best| best.test));
        out.push(Measure::new("at_best_validation".to_owned(), validation, target.metric));
        out.push(Measure::new("at_best_test".to_owned(), test, target.metric));
    }
    out
}

/// Builds identity and counts, then for each measure `_mean, _sd, _median, _iqm, _low, _high, _min,
/// _max`, then `hp.*`.
///
/// Low and high bound the 95 % interval of the mean (null below three seeds) by the method in the
/// column `interval`. From ten seeds the percentile bootstrap intervals of mean and IQM are added.
/// Bounds of shares are clamped to 0..1. Medians count a diverged seed as the worst value, which
/// makes them infinite if half diverged.
pub(crate) fn columns(analysis: &Analysis) -> Vec<Column> {
    let configs = &analysis.configs;
    let text = |name: &str, of: &dyn Fn(&Config) -> String| {
        String::column(name, configs.iter().map(|c| Some(of(c))).collect())
    };
    let int = |name: &str, of: fn(&Config) -> usize| {
        u64::column(name, configs.iter().map(|c| Some(of(c) as u64)).collect())
    };
    let planned = |c: &Config| analysis.planned(c);
    let mut out = vec![
        text("config_id", &|c| c.config_id.to_string()),
        text("experiment", &|_| analysis.plan.name.clone()),
        text("label", &|c| planned(c).label.clone()),
        text("optimizer", &|c| planned(c).spec.optimizer.kind().to_owned()),
        text("schedule", &|c| planned(c).spec.schedule.kind().to_owned()),
        text("config", &|c| analysis.describe(c)),
        f64::column("lr", configs.iter().map(|c| Some(planned(c).spec.optimizer.lr())).collect()),
        Column::new(
            "best".into(),
            (0..configs.len()).map(|i| analysis.is_chosen(i)).collect::<Vec<bool>>(),
        ),
        int("seeds", |c| c.counts.planned),
        int("completed", |c| c.counts.completed),
        int("diverged", |c| c.counts.diverged),
        int("failed", |c| c.counts.failed),
        int("timed_out", |c| c.counts.timed_out),
        int("cancelled", |c| c.counts.cancelled),
        int("missing", |c| c.counts.missing),
    ];
    if configs.iter().any(|c| c.counts.cut > 0) {
        out.push(int("cut", |c| c.counts.cut));
    }
    if analysis.plan.confirm.is_some() {
        out.push(text("stage", &|c| c.stage.name().to_owned()));
    }
    if analysis.plan.can_grow() {
        let added = configs.iter().map(|c| analysis.was_added(c)).collect::<Vec<bool>>();
        out.push(Column::new("added".into(), added));
    }
    let methods = configs.iter().map(|c| Some(c.train_loss.interval?.method.name().to_owned()));
    out.push(String::column("interval", methods.collect()));
    for measure in measures(analysis) {
        let name = &measure.name;
        // If no run of the sweep has the measure, a diverged run is not its worst value.
        let exists = analysis.rows.iter().any(|r| r.completed() && measure.of(r).is_some());
        let estimates: Vec<Measured> =
            configs.par_iter().map(|c| measured(analysis, c, &measure, exists)).collect();
        let mut real = |part: &str, of: fn(&Measured) -> Option<f64>| {
            out.push(f64::column(&format!("{name}_{part}"), estimates.iter().map(of).collect()));
        };
        real("mean", |m| m.0.mean);
        real("sd", |m| m.0.sd);
        real("median", |m| m.1);
        real("iqm", |m| m.0.iqm);
        real("low", |m| m.2.map(|i| i.low));
        real("high", |m| m.2.map(|i| i.high));
        real("percentile_low", |m| m.0.percentile.map(|p| p.0));
        real("percentile_high", |m| m.0.percentile.map(|p| p.1));
        real("iqm_low", |m| m.0.iqm_interval.map(|p| p.0));
        real("iqm_high", |m| m.0.iqm_interval.map(|p| p.1));
        real("min", |m| m.0.range.map(|r| r.0));
        real("max", |m| m.0.range.map(|r| r.1));
    }
    let specs: Vec<&RunSpec> = configs.iter().map(|c| &analysis.planned(c).spec).collect();
    out.extend(hyper_parameters(&specs));
    out
}

/// An estimate over completed seeds, the median including diverged ones, and the interval of the
/// mean, clamped to the possible values.
type Measured = (Estimate, Option<f64>, Option<Interval>);

fn measured(analysis: &Analysis, config: &Config, measure: &Measure, exists: bool) -> Measured {
    let rows = || config.runs.iter().map(|&i| &analysis.rows[i]);
    let completed: Vec<f64> =
        rows().filter(|r| r.completed()).filter_map(|r| measure.of(r)).collect();
    let mut all = completed.clone();
    if let Some(worst) = measure.diverged.filter(|_| exists) {
        all.extend(rows().filter(|r| r.diverged()).map(|_| worst));
    }
    let estimate = config.estimate(&completed);
    let interval = estimate.interval.map(|i| i.within(measure.bounds));
    (estimate, location::censored_median(&all), interval)
}
