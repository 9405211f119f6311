//! The built `sweep` with the built worker, on the digits.

mod support;

use std::os::unix::ffi::OsStrExt;

use spec::record::Status;
use support::{Sandbox, digits, results};

#[test]
fn a_sweep_trains_reports_and_is_cached() {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("small", &digits(2, 2));
    let first = sandbox.expect(0, &["run", "experiments/small.toml"]);
    assert!(first.contains("small: 8 runs on"), "{first}");
    assert!(first.contains("report: reports/small/index.html"), "{first}");
    let dir = sandbox.report("small");
    for file in
        [dir.runs(), dir.metrics(), dir.summary(), dir.manifest(), dir.html(), dir.markdown()]
    {
        assert!(file.is_file(), "{} was not written", file.display());
    }
    assert_eq!(sandbox.records("small").len(), 8);
    let second = sandbox.expect(0, &["run", "experiments/small.toml"]);
    assert!(second.contains("nothing to train"), "{second}");
    assert_eq!(sandbox.records("small").len(), 8, "a cached sweep trains nothing");
    let plan = sandbox.expect(0, &["run", "experiments/small.toml", "--plan"]);
    assert!(plan.contains("8 runs, 8 cached, 0 to train"), "{plan}");
    // More seeds train only what is new; a renamed label trains nothing.
    sandbox.sweep_file(
        "small",
        &digits(3, 2).replace("kind = \"adam\"", "kind = \"adam\"\nlabel = \"renamed\""),
    );
    sandbox.expect(0, &["run", "experiments/small.toml"]);
    assert_eq!(sandbox.records("small").len(), 12);
}

#[test]
fn runs_of_one_seed_are_paired_and_jobs_change_no_bit() {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("pairs", &digits(2, 2));
    sandbox.expect(0, &["run", "experiments/pairs.toml", "--jobs", "1", "--no-report"]);
    let one = sandbox.records("pairs");
    for a in &one {
        for b in one.iter().filter(|b| b.spec.seed == a.spec.seed) {
            let (a, b) = (a.outcome.as_ref().unwrap(), b.outcome.as_ref().unwrap());
            assert_eq!(a.init_digest, b.init_digest);
            assert_eq!(a.batch_digest, b.batch_digest);
        }
    }
    let seeds: std::collections::HashSet<_> =
        one.iter().map(|r| &r.outcome.as_ref().unwrap().init_digest).collect();
    assert_eq!(seeds.len(), 2, "another seed, other weights");
    sandbox.expect(0, &["run", "experiments/pairs.toml", "--jobs", "2", "--fresh", "--no-report"]);
    assert_eq!(results(&one), results(&sandbox.records("pairs")));
    assert!(sandbox.path("reports/pairs/journal/old-1").is_dir(), "--fresh deletes nothing");
}

#[test]
fn divergence_is_a_result_with_its_step() {
    let sandbox = Sandbox::new();
    let text = digits(1, 3).replace("lr = [0.05, 0.1]", "lr = [0.1, 1e20]");
    sandbox.sweep_file("wild", &text);
    sandbox.expect(0, &["run", "experiments/wild.toml"]);
    let records = sandbox.records("wild");
    let wild = records.iter().find(|r| r.spec.optimizer.lr() == 1e20).unwrap();
    assert_eq!(wild.status, Status::Diverged);
    let outcome = wild.outcome.as_ref().unwrap();
    assert_eq!(outcome.diverged_step, Some(outcome.steps));
    assert!(outcome.last_finite_loss.unwrap().0.is_finite());
    assert_eq!(outcome.weights_digest, None);
    let page = std::fs::read_to_string(sandbox.report("wild").html()).unwrap();
    assert!(page.contains("diverged"));
    let again = sandbox.expect(0, &["run", "experiments/wild.toml"]);
    assert!(again.contains("nothing to train"), "{again}");
}

#[test]
fn a_report_needs_no_worker_and_is_the_same_twice() {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("redraw", &digits(1, 2));
    sandbox.expect(0, &["run", "experiments/redraw.toml"]);
    let page = || std::fs::read(sandbox.report("redraw").html()).unwrap();
    let first = page();
    std::fs::remove_file(sandbox.report("redraw").runs()).unwrap();
    let mut command = sandbox.command(&["report", "experiments/redraw.toml"]);
    let status = command.env("SWEEP_WORKER", "/nonexistent").status().unwrap();
    assert!(status.success());
    assert!(first == page(), "a redrawn page has the same bytes");
}

