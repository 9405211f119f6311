//! `merge`: report folders of several machines become one.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use spec::record::RunRecord;
use store::journal_line;
use store::layout::ReportDir;
use support::{Sandbox, digits, results};

/// A machine without any worker: merging needs none.
fn desk(text: &str) -> Sandbox {
    let sandbox = Sandbox::with_worker(PathBuf::from("/nowhere/sweep-worker"));
    sandbox.sweep_file("parts", text);
    sandbox
}

/// A machine that has trained something of `experiments/parts.toml`.
fn machine(text: &str, args: &[&str]) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("parts", text);
    let sweep = ["run", "experiments/parts.toml", "--jobs", "2", "--no-report", "--quiet"];
    sandbox.expect(0, &[&sweep[..], args].concat());
    sandbox
}

/// Every file of a folder with what is in it.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    let name = |p: &Path| p.file_name().unwrap().to_string_lossy().into_owned();
    entries.filter(|p| p.is_file()).map(|p| (name(&p), fs::read(&p).unwrap())).collect()
}

/// The tables without their columns of time.
fn tables(dir: &ReportDir) -> BTreeMap<String, Vec<Vec<String>>> {
    let cells = |line: &str| -> Vec<String> {
        let mut quoted = false;
        let separate = |c: char| {
            quoted ^= c == '"';
            c == ',' && !quoted
        };
        line.split(separate).map(str::to_owned).collect()
    };
    let untimed = |bytes: &[u8]| -> Vec<Vec<String>> {
        let rows: Vec<Vec<String>> = String::from_utf8_lossy(bytes).lines().map(cells).collect();
        let timed = |name: &str| name.contains("[s]") || name.contains("device time");
        let keep: Vec<bool> = rows[0].iter().map(|name| !timed(name)).collect();
        let kept = |row: Vec<String>| {
            row.into_iter().zip(&keep).filter_map(|(cell, keep)| keep.then_some(cell)).collect()
        };
        rows.into_iter().map(kept).collect()
    };
    files(&dir.tables()).into_iter().map(|(name, bytes)| (name, untimed(&bytes))).collect()
}

/// The records of a journal file.
fn read(path: &Path) -> Vec<RunRecord> {
    let bytes = fs::read(path).unwrap();
    let lines = bytes.split(|b| *b == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| journal_line::read(line).unwrap()).collect()
}

/// Copies a report folder's plan and journal, its records changed.
fn copied(from: &ReportDir, to: &Path, change: impl Fn(&mut RunRecord)) -> ReportDir {
    let dir = ReportDir::new(to);
    fs::create_dir_all(dir.journal()).unwrap();
    fs::copy(from.plan(), dir.plan()).unwrap();
    for name in files(&from.journal()).keys() {
        let mut records = read(&from.journal().join(name));
        records.iter_mut().for_each(&change);
        let lines: Vec<Vec<u8>> = records.iter().map(|r| journal_line::write(r).unwrap()).collect();
        fs::write(dir.journal().join(name), lines.concat()).unwrap();
    }
    dir
}

