//! Values of runs, chosen configurations and winners, on inputs with ties, diverged seeds, stopped
//! runs and rounding, for which a plain mean would be wrong.

mod common;
#[path = "common/last.rs"]
mod last;
#[path = "common/made.rs"]
mod made;

use common::{Fixture, label};
use last::Last as _;
use made::{again, analysed, axis, chosen_rate, diverge, plateau, reached, stopped, text, two};
use report::analysis::{
    Clock, DecidedBy, GridEnd, TieBreak, Verdict, advice, best_of, ties, tuning,
};
use report::page::answer::answer;
use report::page::content;
use spec::metric::Metric;
use spec::params::Value;
use spec::plan::TargetAt;
use spec::record::Split;

#[test]
fn runs_that_stop_at_the_target_are_judged_by_when_they_reach_it() {
    // The first is a little better where it stopped, because it stopped later.
    let mut analysis = two(&[0.98; 6], &[0.971; 6]);
    stopped(&mut analysis, &[[Some(3); 6], [Some(2); 6]].concat());
    let analysis = again(&analysis);
    assert!(analysis.evaluation.reached() && analysis.selection == analysis.evaluation);
    let pair = &analysis.comparison().pairs[0];
    assert_eq!(analysis.configs[pair.first].label, 1, "the sooner one comes first");
    assert_eq!((pair.seeds, pair.verdict), ((6, 0, 0), Verdict::Better));
    // An epoch of 55,000 samples.
    assert_eq!(pair.gain.mean, Some(55_000.0));
    let words = text(&answer(&analysis));
    assert!(
        words.contains(
            "b won: it reached a validation accuracy of at least 97% after 110,000 training samples in the median (6 of 6 \
             seeds reached it); the runner-up a after 165,000."
        ),
        "{words}"
    );
    assert!(words.contains("equal numbers are common"), "{words}");
    let table = content::best_table(&analysis);
    let heads: Vec<&str> = table.head.iter().map(|h| h.name.as_str()).collect();
    assert!(heads.contains(&"Test accuracy at the end"), "{heads:?}");
    assert!(heads.contains(&"Reached the target"), "{heads:?}");
    assert!(content::best_text(&analysis)[0].contains("same numbers judge"));
}

#[test]
fn a_run_that_never_reaches_the_target_is_worse_than_any_that_does() {
    let mut analysis = two(&[0.98; 10], &[0.96; 10]);
    let never = [None; 4];
    // The first reaches it soon, but not with four seeds; two of them level.
    let first = [&[Some(1); 6][..], &never[..]].concat();
    let second = [&[Some(2); 8][..], &never[..2]].concat();
    stopped(&mut analysis, &[first, second].concat());
    let analysis = again(&analysis);
    let pair = &analysis.comparison().pairs[0];
    assert_eq!(pair.decided_by, DecidedBy::SignedRanks);
    assert_eq!((pair.seeds, pair.diverged, pair.gain.n), ((6, 2, 2), 4, 6));
    assert_eq!(analysis.configs[pair.first].judged_median, Some(55_000.0));
    // By counting all signs of the ranks 3.5 x 6 against 7.5 x 2.
    assert_eq!(pair.test.unwrap().p, 0.796_875);
    let words = text(&answer(&analysis));
    assert!(words.contains("a came first: it reached"), "{words}");
    assert!(words.contains("never reached the target is worse than any other"), "{words}");
    // Nobody there at all.
    let mut nobody = two(&[0.9; 3], &[0.9; 3]);
    stopped(&mut nobody, &[None; 6]);
    let words = text(&answer(&again(&nobody)));
    assert!(
        words.contains("No optimizer reached a validation accuracy of at least 97% with any seed."),
        "{words}"
    );
    assert!(words.contains("None of its 3 runs reached"), "{words}");
}

