//! `compare`: two reports, run by run.

use report::regress::render::{Title, render};
use report::regress::{Against, judge, words};
use spec::layout::ReportDir;
use spec::regress_settings::RegressSettings;

use super::regress::{exit, side};
use crate::cli::CompareArgs;
use crate::exit::{Exit, bad_input};
use crate::text;
use crate::workspace::Workspace;

/// Judges B against A, by the settings of B's sweep file where it has one.
pub(super) fn compare(workspace: &Workspace, args: &CompareArgs) -> anyhow::Result<Exit> {
    let (before, accepted) = side(workspace, &args.a)?;
    let (after, _) = side(workspace, &args.b)?;
    let names = [&args.a, &args.b].map(|path| name(path));
    let output = args.output.clone().unwrap_or_else(|| {
        let folder = report::together::folder_name(&names);
        // In the order given: A..B is not B..A.
        let folder = if names[0] <= names[1] { folder } else { format!("{folder}-reversed") };
        workspace.report("compare").path().join(folder)
    });
    let dir = ReportDir::new(&output);
    if dir.plan().exists() {
        return Err(bad_input(format!(
            "--output {} is the report of an experiment\n  give a folder of its own",
            output.display()
        )));
    }
    let settings = settings(workspace, args);
    let against = Against { before, accepted, history: Vec::new() };
    let judged = judge(&after, against, &settings);
    let [a, b] = names;
    render(&judged, &dir, &Title::Comparison { a, b })?;
    text::out!("{}", text::plain(&words::headline(&judged)));
    text::out!("comparison: {}", workspace.relative(&dir.html()));
    Ok(exit(judged.verdict))
}

/// What a side is called: the file's or folder's name without its ending.
fn name(path: &std::path::Path) -> String {
    path.file_stem()
        .map_or_else(|| path.display().to_string(), |s| s.to_string_lossy().into_owned())
}

/// Settings of B's plan, else of A's, else the defaults.
fn settings(workspace: &Workspace, args: &CompareArgs) -> RegressSettings {
    [&args.b, &args.a]
        .into_iter()
        .filter_map(|path| super::report::folder_of(workspace, path).ok())
        .find_map(|dir| report::plan(&dir).ok())
        .map(|plan| plan.regress)
        .unwrap_or_default()
}
