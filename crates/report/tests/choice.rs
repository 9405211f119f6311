//! Intervals that include the choice: their conditions and their texts.

mod common;
#[path = "common/last.rs"]
mod last;
#[path = "common/made.rs"]
mod made;

use common::{Fixture, label};
use last::Last as _;
use made::{again, analysed, diverge, stopped};
use report::analysis::{Analysis, decide_by};
use report::page::content::{choice_table, choice_text};
use spec::plan::Plan;
use spec::stages::{Confirm, Stage};

/// Three learning rates of `grid` with these accuracies by rate and seed, and one of `other`.
fn grid(accuracies: [[f64; 5]; 3]) -> Analysis {
    let fixture = Fixture {
        labels: vec![
            label("grid", "adam", &[1e-4, 1e-3, 1e-2], 1e-3, 0.02, 1e9),
            label("other", "rmsprop", &[1e-3], 1e-3, 0.3, 1e9),
        ],
        ..Fixture::battle(5)
    };
    let mut analysis = analysed(&fixture);
    for (row, value) in analysis.rows.iter_mut().zip(accuracies.as_flattened()) {
        row.set("validation.accuracy", Some(*value));
        row.set("test.accuracy", Some(*value - 0.01));
    }
    again(&analysis)
}

/// Equally good but for chance: each is ahead on some seeds.
const CLOSE: [[f64; 5]; 3] = [
    [0.970, 0.960, 0.965, 0.972, 0.961],
    [0.962, 0.971, 0.964, 0.960, 0.970],
    [0.900, 0.910, 0.905, 0.902, 0.911],
];
const CLEAR: [[f64; 5]; 3] =
    [[0.970, 0.960, 0.965, 0.972, 0.961], [0.94, 0.95, 0.945, 0.93, 0.94], [0.9; 5]];

/// Returns the table and its text as lines.
fn told(analysis: &Analysis) -> String {
    let table = choice_table(analysis);
    let head: Vec<&str> = table.head.iter().map(|head| head.name.as_str()).collect();
    let rows = table
        .rows
        .iter()
        .map(|row| row.iter().map(|cell| cell.text.as_str()).collect::<Vec<_>>().join(" | "));
    [head.join(" | ")]
        .into_iter()
        .chain(rows)
        .chain(choice_text(analysis))
        .collect::<Vec<_>>()
        .join("\n")
}

fn is_silent(analysis: &Analysis) -> bool {
    choice_table(analysis).rows.is_empty() && choice_text(analysis).is_empty()
}

#[test]
fn the_interval_of_a_close_choice_lies_lower_than_the_usual_one() {
    let analysis = grid(CLOSE);
    let found = analysis.after_selection();
    let (close, usual) = (found[0].unwrap(), analysis.configs[0].judged);
    assert_eq!((analysis.tuned[0], Some(close.mean)), (Some(0), usual.mean));
    assert!((0.4..0.8).contains(&close.again) && close.optimism > 0.0005, "{close:?}");
    assert!(close.interval.0 + close.interval.1 < 2.0 * close.mean - 0.001, "{close:?}");
    assert!(found[1].is_none(), "one configuration is no choice");
    insta::assert_snapshot!(told(&analysis));
}

#[test]
fn a_clear_choice_has_the_usual_interval() {
    let analysis = grid(CLEAR);
    let clear = analysis.after_selection()[0].unwrap();
    let usual = analysis.configs[0].judged.interval.unwrap();
    assert_eq!(clear.again, 1.0);
    // But for the chance of the resamples.
    let near = |a: f64, b: f64| (a - b).abs() < 0.02 * (usual.high - usual.low);
    assert!(near(clear.interval.0, usual.low) && near(clear.interval.1, usual.high), "{clear:?}");
}

#[test]
fn what_cannot_tell_says_nothing() {
    assert!(!is_silent(&analysed(&Fixture::battle(5))));
    assert!(is_silent(&analysed(&Fixture::battle(4))), "too few seeds");
    let mut until = grid(CLOSE);
    stopped(&mut until, &[Some(2); 20]);
    assert!(is_silent(&again(&until)), "a time to the target");
    let mut diverged = grid(CLEAR);
    diverge(&mut diverged, [1, 6, 11]);
    assert!(is_silent(&again(&diverged)), "of the chosen one a seed diverged");
    let mut missing = grid(CLEAR);
    missing.rows[2].status = None;
    assert!(is_silent(&again(&missing)), "the chosen one lacks a seed");
    assert!(is_silent(&grid([[0.9; 5]; 3])), "nothing varies");
    // What lacks a result is no choice; two are left.
    let mut out = grid(CLOSE);
    out.rows[12].status = None;
    assert!(!is_silent(&again(&out)));
    out.rows[7].status = None;
    assert!(is_silent(&again(&out)));
}

