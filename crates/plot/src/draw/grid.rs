//! Draws a [`Grid`].

use plotters::style::text_anchor::HPos;

use crate::canvas::{Canvas, FigureError, Rect, Stroke, clip, fit, fit_apart, font, text_width};
use crate::colormap::text_on;
use crate::draw::Mark;
use crate::draw::layout::Head;
use crate::grid::{Cell, Fill, Grid, GridRow};
use crate::style::{AXIS, BODY, GRID, INK, Layout, MUTED, TICK, look};

/// Width of the key's bar of colours.
const BAR: f64 = 220.0;
/// Sizes that are tried for the cells' texts.
const SIZES: [f64; 3] = [11.5, 10.0, 8.5];
/// Size of the line below a cell's text.
const NOTE: f64 = 9.5;
/// Largest width of a cell.
const WIDEST: f64 = 140.0;
/// Width of a cell without a text, if names need the room.
const SMALLEST: f64 = 12.0;
/// Side of the square that shows a label's colour.
const CHIP: f64 = 10.0;

/// Places of all parts of the figure.
struct Geometry {
    head: Head,
    height: f64,
    /// Upper edges of the key, of the columns' headings, and of each row.
    key: f64,
    top: f64,
    rows: Vec<f64>,
    /// Left ends of the groups' names, the rows' headings and the cells.
    group: f64,
    heads: f64,
    left: f64,
    cell: (f64, f64),
    /// Size of the cells' texts; `None` if they do not fit.
    text: Option<f64>,
    notes: bool,
    /// Whether columns and rows are numbered, because names do not fit.
    numbered: bool,
    wide: bool,
}

impl Geometry {
    fn of(grid: &Grid, layout: Layout) -> Geometry {
        let wide = layout == Layout::Wide;
        let head = Head::of(&grid.title, &grid.subtitle, layout);
        let rows = &grid.rows;
        let widest = |texts: &mut dyn Iterator<Item = &str>, size: f64| {
            texts.map(|t| text_width(t, size, true) * 1.08).fold(0.0, f64::max)
        };
        let grouped = rows.iter().any(|r| !r.group.is_empty());
        let chip = if rows.iter().any(|r| r.series.is_some()) { CHIP + 7.0 } else { 0.0 };
        // A narrow figure has a group's name on its own line.
        let own_chip = if grouped { 0.0 } else { chip };
        let columns = grid.columns.len().max(1) as f64;
        let groups = match grouped && wide {
            true => widest(&mut rows.iter().map(|r| r.group.as_str()), BODY) + chip + 14.0,
            false => 0.0,
        };
        let mut head_width =
            widest(&mut rows.iter().map(|r| r.head.as_str()), TICK) + own_chip + 10.0;
        let least = if wide { 220.0 } else { 118.0 };
        let room = head.room() - groups.min(230.0);
        let head_room = head_room(grid, room, (least, head_width), grouped);
        let group_width = if grouped && wide {
            // Few columns leave room for long names.
            let free = head.room() - head_width.min(head_room) - columns * WIDEST;
            groups.min(free.max(230.0))
        } else {
            0.0
        };
        let cell_width =
            |heads: f64| ((head.room() - group_width - heads.min(head_room)) / columns).min(WIDEST);
        let names = widest(&mut grid.columns.iter().map(String::as_str), TICK);
        let numbered = grid.square && names + 6.0 > cell_width(head_width);
        if numbered {
            head_width += text_width("00 ", TICK, true);
        }
        let head_width = head_width.min(head_room);
        let width = cell_width(head_width);
        let cells = || rows.iter().flat_map(|r| &r.cells);
        let fits = |text: &str, size: f64| text_width(text, size, false) * 1.08 + 5.0 <= width;
        let notes = cells().any(|c| !c.note.is_empty()) && cells().all(|c| fits(&c.note, NOTE));
        let height = match rows.len() {
            _ if notes => 38.0,
            0..=12 => 28.0,
            13..=26 => 23.0,
            _ => 18.0,
        };
        let text = SIZES.into_iter().find(|size| cells().all(|c| fits(&c.text, *size)));
        let group = head.pad;
        let heads = group + group_width;
        let key = head.bottom + 6.0;
        let top = key + 52.0;
        let mut y = top + 40.0;
        let mut tops = Vec::new();
        for (i, row) in rows.iter().enumerate() {
            if grouped && (i == 0 || rows[i - 1].group != row.group) {
                y += if wide { if i == 0 { 0.0 } else { 7.0 } } else { 23.0 };
            }
            tops.push(y);
            y += height;
        }
        let height_all = (y + head.pad).ceil();
        Geometry {
            head,
            height: height_all,
            key,
            top,
            rows: tops,
            group,
            heads,
            left: heads + head_width,
            cell: (width, height),
            text,
            notes: notes && text.is_some(),
            numbered,
            wide,
        }
    }

