//! The page: one file that needs no network and is complete without scripts.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use spec::stages::Stage;

use crate::analysis::Analysis;
use crate::best::rows_of;
use crate::escape;
use crate::figures;
use crate::number;
use crate::page::answer::answer;
use crate::page::opening::tile;
use crate::page::table::Table;
use crate::page::table_html::{closed, folded, swatch, table};
use crate::page::tables::Tables;
use crate::page::{Drawn, Report, assets, content, inline};
use crate::plural;

/// The parts of a page.
pub struct Document<'a> {
    /// Its title, free of control characters.
    pub name: String,
    /// A sentence below the title.
    pub lead: String,
    /// The answer, above the table of contents.
    pub opening: Markup,
    /// Sections; every `h2` with an id is listed in the table of contents.
    pub body: Markup,
    /// The source of the numbers.
    pub footer: &'static str,
    /// The result for programs, from [`escape::json_in_script`].
    pub data: String,
    /// The figures of the body.
    pub figures: &'a [Drawn],
}

/// Returns the page as text.
pub fn page(report: &Report) -> String {
    let plan = &report.analysis.plan;
    document(Document {
        name: escape::line(&plan.name),
        lead: escape::line(&plan.description),
        opening: opening(report),
        body: html! { (figures(report)) (tables(report)) (origin(report)) },
        footer: "Drawn from the Parquet files beside this page; they contain every number in it and more.",
        data: data(report),
        figures: &report.figures,
    })
}

/// Returns a page with its style, its script, and the policy that admits nothing else.
pub fn document(document: Document<'_>) -> String {
    let Document { name, lead, opening, body, footer, data, figures } = document;
    let policy = format!(
        "default-src 'none'; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
        inline::source_hash(assets::STYLE),
        inline::source_hash(assets::SCRIPT)
    );
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                title { (name) ": optimizer sweep" }
                style { (PreEscaped(assets::STYLE)) }
            }
            body {
                a.skip href="#main" { "Skip to the report" }
                header {
                    div {
                        h1 { (name) }
                        p.lead { (lead) }
                    }
                    // Scripts show it; without them it is useless.
                    button #theme type="button" hidden { "Colours: auto" }
                }
                main #main tabindex="-1" {
                    (opening)
                    (contents(&body.0))
                    (body)
                }
                footer { p {
                    (footer) " The tables are also in the folder " code { "tables" } " as CSV."
                } }
                p #live .sr role="status" aria-live="polite" {}
                script type="application/json" id="report-data" { (PreEscaped(data)) }
                script type="application/json" id="figure-data" { (PreEscaped(inline::figure_data(figures))) }
                script { (PreEscaped(assets::SCRIPT)) }
            }
        }
    }
    .into_string()
}

/// Links to the headings of `body`, which are read from it so that none is missed.
fn contents(body: &str) -> Markup {
    let heading = |rest: &str| {
        let (id, rest) = rest.split_once('"')?;
        let text = rest.strip_prefix('>')?.split_once("</h2>")?.0;
        Some((id.to_owned(), text.to_owned()))
    };
    let headings = body.split("<h2 id=\"").skip(1).filter_map(heading);
    html! {
        nav.contents aria-labelledby="contents" {
            h2 #contents { "Contents" }
            ol { @for (id, text) in headings { li { a href={ "#" (id) } { (PreEscaped(text)) } } } }
        }
    }
}

fn opening(report: &Report) -> Markup {
    let analysis = &report.analysis;
    let counts = analysis.counts();
    let seconds: f64 = analysis.rows.iter().filter_map(|r| r.train_seconds).sum();
    html! {
        (answer(analysis).card())
        ul.tiles {
            (tile(format!("{} of {}", number::count(counts.completed as u64), number::count(counts.planned as u64)), "runs completed"))
            (tile(number::count(counts.diverged as u64), plural::form(counts.diverged, "run diverged", "runs diverged")))
            @if counts.cut > 0 { (tile(number::count(counts.cut as u64), plural::form(counts.cut, "run cut", "runs cut"))) }
            @if counts.without_result() > 0 { (tile(number::count(counts.without_result() as u64), "runs without a result")) }
            (tile(number::count(analysis.configs.iter().filter(|c| c.stage.is_tuning()).count() as u64), "configurations"))
            (seeds(analysis))
            (tile(number::seconds(seconds), "training time, all runs"))
        }
        @for warning in &report.warnings { p.warn { (escape::line(warning)) } }
        @if let Some(alarm) = report.repeats.alarm() { p.warn { (alarm) ": " a href="#repeats" { "what differs" } } }
    }
}

