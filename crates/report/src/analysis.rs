//! What the runs say: configurations, their estimates over seeds, and which
//! configuration of each label is best.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};

use spec::Id;
use spec::plan::{Plan, PlannedRun};
use spec::record::{Split, Status};

use crate::number;
use crate::stats::{Estimate, estimate};
use crate::table::RunRow;

/// The metric that decides what "best" means, after falling back where the
/// plan's own target was not measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Goal {
    /// Split it is measured on.
    pub split: Split,
    /// `accuracy` or `loss`.
    pub metric: String,
    /// Whether more is better.
    pub higher_is_better: bool,
    /// Why it is not the plan's target, when it is not.
    pub fallback: Option<String>,
}

impl Goal {
    /// `validation accuracy`, `training loss`.
    pub fn name(&self) -> String {
        name(self.split, &self.metric)
    }

    /// `validation.accuracy`.
    pub fn path(&self) -> String {
        format!("{}.{}", self.split, self.metric)
    }

    /// Orders two values, the better one first.
    pub fn better_first(&self, a: f64, b: f64) -> Ordering {
        if self.higher_is_better { b.total_cmp(&a) } else { a.total_cmp(&b) }
    }

    /// A value as a person reads it: per cent for accuracies.
    pub fn format(&self, value: f64) -> String {
        number::metric(&self.metric, value)
    }
}

/// How many runs of a configuration ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Runs planned: the number of seeds.
    pub planned: usize,
    /// Trained to the end.
    pub completed: usize,
    /// Ended by a loss that is not finite.
    pub diverged: usize,
    /// Ended by an error.
    pub failed: usize,
    /// Ended for taking too long.
    pub timed_out: usize,
    /// Ended by the user.
    pub cancelled: usize,
    /// Without a record.
    pub missing: usize,
}

impl Counts {
    /// Counts one run.
    pub fn add(&mut self, status: Option<Status>) {
        self.planned += 1;
        let field = match status {
            Some(Status::Completed) => &mut self.completed,
            Some(Status::Diverged) => &mut self.diverged,
            Some(Status::Failed) => &mut self.failed,
            Some(Status::TimedOut) => &mut self.timed_out,
            Some(Status::Cancelled) => &mut self.cancelled,
            None => &mut self.missing,
        };
        *field += 1;
    }

    /// Runs that left no result.
    pub fn without_result(&self) -> usize {
        self.planned - self.completed - self.diverged
    }
}

/// One configuration: the runs that differ in their seed alone.
#[derive(Clone, Debug)]
pub struct Config {
    /// Its id.
    pub config_id: Id,
    /// Index of its label in `plan.optimizers`.
    pub label: usize,
    /// Indices into `plan.runs`, one a seed.
    pub runs: Vec<usize>,
    /// How they ended.
    pub counts: Counts,
    /// The goal's metric over completed seeds.
    pub goal: Estimate,
    /// Test accuracy over completed seeds.
    pub test_accuracy: Estimate,
    /// Training loss of the last epoch over completed seeds.
    pub train_loss: Estimate,
    /// Seconds of training over completed seeds.
    pub train_seconds: Estimate,
}

/// Plan and runs with everything that follows from them.
#[derive(Clone, Debug)]
pub struct Analysis {
    /// What was asked for.
    pub plan: Plan,
    /// What came of it, one row a planned run, in plan order.
    pub rows: Vec<RunRow>,
    /// What "best" means.
    pub goal: Goal,
    /// Configurations in plan order.
    pub configs: Vec<Config>,
    /// For each label its best configuration, an index into `configs`. None
    /// only for a label without planned runs.
    pub best: Vec<Option<usize>>,
}