    fn cell(&self, row: usize, column: usize) -> Rect {
        let (left, top) = (self.left + column as f64 * self.cell.0, self.rows[row]);
        // Small cells have smaller gaps.
        let gap = if self.cell.0 > 14.0 { 0.75 } else { 0.35 };
        Rect {
            left: left + gap,
            top: top + gap,
            right: left + self.cell.0 - gap,
            bottom: top + self.cell.1 - gap,
        }
    }
}

/// Returns the width of `room` that remains for the rows' headings, which need the `least` and want
/// the `wanted` width. If rows are grouped the headings have priority, because nobody can guess
/// what is cut from them: the cells get smaller texts, and none if a heading has no room beside
/// those.
fn head_room(grid: &Grid, room: f64, (least, wanted): (f64, f64), grouped: bool) -> f64 {
    let columns = grid.columns.len().max(1) as f64;
    let left = |cell: f64| room - columns * cell;
    if !grouped {
        return left(WIDEST).max(least);
    }
    let texts = SIZES.map(|size| left(needed(grid, size)));
    let smallest = texts[SIZES.len() - 1];
    let without = left(SMALLEST);
    let whole = texts.into_iter().chain([without]).find(|left| *left >= wanted);
    whole.unwrap_or(if smallest < least { without } else { smallest }).max(least)
}

/// Returns the width that a cell needs for its texts in a size; the rest is for the rows' names.
fn needed(grid: &Grid, size: f64) -> f64 {
    let cells = grid.rows.iter().flat_map(|r| &r.cells);
    let width = |c: &Cell| text_width(&c.text, size, false).max(text_width(&c.note, NOTE, false));
    (cells.map(width).fold(0.0, f64::max) * 1.08 + 7.0).clamp(24.0, WIDEST)
}

/// Returns the area of the cells.
pub(crate) fn frames(grid: &Grid, layout: Layout) -> Vec<Rect> {
    let g = Geometry::of(grid, layout);
    let (Some(top), Some(bottom)) = (g.rows.first(), g.rows.last()) else { return Vec::new() };
    let right = g.left + g.cell.0 * grid.columns.len() as f64;
    vec![Rect { left: g.left, top: *top, right, bottom: bottom + g.cell.1 }]
}

/// Returns width and height in logical pixels.
pub(crate) fn size(grid: &Grid, layout: Layout) -> (f64, f64) {
    let g = Geometry::of(grid, layout);
    (g.head.width, g.height)
}

/// Draws over the whole of a canvas of [`size`].
pub(crate) fn draw(
    grid: &Grid,
    layout: Layout,
    canvas: &mut Canvas<'_>,
) -> Result<(), FigureError> {
    let g = Geometry::of(grid, layout);
    g.head.draw(canvas)?;
    key(canvas, grid, &g)?;
    columns(canvas, grid, &g)?;
    for (i, row) in grid.rows.iter().enumerate() {
        canvas.group(row.series);
        heads(canvas, grid, row, &g, i)?;
        for (j, cell) in row.cells.iter().enumerate() {
            let rect = g.cell(i, j);
            let ink = filled(canvas, grid, cell.fill, rect)?;
            let Some(size) = g.text else { continue };
            let (x, y) = ((rect.left + rect.right) / 2.0, (rect.top + rect.bottom) / 2.0);
            let both = !cell.note.is_empty() && !cell.text.is_empty();
            let off = if g.notes && both { 7.0 } else { 0.0 };
            canvas.text((x, y - off), &cell.text, font(size, ink, HPos::Center, false))?;
            if g.notes {
                canvas.text((x, y + off), &cell.note, font(NOTE, ink, HPos::Center, false))?;
            }
        }
        canvas.group(None);
    }
    Ok(())
}

