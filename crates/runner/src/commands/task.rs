//! `task`: trains the runs of one chunk, as a task of a cluster's array, on the processors and
//! GPUs of the task.

use std::time::Instant;

use std::path::Path;

use store::layout::ReportDir;
use text_format::plural;

use crate::cli::{RunArgs, TrainingArgs};
use crate::error::bad_input;
use crate::exit::Exit;
use crate::launcher::slurm::files::{Files, JobFile, TaskId};
use crate::launcher::slurm::heartbeat::{Task, sign};
use crate::launcher::slurm::task_chunk::TaskChunk;
use crate::machine::Machine;
use crate::training::{Signalled, Sweep, train};
use crate::{clock, text};
use store::writer::{JournalWriter, host_name};

/// Facts that Slurm gives to a task; defaults outside Slurm.
struct SlurmTask {
    job: String,
    node: String,
    restarts: u64,
}

fn slurm() -> SlurmTask {
    let of = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    // The form of `squeue` and `scancel`.
    let array = of("SLURM_ARRAY_JOB_ID").zip(of("SLURM_ARRAY_TASK_ID"));
    let array = array.map(|(job, task)| format!("{job}_{task}"));
    SlurmTask {
        job: array.or_else(|| of("SLURM_JOB_ID")).unwrap_or_else(|| "none".to_owned()),
        node: of("SLURMD_NODENAME").unwrap_or_else(host_name),
        restarts: of("SLURM_RESTART_COUNT").and_then(|n| n.parse().ok()).unwrap_or(0),
    }
}

/// Returns the number of processors of the task.
fn cpus(job: &JobFile) -> u64 {
    let of = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    of("SLURM_CPUS_PER_TASK").or_else(|| of("SLURM_CPUS_ON_NODE")).unwrap_or(job.cpus).max(1)
}

/// Trains the runs of the chunk that are left.
///
/// # Errors
/// Files of the attempt are missing, or the worker or a device is unusable on this node.
pub(super) fn task(folder: &Path, task_id: TaskId) -> crate::Result<Exit> {
    let dir = ReportDir::new(std::path::absolute(folder)?);
    let (share, slurm) = (TaskChunk::read(&dir, task_id)?, slurm());
    let (job, plan) = (&share.job, &share.plan);
    let started = clock::now();
    text::status!(
        "{}: task {task_id}, job {} on {}, {}{}",
        plan.name,
        text::plain(&slurm.job),
        text::plain(&slurm.node),
        plural::count(plan.runs.len(), "run"),
        if slurm.restarts > 0 { format!(", requeued {}", slurm.restarts) } else { String::new() }
    );
    if let Some(sign) = sign(&dir, task_id).filter(|s| s.is_alive() && s.job != slurm.job) {
        // Slurm may have taken one submission twice.
        text::status!("job {} is already training this chunk", text::plain(&sign.job));
        return Ok(Exit::Ok);
    }
    let todo = share.left(&dir, task_id)?;
    let cached = plan.runs.len() - todo.len();
    if todo.is_empty() {
        text::status!("all of its runs have results");
        return Ok(Exit::Ok);
    }
    let machine = Machine::of_task(plan, &job.worker, cpus(job), job.jobs)?;
    let file: String = started.chars().filter(char::is_ascii_alphanumeric).take(15).collect();
    let file = format!("{task_id}-{}-{}-{file}", host_name(), std::process::id());
    Files(&dir).begin(task_id, &file)?;
    let journal = JournalWriter::create_named(&dir, &file)?;
    let args = RunArgs::whole(TrainingArgs { retry: job.retry, ..TrainingArgs::of(&plan.file) });
    let task = Task { task_id, job: slurm.job, node: slurm.node, restarts: slurm.restarts };
    let mut status_file = task.status_file(&dir);
    let signals = Signalled::watch()?;
    let sweep = Sweep {
        dir: &dir,
        plan,
        machine: &machine,
        args: &args,
        data: job.data.clone(),
        root: job.root.clone(),
        logs: dir.logs().join(task_id.to_string()),
        provenance: job.provenance.clone(),
        pauses: plan.pauses(),
        cached,
        begun: Instant::now(),
    };
    let trained = train(&sweep, todo, journal, &started, &signals.cancel, &mut status_file)?;
    text::status!("{}", trained.summary(cached, sweep.begun.elapsed(), &args));
    Ok(if trained.interrupted() { Exit::Requeue } else { trained.exit() })
}

/// Parses `--chunk`, which the batch script fills in.
///
/// # Errors
/// Bad input: the value is no index, as outside an array.
pub(super) fn index(text: &str) -> crate::Result<u64> {
    text.parse().map_err(|_| {
        bad_input(format!(
            "--chunk {}: not an index of a job array\n  this verb is for the tasks that \
             `sweep --launcher slurm` submits",
            text::plain(text)
        ))
    })
}
