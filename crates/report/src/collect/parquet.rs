//! Parquet files that all readers read alike.
//!
//! Polars stores strings as views, and its writer declares them in the metadata key `ARROW:schema`,
//! from which Arrow's readers choose their types: `string_view`, which pyarrow 26 cannot filter,
//! sort or join. The bytes of a column are the same for every kind of string, so only the key is
//! changed to `string`, which is what pyarrow itself writes.

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

/// Returns the column types of a frame as readers should see them.
fn types(frame: &DataFrame) -> ArrowSchema {
    let mut types = frame.schema().to_arrow(CompatLevel::oldest());
    for field in types.iter_values_mut() {
        if field.dtype == ArrowDataType::LargeUtf8 {
            field.dtype = ArrowDataType::Utf8;
        }
    }
    types
}
