//! Percentages of the run among the values of a schedule: replaces each by a number once the length
//! of the run is known, so that plans and ids contain only numbers.

use spec::params::{Param, ParamType, Params, Value};
use spec::schedule::{Per, RunLength, ScheduleSpec, WarmupKeys};
use text_format::plural;

use super::combination::{Combination, push_once};
use super::diagnostic::{Diagnostic, Diagnostics};
use super::percent::{self, Percent};
use super::source::Place;

/// Help for percentages for which an epoch is too long a unit.
const FINER: &str = "count in steps: per = \"batch\" in the schedule's table";

/// The length of which percentages are taken.
#[derive(Clone, Copy)]
pub(super) struct Measure {
    /// The unit of the schedule, and of the warmup in front of it.
    pub(super) per: Per,
    pub(super) run: RunLength,
    /// Whether it is a trial: a percentage of its few epochs may round to 0, which is no fault of
    /// the file.
    pub(super) trial: bool,
}

impl Measure {
    /// Returns the length of the whole run in units of `per`.
    pub(super) fn whole(&self) -> u64 {
        self.run.counted(self.per)
    }

    /// Replaces the percentages of a schedule of this kind by numbers; `None` if one cannot be
    /// used, which is reported.
    pub(super) fn put_into(
        &self,
        kind: &str,
        given: &mut Combination,
        diagnostics: &mut Diagnostics,
    ) -> Option<()> {
        let params = ScheduleSpec::descriptor(kind)?.params.iter().chain(WarmupKeys::PARAMS);
        let mut complete = true;
        for param in params {
            let path = format!("schedule.{}", param.name);
            if !percent::is_allowed(&path) {
                continue;
            }
            let Some((value, place)) = given.get_mut(&path) else { continue };
            let resolved = match value {
                Value::Text(text) => self.one(param, text, place),
                Value::List(items) => self.places(param, items, place),
                _ => continue,
            };
            match resolved {
                Ok(resolved) => *value = resolved,
                Err(problem) => {
                    push_once(diagnostics, *problem);
                    complete = false;
                }
            }
        }
        complete.then_some(())
    }

    /// Returns the number of units of one percentage.
    fn one(&self, param: &Param, text: &str, place: &Place) -> Result<Value, Box<Diagnostic>> {
        let Some(percent) = Percent::parse(text) else {
            // Any other text was refused when it was read.
            return Ok(Value::Text(text.to_owned()));
        };
        let mut units = percent.of(self.whole());
        if units == 0 && !percent.is_zero() {
            if !self.trial {
                return Err(Box::new(self.none(param, text, place)));
            }
            units = u64::from(!param.range.contains(0.0));
        }
        Ok(match param.ty {
            ParamType::Float => Value::Float(units as f64),
            _ => Value::Int(i64::try_from(units).unwrap_or(i64::MAX)),
        })
    }

    /// Returns the problem of a percentage that is less than half a unit.
    fn none(&self, param: &Param, text: &str, place: &Place) -> Diagnostic {
        let (unit, help) = match self.per {
            Per::Epoch => ("epoch", FINER),
            Per::Batch => ("step", "give a larger percentage, or a number of steps"),
        };
        let run = plural::count(self.whole(), unit);
        let message = format!("`schedule.{}` = {text} of the run is 0 {unit}s", param.name);
        Diagnostic::error(message, place)
            .label(format!("rounds to 0: the run has {run}"))
            .help(help)
    }

    /// Resolves a list of places in the run, some of which are percentages.
    fn places(
        &self,
        param: &Param,
        items: &[Value],
        place: &Place,
    ) -> Result<Value, Box<Diagnostic>> {
        let mut out: Vec<Value> = Vec::with_capacity(items.len());
        for (i, item) in items.iter().enumerate() {
            let mut next = match item {
                Value::Text(text) => self.one(param, text, place)?,
                other => other.clone(),
            };
            let before = i.checked_sub(1).map(|before| (&items[before], &out[before]));
            if let (Some((written, Value::Int(before))), Value::Int(n)) = (before, &mut next)
                && *n <= *before
            {
                let pair = [percent(written), percent(item)];
                // Two plain numbers are checked, and reported, by the schedule itself.
                if pair != [None, None] {
                    let rising = !matches!(pair, [Some(a), Some(b)] if a >= b);
                    if !(self.trial && rising) {
                        let pair = [(written, *before), (item, *n)];
                        return Err(Box::new(self.not_after(param, pair, rising, place)));
                    }
                    *n = before.saturating_add(1);
                }
            }
            out.push(next);
        }
        Ok(Value::List(out))
    }

    /// Returns the problem of two places in the run, the second of which does not come after the
    /// first; `rising` says that it does as written.
    fn not_after(
        &self,
        param: &Param,
        [(a, first), (b, second)]: [(&Value, i64); 2],
        rising: bool,
        place: &Place,
    ) -> Diagnostic {
        let unit = match self.per {
            Per::Epoch => "epochs",
            Per::Batch => "steps",
        };
        let message = format!("`schedule.{}` cannot be used here", param.name);
        let label = format!("{b} ({second} {unit}) does not come after {a} ({first} {unit})");
        let problem = Diagnostic::error(message, place).label(label);
        if self.per == Per::Epoch && rising && first == second {
            return problem.help(FINER);
        }
        problem
    }
}

/// Returns the percentage that a value is written as; `None` if it is a number.
fn percent(value: &Value) -> Option<Percent> {
    match value {
        Value::Text(text) => Percent::parse(text),
        _ => None,
    }
}
