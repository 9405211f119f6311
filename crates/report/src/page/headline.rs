//! The result in one sentence.

use crate::analysis::{Analysis, Config, Pair, Verdict};
use crate::escape;
use crate::text::{self, seeds};

/// Returns the headline: the first label and its lead, by the verdict on the first pair alone.
pub fn headline(analysis: &Analysis, ranking: &[&Config]) -> String {
    let Some(&first) = ranking.first() else { return String::new() };
    let second = ranking.get(1).copied();
    let lead = analysis.comparison().pairs.first();
    if analysis.evaluation.reached() {
        return until_target(analysis, first, second.zip(lead));
    }
    let (name, value) = (label(analysis, first), value(analysis, first));
    let Some((second, lead)) = second.zip(lead) else {
        return format!("{name} has a {value}.");
    };
    let other = label(analysis, second);
    if second.judged.mean.is_none() {
        let came = came(lead);
        return format!(
            "{name} {came}: {value}; all {} of {other} diverged.",
            seeds(second.counts.diverged)
        );
    }
    if level(analysis, lead, first, second) {
        let (names, alike) = in_front(analysis, lead, ranking);
        let whose = if alike { String::new() } else { format!("{name} has a ") };
        return format!("{} are level in front: {whose}{value}.", text::list(&names));
    }
    match lead.gain.mean {
        Some(gain) if gain >= 0.0 => {
            format!(
                "{name} {}: {value}, {} than the runner-up {other}.",
                came(lead),
                by(analysis, lead, gain)
            )
        }
        _ => behind(analysis, lead, (&name, &value), (&other, second)),
    }
}

/// `won` if the tests show it, else `came first`.
fn came(lead: &Pair) -> &'static str {
    if lead.verdict == Verdict::Better && !lead.small { "won" } else { "came first" }
}

/// Returns whether two labels are level: no difference is shown, and either no seed differs or the
/// means are equal to the digits shown.
fn level(analysis: &Analysis, lead: &Pair, first: &Config, second: &Config) -> bool {
    if lead.verdict.is_significant() || lead.diverged > 0 {
        return false;
    }
    let shown = |c: &Config| analysis.evaluation.format(c.judged.mean.unwrap_or(f64::NAN));
    let none_differs = lead.compared() > 0 && lead.seeds.0 + lead.seeds.2 == 0;
    none_differs && lead.unpaired.is_none() || shown(first) == shown(second)
}

/// Labels that are in front: the first, and those that are level with it. Empty if nothing is
/// judged, or no run reached the target.
pub(super) fn front(analysis: &Analysis) -> Vec<usize> {
    let ranking = analysis.ranking();
    let Some(&first) = ranking.first().filter(|c| c.judged.n > 0) else { return Vec::new() };
    let comparison = analysis.comparison();
    let level = |(config, pair): (&Config, &Pair)| match analysis.evaluation.reached() {
        true => level_in_time(first, config, pair),
        false => config.judged.mean.is_some() && level(analysis, pair, first, config),
    };
    let others = ranking.iter().zip(&comparison.ranked).skip(1).filter(|(config, i)| {
        let pair = comparison.of(comparison.ranked[0], **i).map(|(pair, _)| pair);
        pair.is_some_and(|pair| level((config, pair)))
    });
    // Where the second is not level, nobody behind it is.
    let second = comparison.pairs.first().zip(ranking.get(1).copied());
    let several = second.is_some_and(|(pair, config)| level((config, pair)));
    let others = others.filter(|_| several).map(|(config, _)| config.label);
    std::iter::once(first.label).chain(others).collect()
}

/// Returns whether two labels whose runs stop at the target are level: no difference is shown, and
/// either no seed differs or medians and counts are equal.
fn level_in_time(first: &Config, config: &Config, pair: &Pair) -> bool {
    let equal = first.judged_median == config.judged_median && first.judged.n == config.judged.n;
    !pair.verdict.is_significant() && (equal || pair.seeds.0 + pair.seeds.2 == 0)
}

/// The first label with those that are level with it, and whether all their means read the same.
fn in_front(analysis: &Analysis, lead: &Pair, ranking: &[&Config]) -> (Vec<String>, bool) {
    let comparison = analysis.comparison();
    let others = ranking.iter().zip(&comparison.ranked).skip(1).filter(|(config, i)| {
        let pair = comparison.of(lead.first, **i).map(|(pair, _)| pair);
        pair.is_some_and(|pair| level(analysis, pair, ranking[0], config))
    });
    let shown = |c: &Config| analysis.evaluation.format(c.judged.mean.unwrap_or(f64::NAN));
    let all: Vec<&Config> = std::iter::once(ranking[0]).chain(others.map(|(c, _)| *c)).collect();
    let alike = all.iter().all(|config| shown(config) == shown(ranking[0]));
    (all.into_iter().map(|config| label(analysis, config)).collect(), alike)
}

