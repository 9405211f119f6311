//! Nights: finished sweeps as stored by the history and the baselines, each in one self-contained
//! Parquet file with one row per run.

use std::collections::BTreeMap;
use std::path::Path;

use polars::prelude::*;
use spec::Id;
use spec::identity::ids;
use spec::plan::{Plan, PlannedRun};
use spec::record::{Environment, Status};
use store::layout::ReportDir;
use store::manifest::Manifest;

use report::analysis::Analysis;
use report::error::ReportError;
use report::reading::{self, Opened};
use report::table::{Cell, RunRow, scan};

/// Facts that hold for a whole night.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Facts {
    /// The experiment's name.
    pub experiment: String,
    /// Start of the sweep, RFC 3339 in UTC.
    pub started: String,
    /// Commit of the working tree; `None` outside of git.
    pub commit: Option<String>,
    /// Whether the sources differed from that commit.
    pub dirty: Option<bool>,
    /// `libtorch` or `flex`, with a note if the fast path was off or TF32 was on.
    pub backend: Option<String>,
    /// `cpu` or `cuda`.
    pub device_kind: Option<String>,
    /// Name of the processor or GPU.
    pub device_model: Option<String>,
    /// Vendor, family and model of the processor; `None` in nights that did not record it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processor: Option<String>,
    /// The processor that is assumed for a night without one; see [`take_for_one_machine`].
    #[serde(skip)]
    pub taken_for: Option<String>,
    /// Instruction sets of the processor, which determine the choice of kernels.
    pub cpu_features: Option<String>,
    /// Version of the GPU driver.
    pub driver: Option<String>,
    /// Version of libtorch.
    pub libtorch: Option<String>,
    /// Hash of the training sources.
    pub code: Option<String>,
    /// Metric of the target and its value: `validation.accuracy 0.97`.
    pub target: Option<String>,
}

impl Facts {
    /// Returns the facts that must match for numbers to be comparable between nights; a change of
    /// any starts a new segment of the history.
    pub fn machine(&self) -> [Option<&str>; 7] {
        [
            self.backend.as_deref(),
            self.device_kind.as_deref(),
            self.device_model.as_deref(),
            self.cpu_features.as_deref(),
            self.driver.as_deref(),
            self.libtorch.as_deref(),
            self.processor.as_deref().or(self.taken_for.as_deref()),
        ]
    }

    /// Describes the first difference in [`Facts::machine`]; `None` if there is none.
    pub fn other_machine(&self, other: &Facts) -> Option<String> {
        const NAMES: [&str; 7] = [
            "the backend",
            "the kind of device",
            "the device",
            "its instruction sets",
            "the driver",
            "libtorch",
            "the family of the processor",
        ];
        let pairs = self.machine().into_iter().zip(other.machine()).zip(NAMES);
        pairs.into_iter().find(|((a, b), _)| a != b).map(|((a, b), name)| {
            let text = |x: Option<&str>| x.unwrap_or("none").to_owned();
            format!("{name} changed from {} to {}", text(a), text(b))
        })
    }

    /// Returns the first eight characters of the commit, followed by `+` if sources differed from
    /// it.
    pub fn commit_short(&self) -> Option<String> {
        let commit = self.commit.as_deref()?;
        let mark = if self.dirty == Some(true) { "+" } else { "" };
        Some(format!("{}{mark}", commit.get(..8).unwrap_or(commit)))
    }

    /// Returns the day: `2026-11-24`.
    pub fn day(&self) -> &str {
        self.started.get(..10).unwrap_or(&self.started)
    }
}

/// Assumes a processor for nights that did not record its family: that of a night whose other facts
/// match, the next later one or else the latest earlier one. A fact that the first nights lack thus
/// does not split the history.
pub fn take_for_one_machine(nights: &mut [&mut Facts]) {
    nights.sort_by(|a, b| a.started.cmp(&b.started));
    for at in 0..nights.len() {
        if nights[at].processor.is_some() {
            continue;
        }
        // The processor is the last of the facts.
        let rest = |facts: &Facts| -> [Option<String>; 6] {
            std::array::from_fn(|i| facts.machine()[i].map(str::to_owned))
        };
        let this = rest(nights[at]);
        let alike = |other: &Facts| {
            other.machine().iter().zip(&this).all(|(ours, theirs)| *ours == theirs.as_deref())
        };
        let mut known = nights[at..].iter().chain(nights[..at].iter().rev());
        let found = known.find(|f| f.processor.is_some() && alike(f));
        nights[at].taken_for = found.and_then(|f| f.processor.clone());
    }
}

/// One run of a night.
#[derive(Clone, Debug, PartialEq)]
pub struct NightRun {
    /// Its cell, the id across versions of the code.
    pub cell_id: Id,
    /// Id of its configuration across versions of the code: the cell of seed 0.
    pub series: Id,
    /// Label of its optimizer.
    pub label: String,
    /// The values that set the configuration apart within its label: `lr 0.1`.
    pub config: String,
    /// Its seed.
    pub seed: u64,
    /// Number of epochs planned.
    pub epochs: u64,
    /// Number of optimizer steps planned for a run by steps; `None` for a run by epochs.
    pub steps: Option<u64>,
    /// Epoch at which a rung of tuning cut its configuration; `None` for any other.
    pub cut_at: Option<u64>,
    /// Its results.
    pub row: RunRow,
}

