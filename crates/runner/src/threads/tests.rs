//! Tests of lookup, choice and storage; real measurements are in `tests/threads.rs`.

use std::fs;

use spec::plan::{ExecutionProfile, Plan};
use spec::threads::Threads;
use sweep_file::{Overrides, load_text};

use super::measure::{best, candidates};
use super::*;

/// Returns a measurement on this processor of two cores.
pub(crate) fn entry(processor: &str, threads: u64, batch_size: u64) -> Entry {
    let plan = plan("\"auto\"", "batch_size = 64");
    let trial = |threads, jobs, samples_per_second| Trial { threads, jobs, samples_per_second };
    Entry {
        key: Key {
            processor: processor.to_owned(),
            cores: 2,
            device: "flex".to_owned(),
            libtorch: None,
            code: "code".to_owned(),
            model: plan.runs[0].spec.model.clone(),
            shape: [1, 8, 8],
            outputs: 10,
            batch_size,
            plain: false,
        },
        threads,
        measured: "2026-11-27T20:00:00Z".to_owned(),
        optimizer: "sgd".to_owned(),
        trials: vec![trial(1, 2, 312_345.6), trial(2, 1, 400_900.0)],
    }
}

fn plan(threads: &str, data: &str) -> Plan {
    let text = format!(
        "[data]\ndataset = \"digits\"\n{data}\n[model]\nkind = \"mlp\"\nhidden = [128]\n\
         [devices]\nthreads_per_run = {threads}\n[[optimizer]]\nkind = \"sgd\"\nlr = 0.1\n"
    );
    load_text("x.toml", "x", text, &Overrides::default()).unwrap().plan
}

fn on(backend: &str, device_kind: &str, threads: u64) -> ExecutionProfile {
    ExecutionProfile {
        backend: backend.to_owned(),
        device_kind: device_kind.to_owned(),
        threads,
        plain: false,
        tf32: false,
    }
}

fn workspace() -> (tempfile::TempDir, Workspace) {
    let folder = tempfile::tempdir().unwrap();
    let workspace = Workspace::find(Some(folder.path().to_path_buf()));
    (folder, workspace)
}

#[test]
fn candidates_leave_no_core_idle() {
    assert_eq!(candidates(1), [(1, 1)]);
    assert_eq!(candidates(2), [(1, 2), (2, 1)]);
    assert_eq!(candidates(6), [(1, 6), (2, 3), (6, 1)]);
    assert_eq!(candidates(10), [(1, 10), (2, 5), (5, 2), (10, 1)]);
    for cores in 1..=300 {
        let all = candidates(cores);
        assert_eq!((all[0], all[all.len() - 1]), ((1, cores), (cores, 1)));
        for pair in all.windows(2) {
            assert!(pair[0].0 < pair[1].0 && pair[0].1 > pair[1].1, "{cores}: {all:?}");
        }
        for (threads, jobs) in all {
            assert!(threads * jobs <= cores && (threads + 1) * jobs > cores, "{cores}");
        }
    }
}

#[test]
fn the_fastest_wins_and_fewer_threads_win_ties() {
    let best = |speeds: &[f64]| {
        let trial = |(i, speed): (usize, &f64)| Trial {
            threads: 1 << i,
            jobs: 8 >> i,
            samples_per_second: *speed,
        };
        best(&speeds.iter().enumerate().map(trial).collect::<Vec<_>>())
    };
    assert_eq!(best(&[100.0, 99.0, 50.0]), 1);
    assert_eq!(best(&[97.1, 100.0, 99.9]), 1);
    assert_eq!(best(&[96.9, 100.0, 102.0]), 2);
    assert_eq!(best(&[50.0, 80.0, 100.0]), 4);
}

#[test]
fn what_is_known_is_found_in_this_order() {
    let (_folder, workspace) = workspace();
    let flex = on("flex", "cpu", 0);
    let known =
        |plan: &Plan, earlier: Option<&Plan>| KnownThreads::of(&workspace, plan, || earlier);
    let auto = plan("\"auto\"", "batch_size = 64");
    let found = |plan: &Plan, earlier: Option<&Plan>, on: &ExecutionProfile, key: Option<&Key>| {
        known(plan, earlier).resolve(plan, on, key).map(|r| (r.count, r.source))
    };
    let kept = entry("Fast", 2, 64);
    assert_eq!(found(&auto, None, &flex, Some(&kept.key)), None);
    MachineFile::keep(&workspace, &kept).unwrap();
    let measured = Source::Measured(Box::new(kept.clone()));
    assert_eq!(found(&auto, None, &flex, Some(&kept.key)), Some((2, measured.clone())));
    assert_eq!(found(&auto, None, &flex, None), None, "no worker, no key");
    let cuda = on("libtorch", "cuda", 0);
    assert_eq!(found(&auto, None, &cuda, Some(&kept.key)), Some((1, Source::Gpu)));
    // The last sweep of the folder, if it too was asked for "auto", on the same kind.
    let mut earlier = auto.clone();
    earlier.computed_on = Some(on("flex", "cpu", 3));
    let of =
        |earlier: &Plan, on: &ExecutionProfile| found(&auto, Some(earlier), on, Some(&kept.key));
    assert_eq!(of(&earlier, &flex), Some((3, Source::Earlier)));
    assert_eq!(of(&earlier, &on("libtorch", "cpu", 0)), Some((2, measured.clone())));
    earlier.threads_per_run = Threads::Count(3);
    assert_eq!(of(&earlier, &flex), Some((2, measured)));
    let given = plan("4", "batch_size = 64");
    assert_eq!(found(&given, Some(&earlier), &flex, None), Some((4, Source::Given)));
}

