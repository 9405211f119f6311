//! Download of a dataset: bounded, checked, then renamed into place.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use spec::DatasetName;
use spec::dataset::DataFile;
use ureq::Agent;
use ureq::config::ConfigBuilder;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::typestate::AgentScope;

use crate::error::DataError;
use crate::source::{Nothing, Table};

/// Outcome for one file that is now in place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// The file existed unaltered; nothing was downloaded.
    Kept(&'static str),
    /// The file was downloaded.
    New {
        /// File name.
        file: &'static str,
        /// URL that it was downloaded from.
        url: String,
        /// Bytes downloaded (compressed).
        bytes: u64,
    },
}

/// A dataset could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The dataset is committed and has no mirrors.
    #[error("{0}; this dataset is committed with the repository and has no mirror")]
    NoMirror(DataError),
    /// Every mirror failed for a file.
    #[error(
        "could not fetch {file}:{}\nremedy: check the network (a proxy is taken from HTTPS_PROXY) and try again, \
         or, of what is committed, restore the file from git",
        list(reasons)
    )]
    AllFailed {
        /// File name.
        file: &'static str,
        /// A URL and what went wrong with it, in the order tried.
        reasons: Vec<(String, String)>,
    },
    /// The file could not be written.
    #[error("{path}: {reason}", path = path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Error of the operating system.
        reason: io::Error,
    },
}

fn list(reasons: &[(String, String)]) -> String {
    reasons.iter().map(|(url, reason)| format!("\n  {url}: {reason}")).collect()
}

/// Downloads the files of a dataset into `data_dir/<name>/`, trying the mirrors that `spec` lists
/// in order. A file that exists unaltered is kept.
///
/// `progress` is called during a download with the file name, the bytes so far, and the total
/// number of bytes if the server announced it.
///
/// # Errors
/// No mirror delivers a genuine file, the dataset has no mirror, or the folder cannot be written. A
/// file that was in place before is left as it was.
pub fn fetch(
    name: DatasetName,
    data_dir: &Path,
    progress: &mut dyn FnMut(&'static str, u64, Option<u64>),
) -> Result<Vec<Fetched>, FetchError> {
    let agent: Agent = config().build().into();
    fetch_from(&agent, name.info().mirrors, name.into(), data_dir, progress)
}

/// Configures TLS with the platform's certificate store, a proxy from the environment, and timeouts
/// for every wait.
fn config() -> ConfigBuilder<AgentScope> {
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
    Agent::config_builder()
        .tls_config(tls)
        .timeout_connect(Some(Duration::from_secs(20)))
        .timeout_recv_response(Some(Duration::from_secs(30)))
        .timeout_recv_body(Some(Duration::from_secs(900)))
}

fn fetch_from(
    agent: &Agent,
    mirrors: &[impl AsRef<str>],
    table: Table,
    data_dir: &Path,
    progress: &mut dyn FnMut(&'static str, u64, Option<u64>),
) -> Result<Vec<Fetched>, FetchError> {
    table
        .files
        .iter()
        .map(|file| fetch_file(agent, mirrors, table, file, data_dir, progress))
        .collect()
}

fn fetch_file(
    agent: &Agent,
    mirrors: &[impl AsRef<str>],
    table: Table,
    file: &'static DataFile,
    data_dir: &Path,
    progress: &mut dyn FnMut(&'static str, u64, Option<u64>),
) -> Result<Fetched, FetchError> {
    let present = table.check(file, data_dir);
    let Err(problem) = present else { return Ok(Fetched::Kept(file.name)) };
    if mirrors.is_empty() {
        return Err(FetchError::NoMirror(problem));
    }
    let folder = data_dir.join(table.dataset.name());
    let write_error = |path: &Path, reason| FetchError::Write { path: path.to_owned(), reason };
    fs::create_dir_all(&folder).map_err(|e| write_error(&folder, e))?;
    let mut reasons = Vec::new();
    for mirror in mirrors {
        let url = format!("{}/{}", mirror.as_ref().trim_end_matches('/'), file.name);
        let mut part = tempfile::Builder::new()
            .prefix(&format!(".{}.", file.name))
            .suffix(".part")
            .tempfile_in(&folder)
            .map_err(|e| write_error(&folder, e))?;
        let outcome = download(agent, &url, file, part.as_file_mut(), progress).and_then(|bytes| {
            table.verify_at(file, part.path(), &mut Nothing).map_err(|e| found(&e))?;
            Ok(bytes)
        });
        match outcome {
            Ok(bytes) => {
                let target = folder.join(file.name);
                readable(part.path()).map_err(|e| write_error(part.path(), e))?;
                part.persist(&target).map_err(|e| write_error(&target, e.error))?;
                return Ok(Fetched::New { file: file.name, url, bytes });
            }
            Err(reason) => reasons.push((url, reason)),
        }
    }
    Err(FetchError::AllFailed { file: file.name, reasons })
}

/// Describes a faulty download, without its temporary name and remedies.
fn found(error: &DataError) -> String {
    match error {
        DataError::Truncated { found, expected, .. } => {
            format!("truncated: {found} of {expected} bytes")
        }
        DataError::TooLong { expected, .. } => format!("longer than {expected} bytes"),
        DataError::TrailingBytes { .. } => "bytes follow the end of the gzip stream".to_owned(),
        DataError::Gzip { reason, .. } => format!("not a sound gzip file ({reason})"),
        DataError::Swapped { actual, .. } => format!("holds the contents of {actual}"),
        DataError::Altered { of, found, expected, .. } => {
            format!("altered: {of} is {found}, expected {expected}")
        }
        DataError::Archive { reason, .. } => format!("not the archive it should be: {reason}"),
        other => other.to_string(),
    }
}

/// Copies the body of `url` to `out` and returns the number of bytes, or the reason in words.
fn download(
    agent: &Agent,
    url: &str,
    file: &'static DataFile,
    out: &mut fs::File,
    progress: &mut dyn FnMut(&'static str, u64, Option<u64>),
) -> Result<u64, String> {
    let mut response = agent.get(url).call().map_err(|e| e.to_string())?;
    let total = response.body().content_length();
    // Deflate never grows data by more than a few bytes a block.
    let limit = file.bytes + file.bytes / 1000 + 4096;
    if let Some(total) = total.filter(|&total| total > limit) {
        return Err(format!("the server offers {total} bytes, at most {limit} are expected"));
    }
    let mut body = response.body_mut().as_reader();
    let mut buffer = vec![0; 64 * 1024];
    let mut done = 0u64;
    loop {
        let n = match body.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e.to_string()),
        };
        done += n as u64;
        if done > limit {
            return Err(format!("more than {limit} bytes"));
        }
        out.write_all(&buffer[..n]).map_err(|e| e.to_string())?;
        progress(file.name, done, total);
    }
    out.sync_all().map_err(|e| e.to_string())?;
    Ok(done)
}

/// Makes a downloaded file readable by everyone; temporary files are private.
fn readable(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o644))?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

#[cfg(test)]
mod tests;

#[cfg(test)]
#[path = "fetch/published.rs"]
mod published;

#[cfg(test)]
#[path = "fetch/contents.rs"]
mod contents;
