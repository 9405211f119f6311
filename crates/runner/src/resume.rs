//! Resuming: the runs of a plan without a reusable result in the journal.

use std::collections::HashMap;
use std::path::Path;

use spec::Digest;
use spec::Id;
use spec::device::DeviceKind;
use spec::event::Save;
use spec::grain::Grain;
use spec::metric::{EpochMetric, Metric};
use spec::plan::{ExecutionProfile, Plan, PlannedRun, PoolEntry};
use spec::record::{Outcome, RunRecord, Split, Status};
use spec::stages::Stage;
use store::journal::Journal;
use store::layout::ReportDir;

use crate::pause;
use crate::pool::{Slot, gpu_driver};

/// Environment that results must have been computed in to be reused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecutionTarget {
    /// Backend, kind of device and threads; 0 threads if they are still to be measured, which fits
    /// no result.
    pub on: ExecutionProfile,
    /// Hash of the training sources of the worker at hand.
    pub code: String,
}

impl ExecutionTarget {
    /// Returns the target by the pool's names only, without a worker: `auto` is a GPU if this
    /// machine has a GPU driver, else the CPU. The code is empty, and the threads are 0.
    pub fn without_probe(pool: &[PoolEntry], plan: &Plan) -> Self {
        let kind = pool.first().map_or(DeviceKind::Auto, |entry| entry.device.kind());
        let (backend, device_kind) = match kind {
            DeviceKind::Flex => ("flex", "cpu"),
            DeviceKind::Cuda => ("libtorch", "cuda"),
            DeviceKind::Auto if gpu_driver() => ("libtorch", "cuda"),
            DeviceKind::Auto | DeviceKind::LibtorchCpu => ("libtorch", "cpu"),
        };
        ExecutionTarget { on: computed_on(backend, device_kind, plan), code: String::new() }
    }

    /// Returns the target of slots of one kind; the threads are 0.
    pub fn new(slot: &Slot, plan: &Plan, code: &str) -> Self {
        ExecutionTarget {
            on: computed_on(slot.backend(), slot.device_kind(), plan),
            code: code.to_owned(),
        }
    }

    /// Returns the number of threads as text.
    pub fn threads(&self) -> String {
        match self.on.threads {
            0 => "auto, not measured yet".to_owned(),
            n => n.to_string(),
        }
    }
}

/// Returns the profile of a device that trains a plan's runs; the threads are 0.
fn computed_on(backend: &str, device_kind: &str, plan: &Plan) -> ExecutionProfile {
    ExecutionProfile {
        backend: backend.to_owned(),
        device_kind: device_kind.to_owned(),
        threads: 0,
        plain: !plan.fast_path,
        tf32: plan.tf32 && device_kind == "cuda",
    }
}

/// Reason why a run is to be trained.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The journal has no record of it.
    New,
    /// Its record has no result, but this status.
    NoResult(Status),
    /// It is paused at this epoch or step.
    Paused(String),
    /// Its result was computed in another environment, which the text describes.
    OtherExec(String),
    /// Its weights are requested and were not kept.
    NoWeights,
    /// This metric is requested and was not measured.
    NoMetric(Metric),
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Reason::New => f.write_str("new: no record of it"),
            Reason::NoResult(status) => write!(f, "no result: {status}"),
            Reason::Paused(place) => write!(f, "paused at {place}"),
            Reason::OtherExec(how) => write!(f, "computed elsewhere: {how}"),
            Reason::NoMetric(metric) => {
                write!(f, "{metric} is requested but was not measured")
            }
            Reason::NoWeights => f.write_str("its weights are requested but were not kept"),
        }
    }
}

/// The plan, divided into runs to train and cached ones.
#[derive(Debug, Default)]
pub struct Outstanding<'a> {
    /// Runs to train, with the reason.
    pub runs: Vec<(&'a PlannedRun, Reason)>,
    /// Number of runs that are not trained: reused results, and runs kept by `--keep-failed`.
    pub cached: usize,
    /// Number of cached runs that are paused at a rung of tuning, or beyond it.
    pub paused: usize,
    /// Number of cached runs without a result, kept by `--keep-failed`.
    pub kept_failed: usize,
    /// Number of cached results that were computed by other training code than the worker's.
    pub other_code: usize,
}

