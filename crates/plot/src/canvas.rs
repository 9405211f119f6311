//! Strokes, shapes and text in logical pixels, over SVG and bitmaps alike.

use plotters::style::RGBColor;
use plotters::style::text_anchor::HPos;

use crate::style::{Marker, PAPER};

mod texts;

pub use texts::{fit, fit_apart, text_width, wrap};

/// Error of drawing or encoding a figure, with its message.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct FigureError(pub String);

/// A point in logical pixels: x to the right, y down.
pub type Xy = (f64, f64);

/// A rectangle in logical pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rect {
    /// Left edge.
    pub left: f64,
    /// Upper edge.
    pub top: f64,
    /// Right edge.
    pub right: f64,
    /// Lower edge.
    pub bottom: f64,
}

/// Size, weight, colour and anchor of a text.
#[derive(Clone, Copy)]
pub struct Font {
    /// Size in logical pixels.
    pub size: f64,
    /// True for semi-bold.
    pub bold: bool,
    /// Colour.
    pub color: RGBColor,
    /// Part of the text that is placed at its x.
    pub anchor: HPos,
}

/// Makes a [`Font`]; `size` is in logical pixels.
pub fn font(size: f64, color: RGBColor, anchor: HPos, bold: bool) -> Font {
    Font { size, bold, color, anchor }
}

/// Look of a line.
#[derive(Clone, Copy)]
pub struct Stroke {
    /// Colour.
    pub color: RGBColor,
    /// Opacity, from 0 to 1.
    pub alpha: f64,
    /// Width in logical pixels.
    pub width: f64,
    /// Lengths of ink and gap in logical pixels, as in [`crate::style::DASHES`]; empty for a solid
    /// line.
    pub dash: &'static [f64],
}

