//! Resuming: whatever ends a sweep, the next one continues from there, with the results of an
//! undisturbed sweep.

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use polars::prelude::*;
use spec::record::Status;
use support::{Sandbox, digits, results};

/// 40 runs: two optimizers, two learning rates, ten seeds.
fn forty() -> String {
    digits(10, 2)
}

/// Reads a table without the columns and rows that depend on time and place.
fn table(path: &Path) -> DataFrame {
    let frame = ParquetReader::new(std::fs::File::open(path).unwrap()).finish().unwrap();
    let of_time = |name: &str| name.contains("seconds") || name == "slot" || name == "attempt";
    let kept: Vec<String> =
        frame.get_column_names().iter().map(|n| n.to_string()).filter(|n| !of_time(n)).collect();
    let frame = frame.select(kept).unwrap();
    match frame.column("metric") {
        Ok(metric) => {
            let kept: BooleanChunked =
                metric.str().unwrap().iter().map(|m| Some(m != Some("seconds"))).collect();
            frame.filter(&kept).unwrap()
        }
        Err(_) => frame,
    }
}

fn tables(sandbox: &Sandbox, name: &str) -> [DataFrame; 3] {
    let dir = sandbox.report(name);
    [dir.runs(), dir.metrics(), dir.summary()].map(|path| table(&path))
}

/// Runs that were trained to a result, with how often; a checkpoint is none.
fn trained(sandbox: &Sandbox, name: &str) -> BTreeMap<String, usize> {
    let mut out = BTreeMap::new();
    for record in sandbox.records(name).iter().filter(|r| r.status.is_result()) {
        *out.entry(record.run_id.to_string()).or_default() += 1;
    }
    out
}

#[test]
fn killed_at_any_moment_it_goes_on_to_the_same_tables() {
    let undisturbed = Sandbox::new();
    undisturbed.sweep_file("kill", &forty());
    let clock = Instant::now();
    undisturbed.expect(0, &["run", "experiments/kill.toml", "--no-report"]);
    let whole = clock.elapsed();
    undisturbed.expect(0, &["report", "experiments/kill.toml"]);
    let expected = tables(&undisturbed, "kill");
    assert_eq!(expected[0].height(), 40);

    let mut moments = spec::seed::stream(20, "moments of a kill");
    let (mut interrupted, mut reused) = (0, 0);
    for trial in 0..20 {
        let sandbox = Sandbox::new();
        sandbox.sweep_file("kill", &forty());
        let moment = whole.mul_f32(moments.uniform());
        // Every second one after so many finished runs: how long the first takes to come
        // depends on what else the machine does.
        let finished = (trial % 2 == 1).then(|| 1 + moments.below(30) as usize);
        let mut child = sandbox.spawn(&["run", "experiments/kill.toml", "--no-report"]);
        let deadline = Instant::now() + moment;
        let early = || match finished {
            Some(n) => trained(&sandbox, "kill").len() < n,
            None => Instant::now() < deadline,
        };
        while early() && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(2));
        }
        interrupted += usize::from(child.try_wait().unwrap().is_none());
        let _ = child.kill();
        child.wait().unwrap();
        let before = trained(&sandbox, "kill");
        reused += before.len();
        let text = sandbox.expect(0, &["run", "experiments/kill.toml"]);
        let after = trained(&sandbox, "kill");
        assert_eq!(after.len(), 40, "after {moment:?}: {text}");
        assert!(after.values().all(|n| *n == 1), "trained twice after {moment:?}: {text}");
        assert!(before.keys().all(|id| after.contains_key(id)), "nothing finished is lost");
        for (now, then) in tables(&sandbox, "kill").iter().zip(&expected) {
            let columns = now.columns().iter().zip(then.columns());
            let different: Vec<String> = columns
                .filter(|(a, b)| !a.equals_missing(b))
                .map(|(a, b)| format!("{}: {a:?} {b:?}", a.name()))
                .collect();
            assert!(different.is_empty(), "after {moment:?}: {different:?}");
            assert_eq!(now.shape(), then.shape());
        }
    }
    assert!(interrupted >= 10, "only {interrupted} of 20 kills hit a running sweep");
    assert!(reused > 0, "no kill came after a finished run");
}

