//! Resolution of the schedule of one combination, with the lengths that follow from the run.

use spec::optimizer::OptimizerSpec;
use spec::params::{ParamDefault, Params, Value, Values};
use spec::record::Split;
use spec::schedule::{Per, ScheduleSpec, Warmup, WarmupKeys};

use super::combination::{Combination, push_once, values};
use super::diagnostic::{Diagnostic, Diagnostics};
use super::lengths::Measure;
use super::source::Place;
use super::sweep::{OptimizerEntry, ScheduleEntry};

/// The inputs from which a schedule is resolved.
pub(super) struct Context<'a> {
    pub(super) given: &'a Combination,
    pub(super) entry: &'a OptimizerEntry,
    pub(super) schedule: &'a ScheduleEntry,
    pub(super) measure: Measure,
    /// Number of held-out samples.
    pub(super) validation: u64,
}

impl Context<'_> {
    fn place(&self, path: &str) -> &Place {
        self.given.get(path).map_or(&self.schedule.place, |(_, place)| place)
    }
}

/// Returns the unit of a schedule and of its warmup; `None` for an unknown name.
pub(super) fn per(given: &Combination) -> Option<Per> {
    match given.get("schedule.per") {
        Some((Value::Text(per), _)) => Per::from_name(per),
        _ => Some(Per::Epoch),
    }
}

/// Resolves the schedule and its warmup; `None` if there is a problem, which is reported.
pub(super) fn resolve(
    context: &Context<'_>,
    optimizer: &OptimizerSpec,
    diagnostics: &mut Diagnostics,
) -> Option<(ScheduleSpec, Option<Warmup>)> {
    let schedule = context.schedule;
    let per = context.measure.per;
    let keys = WarmupKeys::from_values(&values("schedule", WarmupKeys::PARAMS, context.given))?;
    let warmup =
        (keys.warmup > 0).then_some(Warmup { per, length: keys.warmup, start: keys.warmup_start });
    let length = context.measure.whole().saturating_sub(keys.warmup);
    let spec = typed(&context.measure, schedule, context.given, length, diagnostics)?;
    let lr = optimizer.lr();
    if let Some((place, min_lr)) = min_lrs(&spec, context).into_iter().find(|(_, min)| *min > lr) {
        let short = spec::float::short;
        let message =
            format!("min_lr = {} is above the learning rate {}", short(min_lr), short(lr));
        let of = context.given.get("optimizer.lr").map_or(&context.entry.place, |(_, place)| place);
        push_once(diagnostics, Diagnostic::error(message, place).also(of, "the learning rate"));
        return None;
    }
    if let ScheduleSpec::Plateau(p) = &spec
        && p.metric.split == Split::Validation
        && context.validation == 0
    {
        let message = format!("plateau by {} needs a validation split", p.metric);
        push_once(
            diagnostics,
            Diagnostic::error(message, context.place("schedule.metric"))
                .help("set `validation` in [data], or metric = \"train.loss\""),
        );
        return None;
    }
    Some((spec, warmup))
}

/// Returns the minimum learning rates with their places, also those of the parts of `sequential`.
fn min_lrs<'a>(spec: &ScheduleSpec, context: &'a Context<'_>) -> Vec<(&'a Place, f64)> {
    match spec {
        ScheduleSpec::Sequential(p) => {
            let parts = p.schedules.iter().zip(&context.schedule.parts);
            parts
                .filter_map(|(spec, part)| {
                    let axis = part.axes.iter().find(|a| a.path == "schedule.min_lr");
                    Some((axis.map_or(&part.place, |a| &a.place), spec.min_lr()?))
                })
                .collect()
        }
        _ => spec.min_lr().map(|min| (context.place("schedule.min_lr"), min)).into_iter().collect(),
    }
}

/// Builds the schedule of a table from its values, over `length` units.
fn typed(
    measure: &Measure,
    entry: &ScheduleEntry,
    given: &Combination,
    length: u64,
    diagnostics: &mut Diagnostics,
) -> Option<ScheduleSpec> {
    let params = ScheduleSpec::descriptor(entry.kind)?.params;
    let mut of_kind: Values = values("schedule", params, given);
    let whole = |n: u64| Value::Int(i64::try_from(n).unwrap_or(i64::MAX));
    for derived in params.iter().filter(|p| matches!(p.default, ParamDefault::Derived(_))) {
        of_kind.entry(derived.name.to_owned()).or_insert(whole(length.max(1)));
    }
    if ScheduleSpec::has_per(params) {
        of_kind.insert("per".to_owned(), Value::Text(measure.per.name().to_owned()));
    }
    if params.iter().any(|p| p.name == "schedules") {
        let starts: Vec<u64> = match of_kind.get("milestones") {
            Some(Value::List(items)) => {
                let number = |v: &Value| match v {
                    Value::Int(n) => u64::try_from(*n).ok(),
                    _ => None,
                };
                std::iter::once(0).chain(items.iter().filter_map(number)).collect()
            }
            _ => vec![0],
        };
        let mut parts = Vec::new();
        for (i, part) in entry.parts.iter().enumerate() {
            let values = part.axes.iter().map(|a| (a.path.clone(), a.values[0].clone()));
            let mut values: Combination = values.collect();
            measure.put_into(part.kind, &mut values, diagnostics)?;
            let start = starts.get(i).copied().unwrap_or(length);
            let end = starts.get(i + 1).copied().unwrap_or(length);
            let length = end.saturating_sub(start);
            parts.push(typed(measure, part, &values, length, diagnostics)?);
        }
        of_kind.insert("schedules".to_owned(), spec::params::ParamValue::to_value(&parts));
    }
    let spec = ScheduleSpec::from_values(entry.kind, &of_kind)?;
    if let Err((name, reason)) = spec.check() {
        let path = format!("schedule.{name}");
        let at = given.get(&path).map_or(&entry.place, |(_, place)| place);
        let message = format!("`{path}` cannot be used here");
        push_once(diagnostics, Diagnostic::error(message, at).label(reason));
        return None;
    }
    Some(spec)
}
