//! Values of a page, in every encoding in use.
//! Source: <https://parquet.apache.org/docs/file-format/data-pages/encodings/>.

use half::f16;

use super::bits::{deltas, hybrid};
use super::column::{Meaning, Physical};

/// Largest number up to which a 64-bit float holds every whole number exactly.
const EXACT: u128 = 1 << 53;

/// Values in order; whole numbers beyond 2^53 in magnitude are infinite.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Values {
    Numbers(Vec<f64>),
    Words(Vec<String>),
}

impl Values {
    pub(super) fn len(&self) -> usize {
        match self {
            Values::Numbers(v) => v.len(),
            Values::Words(v) => v.len(),
        }
    }

    /// Returns the bytes of all texts together.
    pub(super) fn text_size(&self) -> u64 {
        match self {
            Values::Numbers(_) => 0,
            Values::Words(v) => v.iter().map(|text| text.len() as u64).sum(),
        }
    }
}

/// Types of the values to decode.
#[derive(Clone, Copy)]
pub(super) struct Form {
    pub(super) physical: Physical,
    pub(super) meaning: Meaning,
}

impl Form {
    fn empty(self) -> Values {
        match self.meaning {
            Meaning::Text => Values::Words(Vec::new()),
            _ => Values::Numbers(Vec::new()),
        }
    }

    /// Decodes `count` values in the encoding with this number, except dictionary indices.
    pub(super) fn decode(
        self,
        encoding: i64,
        bytes: &[u8],
        count: usize,
    ) -> Result<Values, String> {
        match (encoding, self.physical) {
            (0, _) => self.plain(bytes, count),
            (3, Physical::Bool) => {
                let bytes = bytes.get(4..).ok_or_else(torn)?;
                let bits = hybrid(bytes, 1, count)?;
                Ok(Values::Numbers(bits.into_iter().map(f64::from).collect()))
            }
            (5, Physical::I32 | Physical::I64) => {
                let (values, _) = deltas(bytes, count)?;
                Ok(Values::Numbers(values.into_iter().map(|v| self.whole(v)).collect()))
            }
            (6, Physical::Bytes) => {
                let (lengths, data) = deltas(bytes, count)?;
                let mut out = self.empty();
                self.lengths(&lengths, data, &mut |text| self.push(&mut out, text))?;
                Ok(out)
            }
            (7, Physical::Bytes | Physical::Fixed(_)) => self.prefixed(bytes, count),
            (9, physical) if physical != Physical::Bool && physical != Physical::Bytes => {
                self.split(bytes, count)
            }
            _ => Err(format!("encoding {encoding} of its values is not read")),
        }
    }

    fn plain(self, bytes: &[u8], count: usize) -> Result<Values, String> {
        if self.physical == Physical::Bool {
            let bits = bytes.get(..count.div_ceil(8)).ok_or_else(torn)?;
            let bit = |i: usize| f64::from(bits[i / 8] >> (i % 8) & 1);
            return Ok(Values::Numbers((0..count).map(bit).collect()));
        }
        let mut out = self.empty();
        if self.physical == Physical::Bytes {
            let mut rest = bytes;
            for _ in 0..count {
                let (length, after) = rest.split_first_chunk::<4>().ok_or_else(torn)?;
                let length = u32::from_le_bytes(*length) as usize;
                let (value, after) = after.split_at_checked(length).ok_or_else(torn)?;
                self.push(&mut out, value)?;
                rest = after;
            }
            return Ok(out);
        }
        let width = self.width();
        let bytes = count.checked_mul(width).and_then(|n| bytes.get(..n)).ok_or_else(torn)?;
        bytes.chunks_exact(width).try_for_each(|value| self.push(&mut out, value))?;
        Ok(out)
    }

    /// Returns the bytes of a value that has a fixed size and is not a truth value.
    fn width(self) -> usize {
        match self.physical {
            Physical::I32 | Physical::F32 => 4,
            Physical::I64 | Physical::F64 => 8,
            Physical::Fixed(n) => n,
            Physical::Bool | Physical::Bytes => 1,
        }
    }