/// Divides the plan into runs to train and cached ones.
pub fn outstanding<'a>(
    plan: &'a Plan,
    journal: &Journal,
    wanted: &ExecutionTarget,
    keep_failed: bool,
    dir: &ReportDir,
) -> Outstanding<'a> {
    // A run that failed elsewhere may succeed here; one that got no worker failed everywhere.
    let best = journal.best_of(|r| wanted.on.fits(r) || r.exec.is_none() && !r.status.is_result());
    let elsewhere = journal.best();
    let pauses = plan.pauses();
    let failed = if keep_failed { pause::failed_since(journal) } else { HashMap::new() };
    let mut out = Outstanding::default();
    for run in &plan.runs {
        let pause = pauses.get(&run.run_id).copied();
        let held = best.get(&run.run_id).filter(|record| record.status == Status::Cut);
        let unmeasured = || metric_missing(plan, best.get(&run.run_id).copied());
        if held.is_some_and(|record| pause::is_done(record, pause)) {
            match unmeasured() {
                Some(reason) => out.runs.push((run, reason)),
                None => {
                    out.cached += 1;
                    out.paused += 1;
                }
            }
            continue;
        }
        if held.is_some() && failed.contains_key(&run.run_id) {
            out.cached += 1;
            out.kept_failed += 1;
            continue;
        }
        let why = reason(run.run_id, &best, &elsewhere, wanted, keep_failed)
            .or_else(unmeasured)
            // Only a run that reaches its end has weights.
            .or_else(|| match pause {
                None => weights_missing(plan, run, best.get(&run.run_id).copied(), dir),
                Some(_) => None,
            });
        match why {
            Some(reason) => out.runs.push((run, reason)),
            None => {
                out.cached += 1;
                let record = best.get(&run.run_id);
                if record.is_some_and(|r| !r.status.is_result()) {
                    out.kept_failed += 1;
                    continue;
                }
                let same =
                    record.and_then(|r| r.exec.as_ref()).is_some_and(|e| e.code == wanted.code);
                // Without a worker there is no code to compare with.
                out.other_code += usize::from(!same && !wanted.code.is_empty());
            }
        }
    }
    out
}

/// Returns the BLAKE3 digest of a file of weights, as records hold it; `None` without a file.
pub fn weights_digest(path: &Path) -> Option<String> {
    let bytes = std::fs::read(path).ok()?;
    Some(Digest::of(bytes).to_string())
}

/// Returns a requested metric that the record lacks, if the record has any held-out metric; a run
/// that diverged in its first epoch has at least those of epoch 0.
fn metric_missing(plan: &Plan, record: Option<&RunRecord>) -> Option<Reason> {
    let outcome = record.and_then(|r| r.outcome.as_ref())?;
    let held_out = || outcome.metrics.iter().filter(|m| m.split != Split::Train);
    held_out().next()?;
    let measured = |metric: &Metric| held_out().any(|m| m.metric == *metric);
    plan.keeping.metrics.iter().find(|m| !measured(m)).copied().map(Reason::NoMetric)
}

/// Returns [`Reason::NoWeights`] if the weights that `save` asks for are not on the disk.
fn weights_missing(
    plan: &Plan,
    run: &PlannedRun,
    record: Option<&RunRecord>,
    dir: &ReportDir,
) -> Option<Reason> {
    let outcome = record.and_then(|r| r.outcome.as_ref())?;
    let wanted = match plan.keeping.save {
        Save::None => return None,
        // A diverged run has no last weights, and perhaps no best ones.
        Save::Last if outcome.status == Status::Diverged => return None,
        Save::Last => Some(Grain::of_run(&run.spec).done(outcome)),
        Save::Best => best_at(outcome, best_by(plan), Grain::of_run(&run.spec)),
    };
    let there = outcome.saved_epoch == wanted
        && outcome.saved_digest == weights_digest(&dir.weights_of(run.run_id));
    (wanted.is_some() && !there).then_some(Reason::NoWeights)
}

/// Returns the first epoch of the best finite value, as the worker chooses it; for a run by steps,
/// the first step.
fn best_at(outcome: &Outcome, by: EpochMetric, grain: Grain) -> Option<u64> {
    let EpochMetric { split, metric } = by;
    let mut best: Option<(u64, f64)> = None;
    for point in
        outcome.metrics.iter().filter(|m| m.step > 0 && m.split == split && m.metric == metric)
    {
        let value = point.value.0;
        let better =
            best.is_none_or(
                |(_, held)| {
                    if by.higher_is_better() { value > held } else { value < held }
                },
            );
        if value.is_finite() && better {
            best = Some((grain.of_point(point), value));
        }
    }
    best.map(|(epoch, _)| epoch)
}

/// Returns the metric of `save = "best"`: the target metric on validation data, if there is any,
/// else the training loss.
pub fn best_by(plan: &Plan) -> EpochMetric {
    let held_out = plan.runs.first().is_some_and(|r| r.spec.data.validation > 0);
    match plan.target.split {
        Split::Train => EpochMetric::TRAIN_LOSS,
        _ if !held_out => EpochMetric::TRAIN_LOSS,
        _ => EpochMetric::new(Split::Validation, plan.target.metric),
    }
}

/// Describes fast path and precision, if they differ from the defaults.
fn way(plain: bool, tf32: bool) -> String {
    let path = if plain { " without the fast path" } else { "" };
    let precision = if tf32 { " in TF32" } else { "" };
    format!("{path}{precision}")
}

