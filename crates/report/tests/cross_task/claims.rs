//! Claims of the page on first places, leads and missing values.

use crate::last::Last as _;
use std::fs;

use report::analysis::{Analysis, Verdict};
use report::cross_task::tables::Tables;
use report::cross_task::{CrossTask, answer};
use report::page::table::Table;
use spec::record::Status;
use stats::{location, paired};

use super::common::{Fixture, label};
use super::stops::{stops, texts};
use super::{analysed, changed, task};

/// Labels with these test accuracies, one per seed; NaN for a diverged seed.
pub fn judged(name: &str, epochs: u64, of: &[(&str, &[f64])]) -> Analysis {
    let fixture = Fixture {
        labels: of
            .iter()
            .zip([8e-4, 9e-4, 1e-3])
            .map(|((name, _), lr)| label(name, "adam", &[lr], 1e-3, 0.02, 1e9))
            .collect(),
        ..task(name, epochs, of[0].1.len() as u64)
    };
    let values: Vec<f64> = of.iter().flat_map(|(_, values)| values.iter().copied()).collect();
    changed(&analysed(&fixture), |_, rows| {
        for (row, value) in rows.iter_mut().zip(values) {
            row.set("test.accuracy", Some(value).filter(|v| !v.is_nan()));
            if value.is_nan() {
                row.status = Some(Status::Diverged);
            }
        }
    })
}

pub fn heads(table: &Table) -> Vec<&str> {
    table.head.iter().map(|h| h.name.as_str()).collect()
}

/// Returns `REPORT.md` and a table as CSV.
pub fn written(all: &CrossTask, table: &str) -> (String, String) {
    let out = tempfile::tempdir().unwrap();
    report::cross_task::write(all, Vec::new(), out.path()).unwrap();
    let read = |path: &str| fs::read_to_string(out.path().join(path)).unwrap();
    (read("REPORT.md"), read(&format!("tables/{table}.csv")))
}

const OPPOSITE: &str =
    "has one sign in the unit of the metric and the opposite sign when standardised";

#[test]
fn both_leads_and_the_test_are_of_one_kind_of_mean() {
    // Twelve seeds for a in one task, four for b in the other, by twice as much.
    let leads = [0.01, 0.02, 0.01, 0.002, 0.01, 0.02, 0.001, 0.01, 0.02, 0.01, 0.002, 0.01];
    let ahead: Vec<f64> = leads.iter().map(|lead| 0.9 + lead).collect();
    let many = judged("many", 3, &[("a", &ahead), ("b", &[0.9; 12])]);
    let few = judged("few", 4, &[("a", &[0.88; 4]), ("b", &[0.9; 4])]);
    let all = CrossTask::of(vec![many.clone(), few]);
    let pair = &all.comparison.pairs[0];
    let gains = [&[-0.02; 4][..], &leads[..]];
    let scaled = gains.map(|gains| {
        let rms = (gains.iter().map(|g| g * g).sum::<f64>() / gains.len() as f64).sqrt();
        gains.iter().map(|g| g / rms).collect::<Vec<f64>>()
    });
    let means = scaled.each_ref().map(|scaled| location::mean(scaled).unwrap());
    let standard = pair.standard.unwrap();
    assert!((standard - (means[0] + means[1]) / 2.0).abs() < 1e-9, "{standard}");
    // Over pairs of runs it would be positive beside a lead that is not.
    assert!(location::mean(&scaled.concat()).unwrap() > 0.0);
    assert!(pair.lead.unwrap() < 0.0 && standard < 0.0 && pair.direction < 0.0);
    let weighed: Vec<f64> =
        scaled.iter().flat_map(|s| s.iter().map(|x| x / s.len() as f64)).collect();
    assert!((pair.test.unwrap().p - paired::sign_flip(&weighed).unwrap().p).abs() < 1e-3);
    let (text, _) = written(&all, "comparison");
    assert!(text.contains("Both leads are means over tasks of the mean in each;"), "{text}");
    assert!(!text.contains(OPPOSITE), "{text}");
    assert!(
        text.contains(
            "Pooled values weigh a task by its runs; mean ranks, leads, permutation tests and probabilities of improvement \
             count every task once."
        ),
        "{text}"
    );
    // Where the tasks' scales part the two, it is said, and the headline has no lead.
    let far = judged("far", 4, &[("a", &[0.89, 0.7, 0.9, 0.9]), ("b", &[0.9; 4])]);
    let all = CrossTask::of(vec![many, far]);
    let pair = &all.comparison.pairs[0];
    assert!(pair.lead.unwrap() < 0.0 && pair.standard.unwrap() > 0.0);
    let (text, _) = written(&all, "comparison");
    assert!(text.contains(&format!("The lead of a over b {OPPOSITE}")), "{text}");
    assert!(!answer(&all).headline.contains("on average"));
}