#[test]
fn a_run_goes_on_from_its_checkpoint_to_the_same_weights() {
    let text = digits(1, 120)
        .replace("hidden = [16]", "hidden = [64]")
        .replace("lr = [0.05, 0.1]", "lr = 0.05")
        .replace("lr = [1e-3, 1e-2]", "lr = 1e-3");
    let kept = text.replace("[train]\n", "[train]\ncheckpoint_every = 5\nsave = \"best\"\n");
    let undisturbed = Sandbox::new();
    undisturbed.sweep_file("long", &text);
    undisturbed.expect(0, &["run", "experiments/long.toml", "--no-report"]);

    let sandbox = Sandbox::new();
    sandbox.sweep_file("long", &kept);
    let mut child = sandbox.spawn(&["run", "experiments/long.toml", "--no-report", "--jobs", "1"]);
    // Killed when the first run has a checkpoint and is not yet done.
    let checkpoints = sandbox.report("long").checkpoints();
    let has_one = || {
        let runs = std::fs::read_dir(&checkpoints).into_iter().flatten().flatten();
        runs.flat_map(|r| std::fs::read_dir(r.path()).into_iter().flatten().flatten())
            .any(|c| c.file_name().to_string_lossy().starts_with("epoch-"))
    };
    let patience = Instant::now() + Duration::from_secs(60);
    while !has_one() {
        assert!(Instant::now() < patience, "no checkpoint came");
        assert!(child.try_wait().unwrap().is_none(), "it ended before it could be killed");
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(has_one(), "the checkpoint outlives the worker");
    let text = sandbox.expect(0, &["run", "experiments/long.toml", "--no-report", "--verbose"]);
    assert!(text.contains("resumes from epoch"), "{text}");
    let records = sandbox.records("long");
    let resumed = records.iter().filter_map(|r| r.outcome.as_ref()?.resumed_from).count();
    assert_eq!(resumed, 1, "{text}");
    assert_eq!(results(&records), results(&undisturbed.records("long")));
    assert!(!has_one(), "a finished run needs no checkpoint");
    for record in &records {
        let weights = sandbox.report("long").weights_of(record.run_id);
        assert!(weights.is_file(), "{} was not kept", weights.display());
    }
    // Weights that are gone are asked for again, and only theirs is trained.
    std::fs::remove_file(sandbox.report("long").weights_of(records[0].run_id)).unwrap();
    let plan = sandbox.expect(0, &["run", "experiments/long.toml", "--plan"]);
    assert!(plan.contains("1 to train") && plan.contains("were not kept"), "{plan}");
    // Others than those asked for, or others than were written, are no weights either.
    let last = ["run", "experiments/long.toml", "--plan", "--set", "train.save=last"];
    let plan = sandbox.expect(0, &last);
    let early = records
        .iter()
        .filter(|r| r.outcome.as_ref().is_some_and(|o| o.saved_epoch != Some(o.epochs_completed)));
    assert!(plan.contains(&format!("{} to train", 1.max(early.count()))), "{plan}");
    let other = sandbox.report("long").weights_of(records[1].run_id);
    std::fs::write(&other, b"garbage").unwrap();
    let plan = sandbox.expect(0, &["run", "experiments/long.toml", "--plan"]);
    assert!(plan.contains("2 to train"), "{plan}");
    let found = sandbox.expect(6, &["verify", "experiments/long.toml", "--sample", "1"]);
    assert!(found.contains("its kept weights differ from the record"), "{found}");
}

#[test]
fn stopping_early_is_a_result_with_its_reason() {
    let sandbox = Sandbox::new();
    let text = digits(1, 30)
        .replace("lr = [0.05, 0.1]", "lr = 0.1")
        .replace("lr = [1e-3, 1e-2]", "lr = 1e-2");
    let early = "[train.early_stopping]\npatience = 2\nmin_delta = 0.5\n";
    sandbox.sweep_file("early", &text.replace("[repeat]", &format!("{early}[repeat]")));
    let shown = sandbox.expect(0, &["run", "experiments/early.toml"]);
    assert!(shown.contains("stopped early after epoch"), "{shown}");
    for record in sandbox.records("early") {
        let outcome = record.outcome.unwrap();
        assert_eq!(outcome.stop_reason, Some(spec::record::StopReason::EarlyStopping));
        assert!(outcome.epochs_completed < 30);
    }
    let target = "[target]\nmetric = \"validation.accuracy\"\nvalue = 0.6\nstop = true\n";
    sandbox.sweep_file("target", &format!("{target}{text}"));
    let shown = sandbox.expect(0, &["run", "experiments/target.toml"]);
    assert!(shown.contains("target reached in epoch"), "{shown}");
    let stops = table(&sandbox.report("target").runs());
    let stops = stops.column("stop_reason").unwrap().str().unwrap();
    assert!(stops.iter().all(|s| s == Some("target")), "{stops:?}");
}

#[test]
fn a_journal_that_cannot_be_written_ends_the_sweep_and_keeps_what_is_there() {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("full", &digits(4, 2));
    // A full disk, as the system shows it to one process: no file past 64 KiB.
    let mut limited = std::process::Command::new("bash");
    let script = "trap '' XFSZ; ulimit -f 64; exec \"$0\" run experiments/full.toml --no-report";
    limited
        .args(["-c", script, env!("CARGO_BIN_EXE_sweep")])
        .current_dir(sandbox.path(""))
        .env("SWEEP_WORKER", sandbox.worker())
        .env("NO_COLOR", "1");
    let output = limited.output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("cannot append to") && text.contains("make room"), "{text}");
    let journal = store::journal::read(&sandbox.report("full")).unwrap();
    assert!(journal.warnings.is_empty(), "half a line was taken back: {:?}", journal.warnings);
    let kept = journal.records.len();
    assert!(kept > 0 && kept < 16, "{kept}");
    sandbox.expect(0, &["run", "experiments/full.toml", "--no-report"]);
    assert_eq!(results(&sandbox.records("full")).len(), 16);
}

