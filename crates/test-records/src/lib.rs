//! Records for tests, examples and benchmarks that do not train. Every field has a value, and a
//! test sets those that it is about: `RunRecord { slot: 3, ..record(run, status) }`. A new field
//! of a stored type gets its value here.

use spec::Id;
use spec::plan::PlannedRun;
use spec::provenance::Provenance;
use spec::record::{Environment, Outcome, RECORD_VERSION, RunRecord, Status, StopReason};

/// Builds the environment of a libtorch worker on the CPU of a fictitious machine, with one
/// thread.
pub fn environment() -> Environment {
    Environment {
        backend: "libtorch".to_owned(),
        device_kind: "cpu".to_owned(),
        device_model: "Some Processor 3000".to_owned(),
        processor: None,
        gpu_uuid: None,
        cpu_features: "avx2 fma".to_owned(),
        threads: 1,
        burn: "0.22.1".to_owned(),
        libtorch: Some("2.9.0".to_owned()),
        libtorch_kind: Some("cpu".to_owned()),
        driver: None,
        tf32: None,
        deterministic: None,
        plain: false,
        code: "0123456789abcdef".to_owned(),
    }
}

/// Builds the provenance of a clean checkout, with the arguments `sweep run FILE`.
pub fn provenance(file: &str) -> Provenance {
    Provenance {
        git_commit: Some("0123456789abcdef0123456789abcdef01234567".to_owned()),
        git_dirty: Some(false),
        diff_hash: None,
        cargo_lock_hash: Some(Id::of("lock").to_string()),
        rustc: "rustc 1.95.0".to_owned(),
        os: "linux x86_64".to_owned(),
        argv: ["sweep", "run", file].map(str::to_owned).to_vec(),
    }
}

/// Builds the result of a run that trained all its epochs in one second, or diverged in its first
/// step. It has no metrics.
pub fn outcome(run: &PlannedRun, status: Status) -> Outcome {
    let (spec, completed) = (&run.spec, status == Status::Completed);
    let epochs = if completed { spec.train.epochs } else { 0 };
    Outcome {
        status,
        stop_reason: completed.then_some(StopReason::Epochs),
        epochs_completed: epochs,
        steps: if completed { spec.total_steps() } else { 1 },
        diverged_step: (!completed).then_some(1),
        last_finite_loss: None,
        train_seconds: 1.0,
        eval_seconds: 0.1,
        init_digest: format!("init-{}", spec.seed),
        batch_digest: (0..epochs).map(|e| format!("batch-{}-{e}", spec.seed)).collect(),
        weights_digest: completed.then(|| format!("weights-{}", run.run_id.short())),
        dataset_digest: spec.data.dataset.digest(),
        resumed_from: None,
        saved_epoch: None,
        saved_digest: None,
        metrics: Vec::new(),
    }
}

/// Builds the record of a run with this status in [`environment`], without result or error.
pub fn record(run: &PlannedRun, status: Status) -> RunRecord {
    record_in(run, status, environment())
}

/// Builds the record of a run with this status in this environment, without result or error.
pub fn record_in(run: &PlannedRun, status: Status, environment: Environment) -> RunRecord {
    RunRecord {
        v: RECORD_VERSION,
        run_id: run.run_id,
        config_id: run.config_id,
        cell_id: run.cell_id,
        spec: run.spec.clone(),
        status,
        outcome: None,
        error: None,
        exec_id: Some(environment.id()),
        device: match environment.backend.as_str() {
            "libtorch" => format!("libtorch:{}", environment.device_kind),
            other => other.to_owned(),
        },
        exec: Some(environment),
        slot: 0,
        jobs: 1,
        attempt: 1,
        started: "2026-11-23T15:00:00Z".to_owned(),
        ended: "2026-11-23T15:00:09Z".to_owned(),
        provenance: None,
    }
}
