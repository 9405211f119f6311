//! Final metric against learning rate: how much each label depends on its
//! tuning, and where it diverges.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::analysis::{Analysis, Config, rank};
use crate::escape;
use crate::figures::chart::{Chart, Curve, CurveKind, Dot, Panel, Point, StripRow};
use crate::figures::ink::Ink;
use crate::figures::points::Points;
use crate::figures::scale::{Axis, Scale};
use crate::figures::{Figure, axes, entries, spread};
use crate::page::words::capitalised;

/// The figure; none if no label was tried with two learning rates, or nothing has finished.
pub fn figure(analysis: &Analysis, _: &Points) -> Option<Figure> {
    let chart = series(analysis)?;
    let other_axes = analysis
        .plan
        .optimizers
        .iter()
        .any(|o| o.axes.iter().any(|a| a != "optimizer.lr" && a != "seed"));
    let chosen = if other_axes {
        " Where a learning rate was tried with several other values, the best is shown."
    } else {
        ""
    };
    let by_error = matches!(chart.panels[0].y.scale, Scale::Error(..));
    let spacing = if by_error { format!(" {}", super::ERROR_SPACING) } else { String::new() };
    Some(Figure {
        heading: "Sensitivity to the learning rate",
        caption: format!(
            "Final {} against learning rate: {}. Lines join the means over the seeds that finished, dots are single seeds, \
             a ring marks each optimizer's best. A cross marks configurations of which some runs diverged, with how \
             many of how many; those runs are in no mean.{chosen}{spacing}",
            analysis.goal.name(),
            words(analysis)
        ),
        reading: "Too small a learning rate does not get far in the time given, too large a one overshoots and at some \
                  point diverges. A broad hill means that the optimizer forgives a poor choice, a narrow one that it \
                  must be tuned. A ring at the first or last point of a line says that the best learning rate may lie \
                  beyond those tried.",
        ink: Ink::Chart(chart),
        variant_of: None,
    })
}

fn words(analysis: &Analysis) -> String {
    spread::words(analysis, &analysis.configs.iter().collect::<Vec<_>>(), "bars")
}

/// The data: for each label and learning rate its best configuration.
pub fn series(analysis: &Analysis) -> Option<Chart> {
    let labels = analysis.plan.optimizers.len();
    if (0..labels).all(|label| analysis.lr_grid(label).len() < 2) {
        return None;
    }
    let goal = &analysis.goal;
    let (mut curves, mut dots, mut strip) = (Vec::new(), Vec::new(), Vec::new());
    for label in 0..labels {
        let mut by_lr: BTreeMap<u64, &Config> = BTreeMap::new();
        for config in analysis.configs.iter().filter(|c| c.label == label) {
            let lr = analysis.planned(config).spec.optimizer.lr().to_bits();
            let held = by_lr.entry(lr).or_insert(config);
            if rank(goal, config, held) == Ordering::Less {
                *held = config;
            }
        }
        let best = analysis.best[label].map(|i| analysis.configs[i].config_id);
        let (mut points, mut ringed, mut marks) = (Vec::new(), None, Vec::new());
        for (bits, config) in by_lr {
            let lr = f64::from_bits(bits);
            if config.counts.diverged > 0 {
                marks.push((lr, format!("{}/{}", config.counts.diverged, config.counts.planned)));
            }
            let Some(mean) = config.goal.mean else { continue };
            if best == Some(config.config_id) {
                ringed = Some(points.len());
            }
            points.push(Point {
                x: lr,
                y: mean,
                band: spread::band(analysis.plan.report.band, &goal.metric, &config.goal),
            });
            let seeds = config.runs.iter().filter_map(|&r| {
                let y =
                    analysis.rows[r].last(goal.split, &goal.metric).filter(|y| y.is_finite())?;
                let name = format!("seed {}", analysis.plan.runs[r].spec.seed);
                Some(Dot { series: label, x: lr, y, name })
            });
            if config.goal.n > 1 {
                dots.extend(seeds);
            }
        }
        if !points.is_empty() {
            curves.push(Curve { series: label, points, kind: CurveKind::Barred, ringed });
        }
        if !marks.is_empty() {
            strip.push(StripRow {
                series: label,
                label: escape::line(&analysis.plan.optimizers[label].label),
                marks,
            });
        }
    }
    if curves.is_empty() && strip.is_empty() {
        return None;
    }
    let rates = || analysis.configs.iter().map(|c| analysis.planned(c).spec.optimizer.lr());
    let (low, high) = (rates().fold(f64::INFINITY, f64::min), rates().fold(0.0, f64::max));
    let values = curves
        .iter()
        .flat_map(|c: &Curve| &c.points)
        .map(|p| p.y)
        .chain(dots.iter().map(|d: &Dot| d.y));
    let y = axes::of_metric(&goal.metric, &values.collect::<Vec<f64>>());
    let scale = axes::spacing(&y);
    Some(Chart {
        title: "Sensitivity to the learning rate".to_owned(),
        subtitle: format!(
            "{}; dots: single seeds, ring: best, cross: diverged runs",
            capitalised(&words(analysis))
        ),
        entries: entries(analysis),
        panels: vec![Panel {
            curves,
            dots,
            strip,
            ..Panel::new(
                format!("Final {}{scale}", goal.name()),
                "learning rate (logarithmic)",
                Axis::log(low, high),
                y,
            )
        }],
    })
}
