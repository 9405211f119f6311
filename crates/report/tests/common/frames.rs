//! Checks that everything a figure draws for its values stays inside its frames, by a surface that
//! draws nothing and records all positions.

#![allow(dead_code, reason = "each test file uses its own part")]

use plot::FigureData;
use plot::axis::{Axis, End};
use plot::canvas::{Ball, Canvas, Draw, FigureError, Font, Rect, Stroke, Surface, Xy};
use plot::chart::CurveKind;
use plot::style::{Layout, RGBColor, fonts};
use report::figures::Figure;

/// Positions of all drawn values of a figure, and faults.
#[derive(Default)]
pub struct Seen {
    frame: Option<Rect>,
    /// Corners, ends and middles of all shapes that show values.
    pub places: Vec<Xy>,
    pub faults: Vec<String>,
}

/// Half of the largest width of markers and caps of bars, in pixels.
const MARKER: f64 = 7.0;

impl Seen {
    fn see(&mut self, what: &str, points: &[Xy], own: f64) {
        let Some(frame) = self.frame else { return };
        assert!(points.iter().all(|(x, y)| x.is_finite() && y.is_finite()), "{what}: {points:?}");
        let bound = |of: fn(&Xy) -> f64| {
            let values = points.iter().map(of);
            let low = values.clone().fold(f64::INFINITY, f64::min);
            (low, values.fold(f64::NEG_INFINITY, f64::max))
        };
        let ((left, right), (top, bottom)) = (bound(|p| p.0), bound(|p| p.1));
        let middle = ((left + right) / 2.0, (top + bottom) / 2.0);
        self.places.extend(points.iter().copied().chain([middle]));
        // A marker at the frame is half outside, as is a bar's cap. A ring around a
        // point is larger and must not be.
        let small = right - left <= 2.0 * MARKER && bottom - top <= 2.0 * MARKER;
        let inside = |(x, y): Xy, by: f64| {
            x >= frame.left - by
                && x <= frame.right + by
                && y >= frame.top - by
                && y <= frame.bottom + by
        };
        let fine =
            if small { inside(middle, 1.5) } else { points.iter().all(|p| inside(*p, 0.01 + own)) };
        if !fine {
            self.faults.push(format!("{what} {points:?} leaves {frame:?}"));
        }
    }
}

impl Surface for Seen {
    fn group(&mut self, _: Option<usize>) {}
    fn frame(&mut self, frame: Option<Rect>) {
        self.frame = frame;
    }
    fn fill(&mut self, _: RGBColor) -> Result<(), FigureError> {
        Ok(())
    }
    fn line(&mut self, points: &[Xy], _: Stroke) -> Result<(), FigureError> {
        self.see("line", points, 0.0);
        Ok(())
    }
    fn polygon(&mut self, points: &[Xy], _: RGBColor, _: f64) -> Result<(), FigureError> {
        self.see("polygon", points, 0.0);
        Ok(())
    }
    fn disc(&mut self, at: Xy, _: f64, _: RGBColor, _: f64) -> Result<(), FigureError> {
        self.see("disc", &[at], 0.0);
        Ok(())
    }
    fn area(&mut self, _: &[Vec<Xy>], _: RGBColor) -> Result<(), FigureError> {
        Ok(())
    }
    fn repeat(&mut self, _: &[Xy], _: Draw<'_>) -> Result<(), FigureError> {
        Ok(())
    }
    fn ball(&mut self, points: &[Xy], _: &[f64], _: Ball) -> Result<(), FigureError> {
        self.see("ball", points, 0.0);
        Ok(())
    }
    fn text(&mut self, at: Xy, text: &str, _: Font) -> Result<(), FigureError> {
        self.see(&format!("text {text:?}"), &[at], 0.0);
        Ok(())
    }
}

/// Draws a figure on the recording surface.
pub fn seen(ink: &FigureData, layout: Layout) -> Seen {
    assert!(fonts());
    let mut seen = Seen::default();
    ink.draw(layout, &mut Canvas::new(&mut seen)).unwrap();
    seen
}

