//! Reports of sweeps over functions, from descents that are computed here.

mod common;
#[path = "common/frames.rs"]
mod frames;
#[path = "landscape/generated.rs"]
mod generated;
#[path = "landscape/seeds.rs"]
mod seeds;

use std::fs;
use std::path::Path;

use plot::output;
use plot::style::Layout;
use report::analysis::Analysis;
use report::figures::Figure;
use report::figures::points::Points;
use report::table::RunRow;
use spec::ModelSpec;
use spec::plan::{Plan, PlannedRun};
use spec::record::{MetricPoint, Outcome, RunRecord, Split, Status, StopReason};
use store::layout::ReportDir;
use sweep_file::{Overrides, load_text};

/// Plain descent and momentum at three learning rates each, with some seeds.
fn plan(functions: &str, seeds: u64) -> Plan {
    let text = format!(
        "name = \"hills\"\n[data]\nsteps = 50\n[model]\nkind = \"function\"\nfunction = [{functions}]\nstart_jitter = 0.01\n[train]\nepochs = 4\n[repeat]\nseeds = {{ count = {seeds} }}\n\
         [[optimizer]]\nkind = \"sgd\"\nlr = [0.001, 0.01, 0.3]\n[[optimizer]]\nkind = \"sgd\"\nlabel = \"<b>heavy\"\nmomentum = 0.9\nlr = [0.001, 0.01, 0.3]\n"
    );
    let loaded = load_text("x.toml", "x", text, &Overrides::default());
    loaded.unwrap_or_else(|e| panic!("{e}")).plan
}

/// Records a worker would have written: heavy-ball descent in 64-bit floats.
fn record(run: &PlannedRun) -> RunRecord {
    let ModelSpec::Function(model) = &run.spec.model else { panic!("no function") };
    let (function, lr) = (model.function, run.spec.optimizer.lr());
    let keep = if run.label == "sgd" { 0.0 } else { 0.9 };
    let mut metrics = Vec::new();
    let mut put = |epoch: u64, step: u64, split: Split, metric: &str, value: f64| {
        let (metric, value) = (metric.into(), value.into());
        metrics.push(MetricPoint { epoch, step, split, metric, value });
    };
    let mut at = [model.start_x + 0.002 * run.spec.seed as f64, model.start_y];
    let mut speed = [0.0; 2];
    put(0, 0, Split::Train, "x", at[0]);
    put(0, 0, Split::Train, "y", at[1]);
    put(0, 0, Split::Test, "loss", function.value(at));
    let (mut steps, mut epoch, mut diverged, mut left) = (0, 0, false, false);
    while epoch < 4 && !diverged && !left {
        epoch += 1;
        for _ in 0..50 {
            let gradient = function.gradient(at);
            for i in 0..2 {
                speed[i] = keep * speed[i] + gradient[i];
                at[i] -= lr * speed[i];
            }
            steps += 1;
            // As 32-bit floats would overflow.
            diverged = !at.iter().all(|v| v.abs() < 1e9);
            left = !diverged && function.left(at);
            if diverged {
                break;
            }
            put(epoch, steps, Split::Train, "x", at[0]);
            put(epoch, steps, Split::Train, "y", at[1]);
            if left {
                break;
            }
        }
        if !diverged {
            put(epoch, steps, Split::Train, "loss", function.value(at));
            put(epoch, steps, Split::Test, "loss", function.value(at));
        }
    }
    let status = if diverged { Status::Diverged } else { Status::Completed };
    let why = if left { StopReason::LeftDomain } else { StopReason::Epochs };
    let outcome = Outcome {
        stop_reason: (!diverged).then_some(why),
        epochs_completed: if diverged { epoch - 1 } else { epoch },
        steps,
        diverged_step: diverged.then_some(steps),
        train_seconds: 0.1,
        eval_seconds: 0.1,
        init_digest: format!("init-{}-{function}", run.spec.seed),
        batch_digest: (0..epoch).map(|e| format!("batch-{}-{e}", run.spec.seed)).collect(),
        weights_digest: (!diverged).then(|| "w".to_owned()),
        metrics,
        ..test_records::outcome(run, status)
    };
    RunRecord {
        outcome: Some(outcome),
        device: "flex".to_owned(),
        ..test_records::record(run, status)
    }
}

fn write(plan: &Plan, folder: &Path) -> ReportDir {
    let dir = ReportDir::new(folder);
    fs::create_dir_all(dir.journal()).unwrap();
    fs::write(dir.plan(), serde_json::to_vec(plan).unwrap()).unwrap();
    let lines = plan.runs.iter().map(|run| store::journal_line::write(&record(run)).unwrap());
    fs::write(
        dir.journal().join("20261123T150000Z-host-1.jsonl"),
        lines.collect::<Vec<_>>().concat(),
    )
    .unwrap();
    dir
}

