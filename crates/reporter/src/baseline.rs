//! `baseline`: accepts and shows the night that later nights are compared with.

use std::path::Path;

use regression::baseline::{self, Accepted, BASELINE_VERSION};
use runner::cli::BaselineCommand;
use runner::commands::{self, folder};
use runner::error::bad_input;
use runner::exit::Exit;
use runner::workspace::Workspace;
use runner::{clock, lock, text};
use store::layout::ReportDir;
use sweep_file::Overrides;
use text_format::plural;

use crate::regress::{baseline_folder, edited, night_of, unlike};
use crate::reported;

/// Runs a subcommand of `baseline`.
pub(crate) fn baseline(workspace: &Workspace, command: &BaselineCommand) -> runner::Result<Exit> {
    match command {
        BaselineCommand::Accept { file, reason, baseline, incomplete } => {
            accept(workspace, file, reason, baseline.as_deref(), *incomplete)
        }
        BaselineCommand::Show { file } => show(workspace, file),
    }
}

fn accept(
    workspace: &Workspace,
    file: &Path,
    reason: &str,
    folder: Option<&Path>,
    incomplete: bool,
) -> runner::Result<Exit> {
    if reason.trim().is_empty() {
        return Err(bad_input(
            "--reason is empty\n  say in a sentence why these results are right",
        ));
    }
    let dir = folder::folder_of(workspace, file)?;
    if let Some(holder) = lock::holder(&dir) {
        return Err(bad_input(format!(
            "a sweep is writing to {}: {holder}\n  wait for it to end",
            dir.path().display()
        )));
    }
    if let Some(edited) = edited(workspace, file, &dir)? {
        let there = workspace.relative(dir.path());
        return Err(bad_input(format!(
            "{edited}\n  run the sweep: cargo xtask sweep {}; or accept what was trained: give {there} instead of the file",
            file.display()
        )));
    }
    if let Some(why) = unlike_plain_nights(workspace, file, &dir)? {
        return Err(bad_input(why));
    }
    let night = night_of(&dir)?;
    let without = night.runs.iter().filter(|r| !r.is_done()).count();
    if without == night.runs.len() {
        return Err(bad_input(format!(
            "{} has no results\n  run the sweep first: cargo xtask sweep {}",
            dir.path().display(),
            file.display()
        )));
    }
    if without > 0 && !incomplete {
        return Err(bad_input(format!(
            "{without} of {} {} no result, so every night against this baseline would be incomplete\n  \
             run the sweep again, or accept it anyway with --incomplete",
            plural::count(night.runs.len(), "run"),
            plural::has_or_have(without),
        )));
    }
    if night.facts.dirty == Some(true) {
        text::status!("warning: it was trained from sources that differ from the commit");
    }
    let accepted = Accepted {
        v: BASELINE_VERSION,
        accepted: clock::now(),
        reason: reason.trim().to_owned(),
        commit: night.facts.commit.clone(),
        dirty: night.facts.dirty,
        night: night.facts.started.clone(),
        runs: night.runs.len() - without,
    };
    let folder = match folder {
        Some(folder) => folder.to_path_buf(),
        None => baseline_folder(workspace, &night.facts.experiment),
    };
    let written = baseline::write(&folder, &night, &accepted).map_err(reported)?;
    let bytes: u64 = written.iter().filter_map(|f| Some(f.metadata().ok()?.len())).sum();
    text::output!(
        "baseline of {}: {}, {} in {}\ncommit it to keep it",
        text::plain(&night.facts.experiment),
        plural::count(accepted.runs, "run"),
        kilobytes(bytes),
        workspace.relative(&folder),
    );
    Ok(Exit::Ok)
}

/// Describes the options by which the runs of the last sweep differ from those of a plain night.
/// `None` if no option does, or if `file` is a folder.
fn unlike_plain_nights(
    workspace: &Workspace,
    file: &Path,
    dir: &ReportDir,
) -> runner::Result<Option<String>> {
    let trained = store::plan(dir)?;
    if file.is_dir() || trained.overrides.is_empty() {
        return Ok(None);
    }
    let plain = Overrides { environment: commands::environment(), ..Overrides::default() };
    let mut plain = commands::load_plan_with(workspace, file, &plain)?.plan;
    runner::stages::recall(&mut plain, Some(&trained));
    let (missing, other) = unlike(&plain, &trained);
    let there = workspace.relative(dir.path());
    Ok((missing + other > 0).then(|| {
        format!(
            "the last sweep was started with {}: {missing} of the {} of {} are missing from {there}, which has {other} \
             others, so every plain night against this baseline would be incomplete\n  \
             run it without these options; or accept what was trained: give {there} instead of the file",
            text::plain(&trained.overrides.join(" ")),
            plural::count(plain.runs.len(), "run"),
            file.display(),
        )
    }))
}

fn kilobytes(bytes: u64) -> String {
    format!("{} KB", bytes.div_ceil(1000))
}

fn show(workspace: &Workspace, file: &Path) -> runner::Result<Exit> {
    let folder = if baseline::is_baseline(file) {
        file.to_path_buf()
    } else {
        let name = match file.is_dir() {
            true => store::plan(&folder::folder_of(workspace, file)?)?.name,
            false => sweep_file::name(file)?,
        };
        baseline_folder(workspace, &name)
    };
    if !baseline::is_baseline(&folder) {
        return Err(bad_input(format!(
            "no baseline is accepted: there is no {}\n  \
             record one: cargo xtask baseline accept {} --reason \"...\"",
            workspace.relative(&folder.join("night.parquet")),
            file.display()
        )));
    }
    let (night, accepted) = baseline::read(&folder).map_err(reported)?;
    text::output!("{}: {}", text::plain(&night.facts.experiment), text::plain(&accepted.reason));
    text::output!("accepted {}, trained {}", accepted.accepted, accepted.night);
    let commit = night.facts.commit_short().unwrap_or_else(|| "no commit".to_owned());
    text::output!(
        "{commit}, {} of {} with a result",
        accepted.runs,
        plural::count(night.runs.len(), "run")
    );
    let machine: Vec<&str> = night.facts.machine().into_iter().flatten().collect();
    text::output!("{}", text::plain(&machine.join(", ")));
    Ok(Exit::Ok)
}
