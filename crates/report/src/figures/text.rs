//! Sentences that the notes of several figures share.

use std::collections::BTreeSet;

use spec::record::StopReason;

use crate::analysis::{Analysis, Config, Counts};
use crate::figures::shown;
use crate::{number, plural};
use spec::grain::Grain;

/// Most windows per epoch over which the training loss is recorded.
const WINDOWS: u64 = 20;

/// The run with which a line ends.
#[derive(Clone, Copy, Debug)]
pub(super) enum LineEnd {
    /// The first seed to end: a mean needs all of them.
    First,
    /// The first seed to end, beside pale lines of single seeds.
    Strong,
    /// The longest run: the line is the same for all runs.
    Last,
}

fn chosen(analysis: &Analysis) -> impl Iterator<Item = &Config> {
    analysis.best.iter().flatten().map(|&i| &analysis.configs[i])
}

/// Joins sentences that each begin with a space, or are empty, to the notes of a figure.
pub(super) fn notes(sentences: &[&str]) -> String {
    sentences.concat().trim_start().to_owned()
}

/// ` 2 of these 25 runs diverged and are in no mean.`, or nothing.
pub(super) fn left_out(analysis: &Analysis) -> String {
    said_left_out(chosen(analysis).map(|c| c.counts), true, "mean")
}

/// The same sentence for a figure that shows diverged runs and, per row, an `average`.
pub(super) fn without_result(analysis: &Analysis, average: &str) -> String {
    said_left_out(chosen(analysis).map(|c| c.counts), false, average)
}

fn said_left_out(counts: impl Iterator<Item = Counts>, diverged: bool, average: &str) -> String {
    let (mut planned, mut thrown, mut lost) = (0, 0, 0);
    for c in counts {
        planned += c.planned;
        thrown += if diverged { c.diverged } else { 0 };
        lost += c.without_result();
    }
    let (have, are) = (plural::has_or_have(lost), plural::is_or_are);
    match (thrown, lost) {
        (0, 0) => String::new(),
        (n, 0) => format!(" {n} of these {planned} runs diverged and {} in no {average}.", are(n)),
        (0, n) => {
            format!(" {n} of these {planned} runs {have} no result and {} in no {average}.", are(n))
        }
        (n, m) => format!(
            " {n} of these {planned} runs diverged and {m} {have} no result: they are in no {average}."
        ),
    }
}

/// ` 6 of these 28 runs ended early, at the target: ...`, or nothing: the number of runs of the
/// chosen configurations that ended before their last epoch, the reason, and the run with which a
/// line `ends`.
pub(super) fn ended_early(analysis: &Analysis, ends: LineEnd) -> String {
    let runs: Vec<usize> = chosen(analysis).flat_map(|c| &c.runs).copied().collect();
    let ended = |why: StopReason| {
        runs.iter().filter(|&&run| analysis.ended_early(run) == Some(why)).count()
    };
    let of = |n: usize| match runs.len() {
        1 => "The run".to_owned(),
        all if n == all => format!("All {all} runs"),
        all => format!("{n} of these {all} runs"),
    };
    let ended = match (ended(StopReason::Target), ended(StopReason::EarlyStopping)) {
        (0, 0) => return String::new(),
        (n, 0) => format!("{} ended early, at the target", of(n)),
        (0, n) => format!("{} ended early, by early stopping", of(n)),
        (n, m) => format!("{} ended early, {n} at the target and {m} by early stopping", of(n + m)),
    };
    let (line, which) = match ends {
        LineEnd::First => ("a line", "first seed"),
        LineEnd::Strong => ("a strong line", "first seed"),
        LineEnd::Last => ("a line", "longest run"),
    };
    format!(" {ended}: {line} ends where its {which} did.")
}

/// The steps over which a point of the training loss within epochs is the mean: `each step`,
/// `every 2 steps`, `1 to 2 steps at a time, ...`, `each twentieth of an epoch`.
pub(super) fn pieces(analysis: &Analysis) -> String {
    let steps = |config: &&Config| analysis.planned(config).spec.segments().length;
    let steps: BTreeSet<u64> = shown(analysis).iter().map(steps).collect();
    let width = |steps: u64| steps.div_ceil(WINDOWS);
    let by_epochs = analysis.selection.grain == Grain::Epochs;
    if by_epochs && steps.iter().all(|&n| n >= WINDOWS && n.div_ceil(width(n)) == WINDOWS) {
        return "each twentieth of an epoch".to_owned();
    }
    let widths: BTreeSet<u64> = steps.into_iter().map(width).collect();
    match (widths.first(), widths.last()) {
        (Some(1), Some(1)) => "each step".to_owned(),
        (Some(low), Some(high)) if low < high => {
            format!("{low} to {high} steps at a time, by the size of the batches")
        }
        (_, most) => format!("every {} steps", most.unwrap_or(&1)),
    }
}

/// The steps of a segment, over which the training loss of a run by steps is recorded as a mean:
/// `50 steps`, `20 or 50 steps`.
pub(super) fn segments(analysis: &Analysis) -> String {
    let steps = |config: &&Config| analysis.planned(config).spec.segments().length;
    let steps: BTreeSet<u64> = shown(analysis).iter().map(steps).collect();
    let each: Vec<String> = steps.into_iter().map(number::count).collect();
    format!("{} steps", each.join(" or "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_said_of_one_and_of_several() {
        let said = |diverged: usize, failed: usize, with: bool| {
            let completed = 30 - diverged - failed;
            let counts = Counts { planned: 30, completed, diverged, failed, ..Counts::default() };
            said_left_out([counts].into_iter(), with, "mean")
        };
        assert_eq!(said(0, 0, true), "");
        assert_eq!(said(6, 0, false), "");
        assert_eq!(said(6, 0, true), " 6 of these 30 runs diverged and are in no mean.");
        assert_eq!(said(1, 0, true), " 1 of these 30 runs diverged and is in no mean.");
        assert_eq!(said(0, 1, true), " 1 of these 30 runs has no result and is in no mean.");
        assert_eq!(
            said(6, 2, true),
            " 6 of these 30 runs diverged and 2 have no result: they are in no mean."
        );
    }
}
