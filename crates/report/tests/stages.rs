//! Decisions on stages of fabricated sweeps: by the report's own choice, in any order of records,
//! and by looks at the seeds.

mod common;
#[path = "common/last.rs"]
mod last;

use std::collections::HashMap;

use common::Fixture;
use last::named;
use report::analysis::{Analysis, Verdict, decide, decide_by};
use report::table::RunRow;
use spec::plan::{Plan, PlannedRun};
use spec::record::Status;
use spec::stages::{Confirm, Goal, Stage, Until};

fn staged(seeds: u64, top: u64, until: Option<Until>) -> Plan {
    let fresh = until.as_ref().map_or(4, |until| *until.looks.last().unwrap());
    let confirm = Confirm { seeds: (1000..1000 + fresh).collect(), top, until };
    Plan { confirm: Some(confirm), ..Fixture::battle(seeds).plan() }
}

#[test]
fn the_best_of_tuning_are_trained_whatever_the_order_of_records() {
    let fixture = Fixture::battle(3);
    let plan = staged(3, 2, None);
    let records = fixture.records();
    let of = |order: &mut dyn Iterator<Item = usize>| {
        let map: HashMap<_, _> = order.map(|i| (records[i].run_id, &records[i])).collect();
        decide(&plan, &map).unwrap()
    };
    let first = of(&mut (0..records.len()));
    assert_eq!(first, of(&mut (0..records.len()).rev()));
    let shuffled = spec::seed::permutation(7, 1, records.len());
    assert_eq!(first, of(&mut shuffled.into_iter().map(|i| i as usize)));
    // As the report chooses them.
    let rows = records.iter().map(|record| RunRow::of(record, &plan.target)).collect();
    let analysis = Analysis::new(plan.clone(), rows);
    assert_eq!(first.chosen.len(), plan.optimizers.len());
    for (choice, best) in first.chosen.iter().zip(&analysis.best) {
        assert_eq!(choice.configs.len(), 2);
        assert_eq!(choice.configs[0], analysis.configs[best.unwrap()].config_id);
    }
    // Text and description are in no decision.
    let other = Plan { text: "# other".to_owned(), description: String::new(), ..plan.clone() };
    let map: HashMap<_, _> = records.iter().map(|record| (record.run_id, record)).collect();
    assert_eq!(decide(&other, &map).unwrap(), first);
    assert!(decide(&Plan { confirm: None, ..plan }, &map).is_none());
}

/// A row whose accuracy depends on label and seed, not on the learning rate.
fn row(plan: &Plan, run: &PlannedRun, lead: f64) -> RunRow {
    let label = plan.optimizers.iter().position(|o| o.label == run.label).unwrap() as u64;
    let noise = spec::seed::stream(run.spec.seed, &format!("value {label}")).near_normal();
    let value = 0.9 + 0.001 * noise + if label == 1 { lead } else { 0.0 };
    let seed = run.spec.seed;
    RunRow {
        status: Some(Status::Completed),
        dataset_digest: Some("data".to_owned()),
        init_digest: Some(format!("weights {seed}")),
        batch_digest: Some(format!("[\"batches {seed}\"]")),
        last_epoch: named([("validation.accuracy", Some(value)), ("test.accuracy", Some(value))]),
        ..RunRow::default()
    }
}

fn until(goal: Goal) -> Until {
    Until { goal, looks: vec![10, 20], share: vec![0.5, 0.5], level: 0.05 }
}

fn played(goal: Goal, lead: f64) -> (Plan, Analysis) {
    let mut plan = staged(1, 1, Some(until(goal)));
    let result = |run: &PlannedRun| Some((row(&staged(1, 1, None), run, lead), None));
    while let Some(decision) = decide_by(&plan, &result) {
        plan.decide(decision);
    }
    let rows = plan.runs.iter().map(|run| row(&plan, run, lead)).collect();
    (plan.clone(), Analysis::new(plan, rows))
}