    /// Decodes values whose first bytes are stored together, then their second bytes, and so on.
    fn split(self, bytes: &[u8], count: usize) -> Result<Values, String> {
        let width = self.width();
        let bytes = count.checked_mul(width).and_then(|n| bytes.get(..n)).ok_or_else(torn)?;
        let mut out = self.empty();
        let mut value = vec![0; width];
        for i in 0..count {
            value.iter_mut().enumerate().for_each(|(k, byte)| *byte = bytes[k * count + i]);
            self.push(&mut out, &value)?;
        }
        Ok(out)
    }

    /// Passes the values of these lengths to `each`.
    fn lengths(
        self,
        lengths: &[i64],
        mut data: &[u8],
        each: &mut dyn FnMut(&[u8]) -> Result<(), String>,
    ) -> Result<(), String> {
        for &length in lengths {
            let length = usize::try_from(length).map_err(|_| torn())?;
            let (value, rest) = data.split_at_checked(length).ok_or_else(torn)?;
            each(value)?;
            data = rest;
        }
        Ok(())
    }

    /// Decodes values that share a prefix with the previous value.
    fn prefixed(self, bytes: &[u8], count: usize) -> Result<Values, String> {
        let (starts, rest) = deltas(bytes, count)?;
        let (lengths, data) = deltas(rest, count)?;
        if starts.len() != lengths.len() {
            return Err(torn());
        }
        let mut out = self.empty();
        let (mut last, mut index, mut size): (Vec<u8>, usize, u64) = (Vec::new(), 0, 0);
        self.lengths(&lengths, data, &mut |end| {
            let start = usize::try_from(starts[index]).map_err(|_| torn())?;
            if start > last.len() {
                return Err(torn());
            }
            last.truncate(start);
            last.extend(end);
            index += 1;
            // A long prefix that many values share takes almost no room in the file.
            size += last.len() as u64;
            if !super::plausible(size, bytes.len() as u64) {
                return Err(super::BOMB.to_owned());
            }
            self.push(&mut out, &last)
        })?;
        Ok(out)
    }

    /// Decodes a value and appends it.
    fn push(self, out: &mut Values, bytes: &[u8]) -> Result<(), String> {
        let numbers = match out {
            Values::Words(words) => {
                let text = str::from_utf8(bytes).map_err(|_| "a text that is not UTF-8")?;
                words.push(text.to_owned());
                return Ok(());
            }
            Values::Numbers(numbers) => numbers,
        };
        let wrong = |_| torn();
        numbers.push(match self.physical {
            Physical::I32 => {
                self.whole(i32::from_le_bytes(bytes.try_into().map_err(wrong)?).into())
            }
            Physical::I64 => self.whole(i64::from_le_bytes(bytes.try_into().map_err(wrong)?)),
            Physical::F32 => f32::from_le_bytes(bytes.try_into().map_err(wrong)?).into(),
            Physical::F64 => f64::from_le_bytes(bytes.try_into().map_err(wrong)?),
            Physical::Fixed(_) if self.meaning == Meaning::Half => {
                f16::from_le_bytes(bytes.try_into().map_err(wrong)?).to_f64()
            }
            Physical::Bool | Physical::Bytes | Physical::Fixed(_) => self.large(bytes)?,
        });
        Ok(())
    }

    /// Converts a stored whole number.
    fn whole(self, value: i64) -> f64 {
        match (self.meaning, self.physical) {
            // Smaller unsigned types are stored sign-extended too.
            (Meaning::Unsigned, Physical::I32) => f64::from(value as u32),
            (Meaning::Unsigned, _) => exact((value as u64).into()),
            (Meaning::Decimal(scale), _) => decimal(value.into(), scale),
            _ => exact(value.into()),
        }
    }

