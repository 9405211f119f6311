//! Tests of the output of a regression: Markdown, JSON, page, figures.

#[path = "../../report/tests/common/mod.rs"]
mod common;
#[path = "common/regressed.rs"]
mod regressed;

use std::fs;
use std::path::{Path, PathBuf};

use common::HOSTILE;
use regression::figures::{changes, trend};
use regression::{Finding, Regression, Title, Verdict, exit_code, headline, render};
use spec::Id;
use spec::regress_settings::RegressMetric;
use store::layout::ReportDir;

fn written(r: &Regression, folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let written = render(r, &ReportDir::new(folder), &Title::Nightly).unwrap().written;
    written.into_iter().map(|p| (p.clone(), fs::read(p).unwrap())).collect()
}

fn markdown(r: &Regression) -> String {
    let folder = tempfile::tempdir().unwrap();
    written(r, folder.path());
    fs::read_to_string(folder.path().join("REGRESSION.md")).unwrap()
}

macro_rules! markdown_snapshot {
    ($($name:ident: $of:expr;)+) => { $(#[test] fn $name() { insta::assert_snapshot!(markdown(&$of)); })+ };
}

markdown_snapshot! {
    markdown_identical: regressed::identical();
    markdown_unchanged: regressed::unchanged();
    markdown_regressed: regressed::regressed();
    markdown_incomplete: regressed::incomplete();
    markdown_improved: regressed::improved();
    markdown_first_night: regressed::first_night();
    markdown_no_baseline: regressed::no_baseline();
    markdown_history: regressed::history();
}

#[test]
fn a_plain_comparison_calls_its_sides_a_and_b() {
    let folder = tempfile::tempdir().unwrap();
    let mut r = regressed::regressed();
    (r.nights, r.trends, r.segments, r.accepted) = (Vec::new(), Vec::new(), Vec::new(), None);
    let title = Title::Comparison { a: "reports/old".to_owned(), b: "reports/new".to_owned() };
    render(&r, &ReportDir::new(folder.path()), &title).unwrap();
    let text = fs::read_to_string(folder.path().join("COMPARISON.md")).unwrap();
    insta::assert_snapshot!(text);
    let page = fs::read_to_string(folder.path().join("index.html")).unwrap();
    for text in [&text, &page] {
        assert!(!text.contains("tonight") && !text.contains("aseline"), "{text}");
    }
    assert!(folder.path().join("comparison.json").exists());
    assert!(!folder.path().join("REGRESSION.md").exists());
}

#[test]
fn one_is_not_told_as_many() {
    let mut r = regressed::identical();
    (r.pairs, r.identical) = (1, 1);
    r.configs.truncate(1);
    r.configs[0].changes.truncate(1);
    let text = markdown(&r);
    assert!(text.contains("# Identical: its one run is bit-identical"), "{text}");
    assert!(text.contains("The one run is bit-identical to the baseline's."), "{text}");
    assert!(text.contains("Of 1 comparison: 1 is identical."), "{text}");
    for (finding, said) in [
        (Finding::Unknown, "1 has too few seeds."),
        (Finding::NotShown, "1 shows no change."),
        (Finding::Unjudged, "1 is not judged ("),
        (Finding::Regressed, "1 regressed."),
    ] {
        (r.identical, r.verdict) = (0, Verdict::Incomplete);
        r.configs[0].changes[0].finding = finding;
        let text = markdown(&r);
        assert!(text.contains(&format!("Of 1 comparison: {said}")), "{text}");
        assert!(text.contains("The one run is not bit-identical"), "{text}");
    }
    (r.pairs, r.identical) = (12, 1);
    assert!(markdown(&r).contains("1 of 12 runs is bit-identical"), "{}", markdown(&r));
}

#[test]
fn nights_without_change_take_five_lines_and_no_night_takes_more_than_sixty() {
    for r in [regressed::identical(), regressed::unchanged(), regressed::first_night()] {
        assert_eq!(markdown(&r).lines().count(), 5);
    }
    let mut crowd = regressed::extreme::crowd(30, 60);
    crowd.gaps = (0..40)
        .map(|i| regression::Gap {
            label: format!("label {i}"),
            config: "lr 1".to_owned(),
            seeds: vec![i],
            kind: regression::GapKind::Failed(format!("panicked at {i}: {}", "long ".repeat(400))),
        })
        .collect();
    for trend in 0..crowd.trends.len() {
        regressed::step(&mut crowd, trend, (trend % 30 + 20, trend % 30 + 21), true);
    }
    let text = markdown(&crowd);
    assert!(text.lines().count() <= 60, "{}\n{text}", text.lines().count());
    // The text of an issue is limited to 65,536 characters.
    assert!(text.len() < 12_000, "{}", text.len());
    assert!(text.lines().next().unwrap().chars().count() < 256);
}

#[test]
fn the_headline_names_the_worst_first_and_counts_the_others() {
    let r = regressed::regressed();
    assert_eq!(
        headline(&r),
        "Regressed: diverged seeds of sgd (lr 1) rose from 0 to 2 of 10, and 4 more"
    );
    let only = |keep: RegressMetric| {
        let mut r = regressed::regressed();
        for c in r.configs.iter_mut().flat_map(|c| &mut c.changes) {
            if c.finding == Finding::Regressed && c.metric != keep {
                c.finding = Finding::NotShown;
            }
        }
        headline(&r)
    };
    let loss = only(RegressMetric::TEST_LOSS);
    assert!(
        loss.starts_with("Regressed: test loss of momentum (lr 0.1) rose by 12% (interval "),
        "{loss}"
    );
    assert!(loss.ends_with("%)"), "{loss}");
    let accuracy = only(RegressMetric::TEST_ACCURACY);
    assert!(
        accuracy.contains("test accuracy of momentum (lr 0.1) fell by 1.3 percentage points"),
        "{accuracy}"
    );
    assert_eq!(
        only(RegressMetric::Steps),
        "Regressed: optimizer steps of adam (lr 0.001) fell from 1,720 to 1,719"
    );
    // A night with alarms only in its history: the step is dated.
    let history = headline(&regressed::history());
    assert!(history.starts_with("Regressed: test loss of "), "{history}");
    assert!(
        history.contains(" between 2026-10-") && history.ends_with(", and 3 more"),
        "{history}"
    );
    // A missing run is mentioned even if something regressed.
    let mut both = regressed::regressed();
    both.gaps = regressed::incomplete().gaps;
    let all = headline(&both);
    assert!(
        all.ends_with(
            "; 10 runs could not be compared, 5 runs no longer planned, 10 runs compared despite different weights, data or batches"
        ),
        "{all}"
    );
}

#[test]
fn programs_get_the_verdict_first_and_no_number_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let mut r = regressed::history();
    r.configs[0].changes[0].after = f64::INFINITY;
    r.configs[0].changes[0].effect = f64::NAN;
    r.configs[0].changes[0].interval = Some((0.5, f64::INFINITY));
    r.configs[0].changes[0].seeds[2].2 = f64::NEG_INFINITY;
    r.trends[0].points[3].high = f64::INFINITY;
    written(&r, folder.path());
    let text = fs::read_to_string(folder.path().join("regression.json")).unwrap();
    let keys: Vec<&str> =
        text.lines().skip(1).take(3).map(|l| l.trim().split('"').nth(1).unwrap()).collect();
    assert_eq!(keys, ["v", "headline", "exit_code"]);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&json["v"], &json["exit_code"]), (&1.into(), &4.into()));
    assert_eq!(json["verdict"], "regressed");
    let change = &json["configs"][0]["changes"][0];
    assert_eq!((&change["after"], &change["effect"]), (&"inf".into(), &"NaN".into()));
    assert_eq!(change["interval"], serde_json::json!([0.5, "inf"]));
    assert_eq!(change["seeds"][2][2], "-inf");
    assert_eq!(json["trends"][0]["points"][3]["high"], "inf");
    // Everything else reads back to the same bits.
    for (value, config) in json["configs"].as_array().unwrap().iter().zip(&r.configs) {
        assert_eq!(value["series"], config.series.to_string());
        for (value, change) in value["changes"].as_array().unwrap().iter().zip(&config.changes) {
            assert_eq!(value["metric"], change.metric.name());
            assert_eq!(value["before"].as_f64(), Some(change.before));
        }
    }
    let steps: usize = r.trends.iter().map(|t| t.steps.len()).sum();
    assert_eq!(
        text.matches("\"alarm\": true").count() + text.matches("\"alarm\": false").count(),
        steps
    );
    let codes = [
        Verdict::Regressed,
        Verdict::Incomplete,
        Verdict::Improved,
        Verdict::Unchanged,
        Verdict::Identical,
    ]
    .map(exit_code);
    assert_eq!(codes, [4, 5, 0, 0, 0]);
}

