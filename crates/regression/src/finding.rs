//! What a comparison of two nights comes to: plain values that page, Markdown,
//! JSON and exit code are made of.

use serde::Serialize;
use spec::Id;
use spec::regress_settings::{RegressMetric, RegressSettings};

use crate::baseline::Accepted;
use crate::night::Facts;

/// What the night says as a whole; the first that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Something got worse.
    Regressed,
    /// Nothing is known to have got worse, but not all could be compared.
    Incomplete,
    /// All could be compared, and something got better.
    Improved,
    /// All could be compared, and no change above `min_effect` is shown.
    Unchanged,
    /// Every run ended with the same bits.
    Identical,
}

/// What is said of one metric of one configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// For the worse: the interval excludes zero, and the effect is above `min_effect`.
    Regressed,
    /// For the better, likewise.
    Improved,
    /// The interval excludes zero, but the effect is not above `min_effect`.
    Small,
    /// The interval, or the test, does not tell it from no change.
    NotShown,
    /// Shown, not judged: seconds of runs that trained side by side.
    Unjudged,
    /// Every pair of values is equal to the bit.
    Identical,
    /// Too few pairs to say anything: fewer than two, or more that all moved far in one direction
    /// and cannot show it.
    Unknown,
}

/// How an interval was found, and where seeds diverged on one side alone the signed ranks tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The greatest t of all comparisons under flips of the seeds' signs.
    SignFlips,
    /// Student's t with Bonferroni's correction: too few seeds for flips.
    StudentT,
    /// No interval: a count that noise does not explain, or an exact test of one.
    Exact,
}

/// One metric of one configuration, tonight against the baseline.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// What was compared.
    pub metric: RegressMetric,
    /// Mean of the baseline over the seeds below that ended at both times; where there are none
    /// over those that ended in the baseline, NaN where none did.
    pub before: f64,
    /// Mean of tonight, likewise.
    pub after: f64,
    /// `after - before` in the metric's unit: relative to `before`, a share, or epochs. NaN
    /// where no seed ended at both times.
    pub effect: f64,
    /// Simultaneous interval of `effect`, the level shared by all comparisons
    /// of the night; none where it has none.
    pub interval: Option<(f64, f64)>,
    /// How the interval was found.
    pub method: Method,
    /// The effect up to which a change is let pass.
    pub min_effect: f64,
    /// What follows.
    pub finding: Finding,
    /// Seed, value of the baseline, value of tonight; NaN where the run diverged. A seed that
    /// diverged at both times is left out, for that it did is no change.
    pub seeds: Vec<(u64, f64, f64)>,
}

impl Change {
    /// Seeds that ended at both times.
    pub fn ended(&self) -> usize {
        self.seeds.iter().filter(|(_, a, b)| a.is_finite() && b.is_finite()).count()
    }

    /// Seeds that diverged in the baseline alone, and those that did tonight alone.
    pub fn diverged(&self) -> (usize, usize) {
        let count = |of: fn(&(u64, f64, f64)) -> bool| self.seeds.iter().filter(|s| of(s)).count();
        (count(|s| s.1.is_nan()), count(|s| s.2.is_nan()))
    }
}

/// One configuration, tonight against the baseline.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConfigChange {
    /// The configuration across versions of the code.
    pub series: Id,
    /// Label of its optimizer.
    pub label: String,
    /// What sets it apart within its label: `lr 0.1`.
    pub config: String,
    /// Seeds with a result on both sides.
    pub pairs: usize,
    /// Of these, pairs that ended with the same bits.
    pub identical: usize,
    /// One a metric that both sides have.
    pub changes: Vec<Change>,
}

/// Why a run could not be compared, or only in part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "why")]
pub enum GapKind {
    /// The baseline has it, tonight's plan does not.
    NotPlanned,
    /// Tonight has it, the baseline does not.
    NotInBaseline,
    /// The baseline has no result of it.
    NoBaselineResult,
    /// It was planned tonight and left no record.
    Missing,
    /// It ended tonight without a result: status and message.
    Failed(String),
    /// It trained to its end tonight, but this metric, which the baseline has, is
    /// missing or no number.
    NoValue(RegressMetric),
    /// Both have a result, but of other data, initial weights or batches: what they
    /// share is the seed's number, by which they are compared all the same. That is
    /// as exact as for pairs, and finds less.
    Unpaired(String),
}

