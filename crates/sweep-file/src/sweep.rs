//! A sweep file without its spelling: what is asked for, every value typed.

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

/// A sweep file that holds no local problem; combinations are not yet made.
#[derive(Clone, Debug)]
pub struct SweepSpec {
    /// Folder under `reports/`.
    pub name: String,
    /// A sentence, may be empty.
    pub description: String,
    /// Axes of `[data]`; without `dataset` where it is own data.
    pub data: Vec<Axis>,
    /// `dataset` as a table: own data, and where it is written.
    pub own: Option<(OwnRequest, Place)>,
    /// For a function what stands in place of data; `data` is then empty.
    pub none: Option<FunctionData>,
    /// Kind of `[model]`.
    pub model: String,
    /// Axes of `[model]`.
    pub model_axes: Vec<Axis>,
    /// `layers` of `[model]` as it is written, in which the place of each layer is looked up.
    pub(crate) layers: Option<Node>,
    /// Axes of `[train]`, each of one value.
    pub train: Vec<Axis>,
    /// `[train.early_stopping]`: its keys, each of one value, and its place.
    pub early_stopping: Option<(Vec<Axis>, Place)>,
    /// The rest of `[train]`, which changes no result.
    pub keeping: ArtifactOptions,
    /// `[train] metrics`, each with its place.
    pub metrics: Vec<(Metric, Place)>,
    /// Seeds, each once.
    pub seeds: Vec<u64>,
    /// Looks at the seeds on the way, and where they are written; none where all are trained.
    pub until: Option<(Until, Place)>,
    /// `[tuning]`, if given.
    pub tuning: Option<TuningRequest>,
    /// `[confirm]`, if given.
    pub confirm: Option<Confirm>,
    /// `[target]` with the place of its metric, if given.
    pub target: Option<(Target, Place)>,
    /// `[target] stop = true`: training ends at the target's value.
    pub stop: bool,
    /// `[claim]`, if given.
    pub claim: Option<ClaimRequest>,
    /// The optimizers in the order of the file.
    pub optimizers: Vec<OptimizerEntry>,
    /// Combinations to leave out.
    pub excludes: Vec<Exclude>,
    /// What the report shows.
    pub report: ReportSettings,
    /// What counts as a regression.
    pub regress: RegressSettings,
    /// The device pool; empty means `auto`.
    pub pool: Vec<PoolEntry>,
    /// Threads inside one run.
    pub threads_per_run: Threads,
    /// Where that is written, if it is.
    pub threads_place: Option<Place>,
    /// Whether the fast path may be taken.
    pub fast_path: bool,
    /// Products and convolutions on a GPU may round their inputs to TF32.
    pub tf32: bool,
    /// The libtorch that workers load.
    pub libtorch: LibtorchSource,
    /// How tasks of a cluster are asked for.
    pub slurm: SlurmSettings,
    /// `[lints] allow`: traps that are meant, and not warned of.
    pub allowed: Vec<Lint>,
    /// Whether it is cut down to a trial, by `--smoke`.
    pub trial: bool,
}

impl SweepSpec {
    /// Dotted paths of the values that an optimizer's runs draw at random; none of a
    /// label that the file does not have.
    pub fn drawn(&self, label: &str) -> Vec<String> {
        let axes = self.axes(label).into_iter();
        axes.filter(|axis| axis.random.is_some()).map(|axis| axis.path.clone()).collect()
    }

    /// Dotted paths whose lists an optimizer's runs advance together, by groups of at least two
    /// in the order of the file. The schedules of an optimizer share the groups of one name.
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

    /// The seeds that are trained before anything is decided: all, or those of the first look.
    pub(crate) fn first_seeds(&self) -> &[u64] {
        let first = self.until.as_ref().and_then(|(until, _)| until.looks.first());
        let n = first.map_or(self.seeds.len(), |n| *n as usize);
        &self.seeds[..n.min(self.seeds.len())]
    }

    /// The axes of an optimizer's runs; none of a label that the file does not have.
    fn axes(&self, label: &str) -> Vec<&Axis> {
        let Some(entry) = self.optimizers.iter().find(|entry| entry.label == label) else {
            return Vec::new();
        };
        let schedules = entry.schedules.iter().flat_map(|schedule| &schedule.axes);
        self.data.iter().chain(&self.model_axes).chain(&entry.axes).chain(schedules).collect()
    }
}

/// `[claim]` as it is written.
#[derive(Clone, Debug)]
pub struct ClaimRequest {
    /// The metric, where it is given; else that of the target, on the test split.
    pub metric: Option<(EpochMetric, Place)>,
    pub(crate) target: (f64, Place),
    pub(crate) level: (f64, Place),
    pub(crate) test: ClaimTest,
    pub(crate) sd: Option<f64>,
    pub(crate) epoch: Option<(u64, Place)>,
    pub(crate) place: Place,
}

/// `[tuning]` as it is written.
#[derive(Clone, Debug)]
pub struct TuningRequest {
    pub(crate) rungs: Rungs,
    /// The place of `rungs`.
    pub(crate) place: Place,
}

/// One `[[optimizer]]`.
#[derive(Clone, Debug)]
pub struct OptimizerEntry {
    /// Unique label.
    pub label: String,
    /// Kind.
    pub kind: &'static str,
    /// Its own axes.
    pub axes: Vec<Axis>,
    /// Groups of parameters, with their places.
    pub groups: Vec<(ParamGroup, Place)>,
    /// Its schedules, at least one.
    pub schedules: Vec<ScheduleEntry>,
    /// Where it is written.
    pub place: Place,
}

/// One schedule of an optimizer.
#[derive(Clone, Debug)]
pub struct ScheduleEntry {
    /// Kind.
    pub kind: &'static str,
    /// Its axes.
    pub axes: Vec<Axis>,
    /// The schedules in turn of `sequential`; their axes have one value each.
    pub parts: Vec<ScheduleEntry>,
    /// Where it is written.
    pub place: Place,
}

/// One `[[exclude]]`: all conditions must hold.
#[derive(Clone, Debug)]
pub struct Exclude {
    /// Dotted path or `label`, with the values that match.
    pub conditions: Vec<(String, Vec<Value>)>,
    /// Where it is written.
    pub place: Place,
}

impl SweepSpec {
    /// Cuts the sweep down to a trial: the first seed, one epoch, the first
    /// value of each axis, in a report folder of its own.
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
        // Of a run by steps one segment.
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
        // One seed and one epoch carry nothing.
        self.claim = None;
    }
}
