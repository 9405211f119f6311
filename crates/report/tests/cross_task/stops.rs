//! Sweeps whose runs stop at the target: medians, runs that never reach it, and level optimizers.

use std::fs;

use plot::FigureData;
use report::analysis::{Analysis, DecidedBy, Verdict};
use report::cross_task::tables::Tables;
use report::cross_task::{CrossTask, Lost, answer, figures};
use report::page::table::Table;
use spec::metric::Metric;
use spec::record::{Split, StopReason};
use spec::stopping::StopAt;

use super::common::{Fixture, label};
use super::{analysed, changed};

/// Three labels of one configuration each, whose seeds stop at the given epochs; `None` for seeds
/// that never reach the target.
pub fn stops(name: &str, epochs: u64, of: [(&str, &[Option<u64>]); 3]) -> Analysis {
    let fixture = Fixture {
        name: name.to_owned(),
        epochs,
        labels: of
            .iter()
            .zip([1e-3, 2e-3, 3e-3])
            .map(|((name, _), lr)| label(name, "adam", &[lr], 1e-3, 0.02, 1e9))
            .collect(),
        ..Fixture::battle(of[0].1.len() as u64)
    };
    let ends: Vec<Option<u64>> = of.iter().flat_map(|(_, ends)| ends.iter().copied()).collect();
    changed(&analysed(&fixture), |plan, rows| {
        let stop = StopAt { split: Split::Validation, metric: Metric::ACCURACY, value: 0.97 };
        for ((run, row), end) in plan.runs.iter_mut().zip(rows).zip(ends) {
            run.spec.stop_at = Some(stop.clone());
            row.target_epoch = end;
            row.target_step = end.map(|e| e * run.spec.steps_per_epoch());
            row.target_samples = end.map(|e| e * run.spec.samples_per_epoch());
            row.target_seconds = end.map(|e| e as f64);
            let why = if end.is_some() { StopReason::Target } else { StopReason::Epochs };
            row.stop_reason = Some(why.name().to_owned());
            // Alike but for their learning rate.
            row.init_digest = Some(format!("{name} {}", run.spec.seed));
        }
    })
}

/// Two tasks: in the first, two labels are level and one never reaches the target; in the second,
/// only the first label reaches it with more than half of its seeds.
fn two() -> CrossTask {
    let (one, two, never) = (Some(1), Some(2), None);
    let easy =
        stops("easy", 4, [("adam", &[one; 6]), ("sgd", &[one; 6]), ("adagrad", &[never; 6])]);
    let hard = stops(
        "hard",
        5,
        [
            ("adam", &[two, two, two, two, never, never, never]),
            ("sgd", &[never; 7]),
            ("adagrad", &[two, Some(3), never, never, never, never, never]),
        ],
    );
    CrossTask::of(vec![easy, hard])
}

fn cells(table: &Table, column: &str) -> Vec<(String, bool)> {
    let at = table.head.iter().position(|h| h.name == column);
    let at = at.unwrap_or_else(|| panic!("{column}: {:?}", table.head));
    table.rows.iter().map(|row| (row[at].text.clone(), row[at].strong)).collect()
}

pub fn texts(table: &Table, column: &str) -> Vec<String> {
    cells(table, column).into_iter().map(|(text, _)| text).collect()
}

#[test]
fn ranks_stand_above_medians_and_nothing_diverged() {
    let all = two();
    let figure = figures::ranks(&all).unwrap();
    let FigureData::Grid(grid) = &figure.data else { panic!("a grid") };
    let told: Vec<Vec<(&str, &str)>> = grid
        .rows
        .iter()
        .map(|row| row.cells.iter().map(|c| (c.text.as_str(), c.note.as_str())).collect())
        .collect();
    assert_eq!(
        told,
        [
            [("1.5", "55,000"), ("1", "110,000")],
            [("1.5", "55,000"), ("3", "never (0 of 7)")],
            [("3", "never (0 of 6)"), ("2", "never (2 of 7)")],
        ]
    );
    assert!(grid.subtitle.contains("median over seeds") && !grid.subtitle.contains("mean"));
    let caption = figure.description();
    assert!(caption.contains("median over seeds"), "{caption}");
    assert!(!caption.contains("diverged") && !caption.contains("hatched"), "{caption}");
    // A cross only where all runs diverged.
    let bad = Fixture { name: "bad".to_owned(), epochs: 3, ..Fixture::battle(2) };
    let mut bad = bad;
    bad.labels[0].diverges = 0.0;
    let other = Fixture { name: "other".to_owned(), ..Fixture::battle(2) };
    let all = CrossTask::of(vec![analysed(&bad), analysed(&other)]);
    let caption = figures::ranks(&all).unwrap().description();
    assert!(caption.contains("(a cross: all its runs diverged)."), "{caption}");
}

