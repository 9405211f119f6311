//! Sentences on a regression, shared by page, Markdown and terminal so that they cannot differ.

use spec::regress_settings::RegressMetric;

use crate::finding::{Change, Finding, GapKind, Regression, Verdict};
use crate::night::Facts;
use crate::ranking::{self, RankedChange};
use report::text::list;
use stats::simultaneous::FEWEST_FLIPPED;
use text_format::{escape, number, plural};

mod basis;
mod change;
mod past;

pub(crate) use basis::{accepted, decided, explained, facts, left_out, machine};
use change::step_dated;
pub(crate) use change::{change, step, when};
pub(crate) use past::history;

/// Largest length in characters of a label or configuration in a headline.
const LONGEST: usize = 48;

/// The kind of comparison: of two nights, or of any two sweeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Title {
    /// Tonight compared with the accepted baseline.
    Nightly,
    /// `compare A B`: the second sweep compared with the first.
    Comparison {
        /// Full name of the first: its folder.
        a: String,
        /// Full name of the second.
        b: String,
    },
}

impl Title {
    /// Returns the column head of the older side: `Baseline` or `A`.
    pub(crate) fn before(&self) -> &'static str {
        if *self == Title::Nightly { "Baseline" } else { "A" }
    }

    /// Returns the column head of the judged side: `Tonight` or `B`.
    pub(crate) fn after(&self) -> &'static str {
        if *self == Title::Nightly { "Tonight" } else { "B" }
    }

    /// Returns the older side as used in a sentence.
    pub(crate) fn of_before(&self) -> &'static str {
        if *self == Title::Nightly { "the baseline" } else { "A" }
    }

    /// Returns the judged side as used in a sentence: a time or a place.
    pub(crate) fn in_after(&self) -> &'static str {
        if *self == Title::Nightly { "tonight" } else { "in B" }
    }
}

/// Returns the exit code of a program: 4 for regressed, 5 for incomplete, else 0.
pub fn exit_code(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Regressed => 4,
        Verdict::Incomplete => 5,
        Verdict::Improved | Verdict::Unchanged | Verdict::Identical => 0,
    }
}

/// Returns the word for a verdict.
pub fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Regressed => "Regressed",
        Verdict::Incomplete => "Incomplete",
        Verdict::Improved => "Improved",
        Verdict::Unchanged => "Unchanged",
        Verdict::Identical => "Identical",
    }
}

/// Returns the words for a finding.
pub fn finding(finding: Finding) -> &'static str {
    match finding {
        Finding::Regressed => "regressed",
        Finding::Improved => "improved",
        Finding::Small => "shown, but small",
        Finding::NotShown => "no change shown",
        Finding::Identical => "identical",
        Finding::Unjudged => "not judged",
        Finding::Unknown => "too few seeds",
    }
}

/// Returns whether a comparison moved on too few seeds to exclude chance; false with fewer than
/// two.
fn too_few_seeds(ranked_changes: &RankedChange<'_>) -> bool {
    let seeds = ranked_changes.change.seeds.len();
    seeds > 1 && (ranked_changes.change.ended() > 1 || counts_diverged(ranked_changes.change))
}

/// Returns whether diverged seeds decide a comparison instead of a mean of values.
fn counts_diverged(change: &Change) -> bool {
    change.metric == RegressMetric::Diverged || change.ended() < change.seeds.len()
}

/// Describes a change that too few seeds show: `test accuracy of adam (lr 0.01) fell by 50
/// percentage points on every one of 3 seeds, too few to tell it from chance: at least 6 are
/// needed`.
fn unjudged(ranked_changes: &RankedChange<'_>) -> String {
    let plain = Change { interval: None, ..ranked_changes.change.clone() };
    let what = change(&RankedChange { config: ranked_changes.config, change: &plain }, true);
    match counts_diverged(ranked_changes.change) {
        true => format!("{what}; too few seeds differ to tell it from chance"),
        false => {
            let seeds = ranked_changes.change.seeds.len();
            let needed = match seeds < FEWEST_FLIPPED {
                true => format!(": at least {FEWEST_FLIPPED} are needed"),
                false => " among so many comparisons".to_owned(),
            };
            format!("{what} on every one of {seeds} seeds, too few to tell it from chance{needed}")
        }
    }
}

