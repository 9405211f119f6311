//! Fairness: sentences on inequalities between tasks and labels.

use std::collections::BTreeSet;

use crate::analysis::spent;
use crate::cross_task::cells::range;
use crate::cross_task::{CrossTask, Pair, Task};
use crate::escape;
use crate::number;
use crate::text::{capitalised, list, some};
use spec::grain::Grain;

/// Returns sentences on the budgets of configurations, seeds and epochs, and on machines.
pub(super) fn fairness(all: &CrossTask) -> Vec<String> {
    let tasks = &all.tasks.tasks;
    let name = |t: usize| escape::line(&tasks[t].name);
    let configs: Vec<Vec<Option<usize>>> = tasks
        .iter()
        .enumerate()
        .map(|(t, task)| {
            let ledger = spent(&task.analysis);
            all.tasks.labels.iter().map(|l| l.places[t].map(|p| ledger[p].configs)).collect()
        })
        .collect();
    let mut out = Vec::new();
    let counts = |t: usize| configs[t].iter().flatten().map(|c| *c as u64);
    let uneven: Vec<String> = (0..tasks.len())
        .filter(|&t| counts(t).collect::<BTreeSet<u64>>().len() > 1)
        .map(|t| format!("{} ({})", name(t), range(counts(t))))
        .collect();
    out.push(if uneven.is_empty() {
        "Within each task every optimizer was tried with equally many configurations.".to_owned()
    } else {
        format!(
            "Optimizers were tried with different numbers of configurations in {}: the best of many has had more chances \
             than the best of few.",
            some(uneven)
        )
    });
    let changing: Vec<String> = all
        .tasks
        .shared
        .iter()
        .filter_map(|&l| {
            let of = || configs.iter().filter_map(|c| c[l]).map(|c| c as u64);
            let several = of().collect::<BTreeSet<u64>>().len() > 1;
            several
                .then(|| format!("{} ({})", escape::line(&all.tasks.labels[l].name), range(of())))
        })
        .collect();
    if !changing.is_empty() {
        out.push(format!("Tasks tried different numbers of configurations of {}.", some(changing)));
    }
    let per_task = |value: &dyn Fn(usize) -> String| -> Option<String> {
        let values: Vec<String> = (0..tasks.len()).map(value).collect();
        let several = values.iter().collect::<BTreeSet<_>>().len() > 1;
        several.then(|| {
            some(values.iter().enumerate().map(|(t, v)| format!("{v} in {}", name(t))).collect())
        })
    };
    if let Some(text) = per_task(&|t| tasks[t].analysis.seeds().len().to_string()) {
        out.push(format!("Tasks differ in their number of seeds: {text}. {}", weights(all)));
    }
    let epochs = |t: usize| length(&tasks[t]);
    if let Some(text) = per_task(&epochs) {
        let by_steps = tasks.iter().any(|t| t.analysis.evaluation.grain == Grain::Steps);
        let what = if by_steps { "the length of a run" } else { "epochs per run" };
        out.push(format!("Tasks differ in {what}: {text}."));
    }
    for (t, task) in tasks.iter().enumerate() {
        let runs = &task.analysis.plan.runs;
        let grain = task.analysis.evaluation.grain;
        let each: BTreeSet<u64> = runs.iter().map(|r| grain.planned(&r.spec)).collect();
        if each.len() > 1 {
            out.push(format!(
                "Within {} runs differ in their number of {}s ({}).",
                name(t),
                grain.unit(),
                range(each.into_iter())
            ));
        }
    }
    out.push(match &all.tasks.seconds_differ {
        Some(why) => why.clone(),
        None => device_time(all),
    });
    out
}

/// Returns the lengths of a task's runs: `5` epochs; for runs by steps, `2,000 steps`.
fn length(task: &Task) -> String {
    let grain = task.analysis.evaluation.grain;
    let lengths = range(task.analysis.plan.runs.iter().map(|r| grain.planned(&r.spec)));
    grain.pick(lengths.clone(), format!("{lengths} steps"))
}

