//! From a [`SweepSpec`] to a [`Plan`]: axes cross, zipped axes advance
//! together, every combination is resolved, checked and given its ids.

use std::collections::{BTreeMap, HashMap};

use crate::dataset::{DatasetName, DatasetSpec};
use crate::identity::Memo;
use crate::model::ModelSpec;
use crate::optimizer::OptimizerSpec;
use crate::params::{Param, ParamDefault, Params, Value, Values};
use crate::plan::{PLAN_VERSION, Plan, PlannedOptimizer, PlannedRun, PoolEntry, Target};
use crate::record::Split;
use crate::run::{DataSpec, Loss, RunSpec, TrainSpec};
use crate::stopping::{EarlyStopping, StopAt};
use crate::update::{ParamGroup, UpdateSpec};

use super::answers;
use super::axis::Axis;
use super::diagnostic::{Diagnostic, Diagnostics};
use super::exclude::{check_excludes, matching_excludes};
use super::function;
use super::random;
use super::schedules::{self, RunLength};
use super::source::Place;
use super::spec::{OptimizerEntry, ScheduleEntry, SweepSpec};

/// More runs than this are taken for a slip in the axes.
const MAX_RUNS: usize = 2_000_000;

/// One combination: dotted path to value, and the place of its learning rate.
pub(super) type Combination = BTreeMap<String, (Value, Place)>;

