//! All pairs of optimizers, with leads and tests.

use crate::analysis::{ALPHA, Analysis, Comparison, DecidedBy, Pair, Verdict};
use crate::page::table::{Cell, Table};
use crate::plural;
use crate::text;
use spec::metric::Resolution;

/// One row per pair of labels, the higher ranked one first.
pub fn comparison_table(analysis: &Analysis) -> Table {
    let evaluation = &analysis.evaluation;
    let gain = if evaluation.metric.is_percentage() { "#Lead in points" } else { "#Lead" };
    let mut table = Table::new(&[
        "First",
        "Second",
        "Verdict",
        gain,
        if analysis.looks().is_some() { "#Interval" } else { "#95% interval" },
        "#Seeds in the lead",
        "#Seeds compared",
        "#Seeds won",
        "#Probability of improvement",
        "#p, sign flips",
        "#p, permutation",
        "#p, ranks",
        "Decided by",
        if analysis.looks().is_some() { "#p, all looks" } else { "#p, Holm" },
        "#p, Wilcoxon",
        "#p, Wilcoxon, Holm",
    ]);
    let comparison = analysis.comparison();
    let shown = Shown {
        analysis,
        scale: if evaluation.metric.is_percentage() { 100.0 } else { 1.0 },
        fewer: comparison.pairs.iter().any(|p| p.gain.n < p.compared()),
        mixed: comparison.pairs.iter().any(|p| p.decided_by != DecidedBy::SignFlips),
    };
    table.rows.extend(comparison.pairs.iter().map(|pair| shown.row(pair)));
    table.without_empty()
}

/// Facts on all pairs that determine the form of each row.
struct Shown<'a> {
    analysis: &'a Analysis,
    /// The factor of leads: 100 for metrics shown as percentages, else 1.
    scale: f64,
    /// True where a pair has fewer leads than seeds that are compared.
    fewer: bool,
    /// True where pairs are decided by different tests.
    mixed: bool,
}

impl Shown<'_> {
    /// A lead with its sign.
    fn lead(&self, x: f64) -> String {
        let text = self.analysis.evaluation.metric.format_difference(x / self.scale, 3);
        let sign = match x {
            x if x < 0.0 => "\u{2212}",
            x if x > 0.0 => "+",
            _ => "",
        };
        format!("{sign}{text}")
    }

    fn label(&self, config: usize) -> Cell {
        let config = &self.analysis.configs[config];
        Cell::label(&self.analysis.planned(config).label, config.label)
    }

    /// The lead's interval, in one cell of two parts.
    fn interval(&self, pair: &Pair) -> Cell {
        let interval = pair.gain.interval;
        let high = interval.map(|i| i.high * self.scale);
        Cell::number(interval.map(|i| i.low * self.scale), |low| match pair.gain.sd == Some(0.0) {
            true => text::ALL_EQUAL.to_owned(),
            false => {
                format!("{} to {}", self.lead(low), self.lead(high.unwrap_or(f64::NAN)))
            }
        })
        .parts("lower end", "upper end", high)
    }

    fn row(&self, pair: &Pair) -> Vec<Cell> {
        let (won, level, lost) = pair.seeds;
        let empty = || Cell::number(None, |_| String::new());
        let p = |p: Option<f64>| Cell::number(p, text::p_value);
        let significant = pair.verdict.is_significant();
        let by = |which: DecidedBy| p(pair.test.filter(|_| pair.decided_by == which).map(|t| t.p));
        vec![
            self.label(pair.first).strong(pair.verdict == Verdict::Better),
            self.label(pair.second).strong(pair.verdict == Verdict::Worse),
            Cell::text(verdict(pair)).strong(significant),
            Cell::number(pair.gain.mean.map(|g| g * self.scale), |x| self.lead(x)),
            self.interval(pair),
            if self.fewer { Cell::count(pair.gain.n) } else { empty() },
            Cell::count(pair.compared()),
            match &pair.unpaired {
                Some(_) => empty(),
                None => {
                    let of = won + level + lost;
                    Cell::number(Some(won as f64), |_| format!("{won} of {of}")).of(of)
                }
            },
            Cell::number(pair.improvement, |p| format!("{p:.2}")),
            by(DecidedBy::SignFlips),
            by(DecidedBy::Permutation),
            by(DecidedBy::Ranks),
            Cell::text(if self.mixed { short(pair.decided_by) } else { "" }),
            p(pair.adjusted).strong(significant),
            p(pair.wilcoxon.map(|t| t.p)),
            p(pair.wilcoxon_adjusted),
        ]
    }
}

