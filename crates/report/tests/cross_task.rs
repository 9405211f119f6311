//! Several experiments on one page: compared and excluded tasks, and independence of order and of
//! hostile text.

#[path = "cross_task/by_hand.rs"]
mod by_hand;
#[path = "cross_task/claims.rs"]
mod claims;
mod common;
#[path = "cross_task/front.rs"]
mod front;
#[path = "common/last.rs"]
mod last;
#[path = "cross_task/metrics.rs"]
mod metrics;
#[path = "cross_task/score.rs"]
mod score;
#[path = "cross_task/stops.rs"]
mod stops;

use std::fs;
use std::path::{Path, PathBuf};

use common::{End, Fixture, HOSTILE, label};
use report::analysis::{Analysis, Verdict};
use report::cross_task::{CrossTask, answer, cross_task, figures};
use report::table::RunRow;
use spec::metric::Metric;
use store::layout::ReportDir;

/// The battle with other epochs: another task, so other runs. SGD never reaches the target.
fn task(name: &str, epochs: u64, seeds: u64) -> Fixture {
    Fixture { name: name.to_owned(), epochs, target: 0.93, ..Fixture::battle(seeds) }
}

fn analysed(fixture: &Fixture) -> Analysis {
    let folder = tempfile::tempdir().unwrap();
    fixture.analysed(folder.path()).0
}

fn of(fixtures: &[Fixture]) -> CrossTask {
    CrossTask::of(fixtures.iter().map(analysed).collect())
}

/// The same experiment with another plan or other rows.
fn changed(
    analysis: &Analysis,
    change: impl FnOnce(&mut spec::plan::Plan, &mut [RunRow]),
) -> Analysis {
    let (mut plan, mut rows) = (analysis.plan.clone(), analysis.rows.clone());
    change(&mut plan, &mut rows);
    Analysis::new(plan, rows)
}

fn without_target(analysis: &Analysis) -> Analysis {
    changed(analysis, |plan, rows| {
        plan.target.value = None;
        rows.iter_mut()
            .for_each(|r| (r.target_epoch, r.target_step, r.target_seconds) = (None, None, None));
    })
}

fn by_loss(analysis: &Analysis) -> Analysis {
    changed(analysis, |plan, _| {
        plan.target.metric = Metric::LOSS;
        plan.target.value = Some(0.1);
    })
}

fn names(all: &CrossTask) -> Vec<&str> {
    all.standings.iter().map(|s| all.tasks.labels[s.label].name.as_str()).collect()
}

fn written(fixtures: &[Fixture], folder: &Path) -> Vec<ReportDir> {
    let dirs = fixtures.iter().enumerate().map(|(i, f)| f.write(&folder.join(i.to_string())));
    let dirs: Vec<ReportDir> = dirs.collect();
    dirs.iter().for_each(|dir| drop(report::collect(dir).unwrap()));
    dirs
}

fn bytes(dirs: &[ReportDir], out: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let written = cross_task(dirs, out).unwrap().written;
    written
        .into_iter()
        .map(|p| (p.strip_prefix(out).unwrap().into(), fs::read(p).unwrap()))
        .collect()
}

/// Every figure as data, and what the page says.
fn told(fixtures: &[Fixture]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let dirs = written(fixtures, folder.path());
    let out = folder.path().join("out");
    cross_task(&dirs, &out).unwrap();
    let all = of(fixtures);
    let drawn: Vec<String> =
        figures::all(&all).iter().map(|(name, f)| format!("== {name}\n{}", f.data)).collect();
    format!("{}\n{}", fs::read_to_string(out.join("REPORT.md")).unwrap(), drawn.join("\n"))
}

/// Three tasks: rmsprop is missing in one, sgd loses a seed in another.
fn three() -> [Fixture; 3] {
    let mut fewer = task("fewer", 3, 3);
    fewer.labels.remove(2);
    let mut troubled = task("troubled", 4, 3);
    troubled.ends = vec![
        ("sgd".to_owned(), 1.0, 2, End::Diverged { step: 900 }),
        ("sgd".to_owned(), 0.1, 2, End::Diverged { step: 900 }),
        ("sgd".to_owned(), 1e-2, 2, End::Diverged { step: 900 }),
        ("sgd".to_owned(), 1e-3, 2, End::Diverged { step: 900 }),
        ("adam".to_owned(), 1e-3, 1, End::Failed("out of memory".to_owned())),
    ];
    [fewer, troubled, task("whole", 5, 4)]
}

#[test]
fn three_tasks_are_told_whole() {
    insta::assert_snapshot!(told(&three()));
}

