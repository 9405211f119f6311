//! Thrift's compact protocol, as far as Parquet's metadata need it: fields of structs in any order,
//! with unknown ones skipped.
//! Source: <https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md>.

/// Maximum nesting depth of skipped values.
const DEEPEST: u32 = 32;

/// Types of fields; list elements use the same codes, except for truth values.
const TRUE: u8 = 1;
const FALSE: u8 = 2;
const I8: u8 = 3;
const I16: u8 = 4;
const I64: u8 = 6;
const DOUBLE: u8 = 7;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const SET: u8 = 10;
const MAP: u8 = 11;
const STRUCT: u8 = 12;

/// Bytes still to be read; every method returns `None` if they are not valid Thrift.
pub(super) struct Thrift<'a> {
    rest: &'a [u8],
}

impl<'a> Thrift<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Thrift { rest: bytes }
    }

    /// Returns the remaining bytes.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Passes number and type of every field to `field`, which reads or skips its value.
    pub(super) fn fields(
        &mut self,
        mut field: impl FnMut(&mut Self, i64, u8) -> Option<()>,
    ) -> Option<()> {
        let mut id = 0i64;
        loop {
            let header = self.byte()?;
            if header == 0 {
                return Some(());
            }
            id = match header >> 4 {
                0 => self.zigzag()?,
                delta => id.checked_add(delta.into())?,
            };
            field(self, id, header & 15)?;
        }
    }

    /// Reads the fields of a struct that is itself the value of a field.
    pub(super) fn inner(
        &mut self,
        kind: u8,
        field: impl FnMut(&mut Self, i64, u8) -> Option<()>,
    ) -> Option<()> {
        if kind == STRUCT { self.fields(field) } else { None }
    }

    /// Reads a whole number.
    pub(super) fn int(&mut self, kind: u8) -> Option<i64> {
        match kind {
            I8 => Some(i64::from(self.byte()? as i8)),
            I16..=I64 => self.zigzag(),
            _ => None,
        }
    }

    /// Returns a truth value, which is part of the field's type.
    pub(super) fn truth(&mut self, kind: u8) -> Option<bool> {
        match kind {
            TRUE => Some(true),
            FALSE => Some(false),
            _ => None,
        }
    }

    /// Reads a text.
    pub(super) fn text(&mut self, kind: u8) -> Option<&'a str> {
        if kind != BINARY {
            return None;
        }
        str::from_utf8(self.binary()?).ok()
    }

    /// Passes the type of each element of a list to `element`, which reads or skips it.
    pub(super) fn list(
        &mut self,
        kind: u8,
        mut element: impl FnMut(&mut Self, u8) -> Option<()>,
    ) -> Option<()> {
        if kind != LIST {
            return None;
        }
        let (size, kind) = self.list_header()?;
        // Nothing is allocated for the claimed size; every element takes at least a byte.
        (0..size).try_for_each(|_| element(self, kind))
    }

    /// Skips the value of a field.
    pub(super) fn skip(&mut self, kind: u8) -> Option<()> {
        if matches!(kind, TRUE | FALSE) { Some(()) } else { self.value(kind, DEEPEST) }
    }

    /// Skips a value, except a truth value in the header of a field.
    fn value(&mut self, kind: u8, depth: u32) -> Option<()> {
        let deeper = depth.checked_sub(1)?;
        match kind {
            TRUE | FALSE | I8 => self.byte().map(drop),
            I16..=I64 => self.varint().map(drop),
            DOUBLE => self.take(8).map(drop),
            BINARY => self.binary().map(drop),
            LIST | SET => {
                let (size, kind) = self.list_header()?;
                (0..size).try_for_each(|_| self.value(kind, deeper))
            }
            MAP => {
                let size = self.varint()?;
                if size == 0 {
                    return Some(());
                }
                let kinds = self.byte()?;
                (0..size).try_for_each(|_| {
                    self.value(kinds >> 4, deeper)?;
                    self.value(kinds & 15, deeper)
                })
            }
            STRUCT => self.fields(|inner, _, kind| match kind {
                TRUE | FALSE => Some(()),
                kind => inner.value(kind, deeper),
            }),
            _ => None,
        }
    }

    fn list_header(&mut self) -> Option<(u64, u8)> {
        let header = self.byte()?;
        let size = match header >> 4 {
            15 => self.varint()?,
            short => short.into(),
        };
        Some((size, header & 15))
    }

    fn binary(&mut self) -> Option<&'a [u8]> {
        let len = self.varint()?;
        self.take(usize::try_from(len).ok()?)
    }

    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(n)?;
        self.rest = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|b| b[0])
    }

    fn varint(&mut self) -> Option<u64> {
        let (value, rest) = varint(self.rest)?;
        self.rest = rest;
        Some(value)
    }

    fn zigzag(&mut self) -> Option<i64> {
        self.varint().map(unzigzag)
    }
}

/// Decodes a number of seven bits per byte, the lowest first; returns also the remaining bytes.
pub(super) fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0u64;
    for (i, &byte) in bytes.iter().take(10).enumerate() {
        let bits = u64::from(byte & 0x7f);
        if i == 9 && bits > 1 {
            return None;
        }
        value |= bits << (7 * i);
        if byte < 0x80 {
            return Some((value, &bytes[i + 1..]));
        }
    }
    None
}

/// Decodes a signed number whose lowest bit is the sign.
pub(super) fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn fields_in_any_order_with_unknown_ones_between() {
        // 1: i32 -3; 2: true; 5: list of i32 [1, 2]; 20: "ab".
        let bytes = [0x15, 5, 0x11, 0x39, 0x25, 2, 4, 0x08, 40, 2, b'a', b'b', 0, 99];
        let mut thrift = Thrift::new(&bytes);
        let (mut one, mut text) = (0, "");
        let read = thrift.fields(|t, id, kind| {
            match id {
                1 => one = t.int(kind)?,
                20 => text = t.text(kind)?,
                _ => t.skip(kind)?,
            }
            Some(())
        });
        assert_eq!((read, one, text, thrift.rest()), (Some(()), -3, "ab", &[99][..]));
    }

    #[test]
    fn numbers_of_many_bytes() {
        assert_eq!(varint(&[0xac, 2, 7]), Some((300, &[7][..])));
        let most = [&[0xff; 9][..], &[1]].concat();
        assert_eq!(varint(&most), Some((u64::MAX, &[][..])));
        assert_eq!(varint(&[&[0xff; 9][..], &[2]].concat()), None);
        assert_eq!(varint(&[0x80]), None);
        assert_eq!([0, 1, 2, u64::MAX].map(unzigzag), [0, -1, 1, i64::MIN]);
    }

    #[test]
    fn deep_nesting_is_refused() {
        // A struct in a struct in a struct, a thousand times.
        assert_eq!(Thrift::new(&[0x1c; 1000]).skip(STRUCT), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_skipped_or_refused_without_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..80)
        ) {
            let _ = Thrift::new(&bytes).fields(|t, _, kind| t.skip(kind));
        }
    }
}