/// `0.21 percentage points more`, with the number of seeds if not all count.
fn by(analysis: &Analysis, lead: &Pair, gain: f64) -> String {
    let evaluation = &analysis.evaluation;
    let more = if evaluation.higher_is_better() { "more" } else { "less" };
    let on = match lead.unpaired.is_none() && lead.gain.n < lead.compared() + lead.excluded {
        true => format!(" on the {} that completed with both", seeds(lead.gain.n)),
        false => String::new(),
    };
    format!("{} {more}{on}", evaluation.spread(gain))
}

/// The headline of a first label whose mean is the worse one, or that has no seed in common with
/// the second.
fn behind(
    analysis: &Analysis,
    lead: &Pair,
    (name, value): (&str, &str),
    (other, second): (&str, &Config),
) -> String {
    let reached = analysis.evaluation.format(second.judged.mean.unwrap_or(f64::NAN));
    if second.counts.diverged > 0 {
        return format!(
            "{name} came first among optimizers without a diverged seed: {value}; {other} reached {reached}, but diverged \
             with other seeds."
        );
    }
    match lead.gain.mean {
        Some(gain) => format!(
            "{name} came first: {value}; on the {} that completed with both {other} is ahead by {}.",
            seeds(lead.gain.n),
            analysis.evaluation.spread(gain)
        ),
        None => format!(
            "{name} came first: {value}; {other} reached {reached} with other seeds, and no seed completed with both."
        ),
    }
}

/// The headline of runs that stop at the target: the median time to it.
fn until_target(analysis: &Analysis, first: &Config, second: Option<(&Config, &Pair)>) -> String {
    let evaluation = &analysis.evaluation;
    let target = text::target_of(analysis);
    let name = label(analysis, first);
    let runs = first.counts.results();
    if first.judged.n == 0 {
        return format!("No optimizer reached {target} with any seed.");
    }
    let median = first.judged_median.filter(|m| m.is_finite());
    let unit = if evaluation.function { "steps" } else { "training samples" };
    let when = match median {
        Some(median) => format!(
            "{target} after {} {unit} in the median ({} of {} reached it)",
            evaluation.format(median),
            first.judged.n,
            seeds(runs)
        ),
        None => format!("{target} with {} of {}, fewer than half", first.judged.n, seeds(runs)),
    };
    let Some((second, lead)) = second else { return format!("{name} reached {when}.") };
    let other = label(analysis, second);
    let comparison = analysis.comparison();
    let level = |(config, pair): (&Config, &Pair)| level_in_time(first, config, pair);
    if level((second, lead)) {
        let others = comparison.ranked.iter().skip(1).filter_map(|&i| {
            let (pair, _) = comparison.of(lead.first, i)?;
            let config = &analysis.configs[i];
            level((config, pair)).then(|| label(analysis, config))
        });
        let names: Vec<String> = std::iter::once(name.clone()).chain(others).collect();
        return format!("{} are level in front: {name} reached {when}.", text::list(&names));
    }
    let than = match second.judged_median.filter(|m| m.is_finite()) {
        // Equal medians are ranked by the number of seeds that reached the target.
        Some(median) if first.judged_median == Some(median) => format!(
            "the runner-up {other} after as many with {} of {}",
            second.judged.n,
            seeds(second.counts.results())
        ),
        Some(median) => {
            format!("the runner-up {other} after {}", evaluation.format(median))
        }
        None => format!(
            "the runner-up {other} reached it with {} of {}",
            second.judged.n,
            seeds(second.counts.results())
        ),
    };
    format!("{name} {}: it reached {when}; {than}.", came(lead))
}

pub(super) fn label(analysis: &Analysis, config: &Config) -> String {
    escape::line(&analysis.planned(config).label)
}

/// `98.05% mean test accuracy over 5 seeds (95% interval 97.95–98.15%)`.
fn value(analysis: &Analysis, config: &Config) -> String {
    let evaluation = &analysis.evaluation;
    let e = &config.judged;
    // One seed has no mean.
    let mean = if e.n > 1 { "mean " } else { "" };
    let interval =
        text::interval(evaluation, e).map_or(String::new(), |text| match text == text::ALL_EQUAL {
            true => format!(" ({text})"),
            false => format!(" (95% interval {text})"),
        });
    format!(
        "{mean}{} of {} {} {}{interval}",
        evaluation.name(),
        evaluation.format(e.mean.unwrap_or(f64::NAN)),
        if e.n > 1 { "over" } else { "with" },
        seeds(e.n)
    )
}
