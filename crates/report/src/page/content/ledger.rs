//! The fairness ledger: the budget of each optimizer, and its dependence on tuning.

use std::collections::BTreeSet;

use crate::analysis::{Analysis, Criterion, advice, robustness, spent, tuning};
use crate::number;
use crate::page::Report;
use crate::page::table::{Cell, Table};
use crate::plural;
use crate::superseded::Superseded;
use crate::text;
use spec::grain::Grain;
use spec::stages::Stage;

/// Configurations, runs, epochs, steps and seconds that each label spent, one row per label.
pub fn ledger_table(analysis: &Analysis) -> Table {
    let grain = analysis.evaluation.grain;
    let mut table = Table::new(&[
        "Optimizer",
        "#Configurations",
        "#Added by growth",
        "#Runs",
        "#Completed",
        "#Diverged",
        "#Cut",
        "#No result",
        "#Epochs trained",
        "#Optimizer steps",
        "#Training time",
        "#Device time",
        "#Share of device time",
        grain.pick("#Training time an epoch", "#Training time 1,000 steps"),
    ]);
    let (ledger, plan) = (spent(analysis), &analysis.plan);
    let (grows, cuts) = (plan.can_grow(), plan.tuning.is_some());
    let all: f64 = ledger.iter().map(|s| s.device_seconds).sum();
    for row in &ledger {
        let label = &analysis.plan.optimizers[row.label].label;
        let unknown = row.of_unknown_cost(analysis);
        let over = if unknown == 0 { "" } else { "over" };
        let device = |s: f64| [over, &number::seconds(s)].join(" ").trim_start().to_owned();
        table.rows.push(vec![
            Cell::label(label, row.label),
            Cell::count(row.configs),
            if grows { Cell::count(row.added) } else { Cell::default() },
            Cell::count(row.counts.planned),
            Cell::count(row.counts.completed),
            Cell::count(row.counts.diverged),
            if cuts { Cell::count(row.counts.cut) } else { Cell::default() },
            Cell::count(row.counts.without_result()),
            grain.pick(Cell::count(row.epochs as usize), Cell::default()),
            Cell::count(row.steps as usize),
            Cell::number(Some(row.train_seconds), number::seconds),
            Cell::number(Some(row.device_seconds), device).qualified(over),
            Cell::number((all > 0.0).then(|| row.device_seconds / all), |s| {
                format!("{:.0}%", s * 100.0)
            }),
            Cell::number(
                match grain {
                    Grain::Epochs => {
                        (row.epochs > 0).then(|| row.train_seconds / row.epochs as f64)
                    }
                    Grain::Steps => {
                        (row.steps > 0).then(|| 1e3 * row.train_seconds / row.steps as f64)
                    }
                },
                number::seconds,
            ),
        ]);
    }
    let table = if grows { table } else { table.without("Added by growth") };
    let table = if cuts { table } else { table.without("Cut") };
    grain.pick(table.clone(), table.without_empty())
}

/// Learning rates tried with each label, the range of good ones, and values to add; one row per
/// label.
pub fn grid_table(analysis: &Analysis) -> Table {
    let tolerance = text::percent(analysis.plan.report.tolerance);
    let within = format!("#Learning rates within {tolerance} of the best");
    let mut table = Table::new(&[
        "Optimizer",
        "#Tried",
        "#Learning rates tried",
        "#Best",
        &within,
        "#Decades",
        "#One at random, median",
        "#Chosen from all",
        "To add",
    ]);
    let evaluation = &analysis.evaluation;
    for label in 0..analysis.plan.optimizers.len() {
        let Some(best) = analysis.best[label].map(|i| &analysis.configs[i]) else { continue };
        let grid = analysis.lr_grid(label);
        let ends = |low: Option<f64>, high: Option<f64>, text: fn(f64) -> String| {
            let to = high.map_or(String::new(), |high| format!(" to {}", text(high)));
            let cell = Cell::number(low, |low| format!("{}{to}", text(low)));
            cell.parts("lowest", "highest", high)
        };
        let highest = grid.last().copied().filter(|_| grid.len() > 1);
        let robust = robustness(analysis, label);
        let range = robust.as_ref().map(|r| r.range);
        let open = robust.as_ref().is_some_and(|r| r.open.0 || r.open.1);
        let wide = robust.as_ref().and_then(|r| r.text());
        let curve = tuning(analysis, label);
        let has_value = best.counts.completed > 0;
        // Where nothing has a value, any pick diverges or never reaches the target.
        let several = analysis.tried(label).filter(|c| c.counts.results() > 0).count() > 1
            && analysis.tried(label).all(|config| config.cut_at.is_none());
        let hopeless = Some(evaluation.worst()).filter(|_| curve.is_none() && several);
        let judged =
            |x: Option<f64>| Cell::number(x.or(hopeless), |x| judge_or_worst(evaluation, x));
        table.rows.push(vec![
            Cell::label(&analysis.plan.optimizers[label].label, label),
            Cell::count(grid.len()),
            ends(grid.first().copied(), highest, number::brief),
            Cell::number(
                has_value.then(|| analysis.planned(best).spec.optimizer.lr()),
                number::brief,
            ),
            match (range, &wide) {
                (Some(_), None) => {
                    let rate = analysis.planned(best).spec.optimizer.lr();
                    let alone = |rate| format!("{} alone", number::brief(rate));
                    Cell::number(Some(rate), alone).parts("lowest", "highest", Some(rate))
                }
                _ => ends(range.map(|r| r.0), range.map(|r| r.1), number::brief),
            },
            Cell::number(robust.as_ref().filter(|_| wide.is_some()).map(|r| r.decades()), |_| {
                wide.clone().unwrap_or_default()
            })
            .qualified(if open && wide.is_some() { "at least" } else { "" }),
            judged(curve.as_ref().and_then(|c| Some(c.points.first()?.median))),
            judged(curve.as_ref().and_then(|c| Some(c.points.last()?.median))),
            Cell::text(super::to_add(&advice(analysis, best))),
        ]);
    }
    table.without_empty()
}

