//! The conclusions of a report: compared pairs, confidence and cost.

mod common;

use common::{End, Fixture, label};
use report::analysis::{Analysis, Clock, Verdict, advice, robustness, spent, tuning};
use report::page::answer::answer;
use report::page::content;
use report::page::opening::Answer;
use spec::metric::{EpochMetric, Metric};
use spec::record::{Split, Status};

fn analysed(fixture: &Fixture) -> Analysis {
    fixture.analysed(tempfile::tempdir().unwrap().path()).0
}

/// Two labels of one learning rate each: `good` is better than `poor` on every seed.
fn two(seeds: u64) -> Fixture {
    Fixture {
        labels: vec![
            label("poor", "rmsprop", &[8e-4], 8e-4, 0.30, 1e9),
            label("good", "adam", &[1e-3], 1e-3, 0.02, 1e9),
        ],
        ..Fixture::battle(seeds)
    }
}

fn text(answer: &Answer) -> String {
    let all = std::iter::once(&answer.headline).chain(&answer.certainty);
    all.chain(&answer.cost).chain(&answer.details).cloned().collect::<Vec<_>>().join("\n")
}

#[test]
fn validation_chooses_and_test_judges() {
    let mut analysis = analysed(&Fixture::battle(3));
    assert_eq!(
        (analysis.selection.path(), analysis.evaluation.path()),
        ("validation.accuracy".into(), "test.accuracy".into())
    );
    // However good a configuration is on the test split, it is not chosen by it.
    let adam = analysis.plan.optimizers.iter().position(|o| o.label == "adam").unwrap();
    let chosen = analysis.best[adam].unwrap();
    let other = (0..analysis.configs.len())
        .find(|&i| analysis.configs[i].label == adam && i != chosen)
        .unwrap();
    for &run in &analysis.configs[other].runs.clone() {
        let accuracy = EpochMetric::new(Split::Test, Metric::ACCURACY);
        analysis.rows[run].last_epoch.set(accuracy, Some(0.9999));
    }
    let again = Analysis::new(analysis.plan.clone(), analysis.rows.clone());
    assert_eq!(again.best[adam], Some(chosen));
    assert!(again.configs[other].judged.mean > again.configs[chosen].judged.mean);
    let words = text(&answer(&again));
    assert!(
        words.contains(
            "chosen from 5 by mean validation accuracy; the test samples had no part in choosing it"
        ),
        "{words}"
    );
}

#[test]
fn choosing_by_the_test_split_is_called_flattery() {
    let mut analysis = analysed(&Fixture::battle(3));
    analysis.plan.target.split = Split::Test;
    let again = Analysis::new(analysis.plan.clone(), analysis.rows.clone());
    let words = text(&answer(&again));
    assert!(words.contains("which flatters the best of many"), "{words}");
}

#[test]
fn five_seeds_never_show_a_difference_and_the_report_says_so() {
    let analysis = analysed(&two(5));
    let comparison = analysis.comparison();
    let pair = &comparison.pairs[0];
    assert_eq!(pair.seeds, (5, 0, 0), "better on every seed");
    assert_eq!(pair.test.unwrap().p, 0.0625);
    assert_eq!(pair.verdict, Verdict::Underpowered);
    assert!(comparison.underpowered());
    let words = text(&answer(&analysis));
    assert!(words.contains("good came first"), "{words}");
    assert!(
        words.contains("underpowered. The smallest p-value that 5 seeds can reach is 0.0625, so"),
        "{words}"
    );
    assert!(words.contains("At least 6 seeds are needed"), "{words}");
    assert!(!words.contains(" won") && !words.contains("significant, p"), "{words}");
}

#[test]
fn ten_seeds_can_show_one_and_the_report_says_that() {
    let analysis = analysed(&two(10));
    let pair = &analysis.comparison().pairs[0];
    assert_eq!(pair.verdict, Verdict::Better);
    assert_eq!(pair.test.unwrap().p, 2.0 / 1024.0);
    assert!(pair.gain.mean.unwrap() > 0.0 && pair.improvement == Some(1.0));
    let words = text(&answer(&analysis));
    assert!(
        words.contains("good won: ") && words.contains("is significant, p = 0.00195"),
        "{words}"
    );
    // Pairs are corrected for each other.
    let battle = analysed(&Fixture::battle(10));
    let comparison = battle.comparison();
    assert_eq!(comparison.pairs.len(), 10);
    assert!(comparison.pairs.iter().all(|p| p.adjusted.unwrap() >= p.test.unwrap().p));
    assert_eq!(comparison.smallest_adjusted, Some(20.0 / 1024.0));
}

