//! The whole program with invalid arguments and with `--help`: exit codes, one line on
//! standard error, and no program started.

use std::process::{Command, Output};

/// Runs xtask where neither cargo nor any other program can be started.
fn xtask(args: &[&str]) -> Output {
    let empty = tempfile::tempdir().unwrap();
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(args)
        .env("CARGO", empty.path().join("cargo"))
        .env("CARGO_TARGET_DIR", empty.path().join("target"))
        .env("PATH", empty.path())
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Returns the one line on standard error for invalid arguments.
fn refused(args: &[&str]) -> String {
    let output = xtask(args);
    let line = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{args:?}: {line}");
    assert!(output.stdout.is_empty() && line.lines().count() == 1, "{args:?}: {output:?}");
    line.trim_end().to_owned()
}

/// Returns what is printed where help is asked for.
fn help(args: &[&str]) -> String {
    let output = xtask(args);
    assert_eq!(output.status.code(), Some(0), "{args:?}: {output:?}");
    assert!(output.stderr.is_empty(), "{args:?}: {output:?}");
    text(&output.stdout)
}

/// Returns the verbs for development that the help names.
fn verbs() -> Vec<String> {
    let help = help(&["help"]);
    let (_, own) = help.split_once("\nDevelopment:\n").unwrap();
    let (own, _) = own.split_once("\n\n").unwrap();
    let names = own.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[test]
fn every_verb_refuses_a_flag_that_it_does_not_know_and_has_help() {
    let verbs = verbs();
    assert!(verbs.len() >= 15, "{verbs:?}");
    for verb in &verbs {
        let told = help(&[verb, "--help"]);
        assert!(told.contains(&format!("\nUsage: cargo xtask {verb}")), "{told}");
        assert_eq!(help(&[verb, "-h"]), told);
        // Its flags are those of the programs that it starts.
        if verb == "test" {
            continue;
        }
        let line = refused(&[verb, "--no-such-flag"]);
        let expected = format!("xtask: `{verb}` does not know `--no-such-flag`; it takes ");
        assert!(line.starts_with(&expected), "{line}");
    }
}

#[test]
fn what_is_wrong_is_said_with_its_remedy() {
    for (args, expected) in [
        (&["golden", "--wirte"][..], "`golden` does not know `--wirte`; it takes --write"),
        (&["golden", "--wri"], "`golden` does not know `--wri`; it takes --write"),
        (&["check-data", "--only"], "`check-data --only` needs a value: `check-data --only TEXT`"),
        (&["ci", "all"], "`ci` does not know `all`; it takes no arguments"),
        (&["gold"], "`gold` is not a verb; `cargo xtask help` lists all verbs"),
        (&["help", "golden"], "`help` does not know `golden`; it takes --markdown"),
        (&["sweep-report", "now"], "`sweep-report` does not know `now`; it takes --background"),
    ] {
        assert_eq!(refused(args), format!("xtask: {expected}"));
    }
}

#[test]
fn the_help_is_the_same_however_it_is_asked_for() {
    let told = help(&["help"]);
    for args in [&[][..], &["--help"], &["-h"]] {
        assert_eq!(help(args), told);
    }
    for verb in ["sweep FILE", "golden [--write]", "SWEEP_RELEASES"] {
        assert!(told.contains(&format!("\n  {verb} ")), "{told}");
    }
}
