//! Types that are stored or sent: the plan, the runs with their ids, the worker's
//! protocol and the journal's records; and the descriptors of every setting.
//!
//! This crate depends on neither Burn nor polars, so every other crate may use it. Start at
//! [`plan::Plan`], which the crate `sweep-file` builds from a TOML file, and at [`RunSpec`].

pub mod augment;
pub mod claim;
pub mod dataset;
pub mod device;
pub mod digest;
pub mod environment;
pub mod event;
pub mod float;
pub mod grain;
pub mod growth;
pub mod identity;
pub mod init;
pub mod landscape;
pub mod lint;
pub mod metric;
mod metric_text;
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
pub mod settings;
pub mod slurm;
pub mod stages;
pub mod stopping;
pub mod threads;
pub mod update;

pub use dataset::{DatasetName, DatasetSpec};
pub use digest::Digest;
pub use identity::Id;
pub use model::ModelSpec;
pub use optimizer::OptimizerSpec;
pub use run::RunSpec;
pub use schedule::ScheduleSpec;
pub use seed_stream as seed;
