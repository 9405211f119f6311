//! Random axes: `{ random = { log = [a, b] }, samples = n }`.
//!
//! All random axes of an optimizer are drawn together: n configurations, not
//! a grid of them. A draw is a pure function of the axis' path, its `seed` and
//! the draw's number, so that the plan follows from the file, more `samples`
//! keep the earlier ones, and two optimizers with the same range are tried
//! with the same values.

use spec::float::round_to_six_digits;
use spec::params::{Param, ParamType, Value};
use spec::seed;

use super::{self as axis, Axis};
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
    /// Configurations to draw.
    pub samples: usize,
    seed: u64,
    /// Where `samples` is written.
    pub place: Place,
}

#[derive(Clone, Debug)]
enum From {
    /// Uniform in the logarithm.
    Log(f64, f64, ParamType),
    Linear(f64, f64, ParamType),
    /// Any of these.
    Values(Vec<Value>),
}

impl Random {
    /// Draw number `index` of the axis at `path`.
    fn draw(&self, path: &str, index: usize) -> Value {
        let mut stream = seed::stream(self.seed, &format!("axis/{path}/{index}"));
        // 53 bits: every double in [0, 1) that is a multiple of 2^-53.
        let u = (stream.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        // Rounding may step over an end, and the ends are what was checked.
        let number = |x: f64, (a, b): (f64, f64), ty: ParamType| match ty {
            ParamType::Int => Value::Int(x.round().clamp(a.ceil(), b.floor().max(a.ceil())) as i64),
            _ => Value::Float(round_to_six_digits(x).clamp(a, b)),
        };
        match &self.from {
            From::Log(a, b, ty) => number((a.ln() + u * (b.ln() - a.ln())).exp(), (*a, *b), *ty),
            From::Linear(a, b, ty) => number(a + u * (b - a), (*a, *b), *ty),
            From::Values(all) => all[((u * all.len() as f64) as usize).min(all.len() - 1)].clone(),
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
    const KEYS: &[&str] = &["random", "samples", "seed"];
    let known = known_keys(node, KEYS, "a random axis", diagnostics);
    let range = node.get("random")?;
    let known = known & known_keys(&range.value, &FORMS, "`random`", diagnostics);
    let (from, ends) = range_of(axis, param, &range.value, diagnostics)?;
    let (samples, place) = samples_of(node, diagnostics)?;
    let seed = seed_of(node, diagnostics)?;
    let random = Random { from, samples, seed, place };
    axis.values = (0..samples).map(|i| (random.draw(&axis.path, i), ends.clone())).collect();
    axis.random = Some(random);
    known.then_some(())
}

/// What values are drawn from.
const FORMS: [&str; 3] = ["log", "linear", "values"];

/// Reads what values are drawn from, and where that stands.
fn range_of(
    axis: &Axis,
    param: &Param,
    range: &Node,
    diagnostics: &mut Diagnostics,
) -> Option<(From, Place)> {
    let given: Vec<&str> = FORMS.into_iter().filter(|form| range.get(form).is_some()).collect();
    let [form] = given[..] else {
        diagnostics.push(
            Diagnostic::error(
                format!("`{}` needs exactly one of log, linear, values to draw from", axis.path),
                &range.place,
            )
            .help("for example { random = { log = [1e-4, 1e0] }, samples = 20 }"),
        );
        return None;
    };
    let ends = &range.get(form)?.value;
    if form == "values" {
        let mut drawn = Axis { values: Vec::new(), ..axis.clone() };
        let NodeValue::Array(items) = &ends.value else {
            diagnostics.push(Diagnostic::error("`values` takes a list", &ends.place));
            return None;
        };
        axis::list(&mut drawn, param, items, &ends.place, diagnostics)?;
        let values = drawn.values.into_iter().map(|(value, _)| value).collect();
        return Some((From::Values(values), ends.place.clone()));
    }
    if !matches!(param.ty, ParamType::Float | ParamType::Int) {
        diagnostics.push(
            Diagnostic::error(
                format!("`{}` is not a number and has no {form} range", axis.path),
                &ends.place,
            )
            .help(format!("it takes {}; draw from values = [...]", param.ty)),
        );
        return None;
    }
    let (low, high) = axis::two_numbers(form, ends, diagnostics)?;
    axis::check_ends(&axis.path, form, (low, high), true, &ends.place, diagnostics)?;
    if [low, high]
        .iter()
        .any(|end| !axis::in_range(&axis.path, param, *end, &ends.place, diagnostics))
    {
        return None;
    }
    let from = match form {
        "log" => From::Log(low, high, param.ty),
        _ => From::Linear(low, high, param.ty),
    };
    Some((from, ends.place.clone()))
}

/// A whole number between these, both included.
fn whole(node: &Node, low: i64, high: i64) -> Option<i64> {
    match node.value {
        NodeValue::Int(n) if (low..=high).contains(&n) => Some(n),
        _ => None,
    }
}

/// Reads how many values are drawn, and where that stands.
fn samples_of(node: &Node, diagnostics: &mut Diagnostics) -> Option<(usize, Place)> {
    let Some(samples) = node.get("samples") else {
        diagnostics.push(
            Diagnostic::error("`random` needs `samples`", &node.place)
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
    let mut seen = std::collections::HashSet::new();
    let (mut index, mut vain) = (0, 0);
    while seen.len() < samples {
        let draw: Vec<Value> =
            axes.iter().filter_map(|a| Some(a.random.as_ref()?.draw(&a.path, index))).collect();
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
