//! The report's figures. Each is data first ([`chart::Chart`], one file a
//! figure) and ink second ([`ink::FigureData::draw`], the same for SVG and PNG).

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
    /// What it shows of these runs.
    pub caption: String,
    /// How to read it, for someone who sees such a figure for the first time.
    pub reading: &'static str,
    /// Its data.
    pub data: FigureData,
    /// The figure that it shows in another way, and below which it stands.
    pub variant_of: Option<&'static str>,
}

/// Makes a figure, or nothing where the runs cannot fill it.
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

/// The figures of a name with their file names: one, or for functions one each.
/// Where functions are judged one by one, only figures by function are drawn.
fn made(name: FigureName, analysis: &Analysis, points: &Points) -> Vec<(&'static str, Figure)> {
    match name {
        FigureName::Landscape => landscape::maps(analysis, points),
        FigureName::Distance => distance::figures(analysis, points),
        name if analysis.by_function() && name != FigureName::Descent => Vec::new(),
        name => maker(name)(analysis, points).map(|f| (name.name(), f)).into_iter().collect(),
    }
}

impl Figure {
    /// With what stands at the ends of its axes said in its caption.
    pub fn explained(mut self) -> Figure {
        for sentence in self.data.at_the_ends() {
            self.caption.push(' ');
            self.caption.push_str(&sentence);
        }
        self
    }
}

/// Every file name that a report's figures may have.
pub fn names() -> Vec<&'static str> {
    FigureName::NAMES.iter().copied().chain(landscape::names()).collect()
}

/// Every figure that is asked for and that the runs can fill, by file name
/// without extension, in the order of `[report] figures`. A variant whose main
/// figure is not among them stands for itself.
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

/// Why figures that one may look for are left out: one sentence each.
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

/// Explains the axis of [`scale::Scale::Error`].
const ERROR_SPACING: &str = "The vertical axis is spaced by the error rate's logarithm: 80% to 90% is as far as 90% to \
                             95%, for both halve the errors.";

/// Best configurations with at least one completed run, in plan order.
fn shown(analysis: &Analysis) -> Vec<&Config> {
    let best = analysis.best.iter().flatten().map(|&i| &analysis.configs[i]);
    best.filter(|c| c.counts.completed > 0).collect()
}

/// One legend entry a label: its best learning rate, and what is missing.
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

/// Runs of a configuration that stopped at the target, be it in their last epoch.
fn arrived(analysis: &Analysis, config: &Config) -> usize {
    let reason = |run: &usize| analysis.rows[*run].stop_reason.as_deref();
    config.runs.iter().filter(|run| reason(run) == Some(StopReason::Target.name())).count()
}

/// What lines and bands of the best configurations are: `mean of 5 seeds, ...`.
fn seeds_text(analysis: &Analysis) -> String {
    bands::describe(analysis, &shown(analysis), "bands")
}

/// At most about `most` points, the last always.
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

/// Epochs, of runs by steps steps, that the longest line goes on for: that of a mean ends where
/// its first seed did. As planned before anything has finished.
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
