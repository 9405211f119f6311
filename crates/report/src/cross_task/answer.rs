//! The answer in a few sentences: which optimizer ranks first across tasks, by how much, with what
//! certainty, and at what cost.

use crate::analysis::{Clock, Spent, spent};
use crate::cross_task::certainty::certainty;
use crate::cross_task::front::{Front, label};
use crate::cross_task::text::{all_tasks, names, of_them, tasks as counted};
use crate::cross_task::{CrossTask, Standing, fairness, profile, rests, text};
use crate::escape;
use crate::number;
use crate::page::opening::Answer;
use crate::plural;
use crate::text::{capitalised, list};

/// Returns the answer over all tasks.
pub fn answer(all: &CrossTask) -> Answer {
    let mut details = text::left_out(all);
    let Some(first) = all.standings.first() else {
        return Answer {
            series: None,
            headline:
                "No optimizer has a result in every task, so none can be compared across them."
                    .to_owned(),
            certainty: None,
            cost: None,
            details,
        };
    };
    let front = Front::of(all);
    details.extend(fairness::uneven(all));
    details.extend(elsewhere(all, &front.level));
    details.extend(rests::better_elsewhere(all, &front.level));
    if all.comparison.dependent && all.comparison.tests > 0 {
        details.push(text::dependent().to_owned());
    }
    details.push(text::scope(all));
    Answer {
        series: (!front.is_level()).then_some(first.label),
        headline: headline(all, &front),
        certainty: certainty(all, &front),
        cost: Some(cost(all, &front.level)),
        details,
    }
}

fn headline(all: &CrossTask, front: &Front) -> String {
    let n = all.tasks.tasks.len();
    let first = front.level[0];
    let name = label(all, first.label);
    let among = all.standings.len();
    let Some(second) = all.standings.get(1) else {
        return format!(
            "{name} is the only optimizer with a result in {}, so there is none to compare it with.",
            all_tasks(n)
        );
    };
    if front.is_level() {
        return level(all, front);
    }
    let lead = lead(all, first.label, second.label).unwrap_or_default();
    format!(
        "{name} came first across {}: mean rank {:.2} of {among} optimizers, {}{}{lead}{}.",
        counted(n),
        first.mean_rank,
        led(first, n),
        rests::among(all, first),
        rests::briefly(all, first.label)
    )
}

/// Returns the headline where several lead, with the pair whose difference is significant seed by
/// seed.
fn level(all: &CrossTask, front: &Front) -> String {
    let n = all.tasks.tasks.len();
    let names: Vec<String> = front.level.iter().map(|s| label(all, s.label)).collect();
    let (front_names, among) = (list(&names), all.standings.len());
    let rank = front.level[0].mean_rank;
    let Some((better, worse, pair)) = front.pair.and_then(|p| Some((p.better()?, p.worse()?, p)))
    else {
        return format!(
            "{front_names} are level in front across {}: mean rank {rank:.2} of {among} optimizers.",
            counted(n)
        );
    };
    let than = match names.len() {
        2 => String::new(),
        _ => format!(" than {}", label(all, worse)),
    };
    format!(
        "{front_names} are level in front across {} by mean rank ({rank:.2} of {among} optimizers), but seed by seed {} \
         is better{than} in {}.",
        counted(n),
        label(all, better),
        if pair.tasks.len() == n { all_tasks(n) } else { self::names(all, &pair.tasks) }
    )
}

/// Describes the tasks led: `best in one of 2, level in front in the other`.
fn led(first: &Standing, n: usize) -> String {
    let of_all = |k: usize| match (k == n, k) {
        (true, _) if n == 2 => "both".to_owned(),
        (true, _) => format!("all {n}"),
        (false, 1) => format!("one of {n}"),
        (false, _) => format!("{k} of {n}"),
    };
    match (first.alone, first.led - first.alone) {
        (0, 0) => "best in none".to_owned(),
        (0, level) => format!("level in front in {}", of_all(level)),
        (alone, 0) => format!("best in {}", of_all(alone)),
        (alone, level) => {
            let others = match (alone + level == n, level) {
                (true, 1) => "the other".to_owned(),
                (true, _) => "the others".to_owned(),
                (false, 1) => "one".to_owned(),
                (false, _) => level.to_string(),
            };
            format!("best in {}, level in front in {others}", of_all(alone))
        }
    }
}

