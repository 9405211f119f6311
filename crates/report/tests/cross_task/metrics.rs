//! Different metrics of the same name, unfinished seeds, and pairs of which neither run has a
//! value.

use crate::last::Last as _;
use plot::FigureData;
use report::analysis::{Analysis, DecidedBy, Verdict};
use report::cross_task::tables::Tables;
use report::cross_task::{CrossTask, answer, figures};
use spec::record::Status;
use spec::run::Loss;

use super::claims::{heads, judged, written};
use super::stops::{stops, texts};
use super::{analysed, by_loss, changed, task};

/// Judged by the loss, which is of this function.
fn with_loss(name: &str, epochs: u64, loss: Loss) -> Analysis {
    changed(&by_loss(&analysed(&task(name, epochs, 3))), |plan, _| {
        plan.runs.iter_mut().for_each(|run| run.spec.train.loss = loss);
    })
}

#[test]
fn losses_of_different_functions_are_named_apart() {
    let (a, b) = (with_loss("a", 3, Loss::Mse), with_loss("b", 4, Loss::CrossEntropy));
    let all = CrossTask::of(vec![a.clone(), b.clone()]);
    let tables = Tables::of(&all);
    assert_eq!(
        heads(&tables.tasks)[2..],
        [
            "a: test loss (mean squared error), mean \u{b1} sd",
            "b: test loss (cross-entropy), mean \u{b1} sd"
        ]
    );
    let results = heads(&tables.results);
    assert!(results.contains(&"Test loss (mean squared error), mean \u{b1} sd"), "{results:?}");
    assert!(results.contains(&"Test loss (cross-entropy), mean \u{b1} sd"), "{results:?}");
    assert_eq!(
        texts(&tables.experiments, "Chosen by"),
        ["validation loss (mean squared error)", "validation loss (cross-entropy)"]
    );
    assert_eq!(
        texts(&tables.experiments, "Target")[0],
        "a validation loss (mean squared error) of at most 0.1"
    );
    let certainty = answer(&all).certainty.unwrap();
    let named = "no two tasks share a metric (test loss (mean squared error) in a and test loss (cross-entropy) in b), so";
    assert!(
        certainty.starts_with(&format!("Confidence: {named} nothing is tested")),
        "{certainty}"
    );
    let (text, _) = written(&all, "tasks");
    assert!(text.contains(&named.replacen("no two", "No two", 1)), "{text}");
    let strip = figures::strip(&all, 0).unwrap();
    assert!(
        strip
            .description()
            .starts_with("Test loss (mean squared error) after the last epoch, in a:"),
        "{}",
        strip.description()
    );
    // A third task goes with one of them: what is pooled has the name of its loss.
    let all = CrossTask::of(vec![a, b.clone(), with_loss("c", 5, Loss::Mse)]);
    let tables = Tables::of(&all);
    let named = |heads: Vec<&str>, head: &str| heads.contains(&head);
    assert!(named(heads(&tables.standing), "Test loss (mean squared error): mean over runs"));
    assert!(named(heads(&tables.comparison), "Lead in test loss (mean squared error)"));
    let (text, _) = written(&all, "tasks");
    assert!(
        text.contains("Test loss (mean squared error) is pooled over a and c; the other tasks are judged by another metric."),
        "{text}"
    );
    let FigureData::Chart(scores) = &figures::scores(&all, 0).unwrap().data else {
        panic!("a chart")
    };
    assert!(scores.panels[0].x_label.contains("test loss (mean squared error)"));
    // One function is named nowhere.
    let all = CrossTask::of(vec![b, with_loss("d", 5, Loss::CrossEntropy)]);
    let (text, _) = written(&all, "tasks");
    assert!(text.contains("d: test loss, mean") && !text.contains("loss (cross"), "{text}");
}

/// Runs at these places of the plan have no result.
fn without(analysis: &Analysis, runs: &[usize]) -> Analysis {
    changed(analysis, |_, rows| {
        for &run in runs {
            rows[run].status = Some(Status::Failed);
            rows[run].set("test.accuracy", None);
        }
    })
}

