//! The score over tasks and the speed-ups over a reference.

use report::analysis::Clock;
use report::cross_task::tables::Tables;
use report::cross_task::{CrossTask, Scoring, score, write};
use report::page::table::Table;
use stats::scores::Score;

use super::changed;
use super::stops::stops;

/// Median epochs to the target over three seeds, of adam, sgd and adagrad in each task.
fn three() -> CrossTask {
    let never = None;
    let task = |name: &str, epochs, of: [Option<u64>; 3]| {
        let [adam, sgd, adagrad] = of.map(|end| [end; 3]);
        stops(name, epochs, [("adam", &adam), ("sgd", &sgd), ("adagrad", &adagrad)])
    };
    CrossTask::of(vec![
        task("first", 9, [Some(1), Some(2), Some(4)]),
        task("second", 10, [Some(6), Some(3), Some(9)]),
        task("third", 11, [Some(2), Some(5), never]),
    ])
}

fn by_name(all: &CrossTask, table: &Table, name: &str) -> Vec<String> {
    let row = table.rows.iter().find(|row| row[0].text == name).expect("a row");
    assert!(score::labels(all).contains(&name));
    row[1..].iter().map(|cell| cell.text.clone()).collect()
}

#[test]
fn a_score_is_the_area_below_the_profile() {
    let all = three();
    let found = score::of(&all).unwrap();
    let of = |name: &str| -> Score {
        found.scores[score::labels(&all).iter().position(|l| *l == name).unwrap()]
    };
    // Ratios: adam 1, 2, 1; sgd 2, 1, 2.5; adagrad 4, 3, never.
    for (name, exact) in [
        ("adam", (3.0 + 2.0 + 3.0) / 9.0),
        ("sgd", (2.0 + 3.0 + 1.5) / 9.0),
        ("adagrad", (0.0 + 1.0) / 9.0),
    ] {
        let score = of(name);
        assert!((score.exact - exact).abs() < 1e-12, "{name}: {score:?}");
        assert!((score.published - exact).abs() < 0.006, "{name}: {score:?}");
    }
    let table = Tables::of(&all).score;
    let names: Vec<&str> = table.rows.iter().map(|row| row[0].text.as_str()).collect();
    assert_eq!(names, ["adam", "sgd", "adagrad"], "the best score first");
    assert_eq!(table.head.len(), 6, "without a reference there are no speed-ups");
    assert_eq!(by_name(&all, &table, "adam")[0], "0.8889");
    assert_eq!(by_name(&all, &table, "adagrad")[2..], ["0 of 3", "2 of 3", "2 of 3"]);
    let narrow = all.scored(Scoring { r_max: 2.0, ..Scoring::default() }).unwrap();
    let table = Tables::of(&narrow).score;
    // 1, 0 and 1 of the range from 1 to 2; of sgd 0, 1 and 0.
    assert_eq!(by_name(&narrow, &table, "adam")[0], "0.6667");
    assert_eq!(by_name(&narrow, &table, "sgd")[0], "0.3333");
    assert_eq!(by_name(&narrow, &table, "sgd")[3], "2 of 3", "at the end counts as within");
    assert!(score::of(&narrow).is_some());
}

#[test]
fn speed_ups_say_what_was_never_reached() {
    let over = |name: &str| {
        let reference = Some(name.to_owned());
        let all = three().scored(Scoring { reference, ..Scoring::default() }).unwrap();
        let table = Tables::of(&all).score;
        assert_eq!(table.head[6].name, format!("Speed-up over {name}"));
        ["adam", "sgd", "adagrad"].map(|name| by_name(&all, &table, name)[5..].join(" "))
    };
    // Of sgd 1/2, 2 and 2/5; of adagrad 1/4, 2/3 and none.
    assert_eq!(
        over("adam"),
        ["\u{d7}1.00 \u{d7}1.00 3 of 3", "\u{d7}0.737 \u{d7}0.737 3 of 3", "0 \u{d7}0.408 2 of 3"]
    );
    let [adam, _, own] = over("adagrad");
    assert_eq!(adam, "infinite \u{d7}2.45 2 of 3");
    assert_eq!(own, "\u{d7}1.00 \u{d7}1.00 2 of 3", "a task that neither reached is left out");
    let reference = Some("adamw".to_owned());
    let said = three().scored(Scoring { reference, ..Scoring::default() }).err().unwrap();
    assert!(said.contains("--reference adamw") && said.contains("adam, sgd and adagrad"), "{said}");
}

#[test]
fn seconds_that_do_not_compare_give_no_score() {
    let seconds = || Scoring { clock: Clock::Seconds, ..Scoring::default() };
    let all = three().scored(seconds()).unwrap();
    assert_eq!(by_name(&all, &Tables::of(&all).score, "adam")[0], "0.8889");
    let analyses: Vec<_> = three().tasks.tasks.into_iter().map(|task| task.analysis).collect();
    let other = changed(&analyses[0], |_, rows| rows[0].exec_id = Some("another".to_owned()));
    let mixed = CrossTask::of(vec![other, analyses[1].clone()]).scored(seconds()).unwrap();
    assert!(score::of(&mixed).is_none() && Tables::of(&mixed).score.rows.is_empty());
    let folder = tempfile::tempdir().unwrap();
    write(&mixed, Vec::new(), folder.path()).unwrap();
    let text = std::fs::read_to_string(folder.path().join("REPORT.md")).unwrap();
    assert!(
        text.contains("No score is computed from seconds. The runs come from different"),
        "{text}"
    );
}
