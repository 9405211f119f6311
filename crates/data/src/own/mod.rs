//! The user's own data: files are read one by one, interpreted together, split, scaled and
//! described.

mod archive;
mod array;
mod columns;
mod csv;
mod describe;
mod error;
mod guard;
mod idx;
mod matrix;
mod npy;
mod npz;
mod parquet;
mod parts;
mod piece;
mod scale;
mod source;
mod table;
mod targets;
mod text;
mod traps;
mod understand;

use std::path::Path;

use spec::Digest;
use spec::dataset::DatasetSpec;
use spec::own_data::{Inspected, OwnData, OwnFiles, OwnKind, OwnRequest, checksum};
use spec::reading::{Asked, Reading};

use self::piece::Piece;
pub(crate) use self::scale::statistics;
use self::scale::{Overflow, Scaler};
use self::targets::Targets;
use self::understand::{Pieces, Samples};
use crate::{Dataset, Part};

pub use self::error::{OwnError, Place};

/// Inputs and targets as they are fed, and the scaling of the targets.
struct Fed {
    /// Training split, then test split.
    parts: [Part; 2],
    /// Mean and divisor of each target; empty for classes.
    statistics: (Vec<f64>, Vec<f64>),
}

pub(crate) fn inspect(request: &OwnRequest, root: &Path) -> Result<Inspected, OwnError> {
    if request.files.kind == OwnKind::Text {
        return text::inspect(request, root);
    }
    let pieces = read(&request.files, &request.asked, root)?;
    if pieces.validation.is_some() && request.validation > 0 {
        let reason = "it has a validation split of its own, and `validation` asks for another";
        return Err(wrong(&request.files.path, reason, "leave `validation` out of [data]"));
    }
    let samples = Samples::new(pieces, request)?;
    traps::refused(&samples)?;
    let mut data = resolve(request, &samples);
    let fed = feed(&samples, &data)?;
    understood(&mut data, &samples, &fed);
    let described = describe::describe(request, &samples, &data, &fed.statistics);
    let traps = traps::traps(request, &samples, &described);
    Ok(Inspected { data, described, traps })
}

pub(crate) fn load(own: &OwnData, root: &Path) -> Result<Dataset, OwnError> {
    if own.files.kind == OwnKind::Text {
        return text::load(own, root);
    }
    let reading = own.reading.as_deref();
    let nothing = Asked::default();
    let asked = reading.map_or(&nothing, |r| &r.asked);
    let pieces = unless_changed(own, root, read(&own.files, asked, root))?;
    if pieces.checksum != own.checksum {
        return Err(changed(own));
    }
    let request = OwnRequest {
        files: own.files.clone(),
        test: (own.test > 0).then_some(own.test),
        scaling: Some(own.scaling),
        asked: asked.clone(),
        split: reading.and_then(|r| r.split),
        validation: own.validation,
        values: reading.is_some_and(|r| r.values),
    };
    let samples = Samples::new(pieces, &request)?;
    let mut found = resolve(&request, &samples);
    let fed = feed(&samples, &found)?;
    understood(&mut found, &samples, &fed);
    as_planned(own, &found)?;
    let [train, test] = fed.parts;
    Ok(Dataset {
        name: DatasetSpec::Own(Box::new(own.clone())),
        digest: own.checksum.clone(),
        features: samples.inputs.features,
        classes: own.classes as usize,
        train,
        test,
    })
}

/// Reads the matrix of a quadratic; `None` if the dataset has none.
pub(crate) fn matrix(own: &OwnData, root: &Path) -> Result<Option<Vec<f32>>, OwnError> {
    let features = usize::try_from(own.features).unwrap_or(usize::MAX);
    let read = |file: &String| Ok(matrix::read(file, features, root)?.0);
    own.files.matrix.as_ref().map(read).transpose()
}

pub(crate) fn check(own: &OwnData, root: &Path) -> Result<(), OwnError> {
    let roles = own.files.roles();
    let hashes =
        roles.iter().map(|(_, file)| source::sha256(file, root)).collect::<Result<Vec<_>, _>>()?;
    let found = checksum(roles.iter().zip(&hashes).map(|((role, _), hash)| (*role, hash.as_str())));
    if found == own.checksum { Ok(()) } else { Err(changed(own)) }
}

