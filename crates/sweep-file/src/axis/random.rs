//! Random axes: `{ random = { log = [a, b] }, samples = n }`, with `quasi` in place of `random` for
//! scrambled Sobol points.
//!
//! All random axes of an optimizer are drawn together: n configurations, not a grid of them. A draw
//! is a pure function of the axis' path, its `seed` and the draw's index. The plan therefore
//! follows from the file, a larger `samples` keeps the earlier draws, and two optimizers with the
//! same range get the same values.

use spec::params::{Param, Value};
use spec::seed;

use super::range::{self, FORMS, From};
use super::{Axis, grid, sobol};
use crate::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::node::{Node, NodeValue};
use crate::source::Place;

/// Consecutive repeated draws after which a range counts as having too few values.
const TRIES: usize = 1_000;
const MAX_SAMPLES: i64 = 1_000_000;

/// The source of a random axis: its distribution, sequence, number of draws and seed.
#[derive(Clone, Debug)]
pub struct Random {
    from: From,
    sequence: Sequence,
    /// Number of configurations to draw.
    pub samples: usize,
    seed: u64,
    /// The place of `samples`.
    pub place: Place,
}

/// The sequence of the draws of an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sequence {
    /// Independent draws from a seed stream.
    Stream,
    /// Scrambled Sobol points, which fill a range evenly.
    Sobol,
}

impl Random {
    /// Returns draw `index` of the axis at `path`; `dimension` is that of its Sobol sequence.
    /// `None` for a ratio, which depends on another axis' draw.
    fn draw(&self, path: &str, dimension: usize, index: usize) -> Option<Value> {
        self.from.value(self.uniform(path, dimension, index))
    }

    /// Returns draw `index` as a number in [0, 1).
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
    // Placeholders, which `joint` replaces when all axes of an optimizer are drawn together.
    let first = |i: usize| random.draw(&axis.path, 0, i).unwrap_or(Value::Float(i as f64));
    axis.values = (0..samples).map(|i| (first(i), ends.clone())).collect();
    axis.random = Some(random);
    known.then_some(())
}

/// Returns a whole number from `low` to `high`, both included; `None` for anything else.
fn whole(node: &Node, low: i64, high: i64) -> Option<i64> {
    match node.value {
        NodeValue::Int(n) if (low..=high).contains(&n) => Some(n),
        _ => None,
    }
}

/// Reads `samples` and its place.
fn samples_of(node: &Node, key: &str, diagnostics: &mut Diagnostics) -> Option<(usize, Place)> {
    let Some(samples) = node.get("samples") else {
        diagnostics.push(
            Diagnostic::error(format!("`{key}` needs `samples`"), &node.place)
                .help("the number of configurations to draw"),
        );
        return None;
    };
    let place = &samples.value.place;
    let number = whole(&samples.value, 1, MAX_SAMPLES);
    if number.is_none() {
        let message = format!("`samples` must be a whole number from 1 to {MAX_SAMPLES}");
        diagnostics.push(Diagnostic::error(message, place));
    }
    number.map(|n| (n as usize, place.clone()))
}

/// Reads the seed of a random axis; 0 by default.
fn seed_of(node: &Node, diagnostics: &mut Diagnostics) -> Option<u64> {
    let Some(entry) = node.get("seed") else { return Some(0) };
    let seed = whole(&entry.value, 0, i64::MAX);
    if seed.is_none() {
        let message = "`seed` of a random axis must be a whole number, at least 0";
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
            ("zip", _) => d.help("random axes of one optimizer are always drawn together"),
            (_, Some(name)) => d.help(format!("did you mean `{name}`?")),
            _ => d.help(format!("available: {}", known.join(", "))),
        });
        all = false;
    }
    all
}

/// Returns the random axes of one optimizer, each with its values of `samples` distinct joint
/// draws.
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
                    .label(format!("found only {}", seen.len()))
                    .help("ask for fewer samples, or widen the range"),
                );
                return None;
            }
        }
    }
    Some(out)
}

/// Returns the Sobol dimension of each axis, in the order of the paths, so that optimizers with the
/// same axes get the same draws. It is 0 for an axis without a Sobol sequence.
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
                .label(format!("Sobol points have at most {} dimensions", sobol::DIMENSIONS))
                .help("draw some of them with `random`"),
        );
        return None;
    }
    let of = |axis: &&Axis| paths.iter().position(|path| *path == axis.path).unwrap_or(0);
    Some(axes.iter().map(of).collect())
}

/// Refuses ratios of axes that are not drawn together with them.
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
                .label("this optimizer has no numeric random axis of that name")
                .help("draw it as well: lr = { quasi = { log = [1e-4, 1e-1] }, samples = 20 }"),
            );
            return None;
        }
    }
    Some(())
}

/// Returns whether `name` is a dotted path or its last part: `lr` names `optimizer.lr`.
fn names(path: &str, name: &str) -> bool {
    path == name || path.rsplit('.').next() == Some(name)
}

/// Returns draw `index` of all axes; ratios are computed from the draws of the other axes.
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

/// Refuses random axes with different numbers of samples, which would make the comparison unfair.
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
