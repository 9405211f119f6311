//! The section on a claim: its numbers, failed seeds, and no section without a claim.

use std::fs;

use spec::claim::{Claim, ClaimTest};
use spec::metric::Metric;
use spec::record::Split;
use stats::{location, t_cdf};
use store::layout::ReportDir;

use super::common::{End, Fixture};

fn claim(target: f64) -> Claim {
    let (split, metric, test) = (Split::Test, Metric::ACCURACY, ClaimTest::T);
    Claim { split, metric, target, level: 0.05, test, sd: None, epoch: None }
}

/// A report of two optimizers whose sweep file makes a claim.
fn claimed(fixture: &Fixture, claim: Option<Claim>, folder: &std::path::Path) -> ReportDir {
    let dir = fixture.write(folder);
    let mut plan: spec::plan::Plan =
        serde_json::from_slice(&fs::read(dir.plan()).unwrap()).unwrap();
    plan.claim = claim;
    fs::write(dir.plan(), serde_json::to_vec(&plan).unwrap()).unwrap();
    report::collect(&dir).unwrap();
    report::render(&dir).unwrap();
    dir
}

fn two(seeds: u64) -> Fixture {
    let mut fixture = Fixture::battle(seeds);
    fixture.labels.retain(|label| label.name == "sgd" || label.name == "adam");
    fixture
}

/// Returns the section of REPORT.md.
fn section(dir: &ReportDir) -> String {
    let text = fs::read_to_string(dir.markdown()).unwrap();
    let (_, rest) = text.split_once("\n## Claim\n").unwrap_or_else(|| panic!("{text}"));
    rest.split("\n## ").next().unwrap().to_owned()
}

/// Returns the rows of the CSV by column.
fn csv(dir: &ReportDir) -> Vec<std::collections::HashMap<String, String>> {
    let text = fs::read_to_string(dir.tables().join("claim.csv")).unwrap();
    // Configurations of these fixtures have no comma but in quotes.
    let cells = |line: &str| -> Vec<String> {
        let parts = line.split('"').enumerate();
        let kept = parts.map(|(i, part)| match i % 2 {
            1 => part.replace(',', ";"),
            _ => part.to_owned(),
        });
        kept.collect::<String>().split(',').map(str::to_owned).collect()
    };
    let mut lines = text.lines();
    let head = cells(lines.next().unwrap());
    lines.map(|line| head.iter().cloned().zip(cells(line)).collect()).collect()
}

/// Returns the test accuracies of the chosen configuration of a label after an epoch.
fn values(fixture: &Fixture, label: usize, epoch: u64) -> Vec<f64> {
    let folder = tempfile::tempdir().unwrap();
    let (analysis, points) = fixture.analysed(folder.path());
    let config = &analysis.configs[analysis.best[label].unwrap()];
    let at = |&run: &usize| {
        let all = points.of(run, Split::Test, Metric::ACCURACY);
        all.iter().find(|m| m.epoch == epoch).unwrap().value
    };
    config.runs.iter().map(at).collect()
}

