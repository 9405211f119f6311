//! The parts of `run` and `cancel` for runs that are trained as tasks of a cluster.

use spec::slurm::SlurmSettings;
use store::layout::ReportDir;
use store::write_atomic;
use text_format::plural;

use super::gather;
use crate::cli::{LauncherChoice, RunArgs};
use crate::error::bad_input;
use crate::exit::Exit;
use crate::launcher::Work;
use crate::launcher::slurm::client::SlurmCommands;
use crate::launcher::slurm::files::Files;
use crate::launcher::slurm::watch::{Watched, watch};
use crate::launcher::slurm::{self, Slurm, active};
use crate::provenance::{self, SweepFacts};
use crate::workspace::Workspace;
use crate::{reporter, text};

/// Returns the launcher for Slurm; `None` without `--launcher slurm`.
///
/// # Errors
/// Bad input: flags that cannot be used with Slurm, or only with it.
pub(super) fn launcher(args: &RunArgs, settings: SlurmSettings) -> crate::Result<Option<Slurm>> {
    if args.launcher == LauncherChoice::Local {
        if args.watch {
            return Err(bad_input(
                "--watch follows the tasks of a cluster\n  add --launcher slurm",
            ));
        }
        return Ok(None);
    }
    let refuse = |flag: &str, remedy: &str| {
        Err(bad_input(format!("{flag} cannot be used with --launcher slurm\n  {remedy}")))
    };
    if args.training.max_time.is_some() {
        return refuse("--max-time", "`time` in [slurm] limits a task");
    }
    if args.fail_fast.is_some() {
        return refuse("--fail-fast", "tasks do not know of each other; `cancel` ends all of them");
    }
    Ok(Some(Slurm::new(settings)))
}

/// Returns whether the sweep is already in Slurm's queue, and prints so.
pub(super) fn is_submitted(
    slurm: &Slurm,
    dir: &ReportDir,
    name: &str,
    args: &RunArgs,
) -> crate::Result<bool> {
    if args.plan || active(&slurm.engine, dir, name)?.is_empty() {
        return Ok(false);
    }
    if !args.training.quiet {
        text::status!(
            "{name}: following the submitted tasks; Ctrl-C stops watching, the tasks continue"
        );
    }
    Ok(true)
}

/// Writes the manifest of a submission and prints its description.
pub(super) fn submitted(work: &Work<'_>, words: &str) -> crate::Result<()> {
    let facts = SweepFacts {
        started: work.started.to_owned(),
        slots: &[],
        trained: 0,
        cached: work.cached as u64,
        environment: None,
        record_host: work.args.training.record_host,
        provenance: work.provenance.clone(),
    };
    let manifest = provenance::manifest(work.plan, facts);
    write_atomic(&work.dir.manifest(), &serde_json::to_vec_pretty(&manifest)?)?;
    if !work.args.training.quiet {
        text::status!("{words}");
    }
    Ok(())
}

/// Follows the tasks to their end, then writes the report.
pub(super) fn follow(
    workspace: &Workspace,
    slurm: &Slurm,
    dir: &ReportDir,
    args: &RunArgs,
) -> crate::Result<Exit> {
    let plan = gather::asked_for(dir)?;
    let (engine, settings, quiet) = (&slurm.engine, &slurm.settings, args.training.quiet);
    match watch(engine, dir, &plan, settings, args.cancel_on_interrupt, quiet)? {
        Watched::Left | Watched::Cancelled => return Ok(Exit::Interrupted),
        Watched::Over => {}
    }
    gather::complete_manifest(dir)?;
    if !args.no_report {
        reporter::write(workspace, dir, None, quiet)?;
    }
    gather::verdict(workspace, dir)
}

/// Ends the tasks of the sweep in Slurm's queue. Returns whether there were any.
pub(super) fn cancel(dir: &ReportDir) -> crate::Result<bool> {
    // Without a submission this machine need not have Slurm.
    if Files(dir).submissions()?.is_empty() {
        return Ok(false);
    }
    let plan = store::plan(dir)?;
    let ended = slurm::cancel(&SlurmCommands, dir, &plan.name)?;
    if ended == 0 {
        return Ok(false);
    }
    text::output!(
        "ended {} of {} on Slurm; finished results are kept, and the sweep can be resumed",
        plural::count(ended, "task"),
        plan.name
    );
    Ok(true)
}
