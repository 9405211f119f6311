//! Advice on values to add to a grid: beyond its edge, if the chosen value is on the edge, and in
//! gaps next to the chosen value.

mod zipped;

use spec::init::InitSpec;
use spec::optimizer::OptimizerSpec;
use spec::params::{Param, ParamType, Params, Range, Value};
use spec::run::DataSpec;
use spec::stages::Stage;
use spec::update::UpdateSpec;
use spec::{ModelSpec, ScheduleSpec};

use crate::analysis::{Analysis, Config, ties};
use spec::float::digits;
use spec::grain::Grain;
pub use spec::growth::GridEnd;

pub use zipped::Partner;

/// Values worth adding to one axis of a label's grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Advice {
    /// Dotted path of the axis: `optimizer.lr`, `data.batch_size`.
    pub path: String,
    /// The edge of the grid that the chosen value is on; `None` inside the grid.
    pub end: Option<GridEnd>,
    /// Values to try beyond that edge, the nearest first; empty where the parameter's range ends
    /// there.
    pub beyond: Vec<f64>,
    /// Values to try in gaps of more than a decade next to the chosen value, ascending.
    pub gaps: Vec<f64>,
    /// Lists that are zipped with this axis and must grow by as many values.
    pub partners: Vec<Partner>,
}

impl Advice {
    /// Returns the axis name for display: `learning rate`, `weight_decay`.
    pub fn name(&self) -> &str {
        match self.path.as_str() {
            "optimizer.lr" => "learning rate",
            path => path.split_once('.').map_or(path, |(_, name)| name),
        }
    }
}

/// Largest factor by which a proposed value differs from the chosen one.
const DECADE: f64 = 10.0;

/// Largest ratio of neighbouring grid values for which two values are proposed, as in grids like 1,
/// 3, 10: the second is about a decade away.
const HALF_DECADE: f64 = 3.5;

/// Tolerance for ratios such as 0.1 / 0.01, which are not exactly ten.
const SLACK: f64 = 1.0 + 1e-9;

/// Returns values worth adding to a label's grid around its chosen configuration, one entry per
/// axis, the learning rate first. Axes that are zipped with each other count as one.
///
/// An axis has no advice if it was drawn at random or a configuration with another value ties with
/// the chosen one at the edge. The result is empty if no value could be better, or there is no
/// value to choose by.
pub fn advice(analysis: &Analysis, config: &Config) -> Vec<Advice> {
    // The grid was tried on the seeds of tuning.
    let config = analysis.counterpart(config, Stage::Tuning).unwrap_or(config);
    let value = config.standing(&analysis.selection, &config.selection);
    if value.is_none_or(|value| unsurpassed(analysis, config, value)) {
        return Vec::new();
    }
    let planned = &analysis.plan.optimizers[config.label];
    let on_grid = |path: &&String| *path != "seed" && !planned.random.contains(path);
    let mut paths: Vec<&String> = planned.axes.iter().filter(on_grid).collect();
    paths.sort_by_key(|path| *path != "optimizer.lr");
    let all = paths.into_iter().filter_map(|path| of_axis(analysis, config, path));
    zipped::joined(analysis, config.label, all.collect())
}

/// Returns whether no value can be better than this one: all samples right, no loss, or the target
/// reached at the first measurement (after one epoch; for runs by steps, one segment).
pub(super) fn unsurpassed(analysis: &Analysis, config: &Config, value: f64) -> bool {
    let selection = &analysis.selection;
    if selection.reached() {
        let spec = &analysis.planned(config).spec;
        let first = match selection.grain {
            Grain::Epochs => spec.samples_per_epoch(),
            Grain::Steps => spec.samples_after(spec.segments().length),
        };
        return !selection.function && value <= first as f64;
    }
    if selection.metric.is_share() { value >= 1.0 } else { !selection.function && value <= 0.0 }
}

