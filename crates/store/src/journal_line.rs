//! One line of the journal: a record with a checksum, and the migration of older versions.
//!
//! The checksum is the line's last key and covers the bytes as they are in the file, whatever wrote
//! them: `{ ...record..., "checksum": "<32 hex>"}`.

use serde::Deserialize;
use serde_json::Value;

use spec::Digest;
use spec::record::{RECORD_VERSION, RunRecord};

/// Reasons for which a line of the journal is not accepted as a record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// The line was written by a newer program, in this version of the format.
    #[error("version {0} is newer than this program's {RECORD_VERSION}; update the program")]
    Newer(u32),
    /// The bytes differ from those that were written.
    #[error("the record of run {run} has been altered: its checksum does not match")]
    Altered {
        /// Run id in the line; empty if it has none.
        run: String,
    },
    /// The line is not a run record; the text is the reason.
    #[error("not a run record: {0}")]
    Foreign(String),
}

/// Returns the line of a record, with checksum and newline.
///
/// # Errors
/// None in practice: a record holds only JSON types.
pub fn write(record: &RunRecord) -> serde_json::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(record)?;
    line.pop();
    let checksum = checksum(&line);
    line.extend_from_slice(format!(",\"checksum\":\"{checksum}\"}}\n").as_bytes());
    Ok(line)
}

/// Reads a line without its newline and migrates older versions.
///
/// # Errors
/// The line is not a record, has a newer version, or was altered after it was written.
pub fn read(line: &[u8]) -> Result<RunRecord, LineError> {
    #[derive(Deserialize)]
    struct Head {
        v: u32,
        #[serde(default)]
        run_id: String,
    }
    let foreign = |e: serde_json::Error| LineError::Foreign(e.to_string());
    let parsed = serde_json::from_slice::<RunRecord>(line);
    let record = match parsed {
        Ok(record) if record.v == RECORD_VERSION => record,
        other => {
            let head: Head = serde_json::from_slice(line).map_err(foreign)?;
            match head.v {
                v if v > RECORD_VERSION => return Err(LineError::Newer(v)),
                v if v == RECORD_VERSION => {
                    // Damage can make the JSON invalid or leave it valid: both count as altered.
                    let whole = split(line).is_some_and(|(body, sum)| checksum(body) == sum);
                    return Err(match (whole, other) {
                        (true, Err(e)) => foreign(e),
                        _ => LineError::Altered { run: head.run_id },
                    });
                }
                // Version 1 had no checksums: a line with one is of a later version and was
                // altered.
                _ if split(line).is_some() => {
                    return Err(LineError::Altered { run: head.run_id });
                }
                v => return migrate(line, v),
            }
        }
    };
    match split(line) {
        Some((body, sum)) if checksum(body) == sum => Ok(record),
        _ => Err(LineError::Altered { run: record.run_id.to_string() }),
    }
}

/// Returns the checksum of a record, given its bytes without the closing brace.
fn checksum(body: &[u8]) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(body).update(b"}");
    Digest::from_hash(&hasher.finalize()).to_string()
}

/// Splits a line into the record's bytes, without the closing brace, and the checksum.
fn split(line: &[u8]) -> Option<(&[u8], &str)> {
    const KEY: &[u8] = b",\"checksum\":\"";
    let end = line.trim_ascii_end();
    let start = end.len().checked_sub(KEY.len() + 32 + 2)?;
    let sum = end[start..].strip_prefix(KEY)?.strip_suffix(b"\"}")?;
    Some((&end[..start], std::str::from_utf8(sum).ok()?))
}

/// Migrates a record of version `from` to the present version, one version at a time.
fn migrate(line: &[u8], from: u32) -> Result<RunRecord, LineError> {
    let foreign = |e: serde_json::Error| LineError::Foreign(e.to_string());
    let mut value: Value = serde_json::from_slice(line).map_err(foreign)?;
    for version in from..RECORD_VERSION {
        match version {
            1 => from_1(&mut value),
            other => return Err(LineError::Foreign(format!("unknown record version {other}"))),
        }
        value["v"] = Value::from(version + 1);
    }
    serde_json::from_value(value).map_err(foreign)
}

/// Version 2 added checksums and provenance, so records of version 1 have no provenance.
fn from_1(record: &mut Value) {
    record["provenance"] = Value::Null;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A record of version 1 as the first release wrote it, metrics shortened.
    const VERSION_1: &str = include_str!("../tests/records/version-1.jsonl");

    #[test]
    fn a_record_of_version_1_is_migrated() {
        let record = read(VERSION_1.trim_end().as_bytes()).unwrap();
        assert_eq!((record.v, record.provenance.clone()), (RECORD_VERSION, None));
        assert_eq!(spec::identity::ids(&record.spec).run, record.run_id, "ids outlive versions");
        let line = write(&record).unwrap();
        assert_eq!(read(&line).unwrap(), record);
    }

    #[test]
    fn any_altered_byte_is_seen() {
        let record = read(VERSION_1.trim_end().as_bytes()).unwrap();
        let line = write(&record).unwrap();
        for at in 0..line.len() - 1 {
            let mut altered = line.clone();
            // Digits replace other digits, also the version's, and `{` breaks the JSON.
            for byte in *b"017{" {
                altered[at] = byte;
                assert_eq!(read(&altered).is_ok(), altered == line, "byte {at}");
            }
        }
        let digest = record.outcome.as_ref().unwrap().weights_digest.clone().unwrap();
        let text = String::from_utf8(line).unwrap();
        let other = digest.replace(&digest[..1], if digest.starts_with('0') { "1" } else { "0" });
        let error = read(text.replace(&digest, &other).trim_end().as_bytes()).unwrap_err();
        assert_eq!(error, LineError::Altered { run: record.run_id.to_string() });
    }

    #[test]
    fn foreign_and_newer_lines_are_told_apart() {
        assert!(matches!(read(b"not json"), Err(LineError::Foreign(_))));
        assert!(matches!(read(b"{\"v\":0}"), Err(LineError::Foreign(_))));
        assert_eq!(read(b"{\"v\":99}"), Err(LineError::Newer(99)));
        let cut = VERSION_1.len() / 2;
        assert!(matches!(read(&VERSION_1.as_bytes()[..cut]), Err(LineError::Foreign(_))));
    }
}
