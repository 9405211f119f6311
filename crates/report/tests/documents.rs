//! Documents and the Parquet tables agree: the examples of `reports/README.md` run, and every column
//! is described in `store::columns`.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use common::Fixture;
use polars::prelude::*;
use spec::Id;
use spec::growth::Extend;
use spec::plan::{Plan, PlannedRun, TargetAt};
use spec::record::Status;
use spec::stages::{Choice, Confirm, Decision, Evidence, Rungs, Stage};
use store::columns::{Column as Described, ColumnType, TABLES};
use store::layout::ReportDir;

#[allow(dead_code, reason = "its main is the example's")]
#[path = "../examples/read_parquet.rs"]
mod read_parquet;

fn document() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reports/README.md");
    fs::read_to_string(path).unwrap()
}

fn frame(path: &Path) -> DataFrame {
    ParquetReader::new(fs::File::open(path).unwrap()).finish().unwrap()
}

#[test]
fn the_example_in_rust_is_the_one_that_runs() {
    let example = include_str!("../examples/read_parquet.rs");
    let (_, rest) = example.split_once("// README begins here\n").unwrap();
    let (shown, _) = rest.split_once("// README ends here").unwrap();
    assert!(document().contains(shown.trim()), "reports/README.md shows something else");

    let folder = tempfile::tempdir().unwrap();
    let dir = Fixture::battle(3).write(folder.path());
    report::collect(&dir).unwrap();
    let frame = read_parquet::chosen(&folder.path().display().to_string()).unwrap();
    assert_eq!((frame.height(), frame.width()), (5, 5));
    let means = frame.column("test_accuracy_mean").unwrap().f64().unwrap();
    let means: Vec<f64> = means.iter().flatten().collect();
    assert!(means.is_sorted_by(|a, b| a >= b), "{means:?}");
}

