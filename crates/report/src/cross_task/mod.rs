//! Page over several experiments: each is a task, and the optimizers that occur in all of them are
//! compared across tasks.
//!
//! Ranks and probabilities of improvement have no unit and are averaged over all tasks. Values and
//! differences have one, and are pooled only over tasks with the same evaluation metric.

pub mod aggregate;
pub mod answer;
pub mod compare;
pub mod figures;
pub mod profile;
pub mod score;
pub mod tables;
pub mod tasks;

mod cells;
mod certainty;
mod fairness;
mod front;
mod html;
mod listings;
mod markdown;
mod pooling;
mod rests;
mod text;

use std::path::Path;

use data_encoding::HEXLOWER;
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use store::layout::ReportDir;

use crate::analysis::Analysis;
use crate::error::ReportError;
use crate::files;
use crate::page::{self, Drawn, Rendered};
use crate::reading::{self, Opened};

pub use aggregate::{Improvement, Pooled, Standing};
pub use answer::answer;
pub use compare::{Comparison, Pair};
pub use score::Scoring;
pub use tasks::{Group, Label, Lost, Task, Tasks};

/// Maximum length of a folder name from [`folder_name`], in characters.
const LONGEST: usize = 80;

/// All data of the page over several experiments.
pub struct CrossTask {
    /// The experiments and their labels.
    pub tasks: Tasks,
    /// Labels that all tasks have, the best mean rank first.
    pub standings: Vec<Standing>,
    /// The pooled labels of each group of tasks with one metric, in the order of `standings`.
    pub pooled: Vec<Vec<Pooled>>,
    /// Probabilities of improvement of every pair of labels that all tasks have, over all tasks.
    pub improvements: Vec<Improvement>,
    /// Tests of the same pairs, within each group.
    pub comparison: Comparison,
    /// The way in which scores are computed.
    pub scoring: Scoring,
}

impl CrossTask {
    /// Computes the comparison of these experiments, independent of their order.
    pub fn of(analyses: Vec<Analysis>) -> Self {
        let tasks = Tasks::of(analyses);
        let standings = aggregate::standings(&tasks);
        let order: Vec<usize> = standings.iter().map(|s| s.label).collect();
        let pooled = tasks
            .groups
            .iter()
            .map(|group| order.par_iter().map(|&l| aggregate::pooled(&tasks, group, l)).collect())
            .collect();
        let improvements = aggregate::improvements(&tasks, &order);
        let comparison = compare::compare(&tasks, &order);
        let scoring = Scoring::default();
        CrossTask { tasks, standings, pooled, improvements, comparison, scoring }
    }
}

/// Writes `index.html`, `REPORT.md`, `figures/` and `tables/` over the experiments in `dirs` into
/// `out`. Writes nothing into `dirs`; see [`crate::open()`] for what is read there. The bytes do
/// not depend on the order of the experiments.
///
/// # Errors
/// A file cannot be read or written, or a figure cannot be drawn.
pub fn cross_task(dirs: &[ReportDir], out: &Path) -> Result<Rendered, ReportError> {
    let opened: Result<Vec<Opened>, ReportError> =
        dirs.iter().map(|dir| reading::open(dir, files::plan(dir)?)).collect();
    cross_task_of(opened?, out)
}

/// Writes the page as [`cross_task`] does, over reports that were already read.
///
/// # Errors
/// A file cannot be written, or a figure cannot be drawn.
pub fn cross_task_of(opened: Vec<Opened>, out: &Path) -> Result<Rendered, ReportError> {
    let (all, warnings) = gathered(opened);
    write(&all, warnings, out)
}

/// Combines reports into tasks, and returns them with the warnings for the reader.
pub fn gathered(opened: Vec<Opened>) -> (CrossTask, Vec<String>) {
    let named = |o: &Opened| {
        let name = o.analysis.plan.name.clone();
        o.warnings.iter().map(|w| format!("{name}: {w}")).collect::<Vec<_>>()
    };
    let mut warnings: Vec<String> = opened.iter().flat_map(named).collect();
    // The order must not depend on that of the arguments.
    warnings.sort();
    (CrossTask::of(opened.into_iter().map(|o| o.analysis).collect()), warnings)
}

/// Writes the page over analysed experiments, with warnings on it.
///
/// # Errors
/// A file cannot be written, or a figure cannot be drawn.
pub fn write(
    all: &CrossTask,
    mut warnings: Vec<String>,
    out: &Path,
) -> Result<Rendered, ReportError> {
    let drawn: Result<Vec<Drawn>, ReportError> =
        figures::all(all).into_par_iter().map(page::draw).collect();
    let drawn = drawn?;
    let tables = tables::Tables::of(all);
    let pages = (
        html::page(all, &drawn, &tables, &warnings),
        markdown::report(all, &drawn, &tables, &warnings),
    );
    let known = (&figures::NAMES[..], &tables::NAMES[..]);
    let written = page::write(&ReportDir::new(out), pages, &drawn, tables.filled(), known)?;
    warnings.extend(page::unseen(&drawn));
    Ok(Rendered { written, warnings, ..Rendered::default() })
}

/// Returns the folder name for experiments: their names in ascending order, as `a+b`. Characters
/// that are unsafe in a folder name become `-`. If a name was changed or shortened, a hash of the
/// names keeps the result unique.
pub fn folder_name(names: &[String]) -> String {
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.sort_unstable();
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let safe = |name: &&str| -> String {
        let text = name.chars().map(|c| if fine(c) { c } else { '-' }).collect::<String>();
        // A leading dot hides a folder, or leaves it.
        text.strip_prefix('.').map(|rest| format!("-{rest}")).unwrap_or(text)
    };
    let changed = names.iter().any(|n| safe(n) != *n || n.is_empty());
    let joined = names.iter().map(safe).collect::<Vec<_>>().join("+");
    if joined.len() <= LONGEST && !changed {
        return joined;
    }
    // Lengths are included so that no two lists of names give the same text.
    let text: String = names.iter().map(|n| format!("{} {n}\n", n.len())).collect();
    let hash = HEXLOWER.encode(&Sha256::digest(text.as_bytes())[..6]);
    let kept = &joined[..joined.len().min(LONGEST - 1 - hash.len())];
    format!("{}-{hash}", kept.trim_end_matches(['+', '-', '.']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(names: &[&str]) -> String {
        folder_name(&names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn folders_are_named_after_the_experiments_in_any_order() {
        assert_eq!(name(&["b", "a_1", "c-2"]), "a_1+b+c-2");
        assert_eq!(name(&["c-2", "b", "a_1"]), name(&["b", "a_1", "c-2"]));
        assert_eq!(name(&["a", "a"]), "a+a");
    }

    #[test]
    fn names_that_are_long_or_no_folder_names_are_told_apart_by_a_hash() {
        let long: Vec<String> = (0..9).map(|i| format!("an-experiment-{i}")).collect();
        let (all, fewer) = (folder_name(&long), folder_name(&long[..8]));
        assert_ne!(all, fewer);
        assert!(all.len() <= LONGEST && all.starts_with("an-experiment-0+"), "{all}");
        for hostile in ["../../etc", "..", "a/b", "", "\u{202e}x\n"] {
            let text = name(&[hostile, "b"]);
            let folder = std::path::Path::new(&text);
            assert_eq!(folder.components().count(), 1, "{text}");
            assert!(!text.starts_with('.') && !text.contains(['/', '\n']), "{text}");
            assert_ne!(text, name(&["-", "b"]), "{hostile}");
        }
        assert_ne!(name(&["a+b", "c"]), name(&["a", "b+c"]));
    }
}