/// Returns the headline: `Regressed: test loss of momentum (lr 0.1) rose by 12% (interval 8% to
/// 16%)`. It has no control characters and is not escaped for any format.
pub fn headline(r: &Regression) -> String {
    let missing = ranking::incomplete(r);
    let gaps: Vec<String> = [
        (missing.lost, "could not be compared"),
        (missing.gone, "no longer planned"),
        (missing.unlike, "compared despite different weights, data or batches"),
    ]
    .into_iter()
    .filter(|(n, _)| *n > 0)
    .map(|(n, what)| format!("{} {what}", runs(n)))
    .collect();
    let gaps = gaps.join(", ");
    let said = match r.verdict {
        Verdict::Regressed => {
            let worst = ranking::of(r, Finding::Regressed).first().map(|t| change(t, true));
            let step =
                || ranking::alarms(r).first().map(|(trend, s)| step_dated(r, trend, s, true));
            let first = worst.or_else(step).unwrap_or_else(|| "something got worse".to_owned());
            let gaps = if gaps.is_empty() { gaps } else { format!("; {gaps}") };
            format!("{first}{}{gaps}", more(ranking::against(r).len().saturating_sub(1)))
        }
        Verdict::Incomplete if gaps.is_empty() && r.before.is_none() => {
            "there is no baseline to compare with".to_owned()
        }
        Verdict::Incomplete if gaps.is_empty() => {
            let mut few = ranking::of(r, Finding::Unknown);
            // The number of diverged seeds is more informative than losses that are missing.
            few.sort_by_key(|ranked_changes| {
                ranked_changes.change.metric != RegressMetric::Diverged
            });
            match few.iter().find(|ranked_changes| too_few_seeds(ranked_changes)) {
                Some(ranked_changes) => {
                    let rest = more(few.len() - 1);
                    format!("{}{rest}", unjudged(ranked_changes))
                }
                None => {
                    let have = plural::has_or_have(few.len());
                    let few = plural::grouped(few.len(), "comparison");
                    format!("{few} {have} too few pairs; nothing is known to have got worse")
                }
            }
        }
        Verdict::Incomplete => format!("{gaps}; nothing is known to have got worse"),
        Verdict::Improved => {
            let all = ranking::of(r, Finding::Improved);
            let first =
                all.first().map_or_else(|| "something got better".to_owned(), |t| change(t, true));
            format!("{first}{}", more(all.len().saturating_sub(1)))
        }
        Verdict::Unchanged => {
            let small = ranking::of(r, Finding::Small).len();
            let what = match small {
                0 => "no change is shown",
                _ => "no change beyond min_effect is shown",
            };
            format!("{what} in {} and {}", runs(r.pairs), comparisons(r))
        }
        Verdict::Identical if r.pairs == 1 => "its one run is bit-identical".to_owned(),
        Verdict::Identical => format!("all {} are bit-identical", runs(r.pairs)),
    };
    format!("{}: {said}", verdict(r.verdict))
}

fn more(n: usize) -> String {
    if n == 0 { String::new() } else { format!(", and {} more", number::count(n as u64)) }
}

pub(crate) fn runs(n: usize) -> String {
    plural::grouped(n, "run")
}

fn comparisons(r: &Regression) -> String {
    plural::grouped(r.family, "comparison")
}

/// Names a configuration: `momentum (lr 0.1)`; long texts are cut if `brief`.
pub(crate) fn name(label: &str, config: &str, brief: bool) -> String {
    let text = |text: &str| {
        let line = escape::line(text);
        if !brief || line.chars().count() <= LONGEST {
            return line;
        }
        line.chars().take(LONGEST - 1).chain(['\u{2026}']).collect()
    };
    let config = text(config);
    if config.trim().is_empty() { text(label) } else { format!("{} ({config})", text(label)) }
}

