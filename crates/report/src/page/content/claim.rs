//! The claim that a sweep file declares, with the evidence of the seeds.

use spec::claim::ClaimTest;
use spec::stages::Stage;

use crate::analysis::{Analysis, Claimed, Claims};
use crate::number;
use crate::page::content::{described, mean_sd};
use crate::page::table::{Cell, Table};
use crate::plural;
use crate::text::{self, capitalised};
use stats::Estimate;
use stats::claim::MOST_SEEDS;

/// One row per label; empty if the plan has no claim.
pub fn claim_table(analysis: &Analysis, claims: Option<&Claims>) -> Table {
    let Some(claims) = claims else { return Table::new(&[]) };
    let criterion = &claims.criterion;
    let mean = format!("#{}, mean \u{b1} sd", capitalised(&criterion.name()));
    let beyond = format!("#{} the target by", capitalised(side(claims)));
    let statistic = match claims.asked.test {
        ClaimTest::T => "#t".to_owned(),
        ClaimTest::Z => "#z".to_owned(),
        ClaimTest::Sign => format!("#Seeds {} the target", side(claims)),
    };
    let mut table = Table::new(&[
        "Optimizer",
        "Chosen configuration",
        "Claim",
        &mean,
        &beyond,
        "#Seeds with a value",
        &statistic,
        "#p, one-sided",
        "#Fewest seeds that would carry it",
    ]);
    table.rows.extend(claims.claimed.iter().map(|claimed| row(analysis, claims, claimed)));
    table
}

fn row(analysis: &Analysis, claims: &Claims, claimed: &Claimed) -> Vec<Cell> {
    let (criterion, evidence) = (&claims.criterion, &claimed.evidence);
    let config = &analysis.configs[claimed.config];
    let estimate = Estimate {
        n: evidence.n - evidence.failed,
        mean: evidence.mean,
        sd: evidence.sd,
        ..Estimate::default()
    };
    let margin = evidence.mean.map(|mean| criterion.gain(mean, claims.asked.target));
    let scale = if criterion.metric.is_percentage() { 100.0 } else { 1.0 };
    let statistic = Cell::number(evidence.statistic, |x| match claims.asked.test {
        ClaimTest::Sign => format!("{x} of {}", evidence.n),
        _ => number::significant(x, 4).replace('-', "\u{2212}"),
    });
    vec![
        Cell::label(&analysis.planned(config).label, config.label).strong(evidence.carried),
        match config.counts.completed {
            0 => Cell::text("\u{2013}"),
            _ => Cell::text(described(analysis, config)),
        },
        Cell::text(verdict(claims, claimed)).strong(evidence.carried),
        mean_sd(criterion.metric, &estimate),
        Cell::number(margin.map(|x| x * scale), |x| {
            let text = criterion.metric.format_difference(x / scale, 3);
            let sign = if x < 0.0 { "\u{2212}" } else { "" };
            let unit = if criterion.metric.is_percentage() { " points" } else { "" };
            format!("{sign}{text}{unit}")
        }),
        Cell::number(Some(estimate.n as f64), |_| format!("{} of {}", estimate.n, evidence.n))
            .of(evidence.n),
        match claims.asked.test {
            ClaimTest::Sign => statistic.of(evidence.n),
            ClaimTest::T | ClaimTest::Z => statistic,
        },
        Cell::number(evidence.p, text::p_value).strong(evidence.carried),
        Cell::number(evidence.fewest.map(|n| n as f64), |n| number::count(n as u64)),
    ]
}

/// Returns the side of the target that the mean is claimed to be on.
fn side(claims: &Claims) -> &'static str {
    if claims.asked.above() { "above" } else { "below" }
}

