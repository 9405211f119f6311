//! A sweep with every kind of failure on a cluster, compared with the same sweep on this machine.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use spec::record::Status;

use crate::PATIENCE;
use crate::cluster::{Options, wait_until};
use crate::place::{Place, digits};
use crate::support::{Sandbox, results};

const FILE: &str = "experiments/all.toml";

#[test]
fn a_sweep_survives_everything() {
    let Some(place) = Place::start(Options::default()) else { return };
    let text = digits(6, 3, "runs_per_task = 4");
    place.sandbox.sweep_file("all", &text);
    place.put("hold");
    let said = place.expect(0, &["run", FILE, "--launcher", "slurm"]);
    assert!(said.contains("24 runs in 6 tasks"), "{said}");
    let (array, report) = place.jobs("all", 1);
    let chunks = place.chunks("all", 1);
    assert_eq!(chunks.iter().map(Vec::len).collect::<Vec<_>>(), [4; 6]);

    // Four at once, two a node; each is to stop after its first run.
    for (task, chunk) in (0..).zip(&chunks[..4]) {
        place.put(&format!("hold.{}", chunk[1]));
        place.wait_for_state(array, task, "RUNNING");
    }
    place.put(&format!("fail.{}", chunks[5][2]));
    place.remove("hold");
    wait_until("a result of each", PATIENCE, || {
        chunks[..4].iter().all(|chunk| place.has_result("all", &chunk[0]))
    });
    let node = |task: usize| place.cluster.task(array, Some(task as u64)).unwrap().node;
    let (near, far): (Vec<usize>, Vec<usize>) = (0..4).partition(|task| node(*task) == "node0");
    let (&[killed, requeued], &[cancelled, stranded]) = (&near[..], &far[..]) else {
        panic!("two tasks a node: {near:?}, {far:?}")
    };

    let pid = place.cluster.task_pid(array, Some(killed as u64)).unwrap();
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    place.wait_for_state(array, killed as u64, "FAILED");
    place.cluster.scancel(&[&format!("{array}_{cancelled}")]);
    place.wait_for_state(array, cancelled as u64, "CANCELLED");
    let again = place.cluster.scontrol(&["requeue", &format!("{array}_{requeued}")]);
    assert!(again.status.success(), "{again:?}");
    place.wait_for_state(array, requeued as u64, "PENDING");
    assert_eq!(node(stranded), "node1");
    place.cluster.kill_node(1);
    for chunk in &chunks[..4] {
        place.remove(&format!("hold.{}", chunk[1]));
    }
    wait_until("the node's death to be noticed", PATIENCE, || {
        place.cluster.node_state(1).starts_with("DOWN")
    });
    place.cluster.revive_node(1);
    place.cluster.wait_idle(PATIENCE);

    after_the_first(&place, array, report, &chunks, [killed, requeued, cancelled, stranded]);
    place.remove(&format!("fail.{}", chunks[5][2]));
    again_from_files_alone(&place);
    equals_a_local_sweep(&place, &text);
}

