//! A libtorch from an archive of the user's choice: `LIBTORCH_URL` with `LIBTORCH_SHA256`.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use sha2::{Digest as _, Sha256};

use super::{cache, unpack};

/// Returns the requested archive as (address, SHA-256); `None` if neither variable is set.
///
/// # Errors
/// One variable is set without the other, or the SHA-256 is malformed.
pub(crate) fn requested() -> Result<Option<(String, String)>> {
    let get = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
    read(get("LIBTORCH_URL"), get("LIBTORCH_SHA256"))
}

fn read(url: Option<String>, sha256: Option<String>) -> Result<Option<(String, String)>> {
    let (url, sha256) = match (url, sha256) {
        (None, None) => return Ok(None),
        (Some(url), Some(sha256)) => (url, sha256.to_ascii_lowercase()),
        (Some(_), None) => bail!(
            "LIBTORCH_URL is set without LIBTORCH_SHA256; set both, since the archive is verified"
        ),
        (None, Some(_)) => {
            bail!("LIBTORCH_SHA256 is set without LIBTORCH_URL; set both or neither")
        }
    };
    ensure!(
        sha256.len() == 64 && sha256.bytes().all(|b| b.is_ascii_hexdigit()),
        "LIBTORCH_SHA256 is `{sha256}`; expected 64 hexadecimal characters"
    );
    Ok(Some((url, sha256)))
}

/// Downloads and unpacks the archive into the cache, in a folder named by its hash.
pub(crate) fn provision(base: &Path, url: &str, sha256: &str) -> Result<PathBuf> {
    cache::get_or_make(base, &format!("archive-{}", &sha256[..16]), |staging| {
        eprintln!("xtask: downloading libtorch from {url}");
        let file = staging.join("archive.zip");
        download(url, &file)?;
        let found = self::sha256(&mut File::open(&file)?)?;
        ensure!(found == sha256, "{url} has SHA-256 {found}, but LIBTORCH_SHA256 is {sha256}");
        unpack::unpack(&file, staging, select)?;
        fs::remove_file(&file)?;
        ensure!(
            staging.join("lib/libtorch_cpu.so").is_file(),
            "the archive has no libtorch/lib/libtorch_cpu.so; expected a shared libtorch for Linux"
        );
        Ok(())
    })
}

/// Returns the target path of an entry below the archive's single top folder, if it is a
/// header, a library or the version.
fn select(name: &str) -> Option<PathBuf> {
    let (_, inner) = name.split_once('/')?;
    let wanted =
        inner.starts_with("include/") || inner.starts_with("lib/") || inner == "build-version";
    wanted.then(|| PathBuf::from(inner))
}

/// Downloads a file from an address: `https://`, `http://` or `file://`.
pub(crate) fn download(url: &str, into: &Path) -> Result<()> {
    if let Some(path) = url.strip_prefix("file://") {
        fs::copy(path, into).with_context(|| format!("cannot read {path}"))?;
        return Ok(());
    }
    ensure!(
        url.starts_with("https://") || url.starts_with("http://"),
        "the address is `{url}`; expected https://, http:// or file://"
    );
    let status = Command::new("curl")
        .args(["--fail", "--location", "--proto-redir", "=https", "--connect-timeout", "30"])
        .args(["--retry", "3", "--progress-bar", "--output"])
        .arg(into)
        .arg("--")
        .arg(url)
        .status()
        .context("cannot start curl; install it (`apt install curl`), or download the file and give its file:// address")?;
    ensure!(status.success(), "curl could not download {url} ({status})");
    Ok(())
}

/// Returns the SHA-256 of a reader's bytes, in lower-case hexadecimal.
pub(crate) fn sha256(reader: &mut impl Read) -> Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let count = reader.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        hasher.update(&buffer[..count]);
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn sha256_of_abc_is_the_standards() {
        // FIPS 180-4, example B.1.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(&mut "abc".as_bytes()).unwrap(), expected);
    }

    #[test]
    fn address_and_hash_come_together() {
        let some = |s: &str| Some(s.to_owned());
        assert_eq!(read(None, None).unwrap(), None);
        assert!(
            read(some("https://x/y.zip"), None)
                .unwrap_err()
                .to_string()
                .contains("without LIBTORCH_SHA256")
        );
        assert!(read(None, some("00")).unwrap_err().to_string().contains("without LIBTORCH_URL"));
        assert!(
            read(some("https://x/y.zip"), some("00"))
                .unwrap_err()
                .to_string()
                .contains("64 hexadecimal")
        );
        assert!(
            read(some("https://x/y.zip"), Some("A".repeat(64)))
                .unwrap()
                .is_some_and(|(_, h)| h == "a".repeat(64))
        );
    }

    fn archive(folder: &Path) -> (String, String) {
        let path = folder.join("libtorch.zip");
        let mut zip = zip::ZipWriter::new(File::create(&path).unwrap());
        for name in [
            "libtorch/lib/libtorch_cpu.so",
            "libtorch/include/a.h",
            "libtorch/share/x",
            "libtorch/build-version",
        ] {
            zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(name.as_bytes()).unwrap();
        }
        zip.finish().unwrap();
        (format!("file://{}", path.display()), sha256(&mut File::open(&path).unwrap()).unwrap())
    }

    #[test]
    fn an_archive_of_the_users_is_laid_out() {
        let folder = tempfile::tempdir().unwrap();
        let (url, hash) = archive(folder.path());
        let made = provision(&folder.path().join("cache"), &url, &hash).unwrap();
        assert!(made.join("lib/libtorch_cpu.so").is_file() && made.join("include/a.h").is_file());
        assert!(
            made.join("build-version").is_file()
                && !made.join("share").exists()
                && !made.join("archive.zip").exists()
        );
    }

    #[test]
    fn an_archive_with_another_hash_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (url, _) = archive(folder.path());
        let cache = folder.path().join("cache");
        let message = format!("{:#}", provision(&cache, &url, &"0".repeat(64)).unwrap_err());
        assert!(message.contains("but LIBTORCH_SHA256 is"), "{message}");
        assert!(!cache.join("archive-0000000000000000").exists());
    }
}