#[test]
fn a_claim_is_judged_by_the_seeds_of_each_chosen_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = two(8);
    let adam = values(&fixture, 1, fixture.epochs);
    let (mean, sd) = (location::mean(&adam).unwrap(), location::sd(&adam).unwrap());
    let target = mean - 2.5 * sd / 8f64.sqrt();
    let dir = claimed(&fixture, Some(claim(target)), folder.path());
    let rows = csv(&dir);
    assert_eq!(rows.len(), 2);
    let (sgd, adam) = (&rows[0], &rows[1]);
    let number = |row: &std::collections::HashMap<String, String>, name: &str| -> f64 {
        row.get(name).unwrap_or_else(|| panic!("{name}: {row:?}")).parse().unwrap()
    };
    assert!((number(adam, "Test accuracy; mean [fraction]") - mean).abs() < 1e-12);
    assert!((number(adam, "t") - 2.5).abs() < 1e-9);
    assert!((number(adam, "p; one-sided") - t_cdf(-2.5, 7)).abs() < 1e-12);
    assert_eq!(adam["Claim"], "carried");
    // Seeds at which a t of 2.5 / sqrt(8) * sqrt(n) has p at most 0.05: 5 or 6.
    let p = |n: usize| t_cdf(-2.5 * (n as f64 / 8.0).sqrt(), n - 1);
    let fewest = (2..9).find(|&n| p(n) <= 0.05).unwrap();
    assert_eq!(number(adam, "Fewest seeds that would carry it"), fewest as f64);
    assert_eq!(sgd["Claim"], "not carried: the mean is not above the target");
    assert_eq!(sgd["Fewest seeds that would carry it"], "");
    let text = section(&dir);
    // Each of the configurations had its chance, not each optimizer.
    let tried: usize = fixture.labels.iter().map(|label| label.lrs.len()).sum();
    assert!(tried > 2);
    let chance =
        format!("at most {}, not 0.05", ((0.05 * tried as f64).min(1.0) * 100.0).round() / 100.0);
    for said in [
        "the mean test accuracy over seeds is above ",
        "one-sided p of Student's t test of one sample is at most 0.05",
        &format!("{tried} configurations were trained"),
        &chance,
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let page = fs::read_to_string(dir.html()).unwrap();
    assert!(page.contains("<h2 id=\"claim\">Claim</h2>") && page.contains("href=\"#claim\""));
}

#[test]
fn a_diverged_seed_counts_as_one_that_did_not_reach_the_target() {
    let mut fixture = two(8);
    for label in &mut fixture.labels {
        label.lrs.truncate(1);
    }
    let rate = fixture.labels[1].lrs[0];
    let low = values(&fixture, 1, fixture.epochs).into_iter().fold(1.0, f64::min) - 0.01;
    fixture.ends = vec![("adam".to_owned(), rate, 2, End::Diverged { step: 100 })];
    let folder = tempfile::tempdir().unwrap();
    let dir = claimed(&fixture, Some(claim(low)), folder.path());
    let adam = &csv(&dir)[1];
    assert_eq!(adam["Claim"], "not carried: 1 of 8 seeds diverged");
    assert_eq!((adam["t"].as_str(), adam["p; one-sided"].as_str()), ("", ""));
    assert!(section(&dir).contains("never left out: it makes the mean infinitely bad"));
    // Seven of eight: 9 of 256 ways.
    let sign = Claim { test: ClaimTest::Sign, ..claim(low) };
    let adam = &csv(&claimed(&fixture, Some(sign), folder.path()))[1];
    assert_eq!(adam["Claim"], "carried; though 1 of 8 seeds diverged");
    assert_eq!(adam["p; one-sided"], "0.03515625");
    assert_eq!(adam["Seeds above the target"], "7");
    // The sentence on seeds that chose is only where there was a choice.
    assert!(!section(&dir).contains("among several"));
}

#[test]
fn seeds_are_judged_at_one_epoch_and_without_a_claim_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = two(4);
    let z = |epoch| Claim { test: ClaimTest::Z, sd: Some(0.01), epoch, ..claim(0.5) };
    let mean_at = |epoch: Option<u64>| -> f64 {
        let dir = claimed(&fixture, Some(z(epoch)), folder.path());
        let at = epoch.unwrap_or(fixture.epochs);
        assert!(section(&dir).contains(&format!("after epoch {at}, the same for all seeds")));
        csv(&dir)[1]["Test accuracy; mean [fraction]"].parse().unwrap()
    };
    for epoch in [Some(1), None] {
        let expected = values(&fixture, 1, epoch.unwrap_or(fixture.epochs));
        assert!((mean_at(epoch) - location::mean(&expected).unwrap()).abs() < 1e-12);
    }
    let dir = claimed(&fixture, None, folder.path());
    assert!(!fs::read_to_string(dir.markdown()).unwrap().contains("## Claim"));
    assert!(!fs::read_to_string(dir.html()).unwrap().contains("id=\"claim\""));
    assert!(!dir.tables().join("claim.csv").exists(), "that of an earlier claim is gone");
}
