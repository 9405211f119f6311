//! The matrix of a quadratic: a symmetric NPY array of shape `[n, n]`.

use std::path::Path;

use super::error::OwnError;
use super::npy;
use super::source::Source;
use super::understand::numbers;
use super::wrong;

/// Tolerance of symmetry, relative to the largest element; matrices are often computed in float32.
const SYMMETRIC: f64 = 1e-5;

/// Reads the matrix of a quadratic in `n` variables. Returns its `n * n` values, row-major, and the
/// SHA-256 of the file.
pub(super) fn read(file: &str, n: usize, root: &Path) -> Result<(Vec<f32>, String), OwnError> {
    let mut source = Source::open(file, root)?;
    let room = source.len();
    let inputs = npy::inputs(source.reader(), room).map_err(|fault| source.error(fault))?;
    let hash = source.finish()?;
    if (inputs.samples, inputs.features) != (n, n) {
        let reason = format!(
            "a matrix of {} x {} for samples of {n} numbers",
            inputs.samples, inputs.features
        );
        let remedy = format!("give a matrix of {n} x {n}");
        return Err(wrong(file, reason, &remedy));
    }
    let values = numbers(&inputs.values, inputs.unit);
    if let Some(at) = values.iter().position(|x| !(*x as f32).is_finite()) {
        let reason = format!(
            "row {}, column {} of the matrix is {}, beyond a 32-bit float",
            at / n + 1,
            at % n + 1,
            values[at]
        );
        return Err(wrong(file, reason, "give the matrix in another unit"));
    }
    let largest = values.iter().fold(0f64, |a, b| a.max(b.abs()));
    for row in 0..n {
        for column in 0..row {
            let (a, b) = (values[row * n + column], values[column * n + row]);
            if (a - b).abs() > SYMMETRIC * largest {
                let (i, j) = (row + 1, column + 1);
                let reason = format!(
                    "the matrix is not symmetric: {a} in row {i}, column {j}, and {b} in row {j}, column {i}"
                );
                let remedy = "give (A + A^T) / 2, which has the same quadratic form";
                return Err(wrong(file, reason, remedy));
            }
        }
    }
    Ok((values.into_iter().map(|x| x as f32).collect(), hash))
}
