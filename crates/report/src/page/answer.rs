//! The answer in a few sentences: which optimizer was best, by how much, and
//! how far that can be trusted.

use std::cmp::Ordering;

use spec::record::Split;

use crate::analysis::{Analysis, Config};
use crate::escape;
use crate::number;

/// The opening of the report.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Place in the plan of the best label, if there is one.
    pub series: Option<usize>,
    /// The result in one sentence.
    pub headline: String,
    /// What qualifies it, a sentence each.
    pub details: Vec<String>,
}

/// The answer that the runs give.
pub fn answer(analysis: &Analysis) -> Answer {
    let ranking = analysis.ranking();
    let Some(first) = ranking.first() else { return without_result(analysis) };
    let goal = &analysis.goal;
    let (label, mean) = (label(analysis, first), first.goal.mean.unwrap_or(f64::NAN));
    let value = goal.format(mean);
    let seeds = seeds(first.goal.n);
    // One seed has no mean.
    let name = if first.goal.n > 1 { format!("mean {}", goal.name()) } else { goal.name() };
    let headline = match ranking.get(1) {
        Some(second) => {
            let (gap, other) = (difference(analysis, first, second), self::label(analysis, second));
            let theirs = second.goal.mean.unwrap_or(f64::NAN);
            match goal.better_first(mean, theirs) {
                // Equal to the digits shown is equal.
                _ if goal.format(theirs) == value => {
                    format!("{label} and {other} share the best {name}: {value} over {seeds}.")
                }
                Ordering::Less | Ordering::Equal => format!(
                    "{label} has the best {name}: {value} over {seeds}, {gap} {} than {other}, the second.",
                    if goal.higher_is_better { "higher" } else { "lower" },
                ),
                // Only a diverged seed puts a better value second.
                Ordering::Greater => format!(
                    "{label} has the best {name} among optimizers without a diverged seed: {value} over {seeds}; \
                     {other} reached {}, but diverged with other seeds.",
                    goal.format(theirs)
                ),
            }
        }
        None => format!("{label} has a {name} of {value} over {seeds}."),
    };
    let tried = analysis.configs.iter().filter(|c| c.label == first.label).count();
    let what = if tried > 1 { "best configuration" } else { "configuration" };
    let mut details =
        vec![format!("The {what} of {label} is {}.", escape::line(&analysis.describe(first)))];
    details.extend(test(analysis, first));
    details.extend(ranking.get(1).and_then(|second| caution(analysis, first, second)));
    if ranking.len() == 1 && first.goal.n == 1 {
        details.push(
            "One seed says nothing about how much chance there is in these numbers.".to_owned(),
        );
    }
    if let Some(fallback) = &goal.fallback {
        details.push(format!("{}.", capitalised(&escape::line(fallback))));
    }
    Answer { series: Some(first.label), headline, details }
}

fn without_result(analysis: &Analysis) -> Answer {
    let counts = analysis.counts();
    let (headline, detail) = if counts.diverged > 0 && counts.without_result() == 0 {
        (
            format!("All {} runs diverged.", counts.diverged),
            "A smaller learning rate is the first thing to try.",
        )
    } else if counts.diverged > 0 {
        (
            format!(
                "No run has completed: {} diverged, {} have no result.",
                counts.diverged,
                counts.without_result()
            ),
            "Run the sweep again to train those without a result.",
        )
    } else {
        (
            format!("None of the {} planned runs has a result yet.", counts.planned),
            "Run the sweep; this page fills as runs finish and `report` is called.",
        )
    };
    Answer { series: None, headline, details: vec![detail.to_owned()] }
}

fn label(analysis: &Analysis, config: &Config) -> String {
    escape::line(&analysis.planned(config).label)
}

fn seeds(n: usize) -> String {
    if n == 1 { "one seed".to_owned() } else { format!("{n} seeds") }
}

fn difference(analysis: &Analysis, a: &Config, b: &Config) -> String {
    let gap = (a.goal.mean.unwrap_or(f64::NAN) - b.goal.mean.unwrap_or(f64::NAN)).abs();
    spread(analysis, gap)
}

/// A difference or standard deviation of the goal's metric.
fn spread(analysis: &Analysis, value: f64) -> String {
    if analysis.goal.metric == "accuracy" {
        format!("{:.2} percentage points", value * 100.0)
    } else {
        number::significant(value, 2)
    }
}

/// The test accuracy, and what it is worth.
fn test(analysis: &Analysis, config: &Config) -> Option<String> {
    let test = config.test_accuracy.mean?;
    let sd = config
        .test_accuracy
        .sd
        .map_or(String::new(), |sd| format!(" (standard deviation {:.2} points)", sd * 100.0));
    let worth = match analysis.goal.split {
        Split::Validation => ", on samples that had no part in choosing it",
        Split::Train => "",
        Split::Test => ", which is flattered because configurations were chosen on it",
    };
    Some(format!("Its mean test accuracy is {}{sd}{worth}.", number::percent(test)))
}

/// How the lead compares with the scatter between seeds. Never a claim of
/// significance: that takes a paired test, which this page does not make.
fn caution(analysis: &Analysis, first: &Config, second: &Config) -> Option<String> {
    let gap = (first.goal.mean? - second.goal.mean?).abs();
    let n = first.goal.n.min(second.goal.n);
    let few = if n < 10 { format!(", and {} are few", seeds(n)) } else { String::new() };
    let (Some(a), Some(b)) = (first.goal.sd, second.goal.sd) else {
        return Some(
            "With one seed there is no telling whether that lead is more than chance.".to_owned(),
        );
    };
    let sd = a.max(b);
    let size = spread(analysis, sd);
    Some(if analysis.goal.format(first.goal.mean?) == analysis.goal.format(second.goal.mean?) {
        format!("The standard deviation between seeds is {size}{few}.")
    } else if sd <= 0.0 {
        format!("Seeds do not differ at all, which is unusual{few}.")
    } else if gap <= sd {
        format!(
            "That lead is no larger than the standard deviation between seeds ({size}){few}: treat the two as level."
        )
    } else {
        format!(
            "That lead is {} times the larger standard deviation between seeds ({size}){few}: a lead in this sweep, \
             not a proof, for no test of significance was made.",
            number::significant(gap / sd, 2)
        )
    })
}

/// With a capital first letter.
pub(crate) fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |c| c.to_uppercase().chain(chars).collect())
}
