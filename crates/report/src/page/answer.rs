//! The answer in a few sentences: the first optimizer, its lead, the confidence in it, and its
//! cost.

use spec::record::Split;
use spec::stages::Stage;

use crate::analysis::{
    Advice, Analysis, Clock, Comparison, Config, Measured, TieBreak, advice, spent, ties,
};
use crate::escape;
use crate::number;
use crate::page::certainty::certainty;
use crate::page::content;
use crate::page::headline::{headline, label};
use crate::page::opening::Answer;
use crate::plural;
use crate::text::{self, capitalised, list, seeds};

/// Returns the answer that the runs give.
pub fn answer(analysis: &Analysis) -> Answer {
    if analysis.by_function() && analysis.counts().results() > 0 {
        let (headline, details) = content::landscape_answer(analysis);
        return Answer { series: None, headline, certainty: None, cost: None, details };
    }
    let ranking = analysis.ranking();
    let completed = analysis.evaluation.reached() && analysis.counts().completed > 0;
    let valued = |c: &&Config| completed || c.judged.mean.is_some();
    let Some(first) = ranking.first().copied().filter(valued) else {
        return without_result(analysis);
    };
    let comparison = analysis.comparison();
    let mut details = content::stages_text(analysis);
    details.push(chosen(analysis, first));
    details.extend(flattered(analysis));
    details.extend(
        analysis
            .selection
            .fallback
            .iter()
            .chain(&analysis.evaluation.fallback)
            .map(|why| format!("{}.", capitalised(&escape::line(why)))),
    );
    details.extend(uneven(analysis));
    details.extend(unlike(analysis, comparison));
    details.extend(edges(analysis));
    details.extend(diverged(analysis));
    Answer {
        series: Some(first.label),
        headline: headline(analysis, &ranking),
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

/// The sentence on the cost of the first label's result.
fn cost(analysis: &Analysis, first: &Config) -> String {
    let ledger = spent(analysis);
    let all: f64 = ledger.iter().map(|s| s.device_seconds).sum();
    let own = &ledger[first.label];
    let name = label(analysis, first);
    let runs = plural::grouped(own.counts.results(), "run");
    let one = first.train_seconds.mean.map_or(String::new(), |s| {
        format!("; a run of the chosen one trains for {}", number::seconds(s))
    });
    let share = if all > 0.0 && analysis.plan.optimizers.len() > 1 {
        format!(", of {} in all", number::seconds(all))
    } else {
        String::new()
    };
    let to_target = analysis.time_to_target().and_then(|time_to_target| {
        let label_times = time_to_target
            .by_label
            .iter()
            .find(|r| analysis.configs[r.config].label == first.label)?;
        let target = text::target_of(analysis);
        let clock = analysis.evaluation.grain.pick(Clock::Epochs, Clock::Steps);
        Some(match label_times.median(clock) {
            Some(time) if time.is_finite() => format!(
                ". Median time to {target}: {} ({} of {} runs reached it)",
                text::time(clock, time),
                label_times.reached,
                label_times.runs
            ),
            _ if label_times.reached == 0 && label_times.runs == 1 => {
                format!(". Its run did not reach {target}")
            }
            _ if label_times.reached == 0 => {
                format!(". None of its {} runs reached {target}", label_times.runs)
            }
            _ => format!(
                ". It reached {target} in {} of {} runs only",
                label_times.reached, label_times.runs
            ),
        })
    });
    format!(
        "Cost: {} of device time for {} ({runs}) of {name}{share}{one}{}.",
        number::seconds(own.device_seconds),
        text::configurations(own.configs),
        to_target.unwrap_or_default()
    )
}

fn chosen(analysis: &Analysis, first: &Config) -> String {
    let name = label(analysis, first);
    let config = content::described(analysis, first);
    let tried = analysis.tried(first.label).filter(|c| c.was_candidate()).count();
    if tried < 2 {
        return format!("The configuration of {name} is {config}.");
    }
    let worth = match (analysis.selection.split, analysis.evaluation.split) {
        (Split::Validation | Split::Train, Split::Test) => {
            "; the test samples had no part in choosing it"
        }
        _ => "",
    };
    let by = match analysis.selection.measured {
        Measured::Reached => {
            format!(
                "the median number of {}, then by how many seeds reached it",
                analysis.selection.name()
            )
        }
        // One seed has no mean.
        Measured::Last if analysis.plan.seeds.len() == 1 => analysis.selection.name(),
        Measured::Last => format!("mean {}", analysis.selection.name()),
        Measured::Best => {
            let (name, unit) = (analysis.selection.name(), analysis.selection.grain.unit());
            format!("mean {name} at each run's best {unit}")
        }
    };
    format!(
        "The configuration of {name} is {config}, chosen from {tried} by {by}{worth}.{}",
        tied(analysis, first).map_or(String::new(), |text| format!(" {text}"))
    )
}

/// The sentence on configurations that are as good as the chosen one, and on what decided.
fn tied(analysis: &Analysis, first: &Config) -> Option<String> {
    let (tied, by) = ties(analysis, first.label)?;
    let why = match by {
        TieBreak::ValidationLoss => "has the lowest mean validation loss",
        TieBreak::LearningRate => {
            "has the learning rate nearest the middle of those left, on a log scale"
        }
        TieBreak::Order => "comes first in the sweep file",
    };
    Some(format!(
        "{} of them are equally good by that; of these the chosen one {why}.",
        capitalised(&number::count(tied.len() as u64))
    ))
}

/// The sentence on runs that stop at the target, where the same numbers choose and judge.
fn flattered(analysis: &Analysis) -> Option<String> {
    let reached = analysis.evaluation.reached();
    let tried = |label: usize| analysis.tried(label).count() > 1;
    let tried = (0..analysis.plan.optimizers.len()).any(tried);
    reached.then(|| {
        format!(
            "Training stops at the target, so a run is judged by how soon it got there, and a run that never did is worse \
             than any other. The target is checked {}, so equal numbers are common.{}",
            analysis.evaluation.grain.pick("at the end of an epoch", "each time a run is evaluated"),
            if tried && analysis.judging() == Stage::Tuning {
                " The same numbers chose the configurations, which flatters the best of many."
            } else {
                ""
            }
        )
    })
}

/// The sentence on means over different seeds, which cannot be compared directly.
fn uneven(analysis: &Analysis) -> Option<String> {
    let (fewest, most) = analysis.uneven()?;
    Some(format!(
        "Optimizers have finished different numbers of seeds ({fewest} to {most}), so their {} rest on different runs: the \
         differences seed by seed are the fairer comparison.",
        if analysis.evaluation.reached() { "medians" } else { "means" }
    ))
}

/// The sentence on the first pair whose runs differ in more than the optimizer.
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

/// The sentences on chosen values at the edge of their grid, with values to add, and on wide gaps
/// beside chosen values inside of it.
fn edges(analysis: &Analysis) -> Vec<String> {
    let chosen = analysis.best.iter().flatten().map(|&i| &analysis.configs[i]);
    let all: Vec<(String, Advice)> = chosen
        .flat_map(|c| advice(analysis, c).into_iter().map(|a| (label(analysis, c), a)))
        .collect();
    // One entry per label, so that a label with several axes is named once.
    let told = |at_edge: bool| -> (String, usize) {
        let some = all.iter().filter(|(_, a)| a.end.is_some() == at_edge);
        let mut labels: Vec<(&str, Vec<String>)> = Vec::new();
        for (name, advice) in some {
            let text = format!("{} ({})", advice.name(), text::what_to_add(advice));
            match labels.last_mut() {
                Some((last, texts)) if *last == name => texts.push(text),
                _ => labels.push((name, vec![text])),
            }
        }
        let count = labels.iter().map(|(_, texts)| texts.len()).sum();
        let of_label =
            |(name, texts): &(&str, Vec<String>)| format!("{name}\u{2019}s {}", list(texts));
        (labels.iter().map(of_label).collect::<Vec<_>>().join("; "), count)
    };
    let learning_rate =
        all.iter().filter(|(_, a)| a.end.is_some()).all(|(_, a)| a.path == "optimizer.lr");
    let mut out = Vec::new();
    let (at, count) = told(true);
    if !at.is_empty() {
        let best = plural::word(count, if learning_rate { "learning rate" } else { "value" });
        let lie = plural::form(count, "lies", "lie");
        out.push(format!(
            "The best {best} {lie} at the edge of those tried, and better ones may lie beyond: {at}."
        ));
    }
    let (gaps, _) = told(false);
    if !gaps.is_empty() {
        out.push(format!(
            "More than a decade lies between the best value and the next that was tried: {gaps}."
        ));
    }
    out
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
            "Diverged at their best configuration: {}. Means leave those seeds out; all else (medians, tests, seeds won, \
             probabilities) counts them as the worst.",
            list(&some)
        )
    })
}
