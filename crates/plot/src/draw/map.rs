//! Draws a [`Map`]: maps side by side, or one map on which all paths move.

use plotters::style::RGBColor;
use plotters::style::text_anchor::HPos;

use crate::canvas::{
    Ball, Canvas, FigureError, Rect, Stroke, Xy, clip, fit, font, smooth, text_width,
};
use crate::contour;
use crate::draw::Mark;
use crate::draw::layout::Head;
use crate::map::{Map, Path, Position};
use crate::style::{AXIS, BODY, INK, LINE, Layout, MUTED, Marker, PALETTE, TICK, look};

/// Room above a map for its label and note.
const NAME: f64 = 34.0;
/// Room between maps.
const GAP: f64 = 12.0;
/// Number of first steps that have a dot.
const DOTS: usize = 25;
/// Largest number of points of an animated path.
const FRAMES: f64 = 90.0;
/// Length of the animation in seconds, and the fraction of it after which all balls have come to
/// rest.
const SECONDS: f64 = 9.0;
const REST: f64 = 0.85;
/// Colours of low and high places, pale so that what is drawn on them stands out.
const LOW: RGBColor = RGBColor(0xFD, 0xFE, 0xFE);
const HIGH: RGBColor = RGBColor(0xB4, 0xC3, 0xD3);
/// Ink on the maps, which stay light on a dark page: close to the theme's own colours, but not
/// equal, so that it does not change with the theme.
const ON_MAP: RGBColor = RGBColor(0x1C, 0x1F, 0x24);

/// Places of all parts of the figure.
struct Geometry {
    head: Head,
    size: (f64, f64),
    /// Map of each path, or the one map of an animation.
    maps: Vec<Rect>,
    /// Places of the entries in the legend of an animation.
    legend: Vec<Xy>,
    room: f64,
}

impl Geometry {
    fn of(figure: &Map, layout: Layout) -> Geometry {
        let head = Head::of(&figure.title, &figure.subtitle, layout);
        let [low, high] = figure.field.domain();
        let slope = ((high[1] - low[1]) / (high[0] - low[0])).clamp(0.5, 1.0);
        let wide = layout == Layout::Wide;
        let (left, top) = (head.pad, head.bottom + 4.0);
        let n = figure.paths.len();
        let map =
            |x: f64, y: f64, w: f64| Rect { left: x, top: y, right: x + w, bottom: y + w * slope };
        if figure.animated {
            let widest = figure.paths.iter().map(|d| text_width(&legend(figure, d), BODY, false));
            let room = if wide {
                (widest.fold(0.0, f64::max) * 1.08 + 24.0).min(260.0)
            } else {
                head.room()
            };
            let width = if wide { head.room() - room - 16.0 } else { head.room() };
            let rect = map(left, top, width);
            let columns = if wide { 1 } else { 2 };
            let column = room / columns as f64;
            let (x, y) =
                if wide { (rect.right + 16.0, top + 8.0) } else { (left, rect.bottom + 20.0) };
            let legend: Vec<Xy> = (0..n)
                .map(|i| (x + (i % columns) as f64 * column, y + (i / columns) as f64 * LINE))
                .collect();
            let bottom = legend.last().map_or(rect.bottom, |l| rect.bottom.max(l.1 + 10.0));
            let size = (head.width, (bottom + head.pad).ceil());
            return Geometry { head, size, maps: vec![rect], legend, room: column - 20.0 };
        }
        let columns = match (wide, n) {
            (true, 0..=3) => n.max(2),
            (true, 4) => 4,
            (true, _) => 5,
            (false, _) => 2,
        };
        let width = (head.room() - GAP * (columns - 1) as f64) / columns as f64;
        let height = NAME + width * slope + GAP;
        let at = |i: usize| {
            let (column, row) = ((i % columns) as f64, (i / columns) as f64);
            map(left + column * (width + GAP), top + row * height + NAME, width)
        };
        let maps: Vec<Rect> = (0..n).map(at).collect();
        let bottom = maps.last().map_or(top, |m| m.bottom);
        let size = (head.width, (bottom + head.pad).ceil());
        Geometry { head, size, maps, legend: Vec::new(), room: width }
    }
}

/// Returns whether colours occur twice, so that the balls of an animation need numbers.
fn numbered(figure: &Map) -> bool {
    figure.animated && figure.paths.len() > PALETTE.len()
}

fn legend(figure: &Map, path: &Path) -> String {
    let number = if numbered(figure) { format!("{} ", path.series + 1) } else { String::new() };
    format!("{number}{} ({})", path.label, path.note)
}

/// Returns width and height in logical pixels.
pub(crate) fn size(figure: &Map, layout: Layout) -> (f64, f64) {
    Geometry::of(figure, layout).size
}

