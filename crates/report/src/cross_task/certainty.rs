//! Certainty of the answer over several tasks, as far as the tests support it.

use crate::analysis::Verdict;
use crate::cross_task::front::{Front, label};
use crate::cross_task::text::names;
use crate::cross_task::{CrossTask, Pair, rests};
use crate::text::{list, p_value};

/// Returns the sentence on the tests of the leaders; `None` where there is nothing to compare.
pub(super) fn certainty(all: &CrossTask, front: &Front) -> Option<String> {
    let (first, second) = (all.standings.first()?, all.standings.get(1)?);
    let (text, of) = match front.pair {
        Some(pair) => (Facts { all, front, pair }.text(), (pair.first, pair.second)),
        None => (untested(all), (first.label, second.label)),
    };
    let spared = rests::at_length(all, &front.level);
    Some(format!("Confidence: {text}{spared}{}", improvement(all, of)))
}

/// Returns the reason why nothing is tested.
fn untested(all: &CrossTask) -> String {
    match (all.tasks.groups.is_empty(), all.tasks.duplicates.iter().any(|t| t.runs > 0)) {
        (_, true) => "tasks hold the same runs, so nothing is tested over them.".to_owned(),
        (true, false) => {
            format!("{}, so nothing is tested across them.", all.tasks.none_shared())
        }
        (false, false) => "too few pairs of runs can be compared for a test.".to_owned(),
    }
}

fn improvement(all: &CrossTask, of: (usize, usize)) -> String {
    let found = all.improvements.iter().find(|i| (i.first, i.second) == of);
    found.map_or(String::new(), |i| {
        format!(
            " A run of {} is better than one of {} with probability {:.2}, averaged over tasks{}.",
            label(all, i.first),
            label(all, i.second),
            i.probability,
            i.interval.map_or(String::new(), |(low, high)| format!(
                " (95% interval {low:.2}\u{2013}{high:.2})"
            ))
        )
    })
}

/// A tested pair and its context.
struct Facts<'a> {
    all: &'a CrossTask,
    front: &'a Front<'a>,
    pair: &'a Pair,
}

