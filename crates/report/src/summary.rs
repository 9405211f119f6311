//! Short summary of a sweep for the terminal.

use store::layout::ReportDir;

use crate::analysis::{Analysis, Counts};
use crate::best::{BestRow, rows_of};
use crate::error::ReportError;
use crate::files;
use crate::page::answer::answer;
use crate::page::certainty;
use crate::repeats::Repeats;
use crate::targets::rows_from_parquet;

/// Short summary of a sweep.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The chosen configuration of each label, in plan order.
    pub best: Vec<BestRow>,
    /// Counts of all runs by how they ended.
    pub counts: Counts,
    /// The optimizer that ranks first, in a sentence.
    pub headline: String,
    /// The certainty of that in short; `None` if nothing can be compared.
    pub certainty: Option<String>,
    /// Lines on runs that were computed more than once without a contradiction.
    pub repeats: Vec<String>,
}

/// Returns the summary from the Parquet files.
///
/// The configuration of a label is the one with the highest (for losses, lowest) mean over seeds of
/// the plan's target metric after the last epoch; one with a diverged seed ranks below one with
/// none. Labels without any completed run are included, with empty estimates.
///
/// # Errors
/// `plan.json` or a Parquet file cannot be read.
pub fn summary(dir: &ReportDir) -> Result<Summary, ReportError> {
    let plan = files::plan(dir)?;
    let rows = rows_from_parquet(dir, &plan, &mut Vec::new())?;
    let repeats = files::repeats(dir, &mut Vec::new());
    Ok(summary_of(&Analysis::new(plan, rows), &repeats))
}

/// Returns the summary of an analysis.
pub(crate) fn summary_of(analysis: &Analysis, repeats: &Repeats) -> Summary {
    let answer = answer(analysis);
    let brief = || certainty::brief(analysis, analysis.comparison());
    Summary {
        best: rows_of(analysis),
        counts: analysis.counts(),
        headline: answer.headline,
        certainty: answer.certainty.and_then(|_| brief()),
        repeats: repeats.notes(),
    }
}
