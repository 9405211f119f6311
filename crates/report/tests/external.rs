//! Published numbers: the files in the repository, and judgements against fabricated sweeps.

mod common;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use common::{End, Fixture, label};
use report::external::{self, Counts, Origin, Ours, Published, Sources, Tally, Trained, Verdict};
use store::layout::ReportDir;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/external")
}

/// Every file of published numbers in the repository, by stem.
fn files() -> Vec<(String, Published)> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    paths.sort();
    let stem = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    paths.iter().map(|path| (stem(path), external::read(path).unwrap())).collect()
}

/// A trained sweep of two optimizers at four learning rates, of which the largest diverges.
fn trained() -> Trained {
    let lrs = [1e-3, 1e-2, 1e-1, 1.0];
    let fixture = Fixture {
        name: "small".to_owned(),
        labels: vec![
            label("sgd", "sgd", &lrs, 0.05, 0.05, 0.5),
            label("adam", "adam", &lrs, 2e-3, 0.02, 1e9),
        ],
        seeds: 4,
        ends: vec![("adam".to_owned(), 1.0, 2, End::Diverged { step: 7 })],
        ..Fixture::battle(4)
    };
    let folder = tempfile::tempdir().unwrap();
    fixture.write(folder.path());
    let dir = ReportDir::new(folder.path());
    let plan = store::files::plan(&dir).unwrap();
    let records: HashMap<_, _> = store::journal::read(&dir).unwrap().into_best();
    Trained { plan, records, remedy: "cargo xtask sweep small.toml".to_owned() }
}

/// A file with one row for each published number.
fn published(rows: &[(&str, f64, &str, &str)]) -> Published {
    let rows: Vec<String> = rows
        .iter()
        .map(|(optimizer, lr, theirs, rule)| {
            format!(
                r#"{{"what": "{optimizer} {lr}", "theirs": {theirs}, "rule": {rule}, "ours": {{"sweep":
                {{"sweep": "small", "optimizer": "{optimizer}", "lr": {lr}, "split": "test", "metric": "loss"}}}}}}"#
            )
        })
        .collect();
    let text = format!(
        r#"{{"title": "Small", "about": "Fabricated.", "source": "a test", "sweeps": ["small"],
        "figure": {{"sweep": "small", "split": "test", "metric": "loss", "published_by": "Others"}},
        "rows": [{}]}}"#,
        rows.join(",")
    );
    serde_json::from_str(&text).unwrap()
}

fn sources(trained: &Trained) -> Sources<'_> {
    Sources { sweeps: [("small", trained)].into_iter().collect(), program: None }
}

#[test]
fn every_number_that_needs_no_training_is_met() {
    let mut computed = 0;
    for (name, published) in files() {
        let section = external::check(&name, &published, &Sources::default()).unwrap();
        for judged in &section.rows {
            if matches!(judged.row.ours, Ours::Sweep(_) | Ours::Program(_)) {
                assert_eq!(judged.verdict, Verdict::Skipped, "{name}: {}", judged.row.what);
                continue;
            }
            let seen = (&judged.theirs, &judged.ours);
            assert_eq!(judged.verdict, Verdict::Agrees, "{name}: {}: {seen:?}", judged.row.what);
            computed += 1;
        }
    }
    // Eleven scores and their integrals, the claim, the noisy quadratic model.
    assert!(computed >= 22 + 4 + 3, "{computed}");
}

#[test]
fn every_sweep_that_rows_read_is_named_in_the_file() {
    for (name, published) in files() {
        for row in &published.rows {
            if let Ours::Sweep(from) = &row.ours {
                assert!(published.sweeps.contains(&from.sweep), "{name}: {}", row.what);
            }
        }
    }
}

