//! A file of published numbers: `experiments/external/<name>.json`.
//!
//! Each row says a number that somebody else published or that was computed independently,
//! where, how ours is found, and the rule by which the two agree. Bad files are refused with line, column and a remedy.

mod known;
mod row;

use std::collections::BTreeMap;

use serde::Deserialize;
use spec::metric::Metric;
use spec::params::Values;
use spec::record::Split;
use stats::location;

use crate::external::printed::Printed;

pub use known::{Expected, ExpectedValue, Known};
use row::RawRow;

/// The numbers of one publication.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// The heading of its section.
    pub title: String,
    /// A few sentences on what is compared, without markup.
    pub about: String,
    /// The source of rows that name none: a repository with a path, or a paper.
    pub source: String,
    /// Stems of the sweep files beside this file that rows read; each is trained before.
    #[serde(default)]
    pub sweeps: Vec<String>,
    /// The program that measures the rows with `"ours": {"program": ..}`; none without such.
    pub program: Option<Program>,
    /// The times to target that scores are computed from; none without such rows.
    pub times: Option<Times>,
    /// Published samples of single numbers by name, for claim tests.
    #[serde(default)]
    pub samples: BTreeMap<String, Vec<f64>>,
    /// The figure of a sweep's final metric against the learning rate; none by default.
    pub figure: Option<FigureRequest>,
    /// The numbers, in the order of the table.
    pub rows: Vec<Row>,
}

/// A program outside this one that prints pairs of numbers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// Its name, by which `cargo xtask external` knows how to run it: `parity`.
    pub name: String,
    /// The reason of its rows where it was not run: `torch is not installed here`.
    pub missing: String,
    /// The command that brings what it needs.
    pub remedy: String,
}

/// Seconds to target by submission and workload, as AlgoPerf publishes them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Times {
    /// The columns: base workloads, then held-out ones.
    pub workloads: Vec<String>,
    /// The base workload of each held-out one, by name.
    pub held_out: BTreeMap<String, String>,
    /// A row of seconds a submission; `"never"` where the target was not reached, null where
    /// there is no data.
    pub submissions: BTreeMap<String, Vec<Option<Time>>>,
}

/// A time to target in seconds.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(untagged)]
pub enum Time {
    /// The seconds after which it was reached.
    Reached(f64),
    /// The word for a target that was never reached.
    Never(Never),
}

/// The word `never`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Never {
    /// The target was not reached.
    Never,
}

/// A figure: ours as lines with bands, the published points of all rows of the sweep that
/// are of this metric after the last epoch.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FigureRequest {
    /// The stem of the sweep file.
    pub sweep: String,
    /// The split of the metric.
    pub split: Split,
    /// The metric.
    #[serde(deserialize_with = "metric")]
    pub metric: Metric,
    /// The name of the published points in the figure: `DeepOBS`.
    pub published_by: String,
}

/// One number of others.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "RawRow")]
pub struct Row {
    /// The quantity in words: `SGD, lr 0.01: final test loss`.
    pub what: String,
    /// Its source; none takes that of the file.
    pub source: Option<String>,
    /// The origin of the number of the other side.
    pub origin: Origin,
    /// The number of the other side.
    pub theirs: Theirs,
    /// The way to our number.
    pub ours: Ours,
    /// The rule by which they agree.
    pub rule: Rule,
    /// The explanation of a difference that is understood.
    pub known: Option<Known>,
    /// True where the row is shown beside the others and never counts.
    pub information: bool,
}

/// The origin of the number of the other side.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Somebody else published it.
    #[default]
    Published,
    /// It was computed for this check, independently of this program: by numpy, scipy,
    /// scikit-learn, PyTorch or a formula.
    Computed,
}

/// The number of the other side.
#[derive(Clone, Debug)]
pub enum Theirs {
    /// One number.
    Value(Printed),
    /// The mean of several runs.
    Mean {
        /// The mean.
        mean: Printed,
        /// The standard deviation of a run.
        sd: Printed,
        /// The number of runs, at least 2.
        n: usize,
    },
    /// The run diverged.
    Diverges,
    /// The program measures it beside ours.
    Program,
}

