//! The columns of the Parquet tables, as entries for a terminal and as Markdown.

use store::columns::TABLES;

use super::markdown::{cell, row};
use super::{Entry, entry};

/// Returns an entry for each table, followed by one for each of its columns.
pub(super) fn entries() -> Vec<Entry> {
    let of_table = |table: &store::columns::Table| {
        let head = entry(table.file, &format!("Each row is {}.", table.row));
        let columns = table.columns.iter().map(|column| {
            entry(format!("{} ({})", column.name, column.ty.name()), &column.doc.replace('`', ""))
        });
        std::iter::once(head).chain(columns).collect::<Vec<_>>()
    };
    TABLES.iter().flat_map(of_table).collect()
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
