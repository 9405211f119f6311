//! Rendering of an SVG as a reader sees it, and its differences from the PNG of the same figure.
//!
//! Two renderers never agree to the last bit: they smooth edges differently, and lengths in an SVG
//! have one decimal. Both images are therefore blurred a little, and a pixel counts only by the
//! amount that it is outside the range of the other image within two pixels of its place. A line
//! that is slightly displaced then counts nothing; a missing line counts its whole contrast,
//! however pale it is.

pub mod samples;

use std::fmt::{self, Display, Formatter};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use plot::style::{REGULAR, SEMI_BOLD};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

/// Pixels of a PNG per logical pixel.
const SCALE: usize = 2;
/// Factor by which the SVG is drawn finer and then averaged, as the PNG is: smoothing at once would
/// let covered colours show through at the edge of a line.
const FINER: usize = 3;
/// Distance, in pixels, within which a colour may occur in the other image.
const REACH: usize = 2;
/// Difference of a channel, out of 255, up to which it counts nothing.
const FLOOR: u8 = 8;
/// Side of the squares over which differences are added up, in pixels.
const TILE: usize = 32;
/// Largest difference between the squares of two images that look alike. No figure of the gallery
/// or of the samples differs by more than 160; a missing pale grid line makes 512, a text displaced
/// by 1.5 logical pixels 700 and more.
pub const LIMIT: u32 = 300;

/// Database of the embedded fonts only, so that the machine's fonts do not matter.
static FONTS: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = fontdb::Database::new();
    for font in [REGULAR, SEMI_BOLD] {
        fonts.load_font_data(font.to_vec());
    }
    Arc::new(fonts)
});

/// Pixels of red, green and blue.
#[derive(Debug)]
pub struct Image {
    width: usize,
    pixels: Vec<[u8; 3]>,
}

impl Image {
    /// Draws an SVG for a reader who prefers reduced motion.
    pub fn of_svg(svg: &str) -> Image {
        let style_sheet = Some(for_less_motion(svg).to_owned());
        let options = Options { fontdb: FONTS.clone(), style_sheet, ..Options::default() };
        let tree = Tree::from_str(svg, &options).unwrap();
        let finer = SCALE * FINER;
        let pixels = |length: f32| length as u32 * finer as u32;
        let (width, height) = (pixels(tree.size().width()), pixels(tree.size().height()));
        let mut fine = Pixmap::new(width, height).unwrap();
        let scale = Transform::from_scale(finer as f32, finer as f32);
        resvg::render(&tree, scale, &mut fine.as_mut());
        Image::reduced(fine.data().as_chunks().0, width as usize)
    }

    /// Averages squares of `FINER` pixels; `width` is that of the fine image.
    fn reduced(fine: &[[u8; 4]], width: usize) -> Image {
        let mut pixels = Vec::with_capacity(fine.len() / (FINER * FINER));
        for rows in fine.chunks_exact(width * FINER) {
            for x in (0..width).step_by(FINER) {
                let square = [0, 1, 2].map(|row| &rows[row * width + x..][..FINER]);
                let [first @ .., _] = square[0][0];
                // Most squares have one colour.
                if square.iter().all(|row| *row == [square[0][0]; FINER]) {
                    pixels.push(first);
                    continue;
                }
                pixels.push(mean(square.into_iter().flatten().map(|[color @ .., _]| *color)));
            }
        }
        Image { width: width / FINER, pixels }
    }

    /// Decodes a PNG as [`plot::output::png`] writes it.
    pub fn of_png(bytes: &[u8]) -> Image {
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut data = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut data).unwrap();
        assert_eq!(info.color_type, png::ColorType::Rgb);
        Image { width: info.width as usize, pixels: data.as_chunks().0.to_vec() }
    }

    /// Returns width and height in pixels.
    fn size(&self) -> (usize, usize) {
        (self.width, self.pixels.len() / self.width)
    }

    /// Returns the pixels within `reach` of a place in either direction.
    fn around(&self, (x, y): (usize, usize), reach: usize) -> impl Iterator<Item = [u8; 3]> {
        let (width, height) = self.size();
        let columns = x.saturating_sub(reach)..(x + reach + 1).min(width);
        let rows = y.saturating_sub(reach)..(y + reach + 1).min(height);
        rows.flat_map(move |y| &self.pixels[y * width..][columns.clone()]).copied()
    }

    /// Returns the image, blurred where `wanted` is true.
    fn blurred(&self, wanted: &[bool]) -> Image {
        let near = |i: usize| self.around((i % self.width, i / self.width), 1);
        let pixel = |i: usize| if wanted[i] { mean(near(i)) } else { self.pixels[i] };
        Image { width: self.width, pixels: (0..self.pixels.len()).map(pixel).collect() }
    }

    /// Returns how far a colour is outside the range of all colours near a place, in the channel
    /// where it is farthest.
    fn outside(&self, at: (usize, usize), color: [u8; 3]) -> u8 {
        let (mut low, mut high) = ([u8::MAX; 3], [0; 3]);
        for near in self.around(at, REACH) {
            low = [0, 1, 2].map(|c| low[c].min(near[c]));
            high = [0, 1, 2].map(|c| high[c].max(near[c]));
        }
        let channel =
            |c: usize| low[c].saturating_sub(color[c]).max(color[c].saturating_sub(high[c]));
        [0, 1, 2].map(channel).into_iter().max().unwrap_or(0)
    }
}

