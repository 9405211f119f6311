//! Analysis of the runs of a sweep: configurations, their estimates over seeds, and the best
//! configuration of each label.

mod after_selection;
mod choose;
mod claim;
mod compare;
mod config;
mod criterion;
mod edges;
mod grid;
mod growth;
mod hindsight;
pub mod landscape;
mod ledger;
mod level;
mod looks;
mod pairs;
mod rungs;
mod stages;
mod target;
mod tuning;

use std::collections::{BTreeSet, HashMap};
use std::sync::OnceLock;

use rayon::prelude::*;
use spec::Id;
use spec::metric::{EpochMetric, Metric};
use spec::plan::{Plan, PlannedRun};
use spec::record::{Split, StopReason};
use spec::stages::Stage;

use crate::number;
use crate::table::RunRow;
use stats::choice::AfterSelection;
use stats::location;

pub use choose::{TieBreak, best_of, ties};
pub(crate) use choose::{better, by_judge, by_selection};
pub use claim::{Claimed, Claims};
pub(crate) use compare::verdict;
pub use compare::{ALPHA, Comparison, Pair, Verdict, seeds_needed};
pub use config::{Config, Counts};
pub use criterion::{Criterion, Measured};
pub use edges::{Advice, GridEnd, Partner, advice};
pub use grid::{Robustness, by_lr, comparable, robustness};
pub use hindsight::Hindsight;
pub use landscape::Task;
pub use ledger::{Spent, spent};
pub use level::VANISHED;
pub(crate) use level::{Judged, gain, scores};
pub use looks::Looks;
pub use pairs::{DecidedBy, difference as unlike};
pub use stages::{decide, decide_by, repeat};
pub use target::{Clock, LabelTimes, TimeToTarget};
pub use tuning::{TuningCurve, TuningPoint, tuning};

/// The plan and runs of a sweep, with everything derived from them.
#[derive(Clone, Debug)]
pub struct Analysis {
    /// The plan.
    pub plan: Plan,
    /// Results of the runs, one row per planned run, in plan order.
    pub rows: Vec<RunRow>,
    /// The selection metric, by which configurations are chosen.
    pub selection: Criterion,
    /// The evaluation metric, by which the chosen configurations are compared.
    pub evaluation: Criterion,
    /// Configurations in plan order.
    pub configs: Vec<Config>,
    /// Index into `configs` of each label's judged configuration. `None` for a label without
    /// planned runs, or where functions are judged separately: see [`Analysis::by_function`].
    pub best: Vec<Option<usize>>,
    /// Index into `configs` of the configuration that tuning chose for each label. If a stage of
    /// fresh seeds judges, `best` has the same configuration on those seeds instead.
    pub tuned: Vec<Option<usize>>,
    comparison: OnceLock<Comparison>,
    time_to_target: OnceLock<Option<TimeToTarget>>,
    looks: OnceLock<Option<Looks>>,
    after_selection: OnceLock<Vec<Option<AfterSelection>>>,
    tasks: OnceLock<Vec<Task>>,
}

impl Analysis {
    /// Analyses `rows`, which must be in the order of `plan.runs`.
    pub fn new(plan: Plan, rows: Vec<RunRow>) -> Self {
        let selection = criterion::selection(&plan, &rows);
        let evaluation = criterion::evaluation(&plan, &selection, &rows);
        let labels: HashMap<&str, usize> =
            plan.optimizers.iter().enumerate().map(|(i, o)| (o.label.as_str(), i)).collect();
        let cut = plan.cut();
        let mut index: HashMap<(usize, Stage, Id), usize> = HashMap::new();
        let mut configs: Vec<Config> = Vec::new();
        for (i, run) in plan.runs.iter().enumerate() {
            let Some(&label) = labels.get(run.label.as_str()) else { continue };
            let at = *index.entry((label, run.stage, run.config_id)).or_insert_with(|| {
                configs.push(Config::new(run, label, cut.get(&run.run_id).copied()));
                configs.len() - 1
            });
            configs[at].runs.push(i);
            let status = configs[at].counted(rows[i].status);
            configs[at].counts.add(status);
        }
        let last = |row: &RunRow, of: EpochMetric| row.last(of.split, of.metric);
        let validation_loss = EpochMetric::VALIDATION_LOSS;
        let test_accuracy = EpochMetric::new(Split::Test, Metric::ACCURACY);
        configs.par_iter_mut().for_each(|config| {
            if config.counts.cut > 0 {
                // The seeds that ended before the rung are not a fair sample of all.
                return;
            }
            let mut known = config::Estimates::default();
            let mut over = |value: &dyn Fn(&RunRow) -> Option<f64>| {
                known.of(config.runs.iter().filter_map(|&i| value(&rows[i])).collect())
            };
            config.selection = over(&|r| selection.of(r));
            config.judged = over(&|r| evaluation.of(r));
            let outcomes: Vec<f64> =
                config.runs.iter().filter_map(|&i| evaluation.outcome(&rows[i])).collect();
            config.judged_median = location::censored_median(&outcomes);
            let losses: Vec<f64> =
                config.runs.iter().filter_map(|&i| last(&rows[i], validation_loss)).collect();
            config.validation_loss = location::mean(&losses).filter(|mean| mean.is_finite());
            config.test_accuracy = over(&|r| last(r, test_accuracy));
            config.train_loss = over(&|r| last(r, EpochMetric::TRAIN_LOSS));
            config.train_seconds = over(&|r| r.train_seconds.filter(|_| r.completed()));
            config.known = known;
        });
        let best = vec![None; plan.optimizers.len()];
        let compare = !landscape::apart(&landscape::functions(&plan.runs));
        let (comparison, time_to_target, tasks) =
            (OnceLock::new(), OnceLock::new(), OnceLock::new());
        let (looks, after_selection) = (OnceLock::new(), OnceLock::new());
        let mut out = Analysis {
            plan,
            rows,
            selection,
            evaluation,
            configs,
            tuned: best.clone(),
            best,
            comparison,
            time_to_target,
            looks,
            after_selection,
            tasks,
        };
        if compare {
            out.choose();
        }
        out
    }

