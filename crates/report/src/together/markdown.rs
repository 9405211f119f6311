//! `REPORT.md`: the page in short, for a code host.

use std::fmt::Write;

use crate::escape::markdown;
use crate::page::Drawn;
use crate::page::markdown::{section, sentences, table};
use crate::together::tables::Tables;
use crate::together::{Together, answer, fairness, figures, pooling, score, words};

/// The page as Markdown.
pub(super) fn report(
    all: &Together,
    drawn: &[Drawn],
    tables: &Tables,
    warnings: &[String],
) -> String {
    let mut out = format!(
        "# {}\n\n{} together.\n\n{}",
        markdown(&words::title(all)),
        words::experiments(all),
        answer(all).markdown()
    );
    for warning in warnings {
        let _ = write!(out, "\n> {}\n", markdown(warning));
    }
    section(&mut out, "Each optimizer in each task", &tables.tasks);
    sentences(&mut out, &words::by_task(all));
    section(&mut out, "Over all tasks", &tables.standing);
    sentences(&mut out, &pooling::standing(all));
    section(&mut out, "Probability of improvement", &tables.improvement);
    sentences(&mut out, &pooling::improvement(all));
    section(&mut out, "Who is better than whom on these tasks", &tables.comparison);
    sentences(&mut out, &words::comparison(all));
    section(&mut out, "Time to target", &tables.race);
    sentences(&mut out, &words::race(all));
    section(&mut out, "Score", &tables.score);
    sentences(&mut out, &score::sentences(all));
    for drawn in drawn {
        let figure = &drawn.figure;
        // Strips share their heading, and each says its task.
        let heading = match figures::task_of(&drawn.name) {
            Some(_) => figure.data.title(),
            None => figure.heading,
        };
        let _ = write!(
            out,
            "\n## {}\n\n![{}](figures/{}.svg)\n\n{}\n",
            markdown(heading),
            markdown(figure.data.title()),
            drawn.name,
            markdown(&figure.caption)
        );
    }
    out.push_str("\n## Was it fair?\n");
    sentences(&mut out, &fairness::fairness(all));
    let _ = write!(out, "\n{}", table(&tables.ledger));
    section(&mut out, "The tasks", &tables.experiments);
    out
}