fn short(by: DecidedBy) -> &'static str {
    match by {
        DecidedBy::SignFlips => "sign flips",
        DecidedBy::SignedRanks => "signed ranks",
        DecidedBy::Permutation => "permutation",
        DecidedBy::Ranks => "ranks",
    }
}

fn verdict(pair: &Pair) -> &'static str {
    let level = pair.unpaired.is_none() && pair.test.is_some_and(|test| test.n == 0);
    match (pair.verdict, pair.small) {
        _ if level => "level",
        (Verdict::Better, false) => "first is better",
        (Verdict::Worse, false) => "second is better",
        (Verdict::Better, true) => "first is better, by less than matters",
        (Verdict::Worse, true) => "second is better, by less than matters",
        (Verdict::NotShown, _) => "no difference shown",
        (Verdict::Underpowered, _) => "underpowered",
        (Verdict::TooFew, _) => "too few seeds",
    }
}

/// The meaning of the table, in paragraphs; empty without pairs.
pub fn comparison_text(analysis: &Analysis) -> Vec<String> {
    let comparison = analysis.comparison();
    let evaluation = &analysis.evaluation;
    if comparison.pairs.is_empty() {
        return Vec::new();
    }
    let both = if evaluation.reached() { "reached it" } else { "completed" };
    let mut out = vec![format!(
        "Each optimizer at its chosen configuration, by {}. The lead is the mean over seeds of the first's value minus \
         the second's{}, on the seeds that {both} with both; {}.",
        evaluation.name(),
        if evaluation.higher_is_better() { "" } else { ", negated so that positive is better" },
        match (comparison.pairs.iter().any(|p| p.unpaired.is_some()), evaluation.function) {
            (true, true) =>
                "whether runs of one seed start from the same point was read from their digests, pair by pair",
            (true, false) =>
                "whether runs of one seed share initial weights and batches was read from their digests, pair by pair",
            (false, true) =>
                "runs of one seed start from the same point, and their digests were compared",
            (false, false) =>
                "runs of one seed share initial weights and batches, and their digests were compared",
        }
    )];
    out.push(level_text(analysis));
    out.push(
        "The probability of improvement is that of one run of the first being better than one of the second."
            .to_owned(),
    );
    let leads = comparison.pairs.iter().map(|p| &p.gain);
    if let Some(looks) = analysis.looks() {
        out.extend(super::looks::looks_text(looks));
        out.extend(ranks_text(analysis));
    } else {
        out.extend(
            super::interval_methods(leads).map(|methods| {
                format!("Intervals are 95% intervals of the mean lead by {methods}.")
            }),
        );
        out.extend(contradicted(comparison));
        out.extend(tests_text(analysis));
        out.extend(ranks_text(analysis));
        out.extend(power_text(comparison));
    }
    let excluded: usize = comparison.pairs.iter().map(|p| p.excluded).max().unwrap_or(0);
    if excluded > 0 {
        out.push(format!(
            "Up to {} of a pair lack a result and are left out of its comparison.",
            text::seeds(excluded)
        ));
    }
    if comparison.pairs.iter().any(|p| p.unpaired.is_some()) {
        out.push(
            "Where two configurations do not share weights and batches, their seeds are two samples: the lead is a \
             difference of means and the test permutes all runs."
                .to_owned(),
        );
    }
    out
}

/// The sentence on differences that count as level.
fn level_text(analysis: &Analysis) -> String {
    let evaluation = &analysis.evaluation;
    match evaluation.metric.description().resolution {
        _ if evaluation.reached() => {
            "Seeds are level where both needed equally many, or neither reached the target.".to_owned()
        }
        Resolution::Exact => "Seeds are level where both have the same value.".to_owned(),
        Resolution::Sample => {
            "Seeds are level where the two differ by less than half a sample.".to_owned()
        }
        Resolution::Residual => format!(
            "Seeds are level where the two values differ by at most a millionth of the larger, as rounding may cause, or \
             where both are below 2^-24 of the {} before training.",
            if evaluation.function { "value" } else { "loss" }
        ),
        Resolution::Float => "Seeds are level where the two values differ by at most a millionth of the larger, as rounding may cause."
            .to_owned(),
    }
}