#[test]
fn two_tasks_of_two_seeds_are_underpowered_and_coarse() {
    let two = [task("long", 4, 2), task("short", 2, 2)];
    let text = told(&two);
    insta::assert_snapshot!(text);
    assert!(text.contains("Confidence: underpowered. The smallest p-value"));
    assert!(text.contains("the performance profile is coarse: it can take 3 values"));
    assert!(!text.contains("is significant") && !text.contains("| **first is better**"));
    assert!(text.contains("There is no interval where a task has fewer than 3 seeds"));
}

#[test]
fn neither_order_nor_a_second_time_changes_a_byte() {
    let folder = tempfile::tempdir().unwrap();
    let dirs = written(&three(), folder.path());
    let first = bytes(&dirs, &folder.path().join("first"));
    assert!(first.len() > 15, "{}", first.len());
    let turned: Vec<ReportDir> = dirs.iter().rev().cloned().collect();
    for (dirs, out) in [(&turned, "turned"), (&dirs, "first"), (&turned, "first")] {
        assert!(bytes(dirs, &folder.path().join(out)) == first, "{out}");
    }
    // Nor do two experiments of one name, told apart by what they are.
    let mut same = three();
    same.iter_mut().for_each(|f| f.name = "same".to_owned());
    let dirs = written(&same, &folder.path().join("same"));
    let first = bytes(&dirs, &folder.path().join("a"));
    let turned: Vec<ReportDir> = dirs.iter().rev().cloned().collect();
    assert!(bytes(&turned, &folder.path().join("b")) == first);
    let page = String::from_utf8(first[0].1.clone()).unwrap();
    assert!(page.contains("<h1>same + same-2 + same-3</h1>"));
}

#[test]
fn values_of_different_metrics_are_never_pooled() {
    let (a, b) = (analysed(&task("a", 3, 3)), by_loss(&analysed(&task("b", 4, 3))));
    let all = CrossTask::of(vec![a.clone(), b.clone()]);
    assert!(
        all.tasks.groups.is_empty() && all.pooled.is_empty() && all.comparison.pairs.is_empty()
    );
    assert_eq!((all.standings.len(), all.improvements.len()), (5, 10));
    assert!(figures::all(&all).iter().all(|(name, _)| !name.starts_with("scores")));
    let said = answer(&all);
    assert!(said.certainty.unwrap().starts_with("Confidence: no two tasks share a metric"));
    assert!(!said.headline.contains("accuracy"), "{}", said.headline);
    // The third goes with the first; ranks are over all three.
    let all = CrossTask::of(vec![a.clone(), b.clone(), analysed(&task("c", 5, 3))]);
    let groups: Vec<&[usize]> = all.tasks.groups.iter().map(|g| &g.tasks[..]).collect();
    assert_eq!(groups, [&[0, 2][..]]);
    assert!(all.standings.iter().all(|s| s.ranks.len() == 3));
    assert!(all.comparison.pairs.iter().all(|p| p.tasks.len() == 2 && p.n == 6));
    // Less is better: the lowest loss has the first rank and wins its pairs.
    let all = CrossTask::of(vec![b, by_loss(&analysed(&task("c", 5, 3)))]);
    let first = all.standings[0].label;
    let loss = |t: usize, l: usize| all.tasks.chosen(t, l).unwrap().judged.mean.unwrap();
    assert!(all.tasks.shared.iter().all(|&l| (0..2).all(|t| loss(t, first) <= loss(t, l))));
    assert!(all.improvements[0].probability > 0.5 && all.comparison.pairs[0].lead.unwrap() > 0.0);
}

#[test]
fn labels_that_a_task_lacks_are_left_out_with_the_reason() {
    let mut empty = task("empty", 4, 2);
    empty.ends = empty.labels[3]
        .lrs
        .iter()
        .flat_map(|&lr| (0..2).map(move |seed| ("adam".to_owned(), lr, seed, End::Missing)))
        .collect();
    let mut fewer = task("fewer", 3, 2);
    fewer.labels.remove(0);
    fewer.labels.push(label("rprop", "adam", &[2e-3], 1e-3, 0.02, 1e9));
    let all = of(&[fewer, empty]);
    let why: Vec<(&str, &str)> = all
        .tasks
        .left_out
        .iter()
        .map(|(l, why)| (all.tasks.labels[*l].name.as_str(), why.as_str()))
        .collect();
    assert_eq!(
        why,
        [
            ("sgd", "not part of fewer"),
            ("adam", "without any result in empty"),
            ("rprop", "not part of empty"),
        ]
    );
    let mut left = names(&all);
    left.sort_unstable();
    assert_eq!(left, ["adam-cosine", "momentum", "rmsprop"]);
    // Nothing in common is said, and no figure pretends otherwise.
    let mut alone = task("alone", 2, 2);
    alone.labels = vec![label("lion", "adam", &[3e-3], 1e-3, 0.02, 1e9)];
    let none = of(&[alone, task("b", 3, 2)]);
    assert!(none.standings.is_empty());
    assert!(answer(&none).headline.contains("none can be compared"));
    assert!(
        figures::all(&none).iter().all(|(name, _)| *name == "ranks" || name.starts_with("task-"))
    );
}