#[test]
fn a_headline_has_no_lead_against_what_is_tested() {
    // a is first in two tasks of three by one seed each, b in the third by all of them.
    let one = |name: &str, epochs| judged(name, epochs, &[("a", &[0.9, 0.6]), ("b", &[0.7; 2])]);
    let each = judged("z", 6, &[("a", &[0.80; 2]), ("b", &[0.81; 2])]);
    let all = CrossTask::of(vec![one("x", 3), one("y", 4), each]);
    let pair = &all.comparison.pairs[0];
    assert!(pair.lead.unwrap() > 0.0 && pair.direction < 0.0);
    assert_eq!(
        answer(&all).headline,
        "a came first across 3 tasks: mean rank 1.33 of 2 optimizers, best in 2 of 3."
    );
}

/// One optimizer is ahead in the second task because seeds of the other diverged there, and
/// a third, which the first task lacks, is better than both.
fn wild() -> CrossTask {
    let n = f64::NAN;
    let calm = judged("calm", 3, &[("a", &[0.9; 8]), ("b", &[0.8; 8])]);
    let wild = judged(
        "wild",
        4,
        &[
            ("a", &[0.80; 8]),
            ("b", &[0.9, 0.9, 0.9, 0.9, 0.9, 0.9, n, n]),
            ("c", &[0.95, 0.95, 0.95, 0.95, 0.94, 0.94, 0.94, 0.94]),
        ],
    );
    CrossTask::of(vec![calm, wild])
}

#[test]
fn a_first_place_says_among_whom_and_when_diverged_seeds_decide_it() {
    let all = wild();
    let said = answer(&all);
    assert_eq!(
        said.headline,
        "a came first across 2 tasks: mean rank 1.00 of 2 optimizers, best in both among the optimizers that both tasks have; \
         ahead of b in wild only because 2 of the 8 seeds of b diverged."
    );
    let certainty = said.certainty.unwrap();
    assert!(
        certainty.contains(
            "In wild b ranks behind a only because of its diverged seeds (2 of 8): the mean of its others, 90.00%, is better than \
             the 80.00% of a."
        ),
        "{certainty}"
    );
    assert!(
        said.details
            .contains(&"Better than a, but without a result in every task: c in wild.".to_owned()),
        "{:?}",
        said.details
    );
    let caption = report::cross_task::figures::ranks(&all).unwrap().description();
    assert!(caption.contains("; one with a diverged seed is behind those without"), "{caption}");
    // Best of all, and by its values: nothing to add.
    let plain = |name: &str, epochs| judged(name, epochs, &[("a", &[0.9; 3]), ("b", &[0.8; 3])]);
    let said = answer(&CrossTask::of(vec![plain("x", 3), plain("y", 4)]));
    assert!(said.headline.contains("best in both; on average"), "{}", said.headline);
    assert!(!said.certainty.unwrap().contains("diverged"));
}

#[test]
fn what_is_not_there_is_no_word_in_a_column_of_numbers() {
    let n = f64::NAN;
    let calm = judged("calm", 3, &[("a", &[0.9; 3]), ("b", &[0.8; 3]), ("c", &[0.8; 3])]);
    let lost = judged("lost", 4, &[("a", &[0.9; 3]), ("b", &[n; 3])]);
    let (text, csv) = written(&CrossTask::of(vec![calm, lost]), "tasks");
    let rows: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    let row = |name: &str| rows.iter().find(|row| row[0] == name).unwrap();
    assert!(
        rows[1..].iter().all(|r| r[1..].iter().all(|f| f.is_empty() || f.parse::<f64>().is_ok()))
    );
    assert_eq!(&row("b")[row("b").len() - 2..], ["-inf", ""], "{csv}");
    assert_eq!(&row("c")[row("c").len() - 2..], ["", ""], "{csv}");
    assert!(text.contains("A dash: the optimizer is not part of the task."), "{text}");
}

#[test]
fn one_pair_has_no_correction_and_two_values_are_no_range() {
    let of = |labels: &[(&str, &[f64])]| {
        CrossTask::of(vec![judged("x", 3, labels), judged("y", 4, labels)])
    };
    let (a, b, c) = (("a", &[0.9; 4][..]), ("b", &[0.8; 4][..]), ("c", &[0.7; 4][..]));
    let tables = Tables::of(&of(&[a, b]));
    assert!(!heads(&tables.comparison).contains(&"p, Holm"), "{:?}", heads(&tables.comparison));
    assert!(heads(&tables.comparison).contains(&"p, sign flips"));
    let tables = Tables::of(&of(&[a, b, c]));
    assert!(heads(&tables.comparison).contains(&"p, Holm"));
    let batches = |sizes: &'static [u64]| {
        changed(&judged("x", 3, &[a, b, c]), |plan, _| {
            for (run, size) in plan.runs.iter_mut().zip(sizes.iter().cycle()) {
                run.spec.data.batch_size = *size;
            }
        })
    };
    let all = CrossTask::of(vec![batches(&[64, 16]), batches(&[64, 32, 16])]);
    assert_eq!(texts(&Tables::of(&all).experiments, "Batch size"), ["16 and 64", "16 to 64"]);
}

