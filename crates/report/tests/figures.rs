//! Figures as data.

mod common;
#[path = "figures/extremes.rs"]
mod extremes;
#[path = "common/frames.rs"]
mod frames;
#[path = "figures/kept.rs"]
mod kept;
#[path = "common/last.rs"]
mod last;
#[path = "figures/said.rs"]
mod said;

use common::{End as Ending, Fixture, label};
use plot::axis::Axis;
use plot::chart::CurveKind;
use plot::style::Layout;
use report::analysis::Analysis;
use report::figures::{
    accuracy, convergence, differences, final_metric, lr_sensitivity, noise, schedule, seeds,
    target, tuning,
};
use report::table::RunRow;
use spec::report_settings::{Band, FigureName};

/// Two labels, three learning rates, two seeds, two epochs; SGD diverges at the largest.
fn small() -> Fixture {
    let mut cosine = label("adam-cosine", "adam", &[1e-3, 1e-2], 2e-3, 0.012, 1e9);
    cosine.cosine = Some(spec::schedule::Per::Epoch);
    Fixture {
        labels: vec![label("sgd", "sgd", &[0.01, 0.1, 5.0], 0.3, 0.05, 5.0), cosine],
        epochs: 2,
        ..Fixture::battle(2)
    }
}

/// [`small`] with three seeds: one run diverges, one fails and one is missing.
fn troubled() -> Fixture {
    let mut fixture = Fixture { seeds: 3, ..small() };
    fixture.ends = vec![
        ("sgd".to_owned(), 0.1, 2, Ending::Diverged { step: 1234 }),
        ("adam-cosine".to_owned(), 1e-2, 0, Ending::Failed("out of memory".to_owned())),
        ("adam-cosine".to_owned(), 1e-2, 1, Ending::Missing),
    ];
    fixture
}

macro_rules! snapshot {
    ($name:ident, $fixture:expr, $module:ident) => {
        snapshot!($name, $fixture, $module, figure);
    };
    ($name:ident, $fixture:expr, $module:ident, $figure:ident) => {
        #[test]
        fn $name() {
            let folder = tempfile::tempdir().unwrap();
            let (analysis, points) = $fixture.analysed(folder.path());
            let figure = $module::$figure(&analysis, &points).unwrap();
            insta::assert_snapshot!(format!("{}\ncaption: {}", figure.data, figure.description()));
        }
    };
}

snapshot!(convergence_small, small(), convergence);
snapshot!(convergence_step_small, Fixture { epochs: 2, ..troubled() }, convergence, by_step);
snapshot!(convergence_seconds_small, troubled(), convergence, by_second);
snapshot!(final_small, troubled(), final_metric);
snapshot!(differences_of_five_seeds, Fixture { seeds: 5, ..small() }, differences);
snapshot!(differences_of_ten_seeds, Fixture { seeds: 10, ..small() }, differences);
snapshot!(differences_troubled, troubled(), differences);
snapshot!(target_troubled, Fixture { target: 0.7, ..troubled() }, target);
snapshot!(tuning_small, small(), tuning);
snapshot!(seeds_small, troubled(), seeds);
snapshot!(lr_sensitivity_troubled, troubled(), lr_sensitivity);
snapshot!(accuracy_small, small(), accuracy);
snapshot!(lr_sensitivity_small, small(), lr_sensitivity);
snapshot!(schedule_small, small(), schedule);
snapshot!(convergence_of_one_epoch, Fixture::lesson(), convergence);
snapshot!(accuracy_of_one_epoch, Fixture::lesson(), accuracy);

#[test]
fn noise_shows_one_seed_behind_the_mean() {
    let folder = tempfile::tempdir().unwrap();
    let (analysis, points) = small().analysed(folder.path());
    let chart = noise::series(&analysis, &points).unwrap();
    let kinds: Vec<(usize, usize)> =
        chart.panels[0].curves.iter().map(|c| (c.series, c.points.len())).collect();
    assert_eq!(kinds, [(0, 40), (0, 40), (1, 40), (1, 40)]);
    let (walk, mean) = (&chart.panels[0].curves[0], &chart.panels[0].curves[1]);
    assert!(walk.points.iter().zip(&mean.points).any(|(a, b)| a.y != b.y));
}

