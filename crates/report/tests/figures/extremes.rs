//! Zeros, absurd values and infinities: where figures show them.

use plot::FigureData;
use plot::axis::{End, Lane};
use plot::style::Layout;
use report::analysis::Analysis;
use report::figures::{final_metric, lr_sensitivity, tuning};
use spec::metric::Metric;

use crate::common::Fixture;
use crate::frames::untrue;
use crate::last::Last as _;
use crate::{troubled, with_rows};

#[test]
fn without_an_error_there_is_a_point_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (analysis, points) = Fixture::battle(2).analysed(folder.path());
    // Of label 3 every run is perfect.
    let perfect = with_rows(&analysis, |i, row| {
        if analysis.plan.runs[i].label == "adam" {
            row.set("validation.accuracy", Some(1.0));
            row.set("test.accuracy", Some(1.0));
        }
    });
    for figure in [lr_sensitivity::figure(&perfect, &points), tuning::figure(&perfect, &points)] {
        let figure = figure.unwrap().explained();
        for layout in [Layout::Wide, Layout::Narrow] {
            let marks = figure.data.marks(layout);
            let shown =
                marks.iter().filter(|m| m.series == Some(3) && m.text.contains(": 100.00%"));
            assert!(shown.count() >= 5, "{}: {marks:?}", figure.heading);
        }
        assert!(figure.description().contains("Values of 100%"), "{}", figure.description());
        assert_eq!(untrue(figure.heading, &figure), [""; 0]);
    }
}

#[test]
fn one_zero_leaves_a_figure_of_losses_logarithmic() {
    let folder = tempfile::tempdir().unwrap();
    let (mut analysis, points) = Fixture::battle(3).analysed(folder.path());
    analysis.plan.target.metric = Metric::LOSS;
    analysis.plan.target.value = None;
    let sizes = |i: usize| 10f64.powi(-(i as i32 % 7));
    let change = |zero: bool| {
        with_rows(&analysis, |i, row| {
            let value = if zero && i == 17 { 0.0 } else { sizes(i) };
            row.set("validation.loss", Some(value));
            row.set("test.loss", Some(value));
        })
    };
    let axis = |analysis: &Analysis| lr_sensitivity::series(analysis).unwrap().panels[0].y;
    let (with, without) = (axis(&change(true)), axis(&change(false)));
    assert!(with.is_log() && with.lane(End::Low) == Some(Lane::Zero), "{with}");
    assert!(without.is_log() && without.lanes == [None, None], "{without}");
    let figure = lr_sensitivity::figure(&change(true), &points).unwrap().explained();
    assert_eq!(untrue("lr-sensitivity", &figure), [""; 0]);
}

#[test]
fn an_absurd_loss_of_a_finished_run_stands_at_the_frame() {
    let folder = tempfile::tempdir().unwrap();
    let (mut analysis, points) = Fixture::battle(3).analysed(folder.path());
    analysis.plan.target.metric = Metric::LOSS;
    analysis.plan.target.value = None;
    let absurd = with_rows(&analysis, |i, row| {
        let run = &analysis.plan.runs[i];
        if !row.completed() {
            return;
        }
        // A learning rate that is no good, and one bad seed of a label.
        if run.label == "sgd" && run.spec.optimizer.lr() < 0.01 {
            row.set("validation.loss", Some(1e35));
            row.set("test.loss", Some(1e35));
        } else if run.label == "adam" && run.spec.seed == 1 {
            row.set("test.loss", Some(1e35));
        }
    });
    let figures = report::figures::all(&absurd, &points);
    for wanted in ["final", "lr-sensitivity"] {
        let figure = &figures.iter().find(|(name, _)| *name == wanted).unwrap().1;
        let axis = match &figure.data {
            FigureData::Chart(chart) => chart.panels[0].y,
            FigureData::Rows(rows) => rows.x,
            _ => panic!("{wanted}"),
        };
        assert!(axis.scale.ends().1 < 100.0, "{wanted}: {axis}");
        assert!(
            figure.description().contains("Outliers that would squeeze"),
            "{}",
            figure.description()
        );
        assert_eq!(untrue(wanted, figure), [""; 0]);
    }
}

#[test]
fn seeds_that_diverged_are_crosses_at_the_end_of_their_row() {
    let folder = tempfile::tempdir().unwrap();
    let (analysis, points) = troubled().analysed(folder.path());
    let best = &analysis.configs[analysis.best[0].unwrap()];
    let run = best.runs[1];
    let one = with_rows(&analysis, |i, row| {
        if i == run || analysis.plan.runs[i].label == "sgd" && i % 3 == run % 3 {
            row.status = Some(spec::record::Status::Diverged);
        }
    });
    let figure = final_metric::figure(&one, &points).unwrap().explained();
    let FigureData::Rows(rows) = &figure.data else { panic!() };
    let infinite = rows.rows.iter().flat_map(|r| &r.dots).filter(|(v, _)| v.is_infinite()).count();
    assert!(infinite >= 1, "{}", figure.data);
    assert!(figure.data.marks(Layout::Wide).iter().any(|m| m.text.ends_with(": diverged")));
    assert!(
        figure.description().contains("crosses are seeds that diverged"),
        "{}",
        figure.description()
    );
    assert_eq!(untrue("final", &figure), [""; 0]);
}
