//! `REPORT.md`: a short form of the page for code hosts.

use std::fmt::Write;

use crate::cross_task::tables::Tables;
use crate::cross_task::{CrossTask, answer, fairness, figures, pooling, score, text};
use crate::escape::markdown;
use crate::page::Drawn;
use crate::page::markdown::{caption, section, sentences, table};

/// Returns the page as Markdown.
pub(super) fn report(
    all: &CrossTask,
    drawn: &[Drawn],
    tables: &Tables,
    warnings: &[String],
) -> String {
    let mut out = format!(
        "# {}\n\n{} together.\n\n{}",
        markdown(&text::title(all)),
        text::experiments(all),
        answer(all).markdown()
    );
    for warning in warnings {
        let _ = write!(out, "\n> {}\n", markdown(warning));
    }
    section(&mut out, "Each optimizer in each task", &tables.tasks);
    sentences(&mut out, &text::by_task(all));
    section(&mut out, "Over all tasks", &tables.standing);
    sentences(&mut out, &pooling::standing(all));
    section(&mut out, "Probability of improvement", &tables.improvement);
    sentences(&mut out, &pooling::improvement(all));
    section(&mut out, "Who is better than whom on these tasks", &tables.comparison);
    sentences(&mut out, &text::comparison(all));
    section(&mut out, "Time to target", &tables.time_to_target);
    sentences(&mut out, &text::time_to_target(all));
    section(&mut out, "Score", &tables.score);
    sentences(&mut out, &score::sentences(all));
    for drawn in drawn {
        let figure = &drawn.figure;
        // Strips share a heading, so each uses its own title.
        let heading = match figures::task_of(&drawn.name) {
            Some(_) => figure.data.title(),
            None => figure.heading,
        };
        let _ = write!(
            out,
            "\n## {}\n\n![{}](figures/{}.svg)\n",
            markdown(heading),
            markdown(figure.data.title()),
            drawn.name
        );
        caption(&mut out, figure);
    }
    out.push_str("\n## Was it fair?\n");
    sentences(&mut out, &fairness::fairness(all));
    let _ = write!(out, "\n{}", table(&tables.ledger));
    section(&mut out, "The tasks", &tables.experiments);
    out
}