/// The columns that the examples in Python and SQL name exist.
#[test]
fn the_columns_in_python_and_sql_exist() {
    let text = document();
    let block = |language: &str| {
        let (_, rest) = text.split_once(&format!("```{language}\n")).unwrap();
        rest.split_once("```").unwrap().0.to_owned()
    };
    let described = |name: &str| TABLES.iter().any(|t| t.columns.iter().any(|c| c.matches(name)));
    // In Python names of columns are texts or attributes, in SQL they follow an alias.
    let python = text.split("```python\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let python: String = python.collect();
    assert!(python.contains("polars") && python.contains("pandas"));
    let mut named: Vec<&str> =
        python.split('"').skip(1).step_by(2).filter(|s| !s.contains('/')).collect();
    let frames = ["runs.", "summary.", "chosen."];
    let attributes =
        frames.iter().flat_map(|frame| python.split(frame).skip(1)).filter_map(|rest| {
            let name = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
            (!rest[name.len()..].starts_with('(') && name != "parquet").then_some(name)
        });
    named.extend(attributes);
    let new = ["validation", "loss", "seeds", "semi", "confirm"];
    for name in named.iter().filter(|n| !new.contains(n)) {
        assert!(described(name), "Python: no column {name}");
    }
    assert!(named.len() > 10);
    let sql = block("sql");
    let aliased = ["r.", "s.", "a.", "b."].into_iter().flat_map(|alias| {
        sql.split(|c: char| c.is_whitespace() || "(),;".contains(c))
            .filter_map(move |word| word.trim().strip_prefix(alias))
    });
    let aliased: Vec<&str> = aliased.collect();
    assert!(aliased.len() > 5, "{aliased:?}");
    for word in aliased.into_iter().chain(["label", "lr", "status"]) {
        assert!(sql.contains(word) && described(word), "SQL: {word}");
    }
}

/// Collects a fabricated sweep after a change of its plan; the first run is cut at a rung.
fn collected(fixture: &Fixture, folder: &Path, change: impl Fn(&mut Plan)) -> ReportDir {
    let dir = fixture.write(folder);
    let mut plan = fixture.plan();
    change(&mut plan);
    fs::write(dir.plan(), serde_json::to_vec(&plan).unwrap()).unwrap();
    let mut records = fixture.records();
    records[0].status = Status::Cut;
    records[0].outcome.as_mut().unwrap().status = Status::Cut;
    let lines = records.iter().map(|record| store::journal_line::write(record).unwrap());
    fs::write(
        dir.journal().join("20261123T150000Z-host-1.jsonl"),
        lines.collect::<Vec<_>>().concat(),
    )
    .unwrap();
    report::collect(&dir).unwrap();
    dir
}

/// Makes every column that depends on the plan.
fn every_stage(plan: &mut Plan) {
    plan.target.at = TargetAt::Best;
    plan.confirm = Some(Confirm { seeds: vec![1000], top: 1, until: None });
    plan.tuning = Some(Rungs { rungs: vec![1], keep: 0.5 });
    // The first configuration is cut at the rung, all others continue.
    let configs = |label: &str| {
        let runs = plan.runs.iter().filter(|run| run.label == label);
        let mut configs: Vec<Id> = runs.map(|run| run.config_id).collect();
        configs.dedup();
        configs.retain(|config| *config != plan.runs[0].config_id);
        Choice { label: label.to_owned(), configs }
    };
    let evidence = |run: &PlannedRun| Evidence { run_id: run.run_id, digest: None };
    plan.decisions = vec![Decision {
        stage: Stage::Tuning,
        look: 0,
        rung: 1,
        chosen: plan.optimizers.iter().map(|optimizer| configs(&optimizer.label)).collect(),
        grown: Vec::new(),
        rests_on: plan.runs.iter().map(evidence).collect(),
    }];
    plan.optimizers[0].extend = vec![Extend {
        path: "optimizer.lr".to_owned(),
        at_most: 1,
        scale: Default::default(),
        ends: [1e-3, 1e-1],
        points: 3,
        digits: 2,
        whole: false,
    }];
}

fn of_type(dtype: &DataType, ty: ColumnType) -> bool {
    match ty {
        ColumnType::Text => *dtype == DataType::String,
        ColumnType::Integer => *dtype == DataType::UInt64,
        ColumnType::Real => *dtype == DataType::Float64,
        ColumnType::Boolean => *dtype == DataType::Boolean,
        ColumnType::Any => true,
    }
}

/// Holds the descriptions against fabricated sweeps and the finished ones of the gallery: every
/// column is described with its type, and everything that is described occurs.
#[test]
fn every_column_is_described_and_every_description_occurs() {
    let folders: Vec<_> = (0..2).map(|_| tempfile::tempdir().unwrap()).collect();
    let by_steps = Fixture { steps: 2_000, ..Fixture::battle(3) };
    let mut dirs = vec![
        collected(&Fixture::battle(12), folders[0].path(), every_stage),
        collected(&by_steps, folders[1].path(), every_stage),
    ];
    let gallery = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reports/gallery");
    dirs.extend(["battle-confirmed", "gpt"].map(|name| ReportDir::new(gallery.join(name))));
    let mut seen: BTreeSet<(&str, &str)> = BTreeSet::new();
    for dir in &dirs {
        let files: [PathBuf; 3] = [dir.runs(), dir.metrics(), dir.summary()];
        for (table, file) in TABLES.iter().zip(files) {
            assert!(file.ends_with(table.file));
            // The gallery keeps not every table of every sweep.
            if !file.exists() {
                continue;
            }
            let frame = frame(&file);
            for column in frame.columns() {
                let matching: Vec<&Described> =
                    table.columns.iter().filter(|c| c.matches(column.name())).collect();
                assert!(!matching.is_empty(), "{}: no `{}`", table.file, column.name());
                // `hp.schedule.t_max` ends like the largest value of a metric.
                let fitting: Vec<_> =
                    matching.iter().filter(|c| of_type(column.dtype(), c.ty)).collect();
                assert!(!fitting.is_empty(), "{}: type of `{}`", table.file, column.name());
                seen.extend(fitting.iter().map(|described| (table.file, described.name)));
            }
        }
    }
    for table in TABLES {
        for column in table.columns {
            assert!(seen.contains(&(table.file, column.name)), "{}: {}", table.file, column.name);
        }
    }
}
