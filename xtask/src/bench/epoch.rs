//! Part `epoch`: seconds per epoch of the lesson's model, compared with its matrix products
//! alone and with PyTorch.
//!
//! The lesson's model is 784-128-10 with ReLU; it trains on one thread with batches of 64 and
//! the whole training split of 60,000 images. Every subject is a process that lives through the
//! whole session and trains one epoch from new weights when asked. They take turns, so that
//! compared epochs see the same state of the machine. The first round is a warm-up and is not
//! counted.

use anyhow::Result;

use super::built::Artifact;
use super::series::Series;
use super::settings::{Model, Optimizer, Variant, for_python, for_worker};
use super::stats::{Row, measured, ratios, with_range};
use super::subject::Subject;
use super::{Measured, Setup};

/// Default number of rounds, without the warm-up.
const REPETITIONS: usize = 5;

/// Goals: smallest ratio of the seconds of the matrix products alone to ours, by optimizer.
const FLOOR: [(Optimizer, f64); 2] = [(Optimizer::Sgd, 0.85), (Optimizer::Adam, 0.7)];

/// Goal: largest ratio of our seconds to those of PyTorch's fastest variant in memory.
const FASTEST: f64 = 1.0;

/// Goal: largest ratio of our seconds to those of the lesson's pipeline.
const PIPELINE: f64 = 0.2;

/// A subject of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    /// The matrix products alone.
    Floor,
    /// Our worker on `libtorch:cpu`.
    Libtorch,
    Plain,
    Foreach,
    Fused,
    /// Our worker on `libtorch:cpu` without its fast path.
    Burn,
    /// Our worker on `flex`.
    Flex,
    /// The lesson's pipeline: PyTorch with torchvision and a DataLoader.
    Pipeline,
}

impl Who {
    const ALL: [(Who, &str); 8] = [
        (Who::Floor, "matrix products alone"),
        (Who::Libtorch, "ours, `libtorch:cpu`"),
        (Who::Plain, "PyTorch, in memory"),
        (Who::Foreach, "with `foreach`"),
        (Who::Fused, "with `fused`"),
        (Who::Burn, "ours, without the fast path"),
        (Who::Flex, "ours, `flex`"),
        (Who::Pipeline, "PyTorch, lesson's pipeline"),
    ];

    /// The variants of PyTorch on data in memory.
    const MEMORY: [Who; 3] = [Who::Plain, Who::Foreach, Who::Fused];

    fn variant(self) -> Variant {
        match self {
            Who::Foreach => Variant::Foreach,
            Who::Fused => Variant::Fused,
            _ => Variant::Plain,
        }
    }

    /// Returns whether this subject is measured with an optimizer. The pipeline takes the same
    /// four seconds with each, so it is measured once.
    fn trains(self, optimizer: Optimizer) -> bool {
        match self {
            Who::Pipeline => optimizer == Optimizer::Sgd,
            who => who.variant().exists_for(optimizer),
        }
    }
}

type Epochs = Series<(Optimizer, Who)>;

/// The running processes.
struct Subjects {
    floor: Subject,
    libtorch: Subject,
    burn: Subject,
    flex: Subject,
    memory: Subject,
    pipeline: Subject,
}

impl Subjects {
    fn start(setup: &Setup) -> Result<Subjects> {
        let (built, root) = (setup.built, setup.root);
        let (worker, python) = (built.get(Artifact::Worker)?, built.get(Artifact::Torch)?);
        Ok(Subjects {
            floor: Subject::program(built.get(Artifact::Products)?)?,
            libtorch: Subject::worker(worker, "libtorch:cpu", 1, root)?,
            burn: Subject::plain_worker(worker, "libtorch:cpu", root)?,
            flex: Subject::worker(built.get(Artifact::FlexWorker)?, "flex", 1, root)?,
            memory: Subject::python(python, "memory", "mnist", 1, root)?,
            pipeline: Subject::python(python, "dataloader", "mnist", 1, root)?,
        })
    }

    fn of(&mut self, who: Who) -> &mut Subject {
        match who {
            Who::Floor => &mut self.floor,
            Who::Libtorch => &mut self.libtorch,
            Who::Burn => &mut self.burn,
            Who::Flex => &mut self.flex,
            Who::Plain | Who::Foreach | Who::Fused => &mut self.memory,
            Who::Pipeline => &mut self.pipeline,
        }
    }