/// Draws over the whole of a canvas of [`size`].
pub(crate) fn draw(
    figure: &Map,
    layout: Layout,
    canvas: &mut Canvas<'_>,
) -> Result<(), FigureError> {
    let g = Geometry::of(figure, layout);
    g.head.draw(canvas)?;
    let Some(first) = g.maps.first().copied() else { return Ok(()) };
    let offsets: Vec<Xy> =
        g.maps.iter().map(|m| (m.left - first.left, m.top - first.top)).collect();
    let bands = bands(figure);
    canvas.repeat(&offsets, &|canvas, (x, y)| {
        let map = Rect {
            left: first.left + x,
            top: first.top + y,
            right: first.right + x,
            bottom: first.bottom + y,
        };
        ground(canvas, figure, &bands, map)
    })?;
    if figure.animated {
        return animation(canvas, figure, &g, first);
    }
    for (path, map) in figure.paths.iter().zip(&g.maps) {
        canvas.group(path.series);
        let name = fit(&path.label, BODY, g.room * 0.93);
        canvas.text((map.left, map.top - 24.0), &name, font(BODY, INK, HPos::Left, true))?;
        let note = fit(&path.note, TICK, g.room);
        canvas.text((map.left, map.top - 9.0), &note, font(TICK, MUTED, HPos::Left, false))?;
        canvas.frame(Some(*map));
        walk(canvas, figure, path, *map)?;
        canvas.frame(None);
        canvas.group(None);
    }
    Ok(())
}

/// Returns the areas of the maps.
pub(crate) fn frames(figure: &Map, layout: Layout) -> Vec<Rect> {
    Geometry::of(figure, layout).maps
}

/// Returns the loops of each level with their colours, from high to low.
fn bands(figure: &Map) -> Vec<(Vec<contour::Loop>, RGBColor)> {
    let levels = contour::levels(&figure.field);
    let n = levels.len() as f64;
    let colormap = |k: f64| {
        let mix = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * k).round() as u8;
        RGBColor(mix(HIGH.0, LOW.0), mix(HIGH.1, LOW.1), mix(HIGH.2, LOW.2))
    };
    let below = |(k, level): (usize, &f64)| {
        (contour::below(&figure.field, *level), colormap((k as f64 + 1.0) / n))
    };
    levels.iter().enumerate().map(below).collect()
}

fn place(figure: &Map, [x, y]: Position, map: Rect) -> Xy {
    let [low, high] = figure.field.domain();
    let (u, v) = ((x - low[0]) / (high[0] - low[0]), (y - low[1]) / (high[1] - low[1]));
    // Limited, because it has to fit into a coordinate.
    let (u, v) = (u.clamp(-40.0, 40.0), v.clamp(-40.0, 40.0));
    (map.left + u * (map.right - map.left), map.bottom - v * (map.bottom - map.top))
}

/// Draws the map without paths: heights, border and crosses.
fn ground(
    canvas: &mut Canvas<'_>,
    figure: &Map,
    bands: &[(Vec<contour::Loop>, RGBColor)],
    map: Rect,
) -> Result<(), FigureError> {
    canvas.rect(map, HIGH)?;
    let drawn =
        |line: &contour::Loop| -> Vec<Xy> { line.iter().map(|p| place(figure, *p, map)).collect() };
    for (loops, color) in bands {
        let loops: Vec<Vec<Xy>> = loops.iter().map(drawn).collect();
        canvas.area(&loops, *color)?;
    }
    let corners = [
        (map.left, map.top),
        (map.right, map.top),
        (map.right, map.bottom),
        (map.left, map.bottom),
        (map.left, map.top),
    ];
    canvas.line(&corners, Stroke { color: AXIS, alpha: 1.0, width: 0.8, dash: &[] })?;
    for cross in &figure.crosses {
        canvas.cross(place(figure, *cross, map), 4.0, ON_MAP, 1.4)?;
    }
    Ok(())
}

/// Draws the path of one run over its map.
fn walk(canvas: &mut Canvas<'_>, figure: &Map, path: &Path, map: Rect) -> Result<(), FigureError> {
    let points: Vec<Xy> = path.points.iter().map(|(_, p)| place(figure, *p, map)).collect();
    let Some(start) = points.first() else { return Ok(()) };
    let color = on_map(path.series);
    let stroke = Stroke { color, alpha: 1.0, width: 1.7, dash: &[] };
    let parts = clip(&points, map);
    for part in &parts {
        for piece in smooth(part) {
            canvas.line(piece, stroke)?;
        }
    }
    let inside = |at: Xy| within(map, at);
    for dot in points.iter().take(DOTS).skip(1).filter(|p| inside(**p)) {
        canvas.disc(*dot, 1.9, color, 1.0)?;
    }
    if inside(*start) {
        canvas.disc(*start, 3.6, LOW, 1.0)?;
        canvas.ring(*start, 3.6, ON_MAP, 1.4)?;
    }
    let end = points.last().unwrap_or(start);
    if inside(*end) {
        return canvas.disc(*end, 3.6, color, 1.0);
    }
    // The last point before it left the map for good.
    let left = parts.last().and_then(|part| part.last()).unwrap_or(end);
    canvas.marker(bounded(map, *left), Marker::Square, 3.6, color)
}

