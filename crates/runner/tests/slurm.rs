//! Whole programs on a real Slurm, which each test starts for itself; skipped if Slurm is not
//! installed. The first tests are of the cluster itself.

#[path = "slurm/answers.rs"]
mod answers;
#[path = "slurm/cluster.rs"]
mod cluster;
#[path = "slurm/gpus.rs"]
mod gpus;
#[path = "slurm/guards.rs"]
mod guards;
#[path = "slurm/interruptions.rs"]
mod interruptions;
#[path = "slurm/options.rs"]
mod options;
#[path = "slurm/place.rs"]
mod place;
#[path = "slurm/refusals.rs"]
mod refusals;
#[path = "slurm/signals.rs"]
mod signals;
#[path = "slurm/stages.rs"]
mod stages;
mod support;
#[path = "slurm/survival.rs"]
mod survival;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use cluster::{Options, processes, wait_until};

/// More than any machine needs.
const PATIENCE: Duration = Duration::from_secs(120);

/// Writes a script `job.sh` into the folder, which changes to that folder first.
fn script(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("job.sh");
    fs::write(&path, format!("#!/bin/bash\ncd {}\n{text}", folder.display())).unwrap();
    path
}

/// Shell function that waits until there are `$1` files `out.*`, and fails after a minute.
const MEET: &str = r#"
meet() { for i in {1..600}; do [ "$(ls out.* | wc -l)" = "$1" ] && return; sleep 0.1; done; exit 1; }
"#;

/// The files `out.<key>`, by key, without surrounding blanks.
fn outputs(folder: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .filter_map(|path| {
            let key = path.file_name()?.to_str()?.strip_prefix("out.")?.to_owned();
            Some((key, fs::read_to_string(path).unwrap().trim().to_owned()))
        })
        .collect()
}

/// Flag that discards the output of jobs.
const QUIET: &str = "--output=/dev/null";

