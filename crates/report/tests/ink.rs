//! Drawings of every kind of figure data at its limits: positions, and no text that leaves its
//! figure or covers another. `REPORT_GALLERY=<folder>` keeps the drawings there for inspection.

mod common;
#[path = "common/frames.rs"]
mod frames;
#[path = "ink/generated.rs"]
mod generated;
#[path = "ink/grids.rs"]
mod grids;
#[path = "../../regression/tests/common/regressed.rs"]
mod regressed;

use common::{End, Fixture};
use plot::FigureData;
use plot::axis::Axis;
use plot::canvas::text_width;
use plot::chart::{Chart, Curve, CurveKind, Entry, Panel, Point, StripRow};
use plot::output;
use plot::rows::{Row, Rows};
use plot::scale::Scale;
use plot::style::Layout;
use regression::Title;
use regression::figures::{changes, trend};

/// A text of an SVG: left, top, right, bottom (pixels) and content.
type Text = (f64, f64, f64, f64, String);

fn texts(svg: &str) -> Vec<Text> {
    svg.split("<text ").skip(1).map(text).collect()
}

fn text(element: &str) -> Text {
    let (head, rest) = element.split_once('>').unwrap();
    let attribute = |name: &str| -> Option<&str> {
        Some(head.split_once(&format!("{name}=\""))?.1.split_once('"')?.0)
    };
    let number = |name: &str| attribute(name).map(|v| v.parse::<f64>().unwrap());
    let words = rest.split_once("</text>").unwrap().0;
    let words = words.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    let words = words.replace("&amp;", "&");
    let size = number("font-size").unwrap_or(11.5);
    let width = text_width(&words, size, attribute("font-weight").is_some());
    let (x, y) = (number("x").unwrap(), number(" y").unwrap());
    let left = match attribute("text-anchor") {
        None => x,
        Some("end") => x - width,
        Some(_) => x - width / 2.0,
    };
    (left, y - 0.72 * size, left + width, y, words)
}

/// Returns the faults of the texts of a drawing.
fn faults(svg: &str, (width, height): (f64, f64)) -> Vec<String> {
    let texts = texts(svg);
    let mut faults = Vec::new();
    for (i, a) in texts.iter().enumerate() {
        if a.0 < 0.0 || a.1 < 0.0 || a.2 > width + 0.5 || a.3 > height + 0.5 {
            faults.push(format!("outside: {a:?}"));
        }
        for b in &texts[i + 1..] {
            if a.0 < b.2 - 1.0 && b.0 < a.2 - 1.0 && a.1 < b.3 - 1.0 && b.1 < a.3 - 1.0 {
                faults.push(format!("{:?} covers {:?}", a.4, b.4));
            }
        }
    }
    faults
}

fn check(name: &str, ink: &FigureData) {
    for layout in [Layout::Wide, Layout::Narrow] {
        let svg = output::svg(ink, layout).unwrap();
        if let Some(folder) = std::env::var_os("REPORT_GALLERY") {
            let folder = std::path::Path::new(&folder).join("ink");
            std::fs::create_dir_all(&folder).unwrap();
            let file = folder.join(format!("{name}-{layout:?}"));
            std::fs::write(file.with_extension("svg"), &svg).unwrap();
            std::fs::write(file.with_extension("png"), output::png(ink, layout).unwrap()).unwrap();
        }
        assert_eq!(svg.matches("<g ").count(), svg.matches("</g>").count());
        let faults = faults(&svg, ink.size(layout));
        assert!(faults.is_empty(), "{name} {layout:?}: {faults:#?}");
        let inline = output::inline(&ink.untitled(), layout, "a \"name\" <b>", "x").unwrap();
        assert!(inline.contains("aria-label=\"a &quot;name&quot; &lt;b&gt;\""));
        assert!(!inline.contains("font-family") && inline.contains("var(--ink)"), "{inline}");
    }
}

