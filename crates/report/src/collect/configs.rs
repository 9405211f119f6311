//! Columns of `summary.parquet`: one row a configuration, over its seeds.

use polars::prelude::Column;
use rayon::prelude::*;
use spec::RunSpec;
use spec::plan::TargetAt;

use crate::analysis::{Analysis, Config};
use crate::collect::runs::hyper_parameters;
use crate::number;
use crate::stats::{Estimate, Interval, location};
use crate::table::{Cell, RunRow};

/// A value that is estimated over completed seeds.
struct Measure {
    /// Of a run's row, and the beginning of the columns' names.
    name: &'static str,
    of: fn(&RunRow) -> Option<f64>,
    /// What a diverged run counts as in the median; none where it counts as nothing.
    diverged: Option<f64>,
    /// What a value can be.
    bounds: (f64, f64),
}

/// A loss, or another number of which less is better.
const fn loss(name: &'static str, of: fn(&RunRow) -> Option<f64>) -> Measure {
    Measure { name, of, diverged: Some(f64::INFINITY), bounds: number::ANY }
}

/// A fraction of which more is better.
const fn share(name: &'static str, of: fn(&RunRow) -> Option<f64>) -> Measure {
    Measure { name, of, diverged: Some(f64::NEG_INFINITY), bounds: number::SHARE }
}

/// Seconds: those of a diverged run are no measure of anything.
const fn seconds(name: &'static str, of: fn(&RunRow) -> Option<f64>) -> Measure {
    Measure { name, of, diverged: None, bounds: number::ANY }
}

const MEASURES: &[Measure] = &[
    loss("train_loss", |r| r.train_loss),
    loss("validation_loss", |r| r.validation_loss),
    share("validation_accuracy", |r| r.validation_accuracy),
    loss("test_loss", |r| r.test_loss),
    share("test_accuracy", |r| r.test_accuracy),
    share("validation_top5_accuracy", |r| r.validation_top5_accuracy),
    share("validation_f1", |r| r.validation_f1),
    share("test_top5_accuracy", |r| r.test_top5_accuracy),
    share("test_f1", |r| r.test_f1),
    share("best_validation_accuracy", |r| r.best_validation_accuracy),
    seconds("train_seconds", |r| r.train_seconds),
];

/// The values that count with `[target] at = "best"`; none without it.
fn at_best(analysis: &Analysis) -> Vec<Measure> {
    let target = &analysis.plan.target;
    if target.at == TargetAt::Last {
        return Vec::new();
    }
    let kind = if target.higher_is_better() { share } else { loss };
    vec![
        kind("at_best_validation", |r| r.at_best.map(|best| best.value)),
        kind("at_best_test", |r| r.at_best.and_then(|best| best.test)),
    ]
}

/// Identity, counts, then for each measure `_mean, _sd, _median, _iqm, _low,
/// _high, _min, _max`, where low and high bound the 95 % interval of the mean
/// (null below three seeds) by the method in the column `interval`; from ten
/// seeds also the percentile bootstrap of mean and IQM. Bounds of shares lie
/// between 0 and 1. Medians count a diverged seed as the worst there is, which
/// makes them infinite where half diverged. Then `hp.*`.
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
    let methods = configs.iter().map(|c| Some(c.train_loss.interval?.method.name().to_owned()));
    out.push(String::column("interval", methods.collect()));
    for measure in MEASURES.iter().chain(&at_best(analysis)) {
        let name = measure.name;
        // Of what no run of the sweep has, a diverged one is not the worst.
        let exists = analysis.rows.iter().any(|r| r.completed() && (measure.of)(r).is_some());
        let estimates: Vec<Measured> =
            configs.par_iter().map(|c| measured(analysis, c, measure, exists)).collect();
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

/// An estimate over completed seeds, the median over diverged ones too, and the
/// interval of the mean, cut at what the value can be.
type Measured = (Estimate, Option<f64>, Option<Interval>);

fn measured(analysis: &Analysis, config: &Config, measure: &Measure, exists: bool) -> Measured {
    let rows = || config.runs.iter().map(|&i| &analysis.rows[i]);
    let completed: Vec<f64> = rows().filter(|r| r.completed()).filter_map(measure.of).collect();
    let mut all = completed.clone();
    if let Some(worst) = measure.diverged.filter(|_| exists) {
        all.extend(rows().filter(|r| r.diverged()).map(|_| worst));
    }
    let estimate = config.estimate(&completed);
    let interval = estimate.interval.map(|i| i.within(measure.bounds));
    (estimate, location::censored_median(&all), interval)
}
