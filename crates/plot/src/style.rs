//! Style of figures: the font, colours, dashes and markers. A label has one colour, dash and marker
//! in every figure, by its place in the plan.

use std::sync::LazyLock;

pub use plotters::style::RGBColor;
use plotters::style::{FontStyle, register_font};

/// Font families that a browser tries in order; the first is the embedded font, which measures the
/// text and draws the bitmaps.
pub const FONT_FAMILY: &str = "Inter, -apple-system, Segoe UI, Helvetica Neue, Arial, sans-serif";

/// The embedded font for most text.
pub static REGULAR: &[u8] = include_bytes!("../fonts/Inter-Regular.otf");
/// The embedded font for headings.
pub static SEMI_BOLD: &[u8] = include_bytes!("../fonts/Inter-SemiBold.otf");

static FONTS: LazyLock<bool> = LazyLock::new(|| {
    register_font(FONT_FAMILY, FontStyle::Normal, REGULAR).is_ok()
        && register_font(FONT_FAMILY, FontStyle::Bold, SEMI_BOLD).is_ok()
});

/// Registers the embedded fonts once, and returns whether they could be read.
pub fn fonts() -> bool {
    *FONTS
}

/// The width for which a figure is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// 960 logical pixels, panels side by side, labels at the lines' ends.
    Wide,
    /// 400 logical pixels, panels stacked, a legend on top.
    Narrow,
}

/// Size of a figure's title, in logical pixels as all sizes here.
pub const TITLE: f64 = 17.0;
/// Size of most text.
pub const BODY: f64 = 12.5;
/// Size of tick labels and notes.
pub const TICK: f64 = 11.5;
/// Distance between lines of most text.
pub const LINE: f64 = 17.0;

/// Distance of the baseline below the middle of centred capitals, in em.
pub(crate) const BASELINE: f64 = 0.355;

/// Colour of text and strong lines.
pub const INK: RGBColor = RGBColor(0x1B, 0x1F, 0x24);
/// Colour of secondary text.
pub const MUTED: RGBColor = RGBColor(0x5A, 0x63, 0x6E);
/// Colour of axis lines.
pub const AXIS: RGBColor = RGBColor(0x9A, 0xA4, 0xAF);
/// Colour of grid lines.
pub const GRID: RGBColor = RGBColor(0xE7, 0xEA, 0xEE);
/// Colour of the background.
pub const PAPER: RGBColor = RGBColor(0xFF, 0xFF, 0xFF);

/// Colours of the labels: the palette of Okabe and Ito (2008), distinct with all common kinds of
/// colour blindness. Yellow, which is weak on white, comes last.
pub const PALETTE: [RGBColor; 8] = [
    RGBColor(0x00, 0x72, 0xB2),
    RGBColor(0xD5, 0x5E, 0x00),
    RGBColor(0x00, 0x9E, 0x73),
    RGBColor(0xCC, 0x79, 0xA7),
    RGBColor(0xE6, 0x9F, 0x00),
    RGBColor(0x56, 0xB4, 0xE9),
    RGBColor(0x00, 0x00, 0x00),
    RGBColor(0xF0, 0xE4, 0x42),
];

/// Dashes of the labels: lengths of ink and gap in turn, in logical pixels; empty is a solid line.
pub const DASHES: [&[f64]; 5] =
    [&[], &[8.0, 3.5], &[10.0, 3.0, 2.0, 3.0], &[3.0, 2.5], &[16.0, 4.0]];

/// Shape drawn at a curve's points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marker {
    /// A disc.
    Circle,
    /// A square on its side.
    Square,
    /// A triangle, tip up.
    Up,
    /// A square on its corner.
    Diamond,
    /// A triangle, tip down.
    Down,
    /// A cross of two bars.
    Plus,
    /// A disc with a hole.
    Ring,
}

const MARKERS: [Marker; 7] = [
    Marker::Circle,
    Marker::Square,
    Marker::Up,
    Marker::Diamond,
    Marker::Down,
    Marker::Plus,
    Marker::Ring,
];

/// Returns colour, dash and marker of the label at place `series` of the plan. Colours repeat after
/// 8 labels, dashes after 5, markers after 7, and all together after 280.
pub fn look(series: usize) -> (RGBColor, &'static [f64], Marker) {
    (
        PALETTE[series % PALETTE.len()],
        DASHES[series % DASHES.len()],
        MARKERS[series % MARKERS.len()],
    )
}
