//! Performance profiles over tasks, and distributions of scores over runs.

use crate::analysis::{Clock, LabelTimes};
use crate::cross_task::tasks::Group;
use crate::cross_task::{CrossTask, cells};
use stats::survival;

/// Times to target of the labels that all tasks have.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Tasks with a target value and a run with a result.
    pub tasks: Vec<usize>,
    /// Median time by task and standing; infinite if at least half of the runs never reached the
    /// target.
    pub times: Vec<Vec<f64>>,
    /// Numbers of runs that reached the target and of runs with a result, by task and standing.
    pub reached: Vec<Vec<(usize, usize)>>,
    /// Curve of each standing: (ratio to the task's fastest, fraction of tasks).
    pub curves: Vec<Vec<(f64, f64)>>,
}

impl Profile {
    /// Returns whether no other standing is faster than this one in a task of the profile, by
    /// median and then by the share of runs that reached the target. No standing leads a task in
    /// which no run reached it.
    pub fn leads(&self, task: usize, standing: usize) -> bool {
        let (times, reached) = (&self.times[task], &self.reached[task]);
        let own = reached[standing];
        // Shares are compared as products, so that rounding cannot separate equal ones.
        let before = |i: usize| match times[i] == times[standing] {
            true => reached[i].0 * own.1 > own.0 * reached[i].1,
            false => times[i] < times[standing],
        };
        own.0 > 0 && !(0..times.len()).any(before)
    }

    /// Returns the unit of the samples: `steps` of functions, else `training samples`.
    pub fn unit(&self, all: &CrossTask) -> &'static str {
        let function = |&&t: &&usize| all.tasks.tasks[t].analysis.evaluation.function;
        let plain = self.tasks.iter().find(|t| !function(t)).or(self.tasks.first());
        plain.map_or("training samples", |&t| cells::unit(&all.tasks.tasks[t].analysis.evaluation))
    }
}

/// Returns the performance profile by a clock; `None` without a task that counts, or if no median
/// reaches its target.
pub fn profile(all: &CrossTask, clock: Clock) -> Option<Profile> {
    type Raced = (Vec<f64>, Vec<(usize, usize)>);
    let of_task = |task: usize| -> Option<(usize, Raced)> {
        let analysis = &all.tasks.tasks[task].analysis;
        let time_to_target = analysis.time_to_target()?;
        let label_times = |label: usize| {
            let place = all.tasks.labels[label].places[task];
            time_to_target.by_label.iter().find(|r| Some(analysis.configs[r.config].label) == place)
        };
        let by_label: Vec<Option<&LabelTimes>> =
            all.standings.iter().map(|s| label_times(s.label)).collect();
        let median =
            |r: &Option<&LabelTimes>| r.and_then(|r| r.median(clock)).unwrap_or(f64::INFINITY);
        let reached = |r: &Option<&LabelTimes>| r.map_or((0, 0), |r| (r.reached, r.runs));
        Some((
            task,
            (by_label.iter().map(median).collect(), by_label.iter().map(reached).collect()),
        ))
    };
    let (tasks, raced): (Vec<usize>, Vec<Raced>) =
        (0..all.tasks.tasks.len()).filter_map(of_task).unzip();
    let (times, reached): (Vec<_>, Vec<_>) = raced.into_iter().unzip();
    if times.iter().flatten().all(|t| !t.is_finite()) {
        return None;
    }
    let curves = survival::performance_profile(&times);
    Some(Profile { tasks, times, reached, curves })
}

/// Returns the distribution of a label's scores in a group as steps (score, fraction of runs that
/// are better from there on). A diverged run is never better.
pub fn scores(all: &CrossTask, group: &Group, label: usize) -> Vec<(f64, f64)> {
    let values: Vec<f64> = group.tasks.iter().flat_map(|&t| all.tasks.outcomes(t, label)).collect();
    let total = values.len() as f64;
    let mut finite: Vec<f64> = values.into_iter().filter(|v| v.is_finite()).collect();
    finite.sort_by(f64::total_cmp);
    let mut steps: Vec<(f64, f64)> = Vec::new();
    for (i, value) in finite.iter().enumerate() {
        // The runs above the score if more is better, else those up to it.
        let beyond = if group.evaluation.higher_is_better() { finite.len() - 1 - i } else { i + 1 };
        let fraction = beyond as f64 / total;
        match steps.last_mut() {
            Some(last) if last.0 == *value => last.1 = fraction,
            _ => steps.push((*value, fraction)),
        }
    }
    steps
}
