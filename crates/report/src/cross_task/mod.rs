//! Several experiments on one page: each is a task, and the optimizers that
//! occur in all of them are compared across tasks.
//!
//! What is pooled and what is not: ranks and probabilities of improvement have
//! no unit and are averaged over all tasks; values and differences have one,
//! and are pooled only over tasks that are judged by the same metric.

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

/// Longest name of a folder that [`folder_name`] gives, in characters.
const LONGEST: usize = 80;

/// Everything that the page over several experiments shows.
pub struct CrossTask {
    /// The experiments and their labels.
    pub tasks: Tasks,
    /// Labels that all tasks have, the best mean rank first.
    pub standings: Vec<Standing>,
    /// Of each group of tasks with one metric, the labels pooled.
    pub pooled: Vec<Vec<Pooled>>,
    /// Every pair of labels that all tasks have, over all tasks.
    pub improvements: Vec<Improvement>,
    /// The same pairs tested, within each group.
    pub comparison: Comparison,
    /// The way in which scores are computed.
    pub scoring: Scoring,
}

impl CrossTask {
    /// What follows from these experiments, in whatever order they are given.
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

/// Writes `index.html`, `REPORT.md`, `figures/` and `tables/` over the
/// experiments in `dirs` into `out`. Writes nothing into `dirs`: see [`crate::open()`]
/// for what is read there. The same experiments give the same bytes in whatever order.
///
/// # Errors
/// A file cannot be read or written, or a figure cannot be drawn.
pub fn cross_task(dirs: &[ReportDir], out: &Path) -> Result<Rendered, ReportError> {
    let opened: Result<Vec<Opened>, ReportError> =
        dirs.iter().map(|dir| reading::open(dir, files::plan(dir)?)).collect();
    cross_task_of(opened?, out)
}

/// As [`cross_task`], over reports that were read.
///
/// # Errors
/// A file cannot be written, or a figure cannot be drawn.
pub fn cross_task_of(opened: Vec<Opened>, out: &Path) -> Result<Rendered, ReportError> {
    let (all, warnings) = gathered(opened);
    write(&all, warnings, out)
}

/// Reports that were read, as tasks, and what the reader should know of them.
pub fn gathered(opened: Vec<Opened>) -> (CrossTask, Vec<String>) {
    let named = |o: &Opened| {
        let name = o.analysis.plan.name.clone();
        o.warnings.iter().map(|w| format!("{name}: {w}")).collect::<Vec<_>>()
    };
    let mut warnings: Vec<String> = opened.iter().flat_map(named).collect();
    // In the order of the page, not of the arguments.
    warnings.sort();
    (CrossTask::of(opened.into_iter().map(|o| o.analysis).collect()), warnings)
}

/// Writes the page over experiments that were analysed, with warnings on it.
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

/// The folder's name for experiments of these names: `a+b`, in ascending order,
/// whatever the order of `names`. Characters that a folder should not have
/// become `-`; what is cut or changed is told apart by a hash of the names.
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
    // Lengths first, so that no two lists of names give one text.
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