/// Fills a cell and returns the colour of text on it.
fn filled(
    canvas: &mut Canvas<'_>,
    grid: &Grid,
    fill: Fill,
    rect: Rect,
) -> Result<plotters::style::RGBColor, FigureError> {
    match fill {
        Fill::Value(value) => {
            let color = grid.colormap.color(value);
            canvas.rect(rect, color)?;
            return Ok(text_on(color));
        }
        Fill::Crossed | Fill::Never => {
            canvas.rect(rect, GRID)?;
            let (x, y) = ((rect.left + rect.right) / 2.0, (rect.top + rect.bottom) / 2.0);
            let size = ((rect.right - rect.left).min(rect.bottom - rect.top) * 0.27).min(6.0);
            canvas.cross((x, y), size, MUTED, 1.7)?;
        }
        Fill::Missing | Fill::NoLead => {
            let high = rect.bottom - rect.top;
            let mut x = rect.left - high + 3.0;
            let stroke = Stroke { color: AXIS, alpha: 1.0, width: 0.9, dash: &[] };
            while x < rect.right {
                for part in clip(&[(x, rect.bottom), (x + high, rect.top)], rect) {
                    canvas.line(&part, stroke)?;
                }
                x += 6.0;
            }
        }
        Fill::Blank => {}
    }
    Ok(MUTED)
}

/// Draws the bar of colours with its name and ticks.
fn bar(canvas: &mut Canvas<'_>, grid: &Grid, g: &Geometry) -> Result<(), FigureError> {
    let (left, y) = (g.head.pad, g.key);
    let name = font(BODY, INK, HPos::Left, true);
    canvas.text((left, y + 4.0), &fit(&grid.key, BODY, g.head.room() * 0.95), name)?;
    let steps = 44;
    let width = BAR / f64::from(steps);
    for i in 0..steps {
        let color = grid.colormap.at((f64::from(i) + 0.5) / f64::from(steps));
        let x = left + f64::from(i) * width;
        // Overlaps the next one a little, so that no gap shows.
        let over = if i + 1 < steps { 0.5 } else { 0.0 };
        let rect = Rect { left: x, top: y + 15.0, right: x + width + over, bottom: y + 26.0 };
        canvas.rect(rect, color)?;
    }
    let mut end = f64::NEG_INFINITY;
    for (at, text) in grid.colormap.axis().ticks(5) {
        let x = left + at * BAR;
        let half = text_width(&text, TICK, false) / 2.0;
        if x - half < f64::max(end, 2.0) {
            continue;
        }
        end = x + half + 6.0;
        canvas.rule((x, y + 26.0), (x, y + 29.0), AXIS, 1.0)?;
        canvas.text((x, y + 37.0), &text, font(TICK, MUTED, HPos::Center, false))?;
    }
    Ok(())
}

/// Draws the key: the bar of colours, if they carry information, and the fillings that are not
/// values.
fn key(canvas: &mut Canvas<'_>, grid: &Grid, g: &Geometry) -> Result<(), FigureError> {
    let (mut x, mut y) = (g.head.pad, g.key);
    if grid.keyed() {
        bar(canvas, grid, g)?;
        x += BAR + 34.0;
    }
    // Fillings that look alike share an entry.
    let crosses = match (grid.has(Fill::Crossed), grid.has(Fill::Never)) {
        (true, true) => "diverged or never",
        (false, true) => "never",
        _ => "diverged",
    };
    let hatched = match (grid.has(Fill::Missing), grid.has(Fill::NoLead)) {
        (true, true) => "no result or lead",
        (false, true) => "no lead",
        _ => "no result",
    };
    let alike = [(Fill::Crossed, Fill::Never, crosses), (Fill::Missing, Fill::NoLead, hatched)];
    for (fill, other, name) in alike {
        if grid.has(fill) || grid.has(other) {
            let rect = Rect { left: x, top: y + 13.0, right: x + 20.0, bottom: y + 28.0 };
            filled(canvas, grid, fill, rect)?;
            let at = (x + 26.0, y + 20.5);
            canvas.text(at, name, font(TICK, MUTED, HPos::Left, false))?;
            // A narrow figure has no room for two side by side.
            if g.wide {
                x += f64::max(100.0, text_width(name, TICK, false) + 46.0);
            } else {
                y += 20.0;
            }
        }
    }
    Ok(())
}

