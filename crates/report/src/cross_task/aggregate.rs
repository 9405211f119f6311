//! Aggregates over tasks: mean ranks, pooled values with stratified intervals, and probabilities of
//! improvement (Agarwal et al. 2021, arXiv:2108.13264).

use std::cmp::Ordering;

use rayon::prelude::*;

use crate::cross_task::tasks::{Group, Tasks};
use stats::unpaired::probability_of_improvement;
use stats::{FEWEST, FEWEST_RESAMPLED, bootstrap, location};

/// Ranks of a label among the labels that all tasks have.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// Index into `Tasks::labels`.
    pub label: usize,
    /// Its rank in each task among these labels, from 1; ties share the mean rank.
    pub ranks: Vec<f64>,
    /// Mean of its ranks.
    pub mean_rank: f64,
    /// Number of tasks in which no other label is better: it leads alone or is level in front. No
    /// label leads a task in which no run has a value.
    pub led: usize,
    /// Number of these tasks in which it leads alone.
    pub alone: usize,
}

/// Values of a label pooled over all runs of the tasks of one metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Pooled {
    /// Index into `Tasks::labels`.
    pub label: usize,
    /// Number of completed runs of the chosen configurations, or of those that reached the target
    /// if runs stop there.
    pub runs: usize,
    /// Smallest number of values of any task; 0 where the median is pooled.
    pub fewest: usize,
    /// Number of runs that diverged or never reached their target; they are in no mean.
    pub diverged: usize,
    /// Median over all runs if they stop at the target, where a run that never reached it is
    /// infinite; `None` for other metrics.
    pub median: Option<f64>,
    /// Mean over all runs. `None` where a task has no value, or where runs stop at the target,
    /// since it would only cover the runs that reached it.
    pub mean: Option<f64>,
    /// Interquartile mean over all runs, likewise.
    pub iqm: Option<f64>,
    /// 95 % percentile interval of the mean from the stratified bootstrap, which resamples runs
    /// within each task. `None` where a task has fewer than [`FEWEST`] values.
    pub mean_interval: Option<(f64, f64)>,
    /// The same interval for the interquartile mean.
    pub iqm_interval: Option<(f64, f64)>,
}

impl Pooled {
    /// Returns whether the intervals rest on so few runs per task that they are too short.
    pub fn rough(&self) -> bool {
        self.mean_interval.is_some() && self.fewest < FEWEST_RESAMPLED
    }
}

/// Probability that a run of one label is better than a run of another.
#[derive(Clone, Debug, PartialEq)]
pub struct Improvement {
    /// Index of the better ranked label into `Tasks::labels`.
    pub first: usize,
    /// Index of the other label.
    pub second: usize,
    /// Probability 0..1 in each task over all pairs of runs; ties count half, and diverged runs are
    /// the worst.
    pub by_task: Vec<f64>,
    /// Mean over tasks.
    pub probability: f64,
    /// 95 % percentile interval from the stratified bootstrap; `None` where a label has fewer than
    /// [`FEWEST`] results in a task, or a run occurs in two tasks.
    pub interval: Option<(f64, f64)>,
}

/// Returns the standings of the labels that all tasks have, sorted by mean rank, then by the number
/// of tasks led, then by plan order.
pub fn standings(tasks: &Tasks) -> Vec<Standing> {
    let by_task: Vec<Vec<f64>> = (0..tasks.tasks.len())
        .map(|t| {
            // Shared labels have a result everywhere.
            tasks.ranks(t, &tasks.shared).into_iter().map(|r| r.unwrap_or(f64::NAN)).collect()
        })
        .collect();
    let mut standings: Vec<Standing> = tasks
        .shared
        .iter()
        .enumerate()
        .map(|(i, &label)| {
            let ranks: Vec<f64> = by_task.iter().map(|ranks| ranks[i]).collect();
            let front: Vec<f64> = (0..ranks.len())
                .filter(|&t| tasks.leads_among(t, label, &tasks.shared))
                .map(|t| ranks[t])
                .collect();
            // Ties share the mean of their ranks.
            let (led, alone) = (front.len(), front.iter().filter(|r| **r == 1.0).count());
            let mean_rank = location::mean(&ranks).unwrap_or(f64::NAN);
            Standing { label, ranks, mean_rank, led, alone }
        })
        .collect();
    let order = |a: &Standing, b: &Standing| -> Ordering {
        a.mean_rank.total_cmp(&b.mean_rank).then(b.led.cmp(&a.led))
    };
    standings.sort_by(order);
    standings
}

/// Returns a label's finite values in each task of a group: the strata.
pub fn strata(tasks: &Tasks, group: &Group, label: usize) -> Vec<Vec<f64>> {
    let finite = |task: usize| -> Vec<f64> {
        tasks.outcomes(task, label).into_iter().filter(|v| v.is_finite()).collect()
    };
    group.tasks.iter().map(|&t| finite(t)).collect()
}