#[test]
fn only_narrows_what_is_trained_and_not_the_plan() {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("part", &digits(2, 1));
    sandbox.expect(0, &["run", "experiments/part.toml", "--only", "optimizer=adam,seed=1"]);
    let records = sandbox.records("part");
    assert_eq!(records.len(), 2);
    assert!(records.iter().all(|r| r.spec.seed == 1 && r.spec.optimizer.kind() == "adam"));
    let plan = sandbox.expect(0, &["run", "experiments/part.toml", "--plan"]);
    assert!(plan.contains("8 runs, 2 cached, 6 to train"), "{plan}");
    // The plan of a part shows that part, and how much there is beside it.
    let plan = sandbox
        .expect(0, &["run", "experiments/part.toml", "--plan", "--only", "seed=1,optimizer=sgd"]);
    assert!(
        plan.contains("2 of 8 runs chosen by --only, 0 cached, 2 to train (6 in all)"),
        "{plan}"
    );
    assert!(plan.contains("sgd") && !plan.contains("adam"), "{plan}");
    let text = sandbox.expect(2, &["run", "experiments/part.toml", "--only", "optimizer=adem"]);
    assert!(text.contains("matches no run"), "{text}");
    // A typo beside a good value is a typo all the same.
    sandbox.expect(2, &["run", "experiments/part.toml", "--only", "optimizer=adam,seed=7"]);
    sandbox.expect(2, &["run", "experiments/part.toml", "--only", "optimizer=adam,optimizer=typo"]);
}

