//! `why`, `verify`, `status`, `cancel`, `--plan`, and the amount of output.

mod support;

use std::time::Duration;

use spec::record::Status;
use support::{Sandbox, digits, wait_for};

/// A sweep that takes a while: many epochs on one slot.
fn long() -> String {
    digits(1, 20_000)
}

#[test]
fn why_names_the_fields_that_make_a_run_new() {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("why", &digits(1, 1));
    let absent = sandbox.expect(0, &["why", "experiments/why.toml", "sgd lr=0.1 seed 0"]);
    assert!(absent.contains("new: the journal has no record") && absent.contains("is empty"));
    sandbox.expect(0, &["run", "experiments/why.toml", "--no-report"]);
    let record = sandbox.records("why").remove(0);
    let id = record.run_id.to_string();
    let cached = sandbox.expect(0, &["why", "experiments/why.toml", &id[..8]]);
    assert!(cached.contains("cached: its result is reused"), "{cached}");
    assert!(cached.contains(&record.outcome.as_ref().unwrap().weights_digest.clone().unwrap()));
    // A changed field is named with both its values.
    let set = ["--set", "data.batch_size=16"];
    let changed = sandbox
        .expect(0, &[&["why", "experiments/why.toml", "sgd lr=0.1 seed 0"], &set[..]].concat());
    assert!(changed.contains("data.batch_size: 32 -> 16"), "{changed}");
    assert_eq!(changed.matches(" -> ").count(), 1, "{changed}");
    // A run that the file no longer asks for.
    sandbox.sweep_file("why", &digits(1, 1).replace("batch_size = 32", "batch_size = 30"));
    let gone = sandbox.expect(0, &["why", "experiments/why.toml", &id[..8]]);
    assert!(
        gone.contains("not in the plan") && gone.contains("data.batch_size: 32 -> 30"),
        "{gone}"
    );
    // Computed elsewhere.
    sandbox.sweep_file("why", &digits(1, 1));
    let other =
        if record.exec.as_ref().unwrap().backend == "flex" { "libtorch:cpu" } else { "flex" };
    let stale = sandbox.expect(0, &["why", "experiments/why.toml", &id[..8], "--device", other]);
    assert!(stale.contains("stale: computed elsewhere") && stale.contains("backend: "), "{stale}");
    sandbox.expect(2, &["why", "experiments/why.toml", "ffffffff"]);
    sandbox.expect(2, &["why", "experiments/why.toml", "no such label"]);
    let many = sandbox.expect(2, &["why", "experiments/why.toml", "seed 0"]);
    assert!(many.contains("matches 4 runs"), "{many}");
}

#[test]
fn verify_repeats_results_and_finds_an_altered_digest() {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("verify", &digits(2, 2));
    sandbox.expect(0, &["run", "experiments/verify.toml", "--no-report"]);
    let fine = sandbox.expect(0, &["verify", "experiments/verify.toml", "--sample", "5"]);
    assert!(fine.contains("5 runs trained again, bit-identical"), "{fine}");
    let file = std::fs::read_dir(sandbox.report("verify").journal()).unwrap().next().unwrap();
    let file = file.unwrap().path();
    let text = std::fs::read_to_string(&file).unwrap();
    let record = sandbox.records("verify").remove(3);
    let id = record.run_id.to_string();
    let digest = record.outcome.as_ref().unwrap().weights_digest.clone().unwrap();
    let last = if digest.ends_with('0') { "1" } else { "0" };
    let other = format!("{}{last}", &digest[..digest.len() - 1]);
    // One byte: found by the record's checksum, sampled or not.
    std::fs::write(&file, text.replace(&digest, &other)).unwrap();
    let found = sandbox.expect(6, &["verify", "experiments/verify.toml", "--sample", "1"]);
    assert!(found.contains(&id) && found.contains("damaged record"), "{found}");
    // A forger who mends the checksum too is found by training again.
    let mut forged = record.clone();
    forged.outcome.as_mut().unwrap().weights_digest = Some(other.clone());
    let line = String::from_utf8(store::journal_line::write(&forged).unwrap()).unwrap();
    let lines: Vec<&str> =
        text.lines().map(|l| if l.contains(&id) { line.trim_end() } else { l }).collect();
    std::fs::write(&file, lines.join("\n") + "\n").unwrap();
    let found = sandbox.expect(6, &["verify", "experiments/verify.toml", "--run", &id[..8]]);
    assert!(found.contains("weights_digest: stored") && found.contains(&other), "{found}");
    std::fs::write(&file, &text).unwrap();
    sandbox.expect(0, &["verify", "experiments/verify.toml", "--run", &id[..8]]);
    sandbox.expect(2, &["verify", "experiments/verify.toml", "--run", "ffff"]);
    // A version that knew no checksums is no way around them, nor is broken JSON.
    for (from, to) in [("\"v\":2", "\"v\":1"), ("\"v\":2", "\"v\":2{")] {
        let forge = |l: &str| if l.contains(&id) { l.replacen(from, to, 1) } else { l.to_owned() };
        let lines: Vec<String> = text.lines().map(forge).collect();
        std::fs::write(&file, lines.join("\n") + "\n").unwrap();
        let found = sandbox.expect(6, &["verify", "experiments/verify.toml", "--sample", "1"]);
        assert!(found.contains(&id) && found.contains("damaged record"), "{found}");
    }
    // Trained again, the run is well, and the damage no more than a note.
    sandbox.expect(0, &["run", "experiments/verify.toml", "--no-report"]);
    let mended = sandbox.expect(0, &["verify", "experiments/verify.toml", "--run", &id[..8]]);
    assert!(mended.contains("note") && mended.contains("trained again"), "{mended}");
    std::fs::write(&file, "").unwrap();
    for other in std::fs::read_dir(sandbox.report("verify").journal()).unwrap() {
        std::fs::write(other.unwrap().path(), "").unwrap();
    }
    let none = sandbox.expect(2, &["verify", "experiments/verify.toml"]);
    assert!(none.contains("there is no result to verify"), "{none}");
    std::fs::write(&file, &text).unwrap();
    assert_eq!(sandbox.records("verify").len(), 8, "nothing is added to the journal");
}