#[test]
fn ties_are_broken_by_loss_then_by_the_middle_and_said() {
    let rates = [1e-4, 1e-3, 1e-2];
    let by_loss = again(&plateau(&rates, &[0.5, 0.4, 0.3]));
    assert_eq!(chosen_rate(&by_loss), 1e-2);
    assert_eq!(ties(&by_loss, 0).unwrap(), (vec![2, 1, 0], TieBreak::ValidationLoss));
    // At the edge, but a configuration inside the grid is as good: nothing to add.
    assert!(advice(&by_loss, &by_loss.configs[2]).is_empty());
    let words = text(&answer(&by_loss));
    assert!(
        words.contains(
            "3 of them are equally good by that; of these the chosen one has the lowest mean validation loss."
        ),
        "{words}"
    );
    let by_rate = again(&plateau(&rates, &[0.4; 3]));
    assert_eq!(chosen_rate(&by_rate), 1e-3);
    assert_eq!(ties(&by_rate, 0).unwrap().1, TieBreak::LearningRate);
    // Of two the smaller.
    assert_eq!(chosen_rate(&again(&plateau(&rates[..2], &[0.4; 2]))), 1e-4);
    // Sums in another order are no difference; a billionth is the limit.
    let mut nearly = plateau(&rates, &[0.4, 0.5, 0.6]);
    for (i, factor) in [1.0, 1.0 + 0.8e-9, 1.0 + 3e-9].into_iter().enumerate() {
        for row in &mut nearly.rows[3 * i..3 * (i + 1)] {
            let accuracy = row.last(Split::Validation, Metric::ACCURACY).unwrap();
            row.set("validation.accuracy", Some(accuracy * factor));
        }
    }
    let nearly = again(&nearly);
    assert_eq!(chosen_rate(&nearly), 1e-2, "better by more than a billionth");
    assert!(ties(&nearly, 0).is_none_or(|(tied, _)| !tied.contains(&0)));
    // The table says it too.
    let table = content::best_table(&by_loss);
    let row = table.rows[0].iter().map(|c| c.text.clone()).collect::<Vec<_>>().join("|");
    assert!(row.contains("one of 3 equally good"), "{row}");
}

#[test]
fn the_tuning_curve_ends_at_what_is_chosen() {
    let mut analysis = plateau(&[1e-4, 1e-3, 1e-2], &[0.5, 0.4, 0.3]);
    for (i, test) in [0.99, 0.98, 0.97].into_iter().enumerate() {
        analysis.rows[3 * i..3 * (i + 1)]
            .iter_mut()
            .for_each(|r| r.set("test.accuracy", Some(test)));
    }
    let analysis = again(&analysis);
    let curve = tuning(&analysis, 0).unwrap();
    let chosen = &analysis.configs[analysis.best[0].unwrap()];
    assert_eq!(Some(curve.points[2].median), chosen.judged.mean);
}

#[test]
fn seeds_that_diverged_with_both_are_level_and_no_part_of_the_lead() {
    let mut analysis = two(&[0.9; 12], &[0.91; 12]);
    diverge(&mut analysis, (6..12).chain(18..24));
    let analysis = again(&analysis);
    let pair = &analysis.comparison().pairs[0];
    assert_eq!((pair.gain.n, pair.seeds), (6, (6, 6, 0)));
    assert!((pair.gain.mean.unwrap() - 0.01).abs() < 1e-12, "not half of it");
    assert_eq!(pair.decided_by, DecidedBy::SignedRanks);
    let words = text(&answer(&analysis));
    assert!(
        words.contains("1.00 percentage point more on the 6 seeds that completed with both"),
        "{words}"
    );
}

