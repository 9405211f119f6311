//! Checks against external numbers, published ones and ones computed independently: one page shows
//! them next to ours, with a rule and a verdict per row.
//!
//! [`read`] reads a file of published numbers. [`check`] finds our numbers in trained sweeps or the
//! output of a program, or computes them. [`write`] writes the page.

mod computed;
mod figure;
mod headline;
mod judge;
mod page;
mod printed;
mod published;
mod sample;
mod tables;
mod tally;

use std::path::Path;

use store::StoreError;
use store::layout::ReportDir;

use crate::error::ReportError;
use crate::figures::Figure;
use crate::page::{self as report_page, Drawn, Rendered};

pub use judge::{Judged, LIMIT, Verdict};
pub use printed::Printed;
pub use published::{
    Expected, ExpectedValue, Known, Origin, Ours, Program, Published, Row, Rule, Theirs,
};
pub use sample::{Found, Pair, Sources, Trained};
pub use tally::{Counts, Tally};

/// One file of published numbers with its rows judged.
pub struct Section<'a> {
    /// Stem of the file name.
    pub name: String,
    /// The file.
    pub published: &'a Published,
    /// Its rows, in their order.
    pub rows: Vec<Judged<'a>>,
    /// The requested figure; `None` if there is nothing to draw.
    pub figure: Option<Figure>,
}

/// Reads a file of published numbers.
///
/// # Errors
/// The file cannot be read, or its content is invalid; the message has line and column.
pub fn read(path: &Path) -> Result<Published, ReportError> {
    let bytes = store::files::read(path)?;
    serde_json::from_slice(&bytes)
        .map_err(|e| ReportError::Published { path: path.into(), reason: e.to_string() })
}

/// Reads the rows that a program printed; `None` if it was not run.
///
/// # Errors
/// The file exists but cannot be read.
pub fn pairs(path: &Path) -> Result<Option<Vec<Pair>>, StoreError> {
    if path.exists() { store::files::json(path).map(Some) } else { Ok(None) }
}

/// Judges every row of a file.
///
/// # Errors
/// A row refers to something that its file or sweep does not have; the message names the row.
pub fn check<'a>(
    name: &str,
    published: &'a Published,
    sources: &Sources<'_>,
) -> Result<Section<'a>, String> {
    let judged = |row| judge::judge(published, row, sources);
    let rows: Result<Vec<Judged<'a>>, String> = published.rows.iter().map(judged).collect();
    let rows = rows?;
    let figure = published.figure.as_ref().and_then(|request| {
        figure::figure(request, sources.sweeps.get(request.sweep.as_str())?, &rows)
    });
    Ok(Section { name: name.to_owned(), published, rows, figure })
}

/// Returns the result as a sentence.
pub fn headline(sections: &[Section<'_>]) -> String {
    headline::of(&Tally::of(sections))
}

/// Returns one line per row that differs or cannot be told apart, and per reason for skipping.
pub fn misses(sections: &[Section<'_>]) -> Vec<String> {
    page::misses(sections)
}

/// Writes `index.html`, `REPORT.md`, `figures/` and `tables/` into a folder. The same sections give
/// the same bytes.
///
/// # Errors
/// A file cannot be written, or a figure cannot be drawn.
pub fn write(sections: &[Section<'_>], out: &Path) -> Result<Rendered, ReportError> {
    let drawn: Result<Vec<Drawn>, ReportError> = sections
        .iter()
        .filter_map(|section| Some((page::figure_name(section), section.figure.clone()?)))
        .map(report_page::draw)
        .collect();
    let drawn = drawn?;
    let pages = (page::html(sections, &drawn), page::markdown(sections, &drawn));
    let tables = [tables::misses(sections), tables::all(sections)];
    let filled = tables.iter().filter(|table| !table.rows.is_empty());
    let known = (&[][..], &tables::NAMES[..]);
    let written = report_page::write(&ReportDir::new(out), pages, &drawn, filled, known)?;
    let warnings = report_page::unseen(&drawn).into_iter().collect();
    Ok(Rendered { written, warnings, ..Rendered::default() })
}