/// Returns what was read from the files of a plan. If reading failed because the files have changed
/// since the plan, the error reports the change, which is more helpful than the symptom.
fn unless_changed<T>(own: &OwnData, root: &Path, read: Result<T, OwnError>) -> Result<T, OwnError> {
    read.or_else(|error| check(own, root).and(Err(error)))
}

/// Checks that the files contain what the plan says.
fn as_planned(own: &OwnData, found: &OwnData) -> Result<(), OwnError> {
    if found.checksum != own.checksum {
        return Err(changed(own));
    }
    if found != own {
        let (planned, found) = (sizes(own), sizes(found));
        return Err(OwnError::Plan { file: own.files.path.clone(), planned, found });
    }
    Ok(())
}

fn changed(own: &OwnData) -> OwnError {
    OwnError::Changed { files: own.files.roles().iter().map(|(_, f)| (*f).to_owned()).collect() }
}

/// Describes the sizes in words.
fn sizes(own: &OwnData) -> String {
    let targets = match (own.classes, own.targets) {
        (0, 0) => "without targets".to_owned(),
        (0, 1) => "with 1 target".to_owned(),
        (0, n) => format!("with {n} targets"),
        (n, _) => format!("in {n} classes"),
    };
    let understood = own.reading.as_ref().and_then(|r| r.understood.as_deref());
    format!(
        "{} + {} samples of {} features {targets}{}",
        own.train_len,
        own.test_len,
        own.features,
        understood
            .map(|hash| format!(", read as {}", &hash[..hash.len().min(8)]))
            .unwrap_or_default(),
    )
}

/// Reads every file, in the order of [`OwnFiles::roles`].
fn read<'a>(files: &'a OwnFiles, asked: &Asked, root: &Path) -> Result<Pieces<'a>, OwnError> {
    if files.kind == OwnKind::Npz {
        return archive::read(files, asked, root);
    }
    let mut hashes = Vec::new();
    let mut piece = |path: &'a str, labels: &Option<String>| {
        let vectors = files.kind == OwnKind::Npy && files.matrix.is_some();
        piece::read(files.kind, path, labels.as_deref(), vectors, asked, root, &mut hashes)
    };
    let main = piece(&files.path, &files.labels)?;
    let mut other = |path: &'a Option<String>, labels: &Option<String>| {
        path.as_ref().map(|path| piece(path, labels)).transpose()
    };
    let test = other(&files.test_path, &files.test_labels)?;
    let validation = other(&files.validation_path, &files.validation_labels)?;
    if let Some(file) = &files.matrix {
        hashes.push(matrix::read(file, main.inputs.features, root)?.1);
    }
    let roles = files.roles();
    if roles.len() != hashes.len() {
        let remedy = "a CSV has no files of labels, and `test_labels` goes with `test_path`";
        return Err(wrong(&files.path, "a file of labels that has no use", remedy));
    }
    let checksum =
        checksum(roles.iter().zip(&hashes).map(|((role, _), hash)| (*role, hash.as_str())));
    Ok(Pieces { main, validation, test, checksum })
}