#[test]
fn anything_else_that_is_trained_is_another_measurement() {
    let (_folder, workspace) = workspace();
    let kept = entry("Fast", 2, 64);
    MachineFile::keep(&workspace, &kept).unwrap();
    let file = MachineFile::read(&workspace);
    let other = |change: &dyn Fn(&mut Key)| {
        let mut key = kept.key.clone();
        change(&mut key);
        file.find(&key).is_none()
    };
    assert!(!other(&|_| {}));
    assert!(other(&|k| k.processor.push('x')));
    assert!(other(&|k| k.cores += 1));
    assert!(other(&|k| k.device = "libtorch:cpu".to_owned()));
    assert!(other(&|k| k.libtorch = Some("2.9.0".to_owned())));
    assert!(other(&|k| k.code.push('x')));
    assert!(other(&|k| k.batch_size += 1));
    assert!(other(&|k| k.shape[0] = 3));
    assert!(other(&|k| k.outputs = 2));
    let linear = "[data]\ndataset = \"digits\"\n[model]\nkind = \"linear\"\n[[optimizer]]\nkind = \"sgd\"\nlr = 0.1\n";
    let linear = load_text("x.toml", "x", linear.to_owned(), &Overrides::default()).unwrap().plan;
    assert!(other(&|k| k.model = linear.runs[0].spec.model.clone()));
}

#[test]
fn the_newest_hundred_are_kept_each_key_once() {
    let (_folder, workspace) = workspace();
    for batch in 1..=101 {
        MachineFile::keep(&workspace, &entry("Fast", 1, batch)).unwrap();
    }
    MachineFile::keep(&workspace, &entry("Fast", 2, 50)).unwrap();
    let file = MachineFile::read(&workspace);
    assert_eq!((file.entries.len(), file.problem.as_ref()), (100, None));
    assert_eq!(file.find(&entry("Fast", 0, 50).key).map(|e| e.threads), Some(2));
    assert!(file.find(&entry("Fast", 0, 1).key).is_none());
    let (ours, others) = file.of_machine("Fast", 2);
    assert_eq!((ours.len(), others, ours[0].threads), (100, 0, 2));
    assert_eq!(file.of_machine("Fast", 4).1, 100);
}

#[test]
fn a_file_that_is_not_ours_is_told_of_and_written_over() {
    let (_folder, workspace) = workspace();
    let kept = entry("Fast", 2, 64);
    MachineFile::keep(&workspace, &kept).unwrap();
    let path = MachineFile::path(&workspace);
    let good = fs::read_to_string(&path).unwrap();
    for (text, reason) in [
        ("", "EOF"),
        ("{", "EOF"),
        ("[1, 2]", "trailing"),
        (&good[..good.len() / 2], "EOF"),
        (&good.replacen("\"v\": 1", "\"v\": 7", 1), "of version 7, not 1"),
        (&good.replacen("\"threads\": 2", "\"threads\": 0", 1), "invalid number"),
        (&good.replacen("\"kind\": \"mlp\"", "\"kind\": \"perceptron\"", 1), "perceptron"),
    ] {
        assert_ne!(text, good, "the case changes nothing");
        fs::write(&path, text).unwrap();
        let read = MachineFile::read(&workspace);
        let problem = read.problem.unwrap();
        assert!(
            problem.starts_with("reports/.machine.json cannot be used (")
                && problem.contains(reason),
            "{problem}"
        );
        assert_eq!((read.entries.len(), problem.lines().count()), (0, 1));
        MachineFile::keep(&workspace, &kept).unwrap();
        assert_eq!(MachineFile::read(&workspace).find(&kept.key), Some(&kept));
    }
}

#[test]
fn two_sweeps_that_keep_at_once_leave_a_file_that_can_be_read() {
    let (_folder, workspace) = workspace();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let workspace = &workspace;
            scope.spawn(move || {
                for batch in 0..10 {
                    let _alone = file::alone(workspace);
                    MachineFile::keep(workspace, &entry("Fast", 1, 1 + writer * 10 + batch))
                        .unwrap();
                    assert_eq!(MachineFile::read(workspace).problem, None);
                }
            });
        }
    });
    assert_eq!(MachineFile::read(&workspace).entries.len(), 40);
}

#[test]
fn the_line_says_what_was_measured_and_for_what() {
    let one = plan("\"auto\"", "batch_size = 64");
    let several = plan("\"auto\"", "batch_size = [16, 64, 32]");
    let kept = Resolved { count: 2, source: Source::Measured(Box::new(entry("Fast", 2, 64))) };
    let with = |source| Resolved { count: 1, source };
    let lines = [
        describe(&one, Some(&kept)),
        describe(&several, Some(&kept)),
        describe(&one, None),
        describe(&one, Some(&with(Source::Earlier))),
        describe(&one, Some(&with(Source::Gpu))),
    ];
    insta::assert_snapshot!(lines.map(Option::unwrap).join("\n"));
    assert_eq!(describe(&one, Some(&with(Source::Given))), None);
}
