//! The plan: every run that a sweep file asks for, fully resolved.

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

/// Names of folders and files below `reports/` that no sweep may have.
pub const RESERVED: &[&str] =
    &["readme.md", "gallery", "baselines", "history", "together", "compare", "external"];

choice! {
    /// `[target] at`: the epoch of a run whose values count.
    #[derive(Default)]
    TargetAt {
        /// The last epoch that was trained.
        #[default]
        Last = "last",
        /// The epoch with the best validation value of the target's metric, of
        /// equally good ones the first.
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
    /// Split the metric is measured on.
    pub split: Split,
    /// The metric.
    pub metric: Metric,
    /// The value to reach, for time-to-target.
    pub value: Option<f64>,
    /// The epoch that counts; left out of the stored form while it is the last.
    #[serde(default, skip_serializing_if = "TargetAt::is_last")]
    pub at: TargetAt,
}

impl Target {
    /// Whether more is better.
    pub fn higher_is_better(&self) -> bool {
        self.metric.higher_is_better()
    }

    /// `validation.accuracy`.
    pub fn path(&self) -> String {
        format!("{}.{}", self.split, self.metric)
    }
}

/// One `[[optimizer]]` entry, in the order of the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedOptimizer {
    /// Its label, unique in the plan.
    pub label: String,
    /// Its kind.
    pub kind: String,
    /// Dotted paths that take more than one value, in the order of the file.
    pub axes: Vec<String>,
    /// Those of them whose values were drawn at random; left out while there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub random: Vec<String>,
    /// Groups of dotted paths whose lists advance together, of which none can grow alone; left
    /// out while there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub zipped: Vec<Vec<String>>,
    /// Axes whose grid grows; left out while there are none.
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
    /// Its identity across versions of the code.
    pub cell_id: Id,
    /// Values of the axes that vary within its label, by dotted path.
    pub axes: Values,
    /// Its stage; left out of the stored form while it is tuning, the stage of the sweep file.
    #[serde(default, skip_serializing_if = "Stage::is_tuning")]
    pub stage: Stage,
    /// The resolved run.
    pub spec: RunSpec,
}

/// Everything a report needs to know about what was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// [`PLAN_VERSION`].
    pub v: u32,
    /// Folder under `reports/`.
    pub name: String,
    /// A sentence from the file.
    pub description: String,
    /// The sweep file, relative to the repository where possible.
    pub file: String,
    /// Text of the sweep file.
    pub text: String,
    /// `--set` arguments and environment variables that were applied, as typed.
    pub overrides: Vec<String>,
    /// Descriptions of the metrics on request that are not built in, known from reading the
    /// plan on; left out while there are none.
    #[serde(default, deserialize_with = "registered", skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<Description>,
    /// What "best" means.
    pub target: Target,
    /// The claim on the mean over seeds; left out while there is no `[claim]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
    /// Seeds, in the order of the file.
    pub seeds: Vec<u64>,
    /// Looks at them on the way, which may end them early: in a sweep whose optimizers have one
    /// configuration each, so that nothing is chosen. Left out without any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Until>,
    /// Rungs at which the worse configurations of tuning are cut; left out while there is no
    /// `[tuning]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tuning: Option<Rungs>,
    /// The stage that judges on fresh seeds; left out while there is no `[confirm]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirm: Option<Confirm>,
    /// What the results of earlier stages decided, in the order of the stages; left out while
    /// nothing is decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<Decision>,
    /// Decisions that others have replaced, in the order of time; left out while there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub superseded: Vec<Decision>,
    /// The optimizer entries, in the order of the file: the order of colours and tables.
    pub optimizers: Vec<PlannedOptimizer>,
    /// Every run: by stage, then label, then configuration, then seed.
    pub runs: Vec<PlannedRun>,
    /// The device pool, as resolved from file and command line.
    pub pool: Vec<PoolEntry>,
    /// Threads inside one run, as asked for; what `"auto"` came to is in `computed_on`.
    pub threads_per_run: Threads,
    /// Whether runs may take the fast path; false trains by Burn's operations alone.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub fast_path: bool,
    /// Products and convolutions on a GPU may round their inputs to TF32.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tf32: bool,
    /// The libtorch that workers load.
    #[serde(default, skip_serializing_if = "LibtorchSource::is_default")]
    pub libtorch: LibtorchSource,
    /// What is kept and how long a run may take; no part of any id.
    #[serde(default)]
    pub keeping: ArtifactOptions,
    /// What the report shows; no part of any id.
    #[serde(default)]
    pub report: ReportSettings,
    /// What counts as a regression; no part of any id.
    #[serde(default)]
    pub regress: RegressSettings,
    /// Traps that were warned of before training, and that `[lints]` does not allow.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lints: Vec<LintFinding>,
    /// What was found in own data; left out of built-in data and functions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<DataDescription>,
    /// What pool and threads came to on the machine of the last sweep; null before.
    #[serde(default)]
    pub computed_on: Option<ExecutionProfile>,
}

