//! The page: one file, no network, whole without scripts.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::best::rows_of;
use crate::escape;
use crate::figures;
use crate::figures::style::PALETTE;
use crate::number;
use crate::page::answer::answer;
use crate::page::table::{Cell, Table};
use crate::page::{Drawn, Report, content, inline};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("sort.js");

/// Rows up to which a table is open from the start.
const OPEN: usize = 30;

/// The page as text.
pub fn page(report: &Report) -> String {
    let plan = &report.analysis.plan;
    let policy = format!(
        "default-src 'none'; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
        inline::source_hash(STYLE),
        inline::source_hash(SCRIPT)
    );
    let name = escape::line(&plan.name);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                title { (name) ": optimizer sweep" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    h1 { (name) }
                    p.lead { (escape::line(&plan.description)) }
                    (opening(report))
                    (all_figures(report))
                    (tables(report))
                    (origin(report))
                    footer { p { "Drawn from the Parquet files beside this page; they hold every number in it and more." } }
                }
                script type="application/json" id="report-data" { (PreEscaped(data(report))) }
                script type="application/json" id="figure-data" { (PreEscaped(inline::figure_data(&report.figures))) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
    .into_string()
}

fn opening(report: &Report) -> Markup {
    let analysis = &report.analysis;
    let answer = answer(analysis);
    let counts = analysis.counts();
    let seconds: f64 = analysis.rows.iter().filter_map(|r| r.train_seconds).sum();
    let tile = |value: String, text: &str| html! { li { b { (value) } (text) } };
    html! {
        div class={ "card answer" @if let Some(series) = answer.series { " a" (series % PALETTE.len()) } } {
            p { @if let Some(series) = answer.series { (swatch(series)) } (answer.headline) }
            @for sentence in answer.certainty.iter().chain(&answer.cost).chain(&answer.details) {
                p { (sentence) }
            }
        }
        ul.tiles {
            (tile(format!("{} of {}", number::count(counts.completed as u64), number::count(counts.planned as u64)), "runs completed"))
            (tile(number::count(counts.diverged as u64), "runs diverged"))
            @if counts.without_result() > 0 { (tile(number::count(counts.without_result() as u64), "runs without a result")) }
            (tile(number::count(analysis.configs.len() as u64), "configurations"))
            (tile(number::count(analysis.plan.seeds.len() as u64), if analysis.plan.seeds.len() == 1 { "seed each" } else { "seeds each" }))
            (tile(number::seconds(seconds), "training time, all runs"))
        }
        @for warning in &report.warnings { p.warn { (escape::line(warning)) } }
    }
}

fn all_figures(report: &Report) -> Markup {
    html! {
        @for drawn in report.figures.iter().filter(|d| d.figure.variant_of.is_none()) {
            h2 { (drawn.figure.heading) }
            (figure(drawn))
            @for variant in report.figures.iter().filter(|d| d.figure.variant_of == Some(drawn.name)) {
                details.variant { summary { (variant.figure.heading) } (figure(variant)) }
            }
        }
        @for sentence in figures::omitted(&report.analysis) { p { (sentence) } }
    }
}

fn figure(drawn: &Drawn) -> Markup {
    html! {
        figure.card id=(drawn.name) data-figure=(drawn.name) {
            div.wide { (PreEscaped(&drawn.inline.0)) }
            div.narrow { (PreEscaped(&drawn.inline.1)) }
            figcaption {
                (drawn.figure.caption)
                details { summary { "How to read this" } p { (drawn.figure.reading) } }
            }
        }
    }
}

fn tables(report: &Report) -> Markup {
    let analysis = &report.analysis;
    let configs = content::config_table(analysis);
    let (diverged, failed) = (content::diverged_table(analysis), content::failure_table(analysis));
    let (comparison, race) = (content::comparison_table(analysis), content::race_table(analysis));
    let missing = analysis.counts().missing;
    html! {
        h2 id="best" { "Each optimizer at its best" }
        (table(&content::best_table(analysis)))
        (sentences(&content::best_words(analysis)))
        @if !comparison.rows.is_empty() {
            h2 id="comparison" { "Who is better than whom" }
            (folded(&comparison, "comparisons"))
            (sentences(&content::comparison_words(analysis)))
        }
        h2 id="target" { "Time to target" }
        @if !race.rows.is_empty() { (table(&race)) }
        (sentences(&content::race_words(analysis)))
        h2 id="ledger" { "Fairness ledger" }
        (sentences(&content::fairness(analysis)))
        (table(&content::ledger_table(analysis)))
        (table(&content::grid_table(analysis)))
        (sentences(&content::ledger_words(analysis)))
        @if configs.rows.len() > analysis.plan.optimizers.len() {
            h2 id="configurations" { "All configurations" }
            (folded(&configs, "configurations"))
        }
        @if !diverged.rows.is_empty() {
            h2 id="diverged" { "Diverged runs" }
            p { "A loss became NaN or infinite at the step given, and the run ended there. That is a result, not an error." }
            (folded(&diverged, "runs"))
        }
        @if !failed.rows.is_empty() || missing > 0 {
            h2 id="failed" { "Runs without a result" }
            @if missing > 0 { p { (number::count(missing as u64)) " planned runs have not been trained yet." } }
            @if !failed.rows.is_empty() { (folded(&failed, "runs")) }
        }
    }
}

fn sentences(all: &[String]) -> Markup {
    html! { @for sentence in all { p { (sentence) } } }
}

fn origin(report: &Report) -> Markup {
    let plan = &report.analysis.plan;
    html! {
        h2 id="sweep-file" { "The sweep file" }
        pre { code { (escape::block(&plan.text)) } }
        h2 id="provenance" { "Where this comes from" }
        div.card {
            dl {
                @for (name, value) in content::provenance(&report.analysis, report.manifest.as_ref()) {
                    dt { (name) } dd { (value) }
                }
            }
        }
    }
}

fn swatch(series: usize) -> Markup {
    html! { span class={ "k k" (series % PALETTE.len()) } aria-hidden="true" {} }
}

fn folded(data: &Table, what: &str) -> Markup {
    html! {
        @if data.rows.len() > OPEN {
            details { summary { "Show " (number::count(data.rows.len() as u64)) " " (what) } (table(data)) }
        } @else {
            (table(data))
        }
    }
}

fn table(data: &Table) -> Markup {
    html! {
        div.scroll tabindex="0" {
            table.sort {
                thead { tr { @for head in &data.head { th class=[head.numeric.then_some("n")] scope="col" { (head.name) } } } }
                tbody { @for row in &data.rows {
                    tr { @for (cell, head) in row.iter().zip(&data.head) { (value(cell, head.numeric)) } }
                } }
            }
        }
    }
}

fn value(cell: &Cell, numeric: bool) -> Markup {
    let class =
        if numeric { Some("n") } else { (cell.text.chars().count() > 20).then_some("wrap") };
    html! {
        td class=[class] data-v=[cell.sort.filter(|_| numeric)] {
            @if let Some(series) = cell.series { (swatch(series)) }
            @if cell.strong { b { (cell.text) } } @else { (cell.text) }
        }
    }
}

/// The best rows for programs that read the page.
fn data(report: &Report) -> String {
    let analysis = &report.analysis;
    let rows: Vec<serde_json::Value> = rows_of(analysis)
        .iter()
        .map(|row| {
            serde_json::json!({
                "label": row.label,
                "optimizer": row.kind,
                "config_id": row.config_id,
                "lr": row.lr,
                "schedule": row.schedule,
                "seeds": row.counts.completed,
                "diverged": row.counts.diverged,
                "chosen_by": { "mean": row.target.mean, "sd": row.target.sd },
                "judged_by": { "mean": row.judged.mean, "sd": row.judged.sd, "median": row.judged.median },
                "test_accuracy": row.test_accuracy.mean,
                "train_loss": row.train_loss.mean,
            })
        })
        .collect();
    escape::json_in_script(&serde_json::json!({
        "experiment": analysis.plan.name,
        "chosen_by": analysis.goal.path(),
        "judged_by": analysis.judge.path(),
        "best": rows,
    }))
}
