//! Kerning: adjustments of the distance between two letters. Fonts have it in their GPOS table,
//! which `ab_glyph` does not read.

use ab_glyph::GlyphId;
use ttf_parser::gpos::{PairAdjustment, PositioningSubtable};
use ttf_parser::{Face, Tag};

/// Kerning pairs of one font, as lookups; the first table of a lookup that has a pair counts.
pub(crate) struct Kerning<'a>(Vec<Vec<PairAdjustment<'a>>>);

impl<'a> Kerning<'a> {
    /// Reads the pairs from the bytes of a font; empty if it has none.
    pub(crate) fn of(bytes: &'a [u8]) -> Kerning<'a> {
        let face = Face::parse(bytes, 0).ok();
        Kerning(face.and_then(|face| Self::read(&face)).unwrap_or_default())
    }

    fn read(face: &Face<'a>) -> Option<Vec<Vec<PairAdjustment<'a>>>> {
        let table = face.tables().gpos?;
        let kern = Tag::from_bytes(b"kern");
        let mut numbers: Vec<u16> = table
            .features
            .into_iter()
            .filter(|feature| feature.tag == kern)
            .flat_map(|feature| feature.lookup_indices.into_iter())
            .collect();
        // Scripts and languages share lookups.
        numbers.sort_unstable();
        numbers.dedup();
        let lookups = numbers.into_iter().filter_map(|number| table.lookups.get(number));
        let pairs = |subtable| match subtable {
            PositioningSubtable::Pair(pair) => Some(pair),
            _ => None,
        };
        Some(lookups.map(|l| l.subtables.into_iter().filter_map(pairs).collect()).collect())
    }

    /// Returns the adjustment of the distance between two letters, in font units; negative if they
    /// are closer.
    pub(crate) fn between(&self, first: GlyphId, second: GlyphId) -> f32 {
        let (first, second) = (ttf_parser::GlyphId(first.0), ttf_parser::GlyphId(second.0));
        let of = |pair: &PairAdjustment<'_>| match pair {
            PairAdjustment::Format1 { coverage, sets } => {
                sets.get(coverage.get(first)?)?.get(second).map(|(value, _)| value.x_advance)
            }
            PairAdjustment::Format2 { coverage, classes, matrix } => {
                coverage.get(first)?;
                let classes = (classes.0.get(first), classes.1.get(second));
                matrix.get(classes).map(|(value, _)| value.x_advance)
            }
        };
        self.0.iter().filter_map(|lookup| lookup.iter().find_map(of)).map(f32::from).sum()
    }
}

#[cfg(test)]
mod tests {
    use ab_glyph::{Font as _, FontRef};

    use super::*;
    use crate::style::{REGULAR, SEMI_BOLD};

    #[test]
    fn letters_that_leave_room_stand_closer() {
        for bytes in [REGULAR, SEMI_BOLD] {
            let font = FontRef::try_from_slice(bytes).unwrap();
            let kerning = Kerning::of(bytes);
            let between = |a: char, b: char| kerning.between(font.glyph_id(a), font.glyph_id(b));
            assert_eq!(between('H', 'H'), 0.0);
            assert!(between('T', 'o') < -100.0 && between('7', '.') < -100.0);
        }
        assert_eq!(Kerning::of(b"no font").between(GlyphId(1), GlyphId(2)), 0.0);
    }
}
