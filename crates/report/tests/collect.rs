//! The Parquet files: their columns, their rows, their bytes.

mod common;
#[path = "common/tables.rs"]
mod tables;

use std::fs;
use std::path::Path;

use common::{End, Fixture};
use polars::prelude::*;
use spec::metric::Metric;
use spec::record::MetricPoint;
use store::layout::ReportDir;

fn frame(path: &Path) -> DataFrame {
    ParquetReader::new(fs::File::open(path).unwrap()).finish().unwrap()
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
    fs::write(dir.journal().join("z.jsonl"), store::journal_line::write(&foreign).unwrap())
        .unwrap();
    let collected = report::collect(&dir).unwrap();

    let metrics = frame(&dir.metrics());
    let expected: usize =
        fixture.records().iter().filter_map(|r| r.outcome.as_ref()).map(|o| o.metrics.len()).sum();
    assert_eq!((metrics.height(), collected.points), (expected, expected));
    let names: Vec<&str> = metrics.get_column_names().into_iter().map(|n| n.as_str()).collect();
    assert_eq!(names, ["run_id", "epoch", "step", "split", "metric", "value"]);
    assert!(!texts(&metrics, "run_id").contains(&Some(foreign.run_id.to_string())));
    // A diverged epoch's loss is no number.
    let values = metrics.column("value").unwrap().f64().unwrap();
    assert!(values.null_count() > 0 && !values.iter().flatten().any(f64::is_nan));
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

/// A sweep whose runs measured top-5 accuracy and F1 too, each as large as the
/// accuracy, which is `held(seed)` of every completed run's last epoch.
fn with_further_metrics(fixture: &Fixture, folder: &Path, held: fn(u64) -> f64) -> ReportDir {
    let dir = fixture.write(folder);
    let mut records = fixture.records();
    for record in &mut records {
        let seed = record.spec.seed;
        let Some(outcome) = &mut record.outcome else { continue };
        let last = (outcome.diverged_step.is_none()).then_some(outcome.epochs_completed);
        let mut more = Vec::new();
        for point in outcome.metrics.iter_mut().filter(|p| p.metric == "accuracy") {
            if Some(point.epoch) == last {
                point.value = held(seed).into();
            }
            let like = |metric: &str| MetricPoint { metric: metric.into(), ..point.clone() };
            more.extend([like("f1"), like("top5_accuracy")]);
        }
        outcome.metrics.extend(more);
    }
    let lines: Vec<Vec<u8>> =
        records.iter().map(|r| store::journal_line::write(r).unwrap()).collect();
    let journal = fs::read_dir(dir.journal()).unwrap().next().unwrap().unwrap().path();
    fs::write(journal, lines.concat()).unwrap();
    dir
}

const SHARES: [&str; 6] = [
    "validation_accuracy",
    "test_accuracy",
    "validation_f1",
    "test_f1",
    "validation_top5_accuracy",
    "test_top5_accuracy",
];

#[test]
fn medians_count_a_diverged_seed_as_the_worst_of_every_metric() {
    let folder = tempfile::tempdir().unwrap();
    let mut fixture = Fixture::battle(3);
    fixture.ends = vec![("adam".to_owned(), 1e-3, 1, End::Diverged { step: 9 })];
    // All seeds of this one.
    let all = (0..3).map(|seed| ("adam".to_owned(), 3e-3, seed, End::Diverged { step: 9 }));
    fixture.ends.extend(all);
    let dir = with_further_metrics(&fixture, folder.path(), |seed| 0.9 + 0.01 * seed as f64);
    report::collect(&dir).unwrap();
    let summary = frame(&dir.summary());
    let adam = texts(&summary, "label").iter().position(|l| l.as_deref() == Some("adam")).unwrap();
    let (one, none) = (adam + 2, adam + 3);
    let get = |name: String, i: usize| summary.column(&name).unwrap().f64().unwrap().get(i);
    for name in SHARES {
        assert_eq!(get(format!("{name}_max"), one), Some(0.92), "{name}");
        assert_eq!(get(format!("{name}_median"), one), Some(0.9), "{name}");
        assert_eq!(get(format!("{name}_median"), none), Some(f64::NEG_INFINITY), "{name}");
    }
    for name in ["train_loss", "validation_loss", "test_loss"] {
        let worst = get(format!("{name}_max"), one);
        assert_eq!(get(format!("{name}_median"), one), worst, "{name}");
        assert_eq!(get(format!("{name}_median"), none), Some(f64::INFINITY), "{name}");
    }
    // Nobody measures how long a diverged run would have taken.
    assert_eq!(get("train_seconds_median".to_owned(), none), None);
}

#[test]
fn intervals_of_shares_lie_between_0_and_1() {
    let folder = tempfile::tempdir().unwrap();
    // Student's t of these reaches from 0.86 to 1.09.
    let fixture = Fixture::battle(3);
    let dir = with_further_metrics(&fixture, folder.path(), |seed| [1.0, 1.0, 0.92][seed as usize]);
    let mut plan = fixture.plan();
    plan.target.metric = Metric::F1;
    plan.target.value = None;
    fs::write(dir.plan(), serde_json::to_vec(&plan).unwrap()).unwrap();
    report::collect(&dir).unwrap();
    let summary = frame(&dir.summary());
    let mut cut = 0;
    for name in SHARES {
        for part in ["low", "high"] {
            let column = summary.column(&format!("{name}_{part}")).unwrap();
            for value in column.f64().unwrap().iter().flatten() {
                assert!((0.0..=1.0).contains(&value), "{name}_{part} {value}");
                cut += usize::from(value == 1.0);
            }
        }
    }
    assert!(cut > 50, "{cut}");
    // The same in page, Markdown and CSV.
    report::render(&dir).unwrap();
    let markdown = fs::read_to_string(dir.markdown()).unwrap();
    assert!(
        markdown.contains("\u{2013}1.000 |") && !markdown.contains("\u{2013}1.08"),
        "{markdown}"
    );
    let best = tables::read_csv(&dir.tables().join("best.csv"));
    let at = best[0].iter().position(|head| head == "95% interval, upper end").unwrap();
    assert!(best.len() > 3 && best[1..].iter().all(|row| row[at] == "1"), "{best:?}");
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
        report::collect(&store::layout::ReportDir::new(folder.path())).unwrap_err().to_string();
    assert!(error.contains("plan.json"), "{error}");
}
