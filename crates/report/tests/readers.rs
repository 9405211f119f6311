//! Parquet files as other programs read them: plain strings and no NaN. `READERS_FILES=<folder>`
//! keeps the files there for `xtask/python/readers.py`, those of earlier releases below `earlier/`.

mod common;
#[path = "common/earlier.rs"]
mod earlier;
#[path = "common/last.rs"]
mod last;
#[path = "../../regression/tests/common/nights.rs"]
mod nights;

use last::Last as _;
use std::fs;
use std::path::{Path, PathBuf};

use common::{End, Fixture};
use polars::prelude::ArrowDataType;
use regression::{Night, baseline, history};
use store::layout::ReportDir;

/// Runs that end in every way, with NaN and infinite values.
fn sweep(folder: &Path) -> ReportDir {
    let mut fixture = Fixture::battle(3);
    fixture.ends = vec![
        ("adam".to_owned(), 1e-3, 1, End::Failed("out of memory".to_owned())),
        ("adam".to_owned(), 1e-3, 2, End::Missing),
        ("rmsprop".to_owned(), 1e-3, 2, End::Diverged { step: 1500 }),
    ];
    let dir = fixture.write(folder);
    let mut records = fixture.records();
    let lost =
        records.iter_mut().filter_map(|r| r.outcome.as_mut()).find(|o| o.diverged_step.is_some());
    let values = lost.into_iter().flat_map(|o| o.metrics.iter_mut());
    values
        .filter(|point| point.value.0.is_nan())
        .for_each(|point| point.value = f64::INFINITY.into());
    let lines: Vec<Vec<u8>> =
        records.iter().map(|r| store::journal_line::write(r).unwrap()).collect();
    let journal = fs::read_dir(dir.journal()).unwrap().next().unwrap().unwrap().path();
    fs::write(journal, lines.concat()).unwrap();
    report::collect(&dir).unwrap();
    dir
}

/// Every kind of Parquet file that the program writes.
fn files(folder: &Path) -> Vec<PathBuf> {
    let dir = sweep(&folder.join("sweep"));
    let mut night = nights::night(1, "a");
    nights::change(&mut night, "adam", |seed, row| match seed {
        0 => row.set("test.loss", Some(f64::NAN)),
        1 => *row = Default::default(),
        _ => {}
    });
    let kept = history::append(&folder.join("history"), &night).unwrap();
    let accepted = baseline::Accepted {
        v: 1,
        accepted: night.facts.started.clone(),
        reason: "a test".to_owned(),
        commit: None,
        dirty: None,
        night: night.facts.started.clone(),
        runs: 20,
    };
    let baseline = folder.join("baseline");
    baseline::write(&baseline, &night, &accepted).unwrap();
    vec![dir.runs(), dir.metrics(), dir.summary(), kept, baseline.join("night.parquet")]
}

#[test]
fn every_file_has_plain_strings_and_no_nan() {
    let folder = tempfile::tempdir().unwrap();
    let root = std::env::var_os("READERS_FILES").map_or(folder.path().to_owned(), PathBuf::from);
    let (mut nulls, mut infinite) = (0, 0);
    for path in files(&root) {
        let name = path.display();
        assert!(earlier::strings_are(&path, &ArrowDataType::Utf8), "{name}");
        for column in earlier::frame(&path).columns() {
            let Ok(values) = column.f64() else { continue };
            assert!(!values.iter().flatten().any(f64::is_nan), "{name}: {}", column.name());
            nulls += values.null_count();
            infinite += values.iter().flatten().filter(|v| v.is_infinite()).count();
        }
        // As it was written before, for what reads it to find fault with.
        let before = root.join("earlier").join(path.strip_prefix(&root).unwrap());
        fs::create_dir_all(before.parent().unwrap()).unwrap();
        fs::copy(&path, &before).unwrap();
        earlier::rewrite(&before);
        assert!(earlier::strings_are(&before, &ArrowDataType::Utf8View), "{name}");
    }
    assert!(nulls > 0 && infinite > 0, "{nulls} {infinite}");
}

/// Everything that a report writes beside its Parquet files.
fn rendered(dir: &ReportDir) -> Vec<(PathBuf, Vec<u8>)> {
    let written = report::render(dir).unwrap().written;
    written.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

#[test]
fn files_of_earlier_releases_give_the_same_report() {
    let folder = tempfile::tempdir().unwrap();
    let dir = sweep(folder.path());
    let today = rendered(&dir);
    fs::remove_dir_all(dir.journal()).unwrap();
    [dir.runs(), dir.metrics(), dir.summary()].iter().for_each(|path| earlier::rewrite(path));
    let nan = |v: &Option<f64>| v.is_some_and(f64::is_nan);
    let values = earlier::frame(&dir.metrics());
    assert!(values.column("value").unwrap().f64().unwrap().iter().any(|v| nan(&v)));
    assert!(rendered(&dir) == today);
}

#[test]
fn nights_of_earlier_releases_are_read_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let night = nights::night(1, "a");
    let path = history::append(folder.path(), &night).unwrap();
    earlier::rewrite(&path);
    assert_eq!(history::read(folder.path(), &mut Vec::new()).unwrap(), [night]);

    // One that an earlier release wrote, kept again by this one.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (kept, _) = baseline::read(&root.join("reports/baselines/nightly")).unwrap();
    assert!(kept.runs.len() > 10);
    let again = folder.path().join("again.parquet");
    kept.write(&again).unwrap();
    assert!(earlier::strings_are(&again, &ArrowDataType::Utf8));
    assert_eq!(Night::read(&again).unwrap(), kept);
}
