//! Part `models`: larger models than the lesson's, on one thread and on all cores, compared
//! with PyTorch on data in memory with the same number of threads.
//!
//! Models of images train on the 8x8 digits, whose few samples keep this short: the cost of the
//! perceptron's three layers of 1,024 hardly depends on the inputs, and the convolutional
//! network is that of `experiments/cnn.toml`. Models of text train some steps on Moby Dick.

use std::process::{Command, Stdio};

use anyhow::Result;

use super::built::Artifact;
use super::series::Series;
use super::settings::{Model, Optimizer, Variant, for_python, for_worker};
use super::stats::{median, ratios, with_range};
use super::subject::Subject;
use super::{Measured, Setup};

/// Default number of rounds, without the warm-up.
const REPETITIONS: usize = 5;

/// Name, model and optimizer of each case.
const CASES: [(&str, Model, Optimizer); 7] = [
    ("MLP of three layers of 1,024, SGD", Model::Wide, Optimizer::Sgd),
    ("MLP of three layers of 1,024, Adam", Model::Wide, Optimizer::Adam),
    ("CNN, SGD", Model::Cnn, Optimizer::Sgd),
    ("listed layers, residual, momentum", Model::Residual, Optimizer::Momentum),
    ("GPT of two blocks, AdamW", Model::Gpt, Optimizer::AdamW),
    ("GPT of two blocks, Muon", Model::Gpt, Optimizer::Muon),
    ("LSTM of two layers, SGD", Model::Lstm, Optimizer::Sgd),
];

/// Goal: largest ratio of our seconds to those of the faster of PyTorch's eager variants `Plain`
/// and `Foreach`. It is met by the median or by any value of the range.
const EAGER: f64 = 1.0;

/// Threads, index into [`CASES`], and PyTorch's variant; `None` is our worker.
type Key = (usize, usize, Option<Variant>);

/// The subjects. Those that are compared most closely run one after the other.
const WHO: [Option<Variant>; 5] = [
    None,
    Some(Variant::Plain),
    Some(Variant::Foreach),
    Some(Variant::Fused),
    Some(Variant::Compiled),
];

/// PyTorch's variants that ours is compared with; compiled models are only listed.
const EAGER_WAYS: [Option<Variant>; 3] =
    [Some(Variant::Plain), Some(Variant::Foreach), Some(Variant::Fused)];

/// Measures every case with every number of threads.
pub(super) fn measure(setup: &Setup) -> Result<Measured> {
    let repetitions = setup.repetitions(REPETITIONS);
    let (worker, python) = (setup.built.get(Artifact::Worker)?, setup.built.get(Artifact::Torch)?);
    let mut series = Series::<Key>::new();
    let counts = thread_counts(super::machine::cores());
    let compiles = has_compiler();
    if !compiles {
        eprintln!("xtask: bench: models: skipping torch.compile, which needs `c++`");
    }
    for &threads in &counts {
        let mut ours = Subject::worker(worker, "libtorch:cpu", threads, setup.root)?;
        let python = |dataset| Subject::python(python, "memory", dataset, threads, setup.root);
        let mut theirs = [Model::Wide, Model::Gpt]
            .map(Model::dataset)
            .map(|dataset| Ok((dataset, python(dataset)?)))
            .into_iter()
            .collect::<Result<Vec<_>>>()?;
        for round in 0..=repetitions {
            let note = if round == 0 { " (warm-up)" } else { "" };
            eprintln!(
                "xtask: bench: models, {threads} threads, round {round} of {repetitions}{note}"
            );
            for (case, (_, model, optimizer)) in CASES.into_iter().enumerate() {
                for place in 0..WHO.len() {
                    // Rotated, so that no subject always follows the same one.
                    let who = WHO[(place + round) % WHO.len()];
                    if who == Some(Variant::Compiled) && !compiles {
                        continue;
                    }
                    let training = match who {
                        None => ours.train(&for_worker(model, optimizer))?,
                        Some(variant) => {
                            let of =
                                |(dataset, _): &&mut (&str, Subject)| *dataset == model.dataset();
                            let (_, subject) = theirs.iter_mut().find(of).expect("one a dataset");
                            subject.train(&for_python(model, optimizer, variant))?
                        }
                    };
                    if round > 0 {
                        series.add((threads, case, who), training);
                    }
                }
            }
        }
        ours.end()?;
        theirs.into_iter().try_for_each(|(_, subject)| subject.end())?;
        for case in 0..CASES.len() {
            series.ensure_same_work(WHO.map(|who| (threads, case, who)))?;
        }
    }
    let missed = missed(&series, &counts);
    Ok(Measured { table: table(&series, &counts), missed, goals: CASES.len() * counts.len() })
}