/// Runs of one configuration that could not be compared for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// Label of the optimizer.
    pub label: String,
    /// What sets the configuration apart within its label.
    pub config: String,
    /// The seeds.
    pub seeds: Vec<u64>,
    /// Why.
    #[serde(flatten)]
    pub kind: GapKind,
}

/// A change of level in the history of one metric of one configuration.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrendStep {
    /// The first night at the new level, an index into `Regression::nights`.
    pub at: usize,
    /// The night before, the last at the old level.
    pub last_good: usize,
    /// For a drift the night by which it had ended, else `at`.
    pub until: usize,
    /// Whether the level moved little by little.
    pub drift: bool,
    /// Mean of the old level.
    pub before: f64,
    /// Mean of the new level.
    pub after: f64,
    /// `after - before` in the metric's unit.
    pub effect: f64,
    /// The part of `effect` that came since the baseline's night, of a drift that began before it,
    /// in the metric's unit; none where all did, or none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect_since: Option<f64>,
    /// Nights that the old level rests on.
    pub nights_before: usize,
    /// Nights that the new level rests on.
    pub nights_after: usize,
    /// Whether it is for the worse.
    pub worse: bool,
    /// Whether it counts against the night: for the worse, above `min_effect`,
    /// after the baseline's night, not undone since, and shown by the seeds
    /// where nights do not vary.
    pub alarm: bool,
}

/// The history of one metric of one configuration.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trend {
    /// The configuration across versions of the code.
    pub series: Id,
    /// Label of its optimizer.
    pub label: String,
    /// What sets it apart within its label.
    pub config: String,
    /// What was measured.
    pub metric: RegressMetric,
    /// Night (an index into `Regression::nights`), mean over the seeds, and the
    /// smallest and largest seed.
    pub points: Vec<TrendPoint>,
    /// Changes of level, in order of time.
    pub steps: Vec<TrendStep>,
    /// Nights with so few of the seeds that they are shown and tell nothing of levels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub thin: Vec<usize>,
    /// Nights left out: no chain of common seeds links them to the last one.
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

/// Where the history starts anew.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Segment {
    /// Its first night, an index into `Regression::nights`.
    pub from: usize,
    /// What changed before it; none for the first.
    pub why: Option<String>,
}

/// Everything that a comparison of two nights says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Regression {
    /// What the night says as a whole.
    pub verdict: Verdict,
    /// The sweep that is compared against; none on a first night.
    pub before: Option<Facts>,
    /// The sweep that is judged.
    pub after: Facts,
    /// How the baseline was accepted; none where a report folder is compared.
    pub accepted: Option<Accepted>,
    /// What counts as a regression.
    pub settings: RegressSettings,
    /// Pairs of runs that both have a result.
    pub pairs: usize,
    /// Of these, pairs that ended with the same bits.
    pub identical: usize,
    /// Configurations in the order of tonight's plan.
    pub configs: Vec<ConfigChange>,
    /// What could not be compared, or not as pairs.
    pub gaps: Vec<Gap>,
    /// Why seconds are not compared; none where they are.
    pub no_seconds: Option<String>,
    /// Why time to target is not compared; none where it is.
    pub no_target: Option<String>,
    /// Metrics that runs have and `[regress] metrics` does not ask for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unasked: Vec<RegressMetric>,
    /// Metrics that runs of tonight have and none of the baseline's does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gained: Vec<RegressMetric>,
    /// Comparisons that share the level.
    pub family: usize,
    /// Nights of the history, the oldest first, tonight last; empty without a history.
    pub nights: Vec<Facts>,
    /// Where the history starts anew.
    pub segments: Vec<Segment>,
    /// The history of every configuration and metric.
    pub trends: Vec<Trend>,
}

impl Regression {
    /// Steps of the history that count against the night.
    pub fn alarms(&self) -> impl Iterator<Item = (&Trend, &TrendStep)> {
        self.trends
            .iter()
            .flat_map(|trend| trend.steps.iter().map(move |step| (trend, step)))
            .filter(|(_, step)| step.alarm)
    }
}