/// Two sweeps, one with easy and one with hard targets, each with an optimizer of its own.
fn easy_and_hard() -> CrossTask {
    let (one, never) = (Some(1), None);
    let easy = stops("easy", 4, [("sgd", &[one; 8]), ("adam", &[one; 8]), ("adagrad", &[one; 8])]);
    let hard = stops(
        "hard",
        5,
        [
            ("sgd", &[one, one, one, never, never, never, never, never]),
            ("adam", &[never; 8]),
            ("other", &[one, one, one, one, never, never, never, never]),
        ],
    );
    CrossTask::of(vec![easy, hard])
}

#[test]
fn reaching_in_the_median_is_not_reaching_and_its_first_is_the_table_s() {
    let all = easy_and_hard();
    let said = answer(&all);
    assert!(
        said.headline.contains(
            "best in one of 2, level in front in the other among the optimizers that both tasks have"
        ),
        "{}",
        said.headline
    );
    let cost = said.cost.unwrap();
    assert!(
        cost.ends_with(
            ". In the median over seeds it reached the target in one of the 2 tasks that have one (in hard with 3 of 8), and \
             was first of those compared, alone or level, in both."
        ),
        "{cost}"
    );
    let tables = Tables::of(&all);
    assert_eq!(texts(&tables.standing, "Tasks led, alone or level"), ["2 of 2", "1 of 2"]);
    // What decides between equal medians stands in the figure.
    let figure = report::cross_task::figures::ranks(&all).unwrap();
    assert!(
        figure.description().contains("; equal medians by the number of seeds that got there"),
        "{}",
        figure.description()
    );
    let plot::FigureData::Grid(grid) = &figure.data else { panic!("a grid") };
    let notes: Vec<&str> = grid.rows.iter().map(|row| row.cells[1].note.as_str()).collect();
    assert_eq!(notes, ["never (3 of 8)", "never (0 of 8)", "", "never (4 of 8)"]);
}

#[test]
fn the_fastest_is_the_fastest_of_those_compared() {
    let all = easy_and_hard();
    let (text, csv) = written(&all, "time-to-target");
    let head = csv.lines().next().unwrap();
    assert_eq!(
        head,
        "Optimizer,\"easy: samples to the target (\u{d7} the fastest of those compared), median\",\
         \"easy: samples to the target (\u{d7} the fastest of those compared), ratio\",\
         \"hard: samples to the target (\u{d7} the fastest of those compared), median\",\
         \"hard: samples to the target (\u{d7} the fastest of those compared), ratio\""
    );
    let profile = report::cross_task::figures::profile(&all).unwrap();
    assert!(
        profile.description().contains("the fastest of those compared"),
        "{}",
        profile.description()
    );
    for line in text.lines().filter(|line| line.contains("fastest")) {
        assert!(line.contains("of those compared"), "{line}");
    }
}

#[test]
fn nobody_leads_where_nobody_got_there() {
    let (one, never) = (Some(1), None);
    let none = stops("none", 4, [("a", &[never; 5]), ("b", &[never; 5]), ("c", &[never; 5])]);
    let easy = stops("some", 5, [("a", &[one; 5]), ("b", &[one; 5]), ("c", &[never; 5])]);
    let all = CrossTask::of(vec![none, easy]);
    let tables = Tables::of(&all);
    assert_eq!(
        texts(&tables.standing, "Tasks led, alone or level"),
        ["1 of 2", "1 of 2", "0 of 2"]
    );
    assert!(
        answer(&all)
            .details
            .iter()
            .all(|d| !d.contains("he best is") && !d.contains("in every task is"))
    );
    // Nor where all runs of all diverged.
    let n = f64::NAN;
    let lost = judged("lost", 3, &[("a", &[n; 3]), ("b", &[n; 3])]);
    let fine = judged("well", 4, &[("a", &[0.9; 3]), ("b", &[0.8; 3])]);
    let all = CrossTask::of(vec![lost, fine]);
    assert_eq!((all.standings[0].led, all.standings[0].alone, all.standings[1].led), (1, 1, 0));
    assert!(answer(&all).headline.contains("best in one of 2"), "{}", answer(&all).headline);
}

#[test]
fn a_difference_that_may_be_chance_says_whose_it_is() {
    // a is first by mean rank: b is ahead in one task, on more seeds than a in the others.
    let few = |name: &str, epochs| judged(name, epochs, &[("a", &[0.91, 0.88]), ("b", &[0.89; 2])]);
    let many = judged(
        "z",
        6,
        &[("a", &[0.8; 8]), ("b", &[0.81, 0.81, 0.81, 0.81, 0.82, 0.82, 0.79, 0.82])],
    );
    let all = CrossTask::of(vec![few("x", 3), few("y", 4), many]);
    let pair = &all.comparison.pairs[0];
    assert_eq!((pair.verdict, pair.direction < 0.0), (Verdict::NotShown, true), "{pair:?}");
    let certainty = answer(&all).certainty.unwrap();
    assert!(
        certainty.contains(
            "mean ranks and differences disagree: seed by seed b is ahead of a, which may be chance, p = "
        ),
        "{certainty}"
    );
}