#[test]
fn every_number_counts_once_and_by_its_origin() {
    let (mut counts, mut seen) = (HashMap::new(), Vec::new());
    for (name, published) in files() {
        for row in published.rows.iter().filter(|row| !row.information) {
            *counts.entry(row.origin == Origin::Published).or_insert(0) += 1;
            let number = (row.origin, format!("{:?}", row.ours));
            assert!(!seen.contains(&number), "{name}: {} repeats another row", row.what);
            seen.push(number);
            // What this project made itself says so in its source.
            let source = row.source.as_deref().unwrap_or(&published.source);
            let made = ["recomputed", "numpy", "scipy", "run here"];
            let made = made.iter().any(|word| source.contains(word));
            assert_eq!(made, row.origin == Origin::Computed, "{name}: {}: {source}", row.what);
        }
    }
    assert_eq!((counts[&true], counts[&false]), (97, 49));
}

#[test]
fn rows_for_information_alone_are_no_agreement() {
    let (name, published) =
        files().into_iter().find(|(name, _)| name == "quadratic_deep_reshuffled").unwrap();
    let section = external::check(&name, &published, &Sources::default()).unwrap();
    let sections = [section];
    let headline = external::headline(&sections);
    assert_eq!(headline, "No number counts; 33 are shown for information.");
    let out = tempfile::tempdir().unwrap();
    external::write(&sections, out.path()).unwrap();
    let page = fs::read_to_string(out.path().join("index.html")).unwrap();
    assert!(page.contains("<div class=\"card answer\">"), "the card is neutral");
}

