//! A scripted worker that misbehaves: each fault costs one run, recorded with its cause, and the
//! sweep continues.

mod support;

use std::time::Duration;

use spec::event::FailureKind;
use spec::record::Status;
use support::{Sandbox, digits};

/// Answers the probe, becomes ready, and for each run does what the learning
/// rate says; every other run diverges at once, which is a result.
const SCRIPT: &str = r#"#!/bin/bash
if [ "$1" = --probe ]; then
  echo '{"protocol":4,"backends":["flex"],"libtorch":null,"cuda":false,"devices":["flex"],"code":"fake"}'
  exit 0
fi
echo '{"event":"ready","protocol":4,"environment":{"backend":"flex","device_kind":"cpu","device_model":"none","cpu_features":"","threads":1,"burn":"0","libtorch":null,"code":"fake"}}'
while read -r line; do
  id=$(sed 's/.*"run_id":"\([0-9a-f]*\)".*/\1/' <<<"$line")
  echo "got $id" >&2
  case "$line" in
    *'"lr":0.01,'*) echo "{\"event\":\"failed\",\"run_id\":\"$id\",\"kind\":\"panic\",\"message\":\"panicked at crates/model/src/loss.rs:40:9:\\nindex out of range\"}"; exit 101 ;;
    *'"lr":0.02,'*) echo "terminate called" >&2; kill -ABRT $$ ;;
    *'"lr":0.03,'*) kill -SEGV $$ ;;
    *'"lr":0.04,'*) exit 0 ;;
    *'"lr":0.05,'*) echo "not json at all" ;;
    *'"lr":0.06,'*) head -c 20000000 /dev/zero | tr '\0' 'x'; echo ;;
    *'"lr":0.07,'*) echo '{"event":"progress","run_id":"00000000000000000000000000000000","step":1}' ;;
    *'"lr":0.08,'*) read -r -t 600 _ ;;
    *'"lr":0.09,'*) yes "{\"event\":\"progress\",\"run_id\":\"$id\",\"step\":1}" ;;
    *'"lr":0.11,'*) echo "memory allocation of 123456789 bytes failed" >&2; kill -ABRT $$ ;;
    *'"lr":0.12,'*) sleep 600 & exit 0 ;;
    *'"lr":0.13,'*) setsid sleep 20 & exit 0 ;;
    *'"lr":0.14,'*) wide=$(head -c 17000000 /dev/zero | tr '\0' ' ') ;;&
    *) echo "{\"event\":\"finished\",\"run_id\":\"$id\",\"outcome\":{\"status\":\"diverged\",\"stop_reason\":null,\"epochs_completed\":0,\"steps\":1,\"diverged_step\":1,\"last_finite_loss\":null,\"train_seconds\":0.1,\"eval_seconds\":0.0,\"init_digest\":\"a\",\"batch_digest\":[\"b\"],$wide\"weights_digest\":null,\"dataset_digest\":\"d\",\"metrics\":[]}}" ;;
  esac
done
"#;

fn sandbox() -> Sandbox {
    Sandbox::with_script(SCRIPT)
}

fn sweep(lrs: &str) -> String {
    digits(1, 1).replace("lr = [0.05, 0.1]", &format!("lr = {lrs}"))
}

