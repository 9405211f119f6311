//! HTML page over several experiments, in the frame, style and script of every report.

use maud::{Markup, html};

use crate::cross_task::tables::Tables;
use crate::cross_task::{CrossTask, answer, fairness, figures, pooling, score, text};
use crate::escape;
use crate::number;
use crate::page::Drawn;
use crate::page::html::{Document, document, figure, sentences, toggles};
use crate::page::opening::tile;
use crate::page::table_html::{folded, table};

/// Returns the page as HTML.
pub(super) fn page(
    all: &CrossTask,
    drawn: &[Drawn],
    tables: &Tables,
    warnings: &[String],
) -> String {
    document(Document {
        name: text::title(all),
        lead: format!(
            "{} together: each experiment is a task, and the optimizers that have a result in all of them are compared across tasks.",
            text::experiments(all)
        ),
        opening: opening(all, warnings),
        body: html! { (drawings(all, drawn)) (sections(all, tables)) },
        footer: "Drawn from plan.json and runs.parquet of each experiment's report; those reports say more of each task.",
        data: data(all),
        figures: drawn,
    })
}

fn opening(all: &CrossTask, warnings: &[String]) -> Markup {
    let counts = all.tasks.tasks.iter().map(|t| t.analysis.counts());
    let (mut planned, mut completed, mut diverged, mut without) = (0, 0, 0, 0);
    for c in counts {
        planned += c.planned;
        completed += c.completed;
        diverged += c.diverged;
        without += c.without_result();
    }
    let count = |n: usize| number::count(n as u64);
    html! {
        (answer(all).card())
        ul.tiles {
            (tile(count(all.tasks.tasks.len()), "tasks"))
            (tile(format!("{} of {}", all.standings.len(), all.tasks.labels.len()), "optimizers in every task"))
            (tile(format!("{} of {}", count(completed), count(planned)), "runs completed"))
            (tile(count(diverged), "runs diverged"))
            @if without > 0 { (tile(count(without), "runs without a result")) }
        }
        @for warning in warnings { p.warn { (escape::line(warning)) } }
    }
}

fn drawings(all: &CrossTask, drawn: &[Drawn]) -> Markup {
    let (strips, main): (Vec<&Drawn>, Vec<&Drawn>) =
        drawn.iter().partition(|d| figures::task_of(&d.name).is_some());
    html! {
        div.figures {
            (toggles(all.tasks.labels.iter().map(|l| l.name.as_str())))
            @for drawn in main {
                h2 id={ (drawn.name) "-heading" } { (drawn.figure.heading) }
                (figure(drawn))
            }
            @if !strips.is_empty() {
                h2 id="seeds" { "Every seed of each task" }
                @for drawn in strips {
                    details.variant {
                        summary { (drawn.figure.data.title()) }
                        (figure(drawn))
                    }
                }
            }
            @for sentence in figures::omitted(all) { p { (sentence) } }
        }
    }
}

fn sections(all: &CrossTask, tables: &Tables) -> Markup {
    html! {
        h2 id="tasks" { "Each optimizer in each task" }
        (table(&tables.tasks))
        (sentences(&text::by_task(all)))
        (folded(&tables.results, "results"))
        h2 id="standing" { "Over all tasks" }
        @if !tables.standing.rows.is_empty() { (table(&tables.standing)) }
        (sentences(&pooling::standing(all)))
        @if !tables.improvement.rows.is_empty() {
            h2 id="improvement" { "Probability of improvement" }
            (folded(&tables.improvement, "pairs"))
            (sentences(&pooling::improvement(all)))
        }
        @let compared = text::comparison(all);
        @if !compared.is_empty() {
            h2 id="comparison" { "Who is better than whom on these tasks" }
            @if !tables.comparison.rows.is_empty() { (folded(&tables.comparison, "comparisons")) }
            (sentences(&compared))
            p { (text::scope(all)) }
        }
        @let raced = text::time_to_target(all);
        @if !raced.is_empty() {
            h2 id="time-to-target" { "Time to target" }
            @if !tables.time_to_target.rows.is_empty() { (table(&tables.time_to_target)) }
            (sentences(&raced))
        }
        @let scored = score::sentences(all);
        @if !scored.is_empty() {
            h2 id="score" { "Score" }
            @if !tables.score.rows.is_empty() { (table(&tables.score)) }
            (sentences(&scored))
        }
        h2 id="fairness" { "Was it fair?" }
        (sentences(&fairness::fairness(all)))
        (folded(&tables.ledger, "rows"))
        h2 id="experiments" { "The tasks" }
        (table(&tables.experiments))
    }
}

/// Returns the standings as JSON, for programs that read the page.
fn data(all: &CrossTask) -> String {
    let standings: Vec<serde_json::Value> = all
        .standings
        .iter()
        .map(|s| {
            serde_json::json!({
                "label": all.tasks.labels[s.label].name,
                "mean_rank": s.mean_rank,
                "ranks": s.ranks,
                "tasks_led": s.led,
            })
        })
        .collect();
    let names: Vec<&str> = all.tasks.tasks.iter().map(|t| t.name.as_str()).collect();
    escape::json_in_script(&serde_json::json!({ "experiments": names, "standings": standings }))
}