fn of_axis(analysis: &Analysis, config: &Config, path: &str) -> Option<Advice> {
    let value = |c: &Config| numeric(analysis.planned(c).axes.get(path)?);
    let chosen = value(config)?;
    let tried: Option<Vec<f64>> = analysis.tried(config.label).map(value).collect();
    // Ascending and distinct; all are finite.
    let mut tried = tried?;
    tried.sort_by(f64::total_cmp);
    tried.dedup();
    let (first, last) = (*tried.first()?, *tried.last()?);
    if tried.len() < 2 {
        return None;
    }
    let elsewhere = |&i: &usize| value(&analysis.configs[i]) != Some(chosen);
    let tied = ties(analysis, config.label).map_or(Vec::new(), |(tied, _)| tied);
    if tied.iter().any(elsewhere) && (chosen == first || chosen == last) {
        return None;
    }
    let at = tried.iter().position(|x| *x == chosen)?;
    let below = at.checked_sub(1).map(|i| tried[i]);
    let above = tried.get(at + 1).copied();
    let (end, inner) = match (below, above) {
        (None, Some(inner)) => (Some(GridEnd::Lowest), inner),
        (Some(inner), None) => (Some(GridEnd::Highest), inner),
        _ => (None, chosen),
    };
    // No value is below zero.
    let end = end.filter(|end| !(*end == GridEnd::Lowest && chosen <= 0.0));
    let grid = Grid::of(analysis, config, path, &tried);
    let beyond = end.map_or(Vec::new(), |end| grid.beyond(end, chosen, inner));
    let gap = |other: Option<f64>| grid.gap(chosen, other?);
    let gaps: Vec<f64> = [gap(below), gap(above)].into_iter().flatten().collect();
    (end.is_some() || !gaps.is_empty()).then(|| Advice {
        path: path.to_owned(),
        end,
        beyond,
        gaps,
        partners: Vec::new(),
    })
}

/// Returns a value as a finite number.
pub(super) fn numeric(value: &Value) -> Option<f64> {
    match value {
        Value::Float(x) => Some(*x),
        Value::Int(i) => Some(*i as f64),
        _ => None,
    }
    .filter(|x| x.is_finite())
}

/// The allowed values of an axis, and the digits with which they are written.
struct Grid {
    range: Range,
    /// Whether its values are shares, which are extended by their distance to one. A momentum is a
    /// share if all tried values are below one, even if the optimizer allows larger ones.
    share: bool,
    whole: bool,
    digits: usize,
}

impl Grid {
    fn of(analysis: &Analysis, config: &Config, path: &str, tried: &[f64]) -> Self {
        let param = parameter(analysis, config, path);
        // An unknown parameter is taken to be positive.
        let range = param.map_or(Range::Positive, |param| param.range);
        let below_one = tried.iter().all(|x| *x < 1.0);
        let momentum = path == "optimizer.momentum" && below_one;
        Grid {
            share: momentum || matches!(range, Range::BelowOne | Range::UpToOne),
            range,
            whole: param.is_some_and(|param| param.ty == ParamType::Int),
            digits: tried.iter().map(|x| digits(*x)).max().unwrap_or(1).min(3),
        }
    }

    /// Rounds a proposal to the digits of the grid; `None` if the value is not allowed.
    fn shown(&self, x: f64) -> Option<f64> {
        let rounded: f64 = format!("{:.*e}", self.digits - 1, x).parse().ok()?;
        let rounded = if self.whole { x.round() } else { rounded };
        (rounded != 0.0 && self.range.contains(rounded)).then_some(rounded)
    }

    /// Extends the grid from `edge` by its ratio to the inner neighbour, at most by a decade in
    /// total.
    fn beyond(&self, end: GridEnd, edge: f64, inner: f64) -> Vec<f64> {
        // Shares close to one are extended by their distance to one: 0.9, 0.99.
        let from_one = self.share && end == GridEnd::Highest;
        let turned = |x: f64| if from_one { 1.0 - x } else { x };
        let (edge, inner) = (turned(edge), turned(inner));
        if edge <= 0.0 {
            return Vec::new();
        }
        let ratio = if inner > 0.0 { (inner / edge).max(edge / inner) } else { DECADE };
        let first = ratio.min(DECADE);
        let second = (ratio <= HALF_DECADE).then(|| (ratio * ratio).min(DECADE));
        let up = end == GridEnd::Highest && !from_one;
        let step = |factor: f64| if up { edge * factor } else { edge / factor };
        let mut out: Vec<f64> = [Some(first), second]
            .into_iter()
            .flatten()
            .map(step)
            .filter_map(|value| if from_one { self.lacking(value) } else { self.shown(value) })
            .collect();
        out.dedup();
        out.retain(|x| *x != turned(edge));
        out
    }

