//! The tables of a sweep file, one module each.

mod claim;
mod confirm;
mod devices;
mod exclude;
pub(crate) mod function;
mod groups;
mod optimizer;
mod own_data;
mod reading;
mod regress;
mod repeat;
mod report;
mod slurm;
mod slurm_flags;
mod target;
pub(crate) mod train;
pub(crate) mod tuning;
mod until;

use spec::params::Params as _;
use spec::plan::ArtifactOptions;
use spec::regress_settings::RegressSettings;
use spec::report_settings::ReportSettings;
use spec::run::{DataSpec, TrainSpec};
use spec::settings::{Settings, Table};
use spec::slurm::SlurmSettings;
use spec::stopping::EarlyStopping;

use crate::lints::LintTable;

/// Returns the tables of a sweep file, except those of models, optimizers and schedules, in the
/// order of `experiments/SWEEP_FILE.md`.
pub fn tables() -> Vec<Table> {
    vec![
        Table { name: "data", doc: "The data and its batches.", keys: DataSpec::PARAMS },
        Table { name: "train", doc: "Length of training, and its loss.", keys: TrainSpec::PARAMS },
        ArtifactOptions::TABLE,
        Table {
            name: "train.early_stopping",
            doc: "Ends a run whose metric no longer improves.",
            keys: EarlyStopping::PARAMS,
        },
        repeat::RepeatTable::TABLE,
        tuning::TuningTable::TABLE,
        confirm::ConfirmTable::TABLE,
        until::UntilTable::TABLE,
        target::TargetTable::TABLE,
        claim::ClaimTable::TABLE,
        ReportSettings::TABLE,
        RegressSettings::TABLE,
        devices::Devices::TABLE,
        SlurmSettings::TABLE,
        LintTable::TABLE,
    ]
}
