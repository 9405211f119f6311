//! Grids that grow: values beyond the edge of an axis, if an optimizer's best value is at that
//! edge.

use serde::{Deserialize, Serialize};

use crate::float::{one_minus, round_to_digits, round_to_six_digits};
use crate::identity::Id;
use crate::optimizer::OptimizerSpec;
use crate::params::{Param, ParamType, Params, Value, choice};
use crate::run::RunSpec;
use crate::update::UpdateSpec;

choice! {
    /// The scale on which the values of a grid are evenly spaced.
    #[derive(Default)]
    Scale {
        /// The logarithms of the values.
        #[default]
        Log = "log",
        /// The values themselves.
        Linear = "linear",
        /// The logarithms of 1 - value, as for a momentum.
        OneMinus = "one_minus",
    }
}

/// An axis whose grid grows by its own step while the best value of an optimizer is at an edge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Extend {
    /// Dotted path of the axis: `optimizer.lr`.
    pub path: String,
    /// Values that may be added for each optimizer, at both edges together, at least 1.
    pub at_most: u64,
    /// The scale on which the values are evenly spaced.
    #[serde(default, skip_serializing_if = "Scale::is_log")]
    pub scale: Scale,
    /// The ends of the grid, the lower first: values, or 1 - value for [`Scale::OneMinus`].
    pub ends: [f64; 2],
    /// Points from one end to the other, both included, at least 2. For a list of unevenly spaced
    /// values the grid grows by their mean step.
    pub points: u64,
    /// Significant digits of the values, 1 to 6.
    pub digits: u64,
    /// Whether values are whole numbers.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub whole: bool,
}

/// An edge of the values that were tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GridEnd {
    /// The smallest value.
    Lowest,
    /// The largest value.
    Highest,
}

/// A configuration that was added to a grid.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Grown {
    /// The optimizer's label.
    pub label: String,
    /// The label's best configuration at that time; the added one differs from it in one value.
    pub from: Id,
    /// Dotted path of the axis.
    pub path: String,
    /// The value that was added.
    pub value: Value,
}

impl Scale {
    fn is_log(&self) -> bool {
        *self == Scale::Log
    }
}

/// Largest number of steps beyond an end that are tried, since rounded values may coincide.
const MOST_STEPS: u64 = 1_000;

impl Extend {
    /// Returns the next value beyond `edge`: one step of the grid further, or the first step whose
    /// rounded value differs; `None` if there is no such number.
    pub fn beyond(&self, edge: f64, end: GridEnd) -> Option<f64> {
        let further = |value: &f64| match end {
            GridEnd::Lowest => *value < edge,
            GridEnd::Highest => *value > edge,
        };
        (1..=MOST_STEPS).map_while(|step| self.value(step, end)).find(further)
    }

    /// Returns the value `step` steps beyond an end; `None` if it is not finite.
    fn value(&self, step: u64, end: GridEnd) -> Option<f64> {
        let [low, high] = self.ends;
        let last = self.points.saturating_sub(1).max(1) as f64;
        // The smallest 1 - value belongs to the largest value.
        let up = (end == GridEnd::Highest) != (self.scale == Scale::OneMinus);
        let t = if up { 1.0 + step as f64 / last } else { -(step as f64) / last };
        let x = match self.scale {
            Scale::Linear => low + t * (high - low),
            Scale::Log | Scale::OneMinus => (low.ln() + t * (high.ln() - low.ln())).exp(),
        };
        // Rounded as a grid with more points rounds it, then to the digits of the list.
        let x = round_to_digits(round_to_six_digits(x), self.digits as usize);
        let x = match self.scale {
            Scale::OneMinus => one_minus(x),
            _ if self.whole => x.round(),
            _ => x,
        };
        x.is_finite().then_some(x)
    }

    /// Converts a number to a value of the axis, an integer if [`Extend::whole`] is set.
    pub fn typed(&self, x: f64) -> Value {
        if self.whole { Value::Int(x as i64) } else { Value::Float(x) }
    }
}

/// Returns whether nothing else in a run depends on the values of an axis, so that its grid may
/// grow. This holds for all parameters of an optimizer except `accumulate`, which determines the
/// number of steps of a run.
pub fn stands_alone(path: &str) -> bool {
    path.starts_with("optimizer.") && path != "optimizer.accumulate"
}