/// Returns the rounded mean of colours.
fn mean(colors: impl Iterator<Item = [u8; 3]>) -> [u8; 3] {
    let (mut sum, mut count) = ([0; 3], 0);
    for color in colors {
        sum = [0, 1, 2].map(|c| sum[c] + u32::from(color[c]));
        count += 1;
    }
    sum.map(|sum| ((sum + count / 2) / count) as u8)
}

/// Returns the CSS rules of an SVG for readers who prefer reduced motion; empty if nothing moves.
fn for_less_motion(svg: &str) -> &str {
    let rules = svg.split_once("<style>@media (prefers-reduced-motion:reduce){");
    rules.and_then(|(_, rest)| rest.split_once("}</style>")).map_or("", |(rules, _)| rules)
}

/// The places where two images differ.
#[derive(Debug)]
pub struct Difference {
    width: usize,
    /// Amount that each pixel counts, out of 255.
    pixels: Vec<u8>,
}

/// Square in which two images differ most.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Worst {
    /// Sum over its pixels of the amount that each counts, out of 255.
    pub amount: u32,
    /// Its middle in logical pixels, as in the SVG.
    pub at: (usize, usize),
}

impl Difference {
    /// Compares two images of the same size.
    pub fn between(a: &Image, b: &Image) -> Difference {
        assert_eq!(a.size(), b.size());
        let (width, height) = a.size();
        let differ = |p: [u8; 3], q: [u8; 3]| (0..3).any(|c| p[c].abs_diff(q[c]) > FLOOR);
        // Nothing is blurred far from all pixels that differ, because nothing counts there.
        let mut near = vec![false; a.pixels.len()];
        for i in (0..near.len()).filter(|i| differ(a.pixels[*i], b.pixels[*i])) {
            let columns = (i % width).saturating_sub(REACH + 1)..(i % width + REACH + 2).min(width);
            for y in (i / width).saturating_sub(REACH + 1)..(i / width + REACH + 2).min(height) {
                near[y * width..][columns.clone()].fill(true);
            }
        }
        let (a, b) = (a.blurred(&near), b.blurred(&near));
        let pixel = |i: usize| {
            let (at, [p, q]) = ((i % width, i / width), [a.pixels[i], b.pixels[i]]);
            // The colour at the place itself bounds the amount.
            if !differ(p, q) {
                return 0;
            }
            b.outside(at, p).max(a.outside(at, q)).saturating_sub(FLOOR)
        };
        Difference { width, pixels: (0..a.pixels.len()).map(pixel).collect() }
    }

    /// Returns the worst of all squares, which overlap by half.
    pub fn worst(&self) -> Worst {
        let height = self.pixels.len() / self.width;
        let starts = |length: usize| (0..length).step_by(TILE / 2);
        let squares = starts(height).flat_map(|y| starts(self.width).map(move |x| (x, y)));
        let amount = |(x, y): (usize, usize)| -> u32 {
            let rows = self.pixels.chunks(self.width).skip(y).take(TILE);
            rows.flat_map(|row| &row[x..(x + TILE).min(self.width)]).copied().map(u32::from).sum()
        };
        let middle = |start: usize| (start + TILE / 2) / SCALE;
        let worst =
            |at: (usize, usize)| Worst { amount: amount(at), at: (middle(at.0), middle(at.1)) };
        squares.map(worst).max_by_key(|worst| worst.amount).unwrap()
    }
}

impl Display for Worst {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} around ({}, {})", self.amount, self.at.0, self.at.1)
    }
}

/// Writes the SVG, the PNG and their differences, one below the other, into the build's folder, for
/// people to look at.
fn picture(name: &str, svg: &Image, png: &Image, difference: &Difference) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("svg-and-png");
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join(name).with_extension("png");
    let (width, height) = svg.size();
    let marks = difference.pixels.iter().map(|value| [255, 255 - value, 255 - value]);
    let pixels = svg.pixels.iter().chain(&png.pixels).copied().chain(marks);
    let data: Vec<u8> = pixels.flatten().collect();
    let output = fs::File::create(&file).unwrap();
    let mut encoder = png::Encoder::new(output, width as u32, 3 * height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header().unwrap().write_image_data(&data).unwrap();
    file
}

/// Compares the SVG and the PNG of one figure.
///
/// # Errors
/// Their sizes differ, or they differ by more than [`LIMIT`]: the message has the amount, the place
/// and the file that shows it.
pub fn compare(name: &str, svg: &str, png: &[u8]) -> Result<(), String> {
    let (svg, png) = (Image::of_svg(svg), Image::of_png(png));
    if svg.size() != png.size() {
        let (svg, png) = (svg.size(), png.size());
        return Err(format!("{name}: the SVG has {svg:?} pixels, the PNG {png:?}"));
    }
    let difference = Difference::between(&svg, &png);
    let worst = difference.worst();
    if worst.amount <= LIMIT {
        return Ok(());
    }
    let file = picture(name, &svg, &png, &difference);
    Err(format!("{name}: SVG and PNG differ by {worst}, more than {LIMIT}; see {}", file.display()))
}
