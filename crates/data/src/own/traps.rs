//! Traps, which are allowed and rarely meant: columns that are useless or reveal the target, and
//! parts that are small or differ from each other.

use spec::lint::Lint;
use spec::own_data::OwnRequest;
use spec::reading::DataDescription;

use super::error::{OwnError, shown};
use super::parts::Parts;
use super::scale::{Inputs, Values};
use super::targets::Targets;
use super::understand::Samples;
use super::wrong;

/// Number of samples below which a part is too small for these checks.
const SMALL: u64 = 10;

/// Maximum number of columns named in one warning.
const NAMED: usize = 5;

/// Number of samples from which whole numbers without repeats count as identifiers.
const MANY: usize = 50;

/// Maximum number of features that are checked individually; more are pixels or the like.
const LOOKED_AT: usize = 300;

/// Correlation from which a feature counts as a copy of the target.
const COPIED: f64 = 1.0 - 1e-9;

/// Difference of a class share or target mean between parts, in standard errors, beyond which the
/// file order is not random.
const UNEVEN: f64 = 6.0;

/// Refuses parts that prevent learning or evaluation: a training split that lacks a class, or a
/// test or validation split with a single class.
///
/// # Errors
/// The first such part.
pub(super) fn refused(samples: &Samples<'_>) -> Result<(), OwnError> {
    let Targets::Classes { names, classes } = &samples.targets else { return Ok(()) };
    let parts = &samples.parts;
    let has = |rows: &mut dyn Iterator<Item = usize>| {
        let mut has = vec![false; names.len()];
        rows.for_each(|i| has[classes[i] as usize] = true);
        has
    };
    let remedy = "the file is sorted, or too small: split it by contents, split = { test = 0.2, validation = 0.2 }";
    let refuse = |reason: String| Err(wrong(samples.pieces[0].file, reason, remedy));
    // Very few samples may well lack a class; that only causes a warning.
    let enough = |n: usize| n as u64 >= SMALL;
    if let Some(lacks) = has(&mut parts.fitted()).iter().position(|has| !has)
        && enough(parts.train.len() - parts.validation)
    {
        return refuse(format!("no training sample has class `{}`", shown(&names[lacks])));
    }
    for (part, n, has) in [
        ("validation", parts.validation, has(&mut parts.held_out())),
        ("test", parts.test.len(), has(&mut parts.test.iter())),
    ] {
        let mut there = names.iter().zip(&has).filter(|(_, has)| **has);
        if let (Some((only, _)), None) = (there.next(), there.next())
            && enough(n)
        {
            return refuse(format!("every {part} sample has class `{}`", shown(only)));
        }
    }
    Ok(())
}

/// Finds the traps of a dataset, each with a description of the finding.
pub(super) fn traps(
    request: &OwnRequest,
    samples: &Samples<'_>,
    described: &DataDescription,
) -> Vec<(Lint, String)> {
    let mut out = Vec::new();
    let Samples { inputs, targets, parts, .. } = samples;
    if let Values::F64(values) = &inputs.values
        && inputs.features <= LOOKED_AT
        && request.files.kind.is_table()
    {
        let (mut constant, mut copied, mut index) = (Vec::new(), Vec::new(), Vec::new());
        let all = first_target(targets);
        let target: Vec<f64> = parts.fitted().map(|i| all[i]).collect();
        for feature in 0..inputs.features {
            let of = |i: usize| values[i * inputs.features + feature];
            let fitted: Vec<f64> = parts.fitted().map(of).collect();
            let is_target =
                || fitted.len() as u64 >= SMALL && correlation(&fitted, &target).abs() >= COPIED;
            if fitted.iter().all(|x| *x == fitted[0]) {
                constant.push(feature);
            } else if numbers_the_samples(inputs, values, feature) {
                index.push(feature);
            } else if is_target() {
                copied.push(feature);
            }
        }
        for (lint, columns) in [
            (Lint::DataConstantColumn, constant),
            (Lint::DataIndexColumn, index),
            (Lint::DataCopiedTarget, copied),
        ] {
            if !columns.is_empty() {
                out.push((lint, named(samples, &columns)));
            }
        }
    }
    small_parts(described, &mut out);
    missing_classes(described, &mut out);
    if request.split.is_none() && samples.pieces.len() == 1 {
        uneven(described, targets, parts, &mut out);
    }
    out
}

/// Returns the first target as numbers.
fn first_target(targets: &Targets) -> Vec<f64> {
    match targets {
        Targets::Classes { classes, .. } => classes.iter().map(|c| *c as f64).collect(),
        Targets::Values { width, values } => values.iter().step_by(*width).copied().collect(),
        Targets::None => Vec::new(),
    }
}

