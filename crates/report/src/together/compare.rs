//! Pairs of labels tested over all (task, seed) pairs.
//!
//! A test whose unit is the task needs more tasks than anyone has: three tasks
//! reach p = 0.25 at best. The unit here is the (task, seed) pair, so what is
//! shown is shown for these tasks and says nothing of others.

use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;

use crate::analysis::{ALPHA, Analysis, Config, Verdict, outcome, seeds_needed, unlike, verdict};
use crate::stats::paired::{Test, sign_flip};
use crate::stats::{holm, location};
use crate::table::RunRow;
use crate::together::tasks::Tasks;

/// Two labels in the tasks of one metric. Positive where the first is better.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// Which metric: a place in `Tasks::groups`.
    pub group: usize,
    /// The better ranked label, a place in `Tasks::labels`.
    pub first: usize,
    /// The other.
    pub second: usize,
    /// Mean over tasks of the mean lead, in units of the metric.
    pub lead: Option<f64>,
    /// Mean lead after each task's leads were divided by their root mean square,
    /// in [-1, 1]: what is tested. No task outweighs another by its scale, and
    /// the scale stays the same whichever signs are flipped.
    pub standard: Option<f64>,
    /// Tasks with a pair of runs that were compared.
    pub tasks: usize,
    /// (task, seed) pairs that completed with both.
    pub n: usize,
    /// Those on which the first is better, level, worse; diverged counts as worst.
    pub seeds: (usize, usize, usize),
    /// Sign-flip permutation test over all of them.
    pub test: Option<Test>,
    /// Its p after Holm's correction over all pairs of all metrics.
    pub adjusted: Option<f64>,
    /// Pairs left out because the two runs are not alike but for their optimizer:
    /// task, how many, and what differs.
    pub unlike: Vec<(usize, usize, &'static str)>,
    /// Seeds of the plans that lack a result with one of the two.
    pub excluded: usize,
    /// Pairs in which one diverged: in `seeds`, not in the test, which needs numbers.
    pub diverged: usize,
    /// What follows.
    pub verdict: Verdict,
}

/// All pairs of labels that all tasks have.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// By group, then as labels are ranked.
    pub pairs: Vec<Pair>,
    /// Tests made: the family that Holm's correction is over.
    pub tests: usize,
    /// The smallest p that any pair can reach.
    pub smallest: Option<f64>,
    /// The same after the correction.
    pub smallest_adjusted: Option<f64>,
    /// The fewest (task, seed) pairs that could show a difference.
    pub needed: usize,
    /// Whether a run of one task starts as one of another does, with the same
    /// weights, data and batches: then the pairs are not independent.
    pub dependent: bool,
}

impl Comparison {
    /// Whether no pair can reach significance.
    pub fn underpowered(&self) -> bool {
        self.smallest_adjusted.is_none_or(|p| p > ALPHA)
    }

    /// The pairs of two labels, one a metric.
    pub fn of(&self, first: usize, second: usize) -> impl Iterator<Item = &Pair> {
        self.pairs.iter().filter(move |p| (p.first, p.second) == (first, second))
    }
}

/// Compares the labels in `order`, the best first, within each group of tasks.
/// A group with a run in two of its tasks is not tested.
pub fn compare(tasks: &Tasks, order: &[usize]) -> Comparison {
    let couples =
        order.iter().enumerate().flat_map(|(i, &a)| order[i + 1..].iter().map(move |&b| (a, b)));
    let couples: Vec<(usize, usize)> = couples.collect();
    let all: Vec<(usize, usize, usize)> = (0..tasks.groups.len())
        .flat_map(|g| couples.iter().map(move |&(a, b)| (g, a, b)))
        .collect();
    let mut pairs: Vec<Pair> =
        all.par_iter().map(|&(group, a, b)| pair(tasks, group, a, b)).collect();
    let tested: Vec<(usize, Test)> =
        pairs.iter().enumerate().filter_map(|(i, p)| Some((i, p.test?))).collect();
    let ps: Vec<f64> = tested.iter().map(|(_, t)| t.p).collect();
    for ((i, test), adjusted) in tested.iter().zip(holm::adjust(&ps)) {
        let pair = &mut pairs[*i];
        pair.adjusted = Some(adjusted);
        pair.verdict = verdict(*test, adjusted, tested.len(), pair.standard.unwrap_or(0.0));
    }
    let smallest = tested.iter().map(|(_, t)| t.smallest).reduce(f64::min);
    Comparison {
        smallest_adjusted: smallest.map(|p| (p * tested.len() as f64).min(1.0)),
        smallest,
        tests: tested.len(),
        needed: seeds_needed(all.len().max(1)),
        dependent: (0..tasks.groups.len()).any(|g| dependent(tasks, g, order)),
        pairs,
    }
}

