//! The user's own data: `read` one split after the other, `resolve` what the
//! sweep file leaves open, then scale.

mod array;
mod csv;
mod error;
mod guard;
mod idx;
mod labels;
mod npy;
#[allow(dead_code, reason = "no kind reads it yet")]
mod npz;
#[allow(dead_code, reason = "no kind reads it yet")]
mod parquet;
mod scale;
mod source;
#[allow(dead_code, reason = "not every format is a table yet")]
mod table;

use std::path::Path;

use spec::dataset::DatasetSpec;
use spec::own_data::{OwnData, OwnFiles, OwnKind, OwnRequest, Scaling, checksum};

use self::error::Fault;
pub(crate) use self::scale::statistics;
use self::scale::{Inputs, Overflow, Scaler, Values};
use self::source::Source;
use self::table::Column;
use crate::{Dataset, Part};

pub use self::error::{OwnError, Place};

/// The samples of one or two files.
struct Samples<'a> {
    /// File of the inputs as given.
    file: &'a str,
    inputs: Inputs,
    labels: Vec<i64>,
}

/// Everything in the files.
struct Contents<'a> {
    main: Samples<'a>,
    /// Of `test_path`.
    test: Option<Samples<'a>>,
    checksum: String,
}

pub(crate) fn inspect(request: &OwnRequest, root: &Path) -> Result<OwnData, OwnError> {
    let contents = read(&request.files, root)?;
    let own = resolve(request, &contents)?;
    scale(&contents, &own, &mut |_| (), &mut |_| ())?;
    Ok(own)
}

pub(crate) fn load(own: &OwnData, root: &Path) -> Result<Dataset, OwnError> {
    let contents = match read(&own.files, root) {
        Ok(contents) => contents,
        Err(error) => {
            // That the data changed says more than what is now wrong with them.
            check(own, root)?;
            return Err(error);
        }
    };
    if contents.checksum != own.checksum {
        return Err(changed(own));
    }
    let request = OwnRequest {
        files: own.files.clone(),
        test: own.files.test_path.is_none().then_some(own.test),
        scaling: Some(own.scaling),
    };
    let found = resolve(&request, &contents)?;
    if found != *own {
        let (planned, found) = (sizes(own), sizes(&found));
        return Err(OwnError::Plan { file: own.files.path.clone(), planned, found });
    }
    let mut train = Vec::with_capacity(own.train_len as usize * contents.main.inputs.features);
    let mut test = Vec::with_capacity(own.test_len as usize * contents.main.inputs.features);
    scale(&contents, own, &mut |v| train.push(v), &mut |v| test.push(v))?;
    let mut labels = contents.main.labels;
    let test_labels = match contents.test {
        Some(test) => test.labels,
        None => labels.split_off(own.train_len as usize),
    };
    Ok(Dataset {
        name: DatasetSpec::Own(Box::new(own.clone())),
        digest: own.checksum.clone(),
        features: contents.main.inputs.features,
        classes: own.classes as usize,
        train: Part::of_classes(train, labels),
        test: Part::of_classes(test, test_labels),
    })
}

pub(crate) fn check(own: &OwnData, root: &Path) -> Result<(), OwnError> {
    let roles = own.files.roles();
    let hashes =
        roles.iter().map(|(_, file)| source::sha256(file, root)).collect::<Result<Vec<_>, _>>()?;
    let found = checksum(roles.iter().zip(&hashes).map(|((role, _), hash)| (*role, hash.as_str())));
    if found == own.checksum { Ok(()) } else { Err(changed(own)) }
}

fn changed(own: &OwnData) -> OwnError {
    OwnError::Changed { files: own.files.roles().iter().map(|(_, f)| (*f).to_owned()).collect() }
}

/// Sizes in words.
fn sizes(own: &OwnData) -> String {
    format!(
        "{} + {} samples of {} features in {} classes",
        own.train_len, own.test_len, own.features, own.classes
    )
}

/// Reads every file, in the order of [`OwnFiles::roles`].
fn read<'a>(files: &'a OwnFiles, root: &Path) -> Result<Contents<'a>, OwnError> {
    let mut hashes = Vec::new();
    let main = samples(files.kind, &files.path, files.labels.as_deref(), root, &mut hashes)?;
    let test = match &files.test_path {
        Some(path) => {
            Some(samples(files.kind, path, files.test_labels.as_deref(), root, &mut hashes)?)
        }
        None => None,
    };
    let roles = files.roles();
    if roles.len() != hashes.len() {
        let remedy = "a CSV has no files of labels, and `test_labels` goes with `test_path`";
        return Err(wrong(&files.path, "a file of labels that has no use", remedy));
    }
    let checksum =
        checksum(roles.iter().zip(&hashes).map(|((role, _), hash)| (*role, hash.as_str())));
    Ok(Contents { main, test, checksum })
}

