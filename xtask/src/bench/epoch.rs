//! Part `epoch`: seconds an epoch of the lesson's model, beside PyTorch.
//!
//! The lesson's model is 784-128-10 with ReLU, batches of 64, SGD with learning
//! rate 0.01, the whole training split of 60,000 images, one thread. Every
//! subject is a process that lives through the whole session and trains one
//! epoch from fresh weights when asked; they take turns, so that the machine's
//! state is the same for the epochs that are compared. The first round warms
//! up and is not counted.

use std::path::Path;

use anyhow::Result;

use super::Measured;
use super::stats::{median, spread};
use super::subject::{Epoch, Subject};
use crate::venv;

/// Rounds that count, unless `--repetitions N` says otherwise.
const REPETITIONS: usize = 5;

/// Largest allowed ratio of our seconds to those of each other subject.
const GOALS: [(&str, f64); 2] =
    [("PyTorch, tensors in memory", 1.0), ("PyTorch, torchvision + DataLoader", 0.2)];

/// Measures our worker beside the two ways of PyTorch.
pub(super) fn measure(root: &Path, worker: &Path, repetitions: Option<usize>) -> Result<Measured> {
    let repetitions = repetitions.unwrap_or(REPETITIONS);
    let python = venv::python(root, &venv::TORCH)?;
    let script = root.join("xtask/python/bench.py");
    let mut subjects = [
        Subject::worker(worker, root)?,
        Subject::python(GOALS[0].0, &python, &script, "memory", root)?,
        Subject::python(GOALS[1].0, &python, &script, "dataloader", root)?,
    ];
    let mut epochs: [Vec<Epoch>; 3] = Default::default();
    for round in 0..=repetitions {
        eprintln!(
            "xtask: bench: epoch, round {round} of {repetitions}{}",
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
    Ok(Measured {
        table: table(&subjects.each_ref().map(|s| s.name.as_str()), &epochs),
        missed: missed(&epochs),
        goals: GOALS.len(),
    })
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
}
