//! What the tables and figures of the page mean, a sentence each.

use crate::analysis::{ALPHA, Clock};
use crate::escape;
use crate::number;
use crate::page::words::{capitalised, list, p_value};
use crate::stats::{FEWEST, FEWEST_RESAMPLED};
use crate::together::{Together, profile};

/// `one task`, `3 tasks`.
pub(super) fn tasks(n: usize) -> String {
    if n == 1 { "one task".to_owned() } else { format!("{n} tasks") }
}

/// What holds for these tasks holds for these tasks.
pub(super) fn scope(all: &Together) -> String {
    let n = all.tasks.tasks.len();
    format!(
        "All of this holds for {}, at the budgets they were given. They are no random sample of tasks, so it does not say \
         how the optimizers compare on others.",
        if n == 2 { "these two tasks".to_owned() } else { format!("these {n} tasks") }
    )
}

fn name(all: &Together, task: usize) -> String {
    escape::line(&all.tasks.tasks[task].name)
}

fn names(all: &Together, of: &[usize]) -> String {
    list(&of.iter().map(|&t| name(all, t)).collect::<Vec<_>>())
}

/// Labels that are not in every task, and tasks that are not different ones.
pub(super) fn left_out(all: &Together) -> Vec<String> {
    let mut out = Vec::new();
    let labels: Vec<String> = all
        .tasks
        .left_out
        .iter()
        .map(|(l, why)| format!("{} ({why})", escape::line(&all.tasks.labels[*l].name)))
        .collect();
    if !labels.is_empty() {
        out.push(format!(
            "Only optimizers with a result in every task are compared across tasks. Left out: {}.",
            list(&labels)
        ));
    }
    for twins in all.tasks.twins.iter().filter(|t| t.runs > 0) {
        out.push(format!(
            "{} and {} hold {} of the same runs, and are not two tasks: intervals and tests over both would count these \
             runs twice, so there are none. Report one of the two with the others.",
            name(all, twins.first),
            name(all, twins.second),
            number::count(twins.runs as u64)
        ));
    }
    let mut said: Vec<usize> = Vec::new();
    for first in 0..all.tasks.tasks.len() {
        let alike = all.tasks.twins.iter().filter(|t| t.first == first && t.runs == 0);
        let same: Vec<usize> = std::iter::once(first).chain(alike.map(|t| t.second)).collect();
        if same.len() > 1 && !said.contains(&first) {
            out.push(format!(
                "{} train the same model on the same data with the same budget: they are one task with other seeds or \
                 grids, and each of them counts where tasks are counted.",
                names(all, &same)
            ));
        }
        said.extend(same);
    }
    out
}

/// What the table of tasks means.
pub(super) fn by_task(all: &Together) -> Vec<String> {
    let mut out = vec![
        "Each optimizer at the configuration that its task's own report chose; \u{b1} is the standard deviation between \
         seeds, in percentage points for accuracies. The best of a task is in bold."
            .to_owned(),
    ];
    let fallbacks = all.tasks.tasks.iter().filter_map(|t| {
        let why = t.analysis.judge.fallback.as_ref()?;
        Some(format!("In {}: {}.", escape::line(&t.name), escape::line(why)))
    });
    out.extend(fallbacks);
    out
}

/// What the aggregates are, and what is not pooled.
pub(super) fn standing(all: &Together) -> Vec<String> {
    if all.standings.is_empty() {
        return vec![
            "No optimizer has a result in every task, so nothing is compared across tasks."
                .to_owned(),
        ];
    }
    let mut out = vec![
        "A rank is the place of an optimizer's mean within a task, from 1, among the optimizers that all tasks have; one \
         with a diverged seed ranks below those without, equal ones share the mean of their places. A mean rank says \
         how often an optimizer is in front, not by how much."
            .to_owned(),
    ];
    if all.tasks.tasks.iter().any(|t| t.analysis.judge.reached()) {
        out.push(
            "Where runs stop at the target, the place is by the median number of training samples until then, a run that \
             never got there counting as infinite."
                .to_owned(),
        );
    }
    let of = all.tasks.tasks.len();
    for group in &all.tasks.groups {
        if group.tasks.len() < of {
            out.push(format!(
                "{} is pooled over {}; the other tasks are judged by another metric.",
                capitalised(&group.judge.name()),
                names(all, &group.tasks)
            ));
        }
    }
    if all.tasks.groups.is_empty() {
        out.push(
            "Every task is judged by another metric, so no values are pooled: ranks and probabilities of improvement \
             have no unit and are all there is."
                .to_owned(),
        );
        return out;
    }
    out.push(
        "Means and interquartile means (IQM: the middle half) are over all runs of the tasks of one metric. Tasks of \
         other difficulty have other values, so a pooled value describes this set of tasks and nothing else."
            .to_owned(),
    );
    let pooled = || all.pooled.iter().flatten();
    if pooled().any(|p| p.mean_interval.is_some()) {
        let rough = match pooled().any(|p| p.rough()) {
            true => format!(
                " With fewer than {FEWEST_RESAMPLED} runs a task, as here, they are rough and come out too short."
            ),
            false => String::new(),
        };
        out.push(format!(
            "Intervals are 95% percentile intervals of the stratified bootstrap: seeds are resampled within each task \
             (Agarwal et al. 2021).{rough}"
        ));
    }
    if pooled().any(|p| p.fewest < FEWEST) {
        out.push(format!(
            "There is no interval where a task has fewer than {FEWEST} seeds with a value."
        ));
    }
    let diverged: usize = pooled().map(|p| p.diverged).sum();
    let what = match all.tasks.groups.iter().any(|g| g.judge.reached()) {
        true => "diverged or never reached the target to stop at",
        false => "diverged",
    };
    if diverged > 0 {
        out.push(format!(
            "{} of the chosen configurations {what} and {} not in the pooled values, which flatters their optimizers; \
             ranks and probabilities of improvement count them as the worst.",
            if diverged == 1 { "One run".to_owned() } else { format!("{diverged} runs") },
            if diverged == 1 { "is" } else { "are" }
        ));
    }
    out
}

