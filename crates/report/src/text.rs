//! Numbers and lists as they stand in sentences and cells.

use spec::metric::{EpochMetric, Metric};
use spec::plan::Target;

use crate::analysis::{Advice, Analysis, Clock, Criterion, GridEnd, Partner};
use crate::escape;
use crate::number;
use crate::plural;
use stats::{Estimate, Interval};

/// `5 seeds`, `one seed`.
pub fn seeds(n: usize) -> String {
    plural::spelled(n, "seed")
}

/// `5 configurations`, `the one configuration`.
pub fn configurations(n: usize) -> String {
    format!("the {}", plural::spelled(n, "configuration"))
}

/// With a capital first letter.
pub fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |c| c.to_uppercase().chain(chars).collect())
}

/// `a, b and c`.
pub fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}

/// A p-value: `0.0625`, `0.31`, `below 0.0001`, `1`.
pub fn p_value(p: f64) -> String {
    match p {
        p if p < 1e-4 => "below 0.0001".to_owned(),
        p if p >= 0.9995 => "1".to_owned(),
        p => number::significant(p, 3).trim_end_matches('0').to_owned(),
    }
}

/// A value that a person set, with the digits it was set with: per cent for accuracies.
pub fn metric(metric: Metric, value: f64) -> String {
    if metric.is_percentage() { percent(value) } else { number::short(value) }
}

/// A fraction that a person set, a round number as one: `97%`, not `97.00%`.
pub fn percent(fraction: f64) -> String {
    let text = number::percent(fraction);
    match text.strip_suffix(".00%") {
        Some(whole) => format!("{whole}%"),
        None => text,
    }
}

/// `validation accuracy`.
pub fn target_name(target: &Target) -> String {
    EpochMetric::new(target.split, target.metric).label()
}

/// Returns the text of [`target`]; for a function `a value of at most 1.5`.
pub fn target_of(analysis: &Analysis) -> String {
    let target = &analysis.plan.target;
    match (analysis.evaluation.function, target.value) {
        (true, Some(value)) => format!("a value of at most {}", number::short(value)),
        _ => self::target(target),
    }
}

/// `a validation accuracy of at least 97%`; without a value the metric alone.
pub fn target(target: &Target) -> String {
    let Some(value) = target.value else { return target_name(target) };
    let side = if target.higher_is_better() { "of at least" } else { "of at most" };
    format!("a {} {side} {}", target_name(target), metric(target.metric, value))
}

/// The bounds of a metric: Student's t does not know where values end, and no loss is negative.
pub fn ends(of: &Criterion) -> (f64, f64) {
    let (least, most) = of.metric.description().bounds.ends();
    (least.max(0.0), most)
}

/// The interval of the mean, cut at what the metric can be.
pub fn interval_of(of: &Criterion, e: &Estimate) -> Option<Interval> {
    Some(e.interval?.within(ends(of)))
}

/// The text in place of an interval where all seeds have the same value: of no width,
/// it would claim what no sample can know.
pub const ALL_EQUAL: &str = "all seeds equal";

/// `97.85–97.97%`: the text of [`interval_of`]; [`ALL_EQUAL`] where it has no width.
pub fn interval(of: &Criterion, e: &Estimate) -> Option<String> {
    let i = interval_of(of, e)?;
    if e.sd == Some(0.0) {
        return Some(ALL_EQUAL.to_owned());
    }
    Some(range(of, i.low, i.high))
}

/// `97.85–97.97%`.
pub fn range(of: &Criterion, low: f64, high: f64) -> String {
    format!("{}\u{2013}{}", of.format(low).trim_end_matches('%'), of.format(high))
}

/// `2 epochs`, `1,720 steps`, `3.12 s`; `never` when infinite.
pub fn time(clock: Clock, value: f64) -> String {
    let unit = match clock {
        _ if !value.is_finite() => "",
        Clock::Epochs => "epoch",
        Clock::Samples => "sample",
        Clock::Steps => "step",
        Clock::Seconds => "",
    };
    let time = bare_time(clock, value);
    if unit.is_empty() { time } else { format!("{time} {}", plural::word(value, unit)) }
}

