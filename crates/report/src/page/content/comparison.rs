//! All pairs of optimizers: by how much, and how sure.

use crate::analysis::{ALPHA, Analysis, Verdict};
use crate::number;
use crate::page::table::{Cell, Table};
use crate::page::words;

/// One row a pair of labels, the better ranked one first.
pub fn comparison_table(analysis: &Analysis) -> Table {
    let judge = &analysis.judge;
    let gain = match judge.metric.as_str() {
        "accuracy" | "top5_accuracy" => "#Lead in points",
        _ => "#Lead",
    };
    let mut table = Table::new(&[
        "First",
        "Second",
        gain,
        "#95% interval",
        "#Seeds compared",
        "#Seeds won",
        "#Probability of improvement",
        "#p, sign flips",
        "#p, Holm",
        "#p, Wilcoxon",
        "#p, Wilcoxon, Holm",
        "Verdict",
    ]);
    let comparison = analysis.comparison();
    let scale = if number::is_percentage(&judge.metric) { 100.0 } else { 1.0 };
    let show = |x: f64| match judge.metric.as_str() {
        "accuracy" | "top5_accuracy" => format!("{x:+.2}").replace('-', "\u{2212}"),
        _ => {
            let text = number::significant(x.abs(), 3);
            format!("{}{text}", if x < 0.0 { "\u{2212}" } else { "+" })
        }
    };
    for pair in &comparison.pairs {
        let label = |i: usize| {
            let config = &analysis.configs[i];
            Cell::label(&analysis.planned(config).label, config.label)
        };
        let interval = pair.gain.interval;
        let (won, level, lost) = pair.seeds;
        let p = |p: Option<f64>| Cell::number(p, words::p_value);
        let significant = matches!(pair.verdict, Verdict::Better | Verdict::Worse);
        table.rows.push(vec![
            label(pair.first).strong(pair.verdict == Verdict::Better),
            label(pair.second).strong(pair.verdict == Verdict::Worse),
            Cell::number(pair.gain.mean.map(|g| g * scale), show),
            Cell::number(interval.map(|i| i.low * scale), |low| {
                let high = interval.map_or(f64::NAN, |i| i.high * scale);
                format!("{} to {}", show(low), show(high))
            })
            .parts("lower end", "upper end", interval.map(|i| i.high * scale)),
            Cell::count(pair.gain.n),
            match &pair.unpaired {
                Some(_) => Cell::number(None, |_| String::new()),
                None => {
                    let of = won + level + lost;
                    Cell::number(Some(won as f64), |_| format!("{won} of {of}")).of(of)
                }
            },
            Cell::number(pair.improvement, |p| format!("{p:.2}")),
            p(pair.test.map(|t| t.p)),
            p(pair.adjusted).strong(significant),
            p(pair.wilcoxon.map(|t| t.p)),
            p(pair.wilcoxon_adjusted),
            Cell::text(verdict(pair.verdict)).strong(significant),
        ]);
    }
    table.without_empty()
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Better => "first is better",
        Verdict::Worse => "second is better",
        Verdict::NotShown => "no difference shown",
        Verdict::Underpowered => "underpowered",
        Verdict::TooFew => "too few seeds",
    }
}

/// What the table means, a sentence each; empty without pairs.
pub fn comparison_words(analysis: &Analysis) -> Vec<String> {
    let comparison = analysis.comparison();
    let (Some(pair), judge) = (comparison.pairs.first(), &analysis.judge) else {
        return Vec::new();
    };
    let mut out = vec![format!(
        "Each optimizer at its chosen configuration, by {}. The lead is the mean over seeds of the first's value less \
         the second's{}, on the seeds that completed with both; runs of one seed share initial weights and batches, \
         and their digests were compared.",
        judge.name(),
        if judge.higher_is_better { "" } else { ", turned so that positive is better" }
    )];
    out.push(
        "The probability of improvement is that of one run of the first being better than one of the second."
            .to_owned(),
    );
    let leads = comparison.pairs.iter().map(|p| &p.gain);
    out.extend(
        super::interval_methods(leads)
            .map(|methods| format!("Intervals are 95% intervals of the mean lead by {methods}.")),
    );
    let tests = comparison.pairs.iter().filter(|p| p.test.is_some()).count();
    if tests > 0 {
        out.push(format!(
            "p-values are two-sided: of the permutation test that flips the signs of the paired differences, and of \
             Wilcoxon's signed-rank test. Holm's correction for {tests} comparisons keeps the chance of any false alarm \
             at {:.0}%.",
            ALPHA * 100.0
        ));
    }
    if let Some(smallest) = comparison.smallest {
        let n = pair.gain.n;
        let corrected = comparison.smallest_adjusted.unwrap_or(1.0);
        out.push(if comparison.underpowered() {
            format!(
                "The smallest p that {} can reach is {} ({} after the correction): whatever the numbers, these seeds \
                 cannot show a difference. {} would be the fewest that can.",
                words::seeds(n),
                words::p_value(smallest),
                words::p_value(corrected),
                words::capitalised(&words::seeds(comparison.seeds_needed))
            )
        } else {
            format!(
                "The smallest p that {} can reach is {} ({} after the correction).",
                words::seeds(n),
                words::p_value(smallest),
                words::p_value(corrected)
            )
        });
    }
    let excluded: usize = comparison.pairs.iter().map(|p| p.excluded).max().unwrap_or(0);
    if excluded > 0 {
        out.push(format!(
            "Up to {} of a pair lack a result and are left out of its comparison.",
            words::seeds(excluded)
        ));
    }
    if comparison.pairs.iter().any(|p| p.diverged > 0) {
        out.push(
            "Seeds that diverged are left out of the lead, which needs numbers; Wilcoxon's test, seeds won and the \
             probability of improvement count them as the worst result there is."
                .to_owned(),
        );
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
