//! Rust types of Parquet columns.

use polars::prelude::*;

/// A Rust type that a column can hold.
pub trait Cell: Sized {
    /// Builds a column of these values; `None` becomes null.
    fn column(name: &str, values: Vec<Option<Self>>) -> Column;
    /// Reads the values of a column, null as `None`.
    ///
    /// # Errors
    /// The column has another type.
    fn read(column: &Column) -> PolarsResult<Vec<Option<Self>>>;
}

impl Cell for String {
    fn column(name: &str, values: Vec<Option<Self>>) -> Column {
        Column::new(name.into(), values)
    }
    fn read(column: &Column) -> PolarsResult<Vec<Option<Self>>> {
        Ok(column.str()?.iter().map(|v| v.map(str::to_owned)).collect())
    }
}

impl Cell for u64 {
    fn column(name: &str, values: Vec<Option<Self>>) -> Column {
        Column::new(name.into(), values)
    }
    fn read(column: &Column) -> PolarsResult<Vec<Option<Self>>> {
        Ok(column.u64()?.iter().collect())
    }
}

/// NaN is stored as null: a column that holds NaN has no bounds in its statistics, which readers
/// treat differently. Files of earlier releases hold NaN, which is read as `None`.
impl Cell for f64 {
    fn column(name: &str, values: Vec<Option<Self>>) -> Column {
        let values: Vec<Option<f64>> = values.into_iter().map(number).collect();
        Column::new(name.into(), values)
    }
    fn read(column: &Column) -> PolarsResult<Vec<Option<Self>>> {
        Ok(column.f64()?.iter().map(number).collect())
    }
}

/// Converts NaN to `None`.
pub(crate) fn number(value: Option<f64>) -> Option<f64> {
    value.filter(|v| !v.is_nan())
}
