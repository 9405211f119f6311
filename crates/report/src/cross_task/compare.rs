//! Pairs of labels tested over all (task, seed) pairs.
//!
//! A test whose unit is the task needs more tasks than anyone has: three tasks
//! reach p = 0.25 at best. The unit here is the (task, seed) pair, so what is
//! shown is shown for these tasks and says nothing of others.

use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;

use crate::analysis::{
    ALPHA, Analysis, Config, DecidedBy, Verdict, gain, seeds_needed, unlike, verdict,
};
use crate::cross_task::tasks::Tasks;
use stats::paired::{Test, rank_lead, sign_flip, wilcoxon};
use stats::{holm, location};

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
    /// The same after each task's leads were divided by their root mean square, in
    /// [-1, 1]: what is tested where signs are flipped. No task outweighs another by
    /// its scale or its number of seeds, and the scale stays the same whichever signs
    /// are flipped.
    pub standard: Option<f64>,
    /// Tasks with a pair of runs that was compared, ascending: what is tested.
    pub tasks: Vec<usize>,
    /// Those of them that the lead rests on: with a seed that completed, or reached the
    /// target to stop at, with both.
    pub lead_tasks: Vec<usize>,
    /// (task, seed) pairs of such seeds: what the lead rests on.
    pub n: usize,
    /// Pairs compared on which the first is better, level, worse; diverged counts as worst.
    pub seeds: (usize, usize, usize),
    /// Whether sign flips decide or, where a run diverged or never reached its
    /// target, signed ranks.
    pub decided_by: DecidedBy,
    /// The test that decides, over all of them.
    pub test: Option<Test>,
    /// Its p after Holm's correction over all pairs of all metrics.
    pub adjusted: Option<f64>,
    /// Pairs left out because the two runs are not alike but for their optimizer:
    /// task, how many, and what differs.
    pub unlike: Vec<(usize, usize, &'static str)>,
    /// Seeds of the plans that lack a result with one of the two.
    pub excluded: usize,
    /// Seeds on which both diverged or never reached their target: they say nothing of which is
    /// better, and are no pairs.
    pub neither: usize,
    /// Pairs in which one diverged or never reached its target: in `seeds` and in the
    /// test of ranks, not in the lead.
    pub diverged: usize,
    /// Positive where what is tested speaks for the first.
    pub direction: f64,
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
    /// (task, seed) pairs that differ in the comparison that reaches it.
    pub differing: usize,
    /// The fewest differing (task, seed) pairs that could show a difference among so many tests.
    pub needed: usize,
    /// Whether a run of one task starts as one of another does, with the same
    /// weights, data and batches: then the pairs are not independent.
    pub dependent: bool,
}

impl Pair {
    /// (task, seed) pairs compared: what is tested.
    pub fn compared(&self) -> usize {
        self.seeds.0 + self.seeds.1 + self.seeds.2
    }

    /// The one that is shown to be better; none where neither is.
    pub fn better(&self) -> Option<usize> {
        match self.verdict {
            Verdict::Better => Some(self.first),
            Verdict::Worse => Some(self.second),
            _ => None,
        }
    }

    /// The one that is shown to be worse; likewise.
    pub fn worse(&self) -> Option<usize> {
        self.better().map(|better| if better == self.first { self.second } else { self.first })
    }

    /// Returns whether the two are level on every pair compared, so that there is nothing to test.
    pub fn level(&self) -> bool {
        self.compared() > 0 && self.seeds.0 + self.seeds.2 == 0
    }
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
    // Ranks are of every pair as it is; flipped signs are of a mean over tasks.
    let (mut ranked, mut weighed) = (Vec::new(), Vec::new());
    for &task in of {
        let gains = gains(tasks, task, &mut pair);
        // Ascending, so that the order of seeds cannot change a bit.
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

/// Gains of a task's seeds.
#[derive(Default)]
struct Gains {
    /// All of them, infinite where one side diverged.
    all: Vec<f64>,
    /// Those of seeds that completed with both.
    completed: Vec<f64>,
    /// The others, infinite.
    without: Vec<f64>,
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

/// Gains of the pair's first over its second in a task, seed by seed. What cannot be
/// compared is noted in `pair`.
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

/// Runs of a configuration by seed.
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
