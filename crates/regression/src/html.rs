//! `regression.html`: the verdict and its evidence, in the frame, style and script of every report.

use maud::{Markup, html};

use crate::figures::{self, CHANGES_NAME, Urgency};
use crate::finding::{Finding, Regression, Verdict};
use crate::ranking;
use crate::tables::{self, Tables};
use crate::text::{self, Range, Title};
use report::page::Drawn;
use report::page::html::{Document, document, figure, sentences};
use report::page::opening::tile;
use report::page::table_html::{closed, folded};
use report::text::capitalised;
use text_format::escape;
use text_format::number;

/// Largest total size in bytes of the figures on the page; further ones are only in files.
const MOST_INK: usize = 3_000_000;

/// Returns the page as HTML.
pub(crate) fn page(r: &Regression, title: &Title, drawn: &[Drawn], tables: &Tables) -> String {
    let experiment = escape::line(&r.after.experiment);
    let (name, lead) = match title {
        Title::Nightly => (
            format!("{experiment}: tonight against the baseline"),
            format!("{}.", capitalised(&text::facts(&r.after))),
        ),
        Title::Comparison { a, b } => (
            format!("{experiment}: B against A"),
            format!("A is {}, B is {}.", escape::line(a), escape::line(b)),
        ),
    };
    let shown = shown(drawn);
    document(Document {
        name,
        lead,
        opening: opening(r, title),
        body: html! {
            (changes(r, tables, shown))
            (gaps(r, tables))
            (history(r, title, tables, drawn, shown))
            (comparisons(r, tables))
            (origin(r, title))
        },
        footer: match title {
            Title::Nightly => {
                "regression.json next to this page has the same results for programs; the folder regression has the figures."
            }
            Title::Comparison { .. } => {
                "comparison.json next to this page has the same results for programs; the folder regression has the figures."
            }
        },
        data: data(r),
        figures: shown,
    })
}

/// Returns the figures on the page: as many as fit [`MOST_INK`], in their order.
fn shown(drawn: &[Drawn]) -> &[Drawn] {
    let mut ink = 0;
    let fits = |d: &&Drawn| {
        let marks: usize = d.marks.iter().map(|(mark, _)| mark.text.len() + 30).sum();
        ink += d.inline.0.len() + d.inline.1.len() + marks;
        ink <= MOST_INK
    };
    &drawn[..drawn.iter().take_while(fits).count()]
}

fn opening(r: &Regression, title: &Title) -> Markup {
    let count = |n: usize| number::count(n as u64);
    let missing = ranking::incomplete(r);
    let tone = match r.verdict {
        Verdict::Regressed => " a1",
        Verdict::Incomplete => " a4",
        Verdict::Improved => " a2",
        Verdict::Unchanged | Verdict::Identical => "",
    };
    html! {
        div class={ "card answer" (tone) } {
            p { (text::headline(r)) }
            p { (text::identical(r, title)) " " (text::counts(r)) }
            @if let Some(sentence) = text::history(r, title) { p { (sentence) } }
            @for text in text::left_out(r) { p { (text) } }
        }
        ul.tiles {
            (tile(format!("{} of {}", count(r.identical), count(r.pairs)), "runs bit-identical"))
            (tile(count(ranking::against(r).len()), "regressed"))
            (tile(count(ranking::of(r, Finding::Improved).len()), "improved"))
            @if missing.lost > 0 { (tile(count(missing.lost), "runs not compared")) }
            @if missing.gone > 0 { (tile(count(missing.gone), "runs no longer planned")) }
            @if missing.unlike > 0 { (tile(count(missing.unlike), "runs compared, but with different inputs")) }
            @if r.nights.len() > 1 { (tile(count(r.nights.len()), "nights of history")) }
        }
        @if let Some(text) = text::machine(r) { p.warn { (text) } }
    }
}

fn changes(r: &Regression, tables: &Tables, shown: &[Drawn]) -> Markup {
    let drawn = shown.iter().find(|d| d.name == CHANGES_NAME);
    let small = ranking::of(r, Finding::Small).len();
    html! {
        @if !tables.changes.rows.is_empty() || drawn.is_some() {
            h2 id="changed" { "What changed" }
        }
        @if !tables.changes.rows.is_empty() { (folded(&tables.changes, "changes")) }
        @if tables.changes.rows.is_empty() && small > 0 {
            p { "No change counts: all changes whose interval excludes zero are no larger than min_effect." }
        }
        @if let Some(drawn) = drawn { div.figures { (figure(drawn)) } }
    }
}

