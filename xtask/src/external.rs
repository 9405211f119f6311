//! `cargo xtask external`: comparison with published numbers. It trains the sweeps that the
//! files in `experiments/external` name, runs the comparison programs whose Python packages are
//! installed, and has `sweep external` judge the results on one page.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, Result, bail};
use clap::ArgMatches;
use serde_json::Value;

use crate::arguments::{flag, positionals, values_of, verb};
use crate::venv::{self, Environment};
use crate::{build, libtorch};

/// Folder of the page and of the programs' output.
const REPORT: &str = "reports/external";
/// Folder of the copy of the page that is kept.
const GALLERY: &str = "reports/gallery/external";

/// Exit code of a sweep with failed runs; the rows that need them mention it.
const RUNS_FAILED: i32 = 3;

/// Exit codes of `sweep external` if it wrote the page: all agree, some were skipped, some
/// differ.
const JUDGED: [i32; 3] = [0, 5, 6];

/// A program that measures both sides of some rows.
struct Program {
    /// Its name in the files of published numbers.
    name: &'static str,
    /// The script, below the root.
    script: &'static str,
    /// The Python environment that it needs.
    environment: &'static Environment,
}

const PROGRAMS: [Program; 1] =
    [Program { name: "parity", script: "xtask/python/parity.py", environment: &venv::TORCH }];

/// The parsed command line.
#[derive(Debug, PartialEq)]
pub(crate) struct Request {
    /// Files of published numbers; if empty, all.
    names: Vec<String>,
    /// Whether to keep a copy of the page in the gallery.
    keep: bool,
    /// Whether to create the environment with PyTorch if it is missing.
    with_torch: bool,
}

/// Declares the verb.
pub(crate) fn declare() -> clap::Command {
    let keep = flag("keep", "keep a copy of the page with all files in the gallery");
    verb("external", "compare with published numbers: train, judge, write reports/external")
        .arg(positionals("name", "NAME", "files of published numbers (default: all)"))
        .arg(flag("with-torch", "create the environment with PyTorch if it is missing"))
        .arg(keep.conflicts_with("name"))
}

impl Request {
    /// Reads the parsed arguments.
    pub(crate) fn from_matches(matches: &ArgMatches) -> Request {
        Request {
            names: values_of(matches, "name"),
            keep: matches.get_flag("keep"),
            with_torch: matches.get_flag("with-torch"),
        }
    }
}

/// Trains, measures and judges. Returns the exit code of `sweep external`, or of a sweep that
/// could not be trained.
///
/// # Errors
/// A program cannot be built or started, or fails.
pub(crate) fn external(root: &Path, request: &Request) -> Result<ExitCode> {
    let sweep = build::sweep(root)?;
    let judge = |flags: &[&str]| {
        let mut command = Command::new(&sweep);
        command.arg("external").args(&request.names).args(flags).current_dir(root);
        command
    };
    // Asked first, so that an invalid file is rejected before anything is trained.
    let answer = judge(&["--needs"]).stderr(Stdio::inherit()).output();
    let answer = answer.with_context(|| format!("cannot start {}", sweep.display()))?;
    if !answer.status.success() {
        return Ok(exit_code(answer.status.code()));
    }
    let (sweeps, programs) = needs(&String::from_utf8_lossy(&answer.stdout))?;
    for file in &sweeps {
        eprintln!("\nxtask: external: {file}");
        let status = Command::new(std::env::current_exe()?)
            .args(["sweep", file])
            .current_dir(root)
            .status()
            .context("cannot start xtask")?;
        if !matches!(status.code(), Some(0 | RUNS_FAILED)) {
            return Ok(exit_code(status.code()));
        }
    }
    for name in &programs {
        measure(root, name, request.with_torch)?;
    }
    eprintln!();
    let status = judge(&[]).status()?;
    if request.keep && matches!(status.code(), Some(code) if JUDGED.contains(&code)) {
        keep(root)?;
    }
    Ok(exit_code(status.code()))
}

