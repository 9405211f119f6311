//! The page and the Markdown report: their content, and that no text from a file can inject markup.

#[path = "render/claim.rs"]
mod claim;
mod common;
#[path = "common/last.rs"]
mod last;

use last::Last as _;
use std::fs;
use std::path::Path;

use common::{End, Fixture, HOSTILE};
use polars::prelude::{ParquetReader, ParquetWriter, SerReader};
use report::GridEnd;
use store::layout::ReportDir;
use store::manifest::Manifest;

fn rendered(fixture: &Fixture, folder: &Path) -> ReportDir {
    let dir = fixture.write(folder);
    report::collect(&dir).unwrap();
    report::render(&dir).unwrap();
    dir
}

fn manifest() -> Manifest {
    Manifest {
        v: 1,
        experiment: "battle".to_owned(),
        file: "experiments/battle.toml".to_owned(),
        provenance: spec::provenance::Provenance {
            argv: vec!["sweep".to_owned(), "run".to_owned()],
            git_commit: Some("0123abc".to_owned()),
            git_dirty: Some(true),
            rustc: "rustc 1.95.0".to_owned(),
            os: "linux x86_64".to_owned(),
            ..Default::default()
        },
        environment: Some(test_records::environment()),
        slots: vec!["libtorch:cpu".to_owned()],
        cpus: 2,
        started: "2026-11-23T15:00:00Z".to_owned(),
        ended: "2026-11-23T15:04:00Z".to_owned(),
        trained: 125,
        cached: 0,
        host: None,
    }
}

#[test]
fn best_rows_follow_the_rule() {
    let folder = tempfile::tempdir().unwrap();
    let mut fixture = Fixture::battle(3);
    // The best learning rate of rmsprop loses a seed, so another one is chosen.
    fixture.ends = vec![("rmsprop".to_owned(), 1e-3, 2, End::Diverged { step: 100 })];
    let dir = fixture.write(folder.path());
    report::collect(&dir).unwrap();
    let rows = report::summary(&dir).unwrap().best;
    let labels: Vec<(&str, f64)> = rows.iter().map(|r| (r.label.as_str(), r.lr)).collect();
    let expected =
        [("sgd", 0.1), ("momentum", 0.1), ("rmsprop", 3e-4), ("adam", 1e-3), ("adam-cosine", 3e-3)];
    assert_eq!(labels, expected);
    let adam = &rows[3];
    assert_eq!(
        (adam.metric.as_str(), adam.target.n, adam.schedule.as_str()),
        ("validation.accuracy", 3, "constant")
    );
    assert!(
        adam.test_accuracy.mean.is_some()
            && adam.train_loss.mean.is_some()
            && adam.fallback.is_none()
    );
    assert_eq!(adam.advice, []);
}

#[test]
fn a_best_rate_at_the_edge_of_its_grid_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let mut fixture = Fixture::battle(2);
    fixture.labels.truncate(2);
    fixture.labels[0].lrs = vec![1e-3, 1e-2, 1e-1];
    fixture.labels[1].lrs = vec![1e-1, 3e-1];
    let dir = rendered(&fixture, folder.path());
    let best = report::summary(&dir).unwrap().best;
    let edges: Vec<_> =
        best.iter().map(|r| (r.advice[0].end, r.advice[0].beyond.clone())).collect();
    let beyond = [(Some(GridEnd::Highest), vec![1.0]), (Some(GridEnd::Lowest), vec![0.03, 0.01])];
    assert_eq!(edges, beyond);
    let text = fs::read_to_string(dir.markdown()).unwrap();
    assert!(text.contains("highest tried; add 1 |"), "a decade at most");
    assert!(
        text.contains(
            "better ones may lie beyond: sgd\u{2019}s learning rate (highest tried; add 1); momentum\u{2019}s learning rate (lowest"
        )
    );
}

