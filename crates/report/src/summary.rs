//! The end of a sweep in short, for the terminal.

use store::layout::ReportDir;

use crate::analysis::{Analysis, Counts};
use crate::best::{BestRow, rows_of};
use crate::error::ReportError;
use crate::files;
use crate::page::answer::answer;
use crate::repeats::Repeats;
use crate::targets::rows_from_parquet;

/// The end of a sweep in short.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The chosen configuration of each label, in plan order.
    pub best: Vec<BestRow>,
    /// How all runs ended.
    pub counts: Counts,
    /// Which optimizer came first, in a sentence.
    pub headline: String,
    /// How sure that is, in a sentence; none where nothing can be compared.
    pub certainty: Option<String>,
    /// Runs that were computed more than once without a contradiction, in lines.
    pub repeats: Vec<String>,
}

/// What the Parquet files say in short.
///
/// A label's configuration is the one with the highest (for losses the lowest)
/// mean over seeds of the plan's target metric after the last epoch; one with a
/// diverged seed ranks below one with none. Labels without any completed run
/// are there too, with empty estimates.
///
/// # Errors
/// `plan.json` or a Parquet file cannot be read.
pub fn summary(dir: &ReportDir) -> Result<Summary, ReportError> {
    let plan = files::plan(dir)?;
    let rows = rows_from_parquet(dir, &plan, &mut Vec::new())?;
    let repeats = files::repeats(dir, &mut Vec::new());
    Ok(summary_of(&Analysis::new(plan, rows), &repeats))
}

/// What an analysis says in short.
pub(crate) fn summary_of(analysis: &Analysis, repeats: &Repeats) -> Summary {
    let answer = answer(analysis);
    Summary {
        best: rows_of(analysis),
        counts: analysis.counts(),
        headline: answer.headline,
        certainty: answer.certainty,
        repeats: repeats.notes(),
    }
}