#[test]
fn status_and_cancel_work_from_another_shell() {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("watch", &long());
    sandbox.expect(2, &["status", "experiments/watch.toml"]);
    let mut sweep = sandbox.spawn(&["run", "experiments/watch.toml", "--jobs", "1", "--no-report"]);
    let running = || {
        let output = sandbox.run(&["status", "experiments/watch.toml"]);
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    wait_for("an epoch", || running().contains("steps/s"));
    let text = running();
    assert!(text.contains(&format!("running, process {}", sweep.id())), "{text}");
    assert!(text.contains("slot 0") && text.contains("/20000"), "{text}");
    let json = sandbox.expect(0, &["status", "experiments/watch.toml", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["running"]["to_train"], 4);
    let ended = sandbox.expect(0, &["cancel", "experiments/watch.toml"]);
    assert!(ended.contains("can be resumed"), "{ended}");
    assert_eq!(sweep.wait().unwrap().code(), Some(130));
    let text = sandbox.expect(0, &["status", "experiments/watch.toml"]);
    assert!(text.contains("not running") && text.contains("1 cancelled"), "{text}");
    assert!(!sandbox.report("watch").running().exists());
    let again = sandbox.expect(0, &["cancel", "experiments/watch.toml"]);
    assert!(again.contains("no sweep is running"), "{again}");
    let records = sandbox.records("watch");
    assert!(records.iter().all(|r| r.status == Status::Cancelled), "{records:?}");
}

#[test]
fn a_lock_says_who_holds_it_and_dies_with_its_holder() {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("lock", &long());
    let mut first = sandbox.spawn(&["run", "experiments/lock.toml", "--no-report"]);
    wait_for("the lock", || sandbox.report("lock").running().join("sweep.json").is_file());
    let text = sandbox.expect(2, &["run", "experiments/lock.toml"]);
    assert!(
        text.contains(&format!("process {} on ", first.id())) && text.contains(" since 20"),
        "{text}"
    );
    let plan = sandbox.expect(0, &["run", "experiments/lock.toml", "--plan"]);
    assert!(plan.contains("4 to train"), "a plan needs no lock: {plan}");
    // Killed without a word: the file stays, the lock does not.
    first.kill().unwrap();
    first.wait().unwrap();
    assert!(sandbox.report("lock").lock().is_file());
    let status = sandbox.expect(0, &["status", "experiments/lock.toml"]);
    assert!(status.contains("not running"), "{status}");
    sandbox.sweep_file("lock", &digits(1, 1));
    sandbox.expect(0, &["run", "experiments/lock.toml", "--no-report"]);
}

/// A worker that cannot be killed at once: a child outside its process group keeps its pipe open,
/// so that the first interrupt has to wait a moment.
const CLINGING: &str = r#"#!/bin/bash
if [ "$1" = --probe ]; then
  echo '{"protocol":4,"backends":["flex"],"libtorch":null,"cuda":false,"devices":["flex"],"code":"fake"}'
  exit 0
fi
echo '{"event":"ready","protocol":4,"environment":{"backend":"flex","device_kind":"cpu","device_model":"none","cpu_features":"","threads":1,"burn":"0","libtorch":null,"code":"fake"}}'
setsid sleep 15 &
read -r line
echo begun >&2
read -r -t 60 line
"#;

#[test]
fn one_interrupt_records_what_it_ends_and_a_second_ends_it_at_once() {
    let sandbox = Sandbox::with_script(CLINGING);
    sandbox.sweep_file("twice", &digits(1, 1));
    let cancelled = |signals: usize| {
        let args = ["run", "experiments/twice.toml", "--no-report", "--fresh", "--jobs", "1"];
        let _ = std::fs::remove_dir_all(sandbox.report("twice").logs());
        let mut sweep = sandbox.spawn(&args);
        let log = sandbox.report("twice").logs().join("slot-0.log");
        wait_for("a run", || std::fs::read_to_string(&log).is_ok_and(|t| t.contains("begun")));
        let pid = rustix::process::Pid::from_child(&sweep);
        let interrupt = || rustix::process::kill_process(pid, rustix::process::Signal::INT);
        interrupt().unwrap();
        if signals == 2 {
            // Not so soon that two signals become one.
            std::thread::sleep(Duration::from_millis(200));
            interrupt().unwrap();
        }
        assert_eq!(sweep.wait().unwrap().code(), Some(130));
        sandbox.records("twice").len()
    };
    assert_eq!(cancelled(1), 1);
    // On a busy machine the first signal may be done before the second is seen.
    assert!((0..5).any(|_| cancelled(2) == 0), "two interrupts wait as one does");
    let plan = sandbox.expect(0, &["run", "experiments/twice.toml", "--plan"]);
    assert!(plan.contains("4 to train"), "{plan}");
}

#[test]
fn a_plan_says_what_is_new_what_it_costs_and_how_long_it_takes() {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("plan", &digits(3, 4));
    let text = sandbox.expect(0, &["run", "experiments/plan.toml", "--plan"]);
    assert!(text.contains("no estimate of time"), "{text}");
    assert!(text.contains("sgd: optimizer.lr = 0.05, 0.1"), "{text}");
    assert!(text.lines().all(|l| l.chars().count() <= 80), "{text}");
    sandbox.expect(0, &["run", "experiments/plan.toml", "--only", "optimizer=sgd", "--no-report"]);
    let text = sandbox.expect(0, &["run", "experiments/plan.toml", "--plan"]);
    assert!(text.contains("12 runs, 6 cached, 6 to train"), "{text}");
    assert!(text.contains("estimated from 6 finished runs"), "{text}");
    let json = sandbox.expect(0, &["run", "experiments/plan.toml", "--plan", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["runs"].as_array().unwrap().len(), 12);
    assert_eq!(
        (json["cached"].as_u64(), json["estimate"]["from_runs"].as_u64()),
        (Some(6), Some(6))
    );
    assert!(json["runs"][11]["why"].as_str().unwrap().starts_with("new"));
}

#[test]
fn of_a_function_the_terminal_tells_values_with_their_digits() {
    let sandbox = Sandbox::new();
    let text = "[data]\nsteps = 100\n[model]\nkind = \"function\"\nfunction = \"himmelblau\"\n\
                [train]\nepochs = 2\n[repeat]\nseeds = { count = 2 }\n\
                [[optimizer]]\nkind = \"sgd\"\nlr = 0.1\n\
                [[optimizer]]\nkind = \"adam\"\nlr = 1e-9\n";
    sandbox.sweep_file("valley", text);
    let text = sandbox.expect(0, &["run", "experiments/valley.toml"]);
    assert!(text.contains(" mean value ") && text.contains(" value "), "{text}");
    for wrong in ["loss", "accuracy", " 0.0000", "0.0 s", "0.00 s"] {
        assert!(!text.contains(wrong), "{wrong}: {text}");
    }
    assert!(text.contains("chosen by value, judged by value"), "{text}");
    let one = sandbox.expect(
        0,
        &[
            "run",
            "experiments/valley.toml",
            "--set",
            "repeat.seeds=[0]",
            "--set",
            "optimizer.adam.lr=1e-9",
            "--smoke",
        ],
    );
    assert!(!one.contains("accuracy") && !one.contains("loss"), "{one}");
}

#[test]
fn an_estimate_is_not_led_astray_by_runs_that_diverge() {
    let sandbox = Sandbox::new();
    let text = digits(2, 40).replace("lr = [0.05, 0.1]", "lr = [0.1, 1e20]");
    sandbox.sweep_file("wild", &text);
    sandbox.expect(0, &["run", "experiments/wild.toml", "--no-report", "--only", "seed=0"]);
    let seconds = |seed: u64| -> f64 {
        let of = |r: &spec::record::RunRecord| {
            r.outcome.as_ref().map_or(0.0, |o| o.train_seconds + o.eval_seconds)
        };
        sandbox.records("wild").iter().filter(|r| r.spec.seed == seed).map(of).sum()
    };
    let json =
        sandbox.expect(0, &["run", "experiments/wild.toml", "--plan", "--json", "--jobs", "1"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    // The other seed takes what this one took, each configuration its own.
    let estimate = json["estimate"]["seconds"].as_f64().unwrap();
    assert!((estimate / seconds(0) - 1.0).abs() < 0.01, "{estimate} {}", seconds(0));
}

#[test]
fn quiet_says_nothing_and_verbose_more() {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("loud", &digits(1, 1));
    let output = sandbox.run(&["run", "experiments/loud.toml", "--quiet"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stdout.is_empty() && output.stderr.is_empty(), "{output:?}");
    assert!(sandbox.report("loud").html().is_file());
    let output = sandbox.run(&["run", "experiments/loud.toml", "--quiet"]);
    assert!(output.stdout.is_empty() && output.stderr.is_empty(), "{output:?}");
    let text = sandbox.expect(0, &["run", "experiments/loud.toml", "--fresh"]);
    assert_eq!(text.lines().filter(|l| l.starts_with('[')).count(), 4, "a line a run: {text}");
    assert!(!text.contains('\u{1b}'), "NO_COLOR: {text}");
    sandbox.expect(2, &["run", "experiments/loud.toml", "--quiet", "--verbose"]);
}

#[test]
fn only_clean_sources_train_when_that_is_asked_for() {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("clean", &digits(1, 1));
    let args = ["run", "experiments/clean.toml", "--require-clean", "--no-report"];
    let text = sandbox.expect(2, &args);
    assert!(text.contains("no git repository"), "{text}");
    let git = |args: &[&str]| {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@b"];
        let mut command = std::process::Command::new("git");
        let done =
            command.args(identity).args(args).current_dir(sandbox.path("")).output().unwrap();
        assert!(done.status.success(), "{done:?}");
    };
    std::fs::write(sandbox.path(".gitignore"), "reports/\n").unwrap();
    git(&["init", "--quiet"]);
    git(&["add", "."]);
    git(&["commit", "--quiet", "--message", "all"]);
    sandbox.expect(0, &args);
    let record = sandbox.records("clean").remove(0);
    let provenance = record.provenance.unwrap();
    assert_eq!((provenance.git_dirty, provenance.diff_hash), (Some(false), None));
    assert_eq!(provenance.git_commit.unwrap().len(), 40);
    assert!(provenance.argv.contains(&"--require-clean".to_owned()), "{:?}", provenance.argv);
    std::fs::write(sandbox.path("new.txt"), "x").unwrap();
    let text = sandbox.expect(2, &args);
    assert!(text.contains("differ from the commit"), "{text}");
}

/// A lint is printed once by each verb that reads the file to train it, is in the report, and is
/// silenced without training anything again.
#[test]
fn a_trap_is_said_once_and_silenced_without_a_new_run() {
    let sandbox = Sandbox::new();
    let file = "experiments/trap.toml";
    let trap = digits(2, 1)
        .replace("lr = [1e-3, 1e-2]", "lr = [1e-3, 1e-2]\nschedule = { kind = \"one-cycle\" }");
    let said = |text: &str| text.matches("warning[one-cycle-too-short]").count();
    sandbox.sweep_file("trap", &trap);
    for args in [&["run", file, "--plan"][..], &["doctor", file], &["run", file, "--quiet"]] {
        let text = sandbox.expect(0, args);
        assert_eq!(said(&text), 1, "{args:?}: {text}");
        assert!(text.contains("2 of 4 configurations are affected"), "{args:?}: {text}");
    }
    let report = || std::fs::read_to_string(sandbox.report("trap").markdown()).unwrap();
    let told = "Warned of before training (one-cycle-too-short, 2 configurations)";
    assert!(report().contains(told), "{}", report());
    // `report` takes over what is meant by now.
    let meant = format!("{trap}[lints]\nallow = [\"one-cycle-too-short\"]\n");
    sandbox.sweep_file("trap", &meant);
    sandbox.expect(0, &["report", file]);
    assert!(!report().contains(told));
    let again = sandbox.expect(0, &["run", file, "--plan"]);
    assert!(said(&again) == 0 && again.contains("8 cached, 0 to train"), "{again}");
}
