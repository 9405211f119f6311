//! Columns of `summary.parquet`: one row a configuration, over its seeds.

use polars::prelude::Column;

use crate::analysis::{Analysis, Config};
use crate::collect::runs::hyper_parameters;
use crate::stats::{Estimate, estimate};
use crate::table::{Cell, RunRow};

/// Values that are estimated over completed seeds.
type Measure = (&'static str, fn(&RunRow) -> Option<f64>);
const MEASURES: &[Measure] = &[
    ("train_loss", |r| r.train_loss),
    ("validation_loss", |r| r.validation_loss),
    ("validation_accuracy", |r| r.validation_accuracy),
    ("test_loss", |r| r.test_loss),
    ("test_accuracy", |r| r.test_accuracy),
    ("best_validation_accuracy", |r| r.best_validation_accuracy),
    ("train_seconds", |r| r.train_seconds),
];

/// Identity, counts, then for each measure `_mean, _sd, _low, _high, _min,
/// _max`, where low and high bound the 95 % interval of
/// [`crate::stats::mean_interval`] (null below three seeds), then `hp.*`.
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
            (0..configs.len())
                .map(|i| analysis.best.contains(&Some(i)) && configs[i].goal.mean.is_some())
                .collect::<Vec<bool>>(),
        ),
        int("seeds", |c| c.counts.planned),
        int("completed", |c| c.counts.completed),
        int("diverged", |c| c.counts.diverged),
        int("failed", |c| c.counts.failed),
        int("timed_out", |c| c.counts.timed_out),
        int("cancelled", |c| c.counts.cancelled),
        int("missing", |c| c.counts.missing),
    ];
    for (name, measure) in MEASURES {
        let estimates: Vec<Estimate> = configs
            .iter()
            .map(|c| {
                estimate(
                    c.runs
                        .iter()
                        .map(|&i| &analysis.rows[i])
                        .filter(|r| r.completed())
                        .filter_map(measure),
                )
            })
            .collect();
        let mut real = |part: &str, of: fn(&Estimate) -> Option<f64>| {
            out.push(f64::column(&format!("{name}_{part}"), estimates.iter().map(of).collect()));
        };
        real("mean", |e| e.mean);
        real("sd", |e| e.sd);
        real("low", |e| e.interval.map(|i| i.low));
        real("high", |e| e.interval.map(|i| i.high));
        real("min", |e| e.range.map(|r| r.0));
        real("max", |e| e.range.map(|r| r.1));
    }
    out.extend(hyper_parameters(configs.iter().map(|c| &analysis.planned(c).spec)));
    out
}