impl Theirs {
    /// Returns it as shown; none where a program measures it.
    pub(in crate::external) fn text(&self) -> Option<String> {
        match self {
            Theirs::Value(printed) => Some(printed.text.clone()),
            Theirs::Mean { mean, sd, n } => Some(format!("{} \u{b1} {} ({n})", mean.text, sd.text)),
            Theirs::Diverges => Some("diverges".to_owned()),
            Theirs::Program => None,
        }
    }
}

/// The way to our number.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ours {
    /// Runs of a sweep.
    Sweep(FromSweep),
    /// AlgoPerf's benchmark score of a submission, from [`Published::times`].
    Score(FromTimes),
    /// A statistic of a one-sided claim test, from [`Published::samples`].
    Claim(FromSample),
    /// The expected loss of the noisy quadratic model after some steps of SGD.
    NoisyQuadratic(NoisyQuadratic),
    /// The row of this name that [`Published::program`] prints.
    Program(String),
}

/// Runs of a sweep, one a seed, and what is read of each.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FromSweep {
    /// The stem of the sweep file, one of [`Published::sweeps`].
    pub sweep: String,
    /// The label of the optimizer entry.
    pub optimizer: String,
    /// The learning rate, to a relative 1e-5; none where the label has only one.
    pub lr: Option<f64>,
    /// Values of further axes by dotted path: `data.batch_size`.
    #[serde(default)]
    pub with: Values,
    /// The split of the metric.
    pub split: Split,
    /// The metric.
    #[serde(deserialize_with = "metric")]
    pub metric: Metric,
    /// The epoch after which it is read, 0 before training; the last by default.
    pub epoch: Option<u64>,
    /// A value of the metric: then the number is the first epoch that is as good.
    pub reach: Option<f64>,
    /// The seeds; all of the plan by default.
    pub seeds: Option<Vec<u64>>,
}

/// A score from times to target.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FromTimes {
    /// The submission.
    pub submission: String,
    /// The way of integrating its profile.
    pub integral: Integral,
}

/// A way of integrating a performance profile.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Integral {
    /// The published trapezoidal rule over 100 points.
    Trapezoid,
    /// The integral of the step function.
    Exact,
}

/// A statistic of a published sample.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FromSample {
    /// The name in [`Published::samples`].
    pub sample: String,
    /// The value that the mean is claimed to lie below.
    pub below: f64,
    /// The statistic.
    pub statistic: Statistic,
}

/// A statistic of a sample and a claim on its mean.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Statistic {
    /// The mean.
    Mean,
    /// The standard deviation, with n - 1.
    Sd,
    /// Student's t of the one-sided test.
    T,
    /// Its p-value.
    P,
}

/// The setting of the noisy quadratic model (Zhang et al. 2019, arXiv:1907.04164).
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoisyQuadratic {
    /// The number of dimensions, of which the i-th has curvature 1/i.
    pub dimensions: u64,
    /// The learning rate of SGD.
    pub lr: f64,
    /// The samples a batch: the gradient's variance is the curvature divided by it.
    pub batch: f64,
    /// The steps taken.
    pub steps: u32,
}

/// The rule by which a published number and ours agree.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// The means of two samples of seeds are within three standard errors of their
    /// difference.
    Means,
    /// One published run is within three standard deviations of our seeds, times
    /// sqrt(1 + 1/n), of their mean.
    Single,
    /// A published expectation is within three standard errors of our mean.
    Expectation,
    /// Every seed of ours diverges too.
    Diverges,
    /// The mean of ours is within this difference, in the unit of the metric: of one published
    /// number whose own spread is not known, by a limit that was set before the first run.
    Absolute(f64),
    /// Every number of ours is within this relative difference.
    Relative(f64),
    /// Ours, rounded to so many decimals, is theirs.
    Decimals(i32),
}

/// Reads the name of a metric that is known.
fn metric<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Metric, D::Error> {
    let name = String::deserialize(from)?;
    Metric::known(&name).ok_or_else(|| {
        serde::de::Error::custom(format!("`{name}` is no metric; `list metrics` prints them"))
    })
}

/// Returns the mean and the standard deviation (n - 1) of at least two numbers; NaN of fewer.
pub(crate) fn moments(values: &[f64]) -> (f64, f64) {
    let of = |estimate: Option<f64>| estimate.unwrap_or(f64::NAN);
    (of(location::mean(values)), of(location::sd(values)))
}