fn dependent(tasks: &Tasks, group: usize, labels: &[usize]) -> bool {
    let mut starts: BTreeMap<[&str; 3], usize> = BTreeMap::new();
    for &task in &tasks.groups[group].tasks {
        let rows = &tasks.tasks[task].analysis.rows;
        let chosen = labels.iter().filter_map(|&l| tasks.chosen(task, l));
        for row in chosen.flat_map(|c| &c.runs).map(|&r| &rows[r]) {
            let (Some(init), Some(data)) = (&row.init_digest, &row.dataset_digest) else {
                continue;
            };
            // The list's first digest: of the first epoch.
            let batches = row.batch_digest.as_deref().and_then(|text| text.split('"').nth(1));
            let start = [init.as_str(), data.as_str(), batches.unwrap_or_default()];
            if *starts.entry(start).or_insert(task) != task {
                return true;
            }
        }
    }
    false
}

fn pair(tasks: &Tasks, group: usize, first: usize, second: usize) -> Pair {
    let of = &tasks.groups[group].tasks;
    let mut pair = Pair {
        group,
        first,
        second,
        lead: None,
        standard: None,
        tasks: 0,
        n: 0,
        seeds: (0, 0, 0),
        test: None,
        adjusted: None,
        unlike: Vec::new(),
        excluded: 0,
        diverged: 0,
        verdict: Verdict::TooFew,
    };
    let (mut leads, mut standard) = (Vec::new(), Vec::new());
    for &task in of {
        let gains = gains(tasks, task, &mut pair);
        let mut finite: Vec<f64> = gains.iter().copied().filter(|g| g.is_finite()).collect();
        // Ascending, so that the order of seeds cannot change a bit.
        finite.sort_by(f64::total_cmp);
        leads.extend(location::mean(&finite));
        standard.extend(standardised(&finite));
        pair.tasks += usize::from(!finite.is_empty());
        pair.diverged += gains.len() - finite.len();
        let count = |sign: f64| gains.iter().filter(|g| **g * sign > 0.0).count();
        let (won, lost) = (count(1.0), count(-1.0));
        pair.seeds.0 += won;
        pair.seeds.1 += gains.len() - won - lost;
        pair.seeds.2 += lost;
    }
    pair.n = standard.len();
    pair.lead = location::mean(&leads);
    pair.standard = location::mean(&standard);
    if pair.n > 1 && !tasks.repeated(of) {
        pair.test = sign_flip(&standard);
    }
    pair
}

/// Divided by their root mean square; all zero stay zero.
fn standardised(gains: &[f64]) -> Vec<f64> {
    let most = gains.iter().fold(0.0, |most: f64, g| g.abs().max(most));
    if most == 0.0 {
        return gains.to_vec();
    }
    // By the largest first: squares of tiny differences are nothing.
    let squares: f64 = gains.iter().map(|g| (g / most).powi(2)).sum();
    let rms = (squares / gains.len() as f64).sqrt();
    gains.iter().map(|g| g / most / rms).collect()
}

/// Gains of the pair's first over its second in a task, seed by seed; infinite
/// where one diverged. What cannot be compared is noted in `pair`.
fn gains(tasks: &Tasks, task: usize, pair: &mut Pair) -> Vec<f64> {
    let analysis = &tasks.tasks[task].analysis;
    let judge = &analysis.judge;
    let by_seed = |label: usize| tasks.chosen(task, label).map(|c| rows(analysis, c));
    let (ours, theirs) = (by_seed(pair.first), by_seed(pair.second));
    let (mut gains, mut apart) = (Vec::new(), None);
    let mut unpaired = 0;
    for seed in &analysis.plan.seeds {
        let both =
            ours.as_ref().and_then(|r| r.get(seed)).zip(theirs.as_ref().and_then(|r| r.get(seed)));
        let values = both.and_then(|(a, b)| Some((a, b, outcome(judge, a)?, outcome(judge, b)?)));
        let Some((a, b, x, y)) = values else {
            pair.excluded += 1;
            continue;
        };
        if let Some(what) = unlike(a, b) {
            unpaired += 1;
            apart.get_or_insert(what);
            continue;
        }
        // Both diverged: neither is better, and infinity less infinity is no number.
        gains.push(if x == y { 0.0 } else { judge.gain(x, y) });
    }
    pair.unlike.extend(apart.map(|what| (task, unpaired, what)));
    gains
}

fn rows<'a>(analysis: &'a Analysis, config: &Config) -> HashMap<u64, &'a RunRow> {
    config.runs.iter().map(|&r| (analysis.plan.runs[r].spec.seed, &analysis.rows[r])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_task_outweighs_another_and_signs_change_no_scale() {
        let small = standardised(&[1e-200, -3e-200, 2e-200]);
        let large = standardised(&[1e3, -3e3, 2e3]);
        assert!(small.iter().zip(&large).all(|(a, b)| (a - b).abs() < 1e-12), "{small:?}");
        let flipped = standardised(&[1e3, 3e3, -2e3]);
        assert!(large.iter().zip(&flipped).all(|(a, b)| a.abs() == b.abs()));
        let squares: f64 = large.iter().map(|v| v * v).sum();
        assert!((squares / 3.0 - 1.0).abs() < 1e-12);
        assert_eq!(standardised(&[0.0, 0.0]), [0.0, 0.0]);
        assert!(standardised(&[]).is_empty());
    }
}
