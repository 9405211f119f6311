//! What lies in a report folder, read without writing anything there: for what is
//! made of several reports, and lies elsewhere.

use spec::plan::Plan;
use store::layout::ReportDir;

use crate::analysis::Analysis;
use crate::error::ReportError;
use crate::repeats::Repeats;
use crate::summary::{self, Summary};
use crate::table::RunRow;
use crate::targets::rows_from_parquet;
use crate::{files, journal};

/// A report that was read, with its estimates.
pub struct Opened {
    /// Plan, rows and what follows from them.
    pub analysis: Analysis,
    repeats: Repeats,
    /// What the reader should know: journal lines that could not be read, columns that
    /// are missing.
    pub warnings: Vec<String>,
}

impl Opened {
    /// Plan, rows and what follows from them.
    pub fn analysis(&self) -> &Analysis {
        &self.analysis
    }

    /// The end of the sweep in short, as [`crate::summary()`] gives it.
    pub fn summary(&self) -> Summary {
        summary::summary_of(&self.analysis, &self.repeats)
    }

    /// Runs that were computed more than once with other results.
    pub fn contradictions(&self) -> Vec<String> {
        self.repeats.warnings()
    }
}

/// Reads a report by a plan: that of its folder, or the same with another target or
/// other settings of the report. From the journal where there is one, else from the
/// Parquet files; nothing is written, so that a folder without the right to write will do.
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