#[test]
fn without_a_validation_split_the_training_loss_decides_and_the_report_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let dir = rendered(&Fixture { validation: 0, ..Fixture::battle(2) }, folder.path());
    let row = report::summary(&dir).unwrap().best.remove(0);
    assert_eq!(row.metric, "train.loss");
    assert!(row.fallback.unwrap().contains("without a validation split"));
    let page = fs::read_to_string(dir.html()).unwrap();
    assert!(page.contains("so configurations are chosen by training loss"));
    // The test split had no part in choosing and judges still.
    assert_eq!(report::summary(&dir).unwrap().best[0].evaluation, "test.accuracy");
}

#[test]
fn rendering_again_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let dir = Fixture::battle(2).write(folder.path());
    fs::write(dir.manifest(), serde_json::to_string(&manifest()).unwrap()).unwrap();
    report::collect(&dir).unwrap();
    let bytes = || -> Vec<(std::path::PathBuf, Vec<u8>)> {
        let written = report::render(&dir).unwrap().written;
        written.into_iter().map(|p| (p.clone(), fs::read(p).unwrap())).collect()
    };
    let first = bytes();
    assert!(first.len() > 15, "page, table and figures");
    // Rendering needs no journal.
    fs::remove_dir_all(dir.journal()).unwrap();
    assert!(first == bytes());
    // Nor does it care for the order of rows.
    for path in [dir.runs(), dir.metrics()] {
        let file = fs::File::open(&path).unwrap();
        let mut reversed = ParquetReader::new(file).finish().unwrap().reverse();
        ParquetWriter::new(fs::File::create(&path).unwrap()).finish(&mut reversed).unwrap();
    }
    for ((path, before), (_, now)) in first.iter().zip(&bytes()) {
        assert!(before == now, "{} changed with the order of rows", path.display());
    }
}

#[test]
fn all_stages_at_once_write_and_say_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let mut fixture = Fixture::battle(3);
    fixture.ends = vec![("adam".to_owned(), 1e-3, 1, End::Missing)];
    let dir = fixture.write(folder.path());
    let collected = report::collect(&dir).unwrap();
    let written = report::render(&dir).unwrap().written;
    let summary = format!("{:?}", report::summary(&dir).unwrap());
    let derived = || -> Vec<Vec<u8>> {
        let paths = collected.written.iter().chain(&written);
        paths.map(|path| fs::read(path).unwrap_or_default()).collect()
    };
    let one_by_one = derived();
    for path in collected.written.iter().chain(&written) {
        fs::remove_file(path).unwrap();
    }
    let redrawn = report::redraw(&dir).unwrap();
    assert!(one_by_one == derived() && one_by_one.iter().all(|bytes| !bytes.is_empty()));
    assert_eq!(format!("{:?}", redrawn.summary), summary);
    assert_eq!(redrawn.collected.map(|c| c.written), Some(collected.written.clone()));
    // Without a journal the Parquet is taken as it is.
    fs::remove_dir_all(dir.journal()).unwrap();
    let redrawn = report::redraw(&dir).unwrap();
    assert!(one_by_one == derived() && redrawn.collected.is_none());
    assert_eq!(format!("{:?}", redrawn.summary), summary);
}

