//! Statements of the page on inputs for which a simpler wording or computation would be wrong.

mod common;
#[path = "common/last.rs"]
mod last;
#[path = "common/made.rs"]
mod made;
#[path = "told/zipped.rs"]
mod zipped;

use common::{Fixture, label};
use last::Last as _;
use made::{again, analysed, axis, chosen_rate, diverge, plateau, reached, stopped, text, two};
use report::analysis::{Analysis, Verdict, advice, robustness, tuning};
use report::page::answer::answer;
use report::page::content;
use report::page::table::Table;
use spec::metric::Metric;
use spec::params::Value;
use spec::plan::TargetAt;
use spec::record::Split;

fn cell<'a>(table: &'a Table, row: usize, head: &str) -> &'a str {
    let at = table.head.iter().position(|h| h.name == head);
    let at = at.unwrap_or_else(|| panic!("{head} is none of {:?}", table.head));
    &table.rows[row][at].text
}

/// A label whose configurations have these validation and test accuracies, on every seed.
fn graded(rates: &[f64], accuracies: &[f64]) -> Analysis {
    let mut analysis = plateau(rates, &vec![0.4; rates.len()]);
    for (i, row) in analysis.rows.iter_mut().take(3 * rates.len()).enumerate() {
        row.set("validation.accuracy", Some(accuracies[i / 3]));
        row.set("test.accuracy", Some(accuracies[i / 3]));
    }
    analysis
}

