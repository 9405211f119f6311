//! `external`: compares published and computed numbers with ours, for `cargo xtask external`, which
//! first trains the sweeps and runs the programs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use report::external::{self, Published, Section, Sources, Tally, Trained};
use runner::cli::ExternalArgs;
use runner::commands::folder::warn;
use runner::commands::load_plan;
use runner::error::{Context as _, bad_input};
use runner::exit::Exit;
use runner::text;
use runner::workspace::Workspace;
use serde_json::json;
use spec::{DatasetName, DatasetSpec};

use crate::reported;

/// Folder of the files of published numbers, relative to the root.
const FOLDER: &str = "experiments/external";

/// A file of published numbers.
struct File {
    name: String,
    path: PathBuf,
    published: Published,
}

impl File {
    /// Returns the sweep file of a stem, in the folder of this file.
    fn sweep(&self, stem: &str) -> PathBuf {
        self.path.with_file_name(format!("{stem}.toml"))
    }
}

/// Judges the named files, or all, and writes the page; or prints what they need.
pub(crate) fn external(workspace: &Workspace, args: &ExternalArgs) -> runner::Result<Exit> {
    let folder = args.folder.clone().unwrap_or_else(|| workspace.root().join(FOLDER));
    let files = read(workspace, &folder, &args.names)?;
    if args.needs {
        text::output!("{}", needs(workspace, &files)?);
        return Ok(Exit::Ok);
    }
    let trained = trained(workspace, &files)?;
    let mut sections = Vec::new();
    for file in &files {
        sections.push(judged(workspace, file, &trained)?);
    }
    let whole = workspace.report("external");
    let output = args.output.clone().unwrap_or_else(|| match args.names.is_empty() {
        true => whole.path().to_path_buf(),
        false => whole.path().join(report::cross_task::folder_name(&args.names)),
    });
    let written = external::write(&sections, &output).map_err(reported)?;
    warn(&written.warnings);
    for line in external::misses(&sections) {
        text::output!("{}", text::plain(&line));
    }
    text::output!("{}", text::plain(&external::headline(&sections)));
    text::output!("published numbers: {}", workspace.relative(&output.join("index.html")));
    let counts = Tally::of(&sections).both();
    Ok(match (counts.differ, counts.skipped) {
        (0, 0) => Exit::Ok,
        (0, _) => Exit::Incomplete,
        _ => Exit::VerificationFailed,
    })
}

/// Reads the named files of a folder, or all, in the order of their names.
fn read(workspace: &Workspace, folder: &Path, names: &[String]) -> runner::Result<Vec<File>> {
    let shown = workspace.relative(folder);
    let listed = std::fs::read_dir(folder).with_context(|| format!("cannot read {shown}"))?;
    let mut paths = BTreeMap::new();
    for entry in listed {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            paths.insert(stem, path);
        }
    }
    if let Some(unknown) = names.iter().find(|name| !paths.contains_key(*name)) {
        let known = paths.keys().cloned().collect::<Vec<_>>().join(", ");
        return Err(bad_input(format!(
            "{shown} has no published numbers `{unknown}`\n  available: {known}"
        )));
    }
    paths.retain(|name, _| names.is_empty() || names.contains(name));
    if paths.is_empty() {
        return Err(bad_input(format!(
            "{shown} has no file of published numbers\n  give the folder that has them: --folder DIR"
        )));
    }
    let one = |(name, path): (String, PathBuf)| {
        let published = external::read(&path).map_err(reported)?;
        Ok(File { name, path, published })
    };
    paths.into_iter().map(one).collect()
}

/// Returns what has to run before the files can be judged, as one line of JSON: the sweep files
/// that exist together with their data, and the names of programs.
fn needs(workspace: &Workspace, files: &[File]) -> runner::Result<serde_json::Value> {
    let mut sweeps = BTreeSet::new();
    for path in files.iter().flat_map(|f| f.published.sweeps.iter().map(|stem| f.sweep(stem))) {
        if path.is_file() && absent(workspace, &path)?.is_none() {
            sweeps.insert(workspace.relative(&path));
        }
    }
    let programs: BTreeSet<&str> = files
        .iter()
        .filter_map(|file| Some(file.published.program.as_ref()?.name.as_str()))
        .collect();
    Ok(json!({ "sweeps": sweeps, "programs": programs }))
}

/// Finds a dataset of a sweep file that has to be fetched first; `None` if all files exist.
fn absent(workspace: &Workspace, path: &Path) -> runner::Result<Option<DatasetName>> {
    let there = |name: &DatasetName| {
        let folder = workspace.data().join(name.name());
        name.info().files.iter().all(|file| {
            let raw = file.raw().is_some_and(|raw| folder.join(raw).is_file());
            raw || folder.join(file.name).is_file()
        })
    };
    let plan = load_plan(workspace, path, &[], false)?.plan;
    let named = plan.runs.iter().filter_map(|run| match &run.spec.data.dataset {
        DatasetSpec::Builtin(name) => Some(*name),
        _ => None,
    });
    Ok(named.into_iter().find(|name| !there(name)))
}

/// Reads the plan and the records of every named sweep file that exists, by path.
fn trained(workspace: &Workspace, files: &[File]) -> runner::Result<BTreeMap<PathBuf, Trained>> {
    let mut out = BTreeMap::new();
    for file in files {
        for stem in &file.published.sweeps {
            let path = file.sweep(stem);
            if !path.is_file() || out.contains_key(&path) {
                continue;
            }
            let plan = load_plan(workspace, &path, &[], false)?.plan;
            let dir = workspace.report(&plan.name);
            let mut journal = store::journal::read(&dir)?;
            warn(&std::mem::take(&mut journal.warnings));
            let on = store::plan(&dir).ok().and_then(|stored| stored.computed_on);
            let records = journal.into_best_for(on.as_ref());
            let remedy = match absent(workspace, &path)? {
                Some(name) => format!("cargo xtask fetch {name}"),
                None => format!("cargo xtask sweep {}", workspace.relative(&path)),
            };
            out.insert(path, Trained { plan, records, remedy });
        }
    }
    Ok(out)
}

/// Judges one file.
fn judged<'a>(
    workspace: &Workspace,
    file: &'a File,
    trained: &BTreeMap<PathBuf, Trained>,
) -> runner::Result<Section<'a>> {
    let of = |stem: &'a String| Some((stem.as_str(), trained.get(&file.sweep(stem))?));
    let sweeps = file.published.sweeps.iter().filter_map(of).collect();
    let program = match &file.published.program {
        Some(program) => external::pairs(&printed(workspace, &program.name))?,
        None => None,
    };
    external::check(&file.name, &file.published, &Sources { sweeps, program })
        .map_err(|problem| bad_input(format!("{}: {problem}", workspace.relative(&file.path))))
}

/// Returns the file with the rows that a program printed.
fn printed(workspace: &Workspace, program: &str) -> PathBuf {
    workspace.report("external").path().join("programs").join(format!("{program}.json"))
}
