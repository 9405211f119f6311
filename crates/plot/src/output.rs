//! Figures as SVG text and PNG bytes, from one drawing function.

use std::cell::RefCell;

use plotters::prelude::{BitMapBackend, IntoDrawingArea};

use crate::FigureData;
use crate::bitmap::Bitmap;
use crate::canvas::{Canvas, FigureError};
use crate::style::{FONT_FAMILY, Layout, TICK, fonts};
use crate::svg::{Colors, Svg, xml};
use text_format::escape;

/// Pixels per logical pixel of a PNG, and the factor by which it is drawn finer and then averaged,
/// because plotters does not smooth thick lines.
const PNG_SCALE: usize = 2;
const OVERSAMPLING: usize = 3;

/// Style for readers who prefer reduced motion.
const STILL: &str = "<style>@media (prefers-reduced-motion:reduce){.moving{display:none}.still{display:inline}}</style>\n";

thread_local! {
    /// Buffer of fine pixels, kept for the next figure: the system maps new memory page by page,
    /// which costs as much as drawing on it.
    static FINE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Returns a figure as a standalone SVG document with a white background.
///
/// # Errors
/// The embedded fonts cannot be read.
pub fn svg(ink: &FigureData, layout: Layout) -> Result<String, FigureError> {
    ready()?;
    let (width, height) = ink.size(layout);
    let elements = elements(ink, layout, Colors::Literal)?;
    let title = xml(&escape::line(ink.title()));
    // Inline figures rely on the page's own style, because a page admits no style element of ours.
    let style = if elements.contains("class=\"moving\"") { STILL } else { "" };
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\" fill=\"none\" stroke-linejoin=\"round\" \
         font-family=\"{FONT_FAMILY}\" font-size=\"{TICK}\">\n<title>{title}</title>\n{style}{elements}</svg>\n"
    ))
}

/// Returns a figure as part of a page: without a size, with colours as CSS variables and the font
/// from CSS. `label` is its accessible name, and the element with the id `described_by` describes
/// it. The page's heading gives the title, so pass a figure without one: see
/// [`FigureData::untitled`].
///
/// # Errors
/// The embedded fonts cannot be read.
pub fn inline(
    ink: &FigureData,
    layout: Layout,
    label: &str,
    described_by: &str,
) -> Result<String, FigureError> {
    ready()?;
    let (width, height) = ink.size(layout);
    let elements = elements(ink, layout, Colors::Variables)?;
    // The name is an attribute, because a title element would pop up as a tooltip.
    let label = xml(label);
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
         aria-label=\"{label}\" aria-describedby=\"{described_by}\" fill=\"none\" stroke-linejoin=\"round\" font-size=\"{TICK}\">\n{elements}</svg>"
    ))
}

fn elements(ink: &FigureData, layout: Layout, colors: Colors) -> Result<String, FigureError> {
    let mut surface = Svg::new(ink.size(layout), colors);
    ink.draw(layout, &mut Canvas::new(&mut surface))?;
    Ok(surface.finish())
}

/// Returns a figure as PNG bytes, with two pixels per logical pixel in either direction.
///
/// # Errors
/// The embedded fonts cannot be read, or the image cannot be drawn or encoded.
pub fn png(ink: &FigureData, layout: Layout) -> Result<Vec<u8>, FigureError> {
    ready()?;
    let (width, height) = ink.size(layout);
    let (width, height) = (width as usize * PNG_SCALE, height as usize * PNG_SCALE);
    let fine = (width * OVERSAMPLING, height * OVERSAMPLING);
    let image = FINE.with_borrow_mut(|pixels| -> Result<Vec<u8>, FigureError> {
        let size = fine.0 * fine.1 * 3;
        // Pixels of the last figure do not matter: every figure first fills its whole area.
        if pixels.len() < size {
            pixels.resize(size, 0);
        }
        let pixels = &mut pixels[..size];
        let area =
            BitMapBackend::with_buffer(pixels, (fine.0 as u32, fine.1 as u32)).into_drawing_area();
        let mut surface = Bitmap::new(&area, (PNG_SCALE * OVERSAMPLING) as f64);
        ink.draw(layout, &mut Canvas::new(&mut surface))?;
        area.present().map_err(|e| FigureError(e.to_string()))?;
        drop(area);
        Ok(average(pixels, width))
    })?;
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width as u32, height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Balanced);
    let encode = |e: png::EncodingError| FigureError(e.to_string());
    let mut writer = encoder.write_header().map_err(encode)?;
    writer.write_image_data(&image).map_err(encode)?;
    writer.finish().map_err(encode)?;
    Ok(bytes)
}

/// Returns means over squares of `OVERSAMPLING` pixels; `width` is that of the result, in pixels.
fn average(fine: &[u8], width: usize) -> Vec<u8> {
    const N: usize = OVERSAMPLING;
    let stride = width * N * 3;
    let mut out = vec![0; fine.len() / (N * N)];
    // Columns are summed first, because whole rows can be added with vector instructions.
    let mut sums = vec![0u16; stride];
    for (rows, out) in fine.chunks_exact(N * stride).zip(out.chunks_exact_mut(width * 3)) {
        sums.fill(0);
        for row in rows.chunks_exact(stride) {
            sums.iter_mut().zip(row).for_each(|(sum, &value)| *sum += u16::from(value));
        }
        let squares = sums.as_chunks::<{ N * 3 }>().0;
        for (square, pixel) in squares.iter().zip(out.as_chunks_mut::<3>().0) {
            for (channel, value) in pixel.iter_mut().enumerate() {
                let sum: u16 = (0..N).map(|i| square[3 * i + channel]).sum();
                *value = ((sum + (N * N / 2) as u16) / (N * N) as u16) as u8;
            }
        }
    }
    out
}

fn ready() -> Result<(), FigureError> {
    if fonts() { Ok(()) } else { Err(FigureError("the embedded fonts cannot be read".to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pixel_is_the_rounded_mean_of_its_square() {
        // Two pixels side by side, six rows of fine ones: two rows of pixels.
        let fine: Vec<u8> = (0..6 * 6 * 3).map(|i| (i * 89 % 256) as u8).collect();
        let at = |x: usize, y: usize, channel: usize| f64::from(fine[(y * 6 + x) * 3 + channel]);
        let mean = |x: usize, y: usize, channel: usize| {
            let square = (0..9).map(|i| at(3 * x + i % 3, 3 * y + i / 3, channel));
            (square.sum::<f64>() / 9.0).round() as u8
        };
        let expected: Vec<u8> = (0..12).map(|i| mean(i / 3 % 2, i / 6, i % 3)).collect();
        assert_eq!(average(&fine, 2), expected);
        assert_eq!(average(&[255; 9 * 3], 1), [255; 3]);
    }
}
