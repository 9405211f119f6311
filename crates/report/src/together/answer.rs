//! The answer in a few sentences: which optimizer came first across tasks, by
//! how much, how sure that is, and at what cost.

use crate::analysis::{Clock, Spent, Verdict, spent};
use crate::escape;
use crate::number;
use crate::page::words::{list, p_value};
use crate::together::words::tasks;
use crate::together::{Standing, Together, profile, words};

/// The opening of the page.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Place of the first label among all, if there is one.
    pub series: Option<usize>,
    /// The result in one sentence.
    pub headline: String,
    /// How sure it is; none where there is nothing to compare.
    pub certainty: Option<String>,
    /// What it cost.
    pub cost: Option<String>,
    /// What qualifies it, a sentence each.
    pub details: Vec<String>,
}

/// The answer that the tasks give.
pub fn answer(all: &Together) -> Answer {
    let mut details = words::left_out(all);
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
    details.extend(elsewhere(all, first));
    if all.comparison.dependent && all.comparison.tests > 0 {
        details.push(words::dependent().to_owned());
    }
    details.push(words::scope(all));
    Answer {
        series: Some(first.label),
        headline: headline(all, first),
        certainty: certainty(all),
        cost: Some(cost(all, first)),
        details,
    }
}

fn label(all: &Together, label: usize) -> String {
    escape::line(&all.tasks.labels[label].name)
}

/// Standings that share the first place.
fn level(all: &Together) -> Vec<&Standing> {
    let first = all.standings.first().map(|s| s.mean_rank);
    all.standings.iter().filter(|s| Some(s.mean_rank) == first).collect()
}

fn headline(all: &Together, first: &Standing) -> String {
    let n = all.tasks.tasks.len();
    let name = label(all, first.label);
    let among = match all.standings.len() {
        1 => {
            return format!(
                "{name} is the only optimizer with a result in all {}, so there is none to compare it with.",
                tasks(n)
            );
        }
        among => format!("mean rank {:.2} of {among} optimizers", first.mean_rank),
    };
    let front = level(all);
    if front.len() > 1 {
        let names: Vec<String> = front.iter().map(|s| label(all, s.label)).collect();
        return format!("{} are level in front across {}: {among}.", list(&names), tasks(n));
    }
    let led = match first.led {
        led if led == n => {
            format!("best in {}", if n == 2 { "both".to_owned() } else { format!("all {n}") })
        }
        0 => "best in none".to_owned(),
        led => format!("best in {led} of {n}"),
    };
    let second = &all.standings[1];
    let lead = lead(all, first.label, second.label).map_or(String::new(), |text| {
        format!("; {text} than {}, the second", label(all, second.label))
    });
    format!("{name} came first across {}: {among}, {led}{lead}.", tasks(n))
}

/// `on average 0.21 percentage points more test accuracy`: where one metric
/// judges all tasks and the lead is one.
fn lead(all: &Together, first: usize, second: usize) -> Option<String> {
    let [group] = &all.tasks.groups[..] else { return None };
    let pair = all.comparison.of(first, second).next()?;
    let lead = pair.lead.filter(|x| *x > 0.0 && group.tasks.len() == all.tasks.tasks.len())?;
    let more = match (group.judge.higher_is_better, group.judge.reached()) {
        (true, _) => "more",
        (false, true) => "fewer",
        (false, false) => "less",
    };
    Some(format!("on average {} {more} {}", group.judge.spread(lead), group.judge.name()))
}