#[test]
fn what_runs_share_is_said_of_those_that_share_it() {
    let alike = analysed(&Fixture::battle(3));
    let said = content::fairness(&alike).join(" ");
    assert!(said.contains("Runs of one seed started from the same"), "{said}");
    let mut analysis = alike.clone();
    for (run, row) in analysis.plan.runs.iter_mut().zip(&mut analysis.rows) {
        if run.label == "adam" {
            run.spec.data.batch_size = 32;
            row.batch_digest = Some(r#"["another"]"#.to_owned());
        }
    }
    let analysis = again(&analysis);
    let said = content::fairness(&analysis).join(" ");
    assert!(said.contains("Runs of one seed with the same data settings started"), "{said}");
    let said = content::comparison_text(&analysis).join(" ");
    assert!(said.contains("was read from their digests, pair by pair"), "{said}");
    assert!(!said.contains("runs of one seed share initial weights and batches, and"), "{said}");
    // A single optimizer is not compared with another, a single run with nothing.
    let one = Fixture {
        labels: vec![label("a", "adam", &[1e-3, 1e-2], 1e-3, 0.02, 1e9)],
        ..Fixture::battle(2)
    };
    let said = content::fairness(&analysed(&one)).join(" ");
    assert!(said.contains("whatever their configuration"), "{said}");
    let said = content::fairness(&analysed(&Fixture::lesson())).join(" ");
    assert!(!said.contains("Runs of one seed"), "{said}");
}

#[test]
fn smallest_p_values_are_those_of_each_kind_of_test() {
    let fixture = Fixture {
        labels: vec![
            label("a", "rmsprop", &[8e-4], 8e-4, 0.30, 1e9),
            label("b", "adam", &[1e-3], 1e-3, 0.02, 1e9),
            label("c", "adam", &[2e-3], 1e-3, 0.02, 1e9),
        ],
        ..Fixture::battle(8)
    };
    let mut analysis = analysed(&fixture);
    for (i, (run, row)) in analysis.plan.runs.iter_mut().zip(&mut analysis.rows).enumerate() {
        // The first two differ on five seeds of eight; the third saw other batches.
        row.set("test.accuracy", Some(if run.label == "a" && i < 5 { 0.8 } else { 0.9 }));
        if run.label == "c" {
            row.batch_digest = Some(r#"["another"]"#.to_owned());
        }
    }
    let said = content::comparison_text(&again(&analysis)).join(" ");
    assert!(
        said.contains(
            "The smallest p that 5 differing seeds can reach is 0.0625 (0.188 after the correction), so such pairs \
             cannot show a difference, however large. At least 7 seeds that differ are needed."
        ),
        "{said}"
    );
    assert!(
        said.contains("The smallest p that two samples of 8 seeds can reach is 0.000155 (0.000466 after the correction)."),
        "{said}"
    );
}

#[test]
fn an_interval_that_says_otherwise_than_the_test_is_admitted() {
    // Six seeds in one direction, one of them far away: flips 0.031, interval around zero.
    let second = [0.90, 0.90, 0.90, 0.90, 0.90, 0.90];
    let analysis = again(&two(&[0.901, 0.901, 0.901, 0.901, 0.901, 0.98], &second));
    let pair = &analysis.comparison().pairs[0];
    assert_eq!(pair.verdict, Verdict::Better);
    assert!(pair.gain.interval.unwrap().low < 0.0);
    let said = content::comparison_text(&analysis).join(" ");
    assert!(
        said.contains("even in the pair whose interval alone would suggest otherwise"),
        "{said}"
    );
    let agrees = again(&two(&[0.95, 0.951, 0.952, 0.953, 0.954, 0.955], &second));
    let said = content::comparison_text(&agrees).join(" ");
    assert!(!said.contains("would suggest otherwise"), "{said}");
}

#[test]
fn seeds_that_are_all_equal_have_no_interval_of_no_width() {
    let analysis = again(&two(&[0.9697; 3], &[0.9; 3]));
    let words = text(&answer(&analysis));
    assert!(words.contains("over 3 seeds (all seeds equal)"), "{words}");
    let best = content::best_table(&analysis);
    assert_eq!(cell(&best, 0, "95% interval"), "all seeds equal");
    let pairs = content::comparison_table(&analysis);
    assert_eq!(cell(&pairs, 0, "95% interval"), "all seeds equal");
}

#[test]
fn of_one_seed_nothing_is_said_that_needs_two() {
    let analysis = analysed(&Fixture::battle(1));
    let words = text(&answer(&analysis));
    assert!(words.contains("with one seed") && !words.contains("over one seed"), "{words}");
    let said = content::best_text(&analysis).join(" ");
    assert!(said.contains("Intervals need three seeds."), "{said}");
    for word in ["standard deviation", "median", "IQM"] {
        assert!(!said.contains(word), "{word}: {said}");
    }
}

#[test]
fn nothing_is_added_to_an_axis_on_which_another_value_is_as_good() {
    // Two values, both as good: the best one lies at no edge.
    let both = again(&graded(&[1e-3, 1e-2], &[0.9, 0.9]));
    assert!(advice(&both, &both.configs[both.best[0].unwrap()]).is_empty());
    // The better of the two lies at one.
    let one = again(&graded(&[1e-3, 1e-2], &[0.8, 0.9]));
    assert_eq!(advice(&one, &one.configs[one.best[0].unwrap()])[0].beyond, [0.1]);
    // Nothing is better than all.
    let all = again(&graded(&[1e-3, 1e-2], &[0.8, 1.0]));
    assert!(advice(&all, &all.configs[all.best[0].unwrap()]).is_empty());
    // Nor than the first epoch, at whose end the target is measured first.
    let mut first = graded(&[1e-3, 1e-2], &[0.8, 0.9]);
    stopped(&mut first, &[[Some(2); 3], [Some(1); 3], [Some(2); 3]].concat());
    let first = again(&first);
    assert_eq!(chosen_rate(&first), 1e-2);
    assert!(advice(&first, &first.configs[first.best[0].unwrap()]).is_empty());
}

#[test]
fn values_drawn_at_random_have_no_grid_and_no_edge() {
    let mut analysis = graded(&[1e-3, 3e-3, 1e-2], &[0.7, 0.8, 0.9]);
    axis(&mut analysis, "optimizer.weight_decay", |config| Value::Float([0.3, 0.1, 0.2][config]));
    analysis.plan.optimizers[0].random = analysis.plan.optimizers[0].axes.clone();
    let analysis = again(&analysis);
    assert!(advice(&analysis, &analysis.configs[analysis.best[0].unwrap()]).is_empty());
    // Each rate has another weight decay, so that no range of rates can be read off.
    assert_eq!(robustness(&analysis, 0), None);
    let grid = content::grid_table(&analysis);
    assert!(!grid.head.iter().any(|h| h.name == "Decades"), "{:?}", grid.head);
}

#[test]
fn ranges_of_learning_rates_hold_their_best_and_promise_no_more() {
    // The best alone is within one per cent, at the edge.
    let alone = again(&graded(&[1e-3, 1e-2], &[0.5, 0.9]));
    let range = robustness(&alone, 0).unwrap();
    assert!(range.open.1 && range.range.1 == 1e-2);
    let grid = content::grid_table(&alone);
    let decades = cell(&grid, 0, "Decades");
    let shown: f64 = decades.trim_start_matches("at least ").parse().unwrap();
    assert!(shown > 0.0 && shown <= range.decades(), "{decades} of {}", range.decades());
    // With a diverged neighbour the range is one rate, of no width.
    let mut cut = graded(&[1e-3, 1e-2], &[0.5, 0.9]);
    diverge(&mut cut, 0..3);
    let grid = content::grid_table(&again(&cut));
    assert_eq!(cell(&grid, 0, "Learning rates within 1% of the best"), "0.01 alone");
}

#[test]
fn one_at_random_is_the_middle_and_counts_what_diverged() {
    let two = again(&graded(&[1e-3, 1e-2], &[0.1, 0.8]));
    assert!((tuning(&two, 0).unwrap().points[0].median - 0.45).abs() < 1e-12);
    let grid = content::grid_table(&two);
    assert_eq!(cell(&grid, 0, "One at random, median"), "45.00%");
    assert_eq!(cell(&grid, 0, "Chosen from all"), "80.00%");
    // Two of three seeds of a configuration diverged: the third is not what one gets.
    let mut lucky = graded(&[1e-3, 3e-3, 1e-2], &[0.1, 0.8, 0.9]);
    diverge(&mut lucky, [3, 4]);
    let lucky = again(&lucky);
    assert!((tuning(&lucky, 0).unwrap().points[0].median - 0.1).abs() < 1e-12);
}

#[test]
fn the_fastest_configuration_is_the_chosen_one_where_it_ties() {
    let mut analysis = plateau(&[1e-3, 1e-2], &[0.4, 0.3]);
    reached(&mut analysis, &[Some(1); 9]);
    let analysis = again(&analysis);
    let time_to_target = analysis.time_to_target().unwrap();
    let label_times =
        time_to_target.by_label.iter().find(|r| analysis.configs[r.config].label == 0).unwrap();
    assert_eq!(chosen_rate(&analysis), 1e-2, "the second, by its loss");
    assert_eq!(label_times.fastest, Some((1, 55_000.0)));
}

#[test]
fn the_epoch_that_counts_and_its_values_stand_in_the_table_of_runs() {
    let mut analysis = two(&[0.9; 3], &[0.8; 3]);
    analysis.plan.target.at = TargetAt::Best;
    for row in &mut analysis.rows {
        row.best_epoch = Some(5);
        row.at_best =
            Some(report::table::AtBest { epoch: 2, step: 1, value: 0.91, test: Some(0.89) });
    }
    let analysis = again(&analysis);
    let runs = report::page::run_table::run_table(&analysis);
    assert_eq!(cell(&runs, 0, "Best epoch"), "2");
    assert_eq!(cell(&runs, 0, "Validation accuracy at the best epoch"), "91.00%");
    assert_eq!(cell(&runs, 0, "Test accuracy at the best epoch"), "89.00%");
    assert_eq!(cell(&runs, 0, "Test accuracy after the last epoch"), "90.00%");
    let best = content::best_table(&analysis);
    assert!(
        best.head.iter().any(|h| h.name == "Training loss of the last epoch"),
        "{:?}",
        best.head
    );
    // Ordinary sweeps that aim at a loss do not call the epoch of the best accuracy the best.
    let mut analysis = two(&[0.9; 3], &[0.8; 3]);
    analysis.plan.target.metric = Metric::LOSS;
    let runs = report::page::run_table::run_table(&again(&analysis));
    assert!(runs.head.iter().all(|h| h.name != "Best epoch"), "{:?}", runs.head);
}

#[test]
fn why_runs_ended_is_told_of_the_reasons_there_are() {
    let mut analysis = two(&[0.9; 3], &[0.8; 3]);
    for row in analysis.rows.iter_mut().take(2) {
        row.epochs_completed = Some(3);
        row.stop_reason = Some("early_stopping".to_owned());
    }
    let said = content::fairness(&again(&analysis)).join(" ");
    assert!(
        said.contains("2 of 6 runs ended before their last epoch (all by early stopping):"),
        "{said}"
    );
}

#[test]
fn metrics_have_the_names_of_the_field() {
    let mut analysis = two(&[0.9; 3], &[0.8; 3]);
    analysis.plan.target.metric = Metric::F1;
    analysis.plan.target.value = None;
    for row in &mut analysis.rows {
        let accuracy = row.last(Split::Test, Metric::ACCURACY).unwrap();
        row.set("validation.f1", Some(accuracy));
        row.set("test.f1", Some(accuracy));
    }
    let words = text(&answer(&again(&analysis)));
    assert!(words.contains("mean test F1 of 0.9000"), "{words}");
    analysis.plan.target.metric = Metric::LOSS;
    analysis.plan.target.value = Some(0.23);
    let words = report::text::target(&analysis.plan.target);
    assert_eq!(words, "a validation loss of at most 0.23");
}

#[test]
fn a_configuration_names_its_schedule_once() {
    let mut analysis = graded(&[1e-3, 1e-2], &[0.8, 0.9]);
    axis(&mut analysis, "schedule.kind", |config| {
        Value::Text(["constant", "cosine"][config].to_owned())
    });
    for run in analysis.plan.runs.iter_mut().filter(|run| run.label == "grid").skip(3) {
        run.spec.schedule = spec::ScheduleSpec::Cosine(spec::schedule::Cosine {
            per: spec::schedule::Per::Epoch,
            min_lr: 0.0,
            t_max: 5,
        });
    }
    let best = content::best_table(&again(&analysis));
    assert_eq!(cell(&best, 0, "Chosen configuration"), "lr 0.01, schedule.kind cosine");
}

#[test]
fn all_that_are_level_in_front_are_bold_and_called_level() {
    let analysis = again(&two(&[0.9, 0.91, 0.92], &[0.9, 0.91, 0.92]));
    let best = content::best_table(&analysis);
    assert!(best.rows.iter().all(|row| row[0].strong), "{:?}", best.rows);
    assert_eq!(cell(&content::comparison_table(&analysis), 0, "Verdict"), "level");
    let apart = again(&two(&[0.95, 0.96, 0.97], &[0.9, 0.91, 0.92]));
    let best = content::best_table(&apart);
    assert_eq!(best.rows.iter().map(|row| row[0].strong).collect::<Vec<_>>(), [true, false]);
    // Nobody is in front where nobody got there.
    let mut nobody = two(&[0.9; 3], &[0.9; 3]);
    stopped(&mut nobody, &[None; 6]);
    let best = content::best_table(&again(&nobody));
    assert!(best.rows.iter().all(|row| !row[0].strong), "{:?}", best.rows);
}

#[test]
fn configurations_that_never_reach_the_target_tie_and_it_is_said() {
    let mut analysis = plateau(&[1e-3, 1e-2], &[0.4, 0.3]);
    stopped(&mut analysis, &[None; 9]);
    let analysis = again(&analysis);
    assert_eq!(chosen_rate(&analysis), 1e-2, "by its loss");
    let best = content::best_table(&analysis);
    assert_eq!(cell(&best, 0, "Note"), "one of 2 equally good");
    let said = content::best_text(&analysis).join(" ");
    assert!(
        said.contains("Intervals need three seeds that reached the target")
            || said.contains("intervals need three seeds that reached"),
        "{said}"
    );
    let grid = content::grid_table(&analysis);
    assert_eq!(cell(&grid, 0, "One at random, median"), "never");
}

#[test]
fn equal_medians_are_told_apart_by_how_many_got_there() {
    let mut analysis = two(&[0.98; 5], &[0.98; 5]);
    stopped(&mut analysis, &[&[Some(2); 5][..], &[Some(2); 4], &[None]].concat());
    let words = text(&answer(&again(&analysis)));
    assert!(
        words.contains(
            "(5 of 5 seeds reached it); the runner-up b after as many with 4 of 5 seeds."
        ),
        "{words}"
    );
}

#[test]
fn a_best_rate_of_which_seeds_diverged_has_no_range() {
    let mut analysis = graded(&[1e-3, 1e-2], &[0.5, 0.9]);
    diverge(&mut analysis, [0, 3]);
    assert_eq!(robustness(&again(&analysis), 0), None);
}

#[test]
fn no_interval_of_a_loss_reaches_below_zero() {
    let mut analysis = two(&[0.9; 3], &[0.9; 3]);
    analysis.plan.target.metric = Metric::LOSS;
    for (row, loss) in analysis.rows.iter_mut().zip([0.001, 0.002, 0.02, 0.3, 0.4, 0.5]) {
        row.set("test.loss", Some(loss));
        row.set("validation.loss", Some(loss));
    }
    let analysis = again(&analysis);
    let first = &analysis.configs[analysis.comparison().ranked[0]];
    assert!(first.judged.interval.unwrap().low < 0.0);
    assert!(report::text::interval_of(&analysis.evaluation, &first.judged).unwrap().low == 0.0);
}

#[test]
fn one_seed_has_no_mean_in_heads_and_sentences() {
    let analysis = analysed(&Fixture::battle(1));
    let best = content::best_table(&analysis);
    assert!(best.head.iter().any(|h| h.name == "Test accuracy"), "{:?}", best.head);
    assert!(best.head.iter().all(|h| !h.name.contains("mean")), "{:?}", best.head);
    let words = text(&answer(&analysis));
    assert!(words.contains("by validation accuracy") && !words.contains("by mean"), "{words}");
}
