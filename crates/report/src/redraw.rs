//! All stages at once, with one analysis for all of them: what a person waits
//! for is mostly resampling.

use store::layout::ReportDir;

use crate::analysis::Analysis;
use crate::collect::{self, Collected};
use crate::error::ReportError;
use crate::files;
use crate::page::{self, Rendered};
use crate::summary::{self, Summary};
use crate::targets::rows_from_parquet;

/// What [`redraw`] found and wrote.
#[derive(Clone, Debug)]
pub struct Redrawn {
    /// What was collected; none where there is no journal.
    pub collected: Option<Collected>,
    /// What was drawn.
    pub rendered: Rendered,
    /// The end of the sweep in short.
    pub summary: Summary,
}

/// [`crate::collect()`] where there is a journal, then [`crate::render`], then
/// [`crate::summary()`]: the same files and the same words as from the three one
/// after another, in less time.
///
/// # Errors
/// Those of the three.
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
    /// What the reader should know, of the journal first.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        let collected = self.collected.iter().flat_map(|c| &c.warnings);
        let rendered = &self.rendered;
        collected.chain(&rendered.warnings).cloned().chain(rendered.repeats.warnings())
    }
}