#[test]
fn survivors_do_not_decide() {
    // The second is far better where it completes, and diverges on four of ten.
    let mut analysis = two(&[0.90; 10], &[0.95; 10]);
    diverge(&mut analysis, 16..20);
    let analysis = again(&analysis);
    let pair = &analysis.comparison().pairs[0];
    assert_eq!(analysis.configs[pair.first].label, 0, "no seed of it diverged");
    assert_eq!(pair.decided_by, DecidedBy::SignedRanks);
    assert_eq!(pair.test, pair.wilcoxon);
    // By counting all signs of the ranks 8.5 x 4 against 3.5 x 6.
    assert_eq!(pair.test.unwrap().p, 0.535_156_25);
    assert_eq!((pair.verdict, pair.gain.n), (Verdict::NotShown, 6));
    let table = content::comparison_table(&analysis);
    let heads: Vec<&str> = table.head.iter().map(|h| h.name.as_str()).collect();
    let cell = |name: &str| &table.rows[0][heads.iter().position(|h| *h == name).unwrap()].text;
    assert_eq!((cell("Seeds in the lead"), cell("Seeds compared")), (&"6".into(), &"10".into()));
    assert!(!heads.contains(&"p, sign flips"), "a test over survivors is not shown: {heads:?}");
    let row: Vec<&str> = table.rows[0].iter().map(|c| c.text.as_str()).collect();
    assert!(row.contains(&"no difference shown") && row.contains(&"signed ranks"), "{row:?}");
    let words = text(&answer(&analysis));
    assert!(words.contains("may be chance, p = 0.535"), "{words}");
    let said = content::comparison_text(&analysis).join(" ");
    assert!(said.contains("Where a run diverged, ranks decide over all seeds"), "{said}");
}

#[test]
fn what_is_shown_for_the_second_is_said_of_the_second() {
    // It diverges once of twelve, and is better on all others.
    let mut analysis = two(&[0.90; 12], &[0.95; 12]);
    diverge(&mut analysis, [23]);
    let analysis = again(&analysis);
    let pair = &analysis.comparison().pairs[0];
    assert_eq!(pair.verdict, Verdict::Worse);
    let words = text(&answer(&analysis));
    assert!(words.contains("seed by seed b is significantly better than a, p = 0.0332"), "{words}");
    assert!(!words.contains("may be chance") && !words.contains("a won"), "{words}");
}

#[test]
fn a_label_whose_seeds_all_diverged_is_compared() {
    let mut analysis = two(&[0.90; 6], &[0.95; 6]);
    diverge(&mut analysis, 6..12);
    let analysis = again(&analysis);
    let pair = &analysis.comparison().pairs[0];
    assert_eq!((pair.seeds, pair.verdict), ((6, 0, 0), Verdict::Better));
    assert_eq!((pair.gain.mean, pair.improvement), (None, Some(1.0)));
    let words = text(&answer(&analysis));
    assert!(words.contains("a won: mean test accuracy of 90.00% over 6 seeds"), "{words}");
    assert!(words.contains("all 6 seeds of b diverged."), "{words}");
}

#[test]
fn power_is_told_of_the_seeds_that_differ() {
    let mut second = [0.9; 10];
    second[..5].copy_from_slice(&[0.91; 5]);
    let analysis = again(&two(&[0.9; 10], &second));
    let words = text(&answer(&analysis));
    assert!(
        words.contains(
            "Only 5 of 10 seeds differ, and the smallest p-value that 5 differing seeds can reach is 0.0625, so this lead \
             cannot be significant"
        ),
        "{words}"
    );
    assert!(words.contains("At least 6 seeds that differ are needed"), "{words}");
    let said = content::comparison_text(&analysis).join(" ");
    assert!(said.contains("The smallest p that 5 differing seeds can reach is 0.0625"), "{said}");
    // Nothing differs at all.
    let analysis = again(&two(&[0.9; 6], &[0.9; 6]));
    let words = text(&answer(&analysis));
    assert!(words.contains("a and b are level in front"), "{words}");
    assert!(words.contains("level on all 6 seeds, so there is no difference to test"), "{words}");
}

#[test]
fn rounding_is_no_difference() {
    // Equal counts of samples, summed in another order: 5.6e-17 apart.
    let analysis = again(&two(&[0.1 + 0.2; 10], &[0.3; 10]));
    let pair = &analysis.comparison().pairs[0];
    assert_eq!((pair.seeds, pair.gain.mean), ((0, 10, 0), Some(0.0)));
    assert_eq!((pair.verdict, pair.improvement), (Verdict::Underpowered, Some(0.5)));
    let words = text(&answer(&analysis));
    assert!(words.contains("level in front") && !words.contains("is significant"), "{words}");
    // One sample more and one less cancel, whatever their sum rounds to.
    let half = [[0.9 + 1.0 / 52.0; 5], [0.9 - 1.0 / 52.0; 5]].concat();
    let analysis = again(&two(&half, &[0.9; 10]));
    assert_eq!(analysis.comparison().pairs[0].gain.mean, Some(0.0));
    // A sample is one.
    let analysis = again(&two(&[0.3001; 10], &[0.3; 10]));
    let words = text(&answer(&analysis));
    assert!(words.contains("a won") && words.contains("0.01 percentage points more"), "{words}");
}

