//! Rungs of tuning on records with whole curves: the configurations that continue, whether runs
//! were paused or not, and the final choice.

use std::collections::HashMap;

use report::analysis::{Analysis, Hindsight, decide, repeat};
use report::table::RunRow;
use spec::Id;
use spec::metric::Metric;
use spec::plan::{Plan, PlannedRun};
use spec::record::{MetricPoint, Outcome, RunRecord, Split, Status};
use spec::stages::Stage;
use sweep_file::{Overrides, load_text};

const EPOCHS: u64 = 9;

fn plan(tuning: &str, rest: &str) -> Plan {
    let text = format!(
        "[data]\ndataset = \"digits\"\nvalidation = 237\n[model]\nkind = \"linear\"\n[train]\nepochs = {EPOCHS}\n\
         [repeat]\nseeds = [0, 1]\n[tuning]\n{tuning}\n{rest}\n[[optimizer]]\nkind = \"sgd\"\n\
         lr = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]\n"
    );
    let loaded = load_text("x.toml", "x", text, &Overrides::default());
    loaded.map(|loaded| loaded.plan).unwrap_or_else(|d| panic!("{d}"))
}

fn lr(run: &PlannedRun) -> f64 {
    run.spec.optimizer.lr()
}

/// The record of a run that was trained up to an epoch: accuracies by learning rate and epoch, of
/// which the first NaN ends it.
fn record(run: &PlannedRun, upto: u64, accuracy: &dyn Fn(f64, u64) -> f64) -> RunRecord {
    let diverged = (1..=upto).find(|epoch| accuracy(lr(run), *epoch).is_nan());
    let epochs = diverged.map_or(upto, |epoch| epoch - 1);
    let status = match diverged {
        Some(_) => Status::Diverged,
        None if upto < EPOCHS => Status::Cut,
        None => Status::Completed,
    };
    let point = |epoch: u64, split: Split| MetricPoint {
        epoch,
        step: epoch * run.spec.steps_per_epoch(),
        split,
        metric: Metric::ACCURACY,
        value: accuracy(lr(run), epoch).into(),
    };
    let metrics = (1..=epochs).flat_map(|e| [point(e, Split::Validation), point(e, Split::Test)]);
    let metrics = metrics.collect();
    let outcome = test_records::outcome(run, status);
    let outcome = Outcome { status, epochs_completed: epochs, metrics, ..outcome };
    let environment = test_records::environment();
    RunRecord { outcome: Some(outcome), ..test_records::record_in(run, status, environment) }
}

type Records = HashMap<Id, RunRecord>;

fn of(records: &Records) -> HashMap<Id, &RunRecord> {
    records.iter().map(|(id, record)| (*id, record)).collect()
}

/// Plays a plan to its end; each run is trained up to its rung or its end.
fn played(mut plan: Plan, accuracy: &dyn Fn(f64, u64) -> f64) -> (Plan, Records) {
    loop {
        let pauses = plan.pauses();
        let upto = |run: &PlannedRun| pauses.get(&run.run_id).copied().unwrap_or(EPOCHS);
        let records: Records =
            plan.runs.iter().map(|run| (run.run_id, record(run, upto(run), accuracy))).collect();
        let Some(decision) = decide(&plan, &of(&records)) else { return (plan, records) };
        plan.decide(decision);
    }
}

/// Learning rates that continue at each rung, in tenths.
fn went_on(plan: &Plan) -> Vec<Vec<u64>> {
    let rate = |id: &Id| {
        let run = plan.runs.iter().find(|run| run.config_id == *id).unwrap();
        (lr(run) * 10.0).round() as u64
    };
    let rungs = plan.decisions.iter().filter(|decision| decision.rung > 0);
    rungs.map(|d| d.chosen.iter().flat_map(|c| &c.configs).map(rate).collect()).collect()
}

/// An accuracy that grows with the epoch and falls with the distance of the rate from 0.52.
fn near(lr: f64, epoch: u64) -> f64 {
    0.5 + 0.01 * epoch as f64 - 0.1 * (lr - 0.52).abs()
}

#[test]
fn a_third_goes_on_at_each_rung() {
    let (plan, records) = played(plan("rungs = [1, 3]", ""), &near);
    assert_eq!(went_on(&plan), [vec![5, 6, 4], vec![5]]);
    assert_eq!((plan.decisions.len(), plan.is_open()), (2, false));
    let statuses = |status: Status| records.values().filter(|r| r.status == status).count();
    assert_eq!((statuses(Status::Cut), statuses(Status::Completed)), (16, 2));
    // Nothing of what was cut is in a mean.
    let rows = plan.runs.iter().map(|run| RunRow::of(&records[&run.run_id], &plan.target));
    let analysis = Analysis::new(plan.clone(), rows.collect());
    assert_eq!(analysis.configs.iter().filter(|c| c.judged.mean.is_some()).count(), 1);
    assert_eq!(analysis.configs.iter().filter(|c| c.cut_at == Some(1)).count(), 6);
    assert_eq!(analysis.configs.iter().filter(|c| c.counts.cut == 2).count(), 8);
    let chosen = &analysis.configs[analysis.best[0].unwrap()];
    assert_eq!(lr(analysis.planned(chosen)), 0.5);
}

