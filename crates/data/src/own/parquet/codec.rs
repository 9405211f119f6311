//! Decompression of pages, each of which is compressed separately.

use std::io::Read;

use flate2::bufread::MultiGzDecoder;

/// Decompresses a page, which must have `size` bytes.
pub(super) fn decompress(codec: i64, bytes: &[u8], size: usize) -> Result<Vec<u8>, String> {
    let torn = || "a page is not soundly compressed".to_owned();
    let out = match codec {
        0 => bytes.to_vec(),
        1 => {
            if snap::raw::decompress_len(bytes).ok() != Some(size) {
                return Err(torn());
            }
            snap::raw::Decoder::new().decompress_vec(bytes).map_err(|_| torn())?
        }
        2 => whole(MultiGzDecoder::new(bytes), size)?,
        5 => framed(bytes, size).or_else(|| block(bytes, size)).ok_or_else(torn)?,
        6 => {
            let decoder = ruzstd::decoding::StreamingDecoder::new(bytes);
            whole(decoder.map_err(|_| torn())?, size)?
        }
        7 => block(bytes, size).ok_or_else(torn)?,
        other => {
            let name = match other {
                3 => "LZO",
                4 => "Brotli",
                _ => "an unknown method",
            };
            return Err(format!("compressed by {name}"));
        }
    };
    if out.len() == size { Ok(out) } else { Err(torn()) }
}

/// Reads the output of a decoder, at most one byte more than `size`.
fn whole(decoder: impl Read, size: usize) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let read = decoder.take(size as u64 + 1).read_to_end(&mut out);
    read.map_err(|_| "a page is not soundly compressed".to_owned())?;
    Ok(out)
}

/// Decompresses one LZ4 block.
fn block(bytes: &[u8], size: usize) -> Option<Vec<u8>> {
    lz4_flex::block::decompress(bytes, size).ok()
}

/// Decompresses LZ4 blocks in Hadoop's framing: each follows two lengths.
fn framed(mut bytes: &[u8], size: usize) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    while !bytes.is_empty() {
        let (lengths, rest) = bytes.split_at_checked(8)?;
        let length = |at: usize| {
            u32::from_be_bytes(lengths[at..at + 4].try_into().unwrap_or([0xff; 4])) as usize
        };
        let (packed, rest) = rest.split_at_checked(length(4))?;
        let whole = length(0);
        if whole > size - out.len() {
            return None;
        }
        out.extend(block(packed, whole)?);
        bytes = rest;
    }
    Some(out)
}