#[test]
fn a_label_that_diverges_everywhere_ranks_last_and_stays() {
    let mut bad = task("bad", 3, 3);
    bad.labels[0].diverges = 0.0;
    let all = of(&[bad, task("good", 4, 3)]);
    let sgd = all.standings.iter().position(|s| all.tasks.labels[s.label].name == "sgd").unwrap();
    assert_eq!(all.standings[sgd].ranks[0], 5.0);
    let pooled = &all.pooled[0][sgd];
    assert_eq!((pooled.mean, pooled.mean_interval, pooled.diverged), (None, None, 3));
    let against = all.improvements.iter().filter(|i| i.second == all.standings[sgd].label);
    assert!(against.clone().count() == 4 && against.clone().all(|i| i.by_task[0] == 1.0));
}

#[test]
fn runs_that_two_folders_share_are_not_counted_twice() {
    let all = of(&[task("five", 3, 5), task("ten", 3, 10), task("other", 4, 5)]);
    assert_eq!(all.tasks.duplicates.len(), 1);
    assert_eq!(all.tasks.duplicates[0].runs, 125);
    assert!(all.pooled[0].iter().all(|p| p.mean.is_some() && p.mean_interval.is_none()));
    assert!(all.improvements.iter().all(|i| i.interval.is_none()));
    assert!(all.comparison.pairs.iter().all(|p| p.test.is_none() && p.verdict == Verdict::TooFew));
    let said = answer(&all);
    assert!(said.certainty.unwrap().contains("tasks hold the same runs"));
    assert!(
        said.details[0].contains("five and ten hold 125 of the same runs"),
        "{}",
        said.details[0]
    );
}

#[test]
fn pairs_that_are_not_alike_are_left_out_and_said() {
    let mut a = analysed(&task("a", 3, 4));
    let sgd = a.configs[a.best[0].unwrap()].runs.clone();
    a.rows[sgd[1]].init_digest = Some("another".to_owned());
    let all = CrossTask::of(vec![a, analysed(&task("b", 4, 4))]);
    for pair in &all.comparison.pairs {
        let with_sgd = [pair.first, pair.second].contains(&0);
        assert_eq!((pair.n, pair.unlike.len()), if with_sgd { (7, 1) } else { (8, 0) });
    }
    let unlike = all.comparison.pairs.iter().find(|p| !p.unlike.is_empty()).unwrap();
    assert_eq!(unlike.unlike, [(0, 1, "they did not start from the same weights")]);
}

#[test]
fn tasks_without_a_target_do_not_count_in_the_profile() {
    let (a, b) = (analysed(&task("a", 3, 3)), analysed(&task("b", 4, 3)));
    let panels = |all: &CrossTask| figures::profile(all).map(|f| f.data.to_string());
    let both = CrossTask::of(vec![a.clone(), b.clone()]);
    let one = CrossTask::of(vec![a.clone(), without_target(&b)]);
    assert!(
        panels(&both).unwrap().contains("2 tasks") && panels(&both).unwrap().contains("in seconds")
    );
    assert!(panels(&one).unwrap().contains("one task"));
    assert_eq!(panels(&CrossTask::of(vec![without_target(&a), without_target(&b)])), None);
    // Another machine: steps still compare, seconds do not.
    let elsewhere =
        changed(&b, |_, rows| rows.iter_mut().for_each(|r| r.exec_id = Some("x".to_owned())));
    let apart = CrossTask::of(vec![a, elsewhere]);
    assert!(apart.tasks.seconds_differ.as_deref().unwrap().contains("machines or builds"));
    assert!(!panels(&apart).unwrap().contains("in seconds"));
    assert!(
        answer(&apart).cost.unwrap().contains("optimizer steps in all (seconds are not comparable")
    );
}

