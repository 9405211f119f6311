//! Sentences that explain the tables and figures of the page.

use crate::analysis::{Clock, Measured};
use crate::cross_task::tasks::Task;
use crate::cross_task::{CrossTask, Lost, profile};
use crate::escape;
use crate::number;
use crate::plural;
use crate::text::{capitalised, list, some};
use spec::grain::Grain;

mod compared;

pub(super) use compared::{comparison, dependent};

/// Returns the grain of the tasks: steps if any task has runs by steps.
fn grain(all: &CrossTask) -> Grain {
    let by_steps = |task: &Task| task.analysis.evaluation.grain == Grain::Steps;
    if all.tasks.tasks.iter().any(by_steps) { Grain::Steps } else { Grain::Epochs }
}

/// Returns the number of experiments: `3 experiments`.
pub(super) fn experiments(all: &CrossTask) -> String {
    capitalised(&plural::spelled(all.tasks.tasks.len(), "experiment"))
}

/// Returns the title: the names of the experiments.
pub(super) fn title(all: &CrossTask) -> String {
    all.tasks.tasks.iter().map(|t| escape::line(&t.name)).collect::<Vec<_>>().join(" + ")
}

/// Returns a number of tasks: `one task`, `3 tasks`.
pub(super) fn tasks(n: usize) -> String {
    plural::spelled(n, "task")
}

/// Names all tasks: `both tasks`, `all 3 tasks`.
pub(super) fn all_tasks(n: usize) -> String {
    match n {
        1 => "the one task".to_owned(),
        2 => "both tasks".to_owned(),
        n => format!("all {n} tasks"),
    }
}

/// Returns a number of tasks out of all: `one of the 3 tasks`, `both tasks`, `no task`.
pub(super) fn of_them(k: usize, n: usize) -> String {
    match k {
        0 => "no task".to_owned(),
        _ if k == n => all_tasks(n),
        1 => format!("one of the {n} tasks"),
        _ => format!("{k} of the {n} tasks"),
    }
}

/// Returns the sentence that limits the results to these tasks.
pub(super) fn scope(all: &CrossTask) -> String {
    let n = all.tasks.tasks.len();
    format!(
        "All of this holds for {}, at the budgets they were given. They are not a random sample of tasks, so it does not say \
         how the optimizers compare on others.",
        if n == 2 { "these two tasks".to_owned() } else { format!("these {n} tasks") }
    )
}

fn name(all: &CrossTask, task: usize) -> String {
    escape::line(&all.tasks.tasks[task].name)
}

pub(super) fn names(all: &CrossTask, of: &[usize]) -> String {
    list(&of.iter().map(|&t| name(all, t)).collect::<Vec<_>>())
}