#[test]
fn parts_of_three_machines_are_one_sweep() {
    let text = digits(2, 1).replace("[train]\n", "[train]\nsave = \"last\"\n");
    let whole = machine(&text, &[]);
    whole.expect(0, &["report", "experiments/parts.toml"]);
    let expected = whole.report("parts");
    let parts = ["1/3", "2/3", "3/3"].map(|part| machine(&text, &["--shard", part]));
    let folders = parts.each_ref().map(|m| m.report("parts").path().display().to_string());
    let [a, b, c] = folders.each_ref().map(String::as_str);

    let desk = desk(&text);
    let half = desk.expect(3, &["merge", "experiments/parts.toml", a, c]);
    assert!(
        half.contains("merged 5 records in 2 journal files and 5 files of weights; 0 were merged")
            && half.contains("5 of 8 runs have a result, 3 missing"),
        "{half}"
    );
    let all = desk.expect(0, &["merge", "experiments/parts.toml", a, b, c]);
    assert!(
        all.contains("merged 3 records in 1 journal file and 3 files of weights; 2 were merged")
            && all.contains("8 of 8 runs have a result, 0 missing")
            && all.contains("report: reports/parts/index.html"),
        "{all}"
    );
    let merged = desk.report("parts");
    assert_eq!(results(&desk.records("parts")), results(&whole.records("parts")));
    assert!(tables(&merged) == tables(&expected) && tables(&merged).len() > 4);
    assert!(files(&merged.weights()) == files(&expected.weights()));
    assert_eq!(files(&merged.weights()).len(), 8);
    assert!(!merged.repeats().exists());

    // Once more, in another order: nothing is new.
    let all_files = || {
        let mut derived = files(merged.path());
        derived.remove("lock").expect("the folder was locked");
        (files(&merged.journal()), files(&merged.weights()), derived)
    };
    let before = all_files();
    let again = desk.expect(0, &["merge", "reports/parts", c, a, b]);
    assert!(again.contains("merged 0 records in 0 journal files; 3 were merged before"), "{again}");
    assert!(before == all_files(), "merging twice changed something");
    let sweep = desk.expect(0, &["run", "experiments/parts.toml"]);
    assert!(sweep.contains("nothing to train; 8 results cached"), "{sweep}");

    // Into a folder that is not there, whose plan is taken over; the sources stay.
    desk.expect(0, &["merge", "reports/elsewhere", a, b, c]);
    let elsewhere = desk.report("elsewhere");
    assert!(files(&elsewhere.journal()) == before.0 && tables(&elsewhere) == tables(&merged));
    assert_eq!(files(&parts[0].report("parts").journal()).len(), 1);
}

#[test]
fn a_repeated_run_that_contradicts_is_named() {
    let whole = machine(&digits(1, 1), &[]);
    let dir = whole.report("parts");
    let original = files(&dir.journal());
    let victim = whole.records("parts")[0].clone();
    let tampered = copied(&dir, &whole.path("tampered"), |record| {
        if record.run_id == victim.run_id {
            let outcome = record.outcome.as_mut().unwrap();
            outcome.weights_digest = Some("f".repeat(32));
            outcome.metrics.last_mut().unwrap().value.0 += 1.0;
        }
    });
    let threads = copied(&dir, &whole.path("threads"), |record| {
        let exec = record.exec.as_mut().unwrap();
        exec.threads = 7;
        record.exec_id = Some(exec.id());
        record.ended = "2999-01-01T00:00:00Z".to_owned();
    });
    let merge = |folder: &ReportDir| {
        whole.expect(0, &["merge", "reports/parts", &folder.path().display().to_string()])
    };
    // Its journal has the name of the one here, and other content: both are kept.
    let said = merge(&tampered);
    let warning = format!("warning: run {} (", victim.run_id.short());
    let named = |text: &str| {
        text.contains(&warning)
            && text.contains("weights digest: ")
            && text.contains("ffffffff")
            && text.contains(", test.")
            && text.contains(&victim.ended)
    };
    assert!(named(&said) && said.matches("two results that should be").count() == 1, "{said}");
    assert!(said.contains("differs from the file of the same name here"), "{said}");
    let merged = files(&dir.journal());
    assert_eq!(merged.len(), 2);
    assert!(original.iter().all(|(name, bytes)| merged.get(name) == Some(bytes)));
    let again = merge(&tampered);
    assert!(named(&again) && files(&dir.journal()) == merged, "{again}");

    // `report` and the end of `run` say it too, even a quiet one; so does the page.
    assert!(named(&whole.expect(0, &["report", "reports/parts"])));
    assert!(named(&whole.expect(0, &["run", "experiments/parts.toml", "--quiet"])));
    for path in [dir.html(), dir.markdown()] {
        let text = fs::read_to_string(path).unwrap();
        assert!(text.contains("1 result contradicts another") && text.contains("ffffffff"));
    }

    // Other threads may give other bits: counted, without a warning.
    let said = merge(&threads);
    assert!(said.contains("more than once: 4 by other code, processors or threads"), "{said}");
    assert!(said.contains("threads: 1 and 7; equal bits"), "{said}");
    assert_eq!(said.matches("two results that should be").count(), 1, "{said}");
}

