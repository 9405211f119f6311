//! Random axes: `{ random = { log = [a, b] }, samples = n }`, with `quasi` in place of `random` for
//! scrambled Sobol points.
//!
//! All random axes of an optimizer are drawn together: n configurations, not
//! a grid of them. A draw is a pure function of the axis' path, its `seed` and
//! the draw's number, so that the plan follows from the file, more `samples`
//! keep the earlier ones, and two optimizers with the same range are tried
//! with the same values.

use spec::params::{Param, Value};
use spec::seed;

use super::range::{self, FORMS, From};
use super::{Axis, grid, sobol};
use crate::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::node::{Node, NodeValue};
use crate::source::Place;

/// Draws in vain before a range is said to have too few values.
const TRIES: usize = 1_000;
const MAX_SAMPLES: i64 = 1_000_000;

/// Where a random axis draws from.
#[derive(Clone, Debug)]
pub struct Random {
    from: From,
    sequence: Sequence,
    /// Configurations to draw.
    pub samples: usize,
    seed: u64,
    /// Where `samples` is written.
    pub place: Place,
}

/// How draws of an axis follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sequence {
    /// Independently of each other.
    Stream,
    /// As scrambled Sobol points, which fill a range evenly.
    Sobol,
}

impl Random {
    /// Draw number `index` of the axis at `path`, of a Sobol sequence in this dimension; none of a
    /// ratio, which is of another axis' draw.
    fn draw(&self, path: &str, dimension: usize, index: usize) -> Option<Value> {
        self.from.value(self.uniform(path, dimension, index))
    }

    /// A number in [0, 1).
    fn uniform(&self, path: &str, dimension: usize, index: usize) -> f64 {
        match self.sequence {
            Sequence::Stream => {
                let mut stream = seed::stream(self.seed, &format!("axis/{path}/{index}"));
                // 53 bits: every double in [0, 1) that is a multiple of 2^-53.
                (stream.next_u64() >> 11) as f64 / (1u64 << 53) as f64
            }
            Sequence::Sobol => sobol::scrambled(self.seed, path, dimension, index as u32),
        }
    }
}

/// Reads the table of a random axis.
pub(crate) fn read(
    axis: &mut Axis,
    param: &Param,
    node: &Node,
    diagnostics: &mut Diagnostics,
) -> Option<()> {
    let sobol = node.get("quasi");
    let (key, sequence) = match sobol {
        Some(_) => ("quasi", Sequence::Sobol),
        None => ("random", Sequence::Stream),
    };
    let known = known_keys(node, &[key, "samples", "seed"], "a random axis", diagnostics);
    let range = node.get(key)?;
    let known = known & known_keys(&range.value, &FORMS, &format!("`{key}`"), diagnostics);
    let (from, ends) = range::read(axis, param, &range.value, diagnostics)?;
    let (samples, place) = samples_of(node, key, diagnostics)?;
    let seed = seed_of(node, diagnostics)?;
    let random = Random { from, sequence, samples, seed, place };
    // What is put in their place when all axes of an optimizer are drawn together.
    let first = |i: usize| random.draw(&axis.path, 0, i).unwrap_or(Value::Float(i as f64));
    axis.values = (0..samples).map(|i| (first(i), ends.clone())).collect();
    axis.random = Some(random);
    known.then_some(())
}

/// A whole number between these, both included.
fn whole(node: &Node, low: i64, high: i64) -> Option<i64> {
    match node.value {
        NodeValue::Int(n) if (low..=high).contains(&n) => Some(n),
        _ => None,
    }
}

/// Reads how many values are drawn, and where that stands.
fn samples_of(node: &Node, key: &str, diagnostics: &mut Diagnostics) -> Option<(usize, Place)> {
    let Some(samples) = node.get("samples") else {
        diagnostics.push(
            Diagnostic::error(format!("`{key}` needs `samples`"), &node.place)
                .help("how many configurations to draw"),
        );
        return None;
    };
    let place = &samples.value.place;
    let number = whole(&samples.value, 1, MAX_SAMPLES);
    if number.is_none() {
        let message = format!("`samples` is a whole number from 1 to {MAX_SAMPLES}");
        diagnostics.push(Diagnostic::error(message, place));
    }
    number.map(|n| (n as usize, place.clone()))
}

/// Reads the seed of a random axis; 0 where none is given.
fn seed_of(node: &Node, diagnostics: &mut Diagnostics) -> Option<u64> {
    let Some(entry) = node.get("seed") else { return Some(0) };
    let seed = whole(&entry.value, 0, i64::MAX);
    if seed.is_none() {
        let message = "`seed` of a random axis is a whole number of at least 0";
        diagnostics.push(Diagnostic::error(message, &entry.value.place));
    }
    seed.map(|seed| seed as u64)
}

fn known_keys(node: &Node, known: &[&str], of: &str, diagnostics: &mut Diagnostics) -> bool {
    let mut all = true;
    for entry in node.entries().iter().filter(|e| !known.contains(&e.key.as_str())) {
        let message = format!("`{}` is not a key of {of}", entry.key);
        let d = Diagnostic::error(message, &entry.key_place).label("unknown key");
        diagnostics.push(match (entry.key.as_str(), nearest(&entry.key, known.iter().copied())) {
            ("zip", _) => d.help("random axes of one optimizer are drawn together as it is"),
            (_, Some(name)) => d.help(format!("did you mean `{name}`?")),
            _ => d.help(format!("there are: {}", known.join(", "))),
        });
        all = false;
    }
    all
}

