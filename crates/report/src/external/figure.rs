//! Figure of the final metric against the learning rate: our seeds as lines with bands, published
//! numbers as markers.

use std::collections::BTreeMap;

use crate::escape;
use crate::external::judge::Judged;
use crate::external::published::{FigureRequest, Origin, Ours, Theirs};
use crate::external::sample::Trained;
use crate::figures::{Figure, axes};
use crate::text::capitalised;
use plot::FigureData;
use plot::axis::Axis;
use plot::chart::{Chart, Curve, CurveKind, Entry, Panel, Point, StripRow};
use spec::grain::Grain;
use spec::record::Status;
use spec::stages::Stage;
use stats::location;

/// Our runs of one optimizer at one learning rate.
#[derive(Default)]
struct Tried {
    values: Vec<f64>,
    diverged: usize,
}

/// Draws the figure; `None` if nothing was trained, or no optimizer has two learning rates.
pub(super) fn figure(
    request: &FigureRequest,
    trained: &Trained,
    rows: &[Judged<'_>],
) -> Option<Figure> {
    let chart = chart(request, trained, rows)?;
    Some(
        Figure {
            heading: "Sensitivity to the learning rate",
            caption: format!(
                "{} after the last epoch against learning rate, ours and as published by {}.",
                capitalised(&name(request)),
                escape::line(&request.published_by)
            ),
            notes: "Lines join the means of our seeds that finished, bands go from the lowest to the highest of them; \
                    markers are the published numbers, mostly of one run each. A cross marks a learning rate at which \
                    runs diverged: ours with how many of how many where there is room for it."
                .to_owned(),
            reading: "Where the two agree, markers lie within the bands of their colour or close to them, and crosses \
                      of one optimizer begin at the same learning rate in both rows.",
            data: FigureData::Chart(chart),
            variant_of: None,
        }
        .explained(),
    )
}

fn name(request: &FigureRequest) -> String {
    format!("{} {}", request.split, request.metric.description().label)
}

fn chart(request: &FigureRequest, trained: &Trained, rows: &[Judged<'_>]) -> Option<Chart> {
    let plan = &trained.plan;
    let (mut curves, mut strip, mut entries) = (Vec::new(), Vec::new(), Vec::new());
    let mut several = false;
    for (series, optimizer) in plan.optimizers.iter().enumerate() {
        let ours = tried(request, trained, &optimizer.label);
        let (points, crosses) = published(request, rows, &optimizer.label);
        several |= ours.len() > 1;
        if ours.values().all(|t| t.values.is_empty() && t.diverged == 0) && points.is_empty() {
            continue;
        }
        let label = escape::line(&optimizer.label);
        entries.push(Entry { series, label: label.clone(), note: String::new() });
        if !points.is_empty() {
            curves.push(Curve { series, points, kind: CurveKind::Loose, ringed: None });
        }
        let line: Vec<Point> =
            ours.iter().filter_map(|(bits, t)| point(f64::from_bits(*bits), t)).collect();
        if !line.is_empty() {
            curves.push(Curve { series, points: line, kind: CurveKind::Bare, ringed: None });
        }
        let marks: Vec<(f64, String)> = ours
            .iter()
            .filter(|(_, t)| t.diverged > 0)
            .map(|(bits, t)| {
                (f64::from_bits(*bits), format!("{}/{}", t.diverged, t.diverged + t.values.len()))
            })
            .collect();
        if !marks.is_empty() {
            strip.push(StripRow { series, label: format!("{label}, ours,"), marks });
        }
        if !crosses.is_empty() {
            let marks = crosses.into_iter().map(|lr| (lr, String::new())).collect();
            let by = escape::line(&request.published_by);
            strip.push(StripRow { series, label: format!("{label}, {by},"), marks });
        }
    }
    let points = || curves.iter().flat_map(|c: &Curve| &c.points);
    let values: Vec<f64> = points().map(|p| p.y).collect();
    if !several || values.is_empty() {
        return None;
    }
    let bands: Vec<(f64, f64)> = points().filter_map(|p| p.band).collect();
    let y = axes::of_metric(request.metric, &values, &bands);
    let spacing = axes::spacing(&y);
    let rates = || plan.runs.iter().map(|run| run.spec.optimizer.lr());
    let (low, high) = (rates().fold(f64::INFINITY, f64::min), rates().fold(0.0, f64::max));
    let title = format!("Final {}{spacing}", name(request));
    let x = Axis::log(low, high);
    Some(Chart {
        title: "Sensitivity to the learning rate, ours and published".to_owned(),
        subtitle: format!(
            "Lines and bands: means and range of our {} seeds; markers: {}; crosses: diverged",
            plan.seeds_planned(Stage::Tuning).len(),
            escape::line(&request.published_by)
        ),
        entries,
        panels: vec![Panel {
            curves,
            strip,
            ..Panel::new(title, "learning rate (logarithmic)", x, y)
        }],
    })
}

/// Returns our runs of a label, keyed by the bits of the learning rate, which sort like its values.
fn tried(request: &FigureRequest, trained: &Trained, label: &str) -> BTreeMap<u64, Tried> {
    let mut out: BTreeMap<u64, Tried> = BTreeMap::new();
    for run in trained.plan.runs.iter().filter(|run| run.label == label && run.stage.is_tuning()) {
        let record = trained.records.get(&run.run_id).filter(|r| r.status.is_result());
        let Some(record) = record else { continue };
        let Some(outcome) = &record.outcome else { continue };
        let at = out.entry(run.spec.optimizer.lr().to_bits()).or_default();
        let grain = Grain::of_run(&run.spec);
        let last = outcome.metrics.iter().find(|point| {
            grain.of_point(point) == grain.done(outcome)
                && point.split == request.split
                && point.metric == request.metric
        });
        match last.filter(|p| record.status == Status::Completed && p.value.0.is_finite()) {
            Some(point) => at.values.push(point.value.0),
            None if record.status.is_result() => at.diverged += 1,
            None => {}
        }
    }
    out
}

fn point(lr: f64, tried: &Tried) -> Option<Point> {
    let y = location::mean(&tried.values).filter(|y| y.is_finite())?;
    let low = tried.values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = tried.values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Some(Point { x: lr, y, band: Some((low, high)) })
}

/// Returns the published points of a label, and the learning rates at which it diverged.
fn published(request: &FigureRequest, rows: &[Judged<'_>], label: &str) -> (Vec<Point>, Vec<f64>) {
    let (mut points, mut crosses) = (Vec::new(), Vec::new());
    for row in rows {
        let Ours::Sweep(from) = &row.row.ours else { continue };
        let same = row.row.origin == Origin::Published
            && from.sweep == request.sweep
            && from.optimizer == label
            && (from.split, from.metric) == (request.split, request.metric)
            && from.epoch.is_none()
            && from.reach.is_none();
        let (true, Some(lr)) = (same, from.lr) else { continue };
        match &row.row.theirs {
            Theirs::Diverges => crosses.push(lr),
            _ => points.extend(row.their_value.map(|y| Point { x: lr, y, band: None })),
        }
    }
    points.sort_by(|a, b| a.x.total_cmp(&b.x));
    (points, crosses)
}