    /// Returns the share at a distance to one, which is rounded to one digit: 0.98 for 0.02.
    fn lacking(&self, lack: f64) -> Option<f64> {
        let lack: f64 = format!("{lack:.0e}").parse().ok()?;
        let share: f64 = format!("{:.12}", 1.0 - lack).parse().ok()?;
        self.range.contains(share).then_some(share)
    }

    /// Returns the value a decade away from `chosen` towards `other` if the gap is wider than that.
    fn gap(&self, chosen: f64, other: f64) -> Option<f64> {
        if chosen <= 0.0 || other <= 0.0 {
            return None;
        }
        let wide = (chosen / other).max(other / chosen) > DECADE * SLACK;
        wide.then(|| self.shown(if other > chosen { chosen * DECADE } else { chosen / DECADE }))?
    }
}

/// Returns the descriptor of an axis; `None` where it is not a parameter with a single value.
fn parameter(analysis: &Analysis, config: &Config, path: &str) -> Option<Param> {
    let spec = &analysis.planned(config).spec;
    let (table, name) = path.split_once('.')?;
    let params: Vec<&[Param]> = match table {
        "optimizer" => {
            vec![OptimizerSpec::descriptor(spec.optimizer.kind())?.params, UpdateSpec::PARAMS]
        }
        "schedule" => vec![ScheduleSpec::descriptor(spec.schedule.kind())?.params],
        "model" => vec![ModelSpec::descriptor(spec.model.kind())?.params, InitSpec::PARAMS],
        "data" => vec![DataSpec::PARAMS],
        _ => Vec::new(),
    };
    params.into_iter().flatten().find(|param| param.name == name).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(range: Range, whole: bool, digits: usize) -> Grid {
        Grid { range, share: range == Range::BelowOne, whole, digits }
    }

    #[test]
    fn proposals_stay_within_a_decade() {
        let rates = grid(Range::Positive, false, 1);
        assert_eq!(rates.beyond(GridEnd::Lowest, 0.01, 0.1), [0.001]);
        assert_eq!(rates.beyond(GridEnd::Lowest, 0.01, 0.03), [0.003, 0.001]);
        assert_eq!(rates.beyond(GridEnd::Highest, 0.1, 0.03), [0.3, 1.0]);
        assert_eq!(rates.beyond(GridEnd::Highest, 0.8, 0.1), [6.0], "eight times, to one digit");
        // A ratio above ten is not followed.
        assert_eq!(rates.beyond(GridEnd::Lowest, 1e-2, 1e3), [0.001]);
        assert_eq!(rates.gap(1e-2, 1e3), Some(0.1));
        assert_eq!(rates.gap(1e3, 1e-2), Some(100.0));
        assert_eq!(rates.gap(0.01, 0.1), None);
    }

    #[test]
    fn proposals_are_values_that_the_parameter_allows() {
        let sizes = grid(Range::Within(1.0, 1e9), true, 2);
        assert_eq!(sizes.beyond(GridEnd::Lowest, 8.0, 32.0), [2.0]);
        assert_eq!(sizes.beyond(GridEnd::Lowest, 1.0, 2.0), Vec::<f64>::new());
        assert_eq!(sizes.beyond(GridEnd::Highest, 32.0, 8.0), [128.0]);
        let decay = grid(Range::NonNegative, false, 1);
        assert_eq!(decay.beyond(GridEnd::Highest, 1e-2, 0.0), [0.1]);
        let momentum = grid(Range::BelowOne, false, 1);
        assert_eq!(momentum.beyond(GridEnd::Highest, 0.9, 0.5), [0.98]);
        // SGD allows any momentum, but none above one is advised.
        let momentum = Grid { share: true, ..grid(Range::NonNegative, false, 1) };
        assert_eq!(momentum.beyond(GridEnd::Highest, 0.9, 0.5), [0.98]);
        assert_eq!(momentum.beyond(GridEnd::Highest, 1.0, 0.5), Vec::<f64>::new());
    }
}