#[test]
fn less_is_better_of_losses_and_none_is_below_zero() {
    let mut analysis = grid(CLOSE);
    analysis.plan.target.metric = spec::metric::Metric::LOSS;
    let losses = [[0.01, 0.5, 0.01, 0.02, 0.02], [0.8, 0.4, 0.8, 0.7, 0.9], [2.0; 5]];
    for (row, loss) in analysis.rows.iter_mut().zip(losses.as_flattened()) {
        row.set("validation.loss", Some(*loss));
        row.set("test.loss", Some(*loss));
    }
    let analysis = again(&analysis);
    let found = analysis.after_selection()[0].unwrap();
    assert!(found.again > 0.9 && found.interval.0 < 0.0, "{found:?}");
    let cell = &choice_table(&analysis).rows[0][4];
    assert_eq!(cell.sort, Some(0.0), "{cell:?}");
}

/// The sweep with a second stage of fresh seeds, and its results.
fn confirmed(analysis: &Analysis) -> Analysis {
    let confirm = Confirm { seeds: (1000..1005).collect(), top: 1, until: None };
    let mut plan = Plan { confirm: Some(confirm), ..analysis.plan.clone() };
    let decision = {
        let row = |id| analysis.plan.runs.iter().position(|run| run.run_id == id);
        let result =
            |run: &spec::plan::PlannedRun| Some((analysis.rows[row(run.run_id)?].clone(), None));
        decide_by(&plan, &result).unwrap()
    };
    plan.decide(decision);
    let mut rows = analysis.rows.clone();
    for run in &plan.runs[rows.len()..] {
        let mut row = rows[0].clone();
        let value = 0.955 + 0.001 * (run.spec.seed % 4) as f64;
        row.set("validation.accuracy", Some(value));
        row.set("test.accuracy", Some(value - 0.01));
        rows.push(row);
    }
    Analysis::new(plan, rows)
}

#[test]
fn fresh_seeds_come_first_and_the_choice_keeps_its_own() {
    let before = grid(CLOSE);
    let mut open = before.plan.clone();
    open.confirm = Some(Confirm { seeds: vec![1000], top: 1, until: None });
    let open = Analysis::new(open, before.rows.clone());
    assert!(choice_text(&open)[1].ends_with("of [confirm] will be the stronger evidence."));
    let after = confirmed(&before);
    assert_eq!(after.judging(), Stage::Confirm);
    assert_eq!(after.after_selection(), before.after_selection());
    assert_eq!(choice_table(&after), choice_table(&before));
    insta::assert_snapshot!(choice_text(&after)[1]);
    // Results that would choose otherwise today do not speak of what was decided on.
    let mut other = after.clone();
    for row in &mut other.rows[..5] {
        row.change("validation.accuracy", |value| value - 0.05);
    }
    let other = again(&other);
    assert!(other.tuned[0] == Some(0) && is_silent(&other));
}

#[test]
fn page_and_markdown_have_the_section_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    for (seeds, shown) in [(5, true), (4, false)] {
        let dir = Fixture::battle(seeds).write(&folder.path().join(seeds.to_string()));
        report::collect(&dir).unwrap();
        report::render(&dir).unwrap();
        let root = folder.path().join(seeds.to_string());
        let read = |name: &str| std::fs::read_to_string(root.join(name)).unwrap();
        let (page, markdown) = (read("index.html"), read("REPORT.md"));
        assert_eq!(page.contains("<h2 id=\"choice\">"), shown);
        assert_eq!(root.join("tables/choice.csv").exists(), shown);
        let at = |heading: &str| markdown.find(&format!("\n## {heading}\n"));
        let own = at("Intervals with the choice");
        assert_eq!(own.is_some(), shown);
        assert!(own.is_none_or(|own| at("Each optimizer at its best").unwrap() < own
            && own < at("Who is better than whom").unwrap()));
    }
}