/// A drawing function; its second argument is the offset, in logical pixels, from the usual place.
pub type Draw<'a> = &'a dyn Fn(&mut Canvas<'_>, Xy) -> Result<(), FigureError>;

/// Look of a ball and of the line it leaves behind.
#[derive(Clone, Copy)]
pub struct Ball {
    /// Colour of both.
    pub color: RGBColor,
    /// Width of the line, in logical pixels.
    pub width: f64,
    /// Radius of the ball, in logical pixels.
    pub radius: f64,
    /// Length of the animation in seconds, after which it repeats.
    pub seconds: f64,
    /// Number on the ball, where colours alone are not distinct; `None` shows no number.
    pub number: Option<usize>,
    /// Colour of the number.
    pub ink: RGBColor,
}

/// Target of the strokes: SVG text or the pixels of a bitmap. Lengths are in logical pixels from
/// the upper left corner, opacities (`alpha`) from 0 to 1.
pub trait Surface {
    /// Assigns what follows to the label at place `series` of the plan; `None` assigns it to no
    /// label.
    fn group(&mut self, series: Option<usize>);
    /// Announces that what follows shows values and stays inside this frame; `None` ends that.
    /// Drawing does not need it, but an observer can check it.
    fn frame(&mut self, _frame: Option<Rect>) {}
    /// Fills the whole area with one colour.
    ///
    /// # Errors
    /// Those of the backend, as for all strokes.
    fn fill(&mut self, color: RGBColor) -> Result<(), FigureError>;
    /// Draws connected lines through at least two points.
    fn line(&mut self, points: &[Xy], stroke: Stroke) -> Result<(), FigureError>;
    /// Fills a polygon.
    fn polygon(&mut self, points: &[Xy], color: RGBColor, alpha: f64) -> Result<(), FigureError>;
    /// Fills a disc.
    fn disc(&mut self, at: Xy, radius: f64, color: RGBColor, alpha: f64)
    -> Result<(), FigureError>;
    /// Fills an area of several loops; those around holes run the other way.
    ///
    /// # Errors
    /// Those of the backend.
    fn area(&mut self, loops: &[Vec<Xy>], color: RGBColor) -> Result<(), FigureError>;
    /// Calls `draw` for each of `at`, which are offsets from its usual place.
    ///
    /// # Errors
    /// Those of the backend and of `draw`.
    fn repeat(&mut self, at: &[Xy], draw: Draw<'_>) -> Result<(), FigureError>;
    /// Draws a ball that moves along a line and leaves it behind; where nothing moves, the ball is
    /// at the end. `times` has the time of each point, from 0 to 1, as a fraction of
    /// [`Ball::seconds`].
    ///
    /// # Errors
    /// Those of the backend.
    fn ball(&mut self, points: &[Xy], times: &[f64], look: Ball) -> Result<(), FigureError>;
    /// Draws text that is not empty, vertically centred on `at`.
    fn text(&mut self, at: Xy, text: &str, font: Font) -> Result<(), FigureError>;
}

/// Strokes and shapes on a surface.
pub struct Canvas<'a>(&'a mut dyn Surface);

impl<'a> Canvas<'a> {
    /// Makes a canvas on `surface`.
    pub fn new(surface: &'a mut dyn Surface) -> Self {
        Canvas(surface)
    }

    /// Assigns what follows to the label at place `series` of the plan; `None` assigns it to no
    /// label.
    pub fn group(&mut self, series: impl Into<Option<usize>>) {
        self.0.group(series.into());
    }

    /// Announces that what follows shows values and stays inside this frame; `None` ends that.
    pub fn frame(&mut self, frame: Option<Rect>) {
        self.0.frame(frame);
    }

    /// Fills the whole area with one colour.
    pub fn fill(&mut self, color: RGBColor) -> Result<(), FigureError> {
        self.0.fill(color)
    }

    /// Draws connected lines; nothing for fewer than two points.
    pub fn line(&mut self, points: &[Xy], stroke: Stroke) -> Result<(), FigureError> {
        if points.len() < 2 { Ok(()) } else { self.0.line(points, stroke) }
    }

    /// Draws a solid, opaque line.
    pub fn rule(
        &mut self,
        from: Xy,
        to: Xy,
        color: RGBColor,
        width: f64,
    ) -> Result<(), FigureError> {
        self.line(&[from, to], Stroke { color, alpha: 1.0, width, dash: &[] })
    }

    /// Fills a polygon.
    pub fn polygon(
        &mut self,
        points: &[Xy],
        color: RGBColor,
        alpha: f64,
    ) -> Result<(), FigureError> {
        self.0.polygon(points, color, alpha)
    }

    /// Fills a rectangle.
    pub fn rect(&mut self, r: Rect, color: RGBColor) -> Result<(), FigureError> {
        let corners = [(r.left, r.top), (r.right, r.top), (r.right, r.bottom), (r.left, r.bottom)];
        self.polygon(&corners, color, 1.0)
    }

    /// Fills a disc.
    pub fn disc(
        &mut self,
        at: Xy,
        radius: f64,
        color: RGBColor,
        alpha: f64,
    ) -> Result<(), FigureError> {
        self.0.disc(at, radius, color, alpha)
    }

    /// Draws the outline of a circle.
    pub fn ring(
        &mut self,
        at: Xy,
        radius: f64,
        color: RGBColor,
        width: f64,
    ) -> Result<(), FigureError> {
        let corners: Vec<Xy> = (0..=48)
            .map(|i| std::f64::consts::TAU * f64::from(i) / 48.0)
            .map(|a| (at.0 + radius * a.cos(), at.1 + radius * a.sin()))
            .collect();
        self.line(&corners, Stroke { color, alpha: 1.0, width, dash: &[] })
    }

    /// Draws a marker about `2 * size` wide, with a rim in the paper's colour.
    pub fn marker(
        &mut self,
        at: Xy,
        marker: Marker,
        size: f64,
        color: RGBColor,
    ) -> Result<(), FigureError> {
        self.shape(at, marker, size + 1.1, PAPER)?;
        self.shape(at, marker, size, color)?;
        if marker == Marker::Ring { self.disc(at, size * 0.5, PAPER, 1.0) } else { Ok(()) }
    }

    fn shape(
        &mut self,
        (x, y): Xy,
        marker: Marker,
        s: f64,
        color: RGBColor,
    ) -> Result<(), FigureError> {
        let t = s * 1.2;
        let corners = match marker {
            Marker::Circle | Marker::Ring => return self.disc((x, y), s, color, 1.0),
            Marker::Square => {
                let s = s * 0.9;
                vec![(x - s, y - s), (x + s, y - s), (x + s, y + s), (x - s, y + s)]
            }
            Marker::Up => vec![(x, y - t), (x + t, y + t * 0.8), (x - t, y + t * 0.8)],
            Marker::Down => vec![(x, y + t), (x + t, y - t * 0.8), (x - t, y - t * 0.8)],
            Marker::Diamond => vec![(x, y - t), (x + t, y), (x, y + t), (x - t, y)],
            Marker::Plus => {
                let (l, w) = (t, s * 0.42);
                let upper = [(-w, -l), (w, -l), (w, -w), (l, -w), (l, w), (w, w)];
                let lower = [(w, l), (-w, l), (-w, w), (-l, w), (-l, -w), (-w, -w)];
                upper.into_iter().chain(lower).map(|(dx, dy)| (x + dx, y + dy)).collect()
            }
        };
        self.polygon(&corners, color, 1.0)
    }

    /// Draws a diagonal cross, `2 * size` wide.
    pub fn cross(
        &mut self,
        (x, y): Xy,
        size: f64,
        color: RGBColor,
        width: f64,
    ) -> Result<(), FigureError> {
        self.rule((x - size, y - size), (x + size, y + size), color, width)?;
        self.rule((x - size, y + size), (x + size, y - size), color, width)
    }

    /// Fills an area with holes; nothing without loops.
    pub fn area(&mut self, loops: &[Vec<Xy>], color: RGBColor) -> Result<(), FigureError> {
        if loops.is_empty() { Ok(()) } else { self.0.area(loops, color) }
    }

    /// Repeats one drawing at several offsets.
    pub fn repeat(&mut self, at: &[Xy], draw: Draw<'_>) -> Result<(), FigureError> {
        self.0.repeat(at, draw)
    }

    /// Draws a ball that moves along a line in SVG, and elsewhere a line with a ball at its end;
    /// nothing for fewer than two points.
    pub fn ball(&mut self, points: &[Xy], times: &[f64], look: Ball) -> Result<(), FigureError> {
        if points.len() < 2 { Ok(()) } else { self.0.ball(points, times, look) }
    }

    /// Draws text, vertically centred on `at`; nothing if it is empty.
    pub fn text(&mut self, at: Xy, text: &str, font: Font) -> Result<(), FigureError> {
        if text.is_empty() { Ok(()) } else { self.0.text(at, text, font) }
    }
}

/// Splits a polyline at its sharp turns, where a thick line then ends square instead of round.
pub fn smooth(points: &[Xy]) -> Vec<&[Xy]> {
    let mut pieces = Vec::new();
    let mut from = 0;
    for (i, turn) in points.windows(3).enumerate() {
        let way = |k: usize| (turn[k + 1].0 - turn[k].0, turn[k + 1].1 - turn[k].1);
        let ((ax, ay), (bx, by)) = (way(0), way(1));
        // Sharper than 60 degrees between the two legs, or no leg at all.
        if ax * bx + ay * by <= -0.5 * ax.hypot(ay) * bx.hypot(by) {
            pieces.push(&points[from..=i + 1]);
            from = i + 1;
        }
    }
    pieces.push(&points[from..]);
    pieces
}

/// Returns the parts of a polyline inside `rect`, cut at its border.
pub fn clip(points: &[Xy], rect: Rect) -> Vec<Vec<Xy>> {
    let mut parts: Vec<Vec<Xy>> = Vec::new();
    let mut open = false;
    for pair in points.windows(2) {
        let Some((from, to)) = clip_segment(pair[0], pair[1], rect) else {
            open = false;
            continue;
        };
        match parts.last_mut() {
            Some(part) if open => part.push(to),
            _ => parts.push(vec![from, to]),
        }
        open = to == pair[1];
    }
    parts
}

/// Returns the part of a segment inside a rectangle (Liang and Barsky 1984).
fn clip_segment(a: Xy, b: Xy, r: Rect) -> Option<(Xy, Xy)> {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let (mut t0, mut t1) = (0.0f64, 1.0f64);
    for (p, q) in
        [(-dx, a.0 - r.left), (dx, r.right - a.0), (-dy, a.1 - r.top), (dy, r.bottom - a.1)]
    {
        if p == 0.0 {
            if q < 0.0 {
                return None;
            }
        } else if p < 0.0 {
            t0 = t0.max(q / p);
        } else {
            t1 = t1.min(q / p);
        }
    }
    let point = |t: f64| if t >= 1.0 { b } else { (a.0 + t * dx, a.1 + t * dy) };
    (t0 <= t1).then(|| (point(t0), point(t1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clipping_cuts_at_the_border() {
        let rect = Rect { left: 0.0, top: 0.0, right: 10.0, bottom: 10.0 };
        let parts = clip(&[(-5.0, 5.0), (5.0, 5.0), (5.0, 20.0), (8.0, 20.0), (8.0, 5.0)], rect);
        assert_eq!(
            parts,
            [vec![(0.0, 5.0), (5.0, 5.0), (5.0, 10.0)], vec![(8.0, 10.0), (8.0, 5.0)]]
        );
    }

    #[test]
    fn sharp_turns_end_a_piece() {
        let line = [(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (4.1, 0.0), (8.0, 0.0)];
        let pieces = smooth(&line);
        assert_eq!(pieces, [&line[..3], &line[2..]], "a right angle is no sharp turn");
        assert_eq!(smooth(&line[..2]), [&line[..2]]);
    }
}
