//! A real Slurm for one test: slurmctld and a slurmd for each node, all on this machine, on
//! loopback and in a separate folder. Several clusters at once do not interfere. However the test
//! ends, nothing of it stays.
#![allow(dead_code)]

mod daemons;
pub mod processes;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use daemons::{Daemon, NODE, Site, node_name};

/// Environment variable that, at 1, makes a missing Slurm a failure.
const REQUIRE: &str = "SWEEP_REQUIRE_SLURM";

/// Name of the process of every step.
const STEP: &str = "slurmstepd";

/// Options of a test's cluster.
pub struct Options {
    /// Number of nodes, named `node0`, `node1`, ..
    pub nodes: usize,
    /// Number of CPUs that each node claims, independent of this machine.
    pub cpus: usize,
    /// Number of GPUs that each node claims; they exist only for Slurm.
    pub gpus: usize,
    /// One more than the largest index in an array.
    pub max_array: usize,
    /// An existing folder that is empty for `node1`, as if it were not shared. It must not hold
    /// files of the cluster.
    pub hide: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Options { nodes: 2, cpus: 2, gpus: 0, max_array: 1001, hide: None }
    }
}

/// One job, or one task of an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueLine {
    /// Id of the task, which differs between the tasks of an array.
    pub job: u64,
    /// Id that `sbatch` printed.
    pub array: u64,
    /// Index of an array's task.
    pub task: Option<u64>,
    /// State, such as `PENDING`.
    pub state: String,
    /// Reason why it is pending or failed; the text `None` without one.
    pub reason: String,
    /// Node; empty if it does not run.
    pub node: String,
    /// Name of the job.
    pub name: String,
}

impl QueueLine {
    /// Parses `%A|%F|%K|%T|%N|%j|%r`; the last field may hold any character.
    fn read(line: &str) -> Option<QueueLine> {
        let fields: Vec<&str> = line.splitn(7, '|').collect();
        let &[job, array, task, state, node, name, reason] = fields.as_slice() else { return None };
        Some(QueueLine {
            job: job.parse().ok()?,
            array: array.parse().ok()?,
            task: task.parse().ok(),
            state: state.to_owned(),
            reason: reason.to_owned(),
            node: node.to_owned(),
            name: name.to_owned(),
        })
    }

    /// Returns whether it waits, runs or is about to end.
    pub fn active(&self) -> bool {
        ["PENDING", "CONFIGURING", "RUNNING", "COMPLETING", "SUSPENDED", "REQUEUED"]
            .contains(&self.state.as_str())
    }
}

/// A running cluster, ended on drop.
pub struct Cluster {
    site: Site,
    controller: Mutex<Option<Daemon>>,
    nodes: Mutex<Vec<Option<Daemon>>>,
}

/// Starts a cluster and waits until its nodes are idle. Returns `None`, with a printed line, if
/// Slurm is not installed.
///
/// # Panics
/// If it does not start, or Slurm is missing but required.
pub fn start(options: Options) -> Option<Cluster> {
    let missing = daemons::missing();
    if !missing.is_empty() {
        let missing = missing.join(", ");
        let required = std::env::var(REQUIRE).is_ok_and(|value| value == "1");
        assert!(!required, "{REQUIRE} is set, and these are not installed: {missing}");
        eprintln!(
            "skipped: not installed: {missing}; on Debian and Ubuntu: apt-get install \
             --no-install-recommends slurmctld slurmd slurm-client"
        );
        return None;
    }
    assert!(options.hide.is_none() || options.nodes > 1, "node1 is to see a folder empty");
    let mut failures = Vec::new();
    // A port that was free a moment ago may be taken by now.
    for _ in 0..5 {
        let cluster = Cluster::launch(&options);
        match cluster.wait_for_nodes() {
            Ok(()) => return Some(cluster),
            Err(failure) => failures.push(format!("{failure}\n{}", cluster.site.logs())),
        }
    }
    panic!("Slurm does not start:\n{}", failures.join("\n"));
}