#[test]
fn no_text_of_any_figure_is_clipped_or_covered() {
    let mut diverged = Fixture::battle(2);
    diverged.all = Some(End::Diverged { step: 17 });
    let mut worst = Fixture::crowd();
    worst.labels.iter_mut().step_by(2).for_each(|l| l.diverges = 5e-3);
    let cases = [
        ("battle", Fixture::battle(5)),
        ("lesson", Fixture::lesson()),
        ("crowd", Fixture::crowd()),
        ("one", Fixture::battle(1)),
        ("twelve", Fixture::battle(12)),
        ("diverged", diverged),
        ("worst", worst),
    ];
    for (case, fixture) in cases {
        let folder = tempfile::tempdir().unwrap();
        let (analysis, points) = fixture.analysed(folder.path());
        for (name, figure) in report::figures::all(&analysis, &points) {
            check(&format!("{case}-{name}"), &figure.data);
        }
    }
}

#[test]
fn rows_with_and_without_values() {
    let row = |series: usize, values: &[f64], note: &str| Row {
        series,
        label: ["sgd", "a very long label of an optimizer that nobody would type twice"]
            [series % 2]
            .to_owned(),
        dots: values.iter().enumerate().map(|(i, v)| (*v, format!("seed {i}"))).collect(),
        mean: (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64),
        interval: (values.len() > 2).then(|| (values[0] - 0.1, values[0] + 0.2)),
        text: if values.is_empty() {
            "diverged".to_owned()
        } else {
            "0.5123 (0.5001\u{2013}0.5234)".to_owned()
        },
        note: note.to_owned(),
    };
    let many: Vec<f64> = (0..40).map(|i| 0.5 + 0.002 * f64::from(i % 7)).collect();
    let rows = Rows {
        lines: Vec::new(),
        title: "Rows".to_owned(),
        subtitle: "Dots: seeds".to_owned(),
        x_label: "loss".to_owned(),
        x: Axis::linear(0.0, 1.0),
        rows: vec![
            row(0, &many, ""),
            row(1, &[0.1, 0.1, 0.9], "2 of 5 seeds diverged, 1 of 5 without a result"),
            row(2, &[], "5 of 5 seeds diverged"),
            row(3, &[0.7], ""),
        ],
    };
    let ink = FigureData::Rows(rows);
    check("rows", &ink);
    let marks = ink.marks(Layout::Wide);
    assert_eq!(marks.len(), 41 + 4 + 2);
    // Equal values do not hide each other.
    assert_ne!(marks[42].at, marks[43].at);
    assert_eq!(marks[42].at.0, marks[43].at.0);
}

#[test]
fn every_one_of_many_equal_seeds_is_seen() {
    let equal = |n: usize| Row {
        series: 0,
        label: "sgd".to_owned(),
        dots: (0..n).map(|i| (0.975, format!("seed {i}"))).collect(),
        mean: Some(0.975),
        interval: None,
        text: "97.50%".to_owned(),
        note: String::new(),
    };
    let rows = |numbers: &[usize]| {
        FigureData::Rows(Rows {
            lines: Vec::new(),
            title: "Rows".to_owned(),
            subtitle: "Dots: seeds".to_owned(),
            x_label: "accuracy".to_owned(),
            x: Axis::percent(Scale::Linear(0.9, 1.0)),
            rows: numbers.iter().map(|n| equal(*n)).collect(),
        })
    };
    let ink = rows(&[10, 30, 3]);
    check("rows-equal", &ink);
    for layout in [Layout::Wide, Layout::Narrow] {
        let marks = ink.marks(layout);
        let ten: Vec<f64> = marks[1..11].iter().map(|m| m.at.1).collect();
        for (i, a) in ten.iter().enumerate() {
            assert!(ten[i + 1..].iter().all(|b| (a - b).abs() > 5.5), "{ten:?}");
        }
        // More than there is room for are counted.
        let svg = output::svg(&ink, layout).unwrap();
        assert_eq!(svg.matches(">\u{d7}30<").count(), 1);
        assert!(!svg.contains(">\u{d7}10<") && !svg.contains(">\u{d7}3<"));
    }
    // Room is made only where it is needed.
    let height = |numbers: &[usize]| rows(numbers).size(Layout::Wide).1;
    assert_eq!(height(&[1]), height(&[3]));
    assert!(height(&[3]) < height(&[10]) && height(&[10]) < height(&[11]));
    assert_eq!(height(&[11]), height(&[100]));
}

