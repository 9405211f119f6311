//! Joint interpretation of a dataset's files: their samples one after another, their targets, and
//! the part of each sample.

use std::collections::HashMap;

use spec::own_data::{OwnRequest, Scaling};
use spec::reading::Missing;

use super::error::{OwnError, Place, shown};
use super::parts::{self, Key, Parts, Rows, by_contents, start};
use super::piece::Piece;
use super::scale::{Inputs, Values};
use super::source::LARGEST;
use super::table::Column;
use super::targets::{Known, Targets, Wrong, understand};
use super::wrong;

/// Maximum number of inputs that categorical columns may expand to.
const MOST_CATEGORIES: usize = 20_000;

/// The files as read.
pub(super) struct Pieces<'a> {
    pub(super) main: Piece<'a>,
    pub(super) validation: Option<Piece<'a>>,
    pub(super) test: Option<Piece<'a>>,
    pub(super) checksum: String,
}

/// Samples of all files: first those of the main file, then of the validation file, then of the
/// test file.
pub(super) struct Samples<'a> {
    pub(super) inputs: Inputs,
    pub(super) targets: Targets,
    pub(super) parts: Parts,
    /// The files, without their values.
    pub(super) pieces: Vec<Piece<'a>>,
    pub(super) checksum: String,
    /// Number of samples at the end of the main file that are the test split.
    pub(super) own_test: u64,
    /// Names of the inputs; empty if they have none.
    pub(super) features: Vec<String>,
    /// Number of gaps that were filled.
    pub(super) filled: u64,
}

impl<'a> Samples<'a> {
    /// Joins the files and splits their samples.
    pub(super) fn new(pieces: Pieces<'a>, request: &OwnRequest) -> Result<Self, OwnError> {
        let Pieces { main, validation, test, checksum } = pieces;
        let apart = [validation.is_some(), test.is_some()];
        let mut pieces: Vec<Piece<'a>> = vec![main];
        pieces.extend(validation);
        pieces.extend(test);
        alike(&pieces)?;
        let sizes: Vec<usize> = pieces.iter().map(|p| p.inputs.samples).collect();
        let targets = targets(&mut pieces, request)?;
        let mut inputs = together(&mut pieces);
        let categorical = categorical(&mut pieces);
        let (parts, own_test) = match &request.split {
            None => (in_order(&pieces, &sizes, apart, request)?, own_test(&sizes, apart, request)),
            Some(_) if pieces.len() > 1 => {
                let reason = "it has a split of its own, and `split` asks for another";
                return Err(wrong(pieces[0].file, reason, "leave one of them out"));
            }
            Some(split) => {
                let contents = contents(&inputs, &categorical, &targets);
                let keys = parts::keys(split.split_seed, &contents);
                let classes = match &targets {
                    Targets::Classes { classes, .. } => Some(&classes[..]),
                    Targets::Values { .. } | Targets::None if split.stratified == Some(true) => {
                        let reason = "stratified = true, but the targets are no classes";
                        return Err(wrong(pieces[0].file, reason, "leave `stratified` out"));
                    }
                    Targets::Values { .. } | Targets::None => None,
                };
                let classes = classes.filter(|_| split.stratified != Some(false));
                let parts = by_contents(split, &keys, classes).map_err(|reason| {
                    wrong(
                        pieces[0].file,
                        reason,
                        "give the parts sizes that leave some for each and for training",
                    )
                })?;
                (parts, 0)
            }
        };
        let mut features = pieces[0].names[0].clone();
        let filled = match request.asked.missing {
            Some(Missing::Mean) => fill(&mut inputs, &parts),
            Some(Missing::Drop) | None => 0,
        };
        expand(&mut inputs, &mut features, categorical, &pieces[0], &parts)?;
        Ok(Samples { inputs, targets, parts, pieces, checksum, own_test, features, filled })
    }

    /// Returns the file that holds a sample, and the sample's index in it.
    pub(super) fn piece(&self, sample: usize) -> (&Piece<'a>, usize) {
        let mut first = 0;
        for piece in &self.pieces {
            if sample < first + piece.inputs.samples {
                return (piece, sample - first);
            }
            first += piece.inputs.samples;
        }
        (&self.pieces[0], sample)
    }
}

