//! Performance profiles over tasks, and distributions of scores over runs.

use crate::analysis::Clock;
use crate::stats::survival;
use crate::together::tasks::Group;
use crate::together::{Together, words};

/// Time to target of the labels that all tasks have.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Tasks whose plan has a value to reach, and a run with a result.
    pub tasks: Vec<usize>,
    /// Median time by task and standing; infinite where half of the runs never
    /// got there.
    pub times: Vec<Vec<f64>>,
    /// For each standing: (ratio to the task's fastest, fraction of tasks).
    pub curves: Vec<Vec<(f64, f64)>>,
}

impl Profile {
    /// What is counted: `steps` of functions, else `training samples`.
    pub fn unit(&self, all: &Together) -> &'static str {
        let function = |&&t: &&usize| all.tasks.tasks[t].analysis.judge.function;
        let plain = self.tasks.iter().find(|t| !function(t)).or(self.tasks.first());
        plain.map_or("training samples", |&t| words::unit(&all.tasks.tasks[t].analysis.judge))
    }
}

/// The performance profile by a clock; none without a task that counts, or
/// where nobody reaches any target.
pub fn profile(all: &Together, clock: Clock) -> Option<Profile> {
    let of_task = |task: usize| -> Option<(usize, Vec<f64>)> {
        let analysis = &all.tasks.tasks[task].analysis;
        let race = analysis.race()?;
        let median = |label: usize| {
            let place = all.tasks.labels[label].places[task];
            let racer =
                race.racers.iter().find(|r| Some(analysis.configs[r.config].label) == place);
            racer.and_then(|r| r.median(clock)).unwrap_or(f64::INFINITY)
        };
        Some((task, all.standings.iter().map(|s| median(s.label)).collect()))
    };
    let (tasks, times): (Vec<usize>, Vec<Vec<f64>>) =
        (0..all.tasks.tasks.len()).filter_map(of_task).unzip();
    if times.iter().flatten().all(|t| !t.is_finite()) {
        return None;
    }
    let curves = survival::performance_profile(&times);
    Some(Profile { tasks, times, curves })
}

/// Of a label's runs in a group, the fraction that is better than a score: steps
/// (score, fraction from there on). A diverged run is never better.
pub fn scores(all: &Together, group: &Group, label: usize) -> Vec<(f64, f64)> {
    let values: Vec<f64> = group.tasks.iter().flat_map(|&t| all.tasks.outcomes(t, label)).collect();
    let total = values.len() as f64;
    let mut finite: Vec<f64> = values.into_iter().filter(|v| v.is_finite()).collect();
    finite.sort_by(f64::total_cmp);
    let mut steps: Vec<(f64, f64)> = Vec::new();
    for (i, value) in finite.iter().enumerate() {
        // More is better: those above it. Less is: those up to it.
        let beyond = if group.judge.higher_is_better { finite.len() - 1 - i } else { i + 1 };
        let fraction = beyond as f64 / total;
        match steps.last_mut() {
            Some(last) if last.0 == *value => last.1 = fraction,
            _ => steps.push((*value, fraction)),
        }
    }
    steps
}
