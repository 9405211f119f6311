//! The Parquet files: their columns, their rows, their bytes.

mod common;

use std::fs;

use common::{End, Fixture};
use polars::prelude::*;

fn frame(path: &std::path::Path) -> DataFrame {
    let path = PlRefPath::try_from_path(path).unwrap();
    LazyFrame::scan_parquet(path, ScanArgsParquet::default()).unwrap().collect().unwrap()
}

fn texts(frame: &DataFrame, column: &str) -> Vec<Option<String>> {
    frame.column(column).unwrap().str().unwrap().iter().map(|v| v.map(str::to_owned)).collect()
}

const RUN_COLUMNS: &str = "run_id config_id cell_id exec_id experiment label optimizer schedule dataset model batch_size \
    lr seed status stop_reason epochs_completed steps diverged_step train_loss validation_loss validation_accuracy \
    test_loss test_accuracy validation_top5_accuracy validation_f1 test_top5_accuracy test_f1 longest_step best_validation_accuracy best_epoch target_epoch target_step target_samples target_seconds initial_validation_loss initial_test_loss train_seconds epoch_seconds eval_seconds device threads slot jobs \
    attempt init_digest batch_digest weights_digest dataset_digest code error";

fn mixed() -> Fixture {
    let mut fixture = Fixture::battle(3);
    fixture.ends = vec![
        ("adam".to_owned(), 1e-3, 1, End::Failed("out of memory".to_owned())),
        ("adam".to_owned(), 1e-3, 2, End::Missing),
    ];
    fixture
}

#[test]
fn runs_have_the_documented_columns_and_one_row_each() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = mixed();
    let dir = fixture.write(folder.path());
    let collected = report::collect(&dir).unwrap();
    let plan = fixture.plan();
    assert_eq!((collected.runs, collected.missing, collected.results), (75, 1, 73));

    let runs = frame(&dir.runs());
    let names: Vec<String> = runs.get_column_names().iter().map(|n| n.to_string()).collect();
    let (fixed, hp): (Vec<String>, Vec<String>) =
        names.into_iter().partition(|n| !n.starts_with("hp."));
    assert_eq!(fixed.join(" "), RUN_COLUMNS.split_whitespace().collect::<Vec<_>>().join(" "));
    assert!(hp.windows(2).all(|p| p[0] < p[1]), "{hp:?}");
    let ids: Vec<Option<String>> = plan.runs.iter().map(|r| Some(r.run_id.to_string())).collect();
    assert_eq!(texts(&runs, "run_id"), ids);

    let status = texts(&runs, "status");
    let of = |label: &str, lr: f64, seed: u64| {
        plan.runs
            .iter()
            .position(|r| r.label == label && r.spec.optimizer.lr() == lr && r.spec.seed == seed)
            .unwrap()
    };
    let (done, failed, missing) = (of("adam", 1e-3, 0), of("adam", 1e-3, 1), of("adam", 1e-3, 2));
    let diverged = of("sgd", 10.0, 0);
    let got: Vec<&str> =
        [done, failed, missing, diverged].iter().map(|&i| status[i].as_deref().unwrap()).collect();
    assert_eq!(got, ["completed", "failed", "missing", "diverged"]);
    assert_eq!(texts(&runs, "error")[failed].as_deref(), Some("out of memory"));
    let accuracy = runs.column("validation_accuracy").unwrap().f64().unwrap();
    assert!(
        accuracy.get(done).is_some()
            && accuracy.get(diverged).is_none()
            && accuracy.get(missing).is_none()
    );
    assert!(runs.column("diverged_step").unwrap().u64().unwrap().get(diverged).is_some());
    let batches: Vec<String> =
        serde_json::from_str(texts(&runs, "batch_digest")[done].as_deref().unwrap()).unwrap();
    assert_eq!(batches.len(), 5);

    // Typed hyper-parameters, empty where they do not apply, lists as JSON.
    assert_eq!(texts(&runs, "hp.model.hidden")[done].as_deref(), Some("[128]"));
    assert_eq!(runs.column("hp.optimizer.beta1").unwrap().f64().unwrap().get(done), Some(0.9));
    assert_eq!(runs.column("hp.optimizer.beta1").unwrap().f64().unwrap().get(diverged), None);
    assert_eq!(
        runs.column("hp.optimizer.nesterov").unwrap().bool().unwrap().get(diverged),
        Some(false)
    );
}

