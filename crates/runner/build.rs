//! Keeps the compiler's version for the manifest.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let version = Command::new(rustc)
        .arg("--version")
        .output()
        .ok()
        .and_then(|o| String::from_utf8(o.stdout).ok());
    println!("cargo::rustc-env=SWEEP_RUSTC={}", version.as_deref().map_or("unknown", str::trim));
}