#[test]
fn figures_that_nothing_fills_are_left_out() {
    let names = |fixture: Fixture| -> Vec<&str> {
        let folder = tempfile::tempdir().unwrap();
        let (analysis, points) = fixture.analysed(folder.path());
        report::figures::all(&analysis, &points).into_iter().map(|(name, _)| name).collect()
    };
    assert_eq!(names(Fixture::lesson()), ["convergence", "accuracy", "final", "lr-schedule"]);
    assert_eq!(
        names(Fixture { all: Some(Ending::Diverged { step: 9 }), ..small() }),
        ["lr-sensitivity", "lr-schedule"]
    );
    assert_eq!(names(Fixture { all: Some(Ending::Missing), ..small() }), [""; 0]);
}

#[test]
fn the_axis_ends_where_the_longest_line_does() {
    let folder = tempfile::tempdir().unwrap();
    let (mut analysis, points) = Fixture::battle(2).analysed(folder.path());
    let end = |analysis: &Analysis| {
        convergence::series(analysis, &points, convergence::Along::Epochs).unwrap().panels[0].x
    };
    assert_eq!(end(&analysis), Axis::whole(0.0, 5.0));
    // Of each optimizer but one the first seed ends after three epochs.
    let mut firsts: Vec<usize> =
        analysis.best.iter().flatten().map(|&best| analysis.configs[best].runs[0]).collect();
    let last = firsts.pop().unwrap();
    for run in firsts {
        analysis.rows[run].epochs_completed = Some(3);
    }
    assert_eq!(end(&analysis), Axis::whole(0.0, 5.0), "one line goes on");
    analysis.rows[last].epochs_completed = Some(2);
    assert_eq!(end(&analysis), Axis::whole(0.0, 3.0));
}

#[test]
fn seconds_are_compared_only_where_they_compare() {
    let folder = tempfile::tempdir().unwrap();
    let (analysis, points) = small().analysed(folder.path());
    let shown = |analysis: &report::analysis::Analysis| {
        let names = report::figures::all(analysis, &points);
        let there = names.iter().any(|(name, _)| *name == "convergence-seconds");
        (there, report::figures::omitted(analysis).join(" "))
    };
    assert_eq!(shown(&analysis), (true, String::new()));
    // The run of a configuration that is not shown does not matter.
    let hidden = analysis.configs.iter().position(|c| c.selection.mean.is_some()).unwrap();
    let best = analysis.best[0].unwrap();
    let mut other = analysis.clone();
    assert_ne!(hidden, best);
    other.rows[other.configs[hidden].runs[0]].threads = Some(8);
    assert!(shown(&other).0);
    type Change = fn(&mut report::table::RunRow);
    let changes: [(Change, &str); 4] = [
        (|r| r.threads = Some(8), "different numbers of threads."),
        (|r| r.jobs = Some(8), "different numbers of runs side by side."),
        (|r| r.exec_id = Some("other".to_owned()), "by 2 different builds or machines."),
        (|r| r.exec_id = None, "by 2 different builds or machines."),
    ];
    for (change, why) in changes {
        let mut other = analysis.clone();
        change(&mut other.rows[analysis.configs[best].runs[1]]);
        let (there, text) = shown(&other);
        assert!(!there && text.ends_with(why), "{text}");
    }
}

#[test]
fn a_heatmap_of_too_many_rows_is_left_out_and_that_is_said() {
    let rates: Vec<f64> = (1..=41).map(|i| f64::from(i) * 1e-3).collect();
    let of = |rates: &[f64]| {
        let folder = tempfile::tempdir().unwrap();
        let labels = vec![label("adam", "adam", rates, 1e-2, 0.02, 1e9)];
        let (analysis, points) = Fixture { labels, ..small() }.analysed(folder.path());
        (seeds::figure(&analysis, &points).is_some(), report::figures::omitted(&analysis).join(" "))
    };
    assert_eq!(of(&rates[..40]), (true, String::new()));
    let (there, said) = of(&rates);
    assert!(!there && said.contains("would have 41 rows"), "{said}");
}