#[test]
fn equal_seeds_of_a_learning_rate_stand_side_by_side() {
    let mut panel =
        Panel::new("Accuracy", "learning rate", Axis::log(0.01, 1.0), Axis::linear(0.0, 1.0));
    panel.dots = (0..10)
        .map(|i| plot::chart::Dot { series: 0, x: 0.1, y: 0.5, name: format!("seed {i}") })
        .collect();
    let ink = FigureData::Chart(Chart {
        title: "Dots".to_owned(),
        subtitle: String::new(),
        entries: Vec::new(),
        panels: vec![panel],
    });
    for layout in [Layout::Wide, Layout::Narrow] {
        let marks = ink.marks(layout);
        for (i, a) in marks.iter().enumerate() {
            let apart = |b: &plot::Mark| (a.at.0 - b.at.0).abs() > 4.5;
            assert!(marks[i + 1..].iter().all(apart), "{marks:?}");
        }
    }
}

#[test]
fn counts_of_crosses_never_cover_each_other() {
    let mark = |x: f64| (x, "12/12".to_owned());
    let axis = Axis::of(Scale::Log(0.008, 1.4));
    let mut panel = Panel::new("Loss", "learning rate", axis, Axis::linear(0.0, 1.0));
    let curve = |y: f64| Point { x: 0.01, y, band: None };
    panel.curves =
        vec![Curve { series: 0, points: vec![curve(0.5)], kind: CurveKind::Barred, ringed: None }];
    let strips = [vec![0.78, 1.14], vec![0.42, 0.6], vec![0.9, 1.0, 1.1, 1.2, 1.3], vec![0.008]];
    panel.strip = strips
        .into_iter()
        .enumerate()
        .map(|(series, at)| StripRow {
            series,
            label: format!("sgd-{series}"),
            marks: at.into_iter().map(mark).collect(),
        })
        .collect();
    let (title, subtitle) = ("Crosses".to_owned(), String::new());
    let ink =
        FigureData::Chart(Chart { title, subtitle, entries: Vec::new(), panels: vec![panel] });
    check("crosses", &ink);
    // Of those that stand too near to another the counts are left out.
    let written = output::svg(&ink, Layout::Wide).unwrap().matches(">12/12<").count();
    assert!((5..10).contains(&written), "{written}");
}

#[test]
fn notes_of_legends_stand_there_whole() {
    let note = "lr 0.000316, 3 of 8 reached the target, 6 of 8 seeds";
    let labels = ["sgd", "momentum with a name"];
    let entries = labels.into_iter().enumerate().map(|(series, label)| Entry {
        series,
        label: label.to_owned(),
        note: note.to_owned(),
    });
    let points = vec![Point { x: 0.0, y: 0.5, band: None }, Point { x: 1.0, y: 0.2, band: None }];
    let curve =
        |series| Curve { series, points: points.clone(), kind: CurveKind::Marked, ringed: None };
    let panel = Panel::new("Loss", "epoch", Axis::linear(0.0, 1.0), Axis::linear(0.0, 1.0));
    let ink = FigureData::Chart(Chart {
        title: "Legends".to_owned(),
        subtitle: String::new(),
        entries: entries.collect(),
        panels: vec![Panel { curves: vec![curve(0), curve(1)], ..panel }],
    });
    check("legends", &ink);
    for layout in [Layout::Wide, Layout::Narrow] {
        let drawn = texts(&output::svg(&ink, layout).unwrap());
        let all: Vec<&str> = drawn.iter().map(|t| t.4.as_str()).collect();
        assert!(all.iter().all(|t| !t.contains('\u{2026}')), "{layout:?}: {all:?}");
        assert_eq!(all.join(" ").matches(note).count(), 2, "{layout:?}: {all:?}");
    }
}

