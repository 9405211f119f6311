//! Loss against epoch, optimizer step and seconds of training: each label at
//! its best configuration, training beside held-out loss.

use std::collections::BTreeSet;

use spec::metric::Metric;
use spec::record::Split;
use spec::report_settings::Band;

use crate::analysis::{Analysis, Config};
use crate::figures::points::Points;
use crate::figures::text::LineEnd;
use crate::figures::{Figure, axes, entries, extent, seeds_text, shown, text};
use crate::table::RunRow;
use plot::FigureData;
use plot::axis::Axis;
use plot::chart::{Chart, Curve, CurveKind, Dot, Panel, Point};
use spec::grain::Grain;

/// The unit of the horizontal axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Along {
    /// Passes over the training data.
    Epochs,
    /// Updates of the weights.
    Steps,
    /// Seconds of training, evaluation left out.
    Seconds,
}

/// The advice on reading a figure of losses or values: `whole`, followed by `bands` if there are
/// bands.
macro_rules! read {
    ($analysis:expr, $whole:literal, $bands:literal) => {
        match banded($analysis) {
            true => concat!($whole, $bands),
            false => $whole,
        }
    };
}

/// Returns whether a line has a band.
fn banded(analysis: &Analysis) -> bool {
    let several = |c: &&Config| c.counts.completed > 1;
    analysis.plan.report.band != Band::None && shown(analysis).iter().any(several)
}

/// The figure against epochs, or against steps for runs by steps; `None` before any run has
/// finished.
pub fn figure(analysis: &Analysis, points: &Points) -> Option<Figure> {
    let grain = analysis.selection.grain;
    let chart = series(analysis, points, grain.pick(Along::Epochs, Along::Steps))?;
    let (one, pieces) = (extent(analysis) == 1, text::pieces(analysis));
    let mut train = match (analysis.selection.function, one) {
        _ if grain == Grain::Steps => format!(
            "The training loss is the mean over the {} up to a point.",
            text::segments(analysis)
        ),
        (true, true) => {
            format!("The lines cover one epoch, so the mean value is that over {pieces}.")
        }
        (true, false) => {
            "The mean value of epoch e is that over the steps taken during it.".to_owned()
        }
        (false, true) => {
            format!("The lines cover one epoch, so the training loss is the mean over {pieces}.")
        }
        (false, false) => {
            "The training loss of epoch e is the mean over the batches fed during it.".to_owned()
        }
    };
    if chart.panels.len() > 1 {
        train.push_str(match analysis.selection.function {
            true => " The value at epoch 0 is that at the start.",
            false => grain.pick(
                " Held-out loss at epoch 0 is that of the untrained weights.",
                " Held-out loss at step 0 is that of the untrained weights.",
            ),
        });
    }
    let function = analysis.selection.function;
    Some(Figure {
        heading: match function {
            true => "Convergence: value against epoch",
            false => grain.pick(
                "Convergence: loss against epoch",
                "Convergence: loss against optimizer step",
            ),
        },
        caption: caption(analysis),
        notes: notes(analysis, &train),
        reading: if function { of_values(analysis) } else { of_losses(analysis) },
        data: FigureData::Chart(chart),
        variant_of: None,
    })
}

fn of_losses(analysis: &Analysis) -> &'static str {
    read!(
        analysis,
        "Each line is one optimizer. It starts high, because untrained weights guess, and falls as training \
         continues; a line that falls faster learns faster, one that ends lower has learned more. The first panel \
         shows the loss on the training data, the second the loss on data never trained on: the second counts. Where \
         it turns up while the first still falls, the model begins to memorise its training data. On a logarithmic \
         axis equal distances are equal ratios.",
        " The band around a line shows how well its seeds determine the mean: lines whose bands overlap may differ by \
         chance alone."
    )
}

fn of_values(analysis: &Analysis) -> &'static str {
    read!(
        analysis,
        "Each line is one optimizer on its way downhill: one that falls faster is faster, one that ends lower is the \
         better minimizer. The first panel shows the mean of the values at the steps of an epoch, the second the value \
         at its end. On a logarithmic axis equal distances are equal ratios.",
        " The band around a line shows how well its seeds determine the mean: lines whose bands overlap may differ by \
         chance alone."
    )
}