#[test]
fn the_same_regression_gives_the_same_bytes_and_leaves_nothing_stale() {
    let folder = tempfile::tempdir().unwrap();
    let first = written(&regressed::history(), folder.path());
    assert!(first == written(&regressed::history(), folder.path()));
    let names: Vec<String> = first
        .iter()
        .map(|(p, _)| p.strip_prefix(folder.path()).unwrap().display().to_string())
        .collect();
    assert_eq!(names[..3], ["regression.html", "REGRESSION.md", "regression.json"]);
    assert_eq!(names.iter().filter(|n| n.ends_with(".png")).count(), 6, "{names:?}");
    assert!(names.contains(&"tables/regression-levels.csv".to_owned()), "{names:?}");
    // Foreign files stay.
    for mine in ["regression/mine.svg", "regression/trend-mine.png", "tables/best.csv"] {
        fs::write(folder.path().join(mine), "kept").unwrap();
    }
    written(&regressed::improved(), folder.path());
    let mut left: Vec<String> = ["regression", "tables"]
        .iter()
        .flat_map(|f| fs::read_dir(folder.path().join(f)).unwrap())
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(
        left,
        [
            "best.csv",
            "changes.png",
            "changes.svg",
            "mine.svg",
            "regression-changes.csv",
            "regression-comparisons.csv",
            "regression-configurations.csv",
            "trend-mine.png"
        ]
    );
}

