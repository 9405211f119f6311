//! The plan: every run of a sweep, fully resolved.

mod rungs;
mod staged;

use std::collections::HashSet;

use serde::{Deserialize, Deserializer, Serialize};

use crate::claim::Claim;
use crate::device::DeviceName;
use crate::event::Save;
use crate::growth::Extend;
use crate::identity::Id;
use crate::lint::LintFinding;
use crate::metric::{self, Description, Metric};
use crate::model::ModelSpec;
use crate::params::{Values, choice};
use crate::reading::DataDescription;
use crate::record::{RunRecord, Split};
use crate::regress_settings::RegressSettings;
use crate::report_settings::ReportSettings;
use crate::run::RunSpec;
use crate::stages::{Confirm, Decision, Rungs, Stage, Until};
use crate::threads::Threads;

/// Version of [`Plan`] as stored in `plan.json`.
pub const PLAN_VERSION: u32 = 1;

/// Names of folders and files in `reports/` that no sweep may use.
pub const RESERVED: &[&str] =
    &["readme.md", "gallery", "baselines", "history", "together", "compare", "external"];

choice! {
    /// `[target] at`: the epoch of a run whose values count.
    #[derive(Default)]
    TargetAt {
        /// The last epoch that was trained.
        #[default]
        Last = "last",
        /// The epoch with the best validation value of the target's metric; the first one on a
        /// tie.
        Best = "best",
    }
}

impl TargetAt {
    fn is_last(&self) -> bool {
        *self == TargetAt::Last
    }
}

/// The metric that decides what "best" means.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// The split that the metric is measured on.
    pub split: Split,
    /// The metric.
    pub metric: Metric,
    /// The value to reach, in the metric's unit, for time-to-target; `None`: no such value.
    pub value: Option<f64>,
    /// The epoch that counts; omitted from the stored form if it is the last.
    #[serde(default, skip_serializing_if = "TargetAt::is_last")]
    pub at: TargetAt,
}

impl Target {
    /// Returns whether higher values are better.
    pub fn higher_is_better(&self) -> bool {
        self.metric.higher_is_better()
    }

    /// Returns the split and the metric as text: `validation.accuracy`.
    pub fn path(&self) -> String {
        format!("{}.{}", self.split, self.metric)
    }
}

/// One `[[optimizer]]` entry, in the order of the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedOptimizer {
    /// The label, unique in the plan.
    pub label: String,
    /// The kind of optimizer: `adamw`.
    pub kind: String,
    /// Dotted paths that take more than one value, in the order of the file.
    pub axes: Vec<String>,
    /// The axes whose values were drawn at random; omitted from the stored form if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub random: Vec<String>,
    /// Groups of zipped axes, as dotted paths; none of them can grow alone. Omitted if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub zipped: Vec<Vec<String>>,
    /// Axes whose grid grows; omitted if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extend: Vec<Extend>,
}

/// One run of the plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedRun {
    /// Label of its optimizer entry.
    pub label: String,
    /// The run.
    pub run_id: Id,
    /// Its configuration: the run without its seed.
    pub config_id: Id,
    /// Its cell: the run without the version of the training format.
    pub cell_id: Id,
    /// Values of the axes that vary within its label, by dotted path.
    pub axes: Values,
    /// Its stage; omitted from the stored form if it is tuning, the stage of the sweep file.
    #[serde(default, skip_serializing_if = "Stage::is_tuning")]
    pub stage: Stage,
    /// The resolved run.
    pub spec: RunSpec,
}

/// Everything that a report needs to know about a sweep besides its results. Fields at their
/// neutral value are omitted from the stored form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Version of the stored form, [`PLAN_VERSION`].
    pub v: u32,
    /// Name of the report folder in `reports/`.
    pub name: String,
    /// The description in the sweep file.
    pub description: String,
    /// The sweep file, relative to the repository where possible.
    pub file: String,
    /// Text of the sweep file.
    pub text: String,
    /// `--set` arguments and environment variables that were applied, as typed.
    pub overrides: Vec<String>,
    /// Descriptions of the metrics on request that are not built in; reading the plan registers
    /// them.
    #[serde(default, deserialize_with = "registered", skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<Description>,
    /// The metric that decides what "best" means.
    pub target: Target,
    /// The claim on the mean over seeds; `None` without `[claim]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
    /// Seeds, in the order of the file.
    pub seeds: Vec<u64>,
    /// Interim looks at the seeds, which may end them early; only in a sweep whose optimizers
    /// have one configuration each, so that none is chosen. `None`: no looks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Until>,
    /// Rungs at which the worse configurations of tuning are cut; `None` without `[tuning]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tuning: Option<Rungs>,
    /// The stage that judges on fresh seeds; `None` without `[confirm]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirm: Option<Confirm>,
    /// Decisions made from the results of earlier stages, in the order of the stages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<Decision>,
    /// Decisions that others have replaced, in chronological order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub superseded: Vec<Decision>,
    /// The optimizer entries, in the order of the file, which is that of colours and tables.
    pub optimizers: Vec<PlannedOptimizer>,
    /// Every run, ordered by stage, label, configuration and seed.
    pub runs: Vec<PlannedRun>,
    /// The device pool, as resolved from file and command line.
    pub pool: Vec<PoolEntry>,
    /// Threads inside one run, as requested; `computed_on` has the number that `"auto"` chose.
    pub threads_per_run: Threads,
    /// Whether runs may take the fast path; if false, Burn's own operations train them.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub fast_path: bool,
    /// Whether products and convolutions on a GPU may round their inputs to TF32.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tf32: bool,
    /// The libtorch that workers load.
    #[serde(default, skip_serializing_if = "LibtorchSource::is_default")]
    pub libtorch: LibtorchSource,
    /// Files to keep and the time limit of a run; not part of any id.
    #[serde(default)]
    pub keeping: ArtifactOptions,
    /// Contents of the report; not part of any id.
    #[serde(default)]
    pub report: ReportSettings,
    /// Rules for regressions; not part of any id.
    #[serde(default)]
    pub regress: RegressSettings,
    /// Lints that were reported before training and that `[lints]` does not allow.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lints: Vec<LintFinding>,
    /// Description of own data; `None` for built-in data and functions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<DataDescription>,
    /// Pool and threads as resolved on the machine of the last sweep; `None` before one.
    #[serde(default)]
    pub computed_on: Option<ExecutionProfile>,
}

