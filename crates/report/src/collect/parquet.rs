//! Parquet files that every reader takes alike.
//!
//! Polars holds strings as views, and its writer says so in the metadata key
//! `ARROW:schema`, by which Arrow's readers choose their types: `string_view`,
//! which pyarrow 26 can neither filter, sort nor join. The bytes of a column are
//! the same for every kind of string, so that the key alone is made to say
//! `string`, as it does in what pyarrow itself writes.

use std::path::Path;

use polars::prelude::*;
use polars_parquet::write::schema_to_metadata_key;

use crate::error::ReportError;
use crate::files;

/// Writes columns of one height as a Parquet file.
///
/// # Errors
/// The columns differ in height, or the file cannot be written.
pub fn write(path: &Path, columns: Vec<Column>) -> Result<(), ReportError> {
    let height = columns.first().map_or(0, Column::len);
    let mut bytes = Vec::new();
    DataFrame::new(height, columns)
        .and_then(|mut frame| {
            let types = KeyValueMetadata::Static(vec![schema_to_metadata_key(&types(&frame))]);
            ParquetWriter::new(&mut bytes).with_key_value_metadata(Some(types)).finish(&mut frame)
        })
        .map_err(ReportError::parquet(path))?;
    Ok(files::write_atomic(path, &bytes)?)
}

/// The types of a frame's columns as a reader shall see them.
fn types(frame: &DataFrame) -> ArrowSchema {
    let mut types = frame.schema().to_arrow(CompatLevel::oldest());
    for field in types.iter_values_mut() {
        if field.dtype == ArrowDataType::LargeUtf8 {
            field.dtype = ArrowDataType::Utf8;
        }
    }
    types
}
