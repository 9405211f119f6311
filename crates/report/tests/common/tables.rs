//! The tables of a page and the CSV beside it, read back.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A heading or a cell: its attributes and its text.
#[derive(Clone, Debug)]
pub struct Cell {
    pub attributes: HashMap<String, String>,
    pub text: String,
}

impl Cell {
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }
}

/// A table of a page.
#[derive(Clone, Debug)]
pub struct Shown {
    pub name: String,
    pub head: Vec<Cell>,
    pub rows: Vec<Vec<Cell>>,
}

/// Every table of a page that has a CSV.
pub fn shown(page: &Path) -> Vec<Shown> {
    let text = fs::read_to_string(page).unwrap();
    let mut out = Vec::new();
    for table in text.split("<table").skip(1) {
        let (open, rest) = table.split_once('>').unwrap();
        let Some(name) = attributes(open).remove("data-name") else { continue };
        let (inside, _) = rest.split_once("</table>").unwrap();
        let mut rows = inside.split("<tr").skip(1).map(cells);
        out.push(Shown { name, head: rows.next().unwrap(), rows: rows.collect() });
    }
    out
}

/// Returns the cells of a row, given from its tag on.
fn cells(row: &str) -> Vec<Cell> {
    let (_, row) = row.split_once('>').unwrap();
    let (mut rest, _) = row.split_once("</tr>").unwrap();
    let mut out = Vec::new();
    while let Some(at) = rest.find("<t") {
        let (open, inside) = rest[at + 3..].split_once('>').unwrap();
        let end = ["</th>", "</td>"].iter().filter_map(|tag| inside.find(tag)).min().unwrap();
        out.push(Cell { attributes: attributes(open), text: plain(&inside[..end]) });
        rest = &inside[end + 5..];
    }
    out
}

fn attributes(open: &str) -> HashMap<String, String> {
    let mut out = HashMap::new();
    let mut rest = open;
    while let Some((name, value)) = rest.split_once("=\"") {
        let (value, after) = value.split_once('"').unwrap();
        out.insert(name.rsplit(' ').next().unwrap().to_owned(), unescaped(value));
        rest = after;
    }
    out
}

/// Returns text without tags.
fn plain(html: &str) -> String {
    let mut out = String::new();
    for part in html.split('<') {
        out.push_str(part.split_once('>').map_or(part, |(_, text)| text));
    }
    unescaped(&out)
}

fn unescaped(text: &str) -> String {
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&amp;", "&")];
    entities.iter().fold(text.to_owned(), |text, (entity, plain)| text.replace(entity, plain))
}

/// Parses a CSV file by RFC 4180.
pub fn read_csv(path: &PathBuf) -> Vec<Vec<String>> {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let (mut rows, mut row, mut field) = (Vec::new(), Vec::new(), String::new());
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut field)),
            '\r' if !quoted => {}
            '\n' if !quoted => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            c => field.push(c),
        }
    }
    assert!(!quoted && field.is_empty() && row.is_empty(), "{} is cut", path.display());
    rows
}
