//! The data of a sweep before its combinations are made: inspects user data, and fills in values
//! that follow from the number of samples.

use spec::dataset::DatasetName;
use spec::lint::Lint;
use spec::own_data::{Inspected, OwnData, OwnRequest, Unusable};
use spec::params::{ParamValue, Value};
use spec::reading::DataDescription;
use spec::run::Loss;

use super::axis::{Axis, FULL};
use super::diagnostic::{Diagnostic, Diagnostics};
use super::sweep::SweepSpec;

/// The results of inspecting user data; the default is that of a sweep without any.
#[derive(Default)]
pub(super) struct Found {
    pub(super) own: Option<OwnData>,
    pub(super) described: Option<DataDescription>,
    pub(super) traps: Vec<(Lint, String)>,
}

/// Inspects user data, if the sweep has any. `None` if it is unusable, which is reported.
pub(super) fn look(
    spec: &SweepSpec,
    inspect: super::Inspect<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Found> {
    let Some((request, place)) = &spec.own else { return Some(Found::default()) };
    match inspect(&completed(spec, request)) {
        Ok(Inspected { data, described, traps }) => {
            Some(Found { own: Some(data), described: Some(described), traps })
        }
        Err(Unusable { problem, remedy }) => {
            let d = Diagnostic::error("this data cannot be used", place).label(problem);
            diagnostics.push(match remedy {
                Some(remedy) => d.help(remedy),
                None => d,
            });
            None
        }
    }
}

/// Adds to the request for user data the values from other tables of the sweep file.
fn completed(spec: &SweepSpec, request: &OwnRequest) -> OwnRequest {
    let loss = first(&spec.train, "train.loss").and_then(Loss::from_value);
    OwnRequest { validation: validation(spec), values: loss == Some(Loss::Mse), ..request.clone() }
}

/// Returns the sweep with a number in place of `batch_size = "full"`.
pub(super) fn full_batches(spec: &SweepSpec, own: Option<&OwnData>) -> SweepSpec {
    let mut spec = spec.clone();
    let held_out = own.map_or_else(|| validation(&spec), |own| own.validation);
    let samples = match own {
        Some(own) => own.train_len,
        None => first(&spec.data, "data.dataset")
            .and_then(DatasetName::from_value)
            .map_or(0, |name| name.info().train_len),
    };
    // An empty training split is reported for each combination.
    let all = Value::Int(samples.saturating_sub(held_out).max(1) as i64);
    for axis in spec.data.iter_mut().filter(|a| a.path == "data.batch_size") {
        for (value, _) in &mut axis.values {
            if *value == Value::Text(FULL.to_owned()) {
                *value = all.clone();
            }
        }
    }
    spec
}

/// Returns `validation` of `[data]`, which takes one value; 0 by default.
fn validation(spec: &SweepSpec) -> u64 {
    match first(&spec.data, "data.validation") {
        Some(Value::Int(n)) => u64::try_from(*n).unwrap_or(0),
        _ => 0,
    }
}

fn first<'a>(axes: &'a [Axis], path: &str) -> Option<&'a Value> {
    axes.iter().find(|a| a.path == path)?.values.first().map(|(value, _)| value)
}
