//! The needs of a command line of `sweep`, from the answer of `sweep needs`.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, Result};
use serde_json::Value;

/// Environment variable with the path of the worker that `sweep` starts.
pub(crate) const WORKER_VARIABLE: &str = "SWEEP_WORKER";

/// The parsed answer of `sweep needs`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Needs {
    /// Whether workers will be started.
    pub(crate) train: bool,
    /// Whether a worker computes on libtorch.
    pub(crate) libtorch: bool,
    /// Whether the pool names CUDA devices.
    pub(crate) cuda: bool,
    /// Whether workers load the torch of the Python on the PATH.
    pub(crate) python: bool,
    /// The moment at which `sweep-report` is called.
    pub(crate) report: Report,
}

/// The moment at which a command line needs `sweep-report`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Report {
    /// Never.
    Never,
    /// Called once runs have been trained.
    Last,
    /// Called at the start.
    First,
}

impl Needs {
    /// Parses the last line of the answer, a JSON object.
    pub(crate) fn parse(answer: &str) -> Result<Self> {
        let line = answer.lines().rev().find(|l| !l.trim().is_empty()).unwrap_or_default();
        let value: Value = serde_json::from_str(line)
            .with_context(|| format!("`sweep needs` answered `{line}`, which is not JSON"))?;
        let flag = |name: &str| {
            value[name]
                .as_bool()
                .with_context(|| format!("`sweep needs` answered `{line}`, which lacks `{name}`"))
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

/// The result of asking `sweep` about a command line.
#[derive(Debug)]
pub(crate) enum Asked {
    /// `sweep` was not asked, since the command line needs nothing.
    Nothing,
    /// The needs of the command line.
    Needs(Needs),
    /// The command line is invalid; `sweep` printed why and ended with this exit code.
    Refused(ExitCode),
}

/// Returns the verb of `sweep` for a verb of xtask.
pub(crate) fn verb_of_sweep(verb: &str) -> &str {
    if verb == "sweep" { "run" } else { verb }
}

/// Asks `sweep` what a command line needs.
///
/// # Errors
/// `sweep` cannot be started, or its answer does not follow the protocol.
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