#[test]
fn the_page_says_what_the_markdown_says_and_reaches_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for r in [
        regressed::regressed(),
        regressed::history(),
        regressed::incomplete(),
        regressed::identical(),
    ] {
        written(&r, folder.path());
        let page = fs::read_to_string(folder.path().join("regression.html")).unwrap();
        assert!(page.contains(&headline(&r)), "{}", headline(&r));
        let own = page.replace("http://www.w3.org/2000/svg", "");
        for banned in ["http:", "https:", "src=", "@import", "url(", " style=", "onclick"] {
            assert!(!own.contains(banned), "{banned}");
        }
        for link in page.split(" href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            let id = link.strip_prefix('#').expect(link);
            assert_eq!(page.matches(&format!(" id=\"{id}\"")).count(), 1, "{link}");
        }
        let figures = page.matches("<figure ").count();
        assert_eq!(page.matches("<svg ").count(), 2 * figures);
    }
}

#[test]
fn a_page_of_many_nights_and_configurations_stays_small() {
    let folder = tempfile::tempdir().unwrap();
    let files = written(&regressed::extreme::crowd(30, 400), folder.path());
    let page = String::from_utf8(files[0].1.clone()).unwrap();
    assert!(page.len() < 5_000_000, "{}", page.len());
    assert_eq!(files.iter().filter(|(p, _)| p.extension().is_some_and(|e| e == "png")).count(), 31);
    assert!(page.contains("more figures are in the folder"));
}