/// The sentences on the tests and on the correction; `None` without a test.
fn tests_text(analysis: &Analysis) -> Option<String> {
    let comparison = analysis.comparison();
    let decided =
        |by: DecidedBy| comparison.pairs.iter().any(|p| p.test.is_some() && p.decided_by == by);
    let mut tests = Vec::new();
    if decided(DecidedBy::SignFlips) {
        tests.push("of the permutation test that flips the signs of the paired differences");
    }
    if comparison.pairs.iter().any(|p| p.wilcoxon.is_some()) {
        tests.push("of Wilcoxon's signed-rank test");
    }
    if decided(DecidedBy::Permutation) || decided(DecidedBy::Ranks) {
        tests.push("of the permutation test of two samples");
    }
    let tests: Vec<String> = tests.into_iter().map(str::to_owned).collect();
    (comparison.tests > 0).then(|| {
        format!(
            "p-values are two-sided: {}. {}",
            text::list(&tests),
            match comparison.tests {
                1 => "A single comparison needs no correction.".to_owned(),
                n => format!(
                    "Holm's correction for {n} comparisons keeps the chance of any false alarm at {:.0}%: it multiplies \
                     the smallest p by the number of comparisons, the next one by one less and so on, and lets none fall \
                     below the one before.",
                    ALPHA * 100.0
                ),
            }
        )
    })
}

/// The sentences on pairs that ranks decide; `None` without such pairs.
fn ranks_text(analysis: &Analysis) -> Option<String> {
    let comparison = analysis.comparison();
    let ranked = comparison.pairs.iter().any(|p| p.decided_by.ranks());
    let what = if analysis.evaluation.reached() {
        "never reached the target or diverged"
    } else {
        "diverged"
    };
    ranked.then(|| {
        format!(
            "Where a run {what}, ranks decide over all seeds: such a run is worse than any other, and two such are level, \
             which a mean cannot express. The lead is the mean over the remaining seeds and plays no part in the decision."
        )
    })
}

/// The sentence on pairs whose interval, which is computed differently, disagrees with their test;
/// `None` without such pairs.
fn contradicted(comparison: &Comparison) -> Option<String> {
    let otherwise = |pair: &&Pair| {
        let (Some(interval), Some(_)) = (pair.gain.interval, pair.test) else { return false };
        let apart = interval.low > 0.0 || interval.high < 0.0;
        apart != pair.verdict.is_significant()
    };
    let n = comparison.pairs.iter().filter(otherwise).count();
    (n > 0).then(|| {
        format!(
            "Verdicts rest on the tests, which are corrected for their number and do not assume normal values, even in \
             the {} whose interval alone would suggest otherwise.",
            if n == 1 { "pair".to_owned() } else { format!("{n} pairs") }
        )
    })
}

/// Sentences on the smallest p that these seeds can reach, one for each kind of test.
fn power_text(comparison: &Comparison) -> Vec<String> {
    let kinds = [false, true].map(|samples| {
        let of_kind = |p: &&Pair| p.unpaired.is_some() == samples && p.test.is_some();
        comparison.pairs.iter().filter(of_kind).collect::<Vec<_>>()
    });
    let both = kinds.iter().all(|pairs| !pairs.is_empty());
    kinds.iter().filter_map(|pairs| power(comparison, pairs, both)).collect()
}

/// The sentence on pairs of one kind; `both` is true if there are pairs of the other kind, too.
fn power(comparison: &Comparison, pairs: &[&Pair], both: bool) -> Option<String> {
    let tests = pairs.iter().filter_map(|p| Some((p, p.test?)));
    let (best, test) = tests.min_by(|a, b| a.1.smallest.total_cmp(&b.1.smallest))?;
    let samples = best.unpaired.is_some();
    let (n, all) = (test.n, pairs.iter().map(|p| p.compared()).max().unwrap_or(0));
    let (who, differ) = match samples || n == all {
        true if samples => (format!("two samples of {}", text::seeds(best.compared())), ""),
        true => (text::seeds(all), ""),
        false if n == 0 => {
            let which = if both { " that is compared seed by seed" } else { "" };
            return Some(format!("No seed differs in any pair{which}."));
        }
        false => (plural::spelled(n, "differing seed"), " that differ"),
    };
    let adjusted = (test.smallest * comparison.tests as f64).min(1.0);
    let corrected = match comparison.tests {
        1 => String::new(),
        _ => format!(" ({} after the correction)", text::p_value(adjusted)),
    };
    let smallest = text::p_value(test.smallest);
    let reach = format!("The smallest p that {who} can reach is {smallest}{corrected}");
    Some(if adjusted > ALPHA {
        format!(
            "{reach}, so {} cannot show a difference, however large. At least {}{differ} are needed.",
            if both { "such pairs" } else { "these seeds" },
            text::seeds(comparison.needed_by(best))
        )
    } else {
        format!("{reach}.")
    })
}
