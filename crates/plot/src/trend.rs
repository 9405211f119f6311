//! A configuration from night to night, as data: one panel a metric.

use std::fmt::{self, Display, Formatter};

use crate::axis::Axis;
use crate::chart::Point;
use text_format::number::significant;

/// Small multiples over the nights of a history.
#[derive(Clone, Debug, PartialEq)]
pub struct Trend {
    /// What the figure shows.
    pub title: String,
    /// What its lines, bands and marks are.
    pub subtitle: String,
    /// Labels of the nights, the oldest first: what stands below a tick, a line each.
    pub nights: Vec<Vec<String>>,
    /// Where the history starts anew: the first night after, and why.
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

/// A level: a mean over nights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// First and last night.
    pub nights: (usize, usize),
    /// Value at the first and at the last: unequal while a level drifts.
    pub values: (f64, f64),
}

/// A night at which a level began.
#[derive(Clone, Debug, PartialEq)]
pub struct StepMark {
    /// The night.
    pub night: usize,
    /// Value at which it is marked.
    pub value: f64,
    /// Its commit in short, or what else places it.
    pub text: String,
    /// How much it was, said when pointed at.
    pub said: String,
    /// Whether it is for the worse.
    pub worse: bool,
    /// Whether it counts against the night.
    pub alarm: bool,
}

impl Display for Trend {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}", self.title, self.subtitle)?;
        let ends = [self.nights.first(), self.nights.last()];
        let ends: Vec<String> = ends.into_iter().flatten().map(|lines| lines.join(" ")).collect();
        writeln!(f, "  {} nights: {}", self.nights.len(), ends.join(" to "))?;
        for (night, why) in &self.breaks {
            writeln!(f, "  anew from {night}: {why}")?;
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
            for Level { nights, values } in &panel.levels {
                let (a, b) = (significant(values.0, 4), significant(values.1, 4));
                writeln!(f, "  level {}..{}: {a} to {b}", nights.0, nights.1)?;
            }
            for s in &panel.steps {
                let kind = if s.worse { "worse" } else { "better" };
                let alarm = if s.alarm { ", alarm" } else { "" };
                let value = significant(s.value, 4);
                writeln!(
                    f,
                    "  step at {} ({value}) {kind}{alarm} [{}] {}",
                    s.night, s.text, s.said
                )?;
            }
        }
        Ok(())
    }
}
