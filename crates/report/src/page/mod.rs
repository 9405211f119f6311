//! The page and the Markdown report, from Parquet, plan and manifest alone.

pub mod answer;
pub mod certainty;
pub mod content;
pub mod csv;
pub mod headline;
pub mod html;
pub mod inline;
pub mod markdown;
pub mod opening;
pub mod run_table;
pub mod table;
pub mod tables;

mod assets;
mod glossary;
pub mod table_html;

use std::path::PathBuf;

use rayon::prelude::*;
use store::layout::ReportDir;
use store::manifest::Manifest;

use crate::analysis::{Analysis, Claims, Hindsight};
use crate::error::ReportError;
use crate::figures::points::Points;
use crate::figures::{self, Figure};
use crate::files;
use crate::repeats::Repeats;
use crate::superseded::Superseded;
use crate::targets::rows_from_parquet;
use plot::Mark;
use plot::canvas::{FigureError, Xy};
use plot::output;
use plot::style::Layout;

/// Output of [`render`].
#[derive(Clone, Debug, Default)]
pub struct Rendered {
    /// The files, the page first.
    pub written: Vec<PathBuf>,
    /// Runs that were computed more than once.
    pub repeats: Repeats,
    /// Warnings for the reader.
    pub warnings: Vec<String>,
}

/// A figure, drawn.
pub struct Drawn {
    /// File name without extension, `[a-z0-9-]`.
    pub name: String,
    /// The figure.
    pub figure: Figure,
    /// Standalone SVG and PNG, laid out wide.
    pub files: (String, Vec<u8>),
    /// SVGs for the page, wide and narrow, without a title: the page has a heading.
    pub inline: (String, String),
    /// Marks that can be hovered: with the position in the wide SVG, and the position in the narrow
    /// one, in units of their view boxes.
    pub marks: Vec<(Mark, Xy)>,
}

/// Everything the two reports show.
pub struct Report {
    /// Plan and results.
    pub analysis: Analysis,
    /// Provenance; `None` without `manifest.json`.
    pub manifest: Option<Manifest>,
    /// The claim and its evidence; `None` if the sweep file makes no claim.
    pub claims: Option<Claims>,
    /// Number of times rungs would have cut the best; `None` if that cannot be determined.
    pub hindsight: Option<Hindsight>,
    /// The cost of decisions that others have replaced.
    pub superseded: Superseded,
    /// Runs that were computed more than once.
    pub repeats: Repeats,
    /// The figures, drawn.
    pub figures: Vec<Drawn>,
    /// The tables.
    pub tables: tables::Tables,
    /// Warnings for the reader.
    pub warnings: Vec<String>,
}

/// Draws the figures and writes `index.html`, `REPORT.md` and `tables/*.csv`. Reads only the
/// Parquet files, `plan.json` and, if they exist, `manifest.json` and `repeats.json`; the same
/// files give the same bytes.
///
/// # Errors
/// A file cannot be read or written (call [`crate::collect()`] first), or a figure cannot be drawn.
pub fn render(dir: &ReportDir) -> Result<Rendered, ReportError> {
    let mut warnings = Vec::new();
    let plan = files::plan(dir)?;
    let rows = rows_from_parquet(dir, &plan, &mut warnings)?;
    Ok(render_of(dir, Analysis::new(plan, rows), warnings)?.0)
}

/// [`render`] with an analysis of `runs.parquet` and `plan.json`, which is returned.
pub(crate) fn render_of(
    dir: &ReportDir,
    analysis: Analysis,
    mut warnings: Vec<String>,
) -> Result<(Rendered, Analysis), ReportError> {
    let manifest = files::manifest(dir, &mut warnings);
    let repeats = files::repeats(dir, &mut warnings);
    let superseded = files::superseded(dir, &mut warnings);
    let points = Points::read(&dir.metrics(), &analysis)?;
    let figures: Result<Vec<Drawn>, ReportError> =
        figures::all(&analysis, &points).into_par_iter().map(draw).collect();
    let grain = analysis.selection.grain;
    let claims = Claims::of(&analysis, |run, (split, metric), at| {
        let measured = points.of(run, split, metric);
        measured.iter().rfind(|m| grain.pick(m.epoch, m.step) == at).map(|m| m.value)
    });
    let hindsight = Hindsight::of(&analysis, |run, epoch| {
        let measured = points.of(run, analysis.selection.split, analysis.selection.metric);
        let row = &analysis.rows[run];
        // A run that ended earlier counts by its last value, unless it diverged.
        let last = measured.iter().rfind(|m| (1..=epoch).contains(&m.epoch))?;
        (last.epoch == epoch || !row.diverged()).then_some(last.value)
    });
    let tables = tables::Tables::of(&analysis, claims.as_ref());
    let figures = figures?;
    let report = Report {
        analysis,
        manifest,
        claims,
        hindsight,
        superseded,
        repeats,
        figures,
        tables,
        warnings,
    };

    let pages = (html::page(&report), markdown::report(&report));
    let names = figures::names();
    let known = (&names[..], &tables::NAMES[..]);
    let written = write(dir, pages, &report.figures, report.tables.filled(), known)?;
    let Report { analysis, repeats, figures, mut warnings, .. } = report;
    warnings.extend(unseen(&figures));
    Ok((Rendered { written, repeats, warnings }, analysis))
}