#[test]
fn missing_or_altered_data_is_one_clear_error_before_anything_is_trained() {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("nodata", &digits(1, 1));
    let committed = std::fs::canonicalize(sandbox.path("data")).unwrap();
    std::fs::remove_file(sandbox.path("data")).unwrap();
    std::fs::create_dir_all(sandbox.path("data/digits")).unwrap();
    let text = sandbox.expect(2, &["run", "experiments/nodata.toml"]);
    assert!(text.contains("digits.csv.gz: no such file") && text.contains("remedy"), "{text}");
    let mut bytes = std::fs::read(committed.join("digits/digits.csv.gz")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(sandbox.path("data/digits/digits.csv.gz"), bytes).unwrap();
    let text = sandbox.expect(2, &["run", "experiments/nodata.toml"]);
    assert!(text.contains("digits.csv.gz") && text.contains("remedy"), "{text}");
    assert!(!sandbox.path("reports/nodata/journal").exists());
}

#[test]
fn results_of_another_backend_are_not_mixed_in() {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("mix", &digits(1, 1));
    sandbox.expect(0, &["run", "experiments/mix.toml", "--device", "flex", "--no-report"]);
    let plan =
        sandbox.expect(0, &["run", "experiments/mix.toml", "--device", "libtorch:cpu", "--plan"]);
    assert!(plan.contains("4 runs, 0 cached, 4 to train"), "{plan}");
    sandbox.expect(0, &["run", "experiments/mix.toml", "--device", "libtorch:cpu"]);
    // Newer, but of the other backend: the report keeps to what the sweep computed on.
    // One optimizer only, so that taking the newest would mix the two.
    let newer = ["--device", "flex", "--fresh", "--only", "optimizer=sgd", "--no-report"];
    sandbox.expect(0, &[&["run", "experiments/mix.toml"], &newer[..]].concat());
    for old in std::fs::read_dir(sandbox.path("reports/mix/journal/old-1")).unwrap() {
        let old = old.unwrap().path();
        std::fs::copy(&old, sandbox.path("reports/mix/journal").join(old.file_name().unwrap()))
            .unwrap();
    }
    sandbox.expect(0, &["run", "experiments/mix.toml", "--device", "libtorch:cpu"]);
    let journal = store::journal::read(&sandbox.report("mix")).unwrap();
    assert_eq!(journal.records.len(), 10);
    let page = std::fs::read_to_string(sandbox.report("mix").html()).unwrap();
    assert!(!page.contains("different builds or machines"), "one backend in the report");
    let manifest = std::fs::read(sandbox.report("mix").manifest()).unwrap();
    let manifest: store::manifest::Manifest = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(manifest.environment.unwrap().backend, "libtorch", "provenance of what is shown");
}

#[test]
fn a_failure_on_one_device_is_none_on_another() {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("slow", &digits(1, 2_000));
    let late = [
        "run",
        "experiments/slow.toml",
        "--device",
        "libtorch:cpu",
        "--timeout",
        "200ms",
        "--only",
        "optimizer=sgd",
        "--no-report",
    ];
    sandbox.expect(3, &late);
    let plan = |device: &str| {
        sandbox.expect(
            0,
            &["run", "experiments/slow.toml", "--plan", "--keep-failed", "--device", device],
        )
    };
    assert!(plan("libtorch:cpu").contains("2 to train"), "kept where they failed");
    assert!(plan("flex").contains("4 to train"), "and tried where they did not");
}

#[test]
fn a_sweep_that_cannot_train_changes_nothing() {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("keep", &digits(1, 1));
    sandbox.expect(0, &["run", "experiments/keep.toml", "--no-report"]);
    // Other people's variables need not be UTF-8.
    let odd = std::ffi::OsStr::from_bytes(b"\xff");
    let without = |args: &[&str]| {
        let mut command = sandbox.command(args);
        command.env("SWEEP_WORKER", "/nonexistent").env("ODD", odd);
        command.output().unwrap().status.code()
    };
    assert_eq!(without(&["run", "experiments/keep.toml", "--fresh"]), Some(2));
    assert!(!sandbox.path("reports/keep/journal/old-1").exists());
    assert_eq!(without(&["run", "experiments/keep.toml", "--plan"]), Some(0));
    assert_eq!(
        without(&["run", "experiments/keep.toml"]),
        Some(0),
        "what is cached needs no worker"
    );
}

#[test]
fn a_report_follows_the_sweep_file_without_training() {
    let sandbox = Sandbox::new();
    let text = digits(2, 2);
    sandbox.sweep_file("shown", &text);
    sandbox.expect(
        0,
        &["run", "experiments/shown.toml", "--set", "target.metric=\"validation.loss\""],
    );
    let dir = sandbox.report("shown");
    let figures = || {
        let names = std::fs::read_dir(dir.figures()).unwrap().map(|e| e.unwrap().file_name());
        names.map(|n| n.to_string_lossy().into_owned()).collect::<std::collections::BTreeSet<_>>()
    };
    assert!(figures().contains("noise.svg"));
    let markdown = || std::fs::read_to_string(dir.markdown()).unwrap();
    assert!(markdown().contains("chosen from 2 by mean validation loss"));
    // Figures and target of today, the overrides of the sweep; nothing is trained.
    sandbox.sweep_file(
        "shown",
        &format!("{text}[report]\nfigures = [\"final\"]\n[target]\nmetric = \"validation.accuracy\"\nvalue = 0.2\n"),
    );
    sandbox.expect(0, &["report", "experiments/shown.toml"]);
    assert_eq!(figures(), ["final.png", "final.svg"].map(str::to_owned).into());
    assert!(markdown().contains("chosen from 2 by mean validation loss"), "--set still holds");
    assert_eq!(sandbox.records("shown").len(), 8);
    // Overrides that no longer fit keep the last settings, and it is said.
    let mut plan = store::plan(&dir).unwrap();
    plan.overrides.push("--set optimizer.gone.lr=[1.0]".to_owned());
    std::fs::write(dir.plan(), serde_json::to_vec(&plan).unwrap()).unwrap();
    let said = sandbox.expect(0, &["report", "experiments/shown.toml"]);
    assert!(said.contains("[report] and [target] are those of the last sweep"), "{said}");
    // A mistake is explained as everywhere.
    sandbox.sweep_file("shown", &format!("{text}[report]\nfigures = [\"finale\"]\n"));
    let said = sandbox.expect(2, &["report", "experiments/shown.toml"]);
    assert!(said.contains("did you mean `final`?"), "{said}");
}
