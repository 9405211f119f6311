//! Letters as outlines, placed as in a browser: with the font's advance widths, side bearings and
//! kerning.

use ab_glyph::{Font as _, FontRef, GlyphId, OutlinedGlyph, PxScale, ScaleFont as _};
use plotters::style::text_anchor::HPos;

use crate::canvas::Xy;
use crate::fallback;
use crate::kerning::Kerning;

/// Returns the outlines of a text with an em of `em` pixels, anchored at a point of its baseline.
pub(crate) fn set(text: &str, bold: bool, em: f64, at: Xy, anchor: HPos) -> Vec<OutlinedGlyph> {
    let pieces = fallback::pieces(text, bold);
    let runs: Vec<Run<'_>> = pieces.iter().map(|(font, text)| Run::new(font, text, em)).collect();
    let width: f32 = runs.iter().map(|run| run.walk(|_, _| {})).sum();
    let before = match anchor {
        HPos::Left => 0.0,
        HPos::Center => width / 2.0,
        HPos::Right => width,
    };
    let (mut x, y) = (at.0 as f32 - before, at.1 as f32);
    let mut outlines = Vec::new();
    for run in &runs {
        x += run.walk(|glyph, from| {
            let glyph = glyph.with_scale_and_position(run.scale, ab_glyph::point(x + from, y));
            outlines.extend(run.font.outline_glyph(glyph));
        });
    }
    outlines
}

/// A piece of a text in one font.
struct Run<'a> {
    font: &'a FontRef<'static>,
    kerning: Kerning<'a>,
    /// Height of a line in pixels, which is the size that `ab_glyph` takes.
    scale: PxScale,
    text: &'a str,
}

impl<'a> Run<'a> {
    fn new(font: &'a FontRef<'static>, text: &'a str, em: f64) -> Run<'a> {
        let units = font.units_per_em().unwrap_or(1000.0);
        let scale = PxScale::from(em as f32 * font.height_unscaled() / units);
        Run { font, kerning: Kerning::of(font.font_data()), scale, text }
    }

    /// Calls `visit` with each letter and its distance from the first one, in pixels, and returns
    /// the width of all.
    fn walk(&self, mut visit: impl FnMut(GlyphId, f32)) -> f32 {
        let scaled = self.font.as_scaled(self.scale);
        let mut x = 0.0;
        let mut before = None;
        for glyph in self.text.chars().map(|c| self.font.glyph_id(c)) {
            let farther = before.map_or(0.0, |before| self.kerning.between(before, glyph));
            x += farther * scaled.h_scale_factor();
            visit(glyph, x);
            x += scaled.h_advance(glyph);
            before = Some(glyph);
        }
        x
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_have_the_size_of_their_em_and_stand_at_their_anchor() {
        let bounds = |anchor| {
            let glyphs = set("HH", false, 2816.0, (10_000.0, 5_000.0), anchor);
            assert_eq!(glyphs.len(), 2);
            [glyphs[0].px_bounds(), glyphs[1].px_bounds()]
        };
        let sides = |anchor| bounds(anchor).map(|r| (r.min.x, r.max.x));
        // In font units H is 1588 wide and 2048 high, advances by 2084 and leaves 248 on either
        // side.
        let first = bounds(HPos::Left)[0];
        assert_eq!((first.min.y, first.max.y), (2_952.0, 5_000.0));
        assert_eq!(sides(HPos::Left), [(10_248.0, 11_836.0), (12_332.0, 13_920.0)]);
        assert_eq!(sides(HPos::Center), [(8_164.0, 9_752.0), (10_248.0, 11_836.0)]);
        assert_eq!(sides(HPos::Right), [(6_080.0, 7_668.0), (8_164.0, 9_752.0)]);
    }
}
