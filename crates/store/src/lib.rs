//! Files of a report folder that every program reads: `plan.json` and the journal, and
//! writing so that no reader sees half of a file. Knows no Parquet.

pub mod error;
pub mod files;
pub mod journal;

pub use error::StoreError;
pub use files::{plan, write_atomic};
