//! `[[exclude]]`: combinations that are left out of a sweep.

use spec::init::InitSpec;
use spec::model::ModelSpec;
use spec::optimizer::OptimizerSpec;
use spec::params::{Params, Value};
use spec::run::{DataSpec, RunSpec};
use spec::schedule::{ScheduleSpec, WarmupKeys};
use spec::update::UpdateSpec;

use super::axis::unknown_name;
use super::combination::Combination;
use super::diagnostic::Diagnostics;
use super::sweep::{Exclude, SweepSpec};

/// Returns the indices of the excludes whose conditions all hold, for the values of the run or for
/// those `written` in the file: 5% and its number of units both match.
pub(super) fn matching_excludes(
    spec: &SweepSpec,
    label: &str,
    run: &RunSpec,
    written: &Combination,
) -> Vec<usize> {
    if spec.excludes.is_empty() {
        return Vec::new();
    }
    let flat = run.flat();
    let matches = |exclude: &Exclude| {
        !exclude.conditions.is_empty()
            && exclude.conditions.iter().all(|(path, wanted)| {
                wanted.iter().any(|w| match (path.as_str(), flat.get(path)) {
                    ("label", _) => *w == Value::Text(label.to_owned()),
                    (_, Some(value)) => {
                        same(value, w) || written.get(path).is_some_and(|(given, _)| given == w)
                    }
                    (_, None) => false,
                })
            })
    };
    (0..spec.excludes.len()).filter(|i| matches(&spec.excludes[*i])).collect()
}

/// Compares values, with whole and real numbers equal: `lr = 1` excludes 1.0.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Float(x), Value::Int(i)) | (Value::Int(i), Value::Float(x)) => *x == *i as f64,
        _ => a == b,
    }
}

/// Reports paths that no run has. An exclude that matches nothing is a lint instead.
pub(super) fn check_excludes(spec: &SweepSpec, diagnostics: &mut Diagnostics) {
    let mut known: Vec<String> = vec!["label".to_owned()];
    let kinds = |name: &str| spec.optimizers.iter().any(|o| o.kind == name);
    for kind in OptimizerSpec::KINDS.iter().filter(|k| kinds(k.name)) {
        known.extend(kind.params.iter().map(|p| format!("optimizer.{}", p.name)));
    }
    let kinds =
        |name: &str| spec.optimizers.iter().flat_map(|o| &o.schedules).any(|s| s.kind == name);
    for kind in ScheduleSpec::KINDS.iter().filter(|k| kinds(k.name)) {
        known.extend(kind.params.iter().map(|p| format!("schedule.{}", p.name)));
    }
    known.extend(UpdateSpec::names().map(|name| format!("optimizer.{name}")));
    known.extend(WarmupKeys::PARAMS.iter().map(|p| format!("schedule.{}", p.name)));
    for kind in ModelSpec::KINDS.iter().filter(|k| k.name == spec.model) {
        known.extend(kind.params.iter().map(|p| format!("model.{}", p.name)));
        known.extend(InitSpec::names().map(|name| format!("model.{name}")));
    }
    known.extend(DataSpec::PARAMS.iter().map(|p| format!("data.{}", p.name)));
    known.extend(["optimizer.kind", "schedule.kind", "model.kind"].map(str::to_owned));
    known.sort();
    known.dedup();
    let names: Vec<&str> = known.iter().map(String::as_str).collect();
    for exclude in &spec.excludes {
        let unknown = exclude.conditions.iter().find(|(path, _)| !names.contains(&path.as_str()));
        if let Some((path, _)) = unknown {
            diagnostics.push(unknown_name(
                &format!("unknown path `{path}` in [[exclude]]"),
                path,
                &names,
                &exclude.place,
            ));
        }
    }
}
