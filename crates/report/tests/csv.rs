//! Every CSV holds the content of its table on every kind of page: each number unrounded, under a
//! heading with its unit, and each word that qualifies a number.

mod common;
#[path = "../../regression/tests/common/regressed.rs"]
mod regressed;
#[path = "common/tables.rs"]
mod tables;

use std::path::Path;

use common::{End, Fixture};
use regression::Title;
use report::analysis::Analysis;
use report::cross_task::CrossTask;
use spec::metric::Metric;
use spec::record::Split;
use spec::stopping::StopAt;
use store::layout::ReportDir;
use tables::{Cell, Shown, read_csv, shown};

/// Words of a cell of numbers that the CSV has in its headings, or that mean an infinite number;
/// any other word of a cell must be in its own column.
const PLAIN: [&str; 15] = [
    "of", "to", "s", "min", "h", "pp", "lr", "left", "after", "below", "never", "diverged",
    "infinite", "\u{b1}", "\u{d7}",
];

/// A number as shown in a cell, and the largest distance of the number behind it.
#[derive(Debug, PartialEq)]
struct Number {
    value: f64,
    within: f64,
}

/// The numbers of a cell's text, and its words that are not [`PLAIN`].
fn parsed(text: &str) -> (Vec<Number>, Vec<String>) {
    let text = text.replace('\u{2212}', "-").replace(['%', '(', ')', '/', '\u{2013}'], " ");
    let text = text.replace('\u{d7}', " \u{d7} ");
    let (mut numbers, mut words) = (Vec::<Number>::new(), Vec::new());
    let tokens: Vec<&str> = text.split_whitespace().collect();
    for (i, token) in tokens.iter().enumerate() {
        let digits = token.replace(',', "");
        let digits = digits.trim_start_matches('+');
        let unit = tokens.get(i + 1).copied().unwrap_or_default();
        let before = if i >= 2 { tokens[i - 1] } else { "" };
        if let (Ok(value), true) =
            (digits.parse::<f64>(), token.contains(|c: char| c.is_ascii_digit()))
        {
            // `4 min 05 s` and `2 h 03 min` are one number in seconds.
            let part = matches!((unit, before), ("min", "h") | ("s", "min"));
            let scale = match unit {
                "h" => 3600.0,
                "min" => 60.0,
                _ => 1.0,
            };
            match numbers.last_mut().filter(|_| part) {
                Some(whole) => {
                    whole.value += value * scale;
                    whole.within = if unit == "min" { 60.0 } else { 0.5 };
                }
                None => numbers.push(Number { value: value * scale, within: precision(digits) }),
            }
            if i > 0 && tokens[i - 1] == "below" {
                let below = numbers.last_mut().unwrap();
                (below.value, below.within) = (below.value / 2.0, below.value / 2.0);
            }
        } else {
            match *token {
                "never" | "infinite" => numbers.push(Number { value: f64::INFINITY, within: 0.0 }),
                // The worst there is, whichever direction that is.
                "diverged" => numbers.push(Number { value: f64::NAN, within: 0.0 }),
                "-infinite" => numbers.push(Number { value: f64::NEG_INFINITY, within: 0.0 }),
                _ => {}
            }
            if !PLAIN.contains(token) && *token != "-infinite" {
                words.push((*token).to_owned());
            }
        }
    }
    (numbers, words)
}

/// Returns half a unit of the last digit shown; trailing zeros of a whole number may be rounding.
fn precision(digits: &str) -> f64 {
    let (mantissa, exponent) = digits.split_once('e').unwrap_or((digits, "0"));
    let exponent: i32 = exponent.parse().unwrap();
    let last = match mantissa.split_once('.') {
        Some((_, decimals)) => -(decimals.len() as i32),
        None if digits.len() > 2 => (mantissa.len() - mantissa.trim_end_matches('0').len()) as i32,
        None => 0,
    };
    0.5 * 10f64.powi(last + exponent) * (1.0 + 1e-9)
}

