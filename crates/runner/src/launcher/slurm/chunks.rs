//! Division of runs among the tasks of an array: long runs first, and the seeds of one
//! configuration in different tasks, so that a lost task costs no configuration.

use spec::Id;
use spec::plan::PlannedRun;
use spec::slurm::{RunsPerTask, SlurmSettings};

/// Target duration of a task in seconds, long compared with Slurm's overhead of about a second
/// per task.
const TASK: f64 = 900.0;
/// Minimum duration in seconds to which tasks are shortened for balance.
const SHORTEST: f64 = 60.0;
/// Maximum fraction of the time limit that a task is estimated to use.
const OF_LIMIT: f64 = 0.6;
/// Assumed number of tasks that run at once, if nothing limits them.
const PARALLEL: u64 = 32;

/// A run with its estimated duration.
#[derive(Clone, Copy, Debug)]
pub struct Estimated<'a> {
    /// The run.
    pub run: &'a PlannedRun,
    /// Estimated seconds; `None` if unknown.
    pub seconds: Option<f64>,
}

/// Returns the number of tasks for these runs. `side_by_side` is the number of runs that a task
/// trains at once.
pub fn count(runs: &[Estimated<'_>], settings: &SlurmSettings, side_by_side: u64) -> u64 {
    let n = runs.len() as u64;
    let side_by_side = side_by_side.max(1);
    if let RunsPerTask::Number(each) = settings.runs_per_task {
        return n.div_ceil(each.max(1));
    }
    // Two for each place, so that the last tasks balance.
    let balanced = 2 * settings.max_parallel.unwrap_or(PARALLEL);
    let known: Vec<f64> = runs.iter().filter_map(|r| r.seconds).collect();
    if known.is_empty() {
        return balanced.min(n.div_ceil(side_by_side)).max(1);
    }
    // Runs without an estimate count as the mean of the others.
    let total = known.iter().sum::<f64>() / known.len() as f64 * n as f64 / side_by_side as f64;
    let task = settings.time.map_or(TASK, |limit| TASK.min(limit as f64 * OF_LIMIT));
    let whole = |seconds: f64| (total / seconds).ceil() as u64;
    whole(task)
        .max(balanced.min(whole(SHORTEST.min(task))))
        .clamp(1, n.div_ceil(side_by_side).max(1))
}

/// Deals the runs to `tasks` tasks in turn, the longest first. The seeds of a configuration are
/// adjacent in that order and so go to different tasks.
pub fn partition<'a>(mut runs: Vec<Estimated<'a>>, tasks: u64) -> Vec<Vec<&'a PlannedRun>> {
    let key = |r: &Estimated<'_>| -> (Id, u64) { (r.run.config_id, r.run.spec.seed) };
    // All seeds of a configuration count as its longest run, so that they stay adjacent.
    let mut longest = std::collections::HashMap::<Id, f64>::new();
    for r in &runs {
        let held = longest.entry(r.run.config_id).or_insert(0.0);
        *held = held.max(r.seconds.unwrap_or(0.0));
    }
    let seconds = |r: &Estimated<'_>| longest.get(&r.run.config_id).copied().unwrap_or(0.0);
    runs.sort_by(|a, b| seconds(b).total_cmp(&seconds(a)).then_with(|| key(a).cmp(&key(b))));
    let tasks = usize::try_from(tasks.max(1)).unwrap_or(usize::MAX).min(runs.len().max(1));
    let mut out = vec![Vec::with_capacity(runs.len().div_ceil(tasks)); tasks];
    for (i, r) in runs.into_iter().enumerate() {
        out[i % tasks].push(r.run);
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use spec::plan::Plan;
    use sweep_file::{Overrides, load_text};

    use super::*;

    fn plan(seeds: u64, rates: usize) -> Plan {
        let rates: Vec<String> = (1..=rates).map(|i| format!("{}e-3", i)).collect();
        let text = format!(
            "[data]\ndataset = \"digits\"\n[model]\nkind = \"linear\"\n[repeat]\nseeds = {{ count = {seeds} }}\n\
             [[optimizer]]\nkind = \"sgd\"\nlr = [{}]\n",
            rates.join(", ")
        );
        load_text("x.toml", "x", text, &Overrides::default()).unwrap().plan
    }

    fn estimated(plan: &Plan, seconds: impl Fn(&PlannedRun) -> Option<f64>) -> Vec<Estimated<'_>> {
        plan.runs.iter().map(|run| Estimated { run, seconds: seconds(run) }).collect()
    }

    #[test]
    fn every_run_once_and_the_seeds_of_a_configuration_apart() {
        for (seeds, rates, tasks) in [(5, 4, 6), (10, 7, 10), (4, 6, 24), (3, 8, 5), (8, 1, 3)] {
            let plan = plan(seeds, rates);
            // Seeds of one configuration take a little more or less time each.
            let seconds =
                |r: &PlannedRun| Some(r.spec.optimizer.lr() * 1e4 + (r.spec.seed * 7 % 5) as f64);
            let dealt = partition(estimated(&plan, seconds), tasks);
            let ids: BTreeSet<_> = dealt.iter().flatten().map(|r| r.run_id).collect();
            assert_eq!(ids.len(), plan.runs.len(), "every run once");
            assert_eq!(dealt.iter().map(Vec::len).sum::<usize>(), plan.runs.len());
            let (most, least) =
                (dealt.iter().map(Vec::len).max(), dealt.iter().map(Vec::len).min());
            assert!(most.unwrap() - least.unwrap() <= 1, "{dealt:?}");
            for runs in &dealt {
                let configs: BTreeSet<_> = runs.iter().map(|r| r.config_id).collect();
                let bound = (runs.len() as u64).div_ceil(seeds.div_ceil(tasks).max(1));
                let alone = seeds <= tasks;
                assert!(!alone || configs.len() == runs.len(), "two seeds of one in a task");
                assert!(configs.len() as u64 >= bound.min(rates as u64));
            }
        }
    }

    #[test]
    fn long_runs_come_first() {
        let plan = plan(2, 6);
        let dealt = partition(estimated(&plan, |r| Some(r.spec.optimizer.lr())), 3);
        for runs in dealt {
            let rates: Vec<f64> = runs.iter().map(|r| r.spec.optimizer.lr()).collect();
            assert!(rates.is_sorted_by(|a, b| a >= b), "{rates:?}");
        }
    }

    #[test]
    fn tasks_last_a_quarter_of_an_hour_and_never_under_a_minute_for_balance() {
        let plan = plan(50, 20);
        let tasks = |seconds: Option<f64>, settings: SlurmSettings, side_by_side| {
            count(&estimated(&plan, |_| seconds), &settings, side_by_side)
        };
        let auto = SlurmSettings::default;
        // 1,000 runs of 90 s are 100 tasks of a quarter of an hour.
        assert_eq!(tasks(Some(90.0), auto(), 1), 100);
        assert_eq!(tasks(Some(90.0), auto(), 4), 64, "two for each of 32 places");
        // A second each: a minute a task rather than 64 tasks of 16 s.
        assert_eq!(tasks(Some(1.0), auto(), 1), 17);
        assert_eq!(tasks(Some(1e-3), auto(), 1), 1);
        // A time limit of ten minutes.
        let short = SlurmSettings { time: Some(600), ..auto() };
        assert_eq!(tasks(Some(90.0), short, 1), 250);
        let narrow = SlurmSettings { max_parallel: Some(200), ..auto() };
        assert_eq!(tasks(Some(90.0), narrow, 1), 400);
        // Runs longer than a task: one each, and no task with less runs than it has places.
        assert_eq!(tasks(Some(1e5), auto(), 1), 1000);
        assert_eq!(tasks(Some(1e5), auto(), 4), 250);
        assert_eq!(tasks(None, auto(), 1), 64);
        let number = SlurmSettings { runs_per_task: RunsPerTask::Number(30), ..auto() };
        assert_eq!(tasks(Some(90.0), number, 1), 34);
    }
}
