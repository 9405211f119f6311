//! Output of a regression: Markdown, JSON, page, figures and tables.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::Serialize;
use serde_json::Value;
use store::layout::ReportDir;

use crate::finding::{Change, Regression, Trend};
use crate::{figures, html, markdown, tables, text};
use report::error::ReportError;
use report::page::{self, Drawn, Rendered, csv};

pub use crate::text::Title;

/// Format version of `regression.json`.
pub const JSON_VERSION: u32 = 1;

/// Structure of `regression.json`.
#[derive(Serialize)]
struct Document<'a> {
    v: u32,
    headline: &'a str,
    exit_code: u8,
    #[serde(flatten)]
    regression: Value,
}

/// Writes `REGRESSION.md`, `regression.json`, `regression.html`, `regression/` and
/// `tables/regression-*.csv` into `out`. For [`Title::Comparison`] the first three are
/// `COMPARISON.md`, `comparison.json` and `index.html`. Removes figures and tables of an earlier
/// regression. The same `regression` gives the same bytes.
///
/// # Errors
/// A file cannot be written, or a figure cannot be drawn.
pub fn render(
    regression: &Regression,
    out: &ReportDir,
    title: &Title,
) -> Result<Rendered, ReportError> {
    let [text, data, page] = match title {
        Title::Nightly => [out.regression_markdown(), out.regression_json(), out.regression_html()],
        Title::Comparison { .. } => {
            [out.path().join("COMPARISON.md"), out.path().join("comparison.json"), out.html()]
        }
    };
    let drawn: Result<Vec<Drawn>, ReportError> =
        figures::all(regression, title).into_par_iter().map(page::draw).collect();
    let (drawn, tables) = (drawn?, tables::Tables::of(regression, title));
    let name = page.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut files: Vec<(PathBuf, Vec<u8>)> = vec![
        (page, html::page(regression, title, &drawn, &tables).into_bytes()),
        (text, markdown::report(regression, title, &name).into_bytes()),
        (data, json(regression)),
    ];
    for drawn in drawn {
        let file = |extension: &str| out.regression().join(format!("{}.{extension}", drawn.name));
        files.push((file("svg"), drawn.files.0.into_bytes()));
        files.push((file("png"), drawn.files.1));
    }
    for table in tables.filled() {
        let path = out.tables().join(format!("{}.csv", table.name));
        files.push((path, csv::csv(table).into_bytes()));
    }
    remove_stale(out, &files)?;
    let mut written = Vec::new();
    for (path, bytes) in files {
        store::write_atomic(&path, &bytes)?;
        written.push(path);
    }
    Ok(Rendered { written, ..Rendered::default() })
}

/// Removes the regression of an earlier night from a report folder, since there is none until
/// tonight is judged.
///
/// # Errors
/// A file cannot be removed.
pub fn remove(out: &ReportDir) -> Result<(), ReportError> {
    for path in [out.regression_markdown(), out.regression_json(), out.regression_html()] {
        match std::fs::remove_file(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                return Err(ReportError::io("remove", path)(e));
            }
            _ => {}
        }
    }
    remove_stale(out, &[])?;
    // This removes only an empty folder, so files of others stay.
    let _ = std::fs::remove_dir(out.regression());
    Ok(())
}

/// Removes the files of an earlier regression that this one does not have.
fn remove_stale(out: &ReportDir, files: &[(PathBuf, Vec<u8>)]) -> Result<(), ReportError> {
    let mut known: Vec<PathBuf> = tables::NAMES
        .iter()
        .map(|name| out.tables().join(format!("{name}.csv")))
        .filter(|path| path.exists())
        .collect();
    if out.regression().is_dir() {
        let folder = out.regression();
        let failed = || ReportError::io("read", &folder);
        for entry in std::fs::read_dir(&folder).map_err(failed())? {
            let path = entry.map_err(failed())?.path();
            if is_figure(&path) {
                known.push(path);
            }
        }
    }
    for path in known {
        if !files.iter().any(|(kept, _)| *kept == path) {
            std::fs::remove_file(&path).map_err(ReportError::io("remove", &path))?;
        }
    }
    Ok(())
}

/// Returns whether a file in the folder of figures has a name that [`render`] uses.
fn is_figure(path: &Path) -> bool {
    let text = |part: Option<&std::ffi::OsStr>| {
        part.and_then(|p| p.to_str()).unwrap_or_default().to_owned()
    };
    let (stem, extension) = (text(path.file_stem()), text(path.extension()));
    let drawn = stem == figures::CHANGES_NAME
        || stem
            .strip_prefix("trend-")
            .is_some_and(|id| id.len() == 8 && id.bytes().all(|b| b.is_ascii_hexdigit()));
    drawn && matches!(extension.as_str(), "svg" | "png")
}

/// Returns the regression as JSON.
fn json(regression: &Regression) -> Vec<u8> {
    let headline = text::headline(regression);
    let mut value = serde_json::to_value(regression).expect("plain strings and numbers");
    let configs = value["configs"].as_array_mut().into_iter().flatten();
    for (config, of) in configs.zip(&regression.configs) {
        let changes = config["changes"].as_array_mut().into_iter().flatten();
        changes.zip(&of.changes).for_each(|(value, change)| whole_change(value, change));
    }
    let trends = value["trends"].as_array_mut().into_iter().flatten();
    trends.zip(&regression.trends).for_each(|(value, trend)| whole_trend(value, trend));
    let document = Document {
        v: JSON_VERSION,
        headline: &headline,
        exit_code: text::exit_code(regression.verdict),
        regression: value,
    };
    let mut text = serde_json::to_vec_pretty(&document).expect("plain strings and numbers");
    text.push(b'\n');
    text
}

/// Replaces a number that JSON cannot represent by `"inf"`, `"-inf"` or `"NaN"`, as in the CSV, so
/// that `null` only means a missing value.
fn put(value: &mut Value, number: f64) {
    if !number.is_finite() {
        *value = Value::String(number.to_string());
    }
}

fn whole_change(value: &mut Value, change: &Change) {
    put(&mut value["before"], change.before);
    put(&mut value["after"], change.after);
    put(&mut value["effect"], change.effect);
    put(&mut value["min_effect"], change.min_effect);
    if let Some((low, high)) = change.interval {
        put(&mut value["interval"][0], low);
        put(&mut value["interval"][1], high);
    }
    for (i, (_, before, after)) in change.seeds.iter().enumerate() {
        put(&mut value["seeds"][i][1], *before);
        put(&mut value["seeds"][i][2], *after);
    }
}

fn whole_trend(value: &mut Value, trend: &Trend) {
    for (i, p) in trend.points.iter().enumerate() {
        for (name, number) in [("mean", p.mean), ("low", p.low), ("high", p.high)] {
            put(&mut value["points"][i][name], number);
        }
    }
    for (i, s) in trend.steps.iter().enumerate() {
        for (name, number) in [("before", s.before), ("after", s.after), ("effect", s.effect)] {
            put(&mut value["steps"][i][name], number);
        }
        if let Some(since) = s.effect_since {
            put(&mut value["steps"][i]["effect_since"], since);
        }
    }
}
