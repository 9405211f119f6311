//! Captions, subtitles and marks agree with the drawing, and every value has a position.

use plot::FigureData;
use plot::axis::{End, Lane};
use plot::chart::{Chart, CurveKind};
use plot::grid::{Fill, Grid};
use plot::output;
use plot::style::Layout;
use report::analysis::Analysis;
use report::figures::points::{Measured, Points};
use report::figures::{
    Figure, convergence, differences, final_metric, lr_sensitivity, noise, seeds, target, tuning,
};
use spec::metric::Metric;
use spec::params::Value;
use spec::record::{Split, Status, StopReason};
use spec::stopping::StopAt;

use crate::common::{Fixture, label};
use crate::frames::untrue;
use crate::{small, with_rows};

pub(crate) fn analysed(fixture: &Fixture) -> (Analysis, Points) {
    fixture.analysed(tempfile::tempdir().unwrap().path())
}

pub(crate) fn chart(figure: &Figure) -> &Chart {
    match &figure.data {
        FigureData::Chart(chart) => chart,
        _ => panic!("{} is no chart", figure.heading),
    }
}

pub(crate) fn grid(figure: &Figure) -> &Grid {
    match &figure.data {
        FigureData::Grid(grid) => grid,
        _ => panic!("{} is no grid", figure.heading),
    }
}

pub(crate) fn svg(figure: &Figure) -> String {
    output::svg(&figure.data, Layout::Wide).unwrap()
}

/// Three labels of two learning rates and three seeds that stop at the target: the first never
/// reaches it, the second reaches it with one seed, the third always.
pub(crate) fn stopping() -> (Analysis, Points) {
    let fixture = Fixture {
        labels: vec![
            label("sgd", "sgd", &[0.01, 0.1], 0.3, 0.05, 1e9),
            label("momentum", "sgd", &[0.01, 0.1], 0.05, 0.02, 1e9),
            label("adam", "adam", &[1e-3, 1e-2], 2e-3, 0.012, 1e9),
        ],
        ..Fixture::battle(3)
    };
    let (mut analysis, points) = analysed(&fixture);
    let stop = StopAt { split: Split::Validation, metric: Metric::ACCURACY, value: 0.97 };
    for (run, row) in analysis.plan.runs.iter_mut().zip(&mut analysis.rows) {
        run.spec.stop_at = Some(stop.clone());
        let epoch = match (run.label.as_str(), run.spec.seed) {
            ("adam", seed) => Some(1 + seed),
            ("momentum", 1) => Some(4),
            _ => None,
        };
        row.target_epoch = epoch;
        row.target_samples = epoch.map(|e| e * run.spec.samples_per_epoch());
        let why = if epoch.is_some() { StopReason::Target } else { StopReason::Epochs };
        row.stop_reason = Some(why.name().to_owned());
        row.epochs_completed = Some(epoch.unwrap_or(5));
    }
    (Analysis::new(analysis.plan, analysis.rows), points)
}

#[test]
fn what_never_reaches_the_target_has_a_place_in_every_figure() {
    let (analysis, points) = stopping();
    for figure in [tuning::figure(&analysis, &points), lr_sensitivity::figure(&analysis, &points)] {
        let figure = figure.unwrap().explained();
        let panel = &chart(&figure).panels[0];
        let labels: Vec<usize> = panel.curves.iter().map(|c| c.series).collect();
        assert_eq!(labels, [0, 1, 2], "{}", figure.data);
        assert!(panel.curves[..2].iter().flat_map(|c| &c.points).all(|p| p.y.is_infinite()));
        assert_eq!(panel.y.lane_text(End::High).unwrap(), "never");
        assert!(
            figure.description().contains("Runs that never reached the target are drawn in a lane")
        );
        assert!(!figure.description().contains("iverge"), "{}", figure.description());
        for layout in [Layout::Wide, Layout::Narrow] {
            // Two at one place of the lane stand side by side.
            let marks = figure.data.marks(layout);
            let never = |label: usize| {
                let of = marks.iter().filter(move |m| m.series == Some(label));
                of.filter(|m| m.text.ends_with(": never")).collect::<Vec<_>>()
            };
            assert_eq!((never(0).len(), never(1).len()), (2, 2), "{marks:?}");
            for mark in never(0) {
                let beside = never(1).iter().all(|m| (m.at.0 - mark.at.0).abs() > 8.0);
                assert!(beside, "{}: {marks:?}", figure.heading);
            }
        }
        assert_eq!(untrue(figure.heading, &figure), [""; 0]);
    }
    // The single seed that got there has its dot.
    let figure = lr_sensitivity::figure(&analysis, &points).unwrap();
    assert_eq!(chart(&figure).panels[0].dots.iter().filter(|d| d.series == 1).count(), 2);
    let caption = tuning::figure(&analysis, &points).unwrap().description();
    assert!(!caption.contains("a line begins where the median draw has a configuration that does"));
}

