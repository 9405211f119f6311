//! Optimizers in front: level ones, a single one, and pairs of which only some can be compared.

use crate::last::Last as _;
use report::analysis::{Analysis, Verdict};
use report::cross_task::tables::Tables;
use report::cross_task::{CrossTask, answer, figures};
use report::page::table::Table;
use report::table::AtBest;
use spec::plan::TargetAt;
use spec::record::Status;

use super::common::{Fixture, label};
use super::{analysed, changed, task};

/// Two labels with these test accuracies, one per seed.
fn two(name: &str, epochs: u64, a: &[f64], b: &[f64]) -> Analysis {
    let fixture = Fixture {
        labels: vec![
            label("a", "rmsprop", &[8e-4], 8e-4, 0.30, 1e9),
            label("b", "adam", &[1e-3], 1e-3, 0.02, 1e9),
        ],
        ..task(name, epochs, a.len() as u64)
    };
    changed(&analysed(&fixture), |_, rows| {
        for (row, value) in rows.iter_mut().zip(a.iter().chain(b)) {
            row.set("test.accuracy", Some(*value));
        }
    })
}

/// No pair of runs compares seed by seed.
fn unpaired(analysis: &Analysis) -> Analysis {
    changed(analysis, |plan, rows| {
        for (run, row) in plan.runs.iter().zip(rows) {
            row.batch_digest = Some(format!("[\"{}\"]", run.label));
        }
    })
}

fn heads(table: &Table) -> Vec<&str> {
    table.head.iter().map(|h| h.name.as_str()).collect()
}

#[test]
fn level_ranks_and_a_shown_difference_are_told_as_one() {
    // The first wins one task, whose runs do not pair; the other diverges in the second.
    let apart = unpaired(&two("apart", 3, &[0.95; 6], &[0.96; 6]));
    let wild = changed(&two("wild", 4, &[0.9; 6], &[0.8; 6]), |plan, rows| {
        for (run, row) in plan.runs.iter().zip(rows) {
            if run.label == "b" {
                row.status = Some(Status::Diverged);
                row.set("test.accuracy", None);
            }
        }
    });
    let all = CrossTask::of(vec![apart, wild]);
    let pair = &all.comparison.pairs[0];
    assert_eq!((pair.verdict, &pair.tasks[..], pair.n), (Verdict::Better, &[1][..], 0));
    let said = answer(&all);
    assert_eq!(
        said.headline,
        "a and b are level in front across 2 tasks by mean rank (1.50 of 2 optimizers), but seed by seed a is better in wild."
    );
    let certainty = said.certainty.unwrap();
    assert!(
        certainty.starts_with(
            "Confidence: mean ranks are level, but seed by seed a is significantly better than b in wild, the only task with \
             pairs that can be compared, p = 0.0312 (signed-rank test, in which a run that diverged is worse than any other, \
             over 6 (task, seed) pairs, of which a won 6)."
        ),
        "{certainty}"
    );
    // Nobody's colour, both in bold, and the time of both.
    assert_eq!(said.series, None);
    assert!(said.cost.unwrap().contains("configurations (24 runs) of a and b over all tasks"));
    assert!(
        said.details.iter().any(|d| d == "The best is b in apart; a in wild."),
        "{:?}",
        said.details
    );
    let tables = Tables::of(&all);
    assert!(tables.standing.rows.iter().all(|row| row[0].strong));
    let row = &tables.comparison.rows[0];
    let at = |name: &str| heads(&tables.comparison).iter().position(|h| *h == name).unwrap();
    let cell = |name: &str| row[at(name)].text.as_str();
    assert_eq!([cell("Tasks"), cell("Pairs of runs"), cell("Won")], ["1", "6", "6 of 6"]);
    assert_eq!([cell("Tasks in the lead"), cell("Pairs in the lead")], ["0", "0"]);
}

#[test]
fn too_few_pairs_show_no_lead_whoever_leads() {
    let apart = unpaired(&two("apart", 3, &[0.95; 5], &[0.96; 5]));
    let few = two("few", 4, &[0.9, 0.9, 0.9, 0.8, 0.7], &[0.8, 0.8, 0.8, 0.8, 0.8]);
    let all = CrossTask::of(vec![apart, few]);
    let said = answer(&all);
    assert!(said.headline.starts_with("a and b are level in front across 2 tasks: mean rank 1.50"));
    let certainty = said.certainty.unwrap();
    assert!(
        certainty.starts_with(
            "Confidence: underpowered. The smallest p-value that 4 pairs that differ can reach is 0.125, so no lead of so few, \
             however large, can be called significant (5 (task, seed) pairs of few, of which a won 3, level on 1). At least 6 \
             pairs that differ would be needed."
        ),
        "{certainty}"
    );
    assert!(!certainty.contains("this lead"), "{certainty}");
    // Level on all of them: no lead at all, in the sentence and in the table.
    let same = two("same", 4, &[0.9; 5], &[0.9; 5]);
    let all = CrossTask::of(vec![two("alike", 3, &[0.9; 5], &[0.9; 5]), same]);
    let certainty = answer(&all).certainty.unwrap();
    assert!(
        certainty.contains("a and b are level on all 10 (task, seed) pairs, so"),
        "{certainty}"
    );
    let tables = Tables::of(&all);
    assert_eq!(tables.comparison.rows[0].last().unwrap().text, "level on all pairs");
    assert!(tables.tasks.rows.iter().all(|row| row.iter().skip(2).all(|cell| cell.strong)));
}