fn within(map: Rect, (x, y): Xy) -> bool {
    (map.left..=map.right).contains(&x) && (map.top..=map.bottom).contains(&y)
}

/// Returns the nearest point of the map.
fn bounded(map: Rect, (x, y): Xy) -> Xy {
    (x.clamp(map.left, map.right), y.clamp(map.top, map.bottom))
}

/// Returns a label's colour on a map, whose background is always light: one bit off, so that it
/// does not change with the theme.
fn on_map(series: usize) -> RGBColor {
    let RGBColor(r, g, b) = look(series).0;
    RGBColor(r, g, b ^ 1)
}

fn animation(
    canvas: &mut Canvas<'_>,
    figure: &Map,
    g: &Geometry,
    map: Rect,
) -> Result<(), FigureError> {
    let last = figure.paths.iter().filter_map(|d| d.points.last()).map(|p| p.0).max().unwrap_or(1);
    for (path, at) in figure.paths.iter().zip(&g.legend) {
        canvas.group(path.series);
        canvas.disc((at.0 + 6.0, at.1), 4.5, look(path.series).0, 1.0)?;
        let text = fit(&legend(figure, path), BODY, g.room);
        canvas.text((at.0 + 18.0, at.1), &text, font(BODY, INK, HPos::Left, false))?;
        let (points, times) = course(figure, path, map, last);
        let color = on_map(path.series);
        let number = numbered(figure).then_some(path.series + 1);
        let radius = if number.is_some() { 6.5 } else { 5.0 };
        // Dark on the light half of the palette.
        let weight = 0.3 * f64::from(color.0) + 0.6 * f64::from(color.1) + 0.1 * f64::from(color.2);
        let ink = if weight > 140.0 { ON_MAP } else { LOW };
        let look = Ball { color, width: 1.6, radius, seconds: SECONDS, number, ink };
        canvas.frame(Some(map));
        canvas.ball(&points, &times, look)?;
        canvas.frame(None);
        canvas.group(None);
    }
    canvas.frame(Some(map));
    let mut starts: Vec<Xy> = Vec::new();
    for (_, start) in figure.paths.iter().filter_map(|d| d.points.first()) {
        let start = bounded(map, place(figure, *start, map));
        if !starts.contains(&start) {
            canvas.disc(start, 3.6, LOW, 1.0)?;
            canvas.ring(start, 3.6, ON_MAP, 1.4)?;
            starts.push(start);
        }
    }
    canvas.frame(None);
    Ok(())
}

/// Returns the places of a ball with their times; outside the map it waits at the border.
fn course(figure: &Map, path: &Path, map: Rect, last: u64) -> (Vec<Xy>, Vec<f64>) {
    let (mut points, mut times): (Vec<Xy>, Vec<f64>) = (Vec::new(), Vec::new());
    let end = path.points.last().map_or(0, |p| p.0);
    for (step, position) in &path.points {
        let (x, y) = place(figure, *position, map);
        let time = (*step as f64 / last.max(1) as f64).sqrt() * REST;
        if times.last().is_none_or(|t| time - t >= REST / FRAMES) || *step == end {
            points.push(bounded(map, (x, y)));
            times.push(time);
        }
    }
    // The ball rests until the animation repeats.
    if let Some(&end) = points.last() {
        points.push(end);
        times.push(1.0);
    }
    (points, times)
}

/// Returns a mark for every path, at its last point on the map, or at its start if it has none.
pub(crate) fn marks(figure: &Map, layout: Layout) -> Vec<Mark> {
    let g = Geometry::of(figure, layout);
    let mark = |(i, path): (usize, &Path)| {
        let map = g.maps[if figure.animated { 0 } else { i }];
        let inside = |p: &&(u64, Position)| figure.field.contains(p.1);
        let (_, end) = path.points.iter().rev().find(inside).or(path.points.first())?;
        let at = bounded(map, place(figure, *end, map));
        let text = path.text.clone();
        Some(Mark { series: Some(path.series), at, text })
    };
    figure.paths.iter().enumerate().filter_map(mark).collect()
}
