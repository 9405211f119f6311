//! The report's figures: data and texts, one file per figure. The crate `plot` draws the data, as
//! SVG and PNG alike.

pub mod accuracy;
pub mod axes;
pub mod bands;
pub mod convergence;
pub mod differences;
pub mod distance;
pub mod final_metric;
pub mod landscape;
pub mod lr_sensitivity;
pub mod noise;
pub mod points;
pub mod schedule;
pub mod seeds;
pub mod target;
mod text;
pub mod tuning;

use rayon::prelude::*;
use spec::record::StopReason;
use spec::report_settings::FigureName;

use crate::analysis::{Analysis, Config};
use crate::escape;
use crate::figures::points::Points;
use crate::number;
use plot::FigureData;
use plot::chart::{Entry, Point};

/// A figure with its texts.
#[derive(Clone, Debug)]
pub struct Figure {
    /// Heading in the page.
    pub heading: &'static str,
    /// One sentence that says what it shows of these runs.
    pub caption: String,
    /// Further sentences on these runs and on the rules of the drawing; empty without any.
    pub notes: String,
    /// Advice for readers who have never seen such a figure.
    pub reading: &'static str,
    /// Its data.
    pub data: FigureData,
    /// The figure of which it is another view and below which it is shown; `None` for a figure in
    /// its own right.
    pub variant_of: Option<&'static str>,
}

/// Makes a figure, or `None` if the runs cannot fill it.
type Maker = fn(&Analysis, &Points) -> Option<Figure>;

fn maker(name: FigureName) -> Maker {
    match name {
        FigureName::Convergence => convergence::figure,
        FigureName::ConvergenceStep => convergence::by_step,
        FigureName::ConvergenceSeconds => convergence::by_second,
        FigureName::Accuracy => accuracy::figure,
        FigureName::Final => final_metric::figure,
        FigureName::Differences => differences::figure,
        FigureName::Target => target::figure,
        FigureName::LrSensitivity => lr_sensitivity::figure,
        FigureName::Seeds => seeds::figure,
        FigureName::Tuning => tuning::figure,
        FigureName::LrSchedule => schedule::figure,
        FigureName::Noise => noise::figure,
        FigureName::Descent => landscape::animation,
        // Several a report: see `made`.
        FigureName::Landscape | FigureName::Distance => |_, _| None,
    }
}

/// The figures of a name with their file names: one, or one per function. Where functions are
/// judged one by one, only the figures of functions are drawn.
fn made(name: FigureName, analysis: &Analysis, points: &Points) -> Vec<(&'static str, Figure)> {
    match name {
        FigureName::Landscape => landscape::maps(analysis, points),
        FigureName::Distance => distance::figures(analysis, points),
        name if analysis.by_function() && name != FigureName::Descent => Vec::new(),
        name => maker(name)(analysis, points).map(|f| (name.name(), f)).into_iter().collect(),
    }
}

impl Figure {
    /// Adds to the notes what the drawing shows at the ends of its axes.
    pub fn explained(mut self) -> Figure {
        for sentence in self.data.at_the_ends() {
            if !self.notes.is_empty() {
                self.notes.push(' ');
            }
            self.notes.push_str(&sentence);
        }
        self
    }

    /// Returns the caption followed by the notes.
    pub fn description(&self) -> String {
        format!("{} {}", self.caption, self.notes).trim_end().to_owned()
    }
}

/// Every file name that a report's figures may have.
pub fn names() -> Vec<&'static str> {
    FigureName::NAMES.iter().copied().chain(landscape::names()).collect()
}

