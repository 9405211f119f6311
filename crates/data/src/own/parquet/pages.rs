//! The pages of a chunk: an optional dictionary, then values with levels that mark the missing
//! ones.

use super::bits::hybrid;
use super::codec::decompress;
use super::thrift::Thrift;
use super::values::{Form, Values};
use super::{BOMB, plausible};

/// Bytes that a file may still occupy in memory.
pub(super) struct Budget {
    /// Remaining bytes of decompressed pages.
    pub(super) pages: u64,
    /// Remaining bytes of texts.
    pub(super) texts: u64,
}

fn spend(budget: &mut u64, bytes: u64) -> Result<(), String> {
    *budget = budget.checked_sub(bytes).ok_or(BOMB)?;
    Ok(())
}

/// Header of a page, of any kind.
#[derive(Debug, Default)]
struct Header {
    kind: i64,
    /// Decompressed bytes.
    size: i64,
    /// Bytes in the file.
    packed: i64,
    /// Number of values, including missing ones.
    values: i64,
    encoding: i64,
    /// Bytes of the levels, in a page of version 2.
    levels: i64,
    /// Whether the values are compressed, in a page of version 2.
    compressed: bool,
}

impl Header {
    fn read(t: &mut Thrift<'_>) -> Option<Self> {
        let mut header = Header { compressed: true, ..Header::default() };
        t.fields(|t, id, kind| {
            match id {
                1 => header.kind = t.int(kind)?,
                2 => header.size = t.int(kind)?,
                3 => header.packed = t.int(kind)?,
                // Pages of version 1 and dictionaries both begin with the number of values and the
                // encoding.
                5 | 7 => t.inner(kind, |t, id, kind| {
                    match id {
                        1 => header.values = t.int(kind)?,
                        2 => header.encoding = t.int(kind)?,
                        _ => t.skip(kind)?,
                    }
                    Some(())
                })?,
                8 => t.inner(kind, |t, id, kind| {
                    match id {
                        1 => header.values = t.int(kind)?,
                        4 => header.encoding = t.int(kind)?,
                        5 => header.levels = t.int(kind)?,
                        6 if t.int(kind)? != 0 => return None,
                        6 => {}
                        7 => header.compressed = t.truth(kind)?,
                        _ => t.skip(kind)?,
                    }
                    Some(())
                })?,
                _ => t.skip(kind)?,
            }
            Some(())
        })?;
        Some(header)
    }
}

/// Values of one page.
pub(super) struct Batch {
    /// Index of the first row in the chunk.
    pub(super) first: usize,
    /// Number of rows.
    pub(super) rows: usize,
    /// 1 for each row that has a value; `None` if all rows have one.
    pub(super) levels: Option<Vec<u32>>,
    pub(super) values: Values,
}

/// The pages of a chunk.
pub(super) struct Pages<'a> {
    form: Form,
    optional: bool,
    codec: i64,
    /// Number of rows of the chunk.
    count: usize,
    bytes: &'a [u8],
    dictionary: Option<Values>,
    done: usize,
}

impl<'a> Pages<'a> {
    /// Iterates over the pages in `bytes`, those of a chunk with `count` rows.
    pub(super) fn new(
        form: Form,
        optional: bool,
        codec: i64,
        count: usize,
        bytes: &'a [u8],
    ) -> Self {
        Pages { form, optional, codec, count, bytes, dictionary: None, done: 0 }
    }