impl Analysis {
    /// Analyses `rows`, which are in the order of `plan.runs`.
    pub fn new(plan: Plan, rows: Vec<RunRow>) -> Self {
        let goal = goal(&plan, &rows);
        let labels: HashMap<&str, usize> =
            plan.optimizers.iter().enumerate().map(|(i, o)| (o.label.as_str(), i)).collect();
        let mut index: HashMap<(usize, Id), usize> = HashMap::new();
        let mut configs: Vec<Config> = Vec::new();
        for (i, run) in plan.runs.iter().enumerate() {
            let Some(&label) = labels.get(run.label.as_str()) else { continue };
            let at = *index.entry((label, run.config_id)).or_insert_with(|| {
                configs.push(Config {
                    config_id: run.config_id,
                    label,
                    runs: Vec::new(),
                    counts: Counts::default(),
                    goal: Estimate::default(),
                    test_accuracy: Estimate::default(),
                    train_loss: Estimate::default(),
                    train_seconds: Estimate::default(),
                });
                configs.len() - 1
            });
            configs[at].runs.push(i);
            configs[at].counts.add(rows[i].status);
        }
        for config in &mut configs {
            let over = |value: &dyn Fn(&RunRow) -> Option<f64>| {
                estimate(config.runs.iter().filter_map(|&i| value(&rows[i])))
            };
            config.goal = over(&|r| r.last(goal.split, &goal.metric));
            config.test_accuracy = over(&|r| r.test_accuracy);
            config.train_loss = over(&|r| r.train_loss);
            config.train_seconds = over(&|r| r.train_seconds.filter(|_| r.completed()));
        }
        let mut best = vec![None; plan.optimizers.len()];
        for (i, config) in configs.iter().enumerate() {
            let held = &mut best[config.label];
            if held.is_none_or(|h: usize| rank(&goal, config, &configs[h]) == Ordering::Less) {
                *held = Some(i);
            }
        }
        Analysis { plan, rows, goal, configs, best }
    }

    /// The first planned run of a configuration: all but its seed holds for all.
    pub fn planned(&self, config: &Config) -> &PlannedRun {
        &self.plan.runs[config.runs[0]]
    }

    /// What sets a configuration apart within its label: `lr 0.01, momentum 0.9`.
    /// The learning rate always; a path's first part is left out.
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

    /// The learning rates that a label was tried with, ascending.
    pub fn lr_grid(&self, label: usize) -> Vec<f64> {
        let bits: BTreeSet<u64> = self
            .configs
            .iter()
            .filter(|c| c.label == label)
            .map(|c| self.planned(c).spec.optimizer.lr().to_bits())
            .collect();
        // Learning rates are positive, and positive floats sort as their bits do.
        bits.into_iter().map(f64::from_bits).collect()
    }

    /// Labels' best configurations that have a value, best first.
    pub fn ranking(&self) -> Vec<&Config> {
        let mut ranked: Vec<&Config> = self
            .best
            .iter()
            .flatten()
            .map(|&i| &self.configs[i])
            .filter(|c| c.goal.mean.is_some())
            .collect();
        ranked.sort_by(|a, b| rank(&self.goal, a, b));
        ranked
    }

    /// How all runs ended.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        self.rows.iter().for_each(|row| counts.add(row.status));
        counts
    }
}

/// The better configuration first: those without a diverged seed, then by the
/// goal's mean; one without any value comes last.
pub fn rank(goal: &Goal, a: &Config, b: &Config) -> Ordering {
    let by_value = match (a.goal.mean, b.goal.mean) {
        (Some(x), Some(y)) => goal.better_first(x, y),
        (x, y) => y.is_some().cmp(&x.is_some()),
    };
    let without_value = a.goal.mean.is_none().cmp(&b.goal.mean.is_none());
    without_value.then((a.counts.diverged > 0).cmp(&(b.counts.diverged > 0))).then(by_value)
}

fn name(split: Split, metric: &str) -> String {
    format!("{} {metric}", if split == Split::Train { "training" } else { split.name() })
}

/// The plan's target, or the next best metric that the runs can have.
fn goal(plan: &Plan, rows: &[RunRow]) -> Goal {
    let wanted = (plan.target.split, plan.target.metric.as_str());
    let held_out = plan.runs.iter().any(|r| r.spec.data.validation > 0);
    let finished = rows.iter().any(RunRow::completed);
    let usable = |(split, metric): (Split, &str)| {
        (split != Split::Validation || held_out)
            && (!finished || rows.iter().any(|r| r.last(split, metric).is_some()))
    };
    let choices = [wanted, (Split::Validation, "loss"), (Split::Train, "loss")];
    let (split, metric) = choices.into_iter().find(|c| usable(*c)).unwrap_or(wanted);
    let reason =
        if held_out { "was not measured" } else { "does not exist without a validation split" };
    Goal {
        split,
        metric: metric.to_owned(),
        higher_is_better: metric != "loss",
        fallback: ((split, metric) != wanted).then(|| {
            format!(
                "{} {reason}, so configurations are chosen by {}",
                name(wanted.0, wanted.1),
                name(split, metric)
            )
        }),
    }
}
