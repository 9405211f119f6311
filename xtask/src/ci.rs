//! `cargo xtask ci`: all checks that a change must pass, each with its time. `.ci/run` calls
//! it on a bare machine.

use std::path::Path;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::{build, check_reports, libtorch, readers, test, tidy};

/// Runs every step, quick ones first, and stops at the first failure.
pub(crate) fn ci(root: &Path) -> Result<()> {
    let mut times = Vec::new();
    let mut step = |name: &'static str, work: &dyn Fn() -> Result<()>| -> Result<()> {
        eprintln!("\nxtask: ci: {name}");
        let start = Instant::now();
        let result = work();
        times.push(format!("{:>7.1} s  {name}", start.elapsed().as_secs_f64()));
        result
    };
    let result = (|| {
        step("formatting", &|| build::run(build::cargo(root)?.args(["fmt", "--all", "--check"])))?;
        step("tidy", &|| check_tidy(root))?;
        step("lints without libtorch", &|| lint(root, &["--workspace", "--all-targets"], None))?;
        step("lints with libtorch", &|| {
            let found = libtorch::provision(root, libtorch::Kind::Cpu)?;
            lint(
                root,
                &["--package", "train", "--features", "libtorch", "--all-targets"],
                Some(&found),
            )
        })?;
        step("tests", &|| test::test(root, &[]))?;
        step("readers of Parquet", &|| readers::readers(root))?;
        step("reports recomputed", &|| {
            check_reports::check_reports(root, &check_reports::Request::default())
        })
    })();
    eprintln!("\nxtask: ci:\n{}", times.join("\n"));
    result
}

fn check_tidy(root: &Path) -> Result<()> {
    let findings = tidy::check(root)?;
    if !findings.is_empty() {
        bail!("tidy:\n{}", findings.join("\n"));
    }
    Ok(())
}

/// Runs clippy with every warning as an error. It uses the release profile, so that build
/// scripts and macros are shared with the tests and not compiled twice.
fn lint(root: &Path, selection: &[&str], libtorch: Option<&libtorch::Libtorch>) -> Result<()> {
    let mut command = build::cargo(root)?;
    if let Some(libtorch) = libtorch {
        libtorch.apply(&mut command);
    }
    build::run(
        command.args(["clippy", "--release"]).args(selection).args(["--", "--deny", "warnings"]),
    )
}
