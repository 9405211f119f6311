//! The answer in a few sentences: which optimizer came first, by how much, how
//! sure that is, and at what cost.

use spec::record::Split;

use crate::analysis::{Analysis, Clock, Comparison, Config, Pair, Verdict, spent};
use crate::escape;
use crate::number;
use crate::page::content;
use crate::page::words::{self, capitalised, list, p_value, seeds};

/// The opening of the report.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Place in the plan of the first label, if there is one.
    pub series: Option<usize>,
    /// The result in one sentence.
    pub headline: String,
    /// How sure it is; none where there is nothing to compare.
    pub certainty: Option<String>,
    /// What it cost.
    pub cost: Option<String>,
    /// What qualifies it, a sentence each.
    pub details: Vec<String>,
}

/// The answer that the runs give.
pub fn answer(analysis: &Analysis) -> Answer {
    if analysis.by_function() && analysis.counts().results() > 0 {
        let (headline, details) = content::landscape_answer(analysis);
        return Answer { series: None, headline, certainty: None, cost: None, details };
    }
    let ranking = analysis.ranking();
    let Some(first) = ranking.first() else { return without_result(analysis) };
    let comparison = analysis.comparison();
    let lead = comparison.pairs.first();
    let mut details = vec![chosen(analysis, first)];
    details.extend(
        analysis
            .goal
            .fallback
            .iter()
            .chain(&analysis.judge.fallback)
            .map(|why| format!("{}.", capitalised(&escape::line(why)))),
    );
    details.extend(uneven(analysis, &ranking));
    details.extend(unlike(analysis, comparison));
    details.extend(edges(analysis));
    details.extend(diverged(analysis));
    Answer {
        series: Some(first.label),
        headline: headline(analysis, first, ranking.get(1).copied(), lead),
        certainty: certainty(analysis, comparison),
        cost: Some(cost(analysis, first)),
        details,
    }
}

fn without_result(analysis: &Analysis) -> Answer {
    let counts = analysis.counts();
    let (headline, detail) = if counts.diverged > 0 && counts.without_result() == 0 {
        (
            format!("All {} runs diverged.", counts.diverged),
            "A smaller learning rate is the first thing to try.",
        )
    } else if counts.diverged > 0 {
        (
            format!(
                "No run has completed: {} diverged, {} have no result.",
                counts.diverged,
                counts.without_result()
            ),
            "Run the sweep again to train those without a result.",
        )
    } else {
        (
            format!("None of the {} planned runs has a result yet.", counts.planned),
            "Run the sweep; this page fills as runs finish and `report` is called.",
        )
    };
    Answer { series: None, headline, certainty: None, cost: None, details: vec![detail.to_owned()] }
}

fn label(analysis: &Analysis, config: &Config) -> String {
    escape::line(&analysis.planned(config).label)
}

/// `98.05% mean test accuracy over 5 seeds (95% interval 97.95–98.15%)`.
fn value(analysis: &Analysis, config: &Config) -> String {
    let judge = &analysis.judge;
    let e = &config.judged;
    // One seed has no mean.
    let mean = if e.n > 1 { "mean " } else { "" };
    let interval =
        words::interval(judge, e).map_or(String::new(), |text| format!(" (95% interval {text})"));
    format!(
        "{mean}{} of {} over {}{interval}",
        judge.name(),
        judge.format(e.mean.unwrap_or(f64::NAN)),
        seeds(e.n)
    )
}

fn headline(
    analysis: &Analysis,
    first: &Config,
    second: Option<&Config>,
    lead: Option<&Pair>,
) -> String {
    let judge = &analysis.judge;
    let (name, value) = (label(analysis, first), value(analysis, first));
    let Some((second, lead)) = second.zip(lead) else {
        return format!("{name} has a {value}.");
    };
    let other = label(analysis, second);
    let format = |c: &Config| judge.format(c.judged.mean.unwrap_or(f64::NAN));
    let gap =
        judge.gain(first.judged.mean.unwrap_or(f64::NAN), second.judged.mean.unwrap_or(f64::NAN));
    if gap < 0.0 {
        // Only a diverged seed puts a better value second.
        return format!(
            "{name} came first among optimizers without a diverged seed: {value}; {other} reached {}, but diverged \
             with other seeds.",
            format(second)
        );
    }
    // Equal to the digits shown is equal.
    if format(first) == format(second) {
        return format!("{name} and {other} are level in front: {value}.");
    }
    let came = if lead.verdict == Verdict::Better { "won" } else { "came first" };
    format!(
        "{name} {came}: {value}, {} {} than {other}, the second.",
        judge.spread(gap),
        if judge.higher_is_better { "more" } else { "less" },
    )
}