    fn end(self) -> Result<()> {
        let Subjects { floor, libtorch, burn, flex, memory, pipeline } = self;
        [floor, libtorch, burn, flex, memory, pipeline].into_iter().try_for_each(Subject::end)
    }
}

/// Returns the order of `n` subjects in a round. It differs between rounds, so that no subject
/// always follows the same one.
fn turns(n: usize, round: usize) -> impl Iterator<Item = usize> {
    let strides: Vec<usize> = (1..n.max(2)).filter(|s| common_divisor(*s, n) == 1).collect();
    let stride = strides[round % strides.len()];
    (0..n).map(move |place| (place * stride + round) % n)
}

fn common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

/// Measures every optimizer with every subject.
pub(super) fn measure(setup: &Setup) -> Result<Measured> {
    let repetitions = setup.repetitions(REPETITIONS);
    let mut subjects = Subjects::start(setup)?;
    let mut epochs = Epochs::new();
    for round in 0..=repetitions {
        let note = if round == 0 { " (warm-up)" } else { "" };
        eprintln!("xtask: bench: epoch, round {round} of {repetitions}{note}");
        for optimizer in Optimizer::ALL {
            let ours = for_worker(Model::Lesson, optimizer);
            for index in turns(Who::ALL.len(), round) {
                let (who, _) = Who::ALL[index];
                if !who.trains(optimizer) {
                    continue;
                }
                let training = match who {
                    Who::Floor => subjects.of(who).train("epoch")?,
                    Who::Libtorch | Who::Burn | Who::Flex => subjects.of(who).train(&ours)?,
                    _ => {
                        let theirs = for_python(Model::Lesson, optimizer, who.variant());
                        subjects.of(who).train(&theirs)?
                    }
                };
                if round > 0 {
                    epochs.add((optimizer, who), training);
                }
            }
        }
    }
    subjects.end()?;
    for optimizer in Optimizer::ALL {
        epochs.ensure_same_work(Who::ALL.map(|(who, _)| (optimizer, who)))?;
    }
    Ok(measured("ratios of epochs side by side", &rows(&epochs)).after(&table(&epochs)))
}

/// Returns the table of the seconds of all subjects.
fn table(epochs: &Epochs) -> String {
    let names = Who::ALL.map(|(_, name)| name);
    let mut lines = vec![
        format!("| seconds per epoch, one thread | {} |", names.join(" | ")),
        format!("|---|{}", "---|".repeat(names.len())),
    ];
    for optimizer in Optimizer::ALL {
        let cells = Who::ALL.map(|(who, _)| match epochs.seconds((optimizer, who)) {
            none if none.is_empty() => String::new(),
            seconds => with_range(&seconds, 3, ""),
        });
        lines.push(format!("| {} | {} |", optimizer.title(), cells.join(" | ")));
    }
    lines.join("\n") + "\n"
}

fn rows(epochs: &Epochs) -> Vec<Row> {
    let row = |what: String, over, under| {
        Row::new(what, "", 3, ratios(&epochs.seconds(over), &epochs.seconds(under)))
    };
    let mut rows = Vec::new();
    for optimizer in Optimizer::ALL {
        let (title, ours) = (optimizer.title(), (optimizer, Who::Libtorch));
        let share =
            row(format!("{title}: matrix products alone / ours"), (optimizer, Who::Floor), ours);
        rows.push(match FLOOR.iter().find(|(of, _)| *of == optimizer) {
            Some((_, least)) => share.at_least(*least),
            None => share,
        });
    }
    for optimizer in Optimizer::ALL {
        let (title, ours) = (optimizer.title(), (optimizer, Who::Libtorch));
        let memory = Who::MEMORY.map(|who| (optimizer, who));
        let fastest = epochs.fastest(memory).unwrap_or(memory[0]);
        let variant = fastest.1.variant().name();
        let what = format!("{title}: ours / PyTorch's fastest in memory ({variant})");
        let ratio = row(what, ours, fastest);
        rows.push(if optimizer.in_battle() { ratio.at_most(FASTEST) } else { ratio });
    }
    for optimizer in Optimizer::ALL {
        let what = format!("{}: ours / ours without the fast path", optimizer.title());
        rows.push(row(what, (optimizer, Who::Libtorch), (optimizer, Who::Burn)));
    }
    let sgd = (Optimizer::Sgd, Who::Libtorch);
    let what = "SGD: ours / the lesson's pipeline".to_owned();
    rows.push(row(what, sgd, (Optimizer::Sgd, Who::Pipeline)).at_most(PIPELINE));
    rows
}

