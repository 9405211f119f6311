//! All stages of a report with one shared analysis, since most of the time goes into resampling.

use store::layout::ReportDir;

use crate::analysis::Analysis;
use crate::collect::{self, Collected};
use crate::error::ReportError;
use crate::files;
use crate::page::{self, Rendered};
use crate::summary::{self, Summary};
use crate::targets::rows_from_parquet;

/// Result of [`redraw`].
#[derive(Clone, Debug)]
pub struct Redrawn {
    /// Result of collecting; `None` if there is no journal.
    pub collected: Option<Collected>,
    /// Result of rendering.
    pub rendered: Rendered,
    /// Summary of the sweep.
    pub summary: Summary,
}

/// Runs [`crate::collect()`] if there is a journal, then [`crate::render`] and
/// [`crate::summary()`]. The result is the same as that of the three functions in sequence, in less
/// time.
///
/// # Errors
/// The errors of these functions.
pub fn redraw(dir: &ReportDir) -> Result<Redrawn, ReportError> {
    let mut warnings = Vec::new();
    let (collected, analysis) = if dir.journal().is_dir() {
        let (collected, analysis) = collect::analysed(dir)?;
        (Some(collected), analysis)
    } else {
        let plan = files::plan(dir)?;
        let rows = rows_from_parquet(dir, &plan, &mut warnings)?;
        (None, Analysis::new(plan, rows))
    };
    let (rendered, analysis) = page::render_of(dir, analysis, warnings)?;
    let summary = summary::summary_of(&analysis, &rendered.repeats);
    Ok(Redrawn { collected, rendered, summary })
}

impl Redrawn {
    /// Returns all warnings, those on the journal first.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        let collected = self.collected.iter().flat_map(|c| &c.warnings);
        let rendered = &self.rendered;
        collected.chain(&rendered.warnings).cloned().chain(rendered.repeats.warnings())
    }
}