/// The random axes of one optimizer, each with the values of `samples`
/// distinct joint draws.
pub(crate) fn joint(axes: &[&Axis], diagnostics: &mut Diagnostics) -> Option<Vec<Axis>> {
    let Some(random) = axes.first().and_then(|a| a.random.as_ref()) else {
        return Some(Vec::new());
    };
    let samples = random.samples;
    let mut out: Vec<Axis> =
        axes.iter().map(|a| Axis { values: Vec::new(), ..(*a).clone() }).collect();
    let dimensions = dimensions(axes, diagnostics)?;
    check_ratios(axes, diagnostics)?;
    let mut seen = std::collections::HashSet::new();
    let (mut index, mut vain) = (0, 0);
    while seen.len() < samples {
        let draw = together(axes, &dimensions, index);
        index += 1;
        if seen.insert(format!("{draw:?}")) {
            vain = 0;
            for (axis, (value, from)) in out.iter_mut().zip(draw.into_iter().zip(axes)) {
                axis.values.push((value, from.place.clone()));
            }
        } else {
            vain += 1;
            if vain > TRIES {
                diagnostics.push(
                    Diagnostic::error(
                        format!("there are fewer than {samples} different values to draw"),
                        &random.place,
                    )
                    .label(format!("{} were found", seen.len()))
                    .help("ask for fewer samples, or widen the range"),
                );
                return None;
            }
        }
    }
    Some(out)
}

/// The Sobol dimension of each axis: by the order of the paths, so that optimizers with the same
/// axes are tried with the same draws. 0 of an axis that is no Sobol sequence.
fn dimensions(axes: &[&Axis], diagnostics: &mut Diagnostics) -> Option<Vec<usize>> {
    let is_sobol = |axis: &&&Axis| {
        axis.random.as_ref().is_some_and(|random| random.sequence == Sequence::Sobol)
    };
    let mut paths: Vec<&str> = axes.iter().filter(is_sobol).map(|a| a.path.as_str()).collect();
    paths.sort_unstable();
    if paths.len() > sobol::DIMENSIONS {
        let message = format!("an optimizer has {} `quasi` axes", paths.len());
        let place = &axes.first()?.place;
        diagnostics.push(
            Diagnostic::error(message, place)
                .label(format!("there are Sobol points of {} dimensions", sobol::DIMENSIONS))
                .help("draw some of them by `random`"),
        );
        return None;
    }
    let of = |axis: &&Axis| paths.iter().position(|path| *path == axis.path).unwrap_or(0);
    Some(axes.iter().map(of).collect())
}

/// Refuses ratios of what is not drawn with them.
fn check_ratios(axes: &[&Axis], diagnostics: &mut Diagnostics) -> Option<()> {
    for axis in axes {
        let Some((of, place)) = axis.random.as_ref().and_then(|random| random.from.ratio_of())
        else {
            continue;
        };
        let other = axes.iter().find(|other| names(&other.path, of));
        let is_number =
            |other: &&&Axis| other.random.as_ref().is_some_and(|random| random.from.is_number());
        if other.filter(is_number).is_none() {
            diagnostics.push(
                Diagnostic::error(
                    format!("`{}` is a ratio of `{of}`, which is not drawn", axis.path),
                    place,
                )
                .label("no random axis of numbers of this optimizer has that name")
                .help("draw it as well: lr = { quasi = { log = [1e-4, 1e-1] }, samples = 20 }"),
            );
            return None;
        }
    }
    Some(())
}

/// Whether a dotted path is called so: `lr` is `optimizer.lr`.
fn names(path: &str, name: &str) -> bool {
    path == name || path.rsplit('.').next() == Some(name)
}

/// Draw number `index` of all axes, ratios last: they are of other axes' draws.
fn together(axes: &[&Axis], dimensions: &[usize], index: usize) -> Vec<Value> {
    let own = |(axis, dimension): (&&Axis, &usize)| {
        axis.random.as_ref()?.draw(&axis.path, *dimension, index)
    };
    let drawn: Vec<Option<Value>> = axes.iter().zip(dimensions).map(own).collect();
    let ratio = |at: usize| {
        let random = axes[at].random.as_ref()?;
        let (of, _) = random.from.ratio_of()?;
        let other = axes.iter().position(|axis| names(&axis.path, of))?;
        let base = grid::as_number(drawn[other].as_ref()?)?;
        Some(random.from.ratio(base, random.uniform(&axes[at].path, dimensions[at], index)))
    };
    let value =
        |at: usize| drawn[at].clone().or_else(|| ratio(at)).expect("a ratio of a drawn axis");
    (0..axes.len()).map(value).collect()
}

/// Every optimizer that is drawn at random gets equally many configurations.
pub(crate) fn equal_counts<'a>(
    axes: impl IntoIterator<Item = &'a Axis>,
    diagnostics: &mut Diagnostics,
) {
    let mut first: Option<&Random> = None;
    for random in axes.into_iter().filter_map(|a| a.random.as_ref()) {
        match first {
            Some(known) if known.samples != random.samples => {
                diagnostics.push(
                    Diagnostic::error("random axes differ in their `samples`", &random.place)
                        .label(format!("{} here", random.samples))
                        .also(&known.place, format!("{} here", known.samples))
                        .help("equal counts for every optimizer keep the comparison fair"),
                );
                return;
            }
            Some(_) => {}
            None => first = Some(random),
        }
    }
}