/// Returns sentences on labels that are not in every task, and on tasks that are not distinct.
pub(super) fn left_out(all: &CrossTask) -> Vec<String> {
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
    for duplicates in all.tasks.duplicates.iter().filter(|t| t.runs > 0) {
        out.push(format!(
            "{} and {} hold {} of the same runs, so they are not distinct tasks: intervals and tests over both would count these \
             runs twice, so there are none. Report one of the two with the others.",
            name(all, duplicates.first),
            name(all, duplicates.second),
            number::count(duplicates.runs as u64)
        ));
    }
    let mut said: Vec<usize> = Vec::new();
    for first in 0..all.tasks.tasks.len() {
        let alike = all.tasks.duplicates.iter().filter(|t| t.first == first && t.runs == 0);
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

/// Returns the tasks that are judged by median time to target, and the others.
pub(super) fn by_median(all: &CrossTask) -> (Vec<usize>, Vec<usize>) {
    (0..all.tasks.tasks.len()).partition(|&t| all.tasks.tasks[t].analysis.evaluation.reached())
}

/// Returns the average that represents an optimizer in a task: `mean over seeds`, `median over
/// seeds`.
pub(super) fn averaged(all: &CrossTask) -> String {
    match by_median(all) {
        (medians, means) if means.is_empty() && !medians.is_empty() => {
            "median over seeds".to_owned()
        }
        (medians, _) if medians.is_empty() => "mean over seeds".to_owned(),
        (medians, _) => {
            format!("mean over seeds, in {} the median,", names(all, &medians))
        }
    }
}

/// Returns the sentence on means over the remaining seeds where others diverged.
fn survivors(all: &CrossTask) -> Option<String> {
    let means = by_median(all).1;
    let of_task = |&t: &usize| {
        (0..all.tasks.labels.len()).filter_map(move |l| {
            let counts = all.tasks.chosen(t, l).filter(|c| c.judged.n > 0)?.counts;
            (counts.diverged > 0).then(|| {
                format!(
                    "{} in {} ({} of {} seeds diverged)",
                    escape::line(&all.tasks.labels[l].name),
                    name(all, t),
                    counts.diverged,
                    counts.planned
                )
            })
        })
    };
    let of: Vec<String> = means.iter().flat_map(of_task).collect();
    let means = plural::word(of.len(), "mean");
    let are = plural::form(of.len(), "is that", "are those");
    (!of.is_empty()).then(|| {
        format!(
            "The {means} of {} {are} of the other seeds: such an optimizer ranks below those without a diverged seed.",
            some(of)
        )
    })
}

/// Returns the sentence that explains a dash in the table of tasks; `None` without a dash.
fn without_value(all: &CrossTask) -> Option<String> {
    let cells = || {
        let labels = 0..all.tasks.labels.len();
        (0..all.tasks.tasks.len()).flat_map(move |t| labels.clone().map(move |l| (t, l)))
    };
    let absent = cells().any(|(t, l)| all.tasks.chosen(t, l).is_none());
    let empty =
        cells().any(|(t, l)| all.tasks.chosen(t, l).is_some_and(|c| c.counts.results() == 0));
    let what = match (absent, empty) {
        (false, false) => return None,
        (true, false) => "is not part of the task",
        (false, true) => "has no result in the task",
        (true, true) => "is not part of the task or has no result in it",
    };
    Some(format!("A dash: the optimizer {what}."))
}

/// Returns the kinds of failure among the runs of labels' chosen configurations in any task.
pub(super) fn lost(all: &CrossTask, labels: &[usize]) -> Lost {
    let tasks: Vec<usize> = (0..all.tasks.tasks.len()).collect();
    all.tasks.lost(&tasks, labels)
}

/// Returns sentences that explain the table of tasks.
pub(super) fn by_task(all: &CrossTask) -> Vec<String> {
    let own = &all.tasks.tasks;
    let labels = 0..all.tasks.labels.len();
    let spread = |t: usize| {
        let means = !own[t].analysis.evaluation.reached();
        means
            && labels.clone().filter_map(|l| all.tasks.chosen(t, l)).any(|c| c.judged.sd.is_some())
    };
    let with_sd: Vec<usize> = (0..own.len()).filter(|&t| spread(t)).collect();
    let points = with_sd.iter().any(|&t| own[t].analysis.evaluation.metric.is_percentage());
    let sd = match (with_sd.is_empty(), points) {
        (true, _) => "",
        (false, false) => "; \u{b1} is the standard deviation between seeds",
        (false, true) => {
            "; \u{b1} is the standard deviation between seeds, in percentage points for accuracies"
        }
    };
    let leading = |t: usize| labels.clone().filter(|&l| all.tasks.leads(t, l)).count();
    let bold = match (0..own.len()).any(|t| leading(t) > 1) {
        true => {
            "Optimizers that are level in front in a task are all in bold, as is one that is best alone."
        }
        false => "The best of a task is in bold.",
    };
    let mut out = vec![format!(
        "Each optimizer at the configuration that its task's own report chose{sd}. {bold}"
    )];
    if !by_median(all).0.is_empty() {
        out.push(
            "Where runs stop at the target, the table shows the median over seeds, a run that never got there counting as \
             infinite; in brackets how many seeds reached it."
                .to_owned(),
        );
    }
    out.extend(without_value(all));
    out.extend(survivors(all));
    let at_best = |t: &usize| own[*t].analysis.evaluation.measured == Measured::Best;
    let best: Vec<usize> = (0..own.len()).filter(at_best).collect();
    if !best.is_empty() {
        out.push(format!(
            "In {} each run counts at its best {}.",
            names(all, &best),
            grain(all).pick("epoch", "epoch or step")
        ));
    }
    let fallbacks = own.iter().filter_map(|t| {
        let why = t.analysis.evaluation.fallback.as_ref()?;
        Some(format!("In {}: {}.", escape::line(&t.name), escape::line(why)))
    });
    out.extend(fallbacks);
    out
}

/// Returns sentences that explain times to target and the profile.
pub(super) fn time_to_target(all: &CrossTask) -> Vec<String> {
    let total = all.tasks.tasks.len();
    let without: Vec<usize> =
        (0..total).filter(|&t| all.tasks.tasks[t].analysis.time_to_target().is_none()).collect();
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
    out.push(format!(
        "Time to target is the median over seeds of the {} until the task's target was first measured, at the end of an \
         epoch{}, so that equal times are common: never, where half of the seeds or more did not get there.",
        match profile.unit(all) {
            "steps" => "steps done",
            _ => "training samples fed",
        },
        grain(all).pick("", " or at fixed intervals of steps"),
    ));
    if all.standings.len() < 2 {
        out.push("One optimizer alone has no performance profile.".to_owned());
        return out;
    }
    if !without.is_empty() {
        out.push(format!(
            "Not counted, since they have no value to reach: {}.",
            names(all, &without)
        ));
    }
    let n = profile.tasks.len();
    if n < 3 {
        out.push(format!(
            "With {} the performance profile is coarse: it can take {} values.",
            tasks(n),
            n + 1
        ));
    }
    match &all.tasks.seconds_differ {
        Some(why) => out.push(why.clone()),
        None if all.tasks.side_by_side() => out.push(
            "Runs were trained side by side, so seconds are a guide, not a measurement.".to_owned(),
        ),
        None => {}
    }
    out
}