#[test]
fn each_misbehaviour_costs_one_run() {
    let sandbox = sandbox();
    sandbox.sweep_file(
        "bad",
        &sweep("[0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.5]")
            .replace("lr = [1e-3, 1e-2]", "lr = 1e-3"),
    );
    let text = sandbox.expect(3, &["run", "experiments/bad.toml", "--jobs", "2"]);
    let mut shown: Vec<(f64, FailureKind, String)> = Vec::new();
    let records = sandbox.records("bad");
    for record in &records {
        match &record.error {
            Some(error) => {
                assert_eq!(record.status, Status::Failed);
                shown.push((record.spec.optimizer.lr(), error.kind, error.message.clone()));
            }
            None => assert_eq!(record.status, Status::Diverged),
        }
    }
    assert_eq!(records.len(), 9, "{text}");
    shown.sort_by(|a, b| a.0.total_cmp(&b.0));
    let kinds: Vec<FailureKind> = shown.iter().map(|s| s.1).collect();
    use FailureKind::{Died, Panic, Protocol};
    assert_eq!(kinds, [Panic, Died, Died, Died, Protocol, Protocol, Protocol], "{shown:?}");
    assert!(shown[0].2.contains("index out of range"));
    // The message of a panic comes before its place, wherever there is one line for both.
    let words = "failed (index out of range (panicked at crates/model/src/loss.rs:40:9))";
    assert!(text.contains(words), "{text}");
    let status = sandbox.expect(0, &["status", "experiments/bad.toml"]);
    // Which five of the seven it shows depends on which of two workers was faster.
    assert!(status.contains("and 2 more") && !status.contains(":9:)"), "{status}");
    assert!(shown[3].2.contains("exit status: 0"), "{shown:?}");
    assert!(shown[1].2.contains("signal: 6") && shown[2].2.contains("signal: 11"), "{shown:?}");
    let aborted = records.iter().find(|r| r.spec.optimizer.lr() == 0.02).unwrap();
    assert!(aborted.error.as_ref().unwrap().log_tail.contains("terminate called"));
    // The next sweep runs what failed again, and nothing else.
    sandbox.expect(3, &["run", "experiments/bad.toml"]);
    assert_eq!(sandbox.records("bad").len(), 9 + 7);
    let kept = sandbox.expect(0, &["run", "experiments/bad.toml", "--keep-failed"]);
    assert!(kept.contains("nothing to train"), "{kept}");
}

#[test]
fn a_run_that_outstays_its_time_is_ended_with_all_it_started() {
    let sandbox = sandbox();
    // Silent, and talking without end or pause; then one that is well.
    sandbox.sweep_file(
        "late",
        &sweep("[0.08, 0.09, 0.5]")
            .replace("lr = [1e-3, 1e-2]", "lr = 1e-3")
            .replace("[train]\n", "[train]\ntimeout = \"1s\"\n"),
    );
    let text = sandbox.expect(3, &["run", "experiments/late.toml", "--retry", "2", "--no-report"]);
    assert!(text.contains("timed_out (longer than the timeout of 1.0 s)"), "{text}");
    let records = sandbox.records("late");
    assert_eq!(records.len(), 4, "a time-out is not tried again");
    for record in &records {
        let lr = record.spec.optimizer.lr();
        if lr == 0.08 || lr == 0.09 {
            assert_eq!(record.status, Status::TimedOut);
            assert_eq!(record.error.as_ref().unwrap().kind, FailureKind::Timeout);
            assert!(record.error.as_ref().unwrap().log_tail.contains("got"), "{record:?}");
        } else {
            assert_eq!(record.status, Status::Diverged);
        }
    }
    // The argument wins over the file, and the next sweep tries again.
    let args = ["run", "experiments/late.toml", "--timeout", "300ms", "--no-report"];
    let text = sandbox.expect(3, &args);
    assert!(text.contains("timeout of 0.3 s"), "{text}");
    let left = std::process::Command::new("pgrep").args(["-f", &sandbox.worker()]).output();
    if let Ok(left) = left {
        assert!(left.stdout.is_empty(), "{}", String::from_utf8_lossy(&left.stdout));
    }
}

#[test]
fn want_of_memory_is_named_and_a_child_that_holds_the_pipe_hangs_nothing() {
    let sandbox = sandbox();
    let text = sweep("[0.11, 0.12, 0.13, 0.5]").replace("lr = [1e-3, 1e-2]", "lr = 1e-3");
    sandbox.sweep_file("memory", &text.replace("[train]\n", "[train]\ntimeout = 5\n"));
    sandbox.expect(3, &["run", "experiments/memory.toml", "--no-report"]);
    let records = sandbox.records("memory");
    let of = |lr: f64| records.iter().find(|r| r.spec.optimizer.lr() == lr).unwrap();
    let error = of(0.11).error.as_ref().unwrap();
    assert_eq!(error.kind, FailureKind::OutOfMemory);
    assert!(error.message.starts_with("out of memory: ") && error.log_tail.contains("123456789"));
    // A child in a group of its own is out of reach, and holds the pipe.
    assert!(!of(0.12).status.is_result() && !of(0.13).status.is_result());
    assert_eq!(of(0.13).error.as_ref().unwrap().kind, FailureKind::Died);
    assert_eq!(records.len(), 5);
}