#[test]
fn fixture_an_array_spreads_over_both_nodes() {
    let Some(cluster) = cluster::start(Options::default()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let text = "echo $SLURMD_NODENAME > out.$SLURM_ARRAY_TASK_ID; meet 4";
    let script = script(folder.path(), &format!("{MEET}{text}"));
    let array = cluster.sbatch(&["--array=0-3", "--job-name=spread", QUIET], &script);
    cluster.wait_idle(PATIENCE);

    let lines = cluster.squeue();
    assert_eq!(lines.len(), 4, "{lines:?}");
    for line in &lines {
        assert_eq!((line.array, line.name.as_str()), (array, "spread"));
        assert_eq!(line.state, "COMPLETED", "{line:?}");
        let key = line.task.unwrap().to_string();
        assert_eq!(outputs(folder.path())[&key], line.node);
    }
    for node in ["node0", "node1"] {
        assert_eq!(lines.iter().filter(|line| line.node == node).count(), 2, "{lines:?}");
    }
}

#[test]
fn fixture_the_task_of_a_killed_node_ends_on_the_other() {
    let Some(cluster) = cluster::start(Options::default()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let text = "count=${SLURM_RESTART_COUNT:-0}; echo $SLURMD_NODENAME > out.$count
                [ $count = 1 ] || exec sleep 1000";
    let script = script(folder.path(), text);
    let array = cluster.sbatch(&["--array=7", "--requeue", QUIET], &script);
    let command = |pid| fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    wait_until("the task", PATIENCE, || {
        cluster.task_pid(array, Some(7)).is_some_and(|pid| command(pid) == "sleep\u{0}1000\u{0}")
    });
    assert_eq!(cluster.task_pid(array, Some(8)), None);

    let first: usize = outputs(folder.path())["0"].strip_prefix("node").unwrap().parse().unwrap();
    cluster.kill_node(first);
    assert_eq!(cluster.task_pid(array, Some(7)), None);
    wait_until("the second start", PATIENCE, || outputs(folder.path()).contains_key("1"));
    cluster.wait_idle(PATIENCE);
    assert_eq!(cluster.task(array, Some(7)).unwrap().state, "COMPLETED");
    assert_eq!(outputs(folder.path())["1"], format!("node{}", 1 - first));

    let state = cluster.node_state(first);
    assert!(state.starts_with("DOWN"), "{state}");
    cluster.revive_node(first);
    let name = format!("--nodelist=node{first}");
    let job = cluster.sbatch(&[&name, QUIET, "--export=ALL,SLURM_RESTART_COUNT=1"], &script);
    cluster.wait_idle(PATIENCE);
    assert_eq!(cluster.task(job, None).unwrap().state, "COMPLETED");
}

#[test]
fn fixture_tasks_side_by_side_have_a_gpu_each() {
    let options = Options { nodes: 1, gpus: 2, ..Options::default() };
    let Some(cluster) = cluster::start(options) else { return };
    let folder = tempfile::tempdir().unwrap();
    let text = "echo \"$CUDA_VISIBLE_DEVICES\" > out.$SLURM_ARRAY_TASK_ID; meet 2";
    let script = script(folder.path(), &format!("{MEET}{text}"));
    cluster.sbatch(&["--array=0-1", "--gres=gpu:1", QUIET], &script);
    cluster.wait_idle(PATIENCE);
    let mut seen: Vec<String> = outputs(folder.path()).into_values().collect();
    seen.sort();
    assert_eq!(seen, ["0", "1"]);
}

#[test]
fn fixture_a_hidden_folder_is_hidden_on_one_node_only() {
    let hidden = tempfile::tempdir().unwrap();
    fs::write(hidden.path().join("here"), "").unwrap();
    let options = Options { hide: Some(hidden.path().to_owned()), ..Options::default() };
    let Some(cluster) = cluster::start(options) else { return };
    let folder = tempfile::tempdir().unwrap();
    let text = format!("ls {} > out.$SLURMD_NODENAME", hidden.path().display());
    let script = script(folder.path(), &text);
    let look = || {
        for node in ["--nodelist=node0", "--nodelist=node1"] {
            cluster.sbatch(&[node, QUIET], &script);
        }
        cluster.wait_idle(PATIENCE);
        outputs(folder.path())
    };
    let expected = [("node0", "here"), ("node1", "")];
    let expected = BTreeMap::from(expected.map(|(node, seen)| (node.to_owned(), seen.to_owned())));
    assert_eq!(look(), expected);

    cluster.kill_node(1);
    cluster.revive_node(1);
    fs::remove_file(folder.path().join("out.node1")).unwrap();
    assert_eq!(look(), expected, "after the node's restart");
}

#[test]
fn fixture_the_controller_dies_and_comes_back() {
    let Some(cluster) = cluster::start(Options { nodes: 1, ..Options::default() }) else { return };
    let folder = tempfile::tempdir().unwrap();
    let script = script(folder.path(), "echo ran > out.$SLURM_JOB_NAME");
    cluster.kill_controller();
    assert!(!cluster.scontrol(&["ping"]).status.success());
    cluster.start_controller();
    cluster.sbatch(&["--job-name=after", QUIET], &script);
    cluster.wait_idle(PATIENCE);
    assert_eq!(outputs(folder.path())["after"], "ran");
}

/// A job that ignores signals, and has started a process that Slurm does not know of.
const CLINGING: &str =
    "trap '' TERM HUP INT; setsid sleep 1000 & touch out.ready; sleep 1000; wait";

fn left(conf: &Path) -> Vec<processes::Process> {
    processes::with(&[&format!("SLURM_CONF={}", conf.display())])
}

#[test]
fn fixture_nothing_is_left_and_another_cluster_is_left_alone() {
    let Some(gone) = cluster::start(Options::default()) else { return };
    let stays = cluster::start(Options { nodes: 1, ..Options::default() }).unwrap();
    let folder = tempfile::tempdir().unwrap();
    gone.sbatch(&[QUIET], &script(folder.path(), CLINGING));
    wait_until("the job", PATIENCE, || outputs(folder.path()).contains_key("ready"));

    let conf = gone.conf();
    // Controller, two nodes, the step, the script and its two children.
    assert!(left(&conf).len() >= 7, "{:?}", left(&conf));
    drop(gone);
    assert!(left(&conf).is_empty(), "{:?}", left(&conf));
    assert!(!conf.parent().unwrap().exists());

    fs::remove_file(folder.path().join("out.ready")).unwrap();
    stays.sbatch(&[QUIET], &script(folder.path(), "touch out.ready"));
    stays.wait_idle(PATIENCE);
    assert!(outputs(folder.path()).contains_key("ready"));
}

/// Names the folder in which this test, started by itself, plays the victim.
const VICTIM: &str = "SWEEP_TEST_SLURM_VICTIM";

#[test]
fn fixture_nothing_is_left_of_a_killed_test() {
    if let Some(folder) = std::env::var_os(VICTIM).map(PathBuf::from) {
        let cluster = cluster::start(Options { nodes: 1, ..Options::default() }).unwrap();
        cluster.sbatch(&[QUIET], &script(&folder, CLINGING));
        wait_until("the job", PATIENCE, || outputs(&folder).contains_key("ready"));
        println!("\nconf {}", cluster.conf().display());
        std::thread::sleep(PATIENCE);
        return;
    }
    if cluster::start(Options { nodes: 1, ..Options::default() }).is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "fixture_nothing_is_left_of_a_killed_test", "--nocapture"])
        .env(VICTIM, folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(victim.stdout.take().unwrap()).lines();
    let conf = lines.map(Result::unwrap).find_map(|l| l.strip_prefix("conf ").map(PathBuf::from));
    victim.kill().unwrap();
    victim.wait().unwrap();
    let conf = conf.expect("the victim started no cluster");
    wait_until("the end of all", PATIENCE, || {
        left(&conf).is_empty() && !conf.parent().unwrap().exists()
    });
}