#[test]
fn all_that_are_level_in_front_are_bold_and_medians_say_how_many_got_there() {
    let tables = Tables::of(&two());
    let easy = "easy: training samples to the target, median (seeds that reached it)";
    let bold = |text: &str, strong| (text.to_owned(), strong);
    assert_eq!(
        cells(&tables.tasks, easy),
        [
            bold("55,000 (6 of 6)", true),
            bold("55,000 (6 of 6)", true),
            bold("never (0 of 6)", false)
        ]
    );
    let hard = easy.replace("easy", "hard");
    assert_eq!(
        cells(&tables.tasks, &hard),
        [
            bold("110,000 (4 of 7)", true),
            bold("never (0 of 7)", false),
            bold("never (2 of 7)", false)
        ]
    );
    let results = "Training samples to the target, median (seeds that reached it)";
    let strong = cells(&tables.results, results).iter().filter(|(_, strong)| *strong).count();
    assert_eq!(strong, 3);
    assert_eq!(
        texts(&tables.standing, "Tasks led, alone or level"),
        ["2 of 2", "1 of 2", "0 of 2"]
    );
}

#[test]
fn medians_are_pooled_where_some_runs_never_got_there() {
    let all = two();
    let tables = Tables::of(&all);
    let named = |what: &str| format!("Training samples to the target: {what}");
    assert_eq!(texts(&tables.standing, &named("median over runs")), ["110,000", "never", "never"]);
    assert_eq!(
        texts(&tables.standing, &named("runs that reached it")),
        ["10 of 13", "6 of 13", "2 of 13"]
    );
    assert!(tables.standing.head.iter().all(|h| !h.name.contains("mean over runs")));
    let pooled = &all.pooled[0][0];
    // 6 at 55,000, 4 at 110,000, 3 never: the seventh of 13.
    assert_eq!((pooled.median, pooled.mean, pooled.iqm), (Some(110_000.0), None, None));
}

#[test]
fn a_lead_says_which_pairs_it_rests_on_and_a_level_task_is_not_won() {
    let all = two();
    let pair = all.comparison.of(all.standings[0].label, all.standings[1].label).next().unwrap();
    assert_eq!((&pair.tasks[..], &pair.lead_tasks[..]), (&[0, 1][..], &[0][..]));
    assert_eq!((pair.n, pair.compared(), pair.seeds, pair.neither), (6, 10, (4, 6, 0), 3));
    let said = answer(&all);
    // The lead of 0 on the pairs that reached the target with both is none.
    assert_eq!(
        said.headline,
        "adam came first across 2 tasks: mean rank 1.25 of 3 optimizers, best in one of 2, level in front in the other."
    );
    let tables = Tables::of(&all);
    assert_eq!(texts(&tables.comparison, "Tasks in the lead")[0], "1");
    assert_eq!(texts(&tables.comparison, "Pairs in the lead")[0], "6");
    assert_eq!(texts(&tables.comparison, "Tasks")[0], "2");
    assert_eq!(texts(&tables.comparison, "Pairs of runs")[0], "10");
    assert_eq!(texts(&tables.comparison, "Won")[0], "4 of 10");
    // Slower by an epoch with all seeds of one task, never there in the other.
    let (one, two) = (Some(1), Some(2));
    let easy = stops("easy", 4, [("adam", &[one; 6]), ("sgd", &[two; 6]), ("x", &[None; 6])]);
    let hard = stops("hard", 5, [("adam", &[two; 7]), ("sgd", &[None; 7]), ("x", &[None; 7])]);
    let said = answer(&CrossTask::of(vec![easy, hard]));
    assert_eq!(
        said.headline,
        "adam came first across 2 tasks: mean rank 1.00 of 3 optimizers, best in both; on average 55,000 fewer training samples \
         to the target than the runner-up sgd, on the 6 (task, seed) pairs of easy that reached the target with both."
    );
    let certainty = said.certainty.unwrap();
    assert!(
        certainty
            .contains("signed-rank test, in which a run that never reached the target is worse"),
        "{certainty}"
    );
}

#[test]
fn what_was_lost_is_said_as_what_it_is() {
    let all = two();
    assert_eq!(all.tasks.lost(&[0, 1], &[0, 1, 2]), Lost { diverged: false, never: true });
    assert_eq!(all.tasks.lost(&[0], &[0, 1]).what(), None);
    let pair = &all.comparison.pairs[0];
    assert_eq!((pair.decided_by, pair.verdict), (DecidedBy::SignedRanks, Verdict::Underpowered));
    let out = tempfile::tempdir().unwrap();
    report::cross_task::write(&all, Vec::new(), out.path()).unwrap();
    let text = fs::read_to_string(out.path().join("REPORT.md")).unwrap();
    let (words, ledger) = text.split_once("## Was it fair?").unwrap();
    // The lane of a task's strip is named by the figure of its own report.
    let words = words.replace("Runs that diverged or never got there", "");
    assert!(!words.contains("diverge") && !words.contains("mean \u{b1}"), "{words}");
    assert!(!words.contains('\u{b1}') && !words.contains("IQM"), "{words}");
    for said in [
        "A run that never reached the target is worse than any other.",
        "Where a run never reached the target, ranks decide over all pairs of runs",
        "Per cent of runs that reached the target within \u{3c4} training samples",
        "A run that never reached the target is never there within any \u{3c4}.",
        "Training samples to the target, in hard: dots are single seeds, the best optimizer is on top.",
        "Optimizers that are level in front in a task are all in bold",
        "A rank is the place within a task",
        "The median of training samples to the target is over all runs of the tasks",
    ] {
        assert!(words.contains(said), "{said}\n{words}");
    }
    // Two slots: times of runs side by side measure nothing.
    assert!(ledger.contains("but with runs side by side device time is a guide"), "{ledger}");
    assert!(!ledger.contains("so device times are comparable"), "{ledger}");
}
