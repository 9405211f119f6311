//! Refused submissions: each is one clear error, after which the same command works.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use crate::PATIENCE;
use crate::cluster::{self, Options};
use crate::place::{Place, answer, digits};
use crate::support::Sandbox;

const FILE: &str = "experiments/x.toml";
const RUN: [&str; 4] = ["run", FILE, "--launcher", "slurm"];

fn place() -> Option<Place> {
    let place = Place::start(Options { nodes: 1, ..Options::default() })?;
    place.sandbox.sweep_file("x", &digits(1, 1, "runs_per_task = 2"));
    Some(place)
}

/// Asserts that the same command now submits the sweep, once.
fn works_now(place: &Place) {
    let said = place.expect(0, &[&RUN[..], &["--watch"]].concat());
    assert!(said.contains("4 runs in 2 tasks"), "{said}");
    assert!(said.contains("4 of 4 runs have a result"), "{said}");
    let tasks = place.cluster.squeue().into_iter().filter(|line| line.task.is_some()).count();
    assert_eq!(tasks, 2);
}

/// Asserts that nothing waits or runs, also according to `status`.
fn nothing_is_there(place: &Place) {
    let left: Vec<_> = place.cluster.squeue().into_iter().filter(|line| line.active()).collect();
    assert_eq!(left, []);
    assert!(place.records("x").is_empty());
    let status = place.expect(0, &["status", FILE]);
    assert!(status.contains("not running; run the same command again to resume"), "{status}");
}

/// A `PATH` without some of Slurm's programs.
fn path_without(place: &Place, missing: &[&str]) -> PathBuf {
    let folder = place.control("path");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir(&folder).unwrap();
    let path = std::env::var("PATH").unwrap();
    let folders = path.split(':').filter_map(|f| fs::read_dir(f).ok());
    for entry in folders.flatten().flatten() {
        let name = entry.file_name();
        if !missing.iter().any(|m| *m == name) {
            let _ = symlink(entry.path(), folder.join(name));
        }
    }
    folder
}

#[test]
fn without_slurm_commands_it_says_which_one_is_missing() {
    let Some(place) = place() else { return };
    for missing in [&["sbatch", "scontrol", "squeue", "scancel"][..], &["sbatch"][..]] {
        let path = path_without(&place, missing);
        let (code, said) = answer(place.command(&RUN).env("PATH", path));
        assert_eq!(code, 2, "{said}");
        assert!(said.contains("there is no `sbatch` on the PATH"), "{said}");
        assert!(said.contains("--launcher local"), "{said}");
        assert!(!said.contains("see [slurm]"), "no setting is at fault: {said}");
        nothing_is_there(&place);
    }
    works_now(&place);
}

#[test]
fn an_unreachable_controller_is_said_and_may_come_back() {
    let Some(place) = place() else { return };
    place.cluster.kill_controller();
    let said = place.expect(2, &RUN);
    assert!(said.contains("Slurm's controller does not answer"), "{said}");
    assert!(said.contains("try again"), "{said}");
    place.cluster.start_controller();
    nothing_is_there(&place);
    works_now(&place);
}

#[test]
fn a_flag_that_slurm_rejects_is_said_in_its_words() {
    let Some(place) = place() else { return };
    for (wrong, words) in [
        ("partition = \"none\"", "invalid partition specified: none"),
        ("extra = [\"--constraint=none\"]", "Invalid feature specification"),
        ("extra = [\"--gres=none:1\"]", "Invalid generic resource"),
        ("extra = [\"--no-such-flag\"]", "unrecognized option"),
    ] {
        place.sandbox.sweep_file("x", &digits(1, 1, &format!("runs_per_task = 2\n{wrong}")));
        let said = place.expect(2, &RUN);
        assert!(
            said.contains("Slurm rejected the job: sbatch: ") && said.contains(words),
            "{said}"
        );
        assert!(said.contains("[slurm]"), "{said}");
        assert_eq!(said.matches("error:").count(), said.matches("sbatch: error:").count() + 1);
        nothing_is_there(&place);
    }
    place.sandbox.sweep_file("x", &digits(1, 1, "runs_per_task = 2"));
    works_now(&place);
}

#[test]
fn a_folder_that_a_node_does_not_see_is_said() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("reports")).unwrap();
    let hide = Some(sandbox.path("reports"));
    let Some(cluster) = cluster::start(Options { hide, ..Options::default() }) else { return };
    let run = |node: &str| {
        let extra = format!("runs_per_task = 2\nextra = [\"--nodelist={node}\"]");
        sandbox.sweep_file("x", &digits(1, 1, &extra));
        let mut command = sandbox.command(&RUN);
        cluster.apply(&mut command);
        answer(&mut command)
    };
    let (code, said) = run("node1");
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("the nodes do not see the sweep's folder"), "{said}");
    assert!(said.contains("on a filesystem that all nodes mount"), "{said}");
    assert!(cluster.squeue().iter().all(|line| line.task.is_none()), "nothing was submitted");
    let (code, said) = run("node0");
    assert_eq!(code, 0, "{said}");
    cluster.wait_idle(PATIENCE);
    assert_eq!(crate::support::results(&sandbox.records("x")).len(), 4);
}

#[test]
fn what_tasks_cannot_keep_is_refused() {
    let sandbox = Sandbox::new();
    let text = digits(1, 1, "runs_per_task = 2");
    sandbox.sweep_file("x", &text);
    for (flags, words) in [
        (&["--max-time", "1h"][..], "--max-time cannot be used with --launcher slurm"),
        (&["--fail-fast", "1"][..], "--fail-fast cannot be used with --launcher slurm"),
        (
            &["--set", "devices.threads_per_run=\"auto\""][..],
            "threads_per_run = \"auto\" is measured on the machine that trains",
        ),
    ] {
        let said = sandbox.expect(2, &[&RUN[..], flags].concat());
        assert!(said.contains(words), "{said}");
        assert!(!sandbox.report("x").plan().exists(), "{flags:?}");
    }
    let said = sandbox.expect(2, &["run", FILE, "--watch"]);
    assert!(said.contains("add --launcher slurm"), "{said}");
    sandbox.sweep_file("x", &text.replace("[slurm]", "[slurm]\nextra = [\"--partition=x\"]"));
    let said = sandbox.expect(2, &RUN);
    assert!(said.contains("is a key of [slurm]"), "{said}");
    sandbox.sweep_file("x", &text);
    sandbox.expect(0, &["run", FILE]);
}

#[test]
fn a_plan_shows_the_script_and_its_flags_and_submits_nothing() {
    let sandbox = Sandbox::new();
    let slurm = "runs_per_task = 4\ncpus = 2\ntime = \"1h\"\nmem = \"2G\"\nmax_parallel = 3\n\
                 partition = \"long\"\nsetup = [\"module load gcc\"]\nextra = [\"--exclude=n7\"]";
    sandbox.sweep_file("x", &digits(2, 1, slurm));
    let empty = tempfile::tempdir().unwrap();
    let args = [&RUN[..], &["--plan"]].concat();
    let (code, said) = answer(sandbox.command(&args).env("PATH", empty.path()));
    assert_eq!(code, 0, "{said}");
    assert!(!sandbox.path("reports").exists(), "a plan writes nothing");
    let root = fs::canonicalize(sandbox.path("")).unwrap();
    let shown = said[said.find("slurm: ").unwrap()..].replace(&root.display().to_string(), "ROOT");
    let from = sandbox.path("").display().to_string();
    insta::assert_snapshot!(shown.replace(from.trim_end_matches('/'), "ROOT"));
}