/// Completes the request with what the files contain; [`understood`] adds the hash of the
/// interpretation later.
fn resolve(request: &OwnRequest, samples: &Samples<'_>) -> OwnData {
    let Samples { inputs, targets, parts, pieces, checksum, own_test, .. } = samples;
    let (classes, width) = match targets {
        Targets::Classes { names, .. } => (names.len() as u64, 0),
        Targets::Values { width, .. } => (0, *width as u64),
        Targets::None => (0, 0),
    };
    let plain = pieces.iter().all(|piece: &Piece<'_>| piece.plain)
        && targets.is_plain()
        && samples.filled == 0
        && request.split.is_none()
        && request.files.validation_path.is_none()
        && matches!(request.files.kind, OwnKind::Csv | OwnKind::Npy | OwnKind::Idx);
    let values = classes == 0 && request.asked.target.is_empty() && request.values;
    let neutral = plain && request.asked.is_neutral();
    let reading = Reading {
        asked: request.asked.clone(),
        split: request.split,
        values,
        // Filled in by `understood`.
        understood: if plain { None } else { Some(String::new()) },
    };
    OwnData {
        files: request.files.clone(),
        test: *own_test,
        scaling: request.scaling.unwrap_or(match request.files.matrix {
            // The vectors of a quadratic are the problem itself.
            Some(_) => spec::own_data::Scaling::None,
            None => inputs.scaling,
        }),
        features: inputs.features as u64,
        classes,
        train_len: parts.train.len() as u64,
        test_len: parts.test.len() as u64,
        checksum: checksum.clone(),
        targets: width,
        validation: parts.validation as u64,
        reading: (!neutral).then(|| Box::new(reading)),
    }
}

/// Scales the inputs of both parts, and targets that are real values.
fn feed(samples: &Samples<'_>, own: &OwnData) -> Result<Fed, OwnError> {
    let Samples { inputs, targets, parts, .. } = samples;
    let scaler = Scaler::fit(own.scaling, inputs, parts.fitted());
    let scaled = |rows: &parts::Rows| {
        let mut out = Vec::with_capacity(rows.len() * inputs.features);
        let done = scaler.apply(inputs, rows.iter(), &mut |v| out.push(v));
        done.map(|()| out).map_err(|Overflow { sample, feature }| {
            let (piece, at) = samples.piece(sample);
            OwnError::Content {
                file: piece.file.to_owned(),
                place: piece.place(at, feature),
                reason: format!(
                    "too large for a 32-bit float after scaling `{}`",
                    own.scaling.name()
                ),
                remedy: "give the values in another unit".to_owned(),
            }
        })
    };
    let (train, test) = (scaled(&parts.train)?, scaled(&parts.test)?);
    match targets {
        Targets::Classes { classes, .. } => {
            let of = |rows: &parts::Rows| rows.iter().map(|i| classes[i]).collect();
            let parts = [
                Part::of_classes(train, of(&parts.train)),
                Part::of_classes(test, of(&parts.test)),
            ];
            Ok(Fed { parts, statistics: Default::default() })
        }
        Targets::None => {
            let parts = [train, test].map(|inputs| Part::of_values(inputs, Vec::new(), 0));
            Ok(Fed { parts, statistics: Default::default() })
        }
        Targets::Values { width, values } => {
            let row = |i: usize| &values[i * width..(i + 1) * width];
            let fitted: Vec<f64> = parts.fitted().flat_map(row).copied().collect();
            let (means, divisors) = statistics(&fitted, 1.0, *width);
            let scaled = |i: usize| {
                let each = row(i).iter().zip(means.iter().zip(&divisors));
                each.map(|(x, (mean, divisor))| ((x - mean) / divisor) as f32).collect::<Vec<f32>>()
            };
            let of = |rows: &parts::Rows| rows.iter().flat_map(scaled).collect::<Vec<f32>>();
            let parts = [
                Part::of_values(train, of(&parts.train), *width),
                Part::of_values(test, of(&parts.test), *width),
            ];
            if let Some(at) = parts.iter().flat_map(|p| &p.values).position(|x| !x.is_finite()) {
                let reason = format!("target {} is too large for a 32-bit float", at % width + 1);
                return Err(wrong(samples.pieces[0].file, reason, "give it in another unit"));
            }
            Ok(Fed { parts, statistics: (means, divisors) })
        }
    }
}

/// Adds the hash of all that is fed, unless the reading is a plain one, which has no hash.
fn understood(own: &mut OwnData, samples: &Samples<'_>, fed: &Fed) {
    let hash = match own.reading.as_deref_mut().and_then(|r| r.understood.as_mut()) {
        Some(hash) => hash,
        None => return,
    };
    let mut all = blake3::Hasher::new();
    all.update(&(samples.inputs.features as u64).to_le_bytes());
    if let Targets::Classes { names, .. } = &samples.targets {
        for name in names {
            all.update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes());
        }
    }
    for part in &fed.parts {
        all.update(&(part.len() as u64).to_le_bytes());
        let values: &[f32] = &part.inputs;
        all.update(bytemuck::cast_slice(values));
        all.update(bytemuck::cast_slice(&part.labels));
        all.update(bytemuck::cast_slice(&part.values));
    }
    *hash = Digest::from_hash(&all.finalize()).to_string();
}

fn wrong(file: &str, reason: impl Into<String>, remedy: &str) -> OwnError {
    OwnError::Content {
        file: file.to_owned(),
        place: Place::File,
        reason: reason.into(),
        remedy: remedy.to_owned(),
    }
}
