//! Runs that were computed more than once: contradictions, and differences with a known reason.

mod common;

use std::fs;

use common::{Fixture, HOSTILE};
use report::repeats::Repeats;
use spec::record::{Environment, MetricPoint, Outcome, RunRecord, Split};
use store::journal::Journal;

/// A record of another execution of the same run.
fn again(record: &RunRecord) -> RunRecord {
    let mut record = record.clone();
    record.started = "2026-11-24T08:00:00Z".to_owned();
    record.ended = "2026-11-24T08:00:07.5Z".to_owned();
    (record.slot, record.jobs, record.attempt) = (7, 9, 3);
    record.device = "flex".to_owned();
    record.provenance = Some(spec::provenance::Provenance::default());
    let outcome = outcome(&mut record);
    (outcome.train_seconds, outcome.eval_seconds) = (123.0, 4.0);
    (outcome.resumed_from, outcome.saved_epoch) = (Some(2), Some(5));
    outcome.saved_digest = Some("0".repeat(32));
    for point in outcome.metrics.iter_mut().filter(|m| m.metric == "seconds") {
        point.value.0 *= 3.0;
    }
    record
}

fn outcome(record: &mut RunRecord) -> &mut Outcome {
    record.outcome.as_mut().unwrap()
}

/// A record of the same run in another environment.
fn elsewhere(record: &RunRecord, change: impl FnOnce(&mut Environment)) -> RunRecord {
    let mut record = again(record);
    let mut exec = test_records::environment();
    change(&mut exec);
    record.exec_id = Some(exec.id());
    record.exec = Some(exec);
    record
}

fn repeats(records: Vec<RunRecord>) -> Repeats {
    Repeats::of(&Journal { records, ..Journal::default() }, &Fixture::battle(2).plan())
}

/// The first metric of this name on a split.
fn metric<'a>(record: &'a mut RunRecord, split: Split, name: &str) -> &'a mut MetricPoint {
    let of = |m: &&mut MetricPoint| m.split == split && m.metric == name && m.epoch == 2;
    outcome(record).metrics.iter_mut().find(of).unwrap()
}

#[test]
fn results_of_equal_surroundings_agree_but_for_times_and_places() {
    let first = Fixture::battle(2).records();
    assert_eq!(repeats(first.clone()), Repeats::default());
    let mut twice = first.clone();
    twice.extend(first.iter().map(again));
    let found = repeats(twice);
    assert_eq!((found.agreeing, found.contradictions.count), (first.len(), 0));
    assert!(found.warnings().is_empty() && found.alarm().is_none() && !found.is_empty());

    // A copy of a record is no second execution, and what failed is no result.
    let mut failed = again(&first[0]);
    (failed.status, failed.outcome) = (spec::record::Status::Failed, None);
    let copies = [first.clone(), first.clone(), vec![failed]].concat();
    assert_eq!(repeats(copies), Repeats::default());

    // What only one of the two was asked to measure is no difference.
    let mut further = again(&first[0]);
    let point = MetricPoint { metric: "f1".into(), ..outcome(&mut further).metrics[0].clone() };
    outcome(&mut further).metrics.insert(0, point);
    let found = repeats([first.clone(), vec![further]].concat());
    assert_eq!((found.agreeing, found.contradictions.count), (1, 0));
}

#[test]
fn a_fact_that_one_record_lacks_makes_it_no_other_machines() {
    let first = Fixture::battle(2).records();
    let run = first.iter().find(|r| r.status == spec::record::Status::Completed).unwrap();
    let on = |family: Option<&str>| elsewhere(run, |e| e.processor = family.map(str::to_owned));
    let (old, zen3, zen5) = (on(None), on(Some("family 25")), on(Some("family 26")));
    assert_ne!(old.exec_id, zen3.exec_id);
    let found = repeats(vec![old.clone(), RunRecord { slot: 8, ..zen3.clone() }]);
    assert_eq!((found.agreeing, found.elsewhere.count), (1, 0));
    let mut wrong = RunRecord { slot: 8, ..zen3.clone() };
    outcome(&mut wrong).weights_digest = Some("f".repeat(32));
    assert_eq!(repeats(vec![old, wrong]).contradictions.count, 1);

    // Both know it.
    let found = repeats(vec![zen3, RunRecord { slot: 8, ..zen5 }]);
    assert_eq!((found.agreeing, found.elsewhere.count), (0, 1));
    let told = &found.elsewhere.first[0].exec;
    assert_eq!((told.len(), told[0].what.as_str()), (1, "family of processor"));
}

