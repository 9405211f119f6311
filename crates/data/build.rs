//! Gives the crate the hash of its own sources: a cached dataset that other code
//! scaled is made again.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    source_hash::set_variable("SWEEP_DATA_CODE", &["src"]).expect("the sources can be read");
}
