//! Runs that were computed more than once.

use crate::analysis::Analysis;
use crate::page::table::{Cell, Table};
use crate::repeats::{Repeat, Repeats};

/// One row per repeated run: contradictory results, then results computed in different
/// environments.
pub fn repeats_table(analysis: &Analysis, repeats: &Repeats) -> Table {
    let mut table = Table::new(&[
        "Optimizer",
        "#Seed",
        "Computed by",
        "Results",
        "First ended",
        "Second ended",
        "Run",
    ]);
    let mut row = |repeat: &Repeat, alarm: bool| {
        let place = analysis.plan.optimizers.iter().position(|o| o.label == repeat.label);
        table.rows.push(vec![
            place.map_or_else(|| Cell::text(&repeat.label), |i| Cell::label(&repeat.label, i)),
            Cell::number(Some(repeat.seed as f64), |_| repeat.seed.to_string()),
            Cell::text(repeat.by()),
            Cell::text(repeat.found()).strong(alarm),
            Cell::text(&repeat.ended[0]),
            Cell::text(&repeat.ended[1]),
            Cell::text(repeat.run_id.short()),
        ]);
    };
    repeats.contradictions.first.iter().for_each(|r| row(r, true));
    repeats.elsewhere.first.iter().for_each(|r| row(r, false));
    table
}

/// The sentences above the table.
pub fn repeats_text(repeats: &Repeats) -> Vec<String> {
    let mut out = Vec::new();
    if let Some(alarm) = repeats.alarm() {
        out.push(format!(
            "{alarm}. One result of each pair is wrong, or their environments differ in something that \
             is not recorded. The newer one is shown."
        ));
    }
    if let Some(counted) = repeats.notes().first() {
        let (first, rest) = counted.split_at(1);
        out.push(format!("{}{rest}.", first.to_uppercase()));
    }
    out
}
