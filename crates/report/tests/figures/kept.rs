//! Texts on lines, lanes, legends and keys agree with the drawing.

use crate::last::Last as _;
use plot::FigureData;
use plot::axis::{Axis, End};
use plot::chart::{Curve, CurveKind, Panel, Point};
use plot::output;
use plot::style::Layout;
use report::figures::{
    accuracy, axes, convergence, differences, final_metric, lr_sensitivity, noise, schedule, seeds,
    target, tuning,
};
use spec::params::Value;
use spec::record::StopReason;

use crate::common::{Fixture, label};
use crate::frames::untrue;
use crate::said::{analysed, chart, grid, stopping, svg};
use crate::{small, with_rows};

#[test]
fn half_of_the_seeds_are_not_enough_for_a_line_of_medians() {
    let (analysis, points) = stopping();
    // Two of three reach it with half of momentum's configurations.
    let most = with_rows(&analysis, |i, row| {
        let run = &analysis.plan.runs[i];
        if run.label == "momentum" && run.spec.optimizer.lr() > 0.05 && run.spec.seed < 2 {
            (row.target_epoch, row.target_samples) = (Some(2), Some(20_000));
        }
    });
    let caption = tuning::figure(&most, &points).unwrap().description();
    let said = "a configuration that more than half of its seeds reach the target with";
    assert!(caption.contains(said), "{caption}");
}

#[test]
fn labels_without_a_line_of_draws_are_named() {
    let one = Fixture {
        labels: vec![
            label("sgd", "sgd", &[0.01, 0.1], 0.3, 0.05, 1e9),
            label("adam", "adam", &[1e-3], 2e-3, 0.012, 1e9),
            label("rprop", "adam", &[1e-2], 2e-3, 0.012, 1e9),
        ],
        ..small()
    };
    let (analysis, points) = analysed(&one);
    let caption = tuning::figure(&analysis, &points).unwrap().description();
    let said = "adam and rprop have no line: fewer than two configurations have a result.";
    assert!(caption.ends_with(said), "{caption}");
    let (analysis, points) = analysed(&small());
    let caption = tuning::figure(&analysis, &points).unwrap().description();
    assert!(!caption.contains("no line"), "{caption}");
}

#[test]
fn a_bar_that_ends_at_all_right_has_no_arrow() {
    let (analysis, points) = analysed(&Fixture::battle(2));
    let perfect = with_rows(&analysis, |i, row| {
        let run = &analysis.plan.runs[i];
        if run.label == "adam" || run.label == "sgd" && run.spec.seed == 1 {
            row.set("validation.accuracy", Some(1.0));
            row.set("test.accuracy", Some(1.0));
        } else if run.label == "sgd" {
            row.set("validation.accuracy", Some(0.6));
            row.set("test.accuracy", Some(0.6));
        }
    });
    let figure = final_metric::figure(&perfect, &points).unwrap().explained();
    let FigureData::Rows(rows) = &figure.data else { panic!() };
    let ends = || rows.rows.iter().filter_map(|r| r.interval);
    assert!(
        ends().any(|(low, _)| low == 1.0) && ends().any(|(low, high)| low < high && high == 1.0)
    );
    assert!(figure.description().contains("Values of 100%"), "{}", figure.description());
    assert!(!figure.description().contains("goes on beyond"), "{}", figure.description());
    assert_eq!(untrue("final", &figure), [""; 0]);
}

#[test]
fn what_lies_a_little_below_a_logarithmic_axis_stands_on_it() {
    let curve = |series: usize, values: &[f64]| {
        let points = values.iter().enumerate();
        let points = points.map(|(x, y)| Point { x: x as f64, y: *y, band: None }).collect();
        Curve { series, points, kind: CurveKind::Marked, ringed: None }
    };
    let axis = |least: f64| {
        let panel = Panel::new("", "", Axis::linear(0.0, 3.0), Axis::linear(0.0, 1.0));
        let curves = vec![
            curve(0, &[1.0, 1e-2, 3e-5, least]),
            curve(1, &[1.0, 6e-3]),
            curve(2, &[1.0, 7e-3]),
        ];
        let mut panels = vec![Panel { curves, ..panel }];
        axes::share_losses(&mut panels).unwrap();
        panels[0].y
    };
    assert!(axis(8e-6).is_log() && axis(8e-6).lane(End::Low).is_none(), "{}", axis(8e-6));
    assert!(axis(1e-12).lane(End::Low).is_some(), "far off it has a lane: {}", axis(1e-12));
}

#[test]
fn legends_count_who_reached_the_target_be_it_in_the_last_epoch() {
    let (analysis, points) = stopping();
    let figure = convergence::figure(&analysis, &points).unwrap();
    let notes: Vec<&str> = chart(&figure).entries.iter().map(|e| e.note.as_str()).collect();
    assert!(notes[2].ends_with("3 of 3 reached the target"), "{notes:?}");
    for layout in [Layout::Wide, Layout::Narrow] {
        let drawn = output::svg(&figure.data, layout).unwrap();
        assert!(!drawn.contains('\u{2026}'), "{layout:?}: {drawn}");
    }
}

#[test]
fn differences_are_rounded_as_the_tables_round_them() {
    let (analysis, points) = stopping();
    let with = |far: u64| {
        let rows = with_rows(&analysis, |i, row| {
            let run = &analysis.plan.runs[i];
            let samples = match (run.label.as_str(), run.spec.seed) {
                ("adam", _) => Some(100),
                ("momentum", seed) if seed < 2 => Some(far + seed),
                _ => None,
            };
            row.target_samples = samples;
            row.target_epoch = samples.map(|_| 1);
        });
        let figure = differences::figure(&rows, &points).unwrap();
        let cells = grid(&figure).rows.iter().flat_map(|r| &r.cells);
        cells.map(|c| c.text.clone()).collect::<Vec<_>>()
    };
    // Means of 24 and 25, and of 1,097 and 1,098.
    assert!(with(124).contains(&"+25".to_owned()), "{:?}", with(124));
    assert!(with(1197).contains(&"+1,098".to_owned()), "{:?}", with(1197));
}

