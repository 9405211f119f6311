//! Journals left by crashes, other programs and later versions.

mod common;

use std::fs;

use common::Fixture;
use spec::record::{Outcome, RunRecord, Status};
use store::journal;
use store::journal_line;

#[test]
fn bad_lines_are_warnings_and_the_rest_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let dir = Fixture::battle(1).write(folder.path());
    let good = Fixture::battle(1).records();
    let line = String::from_utf8(journal_line::write(&good[0]).unwrap()).unwrap();
    let line = line.trim_end();
    let newer = line.replacen("\"v\":2", "\"v\":99", 1);
    let digest = good[0].outcome.as_ref().unwrap().init_digest.clone();
    let altered = line.replace(&digest, "init-9");
    let text = format!(
        "{line}\n\nnot json\n{{\"v\":99,\"unknown\":true}}\n{newer}\n{altered}\n{}",
        &line[..line.len() / 2]
    );
    fs::write(dir.journal().join("z.jsonl"), text).unwrap();
    fs::write(dir.journal().join("notes.txt"), "not a journal").unwrap();
    fs::create_dir(dir.journal().join("old-1")).unwrap();
    fs::write(dir.journal().join("old-1/a.jsonl"), format!("{line}\n")).unwrap();

    let journal = journal::read(&dir).unwrap();
    assert_eq!((journal.files, journal.records.len()), (2, good.len() + 1));
    let starts = [
        "journal/z.jsonl, line 3: ignored, not a run record",
        "journal/z.jsonl, line 4: ignored, version 99",
    ];
    for (warning, start) in journal.warnings.iter().zip(starts) {
        assert!(warning.starts_with(start), "{warning}");
    }
    assert!(journal.warnings[2].contains("line 5: ignored, version 99"));
    assert!(
        journal.warnings[3].contains("checksum does not match")
            && journal.warnings[3].contains(&good[0].run_id.to_string()),
        "an altered digest is no result: {:?}",
        journal.warnings
    );
    assert!(
        journal.warnings[4].contains("line 7: the last line is torn"),
        "{:?}",
        journal.warnings
    );
    assert_eq!(journal.warnings.len(), 5);
    let named: Vec<_> = journal.damaged.iter().map(|d| d.run).collect();
    assert_eq!(named, [None, None, Some(good[0].run_id), Some(good[0].run_id)]);
}

#[test]
fn a_folder_without_a_journal_is_empty() {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal::read(&store::layout::ReportDir::new(folder.path())).unwrap();
    assert_eq!((journal.files, journal.records.len(), journal.warnings.len()), (0, 0, 0));
}

#[test]
fn of_several_records_the_newest_of_the_best_status_wins() {
    let base = Fixture::battle(1).records().remove(0);
    let at =
        |status: Status, ended: &str| RunRecord { status, ended: ended.to_owned(), ..base.clone() };
    let winner = |records: &[RunRecord]| {
        let journal = journal::Journal { records: records.to_vec(), ..Default::default() };
        let best = journal.best().remove(&base.run_id).unwrap();
        (best.status, best.ended.clone())
    };
    let done = at(Status::Completed, "2026-01-01T10:00:00Z");
    let failed_later = at(Status::Failed, "2026-01-02T10:00:00Z");
    let cancelled_last = at(Status::Cancelled, "2026-01-03T10:00:00Z");
    let all = [failed_later.clone(), done.clone(), cancelled_last.clone()];
    assert_eq!(winner(&all).0, Status::Completed);
    assert_eq!(winner(&[cancelled_last, failed_later]).0, Status::Failed);
    let half_a_second_later = at(Status::Diverged, "2026-01-01T10:00:00.5Z");
    assert_eq!(winner(&[half_a_second_later.clone(), done.clone()]).0, Status::Diverged);
    assert_eq!(winner(&[done, half_a_second_later]).0, Status::Diverged);
}

#[test]
fn a_paused_run_gives_way_to_its_result_and_to_a_later_pause_alone() {
    let base = Fixture::battle(1).records().remove(0);
    let of = |status: Status, steps: u64, ended: &str| {
        let outcome = base.outcome.clone().map(|o| Outcome { status, steps, ..o });
        RunRecord { status, outcome, ended: ended.to_owned(), ..base.clone() }
    };
    let winner = |records: &[&RunRecord]| {
        let records = records.iter().map(|r| (*r).clone()).collect();
        let journal = journal::Journal { records, ..Default::default() };
        let best = journal.into_best().remove(&base.run_id).unwrap();
        (best.status, best.outcome.map(|o| o.steps), best.ended)
    };
    let told = |r: &RunRecord| (r.status, r.outcome.as_ref().map(|o| o.steps), r.ended.clone());
    let (first, second) = (of(Status::Cut, 10, "2026-01-01"), of(Status::Cut, 30, "2026-01-02"));
    let without = |status, ended| RunRecord { outcome: None, ..of(status, 0, ended) };
    let failed = without(Status::Failed, "2026-01-04");
    let cancelled = without(Status::Cancelled, "2026-01-05");
    // The one that has come further, whatever came after it.
    let anew = of(Status::Cut, 10, "2026-01-03");
    for records in [
        [&first, &second, &anew, &failed, &cancelled],
        [&cancelled, &failed, &anew, &second, &first],
    ] {
        assert_eq!(winner(&records), told(&second));
    }
    assert_eq!(winner(&[&first, &anew]), told(&anew), "of equally late ones the newer");
    assert_eq!(winner(&[&anew, &first]), told(&anew));
    for status in [Status::Completed, Status::Diverged] {
        let result = of(status, 20, "2025-12-31");
        assert_eq!(winner(&[&result, &second, &failed]), told(&result));
        assert_eq!(winner(&[&second, &result]), told(&result));
    }
}
