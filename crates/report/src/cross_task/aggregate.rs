//! What tasks say together: mean ranks, pooled values with stratified
//! intervals, and probabilities of improvement (Agarwal et al. 2021,
//! arXiv:2108.13264).

use std::cmp::Ordering;

use rayon::prelude::*;

use crate::cross_task::tasks::{Group, Tasks};
use stats::unpaired::probability_of_improvement;
use stats::{FEWEST, FEWEST_RESAMPLED, bootstrap, location};

/// A label among those that all tasks have.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// Its place in `Tasks::labels`.
    pub label: usize,
    /// Its place in each task among these labels, from 1.
    pub ranks: Vec<f64>,
    /// Mean of the same.
    pub mean_rank: f64,
    /// Tasks in which no other of them is better: alone in front, or level there. Where no
    /// run of any has a value, nobody leads.
    pub led: usize,
    /// Those of them in which it is alone.
    pub alone: usize,
}

/// A label over all runs of the tasks of one metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Pooled {
    /// Its place in `Tasks::labels`.
    pub label: usize,
    /// Completed runs of the chosen configurations; those that reached the target where
    /// runs stop there.
    pub runs: usize,
    /// Values of the task that has the fewest; 0 where the median is pooled.
    pub fewest: usize,
    /// Runs that diverged or never reached their target: in no mean.
    pub diverged: usize,
    /// Median over all runs where they stop at the target, one that never reached it
    /// counting as infinite; none for other metrics.
    pub median: Option<f64>,
    /// Mean over all runs; none where a task has no value, and where runs stop at the
    /// target: it would be that of the runs alone that got there.
    pub mean: Option<f64>,
    /// Interquartile mean over all runs; likewise.
    pub iqm: Option<f64>,
    /// 95 % percentile interval of the mean from the stratified bootstrap: runs
    /// are resampled within each task. None where a task has fewer than
    /// [`FEWEST`] values.
    pub mean_interval: Option<(f64, f64)>,
    /// The same of the interquartile mean.
    pub iqm_interval: Option<(f64, f64)>,
}

impl Pooled {
    /// Whether the intervals rest on so few runs a task that they come out too short.
    pub fn rough(&self) -> bool {
        self.mean_interval.is_some() && self.fewest < FEWEST_RESAMPLED
    }
}

/// How often a run of one label is better than one of another.
#[derive(Clone, Debug, PartialEq)]
pub struct Improvement {
    /// The better ranked label, a place in `Tasks::labels`.
    pub first: usize,
    /// The other.
    pub second: usize,
    /// In each task: over all pairs of runs, ties half, diverged runs the worst.
    pub by_task: Vec<f64>,
    /// Mean over tasks.
    pub probability: f64,
    /// 95 % percentile interval from the stratified bootstrap; none where a
    /// label has fewer than [`FEWEST`] results in a task, or a run counts twice.
    pub interval: Option<(f64, f64)>,
}

/// Labels that all tasks have, the best mean rank first; level ones by tasks
/// led, then in the order of the plans.
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
            // Level ones share the mean of their places.
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

/// A label's finite values in each task of a group: the strata.
pub fn strata(tasks: &Tasks, group: &Group, label: usize) -> Vec<Vec<f64>> {
    let finite = |task: usize| -> Vec<f64> {
        tasks.outcomes(task, label).into_iter().filter(|v| v.is_finite()).collect()
    };
    group.tasks.iter().map(|&t| finite(t)).collect()
}

/// A label over all runs of a group's tasks.
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
        // Numbers of whole epochs tie so often that resampled medians hardly move: an
        // interval of them would claim too much.
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

/// Whether strata may be resampled: enough values in each, and none of them in
/// two tasks, which would pass for more runs than there are.
fn resampled(tasks: &Tasks, of: &[usize], strata: &[Vec<f64>]) -> bool {
    let fine = |s: &Vec<f64>| (FEWEST..=bootstrap::LARGEST).contains(&s.len());
    !tasks.repeated(of) && strata.iter().all(fine)
}

/// Every pair of the labels in `order`, the earlier one first.
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

/// [`probability_of_improvement`] of two sides that ascend: each is passed once.
/// A resample of ascending values ascends.
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
