//! Data inside the page: the hashes of its code for the content security policy, and the data
//! behind its figures.

use data_encoding::BASE64;
use serde_json::{Map, Number, Value, json};
use sha2::{Digest, Sha256};

use crate::escape;
use crate::page::Drawn;

/// Returns the marks that can be hovered, as JSON for a script element: `{"convergence": [[series
/// or null, x and y in the wide SVG, x and y in the narrow one, text], ...], ...}`, in units of the
/// view boxes.
pub fn figure_data(figures: &[Drawn]) -> String {
    let data: Map<String, Value> = figures
        .iter()
        .map(|drawn| {
            let marks = drawn.marks.iter().map(|(mark, narrow)| {
                let [wx, wy, nx, ny] = [mark.at.0, mark.at.1, narrow.0, narrow.1].map(tenth);
                json!([mark.series, wx, wy, nx, ny, mark.text])
            });
            (drawn.name.clone(), marks.collect())
        })
        .collect();
    escape::json_in_script(&Value::Object(data))
}

/// Rounds to a tenth of a pixel; whole numbers have no decimal.
fn tenth(value: f64) -> Value {
    let tenths = (value * 10.0).round() as i64;
    match tenths % 10 {
        0 => (tenths / 10).into(),
        _ => Number::from_f64(tenths as f64 / 10.0).map_or(Value::Null, Value::Number),
    }
}

/// Returns the hash of an inline style or script for a policy: `'sha256-…'`.
pub fn source_hash(text: &str) -> String {
    format!("'sha256-{}'", BASE64.encode(&Sha256::digest(text.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_the_standard() {
        // FIPS 180: the hash of the empty message.
        assert_eq!(source_hash(""), "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='");
    }
}