/// Compares every table of a page with its CSV; returns the number of cells of numbers.
fn check(page: &Path, dir: &ReportDir) -> usize {
    let mut seen = 0;
    for table in shown(page) {
        let rows = read_csv(&dir.tables().join(format!("{}.csv", table.name)));
        assert!(rows.len() > table.rows.len(), "{}", table.name);
        let widths: Vec<usize> = table.head.iter().map(width).collect();
        assert!(rows.iter().all(|row| row.len() == widths.iter().sum::<usize>()), "{}", table.name);
        for (shown, fields) in table.rows.iter().zip(&rows[1..]) {
            let mut rest = &fields[..];
            let mut heads = &rows[0][..];
            for ((cell, head), width) in shown.iter().zip(&table.head).zip(&widths) {
                let at = format!("{}, {}: {:?}", table.name, head.text, cell.text);
                script(cell, head, (&heads[..*width], &rest[..*width]), &at);
                seen += usize::from(compare(cell, (&heads[..*width], &rest[..*width]), &at));
                (heads, rest) = (&heads[*width..], &rest[*width..]);
            }
        }
        names_are_unique(&table, &rows[0]);
    }
    seen
}

fn names_are_unique(table: &Shown, heads: &[String]) {
    let mut names = heads.to_vec();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), heads.len(), "{}: {heads:?}", table.name);
}

/// Returns the number of CSV columns for a column of the page.
fn width(head: &Cell) -> usize {
    let further = ["data-csv2", "data-csv3", "data-csv4"];
    1 + further.iter().filter(|name| head.attribute(name).is_some()).count()
}

/// Checks the attributes from which the page's script writes its CSV.
fn script(cell: &Cell, head: &Cell, (heads, fields): (&[String], &[String]), at: &str) {
    let names = ["data-csv", "data-csv2", "data-csv3", "data-csv4"];
    let values = ["data-sort", "data-sort2", "data-sort3", "data-sort4"];
    for (i, field) in fields.iter().enumerate() {
        let name = head.attribute(names[i]).unwrap();
        assert_eq!(heads[i].trim_start_matches('\''), name, "{at}");
        let known = cell.attribute(values[i]);
        if i > 0 || known.is_some() {
            assert_eq!(field, known.unwrap_or_default(), "{at}");
        }
    }
}

/// Compares the text of a cell with its fields; returns whether it holds numbers.
fn compare(cell: &Cell, (heads, fields): (&[String], &[String]), at: &str) -> bool {
    if cell.attribute("data-sort").is_none() {
        let text = if cell.text == "\u{2013}" { "" } else { cell.text.as_str() };
        let formula = fields[0].strip_prefix('\'').is_some_and(|field| field == text);
        assert!(formula || fields[0] == text, "{at}: {fields:?}");
        return false;
    }
    let (numbers, words) = parsed(&cell.text);
    let named: Vec<(&str, &str)> =
        heads.iter().map(String::as_str).zip(fields.iter().map(String::as_str)).collect();
    let of_word = |head: &str| head.ends_with(", qualifier") || head.ends_with(", unit");
    let unit = named.iter().find(|(head, _)| head.ends_with(", unit")).map(|(_, unit)| *unit);
    let held: Vec<&(&str, &str)> =
        named.iter().filter(|(head, field)| !of_word(head) && !field.is_empty()).collect();
    // What the page says in words where both ends are one number.
    let held = match cell.text.as_str() {
        text if text.ends_with(" alone") => {
            assert!(held.len() == 2 && held[0].1 == held[1].1, "{at}: {named:?}");
            vec![held[0]]
        }
        "all seeds equal" => {
            assert!(held.len() == 2 && held[0].1 == held[1].1, "{at}: {named:?}");
            return true;
        }
        _ => held,
    };
    assert_eq!(numbers.len(), held.len(), "{at}: {named:?}");
    for (number, (head, field)) in numbers.iter().zip(held) {
        let value: f64 = field.parse().unwrap_or_else(|_| panic!("{at}: {field}"));
        let fraction =
            head.ends_with("[fraction]") || unit.is_some_and(|unit| unit.starts_with("fraction"));
        let value = if fraction { value * 100.0 } else { value };
        let same = match number.value {
            shown if shown.is_nan() => value.is_infinite(),
            shown => shown == value || (shown - value).abs() <= number.within,
        };
        assert!(same, "{at}: {number:?} is {field} below {head:?}");
    }
    let qualifier: Vec<&str> = named
        .iter()
        .filter(|(head, _)| head.ends_with(", qualifier"))
        .map(|(_, word)| *word)
        .collect();
    let words: Vec<String> = words.into_iter().filter(|word| word != "alone").collect();
    assert_eq!(words.join(" "), qualifier.concat(), "{at}");
    true
}