    /// Returns the values of the next page that has any; `None` after the last one.
    pub(super) fn next(&mut self, budget: &mut Budget) -> Result<Option<Batch>, String> {
        while self.done < self.count {
            let mut thrift = Thrift::new(self.bytes);
            let header = Header::read(&mut thrift).ok_or("the header of a page is damaged")?;
            let packed = usize::try_from(header.packed).ok();
            let parts = packed.and_then(|n| thrift.rest().split_at_checked(n));
            let (page, rest) = parts.ok_or_else(torn)?;
            self.bytes = rest;
            let size = usize::try_from(header.size).map_err(|_| torn())?;
            if !plausible(size as u64, page.len() as u64) {
                return Err(BOMB.to_owned());
            }
            spend(&mut budget.pages, size as u64)?;
            let rows = usize::try_from(header.values).map_err(|_| torn())?;
            match header.kind {
                2 if self.dictionary.is_none() => {
                    let page = decompress(self.codec, page, size)?;
                    // A dictionary is always encoded as plain, whatever its header says.
                    let values = self.form.decode(0, &page, rows)?;
                    spend(&mut budget.texts, values.text_size())?;
                    self.dictionary = Some(values);
                }
                0 | 3 if rows > self.count - self.done => {
                    return Err("more values than rows".to_owned());
                }
                0 | 3 => {
                    let (levels, values) = self.data(&header, page, size, rows, budget)?;
                    let first = self.done;
                    self.done += rows;
                    return Ok(Some(Batch { first, rows, levels, values }));
                }
                1 => {}
                _ => return Err("a page of an unknown kind".to_owned()),
            }
        }
        Ok(None)
    }

    /// Decodes levels and values of a data page.
    fn data(
        &self,
        header: &Header,
        page: &[u8],
        size: usize,
        rows: usize,
        budget: &mut Budget,
    ) -> Result<(Option<Vec<u32>>, Values), String> {
        let whole;
        let (levels, data) = if header.kind == 3 {
            let len = usize::try_from(header.levels).map_err(|_| torn())?;
            let (levels, data) = page.split_at_checked(len).ok_or_else(torn)?;
            let size = size.checked_sub(len).ok_or_else(torn)?;
            let stored = !header.compressed || size == 0;
            whole = decompress(if stored { 0 } else { self.codec }, data, size)?;
            (levels, &whole[..])
        } else {
            whole = decompress(self.codec, page, size)?;
            if self.optional {
                let (len, rest) = whole.split_first_chunk::<4>().ok_or_else(torn)?;
                let len = u32::from_le_bytes(*len) as usize;
                rest.split_at_checked(len).ok_or_else(torn)?
            } else {
                (&[][..], &whole[..])
            }
        };
        let levels = if self.optional { Some(hybrid(levels, 1, rows)?) } else { None };
        let count = match &levels {
            Some(levels) => levels.iter().filter(|level| **level == 1).count(),
            None => rows,
        };
        let values = match header.encoding {
            2 | 8 => self.look_up(data, count, budget)?,
            encoding => {
                let values = self.form.decode(encoding, data, count)?;
                spend(&mut budget.texts, values.text_size())?;
                values
            }
        };
        if values.len() == count { Ok((levels, values)) } else { Err(torn()) }
    }

    /// Looks up values by their indices in the dictionary.
    fn look_up(&self, data: &[u8], count: usize, budget: &mut Budget) -> Result<Values, String> {
        let outside = || "an index outside of the dictionary".to_owned();
        let indices = match data.split_first() {
            Some((width, packed)) => hybrid(packed, (*width).into(), count)?,
            None if count == 0 => Vec::new(),
            None => return Err(torn()),
        };
        match &self.dictionary {
            Some(Values::Numbers(all)) => {
                let number = |i: u32| all.get(i as usize).copied();
                let found: Option<_> = indices.into_iter().map(number).collect();
                found.map(Values::Numbers).ok_or_else(outside)
            }
            Some(Values::Words(all)) => {
                let mut out = Vec::with_capacity(indices.len());
                for i in indices {
                    let text = all.get(i as usize).ok_or_else(outside)?;
                    spend(&mut budget.texts, text.len() as u64)?;
                    out.push(text.clone());
                }
                Ok(Values::Words(out))
            }
            None if count == 0 => self.form.decode(0, &[], 0),
            None => Err("a dictionary that is not there".to_owned()),
        }
    }
}

fn torn() -> String {
    "a page ends early".to_owned()
}