#[test]
fn rows_of_runs_that_stop_have_medians_and_say_how_many_got_there() {
    let (analysis, points) = stopping();
    let figure = final_metric::figure(&analysis, &points).unwrap().explained();
    let FigureData::Rows(rows) = &figure.data else { panic!() };
    let said: Vec<(&str, bool)> =
        rows.rows.iter().map(|r| (r.text.as_str(), r.interval.is_some())).collect();
    assert_eq!(said, [("median 110,000", false), ("median never", false), ("never", false)]);
    let notes: Vec<&str> = rows.rows.iter().map(|r| r.note.as_str()).collect();
    assert!(notes[0].ends_with(", 3 of 3 reached it"), "{notes:?}");
    assert!(notes[1].ends_with(", 1 of 3 reached it"), "{notes:?}");
    assert!(notes[2].ends_with(", 0 of 3 reached it"), "{notes:?}");
    assert_eq!(rows.subtitle, "Median of 3 seeds; dots: single seeds");
    assert!(
        figure.description().contains("best on top: median of 3 seeds."),
        "{}",
        figure.description()
    );
    assert!(figure.description().contains("never reached the target and count as infinite."));
    assert!(!figure.description().contains("mean") && !figure.description().contains('('));
    assert!(figure.reading.contains("median"), "{}", figure.reading);
    let marks = figure.data.marks(Layout::Wide);
    assert!(marks.iter().any(|m| m.text == "momentum \u{b7} median: never"), "{marks:?}");
    assert_eq!(untrue("final", &figure), [""; 0]);
    // Crosses of the heatmap are of what never got there, and so is their key.
    let figure = seeds::figure(&analysis, &points).unwrap();
    assert!(grid(&figure).has(Fill::Never) && !grid(&figure).has(Fill::Crossed));
    assert!(figure.description().contains("Runs that never reached the target are crossed out."));
    assert!(svg(&figure).contains(">never<") && !svg(&figure).contains(">diverged<"));
    // All that race arrive, or not all.
    let caption = |analysis: &Analysis| target::figure(analysis, &points).unwrap().description();
    assert!(caption(&analysis).contains("never reaches the target"));
}

/// Curves that stay at these losses after a start at 0.6, one per label.
fn at(losses: &[f64]) -> Chart {
    let labels = (0..losses.len()).map(|i| {
        label(&format!("adam-{i}"), "adam", &[1e-3 * (1.0 + 0.1 * i as f64)], 1e-3, 0.02, 1e9)
    });
    let (analysis, _) = analysed(&Fixture { labels: labels.collect(), ..Fixture::battle(1) });
    let mut points = Points::default();
    for (run, loss) in losses.iter().enumerate() {
        for split in [Split::Train, Split::Validation] {
            for epoch in 0..=5 {
                let value = if epoch == 0 { 0.6 } else { loss * (1.0 - 0.02 * epoch as f64) };
                let measured = Measured { epoch, step: epoch * 100, value };
                if split == Split::Validation || epoch > 0 {
                    points.put(run, split, Metric::LOSS, measured);
                }
            }
        }
    }
    convergence::series(&analysis, &points, convergence::Along::Epochs).unwrap()
}

#[test]
fn a_sensible_curve_beside_an_absurd_one_keeps_its_place() {
    for losses in [&[2e9, 0.56][..], &[0.56, 2e9], &[0.5, 2e9, 1e9], &[0.5, 2e9, 1e9, 3e9, 4e9]] {
        let y = at(losses).panels[0].y;
        assert!(y.is_log() && y.lanes == [None, None], "{losses:?}: {y}");
    }
    // One of many is an exception that would squeeze all others together.
    let y = at(&[0.5, 0.4, 0.3, 0.35, 2e9]).panels[0].y;
    assert!(y.lanes == [None, Some(Lane::Beyond)] && y.outside(0.3).is_none(), "{y}");
    let y = at(&[0.5, 0.4, 0.3, 0.35, 1e-9]).panels[0].y;
    assert!(!y.is_log() && y.lanes == [None, None], "{y}");
}

