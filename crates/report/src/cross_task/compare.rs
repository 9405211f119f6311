//! Tests of pairs of labels over all (task, seed) pairs.
//!
//! A test with the task as its unit needs more tasks than are ever available: three tasks reach p =
//! 0.25 at best. The unit here is the (task, seed) pair, so that a result holds for these tasks and
//! does not generalise to others.

use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;

use crate::analysis::{
    ALPHA, Analysis, Config, DecidedBy, Verdict, gain, seeds_needed, unlike, verdict,
};
use crate::cross_task::tasks::Tasks;
use stats::paired::{Test, rank_lead, sign_flip, wilcoxon};
use stats::{holm, location};

/// Comparison of two labels in the tasks of one metric. Leads are positive where the first is
/// better.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// Index of the metric into `Tasks::groups`.
    pub group: usize,
    /// Index of the better ranked label into `Tasks::labels`.
    pub first: usize,
    /// Index of the other label.
    pub second: usize,
    /// Mean over tasks of the mean lead, in units of the metric.
    pub lead: Option<f64>,
    /// The same with each task's leads divided by their root mean square, in [-1, 1]. The sign-flip
    /// test uses it: no task outweighs another by its scale or number of seeds, and the scale does
    /// not depend on the signs.
    pub standard: Option<f64>,
    /// Tasks with a compared pair of runs, ascending; the test is over these.
    pub tasks: Vec<usize>,
    /// Tasks among these that the lead rests on: with a seed that completed, or reached the target
    /// at which runs stop, with both labels.
    pub lead_tasks: Vec<usize>,
    /// Number of (task, seed) pairs of such seeds, on which the lead rests.
    pub n: usize,
    /// Numbers of compared pairs on which the first is better, level, worse; a diverged run is the
    /// worst.
    pub seeds: (usize, usize, usize),
    /// The kind of test: sign flips, or signed ranks if a run diverged or never reached its target.
    pub decided_by: DecidedBy,
    /// The test that decides, over all compared pairs.
    pub test: Option<Test>,
    /// Its p-value after Holm's correction over all pairs of all metrics.
    pub adjusted: Option<f64>,
    /// Pairs left out because the two runs differ in more than their optimizer: task, number of
    /// pairs, and the difference.
    pub unlike: Vec<(usize, usize, &'static str)>,
    /// Number of seeds of the plans that lack a result with one of the two.
    pub excluded: usize,
    /// Number of seeds on which both diverged or never reached their target. They carry no
    /// information on which is better and do not count as pairs.
    pub neither: usize,
    /// Number of pairs in which one diverged or never reached its target: in `seeds` and the rank
    /// test, not in the lead.
    pub diverged: usize,
    /// The tested statistic; positive in favour of the first.
    pub direction: f64,
    /// The verdict.
    pub verdict: Verdict,
}

/// Comparison of all pairs of the labels that all tasks have.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// Pairs by group, then by the rank of their labels.
    pub pairs: Vec<Pair>,
    /// Number of tests made: the family for Holm's correction.
    pub tests: usize,
    /// The smallest p-value that any pair can reach.
    pub smallest: Option<f64>,
    /// The same after the correction.
    pub smallest_adjusted: Option<f64>,
    /// Number of differing (task, seed) pairs in the comparison that can reach it.
    pub differing: usize,
    /// Smallest number of differing (task, seed) pairs that could show a difference with this
    /// number of tests.
    pub needed: usize,
    /// Whether a run of one task starts like one of another, with the same weights, data and
    /// batches. The pairs are then not independent.
    pub dependent: bool,
}

impl Pair {
    /// Returns the number of (task, seed) pairs compared, over which the test is.
    pub fn compared(&self) -> usize {
        self.seeds.0 + self.seeds.1 + self.seeds.2
    }

    /// Returns the label that is shown to be better; `None` where neither is.
    pub fn better(&self) -> Option<usize> {
        match self.verdict {
            Verdict::Better => Some(self.first),
            Verdict::Worse => Some(self.second),
            _ => None,
        }
    }

    /// Returns the label that is shown to be worse, likewise.
    pub fn worse(&self) -> Option<usize> {
        self.better().map(|better| if better == self.first { self.second } else { self.first })
    }

    /// Returns whether the two are level on every pair compared, so that there is nothing to test.
    pub fn level(&self) -> bool {
        self.compared() > 0 && self.seeds.0 + self.seeds.2 == 0
    }
}

impl Comparison {
    /// Returns whether no pair can reach significance.
    pub fn underpowered(&self) -> bool {
        self.smallest_adjusted.is_none_or(|p| p > ALPHA)
    }

    /// Returns the pairs of two labels, one per metric.
    pub fn of(&self, first: usize, second: usize) -> impl Iterator<Item = &Pair> {
        self.pairs.iter().filter(move |p| (p.first, p.second) == (first, second))
    }
}