/// What decides the bits of a result beside the run itself. Results of one
/// report should share it; a sweep reuses only those that do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutionProfile {
    /// `libtorch` or `flex`.
    pub backend: String,
    /// `cpu` or `cuda`.
    pub device_kind: String,
    /// Threads inside one run.
    pub threads: u64,
    /// Without the fast path.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub plain: bool,
    /// Products and convolutions may round their inputs to TF32; false on a CPU.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tf32: bool,
}

choice! {
    /// The libtorch that workers load.
    #[derive(Default)]
    LibtorchSource {
        /// The one that the worker was built with.
        #[default]
        Built = "built",
        /// The torch of the python3 on the PATH.
        Python = "python",
    }
}

impl LibtorchSource {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Reads descriptions and makes them known; the rest of the plan may name them.
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
    /// The first run of each model and batch size, in the order of the plan.
    pub fn sizes(&self) -> Vec<&PlannedRun> {
        let mut seen = HashSet::new();
        let mut last: Option<(&ModelSpec, u64)> = None;
        let mut out = Vec::new();
        for run in &self.runs {
            let size = (&run.spec.model, run.spec.data.batch_size);
            // Seeds and learning rates of one size stand together.
            if last != Some(size) && seen.insert((format!("{:?}", size.0), size.1)) {
                out.push(run);
            }
            last = Some(size);
        }
        out
    }

    /// Of [`Plan::sizes`] the one with the most parameters times samples a
    /// batch, of equal ones the first: what `threads_per_run = "auto"` is
    /// measured by, since slots are the same for all runs.
    pub fn heaviest(&self) -> Option<&PlannedRun> {
        self.sizes().into_iter().rev().max_by_key(|run| run.spec.weight())
    }
}

impl ExecutionProfile {
    /// Whether a record was computed so.
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
    /// Files that are kept of a run, and the time that it may take; no part of any id.
    ArtifactOptions in "train" {
        /// Epochs between two checkpoints, of a run by steps steps; 0 = none.
        checkpoint_every: u64 = 0, Within(0.0, 1e12);
        /// Steps between two evaluations of a run by steps; 0 = a twentieth of the run.
        #[serde(skip_serializing_if = "crate::params::is_default")]
        evaluate_every: u64 = 0, Within(0.0, 1e12);
        /// Samples of each held-out split that evaluations within a run measure, of a text sequences: a subset that is drawn once; at the end all are measured; 0 = always all.
        #[serde(skip_serializing_if = "crate::params::is_default")]
        evaluate_samples: u64 = 0, Within(0.0, 1e12);
        /// Weights that are kept.
        save: Save = Save::default(), Any;
        /// Time after which a run is ended, stored in seconds.
        timeout: Option<f64> = None => "seconds, \"90s\", \"30m\", \"2h\"", "none";
        /// Metrics that are measured on request, each once.
        #[serde(deserialize_with = "metric::on_request")]
        metrics: Vec<Metric> = Vec::new() => "a name or a list of names out of `list metrics`", "none";
    }
}

/// One entry of the device pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolEntry {
    /// The device.
    pub device: DeviceName,
    /// Runs side by side on it; null: cores / threads for a CPU, one for a GPU.
    pub slots: Option<u64>,
}
