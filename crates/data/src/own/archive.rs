//! Own data in an NPZ archive: the role of each array.

use std::path::Path;

use spec::own_data::{OwnFiles, checksum};
use spec::reading::{Arrays, Asked};

use super::error::{Fault, OwnError, Place, shown};
use super::npz::{Archive, Member, Roles, roles};
use super::piece::{Piece, of_arrays, of_labels};
use super::source;
use super::understand::Pieces;

/// Reads the arrays that the sweep file names, or else those whose names imply their roles.
pub(super) fn read<'a>(
    files: &'a OwnFiles,
    asked: &Asked,
    root: &Path,
) -> Result<Pieces<'a>, OwnError> {
    let file = files.path.as_str();
    let (mut archive, hash) = Archive::open(file, root)?;
    let arrays = match &files.arrays {
        Some(arrays) => arrays.clone(),
        None => match guessed(&archive.names()) {
            Some(arrays) => arrays,
            None => return Err(source::error(file, unclear(&mut archive))),
        },
    };
    let mut piece = |x: &str, y: &str| -> Result<Piece<'a>, OwnError> {
        let inputs = archive.inputs(x).map_err(|fault| source::error(file, fault))?;
        let targets = archive
            .labels(y)
            .and_then(|columns| of_labels(columns, asked))
            .map_err(|fault| source::error(file, fault))?;
        let mut piece = of_arrays(file, file, inputs, targets)?;
        let of = if piece.target_source.is_empty() { "" } else { ", " };
        piece.target_source = format!("the array `{}`{of}{}", shown(y), piece.target_source);
        Ok(piece)
    };
    let mut main = piece(&arrays.inputs, &arrays.labels)?;
    let mut pair = |x: &Option<String>, y: &Option<String>| {
        x.as_ref().zip(y.as_ref()).map(|(x, y)| piece(x, y)).transpose()
    };
    let test = pair(&arrays.test_inputs, &arrays.test_labels)?;
    let validation = pair(&arrays.validation_inputs, &arrays.validation_labels)?;
    main.notes.push(said(&arrays));
    let checksum = checksum([("path", hash.as_str())]);
    Ok(Pieces { main, validation, test, checksum })
}

/// Returns the fault of names that do not imply the roles; it lists the arrays.
fn unclear<R: std::io::Read + std::io::Seek>(archive: &mut Archive<R>) -> Fault {
    const MOST: usize = 12;
    let members = match archive.members() {
        Ok(members) => members,
        Err(fault) => return fault,
    };
    let shape = |m: &Member| m.shape.iter().map(u64::to_string).collect::<Vec<_>>().join("x");
    let said = |m: &Member| match &m.shape[..] {
        [] => format!("`{}` ({})", shown(&m.name), m.dtype),
        _ => format!("`{}` ({} {})", shown(&m.name), shape(m), m.dtype),
    };
    let mut all: Vec<String> = members.iter().take(MOST).map(said).collect();
    if members.len() > MOST {
        all.push(format!("{} more", members.len() - MOST));
    }
    let reason = format!("which arrays are inputs and labels is not clear: {}", all.join(", "));
    let remedy = "name them: `arrays = { inputs = \"...\", labels = \"...\" }`";
    Fault::new(Place::File, reason, remedy)
}

/// Returns the roles that the names imply.
fn guessed(names: &[String]) -> Option<Arrays> {
    let Roles { main, test, validation } = roles(names)?;
    let [test, validation] = [test, validation].map(|pair| match pair {
        Some(pair) => (Some(pair.inputs), Some(pair.labels)),
        None => (None, None),
    });
    Some(Arrays {
        inputs: main.inputs,
        labels: main.labels,
        test_inputs: test.0,
        test_labels: test.1,
        validation_inputs: validation.0,
        validation_labels: validation.1,
    })
}

/// Returns a sentence that names the arrays that were read.
fn said(arrays: &Arrays) -> String {
    let mut all = vec![format!("inputs `{}`", shown(&arrays.inputs))];
    for (name, part) in [(&arrays.test_inputs, "test"), (&arrays.validation_inputs, "validation")] {
        all.extend(name.iter().map(|name| format!("{part} `{}`", shown(name))));
    }
    format!("Arrays: {}.", all.join(", "))
}