fn gaps(r: &Regression, tables: &Tables) -> Markup {
    let few = ranking::of(r, Finding::Unknown);
    html! {
        @if !r.gaps.is_empty() || !few.is_empty() {
            h2 id="incomplete" { "What could not be compared" }
            @if !r.gaps.is_empty() { (folded(&tables.gaps, "gaps")) }
            @if !few.is_empty() { p { (text::too_few(&few)) "." } }
        }
    }
}

fn history(
    r: &Regression,
    title: &Title,
    tables: &Tables,
    drawn: &[Drawn],
    shown: &[Drawn],
) -> Markup {
    let trends: Vec<&Drawn> = shown.iter().filter(|d| d.name != CHANGES_NAME).collect();
    let urgent: Vec<String> = figures::configurations(r)
        .into_iter()
        .filter(|id| figures::urgency(r, *id) == Urgency::Against)
        .map(figures::trend_name)
        .collect();
    let left = drawn.len() - shown.len();
    let unseen = figures::configurations(r).len().saturating_sub(figures::TRENDS);
    html! {
        @if *title == Title::Nightly {
            h2 id="history" { "The history" }
            (sentences(&text::history(r, title).into_iter().collect::<Vec<_>>()))
            @for group in ranking::step_groups(r).iter().filter(|g| g.alarm) {
                p {
                    (capitalised(&text::when(r, group.last_good, group.until, group.drift)))
                    @if let [(trend, step), rest @ ..] = group.steps.as_slice() {
                        ": " (text::step(r, trend, step, false))
                        @if !rest.is_empty() { " and " (rest.len()) " more" }
                    }
                    ". " (range(r, group.last_good, group.until))
                }
            }
            @if !tables.levels.rows.is_empty() { (folded(&tables.levels, "changes of level")) }
            div.figures {
                @for drawn in &trends {
                    @if urgent.contains(&drawn.name) {
                        h3.trend { (drawn.figure.data.title()) }
                        (figure(drawn))
                    } @else {
                        details.variant { summary { (drawn.figure.data.title()) } (figure(drawn)) }
                    }
                }
            }
            @if left > 0 { p { (left) " more figures are in the folder " code { "regression" } "." } }
            @if unseen > 0 && r.nights.len() > 1 {
                p { (unseen) " configurations in which nothing changed have no figure; regression.json has their history." }
            }
        }
    }
}

fn range(r: &Regression, from: usize, to: usize) -> Markup {
    let night = |at: usize| r.nights.get(at).cloned().unwrap_or_default();
    commits(text::range(&night(from), &night(to)))
}

fn commits((range, dirty): (Range, Option<&'static str>)) -> Markup {
    html! {
        @match range {
            Range::Command(text) => code { (text) },
            Range::Not(why) => (capitalised(why)),
        }
        @if let Some(text) = dirty { ", but " (text) }
        "."
    }
}

fn comparisons(r: &Regression, tables: &Tables) -> Markup {
    html! {
        @if !tables.comparisons.rows.is_empty() {
            h2 id="comparisons" { "Every comparison" }
            (folded(&tables.comparisons, "comparisons"))
        }
        @if !tables.configurations.rows.is_empty() {
            h2 id="pairs" { "Pairs of runs" }
            (closed(&tables.configurations, "configurations", false))
        }
        h2 id="decided" { "How it was decided" }
        (sentences(&text::decided(r)))
        (sentences(&text::explained(r)))
    }
}

fn origin(r: &Regression, title: &Title) -> Markup {
    html! {
        h2 id="sides" { "What was compared" }
        div.card {
            dl {
                @for (name, before, after) in tables::facts(r) {
                    dt { (name) }
                    dd {
                        @if before == after { (after) }
                        @else { (title.before()) ": " (before) br; (title.after()) ": " (after) }
                    }
                }
                @if let Some(accepted) = &r.accepted {
                    dt { "Accepted" } dd { (text::accepted(accepted)) }
                }
                @if let Some(before) = &r.before {
                    dt { "Between the two" } dd { (commits(text::range(before, &r.after))) }
                }
            }
        }
    }
}

/// Returns the verdict as JSON, for programs that read the page.
fn data(r: &Regression) -> String {
    escape::json_in_script(&serde_json::json!({
        "experiment": r.after.experiment,
        "headline": text::headline(r),
        "verdict": r.verdict,
        "exit_code": text::exit_code(r.verdict),
    }))
}
