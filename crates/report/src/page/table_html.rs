//! A table of the page: complete without scripts, with the attributes by which the script sorts it,
//! filters rows and writes CSV.

use maud::{Markup, html};

use crate::number;
use crate::page::csv::{self, Column};
use crate::page::glossary;
use crate::page::table::{Cell, Table};
use plot::style::PALETTE;

/// Most rows of a table that is open from the start.
const OPEN: usize = 30;
/// Most rows of a table of the page, so that the page stays small.
pub(crate) const MOST: usize = 1000;

/// Returns a square in the colour of a label.
pub(crate) fn swatch(series: usize) -> Markup {
    html! { span class={ "k k" (series % PALETTE.len()) } aria-hidden="true" {} }
}

/// Returns a table, in a closed disclosure if it has more than 30 rows.
pub fn folded(data: &Table, what: &str) -> Markup {
    if data.rows.len() > OPEN { closed(data, what, true) } else { table(data) }
}

/// Returns a table in a closed disclosure; `printed` opens it on paper.
pub fn closed(data: &Table, what: &str, printed: bool) -> Markup {
    html! {
        details class={ "fold" @if printed { " printed" } } {
            summary { "Show " (number::count(data.rows.len() as u64)) " " (what) }
            (table(data))
        }
    }
}

/// Returns a table in a box that scrolls if it is too wide, with notes below.
pub(crate) fn table(data: &Table) -> Markup {
    let label = if data.caption.is_empty() { "Table" } else { &data.caption };
    let columns: Vec<Column> = (0..data.head.len()).map(|c| Column::of(data, c)).collect();
    let terms: Vec<Option<String>> =
        (0..data.head.len()).map(|c| glossary::explain(data, c)).collect();
    html! {
        div.table {
            div class={ "scroll" @if data.rows.len() > OPEN { " tall" } } tabindex="0" role="region" aria-label=(label) {
                table.sort data-name=[Some(data.name).filter(|n| !n.is_empty())] {
                    @if !data.caption.is_empty() { caption { (data.caption) } }
                    thead { tr { @for (c, head) in data.head.iter().enumerate() {
                        th scope="col" class=[head.numeric.then_some("n")] data-choice[head.choice]
                            data-csv=(columns[c].heads[0]) data-csv2=[columns[c].heads.get(1)]
                            data-csv3=[columns[c].heads.get(2)] data-csv4=[columns[c].heads.get(3)] {
                            @match &terms[c] {
                                Some(text) => abbr title=(text) { (head.name) },
                                None => (head.name),
                            }
                        }
                    } } }
                    tbody { @for row in data.rows.iter().take(MOST) { (line(data, row, &columns)) } }
                }
            }
            @if data.rows.len() > MOST {
                p.note {
                    "These are the first " (number::count(MOST as u64)) " of " (number::count(data.rows.len() as u64))
                    " rows. All are in " code { "tables/" (data.name) ".csv" } " and in the Parquet files beside this page."
                }
            }
            @if terms.iter().any(Option::is_some) {
                details.terms {
                    summary { "What the columns mean" }
                    dl { @for (head, text) in data.head.iter().zip(&terms) {
                        @if let Some(text) = text { dt { (head.name) } dd { (text) } }
                    } }
                }
            }
        }
    }
}

fn line(data: &Table, row: &[Cell], columns: &[Column]) -> Markup {
    let series: Vec<String> = Table::series_of(row).iter().map(usize::to_string).collect();
    html! {
        tr data-series=[Some(series.join(" ")).filter(|s| !s.is_empty())] {
            @for (c, (cell, head)) in row.iter().zip(&data.head).enumerate() {
                // The first cell names the row.
                @if c == 0 && !head.numeric { th scope="row" { (content(cell)) } }
                @else { (value(cell, head.numeric, &columns[c])) }
            }
        }
    }
}

/// Returns a cell with its values for the CSV, of which the script knows four.
fn value(cell: &Cell, numeric: bool, column: &Column) -> Markup {
    let class =
        if numeric { Some("n") } else { (cell.text.chars().count() > 20).then_some("wrap") };
    let sort = cell.sort.filter(|_| numeric).map(csv::number);
    let mut more = column.more(cell).into_iter();
    let [second, third, fourth] = std::array::from_fn(|_| more.next().flatten());
    html! {
        td class=[class] data-sort=[sort] data-sort2=[second] data-sort3=[third] data-sort4=[fourth] {
            (content(cell))
        }
    }
}

fn content(cell: &Cell) -> Markup {
    html! {
        @if let Some(series) = cell.series { (swatch(series)) }
        @if cell.strong { b { (cell.text) } } @else { (cell.text) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_about_two_labels_belongs_to_both() {
        let mut data = Table::new(&["A", "B", "#p"]).named("pairs", "Pairs");
        let p = Cell::number(Some(0.0625), |p| format!("{p:.2}"));
        data.rows.push(vec![Cell::label("adam", 3), Cell::label("sgd", 1), p]);
        let html = table(&data).0;
        assert!(html.contains("<tr data-series=\"1 3\"><th scope=\"row\">"), "{html}");
        assert!(html.contains("<td class=\"n\" data-sort=\"0.0625\">0.06</td>"), "{html}");
        assert!(html.contains("<caption>Pairs</caption>"), "{html}");
    }

    #[test]
    fn columns_that_are_not_plain_are_explained_twice() {
        let mut data = Table::new(&["Optimizer", "#Test accuracy"]);
        let accuracy = Cell::number(Some(0.5), |_| "50.00% \u{b1} 0.10".to_owned()).parts(
            "mean",
            "standard deviation",
            Some(0.001),
        );
        data.rows.push(vec![Cell::label("adam", 0), accuracy]);
        let html = table(&data).0;
        assert_eq!(html.matches("the latter in percentage points").count(), 2);
        assert!(
            html.contains("data-csv2=\"Test accuracy, standard deviation [fraction]\""),
            "{html}"
        );
        assert!(html.contains("data-sort2=\"0.001\""), "{html}");
    }
}
