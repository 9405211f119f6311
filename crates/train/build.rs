//! Gives the crate the hash of the sources that decide what training computes,
//! and writes the folder of libtorch into the binaries as their run path, so
//! that they start without `LD_LIBRARY_PATH`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders, relative to this crate, whose sources are hashed.
const SOURCES: &[&str] = &[
    "../data/src",
    "../model/src",
    "../optimizer-registry/src",
    "../spec/src/seed.rs",
    "../spec/src/stopping.rs",
    "src",
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    code_hash();
    run_path();
}

fn run_path() {
    if env::var_os("CARGO_FEATURE_LIBTORCH").is_none()
        || env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("linux")
    {
        return;
    }
    // torch-sys tells its direct dependents which folder it linked against,
    // wherever that came from: LIBTORCH, LIBTORCH_USE_PYTORCH or the system.
    let lib =
        env::var("DEP_TCH_LIBTORCH_LIB").expect("torch-sys tells its dependents where libtorch is");
    println!("cargo::rustc-link-arg=-Wl,-rpath,{lib}");
    // As DT_RPATH rather than DT_RUNPATH: it is then used for the libraries of
    // the libraries too (libtorch_cpu.so itself needs libcudart.so and others).
    println!("cargo::rustc-link-arg=-Wl,--disable-new-dtags");
    if Path::new(&lib).join("libtorch_cuda.so").exists() {
        // Nothing refers to a symbol of it; loading it is what registers CUDA.
        println!("cargo::rustc-link-arg=-Wl,--no-as-needed,-ltorch_cuda,--as-needed");
    }
}

fn code_hash() {
    let mut files = Vec::new();
    for folder in SOURCES {
        println!("cargo::rerun-if-changed={folder}");
        collect(Path::new(folder), &mut files);
    }
    files.sort();
    let mut hash = blake3::Hasher::new();
    for file in &files {
        let bytes = fs::read(file).unwrap_or_default();
        hash.update(file.to_string_lossy().as_bytes()).update(b"\0").update(&bytes).update(b"\0");
    }
    println!("cargo::rustc-env=SWEEP_CODE_HASH={}", &hash.finalize().to_hex()[..32]);
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    if folder.is_file() {
        files.push(folder.to_path_buf());
    }
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
