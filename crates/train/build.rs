//! Gives the crate the hash of the sources that decide what training computes,
//! and writes the folder of libtorch into the binaries as their run path, so
//! that they start without `LD_LIBRARY_PATH`.

mod sources;

use std::env;
use std::path::{Path, PathBuf};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=sources.rs");
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
    let ours = sources::CRATES.iter().map(PathBuf::from);
    let spec = sources::COMPUTING.iter().map(|name| Path::new("../spec/src").join(name));
    let all: Vec<PathBuf> = ours.chain(spec).collect();
    for path in &all {
        println!("cargo::rerun-if-changed={}", path.display());
    }
    let all: Vec<&Path> = all.iter().map(PathBuf::as_path).collect();
    let hash = source_hash::hash(&all).expect("the sources can be read");
    println!("cargo::rustc-env=SWEEP_CODE_HASH={hash}");
}
