//! Grids that grow: values beyond the edge of an axis, where an optimizer's best lies on it.

use serde::{Deserialize, Serialize};

use crate::float::{one_minus, round_to_digits, round_to_six_digits};
use crate::identity::Id;
use crate::optimizer::OptimizerSpec;
use crate::params::{Param, ParamType, Params, Value, choice};
use crate::run::RunSpec;
use crate::update::UpdateSpec;

choice! {
    /// The scale on which the values of a grid lie evenly.
    #[derive(Default)]
    Scale {
        /// The logarithms of the values.
        #[default]
        Log = "log",
        /// The values.
        Linear = "linear",
        /// The logarithms of what the values lack to one: of a momentum.
        OneMinus = "one_minus",
    }
}

/// An axis whose grid grows by its own step while the best value of an optimizer lies at an edge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Extend {
    /// Its dotted path: `optimizer.lr`.
    pub path: String,
    /// Values that may be added for each optimizer, at both edges together, at least 1.
    pub at_most: u64,
    /// The scale on which its values lie evenly.
    #[serde(default, skip_serializing_if = "Scale::is_log")]
    pub scale: Scale,
    /// The ends of the grid on this scale, the lower first: values, or what these lack to one.
    pub ends: [f64; 2],
    /// Points from one end to the other, both included, at least 2. Of a list of values that lie
    /// unevenly the step is the mean one.
    pub points: u64,
    /// Significant digits in which values are written, 1 to 6.
    pub digits: u64,
    /// Says whether values are whole numbers.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub whole: bool,
}

/// An edge of the values that were tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GridEnd {
    /// The smallest.
    Lowest,
    /// The largest.
    Highest,
}

/// A configuration that was added to a grid.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Grown {
    /// The optimizer's label.
    pub label: String,
    /// The best configuration of the label then, from which the added one differs in one value.
    pub from: Id,
    /// The axis by its dotted path.
    pub path: String,
    /// The value that was added.
    pub value: Value,
}

impl Scale {
    fn is_log(&self) -> bool {
        *self == Scale::Log
    }
}

/// Steps of a grid beyond an end that are looked at: rounded values may fall together.
const MOST_STEPS: u64 = 1_000;

impl Extend {
    /// The next value beyond `edge`, one step of the grid or the first that rounding tells apart
    /// from it; none where there is no such number.
    pub fn beyond(&self, edge: f64, end: GridEnd) -> Option<f64> {
        let further = |value: &f64| match end {
            GridEnd::Lowest => *value < edge,
            GridEnd::Highest => *value > edge,
        };
        (1..=MOST_STEPS).map_while(|step| self.value(step, end)).find(further)
    }

    /// The value so many steps beyond an end; none where it is not finite.
    fn value(&self, step: u64, end: GridEnd) -> Option<f64> {
        let [low, high] = self.ends;
        let last = self.points.saturating_sub(1).max(1) as f64;
        // What lacks the least to one is the largest.
        let up = (end == GridEnd::Highest) != (self.scale == Scale::OneMinus);
        let t = if up { 1.0 + step as f64 / last } else { -(step as f64) / last };
        let x = match self.scale {
            Scale::Linear => low + t * (high - low),
            Scale::Log | Scale::OneMinus => (low.ln() + t * (high.ln() - low.ln())).exp(),
        };
        // As a grid with more points would have it, then in the digits of the list.
        let x = round_to_digits(round_to_six_digits(x), self.digits as usize);
        let x = match self.scale {
            Scale::OneMinus => one_minus(x),
            _ if self.whole => x.round(),
            _ => x,
        };
        x.is_finite().then_some(x)
    }

    /// A number as a value of the axis.
    pub fn typed(&self, x: f64) -> Value {
        if self.whole { Value::Int(x as i64) } else { Value::Float(x) }
    }
}

/// Returns whether nothing else of a run follows from the values of an axis, so that its grid may
/// grow: of the optimizer's own parameters all but `accumulate`, which decides how many steps a run
/// has.
pub fn stands_alone(path: &str) -> bool {
    path.starts_with("optimizer.") && path != "optimizer.accumulate"
}

/// The parameter at a path of an optimizer of this kind, where it is a number whose grid may grow;
/// none of any other path.
fn parameter(kind: &str, path: &str) -> Option<Param> {
    let name = path.strip_prefix("optimizer.").filter(|_| stands_alone(path))?;
    let own = OptimizerSpec::descriptor(kind)?.params;
    let param = own.iter().chain(UpdateSpec::PARAMS).find(|param| param.name == name)?;
    matches!(param.ty, ParamType::Float | ParamType::Int).then_some(*param)
}

impl RunSpec {
    /// The same run with another value of an axis that may grow; none where the value is not allowed
    /// there, by itself or beside the others, and for any other axis.
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
        // 1, 3, 10: the mean step of it, in its digits.
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
