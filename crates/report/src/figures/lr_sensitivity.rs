//! Final metric against learning rate: each label's dependence on its tuning, and the rates at
//! which it diverges.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::analysis::{Analysis, Config, Criterion, Measured, better, by_lr, comparable};
use crate::escape;
use crate::figures::points::Points;
use crate::figures::{Figure, axes, bands, entries, text};
use crate::text::{capitalised, list};
use plot::FigureData;
use plot::axis::Axis;
use plot::chart::{Chart, Curve, CurveKind, Dot, Panel, Point, StripRow};
use plot::scale::Scale;

/// Most points of a line or of a row of crosses: of more learning rates, the best in each of so
/// many parts of the axis is shown.
const MOST_RATES: usize = 60;

/// Most single seeds that are drawn; more could not be told apart.
const MOST_DOTS: usize = 2000;

/// The figure; `None` if no label was tried with two learning rates, or nothing has finished.
pub fn figure(analysis: &Analysis, _: &Points) -> Option<Figure> {
    let chart = series(analysis)?;
    let labels = 0..analysis.plan.optimizers.len();
    let thinned = labels.into_iter().any(|label| analysis.lr_grid(label).len() > MOST_RATES);
    let thinned = if thinned {
        format!(
            " Of more than {MOST_RATES} learning rates of an optimizer, the best in each {MOST_RATES}th part of the axis \
             is shown, with the diverged runs of that whole part."
        )
    } else {
        String::new()
    };
    let configs = |label: usize| analysis.tried(label).count();
    let mut labels = 0..analysis.plan.optimizers.len();
    let chosen = if labels.any(|label| configs(label) > analysis.lr_grid(label).len()) {
        " Where a learning rate was tried with several other values, the best is shown."
    } else {
        ""
    };
    let names: Vec<String> = (0..analysis.plan.optimizers.len())
        .filter(|&label| !comparable(analysis, label))
        .map(|label| escape::line(&analysis.plan.optimizers[label].label))
        .collect();
    let lines = lines(analysis, &chart, names.len());
    let loose = if names.is_empty() {
        String::new()
    } else {
        format!(
            " The points of {} differ in more than the learning rate and are not joined.",
            list(&names)
        )
    };
    let by_error = matches!(chart.panels[0].y.scale, Scale::Error(..));
    let spacing = if by_error { format!(" {}", super::ERROR_SPACING) } else { String::new() };
    Some(Figure {
        heading: "Sensitivity to the learning rate",
        caption: format!(
            "{} against learning rate: {}.",
            capitalised(&analysis.selection.measured_name()),
            describe(analysis)
        ),
        notes: text::notes(&[
            &lines,
            &crosses(analysis, &chart),
            chosen,
            &loose,
            &thinned,
            &spacing,
        ]),
        reading: match analysis.selection.higher_is_better() {
            true => {
                "Too small a learning rate does not get far in the time given, too large a one overshoots and at some \
                 point diverges. A broad hill means that the optimizer forgives a poor choice, a narrow one that it must \
                 be tuned. A ring at the first or last point of a line means that the best learning rate may lie beyond \
                 those tried."
            }
            false => {
                "Too small a learning rate does not get far in the time given, too large a one overshoots and at some \
                 point diverges. Lower is better: a broad valley means that the optimizer forgives a poor choice, a \
                 narrow one that it must be tuned. A ring at the first or last point of a line means that the best \
                 learning rate may lie beyond those tried."
            }
        },
        data: FigureData::Chart(chart),
        variant_of: None,
    })
}

/// The sentence that explains the markers, dots and rings that are drawn; the points of `loose`
/// labels are not joined.
fn lines(analysis: &Analysis, chart: &Chart, loose: usize) -> String {
    let panel = &chart.panels[0];
    if panel.curves.is_empty() {
        return String::new();
    }
    let joins = if loose == analysis.plan.optimizers.len() { "Markers are" } else { "Lines join" };
    let reached = analysis.selection.reached();
    let several = analysis.configs.iter().any(|c| seeds(&analysis.selection, c) > 1);
    let average = match (several, reached) {
        (true, true) => {
            "medians over the seeds, a run that never reached the target counting as infinite"
        }
        (true, false) => "means over the seeds that finished",
        (false, true) => {
            "results of single seeds, a run that never reached the target counting as infinite"
        }
        (false, false) => "results of single seeds",
    };
    let dots = match reached {
        true => "dots are single seeds that reached the target",
        false => "dots are single seeds",
    };
    let mut parts = vec![format!("{joins} the {average}")];
    parts.extend((!panel.dots.is_empty()).then(|| dots.to_owned()));
    parts.extend(ringed(chart).then(|| "a ring marks each optimizer's best".to_owned()));
    format!(" {}.", parts.join(", "))
}