/// Returns the parameter at a path of an optimizer of this kind if it is a number whose grid may
/// grow; `None` for any other path.
fn parameter(kind: &str, path: &str) -> Option<Param> {
    let name = path.strip_prefix("optimizer.").filter(|_| stands_alone(path))?;
    let own = OptimizerSpec::descriptor(kind)?.params;
    let param = own.iter().chain(UpdateSpec::PARAMS).find(|param| param.name == name)?;
    matches!(param.ty, ParamType::Float | ParamType::Int).then_some(*param)
}

impl RunSpec {
    /// Returns the same run with another value of an axis that may grow; `None` if the value is
    /// not allowed, by itself or together with the others, and for any other axis.
    pub fn with_value(&self, path: &str, value: &Value) -> Option<RunSpec> {
        let kind = self.optimizer.kind();
        let param = parameter(kind, path)?;
        let number = match value {
            Value::Float(x) => *x,
            Value::Int(i) => *i as f64,
            _ => return None,
        };
        if !param.range.contains(number) {
            return None;
        }
        let put = |mut values: crate::params::Values| {
            values.entry(param.name.to_owned()).and_modify(|held| *held = value.clone());
            values
        };
        let optimizer = OptimizerSpec::from_values(kind, &put(self.optimizer.to_values()))?;
        let update = UpdateSpec::from_values(&put(self.update.to_values()))?;
        optimizer.check().ok()?;
        optimizer.goes_with(&update, &self.groups).ok()?;
        let lr = optimizer.lr();
        let reached = self.schedule.min_lrs().into_iter().all(|least| least <= lr);
        reached.then(|| RunSpec { optimizer, update, ..self.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extend(scale: Scale, ends: [f64; 2], points: u64, digits: u64, whole: bool) -> Extend {
        Extend { path: "optimizer.lr".to_owned(), at_most: 3, scale, ends, points, digits, whole }
    }

    #[test]
    fn a_grid_grows_by_its_own_step() {
        let rates = extend(Scale::Log, [1e-3, 1e-1], 3, 6, false);
        assert_eq!(rates.beyond(0.1, GridEnd::Highest), Some(1.0));
        assert_eq!(rates.beyond(1.0, GridEnd::Highest), Some(10.0));
        assert_eq!(rates.beyond(1e-3, GridEnd::Lowest), Some(1e-4));
        // 1, 3, 10: the list's mean step, in its digits.
        let list = extend(Scale::Log, [1e-3, 1e-2], 3, 1, false);
        assert_eq!(list.beyond(1e-2, GridEnd::Highest), Some(0.03));
        assert_eq!(list.beyond(0.03, GridEnd::Highest), Some(0.1));
        assert_eq!(list.beyond(1e-3, GridEnd::Lowest), Some(3e-4));
        let linear = extend(Scale::Linear, [0.1, 0.5], 3, 6, false);
        assert_eq!(linear.beyond(0.5, GridEnd::Highest), Some(0.7));
        assert_eq!(linear.beyond(0.1, GridEnd::Lowest), Some(-0.1));
    }

    #[test]
    fn a_momentum_grows_towards_one() {
        let momentum = extend(Scale::OneMinus, [1e-2, 1e-1], 2, 6, false);
        assert_eq!(momentum.beyond(0.99, GridEnd::Highest), Some(0.999));
        assert_eq!(momentum.beyond(0.9, GridEnd::Lowest), Some(0.0));
        assert_eq!(momentum.beyond(0.0, GridEnd::Lowest), Some(-9.0));
    }

    #[test]
    fn whole_numbers_that_fall_together_are_stepped_over() {
        let powers = extend(Scale::Log, [16.0, 64.0], 3, 6, true);
        assert_eq!(powers.beyond(64.0, GridEnd::Highest), Some(128.0));
        assert_eq!(powers.beyond(16.0, GridEnd::Lowest), Some(8.0));
        let dense = extend(Scale::Log, [1.0, 2.0], 5, 6, true);
        assert_eq!(dense.beyond(2.0, GridEnd::Highest), Some(3.0));
        assert_eq!(dense.typed(3.0), Value::Int(3));
    }

    #[test]
    fn nothing_neutral_is_stored() {
        let stored = serde_json::to_string(&extend(Scale::Log, [1e-3, 1e-1], 3, 6, false)).unwrap();
        let wanted =
            r#"{"path":"optimizer.lr","at_most":3,"ends":[0.001,0.1],"points":3,"digits":6}"#;
        assert_eq!(stored, wanted);
    }
}
