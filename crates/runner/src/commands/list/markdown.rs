//! A registry as Markdown tables, from which `cargo xtask tidy --write` makes the references in
//! documents.

use spec::params::{Param, ParamDefault};
use spec::settings::Table;

use super::{Section, describe};

pub(super) fn section(section: &Section) -> String {
    let with_params = section.entries.iter().any(|e| !e.params.is_empty());
    let with_differences = section.entries.iter().any(|e| !e.differs.is_empty());
    let mut header = vec!["name", "description"];
    let with_sources = section.entries.iter().any(|e| !e.source.is_empty());
    let with_remedies = section.entries.iter().any(|e| !e.remedy.is_empty());
    header.extend(with_sources.then_some("source"));
    header.extend(with_remedies.then_some("remedy"));
    header.extend(with_differences.then_some("differences"));
    let mut out = row(header.iter().map(|h| (*h).to_owned()));
    out.push_str(&format!("|{}\n", "---|".repeat(header.len())));
    for entry in &section.entries {
        let mut cells = vec![format!("`{}`", entry.name), cell(&entry.doc)];
        if with_sources {
            cells.push(cell(&entry.source));
        }
        if with_remedies {
            cells.push(cell(&entry.remedy));
        }
        if with_differences {
            cells.push(cell(&entry.differs));
        }
        out.push_str(&row(cells.into_iter()));
    }
    if with_params {
        out.push_str(
            "\n| kind | parameter | values | default | meaning |\n|---|---|---|---|---|\n",
        );
        let params = section.entries.iter().flat_map(|e| e.params.iter().map(|p| (&e.name, p)));
        params.for_each(|(of, param)| out.push_str(&with_key(format!("`{of}`"), param)));
    }
    for (heading, keys) in &section.common {
        out.push_str(&format!("\n| {heading} | values | default | meaning |\n|---|---|---|---|\n"));
        keys.iter().for_each(|param| out.push_str(&key(param)));
    }
    out
}

pub(super) fn row(cells: impl Iterator<Item = String>) -> String {
    format!("|{}\n", cells.map(|c| format!(" {c} |")).collect::<String>())
}

/// Returns a heading and a table of keys for each table of a sweep file; parts of one table are
/// under one heading.
pub(super) fn settings(tables: &[Table]) -> String {
    let tables = tables.iter().enumerate().map(|(i, table)| {
        let continued = i > 0 && tables[i - 1].name == table.name;
        let heading = if continued { String::new() } else { format!("### `[{}]`\n\n", table.name) };
        let head = format!("{heading}{}\n\n", table.doc.trim());
        let rows: String = table.keys.iter().map(key).collect();
        format!("{head}| key | values | default | meaning |\n|---|---|---|---|\n{rows}")
    });
    tables.collect::<Vec<_>>().join("\n")
}

/// Returns the row of a parameter: name, type and range, default, meaning.
fn key(param: &Param) -> String {
    row(cells_of(param).into_iter())
}

/// Returns the row of a parameter behind a first cell.
fn with_key(first: String, param: &Param) -> String {
    row(std::iter::once(first).chain(cells_of(param)))
}

fn cells_of(param: &Param) -> [String; 4] {
    let default = match param.default {
        ParamDefault::Required => "required".to_owned(),
        _ => cell(&super::default(param)),
    };
    [format!("`{}`", param.name), cell(&describe(param)), default, cell(param.doc)]
}

/// Text of a table's cell; between backticks it is code, in which a bar alone is escaped.
pub(super) fn cell(text: &str) -> String {
    let parts = text.trim().split('`').enumerate().map(|(i, part)| {
        let part = part.replace('|', "\\|");
        if i % 2 == 1 { part } else { part.replace('*', "\\*").replace('_', "\\_") }
    });
    parts.collect::<Vec<_>>().join("`")
}