#[test]
fn any_bit_of_a_result_is_looked_at() {
    let first = Fixture::battle(2).records();
    let completed = first.iter().find(|r| r.status == spec::record::Status::Completed).unwrap();
    let diverged = first.iter().find(|r| r.status == spec::record::Status::Diverged).unwrap();
    type Change = (&'static str, fn(&mut RunRecord));
    let changes: [Change; 12] = [
        ("weights digest", |r| outcome(r).weights_digest = Some("f".repeat(32))),
        ("weights digest", |r| outcome(r).weights_digest = None),
        ("test.loss of epoch 2", |r| {
            let value = &mut metric(r, Split::Test, "loss").value.0;
            *value = f64::from_bits(value.to_bits() + 1);
        }),
        ("train.loss of epoch 2", |r| metric(r, Split::Train, "loss").value.0 = f64::NAN),
        ("measured", |r| {
            outcome(r).metrics.pop();
        }),
        ("steps", |r| outcome(r).steps += 1),
        ("status", |r| r.status = spec::record::Status::Diverged),
        ("digest of the initial weights", |r| outcome(r).init_digest = "other".into()),
        ("digest of the data", |r| outcome(r).dataset_digest = "other".into()),
        ("epochs fed", |r| drop(outcome(r).batch_digest.pop())),
        ("digest of the batches of epoch 2", |r| outcome(r).batch_digest[1] = "other".into()),
        ("spec", |r| r.spec.seed += 1),
    ];
    for (what, change) in changes {
        let mut second = again(completed);
        change(&mut second);
        let found = repeats(vec![completed.clone(), second]);
        assert_eq!((found.contradictions.count, found.agreeing), (1, 0), "{what}");
        let differs = &found.contradictions.first[0].result;
        assert!(differs[0].what.starts_with(what), "{what}: {differs:?}");
        assert_eq!(differs.len(), 1, "{differs:?}");
    }
    let mut second = again(diverged);
    outcome(&mut second).diverged_step = Some(1);
    outcome(&mut second).last_finite_loss = Some(9.5.into());
    let found = repeats(vec![diverged.clone(), second]);
    let what: Vec<&str> =
        found.contradictions.first[0].result.iter().map(|d| d.what.as_str()).collect();
    assert_eq!(what, ["diverged at step", "last finite loss"]);
}

#[test]
fn what_is_said_of_each() {
    let first = Fixture::battle(2).records();
    let mut records = first.clone();
    let mut wrong = again(&first[0]);
    outcome(&mut wrong).weights_digest = Some("f".repeat(32));
    metric(&mut wrong, Split::Test, "loss").value.0 = 0.25;
    records.push(wrong);
    records.push(again(&first[1]));
    records.push(elsewhere(&first[2], |e| e.threads = 4));
    let mut newer = elsewhere(&first[3], |e| {
        e.code = "fedcba9876543210".to_owned();
        e.libtorch = None;
    });
    outcome(&mut newer).weights_digest = Some("e".repeat(32));
    // Twice elsewhere: the second agrees with the first of its kind.
    records.push(RunRecord { ended: "2026-11-26T08:00:00Z".to_owned(), ..newer.clone() });
    records.push(newer);
    for record in &first[4..10] {
        records.push(elsewhere(record, |e| e.device_model = "Other Processor 4000".to_owned()));
    }
    let gpu = |e: &mut Environment| e.device_kind = "cuda".to_owned();
    let on_gpu = elsewhere(&first[12], gpu);
    let mut other_bits = elsewhere(&first[12], gpu);
    other_bits.ended = "2026-11-25T08:00:00Z".to_owned();
    outcome(&mut other_bits).steps += 1;
    records.extend([on_gpu, other_bits]);

    let found = repeats(records);
    let said = [vec![found.alarm().unwrap()], found.warnings(), found.notes()].concat();
    insta::assert_snapshot!(said.join("\n"));
    // Order of files is no order of time.
    let mut turned = Fixture::battle(2).records();
    turned.reverse();
    assert_eq!(repeats(turned), Repeats::default());
}

#[test]
fn many_are_counted_and_the_first_told() {
    let first = Fixture::battle(500).records();
    let mut records = first.clone();
    for (i, record) in first.iter().enumerate() {
        let mut second = elsewhere(record, |e| e.threads += u64::from(i % 2 == 1));
        outcome(&mut second).steps += 1;
        records.push(second);
    }
    let found =
        Repeats::of(&Journal { records, ..Journal::default() }, &Fixture::battle(500).plan());
    let half = first.len() / 2;
    assert_eq!((found.contradictions.count, found.elsewhere.count), (half, first.len() - half));
    assert!(found.contradictions.first.len() == 1000 && found.elsewhere.first.len() == 1000);
    let (warnings, notes) = (found.warnings(), found.notes());
    assert_eq!((warnings.len(), notes.len()), (21, 7));
    assert!(warnings[20].starts_with("6,230 more"), "{}", warnings[20]);
    assert!(notes[6] == "and 6,245 more", "{}", notes[6]);
}

#[test]
fn a_report_has_a_section_only_where_there_are_any() {
    let folder = tempfile::tempdir().unwrap();
    let mut fixture = Fixture::battle(2);
    fixture.labels[0].name = format!("sgd {HOSTILE}");
    let dir = fixture.write(folder.path());
    let text = || {
        let page = fs::read_to_string(dir.html()).unwrap();
        page + &fs::read_to_string(dir.markdown()).unwrap()
    };
    let heading = "Runs computed more than once";
    let redrawn = report::redraw(&dir).unwrap();
    assert!(!text().contains(heading) && !dir.repeats().exists());
    assert!(redrawn.summary.repeats.is_empty() && redrawn.warnings().count() == 0);

    let first = fixture.records();
    let mut wrong = again(&first[0]);
    outcome(&mut wrong).weights_digest = Some(HOSTILE.to_owned());
    let other = elsewhere(&first[1], |e| e.device_model = HOSTILE.to_owned());
    let lines = [&wrong, &other].map(|r| store::journal_line::write(r).unwrap()).concat();
    let journal = dir.journal().join("z.jsonl");
    fs::write(&journal, lines).unwrap();
    let redrawn = report::redraw(&dir).unwrap();
    let warnings: Vec<String> = redrawn.warnings().collect();
    assert!(warnings.len() == 1 && warnings[0].contains("weights digest"), "{warnings:?}");
    assert_eq!(redrawn.summary.repeats.len(), 2);
    let shown = text();
    assert!(shown.matches(heading).count() >= 2 && shown.contains("id=\"repeats\""));
    assert!(shown.contains("1 result contradicts another of the same run"));
    for raw in ["<script>alert(1)", "\x1b", "\u{202e}"] {
        assert!(!shown.contains(raw), "{raw:?} was not made harmless");
    }
    assert!(!fs::read_to_string(dir.markdown()).unwrap().contains("](http://evil"));
    // The page is made again from what is on the disk, to the same bytes.
    report::render(&dir).unwrap();
    assert!(text() == shown);

    fs::remove_file(&journal).unwrap();
    report::redraw(&dir).unwrap();
    assert!(!text().contains(heading) && !dir.repeats().exists());
}