/// Returns a value as text; the meaning of an infinite one.
fn judge_or_worst(evaluation: &Criterion, x: f64) -> String {
    match (x.is_finite(), evaluation.reached()) {
        (true, _) => evaluation.format(x),
        (false, true) => "never".to_owned(),
        (false, false) => "diverged".to_owned(),
    }
}

/// The sentence on the cost of choosing and of judging; `None` if the same seeds do both.
fn by_stage(analysis: &Analysis) -> Option<String> {
    if analysis.judging() == Stage::Tuning {
        return None;
    }
    let of = |stage: Stage| {
        let runs = analysis.plan.runs.iter().zip(&analysis.rows);
        let rows: Vec<_> = runs.filter(|(run, _)| run.stage == stage).map(|(_, row)| row).collect();
        let seconds: f64 = rows
            .iter()
            .map(|row| row.train_seconds.unwrap_or(0.0) + row.eval_seconds.unwrap_or(0.0))
            .sum();
        format!("{} and {}", plural::grouped(rows.len(), "run"), number::seconds(seconds))
    };
    Some(format!(
        "Choosing the configurations took {} of device time, judging them on fresh seeds {}.",
        of(Stage::Tuning),
        of(Stage::Confirm)
    ))
}

/// The sentence on the cost of replaced decisions; empty if they cost nothing.
fn superseded_text(cost: &Superseded) -> Vec<String> {
    if cost.is_empty() {
        return Vec::new();
    }
    let (decisions, were) =
        (plural::count(cost.decisions, "earlier decision"), plural::was_or_were(cost.decisions));
    vec![format!(
        "{decisions} on the stages {were} replaced. Runs that only they needed are in no other number here: {}, {} and {} \
         of device time.",
        plural::grouped(cost.runs, "run"),
        plural::grouped(cost.epochs, "epoch"),
        number::seconds(cost.device_seconds),
    )]
}

/// The meaning of the two tables, and inequalities in them.
pub fn ledger_text(analysis: &Analysis) -> Vec<String> {
    let ledger = spent(analysis);
    let mut out = Vec::new();
    let configs: BTreeSet<usize> = ledger.iter().map(|s| s.configs).collect();
    if let (Some(fewest), Some(most), true) = (configs.first(), configs.last(), configs.len() > 1) {
        out.push(format!(
            "Optimizers were tried with different numbers of configurations ({fewest} to {most}): the best of many has \
             had more chances than the best of few."
        ));
    } else if let (Some(n), true) = (configs.first(), ledger.len() > 1) {
        out.push(format!(
            "Every optimizer was tried with equally many configurations ({n}), so none had more chances than another."
        ));
    }
    out.extend(super::growth::growth_text(analysis));
    let unknown: usize = ledger.iter().map(|s| s.of_unknown_cost(analysis)).sum();
    if unknown > 0 {
        out.push(format!(
            "{unknown} runs ended without a result; their cost is not known and not counted."
        ));
    }
    out.push(
        "Device time covers training and evaluation of all configurations and seeds, including those not chosen: the cost \
         of finding the result."
            .to_owned(),
    );
    out.extend(by_stage(analysis));
    if (0..analysis.plan.optimizers.len()).any(|l| robustness(analysis, l).is_some()) {
        out.push(format!(
            "A learning rate counts as good as the best if its {} {} is within {} of the best value and no seed diverged; \
             between the rates tried the value is interpolated linearly in the logarithm of the rate. \u{201c}At \
             least\u{201d} means that the range ends only because no rate beyond it was tried. Rates that were tried with \
             different other values, as in a random search, cannot be compared and have no range.",
            if analysis.selection.reached() { "median number of" } else { "mean" },
            analysis.selection.name(),
            text::percent(analysis.plan.report.tolerance)
        ));
    }
    out
}

/// The meaning of the ledger: inequalities, the effects of growth and rungs, and the cost of
/// replaced decisions.
pub fn spent_text(report: &Report) -> Vec<String> {
    let mut out = ledger_text(&report.analysis);
    out.extend(super::rungs::rungs_text(&report.analysis, report.hindsight.as_ref()));
    out.extend(superseded_text(&report.superseded));
    out
}
