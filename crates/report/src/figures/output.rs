//! Figures as SVG text and PNG bytes, from the one drawing function.

use plotters::prelude::{BitMapBackend, IntoDrawingArea};

use crate::escape;
use crate::figures::bitmap::Bitmap;
use crate::figures::canvas::{Canvas, FigureError};
use crate::figures::ink::Ink;
use crate::figures::style::{FONT_FAMILY, Layout, TICK, fonts};
use crate::figures::svg::{Colors, Svg, xml};

/// PNGs have twice the logical resolution, drawn three times finer and averaged,
/// because plotters does not smooth thick lines.
const PNG_SCALE: usize = 2;
const OVERSAMPLING: usize = 3;

/// A figure as a standalone SVG document with a white background.
///
/// # Errors
/// The fonts are broken.
pub fn svg(ink: &Ink, layout: Layout) -> Result<String, FigureError> {
    ready()?;
    let (width, height) = ink.size(layout);
    let elements = elements(ink, layout, Colors::Literal)?;
    let title = xml(&escape::line(ink.title()));
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\" fill=\"none\" stroke-linejoin=\"round\" \
         font-family=\"{FONT_FAMILY}\" font-size=\"{TICK}\">\n<title>{title}</title>\n{elements}</svg>\n"
    ))
}

/// A figure as part of a page: no size of its own, colours by CSS variable, the
/// font by CSS, named by `label` and described by the element of the id
/// `described_by`. Shown without its title, which the page's
/// heading gives: see [`Ink::untitled`].
///
/// # Errors
/// The fonts are broken.
pub fn inline(
    ink: &Ink,
    layout: Layout,
    label: &str,
    described_by: &str,
) -> Result<String, FigureError> {
    ready()?;
    let (width, height) = ink.size(layout);
    let elements = elements(ink, layout, Colors::Variables)?;
    // The name stands in an attribute: a title element would pop up as a tooltip.
    let label = xml(label);
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
         aria-label=\"{label}\" aria-describedby=\"{described_by}\" fill=\"none\" stroke-linejoin=\"round\" font-size=\"{TICK}\">\n{elements}</svg>"
    ))
}

fn elements(ink: &Ink, layout: Layout, colors: Colors) -> Result<String, FigureError> {
    let mut surface = Svg::new(ink.size(layout), colors);
    ink.draw(layout, &mut Canvas::new(&mut surface))?;
    Ok(surface.finish())
}

/// A figure as PNG bytes at twice the logical resolution.
///
/// # Errors
/// The fonts are broken, or the image cannot be drawn or encoded.
pub fn png(ink: &Ink, layout: Layout) -> Result<Vec<u8>, FigureError> {
    ready()?;
    let (width, height) = ink.size(layout);
    let (width, height) = (width as usize * PNG_SCALE, height as usize * PNG_SCALE);
    let fine = (width * OVERSAMPLING, height * OVERSAMPLING);
    let mut pixels = vec![255u8; fine.0 * fine.1 * 3];
    {
        let area = BitMapBackend::with_buffer(&mut pixels, (fine.0 as u32, fine.1 as u32))
            .into_drawing_area();
        let mut surface = Bitmap::new(&area, (PNG_SCALE * OVERSAMPLING) as f64);
        ink.draw(layout, &mut Canvas::new(&mut surface))?;
        area.present().map_err(|e| FigureError(e.to_string()))?;
    }
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width as u32, height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Balanced);
    let encode = |e: png::EncodingError| FigureError(e.to_string());
    let mut writer = encoder.write_header().map_err(encode)?;
    writer.write_image_data(&average(&pixels, width, height)).map_err(encode)?;
    writer.finish().map_err(encode)?;
    Ok(bytes)
}

/// Means over squares of `OVERSAMPLING` pixels.
fn average(fine: &[u8], width: usize, height: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(width * height * 3);
    let stride = width * OVERSAMPLING * 3;
    for y in 0..height {
        for x in 0..width {
            for channel in 0..3 {
                let mut sum = 0u32;
                for row in 0..OVERSAMPLING {
                    let start = (y * OVERSAMPLING + row) * stride + x * OVERSAMPLING * 3 + channel;
                    sum += (0..OVERSAMPLING).map(|i| u32::from(fine[start + 3 * i])).sum::<u32>();
                }
                let n = (OVERSAMPLING * OVERSAMPLING) as u32;
                out.push(((sum + n / 2) / n) as u8);
            }
        }
    }
    out
}

fn ready() -> Result<(), FigureError> {
    if fonts() { Ok(()) } else { Err(FigureError("the embedded fonts cannot be read".to_owned())) }
}