fn columns(canvas: &mut Canvas<'_>, grid: &Grid, g: &Geometry) -> Result<(), FigureError> {
    let middle = g.left + g.cell.0 * grid.columns.len() as f64 / 2.0;
    let name = font(BODY, INK, HPos::Center, false);
    canvas.text((middle, g.top + 10.0), &grid.column_name, name)?;
    let names: Vec<String> = match g.numbered {
        true => (1..=grid.columns.len()).map(|i| i.to_string()).collect(),
        false => grid.columns.clone(),
    };
    let widest = names.iter().map(|t| text_width(t, TICK, false)).fold(0.0, f64::max) + 5.0;
    let every = match grid.square && !g.numbered {
        true => 1,
        false => (widest / g.cell.0).ceil().max(1.0) as usize,
    };
    for (j, name) in names.iter().enumerate().step_by(every) {
        let at = (g.left + (j as f64 + 0.5) * g.cell.0, g.top + 30.0);
        let name = fit(name, TICK, (g.cell.0 * every as f64).max(14.0));
        canvas.text(at, &name, font(TICK, MUTED, HPos::Center, false))?;
    }
    Ok(())
}

/// Draws a row's heading, and its group's name above or beside the first row of the group.
fn heads(
    canvas: &mut Canvas<'_>,
    grid: &Grid,
    row: &GridRow,
    g: &Geometry,
    i: usize,
) -> Result<(), FigureError> {
    let top = g.rows[i];
    let middle = top + g.cell.1 / 2.0;
    let first = !row.group.is_empty() && (i == 0 || grid.rows[i - 1].group != row.group);
    let chip = |canvas: &mut Canvas<'_>, x: f64, y: f64| -> Result<f64, FigureError> {
        let Some(series) = row.series else { return Ok(0.0) };
        let (r, color) = (CHIP / 2.0, look(series).0);
        canvas.rect(Rect { left: x, top: y - r, right: x + CHIP, bottom: y + r }, color)?;
        Ok(CHIP + 7.0)
    };
    if first {
        let (y, room) =
            if g.wide { (middle, g.heads - g.group - 12.0) } else { (top - 11.0, g.head.room()) };
        let x = g.group + chip(canvas, g.group, y)?;
        let others = grid.rows.iter().map(|r| r.group.as_str());
        let text = fit_apart(&row.group, others, BODY, room - (x - g.group));
        canvas.text((x, y), &text, font(BODY, INK, HPos::Left, true))?;
    }
    let own = if row.group.is_empty() { chip(canvas, g.heads, middle)? } else { 0.0 };
    let text = if g.numbered { format!("{}  {}", i + 1, row.head) } else { row.head.clone() };
    let room = g.left - g.heads - own - 8.0;
    let color = if row.strong { INK } else { MUTED };
    let text = fit_apart(&text, grid.rows.iter().map(|r| r.head.as_str()), TICK, room);
    // Headings of grouped rows are right-aligned at the cells; others follow their chip.
    if row.group.is_empty() {
        canvas.text((g.heads + own, middle), &text, font(TICK, INK, HPos::Left, row.strong))
    } else {
        canvas.text((g.left - 8.0, middle), &text, font(TICK, color, HPos::Right, row.strong))
    }
}

/// Returns marks for all cells with a text to show on hover.
pub(crate) fn marks(grid: &Grid, layout: Layout) -> Vec<Mark> {
    let g = Geometry::of(grid, layout);
    let mut marks = Vec::new();
    for (i, row) in grid.rows.iter().enumerate() {
        for (j, cell) in row.cells.iter().enumerate().filter(|(_, c)| !c.said.is_empty()) {
            let rect = g.cell(i, j);
            let at = ((rect.left + rect.right) / 2.0, (rect.top + rect.bottom) / 2.0);
            marks.push(Mark { series: row.series, at, text: cell.said.clone() });
        }
    }
    marks
}
