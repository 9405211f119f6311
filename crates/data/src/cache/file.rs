//! The file of a cached dataset: a header of one page, then the arrays, each aligned to 64 bytes,
//! in the machine's byte order.
//!
//! ```text
//! 0    magic and version of this layout
//! 16   BLAKE3 of what the dataset is and of the code that scaled it
//! 48   BLAKE3 of the files it was made of
//! 80   features, classes; lengths of inputs, labels, values: training, test (u64)
//! 144  BLAKE3 of the 144 bytes before and of all bytes from 4,096 on
//! ```
//!
//! The last hash is checked whenever the file is opened, so that a truncated or altered file is not
//! used.

use std::fs::OpenOptions;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use spec::dataset::DatasetSpec;

use crate::inputs::Inputs;
use crate::source::regular;
use crate::{Dataset, Part, mapping};

/// Magic and version of the layout; changes with the layout.
const MAGIC: [u8; 16] = *b"sweep-inputs\0\0\0\x01";
const PAGE: usize = 4096;
const ALIGN: usize = 64;
const SIZES: usize = 8;
/// Bytes of the header that the checksum covers.
const CHECKED: usize = 80 + 8 * SIZES;

/// Hashes of the dataset and sources that a cached file must match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    /// Hash of the dataset's identity and of this crate's sources.
    pub(super) identity: [u8; 32],
    /// Hash of the files it is read from.
    pub(super) sources: [u8; 32],
}

/// Reason why a cached file is not used.
#[derive(Debug)]
pub(super) enum Unusable {
    /// The file does not exist.
    Missing,
    /// The file belongs to another dataset, layout or code version, or its sources have changed.
    Outdated,
    /// The file is truncated, altered, or not a cache file.
    Damaged,
    /// The operating system returned an error.
    Io(io::Error),
}

/// Returns the byte range of each array (inputs, labels and values of the training split, then of
/// the test split) and the length of the file; `None` on overflow.
fn places(sizes: &[u64; SIZES]) -> Option<([Range<usize>; 6], usize)> {
    let mut end = PAGE;
    let mut places = [const { 0..0 }; 6];
    for (i, place) in places.iter_mut().enumerate() {
        let width = if i % 3 == 1 { size_of::<i64>() } else { size_of::<f32>() };
        let length = usize::try_from(sizes[2 + i]).ok()?.checked_mul(width)?;
        let start = end.checked_next_multiple_of(ALIGN)?;
        end = start.checked_add(length)?;
        *place = start..end;
    }
    Some((places, end))
}

/// Maps a file, checks it and returns its dataset.
pub(super) fn open(
    path: &Path,
    dataset: &DatasetSpec,
    origin: &Origin,
) -> Result<Dataset, Unusable> {
    let file = regular(path).map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => Unusable::Missing,
        io::ErrorKind::InvalidInput => Unusable::Damaged,
        _ => Unusable::Io(e),
    })?;
    if file.metadata().map_err(Unusable::Io)?.len() < PAGE as u64 {
        return Err(Unusable::Damaged);
    }
    let map = Arc::new(mapping::of_file(&file).map_err(Unusable::Io)?);
    let bytes: &[u8] = &map;
    if bytes[..12] != MAGIC[..12] {
        return Err(Unusable::Damaged);
    }
    let made_of = Origin { identity: field(bytes, 16), sources: field(bytes, 48) };
    if bytes[..16] != MAGIC || made_of != *origin {
        return Err(Unusable::Outdated);
    }
    let sizes: [u64; SIZES] = std::array::from_fn(|i| u64::from_le_bytes(field(bytes, 80 + 8 * i)));
    let (places, end) = places(&sizes).ok_or(Unusable::Damaged)?;
    let mut hash = blake3::Hasher::new();
    hash.update(&bytes[..CHECKED]).update(&bytes[PAGE..]);
    if end != bytes.len() || *hash.finalize().as_bytes() != field::<32>(bytes, CHECKED) {
        return Err(Unusable::Damaged);
    }
    let [train, train_labels, train_values, test, test_labels, test_values] = places;
    let part = |inputs, labels: Range<usize>, values: Range<usize>| {
        Some(Part {
            inputs: Inputs::mapped(&map, inputs)?,
            labels: bytemuck::try_cast_slice(&bytes[labels]).ok()?.to_vec(),
            values: bytemuck::try_cast_slice(&bytes[values]).ok()?.to_vec(),
            targets: dataset.targets(),
        })
    };
    let whole = || {
        Some(Dataset {
            name: dataset.clone(),
            digest: dataset.digest(),
            features: usize::try_from(sizes[0]).ok()?,
            classes: usize::try_from(sizes[1]).ok()?,
            train: part(train, train_labels, train_values)?,
            test: part(test, test_labels, test_values)?,
        })
    };
    whole().ok_or(Unusable::Damaged)
}

fn field<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    std::array::from_fn(|i| bytes[at + i])
}

/// Writes a dataset to a file, which must not exist yet.
pub(super) fn write(path: &Path, data: &Dataset, origin: &Origin) -> io::Result<()> {
    let (train, test) = (&data.train, &data.test);
    let sizes = [
        data.features,
        data.classes,
        train.inputs.len(),
        train.labels.len(),
        train.values.len(),
        test.inputs.len(),
        test.labels.len(),
        test.values.len(),
    ]
    .map(|n| n as u64);
    let (places, _) = places(&sizes).ok_or(io::ErrorKind::FileTooLarge)?;
    let arrays: [&[u8]; 6] = [
        bytemuck::cast_slice(&train.inputs),
        bytemuck::cast_slice(&train.labels),
        bytemuck::cast_slice(&train.values),
        bytemuck::cast_slice(&test.inputs),
        bytemuck::cast_slice(&test.labels),
        bytemuck::cast_slice(&test.values),
    ];
    let mut header = [0; PAGE];
    header[..16].copy_from_slice(&MAGIC);
    header[16..48].copy_from_slice(&origin.identity);
    header[48..80].copy_from_slice(&origin.sources);
    for (i, size) in sizes.iter().enumerate() {
        header[80 + 8 * i..88 + 8 * i].copy_from_slice(&size.to_le_bytes());
    }
    let mut hash = blake3::Hasher::new();
    hash.update(&header[..CHECKED]);
    let mut file = BufWriter::new(OpenOptions::new().write(true).create_new(true).open(path)?);
    file.write_all(&header)?;
    let mut at = PAGE;
    for (bytes, place) in arrays.into_iter().zip(places) {
        let gap = [0; ALIGN];
        for piece in [&gap[..place.start - at], bytes] {
            hash.update(piece);
            file.write_all(piece)?;
        }
        at = place.end;
    }
    let mut file = file.into_inner().map_err(|e| e.into_error())?;
    file.seek(SeekFrom::Start(CHECKED as u64))?;
    file.write_all(hash.finalize().as_bytes())
}
