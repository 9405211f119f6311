//! Lost answers of `sbatch`: whatever it did, each job is submitted exactly once.

use std::fs::File;
use std::process::Command;

use crate::PATIENCE;
use crate::cluster::{Options, QueueLine};
use crate::place::{Place, answer, digits};

const RUN: [&str; 4] = ["run", "experiments/x.toml", "--launcher", "slurm"];
/// Message of the real `sbatch` whose answer is lost.
const LOST: &str =
    "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation";

fn place() -> Option<Place> {
    let place = Place::start(Options { nodes: 1, ..Options::default() })?;
    place.sandbox.sweep_file("x", &digits(1, 1, "runs_per_task = 2"));
    place.put("hold");
    Some(place)
}

/// `sweep` with a program before the real one on its `PATH`.
fn behind(place: &Place, script: &str) -> (i32, String) {
    let path = place.hiding("sbatch", script);
    answer(place.command(&RUN).env("PATH", path))
}

/// Returns the numbers of the arrays that Slurm knows.
fn arrays(place: &Place) -> Vec<u64> {
    let lines = place.cluster.squeue();
    let mut numbers: Vec<u64> =
        lines.iter().filter(|l| l.task.is_some()).map(|line| line.array).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// Everything runs to its end, each task once.
fn ends_well(place: &Place) {
    place.remove("hold");
    place.cluster.wait_idle(PATIENCE);
    let lines: Vec<QueueLine> =
        place.cluster.squeue().into_iter().filter(|line| line.task.is_some()).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines.iter().all(|line| line.state == "COMPLETED"), "{lines:?}");
    assert_eq!(crate::support::results(&place.records("x")).len(), 4);
}

#[test]
fn an_answer_that_was_lost_is_found_in_the_queue() {
    let Some(place) = place() else { return };
    // Of the array and of the report's job, not of the one that looks.
    let script = format!(
        "#!/bin/bash\ncase \"$*\" in *.look*) exec '@real@' \"$@\" ;; esac\n\
         '@real@' \"$@\" >/dev/null || exit\necho '{LOST}' >&2\nexit 1\n"
    );
    let (code, said) = behind(&place, &script);
    assert_eq!(code, 0, "{said}");
    let (array, report) = place.jobs("x", 1);
    assert!(said.contains(&format!("job {array}; job {report} writes the report")), "{said}");
    assert_eq!(arrays(&place), [array]);
    let again = place.expect(2, &RUN);
    assert!(again.contains("still in Slurm's queue"), "{again}");
    ends_well(&place);
    assert_eq!(place.cluster.task(report, None).unwrap().state, "COMPLETED");
}

#[test]
fn a_job_that_slurm_never_took_is_submitted_by_the_next_command() {
    let Some(place) = place() else { return };
    let script = format!(
        "#!/bin/bash\ncase \"$*\" in *.look*) exec '@real@' \"$@\" ;; esac\n\
         echo >> '@control@/asked'\necho '{LOST}' >&2\nexit 1\n"
    );
    let (code, said) = behind(&place, &script);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("it is unknown whether it accepted the job"), "{said}");
    assert!(said.contains("Socket timed out"), "{said}");
    let asked = std::fs::read_to_string(place.control("asked")).unwrap();
    assert_eq!(asked.lines().count(), 1, "asked for once, and no job for the report");
    assert!(arrays(&place).is_empty());
    place.expect(0, &RUN);
    assert_eq!(arrays(&place), [place.jobs("x", 2).0]);
    ends_well(&place);
}

#[test]
fn a_job_that_turns_up_after_all_is_taken_over() {
    let Some(place) = place() else { return };
    let script = format!(
        "#!/bin/bash\ncase \"$*\" in *.look*) exec '@real@' \"$@\" ;; esac\n\
         printf '%s\\0' \"$@\" > '@control@/flags'\ncat > '@control@/script'\n\
         echo '{LOST}' >&2\nexit 1\n"
    );
    let (code, said) = behind(&place, &script);
    assert_eq!(code, 2, "{said}");
    // A controller that was busy, not dead.
    let flags = std::fs::read_to_string(place.control("flags")).unwrap();
    let mut late = Command::new("sbatch");
    place.cluster.apply(&mut late);
    late.args(flags.split_terminator('\0')).stdin(File::open(place.control("script")).unwrap());
    let (code, number) = answer(&mut late);
    assert_eq!(code, 0, "{number}");
    let again = place.expect(2, &RUN);
    assert!(again.contains("still in Slurm's queue"), "{again}");
    assert_eq!(arrays(&place), [number.trim().parse::<u64>().unwrap()]);
    ends_well(&place);
}

#[test]
fn of_an_array_that_is_refused_after_another_nothing_is_said_to_be_submitted() {
    let Some(place) = Place::start(Options { nodes: 1, max_array: 2, ..Options::default() }) else {
        return;
    };
    place.sandbox.sweep_file("x", &digits(1, 1, "runs_per_task = 1"));
    place.put("hold");
    let full = "#!/bin/bash\ncase \"$*\" in *--job-name=sweep-x-*.1\\ *)\n\
                echo 'sbatch: error: QOSMaxSubmitJobPerUserLimit' >&2; exit 1 ;; esac\n\
                exec '@real@' \"$@\"\n";
    let (code, said) = behind(&place, full);
    assert_eq!(code, 0, "{said}");
    let [array] = arrays(&place)[..] else { panic!("{said}") };
    assert!(said.contains(&format!("x: 2 runs in 2 of 4 tasks, job {array}; job ")), "{said}");
    assert!(said.contains("1 of 2 arrays were submitted, then Slurm rejected the next"), "{said}");
    assert!(said.contains("QOSMaxSubmitJobPerUserLimit"), "{said}");
    place.remove("hold");
    place.cluster.wait_idle(PATIENCE);
    assert_eq!(crate::support::results(&place.records("x")).len(), 2);
    // The rest, which is what the warning promises.
    let said = place.expect(0, &RUN);
    assert!(said.contains("x: 2 runs in 2 tasks, job "), "{said}");
    place.cluster.wait_idle(PATIENCE);
    assert_eq!(crate::support::results(&place.records("x")).len(), 4);
}

#[test]
fn a_lost_answer_of_the_job_that_looks_harms_nothing() {
    let Some(place) = place() else { return };
    let script = format!(
        "#!/bin/bash\n'@real@' \"$@\" >/dev/null || exit\ncase \"$*\" in *.look*) ;; *) exit ;; esac\n\
         echo '{LOST}' >&2\nexit 1\n"
    );
    let (code, said) = behind(&place, &script);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("Socket timed out"), "{said}");
    assert!(arrays(&place).is_empty());
    place.expect(0, &RUN);
    assert_eq!(arrays(&place).len(), 1);
    ends_well(&place);
}
