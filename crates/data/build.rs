//! Gives the crate the hash of its own sources: a cached dataset that other code
//! scaled is made again.

use std::fs;
use std::path::{Path, PathBuf};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src");
    let mut files = Vec::new();
    collect(Path::new("src"), &mut files);
    files.sort();
    let mut hash = blake3::Hasher::new();
    for file in &files {
        let bytes = fs::read(file).unwrap_or_default();
        hash.update(file.to_string_lossy().as_bytes()).update(b"\0").update(&bytes).update(b"\0");
    }
    println!("cargo::rustc-env=SWEEP_DATA_CODE={}", &hash.finalize().to_hex()[..32]);
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}
