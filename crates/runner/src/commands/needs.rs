//! `needs`: what a command line will need, so that xtask builds just that.

use clap::Parser;
use serde_json::json;

use crate::cli::{Cli, Command};
use crate::exit::Exit;
use crate::workspace::Workspace;
use crate::{pool, resume};

/// Prints `{"train": bool, "backends": [...], "cuda": bool}`.
pub(super) fn needs(args: &[String]) -> anyhow::Result<Exit> {
    let words = std::iter::once("sweep".to_owned()).chain(args.iter().cloned());
    // Bad arguments end here with clap's message and exit code 2, before anything is built.
    let cli = Cli::parse_from(words);
    let Command::Run(run) = cli.command else {
        println!("{}", json!({ "train": false, "backends": [], "cuda": false }));
        return Ok(Exit::Ok);
    };
    let workspace = Workspace::find(cli.root);
    let loaded = super::load_plan(&workspace, &run)?;
    let entries = pool::entries(&loaded.plan.pool, &run.device)?;
    let train = !run.plan && (run.fresh || !all_cached(&workspace, &loaded.plan, &entries));
    let flex = entries.iter().all(|e| e.device == "flex");
    let cuda = entries.iter().any(|e| {
        e.device.starts_with("libtorch:cuda") || (e.device == "auto" && pool::gpu_driver())
    });
    println!(
        "{}",
        json!({ "train": train, "backends": [if flex { "flex" } else { "libtorch" }], "cuda": cuda })
    );
    Ok(Exit::Ok)
}

/// Whether every run has a result whatever the worker's version: then no
/// worker needs to be built.
fn all_cached(
    workspace: &Workspace,
    plan: &spec::plan::Plan,
    entries: &[spec::plan::PoolEntry],
) -> bool {
    let wanted = resume::Wanted::without_probe(entries, plan.threads_per_run);
    let Ok(journal) = report::journal::read(&workspace.report(&plan.name)) else { return false };
    resume::outstanding(plan, &journal, &wanted, false).runs.is_empty()
}