#[test]
fn marks_are_the_same_in_both_layouts_and_inside_the_figure() {
    for fixture in [small(), troubled(), Fixture::battle(5), Fixture::lesson(), Fixture::crowd()] {
        let folder = tempfile::tempdir().unwrap();
        let (analysis, points) = fixture.analysed(folder.path());
        for (name, figure) in report::figures::all(&analysis, &points) {
            let ink = figure.data.untitled();
            let (wide, narrow) = (ink.marks(Layout::Wide), ink.marks(Layout::Narrow));
            assert!(!wide.is_empty(), "{name}");
            let said = |marks: &[plot::Mark]| -> Vec<_> {
                marks.iter().map(|m| (m.series, m.text.clone())).collect()
            };
            assert_eq!(said(&wide), said(&narrow), "{name}");
            for (layout, marks) in [(Layout::Wide, &wide), (Layout::Narrow, &narrow)] {
                let (width, height) = ink.size(layout);
                for mark in marks {
                    let (x, y) = mark.at;
                    assert!(x > 0.0 && x < width && y > 0.0 && y < height, "{name}: {mark:?}");
                }
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let (analysis, points) = small().analysed(folder.path());
    let said = |figure: report::figures::Figure| figure.data.marks(Layout::Wide).remove(0).text;
    assert_eq!(
        said(convergence::figure(&analysis, &points).unwrap()),
        "sgd \u{b7} epoch 1: 0.4850 (0.4764 to 0.4936)"
    );
    assert_eq!(
        said(seeds::figure(&analysis, &points).unwrap()),
        "sgd \u{b7} lr 0.01, seed 0: 62.77%"
    );
}

#[test]
fn the_sweep_file_chooses_figures_and_bands() {
    let folder = tempfile::tempdir().unwrap();
    let (mut analysis, points) = Fixture { seeds: 3, ..small() }.analysed(folder.path());
    analysis.plan.report.figures =
        vec![FigureName::Noise, FigureName::ConvergenceStep, FigureName::Final];
    let figures = report::figures::all(&analysis, &points);
    let names: Vec<&str> = figures.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["noise", "convergence-step", "final"], "in the order of the file");
    assert_eq!(figures[1].1.variant_of, None, "without its main figure it stands for itself");

    let mut widths = Vec::new();
    for band in [Band::Deviation, Band::Range, Band::Interval, Band::None] {
        analysis.plan.report.band = band;
        let along = convergence::Along::Epochs;
        let chart = convergence::series(&analysis, &points, along).unwrap();
        let last = chart.panels[0].curves[0].points.last().unwrap().band;
        widths.push(last.map(|(low, high)| high - low));
        let words = convergence::figure(&analysis, &points).unwrap().description();
        let said = match band {
            Band::Interval => "95% interval of the mean (Student's t)",
            Band::Range => "bands from the lowest to the highest seed",
            Band::Deviation => "one standard deviation on either side",
            Band::None => "mean of 3 seeds.",
        };
        assert!(words.contains(said), "{words}");
    }
    // For three values: 2 sd, at most 2.31 sd between the ends, 4.97 sd by t.
    assert!(widths[0] < widths[2] && widths[1] < widths[2] && widths[3].is_none(), "{widths:?}");
}

#[test]
fn thousands_of_learning_rates_are_thinned_out() {
    // 200 learning rates over four decades, the last tenth of them diverging.
    let lrs: Vec<f64> = (0..200).map(|i| 1e-3 * 10f64.powf(4.0 * f64::from(i) / 199.0)).collect();
    let labels = vec![label("sgd", "sgd", &lrs, 0.3, 0.05, 4.0)];
    let fixture = Fixture { labels, seeds: 11, epochs: 1, ..small() };
    let folder = tempfile::tempdir().unwrap();
    let (analysis, points) = fixture.analysed(folder.path());
    let figure = lr_sensitivity::figure(&analysis, &points).unwrap();
    let chart = lr_sensitivity::series(&analysis).unwrap();
    let panel = &chart.panels[0];
    let curve = &panel.curves[0];
    assert!((50..=60).contains(&curve.points.len()), "{} points", curve.points.len());
    // The chosen learning rate is there, with its ring.
    let best = &analysis.configs[analysis.best[0].unwrap()];
    let ringed = &curve.points[curve.ringed.unwrap()];
    assert_eq!(
        (ringed.x, Some(ringed.y)),
        (analysis.planned(best).spec.optimizer.lr(), best.selection.mean)
    );
    // No diverged run is lost.
    let shown = panel.strip[0].marks.iter().map(|(_, text)| text.split_once('/').unwrap().0);
    let shown: usize = shown.map(|n| n.parse::<usize>().unwrap()).sum();
    assert!(shown > 100 && shown == analysis.counts().diverged, "{shown}");
    // 2,200 single seeds are a blot, and both texts say that they are not there.
    assert!(panel.dots.is_empty() && !chart.subtitle.contains("dots"), "{}", chart.subtitle);
    assert!(!figure.description().contains("dots") && figure.description().contains("60th part"));
    // A few more than 2,000 are what it takes.
    let fixture = Fixture { seeds: 10, ..fixture };
    let folder = tempfile::tempdir().unwrap();
    let (analysis, _) = fixture.analysed(folder.path());
    assert!(lr_sensitivity::series(&analysis).unwrap().panels[0].dots.len() > 400);
}

/// The same sweep with other results.
fn with_rows(analysis: &Analysis, change: impl Fn(usize, &mut RunRow)) -> Analysis {
    let mut rows = analysis.rows.clone();
    rows.iter_mut().enumerate().for_each(|(i, row)| change(i, row));
    Analysis::new(analysis.plan.clone(), rows)
}

#[test]
fn points_that_differ_in_more_than_the_learning_rate_are_not_joined() {
    use spec::params::Value;
    let folder = tempfile::tempdir().unwrap();
    let (analysis, points) = small().analysed(folder.path());
    let kinds = |change: &dyn Fn(usize, f64) -> Option<f64>| {
        let mut plan = analysis.plan.clone();
        for (i, run) in plan.runs.iter_mut().enumerate() {
            if let Some(decay) = change(i, run.spec.optimizer.lr()) {
                run.axes.insert("optimizer.weight_decay".to_owned(), Value::Float(decay));
            }
        }
        let changed = Analysis::new(plan, analysis.rows.clone());
        let chart = lr_sensitivity::series(&changed).unwrap();
        let kinds: Vec<CurveKind> = chart.panels[0].curves.iter().map(|c| c.kind).collect();
        (kinds, lr_sensitivity::figure(&changed, &points).unwrap().description())
    };
    let (barred, loose) = (CurveKind::Barred, CurveKind::Loose);
    assert_eq!(kinds(&|_, _| None).0, [barred, barred]);
    assert_eq!(kinds(&|_, _| Some(0.1)).0, [barred, barred], "all with one other value");
    // A random search draws both together.
    let (found, caption) = kinds(&|_, lr| Some(lr * 0.37 % 0.01));
    assert_eq!(found, [loose, loose]);
    assert!(caption.contains("Markers are the means"), "{caption}");
    assert!(caption.contains("The points of sgd and adam-cosine differ in more"), "{caption}");
    let (found, caption) =
        kinds(&|i, lr| (analysis.plan.runs[i].label == "sgd").then_some(lr * 0.37 % 0.01));
    assert_eq!(found, [loose, barred]);
    assert!(caption.contains("Lines join the means"), "{caption}");
}