/// The settings besides the run itself that determine the bits of a result. Results of one
/// report should share them, and a sweep reuses only results that do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutionProfile {
    /// `libtorch` or `flex`.
    pub backend: String,
    /// `cpu` or `cuda`.
    pub device_kind: String,
    /// Threads inside one run.
    pub threads: u64,
    /// Whether the fast path is switched off.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub plain: bool,
    /// Whether products and convolutions may round their inputs to TF32; false on a CPU.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tf32: bool,
}

choice! {
    /// The libtorch that workers load.
    #[derive(Default)]
    LibtorchSource {
        /// The libtorch that the worker was built with.
        #[default]
        Built = "built",
        /// The libtorch of the Python package `torch` of the `python3` on the PATH.
        Python = "python",
    }
}

impl LibtorchSource {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Reads descriptions and registers them, so that the rest of the plan may name them.
fn registered<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Description>, D::Error> {
    let metrics = Vec::<Description>::deserialize(from)?;
    for metric in &metrics {
        metric::register(metric.clone()).map_err(serde::de::Error::custom)?;
    }
    Ok(metrics)
}

fn yes() -> bool {
    true
}

fn is_yes(value: &bool) -> bool {
    *value
}

impl Plan {
    /// Returns the first run of each model and batch size, in the order of the plan.
    pub fn sizes(&self) -> Vec<&PlannedRun> {
        let mut seen = HashSet::new();
        let mut last: Option<(&ModelSpec, u64)> = None;
        let mut out = Vec::new();
        for run in &self.runs {
            let size = (&run.spec.model, run.spec.data.batch_size);
            // Runs of one size are adjacent, so the set is rarely queried.
            if last != Some(size) && seen.insert((format!("{:?}", size.0), size.1)) {
                out.push(run);
            }
            last = Some(size);
        }
        out
    }

    /// Returns the run of [`Plan::sizes`] with the most parameters times samples per batch, the
    /// first one on a tie. `threads_per_run = "auto"` measures this run, since slots are the same
    /// for all runs.
    pub fn heaviest(&self) -> Option<&PlannedRun> {
        self.sizes().into_iter().rev().max_by_key(|run| run.spec.weight())
    }
}

impl ExecutionProfile {
    /// Returns whether a record was computed with this profile; false without an environment.
    pub fn fits(&self, record: &RunRecord) -> bool {
        record.exec.as_ref().is_some_and(|e| {
            e.backend == self.backend
                && e.device_kind == self.device_kind
                && e.threads == self.threads
                && e.plain == self.plain
                && e.tf32.unwrap_or(false) == self.tf32
        })
    }
}

crate::settings! {
    /// Files to keep of a run, and its time limit; not part of any id.
    ArtifactOptions in "train" {
        /// Epochs between two checkpoints, or optimizer steps if `steps` is set; 0 = no
        /// checkpoints.
        checkpoint_every: u64 = 0, Within(0.0, 1e12);
        /// Optimizer steps between two evaluations if `steps` is set; 0 = a twentieth of the run.
        #[serde(skip_serializing_if = "crate::params::is_default")]
        evaluate_every: u64 = 0, Within(0.0, 1e12);
        /// Samples (sequences of a text) of each held-out split that evaluations within a run
        /// measure: a subset that is drawn once, except in the last evaluation, which measures all;
        /// 0 = always all.
        #[serde(skip_serializing_if = "crate::params::is_default")]
        evaluate_samples: u64 = 0, Within(0.0, 1e12);
        /// Weights to save as safetensors.
        save: Save = Save::default(), Any;
        /// Time limit of a run, stored in seconds.
        timeout: Option<f64> = None => "seconds, \"90s\", \"30m\", \"2h\"", "none";
        /// Metrics to measure on request, without repetitions.
        #[serde(deserialize_with = "metric::on_request")]
        metrics: Vec<Metric> = Vec::new() => "a name or a list of names from `list metrics`", "none";
    }
}

/// One entry of the device pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolEntry {
    /// The device.
    pub device: DeviceName,
    /// Runs in parallel on it; `None`: cores / threads for a CPU, one for a GPU.
    pub slots: Option<u64>,
}