#[test]
fn hostile_names_have_no_power() {
    let folder = tempfile::tempdir().unwrap();
    let mut fixtures = [Fixture::hostile(), Fixture::hostile()];
    fixtures[1].epochs = 3;
    fixtures[1].name = format!("=2+2 {HOSTILE}");
    let dirs = written(&fixtures, folder.path());
    let out = folder.path().join("out");
    for (path, bytes) in bytes(&dirs, &out) {
        let name = path.display().to_string();
        if name.ends_with(".png") {
            continue;
        }
        let text = String::from_utf8(bytes).unwrap();
        assert!(!text.contains('\x1b') && !text.contains('\u{202e}'), "{name}");
        if name.ends_with(".csv") {
            for field in text.split(['\n', ',']).map(|f| f.trim_start_matches('"')) {
                let formula = field.starts_with(['=', '+', '-', '@', '\t']);
                assert!(!formula || field.parse::<f64>().is_ok(), "{name}: {field}");
            }
        } else {
            assert!(!text.contains("<script>alert") && !text.contains("<img"), "{name}");
        }
    }
    let page = fs::read_to_string(out.join("index.html")).unwrap();
    assert_eq!(page.matches("<script").count(), 3);
    assert!(!page.contains("<!--") && page.contains("alert(1)"));
    let markdown = fs::read_to_string(out.join("REPORT.md")).unwrap();
    assert!(!markdown.replace("\\]", "").replace("](figures/", "").contains("]("));
    let cells = |line: &str| line.replace("\\|", "").matches('|').count();
    let mut width = None;
    for line in markdown.lines() {
        match (line.starts_with('|'), width) {
            (true, None) => width = Some(cells(line)),
            (true, Some(n)) => assert_eq!(cells(line), n, "{line}"),
            (false, _) => width = None,
        }
    }
}

#[test]
fn tasks_that_share_their_starts_are_said_to_depend_on_each_other() {
    let (a, b) = (analysed(&task("a", 3, 5)), analysed(&task("b", 4, 5)));
    let apart = changed(&b, |_, rows| {
        rows.iter_mut().for_each(|r| r.dataset_digest = Some("other data".to_owned()));
    });
    let said = |all: &CrossTask| answer(all).details.join(" ").contains("depend on each other");
    let (same, other) = (CrossTask::of(vec![a.clone(), b]), CrossTask::of(vec![a, apart]));
    assert_eq!((same.comparison.dependent, said(&same)), (true, true));
    assert_eq!((other.comparison.dependent, said(&other)), (false, false));
}

/// `TOGETHER_GALLERY=<folder>` keeps the pages there for inspection.
#[test]
fn every_kind_of_page_is_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let root = std::env::var_os("TOGETHER_GALLERY").map_or(folder.path().to_owned(), PathBuf::from);
    let renamed =
        |name: &str, epochs, fixture: Fixture| Fixture { name: name.to_owned(), epochs, ..fixture };
    let crowd =
        |i: u64| renamed(&format!("crowd-with-a-long-name-{i:02}"), 2 + i, Fixture::crowd());
    let hostile = |i: u64| renamed(&format!("{HOSTILE}{i}"), 2 + i, Fixture::hostile());
    let pages: [(&str, Vec<Fixture>); 4] = [
        ("three", three().to_vec()),
        (
            "many-seeds",
            vec![task("a", 2, 12), task("b", 4, 12), task("c", 6, 10), task("d", 8, 10)],
        ),
        ("crowd", (0..6).map(crowd).collect()),
        ("hostile", (0..2).map(hostile).collect()),
    ];
    for (name, fixtures) in pages {
        let dirs = written(&fixtures, &folder.path().join(name));
        assert!(bytes(&dirs, &root.join(name)).len() > 10, "{name}");
    }
}

#[test]
fn figures_and_tables_of_an_earlier_page_do_not_stay() {
    let folder = tempfile::tempdir().unwrap();
    let dirs = written(&three(), folder.path());
    let out = folder.path().join("out");
    bytes(&dirs, &out);
    assert!(out.join("figures/task-03.svg").exists() && out.join("tables/comparison.csv").exists());
    fs::write(out.join("figures/mine.svg"), "kept").unwrap();
    let mut alone = task("alone", 2, 2);
    alone.labels = vec![label("lion", "adam", &[3e-3], 1e-3, 0.02, 1e9)];
    let fewer = written(&[alone, task("b", 3, 2)], &folder.path().join("fewer"));
    bytes(&fewer, &out);
    assert!(
        !out.join("figures/task-03.svg").exists() && !out.join("tables/comparison.csv").exists()
    );
    assert!(out.join("figures/mine.svg").exists());
}
