//! Files of published numbers: `experiments/external/<name>.json`.
//!
//! Each row has a number that was published or computed independently, its source, how to find our
//! number, and the rule by which the two agree. Invalid files are rejected with line, column and a
//! remedy.

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
    /// Source of the rows that name none: a repository with a path, or a paper.
    pub source: String,
    /// Stems of the sweep files next to this file that rows read; each is trained first.
    #[serde(default)]
    pub sweeps: Vec<String>,
    /// The program that measures the rows with `"ours": {"program": ..}`; `None` without such rows.
    pub program: Option<Program>,
    /// The times to target from which scores are computed; `None` without such rows.
    pub times: Option<Times>,
    /// Published samples of single numbers by name, for claim tests.
    #[serde(default)]
    pub samples: BTreeMap<String, Vec<f64>>,
    /// The figure of a sweep's final metric against the learning rate. Default: none.
    pub figure: Option<FigureRequest>,
    /// The numbers, in the order of the table.
    pub rows: Vec<Row>,
}

/// An external program that prints pairs of numbers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// Its name, from which `cargo xtask external` knows how to run it: `parity`.
    pub name: String,
    /// The reason for skipping its rows if it was not run: `torch is not installed here`.
    pub missing: String,
    /// The command that installs what it needs.
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
    /// Seconds of each submission, one entry per workload; `"never"` if the target was not reached,
    /// null without data.
    pub submissions: BTreeMap<String, Vec<Option<Time>>>,
}

/// A time to target in seconds.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(untagged)]
pub enum Time {
    /// The seconds after which it was reached.
    Reached(f64),
    /// The target was never reached.
    Never(Never),
}

/// The word `never`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Never {
    /// The target was not reached.
    Never,
}

/// A requested figure: our runs as lines with bands, and the published points of all rows of the
/// sweep with this metric after the last epoch.
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
    /// Name of the published points in the figure: `DeepOBS`.
    pub published_by: String,
}

/// A published number and how ours is compared with it.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "RawRow")]
pub struct Row {
    /// The quantity in words: `SGD, lr 0.01: final test loss`.
    pub what: String,
    /// Its source; `None` for the source of the file.
    pub source: Option<String>,
    /// Origin of the published number.
    pub origin: Origin,
    /// The published number.
    pub theirs: Theirs,
    /// Source of our number.
    pub ours: Ours,
    /// The rule by which the two agree.
    pub rule: Rule,
    /// The explanation of an understood difference.
    pub known: Option<Known>,
    /// Whether the row is only shown for information and never counted.
    pub information: bool,
}

/// Origin of the published number.
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
        /// Standard deviation between runs.
        sd: Printed,
        /// The number of runs, at least 2.
        n: usize,
    },
    /// The run diverged.
    Diverges,
    /// The program measures it together with ours.
    Program,
}

impl Theirs {
    /// Returns the displayed text; `None` if a program measures it.
    pub(in crate::external) fn text(&self) -> Option<String> {
        match self {
            Theirs::Value(printed) => Some(printed.text.clone()),
            Theirs::Mean { mean, sd, n } => Some(format!("{} \u{b1} {} ({n})", mean.text, sd.text)),
            Theirs::Diverges => Some("diverges".to_owned()),
            Theirs::Program => None,
        }
    }
}

/// Source of our number.
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

/// Runs of a sweep, one per seed, and the value to read from each.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FromSweep {
    /// The stem of the sweep file, one of [`Published::sweeps`].
    pub sweep: String,
    /// The label of the optimizer entry.
    pub optimizer: String,
    /// The learning rate, matched to a relative 1e-5; `None` if the label has only one.
    pub lr: Option<f64>,
    /// Values of further axes by dotted path: `data.batch_size`.
    #[serde(default)]
    pub with: Values,
    /// The split of the metric.
    pub split: Split,
    /// The metric.
    #[serde(deserialize_with = "metric")]
    pub metric: Metric,
    /// The epoch after which the metric is read, 0 before training. Default: the last.
    pub epoch: Option<u64>,
    /// Value of the metric to reach: the number is then the first epoch that is at least as good;
    /// for runs by steps, the first step.
    pub reach: Option<f64>,
    /// The seeds. Default: all of the plan.
    pub seeds: Option<Vec<u64>>,
}

/// A score from times to target.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FromTimes {
    /// The submission.
    pub submission: String,
    /// The method for integrating its profile.
    pub integral: Integral,
}

/// Method for integrating a performance profile.
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
    /// The value that the mean is claimed to be below.
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
    /// Number of dimensions; the i-th has curvature 1/i.
    pub dimensions: u64,
    /// The learning rate of SGD.
    pub lr: f64,
    /// Samples per batch; the variance of the gradient is the curvature divided by it.
    pub batch: f64,
    /// Number of steps.
    pub steps: u32,
}

/// The rule by which a published number and ours agree.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// The means of two samples of seeds differ by at most three standard errors of their
    /// difference.
    Means,
    /// A single published run is within three standard deviations of our seeds, times sqrt(1 +
    /// 1/n), of their mean.
    Single,
    /// A published expectation is within three standard errors of our mean.
    Expectation,
    /// Every seed of ours diverges, too.
    Diverges,
    /// Our mean is within this difference, in the unit of the metric. For a single published number
    /// of unknown spread, with a limit that was set before the first run.
    Absolute(f64),
    /// Each of our numbers is within this relative difference.
    Relative(f64),
    /// Our number, rounded to this many decimals, equals theirs.
    Decimals(i32),
}

/// Deserializes the name of a known metric.
fn metric<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Metric, D::Error> {
    let name = String::deserialize(from)?;
    Metric::known(&name).ok_or_else(|| {
        serde::de::Error::custom(format!("`{name}` is not a metric; `list metrics` prints them"))
    })
}

/// Returns the mean and standard deviation (n - 1) of at least two numbers; NaN for fewer.
pub(crate) fn moments(values: &[f64]) -> (f64, f64) {
    let of = |estimate: Option<f64>| estimate.unwrap_or(f64::NAN);
    (of(location::mean(values)), of(location::sd(values)))
}
