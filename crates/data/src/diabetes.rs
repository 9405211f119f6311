//! Diabetes: ten measurements per line in one file, the progression of the disease in the other.
//! There is no official split: the last lines are the test split. Measurements and target are
//! standardised by the training split, so that always predicting the training mean has a loss of 1.

use std::path::Path;

use spec::DatasetName;

use crate::Part;
use crate::error::DataError;
use crate::own::statistics;
use crate::source::Table;

/// Loads the training and test split.
pub(crate) fn load(data_dir: &Path) -> Result<(Part, Part), DataError> {
    let info = DatasetName::Diabetes.info();
    let (train, samples) = (info.train_len as usize, (info.train_len + info.test_len) as usize);
    let mut inputs = standardised(0, data_dir, samples, info.features(), train)?;
    let mut values = standardised(1, data_dir, samples, 1, train)?;
    let test =
        Part::of_values(inputs.split_off(train * info.features()), values.split_off(train), 1);
    Ok((Part::of_values(inputs, values, 1), test))
}

/// Reads a file of numbers and standardises each column by the mean and population standard
/// deviation of the first `train` lines.
fn standardised(
    index: usize,
    data_dir: &Path,
    lines: usize,
    columns: usize,
    train: usize,
) -> Result<Vec<f32>, DataError> {
    let (path, bytes) = Table::from(DatasetName::Diabetes).read(index, data_dir)?;
    let values = parse(&bytes, lines, columns).map_err(|(line, reason)| DataError::Csv {
        path,
        line,
        reason,
    })?;
    let (means, divisors) = statistics(&values[..train * columns], 1.0, columns);
    let scaled = values.iter().enumerate().map(|(i, v)| {
        let column = i % columns;
        ((v - means[column]) / divisors[column]) as f32
    });
    Ok(scaled.collect())
}

/// Parses numbers separated by blanks. An error holds the line (from 1) and the reason.
fn parse(bytes: &[u8], lines: usize, columns: usize) -> Result<Vec<f64>, (usize, String)> {
    let text = std::str::from_utf8(bytes).map_err(|e| (1, e.to_string()))?;
    let mut out = Vec::with_capacity(lines * columns);
    for (i, line) in text.lines().enumerate() {
        let before = out.len();
        for field in line.split_whitespace() {
            match field.parse::<f64>() {
                Ok(value) if value.is_finite() => out.push(value),
                _ => return Err((i + 1, format!("`{field}` is not a finite number"))),
            }
        }
        let found = out.len() - before;
        if found != columns {
            return Err((i + 1, format!("{found} values, expected {columns}")));
        }
    }
    let found = text.lines().count();
    if found == lines {
        Ok(out)
    } else {
        Err((found, format!("the file has {found} lines, expected {lines}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_line_and_the_fault() {
        assert_eq!(parse(b"1 2.5\n-3e1 4\n", 2, 2), Ok(vec![1.0, 2.5, -30.0, 4.0]));
        let fault = |text: &str| parse(text.as_bytes(), 2, 2).unwrap_err();
        assert_eq!(fault("1 2\n3\n"), (2, "1 values, expected 2".to_owned()));
        assert_eq!(fault("1 x\n3 4\n"), (1, "`x` is not a finite number".to_owned()));
        assert_eq!(fault("1 nan\n3 4\n"), (1, "`nan` is not a finite number".to_owned()));
        assert_eq!(fault("1 2\n"), (1, "the file has 1 lines, expected 2".to_owned()));
    }
}
