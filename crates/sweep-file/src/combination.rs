//! One combination of an optimizer's axes, and the values that all combinations share.

use std::collections::BTreeMap;

use spec::own_data::OwnData;
use spec::params::{Param, ParamDefault, Params, Value, Values};
use spec::stopping::{EarlyStopping, StopAt};

use super::diagnostic::{Diagnostic, Diagnostics};
use super::source::Place;
use super::sweep::SweepSpec;

/// One combination: dotted paths with their values and places.
pub(super) type Combination = BTreeMap<String, (Value, Place)>;

/// Returns the values of one group of parameters: given ones, else defaults, without derived ones.
pub(super) fn values(group: &str, params: &[Param], given: &Combination) -> Values {
    params
        .iter()
        .filter_map(|p| {
            let value = match (given.get(&format!("{group}.{}", p.name)), p.default) {
                (Some((value, _)), _) => value.clone(),
                (None, ParamDefault::Value(default)) => default(),
                (None, ParamDefault::Derived(_) | ParamDefault::Required) => return None,
            };
            Some((p.name.to_owned(), value))
        })
        .collect()
}

/// The values that all combinations share.
pub(super) struct Fixed<'a> {
    pub(super) spec: &'a SweepSpec,
    pub(super) own: Option<&'a OwnData>,
    pub(super) early_stopping: Option<EarlyStopping>,
    pub(super) stop_at: Option<StopAt>,
}

impl<'a> Fixed<'a> {
    /// Returns the shared values of a sweep whose user data, if any, was inspected.
    pub(super) fn new(spec: &'a SweepSpec, own: Option<&'a OwnData>) -> Self {
        let early_stopping = match &spec.early_stopping {
            None => None,
            Some((axes, _)) => {
                let given: Combination =
                    axes.iter().map(|a| (a.path.clone(), a.values[0].clone())).collect();
                EarlyStopping::from_values(&values(
                    "train.early_stopping",
                    EarlyStopping::PARAMS,
                    &given,
                ))
            }
        };
        let stop_at = spec.target.as_ref().filter(|_| spec.stop).and_then(|(target, _)| {
            let (split, metric) = (target.split, target.metric);
            Some(StopAt { split, metric, value: target.value? })
        });
        Fixed { spec, own, early_stopping, stop_at }
    }
}

/// Adds a problem that many combinations may have, unless it was added before.
pub(super) fn push_once(diagnostics: &mut Diagnostics, diagnostic: Diagnostic) {
    if !diagnostics.holds(&diagnostic) {
        diagnostics.push(diagnostic);
    }
}