    /// Chooses the configuration of each label, and the entry with the seeds that judge it.
    fn choose(&mut self) {
        let mut of_label = vec![Vec::new(); self.best.len()];
        // A cut configuration is not chosen, even if another sweep has trained it to its end.
        let eligible = |c: &Config| c.stage.is_tuning() && c.cut_at.is_none();
        for (i, config) in self.configs.iter().enumerate().filter(|(_, c)| eligible(c)) {
            of_label[config.label].push(i);
        }
        self.tuned = of_label.iter().map(|among| best_of(self, among)).collect();
        // A recorded decision holds, even if another configuration would be chosen today.
        if let Some(decided) = stages::decided(self, Stage::Tuning) {
            let both = decided.into_iter().zip(&self.tuned);
            self.tuned = both.map(|(decided, today)| decided.or(*today)).collect();
        }
        self.best = match self.judging() {
            Stage::Tuning => self.tuned.clone(),
            stage => stages::decided(self, stage).unwrap_or_else(|| self.tuned.clone()),
        };
    }

    /// Returns the first planned run of a configuration; its others differ in the seed alone.
    pub fn planned(&self, config: &Config) -> &PlannedRun {
        &self.plan.runs[config.runs[0]]
    }

    /// Describes what sets a configuration apart within its label: `lr 0.01, momentum 0.9`. The
    /// learning rate is always included; the prefix `optimizer.` of a path is omitted.
    pub fn describe(&self, config: &Config) -> String {
        let run = self.planned(config);
        let mut text = format!("lr {}", number::short(run.spec.optimizer.lr()));
        for (path, value) in
            run.axes.iter().filter(|(path, _)| *path != "optimizer.lr" && *path != "seed")
        {
            let name = path.strip_prefix("optimizer.").unwrap_or(path);
            text.push_str(&format!(", {name} {value}"));
        }
        text
    }

    /// Returns the learning rates that a label was tried with, ascending.
    pub fn lr_grid(&self, label: usize) -> Vec<f64> {
        let bits: BTreeSet<u64> = self
            .configs
            .iter()
            .filter(|c| c.label == label && c.stage.is_tuning())
            .map(|c| self.planned(c).spec.optimizer.lr().to_bits())
            .collect();
        // Learning rates are positive, and positive floats sort as their bits do.
        bits.into_iter().map(f64::from_bits).collect()
    }

    /// Returns the chosen configurations that have a result, as indices into `configs`: the best
    /// first by the evaluation metric, and last those of which all seeds diverged.
    pub fn ranked(&self) -> Vec<usize> {
        let chosen = self.best.iter().flatten().copied();
        let with_result = |i: &usize| self.configs[*i].counts.results() > 0;
        by_judge(self, &chosen.filter(with_result).collect::<Vec<_>>()).concat()
    }

    /// Returns the configurations of [`Analysis::ranked`].
    pub fn ranking(&self) -> Vec<&Config> {
        self.ranked().into_iter().map(|i| &self.configs[i]).collect()
    }