fn fresh(plan: &Plan) -> usize {
    plan.runs.iter().filter(|run| run.stage == Stage::Confirm).count()
}

#[test]
fn seeds_end_where_the_leader_is_decided() {
    let (plan, analysis) = played(Goal::Best, 0.02);
    assert_eq!((fresh(&plan), plan.decisions.len(), plan.is_open()), (50, 2, false));
    assert!(plan.decisions[1].chosen.is_empty());
    let leader = analysis.ranked()[0];
    assert_eq!(analysis.configs[leader].label, 1);
    let of_leader = analysis.comparison().pairs.iter().filter(|pair| pair.first == leader);
    assert!(of_leader.clone().all(|pair| pair.verdict == Verdict::Better));
    assert!(of_leader.clone().all(|pair| pair.adjusted.unwrap() <= 0.05 && pair.compared() == 10));
    assert_eq!(of_leader.count(), 4);
    // Others are not decided yet, which is asked for by the other goal alone.
    let (plan, analysis) = played(Goal::All, 0.02);
    assert!(fresh(&plan) > 50 && plan.decisions[1].chosen.iter().all(|c| c.label != "momentum"));
    assert_eq!(analysis.configs[analysis.ranked()[0]].label, 1, "by the seeds in common");
}

#[test]
fn seeds_that_choose_nothing_end_early_likewise() {
    let mut fixture = Fixture::battle(20);
    fixture.labels.iter_mut().for_each(|label| label.lrs.truncate(1));
    let whole = Plan { until: Some(until(Goal::Best)), ..fixture.plan() };
    let first = |run: &PlannedRun| run.spec.seed < 10;
    let runs: Vec<PlannedRun> = whole.runs.iter().filter(|run| first(run)).cloned().collect();
    let mut plan = Plan { runs, ..whole.clone() };
    let played = |plan: &mut Plan, lead: f64| {
        let result = |run: &PlannedRun| Some((row(&whole, run, lead), None));
        while let Some(decision) = decide_by(plan, &result) {
            plan.decide(decision);
        }
        let rows = plan.runs.iter().map(|run| row(plan, run, lead)).collect();
        Analysis::new(plan.clone(), rows)
    };
    let mut level = plan.clone();
    let analysis = played(&mut plan, 0.02);
    assert_eq!((plan.runs.len(), plan.decisions.len(), plan.is_open()), (50, 1, false));
    assert_eq!(analysis.looks().unwrap().taken, 1);
    let leader = analysis.ranked()[0];
    let pairs = || analysis.comparison().pairs.iter().filter(|pair| pair.first == leader);
    assert!(pairs().all(|pair| pair.verdict == Verdict::Better && pair.compared() == 10));
    assert_eq!(pairs().count(), 4);

    // The lead is too small after ten seeds; those of the second look are of the same stage.
    let analysis = played(&mut level, 0.0007);
    let more = &level.decisions[0].chosen;
    assert_eq!(level.runs.len(), 50 + 10 * more.len());
    assert!(!more.is_empty() && level.runs.iter().all(|run| run.stage == Stage::Tuning));
    assert_eq!(analysis.looks().unwrap().taken, 2);
    let of = |label: usize| &analysis.configs[analysis.best[label].unwrap()];
    let longest = of(1);
    assert_eq!((longest.runs.len(), longest.judged.n), (20, 20));
}

#[test]
fn labels_that_are_alike_are_given_up_or_looked_at_again() {
    let (plan, analysis) = played(Goal::All, 0.0);
    let looks = analysis.looks().unwrap();
    let [decided, given_up, open] = looks.counts();
    assert_eq!(decided, 0, "nothing is to be decided");
    assert_eq!(given_up + open, 10);
    // Who goes on has an open pair after the first look.
    let going = plan.decisions[1].chosen.len();
    assert_eq!(fresh(&plan), 50 + 10 * going);
    let shown = analysis.comparison().pairs.iter().any(|pair| pair.verdict.is_significant());
    assert!(!shown);
}
