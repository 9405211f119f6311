//! A file of published numbers: `experiments/external/<name>.json`.
//!
//! Each row says a number that somebody else published, where, how ours is found, and the
//! rule by which the two agree. Bad files are refused with line, column and a remedy.

use std::collections::BTreeMap;

use serde::Deserialize;
use spec::metric::Metric;
use spec::params::Values;
use spec::record::Split;

use crate::external::printed::Printed;
use crate::external::sample::moments;

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

/// One published number.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "RawRow")]
pub struct Row {
    /// The quantity in words: `SGD, lr 0.01: final test loss`.
    pub what: String,
    /// Its source; none takes that of the file.
    pub source: Option<String>,
    /// The published number.
    pub theirs: Theirs,
    /// The way to our number.
    pub ours: Ours,
    /// The rule by which they agree.
    pub rule: Rule,
    /// The explanation of a difference that is understood.
    pub known: Option<Known>,
    /// Whether the row is shown beside the others and never counts.
    pub information: bool,
}

/// A published number.
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
    /// Every number of ours is within this relative difference.
    Relative(f64),
    /// Ours, rounded to so many decimals, is theirs.
    Decimals(i32),
}

/// The explanation of a difference. The row stays on the page as a miss; it does not fail
/// the command if the file says who is right and why.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// The cause.
    pub reason: String,
    /// The side that is right and why, in a sentence; none fails the command.
    pub right: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRow {
    what: String,
    source: Option<String>,
    theirs: RawTheirs,
    ours: Ours,
    rule: Rule,
    known: Option<Known>,
    #[serde(default)]
    information: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTheirs {
    value: Option<Printed>,
    sd: Option<Printed>,
    n: Option<usize>,
    values: Option<Vec<f64>>,
    #[serde(default)]
    diverges: bool,
    #[serde(default)]
    program: bool,
}

impl TryFrom<RawRow> for Row {
    type Error = String;

    fn try_from(raw: RawRow) -> Result<Row, String> {
        let RawRow { what, source, theirs, ours, rule, known, information } = raw;
        let fail = |problem: String| Err(format!("row `{what}`: {problem}"));
        let theirs = match Theirs::try_from(theirs) {
            Ok(theirs) => theirs,
            Err(problem) => return fail(problem),
        };
        if let Some(problem) = unfit(&theirs, &ours, rule) {
            return fail(problem);
        }
        Ok(Row { what, source, theirs, ours, rule, known, information })
    }
}

impl TryFrom<RawTheirs> for Theirs {
    type Error = String;

    fn try_from(raw: RawTheirs) -> Result<Theirs, String> {
        let RawTheirs { value, sd, n, values, diverges, program } = raw;
        match (value, sd, n, values, diverges, program) {
            (Some(value), None, None, None, false, false) => Ok(Theirs::Value(value)),
            (Some(mean), Some(sd), Some(n), None, false, false) if n >= 2 => {
                Ok(Theirs::Mean { mean, sd, n })
            }
            (None, None, None, Some(values), false, false) if values.len() >= 2 => {
                let (mean, sd) = moments(&values);
                let (mean, sd) = (Printed::computed(mean, 4), Printed::computed(sd, 2));
                Ok(Theirs::Mean { mean, sd, n: values.len() })
            }
            (None, None, None, None, true, false) => Ok(Theirs::Diverges),
            (None, None, None, None, false, true) => Ok(Theirs::Program),
            _ => Err(
                "`theirs` is one of {\"value\"}, {\"value\", \"sd\", \"n\"} with n of at least 2, \
                      {\"values\"} with at least two numbers, {\"diverges\": true} and \
                      {\"program\": true}"
                    .to_owned(),
            ),
        }
    }
}

/// Returns the reason why a rule cannot judge these two; none where it can.
fn unfit(theirs: &Theirs, ours: &Ours, rule: Rule) -> Option<String> {
    let sweep = matches!(ours, Ours::Sweep(_));
    let (needs, fits) = match rule {
        Rule::Means => {
            ("a published value with `sd` and `n`", matches!(theirs, Theirs::Mean { .. }))
        }
        Rule::Single | Rule::Expectation => {
            ("a published value without `sd`", matches!(theirs, Theirs::Value(_)))
        }
        Rule::Diverges => ("`theirs` with `diverges`", matches!(theirs, Theirs::Diverges)),
        Rule::Relative(_) | Rule::Decimals(_) => (
            "one published value, or a program for both",
            matches!(theirs, Theirs::Value(_) | Theirs::Program),
        ),
    };
    if !fits {
        return Some(format!("its rule needs {needs}"));
    }
    let exact = matches!(rule, Rule::Relative(_) | Rule::Decimals(_));
    if !exact && !sweep {
        return Some(
            "its rule is for runs of a sweep; give {\"relative\": ..} or {\"decimals\": ..}"
                .to_owned(),
        );
    }
    if matches!(theirs, Theirs::Program) != matches!(ours, Ours::Program(_)) {
        return Some("a program measures both numbers or none".to_owned());
    }
    match rule {
        Rule::Relative(limit) if !(limit > 0.0 && limit < 1.0) => {
            Some("`relative` is a fraction between 0 and 1".to_owned())
        }
        Rule::Decimals(places) if !(0..=12).contains(&places) => {
            Some("`decimals` is from 0 to 12".to_owned())
        }
        _ => None,
    }
}

/// Reads the name of a metric that is known.
fn metric<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Metric, D::Error> {
    let name = String::deserialize(from)?;
    Metric::known(&name).ok_or_else(|| {
        serde::de::Error::custom(format!("`{name}` is no metric; `list metrics` prints them"))
    })
}
