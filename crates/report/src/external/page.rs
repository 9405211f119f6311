//! HTML page and Markdown of the checks against published numbers.

use std::fmt::Write;

use maud::{Markup, html};

use crate::escape::{self, markdown as md};
use crate::external::judge::Verdict;
use crate::external::{Counts, Section, Tally, headline, tables};
use crate::number;
use crate::page::Drawn;
use crate::page::html::{Document, document, figure, sentences};
use crate::page::markdown as mark;
use crate::page::opening::tile;
use crate::page::table_html::{folded, table};
use crate::plural;

/// Title of the page and the Markdown.
const TITLE: &str = "Published numbers and ours";

/// The sentence below the title.
const LEAD: &str = "Published numbers and independently computed numbers, next to what this program finds for \
                    the same setting: one row per number, with the rule that decides whether the two agree.";

/// Descriptions of the rules, each with the unit of the deviation column.
const RULES: [&str; 9] = [
    "Two means agree within three standard errors of their difference (s.e.); an exact expectation and our mean within three \
     standard errors of ours.",
    "A single run agrees with our seeds where it lies within 3 sd sqrt(1 + 1/n) of their mean, sd being their standard \
     deviation (s.d.) and n their number: the spread of a new run.",
    "Ten seeds determine their standard deviation only roughly: by Student's t, one in 67 single runs from the very same distribution \
     fails its rule by chance. Such a failure is investigated, and stays on the page with the findings.",
    "A published number of unknown spread agrees with our mean if they differ by at most the limit that the row gives, which was set \
     before our first run; the deviation is then in units of that limit.",
    "Exact numbers agree to the decimals or the relative tolerance given; the deviation is then in units of that tolerance, \
     and with several seeds it is that of the seed furthest off. A difference that the rounding of a printed number explains does not count.",
    "A divergence agrees where all of our seeds diverge, and a finite number never agrees with runs of which some diverged.",
    "Where our positive numbers spread so far that the limit below their mean lies at or below 0, no lower number could \
     fail the rule: a number within the limits is then not told apart, which is neither an agreement nor a failure. A number above \
     them differs.",
    "A difference is understood if the file gives its reason, which side is right, and the value expected of ours, and ours meets it: it \
     lies in the given range, or agrees with the given number by the rule of the row, with a given mean by the rule for two means. If it does \
     not, the row differs, even if ours agrees with the other side.",
    "Published numbers and those that were computed for this check (by numpy, scipy, scikit-learn, PyTorch or a formula) are \
     counted apart. Rows for information, among them those that repeat another row, are not counted.",
];

