//! The header of an NPY file: magic, version, length, and a Python dictionary with three keys.
//! Source: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>.

use std::io::BufRead;

use super::super::array::{Array, Dtype, read_full};
use super::super::error::{Fault, Place, looks_like, shown};

const MAGIC: [u8; 6] = *b"\x93NUMPY";

/// Maximum length of the dictionary in bytes; NumPy's own default is 10,000.
const LONGEST: u32 = 64 * 1024;

/// Reads the header, up to the data.
pub(in super::super) fn read(reader: &mut dyn BufRead) -> Result<Array, Fault> {
    let fault = |reason: String, remedy: &str| Err(Fault::new(Place::File, reason, remedy));
    let mut start = [0; 8];
    let n = read_full(reader, &mut start)?;
    if n < 8 || start[..6] != MAGIC {
        let reason = format!("not an NPY file{}", looks_like(&start[..n]));
        return fault(reason, "write one array with `numpy.save`, or correct `kind`");
    }
    let (width, version) = match start[6] {
        1 => (2, 1),
        2 => (4, 2),
        3 => (4, 3),
        other => {
            let reason = format!("NPY version {other}, only 1 to 3 are read");
            return fault(reason, "write it with `numpy.save`, without field names");
        }
    };
    let torn = "the file ends within its header";
    let mut length = [0; 4];
    if read_full(reader, &mut length[..width])? < width {
        return fault(torn.to_owned(), "write or copy it again");
    }
    let length = u32::from_le_bytes(length);
    if length > LONGEST {
        let reason =
            format!("an NPY {version} header of {length} bytes, at most {LONGEST} are read");
        return fault(reason, "write it again with `numpy.save`");
    }
    let mut text = vec![0; length as usize];
    if read_full(reader, &mut text)? < text.len() {
        return fault(torn.to_owned(), "write or copy it again");
    }
    let Some(dict) = dictionary(&text) else {
        let reason =
            format!("the header `{}` is not NumPy's", shown(String::from_utf8_lossy(&text).trim()));
        return fault(reason, "write it again with `numpy.save`");
    };
    let Some(descr) = dict.descr else {
        let remedy = "write plain numbers: `numpy.save(path, x.astype('float32'))`";
        return fault("an array of records (a structured dtype)".to_owned(), remedy);
    };
    let dtype = Dtype::parse(&descr)?;
    Ok(Array { dtype, shape: dict.shape, fortran: dict.fortran_order })
}

/// Values of the header's three keys.
#[derive(Debug, PartialEq)]
struct Dictionary {
    /// Element type; `None` if it is a list of fields, as for records.
    descr: Option<String>,
    fortran_order: bool,
    shape: Vec<u64>,
}

/// Parses a Python literal as far as NumPy writes it: string keys in any order, and as values a
/// string or list, a truth value, a tuple of whole numbers.
fn dictionary(text: &[u8]) -> Option<Dictionary> {
    let mut cursor = Cursor { rest: std::str::from_utf8(text).ok()? };
    let (mut descr, mut fortran_order, mut shape) = (None, None, None);
    cursor.token("{")?;
    while cursor.token("}").is_none() {
        let key = cursor.string()?;
        cursor.token(":")?;
        let double = match key {
            "descr" if cursor.rest.starts_with('[') => {
                // The rest does not matter, since records are refused.
                return Some(Dictionary { descr: None, fortran_order: false, shape: vec![] });
            }
            "descr" => descr.replace(cursor.string()?.to_owned()).is_some(),
            "fortran_order" => fortran_order.replace(cursor.truth()?).is_some(),
            "shape" => shape.replace(cursor.tuple()?).is_some(),
            _ => return None,
        };
        if double {
            return None;
        }
        if cursor.token(",").is_none() {
            cursor.token("}")?;
            break;
        }
    }
    let whole = cursor.rest.trim().is_empty();
    whole.then_some(Dictionary {
        descr: Some(descr?),
        fortran_order: fortran_order?,
        shape: shape?,
    })
}

/// Text still to be read; every successful read also skips the spaces after it.
struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    fn token(&mut self, token: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(token)?.trim_start();
        Some(())
    }

    fn string(&mut self) -> Option<&'a str> {
        let quote = self.rest.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
        let (text, rest) = self.rest[1..].split_once(quote)?;
        self.rest = rest.trim_start();
        Some(text)
    }

    fn truth(&mut self) -> Option<bool> {
        if self.token("False").is_some() { Some(false) } else { self.token("True").map(|()| true) }
    }

    fn tuple(&mut self) -> Option<Vec<u64>> {
        let mut out = Vec::new();
        self.token("(")?;
        while self.token(")").is_none() {
            let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
            out.push(self.rest[..digits].parse().ok()?);
            self.rest = self.rest[digits..].trim_start();
            // Python 2 wrote long integers as `3L`.
            let _ = self.token("L");
            if self.token(",").is_none() {
                self.token(")")?;
                break;
            }
        }
        Some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn dict(text: &str) -> Option<(String, bool, Vec<u64>)> {
        dictionary(text.as_bytes()).map(|d| (d.descr.unwrap_or_default(), d.fortran_order, d.shape))
    }

    #[test]
    fn dictionaries_as_numpy_writes_them() {
        let f8 = |shape: &[u64]| Some(("<f8".to_owned(), false, shape.to_vec()));
        for (shape, expected) in
            [("(3, 4)", &[3, 4][..]), ("(3,)", &[3]), ("()", &[]), ("(3L, 4L)", &[3, 4])]
        {
            let text =
                format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}  \n");
            assert_eq!(dict(&text), f8(expected), "{text}");
        }
        assert_eq!(
            dict("{\"shape\":(2,3),\"fortran_order\":True,\"descr\":\"|u1\"}"),
            Some(("|u1".to_owned(), true, vec![2, 3]))
        );
        assert_eq!(
            dictionary(b"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3,), }")
                .unwrap()
                .descr,
            None
        );
    }

    #[test]
    fn other_text_is_refused() {
        for text in [
            "",
            "{",
            "{}",
            "{'descr': '<f8', 'fortran_order': False}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (3,)",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (3,)} x",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (-3,)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (3 4)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,)}",
            "{'descr': '<f8', 'fortran_order': 0, 'shape': (3,)}",
            "{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (3,)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (3,), 'x': 1}",
            "{'descr: 3}",
            "{\u{e9}: 3}",
        ] {
            assert_eq!(dict(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_panic(text in ".{0,80}") {
            let _ = dictionary(text.as_bytes());
        }

        #[test]
        fn nearly_a_dictionary(
            text in "\\{'descr': ?'<f8', 'fortran_order': (True|Fals), 'shape': [(][0-9L, ]{0,30}[)}]{0,3}"
        ) {
            let _ = dictionary(text.as_bytes());
        }
    }
}