#[test]
fn pieces_of_the_training_loss_are_named_by_their_length() {
    // Of 55,000 samples: 6, 43 and 860 steps.
    let cases = [
        ([10_000, 10_000], "each step"),
        ([1_300, 1_300], "every 3 steps"),
        ([64, 64], "each twentieth of an epoch"),
        ([10_000, 1_300], "1 to 3 steps at a time, by the size of the batches"),
    ];
    for (sizes, what) in cases {
        let (mut analysis, points) = analysed(&small());
        for run in &mut analysis.plan.runs {
            run.spec.data.batch_size = sizes[usize::from(run.label == "sgd")];
        }
        let walk = noise::figure(&analysis, &points).unwrap();
        let said = format!("Mean training loss over {what}, at");
        assert!(walk.description().starts_with(&said), "{}", walk.description());
        assert!(walk.data.subtitle().starts_with(&format!("Mean over {what}; pale")));
        let caption = convergence::by_step(&analysis, &points).unwrap().description();
        assert!(caption.contains(&format!("the mean over {what}.")), "{caption}");
    }
}

#[test]
fn how_many_runs_ended_early_is_a_sentence() {
    let (analysis, points) = analysed(&Fixture { seeds: 4, ..small() });
    let caption = |target: usize, patience: usize| {
        let ended = with_rows(&analysis, |i, row| {
            let best = analysis.best.iter().flatten();
            let runs: Vec<usize> =
                best.flat_map(|&b| analysis.configs[b].runs.iter().copied()).collect();
            let Some(nth) = runs.iter().position(|r| *r == i) else { return };
            let why = match nth {
                n if n < target => StopReason::Target,
                n if n < target + patience => StopReason::EarlyStopping,
                _ => return,
            };
            (row.stop_reason, row.epochs_completed) = (Some(why.name().to_owned()), Some(1));
        });
        convergence::figure(&ended, &points).unwrap().description()
    };
    let end = ": a line ends where its first seed did.";
    for (counts, said) in [
        ((3, 0), " 3 of these 8 runs ended early, at the target"),
        ((0, 8), " All 8 runs ended early, by early stopping"),
        ((1, 2), " 3 of these 8 runs ended early, 1 at the target and 2 by early stopping"),
    ] {
        let caption = caption(counts.0, counts.1);
        assert!(caption.contains(&format!("{said}{end}")), "{caption}");
    }
    assert!(!caption(0, 0).contains("ended early"));
}

#[test]
fn how_to_read_a_figure_knows_which_side_is_good() {
    let (mut analysis, points) = analysed(&small());
    let readings = |analysis: &Analysis| {
        let tuning = tuning::figure(analysis, &points).unwrap().reading;
        (tuning, lr_sensitivity::figure(analysis, &points).unwrap().reading)
    };
    let (by_draws, by_rate) = readings(&analysis);
    assert!(by_draws.contains("A line that is high") && by_rate.contains("A broad hill"));
    analysis.plan.target.metric = Metric::LOSS;
    analysis.plan.target.value = None;
    let lower = Analysis::new(analysis.plan, analysis.rows);
    let (by_draws, by_rate) = readings(&lower);
    assert!(by_draws.contains("a line that is low") && !by_draws.contains("high"), "{by_draws}");
    assert!(by_rate.contains("a broad valley") && !by_rate.contains("hill"), "{by_rate}");
}

#[test]
fn a_caption_is_one_sentence() {
    let (analysis, points) = analysed(&small());
    for (name, figure) in report::figures::all(&analysis, &points) {
        let caption = figure.caption.strip_suffix('.').unwrap();
        assert!(!caption.contains(". "), "{name}: {caption}");
        assert!(!figure.notes.starts_with(' '), "{name}: {}", figure.notes);
    }
}

#[test]
fn captions_speak_of_what_is_drawn() {
    let calm = Fixture {
        labels: vec![
            label("sgd", "sgd", &[0.01, 0.1], 0.3, 0.05, 1e9),
            label("adam", "adam", &[1e-3, 1e-2], 2e-3, 0.012, 1e9),
        ],
        ..small()
    };
    let (analysis, points) = analysed(&calm);
    let none_of = |figure: Figure, words: &[&str]| {
        let said = format!("{} {}", figure.data.subtitle(), figure.description()).to_lowercase();
        assert!(words.iter().all(|word| !said.contains(word)), "{words:?}: {said}");
    };
    none_of(lr_sensitivity::figure(&analysis, &points).unwrap(), &["cross"]);
    none_of(seeds::figure(&analysis, &points).unwrap(), &["crossed", "hatched"]);
    none_of(tuning::figure(&analysis, &points).unwrap(), &["begins", "cut"]);
    none_of(differences::figure(&analysis, &points).unwrap(), &["bold", "hatched"]);
    // One seed has no dots beside its marker, no second line and no test.
    let (one, points) = analysed(&Fixture { seeds: 1, ..calm });
    none_of(lr_sensitivity::figure(&one, &points).unwrap(), &["dots"]);
    none_of(noise::figure(&one, &points).unwrap(), &["pale", "over seeds"]);
    none_of(differences::figure(&one, &points).unwrap(), &["below it p", "below the lead", "holm"]);
    let faint = noise::series(&one, &points).unwrap().panels.remove(0).curves;
    assert!(faint.iter().all(|c| c.kind == CurveKind::Plain));
}