fn verdict(claims: &Claims, claimed: &Claimed) -> String {
    let evidence = &claimed.evidence;
    let failed = failed(claimed);
    match (evidence.carried, failed.is_empty()) {
        (true, true) => "carried".to_owned(),
        (true, false) => format!("carried, though {failed}"),
        (false, false) => format!("not carried: {failed}"),
        (false, true) => match (claims.asked.test, evidence.mean, evidence.statistic) {
            (ClaimTest::Sign, _, Some(beyond)) => {
                format!("not carried: {beyond} of {} seeds {} the target", evidence.n, side(claims))
            }
            (_, Some(mean), _) if claims.criterion.gain(mean, claims.asked.target) <= 0.0 => {
                format!("not carried: the mean is not {} the target", side(claims))
            }
            (ClaimTest::T, ..) if evidence.equal => {
                "not carried: all seeds have the same value, so t is undefined".to_owned()
            }
            _ if evidence.p.is_some() => "not carried: p is above the level".to_owned(),
            _ => "not carried".to_owned(),
        },
    }
}

/// The text on seeds that have no value and so did not reach the target; empty without any.
fn failed(claimed: &Claimed) -> String {
    let of = claimed.evidence.n;
    let without = |n, what| format!("{} no {what}", plural::has_or_have(n));
    let all = [
        (claimed.diverged, "diverged".to_owned()),
        (claimed.without_result, without(claimed.without_result, "result")),
        (claimed.without_value, without(claimed.without_value, "value")),
    ];
    let parts: Vec<String> = all
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, what)| format!("{n} of {of} seeds {what}"))
        .collect();
    text::list(&parts)
}

/// The claim and the meaning of its table, in paragraphs; empty without a claim.
pub fn claim_text(analysis: &Analysis, claims: Option<&Claims>) -> Vec<String> {
    let Some(claims) = claims else { return Vec::new() };
    let (asked, criterion) = (&claims.asked, &claims.criterion);
    let epoch = claims.epoch(analysis);
    let level = number::short(asked.level);
    let (of, by) = match (asked.test, asked.sd) {
        (ClaimTest::T, _) => ("mean", "Student's t test of one sample".to_owned()),
        (ClaimTest::Sign, _) => ("median", "the exact sign test".to_owned()),
        (ClaimTest::Z, sd) => (
            "mean",
            format!(
                "the z test with a standard deviation between seeds of {}, which the sweep file declares as known",
                number::short(sd.unwrap_or(f64::NAN))
            ),
        ),
    };
    let mut out = vec![
        format!(
            "The sweep file claims that the {of} {} over seeds is {} {} after {} {epoch}, the same for all seeds. It is \
             carried where the one-sided p of {by} is at most {level}.",
            criterion.name(),
            side(claims),
            criterion.metric.format_given(asked.target),
            criterion.grain.unit(),
        ),
        format!(
            "A seed that diverged at any {} or has no result counts as one that did not reach the target and is never \
             left out{}. Mean and standard deviation are of the seeds with a value.",
            criterion.grain.unit(),
            match asked.test {
                ClaimTest::Sign => "",
                ClaimTest::T | ClaimTest::Z =>
                    ": it makes the mean infinitely bad, so there is no p and the claim is not carried",
            }
        ),
        format!(
            "The column of fewest seeds gives how many seeds would carry the claim with the {}; a dash means that no number up to {} would.",
            match asked.test {
                ClaimTest::T => "same mean and standard deviation",
                ClaimTest::Z => "same mean",
                ClaimTest::Sign => "same share of them on the right side",
            },
            number::count(MOST_SEEDS as u64)
        ),
    ];
    let tried: usize = claims
        .claimed
        .iter()
        .map(|c| analysis.tried(analysis.configs[c.config].label).count().max(1))
        .sum();
    if tried > 1 && analysis.judging() == Stage::Tuning {
        out.push(format!(
            "{} configurations were trained, and the best of each optimizer is judged by the seeds that chose it: if none \
             reaches the target, the chance that any carries the claim is at most {}, not {level}. Seeds that had no part \
             in the choice would judge it fairly.",
            number::count(tried as u64),
            number::rough((asked.level * tried as f64).min(1.0))
        ));
    }
    out.push(
        "A claim counts only if it was declared before its seeds were seen; this page shows the present claim and cannot \
         show when it was written.".to_owned(),
    );
    out
}