/// Returns the values that have their own point, with their axis.
fn points(ink: &FigureData) -> Vec<(Axis, f64)> {
    match ink {
        FigureData::Chart(chart) => chart
            .panels
            .iter()
            .flat_map(|panel| {
                let curves = panel.curves.iter().flat_map(|c| &c.points);
                let own = |p: &plot::chart::Point| [(panel.y, p.y), (panel.x, p.x)];
                let dots = panel.dots.iter().flat_map(|d| [(panel.y, d.y), (panel.x, d.x)]);
                curves.flat_map(own).chain(dots)
            })
            .collect(),
        FigureData::Rows(rows) => rows
            .rows
            .iter()
            .flat_map(|r| r.mean.into_iter().chain(r.dots.iter().map(|(v, _)| *v)))
            .map(|v| (rows.x, v))
            .collect(),
        FigureData::Trend(trend) => {
            trend.panels.iter().flat_map(|p| p.points.iter().map(|q| (p.y, q.y))).collect()
        }
        FigureData::Grid(_) | FigureData::Map(_) => Vec::new(),
    }
}

/// Returns the number of values that a pointer can hover; `None` if it does not follow from the
/// data.
fn pointed(ink: &FigureData) -> Option<usize> {
    match ink {
        FigureData::Chart(chart) => Some(
            chart
                .panels
                .iter()
                .map(|p| {
                    let curves = p.curves.iter().filter(|c| c.kind != CurveKind::Faint);
                    let few = |c: &plot::chart::Curve| c.points.len();
                    curves.map(few).sum::<usize>()
                        + p.dots.len()
                        + p.strip.iter().map(|s| s.marks.len()).sum::<usize>()
                })
                .sum(),
        ),
        FigureData::Rows(rows) => {
            Some(rows.rows.iter().map(|r| r.dots.len() + usize::from(r.mean.is_some())).sum())
        }
        _ => None,
    }
}

/// Returns the faults of a figure: shapes outside of their frame, marks without a shape, values
/// without a position, and ends of axes that are not explained.
pub fn untrue(name: &str, figure: &Figure) -> Vec<String> {
    let ink = &figure.data;
    let mut faults = Vec::new();
    for layout in [Layout::Wide, Layout::Narrow] {
        let seen = seen(ink, layout);
        faults.extend(seen.faults.iter().map(|f| format!("{name} {layout:?}: {f}")));
        let (frames, marks) = (ink.frames(layout), ink.marks(layout));
        let drawn = !matches!(ink, FigureData::Grid(_) | FigureData::Map(_));
        for mark in &marks {
            let (x, y) = mark.at;
            let inside = |f: &Rect| {
                (f.left - 0.01..=f.right + 0.01).contains(&x)
                    && (f.top - 0.01..=f.bottom + 0.01).contains(&y)
            };
            if !frames.iter().any(inside) {
                faults.push(format!("{name} {layout:?}: {mark:?} is in none of {frames:?}"));
            }
            let near = |p: &Xy| (p.0 - x).abs() < 1.5 && (p.1 - y).abs() < 1.5;
            if drawn && !seen.places.iter().any(near) {
                faults.push(format!("{name} {layout:?}: nothing is drawn at {mark:?}"));
            }
        }
        if pointed(ink).is_some_and(|n| n < 60 && n != marks.len()) {
            faults.push(format!("{name}: {:?} values, {} marks", pointed(ink), marks.len()));
        }
    }
    for (axis, value) in points(ink) {
        let at = axis.unit(value);
        let (low, high) = axis.inner();
        let lane = match axis.outside(value) {
            None => (low..=high).contains(&at),
            Some(End::Low) => axis.lane(End::Low).is_some() && at > 0.0 && at < low,
            Some(End::High) => axis.lane(End::High).is_some() && at < 1.0 && at > high,
        };
        if !lane {
            faults.push(format!("{name}: {value} stands at {at} of {axis}"));
        }
        if (axis.outside(value).is_some() || value.is_infinite()) && ink.at_the_ends().is_empty() {
            faults.push(format!("{name}: {value} on {axis} is not explained"));
        }
    }
    let said = ink.at_the_ends();
    if let Some(lost) = said.iter().find(|s| !figure.description().contains(s.as_str())) {
        faults.push(format!("{name}: the caption lacks {lost:?}"));
    }
    faults
}
