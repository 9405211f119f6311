//! Columns of `runs.parquet`.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::Column;
use rayon::prelude::*;
use spec::RunSpec;
use spec::metric::EpochMetric;
use spec::params::{Value, Values};
use spec::plan::{PlannedRun, TargetAt};

use crate::analysis::Analysis;
use crate::derived;
use crate::table::columns_of;
use crate::table::{AtBest, Cell, RunRow};
use spec::grain::Grain;

/// Returns the columns in the order of `store::columns`, those of metrics in the place of
/// `train_loss`.
pub(crate) fn columns(analysis: &Analysis) -> Vec<Column> {
    let plan = &analysis.plan;
    let text = |name: &str, of: &dyn Fn(&PlannedRun) -> String| {
        String::column(name, plan.runs.iter().map(|run| Some(of(run))).collect())
    };
    let spec = |name: &str, of: fn(&RunSpec) -> &str| text(name, &|run| of(&run.spec).to_owned());
    let int = |name: &str, of: fn(&RunSpec) -> u64| {
        u64::column(name, plan.runs.iter().map(|r| Some(of(&r.spec))).collect())
    };
    let mut held = vec![
        text("run_id", &|r| r.run_id.to_string()),
        text("config_id", &|r| r.config_id.to_string()),
        text("cell_id", &|r| r.cell_id.to_string()),
        text("experiment", &|_| plan.name.clone()),
        text("label", &|r| r.label.clone()),
        spec("optimizer", |s| s.optimizer.kind()),
        spec("schedule", |s| s.schedule.kind()),
        text("dataset", &|r| r.spec.data.dataset.name()),
        spec("model", |s| s.model.kind()),
        int("batch_size", |s| s.data.batch_size),
        f64::column("lr", plan.runs.iter().map(|r| Some(r.spec.optimizer.lr())).collect()),
        int("seed", |s| s.seed),
    ];
    held.extend(RunRow::columns(&analysis.rows));
    let mut by_name: BTreeMap<String, Column> =
        held.into_iter().map(|c| (c.name().to_string(), c)).collect();
    let metrics: Vec<String> =
        columns_of(&analysis.rows).into_iter().map(EpochMetric::column).collect();
    let mut out = Vec::new();
    for described in store::columns::RUNS {
        match described.name {
            "train_loss" => out.extend(metrics.iter().filter_map(|name| by_name.remove(name))),
            name => out.extend(by_name.remove(name)),
        }
    }
    out.extend(at_best(analysis));
    if plan.confirm.is_some() {
        out.push(text("stage", &|r| r.stage.name().to_owned()));
    }
    if plan.can_grow() {
        let of_file = plan.runs_of_file().len();
        let tuning = plan.runs.iter().enumerate().map(|(i, run)| (run.stage.is_tuning(), i));
        let added = tuning.map(|(tuning, i)| tuning && i >= of_file).collect::<Vec<bool>>();
        out.push(Column::new("added".into(), added));
    }
    out.extend(derived::columns(analysis));
    let specs: Vec<&RunSpec> = plan.runs.iter().map(|r| &r.spec).collect();
    out.extend(hyper_parameters(&specs));
    out
}

/// Columns with the best epoch of each completed run and the target's metric after it on both
/// splits; empty unless the sweep has `[target] at = "best"`.
fn at_best(analysis: &Analysis) -> Vec<Column> {
    if analysis.plan.target.at == TargetAt::Last {
        return Vec::new();
    }
    let real = |name: &str, of: fn(&AtBest) -> Option<f64>| {
        let values = analysis.rows.iter().map(|row| of(row.at_best.as_ref()?));
        f64::column(name, values.collect())
    };
    let whole = |name: &str, of: fn(&AtBest) -> u64| {
        let values = analysis.rows.iter().map(|row| Some(of(row.at_best.as_ref()?)));
        u64::column(name, values.collect())
    };
    let mut out = vec![whole("at_best_epoch", |best| best.epoch)];
    // For runs by epochs the epoch is enough.
    if analysis.selection.grain == Grain::Steps {
        out.push(whole("at_best_step", |best| best.step));
    }
    out.push(real("at_best_validation", |best| Some(best.value)));
    out.push(real("at_best_test", |best| best.test));
    out
}

/// Builds one `hp.<dotted path>` column for each resolved value that any of the runs has: null
/// where it does not apply, lists as JSON text.
pub(crate) fn hyper_parameters(specs: &[&RunSpec]) -> Vec<Column> {
    let flat: Vec<Values> = specs.par_iter().map(|spec| spec.flat()).collect();
    let paths: BTreeSet<&String> = flat.iter().flat_map(|values| values.keys()).collect();
    let paths: Vec<&String> = paths.into_iter().collect();
    paths
        .into_par_iter()
        .map(|path| column(path, flat.iter().map(|values| values.get(path)).collect()))
        .collect()
}

/// Builds a column of the narrowest type that holds every value.
fn column(path: &str, values: Vec<Option<&Value>>) -> Column {
    let name = format!("hp.{path}");
    let all = |test: fn(&Value) -> bool| values.iter().flatten().all(|v| test(v));
    if all(|v| matches!(v, Value::Bool(_))) {
        let get = |v: &Value| if let Value::Bool(b) = v { Some(*b) } else { None };
        let bools: Vec<Option<bool>> = values.iter().map(|v| v.and_then(get)).collect();
        Column::new(name.as_str().into(), bools)
    } else if all(|v| matches!(v, Value::Int(_))) {
        let get = |v: &Value| if let Value::Int(i) = v { Some(*i) } else { None };
        let ints: Vec<Option<i64>> = values.iter().map(|v| v.and_then(get)).collect();
        Column::new(name.as_str().into(), ints)
    } else if all(|v| matches!(v, Value::Int(_) | Value::Float(_))) {
        let get = |v: &Value| match v {
            Value::Int(i) => Some(*i as f64),
            Value::Float(x) => Some(*x),
            _ => None,
        };
        f64::column(&name, values.iter().map(|v| v.and_then(get)).collect())
    } else {
        let get = |v: &Value| match v {
            Value::Text(s) => s.clone(),
            other => serde_json::to_string(other).unwrap_or_default(),
        };
        String::column(&name, values.iter().map(|v| v.map(get)).collect())
    }
}