/// The last event of a run holds all its metrics, so it grows with the epochs.
#[test]
fn a_long_run_may_have_a_long_last_line() {
    let sandbox = sandbox();
    let text = sweep("0.14").replace("lr = [1e-3, 1e-2]", "lr = 1e-3");
    sandbox.sweep_file("long", &text.replace("epochs = 1", "epochs = 2000"));
    sandbox.expect(0, &["run", "experiments/long.toml", "--no-report"]);
    sandbox.sweep_file("short", &text);
    let text = sandbox.expect(3, &["run", "experiments/short.toml", "--no-report"]);
    assert!(text.contains("a line of more than"), "{text}");
}

/// The real worker under a limit of address space, with a model that needs more.
#[test]
fn a_real_memory_hog_under_a_limit_costs_one_run() {
    let worker = support::flex_worker();
    let script = format!("#!/bin/bash\nulimit -v 6000000\nexec {} \"$@\"\n", worker.display());
    let sandbox = Sandbox::with_script(&script);
    let text = digits(1, 1)
        .replace("hidden = [16]", "hidden = { values = [[16], [60000, 60000]] }")
        .replace("lr = [0.05, 0.1]", "lr = 0.1")
        .replace("lr = [1e-3, 1e-2]", "lr = 1e-3");
    sandbox.sweep_file("hog", &text);
    sandbox.expect(3, &["run", "experiments/hog.toml", "--device", "flex", "--jobs", "1"]);
    let records = sandbox.records("hog");
    let (well, bad): (Vec<_>, Vec<_>) = records.iter().partition(|r| r.status.is_result());
    assert_eq!((well.len(), bad.len()), (2, 2), "{records:?}");
    for record in bad {
        let error = record.error.as_ref().unwrap();
        assert_eq!(error.kind, FailureKind::OutOfMemory, "{error:?}");
    }
}