/// The figure against optimizer steps; `None` for sweeps of one epoch, where it would be the same,
/// and for runs by steps, whose first figure is against steps.
pub fn by_step(analysis: &Analysis, points: &Points) -> Option<Figure> {
    if analysis.selection.grain == Grain::Steps {
        return None;
    }
    let (function, pieces) = (analysis.selection.function, text::pieces(analysis));
    let train = match function {
        true => format!("The mean value is that over {pieces}."),
        false => format!("The training loss is the mean over {pieces}."),
    };
    Some(Figure {
        heading: match function {
            true => "Value against optimizer step",
            false => "Loss against optimizer step",
        },
        caption: caption(analysis),
        notes: notes(analysis, &train),
        reading: match function {
            true => {
                "A step is one move of the position. The mean value is shown in finer pieces than against epochs and is \
                 therefore less smooth."
            }
            false => {
                "A step is one update of the weights. Optimizers that were fed batches of different sizes take a \
                 different number of steps per epoch; this figure compares them update by update, the one against \
                 epochs sample by sample. The training loss is shown in finer pieces than there and is therefore less \
                 smooth."
            }
        },
        data: FigureData::Chart(series(analysis, points, Along::Steps)?),
        variant_of: Some("convergence"),
    })
}

/// The figure against seconds of training; `None` where times cannot be compared, see [`uneven`].
pub fn by_second(analysis: &Analysis, points: &Points) -> Option<Figure> {
    if uneven(analysis).is_some() {
        return None;
    }
    let side_by_side = completed(analysis).any(|r| r.jobs.is_some_and(|jobs| jobs > 1));
    let guide = if side_by_side {
        " Runs were trained side by side, so their seconds are a guide, not a measurement."
    } else {
        ""
    };
    let time = format!(
        "The time of a point is the mean training time of the finished seeds {}; evaluation is not counted.{guide}",
        analysis.selection.grain.pick("at the end of an epoch", "by a step")
    );
    Some(Figure {
        heading: match analysis.selection.function {
            true => "Value against seconds of training",
            false => "Loss against seconds of training",
        },
        caption: caption(analysis),
        notes: notes(analysis, &time),
        reading: "The same comparison in time: an optimizer with costlier steps must fall further in each to keep up. \
                  A line that ends further left was done sooner. Times hold for this machine and this model alone.",
        data: FigureData::Chart(series(analysis, points, Along::Seconds)?),
        variant_of: Some("convergence"),
    })
}

fn caption(analysis: &Analysis) -> String {
    format!("Each optimizer at its best configuration: {}.", seeds_text(analysis))
}

fn notes(analysis: &Analysis, last: &str) -> String {
    text::notes(&[
        &text::left_out(analysis),
        &text::ended_early(analysis, LineEnd::First),
        " ",
        last,
    ])
}

/// The data: one curve per label and panel.
pub fn series(analysis: &Analysis, points: &Points, along: Along) -> Option<Chart> {
    let (grain, extent) = (analysis.selection.grain, extent(analysis));
    if along != Along::Epochs && extent == 1 {
        return None;
    }
    let held_out =
        [Split::Validation, Split::Test].into_iter().find(|s| points.has(*s, Metric::LOSS));
    let by_epochs = grain == Grain::Epochs;
    let windows = by_epochs && along == Along::Steps || extent == 1;
    let train = if windows { Metric::WINDOW_LOSS } else { Metric::LOSS };
    let mut sources = vec![(Split::Train, train)];
    sources.extend(held_out.map(|split| (split, Metric::LOSS)));
    let (splits, mut panels): (Vec<Split>, Vec<Panel>) = sources
        .into_iter()
        .filter_map(|(split, metric)| {
            let curves: Vec<Curve> = shown(analysis)
                .into_iter()
                .map(|config| curve(analysis, points, config, (split, metric), along))
                .filter(|c| !c.points.is_empty())
                .collect();
            let panel = Panel::new("", "", Axis::linear(0.0, 1.0), Axis::linear(0.0, 1.0));
            (!curves.is_empty()).then_some((split, Panel { curves, ..panel }))
        })
        .unzip();
    if let Some(first) = panels.first_mut() {
        first.dots = diverged(analysis, along);
    }
    axes::share_losses(&mut panels)?;
    let ends = panels.iter().flat_map(|p| &p.curves).filter_map(|c| c.points.last());
    let dots = panels.iter().flat_map(|p| &p.dots).map(|d| d.x).fold(0.0, f64::max);
    let last = ends.map(|p| p.x).fold(dots, f64::max);
    let (name, x_label, x) = match along {
        Along::Epochs if extent == 1 => ("epoch", "epoch", Axis::linear(0.0, dots.max(1.0))),
        Along::Epochs => ("epoch", "epoch", Axis::whole(0.0, dots.max(extent as f64))),
        Along::Steps => ("optimizer step", "optimizer step", Axis::linear(0.0, last.max(1.0))),
        Along::Seconds => {
            ("seconds of training", "seconds of training", Axis::linear(0.0, last.max(1e-3)))
        }
    };
    for (panel, split) in panels.iter_mut().zip(splits) {
        panel.title = axes::loss_title(analysis, split, &panel.y);
        x_label.clone_into(&mut panel.x_label);
        panel.x = x;
    }
    Some(Chart {
        title: match analysis.selection.function {
            true => format!("Value against {name}"),
            false => format!("Loss against {name}"),
        },
        subtitle: format!("Each optimizer at its best configuration; {}", seeds_text(analysis)),
        entries: entries(analysis),
        panels,
    })
}

