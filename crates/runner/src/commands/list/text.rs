//! A registry for a terminal.

use spec::params::{Param, ParamDefault};

use super::{Section, describe};
use crate::text::{columns, wrapped_at};

/// Maximum columns of a parameter's name, default and range; the description of a longer one is
/// on the next line.
const LEFT: usize = 48;

pub(super) fn section(section: &Section) -> String {
    let width = columns();
    let mut out = format!("{}\n", section.title);
    for entry in &section.entries {
        out.push_str(&format!("\n  {}\n", entry.name));
        let mut line = |text: &str| out.push_str(&(wrapped_at(text, 4, width) + "\n"));
        line(&entry.doc);
        if !entry.source.is_empty() {
            line(&format!("After {}", entry.source));
        }
        if !entry.remedy.is_empty() {
            line(&format!("Remedy: {}", entry.remedy));
        }
        if !entry.differs.is_empty() {
            line(&format!("Differs: {}", entry.differs));
        }
        params(&mut out, entry.params, width);
    }
    for (heading, keys) in &section.common {
        out.push_str(&format!("\n  {heading}\n"));
        params(&mut out, keys, width);
    }
    out
}

fn params(out: &mut String, params: &[Param], width: usize) {
    let rows: Vec<[String; 3]> = params
        .iter()
        .map(|p| {
            let default = match p.default {
                ParamDefault::Required => "required".to_owned(),
                _ => format!("= {}", super::default(p)),
            };
            [format!("{} {default}", p.name), describe(p), p.doc.trim().to_owned()]
        })
        .collect();
    let length = |row: &[String; 3], i: usize| row[i].chars().count();
    let fits = |row: &&[String; 3]| length(row, 0) + length(row, 1) + 8 <= LEFT;
    let widest = |i: usize| rows.iter().filter(fits).map(|r| length(r, i)).max().unwrap_or(0);
    let (first, second) = (widest(0), widest(1));
    for row in &rows {
        let [name, ty, doc] = row;
        let indent = 6 + first + 2 + second + 2;
        let longest = doc.split_whitespace().map(|word| word.chars().count()).max().unwrap_or(0);
        if fits(&row) && indent + longest.max(24) <= width {
            let text = wrapped_at(doc, indent, width);
            out.push_str(&format!("      {name:first$}  {ty:second$}  {}\n", text.trim_start()));
        } else {
            // A long list of choices is wrapped too.
            let name = wrapped_at(&format!("{name}: {ty}"), 6, width);
            out.push_str(&format!("{name}\n{}\n", wrapped_at(doc, 8, width)));
        }
    }
}