/// Every requested figure that the runs can fill, by file name without extension, in the order of
/// `[report] figures`. A variant without its main figure becomes a figure in its own right.
pub fn all(analysis: &Analysis, points: &Points) -> Vec<(&'static str, Figure)> {
    let mut figures: Vec<(&'static str, Figure)> = analysis
        .plan
        .report
        .figures
        .par_iter()
        .flat_map_iter(|name| made(*name, analysis, points))
        .map(|(name, figure)| (name, figure.explained()))
        .collect();
    let names: Vec<&str> = figures.iter().map(|(name, _)| *name).collect();
    for (_, figure) in &mut figures {
        figure.variant_of = figure.variant_of.filter(|main| names.contains(main));
    }
    figures
}

/// Reasons for figures that a reader may miss, a sentence each.
pub fn omitted(analysis: &Analysis) -> Vec<String> {
    let mut out = Vec::new();
    let wanted = |name| analysis.plan.report.figures.contains(&name);
    if wanted(FigureName::ConvergenceSeconds) && !shown(analysis).is_empty() && extent(analysis) > 1
    {
        out.extend(convergence::uneven(analysis));
    }
    if wanted(FigureName::Seeds) {
        out.extend(seeds::too_many(analysis));
    }
    out
}

/// Explains the axis of [`plot::scale::Scale::Error`].
const ERROR_SPACING: &str = "The vertical axis is spaced by the logarithm of the error rate: 80% to 90% is as far as \
                             90% to 95%, because both halve the errors.";

/// Best configurations with at least one completed run, in plan order.
fn shown(analysis: &Analysis) -> Vec<&Config> {
    let best = analysis.best.iter().flatten().map(|&i| &analysis.configs[i]);
    best.filter(|c| c.counts.completed > 0).collect()
}

/// One legend entry per label: its best learning rate, and missing seeds.
fn entries(analysis: &Analysis) -> Vec<Entry> {
    analysis
        .best
        .iter()
        .flatten()
        .map(|&i| {
            let config = &analysis.configs[i];
            let run = analysis.planned(config);
            let counts = config.counts;
            let lr = format!("lr {}", number::brief(run.spec.optimizer.lr()));
            let lr = match arrived(analysis, config) {
                0 => lr,
                n => format!("{lr}, {n} of {} reached the target", counts.planned),
            };
            let note = match counts.completed {
                0 if counts.diverged > 0 => "diverged".to_owned(),
                0 => "no result".to_owned(),
                n if n < counts.planned => format!("{lr}, {n} of {} seeds", counts.planned),
                _ => lr,
            };
            Entry { series: config.label, label: escape::line(&run.label), note }
        })
        .collect()
}

/// Number of a configuration's runs that stopped at the target, even in their last epoch.
fn arrived(analysis: &Analysis, config: &Config) -> usize {
    let reason = |run: &usize| analysis.rows[*run].stop_reason.as_deref();
    config.runs.iter().filter(|run| reason(run) == Some(StopReason::Target.name())).count()
}

/// The text on lines and bands of the best configurations: `mean of 5 seeds, ...`.
fn seeds_text(analysis: &Analysis) -> String {
    bands::describe(analysis, &shown(analysis), "bands")
}

/// Returns about `most` points at most, evenly spaced; the last one is always kept.
fn thin(points: Vec<Point>, most: usize) -> Vec<Point> {
    let every = points.len().div_ceil(most).max(1);
    let last = points.len().saturating_sub(1);
    points
        .into_iter()
        .enumerate()
        .filter(|(i, _)| i % every == 0 || *i == last)
        .map(|(_, p)| p)
        .collect()
}

/// Length of the longest line, in epochs, or in steps for runs by steps: the line of a mean ends
/// with its first seed. The planned length before anything has finished.
fn extent(analysis: &Analysis) -> u64 {
    let grain = analysis.selection.grain;
    let planned = analysis.plan.runs.iter().map(|r| grain.planned(&r.spec)).max().unwrap_or(1);
    let end = |config: &Config| {
        let rows = config.runs.iter().map(|&run| &analysis.rows[run]);
        rows.filter(|row| row.completed())
            .filter_map(|row| grain.pick(row.epochs_completed, row.steps))
            .min()
    };
    let longest = shown(analysis).into_iter().filter_map(end).max();
    longest.map_or(planned, |done| done.clamp(1, planned))
}
