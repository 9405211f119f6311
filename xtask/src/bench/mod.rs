//! `cargo xtask bench`: an epoch beside PyTorch, and what the engine adds to
//! the runs it is for.
//!
//! A part measures one thing and knows its goals. Everything is built before
//! the first part begins, so that no compiler runs beside a measurement. The
//! engine is measured from outside, as a person meets it: the built `sweep` is
//! started on a sweep file in a workspace of its own, and its journal is read.

mod epoch;
mod journal;
mod overhead;
mod plan;
mod report;
mod sandbox;
mod stats;
mod subject;
mod timeout;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::{build, libtorch};

/// How it is called.
const USAGE: &str = "\
usage: cargo xtask bench [PART..] [--check] [--repetitions N]

Parts; all of them when none is named:
  epoch       seconds an epoch of the lesson's model, beside PyTorch
  overhead    what the engine adds to a sweep of short runs
  plan        seconds and memory to plan a million runs
  report      seconds and memory to report 10,000 runs of 100 numbers each
  timeout     how long a run that hangs lives past its time-out

  --check           fail when a goal of the chosen parts is missed
  --repetitions N   measurements that count, for each part
";

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Epoch,
    Overhead,
    Plan,
    Report,
    Timeout,
}

impl Part {
    /// In the order in which they are measured.
    const ALL: [(&str, Part); 5] = [
        ("epoch", Part::Epoch),
        ("overhead", Part::Overhead),
        ("plan", Part::Plan),
        ("report", Part::Report),
        ("timeout", Part::Timeout),
    ];
}

/// What the command line asks for.
#[derive(Debug, PartialEq)]
struct Request {
    parts: Vec<Part>,
    check: bool,
    /// Each part has its own number unless one is given.
    repetitions: Option<usize>,
}

/// What a part found.
struct Measured {
    /// In Markdown.
    table: String,
    /// A line a goal that was missed.
    missed: Vec<String>,
    goals: usize,
}

/// Measures, prints Markdown tables, and with `--check` fails when a goal is missed.
pub(crate) fn bench(root: &Path, args: &[String]) -> Result<ExitCode> {
    if args.iter().any(|a| a == "--help" || a == "-h") {
        print!("{USAGE}");
        return Ok(ExitCode::SUCCESS);
    }
    let request = match parse(args) {
        Ok(request) => request,
        Err(message) => {
            eprintln!("xtask: {message}\n\n{USAGE}");
            return Ok(ExitCode::from(2));
        }
    };
    let built = Built::for_parts(root, &request.parts)?;
    if let Some(load) = load_average().filter(|load| *load > 0.7) {
        eprintln!("xtask: the load average is {load}: other processes disturb the measurement");
    }
    let (mut missed, mut goals) = (Vec::new(), 0);
    for part in &request.parts {
        let n = request.repetitions;
        let found = match part {
            Part::Epoch => epoch::measure(root, &built.worker, n),
            Part::Overhead => overhead::measure(root, &built.sweep, &built.worker, n),
            Part::Plan => plan::measure(root, &built.sweep, &built.worker, n),
            Part::Report => report::measure(root, &built.sweep, &built.fabricate, n),
            Part::Timeout => timeout::measure(root, &built.sweep, n),
        }?;
        println!("{}", found.table);
        missed.extend(found.missed);
        goals += found.goals;
    }
    println!("{}", machine());
    for line in &missed {
        println!("{line}");
    }
    if request.check && !missed.is_empty() {
        bail!("{} of {goals} goals missed", missed.len());
    }
    Ok(ExitCode::SUCCESS)
}

fn parse(args: &[String]) -> Result<Request, String> {
    let (mut named, mut check, mut repetitions) = (Vec::new(), false, None);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--check" => check = true,
            "--repetitions" => match args.next().and_then(|n| n.parse().ok()).filter(|n| *n > 0) {
                Some(n) => repetitions = Some(n),
                None => return Err("--repetitions takes a number from 1".to_owned()),
            },
            name => match Part::ALL.iter().find(|(known, _)| *known == name) {
                Some((_, part)) => named.push(*part),
                None if name.starts_with('-') => {
                    return Err(format!("bench has no option `{name}`"));
                }
                None => return Err(format!("bench has no part `{name}`")),
            },
        }
    }
    let chosen = |part: &Part| named.is_empty() || named.contains(part);
    let parts = Part::ALL.into_iter().map(|(_, part)| part).filter(chosen).collect();
    Ok(Request { parts, check, repetitions })
}

/// The binaries; one that no chosen part needs may be absent.
struct Built {
    sweep: PathBuf,
    worker: PathBuf,
    fabricate: PathBuf,
}

impl Built {
    fn for_parts(root: &Path, parts: &[Part]) -> Result<Built> {
        let any = |of: &[Part]| parts.iter().any(|part| of.contains(part));
        if any(&[Part::Epoch, Part::Overhead]) {
            let found = libtorch::provision(root, libtorch::Kind::Cpu)?;
            build::libtorch_worker(root, &found)?;
        }
        if any(&[Part::Overhead, Part::Plan, Part::Report, Part::Timeout]) {
            build::sweep(root)?;
        }
        let (sweep, worker) = (build::sweep_path(root)?, build::libtorch_worker_path(root)?);
        let fabricate = report::fabricate_path(root)?;
        if any(&[Part::Report]) {
            report::build_fabricate(root)?;
        }
        Ok(Built { sweep, worker, fabricate })
    }
}

fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map_or("an unknown processor", |(_, name)| name.trim());
    format!("Machine: {model}, {} cores.", cores())
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Of the last minute.
fn load_average() -> Option<f64> {
    std::fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(list: &[&str]) -> Result<Request, String> {
        parse(&list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn no_part_means_all_and_named_parts_keep_their_order() {
        let all = args(&["--check", "--repetitions", "3"]).unwrap();
        assert_eq!((all.parts.len(), all.check, all.repetitions), (5, true, Some(3)));
        let some = args(&["timeout", "plan", "plan"]).unwrap();
        assert_eq!(
            some,
            Request { parts: vec![Part::Plan, Part::Timeout], check: false, repetitions: None }
        );
    }

    #[test]
    fn what_is_unknown_is_named() {
        assert!(args(&["--repetitions", "0"]).is_err());
        assert!(args(&["--repetitions"]).is_err());
        assert!(args(&["--fast"]).unwrap_err().contains("option `--fast`"));
        assert!(args(&["epochs"]).unwrap_err().contains("part `epochs`"));
    }

    #[test]
    fn the_usage_names_every_part() {
        for (name, _) in Part::ALL {
            assert!(USAGE.contains(&format!("\n  {name} ")), "{name}");
        }
    }
}