/// Number of seeds behind a configuration's mean or median.
fn seeds(selection: &Criterion, config: &Config) -> usize {
    if selection.reached() { config.counts.results() } else { config.selection.n }
}

/// The sentence that explains crosses; empty without crosses.
fn crosses(analysis: &Analysis, chart: &Chart) -> String {
    if chart.panels[0].strip.is_empty() {
        return String::new();
    }
    let those = if analysis.selection.reached() { "count as infinite" } else { "are in no mean" };
    format!(
        " A cross marks configurations with diverged runs, labelled diverged/planned where there is room; those runs \
         {those}."
    )
}

fn describe(analysis: &Analysis) -> String {
    let tried = analysis.configs.iter().filter(|config| config.stage.is_tuning());
    let configs: Vec<&Config> = tried.collect();
    match analysis.selection.reached() {
        true => bands::medians(&configs),
        false => bands::describe(analysis, &configs, "bars"),
    }
}

/// Returns whether a configuration is marked as the best of its optimizer.
fn ringed(chart: &Chart) -> bool {
    chart.panels.iter().flat_map(|p| &p.curves).any(|c| c.ringed.is_some())
}

/// Returns whether there are few enough single seeds to show them.
fn dotted(analysis: &Analysis) -> bool {
    let rates = (0..analysis.plan.optimizers.len()).map(|label| analysis.lr_grid(label).len());
    rates.sum::<usize>() * analysis.plan.seeds.len() <= MOST_DOTS
}

/// The lowest and the highest learning rate of all.
fn ends(analysis: &Analysis) -> (f64, f64) {
    let rates = || analysis.configs.iter().map(|c| analysis.planned(c).spec.optimizer.lr());
    (rates().fold(f64::INFINITY, f64::min), rates().fold(0.0, f64::max))
}

/// One point of a label's line.
struct Tried<'a> {
    /// The best configuration of the learning rate, or of this part of the axis.
    config: &'a Config,
    lr: f64,
    /// Runs that diverged and runs planned.
    diverged: (usize, usize),
}

/// A label's points by learning rate, at most [`MOST_RATES`].
fn tried(analysis: &Analysis, label: usize) -> Vec<Tried<'_>> {
    let points = by_lr(analysis, label);
    let counted = |(lr, config)| Tried {
        config,
        lr,
        diverged: (config.counts.diverged, config.counts.planned),
    };
    if points.len() <= MOST_RATES {
        return points.into_iter().map(counted).collect();
    }
    let best = analysis.tuned[label].map(|i| analysis.configs[i].config_id);
    let chosen = |config: &Config| Some(config.config_id) == best;
    let (low, high) = ends(analysis);
    let part = |lr: f64| {
        let along = (lr / low).ln() / (high / low).ln();
        ((along * MOST_RATES as f64) as usize).min(MOST_RATES - 1)
    };
    let mut parts: BTreeMap<usize, Tried<'_>> = BTreeMap::new();
    for point in points {
        let next = counted(point);
        match parts.entry(part(next.lr)) {
            Entry::Vacant(place) => drop(place.insert(next)),
            Entry::Occupied(mut held) => {
                let held = held.get_mut();
                let diverged =
                    (held.diverged.0 + next.diverged.0, held.diverged.1 + next.diverged.1);
                // Among equals the chosen one, which has a ring.
                if better(analysis, next.config, held.config) || chosen(next.config) {
                    *held = next;
                }
                held.diverged = diverged;
            }
        }
    }
    parts.into_values().collect()
}