#[test]
fn a_p_that_the_correction_lifts_above_the_level_is_no_verdict() {
    // Eight seeds reach p = 0.0078 for a pair, 0.078 for one of ten.
    let analysis = analysed(&Fixture::battle(8));
    let comparison = analysis.comparison();
    let raw = comparison.pairs.iter().filter(|p| p.test.unwrap().p <= 0.05).count();
    assert!(raw > 0, "there is something to correct");
    let verdicts: Vec<Verdict> = comparison.pairs.iter().map(|p| p.verdict).collect();
    assert!(verdicts.iter().all(|v| *v == Verdict::Underpowered), "{verdicts:?}");
}

#[test]
fn level_optimizers_are_not_ranked_by_noise() {
    let mut fixture = two(10);
    fixture.labels[1] = fixture.labels[0].clone();
    fixture.labels[1].name = "twin".to_owned();
    fixture.labels[1].kind = "adam";
    let analysis = analysed(&fixture);
    let pair = &analysis.comparison().pairs[0];
    assert_eq!(pair.verdict, Verdict::NotShown);
    let words = text(&answer(&analysis));
    assert!(words.contains("may be chance") || words.contains("level in front"), "{words}");
}

#[test]
fn runs_that_do_not_share_their_start_are_not_called_paired() {
    let mut analysis = analysed(&two(5));
    for (run, row) in analysis.plan.runs.iter().zip(&mut analysis.rows) {
        if run.label == "poor" {
            row.init_digest = Some(format!("another-{}", run.spec.seed));
        }
    }
    let again = Analysis::new(analysis.plan.clone(), analysis.rows.clone());
    let pair = &again.comparison().pairs[0];
    assert!(pair.unpaired.as_ref().unwrap().contains("did not start from the same weights"));
    assert!(pair.wilcoxon.is_none() && pair.gain.interval.is_none() && pair.test.is_some());
    let words = text(&answer(&again));
    assert!(words.contains("are not compared seed by seed"), "{words}");
    let fairness = content::fairness(&again).join(" ");
    assert!(fairness.contains("did NOT all start"), "{fairness}");
}

#[test]
fn diverged_seeds_are_never_dropped_in_silence() {
    let mut fixture = two(10);
    fixture.ends =
        (0..4).map(|s| ("good".to_owned(), 1e-3, s, End::Diverged { step: 9 })).collect();
    let analysis = analysed(&fixture);
    let pair = &analysis.comparison().pairs[0];
    assert_eq!((pair.diverged, pair.gain.n, pair.seeds.0 + pair.seeds.2), (4, 6, 10));
    let good = &analysis.configs[analysis.best[1].unwrap()];
    assert_eq!(good.counts.diverged, 4);
    assert!(good.judged_median.unwrap().is_finite());
    let words = text(&answer(&analysis));
    assert!(words.contains("good (4 of 10 seeds)"), "{words}");
    // The one without a diverged seed comes first, though its value is worse.
    assert!(words.contains("poor came first among optimizers without a diverged seed"), "{words}");
    // Half of the seeds diverged: the median is that of a diverged run.
    fixture.ends.extend((4..6).map(|s| ("good".to_owned(), 1e-3, s, End::Diverged { step: 9 })));
    let analysis = analysed(&fixture);
    let good = &analysis.configs[analysis.best[1].unwrap()];
    assert_eq!(good.judged_median, Some(f64::NEG_INFINITY));
}