#[test]
fn hostile_text_has_no_power_anywhere() {
    let folder = tempfile::tempdir().unwrap();
    let r = regressed::extreme::hostile(HOSTILE);
    for (path, bytes) in written(&r, folder.path()) {
        let name = path.display().to_string();
        if name.ends_with(".png") {
            continue;
        }
        let text = String::from_utf8(bytes).unwrap();
        // JSON is for programs, so its strings are not escaped.
        let turned = text.contains('\u{202e}') && !name.ends_with(".json");
        assert!(!text.contains('\x1b') && !turned, "{name}");
        if name.ends_with(".csv") {
            for field in text.split(['\n', ',']).map(|f| f.trim_start_matches('"')) {
                let formula = field.starts_with(['=', '+', '-', '@', '\t']);
                assert!(!formula || field.parse::<f64>().is_ok(), "{name}: {field}");
            }
        } else if !name.ends_with(".json") {
            assert!(!text.contains("<script>alert") && !text.contains("<img"), "{name}");
        }
    }
    assert!(!headline(&r).contains(['\n', '\x1b', '\u{202e}']));
    let page = fs::read_to_string(folder.path().join("regression.html")).unwrap();
    assert_eq!(page.matches("<script").count(), 3);
    assert!(!page.contains("<!--") && page.contains("alert(1)"));
    let text = fs::read_to_string(folder.path().join("REGRESSION.md")).unwrap();
    let prose = text.replace("\\]", "").replace("\\`", "");
    assert!(!prose.contains("](") && !prose.contains('<') && !prose.contains("://"), "{text}");
    assert!(text.lines().count() <= 60);
    // An invalid commit never becomes part of a command.
    assert!(!text.contains("git log --oneline <") && !text.contains("$("), "{text}");
    let cells = |line: &str| line.replace("\\|", "").matches('|').count();
    let mut width = None;
    for line in text.lines() {
        match (line.starts_with('|'), width) {
            (true, None) => width = Some(cells(line)),
            (true, Some(n)) => assert_eq!(cells(line), n, "{line}"),
            (false, _) => width = None,
        }
    }
}

#[test]
fn changes_as_data() {
    let figure = changes(&regressed::regressed(), &Title::Nightly).unwrap();
    insta::assert_snapshot!(format!("{}\ncaption: {}", figure.data, figure.description()));
    assert!(changes(&regressed::unchanged(), &Title::Nightly).is_none());
}

#[test]
fn trends_as_data() {
    let mut r = regressed::history();
    r.trends.retain(|t| {
        matches!(
            t.metric,
            RegressMetric::TEST_LOSS | RegressMetric::TRAIN_LOSS | RegressMetric::TEST_ACCURACY
        )
    });
    let of = |label: &str| {
        let figure = trend(&r, r.trends.iter().find(|t| t.label == label).unwrap().series).unwrap();
        format!("{}\ncaption: {}", figure.data, figure.description())
    };
    insta::assert_snapshot!("trend_with_a_jump", of("momentum"));
    insta::assert_snapshot!("trend_with_a_drift", of("adam"));
    insta::assert_snapshot!("trend_with_two_steps", of("sgd"));
    assert!(trend(&r, Id::of("nothing")).is_none());
}

#[test]
fn values_that_are_no_numbers_are_left_out_of_figures() {
    let mut r = regressed::history();
    let series = r.trends[0].series;
    for (i, p) in r.trends.iter_mut().flat_map(|t| &mut t.points).enumerate() {
        match i % 5 {
            0 => p.mean = f64::NAN,
            1 => p.high = f64::INFINITY,
            2 => p.low = f64::NEG_INFINITY,
            _ => {}
        }
    }
    for (i, c) in r.configs.iter_mut().flat_map(|c| &mut c.changes).enumerate() {
        (c.before, c.effect) = (f64::NAN, [f64::INFINITY, 0.5][i % 2]);
        c.finding = Finding::Regressed;
        c.interval = Some(([f64::NAN, 0.1][i % 2], f64::INFINITY));
    }
    let text = format!(
        "{}{}",
        trend(&r, series).unwrap().data,
        changes(&r, &Title::Nightly).unwrap().data
    );
    assert!(!text.contains("NaN") && !text.contains("infinite.."), "{text}");
    let folder = tempfile::tempdir().unwrap();
    for (path, bytes) in written(&r, folder.path()) {
        if path.extension().is_some_and(|e| e == "svg") {
            let svg = String::from_utf8(bytes).unwrap();
            assert!(!svg.contains("NaN") && !svg.contains("inf "), "{}", path.display());
        }
    }
}
