//! Functions whose descents begin at a different point for each seed, or end at chosen values.

use plot::FigureData;
use report::analysis::Analysis;
use report::figures::points::{Measured, Points};
use report::table::RunRow;
use spec::plan::{Plan, PlannedRun};
use spec::record::{RunRecord, Split, Status};

use super::{plan, record};

/// A plan whose seeds begin far apart, with the records of its runs.
pub(crate) fn jittered(functions: &str, seeds: u64) -> (Plan, Vec<RunRecord>) {
    let plan = plan(functions, seeds);
    let records = plan.runs.iter().map(record).collect();
    (plan, records)
}

pub(crate) fn analysed_of(plan: Plan, records: &[RunRecord]) -> (Analysis, Points) {
    let rows = records.iter().map(|record| RunRow::of(record, &plan.target)).collect();
    let mut points = Points::default();
    for (run, record) in records.iter().enumerate() {
        for p in &record.outcome.as_ref().unwrap().metrics {
            let measured = Measured { epoch: p.epoch, step: p.step, value: p.value.0 };
            points.put(run, p.split, p.metric, measured);
        }
    }
    (Analysis::new(plan, rows), points)
}

/// Returns the last value of a record's test loss, by which functions are judged.
fn ends_at(record: &mut RunRecord, value: f64) {
    let metrics = &mut record.outcome.as_mut().unwrap().metrics;
    let last = metrics.iter_mut().rev().find(|p| p.split == Split::Test && p.metric == "loss");
    last.unwrap().value = value.into();
}

#[test]
fn map_and_animation_show_one_seed_of_all_optimizers() {
    let (plan, mut records) = jittered("\"rosenbrock\"", 4);
    // Each optimizer is best with another seed.
    for (run, record) in plan.runs.iter().zip(&mut records) {
        let luck = if run.label == "sgd" { 3 } else { 1 };
        let value = if run.spec.seed == luck { 1e-3 } else { 0.1 };
        if record.status == Status::Completed {
            ends_at(record, value);
        }
    }
    // The first seed of one optimizer has left nothing.
    let lost = |run: &PlannedRun| run.label == "sgd" && run.spec.seed == 0;
    for (run, record) in plan.runs.iter().zip(&mut records).filter(|(run, _)| lost(run)) {
        assert_eq!(run.spec.seed, 0);
        record.outcome.as_mut().unwrap().metrics.retain(|p| p.metric != "x" && p.metric != "y");
    }
    let (analysis, points) = analysed_of(plan, &records);
    let figures = report::figures::all(&analysis, &points);
    for name in ["landscape-rosenbrock", "descent"] {
        let figure = &figures.iter().find(|(n, _)| *n == name).unwrap().1;
        let FigureData::Map(map) = &figure.data else { panic!() };
        let starts: Vec<_> = map.paths.iter().map(|path| path.points[0].1).collect();
        assert_eq!(starts.len(), 2);
        assert_eq!(starts[0], starts[1], "{name} compares different starts");
        assert!(
            figure.description().contains("its run of seed 1, the same seed for all"),
            "{name}"
        );
        assert!(map.subtitle.ends_with("seed 1 of 4, the same for all"), "{}", map.subtitle);
    }
}

#[test]
fn values_that_floats_do_not_tell_apart_are_level() {
    let (plan, mut records) = jittered("\"ravine\"", 1);
    for (run, record) in plan.runs.iter().zip(&mut records) {
        if record.status == Status::Completed {
            ends_at(record, if run.label == "sgd" { 1e-13 } else { 3e-11 });
        }
    }
    let (analysis, _) = analysed_of(plan.clone(), &records);
    let (_, details) = report::page::content::landscape_answer(&analysis);
    assert!(
        details[0].starts_with("ravine: 2 ended equally low, at 1.00e-13 to 3.00e-11: "),
        "{details:?}"
    );
    let task = &analysis.tasks()[0];
    assert!(task.level(0.0, task.rounding()) && !task.level(0.0, 1.1 * task.rounding()));
    assert!(task.level(0.5, 0.500_000_4) && !task.level(0.5, 0.500_001));
    // What is no rounding is told apart, with the digits that it takes.
    for (run, record) in plan.runs.iter().zip(&mut records) {
        if record.status == Status::Completed {
            ends_at(record, if run.label == "sgd" { 0.123_412 } else { 0.123_444 });
        }
    }
    let (analysis, _) = analysed_of(plan, &records);
    let (_, details) = report::page::content::landscape_answer(&analysis);
    assert!(details[0].contains("sgd (lr 0.001) ended lowest, at 0.12341; then"), "{details:?}");
}

#[test]
fn what_several_functions_leave_out_is_said() {
    let (mut plan, records) = jittered("\"ravine\", \"rosenbrock\"", 1);
    let words = |plan: &Plan| {
        report::page::content::landscape_text(&analysed_of(plan.clone(), &records).0).join(" ")
    };
    assert!(words(&plan).contains("No test compares the optimizers here"));
    assert!(!words(&plan).contains("target"), "{}", words(&plan));
    plan.target.value = Some(1e-3);
    assert!(
        words(&plan).contains("The target\u{2019}s value of 0.001 is not used"),
        "{}",
        words(&plan)
    );
    // One function is compared and raced as any sweep is.
    let (mut plan, records) = jittered("\"ravine\"", 1);
    plan.target.value = Some(1e-3);
    let said = report::page::content::landscape_text(&analysed_of(plan, &records).0).join(" ");
    assert!(!said.contains("No test") && !said.contains("not used"), "{said}");
}

#[test]
fn distances_have_room_for_their_bands() {
    let (plan, records) = jittered("\"ravine\"", 3);
    let (analysis, points) = analysed_of(plan, &records);
    let chart = report::figures::distance::series(&analysis.tasks()[0], &points).unwrap();
    let panel = &chart.panels[0];
    let points = || panel.curves.iter().flat_map(|c| &c.points);
    let above = points().filter(|p| p.band.is_some_and(|(_, high)| high > p.y * 1.001)).count();
    assert!(above > 10, "no bands to be shown");
    let cut =
        points().filter(|p| p.band.is_some_and(|(_, b)| panel.y.outside(b).is_some())).count();
    assert!(cut * 10 < above, "{cut} of {above} bands are cut above");
}
