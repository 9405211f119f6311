//! Sentences that explain the aggregates over tasks: ranks, pooled values, probabilities of
//! improvement.

use crate::cross_task::cells::unit;
use crate::cross_task::text::{by_median, lost, names};
use crate::cross_task::{CrossTask, Group, Pooled};
use crate::plural;
use crate::text::capitalised;
use stats::{FEWEST, FEWEST_RESAMPLED};

/// Returns sentences that define the aggregates and name what is not pooled.
pub(super) fn standing(all: &CrossTask) -> Vec<String> {
    if all.standings.is_empty() {
        return vec![
            "No optimizer has a result in every task, so nothing is compared across tasks."
                .to_owned(),
        ];
    }
    let mut out = ranks(all);
    let of = all.tasks.tasks.len();
    for group in &all.tasks.groups {
        if group.tasks.len() < of {
            out.push(format!(
                "{} {} pooled over {}; the other tasks are judged by another metric.",
                capitalised(&group.name),
                if group.evaluation.reached() { "are" } else { "is" },
                names(all, &group.tasks)
            ));
        }
    }
    if all.tasks.groups.is_empty() {
        out.push(match all.standings.len() {
            1 => "Every task is judged by a different metric, so no values are pooled.".to_owned(),
            _ => "Every task is judged by a different metric, so no values are pooled: ranks and probabilities of \
                  improvement have no unit and are the only aggregates."
                .to_owned(),
        });
        return out;
    }
    out.push(pooled(all));
    let groups = || all.tasks.groups.iter().zip(&all.pooled);
    let of_group =
        || groups().filter(|(g, _)| !g.evaluation.reached()).flat_map(|(_, pooled)| pooled);
    if of_group().any(|p| p.mean_interval.is_some()) {
        let rough = match of_group().any(Pooled::rough) {
            true => format!(
                " With fewer than {FEWEST_RESAMPLED} runs per task, as here, they are rough and come out too short."
            ),
            false => String::new(),
        };
        out.push(format!(
            "Intervals are 95% percentile intervals of the stratified bootstrap: seeds are resampled within each task \
             (Agarwal et al. 2021).{rough}"
        ));
    }
    if of_group().any(|p| p.fewest < FEWEST) {
        out.push(format!(
            "There is no interval where a task has fewer than {FEWEST} seeds with a value."
        ));
    }
    out.extend(flattered(all));
    out
}

/// Returns sentences that define a rank; empty if there is only one optimizer to rank.
fn ranks(all: &CrossTask) -> Vec<String> {
    if all.standings.len() < 2 {
        return Vec::new();
    }
    let (medians, means) = by_median(all);
    let labels: Vec<usize> = all.standings.iter().map(|s| s.label).collect();
    let below = match all.tasks.lost(&means, &labels).diverged {
        true => "one with a diverged seed ranks below those without, ",
        false => "",
    };
    let place = if means.is_empty() { "place" } else { "place of an optimizer's mean" };
    let mut out = vec![format!(
        "A rank is the {place} within a task, from 1, among the optimizers that all tasks have; {below}equal ones share the \
         mean of their places. A mean rank says how often an optimizer is in front, not by how much."
    )];
    if let Some(&task) = medians.first() {
        out.push(format!(
            "Where runs stop at the target, the place is by the median number of {} until then, a run that never got there \
             counting as infinite, and equal medians by the number of seeds that got there.",
            unit(&all.tasks.tasks[task].analysis.evaluation)
        ));
    }
    out
}

/// Returns the sentence on what is pooled, and how.
fn pooled(all: &CrossTask) -> String {
    let (medians, means): (Vec<&Group>, Vec<&Group>) =
        all.tasks.groups.iter().partition(|group| group.evaluation.reached());
    let mut what = Vec::new();
    if !means.is_empty() {
        what.push(
            "Means and interquartile means (IQM: the middle half) are over all runs of the tasks of one metric."
                .to_owned(),
        );
    }
    if let Some(group) = medians.first() {
        what.push(format!(
            "The median of {} is over all runs of the tasks, one that never got there counting as infinite.",
            group.name
        ));
    }
    format!(
        "{} Tasks of different difficulty have different values, so a pooled value describes this set of tasks and nothing else.",
        what.join(" ")
    )
}

/// Returns the sentence on diverged runs, which are in no mean.
fn flattered(all: &CrossTask) -> Option<String> {
    let groups = all.tasks.groups.iter().zip(&all.pooled);
    let means = groups.filter(|(group, _)| !group.evaluation.reached());
    let diverged: usize = means.flat_map(|(_, pooled)| pooled).map(|p| p.diverged).sum();
    let ranked = match all.standings.len() {
        1 => "",
        _ => "; ranks and probabilities of improvement count such a run as the worst",
    };
    let runs = capitalised(&plural::spelled(diverged, "run"));
    let are = plural::is_or_are(diverged);
    let their = plural::form(diverged, "its optimizer", "their optimizers");
    (diverged > 0).then(|| {
        format!(
            "{runs} of the chosen configurations diverged and {are} not in the pooled values, which flatters \
             {their}{ranked}."
        )
    })
}

/// Returns sentences that define the probability of improvement.
pub(super) fn improvement(all: &CrossTask) -> Vec<String> {
    if all.improvements.is_empty() {
        return Vec::new();
    }
    let rough = match all.improvements.iter().any(|i| i.interval.is_some()) {
        true => {
            let few = all.tasks.tasks.iter().any(|t| t.analysis.seeds().len() < FEWEST_RESAMPLED);
            let rough = if few {
                format!(", rough with fewer than {FEWEST_RESAMPLED} runs per task")
            } else {
                String::new()
            };
            format!(
                " Intervals are 95% intervals of the stratified bootstrap{rough}; where all runs of one beat all runs of \
                 the other they have no width, which reflects how few runs there are, not how certain the result is."
            )
        }
        false => String::new(),
    };
    let labels: Vec<usize> = all.standings.iter().map(|s| s.label).collect();
    let worst = lost(all, &labels)
        .what()
        .map_or(String::new(), |what| format!(" A run that {what} is worse than any other."));
    vec![format!(
        "The probability that a run of the first is better than a run of the second, in each task over all pairs of runs, \
         then averaged over tasks; 0.5 is level. It has no unit, so all tasks count, whatever metric they \
         are judged by.{worst}{rough}"
    )]
}
