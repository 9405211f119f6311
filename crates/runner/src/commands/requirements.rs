//! `needs`: the programs that a command line will need, so that xtask builds only these, and in
//! the order of their use.

use clap::Parser;
use serde_json::json;
use spec::device::DeviceName;
use spec::plan::LibtorchSource;

use crate::cli::{Cli, Command, LauncherChoice};
use crate::exit::Exit;
use crate::stages;
use crate::threads::KnownThreads;
use crate::workspace::Workspace;
use crate::{pool, resume};

/// Time at which `sweep-report` is called.
#[derive(Clone, Copy)]
enum Report {
    /// Never.
    Never,
    /// Last, after training.
    Last,
    /// First.
    First,
}

/// Backends that workers compute on.
struct On<'a> {
    backends: &'a [&'a str],
    cuda: bool,
    /// Whether workers load the torch of the Python on the PATH.
    python: bool,
}

const NOTHING: On = On { backends: &[], cuda: false, python: false };

/// Prints `{"train": bool, "backends": [...], "cuda": bool, "report": null|"last"|"first"}`, with
/// `"python": true` if workers load Python's torch.
pub(super) fn needs(args: &[String]) -> crate::Result<Exit> {
    let words = std::iter::once("sweep".to_owned()).chain(args.iter().cloned());
    // Bad arguments end here with clap's message and exit code 2, before anything is built.
    let cli = Cli::parse_from(words);
    let workspace = Workspace::find(cli.root);
    let mut report = Report::Last;
    let run = match cli.command {
        Command::Run(run) => *run,
        Command::Nightly(args) => {
            // Refused before anything is built.
            super::number_of_threads(&args.training.file, &args.training.set)?;
            report = Report::First;
            args.sweep()
        }
        Command::Verify(args) => return verify(&workspace, &args.file),
        Command::Merge(_) => return answer(false, &NOTHING, Report::Last),
        Command::Gather { .. } => return answer(false, &NOTHING, Report::First),
        verb if verb.is_of_reporter() => return answer(false, &NOTHING, Report::First),
        _ => return answer(false, &NOTHING, Report::Never),
    };
    let mut loaded =
        super::load_plan(&workspace, &run.training.file, &run.training.set, run.smoke)?;
    let known = store::plan(&workspace.report(&loaded.plan.name)).ok();
    stages::recall(&mut loaded.plan, known.as_ref());
    // An undecided stage will train, and `sweep-report` decides.
    let open = run.replan || loaded.plan.is_open() || run.fresh && loaded.plan.is_staged();
    let entries = pool::entries(&loaded.plan.pool, &run.training.device)?;
    let train = !run.plan && (run.fresh || open || !all_cached(&workspace, &loaded.plan, &entries));
    let on_slurm = run.launcher == LauncherChoice::Slurm;
    if on_slurm && !run.plan {
        // A copy of it goes to the cluster.
        report = Report::First;
    } else if run.plan || run.no_report && !open {
        report = Report::Never;
    }
    let flex = entries.iter().all(|e| e.device == DeviceName::Flex);
    let cuda = entries.iter().any(|e| {
        e.device.is_cuda()
            || (e.device == DeviceName::Auto
                && if on_slurm { loaded.slurm.gpus > 0 } else { pool::gpu_driver() })
    });
    let backends = &[if flex { "flex" } else { "libtorch" }];
    let python = !flex && loaded.plan.libtorch == LibtorchSource::Python;
    answer(train, &On { backends, cuda, python }, report)
}

fn answer(train: bool, on: &On<'_>, report: Report) -> crate::Result<Exit> {
    let report = match report {
        Report::Never => None,
        Report::Last => Some("last"),
        Report::First => Some("first"),
    };
    let On { backends, cuda, python } = on;
    let mut answer =
        json!({ "train": train, "backends": backends, "cuda": cuda, "report": report });
    if *python {
        answer["python"] = true.into();
    }
    crate::text::output!("{answer}");
    Ok(Exit::Ok)
}

/// Prints the needs of `verify`, which trains on the backend of the stored results.
fn verify(workspace: &Workspace, file: &std::path::Path) -> crate::Result<Exit> {
    let dir = super::folder::folder_of(workspace, file)?;
    let plan = store::plan(&dir)?;
    let on = plan.computed_on;
    let backend = on.as_ref().map_or("libtorch", |on| on.backend.as_str());
    let cuda = on.as_ref().is_some_and(|on| on.device_kind == "cuda");
    let python = plan.libtorch == LibtorchSource::Python;
    answer(true, &On { backends: &[backend], cuda, python }, Report::Never)
}

/// Returns whether every run has a result, from any version of the worker, so that no worker
/// needs to be built.
fn all_cached(
    workspace: &Workspace,
    plan: &spec::plan::Plan,
    entries: &[spec::plan::PoolEntry],
) -> bool {
    let dir = workspace.report(&plan.name);
    let mut wanted = resume::ExecutionTarget::without_probe(entries, plan);
    let known = KnownThreads::of(workspace, plan, || store::plan(&dir).ok());
    // Stored measurements can only be looked up once there is a worker.
    let Some(threads) = known.resolve(plan, &wanted.on, None) else { return false };
    wanted.on.threads = threads.count;
    let Ok(journal) = store::journal::read(&dir) else { return false };
    resume::outstanding(plan, &journal, &wanted, false, &dir).runs.is_empty()
}