#[test]
fn time_to_target_counts_what_never_gets_there_as_infinite() {
    let mut fixture = Fixture { target: 0.9, ..two(5) };
    fixture.ends = vec![
        ("good".to_owned(), 1e-3, 0, End::Diverged { step: 9 }),
        ("good".to_owned(), 1e-3, 1, End::Missing),
    ];
    let mut analysis = analysed(&fixture);
    // No plan value, no race.
    analysis.plan.target.value = None;
    assert!(Analysis::new(analysis.plan.clone(), analysis.rows.clone()).time_to_target().is_none());
    analysis.plan.target.value = Some(0.9);
    let analysis = Analysis::new(analysis.plan.clone(), analysis.rows.clone());
    let time_to_target = analysis.time_to_target().unwrap();
    let good =
        time_to_target.by_label.iter().find(|r| analysis.configs[r.config].label == 1).unwrap();
    assert_eq!((good.runs, good.reached), (4, 3), "the missing run counts for nothing");
    assert_eq!(good.times[2].iter().filter(|t| t.is_infinite()).count(), 1);
    assert!(good.medians.iter().all(|m| m.unwrap().is_finite()));
    assert_eq!(time_to_target.seconds_differ, None);
    // They belong together: 55,000 samples, 860 steps and 0.9 s an epoch.
    for (i, e) in good.times[0].iter().enumerate() {
        let [samples, steps, seconds] = [1, 2, 3].map(|clock: usize| good.times[clock][i]);
        let fits = samples == e * 55_000.0 && steps == e * 860.0;
        assert!(
            e.is_infinite() || fits && (seconds - e * 0.9).abs() < 1e-9,
            "{e} {samples} {steps}"
        );
    }
    assert_eq!(Clock::ALL.len(), good.times.len());
    // Seconds of different machines are not compared.
    let mut elsewhere = analysis.clone();
    elsewhere.rows[0].exec_id = Some("another".to_owned());
    let elsewhere = Analysis::new(elsewhere.plan, elsewhere.rows);
    assert!(
        elsewhere
            .time_to_target()
            .unwrap()
            .seconds_differ
            .as_ref()
            .unwrap()
            .contains("machines or builds")
    );
    let table = content::time_to_target_table(&elsewhere);
    assert!(table.head.iter().all(|h| h.name != "Median training time"));
}

#[test]
fn the_ledger_counts_what_each_optimizer_was_given() {
    let mut fixture = Fixture::battle(3);
    fixture.labels[0].lrs.truncate(2);
    fixture.ends = vec![("adam".to_owned(), 1e-3, 1, End::Failed("no memory".to_owned()))];
    let analysis = analysed(&fixture);
    let ledger = spent(&analysis);
    assert_eq!(ledger.iter().map(|s| s.configs).collect::<Vec<_>>(), [2, 5, 5, 5, 5]);
    let adam = &ledger[3];
    assert_eq!(
        (adam.counts.planned, adam.counts.failed, adam.of_unknown_cost(&analysis)),
        (15, 1, 1)
    );
    assert_eq!(adam.epochs, 14 * 5);
    let runs = analysis.rows.iter().filter_map(|r| r.train_seconds.zip(r.eval_seconds));
    let all: f64 = runs.map(|(t, e)| t + e).sum();
    let device: f64 = ledger.iter().map(|s| s.device_seconds).sum();
    assert!((device - all).abs() < 1e-9);
    let words = content::ledger_text(&analysis).join(" ");
    assert!(words.contains("different numbers of configurations (2 to 5)"), "{words}");
}

#[test]
fn an_edge_comes_with_the_values_to_add() {
    let analysis = analysed(&Fixture {
        labels: vec![
            label("up", "sgd", &[0.001, 0.003, 0.01], 0.3, 0.05, 1e9),
            label("down", "rmsprop", &[3e-3, 1e-2], 1e-4, 0.05, 1e9),
            label("within", "adam", &[1e-4, 1e-3, 1e-2], 1e-3, 0.03, 1e9),
        ],
        ..Fixture::battle(2)
    });
    let edges: Vec<_> = (0..3)
        .map(|l| advice(&analysis, &analysis.configs[analysis.best[l].unwrap()]))
        .map(|advice| advice.first().map(|a| a.beyond.clone()))
        .collect();
    // The ratio at the edge goes on, with as many digits as the grid has.
    assert_eq!(edges, [Some(vec![0.03, 0.1]), Some(vec![9e-4, 3e-4]), None]);
}

