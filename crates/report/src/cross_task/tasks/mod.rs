//! The experiments as tasks, and the labels that occur in them.

mod metric;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use spec::Id;
use spec::metric::Metric;

use crate::analysis::{Analysis, Config, Criterion, Judged, by_judge, scores};
use crate::table::RunRow;

/// One experiment.
#[derive(Clone, Debug)]
pub struct Task {
    /// The experiment's name, made unique: `battle`, `battle-2`. Any text.
    pub name: String,
    /// Its runs and what follows from them.
    pub analysis: Analysis,
}

/// A label of any task. Its place among all of them is its colour.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// As the sweep files have it. Any text.
    pub name: String,
    /// Its place in each task's plan.
    pub places: Vec<Option<usize>>,
}

/// Tasks that are judged by one metric, so that their values may be pooled.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The metric.
    pub evaluation: Criterion,
    /// Its name, as the page has it.
    pub name: String,
    /// The tasks, ascending, at least two.
    pub tasks: Vec<usize>,
}

/// The ways in which runs of chosen configurations failed to get anywhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// Says whether one diverged.
    pub diverged: bool,
    /// Says whether one trained to its end without reaching the target to stop at.
    pub never: bool,
}

impl Lost {
    /// Both of them together.
    pub fn or(self, other: Lost) -> Lost {
        Lost { diverged: self.diverged || other.diverged, never: self.never || other.never }
    }

    /// `diverged`, `never reached the target`; none where no run was lost.
    pub fn what(self) -> Option<&'static str> {
        match (self.diverged, self.never) {
            (true, true) => Some("diverged or never reached the target"),
            (true, false) => Some("diverged"),
            (false, true) => Some("never reached the target"),
            (false, false) => None,
        }
    }
}

/// Two tasks that are not two.
#[derive(Clone, Debug, PartialEq)]
pub struct DuplicateTasks {
    /// The first, a place in `Tasks::tasks`.
    pub first: usize,
    /// The second.
    pub second: usize,
    /// Results that both hold: one run counted twice. 0 where they only train
    /// the same model on the same data with the same budget.
    pub runs: usize,
}

/// The experiments in ascending order of their names.
#[derive(Clone, Debug)]
pub struct Tasks {
    /// The experiments.
    pub tasks: Vec<Task>,
    /// All labels in the order in which the tasks' plans name them, the longest
    /// plan first.
    pub labels: Vec<Label>,
    /// Places of the labels with a result in every task.
    pub shared: Vec<usize>,
    /// The others, with the reason why they are not compared across tasks.
    pub left_out: Vec<(usize, String)>,
    /// Tasks of one metric; those that share theirs with no other are in none.
    pub groups: Vec<Group>,
    /// The text behind the word loss, a task each: ` (cross-entropy)` where the page tells of
    /// losses of different functions, else nothing.
    pub losses: Vec<String>,
    /// Tasks that are the same.
    pub duplicates: Vec<DuplicateTasks>,
    /// Why seconds are not compared, where they are not.
    pub seconds_differ: Option<String>,
}

impl Tasks {
    /// The experiments, in whatever order they are given.
    pub fn of(mut analyses: Vec<Analysis>) -> Self {
        // Equal names are told apart by what the experiments are, never by their
        // order: equal plans with equal rows may change places freely.
        analyses.sort_by_cached_key(|a| {
            let plan = serde_json::to_string(&a.plan).unwrap_or_default();
            (a.plan.name.clone(), plan, format!("{:?}", a.rows))
        });
        let names = unique(&analyses.iter().map(|a| a.plan.name.as_str()).collect::<Vec<_>>());
        let tasks: Vec<Task> = names
            .into_iter()
            .zip(analyses)
            .map(|(name, analysis)| Task { name, analysis })
            .collect();
        let labels = labels(&tasks);
        let mut all = Tasks {
            groups: Vec::new(),
            losses: metric::behind(&tasks),
            duplicates: duplicates(&tasks),
            seconds_differ: seconds_differ(&tasks),
            tasks,
            labels,
            shared: Vec::new(),
            left_out: Vec::new(),
        };
        all.groups = groups(&all);
        for label in 0..all.labels.len() {
            match all.absent(label) {
                None => all.shared.push(label),
                Some(why) => all.left_out.push((label, why)),
            }
        }
        all
    }

    /// A label's chosen configuration in a task; none where the plan lacks it.
    pub fn chosen(&self, task: usize, label: usize) -> Option<&Config> {
        let analysis = &self.tasks[task].analysis;
        Some(&analysis.configs[analysis.best[self.labels[label].places[task]?]?])
    }

    /// The same, where any of its runs has a result.
    pub fn with_result(&self, task: usize, label: usize) -> Option<&Config> {
        self.chosen(task, label).filter(|c| c.counts.results() > 0)
    }