fn analysed(plan: Plan, folder: &Path) -> (Analysis, Points) {
    let dir = write(&plan, folder);
    report::collect(&dir).unwrap();
    let rows = plan.runs.iter().map(|run| RunRow::of(&record(run), &plan.target)).collect();
    let analysis = Analysis::new(plan, rows);
    let points = Points::read(&dir.metrics(), &analysis).unwrap();
    (analysis, points)
}

fn figures(functions: &str, seeds: u64) -> Vec<(&'static str, Figure)> {
    let folder = tempfile::tempdir().unwrap();
    let (analysis, points) = analysed(plan(functions, seeds), folder.path());
    report::figures::all(&analysis, &points)
}

#[test]
fn several_functions_have_figures_of_their_own_and_none_in_common() {
    let figures = figures("\"ravine\", \"saddle\"", 1);
    let names: Vec<&str> = figures.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        ["landscape-ravine", "landscape-saddle", "distance-ravine", "distance-saddle", "descent"]
    );
    let texts: Vec<String> = figures
        .iter()
        .map(|(name, f)| format!("== {name}\n{}\n{}", f.description(), f.data))
        .collect();
    insta::assert_snapshot!(texts.join("\n"));
}

#[test]
fn one_function_has_the_usual_figures_too() {
    let names: Vec<&str> = figures("\"ravine\"", 3).iter().map(|(name, _)| *name).collect();
    for name in ["convergence", "final", "landscape-ravine", "distance-ravine", "descent"] {
        assert!(names.contains(&name), "{name} is not in {names:?}");
    }
    assert!(!names.contains(&"accuracy"), "{names:?}");
}

#[test]
fn each_function_chooses_its_own_learning_rate() {
    let folder = tempfile::tempdir().unwrap();
    let (analysis, _) = analysed(plan("\"ravine\", \"rosenbrock\"", 1), folder.path());
    assert!(analysis.best.iter().all(Option::is_none), "values of two functions were compared");
    let best: Vec<Vec<f64>> = analysis
        .tasks()
        .iter()
        .map(|task| {
            let configs = task.analysis.best.iter().flatten().map(|&i| &task.analysis.configs[i]);
            configs.map(|c| task.analysis.planned(c).spec.optimizer.lr()).collect()
        })
        .collect();
    // Of the ravine's curvature of 100 plain descent stands 0.02, Rosenbrock's is more.
    assert_eq!(best, [[0.01, 0.01], [0.001, 0.001]]);
}

#[test]
fn the_page_says_what_each_optimizer_reached_and_escapes_its_label() {
    let folder = tempfile::tempdir().unwrap();
    let dir = write(&plan("\"ravine\", \"saddle\"", 1), folder.path());
    let redrawn = report::redraw(&dir).unwrap();
    assert!(redrawn.summary.headline.contains("2 optimizers on 2 functions"));
    let page = fs::read_to_string(dir.html()).unwrap();
    assert!(!page.contains("<b>heavy") && page.contains("&lt;b&gt;heavy"));
    assert!(page.contains("id=\"functions\"") && !page.contains("id=\"best\""));
    assert!(page.contains(" of 2 optimizers have left it by short steps"), "the saddle");
    assert!(!page.contains(".00 steps"), "steps are whole");
    assert!(!page.contains("<style>@media (prefers"), "the page's policy admits no other style");
    let markdown = fs::read_to_string(dir.markdown()).unwrap();
    assert!(markdown.contains("figures/landscape-saddle.svg"));
    let table = fs::read_to_string(dir.tables().join("functions.csv")).unwrap();
    assert_eq!(table.lines().count(), 3, "{table}");
    // What an earlier report left is removed with its function.
    let other = folder.path().join("figures/landscape-beale.svg");
    fs::write(&other, "old").unwrap();
    report::redraw(&dir).unwrap();
    assert!(!other.exists());
}

#[test]
fn the_animation_moves_stands_still_where_asked_and_ends_where_the_run_does() {
    let figures = figures("\"ravine\"", 1);
    let animation = &figures.iter().find(|(name, _)| *name == "descent").unwrap().1;
    let svg = output::svg(&animation.data, Layout::Wide).unwrap();
    assert_eq!(svg.matches("class=\"moving\"").count(), 2);
    assert_eq!(svg.matches("class=\"still\" display=\"none\"").count(), 2);
    assert!(svg.contains("prefers-reduced-motion:reduce") && !svg.contains("<script"));
    for animate in svg.split("<animate ").skip(1) {
        let attribute = |name: &str| -> Vec<f64> {
            let rest = animate.split(&format!(" {name}=\"")).nth(1).unwrap();
            rest.split('"').next().unwrap().split(';').map(|v| v.parse().unwrap()).collect()
        };
        let (keys, values) = (attribute("keyTimes"), attribute("values"));
        assert_eq!(keys.len(), values.len());
        // A browser ignores an animation whose times do not run from 0 to 1 in order.
        assert!(keys[0] == 0.0 && keys[keys.len() - 1] == 1.0, "{keys:?}");
        assert!(keys.windows(2).all(|p| p[0] <= p[1]), "{keys:?}");
    }
    let still = figures.iter().find(|(name, _)| *name == "landscape-ravine").unwrap();
    assert!(!output::svg(&still.1.data, Layout::Wide).unwrap().contains("<animate"));
}

