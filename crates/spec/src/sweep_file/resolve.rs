//! One combination of an optimizer's axes to a [`RunSpec`]: values that are given,
//! defaults, what is derived from the rest, and whether it all goes together.

use std::collections::BTreeMap;

use crate::dataset::{DatasetName, DatasetSpec};
use crate::model::ModelSpec;
use crate::optimizer::OptimizerSpec;
use crate::own_data::OwnData;
use crate::params::{Param, ParamDefault, Params, Value, Values};
use crate::record::Split;
use crate::run::{DataSpec, Loss, RunSpec, TrainSpec};
use crate::schedule::ScheduleSpec;
use crate::stopping::{EarlyStopping, StopAt};
use crate::update::{ParamGroup, UpdateSpec};

use super::answers;
use super::diagnostic::{Diagnostic, Diagnostics};
use super::function;
use super::schedules::{self, RunLength};
use super::source::Place;
use super::spec::{OptimizerEntry, ScheduleEntry, SweepSpec};

/// One combination: dotted path to value, and the place of its learning rate.
pub(super) type Combination = BTreeMap<String, (Value, Place)>;

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
pub(super) struct Fixed<'a> {
    spec: &'a SweepSpec,
    own: Option<&'a OwnData>,
    early_stopping: Option<EarlyStopping>,
    stop_at: Option<StopAt>,
}

impl<'a> Fixed<'a> {
    /// Of a sweep whose own data, if any, was looked at.
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
            let (split, metric) = (target.split, target.metric.clone());
            Some(StopAt { split, metric, value: target.value? })
        });
        Fixed { spec, own, early_stopping, stop_at }
    }
}

pub(super) fn resolve(
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
    if let Some(own) = fixed.own {
        data.dataset = DatasetSpec::Own(Box::new(own.clone()));
        // That of a split by contents or of files of its own stands there. Of more samples
        // than there are none was held out, which is said below.
        if own.validation > 0 {
            data.validation = own.validation;
        }
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
    if !given.contains_key("data.batch_size") {
        // Of fewer samples than the default has a batch of all of them.
        data.batch_size = data.batch_size.min(samples);
    }
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
    if optimizer.wants_full_batches() && matches!(&model, ModelSpec::Mlp(p) if p.dropout > 0.0) {
        let message = format!("{} does not go with dropout", entry.kind);
        push_once(
            diagnostics,
            Diagnostic::error(message, place("model.dropout"))
                .label("each look at a batch would draw another mask")
                .also(&entry.place, "compares gradients of one and the same loss"),
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
    let paths = model.parameters(data.dataset.shape(), data.dataset.outputs());
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
    if let ScheduleSpec::Plateau(plateau) = &resolved
        && let Some(problem) = answers::watched(
            &data.dataset,
            plateau.metric.point().1,
            given.get("schedule.metric").map_or(&schedule.place, |(_, place)| place),
        )
    {
        push_once(diagnostics, problem);
        return None;
    }
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
