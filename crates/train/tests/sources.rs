//! Tests of the files that the code hash covers: every file of `spec` is listed as computing or
//! describing, so that none is forgotten.

#[path = "../sources.rs"]
mod sources;

use std::collections::BTreeSet;
use std::path::Path;

use sources::{COMPUTING, CRATES, DESCRIBING};

#[test]
fn every_file_of_spec_computes_or_describes() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let there: BTreeSet<String> = std::fs::read_dir(here.join("../spec/src"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let listed: BTreeSet<String> =
        COMPUTING.iter().chain(DESCRIBING).map(|name| (*name).to_owned()).collect();
    assert_eq!(listed, there, "crates/train/sources.rs lists each file of spec/src once");
    assert_eq!(listed.len(), COMPUTING.len() + DESCRIBING.len(), "one is listed twice");
    assert!(CRATES.iter().all(|path| here.join(path).is_dir()));
}

/// Checks that a function's formula and the rule that matches parameter groups, by which runs are
/// trained, are hashed.
#[test]
fn what_training_takes_from_spec_is_hashed() {
    for file in ["landscape.rs", "update.rs", "run.rs", "metric.rs", "stopping.rs"] {
        assert!(COMPUTING.contains(&file), "{file}");
    }
    assert!(CRATES.contains(&"../seed-stream/src"));
}
