//! Results of comparing two nights: plain values from which page, Markdown, JSON and exit code are
//! made.

use serde::Serialize;
use spec::Id;
use spec::regress_settings::{RegressMetric, RegressSettings};

use crate::baseline::Accepted;
use crate::night::Facts;

/// Verdict on the whole night: the first that applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Something got worse.
    Regressed,
    /// Nothing is known to have got worse, but not everything could be compared.
    Incomplete,
    /// Everything could be compared, and something got better.
    Improved,
    /// Everything could be compared, and no change above `min_effect` is shown.
    Unchanged,
    /// Every run ended with bit-identical results.
    Identical,
}

/// Finding on one metric of one configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// A change for the worse: the interval excludes zero, and the effect is above `min_effect`.
    Regressed,
    /// A change for the better, likewise.
    Improved,
    /// The interval excludes zero, but the effect is not above `min_effect`.
    Small,
    /// The interval or the test does not exclude chance.
    NotShown,
    /// Displayed but not judged: seconds of runs that trained in parallel.
    Unjudged,
    /// Every pair of values is bit-identical.
    Identical,
    /// Too few pairs: fewer than two, or more that all moved far in one direction but cannot show
    /// it.
    Unknown,
}

/// Method by which an interval was found and, if seeds diverged on one side only, the signed ranks
/// were tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The largest t of all comparisons under flips of the seeds' signs.
    SignFlips,
    /// Student's t with Bonferroni's correction, used with too few seeds for sign flips.
    StudentT,
    /// No interval: a count that noise does not explain, or an exact test of a count.
    Exact,
}

/// Change of one metric of one configuration from the baseline to tonight.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// The metric.
    pub metric: RegressMetric,
    /// Mean of the baseline over the seeds that ended at both times. If there are none, over those
    /// that ended in the baseline; NaN if none did.
    pub before: f64,
    /// Mean of tonight, likewise.
    pub after: f64,
    /// `after - before` in the metric's unit: relative to `before`, a share, or epochs. NaN if no
    /// seed ended at both times.
    pub effect: f64,
    /// Simultaneous interval of `effect`; all comparisons of the night share the level. `None` if
    /// there is none.
    pub interval: Option<(f64, f64)>,
    /// Method by which the interval was found.
    pub method: Method,
    /// Largest effect that is tolerated.
    pub min_effect: f64,
    /// The finding.
    pub finding: Finding,
    /// Seed, value of the baseline, value of tonight; NaN for a run that diverged. A seed that
    /// diverged at both times is omitted, since that is no change.
    pub seeds: Vec<(u64, f64, f64)>,
}

impl Change {
    /// Returns the number of seeds that ended at both times.
    pub fn ended(&self) -> usize {
        self.seeds.iter().filter(|(_, a, b)| a.is_finite() && b.is_finite()).count()
    }

    /// Returns the number of seeds that diverged only in the baseline, and of those that diverged
    /// only tonight.
    pub fn diverged(&self) -> (usize, usize) {
        let count = |of: fn(&(u64, f64, f64)) -> bool| self.seeds.iter().filter(|s| of(s)).count();
        (count(|s| s.1.is_nan()), count(|s| s.2.is_nan()))
    }
}

/// Changes of one configuration from the baseline to tonight.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConfigChange {
    /// Id of the configuration across versions of the code: the cell of seed 0.
    pub series: Id,
    /// Label of its optimizer.
    pub label: String,
    /// The values that set it apart within its label: `lr 0.1`.
    pub config: String,
    /// Number of seeds with a result on both sides.
    pub pairs: usize,
    /// Number of these pairs that are bit-identical.
    pub identical: usize,
    /// One change per metric that both sides have.
    pub changes: Vec<Change>,
}

/// The reason why a run could not be compared, or only in part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "why")]
pub enum GapKind {
    /// The baseline has it, but tonight's plan does not.
    NotPlanned,
    /// Tonight has it, but the baseline does not.
    NotInBaseline,
    /// The baseline has no result for it.
    NoBaselineResult,
    /// It was planned tonight but left no record.
    Missing,
    /// It ended tonight without a result; has the status and message.
    Failed(String),
    /// It trained to its end tonight, but this metric, which the baseline has, is missing or NaN.
    NoValue(RegressMetric),
    /// Both have a result, but with different data, initial weights or batches. They share only the
    /// number of the seed, by which they are still compared. That is as exact as for pairs, but
    /// less powerful.
    Unpaired(String),
}