#[test]
fn one_optimizer_alone_has_no_rank() {
    let keep = |name: &str, epochs, of: &[usize]| {
        let mut fixture = task(name, epochs, 3);
        let labels = std::mem::take(&mut fixture.labels);
        fixture.labels = labels
            .into_iter()
            .enumerate()
            .filter(|(i, _)| of.contains(i))
            .map(|(_, l)| l)
            .collect();
        analysed(&fixture)
    };
    // SGD is last in each; what is before it is not in both.
    let all = CrossTask::of(vec![keep("x", 3, &[0, 1]), keep("y", 4, &[0, 3])]);
    let said = answer(&all);
    assert_eq!(
        said.headline,
        "sgd is the only optimizer with a result in both tasks, so there is none to compare it with."
    );
    assert!(!said.cost.unwrap().contains("first"));
    let tables = Tables::of(&all);
    assert!(!heads(&tables.tasks).contains(&"Mean rank"), "{:?}", heads(&tables.tasks));
    for head in heads(&tables.standing) {
        assert!(head == "Optimizer" || head.starts_with("Test accuracy"), "{head}");
    }
    assert!(!tables.standing.rows[0][0].strong);
    // Among all of a task there is something to rank.
    assert!(figures::ranks(&all).is_some() && figures::profile(&all).is_none());
    let ranks = tables.results.head.iter().position(|h| h.name == "Rank in the task").unwrap();
    assert_eq!(tables.results.rows[0][ranks].text, "2");
    // A task of one optimizer ranks nothing.
    let all = CrossTask::of(vec![keep("x", 3, &[0]), keep("y", 4, &[0])]);
    let tables = Tables::of(&all);
    assert!(!heads(&tables.results).contains(&"Rank in the task"));
    assert!(
        tables
            .results
            .rows
            .iter()
            .all(|row| row.iter().all(|cell| !cell.strong || cell.text.contains('%')))
    );
}

#[test]
fn tasks_are_counted_as_people_count_them() {
    let said = |n: u64| {
        let all: Vec<Analysis> =
            (0..n).map(|i| analysed(&task(&format!("t{i}"), 3 + i, 3))).collect();
        answer(&CrossTask::of(all)).cost.unwrap()
    };
    assert!(said(2).contains("it reached the target in both tasks that have one"), "{}", said(2));
    assert!(said(3).contains("in all 3 tasks that have one"), "{}", said(3));
}

#[test]
fn means_say_of_which_seeds_and_of_which_epoch_they_are() {
    // Runs that count at their best epoch, beside others.
    let best = changed(&two("best", 3, &[0.9; 3], &[0.8; 3]), |plan, rows| {
        plan.target.at = TargetAt::Best;
        for row in rows {
            row.at_best = Some(AtBest { epoch: 2, step: 1, value: 0.95, test: Some(0.94) });
        }
    });
    let all = CrossTask::of(vec![best, two("last", 4, &[0.9; 3], &[0.8; 3])]);
    let captions: Vec<String> =
        (0..2).map(|task| figures::strip(&all, task).unwrap().description()).collect();
    assert!(captions[0].starts_with("Test accuracy at each run's best epoch, in best:"));
    assert!(captions[1].starts_with("Test accuracy after the last epoch, in last:"));
    let tables = Tables::of(&all);
    let at = heads(&tables.experiments).iter().position(|h| *h == "Judged by").unwrap();
    let judged = tables.experiments.rows.iter().map(|row| row[at].text.as_str());
    assert_eq!(
        judged.collect::<Vec<_>>(),
        ["test accuracy at each run's best epoch", "test accuracy"]
    );
}

#[test]
fn a_chosen_configuration_that_ties_says_so() {
    let fixture = |name: &str, epochs| Fixture {
        labels: vec![
            label("a", "rmsprop", &[8e-4, 9e-4, 1e-3], 8e-4, 0.30, 1e9),
            label("b", "adam", &[1e-3], 1e-3, 0.02, 1e9),
        ],
        ..task(name, epochs, 2)
    };
    let tied = changed(&analysed(&fixture("tied", 3)), |_, rows| {
        rows.iter_mut().for_each(|r| {
            r.set("validation.accuracy", Some(0.9));
            r.set("validation.loss", None);
        });
    });
    let tables = Tables::of(&CrossTask::of(vec![tied, analysed(&fixture("told", 4))]));
    let notes = tables.results.rows.iter().map(|row| row.last().unwrap().text.as_str());
    assert_eq!(notes.collect::<Vec<_>>(), ["one of 3 equally good", "", "", ""]);
}