#[test]
fn runs_that_went_on_decide_as_those_that_paused() {
    let (plan, paused) = played(plan("rungs = [1, 3]", ""), &near);
    let full: Records =
        plan.runs.iter().map(|run| (run.run_id, record(run, EPOCHS, &near))).collect();
    let mut again = Plan { decisions: Vec::new(), ..plan.clone() };
    while let Some(decision) = decide(&again, &of(&full)) {
        again.decide(decision);
    }
    // To the digests: what a run was at a rung does not change when it goes on.
    assert_eq!(again.decisions, plan.decisions);
    // Full curves of what is cut choose nothing.
    let better_late = |lr: f64, epoch: u64| match epoch {
        9 if lr > 0.85 => 1.0,
        _ => near(lr, epoch),
    };
    let full: Vec<RunRow> = plan
        .runs
        .iter()
        .map(|run| RunRow::of(&record(run, EPOCHS, &better_late), &plan.target))
        .collect();
    let analysis = Analysis::new(plan.clone(), full);
    assert_eq!(lr(analysis.planned(&analysis.configs[analysis.tuned[0].unwrap()])), 0.5);
    // A night knows where its baseline has cut each run.
    let row = |run: &PlannedRun| Some(RunRow::of(&paused[&run.run_id], &plan.target));
    let mut night = Plan { decisions: Vec::new(), ..plan.clone() };
    let cut = plan.cut();
    let cut_at = |run: &PlannedRun| cut.get(&run.run_id).copied();
    while let Some(decision) = repeat(&night, &row, &cut_at) {
        night.decide(decision);
    }
    let kept = |plan: &Plan| -> Vec<Vec<u64>> {
        let sorted = |mut rates: Vec<u64>| {
            rates.sort_unstable();
            rates
        };
        went_on(plan).into_iter().map(sorted).collect()
    };
    assert_eq!((kept(&night), night.pauses()), (kept(&plan), plan.pauses()));
}

#[test]
fn ties_go_on_and_what_diverged_does_not() {
    let level = |lr: f64, epoch: u64| if lr < 0.45 { 0.9 } else { near(lr, epoch) };
    let (tied, _) = played(plan("rungs = [1, 3]", ""), &level);
    let mut rates = went_on(&tied).remove(0);
    rates.sort_unstable();
    assert_eq!(rates, [1, 2, 3, 4], "four are equally good");
    assert_eq!(went_on(&tied)[1].len(), 4);
    // Too high a rate diverges before the rung, another one behind it.
    let bursts = |lr: f64, epoch: u64| match epoch {
        1.. if lr > 0.45 && lr < 0.65 => f64::NAN,
        2.. if lr > 0.65 && lr < 0.75 => f64::NAN,
        _ => near(lr, epoch),
    };
    let (plan, records) = played(plan("rungs = [1, 3]", ""), &bursts);
    assert_eq!(went_on(&plan), [vec![4, 7, 3], vec![4]]);
    let diverged = records.values().filter(|record| record.status == Status::Diverged).count();
    assert_eq!(diverged, 6);
    // Nine tenths of nine are nine, of which two have no seed that can go on.
    let plan = self::plan("rungs = [1]\nkeep = 0.9", "");
    let early = |lr: f64, epoch: u64| match (0.45..0.65).contains(&lr) {
        true => f64::NAN,
        false => near(lr, epoch),
    };
    assert_eq!(went_on(&played(plan, &early).0)[0].len(), 7);
}

#[test]
fn a_configuration_that_was_cut_has_no_mean_even_if_a_seed_ended_before() {
    let (plan, records) = played(plan("rungs = [3]", ""), &near);
    let cut = plan.runs.iter().find(|run| plan.cut().contains_key(&run.run_id)).unwrap();
    let row = |run: &PlannedRun| {
        // Early stopping ends a run before the rung.
        let whole = record(run, EPOCHS, &near);
        let held = if run.run_id == cut.run_id { &whole } else { &records[&run.run_id] };
        RunRow::of(held, &plan.target)
    };
    let analysis = Analysis::new(plan.clone(), plan.runs.iter().map(row).collect());
    let config = analysis.configs.iter().find(|c| c.config_id == cut.config_id).unwrap();
    assert_eq!((config.counts.completed, config.counts.cut), (1, 1));
    assert_eq!((config.judged.mean, config.selection.mean), (None, None));
}

