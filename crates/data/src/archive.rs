//! Members of a tar archive, read without unpacking anything to disk.
//!
//! Archives are untrusted, so every entry is checked before it is read: links, devices, absolute
//! paths and paths with `..` are refused, and so is a member whose length differs from the table.
//! Small entries that the table does not name are skipped.

use std::io::{self, Read};
use std::path::{Component, Path};

use spec::dataset::DataFile;

use crate::keep::Keep;

/// Bytes of the largest entry outside the table that is skipped rather than refused.
const SMALL: u64 = 16 << 10;

/// Number of entries that an archive may have besides its members.
const FURTHER: usize = 64;

/// Returns the most unpacked bytes that the genuine file can have.
pub(crate) fn longest(file: &DataFile) -> u64 {
    if file.members.is_empty() {
        return file.bytes;
    }
    file.bytes + (file.members.len() + FURTHER) as u64 * (SMALL + 1024)
}

/// Reads the members of `file` and passes each to `keep` at its offset in the order of the table.
///
/// # Errors
/// The first fault of the archive, in words.
pub(crate) fn read(
    stream: &mut dyn Read,
    file: &DataFile,
    keep: &mut dyn Keep,
) -> Result<(), String> {
    let mut bounded = stream.take(longest(file));
    let mut seen = vec![false; file.members.len()];
    let mut archive = tar::Archive::new(&mut bounded);
    let said = |e: io::Error| format!("it cannot be read: {e}");
    for (i, entry) in archive.entries().map_err(said)?.enumerate() {
        let mut entry = entry.map_err(said)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let shown = name.escape_debug().to_string();
        if i >= file.members.len() + FURTHER {
            return Err("it has more entries than the genuine one can have".to_owned());
        }
        if !inside(&name) {
            return Err(format!("the path `{shown}` leads out of it"));
        }
        let kind = entry.header().entry_type();
        if kind.is_dir() {
            continue;
        }
        if !kind.is_file() {
            return Err(format!("`{shown}` is a link or no plain file"));
        }
        let size = entry.size();
        let Some(at) = file.members.iter().position(|m| m.name == name) else {
            if size > SMALL {
                return Err(format!("`{shown}` of {size} bytes does not belong to it"));
            }
            continue;
        };
        let member = &file.members[at];
        if size != member.bytes {
            return Err(format!("`{shown}` has {size} bytes, not {}", member.bytes));
        }
        if std::mem::replace(&mut seen[at], true) {
            return Err(format!("it holds `{shown}` twice"));
        }
        let mut offset: u64 = file.members[..at].iter().map(|m| m.bytes).sum();
        let end = offset + size;
        let mut buffer = vec![0; 128 * 1024];
        loop {
            match entry.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => {
                    keep.at(offset, &buffer[..n]);
                    offset += n as u64;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(said(e)),
            }
        }
        if offset != end {
            return Err(format!("it ends within `{shown}`"));
        }
    }
    if let Some(at) = seen.iter().position(|seen| !seen) {
        return Err(format!("it lacks `{}`", file.members[at].name));
    }
    // The decoder checks its checksum at the end of the stream, which tar need not reach.
    io::copy(&mut bounded, &mut io::sink()).map_err(said)?;
    if bounded.limit() == 0 { Err("it is longer than the genuine one".to_owned()) } else { Ok(()) }
}

/// Whether a path stays within the folder it starts in.
fn inside(name: &str) -> bool {
    !name.is_empty()
        && !name.contains(['\\', '\0'])
        && Path::new(name)
            .components()
            .all(|c| matches!(c, Component::Normal(_) | Component::CurDir))
}
