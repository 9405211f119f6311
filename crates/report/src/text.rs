//! Formatting of numbers and lists for sentences and cells.

use spec::metric::{EpochMetric, Metric};
use spec::plan::Target;

use crate::analysis::{Advice, Analysis, Clock, Criterion, GridEnd, Partner};
use crate::escape;
use crate::number;
use crate::plural;
use stats::{Estimate, Interval};

/// Returns a number of seeds: `5 seeds`, `one seed`.
pub fn seeds(n: usize) -> String {
    plural::spelled(n, "seed")
}

/// Returns a number of configurations: `the 5 configurations`, `the one configuration`.
pub fn configurations(n: usize) -> String {
    format!("the {}", plural::spelled(n, "configuration"))
}

/// Capitalises the first letter.
pub fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |c| c.to_uppercase().chain(chars).collect())
}

/// Joins items: `a, b and c`.
pub fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}

/// Formats a p-value: `0.0625`, `0.31`, `below 0.0001`, `1`.
pub fn p_value(p: f64) -> String {
    match p {
        p if p < 1e-4 => "below 0.0001".to_owned(),
        p if p >= 0.9995 => "1".to_owned(),
        p => number::significant(p, 3).trim_end_matches('0').to_owned(),
    }
}

/// Formats a value that a person set with the same digits: accuracies in per cent.
pub fn metric(metric: Metric, value: f64) -> String {
    if metric.is_percentage() { percent(value) } else { number::short(value) }
}

/// Formats a fraction that a person set, round numbers without decimals: `97%`, not `97.00%`.
pub fn percent(fraction: f64) -> String {
    let text = number::percent(fraction);
    match text.strip_suffix(".00%") {
        Some(whole) => format!("{whole}%"),
        None => text,
    }
}

/// Returns the name of a target's metric: `validation accuracy`.
pub fn target_name(target: &Target) -> String {
    EpochMetric::new(target.split, target.metric).label()
}

/// Returns the text of [`target`], or for a function `a value of at most 1.5`.
pub fn target_of(analysis: &Analysis) -> String {
    let target = &analysis.plan.target;
    match (analysis.evaluation.function, target.value) {
        (true, Some(value)) => format!("a value of at most {}", number::short(value)),
        _ => self::target(target),
    }
}

/// Describes a target: `a validation accuracy of at least 97%`; without a value, the metric alone.
pub fn target(target: &Target) -> String {
    let Some(value) = target.value else { return target_name(target) };
    let side = if target.higher_is_better() { "of at least" } else { "of at most" };
    format!("a {} {side} {}", target_name(target), metric(target.metric, value))
}

/// Returns the bounds of a metric. Intervals by Student's t ignore them, and no loss is negative.
pub fn ends(of: &Criterion) -> (f64, f64) {
    let (least, most) = of.metric.description().bounds.ends();
    (least.max(0.0), most)
}

/// Returns the interval of the mean, clamped to the possible values of the metric.
pub fn interval_of(of: &Criterion, e: &Estimate) -> Option<Interval> {
    Some(e.interval?.within(ends(of)))
}

/// Text in place of an interval if all seeds have the same value. An interval of zero width would
/// claim more than a sample can show.
pub const ALL_EQUAL: &str = "all seeds equal";

/// Formats [`interval_of`]: `97.85–97.97%`, or [`ALL_EQUAL`] if its width is zero.
pub fn interval(of: &Criterion, e: &Estimate) -> Option<String> {
    let i = interval_of(of, e)?;
    if e.sd == Some(0.0) {
        return Some(ALL_EQUAL.to_owned());
    }
    Some(range(of, i.low, i.high))
}

/// Formats a range of values: `97.85–97.97%`.
pub fn range(of: &Criterion, low: f64, high: f64) -> String {
    format!("{}\u{2013}{}", of.format(low).trim_end_matches('%'), of.format(high))
}

/// Formats a time with its unit: `2 epochs`, `1,720 steps`, `3.12 s`; `never` if infinite.
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

/// Formats a time as [`time`] does, without the unit that a column names: `2`, `1,720`, `3.12 s`,
/// `never`.
pub fn bare_time(clock: Clock, value: f64) -> String {
    match clock {
        _ if !value.is_finite() => "never".to_owned(),
        Clock::Seconds => number::seconds(value),
        _ if value.fract() == 0.0 => number::count(value as u64),
        _ => format!("{value:.1}"),
    }
}

/// Describes the values to add: `highest tried; add 3 and 10`. The name of the axis comes first
/// unless it is the learning rate; values in gaps come last.
pub fn to_add(advice: &Advice) -> String {
    let what = what_to_add(advice);
    match (advice.path.as_str(), advice.end) {
        ("optimizer.lr", _) => what,
        (_, Some(_)) => format!("{} {what}", advice.name()),
        (_, None) => format!("{}; {what}", advice.name()),
    }
}

/// Returns [`to_add`] without the name of the axis.
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

/// Returns the values that zipped lists need, as an addition to those to add: `, and 128 to
/// batch_size, which is zipped with it`. Empty if there are no such lists or no values to add.
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

/// Largest number of names in one sentence.
const MOST: usize = 4;

/// Joins the first four names and the number of the others.
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
