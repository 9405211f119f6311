//! Whole numbers of few bits: the hybrid of runs and packed groups (levels, dictionary indices),
//! and packed differences.
//! Source: <https://parquet.apache.org/docs/file-format/data-pages/encodings/>.

use super::thrift::{unzigzag, varint};

/// Error for bytes that end early.
const TORN: &str = "a page ends early";

/// Unpacks numbers of `width` bits (at most 64), the lowest bit first; as many as fit completely in
/// the bytes.
fn packed(bytes: &[u8], width: u32) -> impl Iterator<Item = u64> + '_ {
    let mask = if width == 64 { u64::MAX } else { (1 << width) - 1 };
    let count = (bytes.len() * 8).checked_div(width as usize).unwrap_or(0);
    (0..count).map(move |i| {
        let bit = i * width as usize;
        let mut window = [0; 16];
        let end = bytes.len().min(bit / 8 + 9);
        window[..end - bit / 8].copy_from_slice(&bytes[bit / 8..end]);
        (u128::from_le_bytes(window) >> (bit % 8)) as u64 & mask
    })
}

/// Decodes `count` numbers of `width` bits from runs and packed groups.
pub(super) fn hybrid(mut bytes: &[u8], width: u32, count: usize) -> Result<Vec<u32>, String> {
    if width > 32 {
        return Err(format!("numbers of {width} bits"));
    }
    let mut out: Vec<u32> = Vec::new();
    while out.len() < count {
        let left = count - out.len();
        let (header, rest) = varint(bytes).ok_or(TORN)?;
        let many = usize::try_from(header >> 1).unwrap_or(usize::MAX);
        if header & 1 == 0 {
            let (value, rest) = rest.split_at_checked(width.div_ceil(8) as usize).ok_or(TORN)?;
            let mut word = [0; 4];
            word[..value.len()].copy_from_slice(value);
            out.resize(out.len() + many.min(left), u32::from_le_bytes(word));
            bytes = rest;
        } else if width == 0 {
            out.resize(out.len() + many.saturating_mul(8).min(left), 0);
            bytes = rest;
        } else {
            // Some writers leave out the padding of the last group.
            let len = many.saturating_mul(width as usize).min(rest.len());
            let (group, rest) = rest.split_at(len);
            out.extend(packed(group, width).take(left).map(|v| v as u32));
            bytes = rest;
        }
    }
    Ok(out)
}

/// Decodes at most `most` numbers stored as packed differences; returns also the remaining bytes.
pub(super) fn deltas(bytes: &[u8], most: usize) -> Result<(Vec<i64>, &[u8]), String> {
    let (block, rest) = varint(bytes).ok_or(TORN)?;
    let (parts, rest) = varint(rest).ok_or(TORN)?;
    let (count, rest) = varint(rest).ok_or(TORN)?;
    let (first, mut rest) = varint(rest).ok_or(TORN)?;
    let a_part = block.checked_div(parts).unwrap_or(0);
    if parts > 512 || a_part == 0 || a_part > 1 << 16 || a_part % 8 != 0 || count > most as u64 {
        return Err("a page of differences is damaged".to_owned());
    }
    let (count, a_part) = (count as usize, a_part as usize);
    let mut out = Vec::new();
    let mut value = unzigzag(first);
    if count > 0 {
        out.push(value);
    }
    while out.len() < count {
        let (least, after) = varint(rest).ok_or(TORN)?;
        let least = unzigzag(least);
        let (widths, after) = after.split_at_checked(parts as usize).ok_or(TORN)?;
        rest = after;
        for &width in widths {
            let left = count - out.len();
            if left == 0 {
                break;
            }
            if width > 64 {
                return Err("a page of differences is damaged".to_owned());
            }
            let mut add = |delta: u64| {
                value = value.wrapping_add(least).wrapping_add(delta as i64);
                out.push(value);
            };
            if width == 0 {
                (0..a_part.min(left)).for_each(|_| add(0));
                continue;
            }
            let len = a_part * usize::from(width) / 8;
            let (part, after) = rest.split_at_checked(len).ok_or(TORN)?;
            packed(part, width.into()).take(left).for_each(add);
            rest = after;
        }
    }
    Ok((out, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn runs_and_groups() {
        // Numbers 0 to 7 of three bits: the example of the specification.
        let group = [3, 0x88, 0xc6, 0xfa];
        assert_eq!(hybrid(&group, 3, 8).unwrap(), [0, 1, 2, 3, 4, 5, 6, 7]);
        // Five times 300 in nine bits, then a group that is cut short.
        let run = [10, 0x2c, 1, 3, 0xff, 1];
        assert_eq!(hybrid(&run, 9, 6).unwrap(), [300, 300, 300, 300, 300, 511]);
        assert_eq!(hybrid(&[0xff, 0xff, 3], 0, 3).unwrap(), [0; 3]);
        assert!(hybrid(&run, 9, 8).is_err() && hybrid(&[2], 1, 1).is_err());
        assert!(hybrid(&[], 33, 1).is_err());
        assert!(hybrid(&[], 8, 0).unwrap().is_empty());
    }

    #[test]
    fn differences() {
        // 7, 5, 3, 1, 2, 3, 4, 5: the example of the specification, in blocks of 128.
        let bytes = [0x80, 1, 4, 8, 14, 3, 2, 0, 0, 0, 0xc0, 0x3f, 0, 0, 0, 0, 0, 0, 99];
        let (values, rest) = deltas(&bytes, 8).unwrap();
        assert_eq!((values, rest), (vec![7, 5, 3, 1, 2, 3, 4, 5], &[99][..]));
        assert!(deltas(&bytes, 7).is_err() && deltas(&bytes[..12], 8).is_err());
        assert!(deltas(&[8, 1, 0, 0], 9).unwrap().0.is_empty());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused_without_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..80), width in 0u32..40, count in 0usize..200
        ) {
            if let Ok(values) = hybrid(&bytes, width, count) {
                prop_assert_eq!(values.len(), count);
            }
            let _ = deltas(&bytes, count);
            let _ = deltas(&[&[0x80, 1, 4][..], &bytes].concat(), count);
        }
    }
}
