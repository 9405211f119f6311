//! `REGRESSION.md`: a short summary with the verdict first. It becomes the summary of a CI job and
//! the text of an issue, so all text from files is escaped.

use std::fmt::Write;

use crate::finding::{Finding, Regression, Verdict};
use crate::ranking;
use crate::tables;
use crate::text::{self, Range, Title};
use report::page::markdown::{sentences, table};
use report::text::{capitalised, list};
use text_format::escape::markdown;
use text_format::number;

/// Largest number of rows in the table of changes.
const CHANGES: usize = 14;
/// Largest number of reasons for which runs were not compared.
const REASONS: usize = 6;
/// Largest number of places in the history where levels changed.
const PLACES: usize = 4;
/// Largest number of items named for one reason or place.
const NAMED: usize = 4;
/// Largest length in characters of the message of a failed run.
const MESSAGE: usize = 240;

/// Returns the regression as Markdown; `page` is the file with the details.
pub(crate) fn report(r: &Regression, title: &Title, page: &str) -> String {
    let mut out = format!("# {}\n\n{}\n", markdown(&text::headline(r)), first(r, title));
    let calm = matches!(r.verdict, Verdict::Unchanged | Verdict::Identical) && r.gaps.is_empty();
    if calm {
        let _ = write!(out, "\n{}\n", markdown(&calmly(r, title)));
        return out;
    }
    changes(&mut out, r, title, page);
    gaps(&mut out, r, title, page);
    steps(&mut out, r, page);
    if r.family > 0 {
        out.push_str("\n## How it was decided\n");
        sentences(&mut out, &[text::decided(r).join(" ")]);
    }
    origin(&mut out, r, title);
    out
}

/// Returns the first paragraph: the experiment, the bit-identical runs and the counts.
fn first(r: &Regression, title: &Title) -> String {
    let mut said = vec![text::identical(r, title), text::counts(r)];
    said.extend(text::left_out(r));
    said.extend(text::history(r, title));
    format!("**{}**: {}", markdown(&r.after.experiment), markdown(&said.join(" ")))
}

/// Describes the older side.
fn before(r: &Regression) -> String {
    r.before.as_ref().map_or_else(|| "none".to_owned(), text::facts)
}

/// Describes both sides in one paragraph, for a night without changes.
fn calmly(r: &Regression, title: &Title) -> String {
    format!(
        "{}: {}. {}: {}. {}",
        title.after(),
        text::facts(&r.after),
        title.before(),
        before(r),
        text::decided(r)[0]
    )
}

fn changes(out: &mut String, r: &Regression, title: &Title, page: &str) {
    let (worse, better) = (ranking::of(r, Finding::Regressed), ranking::of(r, Finding::Improved));
    let all = [worse.as_slice(), &better].concat();
    if all.is_empty() {
        return;
    }
    let what = match (worse.len(), better.len()) {
        (0, _) => "What improved",
        (_, 0) => "What regressed",
        _ => "What regressed and what improved",
    };
    // If there are many of both, a few rows are reserved for improvements.
    let better_rows = better.len().min(CHANGES.saturating_sub(worse.len()).max(3));
    let worse_rows = worse.len().min(CHANGES - better_rows.min(CHANGES));
    let shown = [&worse[..worse_rows], &better[..better_rows]].concat();
    let rows = tables::comparisons(&shown, title).without("Min effect").without("Pairs compared");
    let _ = write!(out, "\n## {what}\n\n{}", table(&rows));
    rest(out, all.len() - shown.len(), "more", page);
}

fn rest(out: &mut String, n: usize, what: &str, page: &str) {
    if n > 0 {
        let _ = write!(out, "\n{} {what} in `{page}`.\n", number::count(n as u64));
    }
}

fn gaps(out: &mut String, r: &Regression, title: &Title, page: &str) {
    let groups = ranking::gap_groups(r);
    let few = ranking::of(r, Finding::Unknown);
    if groups.is_empty() && few.is_empty() {
        return;
    }
    out.push_str("\n## Incomplete\n\n");
    for group in groups.iter().take(REASONS) {
        let mut named: Vec<String> =
            group.who.iter().take(NAMED).map(|who| text::who(*who)).collect();
        if group.who.len() > NAMED {
            named.push(format!("{} more configurations", group.who.len() - NAMED));
        }
        let why: String = text::gap(group.kind, title);
        let cut: String = why.chars().take(MESSAGE).collect();
        let dots = if cut.len() < why.len() { "\u{2026}" } else { "" };
        let _ = writeln!(
            out,
            "- {} {}{dots}: {}",
            capitalised(&text::runs(group.runs)),
            markdown(&cut),
            markdown(&named.join("; "))
        );
    }
    rest(out, groups.len().saturating_sub(REASONS), "more reasons", page);
    if !few.is_empty() {
        let _ = writeln!(out, "- {}", markdown(&text::too_few(&few)));
    }
}

fn steps(out: &mut String, r: &Regression, page: &str) {
    let groups: Vec<_> = ranking::step_groups(r).into_iter().filter(|g| g.alarm).collect();
    if groups.is_empty() {
        return;
    }
    out.push_str("\n## When it happened\n\n");
    for group in groups.iter().take(PLACES) {
        let mut named: Vec<String> =
            group.steps.iter().take(NAMED).map(|(t, s)| text::step(r, t, s, false)).collect();
        if group.steps.len() > NAMED {
            named.push(format!("{} more", group.steps.len() - NAMED));
        }
        let night = |at: usize| r.nights.get(at).cloned().unwrap_or_default();
        let _ = writeln!(
            out,
            "- {}: {}. {}",
            markdown(&capitalised(&text::when(r, group.last_good, group.until, group.drift))),
            markdown(&list(&named)),
            commits(text::range(&night(group.last_good), &night(group.until)))
        );
    }
    rest(out, groups.len().saturating_sub(PLACES), "more places", page);
}

fn commits((range, dirty): (Range, Option<&'static str>)) -> String {
    let range = match range {
        // Only hexadecimal digits: nothing to escape.
        Range::Command(text) => format!("`{text}`"),
        Range::Not(why) => capitalised(why),
    };
    dirty.map_or_else(|| format!("{range}."), |text| format!("{range}, but {text}."))
}

fn origin(out: &mut String, r: &Regression, title: &Title) {
    out.push_str("\n## What was compared\n\n");
    for (name, facts) in [(title.before(), before(r)), (title.after(), text::facts(&r.after))] {
        let _ = writeln!(out, "- {name}: {}.", markdown(&facts));
    }
    if let Title::Comparison { a, b } = title {
        let _ = writeln!(out, "- A is {}, B is {}.", markdown(a), markdown(b));
    }
    if let Some(accepted) = &r.accepted {
        let _ = writeln!(out, "- {}", markdown(&text::accepted(accepted)));
    }
    if let Some(machine) = text::machine(r) {
        let _ = writeln!(out, "- {}", markdown(&machine));
    }
    if let Some(before) = &r.before {
        let _ = writeln!(out, "- Between the two: {}", commits(text::range(before, &r.after)));
    }
}
