//! The columns of the Parquet tables, for a terminal and as Markdown.

use store::columns::TABLES;

use super::markdown::{cell, row};
use crate::text::{columns, wrapped_at};

/// Columns of a terminal that a column's name and type take at most.
const LEFT: usize = 34;

/// Returns the reference for a terminal.
pub(super) fn text() -> String {
    let width = columns();
    let mut out = "Columns of the Parquet tables of a report folder\n".to_owned();
    for table in TABLES {
        out.push_str(&format!("\n  {}: {} in each row\n", table.file, table.row));
        for column in table.columns {
            let head = format!("    {}  {}", column.name, column.ty.name());
            let doc = wrapped_at(&column.doc.replace('`', ""), LEFT + 2, width);
            if head.len() <= LEFT {
                out.push_str(&format!("{head:LEFT$}  {}\n", doc.trim_start()));
            } else {
                out.push_str(&format!("{head}\n{doc}\n"));
            }
        }
    }
    out
}

/// Returns one Markdown table for each Parquet table.
pub(super) fn markdown() -> String {
    let tables = TABLES.iter().map(|table| {
        let head = format!("### `{}`\n\nEach row is {}.\n\n", table.file, table.row);
        let rows = table.columns.iter().map(|column| {
            let name = format!("`{}`", column.name);
            row([name, column.ty.name().to_owned(), cell(column.doc)].into_iter())
        });
        let rows: String = rows.collect();
        format!("{head}| column | type | meaning |\n|---|---|---|\n{rows}")
    });
    tables.collect::<Vec<_>>().join("\n")
}