#[test]
fn a_number_or_a_word_that_the_csv_lacks_is_found() {
    let of = |text: &str, sort: &str, heads: &[&str], fields: &[&str]| {
        let attributes = [("data-sort".to_owned(), sort.to_owned())].into();
        let cell = Cell { attributes, text: text.to_owned() };
        let own = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
        let (heads, fields) = (own(heads), own(fields));
        std::panic::catch_unwind(|| compare(&cell, (&heads, &fields), "")).is_ok()
    };
    let range = "97.85\u{2013}97.97%";
    let ends = ["x, lower end [fraction]", "x, upper end [fraction]"];
    assert!(of(range, "0.97851", &ends, &["0.97851", "0.97968"]));
    assert!(!of(range, "0.97851", &ends[..1], &["0.97851"]), "one end");
    assert!(!of(range, "0.97851", &ends, &["0.97851", "0.9790"]), "another number");
    assert!(!of("+0.21", "0.0021", &["Lead in points"], &["0.0021"]), "another unit");
    let decades = ["Decades", "Decades, qualifier"];
    assert!(of("at least 1.5", "1.52", &decades, &["1.52", "at least"]));
    assert!(!of("at least 1.5", "1.52", &decades[..1], &["1.52"]), "no word");
    assert!(of("4 min 05 s", "244.7", &["Time [s]"], &["244.7"]));
    assert!(of("never", "inf", &["Steps"], &["inf"]) && !of("never", "3", &["Steps"], &["3"]));
}

fn collected(fixture: &Fixture, folder: &Path) -> ReportDir {
    let dir = fixture.write(folder);
    report::collect(&dir).unwrap();
    dir
}

fn sweeps() -> Vec<Fixture> {
    let mut troubled = Fixture::battle(5);
    troubled.ends = vec![
        ("adam".to_owned(), 1e-3, 3, End::Failed("out of memory".to_owned())),
        ("adam".to_owned(), 1e-3, 4, End::Missing),
        ("momentum".to_owned(), 1e-2, 1, End::Diverged { step: 17 }),
        ("rmsprop".to_owned(), 3e-4, 0, End::Diverged { step: 9 }),
    ];
    let mut gone = Fixture::battle(3);
    gone.all = Some(End::Diverged { step: 17 });
    let mut holdout = Fixture::battle(4);
    holdout.validation = 0;
    vec![
        Fixture::battle(10),
        troubled,
        gone,
        holdout,
        Fixture::lesson(),
        Fixture { target: 0.999, ..Fixture::battle(2) },
        Fixture::hostile(),
    ]
}

#[test]
fn the_csv_of_every_report_says_what_its_table_says() {
    let mut seen = 0;
    for fixture in sweeps() {
        let folder = tempfile::tempdir().unwrap();
        let dir = collected(&fixture, folder.path());
        report::render(&dir).unwrap();
        seen += check(&dir.html(), &dir);
    }
    assert!(seen > 5000, "{seen}");
}

#[test]
fn the_csv_of_a_report_by_loss_says_what_its_table_says() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::battle(4);
    let dir = collected(&fixture, folder.path());
    let mut plan = fixture.plan();
    plan.target.split = Split::Validation;
    plan.target.metric = Metric::LOSS;
    plan.target.value = Some(0.1);
    std::fs::write(dir.plan(), serde_json::to_vec(&plan).unwrap()).unwrap();
    report::render(&dir).unwrap();
    assert!(check(&dir.html(), &dir) > 500);
}

#[test]
fn the_csv_of_several_reports_says_what_its_table_says() {
    let folder = tempfile::tempdir().unwrap();
    let tasks = [(5, 4), (3, 3), (12, 3)].map(|(epochs, seeds)| Fixture {
        name: format!("task-{epochs}"),
        epochs,
        target: 0.93,
        ..Fixture::battle(seeds)
    });
    let dirs: Vec<ReportDir> =
        tasks.iter().map(|f| collected(f, &folder.path().join(&f.name))).collect();
    let out = ReportDir::new(folder.path().join("out"));
    report::cross_task::cross_task(&dirs, out.path()).unwrap();
    assert!(check(&out.html(), &out) > 200);
}

