//! A configuration over a series of points, as data: one panel a metric.

use std::fmt::{self, Display, Formatter};

use crate::axis::Axis;
use crate::chart::Point;
use text_format::number::significant;

/// Small multiples over the points of a history.
#[derive(Clone, Debug, PartialEq)]
pub struct Trend {
    /// What the figure shows.
    pub title: String,
    /// What its lines, bands and marks are.
    pub subtitle: String,
    /// Labels of the points, the oldest first: the lines below each tick.
    pub labels: Vec<Vec<String>>,
    /// Where the history starts anew: the first point after, and why.
    pub breaks: Vec<(usize, String)>,
    /// From left to right, then down.
    pub panels: Vec<TrendPanel>,
}

/// One metric.
#[derive(Clone, Debug, PartialEq)]
pub struct TrendPanel {
    /// Its name, with its unit.
    pub title: String,
    /// Vertical axis.
    pub y: Axis,
    /// Night, mean over the seeds, range of the seeds; all finite, ascending.
    pub points: Vec<Point>,
    /// Levels between steps.
    pub levels: Vec<Level>,
    /// Nights at which a level began.
    pub steps: Vec<StepMark>,
    /// The accepted baseline: value and text.
    pub baseline: Option<(f64, String)>,
}

/// A level: a mean over points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// First and last point.
    pub span: (usize, usize),
    /// Value at the first and at the last: unequal while a level drifts.
    pub values: (f64, f64),
}

/// A point at which a level began.
#[derive(Clone, Debug, PartialEq)]
pub struct StepMark {
    /// Index of the point.
    pub at: usize,
    /// Value at which it is marked.
    pub value: f64,
    /// Its commit in short, or what else places it.
    pub text: String,
    /// How much it was, said when pointed at.
    pub said: String,
    /// Whether it is for the worse.
    pub worse: bool,
    /// Whether it is an alarm.
    pub alarm: bool,
}

impl Display for Trend {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}", self.title, self.subtitle)?;
        let ends = [self.labels.first(), self.labels.last()];
        let ends: Vec<String> = ends.into_iter().flatten().map(|lines| lines.join(" ")).collect();
        writeln!(f, "  {} points: {}", self.labels.len(), ends.join(" to "))?;
        for (point, why) in &self.breaks {
            writeln!(f, "  anew from {point}: {why}")?;
        }
        for panel in &self.panels {
            writeln!(f, "panel {}\n  y: {}", panel.title, panel.y)?;
            if let Some((value, text)) = &panel.baseline {
                writeln!(f, "  baseline {} [{text}]", significant(*value, 4))?;
            }
            f.write_str(" ")?;
            for p in &panel.points {
                write!(f, " ({} {}", p.x, significant(p.y, 4))?;
                if let Some((low, high)) = p.band {
                    write!(f, " {}..{}", significant(low, 4), significant(high, 4))?;
                }
                f.write_str(")")?;
            }
            writeln!(f)?;
            for Level { span, values } in &panel.levels {
                let (a, b) = (significant(values.0, 4), significant(values.1, 4));
                writeln!(f, "  level {}..{}: {a} to {b}", span.0, span.1)?;
            }
            for s in &panel.steps {
                let kind = if s.worse { "worse" } else { "better" };
                let alarm = if s.alarm { ", alarm" } else { "" };
                let value = significant(s.value, 4);
                writeln!(f, "  step at {} ({value}) {kind}{alarm} [{}] {}", s.at, s.text, s.said)?;
            }
        }
        Ok(())
    }
}