/// Returns one line per row that differs or cannot be told apart, then one per reason for skipping.
pub(super) fn misses(sections: &[Section<'_>]) -> Vec<String> {
    let rows = |n: usize| plural::spelled(n, "row");
    let (mut out, mut skipped) = (Vec::new(), Vec::new());
    for section in sections {
        for judged in tables::differing(section) {
            // The reasons for understood differences are long, and are on the page.
            let note = match (judged.verdict, judged.note.as_str()) {
                (Verdict::Known | Verdict::NotToldApart, _) | (_, "") => String::new(),
                (_, note) => format!(" ({note})"),
            };
            out.push(escape::line(&format!(
                "{} {}: {}: {} {}, ours {}{note}",
                judged.verdict.word(),
                section.name,
                judged.row.what,
                tables::origin(judged.row.origin),
                judged.theirs,
                judged.ours,
            )));
        }
        let reason =
            |(why, n)| escape::line(&format!("skipped {} of {}: {why}", rows(n), section.name));
        skipped.extend(tables::skipped(section).into_iter().map(reason));
    }
    out.extend(skipped);
    out
}

/// Returns the name of a section's figure: `sensitivity-quadratic-deep`.
pub(super) fn figure_name(section: &Section<'_>) -> String {
    let fine = |c: char| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' };
    format!("sensitivity-{}", section.name.chars().map(fine).collect::<String>())
}

fn drawn_of<'a>(section: &Section<'_>, drawn: &'a [Drawn]) -> Option<&'a Drawn> {
    let name = figure_name(section);
    drawn.iter().find(|drawn| drawn.name == name)
}

/// Returns the sentence on the source of the rows that name none; `None` if all name their own.
fn source(section: &Section<'_>) -> Option<String> {
    let own = section.rows.iter().filter(|judged| judged.row.source.is_some()).count();
    let which = match own {
        0 => "Source",
        own if own == section.rows.len() => return None,
        _ => "Source of the other rows",
    };
    Some(format!("{which}: {}.", section.published.source))
}

/// Returns the page as HTML.
pub(super) fn html(sections: &[Section<'_>], drawn: &[Drawn]) -> String {
    document(Document {
        name: TITLE.to_owned(),
        lead: LEAD.to_owned(),
        opening: opening(sections),
        body: html! {
            (missing(sections))
            @for section in sections { (body(section, drawn)) }
            h2 id="rules" { "The rules" }
            (sentences(&RULES.map(str::to_owned)))
        },
        footer: "The numbers of the other side are in experiments/external/, ours in the journals of the sweeps named there.",
        data: data(sections),
        figures: drawn,
    })
}

fn opening(sections: &[Section<'_>]) -> Markup {
    let tally = Tally::of(sections);
    let Counts { differ, known, open, skipped, .. } = tally.both();
    let tone = match (tally.both().total(), differ, skipped) {
        (0, ..) => "",
        (_, 0, 0) => " a2",
        (_, 0, _) => " a4",
        _ => " a1",
    };
    let count = |n: usize| number::count(n as u64);
    let agree = |counts: Counts, noun: &str| {
        html! {
            @if counts.total() > 0 {
                (tile(format!("{} of {}", count(counts.agree), count(counts.total())), noun))
            }
        }
    };
    html! {
        div class={ "card answer" (tone) } { p { (headline::of(&tally)) } }
        ul.tiles {
            (agree(tally.published, "published agree"))
            (agree(tally.computed, "computed agree"))
            @if tally.both().total() > 0 { (tile(count(differ), "differ")) }
            @if known > 0 { (tile(count(known), "differ, understood")) }
            @if open > 0 { (tile(count(open), "not told apart")) }
            @if skipped > 0 { (tile(count(skipped), "skipped")) }
            @if tally.information > 0 { (tile(count(tally.information), "for information")) }
            (tile(count(sections.len()), if sections.len() == 1 { "publication" } else { "sets of numbers" }))
        }
    }
}

fn missing(sections: &[Section<'_>]) -> Markup {
    let misses = tables::misses(sections);
    html! {
        @if !misses.rows.is_empty() {
            h2 id="misses" { "What does not agree" }
            (table(&misses.without_empty()))
            (sentences(&tables::reasons(sections)))
        }
    }
}

fn body(section: &Section<'_>, drawn: &[Drawn]) -> Markup {
    let id = figure_name(section).replacen("sensitivity", "numbers", 1);
    html! {
        h2 id=(id) { (escape::line(&section.published.title)) }
        p { (escape::line(&section.published.about)) }
        @if let Some(source) = source(section) { p { (escape::line(&source)) } }
        @if let Some(drawn) = drawn_of(section, drawn) { div.figures { (figure(drawn)) } }
        (folded(&tables::of(section), "numbers"))
    }
}

/// Returns the page as Markdown.
pub(super) fn markdown(sections: &[Section<'_>], drawn: &[Drawn]) -> String {
    let mut out =
        format!("# {TITLE}\n\n{LEAD}\n\n**{}**\n", md(&headline::of(&Tally::of(sections))));
    mark::section(&mut out, "What does not agree", &tables::misses(sections).without_empty());
    mark::sentences(&mut out, &tables::reasons(sections));
    for section in sections {
        let _ = write!(out, "\n## {}\n", md(&section.published.title));
        let about = Some(section.published.about.clone());
        let said: Vec<String> = about.into_iter().chain(source(section)).collect();
        mark::sentences(&mut out, &said);
        if let Some(drawn) = drawn_of(section, drawn) {
            let title = md(drawn.figure.data.title());
            let _ = write!(out, "\n![{title}](figures/{}.svg)\n", drawn.name);
            mark::caption(&mut out, &drawn.figure);
        }
        let _ = write!(out, "\n{}", mark::table(&tables::of(section)));
    }
    out.push_str("\n## The rules\n");
    mark::sentences(&mut out, &RULES.map(str::to_owned));
    out
}

/// Returns the verdicts as JSON, for programs that read the page.
fn data(sections: &[Section<'_>]) -> String {
    let rows: Vec<serde_json::Value> = sections
        .iter()
        .flat_map(|section| section.rows.iter().map(move |judged| (section, judged)))
        .map(|(section, judged)| {
            serde_json::json!({
                "publication": section.name,
                "what": judged.row.what,
                "origin": tables::origin(judged.row.origin),
                "theirs": judged.their_value,
                "ours": judged.our_value,
                "difference": judged.difference,
                "verdict": judged.verdict.word(),
                "information": judged.row.information,
            })
        })
        .collect();
    escape::json_in_script(
        &serde_json::json!({ "headline": headline::of(&Tally::of(sections)), "rows": rows }),
    )
}
