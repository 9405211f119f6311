//! `until` of the seeds that judge: interim looks, after which no more seeds may be needed.

use spec::params::{ParamType, Range, Value};
use spec::stages::{Goal, Until};

use crate::axis;
use crate::diagnostic::Diagnostic;
use crate::node::{Entry, Node};
use crate::reader::{Reader, setting};

spec::settings! {
    /// Seeds that are trained until a decision is reached.
    UntilTable in "confirm.seeds" {
        /// First seed; the others follow consecutively.
        base: u64 = 0, NonNegative;
        /// Decision after which no more seeds are trained.
        until: Goal = Goal::Best, Any;
        /// Number of seeds of each optimizer at each interim look, increasing.
        looks: Vec<u64> = vec![10, 20], AtLeast(2.0);
        /// Fraction of the level that each look may spend; the fractions sum to 1.
        share: Vec<f64> = Vec::new() => "a list of numbers, one for each look", "equal parts";
        /// Probability of any false decision over all looks together.
        level: f64 = 0.05, Within(1e-6, 0.5);
    }
}

/// Largest number of seeds at a look; the test is exact only up to it, and needs that for its
/// level.
const MOST: u64 = 30;

/// Returns whether the seeds have interim looks.
pub(crate) fn is_given(seeds: &Entry) -> bool {
    ["until", "looks", "share", "level"].iter().any(|key| seeds.value.get(key).is_some())
}

impl Reader<'_> {
    /// Reads `{ base, until, looks, share, level }`, the value of `table`, in a sweep with this
    /// number of optimizers. Returns all seeds and the rule that ends them; `None` if it is
    /// invalid, which is reported.
    pub(crate) fn until(
        &mut self,
        table: &str,
        entry: &Entry,
        optimizers: usize,
    ) -> Option<(Vec<u64>, Until)> {
        let node = &entry.value;
        let known = self.diagnostics.len();
        let given: UntilTable = self.settings_at(table, node, &[]);
        let share = match node.get("share") {
            Some(entry) => self.shares(table, entry)?,
            None => vec![1.0 / given.looks.len().max(1) as f64; given.looks.len()],
        };
        if self.diagnostics.len() > known {
            return None;
        }
        let until = Until { goal: given.until, looks: given.looks, share, level: given.level };
        if let Some(problem) = unfit(&until, node, optimizers) {
            self.diagnostics.push(problem);
            return None;
        }
        let last = until.looks.last().copied().unwrap_or(0);
        let Some(end) = given.base.checked_add(last).filter(|end| i64::try_from(*end).is_ok())
        else {
            self.diagnostics
                .push(Diagnostic::error("the last seed does not fit in 63 bits", &node.place));
            return None;
        };
        Some(((given.base..end).collect(), until))
    }

    fn shares(&mut self, table: &str, entry: &Entry) -> Option<Vec<f64>> {
        let share = setting("share", ParamType::Float, Range::Positive);
        let axis = axis::read(&format!("{table}.share"), &share, &entry.value, self.diagnostics)?;
        let number = |value: &Value| match value {
            Value::Float(x) => Some(*x),
            Value::Int(i) => Some(*i as f64),
            _ => None,
        };
        axis.values.iter().map(|(value, _)| number(value)).collect()
    }
}

/// Returns the problem of looks and shares whose types are valid; `None` if there is none.
fn unfit(until: &Until, node: &Node, optimizers: usize) -> Option<Diagnostic> {
    let at = |key: &str| node.get(key).map_or(&node.place, |entry| &entry.value.place);
    let looks = &until.looks;
    if looks.is_empty() || looks.windows(2).any(|pair| pair[0] >= pair[1]) {
        let message = "the looks of `until` must increase";
        return Some(Diagnostic::error(message, at("looks")).help("write looks = [10, 20]"));
    }
    if looks.iter().any(|look| *look > MOST) {
        let message = format!("a look can have at most {MOST} seeds");
        return Some(
            Diagnostic::error(message, at("looks")).help("give the last look fewer seeds"),
        );
    }
    if until.share.len() != looks.len() {
        let message =
            format!("{} shares of the level for {} looks", until.share.len(), looks.len());
        return Some(Diagnostic::error(message, at("share")).help("give one for each look"));
    }
    let sum: f64 = until.share.iter().sum();
    if (sum - 1.0).abs() > 1e-9 {
        return Some(
            Diagnostic::error("the shares of the level do not sum to 1", at("share"))
                .label(format!("they sum to {sum}"))
                .help("write share = [0.5, 0.5] for two looks"),
        );
    }
    let pairs = (optimizers * optimizers.saturating_sub(1) / 2).max(1);
    let blind = (0..looks.len())
        .find(|&k| smallest_p(looks[k]) * pairs as f64 > until.share[k] * until.level)?;
    let least = (2..=MOST)
        .find(|&n| smallest_p(n) * pairs as f64 <= until.share[blind] * until.level)
        .unwrap_or(MOST);
    let level = format!("the {:.3} that it may spend", until.share[blind] * until.level);
    Some(
        Diagnostic::error(
            format!("a look at {} seeds cannot decide anything", looks[blind]),
            at("looks"),
        )
        .label(match pairs {
            1 => format!("the smallest p of its test is above {level}"),
            _ => format!("the smallest p of its test, times {pairs} pairs, is above {level}"),
        })
        .help(format!("give it at least {least} seeds, or a larger share")),
    )
}

/// Returns the smallest two-sided p of an exact sign test with n seeds: 2 of 2^n outcomes.
fn smallest_p(n: u64) -> f64 {
    2.0 * 0.5f64.powi(n.min(2_000) as i32)
}