/// What the tests say of the first two, and no more.
fn certainty(all: &Together) -> Option<String> {
    let (first, second) = (all.standings.first()?, all.standings.get(1)?);
    let (name, other) = (label(all, first.label), label(all, second.label));
    let improvement =
        all.improvements.iter().find(|i| (i.first, i.second) == (first.label, second.label));
    let chance = improvement.map_or(String::new(), |i| {
        format!(
            " A run of {name} is better than one of {other} with probability {:.2}, averaged over tasks{}.",
            i.probability,
            i.interval.map_or(String::new(), |(low, high)| format!(
                " (95% interval {low:.2}\u{2013}{high:.2})"
            ))
        )
    });
    let comparison = &all.comparison;
    // The metric of most tasks speaks.
    let groups = &all.tasks.groups;
    let pair = comparison
        .of(first.label, second.label)
        .filter(|p| p.test.is_some())
        .min_by_key(|p| (usize::MAX - groups[p.group].tasks.len(), p.group));
    let Some((pair, adjusted)) = pair.and_then(|p| Some((p, p.adjusted?))) else {
        let why = match (groups.is_empty(), all.tasks.twins.iter().any(|t| t.runs > 0)) {
            (_, true) => "tasks hold the same runs, so nothing is tested over them",
            (true, false) => "no two tasks share a metric, so nothing is tested across them",
            (false, false) => "too few pairs of runs can be compared for a test",
        };
        return Some(format!("How sure: {why}.{chance}"));
    };
    let compared = pair.seeds.0 + pair.seeds.1 + pair.seeds.2;
    let tied =
        if pair.seeds.1 > 0 { format!(", level on {}", pair.seeds.1) } else { String::new() };
    let record =
        format!("{compared} (task, seed) pairs, of which {name} won {}{tied}", pair.seeds.0);
    let family = match comparison.tests {
        1 => String::new(),
        tests => format!(" after Holm's correction for {tests} comparisons"),
    };
    let test = pair.test.map_or((0, 1.0), |t| (t.n, t.smallest));
    if test.0 == 0 {
        return Some(format!(
            "How sure: {name} and {other} are level on all {compared} (task, seed) pairs, so there is no difference to \
             test.{chance}"
        ));
    }
    if pair.verdict == Verdict::Underpowered {
        let smallest = p_value((test.1 * comparison.tests as f64).min(1.0));
        let differ = if test.0 < compared { " that differ" } else { "" };
        return Some(format!(
            "How sure: underpowered. The smallest p-value that {} pairs{differ} can reach is {smallest}{family}, so this \
             lead cannot be called significant, however large ({record}). At least {} pairs that differ would be \
             needed.{chance}",
            test.0, comparison.needed
        ));
    }
    let p = p_value(adjusted);
    let how = match pair.decided_by.ranks() {
        true => "signed-rank test, in which a run that diverged is worse than any other,",
        false => "sign-flip permutation test",
    };
    let what = format!("p = {p}{family} ({how} over {record})");
    let level = first.mean_rank == second.mean_rank;
    let verdict = match pair.verdict {
        // Mean ranks count tasks, and tests pairs of runs: either may see what the other does not.
        Verdict::Better | Verdict::Worse if level => {
            let (better, worse) = match pair.verdict {
                Verdict::Better => (&name, &other),
                _ => (&other, &name),
            };
            format!(
                "mean ranks are level, but seed by seed {better} is significantly better than {worse} in {}, {what}.",
                tasks(pair.tasks)
            )
        }
        Verdict::Better => format!("the lead over {other} on these tasks is significant, {what}."),
        Verdict::Worse => format!(
            "ranks and differences disagree: seed by seed {other} is significantly better than {name}, {what}."
        ),
        _ => format!("the lead over {other} may be chance, {what}."),
    };
    let beaten: Vec<String> = comparison
        .pairs
        .iter()
        .filter(|p| p.group == pair.group && p.second != second.label)
        .filter(|p| p.first == first.label && p.verdict == Verdict::Better)
        .map(|p| label(all, p.second))
        .collect();
    let rest = if beaten.is_empty() {
        String::new()
    } else if beaten.len() > 1 && beaten.len() + 2 == all.standings.len() {
        " It is shown to be better on these tasks than all the others.".to_owned()
    } else {
        format!(" It is shown to be better on these tasks than {}.", list(&beaten))
    };
    Some(format!("How sure: {verdict}{rest}{chance}"))
}

/// What the first label's results took, over all tasks.
fn cost(all: &Together, first: &Standing) -> String {
    let name = label(all, first.label);
    let mut own: Vec<Spent> = Vec::new();
    let (mut steps, mut seconds) = (0, 0.0);
    for (t, task) in all.tasks.tasks.iter().enumerate() {
        let ledger = spent(&task.analysis);
        steps += ledger.iter().map(|s| s.steps).sum::<u64>();
        seconds += ledger.iter().map(|s| s.device_seconds).sum::<f64>();
        own.extend(all.tasks.labels[first.label].places[t].map(|p| ledger[p].clone()));
    }
    let configs: usize = own.iter().map(|s| s.configs).sum();
    let runs: usize = own.iter().map(|s| s.counts.results()).sum();
    let spent = match &all.tasks.seconds_differ {
        Some(_) => format!(
            "{} of {} optimizer steps in all (seconds do not compare: machines, threads or jobs differ)",
            number::count(own.iter().map(|s| s.steps).sum()),
            number::count(steps)
        ),
        None => format!(
            "{} of device time of the {} spent in all",
            number::seconds(own.iter().map(|s| s.device_seconds).sum()),
            number::seconds(seconds)
        ),
    };
    let fastest = profile::profile(all, Clock::Samples).map_or(String::new(), |profile| {
        let at = all.standings.iter().position(|s| s.label == first.label).unwrap_or(0);
        let led = profile.times.iter().filter(|times| {
            let best = times.iter().copied().fold(f64::INFINITY, f64::min);
            best.is_finite() && times[at] == best
        });
        let reached = profile.times.iter().filter(|t| t[at].is_finite()).count();
        format!(
            ". It reached the target in {reached} of {} that have one, and was first, alone or level, in {}",
            tasks(profile.tasks.len()),
            led.count()
        )
    });
    format!(
        "At what cost: {configs} configurations ({} runs) of {name} over all tasks took {spent}{fastest}.",
        number::count(runs as u64)
    )
}

/// Where another optimizer is better than the first.
fn elsewhere(all: &Together, first: &Standing) -> Option<String> {
    let mut better: Vec<(usize, Vec<String>)> = Vec::new();
    for (t, task) in all.tasks.tasks.iter().enumerate() {
        let best = all.standings.iter().min_by(|a, b| a.ranks[t].total_cmp(&b.ranks[t]))?;
        if best.ranks[t] < first.ranks[t] {
            let at = better.iter().position(|(l, _)| *l == best.label).unwrap_or(better.len());
            if at == better.len() {
                better.push((best.label, Vec::new()));
            }
            better[at].1.push(escape::line(&task.name));
        }
    }
    let places: Vec<String> =
        better.iter().map(|(l, tasks)| format!("{} in {}", label(all, *l), list(tasks))).collect();
    (!places.is_empty()).then(|| {
        format!(
            "{} is not best everywhere; best is {}.",
            label(all, first.label),
            places.join("; ")
        )
    })
}