fn reason(
    id: Id,
    best: &HashMap<Id, &RunRecord>,
    elsewhere: &HashMap<Id, &RunRecord>,
    wanted: &ExecutionTarget,
    keep_failed: bool,
) -> Option<Reason> {
    match (best.get(&id), elsewhere.get(&id)) {
        (Some(record), _) if record.status.is_result() => None,
        (_, Some(other)) if other.status.is_result() => {
            let exec = other.exec.as_ref().map_or_else(
                || "an unknown device".to_owned(),
                |e| {
                    format!(
                        "{} on {} with {} thread(s){}, not {} on {} with {}{}",
                        e.backend,
                        e.device_kind,
                        e.threads,
                        way(e.plain, e.tf32 == Some(true)),
                        wanted.on.backend,
                        wanted.on.device_kind,
                        wanted.threads(),
                        way(wanted.on.plain, wanted.on.tf32)
                    )
                },
            );
            Some(Reason::OtherExec(exec))
        }
        // A pause is no failure that --keep-failed could keep.
        (Some(record), _) if record.status == Status::Cut => {
            Some(Reason::Paused(pause::place(record).unwrap_or_default()))
        }
        (Some(record), _) => (!keep_failed).then_some(Reason::NoResult(record.status)),
        (None, _) => Some(Reason::New),
    }
}

/// Sorts runs into the order of execution: by seed, then configuration, then optimizers in turn,
/// so that slow drift of a machine favours no optimizer.
pub fn interleave<'a>(plan: &'a Plan, runs: Vec<&'a PlannedRun>) -> Vec<&'a PlannedRun> {
    let label: HashMap<&str, usize> =
        plan.optimizers.iter().enumerate().map(|(i, o)| (o.label.as_str(), i)).collect();
    let fresh = plan.seeds_of(Stage::Confirm);
    let seeds = plan.seeds.iter().chain(fresh).enumerate();
    let seed: HashMap<u64, usize> = seeds.map(|(i, s)| (*s, i)).collect();
    let mut config: HashMap<Id, usize> = HashMap::new();
    let mut next: HashMap<&str, usize> = HashMap::new();
    for run in &plan.runs {
        config.entry(run.config_id).or_insert_with(|| {
            let n = next.entry(run.label.as_str()).or_default();
            *n += 1;
            *n
        });
    }
    let mut runs = runs;
    runs.sort_by_cached_key(|r| {
        (
            seed.get(&r.spec.seed).copied(),
            config[&r.config_id],
            label.get(r.label.as_str()).copied(),
        )
    });
    runs
}

#[cfg(test)]
mod tests {
    use spec::record::{Environment, MetricPoint};
    use sweep_file::{Overrides, load_text};

    use super::*;

    /// Returns a plan of one run that asks for these metrics.
    fn plan(metrics: &str) -> Plan {
        let text = format!(
            "[data]\ndataset = \"digits\"\n[model]\nkind = \"linear\"\n[train]\n{metrics}\n[[optimizer]]\nkind = \"sgd\"\nlr = 0.1\n"
        );
        load_text("x.toml", "x", text, &Overrides::default()).unwrap().plan
    }

    /// Returns a finished record of a plan's run that measured these on the test split.
    fn record(plan: &Plan, metrics: &[&str]) -> RunRecord {
        let run = &plan.runs[0];
        let point = |metric: &&str| MetricPoint {
            epoch: 5,
            step: 1,
            split: Split::Test,
            metric: (*metric).into(),
            value: 0.5.into(),
        };
        let metrics: Vec<MetricPoint> = metrics.iter().map(point).collect();
        let environment = Environment {
            backend: "flex".to_owned(),
            libtorch: None,
            libtorch_kind: None,
            code: "c".to_owned(),
            ..test_records::environment()
        };
        let status = Status::Completed;
        RunRecord {
            outcome: Some(Outcome { metrics, ..test_records::outcome(run, status) }),
            ..test_records::record_in(run, status, environment)
        }
    }

    #[test]
    fn a_record_without_a_metric_now_asked_for_is_outstanding() {
        let on = ExecutionProfile {
            backend: "flex".into(),
            device_kind: "cpu".into(),
            threads: 1,
            plain: false,
            tf32: false,
        };
        let wanted = ExecutionTarget { on, code: "c".to_owned() };
        let dir = ReportDir::new("/nowhere");
        let reasons = |plan: &Plan, record: RunRecord| -> Vec<Reason> {
            let journal = Journal { records: vec![record], ..Journal::default() };
            let found = outstanding(plan, &journal, &wanted, false, &dir);
            found.runs.into_iter().map(|(_, reason)| reason).collect()
        };
        let (without, with) = (plan(""), plan("metrics = [\"f1\", \"top5_accuracy\"]"));
        assert_eq!(without.runs[0].run_id, with.runs[0].run_id, "no part of a run's identity");
        let plain = record(&without, &["loss", "accuracy"]);
        assert_eq!(reasons(&without, plain.clone()), []);
        assert_eq!(reasons(&with, plain), [Reason::NoMetric(Metric::TOP5_ACCURACY)]);
        let half = record(&without, &["loss", "accuracy", "top5_accuracy"]);
        let missing = reasons(&with, half);
        assert_eq!(missing, [Reason::NoMetric(Metric::F1)]);
        assert_eq!(missing[0].to_string(), "f1 is requested but was not measured");
        let whole = record(&without, &["loss", "accuracy", "top5_accuracy", "f1"]);
        assert_eq!(reasons(&with, whole.clone()), []);
        assert_eq!(reasons(&without, whole), [], "more than was asked for will do");
    }
}