/// Writes page, Markdown, figures and tables; removes files of the `known` figures and tables that
/// an earlier report left and this one does not have. Returns the paths of the files written.
pub(crate) fn write<'a>(
    dir: &ReportDir,
    (page, markdown): (String, String),
    figures: &[Drawn],
    tables: impl Iterator<Item = &'a table::Table>,
    known: (&[&str], &[&str]),
) -> Result<Vec<PathBuf>, ReportError> {
    let mut files: Vec<(PathBuf, Vec<u8>)> =
        vec![(dir.html(), page.into_bytes()), (dir.markdown(), markdown.into_bytes())];
    for drawn in figures {
        let file = |extension: &str| dir.figures().join(format!("{}.{extension}", drawn.name));
        files.push((file("svg"), drawn.files.0.clone().into_bytes()));
        files.push((file("png"), drawn.files.1.clone()));
    }
    for table in tables {
        files
            .push((dir.tables().join(format!("{}.csv", table.name)), csv::csv(table).into_bytes()));
    }
    remove_stale(dir, &files, known)?;
    let mut written = Vec::new();
    for (path, bytes) in files {
        files::write_atomic(&path, &bytes)?;
        written.push(path);
    }
    Ok(written)
}

/// Draws a figure in every form that a report needs.
///
/// # Errors
/// The figure cannot be drawn.
pub fn draw((name, figure): (impl Into<String>, Figure)) -> Result<Drawn, ReportError> {
    let name: String = name.into();
    let failed = |e: FigureError| ReportError::Figure { name: name.clone(), reason: e.0 };
    let untitled = figure.data.untitled();
    // Screen readers get one name for the whole figure instead of its texts.
    let label = format!("{}. {}.", figure.data.title(), figure.data.subtitle());
    let (svgs, png) = rayon::join(
        || -> Result<_, FigureError> {
            let caption = format!("{name}-caption");
            let inline = |layout| output::inline(&untitled, layout, &label, &caption);
            let inline = (inline(Layout::Wide)?, inline(Layout::Narrow)?);
            Ok((output::svg(&figure.data, Layout::Wide)?, inline))
        },
        || output::png(&figure.data, Layout::Wide),
    );
    let (svg, inline) = svgs.map_err(failed)?;
    let png = png.map_err(failed)?;
    let narrow = untitled.marks(Layout::Narrow).into_iter().map(|mark| mark.at);
    let marks = untitled.marks(Layout::Wide).into_iter().zip(narrow).collect();
    Ok(Drawn { name, files: (svg, png), inline, marks, figure })
}

/// The warning on texts in PNGs that this machine could not draw. It is printed and no part of the
/// report, whose bytes do not depend on the machine's fonts.
pub(crate) fn unseen(figures: &[Drawn]) -> Option<String> {
    plot::fallback::warning(figures.iter().map(|drawn| drawn.files.0.as_str()))
}

/// Removes figures and tables of an earlier report that this one does not have.
fn remove_stale(
    dir: &ReportDir,
    files: &[(PathBuf, Vec<u8>)],
    (figures, tables): (&[&str], &[&str]),
) -> Result<(), ReportError> {
    let drawn = figures
        .iter()
        .flat_map(|name| [format!("{name}.svg"), format!("{name}.png")])
        .map(|name| dir.figures().join(name));
    let tables = tables.iter().map(|name| dir.tables().join(format!("{name}.csv")));
    for path in drawn.chain(tables) {
        if path.exists() && !files.iter().any(|(kept, _)| *kept == path) {
            std::fs::remove_file(&path).map_err(ReportError::io("remove", &path))?;
        }
    }
    Ok(())
}