#[cfg(test)]
mod tests {
    use super::turns;

    #[test]
    fn nobody_always_follows_the_same_other() {
        for n in [1, 2, 3, 8] {
            let rounds: Vec<Vec<usize>> = (0..5).map(|round| turns(n, round).collect()).collect();
            for round in &rounds {
                let mut all = round.clone();
                all.sort_unstable();
                assert_eq!(all, (0..n).collect::<Vec<_>>());
            }
            let before_last = |round: &Vec<usize>| {
                let at = round.iter().position(|who| *who == n - 1).unwrap();
                at.checked_sub(1).map(|before| round[before])
            };
            let different: std::collections::BTreeSet<_> = rounds.iter().map(before_last).collect();
            assert!(n < 3 || different.len() > 2, "{n}: {different:?}");
        }
    }
    use super::super::subject::Training;
    use super::*;

    /// Returns two rounds in which each subject takes `seconds(who)`, and twice that in the second.
    fn epochs(seconds: impl Fn(Who) -> f64) -> Epochs {
        let mut epochs = Epochs::new();
        for factor in [1.0, 2.0] {
            for optimizer in Optimizer::ALL {
                for (who, _) in Who::ALL.into_iter().filter(|(who, _)| who.trains(optimizer)) {
                    let training = Training { seconds: factor * seconds(who), loss: Some(0.5) };
                    epochs.add((optimizer, who), training);
                }
            }
        }
        epochs
    }

    fn usual(who: Who) -> f64 {
        match who {
            Who::Floor => 0.9,
            Who::Libtorch => 1.0,
            Who::Pipeline => 8.0,
            Who::Foreach => 1.5,
            _ => 2.0,
        }
    }

    #[test]
    fn ratios_are_of_pairs_and_goals_are_compared() {
        let found = measured("t", &rows(&epochs(usual)));
        // Floor of two, PyTorch of four, the pipeline of one.
        assert_eq!((found.goals, found.missed.len()), (7, 0), "{:?}", found.missed);
        for line in [
            "| SGD: matrix products alone / ours | 0.900 (0.900 to 0.900) | at least 0.85: met |",
            "| AdamW: matrix products alone / ours | 0.900 (0.900 to 0.900) |  |",
            "| RMSProp: ours / PyTorch's fastest in memory (foreach) | 0.667 (0.667 to 0.667) | at most 1: met |",
            "| AdamW: ours / PyTorch's fastest in memory (foreach) | 0.667 (0.667 to 0.667) |  |",
            "| SGD: ours / the lesson's pipeline | 0.125 (0.125 to 0.125) | at most 0.2: met |",
        ] {
            assert!(found.table.contains(line), "{line}\n{}", found.table);
        }
    }

    #[test]
    fn slow_training_misses_every_goal() {
        let slow = epochs(|who| if who == Who::Libtorch { 4.0 } else { usual(who) });
        let found = measured("t", &rows(&slow));
        assert_eq!(found.missed.len(), found.goals, "{:?}", found.missed);
    }

    #[test]
    fn the_fastest_variant_of_each_optimizer_counts() {
        let fused = epochs(|who| if who == Who::Fused { 0.8 } else { usual(who) });
        let found = measured("t", &rows(&fused));
        assert!(found.table.contains("| Adam: ours / PyTorch's fastest in memory (fused) | 1.250"));
        assert!(found.table.contains("| RMSProp: ours / PyTorch's fastest in memory (foreach) |"));
        assert_eq!(found.missed.len(), 3, "{:?}", found.missed);
    }

    #[test]
    fn the_table_has_a_cell_for_each_that_trains() {
        let text = table(&epochs(usual));
        assert!(
            text.contains("| SGD | 1.350 (0.900 to 1.800) | 1.500 (1.000 to 2.000) |"),
            "{text}"
        );
        let rmsprop = text.lines().find(|line| line.starts_with("| RMSProp |")).unwrap();
        assert_eq!(rmsprop.matches("|  |").count(), 2, "no fused, no pipeline: {rmsprop}");
        let columns = |line: &str| line.matches('|').count();
        assert!(text.lines().all(|line| columns(line) == Who::ALL.len() + 2), "{text}");
    }
}
