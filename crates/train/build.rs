//! Passes the crate the hash of the sources that decide what training computes, and writes
//! libtorch's folder into the binaries as their run path, so that they start without
//! `LD_LIBRARY_PATH`.

mod sources;

use std::env;
use std::path::{Path, PathBuf};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=sources.rs");
    code_hash();
    if env::var_os("CARGO_FEATURE_LIBTORCH").is_some() {
        // torch-sys tells its direct dependents which folder it linked against,
        // wherever that came from: LIBTORCH, LIBTORCH_USE_PYTORCH or the system.
        let lib = env::var("DEP_TCH_LIBTORCH_LIB");
        let lib = lib.expect("torch-sys tells its dependents where libtorch is");
        built_version(Path::new(&lib));
        run_path(&lib);
    }
}

/// Passes the crate the libtorch version whose headers the bindings are compiled with; empty if no
/// file names it.
fn built_version(lib: &Path) {
    let version = lib.parent().and_then(torch_version::of_folder).unwrap_or_default();
    println!("cargo::rustc-env=SWEEP_BUILT_LIBTORCH={version}");
}

fn run_path(lib: &str) {
    // A program built for other machines finds libtorch by their LD_LIBRARY_PATH instead.
    println!("cargo::rerun-if-env-changed=SWEEP_NO_RUN_PATH");
    if env::var_os("SWEEP_NO_RUN_PATH").is_some()
        || env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("linux")
    {
        return;
    }
    println!("cargo::rustc-link-arg=-Wl,-rpath,{lib}");
    // As DT_RPATH rather than DT_RUNPATH: it is then used for the libraries of
    // the libraries too (libtorch_cpu.so itself needs libcudart.so and others).
    println!("cargo::rustc-link-arg=-Wl,--disable-new-dtags");
    if Path::new(lib).join("libtorch_cuda.so").exists() {
        // No code refers to its symbols; loading it registers CUDA.
        println!("cargo::rustc-link-arg=-Wl,--no-as-needed,-ltorch_cuda,--as-needed");
    }
}

fn code_hash() {
    let ours = sources::CRATES.iter().map(PathBuf::from);
    let spec = sources::COMPUTING.iter().map(|name| Path::new("../spec/src").join(name));
    let all: Vec<PathBuf> = ours.chain(spec).collect();
    source_hash::set_variable("SWEEP_CODE_HASH", &all).expect("the sources can be read");
}
