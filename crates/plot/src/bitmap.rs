//! Strokes as the pixels of a bitmap, by plotters.

use plotters::coord::Shift;
use plotters::element::{Drawable, PointCollection};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::canvas::{Ball, Canvas, Draw, FigureError, Font, Stroke, Surface, Xy, smooth};
use crate::fallback::{self, Piece};
use crate::style::FONT_FAMILY;

/// Centred capitals have their baseline 0.35 em below the middle; plotters puts
/// it at 0.12 em.
const DROP: f64 = 0.23;

/// Height of a line of the embedded font in units of an em, as plotters has it.
const LINE_OF_EM: f64 = 1.24;
/// How far below the middle plotters draws the baseline, in units of its size: half
/// of the size less half of the em that it takes for the height of the text.
const BASELINE: f64 = 0.5 - 0.5 / LINE_OF_EM;

/// A plotters area with its resolution.
pub struct Bitmap<'a, DB: DrawingBackend> {
    area: &'a DrawingArea<DB, Shift>,
    unit: f64,
}

impl<'a, DB: DrawingBackend> Bitmap<'a, DB> {
    /// `area` with `unit` pixels per logical pixel.
    pub fn new(area: &'a DrawingArea<DB, Shift>, unit: f64) -> Self {
        Bitmap { area, unit }
    }

    fn at(&self, (x, y): Xy) -> (i32, i32) {
        ((x * self.unit).round() as i32, (y * self.unit).round() as i32)
    }

    fn put<E>(&self, element: E) -> Result<(), FigureError>
    where
        for<'b> &'b E: PointCollection<'b, (i32, i32)>,
        E: Drawable<DB>,
    {
        self.area.draw(&element).map_err(|e| FigureError(e.to_string()))
    }
}

impl<DB: DrawingBackend> Surface for Bitmap<'_, DB> {
    fn group(&mut self, _: Option<usize>) {}

    fn fill(&mut self, color: RGBColor) -> Result<(), FigureError> {
        self.area.fill(&color).map_err(|e| FigureError(e.to_string()))
    }

    fn line(&mut self, points: &[Xy], s: Stroke) -> Result<(), FigureError> {
        let width = (s.width * self.unit).round().max(1.0) as u32;
        let stroke = s.color.mix(s.alpha).stroke_width(width);
        for piece in dashed(points, s.dash) {
            let path: Vec<(i32, i32)> = piece.into_iter().map(|p| self.at(p)).collect();
            self.put(PathElement::new(path, stroke))?;
        }
        Ok(())
    }

    fn polygon(&mut self, points: &[Xy], color: RGBColor, alpha: f64) -> Result<(), FigureError> {
        let path: Vec<(i32, i32)> = points.iter().map(|p| self.at(*p)).collect();
        self.put(Polygon::new(path, color.mix(alpha).filled()))
    }

    fn disc(
        &mut self,
        at: Xy,
        radius: f64,
        color: RGBColor,
        alpha: f64,
    ) -> Result<(), FigureError> {
        let radius = (radius * self.unit).round() as i32;
        self.put(Circle::new(self.at(at), radius, color.mix(alpha).filled()))
    }

    fn area(&mut self, loops: &[Vec<Xy>], color: RGBColor) -> Result<(), FigureError> {
        let scaled = |&(x, y): &Xy| (x * self.unit, y * self.unit);
        let loops: Vec<Vec<Xy>> = loops.iter().map(|l| l.iter().map(scaled).collect()).collect();
        for (y, from, to) in spans(&loops) {
            // A rectangle of one row would be empty to plotters.
            self.put(PathElement::new(vec![(from, y), (to + 1, y)], color.stroke_width(1)))?;
        }
        Ok(())
    }

    fn repeat(&mut self, at: &[Xy], draw: Draw<'_>) -> Result<(), FigureError> {
        at.iter().try_for_each(|&off| draw(&mut Canvas::new(self), off))
    }

    fn ball(&mut self, points: &[Xy], _: &[f64], look: Ball) -> Result<(), FigureError> {
        let stroke = Stroke { color: look.color, alpha: 1.0, width: look.width, dash: &[] };
        for piece in smooth(points) {
            self.line(piece, stroke)?;
        }
        let Some(end) = points.last() else { return Ok(()) };
        self.disc(*end, look.radius, look.color, 1.0)?;
        let size = look.radius * 1.4;
        let font = Font { size, color: look.ink, anchor: HPos::Center, bold: true };
        look.number.map_or(Ok(()), |n| self.text(*end, &n.to_string(), font))
    }

    fn text(&mut self, at: Xy, text: &str, font: Font) -> Result<(), FigureError> {
        let weight = if font.bold { FontStyle::Bold } else { FontStyle::Normal };
        // plotters takes the height of a line, CSS and people that of an em.
        let own = font.size * LINE_OF_EM * self.unit;
        let style = |anchor| style(FONT_FAMILY, own, weight, (anchor, &font.color));
        let at = self.at((at.0, at.1 + DROP * font.size));
        if text.is_ascii() {
            return self.put(Text::new(text.to_owned(), at, style(font.anchor)));
        }
        let pieces = fallback::pieces(text);
        if let [one] = &pieces[..]
            && one.family == FONT_FAMILY
        {
            return self.put(Text::new(one.text.clone(), at, style(font.anchor)));
        }
        let size = |piece: &Piece| font.size * piece.line * self.unit;
        let width = |piece: &Piece| {
            let desc = (piece.family.as_str(), size(piece), weight).into_font();
            desc.box_size(&piece.text).map_or(0, |(width, _)| width as i32)
        };
        let whole: i32 = pieces.iter().map(width).sum();
        let mut x = match font.anchor {
            HPos::Left => at.0,
            HPos::Center => at.0 - whole / 2,
            HPos::Right => at.0 - whole,
        };
        for piece in &pieces {
            // The baseline lies below the middle by a share of the size.
            let y = at.1 + ((own - size(piece)) * BASELINE).round() as i32;
            let look = (HPos::Left, &font.color);
            let style = self::style(&piece.family, size(piece), weight, look);
            self.put(Text::new(piece.text.clone(), (x, y), style))?;
            x += width(piece);
        }
        Ok(())
    }
}

