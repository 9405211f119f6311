//! A registry as a Markdown table: what README.md holds between its markers
//! (`runner/tests/readme_tables.rs`).

use spec::params::{Param, ParamDefault};
use spec::settings::Table;

use super::{Section, describe};

pub(super) fn section(section: &Section) -> String {
    let with_params = section.entries.iter().any(|e| !e.params.is_empty());
    let with_differences = section.entries.iter().any(|e| !e.differs.is_empty());
    let mut header = vec!["name", "what it is"];
    header.extend(with_params.then_some("parameters and defaults"));
    let with_sources = section.entries.iter().any(|e| !e.source.is_empty());
    let with_remedies = section.entries.iter().any(|e| !e.remedy.is_empty());
    header.extend(with_sources.then_some("after"));
    header.extend(with_remedies.then_some("remedy"));
    header.extend(with_differences.then_some("differs"));
    let mut out = row(header.iter().map(|h| (*h).to_owned()));
    out.push_str(&format!("|{}\n", "---|".repeat(header.len())));
    for entry in &section.entries {
        let mut cells = vec![format!("`{}`", entry.name), cell(&entry.doc)];
        if with_params {
            cells.push(entry.params.iter().map(short).collect::<Vec<_>>().join(", "));
        }
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
    for (heading, keys) in &section.common {
        out.push_str(&format!("\n| {heading} | values | |\n|---|---|---|\n"));
        for key in keys {
            let cells = [short(key), cell(&describe(key)), cell(key.doc)];
            out.push_str(&row(cells.into_iter()));
        }
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
        let rows = table.keys.iter().map(|key| {
            let default = match key.default {
                ParamDefault::Required => "required".to_owned(),
                _ => cell(&super::default(key)),
            };
            let name = format!("`{}`", key.name);
            row([name, cell(&describe(key)), default, cell(key.doc)].into_iter())
        });
        let rows: String = rows.collect();
        format!("{head}| key | values | default | meaning |\n|---|---|---|---|\n{rows}")
    });
    tables.collect::<Vec<_>>().join("\n")
}

/// `` `lr` 0.001 ``.
fn short(param: &Param) -> String {
    match param.default {
        ParamDefault::Required => format!("`{}` (required)", param.name),
        ParamDefault::Derived(how) => format!("`{}` ({how})", param.name),
        ParamDefault::Value(value) => format!("`{}` {}", param.name, value()),
    }
}

/// Text of a table's cell; between backticks it is code, in which a bar alone is escaped.
pub(super) fn cell(text: &str) -> String {
    let parts = text.trim().split('`').enumerate().map(|(i, part)| {
        let part = part.replace('|', "\\|");
        if i % 2 == 1 { part } else { part.replace('*', "\\*").replace('_', "\\_") }
    });
    parts.collect::<Vec<_>>().join("`")
}
