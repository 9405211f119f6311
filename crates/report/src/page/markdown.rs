//! `REPORT.md`: a short form of the page, for a code host.

use std::fmt::Write;

use crate::escape::{markdown, markdown_block};
use crate::figures::Figure;
use crate::number;
use crate::page::answer::answer;
use crate::page::table::Table;
use crate::page::{Report, content};

/// Most rows of a table; the page and the Parquet files have all of them.
const MOST: usize = 60;

/// Returns the report as Markdown.
pub fn report(report: &Report) -> String {
    let analysis = &report.analysis;
    let plan = &analysis.plan;
    let mut out = format!(
        "# {}\n\n{}\n\n{}",
        markdown(&plan.name),
        markdown(&plan.description),
        answer(analysis).markdown()
    );
    for warning in &report.warnings {
        let _ = write!(out, "\n> {}\n", markdown(warning));
    }
    if let Some(alarm) = report.repeats.alarm() {
        let _ = write!(out, "\n> {}\n", markdown(&alarm));
    }
    let several = analysis.by_function();
    section(&mut out, "Each optimizer on each function", &content::landscape_table(analysis));
    sentences(&mut out, &content::landscape_text(analysis));
    if !several {
        out.push_str("\n## Each optimizer at its best\n\n");
        out.push_str(&table(&content::best_table(analysis)));
        sentences(&mut out, &content::best_text(analysis));
    }
    section(&mut out, "Tuning and fresh seeds", &content::confirmation_table(analysis));
    sentences(&mut out, &content::confirmation_text(analysis));
    section(&mut out, "Intervals with the choice", &content::choice_table(analysis));
    sentences(&mut out, &content::choice_text(analysis));
    section(&mut out, "Who is better than whom", &content::comparison_table(analysis));
    if !several {
        sentences(&mut out, &content::comparison_text(analysis));
        claim(&mut out, report);
        section(&mut out, "Time to target", &content::time_to_target_table(analysis));
        sentences(&mut out, &content::time_to_target_text(analysis));
    }
    for drawn in &report.figures {
        let figure = &drawn.figure;
        let _ = write!(
            out,
            "\n## {}\n\n![{}](figures/{}.svg)\n",
            markdown(figure.heading),
            markdown(figure.data.title()),
            drawn.name
        );
        caption(&mut out, figure);
    }
    out.push_str("\n## All configurations\n\n");
    out.push_str(&table(&content::config_table(analysis)));
    section(&mut out, "Diverged runs", &content::diverged_table(analysis));
    let missing = analysis.counts().missing;
    section(&mut out, "Runs without a result", &content::failure_table(analysis));
    if missing > 0 {
        let _ = write!(
            out,
            "\n{} planned runs have not been trained yet.\n",
            number::count(missing as u64)
        );
    }
    if !report.repeats.is_empty() {
        out.push_str("\n## Runs computed more than once\n");
        sentences(&mut out, &content::repeats_text(&report.repeats));
        let repeated = content::repeats_table(analysis, &report.repeats);
        if !repeated.rows.is_empty() {
            let _ = write!(out, "\n{}", table(&repeated));
        }
    }
    out.push_str("\n## Fairness ledger\n");
    sentences(&mut out, &content::fairness(analysis));
    let _ = write!(out, "\n{}", table(&content::ledger_table(analysis)));
    if !several {
        let _ = write!(out, "\n{}", table(&content::grid_table(analysis)));
        sentences(&mut out, &content::spent_text(report));
    }
    out.push_str("\n## The sweep file\n\n");
    out.push_str(&markdown_block(&plan.text, "toml"));
    out.push_str("\n## Where this comes from\n\n");
    for (name, value) in content::provenance(analysis, report.manifest.as_ref()) {
        let _ = writeln!(out, "- {}: {}", markdown(&name), markdown(&value));
    }
    out
}

/// Writes the section on the claim; nothing without a claim.
fn claim(out: &mut String, report: &Report) {
    section(out, "Claim", &report.tables.claim);
    sentences(out, &content::claim_text(&report.analysis, report.claims.as_ref()));
}

/// Appends sentences, a paragraph each.
pub fn sentences(out: &mut String, all: &[String]) {
    for sentence in all {
        let _ = write!(out, "\n{}\n", markdown(sentence));
    }
}

/// Appends the caption of a figure and, as a second paragraph, its notes.
pub fn caption(out: &mut String, figure: &Figure) {
    for text in [&figure.caption, &figure.notes].into_iter().filter(|text| !text.is_empty()) {
        let _ = write!(out, "\n{}\n", markdown(text));
    }
}

/// Appends a table under a heading; nothing for a table without rows.
pub(crate) fn section(out: &mut String, heading: &str, data: &Table) {
    if !data.rows.is_empty() {
        let _ = write!(out, "\n## {heading}\n\n{}", table(data));
    }
}

/// Returns a table, with at most 60 rows.
pub fn table(data: &Table) -> String {
    let mut out = String::new();
    let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    out.push_str(&row(data.head.iter().map(|h| markdown(&h.name)).collect()));
    out.push_str(&row(data
        .head
        .iter()
        .map(|h| if h.numeric { "--:" } else { ":--" }.to_owned())
        .collect()));
    for cells in data.rows.iter().take(MOST) {
        let text = |c: &crate::page::table::Cell| {
            let text = markdown(&c.text);
            if c.strong && !text.is_empty() { format!("**{text}**") } else { text }
        };
        out.push_str(&row(cells.iter().map(text).collect()));
    }
    if data.rows.len() > MOST {
        let _ = write!(
            out,
            "\n{} more rows are in the page and in `summary.parquet`.\n",
            number::count((data.rows.len() - MOST) as u64)
        );
    }
    out
}