/// The commits between two others.
pub(crate) enum Range {
    /// Command that lists them.
    Command(String),
    /// The reason why there is nothing to list.
    Not(&'static str),
}

/// Returns the commits between two sweeps, and a caveat if sources differed from them.
pub(crate) fn range(from: &Facts, to: &Facts) -> (Range, Option<&'static str>) {
    let hash = |f: &Facts| {
        let commit = f.commit.as_deref()?;
        let fine =
            (7..=64).contains(&commit.len()) && commit.bytes().all(|b| b.is_ascii_hexdigit());
        fine.then(|| commit[..commit.len().min(12)].to_owned())
    };
    let dirty = (from.dirty == Some(true) || to.dirty == Some(true))
        .then_some("sources differed from the commits");
    let range = match (hash(from), hash(to)) {
        (Some(a), Some(b)) if a != b => Range::Command(format!("git log --oneline {a}..{b}")),
        (Some(_), Some(_)) if dirty.is_some() => Range::Not("the same commit"),
        (Some(_), Some(_)) => Range::Not("the same commit, so the committed code is not the cause"),
        _ => Range::Not("commits unknown"),
    };
    (range, dirty)
}

/// Returns the first sentence: the number of bit-identical runs.
pub(crate) fn identical(r: &Regression, title: &Title) -> String {
    let whose = match title {
        Title::Nightly if r.accepted.is_some() => "the baseline's".to_owned(),
        // Without an accepted baseline, a night or another report takes its place.
        Title::Nightly => match r.before.as_ref().filter(|f| !f.started.is_empty()) {
            Some(before) => {
                format!("those of {}, with which they were compared", escape::line(before.day()))
            }
            None => "those they were compared with".to_owned(),
        },
        Title::Comparison { .. } => "those of A".to_owned(),
    };
    match (r.identical, r.pairs) {
        (_, 0) if r.before.is_none() => "Nothing was compared.".to_owned(),
        (_, 0) => {
            format!("No run has a result both in {} and {}.", title.of_before(), title.in_after())
        }
        (0, 1) => format!("The one run is not bit-identical to {whose}."),
        (1, 1) => format!("The one run is bit-identical to {whose}."),
        (0, n) => format!("None of {} is bit-identical to {whose}.", runs(n)),
        (k, n) if k == n => format!("All {} are bit-identical to {whose}.", runs(n)),
        (k, n) => {
            let (some, are) = (number::count(k as u64), plural::is_or_are(k));
            format!("{some} of {} {are} bit-identical to {whose}.", runs(n))
        }
    }
}

/// Counts the findings: `Of 48 comparisons: 3 regressed, 1 improved and 2 changed by no more than
/// min_effect.`
pub(crate) fn counts(r: &Regression) -> String {
    let all = ranking::ranked_changes(r);
    if all.is_empty() {
        return "There are no comparisons.".to_owned();
    }
    let count = |f: Finding| all.iter().filter(|t| t.change.finding == f).count();
    // For example `3 are identical`, `1 is identical`.
    let said = |(finding, [one, several], rest): (Finding, [&str; 2], &str)| {
        let n = count(finding);
        let verb = plural::form(n, one, several);
        (n > 0).then(|| format!("{} {verb}{rest}", number::count(n as u64)))
    };
    let unjudged = " not judged (seconds of runs that trained side by side)";
    let parts: Vec<String> = [
        (Finding::Regressed, ["regressed"; 2], ""),
        (Finding::Improved, ["improved"; 2], ""),
        (Finding::Small, ["changed"; 2], " by no more than min_effect"),
        (Finding::Unjudged, ["is", "are"], unjudged),
        (Finding::NotShown, ["shows", "show"], " no change"),
        (Finding::Identical, ["is", "are"], " identical"),
        (Finding::Unknown, ["has", "have"], " too few seeds"),
    ]
    .into_iter()
    .filter_map(said)
    .collect();
    format!("Of {}: {}.", plural::grouped(all.len(), "comparison"), list(&parts))
}

/// Returns the reason why runs of a group were not compared, or not as pairs.
pub(crate) fn gap(kind: &GapKind, title: &Title) -> String {
    let (before, after) = (title.of_before(), title.in_after());
    match kind {
        GapKind::NotPlanned => format!("in {before}, but not planned {after}"),
        GapKind::NotInBaseline => format!("planned {after}, but not in {before}"),
        GapKind::NoBaselineResult => format!("without a result in {before}"),
        GapKind::Missing => format!("planned {after}, but left no record"),
        GapKind::Failed(why) => format!("ended {after} without a result: {}", escape::line(why)),
        GapKind::NoValue(metric) => format!("trained {after}, but without {}", metric.label()),
        GapKind::Unpaired(why) => {
            format!("still compared seed by seed, although {}", escape::line(why))
        }
    }
}

/// Names the runs of a gap: `adam (lr 0.1), seeds 0 to 4`.
pub(crate) fn who((label, config, seeds): (&str, &str, &[u64])) -> String {
    format!("{}, {}", name(label, config, false), ranking::seeds(seeds))
}

/// Returns the sentence on comparisons with too few seeds, by configuration.
pub(crate) fn too_few(all: &[RankedChange<'_>]) -> String {
    /// Largest number of configurations that are named.
    const NAMED: usize = 6;
    let mut names: Vec<String> = Vec::new();
    for ranked_changes in all {
        let name = name(&ranked_changes.config.label, &ranked_changes.config.config, false);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.len() > NAMED {
        let more = names.len() - NAMED;
        names.truncate(NAMED);
        names.push(plural::grouped(more, "more configuration"));
    }
    let have = plural::grouped(all.len(), "comparison");
    let have = format!("{have} {}", plural::has_or_have(all.len()));
    match (
        all.iter().any(too_few_seeds),
        all.iter().all(|ranked_changes| ranked_changes.change.seeds.len() < FEWEST_FLIPPED),
    ) {
        (false, _) => {
            format!("{have} fewer than two pairs, too few to show anything: {}", list(&names))
        }
        (true, false) => {
            format!("{have} too few seeds to tell a change from chance: {}", list(&names))
        }
        (true, true) => format!(
            "{have} too few seeds to tell a change from chance (at least {FEWEST_FLIPPED} are needed): {}",
            list(&names)
        ),
    }
}