#[test]
fn a_folder_that_cannot_be_written_is_said_before_anything_is_trained() {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("readonly", &digits(1, 1));
    // Not even root may make a folder there.
    std::os::unix::fs::symlink("/sys/kernel", sandbox.path("reports")).unwrap();
    let text = sandbox.expect(1, &["run", "experiments/readonly.toml"]);
    assert!(text.contains("cannot create ") && text.contains("reports/readonly"), "{text}");
}

#[test]
fn torn_foreign_and_altered_lines_are_said_and_trained_again() {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("torn", &digits(1, 1));
    sandbox.expect(0, &["run", "experiments/torn.toml", "--no-report"]);
    let file = std::fs::read_dir(sandbox.report("torn").journal()).unwrap().next().unwrap();
    let file = file.unwrap().path();
    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4);
    let altered = lines[1].replacen("\"steps\":", "\"steps\":1", 1);
    let torn = &lines[3][..lines[3].len() / 2];
    std::fs::write(&file, format!("{}\n{altered}\nhello\n{}\n{torn}", lines[0], lines[2])).unwrap();
    let plan = sandbox.expect(0, &["run", "experiments/torn.toml", "--plan"]);
    assert!(plan.contains("4 runs, 2 cached, 2 to train"), "{plan}");
    let shown = sandbox.expect(0, &["run", "experiments/torn.toml"]);
    for said in [
        "line 2: ignored, the record of run",
        "line 3: ignored, not a run record",
        "line 5: the last line is torn",
    ] {
        assert!(shown.contains(said), "{said}: {shown}");
    }
    let good = sandbox.records("torn").iter().filter(|r| r.status == Status::Completed).count();
    assert_eq!(good, 4);
}

#[test]
fn records_of_the_first_release_are_reused() {
    let sandbox = Sandbox::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../store/tests/records");
    std::fs::copy(folder.join("version-1.toml"), sandbox.path("experiments/old.toml")).unwrap();
    let journal = sandbox.report("old").journal();
    std::fs::create_dir_all(&journal).unwrap();
    std::fs::copy(folder.join("version-1.jsonl"), journal.join("old.jsonl")).unwrap();
    let plan = sandbox.expect(0, &["run", "experiments/old.toml", "--plan"]);
    assert!(plan.contains("1 cached"), "{plan}");
    let text = sandbox.expect(0, &["run", "experiments/old.toml", "--no-report"]);
    assert!(text.contains("1 result was made by other versions"), "{text}");
}
