//! The needs of a command line of `sweep`, as `sweep needs` answers.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, Result};
use serde_json::Value;

/// Environment variable that tells `sweep` which worker to start.
pub(crate) const WORKER_VARIABLE: &str = "SWEEP_WORKER";

/// What `sweep needs` answered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Needs {
    /// Whether workers will be started.
    pub(crate) train: bool,
    /// Whether one of them computes on libtorch.
    pub(crate) libtorch: bool,
    /// Whether the pool names CUDA devices.
    pub(crate) cuda: bool,
    /// Whether workers load the torch of the Python on the PATH.
    pub(crate) python: bool,
    /// When `sweep-report` is called.
    pub(crate) report: Report,
}

/// When a command line needs `sweep-report`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Report {
    /// Never.
    Never,
    /// When runs have been trained.
    Last,
    /// At once.
    First,
}

impl Needs {
    /// Reads the last line of the answer, one JSON object.
    pub(crate) fn parse(answer: &str) -> Result<Self> {
        let line = answer.lines().rev().find(|l| !l.trim().is_empty()).unwrap_or_default();
        let value: Value = serde_json::from_str(line)
            .with_context(|| format!("`sweep needs` answered `{line}`, which is not JSON"))?;
        let flag = |name: &str| {
            value[name]
                .as_bool()
                .with_context(|| format!("`sweep needs` answered `{line}`, without `{name}`"))
        };
        let backends = value["backends"].as_array().map(Vec::as_slice).unwrap_or_default();
        Ok(Needs {
            train: flag("train")?,
            libtorch: backends.iter().any(|b| b.as_str() == Some("libtorch")),
            cuda: flag("cuda")?,
            python: value["python"].as_bool() == Some(true),
            report: match &value["report"] {
                Value::Null => Report::Never,
                Value::String(when) if when == "last" => Report::Last,
                _ => Report::First,
            },
        })
    }
}

/// The answer of `sweep` to what a command line needs.
#[derive(Debug)]
pub(crate) enum Asked {
    /// It was not asked: the command line needs nothing.
    Nothing,
    /// Its needs.
    Needs(Needs),
    /// It cannot run, as `sweep` has said on standard error; its exit code.
    Refused(ExitCode),
}

/// The verb of `sweep` for one of ours.
pub(crate) fn verb_of_sweep(verb: &str) -> &str {
    if verb == "sweep" { "run" } else { verb }
}

/// Asks `sweep` what a command line needs.
///
/// # Errors
/// It cannot be started, or its answer is not the protocol.
pub(crate) fn ask(sweep: &Path, verb: &str, args: &[String]) -> Result<Asked> {
    if verb == "needs" || asks_for_help(args) {
        return Ok(Asked::Nothing);
    }
    let answer = Command::new(sweep)
        .args(["needs", verb_of_sweep(verb)])
        .args(args)
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start {}", sweep.display()))?;
    if !answer.status.success() {
        let code = answer.status.code().and_then(|c| u8::try_from(c).ok()).unwrap_or(1);
        return Ok(Asked::Refused(ExitCode::from(code)));
    }
    Needs::parse(&String::from_utf8_lossy(&answer.stdout)).map(Asked::Needs)
}

fn asks_for_help(args: &[String]) -> bool {
    args.iter().take_while(|a| *a != "--").any(|a| a == "--help" || a == "-h")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_answer_of_needs() {
        let answer = "{\"train\":true,\"backends\":[\"flex\",\"libtorch\"],\"cuda\":false,\"python\":true,\"report\":\"last\"}\n";
        assert_eq!(
            Needs::parse(answer).unwrap(),
            Needs { train: true, libtorch: true, cuda: false, python: true, report: Report::Last }
        );
        let answer = "{\"train\":true,\"backends\":[\"flex\"],\"cuda\":false,\"python\":false,\"report\":null}\n\n";
        assert_eq!(
            Needs::parse(answer).unwrap(),
            Needs {
                train: true,
                libtorch: false,
                cuda: false,
                python: false,
                report: Report::Never
            }
        );
    }

    #[test]
    fn an_answer_that_is_not_the_protocol_is_shown() {
        let message = format!("{:#}", Needs::parse("hello").unwrap_err());
        assert!(message.contains("`hello`"), "{message}");
        let message = format!("{:#}", Needs::parse("{\"train\":true}").unwrap_err());
        assert!(message.contains("`cuda`"), "{message}");
    }

    #[test]
    fn help_is_not_looked_for_behind_two_dashes() {
        let args = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        assert!(asks_for_help(&args(&["x.toml", "--help"])));
        assert!(!asks_for_help(&args(&["x.toml", "--", "--help"])));
    }
}