    /// The ways in which runs of these labels' chosen configurations were lost in these tasks.
    pub fn lost(&self, tasks: &[usize], labels: &[usize]) -> Lost {
        let mut lost = Lost::default();
        for &task in tasks {
            let reached = self.tasks[task].analysis.evaluation.reached();
            for config in labels.iter().filter_map(|&l| self.chosen(task, l)) {
                lost.diverged |= config.counts.diverged > 0;
                lost.never |= reached && config.counts.completed > config.judged.n;
            }
        }
        lost
    }

    /// Returns whether no label of the task is better than this one, at a value that is one.
    pub fn leads(&self, task: usize, label: usize) -> bool {
        let every: Vec<usize> = (0..self.labels.len()).collect();
        self.leads_among(task, label, &every)
    }

    /// The same among these labels.
    pub fn leads_among(&self, task: usize, label: usize, among: &[usize]) -> bool {
        let ranks = self.ranks(task, among);
        let best = ranks.iter().flatten().copied().fold(f64::INFINITY, f64::min);
        let own = among.iter().position(|l| *l == label).and_then(|at| ranks[at]);
        own == Some(best) && self.chosen(task, label).is_some_and(|c| c.judged.n > 0)
    }

    /// What the runs of a label's chosen configuration reached by the task's
    /// judge, ascending: the worst there is for those that diverged.
    pub fn outcomes(&self, task: usize, label: usize) -> Vec<f64> {
        let analysis = &self.tasks[task].analysis;
        let Some(config) = self.chosen(task, label) else { return Vec::new() };
        let rows = config.runs.iter().map(|&r| &analysis.rows[r]);
        let mut values: Vec<f64> = rows.filter_map(|r| analysis.evaluation.outcome(r)).collect();
        values.sort_by(f64::total_cmp);
        values
    }

    /// Place of each label in a task from 1, the best first, among `labels`;
    /// equal ones share the mean of their places. None without a result.
    pub fn ranks(&self, task: usize, labels: &[usize]) -> Vec<Option<f64>> {
        let analysis = &self.tasks[task].analysis;
        let place = |&l: &usize| {
            let chosen = analysis.best[self.labels[l].places[task]?]?;
            (analysis.configs[chosen].counts.results() > 0).then_some(chosen)
        };
        let configs: Vec<Option<usize>> = labels.iter().map(place).collect();
        let groups = by_judge(analysis, &configs.iter().flatten().copied().collect::<Vec<_>>());
        let rank = |own: usize| {
            let mut before = 0;
            for group in &groups {
                if group.contains(&own) {
                    return before as f64 + (group.len() as f64 + 1.0) / 2.0;
                }
                before += group.len();
            }
            f64::NAN
        };
        configs.iter().map(|config| config.map(rank)).collect()
    }

    /// Scores of two labels' runs in a task, the better the higher, ascending; level
    /// ones are equal, and those that diverged infinitely bad.
    pub fn scores(&self, task: usize, labels: [usize; 2]) -> [Vec<f64>; 2] {
        let analysis = &self.tasks[task].analysis;
        let of = |label: usize| -> Vec<Judged> {
            let runs = self.chosen(task, label).map_or(&[][..], |config| &config.runs[..]);
            runs.iter().filter_map(|&run| analysis.judged(run)).collect()
        };
        let mut both = scores(&analysis.evaluation, [&of(labels[0]), &of(labels[1])]);
        both.iter_mut().for_each(|values| values.sort_by(f64::total_cmp));
        both
    }

    /// Whether two of these tasks hold the same run, which would count twice.
    pub fn repeated(&self, tasks: &[usize]) -> bool {
        let both = |t: &DuplicateTasks| tasks.contains(&t.first) && tasks.contains(&t.second);
        self.duplicates.iter().any(|t| t.runs > 0 && both(t))
    }

    /// Returns whether runs of any task were trained side by side.
    pub fn side_by_side(&self) -> bool {
        self.tasks.iter().flat_map(|t| &t.analysis.rows).any(|r| r.jobs.is_some_and(|j| j > 1))
    }

    /// Why a label is not compared across tasks.
    fn absent(&self, label: usize) -> Option<String> {
        let names = |which: &dyn Fn(usize) -> bool| -> Vec<String> {
            let found = (0..self.tasks.len()).filter(|&t| which(t));
            found.map(|t| crate::escape::line(&self.tasks[t].name)).collect()
        };
        let missing = names(&|t| self.chosen(t, label).is_none());
        let empty =
            names(&|t| self.chosen(t, label).is_some() && self.with_result(t, label).is_none());
        let mut why = Vec::new();
        if !missing.is_empty() {
            why.push(format!("not part of {}", crate::text::list(&missing)));
        }
        if !empty.is_empty() {
            why.push(format!("without any result in {}", crate::text::list(&empty)));
        }
        (!why.is_empty()).then(|| why.join(", "))
    }
}

