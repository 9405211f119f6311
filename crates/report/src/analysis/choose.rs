//! The choice of each label's configuration, and the rules that break ties.

use std::cmp::Ordering;

use crate::analysis::{Analysis, Config, Criterion};
use stats::location;

/// Relative difference up to which two means are equal, since they may differ by the order in which
/// equal values were added. A wider tolerance would make ties that are not transitive.
const EQUAL: f64 = 1e-9;

/// The rule that chose a configuration among those that tie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TieBreak {
    /// The lowest mean validation loss.
    ValidationLoss,
    /// The learning rate nearest the middle of those tied, on a log scale; the smaller of two
    /// equally near ones.
    LearningRate,
    /// The order of the plan, since nothing else differs.
    Order,
}

/// Sort key of a configuration by one metric; smaller is better.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Key {
    /// 0 with a value and no diverged seed, 1 with a value and diverged seeds, 2 if all seeds
    /// diverged, 3 without any result.
    class: u8,
    /// The metric, with its sign changed if more is better; 0 without a value.
    value: f64,
    /// Share 0..1 of the seeds with a result that did not reach the target, where runs are judged
    /// by the time to it; 0 otherwise.
    missed: f64,
}

impl Key {
    fn of(selection: &Criterion, mean: Option<f64>, config: &Config) -> Self {
        if selection.reached() {
            let median = config.judged_median;
            let class = if config.counts.results() > 0 { 0 } else { 3 };
            let results = config.counts.results();
            let reached = config.judged.n.min(results);
            let missed = (results - reached) as f64 / results.max(1) as f64;
            return Key { class, value: median.unwrap_or(0.0), missed };
        }
        let class = match (mean, config.counts.diverged) {
            (Some(_), 0) => 0,
            (Some(_), _) => 1,
            (None, 0) => 3,
            (None, _) => 2,
        };
        let value =
            mean.map_or(0.0, |mean| if selection.higher_is_better() { -mean } else { mean });
        Key { class, value, missed: 0.0 }
    }

    fn before(&self, other: &Key) -> Ordering {
        let by_value = self.value.total_cmp(&other.value);
        self.class.cmp(&other.class).then(by_value).then(self.missed.total_cmp(&other.missed))
    }

    fn ties(&self, other: &Key) -> bool {
        let alike = self.class == other.class && self.missed == other.missed;
        alike && equal(self.value, other.value)
    }
}

fn equal(a: f64, b: f64) -> bool {
    a == b || (a - b).abs() <= EQUAL * a.abs().max(b.abs())
}

/// Groups configurations that tie with the best of their group, the best group first, each group in
/// the order of the plan.
fn groups(mut keyed: Vec<(Key, usize)>) -> Vec<Vec<usize>> {
    keyed.sort_by(|a, b| a.0.before(&b.0).then(a.1.cmp(&b.1)));
    let mut out: Vec<(Key, Vec<usize>)> = Vec::new();
    for (key, config) in keyed {
        match out.last_mut() {
            Some((first, group)) if first.ties(&key) => group.push(config),
            _ => out.push((key, vec![config])),
        }
    }
    let plan_order = |mut group: Vec<usize>| {
        group.sort_unstable();
        group
    };
    out.into_iter().map(|(_, group)| plan_order(group)).collect()
}

/// Groups configurations of an equal selection metric, the best group first, each group in the
/// order in which its members would be chosen.
pub(crate) fn by_selection(analysis: &Analysis, among: &[usize]) -> Vec<Vec<usize>> {
    let selection = &analysis.selection;
    let key = |&i: &usize| {
        let config = &analysis.configs[i];
        (Key::of(selection, config.selection.mean, config), i)
    };
    let groups = groups(among.iter().map(key).collect());
    groups.into_iter().map(|group| in_order(analysis, group).0).collect()
}

/// Groups configurations of an equal evaluation metric, the best group first, each group in the
/// order of the plan.
pub(crate) fn by_judge(analysis: &Analysis, among: &[usize]) -> Vec<Vec<usize>> {
    let evaluation = &analysis.evaluation;
    let planned = |&i: &usize| analysis.configs[i].runs.len();
    let (fewest, most) = (among.iter().map(planned).min(), among.iter().map(planned).max());
    let key = |&i: &usize| {
        let config = &analysis.configs[i];
        let mean = match fewest {
            // If some ended after fewer seeds, compare means over the same seeds.
            Some(n) if fewest < most && analysis.plan.ends_early() => {
                let first = config.runs.iter().take(n);
                let values: Vec<f64> =
                    first.filter_map(|&run| evaluation.of(&analysis.rows[run])).collect();
                location::mean(&values)
            }
            _ => config.judged.mean,
        };
        (Key::of(evaluation, mean, config), i)
    };
    groups(among.iter().map(key).collect())
}