/// The tile of the seeds that judge: those of the chosen configurations.
fn seeds(analysis: &Analysis) -> Markup {
    let of_best = analysis.best.iter().flatten().map(|&i| analysis.configs[i].counts.planned);
    let all = analysis.seeds().len();
    let (fewest, most) = of_best.fold((all, 0), |(low, high), n| (low.min(n), high.max(n)));
    if analysis.judging() == Stage::Tuning {
        return tile(number::count(all as u64), plural::form(all, "seed each", "seeds each"));
    }
    let range = if fewest < most { format!("{fewest} to {most}") } else { most.to_string() };
    tile(range, plural::form(most, "fresh seed each", "fresh seeds each"))
}

fn figures(report: &Report) -> Markup {
    html! {
        div.figures {
            (toggles(report.analysis.plan.optimizers.iter().map(|o| o.label.as_str())))
            @for drawn in report.figures.iter().filter(|d| d.figure.variant_of.is_none()) {
                h2 id={ (drawn.name) "-heading" } { (drawn.figure.heading) }
                (figure(drawn))
                @for variant in report.figures.iter().filter(|d| d.figure.variant_of == Some(drawn.name.as_str())) {
                    details.variant { summary { (variant.figure.heading) } (figure(variant)) }
                }
            }
            @for sentence in figures::omitted(&report.analysis) { p { (sentence) } }
        }
    }
}

/// Returns a figure with its caption; the notes and the advice on reading it are in a disclosure,
/// which is printed open.
pub fn figure(drawn: &Drawn) -> Markup {
    html! {
        figure.card id=(drawn.name) data-figure=(drawn.name) {
            div.wide { (PreEscaped(&drawn.inline.0)) }
            div.narrow { (PreEscaped(&drawn.inline.1)) }
            figcaption {
                span id={ (drawn.name) "-caption" } { (drawn.figure.caption) }
                details.printed {
                    summary { "How to read this" }
                    p { (drawn.figure.reading) }
                    @if !drawn.figure.notes.is_empty() { p { (drawn.figure.notes) } }
                }
            }
        }
    }
}

/// Buttons that hide and show optimizers; scripts unhide the bar.
pub(crate) fn toggles<'a>(labels: impl ExactSizeIterator<Item = &'a str>) -> Markup {
    html! {
        @if labels.len() > 1 {
            div #optimizers hidden role="group" aria-label="Optimizers shown in figures and tables" {
                span.all {
                    button type="button" data-all="true" { "All" }
                    button type="button" data-all="false" { "None" }
                }
                @for (series, label) in labels.enumerate() {
                    @let label = escape::line(label);
                    span.toggle {
                        button type="button" data-toggle=(series) aria-pressed="true" title=(label) {
                            (swatch(series)) span.name { (label) }
                        }
                        button type="button" data-only=(series) aria-label={ "Only " (label) } { "only" }
                    }
                }
            }
        }
    }
}

/// The section on fresh seeds; empty for a sweep without any.
fn confirmed(analysis: &Analysis, confirmation: &Table) -> Markup {
    html! {
        @if !confirmation.rows.is_empty() {
            h2 id="confirmation" { "Tuning and fresh seeds" }
            (table(confirmation))
            (notes(&content::confirmation_text(analysis)))
        }
    }
}

/// The section on intervals that include the choice; empty if no optimizer has one.
fn resampled(analysis: &Analysis, choice: &Table) -> Markup {
    html! {
        @if !choice.rows.is_empty() {
            h2 id="choice" { "Intervals with the choice" }
            (table(choice))
            (notes(&content::choice_text(analysis)))
        }
    }
}