#[test]
fn marks_are_the_same_in_both_layouts_and_inside() {
    for (name, figure) in figures("\"saddle\", \"beale\"", 2) {
        let ink = figure.data.untitled();
        let (wide, narrow) = (ink.marks(Layout::Wide), ink.marks(Layout::Narrow));
        assert!(!wide.is_empty(), "{name}");
        assert!(
            wide.iter().zip(&narrow).all(|(a, b)| a.text == b.text) && wide.len() == narrow.len()
        );
        for (layout, marks) in [(Layout::Wide, &wide), (Layout::Narrow, &narrow)] {
            let (width, height) = ink.size(layout);
            for mark in marks {
                let (x, y) = mark.at;
                assert!(x > 0.0 && x < width && y > 0.0 && y < height, "{name}: {mark:?}");
            }
        }
    }
}

#[test]
fn on_a_saddle_a_run_that_was_thrown_out_is_not_the_best() {
    let folder = tempfile::tempdir().unwrap();
    let (analysis, _) = analysed(plan("\"saddle\"", 1), folder.path());
    assert!(analysis.by_function() && analysis.best.iter().all(Option::is_none));
    let task = &analysis.tasks()[0];
    for label in 0..2 {
        let best = &task.analysis.configs[task.analysis.best[label].unwrap()];
        let lr = task.analysis.planned(best).spec.optimizer.lr();
        // At 0.3 the first step alone is 0.72, a quarter of the box.
        assert_eq!(lr, 0.01, "label {label}");
        let thrown = task.analysis.tried(label).find(|c| {
            task.analysis.planned(c).spec.optimizer.lr() == 0.3 && task.left_after(c).is_some()
        });
        let thrown = thrown.unwrap();
        // One that has not left by the end would have lost as well.
        let later = |steps: f64| task.left_after(thrown).is_some_and(|thrown| thrown < steps);
        assert!(task.left_after(best).is_none_or(later), "it would have won");
        assert!(!task.walked(thrown) && task.walked(best));
    }
    let longest = |config: &report::analysis::Config| {
        task.analysis.rows[config.runs[0]].longest_step.unwrap()
    };
    let thrown = task.analysis.configs.iter().map(longest).fold(0.0, f64::max);
    assert!(thrown >= 0.72, "{thrown}");
}

#[test]
fn a_label_that_was_only_thrown_is_named_and_has_no_map() {
    let folder = tempfile::tempdir().unwrap();
    let mut plan = plan("\"saddle\"", 1);
    plan.runs.retain(|run| run.label == "sgd" || run.spec.optimizer.lr() == 0.3);
    let (analysis, points) = analysed(plan, folder.path());
    let figures = report::figures::all(&analysis, &points);
    let names: Vec<&str> = figures.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["landscape-saddle", "distance-saddle", "descent"]);
    let caption = figures[0].1.description();
    assert!(caption.contains("so without a map: ") && caption.contains("heavy"), "{caption}");
    let dir = ReportDir::new(folder.path());
    report::redraw(&dir).unwrap();
    let table = fs::read_to_string(dir.tables().join("functions.csv")).unwrap();
    assert!(table.contains("thrown"), "{table}");
}

#[test]
fn distances_are_named_for_what_they_are_to() {
    let text = figures("\"rastrigin\", \"himmelblau\", \"beale\"", 1);
    let caption =
        |wanted: &str| text.iter().find(|(name, _)| *name == wanted).unwrap().1.description();
    assert!(caption("distance-rastrigin").contains("Distance to the global minimum"));
    assert!(caption("distance-himmelblau").contains("Distance to the nearest minimum"));
    assert!(caption("distance-beale").contains("Distance to the minimum"));
}

#[test]
fn the_value_of_a_function_is_no_test_loss() {
    let folder = tempfile::tempdir().unwrap();
    let dir = write(&plan("\"ravine\"", 3), folder.path());
    report::redraw(&dir).unwrap();
    let markdown = fs::read_to_string(dir.markdown()).unwrap();
    assert!(markdown.contains("| Value, mean"), "{markdown}");
    for word in ["est loss", "raining loss", "cross-entropy"] {
        let at = markdown.lines().find(|line| line.contains(word));
        // The walk within epochs is a figure for losses of any kind.
        assert!(at.is_none_or(|line| line.contains("epoch")), "{word}: {at:?}");
    }
}