impl NightRun {
    /// Returns whether it is paused where a rung cut it.
    pub fn is_cut(&self) -> bool {
        let there = |at: u64| self.row.epochs_completed.is_some_and(|done| done >= at);
        self.row.status == Some(Status::Cut) && self.cut_at.is_some_and(there)
    }

    /// Returns whether it needs no more training: it has a result, or a rung cut it.
    pub fn is_done(&self) -> bool {
        self.row.has_result() || self.is_cut()
    }
}

/// One finished sweep.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Night {
    /// Facts that hold for all its runs.
    pub facts: Facts,
    /// One entry per planned run, in plan order.
    pub runs: Vec<NightRun>,
}

impl Night {
    /// Reads the last sweep of a report folder, from its journal if there is one. Nothing is
    /// written there, since the folder may belong to somebody else.
    ///
    /// # Errors
    /// `plan.json`, the journal or the Parquet files cannot be read.
    pub fn of_report(dir: &ReportDir, warnings: &mut Vec<String>) -> Result<Self, ReportError> {
        let Opened { analysis, warnings: said, .. } = reading::open(dir, store::plan(dir)?)?;
        warnings.extend(said);
        let manifest = report::manifest(dir, warnings);
        let environment = match &manifest {
            Some(Manifest { environment: Some(e), .. }) => Some(e.clone()),
            _ => newest_environment(dir),
        };
        Ok(Night {
            facts: facts(&analysis.plan, manifest.as_ref(), environment),
            runs: runs(&analysis),
        })
    }

    /// Reads a file that [`Night::write`] wrote.
    ///
    /// # Errors
    /// [`ReportError::Kept`] if it is missing, invalid, or has no run.
    pub fn read(path: &Path) -> Result<Self, ReportError> {
        let not = |reason: String| ReportError::Kept { path: path.into(), what: "a night", reason };
        if !path.is_file() {
            return Err(not("the file does not exist".to_owned()));
        }
        let frame = scan(path).map_err(|e| match e {
            ReportError::Parquet { reason, .. } => not(reason.to_string()),
            other => other,
        })?;
        // Facts of the whole night are stored in its rows.
        if frame.height() == 0 {
            return Err(not("it has no runs".to_owned()));
        }
        let read = || -> PolarsResult<Night> {
            let text = |name: &str| String::read(frame.column(name)?);
            let first = |name: &str| -> PolarsResult<Option<String>> {
                Ok(text(name)?.into_iter().next().flatten())
            };
            let facts = Facts {
                experiment: first("experiment")?.unwrap_or_default(),
                started: first("started")?.unwrap_or_default(),
                commit: first("commit")?,
                dirty: frame.column("dirty")?.bool()?.get(0),
                backend: first("backend")?,
                device_kind: first("device_kind")?,
                device_model: first("device_model")?,
                // Missing in nights of earlier programs.
                processor: match frame.column("processor") {
                    Ok(column) => String::read(column)?.into_iter().next().flatten(),
                    Err(_) => None,
                },
                taken_for: None,
                cpu_features: first("cpu_features")?,
                driver: first("driver")?,
                libtorch: first("libtorch")?,
                code: first("night_code")?,
                target: first("target")?,
            };
            let rows = RunRow::from_frame(&frame)?;
            let (cells, series) = (text("cell_id")?, text("series")?);
            let (labels, configs) = (text("label")?, text("config")?);
            let (seeds, epochs) =
                (u64::read(frame.column("seed")?)?, u64::read(frame.column("epochs")?)?);
            // Omitted if all runs are by epochs, or nothing was cut.
            let left_out = |name: &str| match frame.column(name) {
                Ok(column) => u64::read(column),
                Err(_) => Ok(vec![None; frame.height()]),
            };
            let (steps, cut_at) = (left_out("planned_steps")?, left_out("cut_at")?);
            let mut runs = Vec::with_capacity(rows.len());
            for (i, row) in rows.into_iter().enumerate() {
                let id = |ids: &[Option<String>]| -> PolarsResult<Id> {
                    ids[i].as_deref().unwrap_or_default().parse().map_err(|e: String| {
                        PolarsError::ComputeError(format!("row {i}: {e}").into())
                    })
                };
                runs.push(NightRun {
                    cell_id: id(&cells)?,
                    series: id(&series)?,
                    label: labels[i].clone().unwrap_or_default(),
                    config: configs[i].clone().unwrap_or_default(),
                    seed: seeds[i].unwrap_or_default(),
                    epochs: epochs[i].unwrap_or_default(),
                    steps: steps[i],
                    cut_at: cut_at[i],
                    row,
                });
            }
            Ok(Night { facts, runs })
        };
        read().map_err(|e| not(e.to_string()))
    }