/// Returns the lead: `; on average 0.21 percentage points more test accuracy than adam, the
/// second`. `None` unless one metric judges all tasks and the deciding test, too, favours the
/// first. If the lead does not rest on all pairs, they are named.
fn lead(all: &CrossTask, first: usize, second: usize) -> Option<String> {
    let [group] = &all.tasks.groups[..] else { return None };
    let pair = all.comparison.of(first, second).next()?;
    let of = all.tasks.tasks.len();
    let ahead = pair.direction > 0.0 && pair.standard > Some(0.0);
    let lead = pair.lead.filter(|x| *x > 0.0 && ahead && group.tasks.len() == of)?;
    let more = match (group.evaluation.higher_is_better(), group.evaluation.reached()) {
        (true, _) => "more",
        (false, true) => "fewer",
        (false, false) => "less",
    };
    let planned: usize = all.tasks.tasks.iter().map(|t| t.analysis.seeds().len()).sum();
    let on = if pair.n == planned {
        String::new()
    } else {
        let pairs = format!("the {}", plural::spelled(pair.n, "(task, seed) pair"));
        let which = match (pair.unlike.is_empty(), group.evaluation.reached()) {
            (false, _) => "can be compared",
            (true, true) => "reached the target with both",
            (true, false) => "completed with both",
        };
        let place = match pair.lead_tasks.len() < of {
            true => format!(" of {}", names(all, &pair.lead_tasks)),
            false => String::new(),
        };
        format!(", on {pairs}{place} that {which}")
    };
    Some(format!(
        "; on average {} {more} {} than the runner-up {}{on}",
        group.evaluation.spread(lead),
        group.name,
        label(all, second)
    ))
}

/// Returns the sentence on the cost of the leaders' results, over all tasks.
fn cost(all: &CrossTask, front: &[&Standing]) -> String {
    let names: Vec<String> = front.iter().map(|s| label(all, s.label)).collect();
    let mut own: Vec<Spent> = Vec::new();
    let (mut steps, mut seconds) = (0, 0.0);
    for (t, task) in all.tasks.tasks.iter().enumerate() {
        let ledger = spent(&task.analysis);
        steps += ledger.iter().map(|s| s.steps).sum::<u64>();
        seconds += ledger.iter().map(|s| s.device_seconds).sum::<f64>();
        let places = front.iter().filter_map(|s| all.tasks.labels[s.label].places[t]);
        own.extend(places.map(|p| ledger[p].clone()));
    }
    let configs: usize = own.iter().map(|s| s.configs).sum();
    let runs: usize = own.iter().map(|s| s.counts.results()).sum();
    let spent = match &all.tasks.seconds_differ {
        Some(_) => format!(
            "{} of {} optimizer steps in all (seconds are not comparable: machines, threads or jobs differ)",
            number::count(own.iter().map(|s| s.steps).sum()),
            number::count(steps)
        ),
        None => format!(
            "{} of device time of the {} spent in all",
            number::seconds(own.iter().map(|s| s.device_seconds).sum()),
            number::seconds(seconds)
        ),
    };
    let fastest = match front {
        [first] if all.standings.len() > 1 => raced(all, first),
        _ => String::new(),
    };
    format!(
        "Cost: {configs} configurations ({} runs) of {} over all tasks took {spent}{fastest}.",
        number::count(runs as u64),
        list(&names)
    )
}