impl Facts<'_> {
    fn text(&self) -> String {
        let (name, other) = self.names();
        let where_ = self.place();
        let text = match self.pair.verdict {
            _ if self.pair.level() => format!(
                "{name} and {other} are level on {} (task, seed) pairs{}, so there is no difference to test.",
                match self.pair.compared() {
                    2 => "both".to_owned(),
                    n => format!("all {n}"),
                },
                self.of_tasks()
            ),
            Verdict::Underpowered | Verdict::TooFew => self.underpowered(),
            // Mean ranks count tasks while tests count pairs of runs, so either may show what the
            // other does not.
            Verdict::Better if self.front.is_level() => self.beside_level(&name, &other, &where_),
            Verdict::Worse if self.front.is_level() => self.beside_level(&other, &name, &where_),
            Verdict::Better => {
                format!("the lead over {other} is significant {where_}, {}.", self.tested(false))
            }
            Verdict::Worse => format!(
                "ranks and differences disagree: seed by seed {other} is significantly better than {name} {where_}, {}.",
                self.tested(false)
            ),
            Verdict::NotShown if self.front.is_level() => {
                format!("no difference between {name} and {other} is shown, {}.", self.tested(true))
            }
            // The tested statistic may favour the other, since a mean rank counts tasks.
            Verdict::NotShown if self.pair.direction < 0.0 => format!(
                "mean ranks and differences disagree: seed by seed {other} is ahead of {name}, which may be chance, {}.",
                self.tested(true)
            ),
            Verdict::NotShown => {
                format!("the lead over {other} may be chance, {}.", self.tested(true))
            }
        };
        format!("{text}{}", self.beaten())
    }

    fn names(&self) -> (String, String) {
        (label(self.all, self.pair.first), label(self.all, self.pair.second))
    }

    fn beside_level(&self, better: &str, worse: &str, where_: &str) -> String {
        format!(
            "mean ranks are level, but seed by seed {better} is significantly better than {worse} {where_}, {}.",
            self.tested(false)
        )
    }

    /// Returns `on these tasks`, or names the tasks that were tested.
    fn place(&self) -> String {
        let (of, pair) = (&self.pair.tasks, self.pair);
        if of.len() == self.all.tasks.tasks.len() {
            return "on these tasks".to_owned();
        }
        let names = names(self.all, of);
        match (of.len() == self.all.tasks.groups[pair.group].tasks.len(), of.len()) {
            (true, _) => format!("in {names}, which share a metric"),
            (false, 1) => format!("in {names}, the only task with pairs that can be compared"),
            (false, _) => format!("in {names}, the tasks with pairs that can be compared"),
        }
    }

    /// Returns ` of rossi`: the tasks of the pairs, unless they are all.
    fn of_tasks(&self) -> String {
        match self.pair.tasks.len() == self.all.tasks.tasks.len() {
            true => String::new(),
            false => format!(" of {}", names(self.all, &self.pair.tasks)),
        }
    }

    /// Returns `9 (task, seed) pairs, of which adam won 6, level on 2`; `tasks` adds the tasks.
    fn record(&self, tasks: bool) -> String {
        let (won, level, _) = self.pair.seeds;
        let tied = if level > 0 { format!(", level on {level}") } else { String::new() };
        format!(
            "{} (task, seed) pairs{}, of which {} won {won}{tied}",
            self.pair.compared(),
            if tasks { self.of_tasks() } else { String::new() },
            self.names().0
        )
    }

    /// Returns ` after Holm's correction for 3 comparisons`; empty for one.
    fn family(&self) -> String {
        match self.all.comparison.tests {
            0 | 1 => String::new(),
            tests => format!(" after Holm's correction for {tests} comparisons"),
        }
    }

    /// Returns `p = 0.03 after Holm's correction for 3 comparisons (sign-flip permutation test over
    /// ...)`; `tasks` adds the tasks, if they were not named before.
    fn tested(&self, tasks: bool) -> String {
        let pair = self.pair;
        let how = match pair.decided_by.ranks() {
            true => {
                let lost = self.all.tasks.lost(&pair.tasks, &[pair.first, pair.second]);
                format!(
                    "signed-rank test, in which a run that {} is worse than any other,",
                    lost.what().unwrap_or("diverged")
                )
            }
            false => "sign-flip permutation test".to_owned(),
        };
        format!(
            "p = {}{} ({how} over {})",
            pair.adjusted.map(p_value).unwrap_or_default(),
            self.family(),
            self.record(tasks)
        )
    }

    fn underpowered(&self) -> String {
        let comparison = &self.all.comparison;
        let (n, smallest) = self.pair.test.map_or((0, 1.0), |t| (t.n, t.smallest));
        let smallest = p_value((smallest * comparison.tests as f64).min(1.0));
        let reach = match (n, n < self.pair.compared()) {
            (1, _) => "one pair that differs".to_owned(),
            (n, true) => format!("{n} pairs that differ"),
            (n, false) => format!("{n} pairs"),
        };
        format!(
            "underpowered. The smallest p-value that {reach} can reach is {smallest}{}, so no lead of so few, however \
             large, can be called significant ({}). At least {} pairs that differ would be needed.",
            self.family(),
            self.record(true),
            comparison.needed
        )
    }

    /// Returns the sentence on the other optimizers that are significantly worse; empty if there
    /// are none.
    fn beaten(&self) -> String {
        let pair = self.pair;
        let others: Vec<String> = self
            .all
            .comparison
            .pairs
            .iter()
            .filter(|p| p.group == pair.group && p.second != pair.second)
            .filter(|p| p.first == pair.first && p.verdict == Verdict::Better)
            .map(|p| label(self.all, p.second))
            .collect();
        let rest = self.all.standings.len().saturating_sub(2);
        let second = pair.verdict == Verdict::Better;
        match others.len() {
            0 => String::new(),
            n if second && n == rest => " The same holds against every other optimizer.".to_owned(),
            _ => format!(
                " {} is shown to be better than {}{}.",
                self.names().0,
                list(&others),
                if second { " too" } else { "" }
            ),
        }
    }
}