/// A dot for each diverged seed, which is in no mean, at the end of its training; none against
/// seconds, where that time is not known.
fn diverged(analysis: &Analysis, along: Along) -> Vec<Dot> {
    let mut dots = Vec::new();
    for config in shown(analysis).into_iter().filter(|_| along != Along::Seconds) {
        let spec = &analysis.planned(config).spec;
        let unit = if along == Along::Steps { 1.0 } else { spec.steps_per_epoch().max(1) as f64 };
        for &run in &config.runs {
            let row = &analysis.rows[run];
            let Some(step) = row.diverged_step.filter(|_| row.diverged()) else { continue };
            let name = format!("seed {}", analysis.plan.runs[run].spec.seed);
            let x = step as f64 / unit;
            dots.push(Dot { series: config.label, x, y: f64::INFINITY, name });
        }
    }
    dots
}

fn curve(
    analysis: &Analysis,
    points: &Points,
    config: &Config,
    (split, metric): (Split, Metric),
    along: Along,
) -> Curve {
    let grain = analysis.selection.grain;
    let per_epoch = analysis.planned(config).spec.steps_per_epoch().max(1) as f64;
    let mut mean = points.mean(analysis, config, split, metric, |p| match along {
        Along::Steps => p.step as f64,
        Along::Epochs if metric == Metric::WINDOW_LOSS => p.step as f64 / per_epoch,
        Along::Epochs | Along::Seconds => grain.pick(p.epoch, p.step) as f64,
    });
    if along == Along::Seconds {
        let seconds = points.mean(analysis, config, Split::Train, Metric::SECONDS, |p| {
            grain.pick(p.epoch, p.step) as f64
        });
        let at = |done: f64| match done {
            0.0 => Some(0.0),
            done => seconds.iter().find(|s| s.x == done).map(|s| s.y),
        };
        mean = mean.into_iter().filter_map(|p| Some(Point { x: at(p.x)?, ..p })).collect();
    }
    let noisy = along == Along::Steps && metric == Metric::WINDOW_LOSS;
    let kind = if noisy { CurveKind::Plain } else { CurveKind::Marked };
    Curve { series: config.label, points: super::thin(mean, 400), kind, ringed: None }
}

fn completed(analysis: &Analysis) -> impl Iterator<Item = &RunRow> {
    let runs = shown(analysis).into_iter().flat_map(|config| &config.runs);
    runs.map(|&run| &analysis.rows[run]).filter(|row| row.completed())
}

/// The reason why seconds of the runs shown cannot be compared; `None` if they can: all runs are
/// of one build on one machine, with equally many threads and runs side by side.
pub fn uneven(analysis: &Analysis) -> Option<String> {
    let builds: BTreeSet<Option<&str>> =
        completed(analysis).map(|r| r.exec_id.as_deref()).collect();
    let threads: BTreeSet<Option<u64>> = completed(analysis).map(|r| r.threads).collect();
    let jobs: BTreeSet<Option<u64>> = completed(analysis).map(|r| r.jobs).collect();
    let mut why = Vec::new();
    if builds.len() > 1 {
        why.push(format!("by {} different builds or machines", builds.len()));
    } else if builds.contains(&None) {
        why.push("by a build and machine that are not recorded".to_owned());
    }
    if threads.len() > 1 {
        why.push("with different numbers of threads".to_owned());
    }
    if jobs.len() > 1 {
        why.push("with different numbers of runs side by side".to_owned());
    }
    (!why.is_empty()).then(|| {
        format!(
            "Loss against seconds of training is left out, because seconds cannot be compared: the runs were computed {}.",
            why.join(" and ")
        )
    })
}
