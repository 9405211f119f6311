//! Resolution of one combination of an optimizer's axes into a [`RunSpec`]: fills in defaults and
//! derived values, and checks that everything is compatible.

use spec::dataset::{DatasetName, DatasetSpec};
use spec::init::InitSpec;
use spec::landscape::FunctionData;
use spec::model::ModelSpec;
use spec::optimizer::OptimizerSpec;
use spec::params::{Params, Value};
use spec::run::{DataSpec, Loss, RunSpec, TrainSpec};
use spec::schedule::ScheduleSpec;
use spec::update::UpdateSpec;

use super::combination::{Combination, Fixed, push_once, values};
use super::diagnostic::Diagnostics;
use super::fits::{Around, Draft};
use super::lengths::Measure;
use super::schedules;
use super::sweep::{OptimizerEntry, ScheduleEntry};
use super::tables::function;

/// Returns the run of a combination with seed 0, and replaces the percentages in `given` by
/// numbers. `None` if the combination is refused; the problem is then in `diagnostics`.
pub(super) fn resolve(
    fixed: &Fixed<'_>,
    entry: &OptimizerEntry,
    schedule: &ScheduleEntry,
    given: &mut Combination,
    diagnostics: &mut Diagnostics,
) -> Option<RunSpec> {
    let mut draft = Draft::new(fixed, entry, given)?;
    let around = Around { spec: fixed.spec, entry, given };
    if let Err(problem) = draft.check(&around, fixed.early_stopping.as_ref()) {
        push_once(diagnostics, *problem);
        return None;
    }
    let run = draft.length();
    let measure = Measure { per: schedules::per(given)?, run, trial: fixed.spec.trial };
    measure.put_into(schedule.kind, given, diagnostics)?;
    let given: &Combination = given;
    let around = Around { spec: fixed.spec, entry, given };
    let validation = draft.data.validation;
    let context = schedules::Context { given, entry, schedule, measure, validation };
    let (resolved, warmup) = schedules::resolve(&context, &draft.optimizer, diagnostics)?;
    if let Err(problem) = draft.check_what_watches(&around, schedule, &resolved, fixed) {
        push_once(diagnostics, *problem);
        return None;
    }
    let depends = fixed.early_stopping.is_some()
        || fixed.stop_at.is_some()
        || matches!(resolved, ScheduleSpec::Plateau(_));
    let by_steps = draft.train.steps > 0;
    let keeping = &fixed.spec.keeping;
    let evaluate_every = if depends && by_steps { keeping.evaluate_every } else { 0 };
    let evaluate_samples = if depends { keeping.evaluate_samples } else { 0 };
    let Draft { data, model, init, train, optimizer, update, groups } = draft;
    Some(RunSpec {
        evaluate_every,
        evaluate_samples,
        data,
        model,
        train,
        optimizer,
        schedule: resolved,
        seed: 0,
        early_stopping: fixed.early_stopping.clone(),
        stop_at: fixed.stop_at.clone(),
        update,
        groups,
        warmup,
        init,
    })
}

impl Draft {
    /// Returns the parts of a run from given values and defaults; `None` if a value is missing,
    /// which was reported before.
    fn new(fixed: &Fixed<'_>, entry: &OptimizerEntry, given: &Combination) -> Option<Draft> {
        let spec = fixed.spec;
        let mut data_values = values("data", DataSpec::PARAMS, given);
        if fixed.own.is_some() || spec.none.is_some() {
            // Such data is not a value of the parameter; any name is a placeholder until it is set
            // below.
            let any = Value::Text(DatasetName::Digits.name().to_owned());
            data_values.insert("dataset".to_owned(), any);
        }
        let mut data = DataSpec::from_values(&data_values)?;
        if let Some(own) = fixed.own {
            data.dataset = DatasetSpec::Own(Box::new(own.clone()));
            // The number follows from `split` or from a validation file. It is 0 if the file asks
            // for more samples than exist, which is reported later.
            if own.validation > 0 {
                data.validation = own.validation;
            }
        }
        let mut train = TrainSpec::from_values(&values("train", TrainSpec::PARAMS, given))?;
        let mut model_values = values("model", ModelSpec::descriptor(&spec.model)?.params, given);
        if spec.model == function::FUNCTION {
            function::start(&mut model_values);
        }
        let model = ModelSpec::from_values(&spec.model, &model_values)?;
        if model.is_function() {
            train.loss = Loss::Value;
        }
        if let Some(none) = spec.none {
            let variables = match &model {
                ModelSpec::NoisyQuadratic(p) => p.dimensions,
                _ => none.variables,
            };
            data = function::data(FunctionData { variables, ..none });
        }
        let init = InitSpec::from_values(&values("model", InitSpec::PARAMS, given))?;
        let optimizer = OptimizerSpec::from_values(
            entry.kind,
            &values("optimizer", OptimizerSpec::descriptor(entry.kind)?.params, given),
        )?;
        let update = UpdateSpec::from_values(&values("optimizer", UpdateSpec::PARAMS, given))?;
        let groups = entry.groups.iter().map(|(group, _)| group.clone()).collect();
        Some(Draft { data, train, model, init, optimizer, update, groups })
    }
}