#[test]
fn bands_that_are_cut_end_in_a_mark_at_the_frame() {
    let point = |x: f64, band| Point { x, y: 0.5, band: Some(band) };
    let of = |kind: CurveKind, points: Vec<Point>| {
        FigureData::Chart(Chart {
            title: "Bands".to_owned(),
            subtitle: String::new(),
            entries: Vec::new(),
            panels: vec![Panel {
                curves: vec![Curve { series: 0, points, kind, ringed: None }],
                ..Panel::new("y", "x", Axis::linear(0.0, 3.0), Axis::linear(0.0, 1.0))
            }],
        })
    };
    let inside = vec![point(1.0, (0.2, 0.8)), point(2.0, (0.3, 0.9))];
    let cut =
        vec![point(1.0, (0.2, 8.0)), point(2.0, (0.3, f64::INFINITY)), point(2.5, (0.4, 0.6))];
    for kind in [CurveKind::Marked, CurveKind::Barred] {
        let (plain, marked) = (of(kind, inside.clone()), of(kind, cut.clone()));
        assert_eq!(plain.at_the_ends(), [""; 0]);
        assert!(marked.at_the_ends()[0].starts_with("A dashed edge or an arrow"));
        let svg = |ink: &FigureData| output::svg(ink, Layout::Wide).unwrap();
        let dashed = |ink: &FigureData| svg(ink).contains("stroke-dasharray=\"2 2.5\"");
        assert_eq!((dashed(&plain), dashed(&marked)), (false, kind == CurveKind::Marked));
        assert_eq!(frames::seen(&marked, Layout::Wide).faults, [""; 0]);
    }
}

#[test]
fn steps_with_bands_and_a_reference_line() {
    let curve = |series: usize, shift: f64| Curve {
        series,
        points: (0..=300)
            .map(|i| {
                let y = (f64::from(i / 30) / 10.0 - shift).clamp(0.0, 1.0);
                let band = Some(((y - 0.1).max(0.0), (y + 0.1).min(1.0)));
                Point { x: f64::from(i), y, band }
            })
            .collect(),
        kind: CurveKind::Steps,
        ringed: None,
    };
    let y = Axis::percent(Scale::Linear(0.0, 1.0));
    let chart = Chart {
        title: "Runs that reached the target".to_owned(),
        subtitle: "Share of seeds".to_owned(),
        entries: (0..2)
            .map(|series| Entry { series, label: format!("label {series}"), note: String::new() })
            .collect(),
        panels: vec![Panel {
            curves: vec![curve(0, 0.0), curve(1, 0.2)],
            reference: Some((0.5, "half of the seeds".to_owned())),
            ..Panel::new("Share", "optimizer step", Axis::linear(0.0, 300.0), y)
        }],
    };
    let ink = FigureData::Chart(chart);
    check("steps", &ink);
    let marks = ink.marks(Layout::Narrow);
    assert!((100..=240).contains(&marks.len()), "{}", marks.len());
    assert_eq!(marks.last().unwrap().text, "label 1 \u{b7} optimizer step 300: 80% (70% to 90%)");
    let svg = output::inline(&ink, Layout::Wide, "x", "y").unwrap();
    assert!(svg.contains("stroke-dasharray=\"8 3.5\"") && svg.contains(">half of the seeds<"));
    // Line, band, marker and label of the second label, and nothing else of it.
    let all: usize = svg.matches("--s1").count();
    let inside: usize = svg
        .split("<g data-series=\"1\">")
        .skip(1)
        .map(|rest| rest.split_once("</g>").unwrap().0.matches("--s1").count())
        .sum();
    assert!(all > 3 && all == inside, "{all} {inside}");
}

#[test]
fn regressions_of_every_size_have_room_for_their_texts() {
    let mut two = regressed::with_history(regressed::regressed(), 2, &[]);
    two.segments[0].why = None;
    let cases = [
        ("regressed", regressed::regressed()),
        ("history", regressed::history()),
        ("one-night", regressed::first_night()),
        ("two-nights", two),
        ("crowd", regressed::extreme::crowd(30, 400)),
        ("hostile", regressed::extreme::hostile(common::HOSTILE)),
    ];
    for (case, r) in cases {
        if let Some(figure) = changes(&r, &Title::Nightly) {
            check(&format!("{case}-changes"), &figure.data);
        }
        let mut seen = Vec::new();
        for t in &r.trends {
            if !seen.contains(&t.series) && seen.len() < 4 {
                seen.push(t.series);
                let ink = trend(&r, t.series).unwrap().data;
                check(&format!("{case}-trend-{}", seen.len()), &ink);
            }
        }
    }
    // One metric alone, and every number of them.
    for n in 1..=10 {
        let mut r = regressed::history();
        let series = r.trends[0].series;
        let mut kept = 0;
        r.trends.retain(|t| {
            kept += usize::from(t.series == series);
            t.series == series && kept <= n
        });
        check(&format!("trend-of-{n}"), &trend(&r, series).unwrap().data);
    }
}
