//! A configuration over the nights of a history, as data: one panel for each metric.

use std::fmt::{self, Display, Formatter};

use crate::axis::Axis;
use crate::chart::Point;
use text_format::number::significant;

/// Small multiples over the points of a history.
#[derive(Clone, Debug, PartialEq)]
pub struct Trend {
    /// Title: what the figure shows.
    pub title: String,
    /// Subtitle: the meaning of its lines, bands and marks.
    pub subtitle: String,
    /// Labels of the points, oldest first, each as the lines below its tick.
    pub labels: Vec<Vec<String>>,
    /// Breaks, at which the history starts anew: index of the first point after it, and the reason.
    pub breaks: Vec<(usize, String)>,
    /// Panels from left to right, then down.
    pub panels: Vec<TrendPanel>,
}

/// One metric.
#[derive(Clone, Debug, PartialEq)]
pub struct TrendPanel {
    /// Name of the metric with its unit.
    pub title: String,
    /// Vertical axis.
    pub y: Axis,
    /// Index of the night, mean over the seeds, and range of the seeds as the band; all finite,
    /// ascending.
    pub points: Vec<Point>,
    /// Levels between steps.
    pub levels: Vec<Level>,
    /// Nights at which a level began.
    pub steps: Vec<StepMark>,
    /// Value and text of the accepted baseline; `None` without one.
    pub baseline: Option<(f64, String)>,
}

/// A level: the mean over consecutive points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// Index of the first and of the last point.
    pub span: (usize, usize),
    /// Value at the first and at the last point; they differ while a level drifts.
    pub values: (f64, f64),
}

/// A point at which a level began.
#[derive(Clone, Debug, PartialEq)]
pub struct StepMark {
    /// Index of the point.
    pub at: usize,
    /// Value at which the mark is drawn.
    pub value: f64,
    /// Short commit hash, or another name for the point.
    pub text: String,
    /// Description of the change, shown on hover.
    pub said: String,
    /// Whether the change is for the worse.
    pub worse: bool,
    /// Whether the change is an alarm.
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
