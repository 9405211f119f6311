//! The IDX format of the MNIST files: two zero bytes, a type code, the number
//! of dimensions, each dimension as a big-endian 32-bit integer, then the data.
//! Only unsigned bytes (type code 0x08) are read.
//! Source: <http://yann.lecun.com/exdb/mnist/>, "the IDX file format".

/// Type code of unsigned bytes.
const UNSIGNED_BYTE: u8 = 0x08;

/// The bytes are not the expected IDX array.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdxError {
    /// The file ends within its header.
    #[error("IDX header: {found} bytes, {needed} are needed")]
    Header {
        /// Bytes in the file.
        found: usize,
        /// Bytes of a header with the announced number of dimensions.
        needed: usize,
    },
    /// The file is not an IDX file of unsigned bytes with this number of dimensions.
    #[error(
        "IDX magic is {found:#010x}, expected {expected:#010x} (unsigned bytes, {dimensions} dimension(s))"
    )]
    Magic {
        /// The first four bytes.
        found: u32,
        /// The first four bytes of the expected array.
        expected: u32,
        /// Number of dimensions of the expected array.
        dimensions: usize,
    },
    /// The file is not an IDX file of unsigned bytes, whatever the number of dimensions.
    #[error("not an IDX file of unsigned bytes: it begins with {found:02x?}, not 00 00 08")]
    Format {
        /// The first bytes, four at most.
        found: Vec<u8>,
    },
    /// The array has an unexpected shape.
    #[error("IDX dimensions are {found:?}, expected {expected:?}")]
    Dimensions {
        /// Dimensions in the header.
        found: Vec<u32>,
        /// Expected dimensions.
        expected: Vec<u32>,
    },
    /// The length of the data differs from the product of the dimensions.
    #[error("IDX data: {found} bytes, the dimensions ask for {expected}")]
    Length {
        /// Bytes after the header.
        found: usize,
        /// Product of the dimensions.
        expected: usize,
    },
    /// A label is not the index of a class.
    #[error("label {label} of sample {sample} is not below {classes}")]
    Label {
        /// The label.
        label: u8,
        /// Index of the sample, from 0.
        sample: usize,
        /// Number of classes.
        classes: usize,
    },
}

/// Returns the dimensions in the header of an IDX file of unsigned bytes.
///
/// # Errors
/// The file is not of that kind, or ends within its header.
pub fn shape(bytes: &[u8]) -> Result<Vec<u32>, IdxError> {
    let &[0, 0, UNSIGNED_BYTE, rank, ref rest @ ..] = bytes else {
        return Err(IdxError::Format { found: bytes.iter().take(4).copied().collect() });
    };
    let rank = usize::from(rank);
    let dimensions = rest.as_chunks::<4>().0;
    if dimensions.len() < rank {
        return Err(IdxError::Header { found: bytes.len(), needed: 4 + 4 * rank });
    }
    Ok(dimensions[..rank].iter().map(|&word| u32::from_be_bytes(word)).collect())
}

/// Returns the data of an IDX array of unsigned bytes, row-major, without copying.
///
/// # Errors
/// Magic, dimensions or length differ from those of an array of shape `shape`. Sizes in the header
/// never cause an allocation.
pub fn parse<'a>(bytes: &'a [u8], shape: &[u32]) -> Result<&'a [u8], IdxError> {
    let needed = 4 + 4 * shape.len();
    let word = |i: usize| u32::from_be_bytes([bytes[i], bytes[i + 1], bytes[i + 2], bytes[i + 3]]);
    let expected = u32::from(UNSIGNED_BYTE) << 8 | shape.len() as u32;
    if bytes.len() >= 4 && word(0) != expected {
        return Err(IdxError::Magic { found: word(0), expected, dimensions: shape.len() });
    }
    if bytes.len() < needed {
        return Err(IdxError::Header { found: bytes.len(), needed });
    }
    let found: Vec<u32> = (0..shape.len()).map(|i| word(4 + 4 * i)).collect();
    if found != shape {
        return Err(IdxError::Dimensions { found, expected: shape.to_vec() });
    }
    // Saturating: a shape read from a file may exceed all memory.
    let expected = shape.iter().fold(1usize, |a, &n| a.saturating_mul(n as usize));
    let data = &bytes[needed..];
    if data.len() != expected {
        return Err(IdxError::Length { found: data.len(), expected });
    }
    Ok(data)
}