#[test]
fn a_folder_that_cannot_be_merged_is_bad_input() {
    let text = digits(1, 1);
    let whole = machine(&text, &["--only", "optimizer=adam"]);
    let other = machine(&text.replace("epochs = 1", "epochs = 2"), &["--only", "optimizer=adam"]);
    let other = other.report("parts").path().display().to_string();
    let dir = whole.report("parts");
    let own = dir.path().display().to_string();
    fs::create_dir(whole.path("empty")).unwrap();
    let before = files(dir.path());
    for (file, folder, said) in [
        ("experiments/parts.toml", own.as_str(), "is the folder to merge into"),
        ("reports/parts", "reports/../reports/parts", "is the folder to merge into"),
        ("reports/parts", "empty", "holds no journal"),
        ("reports/parts", "nowhere", "is not a folder"),
        ("reports/parts", &other, "belongs to another sweep: none of its runs"),
        ("experiments/parts.toml", &other, "belongs to another sweep: none of its runs"),
        ("experiments", &other, "is neither empty nor a report"),
        ("experiments/none.toml", &other, "cannot open experiments/none.toml"),
    ] {
        let said_all = whole.expect(2, &["merge", file, folder]);
        assert!(
            said_all.contains(said) && said_all.contains("give ") | said_all.contains("must "),
            "{file} {folder}: {said_all}"
        );
        assert!(files(dir.path()) == before && files(&dir.journal()).len() == 1);
    }
    let said = whole.expect(2, &["merge", "experiments/parts.toml"]);
    assert!(said.contains("<FOLDER>"), "{said}");
    let fresh = desk(&text.replace("epochs = 1", "epochs = 3"));
    fresh.expect(2, &["merge", "experiments/parts.toml", &other]);
    assert!(!fresh.path("reports").exists(), "something was written");
}

#[test]
fn a_running_sweep_is_merged_as_far_as_it_is() {
    // Elsewhere three seeds are trained, here two are planned.
    let elsewhere = machine(&digits(3, 1), &["--only", "optimizer=sgd"]);
    let source = elsewhere.report("parts");
    let (name, whole) = files(&source.journal()).pop_first().unwrap();
    let journal = source.journal().join(&name);
    let lines: Vec<&[u8]> = whole.split_inclusive(|b| *b == b'\n').collect();
    assert_eq!(lines.len(), 6);
    let torn = [&lines[..4].concat()[..], &lines[4][..100]].concat();
    fs::write(&journal, torn).unwrap();
    let lock = fs::File::options().write(true).open(source.lock()).unwrap();
    lock.lock().unwrap();
    fs::write(source.lock(), "process 1 on elsewhere since today").unwrap();

    let here = desk(&digits(2, 1));
    let folder = source.path().display().to_string();
    let merge = ["merge", "experiments/parts.toml", &folder];
    let said = here.expect(3, &merge);
    assert!(said.contains("is being written to by process 1 on elsewhere"), "{said}");
    assert!(said.contains("left out the incomplete last line"), "{said}");
    assert!(said.contains("merged 4 records in 1 journal file; 0 were merged"), "{said}");
    let merged = here.report("parts").journal().join(&name);
    assert_eq!(fs::read(&merged).unwrap(), lines[..4].concat());

    // It has gone on, and ended: the longer journal takes the place of its beginning.
    drop(lock);
    fs::write(&journal, &whole).unwrap();
    let said = here.expect(3, &merge);
    assert!(said.contains("merged 2 records in 1 journal file; 0 were merged"), "{said}");
    assert!(said.contains("2 runs with merged records are not in the plan"), "{said}");
    assert!(said.contains("4 of 8 runs have a result, 4 missing"), "{said}");
    assert!(!said.contains("last line") && !said.contains("written to"), "{said}");
    assert_eq!(fs::read(&merged).unwrap(), whole);
    // A beginning takes nothing away.
    fs::write(&journal, lines[0]).unwrap();
    here.expect(3, &merge);
    assert_eq!(fs::read(&merged).unwrap(), whole);
}