    /// Converts a big-endian decimal of many bytes.
    fn large(self, bytes: &[u8]) -> Result<f64, String> {
        let Meaning::Decimal(scale) = self.meaning else { return Err(torn()) };
        if bytes.is_empty() || bytes.len() > 16 {
            return Err(format!("a decimal of {} bytes", bytes.len()));
        }
        let fill = if bytes[0] >= 0x80 { 0xff } else { 0 };
        let mut wide = [fill; 16];
        wide[16 - bytes.len()..].copy_from_slice(bytes);
        Ok(decimal(i128::from_be_bytes(wide), scale))
    }
}

/// Converts a whole number; infinite beyond 2^53.
fn exact(value: i128) -> f64 {
    if value.unsigned_abs() <= EXACT { value as f64 } else { f64::INFINITY }
}

/// Converts a decimal to the nearest float.
fn decimal(value: i128, scale: u32) -> f64 {
    if scale == 0 {
        return exact(value);
    }
    // Both numbers are exact, so that the quotient is correctly rounded.
    if value.unsigned_abs() <= EXACT && scale <= 22 {
        return value as f64 / 10f64.powi(scale as i32);
    }
    format!("{value}e-{scale}").parse().unwrap_or(f64::INFINITY)
}

fn torn() -> String {
    "a page ends early".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn form(physical: Physical, meaning: Meaning) -> Form {
        Form { physical, meaning }
    }

    #[test]
    fn whole_numbers_and_decimals() {
        let number = form(Physical::I64, Meaning::Number);
        assert_eq!(number.whole(1 << 53), 2f64.powi(53));
        assert_eq!(number.whole((1 << 53) + 1), f64::INFINITY);
        assert_eq!(form(Physical::I32, Meaning::Unsigned).whole(-1), f64::from(u32::MAX));
        assert_eq!(form(Physical::I64, Meaning::Unsigned).whole(-1), f64::INFINITY);
        assert_eq!(form(Physical::I32, Meaning::Decimal(2)).whole(-1999), -19.99);
        let wide = form(Physical::Fixed(9), Meaning::Decimal(3));
        assert_eq!(wide.large(&[0xff; 9]).unwrap(), -0.001);
        assert_eq!(wide.large(&[1, 0, 0, 0, 0, 0, 0, 0, 0]).unwrap(), 18446744073709551.616);
    }

    #[test]
    fn prefixes_and_split_bytes() {
        // Starts 0, 2; lengths 3, 1; as packed differences in blocks of 8.
        let starts = [8, 1, 2, 0, 4, 0];
        let lengths = [8, 1, 2, 6, 3, 0];
        let bytes = [&starts[..], &lengths, b"abcd"].concat();
        let text = form(Physical::Bytes, Meaning::Text);
        let words = Values::Words(vec!["abc".to_owned(), "abd".to_owned()]);
        assert_eq!(text.decode(7, &bytes, 2).unwrap(), words);
        let bytes: Vec<u8> = {
            let [a, b] = [1.5f32, -2.0].map(f32::to_le_bytes);
            a.into_iter().zip(b).flat_map(|(a, b)| [a, b]).collect()
        };
        let float = form(Physical::F32, Meaning::Number);
        assert_eq!(float.decode(9, &bytes, 2).unwrap(), Values::Numbers(vec![1.5, -2.0]));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused_without_panic(
            bytes in proptest::collection::vec(prop_oneof![any::<u8>(), 0u8..9], 0..60),
            count in 0usize..20, encoding in 0i64..10,
        ) {
            for (physical, meaning) in [
                (Physical::Bool, Meaning::Number), (Physical::I32, Meaning::Unsigned),
                (Physical::I64, Meaning::Decimal(3)), (Physical::F64, Meaning::Number),
                (Physical::Bytes, Meaning::Text), (Physical::Bytes, Meaning::Decimal(30)),
                (Physical::Fixed(2), Meaning::Half), (Physical::Fixed(7), Meaning::Decimal(1)),
            ] {
                if let Ok(values) = form(physical, meaning).decode(encoding, &bytes, count) {
                    prop_assert!(values.len() <= count);
                }
            }
        }
    }
}
