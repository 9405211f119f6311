//! Files of a report folder that every program reads or writes: their names, `plan.json`, the
//! journal and its lines, and atomic writes. Parquet files are handled elsewhere.

pub mod archive;
pub mod atomic;
pub mod columns;
pub mod error;
pub mod files;
pub mod journal;
pub mod journal_line;
pub mod layout;
pub mod manifest;
pub mod status;
pub mod writer;

pub use error::StoreError;
pub use files::{plan, write_atomic};