/// What the tests say, and no more.
fn certainty(analysis: &Analysis, comparison: &Comparison) -> Option<String> {
    let lead = comparison.pairs.first()?;
    let (first, second) = (&analysis.configs[lead.first], &analysis.configs[lead.second]);
    let (name, other) = (label(analysis, first), label(analysis, second));
    let n = lead.gain.n;
    let pairs = comparison.pairs.len();
    let family = if pairs == 1 {
        String::new()
    } else {
        format!(" after Holm's correction for {pairs} comparisons")
    };
    if lead.verdict == Verdict::TooFew {
        return Some(format!(
            "How sure: {} says nothing about chance, so {name}'s place may be luck.",
            if n == 1 { "one seed" } else { "no seed with both results" }
        ));
    }
    let record = match (lead.unpaired.is_some(), lead.seeds) {
        (true, _) => String::new(),
        (false, (won, level, lost)) => {
            let tied = if level > 0 { format!(", level on {level}") } else { String::new() };
            format!("; it beat {other} on {won} of {}{tied}", seeds(won + level + lost))
        }
    };
    if comparison.underpowered() {
        let smallest = p_value(comparison.smallest.unwrap_or(1.0));
        let corrected = match comparison.smallest_adjusted {
            Some(p) if pairs > 1 => format!(" ({}{family})", p_value(p)),
            _ => String::new(),
        };
        return Some(format!(
            "How sure: underpowered. The smallest p-value that {} can reach is {smallest}{corrected}, so no difference \
             here can be called significant, however large{record}. At least {} would be needed.",
            seeds(n),
            seeds(comparison.seeds_needed)
        ));
    }
    let p = lead.adjusted.map(p_value).unwrap_or_default();
    let test = if lead.unpaired.is_some() {
        "permutation test"
    } else {
        "paired sign-flip permutation test"
    };
    let beaten: Vec<String> = comparison
        .pairs
        .iter()
        .filter(|p| p.first == lead.first && p.verdict == Verdict::Better)
        .map(|p| label(analysis, &analysis.configs[p.second]))
        .collect();
    Some(match lead.verdict {
        Verdict::Better => {
            let rest = match beaten.len() {
                n if n == comparison.ranked.len() - 1 && n > 1 => {
                    " The same holds against every other optimizer.".to_owned()
                }
                n if n > 1 => format!(" It is shown to be better than {} too.", list(&beaten[1..])),
                _ => String::new(),
            };
            format!(
                "How sure: the lead over {other} is significant, p = {p}{family} ({test}, {}{record}).{rest}",
                seeds(n)
            )
        }
        Verdict::NotShown | Verdict::Underpowered | Verdict::TooFew | Verdict::Worse => {
            let rest = if beaten.is_empty() {
                " It is not shown to be better than any other optimizer either.".to_owned()
            } else {
                format!(" It is shown to be better than {}.", list(&beaten))
            };
            let rest = if comparison.ranked.len() == 2 { String::new() } else { rest };
            format!(
                "How sure: the lead over {other} may be chance, p = {p}{family} ({test}, {}{record}).{rest}",
                seeds(n)
            )
        }
    })
}