#[test]
fn a_pair_without_a_lead_is_no_pair_without_a_result() {
    let (analysis, points) = analysed(&Fixture { seeds: 6, ..small() });
    let lost = with_rows(&analysis, |i, row| {
        if analysis.plan.runs[i].label == "adam-cosine" {
            row.status = Some(Status::Diverged);
        }
    });
    // A third that completes has a lead.
    let figure = differences::figure(&lost, &points);
    assert!(figure.is_none(), "without any lead there is no matrix");
    let (analysis, points) = analysed(&Fixture::battle(6));
    let lost = with_rows(&analysis, |i, row| {
        if analysis.plan.runs[i].label == "adam" {
            row.status = Some(Status::Diverged);
        }
    });
    let figure = differences::figure(&lost, &points).unwrap();
    assert!(grid(&figure).has(Fill::NoLead) && !grid(&figure).has(Fill::Missing));
    assert!(figure.description().ends_with("no mean lead, since no seed completed with both."));
    assert!(svg(&figure).contains(">no lead<") && !svg(&figure).contains(">no result<"));
    // Diverged runs have a lane that says so.
    let figure = final_metric::figure(&lost, &points).unwrap().explained();
    assert!(
        figure.description().contains("Runs that diverged are drawn in a lane"),
        "{}",
        figure.description()
    );
    assert!(!svg(&figure).contains('\u{221e}') && svg(&figure).contains(">diverged<"));
}

#[test]
fn shown_differences_that_do_not_matter_are_called_so() {
    let (mut analysis, points) = analysed(&Fixture { seeds: 10, ..small() });
    let caption =
        |analysis: &Analysis| differences::figure(analysis, &points).unwrap().description();
    assert!(!caption(&analysis).contains("matters"), "{}", caption(&analysis));
    analysis.plan.report.min_effect = 0.9;
    let strict = Analysis::new(analysis.plan, analysis.rows);
    let said = "The one shown is smaller than what matters ([report] min_effect = 0.9).";
    assert!(caption(&strict).ends_with(said), "{}", caption(&strict));
}

#[test]
fn rows_of_the_heatmap_are_told_apart_by_all_of_their_axes() {
    let (mut analysis, points) = analysed(&Fixture { seeds: 7, ..small() });
    for (i, run) in analysis.plan.runs.iter_mut().enumerate() {
        let text = |text: &str| Value::Text(text.to_owned());
        let axes = [
            ("data.batch_size", Value::Int(8 + i as i64 % 2)),
            ("optimizer.weight_decay", Value::Float(0.001)),
            ("schedule.kind", text("cosine")),
            ("schedule.warmup.steps", Value::Int(5)),
            ("train.steps", Value::Int(7)),
        ];
        run.axes.extend(axes.map(|(path, value)| (path.to_owned(), value)));
    }
    let figure = seeds::figure(&analysis, &points).unwrap();
    let head = &grid(&figure).rows[0].head;
    let said = "lr 0.01, batch_size 8, weight_decay 0.001, schedule cosine, schedule.warmup.steps 5, train.steps 7";
    assert_eq!(head, said);
    // They stand there whole, beside cells with their texts where both have room.
    for (layout, kept, texts) in
        [(Layout::Wide, 3, true), (Layout::Narrow, 3, false), (Layout::Narrow, 2, true)]
    {
        for run in &mut analysis.plan.runs {
            let paths = ["optimizer.lr", "data.batch_size", "optimizer.weight_decay"];
            run.axes.retain(|path, _| paths[..kept].contains(&path.as_str()));
        }
        let figure = seeds::figure(&analysis, &points).unwrap();
        let drawn = output::svg(&figure.data, layout).unwrap();
        for row in &grid(&figure).rows {
            assert!(drawn.contains(&format!(">{}<", row.head)), "{layout:?}: {}", row.head);
            let mut cells = row.cells.iter().filter(|c| texts && !c.text.is_empty());
            assert!(cells.all(|c| drawn.contains(&format!(">{}<", c.text))), "{layout:?}: {row:?}");
        }
    }
}
