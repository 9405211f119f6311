//! The user's own texts: each character or byte is a token, and the parts are consecutive pieces.

use std::path::Path;

use spec::dataset::DatasetSpec;
use spec::own_data::{Inspected, OwnData, OwnFiles, OwnRequest, Scaling, Vocabulary, checksum};
use spec::reading::{ClassCount, DataDescription};
use text_format::plural;

use super::error::{Fault, OwnError, Place};
use super::source::Source;
use super::{as_planned, unless_changed, wrong};
use crate::vocabulary::{Entries, MOST};
use crate::{Dataset, Part};

/// Tokens of a dataset's texts.
struct Texts {
    entries: Entries,
    /// Tokens of the training split, including validation.
    train: Vec<f32>,
    test: Vec<f32>,
    own: OwnData,
}

pub(super) fn inspect(request: &OwnRequest, root: &Path) -> Result<Inspected, OwnError> {
    let texts = read(&request.files, request.test, request.validation, root)?;
    let described = describe(&texts);
    Ok(Inspected { data: texts.own, described, traps: Vec::new() })
}

pub(super) fn load(own: &OwnData, root: &Path) -> Result<Dataset, OwnError> {
    let files = &own.files;
    let test = files.test_path.is_none().then_some(own.test);
    let validation = if files.validation_path.is_some() { 0 } else { own.validation };
    let texts = unless_changed(own, root, read(files, test, validation, root))?;
    as_planned(own, &texts.own)?;
    Ok(Dataset {
        name: DatasetSpec::Own(Box::new(own.clone())),
        digest: own.checksum.clone(),
        features: 1,
        classes: texts.entries.len(),
        train: Part::of_classes(texts.train, Vec::new()),
        test: Part::of_classes(texts.test, Vec::new()),
    })
}

/// Reads the files of a text. The last `test` tokens of `path` are the test split; if `test` is
/// `None` and there is no test file, the last tenth is.
fn read(
    files: &OwnFiles,
    test: Option<u64>,
    validation: u64,
    root: &Path,
) -> Result<Texts, OwnError> {
    // The text itself, then the test and validation files.
    let roles = files.roles();
    let mut bytes = Vec::new();
    let mut hashes = Vec::new();
    for (_, file) in &roles {
        let (text, hash) = bytes_of(file, root)?;
        bytes.push(text);
        hashes.push(hash);
    }
    let kind = files.vocabulary.unwrap_or(Vocabulary::Char);
    let all: Vec<&[u8]> = bytes.iter().map(Vec::as_slice).collect();
    let entries = Entries::of(kind, &all).map_err(|(at, found)| OwnError::Content {
        file: roles[at].1.to_owned(),
        place: Place::Line(found.line),
        reason: format!("no UTF-8 after byte {}", found.offset),
        remedy: "save it as UTF-8, or give vocabulary = \"byte\"".to_owned(),
    })?;
    if entries.len() > MOST {
        let reason =
            format!("{} different characters, at most {MOST} can be tokens", entries.len());
        return Err(wrong(&files.path, reason, "give vocabulary = \"byte\""));
    }
    let mut tokens = all.iter().map(|text| entries.tokens(text));
    let mut train = tokens.next().unwrap_or_default();
    let mut next = |there: &Option<String>| there.as_ref().and_then(|_| tokens.next());
    let (test_text, validation_text) = (next(&files.test_path), next(&files.validation_path));
    let cut = match &test_text {
        Some(_) => 0,
        None => test.unwrap_or(train.len() as u64 / 10),
    };
    let keep = (train.len() as u64).checked_sub(cut).filter(|&n| n > 0).ok_or_else(|| {
        let reason = format!("{} tokens, of which test = {cut} leaves none", train.len());
        wrong(&files.path, reason, "lower `test`")
    })?;
    let test = test_text.unwrap_or_else(|| train.split_off(keep as usize));
    let validation = match &validation_text {
        Some(text) => text.len() as u64,
        None => validation,
    };
    train.extend(validation_text.unwrap_or_default());
    let hashes = roles.iter().zip(&hashes).map(|((role, _), hash)| (*role, hash.as_str()));
    let own = OwnData {
        files: files.clone(),
        test: cut,
        scaling: Scaling::None,
        features: 1,
        classes: entries.len() as u64,
        train_len: train.len() as u64,
        test_len: test.len() as u64,
        checksum: checksum(hashes),
        targets: 0,
        validation,
        reading: None,
    };
    Ok(Texts { entries, train, test, own })
}

/// Returns the decompressed bytes of a file and the SHA-256 of its bytes on disk.
fn bytes_of(file: &str, root: &Path) -> Result<(Vec<u8>, String), OwnError> {
    let mut source = Source::open(file, root)?;
    let mut bytes = Vec::new();
    if let Err(error) = source.reader().read_to_end(&mut bytes) {
        return Err(source.error(Fault::Io(error)));
    }
    Ok((bytes, source.finish()?))
}

fn describe(texts: &Texts) -> DataDescription {
    let Texts { entries, train, test, own } = texts;
    let files = &own.files;
    let held = train.len().saturating_sub(usize::try_from(own.validation).unwrap_or(usize::MAX));
    let (fitted, validation) = train.split_at(held);
    let mut counts = vec![[0u64; 3]; entries.len()];
    for (part, tokens) in [fitted, validation, test].into_iter().enumerate() {
        tokens.iter().for_each(|&token| counts[token as usize][part] += 1);
    }
    let unit = match entries {
        Entries::Chars(_) => "character",
        Entries::Bytes => "byte",
    };
    let name = |i: usize| match entries {
        Entries::Chars(chars) => chars[i].to_string(),
        Entries::Bytes => format!("0x{i:02x}"),
    };
    let classes = counts.into_iter().enumerate();
    let part = |file: &Option<String>, tokens: u64, what: &str| match (file, tokens) {
        (_, 0) => None,
        (Some(path), _) => Some(format!("{what} {path}")),
        (None, n) => Some(format!("{what} the last {}", plural::count(n, unit))),
    };
    let split: Vec<String> = [
        part(&files.test_path, own.test_len, "test"),
        part(&files.validation_path, own.validation, "validation"),
    ]
    .into_iter()
    .flatten()
    .collect();
    DataDescription {
        rows: (train.len() + test.len()) as u64,
        features: 1,
        target: format!("the next {unit}"),
        split: if split.is_empty() { "no split".to_owned() } else { split.join(", ") },
        scaling: "none".to_owned(),
        parts: [fitted.len() as u64, own.validation, own.test_len],
        classes: classes.map(|(i, counts)| ClassCount { name: name(i), counts }).collect(),
        tokens: Some(unit.to_owned()),
        ..DataDescription::default()
    }
}
