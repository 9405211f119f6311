//! Charts as data, before anything is drawn; snapshot tests compare this form.

use std::fmt::{self, Display, Formatter};

use crate::axis::Axis;
use text_format::number::significant;

/// One or two panels over a common set of labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// Title: what the figure shows.
    pub title: String,
    /// Subtitle: the meaning of its lines, bands and marks.
    pub subtitle: String,
    /// The labels, in plan order.
    pub entries: Vec<Entry>,
    /// Panels, side by side when wide, stacked when narrow.
    pub panels: Vec<Panel>,
}

/// A label in the legend or at its line's end.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Place in the plan, which sets colour, dash and marker.
    pub series: usize,
    /// The label.
    pub label: String,
    /// Smaller text after the label: `3 of 5 seeds`, `diverged`; empty for none.
    pub note: String,
}

/// One coordinate system.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// Name of the vertical axis with its unit, written above it.
    pub title: String,
    /// Name of the horizontal axis with its unit.
    pub x_label: String,
    /// Horizontal axis.
    pub x: Axis,
    /// Vertical axis.
    pub y: Axis,
    /// Lines.
    pub curves: Vec<Curve>,
    /// Single values.
    pub dots: Vec<Dot>,
    /// Rows of crosses below the panel, for configurations that diverged.
    pub strip: Vec<StripRow>,
    /// Value and text of a dashed horizontal line, as for a target; `None` draws no line.
    pub reference: Option<(f64, String)>,
}

/// A line with an optional band.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// Place in the plan.
    pub series: usize,
    /// Points from left to right. A value is finite, or infinite if half of what it stands for
    /// diverged.
    pub points: Vec<Point>,
    /// Style of the line.
    pub kind: CurveKind,
    /// Index of a point that is ringed; `None` rings none.
    pub ringed: Option<usize>,
}

/// Style of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CurveKind {
    /// Straight from point to point, with up to about twelve markers.
    Marked,
    /// Lines as in [`CurveKind::Marked`], with a marker at every point and vertical bars instead of
    /// a band.
    Barred,
    /// Straight from point to point, with up to about six markers, one of them at the end.
    Plain,
    /// Straight from point to point, without any marker.
    Bare,
    /// Markers and bars as in [`CurveKind::Barred`], without lines, for points that differ in more
    /// than their position.
    Loose,
    /// Thin and pale, behind the others, without any marker.
    Faint,
    /// Constant up to the next point, with a marker at the end.
    Steps,
    /// Straight from point to point, with a marker at the end.
    Sloped,
}

/// A point of a curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Horizontal position, in the unit of the panel's axis.
    pub x: f64,
    /// Value, in the unit of the panel's axis; usually a mean.
    pub y: f64,
    /// Lower and upper end of the band; `None` for no band.
    pub band: Option<(f64, f64)>,
}

/// A single value.
#[derive(Clone, Debug, PartialEq)]
pub struct Dot {
    /// Place in the plan.
    pub series: usize,
    /// Horizontal position, in the unit of the panel's axis.
    pub x: f64,
    /// Value; an infinite one diverged and is drawn as a cross.
    pub y: f64,
    /// Name of the value, shown on hover: `seed 3`.
    pub name: String,
}

/// Diverged configurations of one label.
#[derive(Clone, Debug, PartialEq)]
pub struct StripRow {
    /// Place in the plan.
    pub series: usize,
    /// The label.
    pub label: String,
    /// Horizontal position and text (`3/5`) of each.
    pub marks: Vec<(f64, String)>,
}

impl Panel {
    /// Makes an empty panel.
    pub fn new(title: impl Into<String>, x_label: impl Into<String>, x: Axis, y: Axis) -> Self {
        Panel {
            title: title.into(),
            x_label: x_label.into(),
            x,
            y,
            curves: Vec::new(),
            dots: Vec::new(),
            strip: Vec::new(),
            reference: None,
        }
    }

    /// Returns the last point of a label's main curve; `None` if it has none.
    pub fn end(&self, series: usize) -> Option<Point> {
        let main = self.curves.iter().filter(|c| c.series == series && c.kind != CurveKind::Faint);
        main.rev().find_map(|c| c.points.last()).copied()
    }
}

impl Display for Chart {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}", self.title, self.subtitle)?;
        for entry in &self.entries {
            writeln!(f, "  #{} {} [{}]", entry.series, entry.label, entry.note)?;
        }
        for panel in &self.panels {
            writeln!(f, "panel {}", panel.title)?;
            writeln!(f, "  {}: {}\n  y: {}", panel.x_label, panel.x, panel.y)?;
            if let Some((value, text)) = &panel.reference {
                writeln!(f, "  line at {} [{text}]", significant(*value, 4))?;
            }
            for curve in &panel.curves {
                write!(f, "  #{} {:?}", curve.series, curve.kind)?;
                for (i, p) in curve.points.iter().enumerate() {
                    let ring = if curve.ringed == Some(i) { "*" } else { "" };
                    write!(f, " ({}, {}{ring}", significant(p.x, 4), significant(p.y, 4))?;
                    if let Some((low, high)) = p.band {
                        write!(f, " {}..{}", significant(low, 4), significant(high, 4))?;
                    }
                    f.write_str(")")?;
                }
                writeln!(f)?;
            }
            for dot in &panel.dots {
                writeln!(
                    f,
                    "  #{} dot ({}, {}) {}",
                    dot.series,
                    significant(dot.x, 4),
                    significant(dot.y, 4),
                    dot.name
                )?;
            }
            for row in &panel.strip {
                let marks: Vec<String> = row
                    .marks
                    .iter()
                    .map(|(x, text)| format!("{} {text}", significant(*x, 4)))
                    .collect();
                writeln!(f, "  #{} diverged {}", row.series, marks.join(", "))?;
            }
        }
        Ok(())
    }
}
