//! `cargo xtask bench`: seconds an epoch of the lesson's model, beside PyTorch.
//!
//! The lesson's model is 784-128-10 with ReLU, batches of 64, SGD with learning
//! rate 0.01, the whole training split of 60,000 images, one thread. Every
//! subject is a process that lives through the whole session and trains one
//! epoch from fresh weights when asked; they take turns, so that the machine's
//! state is the same for the epochs that are compared. The first round warms
//! up and is not counted.

mod stats;
mod subject;

use std::path::Path;

use anyhow::{Result, bail};

use crate::{build, libtorch, venv};
use stats::{median, spread};
use subject::{Epoch, Subject};

/// Rounds that count, unless `--repetitions N` says otherwise.
const REPETITIONS: usize = 5;

/// Largest allowed ratio of our seconds to those of each other subject.
const GOALS: [(&str, f64); 2] =
    [("PyTorch, tensors in memory", 1.0), ("PyTorch, torchvision + DataLoader", 0.2)];

/// Measures, prints a Markdown table, and with `--check` fails when a goal is missed.
pub(crate) fn bench(root: &Path, args: &[String]) -> Result<()> {
    let (check, repetitions) = parse(args)?;
    let found = libtorch::provision(root, libtorch::Kind::Cpu)?;
    let worker = build::libtorch_worker(root, &found)?;
    let python = venv::python(root)?;
    let script = root.join("xtask/python/bench.py");

    let mut subjects = [
        Subject::worker(&worker, root)?,
        Subject::python(GOALS[0].0, &python, &script, "memory", root)?,
        Subject::python(GOALS[1].0, &python, &script, "dataloader", root)?,
    ];
    if let Some(load) = load_average().filter(|load| *load > 0.7) {
        eprintln!("xtask: the load average is {load}: other processes disturb the measurement");
    }
    let mut epochs: [Vec<Epoch>; 3] = Default::default();
    for round in 0..=repetitions {
        eprintln!(
            "xtask: bench: round {round} of {repetitions}{}",
            if round == 0 { " (warm-up)" } else { "" }
        );
        // Turn about, so that none always follows the same other.
        for place in 0..subjects.len() {
            let index = (place + round) % subjects.len();
            let epoch = subjects[index].epoch()?;
            if round > 0 {
                epochs[index].push(epoch);
            }
        }
    }
    for subject in subjects.iter_mut() {
        subject.end()?;
    }

    println!("{}", table(&subjects.each_ref().map(|s| s.name.as_str()), &epochs));
    println!("{}", machine());
    let missed = missed(&epochs);
    for line in &missed {
        println!("{line}");
    }
    if check && !missed.is_empty() {
        bail!("{} of {} goals missed", missed.len(), GOALS.len());
    }
    Ok(())
}

fn parse(args: &[String]) -> Result<(bool, usize)> {
    let (mut check, mut repetitions) = (false, REPETITIONS);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--check" => check = true,
            "--repetitions" => match args.next().and_then(|n| n.parse().ok()).filter(|n| *n > 0) {
                Some(n) => repetitions = n,
                None => bail!("--repetitions takes a number from 1"),
            },
            other => bail!("bench takes --check and --repetitions N, not `{other}`"),
        }
    }
    Ok((check, repetitions))
}

/// Ratios of our seconds to another's, round by round.
fn ratios(epochs: &[Vec<Epoch>; 3], other: usize) -> Vec<f64> {
    epochs[0]
        .iter()
        .zip(&epochs[other])
        .map(|(ours, theirs)| ours.seconds / theirs.seconds)
        .collect()
}

fn missed(epochs: &[Vec<Epoch>; 3]) -> Vec<String> {
    let over = |(index, (name, goal)): (usize, &(&str, f64))| {
        let ratio = median(&ratios(epochs, index + 1));
        (ratio > *goal)
            .then(|| format!("missed: {ratio:.3} of `{name}`, the goal is at most {goal}"))
    };
    GOALS.iter().enumerate().filter_map(over).collect()
}

fn table(names: &[&str; 3], epochs: &[Vec<Epoch>; 3]) -> String {
    let mut lines = vec![
        "| one epoch, SGD, one thread | seconds (median) | range | training loss | ours / this (median of pairs) | goal |".to_owned(),
        "|---|---|---|---|---|---|".to_owned(),
    ];
    for (index, name) in names.iter().enumerate() {
        let seconds: Vec<f64> = epochs[index].iter().map(|e| e.seconds).collect();
        let losses: Vec<f64> = epochs[index].iter().map(|e| e.loss).collect();
        let (low, high) = spread(&seconds);
        let (ratio, goal) = match index {
            0 => (String::new(), String::new()),
            other => (
                format!("{:.3}", median(&ratios(epochs, other))),
                format!("at most {}", GOALS[other - 1].1),
            ),
        };
        lines.push(format!(
            "| {name} | {:.3} | {low:.3} to {high:.3} | {:.4} | {ratio} | {goal} |",
            median(&seconds),
            median(&losses)
        ));
    }
    lines.join("\n") + "\n"
}

fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map_or("an unknown processor", |(_, name)| name.trim());
    format!("Machine: {model}, {cores} cores.")
}

/// Of the last minute.
fn load_average() -> Option<f64> {
    std::fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epochs(seconds: [&[f64]; 3]) -> [Vec<Epoch>; 3] {
        seconds.map(|list| list.iter().map(|&seconds| Epoch { seconds, loss: 0.57 }).collect())
    }

    #[test]
    fn ratios_are_paired_and_goals_compared() {
        let measured = epochs([&[1.0, 2.0, 1.0], &[2.0, 4.0, 1.0], &[10.0, 10.0, 4.0]]);
        assert_eq!(ratios(&measured, 1), [0.5, 0.5, 1.0]);
        assert_eq!(missed(&measured), Vec::<String>::new());
        let slow = epochs([&[3.0], &[2.0], &[10.0]]);
        assert_eq!(missed(&slow).len(), 2);
    }

    #[test]
    fn the_table_has_a_line_for_each_subject() {
        let text = table(&["a", "b", "c"], &epochs([&[1.0], &[2.0], &[10.0]]));
        assert!(
            text.contains("| b | 2.000 | 2.000 to 2.000 | 0.5700 | 0.500 | at most 1 |"),
            "{text}"
        );
        assert!(
            text.contains("| c | 10.000 | 10.000 to 10.000 | 0.5700 | 0.100 | at most 0.2 |"),
            "{text}"
        );
    }

    #[test]
    fn arguments_are_read() {
        let args = |list: &[&str]| parse(&list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>());
        assert_eq!(args(&["--check", "--repetitions", "3"]).unwrap(), (true, 3));
        assert!(args(&["--repetitions", "0"]).is_err());
        assert!(args(&["--fast"]).unwrap_err().to_string().contains("`--fast`"));
    }
}
