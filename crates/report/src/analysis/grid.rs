//! Learning rates: whether the best lies at the edge of those tried, and how
//! many decades are as good as the best.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::analysis::{Analysis, Config, rank};

/// The edge of its grid that a best learning rate lies on: a better one may
/// lie beyond.
#[derive(Clone, Debug, PartialEq)]
pub enum GridEdge {
    /// The smallest that was tried; with smaller ones to try, the next first.
    Lowest(Vec<f64>),
    /// The largest that was tried; with larger ones to try, the next first.
    Highest(Vec<f64>),
}

impl GridEdge {
    /// The learning rates to add.
    pub fn to_add(&self) -> &[f64] {
        match self {
            GridEdge::Lowest(add) | GridEdge::Highest(add) => add,
        }
    }
}

/// How many learning rates to propose beyond an edge.
const BEYOND: i32 = 2;

/// The edge that a label's chosen learning rate lies on, if more than one was
/// tried and it is the first or last. The values to add go on with the mean
/// ratio of the grid, rounded to as many digits as the grid's own.
pub fn edge(analysis: &Analysis, config: &Config) -> Option<GridEdge> {
    let lr = analysis.planned(config).spec.optimizer.lr();
    let grid = analysis.lr_grid(config.label);
    let (first, last) = (*grid.first()?, *grid.last()?);
    if grid.len() < 2 || config.goal.mean.is_none() {
        return None;
    }
    let ratio = (last / first).powf(1.0 / (grid.len() - 1) as f64);
    let digits = grid.iter().map(|x| digits(*x)).max().unwrap_or(1).min(3);
    let beyond = |from: f64, ratio: f64| -> Vec<f64> {
        (1..=BEYOND)
            .map(|i| format!("{:.*e}", digits - 1, from * ratio.powi(i)).parse().unwrap_or(from))
            .collect()
    };
    if lr == first {
        Some(GridEdge::Lowest(beyond(first, 1.0 / ratio)))
    } else if lr == last {
        Some(GridEdge::Highest(beyond(last, ratio)))
    } else {
        None
    }
}

/// Significant digits of a number as its shortest text has them.
fn digits(x: f64) -> usize {
    let text = format!("{x:e}");
    text.split('e').next().map_or(1, |m| m.chars().filter(char::is_ascii_digit).count())
}

/// Learning rates of a label that come within a tolerance of its best.
#[derive(Clone, Debug, PartialEq)]
pub struct Robustness {
    /// Place in the plan.
    pub label: usize,
    /// The range of them: between grid points the metric is taken to change
    /// evenly with the logarithm of the learning rate.
    pub range: (f64, f64),
    /// Whether the range ends only because the grid does, below and above.
    pub open: (bool, bool),
}

impl Robustness {
    /// Width of the range in powers of ten.
    pub fn decades(&self) -> f64 {
        (self.range.1 / self.range.0).log10()
    }

    /// `1.5`, or `at least 1.5` where the range is open.
    pub fn text(&self) -> String {
        let open = if self.open.0 || self.open.1 { "at least " } else { "" };
        format!("{open}{:.1}", self.decades())
    }
}

/// The best configuration of a label for each learning rate, ascending.
pub fn by_lr(analysis: &Analysis, label: usize) -> Vec<(f64, &Config)> {
    let mut by_lr: BTreeMap<u64, &Config> = BTreeMap::new();
    for config in analysis.tried(label) {
        // Learning rates are positive, and positive floats sort as their bits do.
        let lr = analysis.planned(config).spec.optimizer.lr().to_bits();
        let held = by_lr.entry(lr).or_insert(config);
        if rank(&analysis.goal, config, held) == Ordering::Less {
            *held = config;
        }
    }
    by_lr.into_iter().map(|(bits, config)| (f64::from_bits(bits), config)).collect()
}

/// How forgiving a label is: the learning rates around its best whose goal is
/// within `[report] tolerance` of the best value, as a fraction of it. One
/// where a seed diverged is out. None with fewer than two learning rates.
pub fn robustness(analysis: &Analysis, label: usize) -> Option<Robustness> {
    let best = &analysis.configs[(*analysis.best.get(label)?)?];
    let points = by_lr(analysis, label);
    if points.len() < 2 {
        return None;
    }
    let top = best.goal.mean?;
    let slack = analysis.plan.report.tolerance * top.abs();
    // How far inside the tolerance: negative is outside, none has no value.
    let inside = |config: &Config| -> Option<f64> {
        let mean = config.goal.mean.filter(|_| config.counts.diverged == 0)?;
        Some(slack + analysis.goal.gain(mean, top))
    };
    let at = points.iter().position(|(_, c)| c.config_id == best.config_id)?;
    let reach = |step: isize| -> (f64, bool) {
        let mut here = at;
        loop {
            let (lr, config) = points[here];
            let margin = inside(config).unwrap_or(0.0);
            let Some((next, other)) =
                here.checked_add_signed(step).and_then(|i| points.get(i)).copied()
            else {
                return (lr, true);
            };
            match inside(other) {
                Some(theirs) if theirs >= 0.0 => here = here.saturating_add_signed(step),
                Some(theirs) if margin > 0.0 => {
                    let t = margin / (margin - theirs);
                    return ((lr.ln() + t * (next.ln() - lr.ln())).exp(), false);
                }
                _ => return (lr, false),
            }
        }
    };
    let ((low, open_low), (high, open_high)) = (reach(-1), reach(1));
    Some(Robustness { label, range: (low, high), open: (open_low, open_high) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_a_grid() {
        assert_eq!([0.01, 0.03, 1.0, 0.316228, 20.0, 1.5e-3].map(digits), [1, 1, 1, 6, 1, 2]);
    }
}
