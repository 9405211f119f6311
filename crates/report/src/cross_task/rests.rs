//! Caveats on a first rank: diverged seeds of others, and better optimizers that not every task
//! has.

use crate::cross_task::front::label;
use crate::cross_task::text::all_tasks;
use crate::cross_task::{CrossTask, Standing};
use crate::escape;
use crate::plural;
use crate::text::{list, some};

/// Largest number of such sentences in one paragraph.
const MOST: usize = 3;

/// A rank ahead of a label with an equal or better mean, which has diverged seeds.
pub(super) struct Spared {
    ahead: usize,
    behind: usize,
    task: usize,
    diverged: usize,
    planned: usize,
    /// Means of the label ahead and of the one behind.
    means: (f64, f64),
}

/// Returns the places where a label is ahead of another shared label only because seeds of that one
/// diverged.
pub(super) fn spared(all: &CrossTask, ahead: usize) -> Vec<Spared> {
    let mut out = Vec::new();
    for (task, own) in all.tasks.tasks.iter().enumerate() {
        let evaluation = &own.analysis.evaluation;
        // A median counts runs that never reached the target.
        let Some(first) = all.tasks.chosen(task, ahead).filter(|_| !evaluation.reached()) else {
            continue;
        };
        for standing in all.standings.iter().filter(|s| s.label != ahead) {
            let Some(second) = all.tasks.chosen(task, standing.label) else { continue };
            let means = first.judged.mean.zip(second.judged.mean);
            let decided = (first.counts.diverged == 0 && second.counts.diverged > 0)
                .then_some(means)
                .flatten()
                .filter(|(a, b)| evaluation.gain(*a, *b) <= 0.0);
            out.extend(decided.map(|means| Spared {
                ahead,
                behind: standing.label,
                task,
                diverged: second.counts.diverged,
                planned: second.counts.planned,
                means,
            }));
        }
    }
    out
}

fn task(all: &CrossTask, task: usize) -> String {
    escape::line(&all.tasks.tasks[task].name)
}

/// Describes these places briefly: `; ahead of sgd in wild only because 2 of the 8 seeds of sgd
/// diverged`. Empty if there are none.
pub(super) fn briefly(all: &CrossTask, ahead: usize) -> String {
    let spared = spared(all, ahead);
    match &spared[..] {
        [] => String::new(),
        [one] => {
            let behind = label(all, one.behind);
            format!(
                "; ahead of {behind} in {} only because {} of the {} seeds of {behind} diverged",
                task(all, one.task),
                one.diverged,
                one.planned
            )
        }
        several => {
            let of = |s: &Spared| {
                format!(
                    "{} in {} ({} of {} seeds)",
                    label(all, s.behind),
                    task(all, s.task),
                    s.diverged,
                    s.planned
                )
            };
            format!(
                "; ahead only because of diverged seeds of {}",
                some(several.iter().map(of).collect())
            )
        }
    }
}

/// Describes these places with their means, one sentence each. Empty if there are none.
pub(super) fn at_length(all: &CrossTask, front: &[&Standing]) -> String {
    let spared: Vec<Spared> = front.iter().flat_map(|s| spared(all, s.label)).collect();
    let mut text = String::new();
    for s in spared.iter().take(MOST) {
        let evaluation = &all.tasks.tasks[s.task].analysis.evaluation;
        let better = match evaluation.gain(s.means.1, s.means.0) > 0.0 {
            true => "better than",
            false => "level with",
        };
        text += &format!(
            " In {} {} ranks behind {} only because of its diverged seeds ({} of {}): the mean of its others, {}, is {better} the {} of {}.",
            task(all, s.task),
            label(all, s.behind),
            label(all, s.ahead),
            s.diverged,
            s.planned,
            evaluation.format(s.means.1),
            evaluation.format(s.means.0),
            label(all, s.ahead)
        );
    }
    let more = spared.len().saturating_sub(MOST);
    if more > 0 {
        text += &format!(" The same holds of {}.", plural::spelled(more, "more place"));
    }
    text
}

/// Returns a label's rank in a task among all labels of the task.
fn place(all: &CrossTask, task: usize, label: usize) -> Option<f64> {
    let every: Vec<usize> = (0..all.tasks.labels.len()).collect();
    all.tasks.ranks(task, &every)[label]
}

/// Returns ` among the optimizers that both tasks have` if a task that the label leads has another
/// optimizer, not in every task, that is as good or better; else an empty text.
pub(super) fn among(all: &CrossTask, first: &Standing) -> String {
    let n = all.tasks.tasks.len();
    let less = (0..n).any(|t| {
        all.tasks.leads_among(t, first.label, &all.tasks.shared)
            && place(all, t, first.label) != Some(first.ranks[t])
    });
    match less {
        true => format!(" among the optimizers that {} have", all_tasks(n)),
        false => String::new(),
    }
}

/// Returns the sentence on optimizers that are missing from some tasks but better than all leaders
/// in others.
pub(super) fn better_elsewhere(all: &CrossTask, front: &[&Standing]) -> Option<String> {
    let better = |t: usize, l: usize| {
        let valued = all.tasks.chosen(t, l).is_some_and(|c| c.judged.n > 0);
        let own = place(all, t, l).filter(|_| valued);
        own.is_some_and(|own| front.iter().all(|s| place(all, t, s.label).is_some_and(|p| own < p)))
    };
    let places: Vec<String> = all
        .tasks
        .left_out
        .iter()
        .filter_map(|(l, _)| {
            let tasks: Vec<String> = (0..all.tasks.tasks.len())
                .filter(|&t| better(t, *l))
                .map(|t| task(all, t))
                .collect();
            (!tasks.is_empty()).then(|| format!("{} in {}", label(all, *l), list(&tasks)))
        })
        .collect();
    let than = match front {
        [first] => label(all, first.label),
        _ => "those in front".to_owned(),
    };
    (!places.is_empty()).then(|| {
        format!("Better than {than}, but without a result in every task: {}.", some(places))
    })
}
