//! Charts as SVG text and PNG bytes, from the one drawing function.

use plotters::prelude::*;

use crate::escape;
use crate::figures::canvas::FigureError;
use crate::figures::chart::Chart;
use crate::figures::draw::{draw, size};
use crate::figures::style::{Layout, Style, fonts};

/// Tenths of a pixel: plotters' coordinates are whole numbers.
const SVG_UNIT: f64 = 10.0;
/// PNGs have twice the logical resolution, drawn three times finer and averaged,
/// because plotters does not smooth thick lines.
const PNG_SCALE: usize = 2;
const OVERSAMPLING: usize = 3;
/// Centred capitals have their baseline 0.35 em below the middle; the SVG
/// backend puts it at half an x-height, the bitmap backend at 0.12 em.
const SVG_DROP: f64 = 0.08;
const PNG_DROP: f64 = 0.23;

/// A chart as a standalone SVG document with a white background.
///
/// # Errors
/// The fonts are broken, or a coordinate cannot be drawn.
pub fn svg(chart: &Chart, layout: Layout) -> Result<String, FigureError> {
    ready()?;
    let (width, height) = size(chart, layout);
    let units = ((width * SVG_UNIT) as u32, (height * SVG_UNIT) as u32);
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, units).into_drawing_area();
        draw(chart, &Style { layout, unit: SVG_UNIT, drop: SVG_DROP }, &area)?;
        area.present().map_err(|e| FigureError(e.to_string()))?;
    }
    let head = format!(
        "<svg width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" xmlns=\"http://www.w3.org/2000/svg\">",
        units.0, units.1
    );
    let title = escape_xml(&escape::line(&chart.title));
    let new = format!(
        "<svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {} {}\" xmlns=\"http://www.w3.org/2000/svg\" \
         role=\"img\" stroke-linejoin=\"round\" stroke-linecap=\"butt\">\n<title>{title}</title>",
        units.0, units.1
    );
    // The bitmap's bold is the semi-bold cut.
    Ok(text
        .replacen(&head, &new, 1)
        .replace("font-weight=\"bold\"", "font-weight=\"600\"")
        .replace(" \"/>", "\"/>"))
}

fn escape_xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A chart as PNG bytes at twice the logical resolution.
///
/// # Errors
/// The fonts are broken, or the image cannot be drawn or encoded.
pub fn png(chart: &Chart, layout: Layout) -> Result<Vec<u8>, FigureError> {
    ready()?;
    let (width, height) = size(chart, layout);
    let (width, height) = (width as usize * PNG_SCALE, height as usize * PNG_SCALE);
    let fine = (width * OVERSAMPLING, height * OVERSAMPLING);
    let mut pixels = vec![255u8; fine.0 * fine.1 * 3];
    {
        let area = BitMapBackend::with_buffer(&mut pixels, (fine.0 as u32, fine.1 as u32))
            .into_drawing_area();
        draw(
            chart,
            &Style { layout, unit: (PNG_SCALE * OVERSAMPLING) as f64, drop: PNG_DROP },
            &area,
        )?;
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