#[test]
fn what_vanished_beside_the_loss_before_training_is_level() {
    let mut analysis = two(&[0.9; 10], &[0.9; 10]);
    analysis.plan.target.metric = Metric::LOSS;
    let losses = [[1e-13; 10], [3e-11; 10]].concat();
    for (row, loss) in analysis.rows.iter_mut().zip(losses) {
        row.set("test.loss", Some(loss));
        row.initial_test_loss = Some(2.3);
    }
    let level = again(&analysis);
    assert_eq!(level.comparison().pairs[0].seeds, (0, 10, 0));
    analysis.rows.iter_mut().for_each(|row| row.initial_test_loss = Some(1e-6));
    assert_eq!(again(&analysis).comparison().pairs[0].seeds, (10, 0, 0));
}

#[test]
fn a_significant_lead_may_be_smaller_than_what_matters() {
    let mut analysis = two(&[0.901; 10], &[0.9; 10]);
    analysis.plan.report.min_effect = 0.005;
    let analysis = again(&analysis);
    let pair = &analysis.comparison().pairs[0];
    assert!(pair.small && pair.verdict == Verdict::Better);
    let words = text(&answer(&analysis));
    assert!(words.contains("smaller than what matters ([report] min_effect = 0.005)"), "{words}");
    assert!(words.contains("a came first") && !words.contains("a won"), "{words}");
    let table = content::comparison_table(&analysis);
    let said = table.rows[0].iter().any(|c| c.text == "first is better, by less than matters");
    assert!(said, "{:?}", table.rows);
}

#[test]
fn the_best_epoch_counts_where_it_is_asked_for() {
    let mut analysis = two(&[0.9; 6], &[0.8; 6]);
    analysis.plan.target.at = TargetAt::Best;
    let best = |value, test| report::table::AtBest { epoch: 2, step: 1, value, test: Some(test) };
    for (i, row) in analysis.rows.iter_mut().enumerate() {
        row.at_best = Some(if i < 6 { best(0.91, 0.91) } else { best(0.95, 0.94) });
    }
    let analysis = again(&analysis);
    let ranking = analysis.ranking();
    let means = (ranking[0].selection.mean.unwrap(), ranking[0].judged.mean.unwrap());
    assert!((means.0 - 0.95).abs() < 1e-12 && (means.1 - 0.94).abs() < 1e-12, "{means:?}");
    assert_eq!(ranking[0].label, 1);
    assert!(
        content::best_text(&analysis)[0].contains("its epoch with the best validation accuracy")
    );
    // A diverged run stays diverged, whatever it reached before.
    let mut diverged = analysis.clone();
    diverge(&mut diverged, [6]);
    assert_eq!(again(&diverged).ranking()[1].judged.n, 5);
}

