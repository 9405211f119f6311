//! The files that decide what training computes. build.rs hashes them; tests/sources.rs checks the
//! lists of `spec` against its folder.

/// Folders, relative to this crate, of which all sources are hashed.
#[allow(dead_code)]
pub const CRATES: &[&str] =
    &["../data/src", "../model/src", "../optimizer-registry/src", "../seed-stream/src", "src"];

/// Files and folders of `../spec/src` that are hashed: formulas, stopping rules, specifications of
/// models and data, and how a stored run is read into them.
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

/// The other files and folders, which are not hashed: sweep files and their diagnostics, stored
/// forms of results, what is displayed and where, and names of runs.
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