/// Compares the labels in `order`, the best first, within each group of tasks. A group with a run
/// in two of its tasks is not tested.
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
        pair.verdict = verdict(*test, adjusted, tested.len(), pair.direction);
    }
    let reach = tested.iter().map(|(_, t)| *t).min_by(|a, b| a.smallest.total_cmp(&b.smallest));
    let smallest = reach.map(|t| t.smallest);
    Comparison {
        differing: reach.map_or(0, |t| t.n),
        smallest_adjusted: smallest.map(|p| (p * tested.len() as f64).min(1.0)),
        smallest,
        tests: tested.len(),
        needed: seeds_needed(tested.len().max(1)),
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
            // The first digest of the list, that of the first epoch.
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
        tasks: Vec::new(),
        lead_tasks: Vec::new(),
        n: 0,
        seeds: (0, 0, 0),
        decided_by: DecidedBy::SignFlips,
        test: None,
        adjusted: None,
        unlike: Vec::new(),
        excluded: 0,
        neither: 0,
        diverged: 0,
        direction: 0.0,
        verdict: Verdict::TooFew,
    };
    let (mut leads, mut standard) = (Vec::new(), Vec::new());
    // Ranks use each pair as it is; sign flips use a mean over tasks.
    let (mut ranked, mut weighed) = (Vec::new(), Vec::new());
    for &task in of {
        let gains = gains(tasks, task, &mut pair);
        // Sorted, so that the order of seeds cannot change a bit of the result.
        let mut completed = gains.completed;
        completed.sort_by(f64::total_cmp);
        let scaled = standardised(&completed);
        leads.extend(location::mean(&completed));
        standard.extend(location::mean(&scaled));
        pair.tasks.extend((!gains.all.is_empty()).then_some(task));
        pair.lead_tasks.extend((!completed.is_empty()).then_some(task));
        pair.diverged += gains.all.len() - completed.len();
        let count = |sign: f64| gains.all.iter().filter(|g| **g * sign > 0.0).count();
        let (won, lost) = (count(1.0), count(-1.0));
        pair.seeds.0 += won;
        pair.seeds.1 += gains.all.len() - won - lost;
        pair.seeds.2 += lost;
        pair.n += scaled.len();
        weighed.extend(scaled.iter().map(|gain| gain / scaled.len() as f64));
        ranked.extend(scaled);
        ranked.extend(gains.without);
    }
    pair.lead = location::mean(&leads);
    pair.standard = location::mean(&standard);
    if pair.diverged > 0 {
        pair.decided_by = DecidedBy::SignedRanks;
        pair.direction = rank_lead(&ranked);
    } else {
        pair.direction = pair.standard.unwrap_or(0.0);
    }
    if ranked.len() > 1 && !tasks.repeated(of) {
        pair.test = match pair.decided_by {
            DecidedBy::SignedRanks => wilcoxon(&ranked),
            _ => sign_flip(&weighed),
        };
    }
    pair
}

/// Gains of the seeds of a task.
#[derive(Default)]
struct Gains {
    /// All gains, infinite where one side diverged.
    all: Vec<f64>,
    /// Gains of seeds that completed with both.
    completed: Vec<f64>,
    /// The others, infinite.
    without: Vec<f64>,
}

/// Divides gains by their root mean square; zeros remain zero.
fn standardised(gains: &[f64]) -> Vec<f64> {
    let most = gains.iter().fold(0.0, |most: f64, g| g.abs().max(most));
    if most == 0.0 {
        return gains.to_vec();
    }
    // Divided by the largest first, since squares of tiny differences underflow.
    let squares: f64 = gains.iter().map(|g| (g / most).powi(2)).sum();
    let rms = (squares / gains.len() as f64).sqrt();
    gains.iter().map(|g| g / most / rms).collect()
}

/// Returns the gains of the pair's first over its second in a task, seed by seed, and records in
/// `pair` what cannot be compared.
fn gains(tasks: &Tasks, task: usize, pair: &mut Pair) -> Gains {
    let analysis = &tasks.tasks[task].analysis;
    let by_seed = |label: usize| tasks.chosen(task, label).map(|c| runs(analysis, c));
    let (ours, theirs) = (by_seed(pair.first), by_seed(pair.second));
    let (mut gains, mut apart) = (Gains::default(), None);
    let mut unpaired = 0;
    for seed in analysis.seeds() {
        let both =
            ours.as_ref().and_then(|r| r.get(seed)).zip(theirs.as_ref().and_then(|r| r.get(seed)));
        let judged = both.and_then(|(a, b)| Some((analysis.judged(*a)?, analysis.judged(*b)?)));
        let (Some((a, b)), Some((x, y))) = (both, judged) else {
            pair.excluded += usize::from(both.is_some() || !analysis.plan.ends_early());
            continue;
        };
        if let Some(what) = unlike(&analysis.rows[*a], &analysis.rows[*b]) {
            unpaired += 1;
            apart.get_or_insert(what);
            continue;
        }
        let finite = [&x, &y].map(|judged| judged.outcome.is_finite());
        if finite == [false; 2] {
            pair.neither += 1;
            continue;
        }
        let gain = gain(&analysis.evaluation, &x, &y);
        gains.all.push(gain);
        match finite == [true; 2] {
            true => gains.completed.push(gain),
            false => gains.without.push(gain),
        }
    }
    pair.unlike.extend(apart.map(|what| (task, unpaired, what)));
    gains
}

/// Returns the runs of a configuration by seed.
fn runs(analysis: &Analysis, config: &Config) -> HashMap<u64, usize> {
    config.runs.iter().map(|&r| (analysis.plan.runs[r].spec.seed, r)).collect()
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
