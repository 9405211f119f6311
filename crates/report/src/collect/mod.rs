//! Conversion of journal and plan into three Parquet files.

mod configs;
mod parquet;
mod points;
mod runs;

use std::path::PathBuf;

use polars::prelude::Column;
use spec::record::RunRecord;
use store::layout::ReportDir;

use crate::analysis::Analysis;
use crate::error::ReportError;
use crate::repeats::Repeats;
use crate::superseded::Superseded;
use crate::table::RunRow;
use crate::{files, journal};

pub use parquet::write;

/// Largest number of runs for which the three files are made in parallel.
const SIDE_BY_SIDE: usize = 50_000;

/// Result of [`collect`].
#[derive(Clone, Debug, Default)]
pub struct Collected {
    /// Number of runs of the plan: rows of `runs.parquet`.
    pub runs: usize,
    /// Number of runs with a result, completed or diverged.
    pub results: usize,
    /// Number of runs without any record.
    pub missing: usize,
    /// Number of rows of `metrics.parquet`.
    pub points: usize,
    /// The files written.
    pub written: Vec<PathBuf>,
    /// Warnings about journal lines that could not be read.
    pub warnings: Vec<String>,
}

/// Writes `runs.parquet`, `metrics.parquet` and `summary.parquet` from `plan.json` and the journal;
/// also `repeats.json` if runs were computed more than once, and `superseded.json` if decisions
/// were replaced.
///
/// `runs.parquet` has exactly one row per planned run, in plan order, with status `missing` if the
/// journal has no record. Records of runs outside the plan are ignored. The same input gives the
/// same bytes.
///
/// # Errors
/// `plan.json` or the journal cannot be read, or a file cannot be written.
pub fn collect(dir: &ReportDir) -> Result<Collected, ReportError> {
    Ok(analysed(dir)?.0)
}

/// Collects as [`collect`] does, and also returns the analysis behind the files.
pub(crate) fn analysed(dir: &ReportDir) -> Result<(Collected, Analysis), ReportError> {
    let plan = files::plan(dir)?;
    let journal = journal::read(dir)?;
    let warnings = journal.warnings.clone();
    let repeats = Repeats::of(&journal, &plan);
    files::write_repeats(dir, &repeats)?;
    let records = journal.best_for(plan.computed_on.as_ref());
    files::write_superseded(dir, &Superseded::of(&plan, &records))?;
    let held: Vec<Option<&RunRecord>> =
        plan.runs.iter().map(|run| records.get(&run.run_id).copied()).collect();
    drop(records);
    let rows: Vec<RunRow> =
        held.iter().map(|r| r.map(|r| RunRow::of(r, &plan.target)).unwrap_or_default()).collect();

    let ids: Vec<String> = plan.runs.iter().map(|run| run.run_id.to_string()).collect();
    let metrics = || -> Result<usize, ReportError> {
        let columns = points::columns(&ids, &held);
        let counted = columns.first().map_or(0, Column::len);
        write(&dir.metrics(), columns)?;
        Ok(counted)
    };
    let estimates = || -> Result<Analysis, ReportError> {
        let analysis = Analysis::new(plan, rows);
        write(&dir.runs(), runs::columns(&analysis))?;
        write(&dir.summary(), configs::columns(&analysis))?;
        Ok(analysis)
    };
    let (points, analysis) = if held.len() > SIDE_BY_SIDE {
        // Saves memory at the cost of time: records are freed before the rest begins.
        let points = metrics()?;
        drop((held, ids));
        drop(journal);
        (points, estimates()?)
    } else {
        let (points, analysis) = rayon::join(metrics, estimates);
        drop((held, ids));
        // Many small strings take a while to free.
        rayon::spawn(move || drop(journal));
        (points?, analysis?)
    };
    let counts = analysis.counts();
    let collected = Collected {
        runs: counts.planned,
        results: counts.results(),
        missing: counts.missing,
        points,
        written: vec![dir.runs(), dir.metrics(), dir.summary()],
        warnings,
    };
    Ok((collected, analysis))
}
