//! What `run` does differently where the runs are trained as tasks of a cluster.

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

/// The launcher for Slurm, if it is asked for.
///
/// # Errors
/// Bad input: flags that tasks cannot keep.
pub(super) fn launcher(args: &RunArgs, settings: SlurmSettings) -> crate::Result<Option<Slurm>> {
    if args.launcher == LauncherChoice::Local {
        if args.watch {
            return Err(bad_input(
                "--watch follows the tasks of a cluster\n  give --launcher slurm too",
            ));
        }
        return Ok(None);
    }
    let refuse = |flag: &str, remedy: &str| {
        Err(bad_input(format!("{flag} and --launcher slurm do not go together\n  {remedy}")))
    };
    if args.training.max_time.is_some() {
        return refuse("--max-time", "`time` in [slurm] limits a task");
    }
    if args.fail_fast.is_some() {
        return refuse("--fail-fast", "tasks know nothing of each other; `cancel` ends them all");
    }
    Ok(Some(Slurm::new(settings)))
}

/// Whether the sweep is in Slurm's queue already, which is said.
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
            "{name}: following what is submitted already; Ctrl-C stops watching, the tasks go on"
        );
    }
    Ok(true)
}

/// Says what was submitted and writes the manifest.
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

/// Watches, then reports what there is.
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

/// Ends what the sweep has in Slurm's queue; whether there was anything.
pub(super) fn cancel(dir: &ReportDir) -> crate::Result<bool> {
    // Where nothing was ever submitted there need not be a Slurm.
    if Files(dir).submissions()?.is_empty() {
        return Ok(false);
    }
    let plan = store::plan(dir)?;
    let ended = slurm::cancel(&SlurmCommands, dir, &plan.name)?;
    if ended == 0 {
        return Ok(false);
    }
    text::output!(
        "ended {} of {} on Slurm; what was finished is kept, and the sweep can be resumed",
        plural::count(ended, "task"),
        plan.name
    );
    Ok(true)
}