/// Checks that all files have the same columns.
fn alike(pieces: &[Piece<'_>]) -> Result<(), OwnError> {
    let main = &pieces[0];
    for piece in &pieces[1..] {
        let (found, expected) = (piece.inputs.features, main.inputs.features);
        if found != expected || piece.categorical.len() != main.categorical.len() {
            let reason = format!("{found} features, the samples of {} have {expected}", main.file);
            return Err(wrong(piece.file, reason, "give both splits the same features"));
        }
        if piece.layout != main.layout {
            let reason = format!("its columns have other roles than those of {}", main.file);
            let remedy = "give both files the same columns and the same header, or name the target: `label = ...`";
            return Err(wrong(piece.file, reason, remedy));
        }
        let all = |p: &Piece<'_>| p.names.concat();
        let (here, there) = (all(piece), all(main));
        if let Some((a, b)) = here.iter().zip(&there).find(|(a, b)| a != b) {
            let reason = format!(
                "a column is called `{}`, and in {} it is `{}`",
                shown(a),
                main.file,
                shown(b)
            );
            return Err(wrong(piece.file, reason, "give both files the same columns in one order"));
        }
        let (found, expected) = (piece.targets.len(), main.targets.len());
        if found != expected {
            let reason =
                format!("{found} target column(s), the samples of {} have {expected}", main.file);
            return Err(wrong(piece.file, reason, "give both splits the same target columns"));
        }
    }
    Ok(())
}

/// Interprets the targets of all samples, and takes them out of their files.
fn targets(pieces: &mut [Piece<'_>], request: &OwnRequest) -> Result<Targets, OwnError> {
    let mut columns: Vec<Column> = std::mem::take(&mut pieces[0].targets);
    for piece in pieces.iter_mut().skip(1) {
        let (file, targets) = (piece.file, std::mem::take(&mut piece.targets));
        for (all, more) in columns.iter_mut().zip(targets) {
            match (all, more) {
                (Column::Numbers(all), Column::Numbers(more)) => all.extend(more),
                (Column::Words(all), Column::Words(more)) => all.extend(more),
                _ => {
                    let reason = "its targets are words and those of the other file are numbers, or the other way round";
                    return Err(wrong(file, reason, "write both alike"));
                }
            }
        }
    }
    let known = Known {
        label: request.asked.label.is_some(),
        target: !request.asked.target.is_empty(),
        values: request.values,
        table: request.files.kind.is_table(),
    };
    understand(&columns, known).map_err(|Wrong { sample, reason, remedy }| {
        let mut first = 0;
        let at = |piece: &Piece<'_>, sample: usize| match piece.place_of_sample(sample) {
            Place::Sample(_) => Place::Sample(sample),
            other => other,
        };
        let (file, place) = match sample {
            None => (pieces[0].targets_file.as_str(), Place::File),
            Some(sample) => pieces
                .iter()
                .find_map(|p| {
                    let here = sample.checked_sub(first)?;
                    first += p.inputs.samples;
                    (here < p.inputs.samples).then(|| (p.targets_file.as_str(), at(p, here)))
                })
                .unwrap_or((pieces[0].targets_file.as_str(), Place::File)),
        };
        OwnError::Content { file: file.to_owned(), place, reason, remedy }
    })
}

/// Concatenates the inputs of all files.
fn together(pieces: &mut [Piece<'_>]) -> Inputs {
    let empty = Values::U8(Vec::new());
    let first = &mut pieces[0].inputs;
    let mut out = Inputs { values: std::mem::replace(&mut first.values, empty.clone()), ..*first };
    for piece in &mut pieces[1..] {
        let unit = piece.inputs.unit;
        out.samples += piece.inputs.samples;
        match (&mut out.values, std::mem::replace(&mut piece.inputs.values, empty.clone())) {
            (Values::U8(all), Values::U8(more)) if unit == out.unit => all.extend(more),
            (Values::F32(all), Values::F32(more)) if unit == out.unit => all.extend(more),
            (Values::F64(all), Values::F64(more)) if unit == out.unit => all.extend(more),
            (all, more) => {
                let mut values = numbers(all, out.unit);
                values.extend(numbers(&more, unit));
                (out.values, out.unit) = (Values::F64(values), 1.0);
            }
        }
    }
    out
}

/// Divides values by their unit.
pub(super) fn numbers(values: &Values, unit: f64) -> Vec<f64> {
    match values {
        Values::U8(v) => v.iter().map(|x| f64::from(*x) / unit).collect(),
        Values::F32(v) => v.iter().map(|x| f64::from(*x) / unit).collect(),
        Values::F64(v) => v.iter().map(|x| x / unit).collect(),
    }
}

/// Concatenates the categorical columns as texts; a missing value is empty.
fn categorical(pieces: &mut [Piece<'_>]) -> Vec<Vec<String>> {
    let mut out = vec![Vec::new(); pieces[0].categorical.len()];
    // A column may hold only numbers in one file, but words too in another.
    let numbers = |c: &Column| matches!(c, Column::Numbers(_));
    let mixed: Vec<bool> =
        (0..out.len()).map(|i| pieces.iter().any(|p| numbers(&p.categorical[i]))).collect();
    let alike = |word: String| match word.parse::<f64>() {
        Ok(x) if x.is_finite() => x.to_string(),
        _ => word,
    };
    for piece in pieces {
        let columns = std::mem::take(&mut piece.categorical);
        for ((all, mixed), column) in out.iter_mut().zip(&mixed).zip(columns) {
            match column {
                Column::Words(v) if *mixed => all.extend(v.into_iter().map(alike)),
                Column::Words(v) => all.extend(v),
                Column::Numbers(v) => all.extend(v.iter().map(|x| match x {
                    x if x.is_nan() => String::new(),
                    x => x.to_string(),
                })),
            }
        }
    }
    out
}

/// Returns the number of samples at the end of the main file that form the test split, if samples
/// are split in file order; 0 with a test file.
fn own_test(sizes: &[usize], apart: [bool; 2], request: &OwnRequest) -> u64 {
    if apart[1] { 0 } else { request.test.unwrap_or((sizes[0] as u64 / 5).max(1)) }
}

/// Splits in file order: the end of the main file, or separate files.
fn in_order(
    pieces: &[Piece<'_>],
    sizes: &[usize],
    apart: [bool; 2],
    request: &OwnRequest,
) -> Result<Parts, OwnError> {
    let (main, n) = (&pieces[0], sizes[0]);
    if apart[1] && request.test.is_some() {
        let reason = "both `test` and `test_path` are given";
        return Err(wrong(main.file, reason, "leave one of them out"));
    }
    let test = own_test(sizes, apart, request);
    if !apart[1] && (test == 0 || test >= n as u64) {
        let reason = format!("{n} sample(s), of which {test} are to be the test split");
        let remedy =
            "leave at least one sample for training and one for the test, or give a `test_path`";
        return Err(wrong(main.file, reason, remedy));
    }
    let total: usize = sizes.iter().sum();
    let kept = n - test as usize;
    if !apart[0] {
        // `validation` of [data] takes the last of the remaining samples.
        let validation = usize::try_from(request.validation).unwrap_or(usize::MAX);
        let validation = if validation < kept { validation } else { 0 };
        let test = if apart[1] { n..total } else { kept..n };
        return Ok(Parts { train: Rows::Range(0..kept), validation, test: Rows::Range(test) });
    }
    let held = n..n + sizes[1];
    let test = if apart[1] { held.end..total } else { kept..n };
    Ok(Parts {
        train: Rows::List((0..kept).chain(held).collect()),
        validation: sizes[1],
        test: Rows::Range(test),
    })
}

/// Hashes the inputs of each sample as read, with a number that follows from its target.
fn contents(inputs: &Inputs, categorical: &[Vec<String>], targets: &Targets) -> Vec<Key> {
    let features = inputs.features;
    let mut bytes: Vec<u8> = Vec::new();
    let sample = |i: usize| {
        let row = i * features..(i + 1) * features;
        bytes.clear();
        match &inputs.values {
            Values::U8(v) => bytes.extend_from_slice(&v[row]),
            Values::F32(v) => v[row].iter().for_each(|x| bytes.extend(x.to_le_bytes())),
            // Gaps are equal whatever their bits, and so are zeros of either sign.
            Values::F64(v) => v[row].iter().for_each(|x| {
                let x = if x.is_nan() { f64::NAN } else { x + 0.0 };
                bytes.extend(x.to_le_bytes());
            }),
        }
        for column in categorical {
            bytes.extend(column[i].as_bytes());
            bytes.push(0);
        }
        let target = match targets {
            Targets::Classes { classes, .. } => classes[i] as u64,
            Targets::None => 0,
            Targets::Values { width, values } => {
                let mut hash = blake3::Hasher::new();
                for x in &values[i * width..(i + 1) * width] {
                    hash.update(&(x + 0.0).to_le_bytes());
                }
                let [a, b, c, d, e, f, g, h, ..] = start(&hash);
                u64::from_le_bytes([a, b, c, d, e, f, g, h])
            }
        };
        (start(blake3::Hasher::new().update(&bytes)), target)
    };
    (0..inputs.samples).map(sample).collect()
}

/// Fills gaps with the mean of the training samples and returns the number of gaps.
fn fill(inputs: &mut Inputs, parts: &Parts) -> u64 {
    let Values::F64(values) = &mut inputs.values else { return 0 };
    let features = inputs.features;
    let mut filled = 0;
    for feature in 0..features {
        let known: Vec<f64> = parts
            .fitted()
            .map(|i| values[i * features + feature])
            .filter(|x| !x.is_nan())
            .collect();
        // A column without any value in training is filled with zero.
        let mean = match known.first() {
            Some(first) => {
                first + known.iter().map(|x| x - first).sum::<f64>() / known.len() as f64
            }
            None => 0.0,
        };
        for value in values.iter_mut().skip(feature).step_by(features).filter(|x| x.is_nan()) {
            *value = mean;
            filled += 1;
        }
    }
    filled
}

/// Adds an input of 0 or 1 for each value that a categorical column has in training. They are all 0
/// for a gap, and for a value that does not occur in training.
fn expand(
    inputs: &mut Inputs,
    names: &mut Vec<String>,
    categorical: Vec<Vec<String>>,
    main: &Piece<'_>,
    parts: &Parts,
) -> Result<(), OwnError> {
    if categorical.is_empty() {
        return Ok(());
    }
    let categories: Vec<Vec<&str>> = categorical
        .iter()
        .map(|column| {
            let mut all: Vec<&str> =
                parts.fitted().map(|i| column[i].as_str()).filter(|w| !w.is_empty()).collect();
            // Numbers are ordered by size, words by their characters.
            let number = |w: &str| w.parse::<f64>().unwrap_or(f64::INFINITY);
            all.sort_by(|a, b| number(a).total_cmp(&number(b)).then_with(|| a.cmp(b)));
            all.dedup();
            all
        })
        .collect();
    let added: usize = categories.iter().map(Vec::len).sum();
    let (n, before) = (inputs.samples, inputs.features);
    let features = before + added;
    if features == 0 {
        let reason = "no categorical column has a value in the training samples";
        return Err(wrong(main.file, reason, "leave other columns as inputs too"));
    }
    if added > MOST_CATEGORIES || (n as u64).saturating_mul(features as u64) > LARGEST / 8 {
        let reason = format!("its categorical columns have {added} values");
        let remedy = "leave out columns of names and identifiers: `leave_out = [...]`";
        return Err(wrong(main.file, reason, remedy));
    }
    let place = |all: &Vec<&str>| -> HashMap<String, usize> {
        all.iter().enumerate().map(|(place, word)| ((*word).to_owned(), place)).collect()
    };
    let places: Vec<HashMap<String, usize>> = categories.iter().map(place).collect();
    let old = numbers(&inputs.values, inputs.unit);
    let mut values = Vec::with_capacity(n * features);
    for i in 0..n {
        values.extend_from_slice(&old[i * before..(i + 1) * before]);
        for (column, places) in categorical.iter().zip(&places) {
            let start = values.len();
            values.resize(start + places.len(), 0.0);
            if let Some(place) = places.get(&column[i]) {
                values[start + place] = 1.0;
            }
        }
    }
    if !main.names[1].is_empty() || !names.is_empty() {
        for (name, all) in main.names[1].iter().zip(&categories) {
            names.extend(all.iter().map(|category| format!("{name}={category}")));
        }
    }
    *inputs = Inputs {
        values: Values::F64(values),
        unit: 1.0,
        samples: n,
        features,
        scaling: Scaling::Features,
    };
    Ok(())
}
