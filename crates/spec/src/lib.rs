//! Everything that is read or written: the sweep file, the plan, the identity
//! of runs, the worker's protocol and the journal's records.
//!
//! This crate knows neither Burn nor polars, so every other crate may use it.
//! Start at [`sweep_file::load`], which turns a TOML file into a [`plan::Plan`].

pub mod claim;
pub mod dataset;
pub mod environment;
pub mod event;
pub mod float;
pub mod identity;
pub mod init;
pub mod journal_line;
pub mod landscape;
pub mod layout;
pub mod lint;
pub mod manifest;
pub mod metric;
pub mod model;
pub mod optimizer;
pub mod own_data;
pub mod parameters;
pub mod params;
pub mod plan;
pub mod provenance;
pub mod reading;
pub mod record;
pub mod regress_settings;
pub mod report_settings;
pub mod run;
pub mod schedule;
pub mod seed;
pub mod slurm;
pub mod status;
pub mod stopping;
pub mod sweep_file;
pub mod threads;
pub mod update;

pub use dataset::{DatasetName, DatasetSpec};
pub use identity::Id;
pub use model::ModelSpec;
pub use optimizer::OptimizerSpec;
pub use run::RunSpec;
pub use schedule::ScheduleSpec;