/// Returns whether there is a C++ compiler, which torch.compile needs.
fn has_compiler() -> bool {
    let mut command = Command::new("c++");
    let output = command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    output.status().is_ok_and(|status| status.success())
}

/// Returns the numbers of threads: one, and one per core if there are several.
fn thread_counts(cores: usize) -> Vec<usize> {
    if cores > 1 { vec![1, cores] } else { vec![1] }
}

/// Returns the cases whose whole range of ratios to PyTorch's faster variant, `Plain` or
/// `Foreach`, is above the goal.
fn missed(series: &Series<Key>, counts: &[usize]) -> Vec<String> {
    let mut out = Vec::new();
    for (case, (name, ..)) in CASES.into_iter().enumerate() {
        for &threads in counts {
            let key = |who| (threads, case, who);
            let eager = [Some(Variant::Plain), Some(Variant::Foreach)].map(key);
            let Some(fastest) = series.fastest(eager) else { continue };
            let all = ratios(&series.seconds(key(None)), &series.seconds(fastest));
            let least = all.iter().copied().fold(f64::INFINITY, f64::min);
            if median(&all) > EAGER && least > EAGER {
                let ratio = with_range(&all, 2, "");
                out.push(format!("{name}, {threads} threads: {ratio} of PyTorch's, goal {EAGER}"));
            }
        }
    }
    out
}

fn table(series: &Series<Key>, counts: &[usize]) -> String {
    let mut lines = vec![
        "| seconds | threads | ours, `libtorch:cpu` | PyTorch, in memory | with `foreach` | with `fused` | compiled | ours / PyTorch's fastest |".to_owned(),
        "|---|---|---|---|---|---|---|---|".to_owned(),
    ];
    for (case, (name, ..)) in CASES.into_iter().enumerate() {
        for &threads in counts {
            let key = |who| (threads, case, who);
            let ratio = series.fastest(EAGER_WAYS.map(key)).map_or_else(Vec::new, |fastest| {
                ratios(&series.seconds(key(None)), &series.seconds(fastest))
            });
            let cells = WHO.map(|who| with_range(&series.seconds(key(who)), 3, ""));
            let ratio = with_range(&ratio, 2, "");
            lines.push(format!("| {name} | {threads} | {} | {ratio} |", cells.join(" | ")));
        }
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::super::subject::Training;
    use super::*;

    #[test]
    fn all_cores_are_a_case_of_their_own_where_there_are_several() {
        assert_eq!(thread_counts(1), [1]);
        assert_eq!(thread_counts(8), [1, 8]);
    }

    #[test]
    fn the_ratio_is_to_the_fastest() {
        let mut series = Series::<Key>::new();
        for (who, seconds) in WHO.into_iter().zip([1.0, 4.0, 2.0, 2.5, 3.0]) {
            series.add((1, 0, who), Training { seconds, loss: Some(1.0) });
        }
        let text = table(&series, &[1]);
        assert!(
            text.contains("SGD | 1 | 1.000 | 4.000 | 2.000 | 2.500 | 3.000 | 0.50 |"),
            "{text}"
        );
        assert!(text.contains("| CNN, SGD | 1 | not measured |"), "{text}");
    }

    #[test]
    fn a_goal_is_missed_where_all_of_the_range_is_above_it() {
        let told = |ours: [f64; 3]| {
            let mut series = Series::<Key>::new();
            for seconds in ours {
                series.add((1, 0, None), Training { seconds, loss: Some(1.0) });
                let theirs = (1, 0, Some(Variant::Foreach));
                series.add(theirs, Training { seconds: 1.0, loss: Some(1.0) });
            }
            missed(&series, &[1]).len()
        };
        assert_eq!(
            [told([1.1, 1.2, 1.3]), told([0.9, 1.2, 1.3]), told([0.7, 0.8, 1.4])],
            [1, 0, 0]
        );
    }
}
