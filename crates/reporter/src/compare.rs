//! `compare`: compares two reports, run by run.

use std::path::{Component, Path, PathBuf};

use regression::render::{Title, render};
use regression::{Against, judge};
use runner::cli::CompareArgs;
use runner::commands::folder;
use runner::error::bad_input;
use runner::exit::Exit;
use runner::text;
use runner::workspace::Workspace;
use spec::regress_settings::RegressSettings;
use store::layout::ReportDir;

use crate::regress::{exit, side};
use crate::reported;

/// Judges B against A by the `[regress]` settings of B's plan, else of A's, else the defaults.
pub(crate) fn compare(workspace: &Workspace, args: &CompareArgs) -> runner::Result<Exit> {
    let (before, accepted) = side(workspace, &args.a)?;
    let (after, _) = side(workspace, &args.b)?;
    let sides = [&args.a, &args.b];
    let names = sides.map(|path| name(path));
    let output = match &args.output {
        Some(output) => {
            free(workspace, output)?;
            output.clone()
        }
        None => workspace.report("compare").path().join(folder_name(&names, sides)),
    };
    let dir = ReportDir::new(&output);
    let settings = settings(workspace, args);
    let against = Against { before: Some(before), accepted, ..Against::default() };
    let judged = judge(&after, against, &settings);
    // Sides of the same name are distinguished by their paths.
    let [a, b] = if names[0] == names[1] { sides.map(|p| workspace.relative(p)) } else { names };
    render(&judged, &dir, &Title::Comparison { a, b }).map_err(reported)?;
    text::output!("{}", text::plain(&regression::text::headline(&judged)));
    text::output!("comparison: {}", workspace.relative(&dir.html()));
    Ok(exit(judged.verdict))
}

/// Returns the name of a side: that of its folder, or of its file without the extension.
fn name(path: &Path) -> String {
    // Canonical, because `.` and `..` have no file name.
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let name = if whole.is_dir() { whole.file_name() } else { whole.file_stem() };
    name.map_or_else(|| whole.display().to_string(), |s| s.to_string_lossy().into_owned())
}

/// Returns `<A>..<B>`, in the order given. Sides of the same name add a hash of their paths, so
/// that such comparisons have different folders.
fn folder_name(names: &[String; 2], sides: [&PathBuf; 2]) -> String {
    let [a, b] = names.each_ref().map(|n| report::cross_task::folder_name(std::slice::from_ref(n)));
    if names[0] != names[1] {
        return format!("{a}..{b}");
    }
    let mut hash = blake3::Hasher::new();
    for side in sides {
        let whole = side.canonicalize().unwrap_or_else(|_| side.clone());
        hash.update(whole.as_os_str().as_encoded_bytes());
        // No path contains a 0 byte, so different pairs of paths never give the same bytes.
        hash.update(&[0]);
    }
    format!("{a}..{b}-{}", &hash.finalize().to_hex()[..8])
}

/// Refuses an output folder that contains anything but a comparison.
fn free(workspace: &Workspace, output: &Path) -> runner::Result<()> {
    let refuse = |what: &str| {
        let text = format!("--output {} {what}\n  give a folder of its own", output.display());
        Err(bad_input(text))
    };
    let whole = resolved(output);
    for kept in ["history", "baselines", "gallery"] {
        if whole.starts_with(resolved(workspace.report(kept).path())) {
            return refuse(&format!("is in reports/{kept}, which holds other files"));
        }
    }
    if !output.exists() {
        return Ok(());
    }
    if ReportDir::new(output).plan().exists() {
        return refuse("is the report of an experiment");
    }
    if !output.is_dir() {
        return refuse("is not a folder");
    }
    if output.join("comparison.json").is_file() || output.read_dir()?.next().is_none() {
        return Ok(());
    }
    refuse("contains files that are not a comparison")
}

/// Resolves links, `.` and `..` of a path whose last parts need not exist.
fn resolved(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let mut out = PathBuf::new();
    for part in absolute.components() {
        match part {
            Component::ParentDir => {
                out.pop();
            }
            part => out.push(part),
        }
        out = out.canonicalize().unwrap_or(out);
    }
    out
}

/// Returns the settings of B's plan, else of A's, else the defaults.
fn settings(workspace: &Workspace, args: &CompareArgs) -> RegressSettings {
    [&args.b, &args.a]
        .into_iter()
        .filter_map(|path| folder::folder_of(workspace, path).ok())
        .find_map(|dir| store::plan(&dir).ok())
        .map(|plan| plan.regress)
        .unwrap_or_default()
}