/// Converts bytes to class indices.
///
/// # Errors
/// The first byte that is not below `classes`.
pub fn labels(bytes: &[u8], classes: usize) -> Result<Vec<i64>, IdxError> {
    match bytes.iter().position(|&b| usize::from(b) >= classes) {
        Some(sample) => Err(IdxError::Label { label: bytes[sample], sample, classes }),
        None => Ok(bytes.iter().map(|&b| i64::from(b)).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 2 x 3 array of unsigned bytes.
    const GOOD: [u8; 18] = [0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6];

    #[test]
    fn reads_an_array() {
        assert_eq!(parse(&GOOD, &[2, 3]), Ok(&[1u8, 2, 3, 4, 5, 6][..]));
    }

    #[test]
    fn refuses_another_type_or_rank() {
        let mut ints = GOOD;
        ints[2] = 0x0c;
        assert_eq!(
            parse(&ints, &[2, 3]),
            Err(IdxError::Magic { found: 0xc02, expected: 0x802, dimensions: 2 })
        );
        assert_eq!(
            parse(&GOOD, &[6]),
            Err(IdxError::Magic { found: 0x802, expected: 0x801, dimensions: 1 })
        );
    }

    #[test]
    fn refuses_other_dimensions_and_lengths() {
        let expected = vec![3, 2];
        assert_eq!(
            parse(&GOOD, &[3, 2]),
            Err(IdxError::Dimensions { found: vec![2, 3], expected })
        );
        assert_eq!(parse(&GOOD[..17], &[2, 3]), Err(IdxError::Length { found: 5, expected: 6 }));
        let longer = [&GOOD[..], &[7]].concat();
        assert_eq!(parse(&longer, &[2, 3]), Err(IdxError::Length { found: 7, expected: 6 }));
    }

    #[test]
    fn refuses_a_torn_header() {
        for n in 0..12 {
            assert_eq!(parse(&GOOD[..n], &[2, 3]), Err(IdxError::Header { found: n, needed: 12 }));
        }
    }

    #[test]
    fn a_header_with_huge_dimensions_allocates_nothing() {
        let mut huge = GOOD;
        huge[4..12].fill(0xff);
        assert!(matches!(parse(&huge, &[2, 3]), Err(IdxError::Dimensions { .. })));
    }

    #[test]
    fn the_shape_is_that_of_the_header() {
        assert_eq!(shape(&GOOD), Ok(vec![2, 3]));
        assert_eq!(shape(&[0, 0, 8, 0]), Ok(vec![]));
        assert_eq!(shape(&GOOD[..11]), Err(IdxError::Header { found: 11, needed: 12 }));
        assert_eq!(shape(&[0, 0, 8]), Err(IdxError::Format { found: vec![0, 0, 8] }));
        assert_eq!(
            shape(b"\x89PNG\r\n").unwrap_err().to_string(),
            "not an IDX file of unsigned bytes: it begins with [89, 50, 4e, 47], not 00 00 08"
        );
    }

    #[test]
    fn a_shape_past_all_memory_is_refused() {
        let mut huge = vec![0, 0, 8, 4];
        huge.extend([0xff; 16]);
        let found = shape(&huge).unwrap();
        assert_eq!(parse(&huge, &found), Err(IdxError::Length { found: 0, expected: usize::MAX }));
    }

    #[test]
    fn labels_are_below_the_number_of_classes() {
        assert_eq!(labels(&[0, 9, 3], 10), Ok(vec![0, 9, 3]));
        assert_eq!(
            labels(&[0, 10], 10),
            Err(IdxError::Label { label: 10, sample: 1, classes: 10 })
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let accepted = parse(&bytes, &[2, 3]).is_ok();
            prop_assert_eq!(accepted, bytes.len() == 18 && bytes[..12] == GOOD[..12]);
            let _ = shape(&bytes).and_then(|found| parse(&bytes, &found).map(<[u8]>::to_vec));
        }
    }
}