/// Returns the configuration that is chosen among these; `None` if there are none.
pub fn best_of(analysis: &Analysis, among: &[usize]) -> Option<usize> {
    by_selection(analysis, among).first().and_then(|group| group.first()).copied()
}

/// Returns whether the first of two configurations is better by the selection metric; a tie is not.
pub(crate) fn better(analysis: &Analysis, a: &Config, b: &Config) -> bool {
    let key = |config: &Config| Key::of(&analysis.selection, config.selection.mean, config);
    let (a, b) = (key(a), key(b));
    !a.ties(&b) && a.before(&b) == Ordering::Less
}

/// Returns the configurations of a label that tie with its chosen one by the selection metric,
/// including that one, and the rule that decided. `None` where nothing ties with it or it has no
/// value.
pub fn ties(analysis: &Analysis, label: usize) -> Option<(Vec<usize>, TieBreak)> {
    let best = analysis.tuned.get(label).copied().flatten()?;
    let with_result = |i: &usize| {
        let config = &analysis.configs[*i];
        config.label == label && config.stage.is_tuning() && config.counts.results() > 0
    };
    let chosen = &analysis.configs[best];
    // Configurations whose runs never reached the target can tie, too.
    let valued = analysis.selection.reached() && chosen.counts.completed > 0;
    if chosen.selection.mean.is_none() && !valued {
        return None;
    }
    let among: Vec<usize> = (0..analysis.configs.len()).filter(with_result).collect();
    let group = by_selection(analysis, &among).into_iter().find(|group| group.contains(&best))?;
    let (group, by) = in_order(analysis, group);
    (group.len() > 1).then_some((group, by))
}

/// Orders tied configurations as they would be chosen, and returns the rule that decides on the
/// first.
fn in_order(analysis: &Analysis, group: Vec<usize>) -> (Vec<usize>, TieBreak) {
    if group.len() < 2 {
        return (group, TieBreak::Order);
    }
    let own = analysis.selection.path() == "validation.loss";
    let loss = |i: usize| analysis.configs[i].validation_loss.filter(|_| !own);
    let mut keyed: Vec<(f64, usize)> =
        group.into_iter().map(|i| (loss(i).unwrap_or(f64::INFINITY), i)).collect();
    keyed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut out = Vec::new();
    let mut decided = None;
    let mut rest = &keyed[..];
    while let Some((first, _)) = rest.first().copied() {
        let level = rest.iter().take_while(|(loss, _)| equal(first, *loss)).count();
        let tied: Vec<usize> = rest[..level].iter().map(|(_, i)| *i).collect();
        let (tied, by) = by_rate(analysis, tied);
        decided.get_or_insert(if level == 1 { TieBreak::ValidationLoss } else { by });
        out.extend(tied);
        rest = &rest[level..];
    }
    (out, decided.unwrap_or(TieBreak::Order))
}

/// Sorts by the distance of the learning rate from the middle, and returns whether the rate or the
/// order of the plan decides on the first.
fn by_rate(analysis: &Analysis, mut tied: Vec<usize>) -> (Vec<usize>, TieBreak) {
    let rate = |i: usize| analysis.planned(&analysis.configs[i]).spec.optimizer.lr().ln();
    let (low, high) = tied
        .iter()
        .map(|&i| rate(i))
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(x), h.max(x)));
    let middle = (low + high) / 2.0;
    // Rounded to the tolerance, so that two rates on either side are equally near.
    let distance = |i: usize| ((rate(i) - middle).abs() * 1e9).round();
    tied.sort_by(|&a, &b| {
        let by_rate = rate(a).total_cmp(&rate(b));
        distance(a).total_cmp(&distance(b)).then(by_rate).then(a.cmp(&b))
    });
    let one = tied.len() > 1 && rate(tied[0]) == rate(tied[1]);
    let by = if one || low == high { TieBreak::Order } else { TieBreak::LearningRate };
    (tied, by)
}