/// The data: the best configuration of each label and learning rate.
pub fn series(analysis: &Analysis) -> Option<Chart> {
    let labels = analysis.plan.optimizers.len();
    if (0..labels).all(|label| analysis.lr_grid(label).len() < 2) {
        return None;
    }
    let selection = &analysis.selection;
    let dotted = dotted(analysis);
    let (mut curves, mut dots, mut strip) = (Vec::new(), Vec::new(), Vec::new());
    for label in 0..labels {
        let best = analysis.tuned[label].map(|i| &analysis.configs[i]);
        let best = best.filter(|c| c.counts.completed > 0).map(|c| c.config_id);
        let (mut points, mut ringed, mut marks) = (Vec::new(), None, Vec::new());
        for Tried { config, lr, diverged } in tried(analysis, label) {
            if diverged.0 > 0 {
                marks.push((lr, format!("{}/{}", diverged.0, diverged.1)));
            }
            let Some(y) = height(selection, config) else { continue };
            if best == Some(config.config_id) {
                ringed = Some(points.len());
            }
            // Bands are of means, and a median has none.
            let band = bands::band(
                analysis.plan.report.band,
                selection.metric.description().bounds,
                &config.selection,
            );
            points.push(Point { x: lr, y, band: band.filter(|_| !selection.reached()) });
            let single = config.runs.iter().filter_map(|&r| {
                let y = selection.of(&analysis.rows[r])?;
                let name = format!("seed {}", analysis.plan.runs[r].spec.seed);
                Some(Dot { series: label, x: lr, y, name })
            });
            if dotted && seeds(selection, config) > 1 {
                dots.extend(single);
            }
        }
        if !points.is_empty() {
            let kind =
                if comparable(analysis, label) { CurveKind::Barred } else { CurveKind::Loose };
            curves.push(Curve { series: label, points, kind, ringed });
        }
        if !marks.is_empty() {
            strip.push(StripRow {
                series: label,
                label: escape::line(&analysis.plan.optimizers[label].label),
                marks,
            });
        }
    }
    // Where nothing ever reached the target, no axis can show it.
    if curves.iter().flat_map(|c| &c.points).all(|p| p.y.is_infinite()) && dots.is_empty() {
        curves.clear();
    }
    if curves.is_empty() && strip.is_empty() {
        return None;
    }
    Some(drawn(analysis, curves, dots, strip))
}

/// The height of a configuration's marker: its mean, or its median, which is infinite if most of
/// its seeds never reached the target. `None` if all of them diverged.
fn height(selection: &Criterion, config: &Config) -> Option<f64> {
    let finished = config.counts.completed > 0;
    match selection.reached() {
        true => config.judged_median.filter(|_| finished),
        false => config.standing(selection, &config.selection),
    }
}

fn drawn(analysis: &Analysis, curves: Vec<Curve>, dots: Vec<Dot>, strip: Vec<StripRow>) -> Chart {
    let selection = &analysis.selection;
    let (low, high) = ends(analysis);
    let points = || curves.iter().flat_map(|c: &Curve| &c.points);
    let values: Vec<f64> = points().map(|p| p.y).chain(dots.iter().map(|d: &Dot| d.y)).collect();
    let bars: Vec<(f64, f64)> = points().filter_map(|p| p.band).collect();
    let y = axes::of_metric(selection.metric, &values, &bars);
    let scale = axes::spacing(&y);
    let name = selection.name();
    let title = match selection.measured {
        Measured::Last => format!("Final {name}{scale}"),
        Measured::Best => format!("Best {}'s {name}{scale}", selection.grain.unit()),
        Measured::Reached => format!("Median {name}{scale}"),
    };
    let x_label = "learning rate (logarithmic)";
    let panel =
        Panel { curves, dots, strip, ..Panel::new(title, x_label, Axis::log(low, high), y) };
    let mut chart = Chart {
        title: "Sensitivity to the learning rate".to_owned(),
        subtitle: String::new(),
        entries: entries(analysis),
        panels: vec![panel],
    };
    let marks = [
        (!chart.panels[0].dots.is_empty(), "dots: single seeds"),
        (ringed(&chart), "ring: best"),
        (!chart.panels[0].strip.is_empty(), "cross: diverged runs"),
    ];
    let marks: Vec<&str> = marks.into_iter().filter(|m| m.0).map(|m| m.1).collect();
    let said = [capitalised(&describe(analysis)), marks.join(", ")];
    chart.subtitle = said.into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>().join("; ");
    chart
}
