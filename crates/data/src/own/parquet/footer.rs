//! The metadata at the end of a Parquet file: its columns, and the location of the chunks of each
//! row group.
//! Source: <https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift>.

use super::column::{Column, Element, columns};
use super::thrift::Thrift;

/// Maximum number of columns of a file, including nested ones.
const MOST_COLUMNS: usize = 100_000;

/// Metadata of a file.
#[derive(Debug)]
pub(super) struct Footer {
    pub(super) rows: u64,
    pub(super) columns: Vec<Column>,
    pub(super) groups: Vec<Group>,
}

/// Row group: rows that are stored together.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) rows: u64,
    /// One chunk per column that is not nested, and one per leaf of a nested column.
    pub(super) chunks: Vec<Chunk>,
}

/// Pages of one column in a row group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Chunk {
    pub(super) codec: i64,
    /// Offset of the first page in the file, in bytes.
    pub(super) start: u64,
    /// Length of all pages in the file, in bytes.
    pub(super) len: u64,
    /// Number of values, including missing ones.
    pub(super) values: u64,
}

/// Parses the footer, or returns the reason why it cannot be read.
pub(super) fn read(bytes: &[u8]) -> Result<Footer, String> {
    let mut elements: Vec<Element> = Vec::new();
    let (mut rows, mut groups, mut encrypted) = (0, Vec::new(), false);
    let mut thrift = Thrift::new(bytes);
    let whole = thrift.fields(|t, id, kind| {
        match id {
            2 => t.list(kind, |t, kind| {
                if elements.len() > MOST_COLUMNS {
                    return None;
                }
                elements.push(Element::read(t, kind)?);
                Some(())
            })?,
            3 => rows = u64::try_from(t.int(kind)?).ok()?,
            4 => t.list(kind, |t, kind| {
                groups.push(group(t, kind, &mut encrypted)?);
                Some(())
            })?,
            8 => {
                encrypted = true;
                t.skip(kind)?;
            }
            _ => t.skip(kind)?,
        }
        Some(())
    });
    if encrypted {
        return Err("encrypted".to_owned());
    }
    if elements.len() > MOST_COLUMNS {
        return Err(format!("more than {MOST_COLUMNS} columns"));
    }
    let columns = whole.and_then(|()| columns(&elements));
    let (columns, leaves) = columns.ok_or("its metadata are damaged")?;
    let sum = groups.iter().try_fold(0u64, |sum, group: &Group| sum.checked_add(group.rows));
    if sum != Some(rows) || groups.iter().any(|group| group.chunks.len() != leaves) {
        return Err("its metadata contradict themselves".to_owned());
    }
    Ok(Footer { rows, columns, groups })
}

fn group(t: &mut Thrift<'_>, kind: u8, encrypted: &mut bool) -> Option<Group> {
    let (mut rows, mut chunks) = (None, Vec::new());
    t.inner(kind, |t, id, kind| {
        match id {
            1 => t.list(kind, |t, kind| {
                chunks.push(chunk(t, kind, encrypted)?);
                Some(())
            })?,
            3 => rows = u64::try_from(t.int(kind)?).ok(),
            _ => t.skip(kind)?,
        }
        Some(())
    })?;
    Some(Group { rows: rows?, chunks })
}

fn chunk(t: &mut Thrift<'_>, kind: u8, encrypted: &mut bool) -> Option<Chunk> {
    let mut found = None;
    t.inner(kind, |t, id, kind| {
        match id {
            3 => found = Some(meta(t, kind)?),
            8 => {
                *encrypted = true;
                t.skip(kind)?;
            }
            _ => t.skip(kind)?,
        }
        Some(())
    })?;
    found
}

fn meta(t: &mut Thrift<'_>, kind: u8) -> Option<Chunk> {
    let (mut codec, mut values, mut len, mut data, mut dictionary) = (None, None, None, None, None);
    t.inner(kind, |t, id, kind| {
        let field = match id {
            4 => &mut codec,
            5 => &mut values,
            7 => &mut len,
            9 => &mut data,
            11 => &mut dictionary,
            _ => return t.skip(kind),
        };
        *field = Some(t.int(kind)?);
        Some(())
    })?;
    // Some writers give 0 if there is no dictionary.
    let start = match dictionary {
        Some(offset @ 1..) if offset < data? => offset,
        _ => data?,
    };
    let size = |value: Option<i64>| value.and_then(|v| u64::try_from(v).ok());
    Some(Chunk { codec: codec?, start: size(Some(start))?, len: size(len)?, values: size(values)? })
}
