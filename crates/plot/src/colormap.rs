//! Colours of cells, on scales that people with any common kind of colour blindness can order.

use plotters::style::RGBColor;

use crate::axis::{Axis, TickFormat, ordinary};

/// Dark blue to yellow with evenly increasing lightness: ten equidistant colours of cividis (Nuñez,
/// Anderton and Renslow 2018).
const CIVIDIS: [u32; 10] = [
    0x00224e, 0x123570, 0x3b496c, 0x575d6d, 0x707173, 0x8a8678, 0xa59c74, 0xc3b369, 0xe1cc55,
    0xfee838,
];

/// Blue over a neutral grey to orange, which are distinct with red-green blindness too.
const BLUE_ORANGE: [u32; 7] =
    [0x08519c, 0x4a90c8, 0xa6cbe6, 0xf1f1ef, 0xf6c08a, 0xdd8330, 0xa84a00];

/// Text on light cells: one bit off black, because the theme's own black and white are swapped in
/// dark mode, while the cells keep their colours.
const DARK_TEXT: RGBColor = RGBColor(0x00, 0x00, 0x01);
/// Text on dark cells.
const LIGHT_TEXT: RGBColor = RGBColor(0xFF, 0xFF, 0xFE);

/// Mapping of values to colours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Colormap {
    /// Dark (low) to light (high) along an axis.
    Sequential(Axis),
    /// Light (low) to dark (high) along an axis: for values of which less is better, so that better
    /// is lighter here too.
    Reversed(Axis),
    /// Blue below zero, orange above, along an axis that is symmetric around zero.
    Diverging(Axis),
}

impl Colormap {
    /// Makes a diverging colormap, symmetric around zero, up to the largest value that is not
    /// absurd. NaN is ignored.
    pub fn diverging(values: impl Iterator<Item = f64>, format: TickFormat) -> Colormap {
        let sizes: Vec<f64> = values.filter(|v| !v.is_nan()).map(f64::abs).collect();
        let largest = ordinary(&sizes);
        let most = sizes.iter().copied().filter(|v| *v <= largest).fold(0.0, f64::max);
        let most = if most > 0.0 { most } else { 1.0 };
        // Lanes at both ends or at none, so that zero stays in the middle.
        let both = sizes.iter().flat_map(|v| [*v, -v]);
        Colormap::Diverging(Axis { format, ..Axis::linear(-most, most) }.holding(both))
    }

    /// Returns the axis that the key shows.
    pub fn axis(&self) -> Axis {
        match *self {
            Colormap::Sequential(axis) | Colormap::Reversed(axis) | Colormap::Diverging(axis) => {
                axis
            }
        }
    }

    /// Returns the colour of a value; values beyond the ends have the colour of the end.
    pub fn color(&self, value: f64) -> RGBColor {
        self.at(self.axis().unit(value))
    }

    /// Returns the colour at a position from 0 (lowest value) to 1 (highest) of the key.
    pub fn at(&self, unit: f64) -> RGBColor {
        let unit = unit.clamp(0.0, 1.0);
        match self {
            Colormap::Sequential(_) => between(&CIVIDIS, unit),
            Colormap::Reversed(_) => between(&CIVIDIS, 1.0 - unit),
            Colormap::Diverging(_) => between(&BLUE_ORANGE, unit),
        }
    }
}

fn between(stops: &[u32], unit: f64) -> RGBColor {
    let place = unit * (stops.len() - 1) as f64;
    let from = (place as usize).min(stops.len() - 2);
    let t = place - from as f64;
    let channel = |shift: u32| {
        let of = |stop: u32| f64::from(stop >> shift & 255);
        (of(stops[from]) * (1.0 - t) + of(stops[from + 1]) * t).round() as u8
    };
    RGBColor(channel(16), channel(8), channel(0))
}

/// Returns the colour of text on a cell: dark or light, whichever contrasts more.
pub fn text_on(cell: RGBColor) -> RGBColor {
    let best = |a, b| if contrast(a, cell) >= contrast(b, cell) { a } else { b };
    best(DARK_TEXT, LIGHT_TEXT)
}

/// Returns the contrast ratio of two colours as WCAG 2 defines it, from 1 to 21.
pub fn contrast(a: RGBColor, b: RGBColor) -> f64 {
    let luminance = |RGBColor(r, g, b): RGBColor| {
        let linear = |c: u8| {
            let c = f64::from(c) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
    };
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scale::Scale;

    #[test]
    fn text_is_readable_on_every_colour() {
        let axis = Axis::linear(0.0, 1.0);
        let diverging = Colormap::diverging([0.5, -2.0, f64::NAN].into_iter(), TickFormat::Number);
        assert_eq!(diverging.axis().scale, Scale::Linear(-2.0, 2.0));
        for colormap in [Colormap::Sequential(axis), Colormap::Reversed(axis), diverging] {
            for i in 0..=100 {
                let cell = colormap.at(f64::from(i) / 100.0);
                assert!(contrast(text_on(cell), cell) >= 4.5, "{colormap:?} {i}");
            }
        }
    }

    #[test]
    fn lighter_is_higher_and_zero_is_neutral() {
        let dark = RGBColor(0, 0, 0);
        let colormap = Colormap::Sequential(Axis::linear(0.0, 10.0));
        let light: Vec<f64> =
            (0..=10).map(|v| contrast(colormap.color(f64::from(v)), dark)).collect();
        assert!(light.windows(2).all(|p| p[0] < p[1]), "{light:?}");
        let reversed = Colormap::Reversed(Axis::linear(0.0, 10.0));
        assert_eq!(reversed.color(10.0), colormap.color(0.0));
        let colormap = Colormap::diverging([3.0, -1.0].into_iter(), TickFormat::Number);
        assert_eq!(colormap.color(0.0), RGBColor(0xf1, 0xf1, 0xef));
        assert_eq!(colormap.color(-99.0), colormap.color(-3.0));
        // One absurd difference does not make all others neutral.
        let with = Colormap::diverging([3.0, -1.0, 2.0, 1e30].into_iter(), TickFormat::Number);
        assert_eq!(with.color(0.0), colormap.color(0.0));
        assert_eq!(with.axis().scale, colormap.axis().scale);
        assert_ne!(with.color(2.0), colormap.color(0.0));
    }
}
