//! Figures as data.

mod common;

use common::{End, Fixture, label};
use report::figures::scale::Axis;
use report::figures::{accuracy, convergence, lr_sensitivity, noise, schedule};

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

macro_rules! snapshot {
    ($name:ident, $fixture:expr, $module:ident) => {
        #[test]
        fn $name() {
            let folder = tempfile::tempdir().unwrap();
            let (analysis, points) = $fixture.analysed(folder.path());
            insta::assert_snapshot!($module::figure(&analysis, &points).unwrap().ink);
        }
    };
}

snapshot!(convergence_small, small(), convergence);
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
    assert_eq!(names(Fixture::lesson()), ["convergence", "accuracy", "lr-schedule"]);
    assert_eq!(
        names(Fixture { all: Some(End::Diverged { step: 9 }), ..small() }),
        ["lr-sensitivity", "lr-schedule"]
    );
    assert_eq!(names(Fixture { all: Some(End::Missing), ..small() }), [""; 0]);
}

#[test]
fn the_axis_ends_where_training_ended_when_all_stopped_early() {
    let folder = tempfile::tempdir().unwrap();
    let (mut analysis, points) = Fixture::battle(2).analysed(folder.path());
    let end = |analysis: &report::analysis::Analysis| {
        convergence::series(analysis, &points).unwrap().panels[0].x
    };
    assert_eq!(end(&analysis), Axis::whole(0.0, 5.0));
    for row in &mut analysis.rows {
        row.stop_reason = Some("early_stopping".to_owned());
        row.epochs_completed = Some(3);
    }
    assert_eq!(end(&analysis), Axis::whole(0.0, 3.0));
    analysis.rows.iter_mut().for_each(|r| r.stop_reason = Some("epochs".to_owned()));
    assert_eq!(end(&analysis), Axis::whole(0.0, 5.0), "as planned unless all stopped early");
}
