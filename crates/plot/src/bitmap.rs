//! Strokes as the pixels of a bitmap. plotters holds the pixels; this crate computes which of them
//! a stroke or a letter covers, as in SVG. The lines of plotters lack pieces where they turn
//! sharply within their width, and its text lacks the space before each letter.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use crate::canvas::{Ball, Canvas, Draw, FigureError, Font, Stroke, Surface, Xy};
use crate::glyphs;
use crate::raster::{self, Span};
use crate::style::BASELINE;

/// A plotters area with its resolution.
pub struct Bitmap<'a, DB: DrawingBackend> {
    area: &'a DrawingArea<DB, Shift>,
    unit: f64,
}

impl<'a, DB: DrawingBackend> Bitmap<'a, DB> {
    /// Wraps `area`, with `unit` pixels per logical pixel.
    pub fn new(area: &'a DrawingArea<DB, Shift>, unit: f64) -> Self {
        Bitmap { area, unit }
    }

    fn at(&self, (x, y): Xy) -> Xy {
        (x * self.unit, y * self.unit)
    }

    fn all(&self, points: &[Xy]) -> Vec<Xy> {
        points.iter().map(|p| self.at(*p)).collect()
    }

    fn put(&self, spans: &[Span], color: RGBColor, alpha: f64) -> Result<(), FigureError> {
        let style = color.mix(alpha).stroke_width(1);
        // plotters treats a rectangle of one row as empty.
        spans.iter().try_for_each(|&(y, from, to)| {
            let row = PathElement::new([(from, y), (to, y)], style);
            self.area.draw(&row).map_err(|e| FigureError(e.to_string()))
        })
    }
}

impl<DB: DrawingBackend> Surface for Bitmap<'_, DB> {
    fn group(&mut self, _: Option<usize>) {}

    fn fill(&mut self, color: RGBColor) -> Result<(), FigureError> {
        self.area.fill(&color).map_err(|e| FigureError(e.to_string()))
    }

    fn line(&mut self, points: &[Xy], s: Stroke) -> Result<(), FigureError> {
        let dash: Vec<f64> = s.dash.iter().map(|length| length * self.unit).collect();
        let pieces = raster::dashed(&self.all(points), &dash);
        self.put(&raster::stroke(&pieces, s.width * self.unit), s.color, s.alpha)
    }

    fn polygon(&mut self, points: &[Xy], color: RGBColor, alpha: f64) -> Result<(), FigureError> {
        self.put(&raster::area(&[self.all(points)]), color, alpha)
    }

    fn disc(
        &mut self,
        at: Xy,
        radius: f64,
        color: RGBColor,
        alpha: f64,
    ) -> Result<(), FigureError> {
        self.put(&raster::disc(self.at(at), radius * self.unit), color, alpha)
    }

    fn area(&mut self, loops: &[Vec<Xy>], color: RGBColor) -> Result<(), FigureError> {
        let loops: Vec<Vec<Xy>> = loops.iter().map(|line| self.all(line)).collect();
        self.put(&raster::area(&loops), color, 1.0)
    }

    fn repeat(&mut self, at: &[Xy], draw: Draw<'_>) -> Result<(), FigureError> {
        at.iter().try_for_each(|&off| draw(&mut Canvas::new(self), off))
    }

    fn ball(&mut self, points: &[Xy], _: &[f64], look: Ball) -> Result<(), FigureError> {
        self.line(points, Stroke { color: look.color, alpha: 1.0, width: look.width, dash: &[] })?;
        let Some(end) = points.last() else { return Ok(()) };
        self.disc(*end, look.radius, look.color, 1.0)?;
        let size = look.radius * 1.4;
        let font = Font { size, color: look.ink, anchor: HPos::Center, bold: true };
        look.number.map_or(Ok(()), |n| self.text(*end, &n.to_string(), font))
    }

    fn text(&mut self, at: Xy, text: &str, font: Font) -> Result<(), FigureError> {
        let baseline = self.at((at.0, at.1 + BASELINE * font.size));
        for glyph in glyphs::set(text, font.bold, font.size * self.unit, baseline, font.anchor) {
            let corner = glyph.px_bounds().min;
            let mut drawn = Ok(());
            glyph.draw(|x, y, coverage| {
                let pixel = (corner.x as i32 + x as i32, corner.y as i32 + y as i32);
                if drawn.is_ok() && coverage > 0.0 {
                    drawn = self.area.draw_pixel(pixel, &font.color.mix(f64::from(coverage)));
                }
            });
            drawn.map_err(|e| FigureError(e.to_string()))?;
        }
        Ok(())
    }
}
