//! `cargo xtask bench`: speed of training compared with PyTorch and with the bare matrix
//! products, and the overhead of the engine.
//!
//! A part measures one thing and has its goals. Everything is built before the first part
//! begins, so that no compiler runs during a measurement. The engine is measured from outside,
//! as users run it: the built `sweep` is started on a sweep file in a separate workspace, and
//! its journal is read.

mod artifact;
mod built;
mod cluster;
mod document;
mod epoch;
mod gpu;
mod journal;
mod machine;
mod micro;
mod models;
mod overhead;
mod plan;
mod report;
mod request;
mod sandbox;
mod series;
mod settings;
mod stats;
mod subject;
mod sweep;
mod timeout;
mod worker;

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail};

use built::Built;
use document::Section;
use request::{PARTS, Part};
pub(crate) use request::{Request, declare};

/// The inputs of a part.
struct Setup<'a> {
    root: &'a Path,
    built: &'a Built,
    /// Value of `--repetitions`.
    repetitions: Option<usize>,
    quick: bool,
    full: bool,
}

impl Setup<'_> {
    /// Returns the number of measurements, of which a part makes `usual` by default.
    fn repetitions(&self, usual: usize) -> usize {
        self.repetitions.unwrap_or(if self.quick { 1 } else { usual })
    }
}

/// The results of a part.
struct Measured {
    /// Tables in Markdown.
    table: String,
    /// One line for each missed goal.
    missed: Vec<String>,
    goals: usize,
}

impl Measured {
    /// Puts another table before its own.
    fn after(self, table: &str) -> Measured {
        Measured { table: format!("{table}\n{}", self.table), ..self }
    }
}

/// Measures and prints Markdown tables; with `--check` fails if a goal is missed.
pub(crate) fn bench(root: &Path, request: &Request) -> Result<ExitCode> {
    let parts: Vec<&Part> = request.parts.iter().map(|&part| &PARTS[part]).collect();
    let built = Built::make(parts.iter().flat_map(|part| part.needs).copied(), root);
    let setup = Setup {
        root,
        built: &built,
        repetitions: request.repetitions,
        quick: request.quick,
        full: request.full,
    };
    let about = about(root, request.quick);
    println!("{about}\n");
    let (mut sections, mut missed, mut goals) = (Vec::new(), Vec::new(), 0);
    for part in parts {
        let (section, measured) = section(part, &setup);
        println!("{}", section.markdown());
        sections.push(section);
        if let Some(measured) = measured {
            missed.extend(measured.missed.into_iter().map(|line| format!("{}: {line}", part.name)));
            goals += measured.goals;
        }
        // Written after each part, so that a later failure loses nothing.
        if let Some(file) = &request.output {
            fs::write(file, document::document(&about, &sections))
                .with_context(|| format!("cannot write {}", file.display()))?;
        }
        if request.write_readme {
            write_readme(root, &about, &sections)?;
        }
    }
    for line in &missed {
        println!("{line}");
    }
    let failed: Vec<&str> = sections.iter().filter(|s| s.found.is_err()).map(|s| s.name).collect();
    if !failed.is_empty() {
        bail!("these parts failed, see above: {}", failed.join(", "));
    }
    if request.check && !missed.is_empty() {
        bail!("{} of {goals} goals missed", missed.len());
    }
    Ok(ExitCode::SUCCESS)
}

/// Measures one part; its section contains any error.
fn section(part: &Part, setup: &Setup) -> (Section, Option<Measured>) {
    let disturbed = machine::disturbance();
    if let Some(disturbed) = &disturbed {
        eprintln!("xtask: {disturbed}");
    }
    let mut section = Section {
        name: part.name,
        title: part.title,
        page: part.page,
        found: Err(String::new()),
        goals: None,
        disturbed,
    };
    match (part.measure)(setup) {
        Ok(measured) => {
            section.found = Ok(measured.table.clone());
            section.goals = (measured.goals > 0)
                .then(|| (measured.goals - measured.missed.len(), measured.goals));
            (section, Some(measured))
        }
        Err(error) => {
            eprintln!("xtask: bench: {} failed: {error:#}", part.name);
            section.found = Err(format!("{error:#}"));
            (section, None)
        }
    }
}

fn write_readme(root: &Path, about: &str, sections: &[Section]) -> Result<()> {
    let mut pages: Vec<&str> = sections.iter().map(|section| section.page).collect();
    pages.dedup();
    for page in pages {
        let path = root.join(page);
        let old = fs::read_to_string(&path).context(page)?;
        let new = document::page(&old, page, about, sections)?;
        fs::write(&path, new).context(page)?;
    }
    Ok(())
}

/// Returns date, machine and commit of a measurement.
fn about(root: &Path, quick: bool) -> String {
    let git = |args: &[&str]| {
        let output = Command::new("git").args(args).current_dir(root).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = git(&["rev-parse", "--short=10", "HEAD"])
        .map_or(String::new(), |commit| format!(", commit {commit}"));
    let changed = match git(&["status", "--porcelain", "--untracked-files=no"]) {
        Some(changes) if !changes.is_empty() => " with changes",
        _ => "",
    };
    let quick = if quick { " Quick: one measurement each, not reliable." } else { "" };
    format!("{}, {}{commit}{changed}.{quick}", machine::today(), machine::description())
}

#[cfg(test)]
mod tests {
    use super::built::Artifact;
    use super::*;

    fn setup(built: &Built) -> Setup<'_> {
        Setup { root: Path::new("."), built, repetitions: None, quick: false, full: false }
    }

    fn part(measure: fn(&Setup) -> Result<Measured>) -> Part {
        Part { measure, ..PARTS[0] }
    }

    #[test]
    fn a_part_that_fails_is_told_of_and_one_that_measures_counts_its_goals() {
        let built = Built::make([], Path::new("."));
        let needs_more = part(|setup| {
            setup.built.get(Artifact::Torch)?;
            Ok(Measured { table: String::new(), missed: Vec::new(), goals: 0 })
        });
        let (failed, none) = section(&needs_more, &setup(&built));
        assert!(failed.found.unwrap_err().contains("Torch") && none.is_none());
        let (section, measured) = section(
            &part(|_| {
                let missed = vec!["missed: x".to_owned()];
                Ok(Measured { table: "| x |\n".to_owned(), missed, goals: 3 })
            }),
            &setup(&built),
        );
        assert_eq!((section.found.unwrap().as_str(), section.goals), ("| x |\n", Some((2, 3))));
        assert_eq!(measured.unwrap().goals, 3);
    }

    #[test]
    fn repetitions_are_those_asked_for_or_one_when_quick() {
        let built = Built::make([], Path::new("."));
        assert_eq!(setup(&built).repetitions(5), 5);
        assert_eq!(Setup { quick: true, ..setup(&built) }.repetitions(5), 1);
        let asked = Setup { repetitions: Some(7), quick: true, ..setup(&built) };
        assert_eq!(asked.repetitions(5), 7);
    }
}
