//! The phases, each executed in its own process.

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;
use clap::Parser as _;
use runner::cli::{Cli, RunArgs, TrainingArgs};
use runner::simulation::{
    Files, JournalWriter, Launched, Launcher as _, Machine, Slurm, StatusFile, TaskChunk, TaskId,
    Work, interleave, outstanding,
};
use runner::workspace::Workspace;
use serde_json::{Value, json};
use spec::plan::{Plan, PlannedRun};
use spec::provenance::Provenance;
use spec::record::Status;
use spec::slurm::SlurmSettings;
use store::journal_line;
use store::layout::ReportDir;
use sweep_file::{Overrides, load_text};

use super::clock::{Job, RetryPolicy, play};
use super::engine::{Submitted, Virtual};
use super::measure::{failed, say};
use super::script;
use super::tasks::{Tasks, size};

/// Number of runs of an earlier sweep, which give the estimates.
const PILOT: usize = 200;

/// Number of records that are appended with a sync each.
const SYNCED: usize = 200;

/// Number of tasks that begin once all journals exist.
const BEGUN: u64 = 100;

/// Settings of the cluster: Slurm takes about a second from a slot to a process (measured on
/// Slurm 22.05), and allocates 100,000 slots per hour, the sustained rate that its guide for many
/// short jobs names. A requeued task waits for two minutes, Slurm's default.
fn policy(slots: usize) -> RetryPolicy {
    RetryPolicy { slots, start: 1000, between: 36, requeue: 120_000 }
}

/// Runs a phase and writes its measurements.
///
/// # Errors
/// The phase failed.
pub fn run(name: &str, folder: &Path, args: &[String]) -> anyhow::Result<()> {
    let phase = Phase { folder, workspace: Workspace::find(Some(folder.to_path_buf())) };
    let arg = |i: usize| args.get(i).with_context(|| format!("{name} takes more arguments"));
    let found = match name {
        "pilot" => phase.pilot()?,
        "plan" => phase.planned()?,
        "submit" => phase.submit(arg(0)?.parse()?)?,
        "play" => phase.play(arg(0)?.parse()?, arg(1)?.parse()?)?,
        "task" => phase.task()?,
        "sync" => phase.sync()?,
        "status" => phase.status()?,
        "collect" => phase.collect()?,
        "page" => phase.page()?,
        other => anyhow::bail!("no phase {other}"),
    };
    say(folder, name, found)
}

struct Phase<'a> {
    folder: &'a Path,
    workspace: Workspace,
}

fn seconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64()
}

