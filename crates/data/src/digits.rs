//! Digits: a CSV with 64 pixels (0 to 16) and a label per line, scaled by 1/16. There is no
//! official split: the last lines are the test split.

use std::path::Path;

use spec::DatasetName;

use crate::Part;
use crate::error::DataError;
use crate::source::Table;

/// Largest pixel value.
const BRIGHTEST: u8 = 16;

/// Loads the training and test split.
pub(crate) fn load(data_dir: &Path) -> Result<(Part, Part), DataError> {
    let info = DatasetName::Digits.info();
    let (path, bytes) = Table::from(DatasetName::Digits).read(0, data_dir)?;
    let (mut inputs, mut labels) = parse(&bytes, info.features(), info.classes)
        .map_err(|(line, reason)| DataError::Csv { path: path.clone(), line, reason })?;
    let (train, total) = (info.train_len as usize, (info.train_len + info.test_len) as usize);
    let found = labels.len();
    if found != total {
        let reason = format!("the file has {found} lines, expected {total}");
        return Err(DataError::Csv { path, line: found, reason });
    }
    let test = Part::of_classes(inputs.split_off(train * info.features()), labels.split_off(train));
    Ok((Part::of_classes(inputs, labels), test))
}

/// Parses the inputs and labels of every sample. An error holds the line (from 1) and the reason.
fn parse(
    bytes: &[u8],
    features: usize,
    classes: usize,
) -> Result<(Vec<f32>, Vec<i64>), (usize, String)> {
    let text = std::str::from_utf8(bytes).map_err(|e| (1, e.to_string()))?;
    let (mut inputs, mut labels) = (Vec::new(), Vec::new());
    for (i, line) in text.lines().enumerate() {
        let bad = |reason: String| (i + 1, reason);
        let values = line
            .split(',')
            .map(|field| {
                field
                    .parse::<u8>()
                    .map_err(|_| bad(format!("`{field}` is not a whole number from 0 to 255")))
            })
            .collect::<Result<Vec<_>, _>>()?;
        if values.len() != features + 1 {
            return Err(bad(format!(
                "{} values, expected {features} pixels and a label",
                values.len()
            )));
        }
        let (pixels, label) = (&values[..features], values[features]);
        if let Some(p) = pixels.iter().find(|&&p| p > BRIGHTEST) {
            return Err(bad(format!("pixel {p} is above {BRIGHTEST}")));
        }
        if usize::from(label) >= classes {
            return Err(bad(format!("label {label} is not below {classes}")));
        }
        inputs.extend(pixels.iter().map(|&p| f32::from(p) / f32::from(BRIGHTEST)));
        labels.push(i64::from(label));
    }
    Ok((inputs, labels))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_samples() {
        let found = parse(b"0,16,8,1\n4,2,0,0\n", 3, 2).unwrap();
        assert_eq!(found, (vec![0.0, 1.0, 0.5, 0.25, 0.125, 0.0], vec![1, 0]));
    }

    #[test]
    fn names_the_line_and_the_fault() {
        let fault = |text: &str| parse(text.as_bytes(), 2, 2).unwrap_err();
        assert_eq!(
            fault("1,2,0\n1,2\n"),
            (2, "2 values, expected 2 pixels and a label".to_owned())
        );
        assert_eq!(fault("1,17,0\n"), (1, "pixel 17 is above 16".to_owned()));
        assert_eq!(fault("1,2,2\n"), (1, "label 2 is not below 2".to_owned()));
        assert_eq!(fault("1,x,0\n"), (1, "`x` is not a whole number from 0 to 255".to_owned()));
    }
}
