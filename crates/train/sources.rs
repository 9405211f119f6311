//! Which files decide what training computes; read by build.rs and by tests/sources.rs,
//! which holds the list of `spec` to the folder.

/// Folders, relative to this crate, whose sources are hashed whole.
#[allow(dead_code)]
pub const CRATES: &[&str] =
    &["../data/src", "../model/src", "../optimizer-registry/src", "../seed-stream/src", "src"];

/// Files and folders of `../spec/src` that are hashed: formulas, stopping, what is
/// trained on what, and how a stored run becomes these.
pub const COMPUTING: &[&str] = &[
    "augment.rs",
    "dataset",
    "dataset.rs",
    "grain.rs",
    "init.rs",
    "landscape",
    "landscape.rs",
    "metric",
    "metric.rs",
    "model",
    "model.rs",
    "optimizer",
    "optimizer.rs",
    "own_data.rs",
    "parameters.rs",
    "params",
    "params.rs",
    "reading.rs",
    "run",
    "run.rs",
    "schedule",
    "schedule.rs",
    "stopping.rs",
    "update.rs",
];

/// The others: sweep files and their diagnostics, stored forms of what was computed, what
/// is shown and where, and names of runs.
#[allow(dead_code)]
pub const DESCRIBING: &[&str] = &[
    "claim.rs",
    "device.rs",
    "digest.rs",
    "environment.rs",
    "event.rs",
    "float.rs",
    "growth.rs",
    "identity.rs",
    "lib.rs",
    "lint.rs",
    "metric_text.rs",
    "plan",
    "plan.rs",
    "provenance.rs",
    "record.rs",
    "regress_settings.rs",
    "report_settings.rs",
    "settings.rs",
    "slurm.rs",
    "stages.rs",
    "threads.rs",
];
