//! Part `models`: larger models than the lesson's, on one thread and on all
//! cores, beside PyTorch in memory with as many threads.
//!
//! Both train on the 8x8 digits, whose few samples keep this short: the
//! perceptron's three layers of 1,024 cost the same whatever their inputs, and
//! the convolutional network is the one of `experiments/cnn.toml`.

use anyhow::Result;

use super::built::Artifact;
use super::series::Series;
use super::settings::{Model, Optimizer, Variant, for_python, for_worker};
use super::stats::{ratios, with_range};
use super::subject::Subject;
use super::{Measured, Setup};

/// Rounds that count, unless `--repetitions N` says otherwise.
const REPETITIONS: usize = 5;

/// What is trained.
const CASES: [(&str, Model, Optimizer); 3] = [
    ("MLP of three layers of 1,024, SGD", Model::Wide, Optimizer::Sgd),
    ("MLP of three layers of 1,024, Adam", Model::Wide, Optimizer::Adam),
    ("CNN, SGD", Model::Cnn, Optimizer::Sgd),
];

/// Threads, index into [`CASES`], and PyTorch's variant; none is ours.
type Key = (usize, usize, Option<Variant>);

/// Who trains. Those that are compared most closely follow one another.
const WHO: [Option<Variant>; 4] =
    [None, Some(Variant::Plain), Some(Variant::Foreach), Some(Variant::Fused)];

/// Measures every case with every number of threads.
pub(super) fn measure(setup: &Setup) -> Result<Measured> {
    let repetitions = setup.repetitions(REPETITIONS);
    let (worker, python) = (setup.built.get(Artifact::Worker)?, setup.built.get(Artifact::Torch)?);
    let mut series = Series::<Key>::new();
    let counts = thread_counts(super::machine::cores());
    for &threads in &counts {
        let mut ours = Subject::worker(worker, "libtorch:cpu", threads, setup.root)?;
        let mut theirs =
            Subject::python(python, "memory", Model::Wide.dataset(), threads, setup.root)?;
        for round in 0..=repetitions {
            let note = if round == 0 { " (warm-up)" } else { "" };
            eprintln!(
                "xtask: bench: models, {threads} threads, round {round} of {repetitions}{note}"
            );
            for (case, (_, model, optimizer)) in CASES.into_iter().enumerate() {
                for place in 0..WHO.len() {
                    // Turn about, so that none always follows the same other.
                    let who = WHO[(place + round) % WHO.len()];
                    let training = match who {
                        None => ours.train(&for_worker(model, optimizer))?,
                        Some(variant) => theirs.train(&for_python(model, optimizer, variant))?,
                    };
                    if round > 0 {
                        series.add((threads, case, who), training);
                    }
                }
            }
        }
        ours.end()?;
        theirs.end()?;
        for case in 0..CASES.len() {
            series.ensure_same_work(WHO.map(|who| (threads, case, who)))?;
        }
    }
    Ok(Measured { table: table(&series, &counts), missed: Vec::new(), goals: 0 })
}

/// One thread, and one a core where there are several.
fn thread_counts(cores: usize) -> Vec<usize> {
    if cores > 1 { vec![1, cores] } else { vec![1] }
}

fn table(series: &Series<Key>, counts: &[usize]) -> String {
    let mut lines = vec![
        "| seconds | threads | ours, `libtorch:cpu` | PyTorch, in memory | with `foreach` | with `fused` | ours / PyTorch's fastest |".to_owned(),
        "|---|---|---|---|---|---|---|".to_owned(),
    ];
    for (case, (name, ..)) in CASES.into_iter().enumerate() {
        for &threads in counts {
            let key = |who| (threads, case, who);
            let ratio = series
                .fastest(WHO[1..].iter().copied().map(key))
                .map_or_else(Vec::new, |fastest| {
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
        for (who, seconds) in WHO.into_iter().zip([1.0, 4.0, 2.0, 2.5]) {
            series.add((1, 0, who), Training { seconds, loss: Some(1.0) });
        }
        let text = table(&series, &[1]);
        assert!(text.contains("SGD | 1 | 1.000 | 4.000 | 2.000 | 2.500 | 0.50 |"), "{text}");
        assert!(text.contains("| CNN, SGD | 1 | not measured |"), "{text}");
    }
}
