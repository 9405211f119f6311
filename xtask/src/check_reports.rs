//! `cargo xtask check-reports`: trains generated sweeps and recomputes every number and verdict
//! of their reports with independent code (`xtask/python/check_reports`). It then does the same
//! for fabricated pages over several sweeps (`xtask/python/check_together`), and compares
//! `sweep regress` with the known truth on fabricated nights (`xtask/python/check_nights`).

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};
use clap::{Arg, ArgMatches};

use crate::arguments::{flag, option, verb};
use crate::{build, venv};

/// Folder of the generated sweeps, their data and reports; emptied at each call.
const FOLDER: &str = ".bench/check-reports";

/// Scripts on fabricated data: the part that selects only this script, the script's name, its
/// working folder, and the message of a failure.
const FABRICATED: [(&str, &str, &str, &str); 2] = [
    (
        "together",
        "check_together",
        ".bench/check-together",
        "a page over several sweeps disagrees with its runs, or a planted fault went unnoticed",
    ),
    (
        "nights",
        "check_nights",
        ".bench/check-nights",
        "a night is judged wrongly, or a planted fault went unnoticed",
    ),
];

/// The parsed command line; without any argument everything is checked.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Request {
    /// The only part of [`FABRICATED`] to check; `None`: all.
    part: Option<String>,
    /// Seed of the generated sweeps.
    seed: Option<u64>,
    /// The only sweep to check, by name; with a part, the only cases, by a substring.
    only: Option<String>,
    /// Whether to check the sweeps of an earlier call instead of training.
    keep: bool,
}

/// Declares the verb.
pub(crate) fn declare() -> clap::Command {
    let part = Arg::new("part")
        .value_name("PART")
        .help("check only pages over several sweeps, or only nights");
    verb("check-reports", "recompute the reports of generated sweeps and fabricated nights")
        .arg(part.value_parser(FABRICATED.map(|(alone, ..)| alone)))
        .arg(
            option("seed", "N", "seed of the generated sweeps")
                .value_parser(parse_seed)
                .conflicts_with("part"),
        )
        .arg(option(
            "only",
            "NAME",
            "only the sweep NAME; with PART, only cases whose names contain NAME",
        ))
        .arg(
            flag("keep", "check the sweeps of an earlier call without training")
                .conflicts_with("part"),
        )
}

/// Reads the value of `--seed`.
fn parse_seed(text: &str) -> Result<u64, &'static str> {
    text.parse().map_err(|_| "it takes a whole number from 0")
}

impl Request {
    /// Reads the parsed arguments.
    pub(crate) fn from_matches(matches: &ArgMatches) -> Request {
        Request {
            part: matches.get_one("part").cloned(),
            seed: matches.get_one("seed").copied(),
            only: matches.get_one("only").cloned(),
            keep: matches.get_flag("keep"),
        }
    }

    /// Returns the arguments for a script.
    fn arguments(&self) -> Vec<String> {
        let seed = self.seed.map(|seed| seed.to_string());
        let values = [("--seed", seed), ("--only", self.only.clone())];
        let values = values.into_iter().filter_map(|(flag, value)| Some([flag.to_owned(), value?]));
        values.flatten().chain(self.keep.then(|| "--keep".to_owned())).collect()
    }
}

/// Checks the reports of the sweeps, then the pages over several sweeps and the nights, each
/// with planted faults. With a part only that part is checked; with other arguments, only the
/// sweeps.
///
/// # Errors
/// A program cannot be built, a report disagrees with its runs, a night is judged wrongly, or a
/// planted fault goes unnoticed.
pub(crate) fn check_reports(root: &Path, request: &Request) -> Result<()> {
    let python = venv::python(root, &venv::CHECK)?;
    let sweep = build::sweep(root)?;
    let worker = build::flex_worker(root)?;
    let script = |name: &str, folder: &str| {
        let mut command = Command::new(&python);
        command.arg(root.join("xtask/python").join(name));
        command.arg("--sweep").arg(&sweep).arg("--worker").arg(&worker);
        command.arg("--repository").arg(root).arg("--folder").arg(root.join(folder));
        command.args(request.arguments());
        command.env("PYTHONDONTWRITEBYTECODE", "1").current_dir(root);
        build::run(&mut command)
    };
    let part = request.part.as_deref();
    if part.is_none() {
        script("check_reports", FOLDER)
            .context("a report disagrees with its runs, or a planted fault went unnoticed")?;
    }
    for (alone, name, folder, wrong) in FABRICATED {
        if part == Some(alone) || *request == Request::default() {
            script(name, folder).context(wrong)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::{parse_line, refused};

    fn request(line: &str) -> Request {
        Request::from_matches(&parse_line(declare(), line).unwrap())
    }

    #[test]
    fn a_script_is_given_what_was_asked_for() {
        assert_eq!(request(""), Request::default());
        let of = |line: &str| request(line).arguments().join(" ");
        assert_eq!(of("--keep --only plain-grid --seed 3"), "--seed 3 --only plain-grid --keep");
        assert_eq!(of("together --only ties"), "--only ties");
        assert_eq!(request("nights").part.as_deref(), Some("nights"));
    }

    #[test]
    fn a_part_is_named_whole_and_has_no_seed() {
        for (line, why) in [
            ("night", "cannot be `night`; it can be together, nights"),
            ("nights together", "surplus argument `together`"),
            ("nights --seed 3", "PART together with --seed"),
            ("together --keep", "PART together with --keep"),
            ("--seed x", "it takes a whole number from 0"),
            ("nights --olny x", "does not know `--olny`"),
        ] {
            let problem = refused(declare(), line);
            assert!(problem.contains(why), "{problem}");
        }
    }
}