impl Cluster {
    fn launch(options: &Options) -> Cluster {
        let site = Site::new(options);
        let cluster = Cluster {
            controller: Mutex::new(Some(site.controller())),
            nodes: Mutex::new(Vec::new()),
            site,
        };
        for i in 0..options.nodes {
            let node = cluster.site.node(i);
            cluster.nodes.lock().unwrap().push(Some(node));
        }
        cluster
    }

    fn wait_for_nodes(&self) -> Result<(), String> {
        let patience = Instant::now() + Duration::from_secs(60);
        let mut listens = false;
        while Instant::now() < patience {
            let mut daemons = self.nodes.lock().unwrap();
            let ended = daemons.iter_mut().flatten().any(Daemon::ended)
                || self.controller.lock().unwrap().as_mut().is_some_and(Daemon::ended);
            let count = daemons.len();
            drop(daemons);
            if ended {
                return Err("a daemon has ended".to_owned());
            }
            // A client that asks before it listens retries for seconds.
            listens = listens || daemons::listens(self.site.controller_port());
            if listens && (0..count).all(|i| self.node_state(i) == "IDLE") {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err("the nodes do not come up".to_owned())
    }

    /// Sets the environment such that a program (`sweep`, `sbatch`, ..) uses this cluster.
    pub fn apply(&self, command: &mut Command) {
        // The tests themselves may be a job of some cluster.
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|n| n.starts_with("SLURM_") || n.starts_with("SBATCH_")) {
                command.env_remove(name);
            }
        }
        command.env("SLURM_CONF", self.site.path("slurm.conf"));
    }

    /// Returns the path of its `slurm.conf`.
    pub fn conf(&self) -> PathBuf {
        self.site.path("slurm.conf")
    }

    /// Returns all jobs that it knows, ended ones too, with a line for each task of an array.
    ///
    /// # Panics
    /// If the controller does not answer.
    pub fn squeue(&self) -> Vec<QueueLine> {
        let output = self.ask("squeue", &["-h", "-r", "-t", "all", "-o", "%A|%F|%K|%T|%N|%j|%r"]);
        let read = |line| QueueLine::read(line).unwrap_or_else(|| panic!("squeue: {line}"));
        text(&output).lines().map(read).collect()
    }

    /// Returns the line of a job, or of one task of an array.
    pub fn task(&self, array: u64, task: Option<u64>) -> Option<QueueLine> {
        self.squeue().into_iter().find(|line| line.array == array && line.task == task)
    }

    /// Runs `scancel`, which ignores missing jobs.
    pub fn scancel(&self, args: &[&str]) {
        self.ask("scancel", args);
    }

    /// Runs `scontrol`.
    pub fn scontrol(&self, args: &[&str]) -> Output {
        self.site.program("scontrol").args(args).output().unwrap()
    }

    /// Returns the state of a node: `IDLE`, `ALLOCATED`, `DOWN+NOT_RESPONDING`.
    pub fn node_state(&self, i: usize) -> String {
        let output = self.scontrol(&["--oneliner", "show", "node", &node_name(i)]);
        let text = text(&output);
        let state = text.split_whitespace().find_map(|word| word.strip_prefix("State="));
        state.unwrap_or("UNREACHABLE").to_owned()
    }

    /// Returns the batch process of a job or of an array's task, if it runs: the script's shell, or
    /// the program that replaced the shell by `exec`.
    pub fn task_pid(&self, array: u64, task: Option<u64>) -> Option<u32> {
        let mut entries = vec![self.site.mark()];
        match task {
            None => entries.push(format!("SLURM_JOB_ID={array}")),
            Some(task) => {
                entries.push(format!("SLURM_ARRAY_JOB_ID={array}"));
                entries.push(format!("SLURM_ARRAY_TASK_ID={task}"));
            }
        }
        let entries: Vec<&str> = entries.iter().map(String::as_str).collect();
        let steps = self.steps();
        let found = processes::with(&entries);
        found.into_iter().find(|p| steps.contains(&p.parent) && p.name != STEP).map(|p| p.pid)
    }

