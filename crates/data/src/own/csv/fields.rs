//! Interpretation of a table's fields.

/// Interpretation of one field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cell {
    /// A finite number.
    Number(f64),
    /// An empty field, or one of the usual markers of a missing value.
    Missing,
    /// Any other text, including infinite numbers.
    Word,
}

/// Markers of a missing value, in lower case.
const MISSING: &[&str] =
    &["", "?", "na", "n/a", "#n/a", "nan", "-nan", "null", "none", "<na>", "nil", "missing"];

/// Length in bytes of the longest field that is parsed as a number.
const LONGEST_NUMBER: usize = 512;

/// Interprets a field; `comma` says whether numbers have a decimal comma.
pub(super) fn cell(field: &[u8], comma: bool) -> Cell {
    let Some(text) = text(field) else { return Cell::Word };
    if let Some(x) = number(text, comma) {
        return Cell::Number(x);
    }
    let missing = text.len() <= 8 && MISSING.contains(&text.to_ascii_lowercase().as_str());
    if missing { Cell::Missing } else { Cell::Word }
}

/// Parses a finite number.
pub(super) fn number(text: &str, comma: bool) -> Option<f64> {
    if text.len() > LONGEST_NUMBER || !text.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    let parsed = if comma && text.contains(',') {
        if text.contains('.') || text.matches(',').count() > 1 {
            return None;
        }
        text.replace(',', ".").parse::<f64>()
    } else {
        text.parse::<f64>()
    };
    parsed.ok().filter(|x| x.is_finite())
}

/// Returns the text of a field without surrounding spaces and quotes; `None` if it is not UTF-8.
pub(super) fn text(field: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(field).ok()?.trim();
    // The reader removes quotes only at the start of a field; these follow a space.
    let bare = text.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
    Some(bare.map_or(text, str::trim))
}

/// Markers of a missing value that may also be words: a severity may be `none`.
const WORDS: &[&str] = &["none", "nil", "missing"];

/// Returns the text of a field; `None` if the value is missing.
pub(super) fn word(field: &[u8]) -> Option<String> {
    let text = text(field)?;
    let missing = cell(field, false) == Cell::Missing;
    let said = missing && !WORDS.contains(&text.to_ascii_lowercase().as_str());
    (!said).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_gaps_and_words() {
        for (field, expected) in [
            ("1", Cell::Number(1.0)),
            (" -2.5e3 ", Cell::Number(-2500.0)),
            ("+.5", Cell::Number(0.5)),
            ("\"7\"", Cell::Number(7.0)),
            ("", Cell::Missing),
            (" ? ", Cell::Missing),
            ("NaN", Cell::Missing),
            ("N/A", Cell::Missing),
            ("None", Cell::Missing),
            ("inf", Cell::Word),
            ("1e999", Cell::Word),
            ("1,5", Cell::Word),
            ("setosa", Cell::Word),
            ("0x10", Cell::Word),
        ] {
            assert_eq!(cell(field.as_bytes(), false), expected, "{field}");
        }
        assert_eq!(cell(b"1,5", true), Cell::Number(1.5));
        assert_eq!(cell(b"1", true), Cell::Number(1.0));
        assert_eq!(cell(b"1.234,5", true), Cell::Word);
        assert_eq!(word(b" a b "), Some("a b".to_owned()));
        assert_eq!(word(b"NA"), None);
        assert_eq!(word(b"None"), Some("None".to_owned()));
    }
}
