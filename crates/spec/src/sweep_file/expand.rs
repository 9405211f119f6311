//! From a [`SweepSpec`] to a [`Plan`]: axes cross, zipped axes advance
//! together, every combination is resolved, checked and given its ids.

use std::collections::{BTreeMap, HashMap};

use crate::identity::ids;
use crate::model::ModelSpec;
use crate::optimizer::OptimizerSpec;
use crate::params::{Param, ParamDefault, Params, Value, Values};
use crate::plan::{PLAN_VERSION, Plan, PlannedOptimizer, PlannedRun, PoolEntry, Target};
use crate::record::Split;
use crate::run::{DataSpec, RunSpec, TrainSpec};
use crate::schedule::{Per, ScheduleSpec};

use super::axis::{Axis, unknown_name};
use super::diagnostic::{Diagnostic, Diagnostics};
use super::source::Place;
use super::spec::{Exclude, OptimizerEntry, ScheduleEntry, SweepSpec};

/// More runs than this are taken for a slip in the axes.
const MAX_RUNS: usize = 2_000_000;

/// One combination: dotted path to value, and the place of its learning rate.
type Combination = BTreeMap<String, (Value, Place)>;

/// Expands and resolves. Problems go to `diagnostics`.
pub fn expand(spec: &SweepSpec, diagnostics: &mut Diagnostics) -> Option<Plan> {
    let mut runs: Vec<PlannedRun> = Vec::new();
    let mut first_of: HashMap<crate::Id, Place> = HashMap::new();
    let mut excluded = vec![0usize; spec.excludes.len()];
    let mut optimizers = Vec::new();
    for entry in &spec.optimizers {
        let varied = varied_paths(spec, entry);
        optimizers.push(PlannedOptimizer {
            label: entry.label.clone(),
            kind: entry.kind.to_owned(),
            axes: varied.clone(),
        });
        for schedule in &entry.schedules {
            let axes: Vec<&Axis> = spec
                .data
                .iter()
                .chain(&spec.model_axes)
                .chain(&spec.train)
                .chain(&entry.axes)
                .chain(&schedule.axes)
                .collect();
            let groups = zip_groups(&axes, diagnostics)?;
            let count = groups
                .iter()
                .map(|g| g[0].values.len())
                .try_fold(spec.seeds.len(), usize::checked_mul);
            if count.is_none_or(|n| n.saturating_add(runs.len()) > MAX_RUNS) {
                diagnostics.push(
                    Diagnostic::error(
                        format!("the axes cross to more than {MAX_RUNS} runs"),
                        &entry.place,
                    )
                    .help("shorten the axes, zip them, or split the sweep"),
                );
                return None;
            }
            let mut index = vec![0usize; groups.len()];
            loop {
                let combination = combine(&groups, &index);
                let known = diagnostics.len();
                let resolved = resolve(spec, entry, schedule, &combination, diagnostics);
                if resolved.is_none() && diagnostics.len() == known && !diagnostics.has_errors() {
                    // No combination is dropped in silence, whatever the reason.
                    let message = format!("a combination of `{}` cannot be resolved", entry.label);
                    diagnostics.push(Diagnostic::error(message, &entry.place));
                }
                if let Some(resolved) = resolved {
                    let matched = matching_excludes(spec, &entry.label, &resolved);
                    matched.iter().for_each(|i| excluded[*i] += 1);
                    if matched.is_empty() {
                        let axes = varied_values(&varied, &resolved);
                        for &seed in &spec.seeds {
                            let run = RunSpec { seed, ..resolved.clone() };
                            let id = ids(&run);
                            if !add_once(&mut first_of, id.run, entry, diagnostics) {
                                return None;
                            }
                            runs.push(PlannedRun {
                                label: entry.label.clone(),
                                run_id: id.run,
                                config_id: id.config,
                                cell_id: id.cell,
                                axes: axes.clone(),
                                spec: run,
                            });
                        }
                    }
                }
                if !advance(&mut index, &groups) {
                    break;
                }
            }
        }
    }
    check_excludes(spec, &excluded, diagnostics);
    if runs.is_empty() && !diagnostics.has_errors() {
        diagnostics.push(Diagnostic::error_without_place(
            "no run is left: the excludes match every combination",
        ));
    }
    let target = target(spec, &runs, diagnostics)?;
    let pool = if spec.pool.is_empty() {
        vec![PoolEntry { device: "auto".to_owned(), slots: None }]
    } else {
        spec.pool.clone()
    };
    Some(Plan {
        v: PLAN_VERSION,
        name: spec.name.clone(),
        description: spec.description.clone(),
        file: String::new(),
        text: String::new(),
        overrides: Vec::new(),
        target,
        seeds: spec.seeds.clone(),
        optimizers,
        runs,
        pool,
        threads_per_run: spec.threads_per_run,
        computed_on: None,
    })
}