#[test]
fn best_epochs_are_found_again_without_the_journal() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture {
        labels: vec![label("a", "adam", &[1e-3], 1e-3, 0.02, 1e9)],
        ..Fixture::battle(3)
    };
    let dir = fixture.write(folder.path());
    let mut plan = store::plan(&dir).unwrap();
    plan.target.at = TargetAt::Best;
    std::fs::write(dir.plan(), serde_json::to_vec(&plan).unwrap()).unwrap();
    // By hand: the highest validation accuracy after an epoch, and the test accuracy beside it.
    let best: Vec<(f64, f64)> = fixture
        .records()
        .iter()
        .map(|record| {
            let metrics = &record.outcome.as_ref().unwrap().metrics;
            let of = |split, epoch| {
                let wanted = |m: &&spec::record::MetricPoint| {
                    (m.split, m.metric, m.epoch) == (split, Metric::ACCURACY, epoch)
                };
                metrics.iter().find(wanted).unwrap().value.0
            };
            let epoch = (1..=5)
                .max_by(|a, b| of(Split::Validation, *a).total_cmp(&of(Split::Validation, *b)));
            (of(Split::Validation, epoch.unwrap()), of(Split::Test, epoch.unwrap()))
        })
        .collect();
    let mean = |of: fn(&(f64, f64)) -> f64| best.iter().map(of).sum::<f64>() / 3.0;
    let check = || {
        let row = report::summary(&dir).unwrap().best.remove(0);
        let means = (row.target.mean.unwrap(), row.judged.mean.unwrap());
        assert!((means.0 - mean(|b| b.0)).abs() < 1e-12, "{means:?}");
        assert!((means.1 - mean(|b| b.1)).abs() < 1e-12, "{means:?}");
    };
    report::redraw(&dir).unwrap();
    check();
    std::fs::remove_dir_all(dir.journal()).unwrap();
    report::redraw(&dir).unwrap();
    check();
    let text = std::fs::read_to_string(dir.markdown()).unwrap();
    assert!(text.contains("at each run's best epoch"), "{text}");
}

#[test]
fn batches_of_different_size_are_compared_by_samples() {
    let fixture = Fixture {
        labels: vec![label("grid", "adam", &[1e-3, 2e-3], 1e-3, 0.02, 1e9)],
        ..Fixture::battle(3)
    };
    let mut analysis = analysed(&fixture);
    // Fewer steps of larger batches, but more epochs.
    for (i, run) in analysis.plan.runs.iter_mut().enumerate() {
        run.spec.data.batch_size = if i < 3 { 32 } else { 8 };
    }
    reached(&mut analysis, &[[Some(3); 3], [Some(2); 3]].concat());
    let analysis = again(&analysis);
    let label_times = &analysis.time_to_target().unwrap().by_label[0];
    assert_eq!(label_times.fastest, Some((1, 110_000.0)));
    assert!(label_times.median(Clock::Samples).is_some());
}

#[test]
fn every_axis_has_its_edges_and_gaps() {
    // Accuracy falls with the rate: the lowest is best, whatever comes above it.
    let mut analysis = plateau(&[1e-2, 1e3, 1e20], &[0.4; 3]);
    for (i, row) in analysis.rows.iter_mut().take(9).enumerate() {
        row.set("validation.accuracy", Some(0.9 - 0.1 * (i / 3) as f64));
    }
    axis(&mut analysis, "data.batch_size", |config| Value::Int([32, 8, 8][config]));
    axis(&mut analysis, "optimizer.weight_decay", |config| Value::Float([0.0, 1e-4, 1e-2][config]));
    let analysis = again(&analysis);
    let found = advice(&analysis, &analysis.configs[analysis.best[0].unwrap()]);
    let told: Vec<_> =
        found.iter().map(|a| (a.name(), a.end, a.beyond.clone(), a.gaps.clone())).collect();
    assert_eq!(
        told,
        [
            ("learning rate", Some(GridEnd::Lowest), vec![1e-3], vec![0.1]),
            ("batch_size", Some(GridEnd::Highest), vec![128.0], vec![]),
        ],
        "nothing lies below no weight decay"
    );
    let words = text(&answer(&analysis));
    assert!(
        words.contains(
            "grid\u{2019}s learning rate (lowest tried; add 0.001, and 0.1 in the gap beside it) and batch_size (highest \
             tried; add 128)."
        ),
        "{words}"
    );
}

#[test]
fn one_that_diverged_is_two_that_ran() {
    let mut analysis = two(&[0.9, 0.9], &[0.8, 0.8]);
    diverge(&mut analysis, [3]);
    let words = text(&answer(&again(&analysis)));
    assert!(!words.contains("one seed says nothing"), "{words}");
    assert!(words.contains("The smallest p-value that 2 seeds can reach is 0.5"), "{words}");
}

#[test]
fn choosing_among_nothing_chooses_nothing() {
    let analysis = analysed(&Fixture::battle(3));
    assert_eq!(best_of(&analysis, &[]), None);
}
