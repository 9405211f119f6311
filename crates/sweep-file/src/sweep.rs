//! The parsed sweep file, with every value typed.

use spec::claim::ClaimTest;
use spec::landscape::FunctionData;
use spec::lint::Lint;
use spec::metric::{EpochMetric, Metric};
use spec::own_data::OwnRequest;
use spec::params::Value;
use spec::plan::{ArtifactOptions, LibtorchSource, PoolEntry, Target};
use spec::regress_settings::RegressSettings;
use spec::report_settings::ReportSettings;
use spec::run::segment;
use spec::slurm::SlurmSettings;
use spec::stages::{Confirm, Rungs, Until};
use spec::threads::Threads;
use spec::update::ParamGroup;

use super::axis::Axis;
use super::node::Node;
use super::source::Place;

/// A parsed sweep file: every table is valid by itself, and its axes are not yet expanded.
#[derive(Clone, Debug)]
pub struct SweepSpec {
    /// The folder below `reports/`.
    pub name: String,
    /// The description; empty by default.
    pub description: String,
    /// Axes of `[data]`; without `dataset` if it is user data.
    pub data: Vec<Axis>,
    /// User data, which is `dataset` as a table, and its place; `None` for a dataset by name.
    pub own: Option<(OwnRequest, Place)>,
    /// The stand-in for data if the model is a function without data; `data` is then empty.
    pub none: Option<FunctionData>,
    /// Kind of `[model]`.
    pub model: String,
    /// Axes of `[model]`.
    pub model_axes: Vec<Axis>,
    /// `layers` of `[model]` as written, in which the places of layers are looked up.
    pub(crate) layers: Option<Node>,
    /// Axes of `[train]`, each with one value.
    pub train: Vec<Axis>,
    /// The keys of `[train.early_stopping]`, each with one value, and its place.
    pub early_stopping: Option<(Vec<Axis>, Place)>,
    /// The rest of `[train]`: checkpoints, evaluations, saved weights and timeout.
    pub keeping: ArtifactOptions,
    /// `[train] metrics`, each with its place.
    pub metrics: Vec<(Metric, Place)>,
    /// Seeds, each once.
    pub seeds: Vec<u64>,
    /// The interim looks of `[repeat] seeds`, and their place; `None` if all seeds are trained.
    pub until: Option<(Until, Place)>,
    /// `[tuning]`, if given.
    pub tuning: Option<TuningRequest>,
    /// `[confirm]`, if given.
    pub confirm: Option<Confirm>,
    /// `[target]` with the place of its metric, if given.
    pub target: Option<(Target, Place)>,
    /// Whether training ends at the target's value (`[target] stop`).
    pub stop: bool,
    /// `[claim]`, if given.
    pub claim: Option<ClaimRequest>,
    /// The optimizers in the order of the file.
    pub optimizers: Vec<OptimizerEntry>,
    /// The combinations to leave out.
    pub excludes: Vec<Exclude>,
    /// Settings of the report.
    pub report: ReportSettings,
    /// Settings of what counts as a regression.
    pub regress: RegressSettings,
    /// The device pool; empty means `["auto"]`.
    pub pool: Vec<PoolEntry>,
    /// Number of threads inside one run.
    pub threads_per_run: Threads,
    /// The place of `threads_per_run`; `None` if it is not given.
    pub threads_place: Option<Place>,
    /// Whether the fast path may be taken.
    pub fast_path: bool,
    /// Whether a GPU may round the inputs of products and convolutions to TF32.
    pub tf32: bool,
    /// The libtorch that workers load.
    pub libtorch: LibtorchSource,
    /// Settings of cluster tasks.
    pub slurm: SlurmSettings,
    /// The silenced lints (`[lints] allow`).
    pub allowed: Vec<Lint>,
    /// Whether `--smoke` reduced it to a trial.
    pub trial: bool,
}

impl SweepSpec {
    /// Returns the dotted paths of the values that an optimizer's runs draw at random; empty for an
    /// unknown label.
    pub fn drawn(&self, label: &str) -> Vec<String> {
        let axes = self.axes(label).into_iter();
        axes.filter(|axis| axis.random.is_some()).map(|axis| axis.path.clone()).collect()
    }

    /// Returns the dotted paths whose lists advance together in an optimizer's runs, in groups of
    /// at least two, in the order of the file. All schedules of an optimizer share the groups.
    pub fn zipped(&self, label: &str) -> Vec<Vec<String>> {
        let mut groups: Vec<(&str, Vec<String>)> = Vec::new();
        for axis in self.axes(label) {
            let Some(name) = axis.zip.as_deref() else { continue };
            let at = groups.iter().position(|(known, _)| *known == name).unwrap_or(groups.len());
            if at == groups.len() {
                groups.push((name, Vec::new()));
            }
            if !groups[at].1.contains(&axis.path) {
                groups[at].1.push(axis.path.clone());
            }
        }
        groups.into_iter().map(|(_, paths)| paths).filter(|paths| paths.len() > 1).collect()
    }