fn exit_code(code: Option<i32>) -> ExitCode {
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

/// Returns the sweep files and the programs of the answer to `sweep external --needs`.
fn needs(answer: &str) -> Result<(Vec<String>, Vec<String>)> {
    let not = || format!("`sweep external --needs` answered `{}`", answer.trim());
    let value: Value = serde_json::from_str(answer).with_context(not)?;
    let list = |name: &str| -> Result<Vec<String>> {
        let items = value[name].as_array().with_context(not)?;
        items.iter().map(|item| item.as_str().map(str::to_owned).with_context(not)).collect()
    };
    Ok((list("sweeps")?, list("programs")?))
}

/// Runs a program if its Python packages are installed, and keeps its output beside the page.
/// Earlier output is removed first, since it may be of another worker.
fn measure(root: &Path, name: &str, make: bool) -> Result<()> {
    let Some(program) = PROGRAMS.iter().find(|program| program.name == name) else {
        let known = PROGRAMS.map(|program| program.name).join(", ");
        bail!("a file of published numbers names the program `{name}`; known programs: {known}");
    };
    let printed = root.join(REPORT).join(format!("programs/{name}.json"));
    if printed.exists() {
        fs::remove_file(&printed)
            .with_context(|| format!("cannot remove {}", printed.display()))?;
    }
    let python = match (venv::ready(root, program.environment), make) {
        (Some(python), _) => python,
        (None, true) => venv::python(root, program.environment)?,
        (None, false) => {
            eprintln!(
                "xtask: external: skipping {}: its Python packages are not installed",
                program.script
            );
            return Ok(());
        }
    };
    eprintln!("\nxtask: external: {}", program.script);
    let worker = build::libtorch_worker(root, &libtorch::provision(root, libtorch::Kind::Cpu)?)?;
    let mut command = Command::new(python);
    command.arg(root.join(program.script)).arg("--worker").arg(worker);
    command.arg("--data").arg(root.join("data")).arg("--json").arg(&printed);
    build::run(command.env("PYTHONDONTWRITEBYTECODE", "1").current_dir(root))
}

/// Copies the page with its figures and tables into the gallery and replaces an earlier copy.
fn keep(root: &Path) -> Result<()> {
    let (from, to) = (root.join(REPORT), root.join(GALLERY));
    if to.exists() {
        fs::remove_dir_all(&to).with_context(|| format!("cannot empty {}", to.display()))?;
    }
    for file in files(&from)? {
        let target = to.join(file.strip_prefix(&from)?);
        fs::create_dir_all(target.parent().context("a file has a folder")?)?;
        fs::copy(&file, &target).with_context(|| format!("cannot write {}", target.display()))?;
    }
    eprintln!("xtask: copied the page to {GALLERY}");
    Ok(())
}

/// Returns the files of the page: HTML, Markdown, figures and tables. Pages of single files of
/// published numbers are in other folders beside them.
fn files(report: &Path) -> Result<Vec<PathBuf>> {
    let mut files = vec![report.join("index.html"), report.join("REPORT.md")];
    for folder in ["figures", "tables"].map(|name| report.join(name)) {
        if folder.is_dir() {
            for entry in fs::read_dir(&folder)? {
                files.push(entry?.path());
            }
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::{parse_line, refused};

    #[test]
    fn names_and_flags_are_told_apart() {
        let parse = |line| Request::from_matches(&parse_line(declare(), line).unwrap());
        let names = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
        assert_eq!(
            parse("algoperf --with-torch torch_parity"),
            Request { names: names(&["algoperf", "torch_parity"]), keep: false, with_torch: true }
        );
        assert!(parse("--keep").keep);
        assert!(refused(declare(), "--kepe").contains("`--kepe`"));
        assert!(refused(declare(), "algoperf --keep").contains("NAME together with --keep"));
    }

    #[test]
    fn an_answer_that_is_not_the_protocol_is_shown() {
        let (sweeps, programs) =
            needs("{\"programs\":[\"parity\"],\"sweeps\":[\"a.toml\"]}\n").unwrap();
        assert_eq!((sweeps, programs), (vec!["a.toml".to_owned()], vec!["parity".to_owned()]));
        for answer in ["hello", "{\"programs\":[]}", "{\"programs\":[1],\"sweeps\":[]}"] {
            let message = format!("{:#}", needs(answer).unwrap_err());
            assert!(message.contains(answer), "{message}");
        }
    }

    #[test]
    fn every_program_of_the_files_is_known_and_there() {
        let root = build::root().unwrap();
        for program in &PROGRAMS {
            assert!(root.join(program.script).is_file(), "{}", program.script);
        }
        let mut named = 0;
        for entry in fs::read_dir(root.join("experiments/external")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "json") {
                let value: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
                let Some(name) = value["program"]["name"].as_str() else { continue };
                assert!(PROGRAMS.iter().any(|program| program.name == name), "{name}");
                named += 1;
            }
        }
        assert!(named > 0);
    }

    #[test]
    fn the_copy_is_the_page_without_what_lies_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let put = |path: &str, text: &str| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        for name in [
            "index.html",
            "REPORT.md",
            "figures/a.svg",
            "tables/a.csv",
            "programs/parity.json",
            "one/index.html",
        ] {
            put(&format!("{REPORT}/{name}"), name);
        }
        put(&format!("{GALLERY}/figures/old.svg"), "old");
        keep(root).unwrap();
        let kept: Vec<PathBuf> = files(&root.join(GALLERY)).unwrap();
        assert_eq!(kept.len(), 4, "{kept:?}");
        assert_eq!(
            fs::read_to_string(root.join(GALLERY).join("figures/a.svg")).unwrap(),
            "figures/a.svg"
        );
        assert!(!root.join(GALLERY).join("programs").exists());
        assert!(!root.join(GALLERY).join("one").exists());
    }
}