#[test]
fn an_interrupt_cancels_and_leaves_a_state_to_resume_from() {
    let sandbox = sandbox();
    sandbox.sweep_file("stop", &sweep("[0.5, 0.08]"));
    let mut child = sandbox
        .command(&["run", "experiments/stop.toml", "--jobs", "1", "--no-report"])
        .spawn()
        .unwrap();
    // The hanging run is on when its worker has named it.
    let log = sandbox.path("reports/stop/logs/slot-0.log");
    for _ in 0..1_000 {
        let hanging = std::fs::read_to_string(&log).unwrap_or_default().lines().count() >= 3;
        if hanging && sandbox.records("stop").len() >= 2 {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let records = sandbox.records("stop");
    assert!(records.iter().any(|r| r.status == Status::Cancelled), "{records:?}");
    let plan = sandbox.expect(0, &["run", "experiments/stop.toml", "--plan"]);
    assert!(plan.contains("to train"), "{plan}");
}

#[test]
fn a_retry_is_another_record_with_its_attempt() {
    let sandbox = sandbox();
    sandbox.sweep_file("retry", &sweep("[0.02, 0.5]").replace("lr = [1e-3, 1e-2]", "lr = 1e-3"));
    let text = sandbox.expect(3, &["run", "experiments/retry.toml", "--retry", "2", "--no-report"]);
    assert!(text.contains("attempt 2 failed"), "{text}");
    let records = sandbox.records("retry");
    let mut attempts: Vec<u64> =
        records.iter().filter(|r| r.spec.optimizer.lr() == 0.02).map(|r| r.attempt).collect();
    attempts.sort_unstable();
    assert_eq!(attempts, [1, 2, 3]);
    assert_eq!(records.len(), 3 + 2, "what has a result is tried once");
}

#[test]
fn fail_fast_and_max_time_end_the_sweep_and_keep_what_is_done() {
    let sandbox = sandbox();
    let text = sweep("[0.01, 0.02, 0.03, 0.5]");
    sandbox.sweep_file("fast", &text);
    let shown = sandbox.expect(
        3,
        &["run", "experiments/fast.toml", "--jobs", "1", "--fail-fast", "1", "--no-report"],
    );
    assert!(shown.contains("ended by --fail-fast"), "{shown}");
    let failed = sandbox.records("fast").iter().filter(|r| r.status == Status::Failed).count();
    assert_eq!(failed, 1);
    sandbox.sweep_file("long", &sweep("[0.5, 0.08]"));
    let shown = sandbox.expect(
        3,
        &["run", "experiments/long.toml", "--jobs", "1", "--max-time", "3s", "--no-report"],
    );
    assert!(shown.contains("ended by --max-time"), "{shown}");
    let records = sandbox.records("long");
    assert!(records.iter().any(|r| r.status == Status::Cancelled && r.spec.optimizer.lr() == 0.08));
    assert!(records.iter().any(|r| r.status == Status::Diverged));
    for wrong in ["0s", "-3s", "soon"] {
        sandbox.expect(2, &["run", "experiments/long.toml", &format!("--max-time={wrong}")]);
    }
}

#[test]
fn a_second_sweep_says_who_holds_the_lock() {
    let sandbox = sandbox();
    sandbox.sweep_file("lock", &sweep("[0.08]"));
    let mut first =
        sandbox.command(&["run", "experiments/lock.toml", "--no-report"]).spawn().unwrap();
    let log = sandbox.path("reports/lock/logs/slot-0.log");
    for _ in 0..1_000 {
        if std::fs::read_to_string(&log).is_ok_and(|t| !t.is_empty()) {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let text = sandbox.expect(2, &["run", "experiments/lock.toml"]);
    assert!(
        text.contains("another sweep is writing")
            && text.contains(&format!("process {}", first.id())),
        "{text}"
    );
    first.kill().unwrap();
    first.wait().unwrap();
    let plan = sandbox.expect(0, &["run", "experiments/lock.toml", "--plan"]);
    assert!(plan.contains("to train"), "{plan}");
}

#[test]
fn bad_input_exits_with_2_before_anything_is_trained() {
    let sandbox = sandbox();
    sandbox.sweep_file("typo", &digits(1, 1).replace("hidden", "hiden"));
    let text = sandbox.expect(2, &["run", "experiments/typo.toml"]);
    assert!(text.contains("did you mean `hidden`?"), "{text}");
    sandbox.expect(2, &["run", "experiments/absent.toml"]);
    sandbox.expect(2, &["needs", "run", "experiments/typo.toml"]);
    sandbox.sweep_file("good", &digits(1, 1));
    sandbox.expect(2, &["run", "experiments/good.toml", "--device", "libtorch:cuda:0"]);
    sandbox.expect(2, &["run", "experiments/good.toml", "--jobs", "0"]);
    sandbox.expect(2, &["report", "experiments/good.toml"]);
    sandbox.expect(2, &["fetch", "mnst"]);
    assert!(!sandbox.path("reports/good/journal").exists());
}

#[test]
fn a_folder_of_another_sweep_file_is_refused() {
    let sandbox = sandbox();
    sandbox.sweep_file("one", &format!("name = \"same\"\n{}", digits(1, 1)));
    sandbox.sweep_file("two", &format!("name = \"same\"\n{}", digits(1, 1)));
    sandbox.run(&["run", "experiments/one.toml"]);
    let text = sandbox.expect(2, &["run", "experiments/two.toml"]);
    assert!(text.contains("belongs to experiments/one.toml"), "{text}");
}

#[test]
fn needs_tells_xtask_what_to_build() {
    let sandbox = sandbox();
    sandbox.sweep_file("n", &digits(1, 1));
    let needs = |args: &[&str]| sandbox.expect(0, &[&["needs"], args].concat());
    assert_eq!(
        needs(&["list"]).trim(),
        r#"{"backends":[],"cuda":false,"report":null,"train":false}"#
    );
    assert!(
        needs(&["run", "experiments/n.toml", "--device", "flex"])
            .contains(r#""backends":["flex"],"cuda":false,"report":"last","train":true"#)
    );
    assert!(
        needs(&["run", "experiments/n.toml", "--device", "libtorch:cpu"])
            .contains(r#""backends":["libtorch"]"#)
    );
    let looks = needs(&["run", "experiments/n.toml", "--plan"]);
    assert!(looks.contains(r#""report":null,"train":false"#), "{looks}");
    for (args, report) in [
        (&["run", "experiments/n.toml", "--no-report"][..], "null"),
        (&["run", "experiments/n.toml", "--launcher", "slurm"], r#""first""#),
        (&["nightly", "experiments/n.toml"], r#""first""#),
        (&["report", "experiments/n.toml"], r#""first""#),
        (&["merge", "experiments/n.toml", "elsewhere"], r#""last""#),
        (&["status", "experiments/n.toml"], "null"),
    ] {
        let answer = needs(args);
        assert!(answer.contains(&format!(r#""report":{report},"#)), "{args:?}: {answer}");
    }
}
