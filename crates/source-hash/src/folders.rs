//! The hash of files and folders.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::tokens::meaning;

/// Hashes Rust files, and those below folders, in the order of their paths. Files that hold only
/// tests (`#[cfg(test)] mod tests;`) are left out.
///
/// Returns 32 hexadecimal digits of a BLAKE3 hash over paths and tokens. A file that is not valid
/// Rust counts by its bytes.
///
/// # Errors
/// A file or folder cannot be read.
pub fn hash(sources: &[&Path]) -> io::Result<String> {
    let mut files = BTreeSet::new();
    for source in sources {
        collect(source, &mut files)?;
    }
    let mut of_tests = BTreeSet::new();
    let mut texts = Vec::new();
    for file in &files {
        let text = fs::read_to_string(file)?;
        // A text that cannot be read as tokens does not compile, and the compiler reports it.
        let text = match meaning(&text) {
            Some(meaning) => {
                of_tests.extend(meaning.tests.iter().map(|module| folder_of(file).join(module)));
                meaning.text
            }
            None => text,
        };
        texts.push((file, text));
    }
    let is_test = |file: &Path| {
        of_tests
            .iter()
            .any(|module| file.starts_with(module) || file == module.with_extension("rs"))
    };
    let mut hash = blake3::Hasher::new();
    for (file, text) in texts.iter().filter(|(file, _)| !is_test(file)) {
        let name = file.to_string_lossy();
        for part in [name.as_bytes(), text.as_bytes()] {
            hash.update(part).update(b"\0");
        }
    }
    Ok(hash.finalize().to_hex()[..32].to_owned())
}

/// Sets the environment variable `variable` to the [`hash`] of `sources` for the crate whose build
/// script calls this. Cargo runs the script again if one of them changes.
///
/// # Errors
/// A file or folder cannot be read.
pub fn set_variable(variable: &str, sources: &[impl AsRef<Path>]) -> io::Result<()> {
    let sources: Vec<&Path> = sources.iter().map(AsRef::as_ref).collect();
    for source in &sources {
        println!("cargo::rerun-if-changed={}", source.display());
    }
    println!("cargo::rustc-env={variable}={}", hash(&sources)?);
    Ok(())
}

/// Returns the folder of the modules that a file declares.
fn folder_of(file: &Path) -> PathBuf {
    let stem = file.file_stem().unwrap_or_default();
    let parent = file.parent().unwrap_or(Path::new(""));
    match ["lib", "main", "mod"].iter().any(|own| stem == *own) {
        true => parent.to_path_buf(),
        false => parent.join(stem),
    }
}

/// Adds a file, or the Rust files below a folder.
fn collect(source: &Path, files: &mut BTreeSet<PathBuf>) -> io::Result<()> {
    if !source.is_dir() {
        files.insert(source.to_path_buf());
        return Ok(());
    }
    for entry in fs::read_dir(source)? {
        let path = entry?.path();
        if path.is_dir() || path.extension().is_some_and(|e| e == "rs") {
            collect(&path, files)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_tests_alone_do_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let write = |name: &str, text: &str| {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("lib.rs", "mod rate;\n#[cfg(test)]\nmod tests;\n");
        write("rate.rs", "pub const RATE: f64 = 0.1;\n#[cfg(test)]\nmod cases;\n");
        write("rate/cases.rs", "const A: u8 = 1;");
        write("tests.rs", "mod deep;");
        write("tests/deep.rs", "const B: u8 = 1;");
        let before = hash(&[root]).unwrap();
        for (file, other) in [
            ("tests.rs", "mod deep; fn x() {}"),
            ("tests/deep.rs", "const B: u8 = 2;"),
            ("rate/cases.rs", "const A: u8 = 2;"),
        ] {
            write(file, other);
            assert_eq!(hash(&[root]).unwrap(), before, "{file}");
        }
        write("rate.rs", "pub const RATE: f64 = 0.2;\n#[cfg(test)]\nmod cases;\n");
        assert_ne!(hash(&[root]).unwrap(), before);
    }

    #[test]
    fn names_of_files_and_text_that_is_no_rust_count() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.rs");
        fs::write(&file, "fn (").unwrap();
        let broken = hash(&[&file]).unwrap();
        fs::write(&file, "fn  (").unwrap();
        assert_ne!(hash(&[&file]).unwrap(), broken);
        let other = folder.path().join("b.rs");
        fs::rename(&file, &other).unwrap();
        assert_ne!(hash(&[folder.path()]).unwrap(), broken);
        assert!(hash(&[&folder.path().join("gone.rs")]).is_err());
    }
}