/// Axes of one zip name form one group; every other axis is its own.
fn zip_groups<'a>(axes: &[&'a Axis], diagnostics: &mut Diagnostics) -> Option<Vec<Vec<&'a Axis>>> {
    let mut groups: Vec<Vec<&Axis>> = Vec::new();
    for axis in axes {
        let same =
            axis.zip.is_some().then(|| groups.iter_mut().find(|g| g[0].zip == axis.zip)).flatten();
        match same {
            Some(group) => {
                if group[0].values.len() != axis.values.len() {
                    let name = axis.zip.as_deref().unwrap_or_default();
                    diagnostics.push(
                        Diagnostic::error(
                            format!("axes of the zip `{name}` differ in length"),
                            &axis.place,
                        )
                        .label(format!("{} values", axis.values.len()))
                        .also(&group[0].place, format!("{} values", group[0].values.len())),
                    );
                    return None;
                }
                group.push(axis);
            }
            None => groups.push(vec![axis]),
        }
    }
    Some(groups)
}

fn combine(groups: &[Vec<&Axis>], index: &[usize]) -> Combination {
    let mut out = Combination::new();
    for (group, &i) in groups.iter().zip(index) {
        for axis in group {
            out.insert(axis.path.clone(), axis.values[i].clone());
        }
    }
    out
}

/// Counts up, the last axis fastest; false after the last combination.
fn advance(index: &mut [usize], groups: &[Vec<&Axis>]) -> bool {
    for (i, group) in index.iter_mut().zip(groups).rev() {
        *i += 1;
        if *i < group[0].values.len() {
            return true;
        }
        *i = 0;
    }
    false
}

/// Values of one group of parameters: given ones, else defaults; derived ones are left out.
fn values(group: &str, params: &[Param], given: &Combination) -> Values {
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

fn resolve(
    spec: &SweepSpec,
    entry: &OptimizerEntry,
    schedule: &ScheduleEntry,
    given: &Combination,
    diagnostics: &mut Diagnostics,
) -> Option<RunSpec> {
    let data = DataSpec::from_values(&values("data", DataSpec::PARAMS, given))?;
    let train = TrainSpec::from_values(&values("train", TrainSpec::PARAMS, given))?;
    let model = ModelSpec::from_values(
        &spec.model,
        &values("model", ModelSpec::descriptor(&spec.model)?.params, given),
    )?;
    let optimizer = OptimizerSpec::from_values(
        entry.kind,
        &values("optimizer", OptimizerSpec::descriptor(entry.kind)?.params, given),
    )?;
    let place = |path: &str| given.get(path).map_or(&entry.place, |(_, p)| p);
    let info = data.dataset.info();
    if data.validation >= info.train_len {
        let message = format!(
            "validation = {} leaves nothing of the {} training samples",
            data.validation, info.train_len
        );
        push_once(diagnostics, Diagnostic::error(message, place("data.validation")));
        return None;
    }
    let samples = info.train_len - data.validation;
    if data.batch_size > samples {
        let message = format!(
            "batch_size = {} is larger than the {samples} training samples",
            data.batch_size
        );
        push_once(diagnostics, Diagnostic::error(message, place("data.batch_size")));
        return None;
    }
    if let Err((name, reason)) = optimizer.check() {
        let path = format!("optimizer.{name}");
        push_once(
            diagnostics,
            Diagnostic::error(format!("`{path}` cannot be used here"), place(&path)).label(reason),
        );
        return None;
    }
    let mut schedule_values =
        values("schedule", ScheduleSpec::descriptor(schedule.kind)?.params, given);
    let steps =
        crate::run::steps_per_epoch(samples, data.batch_size, data.drop_last) * train.epochs;
    let length = match schedule_values.get("per") {
        Some(Value::Text(per)) if per == Per::Batch.name() => steps,
        _ => train.epochs,
    };
    if schedule.kind == "cosine" {
        schedule_values.entry("t_max".to_owned()).or_insert(Value::Int(length as i64));
    }
    let resolved = ScheduleSpec::from_values(schedule.kind, &schedule_values)?;
    if let Some(min_lr) = resolved.min_lr()
        && min_lr > optimizer.lr()
    {
        let at = given.get("schedule.min_lr").map_or(&schedule.place, |(_, p)| p);
        let message = format!(
            "min_lr = {} is above the learning rate {}",
            crate::float::short(min_lr),
            crate::float::short(optimizer.lr())
        );
        push_once(
            diagnostics,
            Diagnostic::error(message, at).also(place("optimizer.lr"), "the learning rate"),
        );
        return None;
    }
    Some(RunSpec { data, model, train, optimizer, schedule: resolved, seed: 0 })
}

/// A combination's problem shows up once per combination; say it once.
fn push_once(diagnostics: &mut Diagnostics, diagnostic: Diagnostic) {
    if !diagnostics.holds(&diagnostic) {
        diagnostics.push(diagnostic);
    }
}

/// Paths that take more than one value within an optimizer's runs.
fn varied_paths(spec: &SweepSpec, entry: &OptimizerEntry) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let axes = spec
        .data
        .iter()
        .chain(&spec.model_axes)
        .chain(&entry.axes)
        .chain(entry.schedules.iter().flat_map(|s| &s.axes));
    for axis in axes.filter(|a| a.values.len() > 1) {
        if !out.contains(&axis.path) {
            out.push(axis.path.clone());
        }
    }
    if entry.schedules.len() > 1 {
        out.push("schedule.kind".to_owned());
        for path in entry.schedules.iter().flat_map(|s| &s.axes).map(|a| &a.path) {
            if !out.contains(path) {
                out.push(path.clone());
            }
        }
    }
    out
}