/// As [`time`], for a column that names the unit: `2`, `1,720`, `3.12 s`, `never`.
pub fn bare_time(clock: Clock, value: f64) -> String {
    match clock {
        _ if !value.is_finite() => "never".to_owned(),
        Clock::Seconds => number::seconds(value),
        _ if value.fract() == 0.0 => number::count(value as u64),
        _ => format!("{value:.1}"),
    }
}

/// `highest tried; add 3 and 10`, of an axis that is not the learning rate with its
/// name before it; gaps beside the chosen value follow.
pub fn to_add(advice: &Advice) -> String {
    let what = what_to_add(advice);
    match (advice.path.as_str(), advice.end) {
        ("optimizer.lr", _) => what,
        (_, Some(_)) => format!("{} {what}", advice.name()),
        (_, None) => format!("{}; {what}", advice.name()),
    }
}

/// Returns the text of [`to_add`] without the name of the axis.
pub fn what_to_add(advice: &Advice) -> String {
    let values = |all: &[f64]| list(&all.iter().map(|x| number::short(*x)).collect::<Vec<_>>());
    let end = match advice.end {
        Some(GridEnd::Lowest) => "lowest tried",
        Some(GridEnd::Highest) => "highest tried",
        None => "",
    };
    let mut parts = Vec::new();
    if !advice.beyond.is_empty() {
        parts.push(format!("add {}", values(&advice.beyond)));
    }
    if !advice.gaps.is_empty() {
        let lead = if advice.beyond.is_empty() { "add " } else { "" };
        parts.push(format!("{lead}{} in the gap beside it", values(&advice.gaps)));
    }
    if let Some(last) = parts.last_mut() {
        last.push_str(&with_partners(advice));
    }
    match (end.is_empty(), parts.is_empty()) {
        (false, false) => format!("{end}; {}", parts.join(", and ")),
        (true, _) => parts.join(", and "),
        (false, true) => end.to_owned(),
    }
}

/// The values that lists zipped with that of an advice need, to stand behind those to add:
/// `, and 128 to batch_size, which is zipped with it`; empty without such lists, and where
/// nothing is to be added.
pub fn with_partners(advice: &Advice) -> String {
    let n = advice.beyond.len() + advice.gaps.len();
    if n == 0 || advice.partners.is_empty() {
        return String::new();
    }
    let of = |partner: &Partner| {
        let key = partner.path.split_once('.').map_or(&partner.path[..], |(_, key)| key);
        let values: Vec<String> = partner.values.iter().map(|x| number::short(*x)).collect();
        let values = match (values.is_empty(), n) {
            (false, _) => list(&values),
            (true, 1) => "a value".to_owned(),
            (true, n) => format!("{n} values"),
        };
        match &partner.label {
            Some(label) => format!("{values} to {key} of {}", escape::line(label)),
            None => format!("{values} to {key}"),
        }
    };
    let all: Vec<String> = advice.partners.iter().map(of).collect();
    let are = plural::is_or_are(all.len());
    format!(", and {}, which {are} zipped with it", list(&all))
}

/// Things that one sentence names at most.
const MOST: usize = 4;

/// Returns a list of the first four names, and how many more there are.
pub fn some(mut names: Vec<String>) -> String {
    let more = names.len().saturating_sub(MOST);
    if more > 0 {
        names.truncate(MOST);
        names.push(format!("{more} more"));
    }
    list(&names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p_values_never_say_zero_or_more_than_they_know() {
        let texts = [0.0625, 0.625, 1.0, 0.00195, 0.0195, 0.05, 1e-7, 0.1].map(p_value);
        assert_eq!(
            texts,
            ["0.0625", "0.625", "1", "0.00195", "0.0195", "0.05", "below 0.0001", "0.1"]
        );
    }

    #[test]
    fn lists_and_counts() {
        let items = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(
            [list(&items), list(&items[..2]), list(&items[..1])],
            ["a, b and c", "a and b", "a"]
        );
        assert_eq!(time(Clock::Epochs, 1.0), "1 epoch");
        assert_eq!(time(Clock::Steps, 1720.0), "1,720 steps");
        assert_eq!(time(Clock::Epochs, 2.5), "2.5 epochs");
        assert_eq!(time(Clock::Seconds, f64::INFINITY), "never");
        assert_eq!(time(Clock::Steps, f64::INFINITY), "never");
        assert_eq!(bare_time(Clock::Steps, 1720.0), "1,720");
    }
}