#[test]
fn robustness_is_the_width_of_the_good_rates() {
    let fixture = |tolerance: f64| {
        let mut analysis = analysed(&Fixture {
            labels: vec![label("adam", "adam", &[1e-5, 1e-4, 1e-3, 1e-2, 1e-1], 1e-3, 0.03, 0.1)],
            ..Fixture::battle(2)
        });
        analysis.plan.report.tolerance = tolerance;
        Analysis::new(analysis.plan, analysis.rows)
    };
    let (narrow, wide, all) = (fixture(0.001), fixture(0.05), fixture(1.0));
    let of = |a: &Analysis| robustness(a, 0).unwrap();
    assert!(of(&narrow).decades() < of(&wide).decades());
    assert!(
        of(&narrow).range.0 < 1e-3
            && of(&narrow).range.1 > 1e-3
            && of(&narrow).open == (false, false)
    );
    // Where it diverges it is not good, however wide the tolerance.
    assert_eq!(of(&all).open, (true, false));
    assert_eq!(of(&all).range.0, 1e-5);
    assert!((of(&all).range.1 - 1e-2).abs() < 1e-12);
    assert!(of(&all).text().unwrap().starts_with("at least "));
    // One seed that diverges is enough, however good the others are.
    let mut one = all.clone();
    let lost = one.plan.runs.iter().position(|r| r.spec.optimizer.lr() == 1e-2).unwrap();
    one.rows[lost].status = Some(Status::Diverged);
    let one = Analysis::new(one.plan, one.rows);
    let config = one.configs.iter().find(|c| c.runs.contains(&lost)).unwrap();
    assert!(
        config.selection.mean.is_some() && config.counts.diverged == 1,
        "the other seed has a value"
    );
    assert!((of(&one).range.1 - 1e-3).abs() < 1e-12);
}

#[test]
fn tuning_more_never_chooses_worse_by_the_goal() {
    let analysis = analysed(&Fixture::battle(3));
    for label in 0..5 {
        let curve = tuning(&analysis, label).unwrap();
        assert_eq!(curve.points.iter().map(|p| p.k).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
        let chosen = &analysis.configs[analysis.best[label].unwrap()];
        assert_eq!(
            curve.points[4].median,
            chosen.judged.mean.unwrap(),
            "all tried: the chosen one"
        );
        assert!(
            curve.points.iter().all(|p| p.quartiles.0 <= p.median && p.median <= p.quartiles.1)
        );
    }
}

#[test]
fn the_answer_fits_what_is_there() {
    let of = |fixture: Fixture| answer(&analysed(&fixture));
    let one = of(Fixture::battle(1));
    assert!(one.certainty.unwrap().contains("one seed says nothing about chance"));
    let lost = of(Fixture { all: Some(End::Diverged { step: 3 }), ..Fixture::battle(2) });
    assert_eq!(lost.headline, "All 50 runs diverged.");
    assert_eq!((lost.certainty, lost.cost), (None, None));
    let lesson = of(Fixture::lesson());
    assert!(lesson.headline.starts_with("sgd has a test accuracy of "), "{}", lesson.headline);
    assert_eq!(lesson.certainty, None, "nothing to compare");
}

#[test]
fn time_to_target_follows_the_plan_without_a_journal_too() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture { target: 0.7, ..two(3) };
    let dir = fixture.write(folder.path());
    report::redraw(&dir).unwrap();
    let markdown = || std::fs::read_to_string(dir.markdown()).unwrap();
    let (_, time_to_target) = markdown()
        .split_once("## Time to target")
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let rows: Vec<String> =
        time_to_target.lines().filter(|l| l.starts_with("| ")).take(4).map(str::to_owned).collect();
    assert!(rows.iter().any(|r| r.contains("3 of 3")), "{rows:?}");
    std::fs::remove_dir_all(dir.journal()).unwrap();
    report::redraw(&dir).unwrap();
    let again = markdown().split_once("## Time to target").map(|(_, b)| b.to_owned()).unwrap();
    assert!(rows.iter().all(|row| again.contains(row)), "the same from Parquet alone");
    // Another value: the columns of the file are those of the old one.
    let mut plan = store::plan(&dir).unwrap();
    plan.target.value = Some(0.9999);
    std::fs::write(dir.plan(), serde_json::to_vec(&plan).unwrap()).unwrap();
    report::redraw(&dir).unwrap();
    assert!(markdown().contains("| 0 of 3 | never |"), "nobody gets that far");
}