/// What the probability of improvement is.
pub(super) fn improvement(all: &Together) -> Vec<String> {
    if all.improvements.is_empty() {
        return Vec::new();
    }
    let rough = match all.improvements.iter().any(|i| i.interval.is_some()) {
        true => {
            let few =
                all.tasks.tasks.iter().any(|t| t.analysis.plan.seeds.len() < FEWEST_RESAMPLED);
            let rough = if few {
                format!(", rough with fewer than {FEWEST_RESAMPLED} runs a task")
            } else {
                String::new()
            };
            format!(
                " Intervals are 95% intervals of the stratified bootstrap{rough}; where all runs of one beat all of the \
                 other they have no width, which says how few runs there are, not how sure it is."
            )
        }
        false => String::new(),
    };
    vec![format!(
        "The probability that a run of the first is better than a run of the second, in each task over all pairs of runs, \
         then averaged over tasks; 0.5 is level. It has no unit, so all tasks count whatever they are judged by. A \
         diverged run is worse than any other.{rough}"
    )]
}

/// Why p is too small where tasks share their starts.
pub(super) fn dependent() -> &'static str {
    "Some tasks start a seed's runs from the same weights with the same batches, so their differences depend on each other \
     and p comes out smaller than it should."
}

/// What is tested and what follows.
pub(super) fn comparison(all: &Together) -> Vec<String> {
    let comparison = &all.comparison;
    if comparison.pairs.is_empty() {
        return match (all.tasks.groups.is_empty(), all.standings.len() > 1) {
            (true, true) => vec![
                "No two tasks share a metric, so no differences are pooled and nothing is tested across tasks; each task's \
                 own report tests within it."
                    .to_owned(),
            ],
            _ => Vec::new(),
        };
    }
    let mut out = vec![format!(
        "A test with one value a task would need many tasks. Here the unit is a (task, seed) pair: both optimizers of a pair \
         start from the same weights and see the same batches. The permutation test flips the signs of the differences, \
         each divided by the root mean square of its task, so that no task outweighs another by its scale; the lead in \
         units is the mean over tasks of their mean leads.{}",
        match comparison.tests {
            0 | 1 => String::new(),
            tests => format!(
                " Holm's correction for {tests} tests keeps the chance of any false alarm at {:.0}%.",
                ALPHA * 100.0
            ),
        }
    )];
    if let (Some(smallest), Some(corrected)) = (comparison.smallest, comparison.smallest_adjusted)
        && comparison.differing > 0
    {
        let reach = format!(
            "The smallest p that {} pairs that differ can reach is {} ({} after the correction)",
            comparison.differing,
            p_value(smallest),
            p_value(corrected)
        );
        out.push(if comparison.underpowered() {
            format!(
                "{reach}: underpowered. Whatever the numbers, these seeds cannot show a difference; {} pairs that differ \
                 would be the fewest that can.",
                comparison.needed
            )
        } else {
            format!("{reach}.")
        });
    }
    if comparison.dependent {
        out.push(dependent().to_owned());
    }
    for pair in &comparison.pairs {
        for (task, n, what) in &pair.unlike {
            out.push(format!(
                "{} and {} in {}: {n} {} left out because {what}.",
                escape::line(&all.tasks.labels[pair.first].name),
                escape::line(&all.tasks.labels[pair.second].name),
                name(all, *task),
                if *n == 1 { "pair of runs is" } else { "pairs of runs are" }
            ));
        }
    }
    let excluded = comparison.pairs.iter().map(|p| p.excluded).max().unwrap_or(0);
    if excluded > 0 {
        out.push(format!(
            "Pairs that lack a result with either optimizer are left out: {excluded} of a comparison at most."
        ));
    }
    if comparison.pairs.iter().any(|p| p.diverged > 0) {
        out.push(
            "Where a run diverged or never reached the target that it should stop at, ranks decide over all pairs of runs: \
             such a run is worse than any other, and two such are level. The lead is over the pairs that are left, and is no \
             part of the decision."
                .to_owned(),
        );
    }
    out
}

/// What the profile counts.
pub(super) fn race(all: &Together) -> Vec<String> {
    let total = all.tasks.tasks.len();
    let without: Vec<usize> =
        (0..total).filter(|&t| all.tasks.tasks[t].analysis.race().is_none()).collect();
    if without.len() == total {
        return vec![
            "No task has a value to reach, so there is no time to target: add value = ... to [target] in the sweep files."
                .to_owned(),
        ];
    }
    let mut out = Vec::new();
    let Some(profile) = profile::profile(all, Clock::Samples) else {
        if !all.standings.is_empty() {
            out.push(
                "No optimizer that all tasks have reached a target with more than half of its seeds, so there is no \
                 performance profile."
                    .to_owned(),
            );
        }
        return out;
    };
    out.push(
        "Time to target is the median over seeds of the training samples fed until the task's target was first measured, at \
         the end of an epoch, so that equal times are common: never, where half of the seeds or more did not get there."
            .to_owned(),
    );
    if !without.is_empty() {
        out.push(format!("Not counted, for want of a value to reach: {}.", names(all, &without)));
    }
    let n = profile.tasks.len();
    if n < 3 {
        out.push(format!(
            "With {} the performance profile is coarse: it can take {} values.",
            tasks(n),
            n + 1
        ));
    }
    if let Some(why) = &all.tasks.seconds_differ {
        out.push(why.clone());
    }
    out
}