#[test]
fn a_label_has_its_dash_in_every_figure() {
    let (analysis, points) = analysed(&small());
    for figure in [noise::figure(&analysis, &points), convergence::by_step(&analysis, &points)] {
        let figure = figure.unwrap();
        let plain = chart(&figure).panels[0].curves.iter().all(|c| c.kind != CurveKind::Marked);
        assert!(plain, "{}", figure.heading);
        let mut alone = figure.clone();
        let FigureData::Chart(first) = &mut alone.data else { panic!() };
        first.panels.truncate(1);
        first.entries.clear();
        assert!(svg(&alone).contains("stroke-dasharray=\"8 3.5\""), "{}", figure.heading);
    }
}

#[test]
fn of_a_function_there_are_values_and_steps() {
    let (mut analysis, points) = analysed(&Fixture { target: 0.7, ..small() });
    let texts = |analysis: &report::analysis::Analysis| {
        let figures = [
            convergence::figure(analysis, &points),
            convergence::by_step(analysis, &points),
            convergence::by_second(analysis, &points),
            noise::figure(analysis, &points),
            target::figure(analysis, &points),
        ];
        let said = |f: report::figures::Figure| {
            format!("{} {} {} {}", f.heading, f.description(), f.reading, f.data).to_lowercase()
        };
        figures.into_iter().flatten().map(said).collect::<Vec<_>>()
    };
    let network = texts(&analysis);
    assert!(network.len() == 5 && network[..4].iter().all(|text| text.contains("loss")));
    analysis.selection.function = true;
    for text in texts(&analysis) {
        for word in ["loss", "samples", "weights", "test acc", "validation acc"] {
            assert!(!text.contains(word), "{word}: {text}");
        }
    }
}

#[test]
fn a_line_that_ends_early_says_so_in_every_figure() {
    let (analysis, points) = analysed(&Fixture { seeds: 4, ..small() });
    let best = analysis.configs[analysis.best[0].unwrap()].runs[0];
    let ended = with_rows(&analysis, |i, row| {
        if i == best {
            let why = StopReason::EarlyStopping.name().to_owned();
            (row.stop_reason, row.epochs_completed) = (Some(why), Some(1));
        }
    });
    let said = " 1 of these 8 runs ended early, by early stopping:";
    for (figure, which) in [
        (convergence::figure(&ended, &points), "a line ends where its first seed"),
        (noise::figure(&ended, &points), "a strong line ends where its first seed"),
        (schedule::figure(&ended, &points), "a line ends where its longest run"),
    ] {
        let caption = figure.unwrap().description();
        assert!(caption.contains(&format!("{said} {which} did.")), "{caption}");
    }
}

#[test]
fn a_key_of_nothing_is_left_out() {
    let (analysis, points) = stopping();
    let figure = seeds::figure(&analysis, &points).unwrap();
    assert!(grid(&figure).keyed() && figure.description().contains("Lighter is better"));
    let never = with_rows(&analysis, |_, row| {
        (row.target_epoch, row.target_samples) = (None, None);
    });
    let figure = seeds::figure(&never, &points).unwrap();
    let drawn = svg(&figure);
    assert!(!drawn.contains(&format!(">{}<", grid(&figure).key)), "{drawn}");
    assert!(drawn.contains(">never<") && !figure.description().contains("Lighter"), "{drawn}");
    let (analysis, points) = analysed(&Fixture { seeds: 3, ..small() });
    let level = with_rows(&analysis, |_, row| row.change("test.accuracy", |_| 0.5));
    let figure = differences::figure(&level, &points).unwrap();
    assert!(!svg(&figure).contains(">Lead in "), "{}", figure.data);
    let figure = differences::figure(&analysis, &points).unwrap();
    assert!(svg(&figure).contains(">Lead in "), "{}", figure.data);
}

#[test]
fn nothing_is_said_of_several_values_or_seeds_where_there_is_one() {
    let (mut analysis, points) = analysed(&small());
    // A random search draws both together.
    analysis.plan.optimizers[0].axes.push("optimizer.weight_decay".to_owned());
    for run in &mut analysis.plan.runs {
        let decay = run.spec.optimizer.lr() * 0.37 % 0.01;
        run.axes.insert("optimizer.weight_decay".to_owned(), Value::Float(decay));
    }
    let caption = lr_sensitivity::figure(&analysis, &points).unwrap().description();
    assert!(!caption.contains("several other values"), "{caption}");
    assert!(caption.contains("means over the seeds"), "{caption}");
    let (one, points) = analysed(&Fixture { seeds: 1, ..small() });
    let caption = lr_sensitivity::figure(&one, &points).unwrap().description();
    assert!(caption.contains("Lines join the results of single seeds"), "{caption}");
    let figures = [
        final_metric::figure(&one, &points),
        convergence::figure(&one, &points),
        accuracy::figure(&one, &points),
    ];
    for figure in figures.into_iter().flatten() {
        assert!(!figure.reading.contains("bar ") && !figure.reading.contains("band"));
    }
    let (three, points) = analysed(&Fixture { seeds: 3, ..small() });
    assert!(final_metric::figure(&three, &points).unwrap().reading.contains("The bar shows"));
    assert!(convergence::figure(&three, &points).unwrap().reading.contains("The band around"));
}