#[test]
fn the_csv_of_several_reports_that_stop_at_the_target_says_what_its_table_says() {
    let folder = tempfile::tempdir().unwrap();
    let stop = StopAt { split: Split::Validation, metric: Metric::ACCURACY, value: 0.93 };
    let stopped = |epochs: u64| {
        let fixture = Fixture { name: format!("task-{epochs}"), epochs, ..Fixture::battle(5) };
        let (analysis, _) = fixture.analysed(&folder.path().join(&fixture.name));
        let (mut plan, mut rows) = (analysis.plan, analysis.rows);
        for ((run, row), i) in plan.runs.iter_mut().zip(&mut rows).zip(0..) {
            run.spec.stop_at = Some(stop.clone());
            // Of some all seeds, of some few, of some none.
            let epoch = Some(1 + i % 2).filter(|_| i * 7 % 11 < 4 + epochs % 5);
            row.target_samples = epoch.map(|e| e * run.spec.samples_per_epoch());
            (row.target_epoch, row.target_step) = (epoch, epoch.map(|e| e * 100));
        }
        Analysis::new(plan, rows)
    };
    let all = CrossTask::of(vec![stopped(5), stopped(7)]);
    let out = ReportDir::new(folder.path().join("out"));
    report::cross_task::write(&all, Vec::new(), out.path()).unwrap();
    assert!(check(&out.html(), &out) > 200);
}

#[test]
fn the_csv_of_every_comparison_of_nights_says_what_its_table_says() {
    let all = [
        regressed::regressed(),
        regressed::unchanged(),
        regressed::identical(),
        regressed::incomplete(),
        regressed::improved(),
        regressed::first_night(),
        regressed::history(),
        regressed::extreme::hostile(common::HOSTILE),
    ];
    let mut seen = 0;
    for r in all {
        let folder = tempfile::tempdir().unwrap();
        let dir = ReportDir::new(folder.path());
        regression::render(&r, &dir, &Title::Nightly).unwrap();
        seen += check(&dir.regression_html(), &dir);
    }
    assert!(seen > 500, "{seen}");
}

#[test]
fn an_interval_has_two_ends_and_points_are_points() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::battle(5);
    let (analysis, _) = fixture.analysed(folder.path());
    let dir = ReportDir::new(folder.path());
    report::render(&dir).unwrap();
    let rows = read_csv(&dir.tables().join("comparison.csv"));
    let column = |name: &str| {
        let at = rows[0].iter().position(|head| head == name);
        let at = at.unwrap_or_else(|| panic!("{name} is not in {:?}", rows[0]));
        rows[1..].iter().map(|row| row[at].parse::<f64>().unwrap()).collect::<Vec<_>>()
    };
    let pairs = &analysis.comparison().pairs;
    let points = |of: fn(&stats::Estimate) -> f64| {
        pairs.iter().map(|pair| of(&pair.gain) * 100.0).collect::<Vec<_>>()
    };
    assert_eq!(column("Lead in points"), points(|e| e.mean.unwrap()));
    assert_eq!(column("95% interval, lower end"), points(|e| e.interval.unwrap().low));
    assert_eq!(column("95% interval, upper end"), points(|e| e.interval.unwrap().high));
    let of: Vec<f64> = column("Seeds won, of");
    assert!(of.iter().all(|n| *n == 5.0), "{of:?}");
}

#[test]
fn a_range_that_ends_with_its_grid_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut fixture = Fixture::battle(3);
    // The best at the highest learning rate: the range is open there.
    fixture.labels[3].lrs = vec![1e-4, 3e-4, 1e-3];
    let dir = collected(&fixture, folder.path());
    report::render(&dir).unwrap();
    let rows = read_csv(&dir.tables().join("learning-rates.csv"));
    let at = |name: &str| rows[0].iter().position(|head| head == name).unwrap();
    let adam = rows.iter().find(|row| row[0] == "adam").unwrap();
    assert_eq!(adam[at("Decades, qualifier")], "at least");
    assert!(adam[at("Decades")].parse::<f64>().unwrap() > 0.0);
    assert_eq!(adam[at("Learning rates tried, lowest")], "0.0001");
    assert_eq!(adam[at("Learning rates tried, highest")], "0.001");
}
