//! The sweep file: turns TOML text into a [`Plan`] and explains every problem.
//!
//! `layers` parses and merges, `parse` checks keys and types, `expand` makes
//! the combinations and resolves each into a `RunSpec`.

mod axis;
mod claim;
mod combination;
mod data;
pub mod diagnostic;
mod duration;
mod exclude;
mod expand;
mod fits;
mod layers;
mod lengths;
mod lints;
mod node;
mod parse;
mod percent;
mod reader;
mod resolve;
mod schedules;
mod shapes;
pub mod source;
mod stages;
mod sweep;
mod tables;
mod targets;
mod text;
mod threads;
pub mod user;

use std::io::Read;
use std::path::Path;

use spec::own_data::{Inspected, OwnRequest, Unusable};
use spec::plan::Plan;
use spec::slurm::SlurmSettings;

use diagnostic::{Diagnostic, Diagnostics};
pub use duration::duration;
pub use layers::Overrides;
pub use sweep::SweepSpec;
pub use tables::tables;
pub use threads::{number_of_threads, number_of_threads_in};

/// Largest size of a sweep file in bytes; a larger file is refused before it is parsed.
pub const MAX_BYTES: u64 = 4 << 20;

/// A plan with the warnings of its sweep file.
#[derive(Debug)]
pub struct Loaded {
    /// The plan.
    pub plan: Plan,
    /// Settings of cluster tasks; not part of the plan.
    pub slurm: SlurmSettings,
    /// The warnings; no errors.
    pub warnings: Diagnostics,
}

/// Inspects user data: returns its sizes, classes and checksum, or the problem that makes it
/// unusable. The crate `data` implements it, since this crate reads no data.
pub type Inspect<'a> = &'a dyn Fn(&OwnRequest) -> Result<Inspected, Unusable>;

/// Reads a sweep file, applies the overrides and expands it. User data needs [`load_with`].
///
/// # Errors
/// Every problem found, at once.
pub fn load(path: &Path, overrides: &Overrides) -> Result<Loaded, Diagnostics> {
    load_with(path, overrides, &without_inspection)
}

/// Loads a sweep file as [`load`] does, and inspects user data with `inspect`.
///
/// # Errors
/// Every problem found, at once.
pub fn load_with(
    path: &Path,
    overrides: &Overrides,
    inspect: Inspect<'_>,
) -> Result<Loaded, Diagnostics> {
    let (stem, text) = open(path)?;
    load_text_with(&path.display().to_string(), &stem, text, overrides, inspect)
}

/// Returns the `name` of a sweep file without expanding it.
///
/// # Errors
/// Problems of the file itself.
pub fn name(path: &Path) -> Result<String, Diagnostics> {
    Ok(outline(path, &Overrides::default())?.name)
}

/// Returns the parsed sweep file, without expanding it or inspecting its data.
///
/// # Errors
/// Problems of the file itself.
pub fn outline(path: &Path, overrides: &Overrides) -> Result<SweepSpec, Diagnostics> {
    let (stem, text) = open(path)?;
    Ok(outline_text(&path.display().to_string(), &stem, text, overrides)?.0)
}

/// Parses a text in memory as [`outline`] does; the diagnostics hold the text for later problems.
fn outline_text(
    name: &str,
    stem: &str,
    text: String,
    overrides: &Overrides,
) -> Result<(SweepSpec, Diagnostics), Diagnostics> {
    let mut diagnostics = Diagnostics::default();
    let file = diagnostics.sources.add(name, text);
    let spec = layers::merge(file, overrides, &mut diagnostics)
        .and_then(|root| parse::parse(&root, stem, &mut diagnostics));
    match spec {
        Some(spec) if !diagnostics.has_errors() => Ok((spec, diagnostics)),
        _ => Err(diagnostics),
    }
}

fn without_inspection(_: &OwnRequest) -> Result<Inspected, Unusable> {
    Err(Unusable { problem: "user data cannot be inspected here".to_owned(), remedy: None })
}

fn open(path: &Path) -> Result<(String, String), Diagnostics> {
    let text = read(
        path,
        "a sweep file",
        "give the path of a sweep file, such as experiments/battle.toml",
    )?;
    let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    Ok((stem, text))
}

/// Loads a text in memory as [`load`] does. Diagnostics show `name`; `stem` is the sweep's default
/// name.
///
/// # Errors
/// Every problem found, at once.
pub fn load_text(
    name: &str,
    stem: &str,
    text: String,
    overrides: &Overrides,
) -> Result<Loaded, Diagnostics> {
    load_text_with(name, stem, text, overrides, &without_inspection)
}

/// Loads a text as [`load_text`] does, and inspects user data with `inspect`.
///
/// # Errors
/// Every problem found, at once.
pub fn load_text_with(
    name: &str,
    stem: &str,
    text: String,
    overrides: &Overrides,
    inspect: Inspect<'_>,
) -> Result<Loaded, Diagnostics> {
    let mut diagnostics = Diagnostics::default();
    let file = diagnostics.sources.add(name, text.clone());
    let spec = layers::merge(file, overrides, &mut diagnostics)
        .and_then(|root| parse::parse(&root, stem, &mut diagnostics));
    if diagnostics.has_errors() {
        return Err(diagnostics);
    }
    let expanded = spec.and_then(|mut spec| {
        if overrides.smoke {
            spec.smoke();
        }
        Some((expand::expand(&spec, inspect, &mut diagnostics)?, spec.slurm))
    });
    match expanded {
        Some((mut plan, slurm)) if !diagnostics.has_errors() => {
            plan.file = name.to_owned();
            plan.text = text;
            plan.overrides = overrides.lines();
            Ok(Loaded { plan, slurm, warnings: diagnostics })
        }
        _ => Err(diagnostics),
    }
}

/// Reads the text of a file. Messages use `kind` for what the file should be, and `absent` as the
/// help if it cannot be opened.
fn read(path: &Path, kind: &str, absent: &str) -> Result<String, Diagnostics> {
    let shown = path.display();
    let fail = |message: String, help: &str| {
        let mut diagnostics = Diagnostics::default();
        diagnostics.push(Diagnostic::error_without_place(message).help(help));
        diagnostics
    };
    let file =
        std::fs::File::open(path).map_err(|e| fail(format!("cannot open {shown}: {e}"), absent))?;
    if file.metadata().is_ok_and(|m| m.is_dir()) {
        return Err(fail(format!("{shown} is a folder, not {kind}"), "name a .toml file in it"));
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| fail(format!("cannot read {shown}: {e}"), "check the file's permissions"))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(fail(
            format!("{shown} is larger than {} MiB", MAX_BYTES >> 20),
            &format!("{kind} is a few kilobytes: is this the right file?"),
        ));
    }
    String::from_utf8(bytes).map_err(|e| {
        fail(
            format!("{shown} is not UTF-8 text: byte {} is invalid", e.utf8_error().valid_up_to()),
            "save the file as UTF-8",
        )
    })
}
