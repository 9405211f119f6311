//! Experiments as tasks, and the labels that occur in them.

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
    /// The experiment's name, made unique: `battle`, `battle-2`. May be any text.
    pub name: String,
    /// Analysis of its runs.
    pub analysis: Analysis,
}

/// A label of any task. Its index determines its colour.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// Name of the label in the sweep files. May be any text.
    pub name: String,
    /// Its index in each task's plan; `None` where the plan lacks it.
    pub places: Vec<Option<usize>>,
}

/// Tasks with one evaluation metric, whose values may be pooled.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The metric.
    pub evaluation: Criterion,
    /// Display name of the metric.
    pub name: String,
    /// Indices of the tasks, ascending; at least two.
    pub tasks: Vec<usize>,
}

/// Kinds of failure among the runs of chosen configurations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// Whether a run diverged.
    pub diverged: bool,
    /// Whether a run trained to its end without reaching the target at which it should stop.
    pub never: bool,
}

impl Lost {
    /// Returns the union of both.
    pub fn or(self, other: Lost) -> Lost {
        Lost { diverged: self.diverged || other.diverged, never: self.never || other.never }
    }

    /// Returns `diverged` or `never reached the target`; `None` if no run was lost.
    pub fn what(self) -> Option<&'static str> {
        match (self.diverged, self.never) {
            (true, true) => Some("diverged or never reached the target"),
            (true, false) => Some("diverged"),
            (false, true) => Some("never reached the target"),
            (false, false) => None,
        }
    }
}

/// Two tasks that are not distinct.
#[derive(Clone, Debug, PartialEq)]
pub struct DuplicateTasks {
    /// Index of the first task into `Tasks::tasks`.
    pub first: usize,
    /// Index of the second task.
    pub second: usize,
    /// Number of results in both tasks, which would count twice. 0 if they only train the same
    /// model on the same data with the same budget.
    pub runs: usize,
}

/// Experiments in ascending order of their names.
#[derive(Clone, Debug)]
pub struct Tasks {
    /// The experiments.
    pub tasks: Vec<Task>,
    /// All labels in the order of the tasks' plans, the longest plan first.
    pub labels: Vec<Label>,
    /// Indices of the labels with a result in every task.
    pub shared: Vec<usize>,
    /// Indices of the other labels, with the reason why they are not compared across tasks.
    pub left_out: Vec<(usize, String)>,
    /// Groups of tasks with one metric; a task that shares its metric with no other is in no group.
    pub groups: Vec<Group>,
    /// Suffix of the word loss for each task: ` (cross-entropy)` if the page shows losses of
    /// different functions, else empty.
    pub losses: Vec<String>,
    /// Pairs of tasks that are not distinct.
    pub duplicates: Vec<DuplicateTasks>,
    /// The reason why seconds are not compared; `None` where they are.
    pub seconds_differ: Option<String>,
}

impl Tasks {
    /// Builds the tasks; the order of `analyses` does not matter.
    pub fn of(mut analyses: Vec<Analysis>) -> Self {
        // Equal names are ordered by the content of the experiments, never by the order of the
        // arguments: equal plans with equal rows are interchangeable.
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

    /// Returns a label's chosen configuration in a task; `None` where the plan lacks it.
    pub fn chosen(&self, task: usize, label: usize) -> Option<&Config> {
        let analysis = &self.tasks[task].analysis;
        Some(&analysis.configs[analysis.best[self.labels[label].places[task]?]?])
    }

    /// Returns the chosen configuration if any of its runs has a result.
    pub fn with_result(&self, task: usize, label: usize) -> Option<&Config> {
        self.chosen(task, label).filter(|c| c.counts.results() > 0)
    }

    /// Returns the kinds of failure among the runs of these labels' chosen configurations in these
    /// tasks.
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

    /// Returns whether no label of the task is better than this one and it has a value.
    pub fn leads(&self, task: usize, label: usize) -> bool {
        let every: Vec<usize> = (0..self.labels.len()).collect();
        self.leads_among(task, label, &every)
    }

    /// Returns whether the label leads the task among these labels.
    pub fn leads_among(&self, task: usize, label: usize, among: &[usize]) -> bool {
        let ranks = self.ranks(task, among);
        let best = ranks.iter().flatten().copied().fold(f64::INFINITY, f64::min);
        let own = among.iter().position(|l| *l == label).and_then(|at| ranks[at]);
        own == Some(best) && self.chosen(task, label).is_some_and(|c| c.judged.n > 0)
    }

    /// Returns the outcomes of a label's chosen configuration by the task's evaluation metric,
    /// ascending; the worst value for diverged runs.
    pub fn outcomes(&self, task: usize, label: usize) -> Vec<f64> {
        let analysis = &self.tasks[task].analysis;
        let Some(config) = self.chosen(task, label) else { return Vec::new() };
        let rows = config.runs.iter().map(|&r| &analysis.rows[r]);
        let mut values: Vec<f64> = rows.filter_map(|r| analysis.evaluation.outcome(r)).collect();
        values.sort_by(f64::total_cmp);
        values
    }

    /// Returns the rank of each label in a task among `labels`, from 1, the best first; ties share
    /// the mean of their ranks. `None` without a result.
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

    /// Returns the scores of two labels' runs in a task, ascending; higher is better. Level scores
    /// are equal, and those of diverged runs are negative infinity.
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

    /// Returns whether two of these tasks contain the same run, which would count twice.
    pub fn repeated(&self, tasks: &[usize]) -> bool {
        let both = |t: &DuplicateTasks| tasks.contains(&t.first) && tasks.contains(&t.second);
        self.duplicates.iter().any(|t| t.runs > 0 && both(t))
    }

    /// Returns whether runs of any task were trained in parallel.
    pub fn side_by_side(&self) -> bool {
        self.tasks.iter().flat_map(|t| &t.analysis.rows).any(|r| r.jobs.is_some_and(|j| j > 1))
    }

    /// Returns the reason why a label is not compared across tasks.
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

/// Makes names unique by appending a number to repeated ones.
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
    // The longest plan comes first, so that most colours match those of its own report.
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

/// Groups tasks by metric; losses only if they are the same function.
fn groups(all: &Tasks) -> Vec<Group> {
    let mut by_metric: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (t, task) in all.tasks.iter().enumerate() {
        let evaluation = &task.analysis.evaluation;
        let functions = match evaluation.metric {
            Metric::LOSS => metric::functions(task),
            _ => BTreeSet::new(),
        };
        // Steps of a function are not training samples.
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

/// Returns how runs with a result differ in machine, code, threads or jobs, if they do: seconds are
/// then not comparable across tasks.
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