/// Whether a feature counts 0, 1, 2 or 1, 2, 3 and so on over the samples, or holds whole numbers
/// that all differ in many samples, as measurements hardly do.
fn numbers_the_samples(inputs: &Inputs, values: &[f64], feature: usize) -> bool {
    let column = || values.iter().skip(feature).step_by(inputs.features);
    if inputs.samples as u64 <= SMALL || column().any(|x| x.fract() != 0.0) {
        return false;
    }
    let first = values[feature];
    if (first == 0.0 || first == 1.0) && column().enumerate().all(|(i, x)| *x == first + i as f64) {
        return true;
    }
    let mut all: Vec<f64> = column().copied().collect();
    all.sort_by(f64::total_cmp);
    inputs.samples >= MANY && all.windows(2).all(|pair| pair[0] < pair[1])
}

/// Computes Pearson's correlation; 0 if one side is constant.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let (x, y) = (mean(a), mean(b));
    let sums = a.iter().zip(b).fold([0.0; 3], |[xx, yy, xy], (p, q)| {
        let (p, q) = (p - x, q - y);
        [xx + p * p, yy + q * q, xy + p * q]
    });
    let of = sums[2] / (sums[0] * sums[1]).sqrt();
    if of.is_finite() { of } else { 0.0 }
}

/// Lists features by name, or by number if they have none.
fn named(samples: &Samples<'_>, columns: &[usize]) -> String {
    let name = |c: &usize| match samples.features.get(*c) {
        Some(name) => format!("`{}`", shown(name)),
        None => format!("feature {}", c + 1),
    };
    let mut all: Vec<String> = columns.iter().take(NAMED).map(name).collect();
    if columns.len() > NAMED {
        all.push(format!("{} more", columns.len() - NAMED));
    }
    all.join(", ")
}

const PARTS: [&str; 3] = ["training", "validation", "test"];

fn small_parts(described: &DataDescription, out: &mut Vec<(Lint, String)>) {
    let small: Vec<String> = PARTS
        .iter()
        .zip(described.parts)
        .filter(|(_, n)| (1..SMALL).contains(n))
        .map(|(part, n)| format!("{part} has {n}"))
        .collect();
    if !small.is_empty() {
        out.push((Lint::DataSmallPart, small.join(", ")));
    }
}

fn missing_classes(described: &DataDescription, out: &mut Vec<(Lint, String)>) {
    let mut found = Vec::new();
    for (part, name) in PARTS.iter().enumerate().filter(|(part, _)| described.parts[*part] > 0) {
        let lacks: Vec<String> = described
            .classes
            .iter()
            .filter(|c| c.counts[part] == 0)
            .map(|c| format!("`{}`", shown(&c.name)))
            .collect();
        if !lacks.is_empty() {
            let more = lacks.len().saturating_sub(NAMED);
            let mut shown = lacks[..lacks.len().min(NAMED)].join(", ");
            if more > 0 {
                shown.push_str(&format!(" and {more} more"));
            }
            found.push(format!("{name} lacks {shown}"));
        }
    }
    if !found.is_empty() {
        out.push((Lint::DataMissingClass, found.join("; ")));
    }
}

/// Checks whether the test split differs from the training samples before it.
fn uneven(
    described: &DataDescription,
    targets: &Targets,
    parts: &Parts,
    out: &mut Vec<(Lint, String)>,
) {
    let [train, _, test] = described.parts.map(|n| n as f64);
    let found = match targets {
        Targets::Classes { .. } => described
            .classes
            .iter()
            .map(|class| {
                let (a, b) = (class.counts[0] as f64, class.counts[2] as f64);
                let share = (a + b) / (train + test);
                let error = (share * (1.0 - share) * (1.0 / train + 1.0 / test)).sqrt();
                (((a / train - b / test) / error).abs(), class, a / train, b / test)
            })
            .filter(|(z, ..)| *z > UNEVEN)
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, class, a, b)| {
                format!(
                    "{:.0}% of the training samples are `{}`, and {:.0}% of the test samples",
                    100.0 * a,
                    shown(&class.name),
                    100.0 * b
                )
            }),
        Targets::None => None,
        Targets::Values { .. } => {
            let all = first_target(targets);
            let of =
                |rows: &mut dyn Iterator<Item = usize>| rows.map(|i| all[i]).collect::<Vec<_>>();
            let (a, b) = (of(&mut parts.fitted()), of(&mut parts.test.iter()));
            let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
            let square = |v: &[f64]| {
                let m = mean(v);
                v.iter().map(|x| (x - m).powi(2)).sum::<f64>() / v.len() as f64
            };
            let error = (square(&a) / train + square(&b) / test).sqrt();
            let (x, y) = (mean(&a), mean(&b));
            ((x - y).abs() > UNEVEN * error && error > 0.0).then(|| {
                format!(
                    "the target's mean is {x:.4} in the training split and {y:.4} in the test split"
                )
            })
        }
    };
    out.extend(found.map(|what| (Lint::DataUnevenParts, what)));
}