/// Expands and resolves. Problems go to `diagnostics`.
pub fn expand(
    spec: &SweepSpec,
    inspect: super::Inspect<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Plan> {
    let fixed = Fixed::new(spec, inspect, diagnostics)?;
    let mut runs: Vec<PlannedRun> = Vec::new();
    let mut first_of: HashMap<crate::Id, Place> = HashMap::new();
    let mut excluded = vec![0usize; spec.excludes.len()];
    let mut optimizers = Vec::new();
    let mut memo = Memo::default();
    for entry in &spec.optimizers {
        let varied = varied_paths(spec, entry);
        optimizers.push(PlannedOptimizer {
            label: entry.label.clone(),
            kind: entry.kind.to_owned(),
            axes: varied.clone(),
        });
        for schedule in &entry.schedules {
            let axes = spec
                .data
                .iter()
                .chain(&spec.model_axes)
                .chain(&spec.train)
                .chain(&entry.axes)
                .chain(&schedule.axes);
            let (drawn, axes): (Vec<&Axis>, Vec<&Axis>) = axes.partition(|a| a.random.is_some());
            let drawn = random::joint(&drawn, diagnostics)?;
            let mut groups = zip_groups(&axes, diagnostics)?;
            if !drawn.is_empty() {
                groups.push(drawn.iter().collect());
            }
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
                let resolved = resolve(&fixed, entry, schedule, &combination, diagnostics);
                if resolved.is_none() && diagnostics.len() == known && !diagnostics.has_errors() {
                    // No combination is dropped in silence, whatever the reason.
                    let message = format!("a combination of `{}` cannot be resolved", entry.label);
                    diagnostics.push(Diagnostic::error(message, &entry.place));
                }
                if let Some(resolved) = resolved {
                    let matched = matching_excludes(spec, &entry.label, &resolved);
                    matched.iter().for_each(|i| excluded[*i] += 1);
                    if matched.is_empty() {
                        let axes = varied_values(&varied, &combination, &resolved);
                        let config = memo.ids(&resolved);
                        for &seed in &spec.seeds {
                            let run = RunSpec { seed, ..resolved.clone() };
                            let id = config.with_seed(seed);
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
        keeping: spec.keeping.clone(),
        report: spec.report.clone(),
        regress: spec.regress.clone(),
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

/// What is the same for every combination.
struct Fixed<'a> {
    spec: &'a SweepSpec,
    own: Option<DatasetSpec>,
    early_stopping: Option<EarlyStopping>,
    stop_at: Option<StopAt>,
}

impl<'a> Fixed<'a> {
    fn new(
        spec: &'a SweepSpec,
        inspect: super::Inspect<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let own = match &spec.own {
            None => None,
            Some((request, place)) => match inspect(request) {
                Ok(own) => Some(DatasetSpec::Own(Box::new(own))),
                Err(reason) => {
                    let parts = reason.split_once("; remedy: ");
                    let (what, remedy) = parts.unwrap_or((reason.as_str(), ""));
                    let d = Diagnostic::error("this data cannot be used", place).label(what);
                    diagnostics.push(if remedy.is_empty() { d } else { d.help(remedy) });
                    return None;
                }
            },
        };
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
            let (split, metric) = (target.split, target.metric.clone());
            Some(StopAt { split, metric, value: target.value? })
        });
        Some(Fixed { spec, own, early_stopping, stop_at })
    }
}

fn resolve(
    fixed: &Fixed<'_>,
    entry: &OptimizerEntry,
    schedule: &ScheduleEntry,
    given: &Combination,
    diagnostics: &mut Diagnostics,
) -> Option<RunSpec> {
    let spec = fixed.spec;
    let mut data_values = values("data", DataSpec::PARAMS, given);
    if fixed.own.is_some() || spec.none.is_some() {
        // Own data is no value of a parameter: any name stands in until it is put in below.
        data_values
            .insert("dataset".to_owned(), Value::Text(DatasetName::Digits.name().to_owned()));
    }
    let mut data = DataSpec::from_values(&data_values)?;
    if let Some(own) = &fixed.own {
        data.dataset = own.clone();
    }
    let mut train = TrainSpec::from_values(&values("train", TrainSpec::PARAMS, given))?;
    let mut model_values = values("model", ModelSpec::descriptor(&spec.model)?.params, given);
    if let Some(none) = spec.none {
        data = function::data(none);
        train.loss = Loss::Value;
        function::start(&mut model_values);
    }
    let model = ModelSpec::from_values(&spec.model, &model_values)?;
    let optimizer = OptimizerSpec::from_values(
        entry.kind,
        &values("optimizer", OptimizerSpec::descriptor(entry.kind)?.params, given),
    )?;
    let place = |path: &str| given.get(path).map_or(&entry.place, |(_, p)| p);
    if let Err((name, reason)) = model.check(data.dataset.shape()) {
        let path = format!("model.{name}");
        let [channels, height, width] = data.dataset.shape();
        let message = format!(
            "the model `{}` cannot take inputs of {channels}x{height}x{width} (channels, height, width)",
            model.kind()
        );
        push_once(diagnostics, Diagnostic::error(message, place(&path)).label(reason));
        return None;
    }
    let dataset_at = spec.own.as_ref().map_or_else(|| place("data.dataset"), |(_, p)| p);
    let loss_at = given.get("train.loss").map(|(_, p)| p);
    if let Some(problem) = answers::loss(&data.dataset, train.loss, loss_at, dataset_at)
        .or_else(|| answers::metrics(spec, &data.dataset, fixed.early_stopping.as_ref()))
    {
        push_once(diagnostics, problem);
        return None;
    }
    let train_len = data.dataset.train_len();
    if data.validation >= train_len {
        let message = format!(
            "validation = {} leaves nothing of the {train_len} training samples",
            data.validation
        );
        push_once(diagnostics, Diagnostic::error(message, place("data.validation")));
        return None;
    }
    let samples = train_len - data.validation;
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
    let update = UpdateSpec::from_values(&values("optimizer", UpdateSpec::PARAMS, given))?;
    let groups: Vec<ParamGroup> = entry.groups.iter().map(|(group, _)| group.clone()).collect();
    let batches = crate::run::steps_per_epoch(samples, data.batch_size, data.drop_last);
    let whole = matches!(data.dataset, DatasetSpec::Function(_))
        || batches <= update.accumulate && !(data.drop_last && samples % data.batch_size != 0);
    if optimizer.wants_full_batches() && !whole {
        let message = format!(
            "{} needs full batches, and batch_size = {} is less than the {samples} training samples",
            entry.kind, data.batch_size
        );
        push_once(
            diagnostics,
            Diagnostic::error(message, place("data.batch_size"))
                .also(&entry.place, "compares gradients of one and the same loss")
                .help(format!(
                    "set accumulate = {} here, so that a step sees every sample, or batch_size = {samples} in [data]",
                    crate::run::steps_per_epoch(samples, data.batch_size, false)
                )),
        );
        return None;
    }
    if let Err((name, reason)) = optimizer.goes_with(&update, &groups) {
        let path = format!("optimizer.{name}");
        push_once(
            diagnostics,
            Diagnostic::error(format!("`{path}` cannot be used here"), place(&path)).label(reason),
        );
        return None;
    }
    if train.label_smoothing > 0.0 && train.loss != Loss::CrossEntropy {
        let message = format!("label_smoothing does not go with the loss `{}`", train.loss);
        push_once(
            diagnostics,
            Diagnostic::error(message, place("train.label_smoothing"))
                .help("it spreads the class of a cross-entropy"),
        );
        return None;
    }
    let paths = model.parameters(data.dataset.shape(), data.dataset.classes());
    for (group, at) in &entry.groups {
        if !paths.iter().any(|(path, _)| group.matches(path)) {
            let there: Vec<&str> = paths.iter().map(|(path, _)| path.as_str()).take(12).collect();
            let message = format!("no parameter of the model is `{}`", group.params.escape_debug());
            push_once(
                diagnostics,
                Diagnostic::error(message, at).help(format!("there are: {}", there.join(", "))),
            );
            return None;
        }
    }
    let length = RunLength {
        epochs: train.epochs,
        steps: batches.div_ceil(update.accumulate) * train.epochs,
    };
    let context =
        schedules::Context { given, entry, schedule, length, validation: data.validation };
    let (resolved, warmup) = schedules::resolve(&context, &optimizer, diagnostics)?;
    let early_stopping = fixed.early_stopping.clone();
    if let Some(early) = &early_stopping
        && early.metric.point().0 == Split::Validation
        && data.validation == 0
        && let Some((axes, place)) = &spec.early_stopping
    {
        let at = axes.iter().find(|a| a.path.ends_with(".metric")).map_or(place, |a| &a.place);
        let message = format!("early stopping by {} needs a validation split", early.metric);
        push_once(
            diagnostics,
            Diagnostic::error(message, at)
                .help("set `validation` in [data], or metric = \"train.loss\""),
        );
        return None;
    }
    let stop_at = fixed.stop_at.clone();
    Some(RunSpec {
        data,
        model,
        train,
        optimizer,
        schedule: resolved,
        seed: 0,
        early_stopping,
        stop_at,
        update,
        groups,
        warmup,
    })
}

/// A combination's problem shows up once per combination; say it once.
pub(super) fn push_once(diagnostics: &mut Diagnostics, diagnostic: Diagnostic) {
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

fn varied_values(paths: &[String], given: &Combination, run: &RunSpec) -> Values {
    // Derived values and kinds are not given; all others are, in their type.
    let flat = paths.iter().any(|p| !given.contains_key(p)).then(|| run.flat());
    let value = |path: &String| match given.get(path) {
        Some((value, _)) => Some(value.clone()),
        None => flat.as_ref()?.get(path).cloned(),
    };
    paths.iter().filter_map(|p| Some((p.clone(), value(p)?))).collect()
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

/// `[target]`, or the default: validation accuracy, of real values the validation loss, without a validation split the training loss.
fn target(spec: &SweepSpec, runs: &[PlannedRun], diagnostics: &mut Diagnostics) -> Option<Target> {
    // Without a run there is a problem to be told of already.
    let validation = runs.first().map_or(1, |r| r.spec.data.validation);
    match &spec.target {
        Some((target, place)) if target.split == Split::Validation && validation == 0 => {
            diagnostics.push(
                Diagnostic::error(format!("the target {} needs a validation split", target.path()), place)
                    .help("set validation = 5000 (or another number) in [data], or use metric = \"train.loss\""),
            );
            None
        }
        Some((target, _)) => Some(target.clone()),
        None if spec.none.is_some() => {
            Some(Target { split: Split::Test, metric: "loss".to_owned(), value: None })
        }
        None if validation > 0 => {
            let metric = runs.first().map_or("accuracy", |r| answers::default_metric(&r.spec));
            Some(Target { split: Split::Validation, metric: metric.to_owned(), value: None })
        }
        None => Some(Target { split: Split::Train, metric: "loss".to_owned(), value: None }),
    }
}
