//! Element types and their NumPy names.

use std::fmt;

use super::super::error::{Fault, Place, shown};

/// Longest text in characters; NumPy pads every text to the longest.
const LONGEST_TEXT: usize = 10_000;

/// Type of the elements of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Dtype {
    pub(in super::super) kind: Kind,
    /// Whether numbers and characters are stored big-endian, the most significant byte first.
    pub(in super::super) big: bool,
}

/// Kind and size of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Kind {
    F2,
    F4,
    F8,
    I1,
    I2,
    I4,
    I8,
    U1,
    U2,
    U4,
    U8,
    Bool,
    /// Texts of this many characters, four bytes each.
    Unicode(usize),
    /// Texts of this many bytes.
    Bytes(usize),
}

/// Number types by their names in a header, without byte order.
const NUMBERS: [(&str, Kind); 12] = [
    ("f2", Kind::F2),
    ("f4", Kind::F4),
    ("f8", Kind::F8),
    ("i1", Kind::I1),
    ("i2", Kind::I2),
    ("i4", Kind::I4),
    ("i8", Kind::I8),
    ("u1", Kind::U1),
    ("u2", Kind::U2),
    ("u4", Kind::U4),
    ("u8", Kind::U8),
    ("b1", Kind::Bool),
];

impl Dtype {
    /// Parses a name such as `<f4`.
    pub(in super::super) fn parse(descr: &str) -> Result<Self, Fault> {
        let parsed = Self::known(descr);
        parsed.ok_or_else(|| {
            let reason = format!("dtype `{}` ({}) is not read", shown(descr), what(descr));
            let remedy =
                "convert it: numbers with `x.astype('float32')`, labels with `y.astype('str')`";
            Fault::new(Place::File, reason, remedy)
        })
    }

    fn known(descr: &str) -> Option<Self> {
        let order = descr.chars().next().filter(|c| matches!(c, '<' | '>' | '|'))?;
        let name = &descr[1..];
        let big = order == '>';
        if let Some((_, kind)) = NUMBERS.iter().find(|(known, _)| *known == name) {
            let ordered = order != '|' || name.ends_with('1');
            return ordered.then_some(Dtype { kind: *kind, big });
        }
        let length = |digits: &str| {
            let plain = digits.bytes().all(|b| b.is_ascii_digit());
            digits.parse().ok().filter(|n| plain && (1..=LONGEST_TEXT).contains(n))
        };
        let kind = match (order, name.chars().next()?) {
            ('<' | '>', 'U') => Kind::Unicode(length(&name[1..])?),
            (_, 'S') => Kind::Bytes(length(&name[1..])?),
            _ => return None,
        };
        Some(Dtype { kind, big })
    }
}

/// Writes the type's name in NumPy.
impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            Kind::F2 => "float16",
            Kind::F4 => "float32",
            Kind::F8 => "float64",
            Kind::I1 => "int8",
            Kind::I2 => "int16",
            Kind::I4 => "int32",
            Kind::I8 => "int64",
            Kind::U1 => "uint8",
            Kind::U2 => "uint16",
            Kind::U4 => "uint32",
            Kind::U8 => "uint64",
            Kind::Bool => "bool",
            Kind::Unicode(_) => "str",
            Kind::Bytes(_) => "bytes",
        })
    }
}

/// Describes a type that is not read.
fn what(descr: &str) -> &'static str {
    match descr.trim_start_matches(['<', '>', '|', '=']).chars().next() {
        Some('O') => "Python objects",
        Some('c') => "complex numbers",
        Some('M') => "dates",
        Some('m') => "spans of time",
        Some('V') => "records or raw bytes",
        Some('U' | 'S') => "texts of no length or of more than 10000 characters",
        Some('f') => "floats of more than 64 bits",
        _ => "neither numbers nor texts",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_texts_of_either_order_are_known() {
        let known = |descr: &str| Dtype::known(descr).map(|d| (d.kind, d.big));
        assert_eq!(known("<f2"), Some((Kind::F2, false)));
        assert_eq!(known(">u8"), Some((Kind::U8, true)));
        assert_eq!(known("|b1"), Some((Kind::Bool, false)));
        assert_eq!(known(">U12"), Some((Kind::Unicode(12), true)));
        assert_eq!(known("|S3"), Some((Kind::Bytes(3), false)));
        for descr in
            ["", "<", "f4", "|f4", "=f4", "<f16", "|O", "<U0", "<U+3", "<U10001", "\u{e9}f4"]
        {
            assert_eq!(known(descr), None, "{descr}");
        }
    }

    #[test]
    fn others_are_named() {
        let reason = |descr| match Dtype::parse(descr) {
            Err(Fault::Content { reason, .. }) => reason,
            other => panic!("{other:?}"),
        };
        assert_eq!(reason("|O"), "dtype `|O` (Python objects) is not read");
        assert_eq!(reason("<M8[ns]"), "dtype `<M8[ns]` (dates) is not read");
        assert_eq!(reason("<c8"), "dtype `<c8` (complex numbers) is not read");
        assert_eq!(reason(""), "dtype `` (neither numbers nor texts) is not read");
    }
}