    /// Returns the seeds that are trained before any decision: all, or those of the first look.
    pub(crate) fn first_seeds(&self) -> &[u64] {
        let first = self.until.as_ref().and_then(|(until, _)| until.looks.first());
        let n = first.map_or(self.seeds.len(), |n| *n as usize);
        &self.seeds[..n.min(self.seeds.len())]
    }

    /// Returns the axes of an optimizer's runs; empty for an unknown label.
    fn axes(&self, label: &str) -> Vec<&Axis> {
        let Some(entry) = self.optimizers.iter().find(|entry| entry.label == label) else {
            return Vec::new();
        };
        let schedules = entry.schedules.iter().flat_map(|schedule| &schedule.axes);
        self.data.iter().chain(&self.model_axes).chain(&entry.axes).chain(schedules).collect()
    }
}

/// `[claim]` as written.
#[derive(Clone, Debug)]
pub struct ClaimRequest {
    /// The metric and its place; `None` means the target's metric, on the test split.
    pub metric: Option<(EpochMetric, Place)>,
    pub(crate) target: (f64, Place),
    pub(crate) level: (f64, Place),
    pub(crate) test: ClaimTest,
    pub(crate) sd: Option<f64>,
    pub(crate) epoch: Option<(u64, Place)>,
    pub(crate) place: Place,
}

/// `[tuning]` as written.
#[derive(Clone, Debug)]
pub struct TuningRequest {
    pub(crate) rungs: Rungs,
    /// The place of `rungs`.
    pub(crate) place: Place,
}

/// One `[[optimizer]]`.
#[derive(Clone, Debug)]
pub struct OptimizerEntry {
    /// The label, which is unique.
    pub label: String,
    /// The kind.
    pub kind: &'static str,
    /// Its own axes.
    pub axes: Vec<Axis>,
    /// Groups of parameters, with their places.
    pub groups: Vec<(ParamGroup, Place)>,
    /// The schedules, at least one; `constant` by default.
    pub schedules: Vec<ScheduleEntry>,
    /// The place of its table.
    pub place: Place,
}

/// One schedule of an optimizer.
#[derive(Clone, Debug)]
pub struct ScheduleEntry {
    /// The kind.
    pub kind: &'static str,
    /// Its axes.
    pub axes: Vec<Axis>,
    /// The parts of `sequential`, whose axes have one value each; empty for other kinds.
    pub parts: Vec<ScheduleEntry>,
    /// The place of its table.
    pub place: Place,
}

/// One `[[exclude]]`: all conditions must hold.
#[derive(Clone, Debug)]
pub struct Exclude {
    /// Dotted path or `label`, with the values that match.
    pub conditions: Vec<(String, Vec<Value>)>,
    /// The place of its table.
    pub place: Place,
}

impl SweepSpec {
    /// Reduces the sweep to a trial: the first seed, one epoch or segment, and the first value of
    /// each axis, in a report folder of its own.
    pub(super) fn smoke(&mut self) {
        self.trial = true;
        self.name.push_str("-smoke");
        self.seeds.truncate(1);
        self.until = None;
        self.tuning = None;
        if let Some(confirm) = &mut self.confirm {
            confirm.seeds.truncate(1);
            (confirm.until, confirm.top) = (None, 1);
        }
        let entries = self.optimizers.iter_mut();
        let own = entries.flat_map(|o| {
            o.axes.iter_mut().chain(o.schedules.iter_mut().flat_map(|s| &mut s.axes))
        });
        for axis in self.data.iter_mut().chain(&mut self.model_axes).chain(own) {
            axis.values.truncate(1);
            axis.extend = None;
            if let Some(random) = &mut axis.random {
                random.samples = 1;
            }
        }
        // A run by steps is reduced to one segment.
        for steps in self.train.iter_mut().filter(|a| a.path == "train.steps") {
            for (value, _) in &mut steps.values {
                if let Value::Int(n) = value {
                    *n = segment(u64::try_from(*n).unwrap_or(1)) as i64;
                }
            }
        }
        let by_steps = self.train.iter().any(|a| a.path == "train.steps");
        for epochs in self.train.iter_mut().filter(|a| a.path == "train.epochs") {
            epochs.values.iter_mut().for_each(|(value, _)| *value = Value::Int(1));
        }
        if !by_steps && !self.train.iter().any(|a| a.path == "train.epochs") {
            let place = Place { source: 0, span: 0..0 };
            let values = vec![(Value::Int(1), place.clone())];
            self.train.push(Axis {
                path: "train.epochs".to_owned(),
                values,
                zip: None,
                random: None,
                extend: None,
                place,
            });
        }
        for optimizer in &mut self.optimizers {
            optimizer.schedules.truncate(1);
        }
        self.excludes.clear();
        // One seed and one epoch cannot carry a claim.
        self.claim = None;
    }
}