fn varied_values(paths: &[String], run: &RunSpec) -> Values {
    let flat = run.flat();
    paths.iter().filter_map(|p| flat.get(p).map(|v| (p.clone(), v.clone()))).collect()
}

fn add_once(
    first_of: &mut HashMap<crate::Id, Place>,
    id: crate::Id,
    entry: &OptimizerEntry,
    diagnostics: &mut Diagnostics,
) -> bool {
    match first_of.get(&id) {
        None => {
            first_of.insert(id, entry.place.clone());
            true
        }
        Some(first) => {
            let d = Diagnostic::error(
                format!("the optimizer `{}` asks for a run that is there already", entry.label),
                &entry.place,
            );
            let d = if *first == entry.place {
                d.label("two of its combinations resolve to the same run")
            } else {
                d.label("the second").also(first, "the first")
            };
            diagnostics.push(d.help("entries that differ in nothing but their label are one run: change a value or remove one"));
            false
        }
    }
}

/// The excludes whose conditions all hold.
fn matching_excludes(spec: &SweepSpec, label: &str, run: &RunSpec) -> Vec<usize> {
    if spec.excludes.is_empty() {
        return Vec::new();
    }
    let flat = run.flat();
    let matches = |exclude: &Exclude| {
        !exclude.conditions.is_empty()
            && exclude.conditions.iter().all(|(path, wanted)| {
                wanted.iter().any(|w| match (path.as_str(), flat.get(path)) {
                    ("label", _) => *w == Value::Text(label.to_owned()),
                    (_, Some(value)) => same(value, w),
                    (_, None) => false,
                })
            })
    };
    (0..spec.excludes.len()).filter(|i| matches(&spec.excludes[*i])).collect()
}

/// Equality across whole and real numbers: `lr = 1` excludes 1.0.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Float(x), Value::Int(i)) | (Value::Int(i), Value::Float(x)) => *x == *i as f64,
        _ => a == b,
    }
}

fn check_excludes(spec: &SweepSpec, excluded: &[usize], diagnostics: &mut Diagnostics) {
    let mut known: Vec<String> = vec!["label".to_owned()];
    for kind in OptimizerSpec::KINDS {
        known.extend(kind.params.iter().map(|p| format!("optimizer.{}", p.name)));
    }
    for kind in ScheduleSpec::KINDS {
        known.extend(kind.params.iter().map(|p| format!("schedule.{}", p.name)));
    }
    for kind in ModelSpec::KINDS {
        known.extend(kind.params.iter().map(|p| format!("model.{}", p.name)));
    }
    known.extend(DataSpec::PARAMS.iter().map(|p| format!("data.{}", p.name)));
    known.extend(["optimizer.kind", "schedule.kind", "model.kind"].map(str::to_owned));
    known.sort();
    known.dedup();
    let names: Vec<&str> = known.iter().map(String::as_str).collect();
    for (exclude, &count) in spec.excludes.iter().zip(excluded) {
        let unknown = exclude.conditions.iter().find(|(path, _)| !names.contains(&path.as_str()));
        if let Some((path, _)) = unknown {
            diagnostics.push(unknown_name(
                &format!("there is no path `{path}` to exclude by"),
                path,
                &names,
                &exclude.place,
            ));
        } else if count == 0 {
            diagnostics.push(
                Diagnostic::warning("this exclude matches no combination", &exclude.place)
                    .help("compare its paths and values with `--plan`"),
            );
        }
    }
}

/// `[target]`, or the default: validation accuracy, without a validation split the training loss.
fn target(spec: &SweepSpec, runs: &[PlannedRun], diagnostics: &mut Diagnostics) -> Option<Target> {
    let validation = runs.first().map_or(0, |r| r.spec.data.validation);
    match &spec.target {
        Some((target, place)) if target.split == Split::Validation && validation == 0 => {
            diagnostics.push(
                Diagnostic::error(format!("the target {} needs a validation split", target.path()), place)
                    .help("set validation = 5000 (or another number) in [data], or use metric = \"train.loss\""),
            );
            None
        }
        Some((target, _)) => Some(target.clone()),
        None if validation > 0 => {
            Some(Target { split: Split::Validation, metric: "accuracy".to_owned(), value: None })
        }
        None => Some(Target { split: Split::Train, metric: "loss".to_owned(), value: None }),
    }
}