/// Text of a family, vertically centred.
fn style<'a>(
    family: &'a str,
    size: f64,
    weight: FontStyle,
    (anchor, color): (HPos, &'a RGBColor),
) -> TextStyle<'a> {
    TextStyle::from((family, size, weight).into_font())
        .color(color)
        .pos(Pos::new(anchor, VPos::Center))
}

/// Rows of pixels whose middles lie inside of loops: y, first and last x.
fn spans(loops: &[Vec<Xy>]) -> Vec<(i32, i32, i32)> {
    let ys = || loops.iter().flatten().map(|p| p.1);
    let (top, bottom) =
        (ys().fold(f64::INFINITY, f64::min), ys().fold(f64::NEG_INFINITY, f64::max));
    let mut out = Vec::new();
    for row in top.floor() as i32..=bottom.ceil() as i32 {
        let y = f64::from(row) + 0.5;
        let mut cuts: Vec<f64> = Vec::new();
        for line in loops {
            for (a, b) in line.iter().zip(line.iter().cycle().skip(1)) {
                if (a.1 <= y) != (b.1 <= y) {
                    cuts.push(a.0 + (y - a.1) / (b.1 - a.1) * (b.0 - a.0));
                }
            }
        }
        cuts.sort_by(f64::total_cmp);
        for pair in cuts.as_chunks::<2>().0 {
            let (from, to) = ((pair[0] - 0.5).ceil() as i32, (pair[1] - 0.5).ceil() as i32 - 1);
            if from <= to {
                out.push((row, from, to));
            }
        }
    }
    out
}

/// The pieces of a polyline that a dash pattern leaves.
fn dashed(points: &[Xy], dash: &[f64]) -> Vec<Vec<Xy>> {
    if dash.is_empty() {
        return vec![points.to_vec()];
    }
    let mut pieces = Vec::new();
    let (mut phase, mut left) = (0, dash[0]);
    let mut piece = vec![points[0]];
    for pair in points.windows(2) {
        let (mut from, to) = (pair[0], pair[1]);
        loop {
            let length = (to.0 - from.0).hypot(to.1 - from.1);
            if length <= left {
                left -= length;
                piece.push(to);
                break;
            }
            let t = left / length;
            from = (from.0 + t * (to.0 - from.0), from.1 + t * (to.1 - from.1));
            piece.push(from);
            if phase % 2 == 0 {
                pieces.push(std::mem::take(&mut piece));
            }
            piece = vec![from];
            phase = (phase + 1) % dash.len();
            left = dash[phase];
        }
    }
    if phase % 2 == 0 && piece.len() > 1 {
        pieces.push(piece);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_area_is_filled_but_for_its_hole() {
        let square = |a: f64, b: f64| vec![(a, a), (b, a), (b, b), (a, b)];
        let rows = spans(&[square(0.0, 6.0), square(2.0, 4.0)]);
        let expected = [
            (0, 0, 5),
            (1, 0, 5),
            (2, 0, 1),
            (2, 4, 5),
            (3, 0, 1),
            (3, 4, 5),
            (4, 0, 5),
            (5, 0, 5),
        ];
        assert_eq!(rows, expected);
    }

    #[test]
    fn dashes_follow_the_corner() {
        let pieces = dashed(&[(0.0, 0.0), (4.0, 0.0), (4.0, 4.0)], &[3.0, 2.0]);
        assert_eq!(pieces, [vec![(0.0, 0.0), (3.0, 0.0)], vec![(4.0, 1.0), (4.0, 4.0)]]);
    }
}