/// Asserts that exactly the lost runs are missing after the first attempt, and reported so.
fn after_the_first(
    place: &Place,
    array: u64,
    report: u64,
    chunks: &[Vec<String>],
    [killed, requeued, cancelled, stranded]: [usize; 4],
) {
    for task in [requeued, stranded] {
        let line = place.cluster.task(array, Some(task as u64)).unwrap();
        assert_eq!(line.state, "COMPLETED", "{line:?}");
        let journals = place.journals("all", &format!("1.0.{task}"));
        assert_eq!(journals.len(), 2, "one before, one after: {journals:?}");
    }
    // That none was trained twice is asserted in there.
    let found = results(&place.records("all"));
    for (task, chunk) in chunks.iter().enumerate() {
        let with: Vec<bool> = chunk.iter().map(|run| found.contains_key(run)).collect();
        let expected = match task {
            _ if task == killed || task == cancelled => [true, false, false, false],
            5 => [true, true, false, true],
            _ => [true; 4],
        };
        assert_eq!(with, expected, "task {task}");
    }
    let mut ended: Vec<(String, Status)> = place
        .records("all")
        .iter()
        .filter(|record| !record.status.is_result())
        .map(|record| (record.run_id.to_string(), record.status))
        .collect();
    ended.sort();
    ended.dedup();
    let mut expected = vec![
        (chunks[5][2].clone(), Status::Failed),
        (chunks[cancelled][1].clone(), Status::Cancelled),
        // Ended with its node's power or asked to leave, then trained.
        (chunks[requeued][1].clone(), Status::Cancelled),
    ];
    expected.sort();
    assert_eq!(ended, expected);

    assert!(place.sandbox.report("all").html().is_file());
    let log = place.log("all", "1.report.log");
    let told = "17 of 24 runs have a result, 2 failed or were ended, 5 are missing";
    assert!(log.contains(told), "{log}");
    assert_eq!(place.field(&report.to_string(), "ExitCode"), "3:0");
    assert_eq!(place.cluster.task(report, None).unwrap().state, "FAILED");
}

/// Resumes after Slurm has lost its state and reuses job numbers.
fn again_from_files_alone(place: &Place) {
    place.cluster.lose_memory();
    assert_eq!(place.cluster.squeue(), []);
    let mut said = String::new();
    // The killed task's last sign of life has to grow old.
    wait_until("the second attempt", PATIENCE, || {
        let (code, text) = place.run(&["run", FILE, "--launcher", "slurm", "--watch"]);
        said = text;
        let refused = code == 2 && said.contains("still training this sweep a moment ago");
        assert!(code == 0 || refused, "{code}: {said}");
        code == 0
    });
    assert!(said.contains("7 runs in 2 tasks"), "{said}");
    assert!(said.contains("24 of 24 runs have a result, 0 failed or were ended, 0 are missing"));
    assert_eq!(place.chunks("all", 2).concat().len(), 7);
    let (array, report) = place.jobs("all", 2);
    assert!(array < report && array <= place.jobs("all", 1).1, "numbers were not handed out again");
    assert_eq!(place.cluster.task(report, None).unwrap().state, "COMPLETED");
    let said = place.expect(0, &["run", FILE, "--launcher", "slurm"]);
    assert!(said.contains("nothing to train; 24 results cached"), "{said}");
}

fn equals_a_local_sweep(place: &Place, text: &str) {
    let local = Sandbox::new();
    local.sweep_file("all", text);
    local.expect(0, &["run", FILE]);
    assert_eq!(results(&place.records("all")), results(&local.records("all")));
    let ours = tables(&place.sandbox.report("all").tables());
    let theirs = tables(&local.report("all").tables());
    assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>());
    assert!(ours["runs.csv"].len() == 25 && ours.len() >= 5, "{ours:?}");
    for (name, rows) in &ours {
        assert_eq!(rows, &theirs[name], "{name}");
    }
}

/// Rows of each table, without columns of seconds, which no two sweeps share.
fn tables(folder: &Path) -> BTreeMap<String, Vec<Vec<String>>> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: &Path| {
        let rows: Vec<Vec<String>> =
            fs::read_to_string(path).unwrap().lines().map(fields).collect();
        let timed = |name: &str| name.ends_with("[s]") || name.contains("device time");
        let kept: Vec<usize> = (0..rows[0].len()).filter(|i| !timed(&rows[0][*i])).collect();
        let width = rows[0].len();
        assert!(rows.iter().all(|row| row.len() == width), "{}", path.display());
        rows.iter().map(|row| kept.iter().map(|i| row[*i].clone()).collect()).collect()
    };
    paths
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), read(&path)))
        .collect()
}

/// Fields of a line of CSV, some of them in quotes.
fn fields(line: &str) -> Vec<String> {
    let (mut out, mut quoted) = (vec![String::new()], false);
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => out.push(String::new()),
            c => out.last_mut().unwrap().push(c),
        }
    }
    out
}