/// The samples of `file` and its labels; appends the SHA-256 of what was read.
fn samples<'a>(
    kind: OwnKind,
    file: &'a str,
    labels: Option<&str>,
    root: &Path,
    hashes: &mut Vec<String>,
) -> Result<Samples<'a>, OwnError> {
    let mut source = Source::open(file, root)?;
    let room = source.len();
    let inputs = match kind {
        OwnKind::Csv => {
            let table = csv::parse(source.reader()).map_err(|fault| source.error(fault))?;
            hashes.push(source.finish()?);
            let inputs = Inputs {
                values: Values::F64(table.values),
                unit: 1.0,
                samples: table.labels.len(),
                features: table.features,
                scaling: Scaling::Features,
            };
            return Ok(Samples { file, inputs, labels: table.labels });
        }
        OwnKind::Npy => npy::inputs(source.reader(), room),
        OwnKind::Idx => idx::inputs(source.reader(), room),
    };
    let inputs = inputs.map_err(|fault| source.error(fault))?;
    hashes.push(source.finish()?);

    let Some(labels_file) = labels else {
        return Err(wrong(file, "no labels are given", "name the file of its labels"));
    };
    let mut source = Source::open(labels_file, root)?;
    let room = source.len();
    let labels = match kind {
        OwnKind::Idx => idx::labels(source.reader(), room),
        OwnKind::Npy | OwnKind::Csv => npy::labels(source.reader(), room),
    };
    let labels = labels.and_then(classes).map_err(|fault: Fault| source.error(fault))?;
    hashes.push(source.finish()?);
    if labels.len() != inputs.samples {
        let reason =
            format!("{} labels for the {} samples of {file}", labels.len(), inputs.samples);
        return Err(wrong(labels_file, reason, "give the labels of these inputs"));
    }
    Ok(Samples { file, inputs, labels })
}

/// One column of whole numbers as classes.
fn classes(columns: Vec<Column>) -> Result<Vec<i64>, Fault> {
    let [Column::Numbers(values)] = &columns[..] else {
        let reason = format!("{} column(s) of labels, one of numbers is read", columns.len());
        return Err(Fault::new(Place::File, reason, labels::REMEDY));
    };
    let class = |(index, &value)| {
        let named = |reason| Fault::new(Place::Sample(index), reason, labels::REMEDY);
        labels::class_of_float(value).map_err(named)
    };
    values.iter().enumerate().map(class).collect()
}

/// What the sweep file leaves open, from what is in the files.
fn resolve(request: &OwnRequest, contents: &Contents<'_>) -> Result<OwnData, OwnError> {
    let Contents { main, test, checksum } = contents;
    let samples = main.inputs.samples as u64;
    let (own_test, train_len, test_len) = match test {
        Some(_) if request.test.is_some() => {
            let reason = "both `test` and `test_path` are given";
            return Err(wrong(main.file, reason, "leave one of them out"));
        }
        Some(test) => {
            if test.inputs.features != main.inputs.features {
                let reason = format!(
                    "{} features, the samples of {} have {}",
                    test.inputs.features, main.file, main.inputs.features
                );
                return Err(wrong(test.file, reason, "give both splits the same features"));
            }
            (0, samples, test.inputs.samples as u64)
        }
        None => {
            let wanted = request.test.unwrap_or((samples / 5).max(1));
            if wanted == 0 || wanted >= samples {
                let reason =
                    format!("{samples} sample(s), of which {wanted} are to be the test split");
                let remedy = "leave at least one sample for training and one for the test, or give a `test_path`";
                return Err(wrong(main.file, reason, remedy));
            }
            (wanted, samples - wanted, wanted)
        }
    };
    let labels = main.labels.iter().chain(test.iter().flat_map(|test| &test.labels));
    let classes = labels.max().map_or(0, |largest| *largest as u64 + 1);
    if classes < 2 {
        let reason = "only class 0 occurs";
        return Err(wrong(main.file, reason, "two classes at least are needed to tell apart"));
    }
    Ok(OwnData {
        files: request.files.clone(),
        test: own_test,
        scaling: request.scaling.unwrap_or(main.inputs.scaling),
        features: main.inputs.features as u64,
        classes,
        train_len,
        test_len,
        checksum: checksum.clone(),
    })
}

/// Passes the scaled inputs of both splits on, in file order.
fn scale(
    contents: &Contents<'_>,
    own: &OwnData,
    train: &mut impl FnMut(f32),
    test: &mut impl FnMut(f32),
) -> Result<(), OwnError> {
    let main = &contents.main;
    let train_len = own.train_len as usize;
    let scaler = Scaler::fit(own.scaling, &main.inputs, train_len);
    let named = |file, Overflow { sample, feature }| OwnError::Content {
        file: String::from(file),
        place: Place::Value { sample, feature },
        reason: format!("too large for a 32-bit float after scaling `{}`", own.scaling.name()),
        remedy: "give the values in another unit".to_owned(),
    };
    scaler.apply(&main.inputs, 0..train_len, train).map_err(|o| named(main.file, o))?;
    let apart = contents.test.as_ref();
    let (split, range) = match apart {
        Some(split) => (split, 0..split.inputs.samples),
        None => (main, train_len..main.inputs.samples),
    };
    scaler.apply(&split.inputs, range, test).map_err(|o| named(split.file, o))
}

fn wrong(file: &str, reason: impl Into<String>, remedy: &str) -> OwnError {
    OwnError::Content {
        file: file.to_owned(),
        place: Place::File,
        reason: reason.into(),
        remedy: remedy.to_owned(),
    }
}