#[test]
fn the_fresh_seeds_follow_the_last_rung() {
    let confirm = "[confirm]\nseeds = { count = 2, base = 1000 }";
    let (plan, records) = played(plan("rungs = [1, 3]\nkeep = 0.5", confirm), &near);
    assert_eq!(went_on(&plan), [vec![5, 6, 4, 7, 3], vec![5, 6, 4]]);
    let fresh = plan.runs.iter().filter(|run| run.stage == Stage::Confirm);
    let fresh: Vec<f64> = fresh.map(lr).collect();
    assert_eq!(fresh, [0.5, 0.5]);
    assert!(
        plan.runs
            .iter()
            .rev()
            .take(2)
            .all(|run| { records[&run.run_id].status == Status::Completed })
    );
    // A missing run holds its configuration back.
    let empty = Plan { decisions: Vec::new(), runs: plan.runs[..18].to_vec(), ..plan.clone() };
    assert!(decide(&empty, &HashMap::new()).is_none());
    let without: HashMap<Id, &RunRecord> =
        of(&records).into_iter().filter(|(id, _)| *id != plan.runs[8].run_id).collect();
    let decision = decide(&empty, &without).unwrap();
    assert_eq!(decision.chosen[0].configs.len(), 5);
    assert!(!decision.chosen[0].configs.contains(&plan.runs[8].config_id), "a seed is missing");
}

#[test]
fn full_curves_tell_whether_the_best_would_have_been_cut() {
    let slow = |lr: f64, epoch: u64| match epoch {
        9 if lr > 0.85 => 1.0,
        _ => near(lr, epoch),
    };
    let plan = plan("rungs = [1, 3]", "");
    let seen = |accuracy: &dyn Fn(f64, u64) -> f64, upto: u64| {
        let records: Vec<RunRecord> =
            plan.runs.iter().map(|run| record(run, upto, accuracy)).collect();
        let rows = records.iter().map(|record| RunRow::of(record, &plan.target)).collect();
        let analysis = Analysis::new(plan.clone(), rows);
        Hindsight::of(&analysis, |run, epoch| {
            let metrics = &records[run].outcome.as_ref().unwrap().metrics;
            metrics.iter().find(|point| point.epoch == epoch).map(|point| point.value.0)
        })
    };
    let found = |cut: usize| Hindsight { labels: 1, cut, cases: 2, cases_cut: 2 * cut };
    assert_eq!(seen(&near, EPOCHS), Some(found(0)));
    assert_eq!(seen(&slow, EPOCHS), Some(found(1)));
    assert_eq!(seen(&near, 3), None, "nothing has a full curve");
}

#[test]
fn a_night_cuts_what_its_baseline_has_cut_wherever_runs_ended() {
    // Some configurations diverge before the rung, some behind it, and are kept or cut alike.
    let bursts = |lr: f64, epoch: u64| match epoch {
        2.. if lr < 0.25 => f64::NAN,
        4.. if lr > 0.45 && lr < 0.55 => f64::NAN,
        _ => near(lr, epoch),
    };
    let (plan, records) = played(plan("rungs = [1, 3]\nkeep = 0.8", ""), &bursts);
    let cut = plan.cut();
    let row = |run: &PlannedRun| Some(RunRow::of(&records[&run.run_id], &plan.target));
    let cut_at = |run: &PlannedRun| cut.get(&run.run_id).copied();
    let mut night = Plan { decisions: Vec::new(), ..plan.clone() };
    while let Some(decision) = repeat(&night, &row, &cut_at) {
        night.decide(decision);
    }
    assert!(!cut.is_empty() && night.cut() == cut && night.pauses() == plan.pauses());
}

#[test]
fn a_run_that_diverges_at_the_rung_itself_does_not_go_on() {
    let plan = plan("rungs = [3]", "");
    // The held-out loss of the very epoch is not finite: the epoch was trained, and the run is over.
    let best = plan.runs.iter().find(|run| (lr(run) - 0.5).abs() < 0.01).unwrap().config_id;
    let kept = |at: f64, seeds: u64| {
        let mut map: Records =
            plan.runs.iter().map(|run| (run.run_id, record(run, 3, &near))).collect();
        let diverged = |run: &&PlannedRun| run.config_id == best && run.spec.seed < seeds;
        for run in plan.runs.iter().filter(diverged) {
            let held = map.get_mut(&run.run_id).unwrap();
            held.status = Status::Diverged;
            let outcome = held.outcome.as_mut().unwrap();
            outcome.status = Status::Diverged;
            let last = outcome.metrics.iter_mut().filter(|point| point.epoch == 3);
            last.for_each(|point| point.value = at.into());
        }
        decide(&plan, &of(&map)).unwrap().chosen[0].configs.contains(&best)
    };
    for seeds in [1, 2] {
        assert!(!kept(f64::NAN, seeds) && !kept(f64::INFINITY, seeds), "{seeds} of 2 seeds");
        // One that diverges in the next epoch has trained this one whole.
        assert!(kept(0.53, seeds));
    }
}