#[test]
fn a_wide_spread_is_its_own_outcome_and_fails_nothing() {
    let mut trained = trained();
    let runs: Vec<_> = trained.plan.runs.iter().filter(|run| run.label == "sgd").collect();
    let runs: Vec<_> = runs.iter().filter(|run| run.spec.optimizer.lr() == 0.01).collect();
    for (i, run) in runs.iter().enumerate() {
        let outcome = trained.records.get_mut(&run.run_id).unwrap().outcome.as_mut().unwrap();
        outcome.metrics.iter_mut().for_each(|point| point.value.0 *= [1.0, 1.0, 1.0, 9.0][i]);
    }
    let published = published(&[("sgd", 0.01, r#"{"value": "0.3"}"#, "\"single\"")]);
    let sections = [external::check("small", &published, &sources(&trained)).unwrap()];
    assert_eq!(sections[0].rows[0].verdict, Verdict::NotToldApart);
    assert_eq!(Tally::of(&sections).both(), Counts { open: 1, ..Counts::default() });
    assert_eq!(external::headline(&sections), "The one published number is not told apart.");
    assert!(
        external::misses(&sections)[0].starts_with("not told apart small: sgd 0.01: published")
    );
}

#[test]
fn runs_are_found_and_judged() {
    let trained = trained();
    // Ours at 0.01, as the fixture makes it.
    let probe = published(&[("sgd", 0.01, r#"{"value": "0"}"#, "\"single\"")]);
    let ours =
        external::check("small", &probe, &sources(&trained)).unwrap().rows[0].our_value.unwrap();
    let near = format!(r#"{{"value": "{ours:.4}", "sd": "0.01", "n": 4}}"#);
    let far = format!(r#"{{"value": "{:.4}"}}"#, ours + 10.0);
    let diverges = r#"{"diverges": true}"#;
    let published = published(&[
        ("sgd", 0.01, &near, "\"means\""),
        ("sgd", 0.01, &far, "\"single\""),
        ("sgd", 1.0, diverges, "\"diverges\""),
        ("adam", 1.0, diverges, "\"diverges\""),
        ("adam", 1.0, r#"{"value": "0.5"}"#, "\"single\""),
    ]);
    let section = external::check("small", &published, &sources(&trained)).unwrap();
    let verdicts: Vec<Verdict> = section.rows.iter().map(|judged| judged.verdict).collect();
    use Verdict::{Agrees, Differs};
    assert_eq!(verdicts, [Agrees, Differs, Agrees, Differs, Differs]);
    assert_eq!(section.rows[2].ours, "all 4 diverged");
    assert!(section.rows[3].ours.ends_with("; 1 of 4 diverged"), "{}", section.rows[3].ours);
    let sections = [section];
    let published = Counts { agree: 2, differ: 3, ..Counts::default() };
    assert_eq!(Tally::of(&sections), Tally { published, ..Tally::default() });
    assert_eq!(external::headline(&sections), "3 of 5 published numbers differ.");
    assert!(external::misses(&sections)[0].starts_with("differs small: sgd 0.01: published "));
}

#[test]
fn a_row_that_names_what_the_sweep_does_not_have_is_refused_by_name() {
    let trained = trained();
    let refused = |rows: &str| {
        let text = format!(
            r#"{{"title": "t", "about": "a", "source": "s", "sweeps": ["small"], "rows": [{rows}]}}"#
        );
        let published: Published = serde_json::from_str(&text).unwrap();
        external::check("small", &published, &sources(&trained)).err().unwrap()
    };
    let row = |more: &str| {
        format!(
            r#"{{"what": "the row", "theirs": {{"value": "1"}}, "rule": "single", "ours": {{"sweep":
            {{"sweep": "small", "split": "test", "metric": "loss", {more}}}}}}}"#
        )
    };
    for (more, part) in [
        (r#""optimizer": "sdg", "lr": 0.01"#, "no optimizer `sdg`; it has sgd, adam"),
        (r#""optimizer": "sgd", "lr": 0.5"#, "no run of `sgd` with lr 0.5"),
        (r#""optimizer": "sgd""#, "several configurations of `sgd`"),
        (r#""optimizer": "sgd", "lr": 0.01, "seeds": [0, 9]"#, "no seed 9"),
        (r#""optimizer": "sgd", "lr": 0.01, "epoch": 77"#, "no test.loss after epoch 77"),
        (r#""optimizer": "sgd", "lr": 0.01, "seeds": [0]"#, "needs at least two of our seeds"),
        (r#""optimizer": "sgd", "lr": 0.01, "with": {"data.batch_size": 8}"#, "no run of `sgd`"),
    ] {
        let problem = refused(&row(more));
        assert!(problem.starts_with("row `the row`: ") && problem.contains(part), "{problem}");
    }
}

#[test]
fn runs_without_a_result_are_skipped_with_the_command() {
    let mut trained = trained();
    let gone = trained.plan.runs.iter().find(|run| run.label == "sgd").unwrap().run_id;
    trained.records.remove(&gone);
    let published = published(&[("sgd", 0.001, r#"{"value": "1"}"#, "\"single\"")]);
    let section = external::check("small", &published, &sources(&trained)).unwrap();
    assert_eq!(section.rows[0].verdict, Verdict::Skipped);
    let note = &section.rows[0].note;
    assert_eq!(note, "1 of 4 runs have no result: cargo xtask sweep small.toml");
}

#[test]
fn published_points_lie_over_ours() {
    let trained = trained();
    let published = published(&[
        ("sgd", 0.01, r#"{"value": "0.30"}"#, "\"single\""),
        ("sgd", 0.1, r#"{"value": "0.21"}"#, "\"single\""),
        ("sgd", 1.0, r#"{"diverges": true}"#, "\"diverges\""),
        ("adam", 0.001, r#"{"value": "0.12", "sd": "0.01", "n": 10}"#, "\"means\""),
    ]);
    let section = external::check("small", &published, &sources(&trained)).unwrap();
    let figure = section.figure.as_ref().unwrap();
    let plot::FigureData::Chart(chart) = &figure.data else { panic!("no chart") };
    insta::assert_snapshot!(chart);
    let out = tempfile::tempdir().unwrap();
    let written = external::write(&[section], out.path()).unwrap().written;
    assert!(out.path().join("figures/sensitivity-small.svg").is_file(), "{written:?}");
    let page = fs::read_to_string(out.path().join("index.html")).unwrap();
    assert!(page.contains("id=\"numbers-small\""), "a section");
    insta::assert_snapshot!(fs::read_to_string(out.path().join("REPORT.md")).unwrap());
}