/// Each name, with a number where it was there before.
fn unique(names: &[&str]) -> Vec<String> {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let given: BTreeSet<&str> = names.iter().copied().collect();
    names
        .iter()
        .map(|name| {
            let free =
                |n: &String| !taken.contains(n) && (n == name || !given.contains(n.as_str()));
            let numbered = (2..).map(|i| format!("{name}-{i}"));
            let found = std::iter::once((*name).to_owned()).chain(numbered).find(free);
            let found = found.unwrap_or_else(|| (*name).to_owned());
            taken.insert(found.clone());
            found
        })
        .collect()
}

fn labels(tasks: &[Task]) -> Vec<Label> {
    let mut labels: Vec<Label> = Vec::new();
    // The longest plan first, so that most colours are those of its own report.
    let mut order: Vec<(usize, &Task)> = tasks.iter().enumerate().collect();
    order.sort_by_key(|(_, task)| Reverse(task.analysis.plan.optimizers.len()));
    for (t, task) in order {
        for (place, optimizer) in task.analysis.plan.optimizers.iter().enumerate() {
            let known = labels.iter().position(|l| l.name == optimizer.label);
            let at = known.unwrap_or_else(|| {
                let name = optimizer.label.clone();
                labels.push(Label { name, places: vec![None; tasks.len()] });
                labels.len() - 1
            });
            labels[at].places[t] = Some(place);
        }
    }
    labels
}

/// By metric; losses only where they are the same function.
fn groups(all: &Tasks) -> Vec<Group> {
    let mut by_metric: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (t, task) in all.tasks.iter().enumerate() {
        let evaluation = &task.analysis.evaluation;
        let functions = match evaluation.metric {
            Metric::LOSS => metric::functions(task),
            _ => BTreeSet::new(),
        };
        // Steps of a function are no training samples.
        let key = format!("{} {} {functions:?}", evaluation.path(), evaluation.name());
        by_metric.entry(key).or_default().push(t);
    }
    let mut groups: Vec<Group> = by_metric
        .into_values()
        .filter(|tasks| tasks.len() > 1)
        .map(|of| Group {
            evaluation: Criterion {
                fallback: None,
                ..all.tasks[of[0]].analysis.evaluation.clone()
            },
            name: all.judged_by(of[0]),
            tasks: of,
        })
        .collect();
    groups.sort_by_key(|g| g.tasks.clone());
    groups
}

fn duplicates(tasks: &[Task]) -> Vec<DuplicateTasks> {
    let with_result = |task: &Task| -> BTreeSet<Id> {
        let rows = task.analysis.rows.iter().zip(&task.analysis.plan.runs);
        rows.filter(|(row, _)| row.has_result()).map(|(_, run)| run.cell_id).collect()
    };
    let setting = |task: &Task| -> BTreeSet<String> {
        let runs = task.analysis.plan.runs.iter();
        runs.map(|r| format!("{:?} {:?} {:?}", r.spec.data, r.spec.model, r.spec.train)).collect()
    };
    let known: Vec<_> = tasks.iter().map(|t| (with_result(t), setting(t))).collect();
    let mut duplicates = Vec::new();
    for second in 0..tasks.len() {
        for first in 0..second {
            let ((a, x), (b, y)) = (&known[first], &known[second]);
            let runs = a.intersection(b).count();
            if runs > 0 || x == y {
                duplicates.push(DuplicateTasks { first, second, runs });
            }
        }
    }
    duplicates
}

/// Seconds compare across tasks only where machine, code, threads and jobs are
/// the same for all runs with a result.
fn seconds_differ(tasks: &[Task]) -> Option<String> {
    let rows = || {
        let rows = tasks.iter().flat_map(|t| &t.analysis.rows);
        rows.filter(|r| r.has_result())
    };
    let several =
        |of: &dyn Fn(&RunRow) -> String| rows().map(of).collect::<BTreeSet<String>>().len() > 1;
    let mut what = Vec::new();
    if several(&|r| r.exec_id.clone().unwrap_or_default()) {
        what.push("machines or builds".to_owned());
    }
    if several(&|r| format!("{:?}", r.threads)) {
        what.push("numbers of threads".to_owned());
    }
    if several(&|r| format!("{:?}", r.jobs)) {
        what.push("numbers of runs side by side".to_owned());
    }
    (!what.is_empty()).then(|| {
        format!(
            "The runs come from different {}, so their seconds are not compared.",
            crate::text::list(&what)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_unique_without_taking_another_s() {
        assert_eq!(unique(&["a", "a", "a", "b"]), ["a", "a-2", "a-3", "b"]);
        assert_eq!(unique(&["a", "a", "a-2"]), ["a", "a-3", "a-2"]);
    }
}