/// Returns the sentence on tasks whose optimizers finished different numbers of seeds, as in each
/// task's own report; `None` without such a task.
pub(super) fn uneven(all: &CrossTask) -> Option<String> {
    let tasks = &all.tasks.tasks;
    let uneven: Vec<(usize, (usize, usize))> =
        (0..tasks.len()).filter_map(|t| Some((t, tasks[t].analysis.uneven()?))).collect();
    let of = uneven.iter().map(|(t, (fewest, most))| {
        format!("{} ({fewest} to {most})", escape::line(&tasks[*t].name))
    });
    let reached = |(t, _): &(usize, (usize, usize))| tasks[*t].analysis.evaluation.reached();
    let averages = match (uneven.iter().all(reached), uneven.iter().any(reached)) {
        (true, _) => "medians",
        (false, true) => "means and medians",
        (false, false) => "means",
    };
    let of_report = match all.comparison.tests {
        0 => ", in each task's own report,",
        _ => "",
    };
    (!uneven.is_empty()).then(|| {
        format!(
            "Optimizers have finished different numbers of seeds in {}, so their {averages} there rest on different runs: the \
             differences seed by seed{of_report} are the fairer comparison.",
            some(of.collect())
        )
    })
}

/// Returns a sentence on which numbers weight a task by its runs, and which count each task once.
fn weights(all: &CrossTask) -> String {
    let ranked = |ranks: bool| {
        let tested = |p: &&Pair| p.test.is_some() && p.decided_by.ranks() == ranks;
        all.comparison.pairs.iter().any(|p| tested(&p))
    };
    let by_runs = match (all.tasks.groups.is_empty(), ranked(true)) {
        (true, _) => "",
        (false, true) => "Pooled values and tests of signed ranks weigh a task by its runs; ",
        (false, false) => "Pooled values weigh a task by its runs; ",
    };
    let mut once = vec!["mean ranks".to_owned(), "probabilities of improvement".to_owned()];
    if !all.comparison.pairs.is_empty() {
        once.insert(1, "leads".to_owned());
    }
    if ranked(false) {
        once.insert(2, "permutation tests".to_owned());
    }
    capitalised(&format!("{by_runs}{} count every task once.", list(&once)))
}

/// Returns the sentence on how device time is spread over the labels that all tasks have.
fn device_time(all: &CrossTask) -> String {
    let of = |label: usize| -> f64 {
        let tasks = all.tasks.tasks.iter().enumerate();
        tasks
            .filter_map(|(t, task)| {
                let place = all.tasks.labels[label].places[t]?;
                Some(spent(&task.analysis)[place].device_seconds)
            })
            .sum()
    };
    let shares: Vec<(f64, usize)> = all.tasks.shared.iter().map(|&l| (of(l), l)).collect();
    let least = shares.iter().copied().min_by(|a, b| a.0.total_cmp(&b.0));
    let most = shares.iter().copied().max_by(|a, b| a.0.total_cmp(&b.0));
    let all_alike =
        "Machine, threads and the number of runs side by side are the same in all tasks";
    // A single optimizer has no other to compare its time with.
    let Some(((low, a), (high, b))) = least.zip(most).filter(|_| shares.len() > 1) else {
        return format!("{all_alike}.");
    };
    let spent = match number::seconds(low) == number::seconds(high) {
        true => format!("{} for each optimizer", number::seconds(low)),
        false => {
            let name = |l: usize| escape::line(&all.tasks.labels[l].name);
            format!(
                "from {} ({}) to {} ({})",
                number::seconds(low),
                name(a),
                number::seconds(high),
                name(b)
            )
        }
    };
    match all.tasks.side_by_side() {
        true => format!(
            "{all_alike}, but with runs side by side device time is a guide, not a measurement: over all tasks \
             {spent}."
        ),
        false => format!("{all_alike}, so device times are comparable: over all tasks {spent}."),
    }
}