#[test]
fn different_numbers_of_seeds_are_ranked_with_the_caution_of_the_single_page() {
    let plain = |name: &str, epochs| judged(name, epochs, &[("a", &[0.9; 4]), ("b", &[0.8; 4])]);
    let thin = without(&plain("thin", 3), &[1, 2]);
    let caution = "rest on different runs: the differences seed by seed are the fairer comparison.";
    let single = report::page::answer::answer(&thin).details;
    assert!(
        single.contains(&format!(
            "Optimizers have finished different numbers of seeds (2 to 4), so their means {caution}"
        )),
        "{single:?}"
    );
    let said = answer(&CrossTask::of(vec![thin, plain("whole", 4)])).details;
    assert!(
        said.contains(&format!(
            "Optimizers have finished different numbers of seeds in thin (2 to 4), so their means there {caution}"
        )),
        "{said:?}"
    );
    // Equally many: nothing to say.
    let said = answer(&CrossTask::of(vec![plain("x", 3), plain("y", 4)])).details;
    assert!(said.iter().all(|d| !d.contains("numbers of seeds")), "{said:?}");
    // A run that never reached its target has a result: one is missing, not three.
    let (one, never) = (Some(1), None);
    let ends = [one, one, never, never, one];
    let of = |name: &str, epochs| {
        stops(name, epochs, [("a", &[one; 5]), ("b", &ends), ("c", &[one; 5])])
    };
    let thin = without(&of("thin", 3), &[5]);
    let said = answer(&CrossTask::of(vec![thin, of("whole", 4)])).details;
    assert!(
        said.contains(&format!(
            "Optimizers have finished different numbers of seeds in thin (4 to 5), so their medians there {caution}"
        )),
        "{said:?}"
    );
}

#[test]
fn two_runs_of_a_seed_that_both_diverged_are_no_pair() {
    let n = f64::NAN;
    // Of twelve pairs of runs three have two values, two have one, and seven have none.
    let (a, b) = ([0.9, 0.91, n, n, n, n], [0.8, n, n, n, n, n]);
    let x = judged("x", 3, &[("a", &a), ("b", &b)]);
    let y = judged("y", 4, &[("a", &[0.9, 0.9, 0.8, n, n, n]), ("b", &[0.8, 0.8, n, n, n, n])]);
    let all = CrossTask::of(vec![x, y]);
    let pair = &all.comparison.pairs[0];
    assert_eq!((pair.seeds, pair.compared(), pair.neither), ((5, 0, 0), 5, 7));
    assert_eq!((pair.n, pair.diverged, pair.decided_by), (3, 2, DecidedBy::SignedRanks));
    assert_eq!((pair.test.unwrap().n, all.comparison.differing), (5, 5));
    let certainty = answer(&all).certainty.unwrap();
    assert!(
        certainty.contains(
            "The smallest p-value that 5 pairs can reach is 0.0625, so no lead of so few, however large, can be called \
             significant (5 (task, seed) pairs, of which a won 5). At least 6 pairs that differ would be needed."
        ),
        "{certainty}"
    );
    let (text, csv) = written(&all, "comparison");
    assert!(
        text.contains(
            "Two runs of a seed that both diverged do not show which optimizer is better, and do not count: at most 7 per \
             comparison."
        ),
        "{text}"
    );
    assert!(text.contains("such a run is worse than any other. The lead is over"), "{text}");
    let column =
        |head: &str| csv.lines().next().unwrap().split(',').position(|h| h == head).unwrap();
    let cell = |head: &str| csv.lines().nth(1).unwrap().split(',').nth(column(head)).unwrap();
    assert_eq!(cell("Pairs of runs"), "5", "{csv}");
}

#[test]
fn pairs_that_both_diverged_change_neither_the_test_nor_the_tasks_that_it_is_of() {
    let n = f64::NAN;
    // A third optimizer keeps the metric of the task in which both are lost.
    let lost = judged("lost", 3, &[("a", &[n; 6]), ("b", &[n; 6]), ("c", &[0.9; 6])]);
    let fine = judged(
        "fine",
        4,
        &[("a", &[0.9, 0.91, 0.92, 0.93, 0.94, n]), ("b", &[0.8, 0.8, 0.8, 0.8, 0.8, n])],
    );
    let all = CrossTask::of(vec![lost, fine]);
    let pair = &all.comparison.pairs[0];
    // No run of a pair diverged: signs are flipped, over the one task that has pairs.
    assert_eq!((pair.decided_by, pair.compared(), pair.neither), (DecidedBy::SignFlips, 5, 7));
    assert_eq!((pair.tasks.len(), pair.diverged, pair.verdict), (1, 0, Verdict::Underpowered));
    let certainty = answer(&all).certainty.unwrap();
    assert!(certainty.contains("(5 (task, seed) pairs of fine, of which a won 5)"), "{certainty}");
    // Runs that never reached their target say as little.
    let (one, never) = (Some(1), None);
    let half = [one, one, one, never, never, never];
    let of = |name: &str, epochs| {
        stops(name, epochs, [("a", &half), ("b", &[never; 6]), ("c", &[never; 6])])
    };
    let all = CrossTask::of(vec![of("x", 3), of("y", 4)]);
    let pairs = &all.comparison.pairs;
    assert_eq!((pairs[0].seeds, pairs[0].neither), ((6, 0, 0), 6));
    assert_eq!((pairs[2].compared(), pairs[2].neither, pairs[2].test), (0, 12, None));
    assert_eq!(all.comparison.tests, 2);
    // Two tests are made, so seven pairs could show something.
    assert_eq!(all.comparison.needed, 7);
    let (text, _) = written(&all, "comparison");
    assert!(
        text.contains("Two runs of a seed that both never reached the target do not show which optimizer is better"),
        "{text}"
    );
}
