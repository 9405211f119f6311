//! Rust types that columns of Parquet hold.

use polars::prelude::*;

/// A Rust type that a column holds.
pub trait Cell: Sized {
    /// Makes a column of these values; `None` becomes null.
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

/// NaN is no number, and a null in Parquet: a column that holds one has no bounds
/// in its statistics, which readers take in different ways. Files of earlier
/// releases hold NaN, which reads as none too.
impl Cell for f64 {
    fn column(name: &str, values: Vec<Option<Self>>) -> Column {
        let values: Vec<Option<f64>> = values.into_iter().map(number).collect();
        Column::new(name.into(), values)
    }
    fn read(column: &Column) -> PolarsResult<Vec<Option<Self>>> {
        Ok(column.f64()?.iter().map(number).collect())
    }
}

/// None where there is no number: NaN says that.
pub(crate) fn number(value: Option<f64>) -> Option<f64> {
    value.filter(|v| !v.is_nan())
}