/// Runs of one configuration that could not be compared for the same reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// Label of the optimizer.
    pub label: String,
    /// The values that set the configuration apart within its label.
    pub config: String,
    /// The seeds.
    pub seeds: Vec<u64>,
    /// The reason.
    #[serde(flatten)]
    pub kind: GapKind,
}

/// A change of level in the history of one metric of one configuration.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrendStep {
    /// First night at the new level, as an index into `Regression::nights`.
    pub at: usize,
    /// The night before, the last one at the old level.
    pub last_good: usize,
    /// The night by which a drift had ended; `at` for a jump.
    pub until: usize,
    /// Whether the level moved gradually.
    pub drift: bool,
    /// Mean of the old level.
    pub before: f64,
    /// Mean of the new level.
    pub after: f64,
    /// `after - before` in the metric's unit.
    pub effect: f64,
    /// The part of `effect` since the baseline's night, in the metric's unit, for a drift that
    /// began before that night; `None` if all or nothing came since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect_since: Option<f64>,
    /// Number of nights at the old level.
    pub nights_before: usize,
    /// Number of nights at the new level.
    pub nights_after: usize,
    /// Whether it is for the worse.
    pub worse: bool,
    /// Whether it counts against the night: it is for the worse, above `min_effect`, after the
    /// baseline's night, not undone since and, where nights do not vary, shown by the seeds.
    pub alarm: bool,
}

/// The history of one metric of one configuration.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trend {
    /// Id of the configuration across versions of the code: the cell of seed 0.
    pub series: Id,
    /// Label of its optimizer.
    pub label: String,
    /// The values that set it apart within its label.
    pub config: String,
    /// The metric.
    pub metric: RegressMetric,
    /// One point per night.
    pub points: Vec<TrendPoint>,
    /// Changes of level, in order of time.
    pub steps: Vec<TrendStep>,
    /// Nights with too few of the seeds to find levels; they are displayed only. Indices into
    /// `Regression::nights`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub thin: Vec<usize>,
    /// Nights that are left out, since no chain of common seeds links them to the last one. Indices
    /// into `Regression::nights`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub apart: Vec<usize>,
}

/// One night of a [`Trend`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct TrendPoint {
    /// Index into `Regression::nights`.
    pub night: usize,
    /// Mean over the seeds.
    pub mean: f64,
    /// The lowest seed.
    pub low: f64,
    /// The highest seed.
    pub high: f64,
}

/// The segments of the history.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Segment {
    /// Its first night, as an index into `Regression::nights`.
    pub from: usize,
    /// The change before it; `None` for the first segment.
    pub why: Option<String>,
}

/// Complete result of comparing two nights.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Regression {
    /// Verdict on the whole night.
    pub verdict: Verdict,
    /// The sweep that is compared with; `None` on a first night.
    pub before: Option<Facts>,
    /// The sweep that is judged.
    pub after: Facts,
    /// Record of the baseline's acceptance; `None` if a report folder is compared.
    pub accepted: Option<Accepted>,
    /// Settings that define a regression.
    pub settings: RegressSettings,
    /// Number of pairs of runs that both have a result.
    pub pairs: usize,
    /// Number of these pairs that are bit-identical.
    pub identical: usize,
    /// Configurations in the order of tonight's plan.
    pub configs: Vec<ConfigChange>,
    /// Runs that could not be compared, or not as pairs.
    pub gaps: Vec<Gap>,
    /// The reason why seconds are not compared; `None` if they are.
    pub no_seconds: Option<String>,
    /// The reason why time to target is not compared; `None` if it is.
    pub no_target: Option<String>,
    /// Metrics that runs have but `[regress] metrics` does not request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unasked: Vec<RegressMetric>,
    /// Metrics that runs of tonight have but none of the baseline does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gained: Vec<RegressMetric>,
    /// Number of comparisons that share the level.
    pub family: usize,
    /// Nights of the history, the oldest first, tonight last; empty without a history.
    pub nights: Vec<Facts>,
    /// A segment of the history, which begins where it restarts.
    pub segments: Vec<Segment>,
    /// The history of every configuration and metric.
    pub trends: Vec<Trend>,
}

impl Regression {
    /// Returns the steps of the history that count against the night.
    pub fn alarms(&self) -> impl Iterator<Item = (&Trend, &TrendStep)> {
        self.trends
            .iter()
            .flat_map(|trend| trend.steps.iter().map(move |step| (trend, step)))
            .filter(|(_, step)| step.alarm)
    }
}
