//! Parquet files as the first releases wrote them.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::fs;
use std::path::Path;

use polars::prelude::*;
use polars_parquet::read::read_metadata;
use polars_parquet::write::schema_to_metadata_key;

/// Reads a Parquet file.
pub fn frame(path: &Path) -> DataFrame {
    ParquetReader::new(fs::File::open(path).unwrap()).finish().unwrap()
}

/// Writes a file again with strings as views and, where it holds measured numbers,
/// NaN in place of null.
pub fn rewrite(path: &Path) {
    let mut frame = frame(path);
    if let Ok(values) = frame.column("value") {
        let values: Vec<f64> =
            values.f64().unwrap().iter().map(|v| v.unwrap_or(f64::NAN)).collect();
        frame.with_column(Column::new("value".into(), values)).unwrap();
    }
    ParquetWriter::new(fs::File::create(path).unwrap()).finish(&mut frame).unwrap();
}

/// Returns whether the file declares this type for every string.
pub fn strings_are(path: &Path, kind: &ArrowDataType) -> bool {
    let metadata = read_metadata(&mut fs::File::open(path).unwrap()).unwrap();
    let mut types = frame(path).schema().to_arrow(CompatLevel::oldest());
    let strings = types.iter_values_mut().filter(|f| f.dtype == ArrowDataType::LargeUtf8);
    strings.for_each(|field| field.dtype = kind.clone());
    let expected = schema_to_metadata_key(&types);
    metadata.key_value_metadata().as_ref().unwrap().contains(&expected)
}