/// What the first label's result took.
fn cost(analysis: &Analysis, first: &Config) -> String {
    let ledger = spent(analysis);
    let all: f64 = ledger.iter().map(|s| s.device_seconds).sum();
    let own = &ledger[first.label];
    let name = label(analysis, first);
    let runs = number::count((own.counts.results()) as u64);
    let one = first.train_seconds.mean.map_or(String::new(), |s| {
        format!("; a run of the chosen one trains for {}", number::seconds(s))
    });
    let share = if all > 0.0 && analysis.plan.optimizers.len() > 1 {
        format!(" of the {} spent in all", number::seconds(all))
    } else {
        String::new()
    };
    let to_target = analysis.race().and_then(|race| {
        let racer = race.racers.iter().find(|r| analysis.configs[r.config].label == first.label)?;
        let [epochs, ..] = racer.medians;
        let target = format!(
            "{} of {}",
            words::target_name(&analysis.plan.target),
            words::metric(&analysis.plan.target.metric, race.value)
        );
        Some(match epochs {
            Some(epochs) if epochs.is_finite() => format!(
                ". It reached {target} after {} in the median ({} of {} runs)",
                words::time(Clock::Epochs, epochs),
                racer.reached,
                racer.runs
            ),
            _ => format!(". It reached {target} in {} of {} runs only", racer.reached, racer.runs),
        })
    });
    format!(
        "At what cost: {} ({runs} runs) of {name} took {} of device time{share}{one}{}.",
        words::configurations(own.configs),
        number::seconds(own.device_seconds),
        to_target.unwrap_or_default()
    )
}

fn chosen(analysis: &Analysis, first: &Config) -> String {
    let name = label(analysis, first);
    let config = escape::line(&analysis.describe(first));
    let tried = analysis.tried(first.label).filter(|c| c.counts.results() > 0).count();
    if tried < 2 {
        return format!("The configuration of {name} is {config}.");
    }
    let worth = match (analysis.goal.split, analysis.judge.split) {
        (Split::Validation | Split::Train, Split::Test) => {
            "; the test samples had no part in choosing it"
        }
        _ => "",
    };
    format!(
        "The configuration of {name} is {config}, chosen from {tried} by mean {}{worth}.",
        analysis.goal.name()
    )
}

/// Means over different seeds are not the same mean.
fn uneven(analysis: &Analysis, ranking: &[&Config]) -> Option<String> {
    let counts: Vec<usize> = ranking.iter().map(|c| c.judged.n).collect();
    let (fewest, most) = (counts.iter().min()?, counts.iter().max()?);
    let missing = analysis.counts().without_result() > 0;
    (fewest < most && missing).then(|| {
        format!(
            "Optimizers have finished different numbers of seeds ({fewest} to {most}), so their means rest on different \
             runs: the differences seed by seed are the fairer comparison."
        )
    })
}

/// Pairs that are not the same experiment but for the optimizer.
fn unlike(analysis: &Analysis, comparison: &Comparison) -> Option<String> {
    let pair = comparison.pairs.iter().find(|p| p.unpaired.is_some())?;
    let name = |i: usize| label(analysis, &analysis.configs[i]);
    Some(format!(
        "{} and {} are not compared seed by seed: {}.",
        name(pair.first),
        name(pair.second),
        pair.unpaired.as_deref().unwrap_or_default()
    ))
}

/// Best learning rates at the edge of their grid, with what to add.
fn edges(analysis: &Analysis) -> Option<String> {
    let at: Vec<String> = analysis
        .best
        .iter()
        .flatten()
        .map(|&i| &analysis.configs[i])
        .filter_map(|c| {
            Some(format!(
                "{} ({})",
                label(analysis, c),
                words::to_add(&crate::analysis::edge(analysis, c)?)
            ))
        })
        .collect();
    let what = if at.len() == 1 { "learning rate lies" } else { "learning rates lie" };
    (!at.is_empty()).then(|| {
        format!(
            "The best {what} at the edge of those tried, and better ones may lie beyond: {}.",
            list(&at)
        )
    })
}

fn diverged(analysis: &Analysis) -> Option<String> {
    let some: Vec<String> = analysis
        .best
        .iter()
        .flatten()
        .map(|&i| &analysis.configs[i])
        .filter(|c| c.counts.diverged > 0)
        .map(|c| {
            format!("{} ({} of {})", label(analysis, c), c.counts.diverged, seeds(c.counts.planned))
        })
        .collect();
    (!some.is_empty()).then(|| {
        format!(
            "Diverged at their best configuration: {}; means leave those seeds out, medians, tests of ranks and \
             probabilities count them as the worst.",
            list(&some)
        )
    })
}