#[test]
fn the_page_is_whole_without_network_and_guarded_by_its_policy() {
    let folder = tempfile::tempdir().unwrap();
    let dir = rendered(&Fixture::battle(2), folder.path());
    let page = fs::read_to_string(dir.html()).unwrap();
    let own = page.replace("http://www.w3.org/2000/svg", "");
    for banned in ["http:", "https:", "src=", "@import", "url(", " style=", "onclick"] {
        assert!(!own.contains(banned), "{banned}");
    }
    // Links stay within the page, and lead somewhere.
    let links: Vec<&str> = page
        .split(" href=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap_or_default())
        .collect();
    assert!(links.len() > 8);
    for link in links {
        let id = link.strip_prefix('#').expect(link);
        assert_eq!(page.matches(&format!(" id=\"{id}\"")).count(), 1, "{link}");
    }
    for element in ["style", "script"] {
        let (_, rest) = page.split_once(&format!("<{element}>")).unwrap();
        let (text, _) = rest.split_once(&format!("</{element}>")).unwrap();
        let hash = report::page::inline::source_hash(text).replace('\'', "&#39;");
        let hash = if page.contains(&hash) { hash } else { hash.replace("&#39;", "'") };
        assert!(page.contains(&format!("{element}-src {hash}")), "{element} {hash}");
    }
    // Each figure wide and narrow.
    let figures = page.matches("<figure ").count();
    assert!(figures >= 10 && page.matches("<svg ").count() == 2 * figures, "{figures}");
    assert!(page.contains("prefers-color-scheme:dark"));
}

#[test]
fn figures_and_tables_of_an_earlier_report_do_not_stay() {
    let folder = tempfile::tempdir().unwrap();
    let dir = rendered(&Fixture::battle(1), folder.path());
    fs::write(dir.figures().join("mine.png"), "kept").unwrap();
    assert!(dir.figures().join("noise.svg").exists());
    assert!(dir.tables().join("diverged.csv").exists());
    rendered(&Fixture { all: Some(End::Missing), ..Fixture::battle(1) }, folder.path());
    let left: Vec<_> =
        fs::read_dir(dir.figures()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["mine.png"]);
    assert!(!dir.tables().join("diverged.csv").exists());
    assert!(
        fs::read_to_string(dir.html())
            .unwrap()
            .contains("None of the 25 planned runs has a result yet.")
    );
}

#[test]
fn every_planned_run_has_its_row() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture {
        ends: vec![
            ("adam".to_owned(), 1e-3, 0, End::Missing),
            ("adam".to_owned(), 1e-3, 1, End::Failed("out of memory".to_owned())),
        ],
        ..Fixture::battle(2)
    };
    let dir = rendered(&fixture, folder.path());
    let csv = fs::read_to_string(dir.tables().join("runs.csv")).unwrap();
    let lines: Vec<&str> = csv.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 1 + fixture.plan().runs.len());
    assert_eq!(
        lines[0],
        "Optimizer,Configuration,Seed,Status,Validation accuracy [fraction],Test accuracy [fraction],Training loss,\
         Validation loss,Test loss,Best epoch,Epochs,Steps,Training time [s],Run"
    );
    let count = |status: &str| lines.iter().filter(|l| l.contains(&format!(",{status},"))).count();
    assert_eq!((count("missing"), count("failed")), (1, 1));
    // Numbers are those of the records, not as shown.
    let (records, plan) = (fixture.records(), fixture.plan());
    for (run, line) in plan.runs.iter().zip(&lines[1..]) {
        let fields: Vec<&str> = line.split(',').collect();
        assert_eq!(*fields.last().unwrap(), run.run_id.short());
        let record = records.iter().find(|r| r.run_id == run.run_id);
        let row = record.map(|r| report::table::RunRow::of(r, &plan.target)).unwrap_or_default();
        let value = |at: usize| fields[at].parse::<f64>().ok();
        assert_eq!(
            (value(4), value(6)),
            (row.get("validation.accuracy"), row.get("train.loss")),
            "{line}"
        );
    }
}

#[test]
fn a_page_of_many_runs_stays_small_and_says_where_the_rest_is() {
    let folder = tempfile::tempdir().unwrap();
    let dir = rendered(&Fixture::grid(5, 30, 1), folder.path());
    let page = fs::read_to_string(dir.html()).unwrap();
    assert!(page.len() < 5_000_000, "{}", page.len());
    let (_, runs) = page.split_once("data-name=\"runs\"").unwrap();
    assert_eq!(runs.split_once("</table>").unwrap().0.matches("<tr data-series").count(), 1000);
    assert!(page.contains("These are the first 1,000 of 1,200 rows"));
    let csv = fs::read_to_string(dir.tables().join("runs.csv")).unwrap();
    assert_eq!(csv.matches("\r\n").count(), 1201);
}