    /// Writes the night with one row per run; facts of the whole night are repeated in every row.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), ReportError> {
        report::collect::write(path, self.columns())
    }

    fn columns(&self) -> Vec<Column> {
        let (runs, facts) = (&self.runs, &self.facts);
        let whole = |name: &str, value: Option<&str>| {
            String::column(name, runs.iter().map(|_| value.map(str::to_owned)).collect())
        };
        let text = |name: &str, of: &dyn Fn(&NightRun) -> String| {
            String::column(name, runs.iter().map(|r| Some(of(r))).collect())
        };
        let int = |name: &str, of: fn(&NightRun) -> u64| {
            u64::column(name, runs.iter().map(|r| Some(of(r))).collect())
        };
        let mut out = vec![
            whole("experiment", Some(&facts.experiment)),
            whole("started", Some(&facts.started)),
            whole("commit", facts.commit.as_deref()),
            Column::new("dirty".into(), vec![facts.dirty; runs.len()]),
            whole("backend", facts.backend.as_deref()),
            whole("device_kind", facts.device_kind.as_deref()),
            whole("device_model", facts.device_model.as_deref()),
            whole("cpu_features", facts.cpu_features.as_deref()),
        ];
        // Omitted if unknown.
        out.extend(facts.processor.as_deref().map(|known| whole("processor", Some(known))));
        out.extend([
            whole("driver", facts.driver.as_deref()),
            whole("libtorch", facts.libtorch.as_deref()),
            whole("night_code", facts.code.as_deref()),
            whole("target", facts.target.as_deref()),
            text("cell_id", &|r| r.cell_id.to_string()),
            text("series", &|r| r.series.to_string()),
            text("label", &|r| r.label.clone()),
            text("config", &|r| r.config.clone()),
            int("seed", |r| r.seed),
            int("epochs", |r| r.epochs),
        ]);
        if runs.iter().any(|r| r.steps.is_some()) {
            out.push(u64::column("planned_steps", runs.iter().map(|r| r.steps).collect()));
        }
        if runs.iter().any(|r| r.cut_at.is_some()) {
            out.push(u64::column("cut_at", runs.iter().map(|r| r.cut_at).collect()));
        }
        let rows: Vec<RunRow> = runs.iter().map(|r| r.row.clone()).collect();
        out.extend(RunRow::columns(&rows));
        out
    }
}

/// Returns the newest environment in the journal, for a manifest that has none since its sweep
/// trained nothing.
fn newest_environment(dir: &ReportDir) -> Option<Environment> {
    let journal = store::journal::read(dir).ok()?;
    let mut known: Vec<_> = journal.records.into_iter().filter(|r| r.exec.is_some()).collect();
    known.sort_by(|a, b| a.ended.cmp(&b.ended));
    known.pop()?.exec
}

fn facts(plan: &Plan, manifest: Option<&Manifest>, environment: Option<Environment>) -> Facts {
    let target = plan.target.value.map(|v| format!("{} {v}", plan.target.path()));
    let mut facts = Facts { experiment: plan.name.clone(), target, ..Facts::default() };
    if let Some(manifest) = manifest {
        facts.started = manifest.started.clone();
        facts.commit = manifest.provenance.git_commit.clone();
        facts.dirty = manifest.provenance.git_dirty;
    }
    if let Some(e) = environment {
        // Without the fast path both bits and seconds differ, as on another backend.
        let path = if e.plain { " without the fast path" } else { "" };
        let precision = if e.tf32 == Some(true) { " in TF32" } else { "" };
        facts.backend = Some(e.backend + path + precision);
        facts.device_kind = Some(e.device_kind);
        facts.device_model = Some(e.device_model);
        facts.processor = e.processor;
        facts.cpu_features = Some(e.cpu_features);
        facts.driver = e.driver;
        facts.libtorch = e.libtorch;
        facts.code = Some(e.code);
    }
    facts
}

fn runs(analysis: &Analysis) -> Vec<NightRun> {
    let mut texts = BTreeMap::new();
    for config in &analysis.configs {
        let of_seed = |seed| {
            let mut spec = analysis.planned(config).spec.clone();
            spec.seed = seed;
            ids(&spec).cell
        };
        texts.insert((config.label, config.config_id), (of_seed(0), analysis.describe(config)));
    }
    let label = |run: &PlannedRun| {
        analysis.plan.optimizers.iter().position(|o| o.label == run.label).unwrap_or_default()
    };
    let cut = analysis.plan.cut();
    let planned = analysis.plan.runs.iter().zip(&analysis.rows);
    planned
        .map(|(run, row)| {
            let (series, config) = texts[&(label(run), run.config_id)].clone();
            NightRun {
                cell_id: run.cell_id,
                series,
                label: run.label.clone(),
                config,
                seed: run.spec.seed,
                epochs: run.spec.train.epochs,
                steps: Some(run.spec.train.steps).filter(|&steps| steps > 0),
                cut_at: cut.get(&run.run_id).copied(),
                row: row.clone(),
            }
        })
        .collect()
}