/// Pools a label over all runs of a group's tasks.
pub fn pooled(tasks: &Tasks, group: &Group, label: usize) -> Pooled {
    let strata = strata(tasks, group, label);
    let values = strata.concat();
    let lost = |&t: &usize| tasks.outcomes(t, label).iter().filter(|v| v.is_infinite()).count();
    let mut pooled = Pooled {
        label,
        runs: values.len(),
        fewest: 0,
        diverged: group.tasks.iter().map(lost).sum(),
        median: None,
        mean: None,
        iqm: None,
        mean_interval: None,
        iqm_interval: None,
    };
    if group.evaluation.reached() {
        let all: Vec<f64> = group.tasks.iter().flat_map(|&t| tasks.outcomes(t, label)).collect();
        // Numbers of whole epochs tie so often that resampled medians hardly vary: their interval
        // would be too short.
        pooled.median = location::censored_median(&all);
        return pooled;
    }
    pooled.fewest = strata.iter().map(Vec::len).min().unwrap_or(0);
    if pooled.fewest == 0 {
        return pooled;
    }
    let allowed = resampled(tasks, &group.tasks, &strata);
    let interval = |statistic: fn(&[f64]) -> Option<f64>| {
        let of = |strata: &[Vec<f64>]| statistic(&strata.concat()).unwrap_or(f64::NAN);
        let resamples = allowed.then(|| bootstrap::resamples_of(&strata))?;
        bootstrap::percentile(&bootstrap::stratified(&strata, of, &resamples))
    };
    pooled.mean = location::mean(&values);
    pooled.iqm = location::iqm(&values);
    pooled.mean_interval = interval(location::mean);
    pooled.iqm_interval = interval(location::iqm);
    pooled
}

/// Returns whether strata may be resampled: each has enough values, and no run occurs in two tasks,
/// which would count it twice.
fn resampled(tasks: &Tasks, of: &[usize], strata: &[Vec<f64>]) -> bool {
    let fine = |s: &Vec<f64>| (FEWEST..=bootstrap::LARGEST).contains(&s.len());
    !tasks.repeated(of) && strata.iter().all(fine)
}

/// Returns the probability of improvement of every pair of the labels in `order`, the earlier one
/// first.
pub fn improvements(tasks: &Tasks, order: &[usize]) -> Vec<Improvement> {
    let pairs: Vec<(usize, usize)> = order
        .iter()
        .enumerate()
        .flat_map(|(i, &a)| order[i + 1..].iter().map(move |&b| (a, b)))
        .collect();
    pairs.par_iter().filter_map(|&(a, b)| improvement(tasks, a, b)).collect()
}

fn improvement(tasks: &Tasks, first: usize, second: usize) -> Option<Improvement> {
    let all: Vec<usize> = (0..tasks.tasks.len()).collect();
    let strata: Vec<Vec<f64>> =
        all.iter().flat_map(|&t| tasks.scores(t, [first, second])).collect();
    let by_task: Option<Vec<f64>> =
        strata.chunks_exact(2).map(|s| probability_of_improvement(&s[0], &s[1])).collect();
    let by_task = by_task?;
    let mean = |strata: &[Vec<f64>]| -> f64 {
        let sum: f64 = strata.chunks_exact(2).map(|s| ascending(&s[0], &s[1])).sum();
        sum / (strata.len() / 2) as f64
    };
    let interval = resampled(tasks, &all, &strata).then(|| {
        let resamples = bootstrap::resamples_of(&strata);
        bootstrap::percentile(&bootstrap::stratified(&strata, mean, &resamples))
    });
    Some(Improvement {
        first,
        second,
        probability: location::mean(&by_task)?,
        by_task,
        interval: interval.flatten(),
    })
}

/// Computes [`probability_of_improvement`] of two ascending sides in one pass. A resample of
/// ascending values is ascending.
fn ascending(a: &[f64], b: &[f64]) -> f64 {
    let (mut below, mut upto, mut twice) = (0, 0, 0);
    for a in a {
        while below < b.len() && b[below] < *a {
            below += 1;
        }
        while upto < b.len() && b[upto] <= *a {
            upto += 1;
        }
        twice += below + upto;
    }
    twice as f64 / (2 * a.len() * b.len()) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_pass_counts_as_all_pairs_do() {
        let never = f64::NEG_INFINITY;
        let sides: [&[f64]; 5] = [
            &[1.0, 2.0, 2.0, 3.0],
            &[2.0],
            &[never, never, 2.0, 5.0],
            &[never, 0.5, 0.5],
            &[9.0, 9.0],
        ];
        for a in sides {
            for b in sides {
                assert_eq!(Some(ascending(a, b)), probability_of_improvement(a, b), "{a:?} {b:?}");
            }
        }
    }
}