    /// Returns the smallest and largest number of seeds that the values of the chosen
    /// configurations rest on, if these differ and some runs lack a result. A run that never
    /// reached its target has one.
    pub fn uneven(&self) -> Option<(usize, usize)> {
        let ranking = self.ranking();
        let seeds = |c: &&Config| match self.evaluation.reached() {
            true => c.counts.results(),
            false => c.judged.n,
        };
        let (fewest, most) = (ranking.iter().map(seeds).min()?, ranking.iter().map(seeds).max()?);
        (fewest < most && self.counts().without_result() > 0).then_some((fewest, most))
    }

    /// Returns a run's outcome by the evaluation metric, with the data to tell whether it differs
    /// from another's; `None` without a result.
    pub(crate) fn judged(&self, run: usize) -> Option<Judged> {
        Judged::of(&self.evaluation, &self.plan.runs[run].spec, &self.rows[run])
    }

    /// Returns whether a configuration is the chosen one of its label and at least one of its runs
    /// completed.
    pub fn is_chosen(&self, config: usize) -> bool {
        let own = &self.configs[config];
        self.best[own.label] == Some(config) && own.counts.completed > 0
    }

    /// Returns the reason why a run ended before its last planned epoch or step; `None` where it
    /// did not, even if it reached its target in the last one.
    pub fn ended_early(&self, run: usize) -> Option<StopReason> {
        let (row, spec) = (&self.rows[run], &self.plan.runs[run].spec);
        let grain = self.selection.grain;
        let done = grain.pick(row.epochs_completed, row.steps);
        let early = done.is_some_and(|done| done < grain.planned(spec));
        StopReason::from_name(row.stop_reason.as_deref()?).filter(|_| early)
    }

    /// Returns all pairs of chosen configurations, compared seed by seed.
    pub fn comparison(&self) -> &Comparison {
        self.comparison.get_or_init(|| compare::compare(self))
    }

    /// Returns the times to the target; `None` if the plan has no target value.
    pub fn time_to_target(&self) -> Option<&TimeToTarget> {
        self.time_to_target.get_or_init(|| target::time_to_target(self)).as_ref()
    }

    /// Returns the sequential looks at the judging seeds; `None` for a sweep without `until`, or
    /// before the runs of the first look have ended.
    pub fn looks(&self) -> Option<&Looks> {
        self.looks.get_or_init(|| looks::looks(self)).as_ref()
    }

    /// Returns the mean of each label's tuned configuration, with an interval that accounts for the
    /// choice; `None` with too few seeds or configurations.
    pub fn after_selection(&self) -> &[Option<AfterSelection>] {
        self.after_selection.get_or_init(|| after_selection::after_selection(self))
    }

    /// Returns the functions of a sweep over landscapes, each with its own analysis; empty for
    /// networks.
    pub fn tasks(&self) -> &[Task] {
        self.tasks.get_or_init(|| landscape::tasks(self))
    }

    /// Returns whether functions are judged separately, each by its [`Task`], with nothing computed
    /// over all runs: values of several functions are not comparable, nor are those of a saddle.
    pub fn by_function(&self) -> bool {
        let functions: Vec<_> = self.tasks().iter().map(|task| task.function).collect();
        landscape::apart(&functions)
    }

    /// Returns whether growth added a configuration to the grid of its optimizer.
    pub fn was_added(&self, config: &Config) -> bool {
        let of_file = self.plan.runs_of_file().len();
        config.stage.is_tuning() && config.runs.iter().all(|run| *run >= of_file)
    }

    /// Returns the tuning configurations of a label, from which its best was chosen.
    pub fn tried(&self, label: usize) -> impl Iterator<Item = &Config> {
        self.configs.iter().filter(move |c| c.label == label && c.stage.is_tuning())
    }

    /// Returns the stage whose seeds judge: fresh seeds once each configuration on them has a
    /// result, or can get none any more.
    pub fn judging(&self) -> Stage {
        let fresh: Vec<&Config> =
            self.configs.iter().filter(|config| config.stage == Stage::Confirm).collect();
        let told = |c: &&Config| c.counts.results() > 0 || c.counts.missing == 0;
        let any = fresh.iter().any(|config| config.counts.results() > 0);
        if any && fresh.iter().all(told) { Stage::Confirm } else { Stage::Tuning }
    }

    /// Returns the seeds that judge, in the order of the file.
    pub fn seeds(&self) -> &[u64] {
        self.plan.seeds_of(self.judging())
    }

    /// Returns the configuration of a stage that differs from this one in its seeds alone.
    pub fn counterpart(&self, config: &Config, stage: Stage) -> Option<&Config> {
        let same = |c: &&Config| {
            c.label == config.label && c.config_id == config.config_id && c.stage == stage
        };
        self.configs.iter().find(same)
    }

    /// Counts all runs by how they ended.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for config in &self.configs {
            config.runs.iter().for_each(|&i| counts.add(config.counted(self.rows[i].status)));
        }
        counts
    }
}
