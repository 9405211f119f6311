//! Gives the crate the hash of its own sources: a cached dataset that other code
//! scaled is made again.

use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src");
    let hash = source_hash::hash(&[Path::new("src")]).expect("the sources can be read");
    println!("cargo::rustc-env=SWEEP_DATA_CODE={hash}");
}