#[test]
fn hostile_text_has_no_power_anywhere() {
    let folder = tempfile::tempdir().unwrap();
    let mut fixture = Fixture::battle(2);
    fixture.name = HOSTILE.to_owned();
    fixture.labels.iter_mut().for_each(|l| l.name = format!("{HOSTILE}{}", l.name));
    fixture.labels[0].name = format!("=1+1;{HOSTILE}");
    let failing = fixture.labels[3].name.clone();
    fixture.ends = vec![(failing, 1e-3, 1, End::Failed(format!("panicked: {HOSTILE}")))];
    let dir = fixture.write(folder.path());
    let mut plan = fixture.plan();
    plan.description = HOSTILE.to_owned();
    plan.text = format!("# {HOSTILE}\n```\n<b>bold</b>\n");
    plan.overrides = vec![HOSTILE.to_owned()];
    fs::write(dir.plan(), serde_json::to_string(&plan).unwrap()).unwrap();
    let mut what = manifest();
    what.provenance.argv = vec![HOSTILE.to_owned()];
    what.provenance.rustc = HOSTILE.to_owned();
    fs::write(dir.manifest(), serde_json::to_string(&what).unwrap()).unwrap();
    report::collect(&dir).unwrap();
    let written = report::render(&dir).unwrap().written;

    let mut seen = Vec::new();
    for path in written.iter().filter(|p| p.extension().is_some_and(|e| e != "png" && e != "csv")) {
        let text = fs::read_to_string(path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy();
        // A fenced block shows its text as it is.
        let text = text.split("\n````toml").next().unwrap_or_default();
        assert!(!text.contains("<script>alert"), "{name}");
        assert!(!text.contains('\x1b') && !text.contains('\u{202e}'), "{name}");
        seen.push(text.contains("alert(1)"));
    }
    // Labels in figures are cut, but the page and the Markdown report name them in full.
    assert!(seen[0] && seen[1]);

    // No field of a CSV begins a formula.
    let mut fields = 0;
    for path in written.iter().filter(|p| p.extension().is_some_and(|e| e == "csv")) {
        let text = fs::read_to_string(path).unwrap();
        for field in text.split(['\n', ',']).map(|f| f.trim_start_matches('"')) {
            fields += 1;
            // A negative number is a number; a reader of CSV takes it for one too.
            let formula = field.starts_with(['=', '+', '-', '@', '\t']);
            assert!(!formula || field.parse::<f64>().is_ok(), "{field}");
        }
        assert!(text.contains("'=1+1;") || !text.contains("=1+1;"));
    }
    assert!(fields > 100);

    let page = fs::read_to_string(dir.html()).unwrap();
    assert_eq!(page.matches("<script").count(), 3);
    assert!(!page.contains("<!--") && !page.contains("<b>bold"));
    let (_, rest) = page.split_once("id=\"report-data\">").unwrap();
    let (json, _) = rest.split_once("</script>").unwrap();
    let data: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(data["experiment"], HOSTILE);

    let markdown = fs::read_to_string(dir.markdown()).unwrap();
    let (prose, block) = markdown.split_once("````toml").unwrap();
    assert!(
        !prose.replace("\\]", "").replace("](figures/", "").contains("](")
            && !prose.contains('<')
            && !prose.contains("`x`\n"),
        "{prose}"
    );
    assert!(block.contains("<b>bold</b>\n````\n"));
    // Every row of a table has as many cells as its head.
    let cells = |line: &str| line.replace("\\|", "").matches('|').count();
    let mut width = None;
    for line in prose.lines() {
        match (line.starts_with('|'), width) {
            (true, None) => width = Some(cells(line)),
            (true, Some(n)) => assert_eq!(cells(line), n, "{line}"),
            (false, _) => width = None,
        }
    }
}