fn tables(report: &Report) -> Markup {
    let analysis = &report.analysis;
    let Tables {
        functions,
        best,
        confirmation,
        choice,
        comparison,
        claim,
        time_to_target,
        ledger,
        grid,
        configurations,
        diverged,
        failed,
        runs,
    } = &report.tables;
    let missing = analysis.counts().missing;
    html! {
        @if !functions.rows.is_empty() {
            h2 id="functions" { "Each optimizer on each function" }
            (table(functions))
            (sentences(&content::landscape_text(analysis)))
        }
        @if !best.rows.is_empty() {
            h2 id="best" { "Each optimizer at its best" }
            (table(best))
            (notes(&content::best_text(analysis)))
        }
        (confirmed(analysis, confirmation))
        (resampled(analysis, choice))
        @if !comparison.rows.is_empty() {
            h2 id="comparison" { "Who is better than whom" }
            (folded(comparison, "comparisons"))
            (sentences(&content::comparison_text(analysis)))
        }
        @if !claim.rows.is_empty() {
            h2 id="claim" { "Claim" }
            (table(claim))
            (sentences(&content::claim_text(analysis, report.claims.as_ref())))
        }
        @if !analysis.by_function() {
            h2 id="time-to-target" { "Time to target" }
            @if !time_to_target.rows.is_empty() { (table(time_to_target)) }
            (sentences(&content::time_to_target_text(analysis)))
        }
        h2 id="ledger" { "Fairness ledger" }
        (sentences(&content::fairness(analysis)))
        (table(ledger))
        @if !grid.rows.is_empty() {
            (table(grid))
            (sentences(&content::spent_text(report)))
        }
        @if configurations.rows.len() > analysis.plan.optimizers.len() {
            h2 id="configurations" { "All configurations" }
            (folded(configurations, "configurations"))
        }
        @if !diverged.rows.is_empty() {
            h2 id="diverged" { "Diverged runs" }
            p { "A loss became NaN or infinite at the given step, and the run ended there. That is a result, not an error." }
            (folded(diverged, "runs"))
        }
        @if !failed.rows.is_empty() || missing > 0 {
            h2 id="failed" { "Runs without a result" }
            @if missing > 0 { p { (number::count(missing as u64)) " planned runs have not been trained yet." } }
            @if !failed.rows.is_empty() { (folded(failed, "runs")) }
        }
        @if !report.repeats.is_empty() {
            @let repeated = content::repeats_table(analysis, &report.repeats);
            h2 id="repeats" { "Runs computed more than once" }
            (sentences(&content::repeats_text(&report.repeats)))
            @if !repeated.rows.is_empty() { (folded(&repeated, "results")) }
        }
        @if !runs.rows.is_empty() {
            h2 id="runs" { "All runs" }
            p { "Values are those after the last " (report.analysis.selection.grain.unit()) "; a run that did not complete has none." }
            (closed(runs, &plural::word(runs.rows.len(), "run"), false))
        }
    }
}

/// Returns sentences as paragraphs.
pub fn sentences(all: &[String]) -> Markup {
    html! { @for sentence in all { p { (sentence) } } }
}

/// Returns the notes below a table that only explain it: the first paragraph is shown, the others
/// are in a disclosure, which is printed open. Notes that hold results or caveats are [`sentences`].
fn notes(all: &[String]) -> Markup {
    let (first, rest) = all.split_at(all.len().min(1));
    html! {
        (sentences(first))
        @if !rest.is_empty() {
            details.printed {
                summary { "How to read this" }
                (sentences(rest))
            }
        }
    }
}

fn origin(report: &Report) -> Markup {
    let plan = &report.analysis.plan;
    html! {
        h2 id="sweep-file" { "The sweep file" }
        pre tabindex="0" role="region" aria-label="The sweep file" { code { (escape::block(&plan.text)) } }
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

/// The rows of the chosen configurations as JSON, for programs that read the page.
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
        "chosen_by": analysis.selection.path(),
        "judged_by": analysis.evaluation.path(),
        "best": rows,
    }))
}
