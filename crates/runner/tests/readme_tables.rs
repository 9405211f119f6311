//! The tables of README.md are those of `sweep list`: both come from the
//! descriptors, and this test fails when the file drifts.
//!
//! `UPDATE_README=1 cargo xtask test readme_tables` writes them anew.

use std::fs;
use std::path::Path;
use std::process::Command;

const REGISTRIES: [&str; 8] =
    ["optimizers", "schedules", "models", "layers", "datasets", "losses", "metrics", "lints"];

fn table(registry: &str) -> String {
    let out = Command::new(env!("CARGO_BIN_EXE_sweep"))
        .args(["list", registry, "--format", "markdown"])
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

#[test]
fn the_tables_of_the_readme_are_those_of_list() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let found = fs::read_to_string(&path).unwrap();
    let mut text = found.clone();
    for registry in REGISTRIES {
        let begin = format!("<!-- made by `cargo xtask list {registry} --format markdown` -->\n");
        let (before, rest) =
            text.split_once(&begin).unwrap_or_else(|| panic!("no table of {registry}"));
        let (_, after) = rest.split_once("<!-- end -->").expect("the table's end");
        text = format!("{before}{begin}\n{}\n<!-- end -->{after}", table(registry));
    }
    if std::env::var_os("UPDATE_README").is_some() {
        fs::write(&path, &text).unwrap();
        return;
    }
    let same = found.lines().zip(text.lines()).take_while(|(a, b)| a == b).count();
    assert!(
        found == text,
        "README.md is not what `list` prints, from line {}: {:?}\n\
         `UPDATE_README=1 cargo xtask test readme_tables` writes the tables anew",
        same + 1,
        text.lines().nth(same).unwrap_or_default(),
    );
}
