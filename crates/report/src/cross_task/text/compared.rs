//! Sentences on the tests across tasks and their results.

use crate::analysis::ALPHA;
use crate::cross_task::text::name;
use crate::cross_task::{CrossTask, Lost, Pair};
use crate::escape;
use crate::plural;
use crate::text::{capitalised, p_value, some};

/// Returns the sentence on why p-values are too small if tasks share their starts.
pub(in crate::cross_task) fn dependent() -> &'static str {
    "Some tasks start a seed's runs from the same weights with the same batches, so their differences depend on each other \
     and p comes out smaller than it should."
}

/// Returns the sentence on what is tested, and how.
fn tests(all: &CrossTask) -> String {
    let comparison = &all.comparison;
    let what = match comparison.pairs.iter().any(|p| !p.decided_by.ranks()) {
        true => {
            "The permutation test flips the signs of the differences, each divided by the root mean square of its task and \
             by its number of pairs, so that no task outweighs another by its scale or its seeds"
        }
        false => {
            "What is tested are the differences, each divided by the root mean square of its task, so that no task \
             outweighs another by its scale"
        }
    };
    let family = match comparison.tests {
        0 | 1 => String::new(),
        tests => format!(
            " Holm's correction for {tests} tests keeps the chance of any false alarm at {:.0}%.",
            ALPHA * 100.0
        ),
    };
    format!(
        "A test with one value per task would need many tasks. Here the unit is a (task, seed) pair: both optimizers of a pair \
         start from the same weights and see the same batches. {what}. Both leads are means over tasks of the mean in each; \
         in the unit of the metric, tasks with larger differences weigh more; standardised, they do not.{family}"
    )
}

/// Returns sentences on the tests and their results.
pub(in crate::cross_task) fn comparison(all: &CrossTask) -> Vec<String> {
    let comparison = &all.comparison;
    if comparison.pairs.is_empty() {
        return match (all.tasks.groups.is_empty(), all.standings.len() > 1) {
            (true, true) => vec![format!(
                "{}, so no differences are pooled and nothing is tested across tasks; each task's own report tests within \
                 it.",
                capitalised(&all.tasks.none_shared())
            )],
            _ => Vec::new(),
        };
    }
    let mut out = vec![tests(all)];
    if let (Some(smallest), Some(corrected)) = (comparison.smallest, comparison.smallest_adjusted)
        && comparison.differing > 0
    {
        let reach = format!(
            "The smallest p that {} that {} can reach is {}{}",
            plural::spelled(comparison.differing, "pair"),
            plural::form(comparison.differing, "differs", "differ"),
            p_value(smallest),
            match comparison.tests {
                1 => String::new(),
                _ => format!(" ({} after the correction)", p_value(corrected)),
            }
        );
        out.push(if comparison.underpowered() {
            format!(
                "{reach}: underpowered. Whatever the numbers, these seeds cannot show a difference; {} or more \
                 pairs that differ could.",
                comparison.needed
            )
        } else {
            format!("{reach}.")
        });
    }
    if comparison.dependent {
        out.push(dependent().to_owned());
    }
    out.extend(opposite(all));
    for pair in &comparison.pairs {
        for (task, n, what) in &pair.unlike {
            out.push(format!(
                "{} and {} in {}: {n} {} left out because {what}.",
                escape::line(&all.tasks.labels[pair.first].name),
                escape::line(&all.tasks.labels[pair.second].name),
                name(all, *task),
                plural::form(*n, "pair of runs is", "pairs of runs are")
            ));
        }
    }
    let excluded = comparison.pairs.iter().map(|p| p.excluded).max().unwrap_or(0);
    if excluded > 0 {
        out.push(format!(
            "Pairs that lack a result with one of the two optimizers are left out: at most {excluded} per comparison."
        ));
    }
    out.extend(neither(all));
    out.extend(by_ranks(all));
    out
}

/// Returns the sentence on seeds of which both runs were lost; `None` without such seeds.
fn neither(all: &CrossTask) -> Option<String> {
    let pairs = || all.comparison.pairs.iter().filter(|p| p.neither > 0);
    let most = pairs().map(|p| p.neither).max()?;
    let lost = pairs().fold(Lost::default(), |lost, p| {
        lost.or(all.tasks.lost(&all.tasks.groups[p.group].tasks, &[p.first, p.second]))
    });
    Some(format!(
        "Two runs of a seed that both {} do not show which optimizer is better, and do not count: at most {most} per \
         comparison.",
        lost.what()?
    ))
}

/// Returns the sentence on pairs whose two leads differ in sign.
fn opposite(all: &CrossTask) -> Option<String> {
    let opposite = |p: &&Pair| p.lead.zip(p.standard).is_some_and(|(a, b)| a * b < 0.0);
    let name = |l: usize| escape::line(&all.tasks.labels[l].name);
    let of: Vec<String> = all
        .comparison
        .pairs
        .iter()
        .filter(opposite)
        .map(|p| format!("{} over {}", name(p.first), name(p.second)))
        .collect();
    (!of.is_empty()).then(|| {
        format!(
            "The lead of {} has one sign in the unit of the metric and the opposite sign when standardised: the tasks disagree, and those \
             with larger differences decide the former.",
            some(of)
        )
    })
}

/// Returns the sentence on why ranks decide; `None` where they do not.
fn by_ranks(all: &CrossTask) -> Option<String> {
    let ranked = || all.comparison.pairs.iter().filter(|p| p.diverged > 0);
    let lost = ranked()
        .fold(Lost::default(), |lost, p| lost.or(all.tasks.lost(&p.tasks, &[p.first, p.second])));
    let what = lost.what().filter(|_| ranked().next().is_some())?;
    Some(format!(
        "Where a run {what}, ranks decide over all pairs of runs: such a run is worse than any other. The lead is over the remaining pairs, and does not affect the decision."
    ))
}