#[test]
fn metrics_are_those_of_planned_runs() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = mixed();
    let dir = fixture.write(folder.path());
    // A record of a run that is not in the plan.
    let foreign = Fixture { epochs: 7, ..Fixture::battle(1) }.records().remove(0);
    fs::write(dir.journal().join("z.jsonl"), spec::journal_line::write(&foreign).unwrap()).unwrap();
    let collected = report::collect(&dir).unwrap();

    let metrics = frame(&dir.metrics());
    let expected: usize =
        fixture.records().iter().filter_map(|r| r.outcome.as_ref()).map(|o| o.metrics.len()).sum();
    assert_eq!((metrics.height(), collected.points), (expected, expected));
    let names: Vec<&str> = metrics.get_column_names().into_iter().map(|n| n.as_str()).collect();
    assert_eq!(names, ["run_id", "epoch", "step", "split", "metric", "value"]);
    assert!(!texts(&metrics, "run_id").contains(&Some(foreign.run_id.to_string())));
    // A diverged epoch's loss is kept as it was.
    assert!(metrics.column("value").unwrap().f64().unwrap().iter().flatten().any(f64::is_nan));
}

#[test]
fn the_summary_has_one_row_a_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let dir = mixed().write(folder.path());
    report::collect(&dir).unwrap();
    let summary = frame(&dir.summary());
    assert_eq!(summary.height(), 25);
    let best =
        summary.column("best").unwrap().bool().unwrap().iter().filter(|b| *b == Some(true)).count();
    assert_eq!(best, 5);
    let u64s =
        |name: &str| summary.column(name).unwrap().u64().unwrap().iter().flatten().sum::<u64>();
    let parts: u64 = ["completed", "diverged", "failed", "timed_out", "cancelled", "missing"]
        .map(u64s)
        .iter()
        .sum();
    assert_eq!((u64s("seeds"), parts), (75, 75));
    // Three seeds give an interval around the mean, fewer give none.
    let get = |name: &str, i: usize| summary.column(name).unwrap().f64().unwrap().get(i);
    let (low, mean, high) =
        (get("test_accuracy_low", 1), get("test_accuracy_mean", 1), get("test_accuracy_high", 1));
    assert!(low < mean && mean < high && low.is_some());
    let adam =
        texts(&summary, "label").iter().position(|l| l.as_deref() == Some("adam")).unwrap() + 2;
    assert!(get("test_accuracy_mean", adam).is_some() && get("test_accuracy_low", adam).is_none());
}

#[test]
fn collecting_again_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let dir = mixed().write(folder.path());
    let bytes = || {
        report::collect(&dir).unwrap();
        [dir.runs(), dir.metrics(), dir.summary()].map(|p| fs::read(p).unwrap())
    };
    let first = bytes();
    // The order of the journal's lines and files does not matter.
    let path = fs::read_dir(dir.journal()).unwrap().next().unwrap().unwrap().path();
    let text = fs::read_to_string(&path).unwrap();
    let reversed: String = text.lines().rev().map(|l| format!("{l}\n")).collect();
    fs::write(&path, reversed).unwrap();
    assert!(first == bytes());
    let left: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(!left.iter().any(|n| n.to_string_lossy().ends_with(".tmp")), "{left:?}");
}

#[test]
fn a_missing_plan_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let error =
        report::collect(&spec::layout::ReportDir::new(folder.path())).unwrap_err().to_string();
    assert!(error.contains("plan.json"), "{error}");
}