    fn steps(&self) -> Vec<u32> {
        let mut steps = processes::with(&[&self.site.mark()]);
        steps.retain(|process| process.name == STEP);
        steps.into_iter().map(|process| process.pid).collect()
    }

    /// Kills all processes of a node at once, like a power cut. The controller notices after ten
    /// seconds.
    pub fn kill_node(&self, i: usize) {
        if let Some(node) = self.nodes.lock().unwrap()[i].take() {
            node.kill();
        }
        // Steps and their children, steps first: one that outlived its job would report the
        // job's end. Then processes that a job has detached.
        for variable in [NODE, "SLURMD_NODENAME"] {
            let entry = format!("{variable}={}", node_name(i));
            let left = processes::end(&[&self.site.mark(), &entry], STEP);
            assert!(left.is_empty(), "these do not end: {left:?}");
        }
    }

    /// Restarts a killed node and waits until it is usable.
    pub fn revive_node(&self, i: usize) {
        self.nodes.lock().unwrap()[i].get_or_insert_with(|| self.site.node(i));
        let mut listens = false;
        wait_until("the node", Duration::from_secs(60), || {
            listens = listens || daemons::listens(self.site.node_port(i));
            let state = self.node_state(i);
            let usable = ["IDLE", "MIXED", "ALLOCATED", "COMPLETING"];
            listens && !state.contains('*') && usable.contains(&state.split('+').next().unwrap())
        });
    }

    /// Kills slurmctld.
    pub fn kill_controller(&self) {
        if let Some(controller) = self.controller.lock().unwrap().take() {
            controller.kill();
        }
    }

    /// Restarts slurmctld and waits until it answers.
    pub fn start_controller(&self) {
        self.controller.lock().unwrap().get_or_insert_with(|| self.site.controller());
        let port = self.site.controller_port();
        wait_until("the controller", Duration::from_secs(60), || daemons::listens(port));
        wait_until("its answer", Duration::from_secs(60), || {
            self.scontrol(&["ping"]).status.success()
        });
    }

    /// Restarts the controller without its state, so that it assigns job numbers from the first
    /// again.
    pub fn lose_memory(&self) {
        self.kill_controller();
        let state = self.site.path("state");
        std::fs::remove_dir_all(&state).unwrap();
        std::fs::create_dir(&state).unwrap();
        self.start_controller();
        self.wait_for_nodes().unwrap();
    }

    /// Waits until no job waits or runs.
    pub fn wait_idle(&self, patience: Duration) {
        wait_until("the end of all jobs", patience, || {
            !self.squeue().iter().any(QueueLine::active)
        });
    }

    /// Submits a script and returns the id of the job or of the array.
    pub fn sbatch(&self, args: &[&str], script: &Path) -> u64 {
        let mut command = Command::new("sbatch");
        self.apply(&mut command);
        let output = command.arg("--parsable").args(args).arg(script).output().unwrap();
        assert!(output.status.success(), "sbatch {args:?}: {}", errors(&output));
        text(&output).trim().parse().unwrap()
    }

    fn ask(&self, program: &str, args: &[&str]) -> Output {
        let output = self.site.program(program).args(args).output().unwrap();
        assert!(output.status.success(), "{program} {args:?}: {}", errors(&output));
        output
    }
}

impl Drop for Cluster {
    // Must not panic: it may run during a panic.
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.site.logs());
        }
        let controller = self.controller.get_mut().unwrap_or_else(|e| e.into_inner()).take();
        let nodes = self.nodes.get_mut().unwrap_or_else(|e| e.into_inner()).drain(..);
        controller.into_iter().chain(nodes.flatten()).for_each(Daemon::kill);
        let left = processes::end(&[&self.site.mark()], STEP);
        if !left.is_empty() {
            eprintln!("these do not end: {left:?}");
        }
        let _ = self.site.close();
    }
}

/// Waits until something holds.
pub fn wait_until(what: &str, patience: Duration, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + patience;
    while !holds() {
        assert!(Instant::now() < end, "{what} did not come in {patience:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