impl Phase<'_> {
    fn dir(&self) -> ReportDir {
        self.workspace.report("cluster")
    }

    fn expand(&self, name: &str, text: String) -> anyhow::Result<Plan> {
        let file = format!("experiments/{name}.toml");
        let loaded = load_text(&file, name, text, &Overrides::default())?;
        Ok(loaded.plan)
    }

    fn plan(&self) -> anyhow::Result<Plan> {
        let text = fs::read_to_string(self.folder.join("experiments/cluster.toml"))?;
        self.expand("cluster", text)
    }

    /// Writes the journal of a small earlier sweep.
    fn pilot(&self) -> anyhow::Result<Value> {
        let plan = self.expand("pilot", script::sweep_file(PILOT))?;
        let mut lines = Vec::new();
        for run in &plan.runs {
            let record = script::record(run, Status::Completed, 1, 0, script::takes(run));
            lines.extend(journal_line::write(&record)?);
        }
        fs::write(self.workspace.report("pilot").journal().join("pilot.jsonl"), lines)?;
        Ok(json!({ "runs": plan.runs.len() }))
    }

    fn planned(&self) -> anyhow::Result<Value> {
        Ok(json!({ "runs": self.plan()?.runs.len() }))
    }

    /// Submits the outstanding runs as `sweep --launcher slurm` does, at first and again.
    fn submit(&self, slots: u64) -> anyhow::Result<Value> {
        let dir = self.dir();
        let since = Instant::now();
        let mut plan = self.plan()?;
        let expand = seconds(since);
        let engine = Virtual { waits: Some(script::waits), ..Virtual::default() };
        let settings = SlurmSettings { max_parallel: Some(slots), ..SlurmSettings::default() };
        let slurm = Slurm { settings, engine };
        fs::create_dir_all(dir.path())?;
        let mut status_file = StatusFile::new(&dir);
        slurm.alone(&dir, &plan).map_err(failed)?;
        let machine = Machine::of_cluster(&plan, &slurm.settings, None);
        plan.pool = machine.pool_on_cluster(&plan, &slurm.settings);
        let since = Instant::now();
        let journal = store::journal::read(&dir)?;
        let read = seconds(since);
        let since = Instant::now();
        let left = outstanding(&plan, &journal, &machine.wanted, false, &dir);
        let cached = left.cached;
        let todo: Vec<&PlannedRun> = left.runs.iter().map(|(run, _)| *run).collect();
        let todo: Vec<PlannedRun> = interleave(&plan, todo).into_iter().cloned().collect();
        drop(left);
        let divide = seconds(since);
        let mut found = json!({
            "expand": expand, "read": read, "records": journal.records.len(),
            "files": journal.files, "warnings": journal.warnings.len(), "divide": divide,
            "outstanding": todo.len(), "cached": cached,
        });
        if todo.is_empty() {
            return Ok(found);
        }
        let since = Instant::now();
        plan.computed_on = Some(machine.wanted.on.clone());
        store::write_atomic(&dir.plan(), &serde_json::to_vec_pretty(&plan)?)?;
        found["write_plan"] = json!(seconds(since));
        found["plan_bytes"] = json!(fs::metadata(dir.plan())?.len());

        let args = RunArgs::whole(TrainingArgs {
            quiet: true,
            ..TrainingArgs::of("experiments/cluster.toml")
        });
        let work = Work {
            workspace: &self.workspace,
            dir: &dir,
            plan: &plan,
            args: &args,
            machine: &machine,
            provenance: &Provenance::default(),
            journal: &journal,
            cached,
            begun: std::time::Instant::now(),
            narrowed: false,
            started: "2026-11-01T00:00:00Z",
        };
        let since = Instant::now();
        let launched = slurm.launch(&work, todo, &mut status_file).map_err(failed)?;
        let end = Instant::now();
        anyhow::ensure!(matches!(launched, Launched::Submitted(_)), "nothing was submitted");
        let engine = &slurm.engine;
        let asked = engine.asked.borrow().context("Slurm was asked nothing")?;
        let first = engine.first.borrow().context("nothing was submitted")?;
        let jobs = engine.jobs.borrow();
        let submissions = Files(&dir).submissions().map_err(failed)?;
        let attempt = submissions.last().map_or(0, |s| s.attempt);
        fs::write(self.jobs(attempt), serde_json::to_vec(&*jobs)?)?;
        let (files, bytes) = size(&Files(&dir).attempt(attempt));
        found["deal"] = json!((asked - since).as_secs_f64());
        found["write_chunks"] = json!((first - asked).as_secs_f64());
        found["note"] = json!((end - first).as_secs_f64());
        found["chunk_files"] = json!(files);
        found["chunk_bytes"] = json!(bytes);
        found["calls"] = json!(*engine.calls.borrow());
        let arrays = jobs.iter().filter(|s| s.array().is_some());
        found["arrays"] = json!(arrays.clone().count());
        found["tasks"] = json!(arrays.map(|s| s.job.tasks).sum::<u64>());
        Ok(found)
    }

    fn jobs(&self, attempt: u64) -> std::path::PathBuf {
        self.folder.join(format!("jobs-{attempt}.json"))
    }

    /// Plays an attempt on the cluster.
    fn play(&self, attempt: u64, slots: usize) -> anyhow::Result<Value> {
        let dir = self.dir();
        let jobs: Vec<Submitted> = serde_json::from_slice(&fs::read(self.jobs(attempt))?)?;
        let mut tasks = Tasks::new(&dir, attempt, &jobs);
        let jobs: Vec<Job> = jobs.into_iter().map(|submitted| submitted.job).collect();
        let figures = play(policy(slots), jobs, &mut tasks);
        if let Some(problem) = tasks.problem {
            return Err(failed(problem));
        }
        let (files, bytes) = size(&dir.journal());
        Ok(json!({
            "figures": figures, "records": tasks.records, "repeated": tasks.repeated,
            "repeated_time": tasks.repeated_time, "trained_by": tasks.trained_by,
            "reading": spread(tasks.reading), "journal_files": files, "journal_bytes": bytes,
        }))
    }

    /// Measures how fast tasks begin once every journal exists.
    fn task(&self) -> anyhow::Result<Value> {
        let dir = self.dir();
        let submissions = Files(&dir).submissions().map_err(failed)?;
        let arrays = submissions.first().map(|s| s.arrays.clone()).unwrap_or_default();
        let mut reading = Vec::new();
        for n in 0..BEGUN {
            let array = n % arrays.len().max(1) as u64;
            let tasks = arrays.get(array as usize).copied().unwrap_or(1);
            let task_id = TaskId { attempt: 1, array, task: n * 7919 % tasks };
            let since = Instant::now();
            TaskChunk::read(&dir, task_id)
                .and_then(|share| share.left(&dir, task_id))
                .map_err(failed)?;
            reading.push(seconds(since));
        }
        Ok(json!({ "reading": spread(reading) }))
    }

    /// Measures the writing of records as on a node, each synced before the next run begins.
    fn sync(&self) -> anyhow::Result<Value> {
        let dir = self.workspace.report("synced");
        let plan = self.expand("pilot", script::sweep_file(PILOT))?;
        let mut journal = JournalWriter::create_named(&dir, "1.0.0-node-1")?;
        let mut each = Vec::new();
        for run in plan.runs.iter().cycle().take(SYNCED) {
            let record = script::record(run, Status::Completed, 1, 0, script::takes(run));
            let since = Instant::now();
            journal.append(&record)?;
            each.push(seconds(since));
        }
        Ok(json!({ "record": spread(each) }))
    }

    fn status(&self) -> anyhow::Result<Value> {
        let root = self.folder.display().to_string();
        let cli = Cli::parse_from(["sweep", "--root", &root, "status", &self.report_folder()]);
        let since = Instant::now();
        runner::commands::dispatch(cli).map_err(failed)?;
        Ok(json!({ "took": seconds(since) }))
    }

    fn report_folder(&self) -> String {
        self.dir().path().display().to_string()
    }

    fn collect(&self) -> anyhow::Result<Value> {
        let since = Instant::now();
        let collected = report::collect(&self.dir())?;
        let took = seconds(since);
        let bytes: u64 =
            collected.written.iter().filter_map(|p| Some(fs::metadata(p).ok()?.len())).sum();
        Ok(json!({
            "took": took, "runs": collected.runs, "results": collected.results,
            "missing": collected.missing, "points": collected.points, "bytes": bytes,
        }))
    }

    fn page(&self) -> anyhow::Result<Value> {
        let since = Instant::now();
        report::redraw(&self.dir())?;
        let bytes = fs::metadata(self.dir().html())?.len();
        Ok(json!({ "took": seconds(since), "bytes": bytes }))
    }
}

/// Returns number, median, 99th percentile and maximum of the values.
fn spread(mut values: Vec<f64>) -> Value {
    values.sort_by(f64::total_cmp);
    let at =
        |share: f64| values.get(((values.len() as f64 * share) as usize).min(values.len() - 1));
    if values.is_empty() {
        return Value::Null;
    }
    json!({ "n": values.len(), "median": at(0.5), "p99": at(0.99), "most": at(1.0) })
}