/// Returns the sentence on times to target: `. In the median over seeds it reached the target in
/// one of the 2 tasks that have one (in hard with 3 of 8), and was first of those compared, alone
/// or level, in both`. Empty without times to target.
fn raced(all: &CrossTask, first: &Standing) -> String {
    let Some(profile) = profile::profile(all, Clock::Samples) else { return String::new() };
    let at = all.standings.iter().position(|s| s.label == first.label).unwrap_or(0);
    let tasks = profile.tasks.len();
    let reached = profile.times.iter().filter(|t| t[at].is_finite()).count();
    // Too few seeds for a finite median, but not none.
    let some_seeds = (0..tasks).filter(|&i| !profile.times[i][at].is_finite());
    let some_seeds: Vec<String> = some_seeds
        .filter_map(|i| {
            let (got_there, of) = profile.reached[i][at];
            let name = escape::line(&all.tasks.tasks[profile.tasks[i]].name);
            (got_there > 0).then(|| format!("in {name} with {got_there} of {of}"))
        })
        .collect();
    // If runs stop at the target, ranks are by the times to it.
    let leads = |i: &usize| match all.tasks.tasks[profile.tasks[*i]].analysis.evaluation.reached() {
        true => all.tasks.leads_among(profile.tasks[*i], first.label, &all.tasks.shared),
        false => profile.leads(*i, at),
    };
    let led = (0..tasks).filter(leads).count();
    let first = match led {
        0 => "none".to_owned(),
        1 => "one".to_owned(),
        2 if tasks == 2 => "both".to_owned(),
        n if n == tasks => "all".to_owned(),
        n => n.to_string(),
    };
    format!(
        ". In the median over seeds it reached the target in {} that {} one{}{}",
        of_them(reached, tasks),
        plural::has_or_have(tasks),
        match some_seeds.is_empty() {
            true => String::new(),
            false => format!(" ({})", list(&some_seeds)),
        },
        match (reached, led) {
            (0, 0) => String::new(),
            _ => format!(", and was first of those compared, alone or level, in {first}"),
        }
    )
}

/// Returns a sentence on tasks in which another optimizer is better than the leaders, or only some
/// of them are best.
fn elsewhere(all: &CrossTask, front: &[&Standing]) -> Option<String> {
    let mut better: Vec<(String, Vec<String>)> = Vec::new();
    for (t, task) in all.tasks.tasks.iter().enumerate() {
        let leads = |s: &&Standing| all.tasks.leads_among(t, s.label, &all.tasks.shared);
        let led: Vec<&Standing> = all.standings.iter().filter(leads).collect();
        // No label leads a task in which no run has a value.
        if led.is_empty() || front.iter().all(leads) {
            continue;
        }
        let who = list(&led.iter().map(|s| label(all, s.label)).collect::<Vec<_>>());
        let at = better.iter().position(|(w, _)| *w == who).unwrap_or(better.len());
        if at == better.len() {
            better.push((who, Vec::new()));
        }
        better[at].1.push(escape::line(&task.name));
    }
    let places: Vec<String> =
        better.iter().map(|(who, tasks)| format!("{who} in {}", list(tasks))).collect();
    // Ranks are among the shared labels, while a task may have others.
    let among = match all.tasks.left_out.is_empty() {
        true => "the best is",
        false => "the best of the optimizers in every task is",
    };
    let text = match front {
        [first] => format!("{} is not best everywhere; {among}", label(all, first.label)),
        _ => capitalised(among),
    };
    (!places.is_empty()).then(|| format!("{text} {}.", places.join("; ")))
}

#[cfg(test)]
mod tests {
    use spec::metric::Metric;
    use spec::record::Split;

    use super::*;
    use crate::analysis::{Criterion, Measured};
    use crate::cross_task::cells::unit;

    #[test]
    fn a_first_place_says_where_it_is_shared() {
        let said = |alone, level, n| {
            let led = alone + level;
            super::led(&Standing { label: 0, ranks: Vec::new(), mean_rank: 1.0, led, alone }, n)
        };
        assert_eq!(said(2, 0, 2), "best in both");
        assert_eq!(said(3, 0, 3), "best in all 3");
        assert_eq!(said(0, 1, 3), "level in front in one of 3");
        assert_eq!(said(1, 1, 2), "best in one of 2, level in front in the other");
        assert_eq!(said(1, 2, 4), "best in one of 4, level in front in 2");
        assert_eq!(said(0, 0, 2), "best in none");
    }

    #[test]
    fn a_function_is_counted_in_steps() {
        let of = |function| Criterion {
            split: Split::Test,
            metric: Metric::LOSS,
            function,
            measured: Measured::Last,
            grain: Default::default(),
            fallback: None,
        };
        assert_eq!([true, false].map(|f| unit(&of(f))), ["steps", "training samples"]);
    }
}
