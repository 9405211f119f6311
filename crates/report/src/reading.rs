//! Read-only access to a report folder, for pages over several reports that are written elsewhere.

use spec::plan::Plan;
use store::layout::ReportDir;

use crate::analysis::Analysis;
use crate::error::ReportError;
use crate::repeats::Repeats;
use crate::summary::{self, Summary};
use crate::table::RunRow;
use crate::targets::rows_from_parquet;
use crate::{files, journal};

/// A report that was read, with its analysis.
pub struct Opened {
    /// Plan, rows and everything derived from them.
    pub analysis: Analysis,
    repeats: Repeats,
    /// Warnings for the reader: unreadable journal lines, missing columns.
    pub warnings: Vec<String>,
}

impl Opened {
    /// Returns the plan, rows and everything derived from them.
    pub fn analysis(&self) -> &Analysis {
        &self.analysis
    }

    /// Returns the summary of the sweep, as [`crate::summary()`] does.
    pub fn summary(&self) -> Summary {
        summary::summary_of(&self.analysis, &self.repeats)
    }

    /// Returns one warning per run that was computed more than once with contradicting results.
    pub fn contradictions(&self) -> Vec<String> {
        self.repeats.warnings()
    }
}

/// Reads a report with a plan: that of its folder, or one with another target or other report
/// settings. Reads the journal if there is one, else the Parquet files. Nothing is written, so read
/// permission is enough.
///
/// # Errors
/// The journal or a Parquet file cannot be read.
pub fn open(dir: &ReportDir, plan: Plan) -> Result<Opened, ReportError> {
    let mut warnings = Vec::new();
    let (rows, repeats) = if dir.journal().is_dir() {
        let journal = journal::read(dir)?;
        let records = journal.best_for(plan.computed_on.as_ref());
        let row = |id| records.get(id).map(|r| RunRow::of(r, &plan.target)).unwrap_or_default();
        let rows = plan.runs.iter().map(|run| row(&run.run_id)).collect();
        let repeats = Repeats::of(&journal, &plan);
        warnings.extend(journal.warnings);
        (rows, repeats)
    } else {
        let rows = rows_from_parquet(dir, &plan, &mut warnings)?;
        (rows, files::repeats(dir, &mut warnings))
    };
    Ok(Opened { analysis: Analysis::new(plan, rows), repeats, warnings })
}
