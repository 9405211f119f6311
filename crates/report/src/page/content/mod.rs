//! Tables and sentences of the report, before they are HTML or Markdown.

mod choice;
mod claim;
mod comparison;
mod confirmation;
mod failed;
mod fairness;
mod growth;
mod landscape;
mod ledger;
mod looks;
mod provenance;
mod repeats;
mod rungs;
mod time_to_target;

use crate::analysis::{Advice, Analysis, Config, Criterion, Measured};
use crate::best::{BestRow, rows_of};
use crate::derived::Derived;
use crate::escape;
use crate::number;
use crate::page::headline;
use crate::page::table::{Cell, Table};
use crate::text::{self, capitalised};
use spec::metric::Metric;
use stats::{Estimate, Method};

pub use choice::{choice_table, choice_text};
pub use claim::{claim_table, claim_text};
pub use comparison::{comparison_table, comparison_text};
pub use confirmation::{confirmation_table, confirmation_text, stages_text};
pub use failed::{diverged_table, failure_table};
pub use fairness::fairness;
pub use landscape::{landscape_answer, landscape_table, landscape_text};
pub use ledger::{grid_table, ledger_table, ledger_text, spent_text};
pub use provenance::provenance;
pub use repeats::{repeats_table, repeats_text};
pub use time_to_target::{time_to_target_table, time_to_target_text};

/// `97.91% ± 0.05`: mean and standard deviation, the latter in points for accuracies.
pub fn mean_sd(metric: Metric, e: &Estimate) -> Cell {
    Cell::number(e.mean, |mean| {
        let sd = e.sd.map_or(String::new(), |sd| match metric.is_percentage() {
            true => format!(" \u{b1} {:.2}", sd * 100.0),
            false => format!(" \u{b1} {}", metric.format_difference(sd, 2)),
        });
        format!("{}{sd}", metric.format(mean))
    })
    .parts("mean", "standard deviation", e.sd)
}

/// `97.85–97.97%`; the cell sorts by the lower end.
fn interval(of: &Criterion, e: &Estimate) -> Cell {
    let interval = text::interval_of(of, e);
    Cell::number(interval.map(|i| i.low), |_| text::interval(of, e).unwrap_or_default()).parts(
        "lower end",
        "upper end",
        interval.map(|i| i.high),
    )
}

/// Methods of the intervals of a table: `Student's t`, `BCa bootstrap`; `None` without intervals.
pub fn interval_methods<'a>(estimates: impl Iterator<Item = &'a Estimate>) -> Option<String> {
    let mut names: Vec<String> =
        estimates.filter_map(|e| Some(e.interval?.method.name().to_owned())).collect();
    names.sort();
    names.dedup();
    (!names.is_empty()).then(|| text::list(&names))
}

/// One row per label, at its chosen configuration.
pub fn best_table(analysis: &Analysis) -> Table {
    let (selection, evaluation) = (&analysis.selection, &analysis.evaluation);
    let same = selection.path() == evaluation.path();
    let judged = mean_head(analysis, evaluation);
    let by = format!("#Chosen by: {}", selection.name());
    let training = training_loss(selection);
    let reached = "#Reached the target";
    let mut table = Table::new(&[
        "Optimizer",
        "Chosen configuration",
        "#Chosen from",
        "#Seeds",
        &judged,
        "#95% interval",
        "#Median",
        "#IQM",
        reached,
        "#Bits per character",
        "#Perplexity",
        &by,
        test_accuracy(selection),
        training,
        "#Training time a run",
        "Note",
    ]);
    let front = headline::front(analysis);
    let chosen = analysis.best.iter().flatten().map(|&i| &analysis.configs[i]);
    for (config, row) in chosen.zip(rows_of(analysis)) {
        let label = config.label;
        let is_first = front.contains(&label);
        let value = |x: Option<f64>| Cell::number(x, |x| evaluation.format(x));
        // Two seeds have no middle half.
        let iqm = row.judged.iqm.filter(|_| row.judged.n > 2);
        table.rows.push(vec![
            Cell::label(&row.label, label).strong(is_first),
            // Of runs without any result none could be chosen.
            match row.target.mean.is_none() && row.counts.completed == 0 {
                true => Cell::text("\u{2013}"),
                false => Cell::text(described(analysis, config)),
            },
            Cell::count(row.chosen_from),
            Cell::number(Some(row.counts.completed as f64), |_| {
                format!("{}/{}", row.counts.completed, row.counts.planned)
            })
            .parts("completed", "planned", Some(row.counts.planned as f64)),
            mean_sd(evaluation.metric, &row.judged).strong(is_first),
            interval(evaluation, &row.judged),
            median(
                evaluation,
                row.judged_median.filter(|_| row.counts.results() > 2 || evaluation.reached()),
            ),
            value(iqm),
            match evaluation.reached() {
                true => Cell::number(Some(row.judged.n as f64), |_| {
                    format!("{} of {}", row.judged.n, row.counts.results())
                })
                .parts("reached", "of runs", Some(row.counts.results() as f64)),
                false => Cell::default(),
            },
            derived(Derived::BitsPerCharacter, analysis, config),
            derived(Derived::Perplexity, analysis, config),
            if same { Cell::default() } else { mean_sd(selection.metric, &row.target) },
            if evaluation.path() == "test.accuracy" && evaluation.measured == Measured::Last {
                Cell::default()
            } else {
                mean_sd(Metric::ACCURACY, &row.test_accuracy)
            },
            if selection.path() == "train.loss" {
                Cell::default()
            } else {
                mean_sd(Metric::LOSS, &row.train_loss)
            },
            Cell::number(row.train_seconds.mean, number::seconds),
            Cell::text(note(&row)),
        ]);
    }
    table.without_empty()
}

fn derived(of: Derived, analysis: &Analysis, config: &Config) -> Cell {
    Cell::number(of.judged(analysis, config), |x| number::significant(x, 4))
}

/// The head of a column of means over seeds; one seed has no spread.
fn mean_head(analysis: &Analysis, of: &Criterion) -> String {
    let spread = if analysis.seeds().len() > 1 { ", mean \u{b1} sd" } else { "" };
    format!("#{}{spread}", capitalised(&of.name()))
}

/// The head of the column of training losses.
fn training_loss(selection: &Criterion) -> &'static str {
    match (selection.function, selection.measured) {
        (true, _) => "#Mean value in the last epoch",
        (false, Measured::Reached) => "#Training loss at the end",
        (false, Measured::Best) => selection
            .grain
            .pick("#Training loss of the last epoch", "#Training loss of the last steps"),
        (false, Measured::Last) => "#Training loss",
    }
}

/// The head of the column of test accuracies.
fn test_accuracy(selection: &Criterion) -> &'static str {
    match selection.measured {
        Measured::Reached => "#Test accuracy at the end",
        Measured::Best => selection
            .grain
            .pick("#Test accuracy after the last epoch", "#Test accuracy after the last step"),
        Measured::Last => "#Test accuracy",
    }
}

/// A median that counts runs that diverged or never reached the target as the worst.
fn median(evaluation: &Criterion, value: Option<f64>) -> Cell {
    Cell::number(value, |m| match m.is_finite() || evaluation.reached() {
        true => evaluation.format(m),
        false => "diverged".to_owned(),
    })
}

/// The values to add to each axis of a grid, as text.
pub(super) fn to_add(advice: &[Advice]) -> String {
    advice.iter().map(text::to_add).collect::<Vec<_>>().join("; ")
}

/// A configuration with its schedule, unless that is constant or one of the axes: `lr 0.01,
/// cosine`.
pub fn described(analysis: &Analysis, config: &Config) -> String {
    let run = analysis.planned(config);
    let text = escape::line(&analysis.describe(config));
    match run.spec.schedule.kind() {
        kind if kind == "constant" || run.axes.contains_key("schedule.kind") => text,
        kind => format!("{text}, {kind}"),
    }
}

fn note(row: &BestRow) -> String {
    let mut notes = Vec::new();
    if row.tied > 1 {
        notes.push(format!("one of {} equally good", row.tied));
    }
    notes.extend(row.advice.iter().map(text::to_add));
    if row.counts.diverged > 0 {
        notes.push(format!("{} of {} seeds diverged", row.counts.diverged, row.counts.planned));
    }
    if row.counts.without_result() > 0 {
        notes.push(format!(
            "{} of {} seeds have no result",
            row.counts.without_result(),
            row.counts.planned
        ));
    }
    notes.join("; ")
}

/// The meaning of the table of chosen configurations, in paragraphs.
pub fn best_text(analysis: &Analysis) -> Vec<String> {
    let evaluation = &analysis.evaluation;
    let unit = if evaluation.metric.is_percentage() {
        ", in percentage points for accuracies"
    } else {
        ""
    };
    let best = || analysis.best.iter().flatten().map(|&i| &analysis.configs[i]);
    let held_out = analysis.configs.iter().any(|c| c.validation_loss.is_some());
    let mut out = vec![chosen_text(analysis, held_out)];
    let enough = best().any(|c| c.counts.completed > 2);
    let methods = interval_methods(best().map(|c| &c.judged)).map_or_else(
        || match evaluation.reached() && enough {
            true => "intervals need three seeds that reached the target".to_owned(),
            false => "intervals need three seeds".to_owned(),
        },
        |m| format!("intervals are 95% intervals of the mean by {m}"),
    );
    let (worst, left_out) = match evaluation.reached() {
        true => (
            "never reached the target",
            "; mean, interval and IQM of the time to the target are of those that reached it",
        ),
        false => ("diverged", ""),
    };
    let resampled = best().any(|c| c.judged.interval.is_some_and(|i| i.method == Method::Bca));
    // Only what the table shows is explained.
    let mut parts = Vec::new();
    let deviates = |c: &Config| {
        [&c.judged, &c.selection, &c.test_accuracy, &c.train_loss].iter().any(|e| e.sd.is_some())
    };
    if best().any(deviates) {
        parts.push(format!("\u{b1} is the standard deviation between seeds{unit}"));
    }
    parts.push(methods);
    if best().any(|c| c.counts.results() > 2 || evaluation.reached()) {
        parts.push(format!("the median counts a seed that {worst} as the worst result"));
    }
    if best().any(|c| c.judged.n > 2) {
        parts.push(format!("IQM is the mean of the middle half of the seeds{left_out}"));
    }
    out.push(format!("{}.", capitalised(&parts.join("; "))));
    if resampled {
        out.push(
            "Bootstrap intervals are too short for few seeds: in simulations with normal values, 95% BCa intervals \
             contained the true mean in 90% of cases at 10 seeds and in 92% at 20. Conclusions rest on the tests, not on \
             the intervals."
                .to_owned(),
        );
    }
    out
}

/// The sentences on the choice and the judgement of configurations.
fn chosen_text(analysis: &Analysis, held_out: bool) -> String {
    let (selection, evaluation) = (&analysis.selection, &analysis.evaluation);
    let most = if selection.higher_is_better() { "highest" } else { "lowest" };
    // The validation loss breaks no ties if it is missing or is itself the selection metric.
    let loss = held_out && selection.path() != "validation.loss";
    let ties = if loss {
        "Ties go to the lower validation loss, then to the learning rate nearest the middle of those tied"
    } else {
        "Ties go to the learning rate nearest the middle of those tied"
    };
    let seeds = if analysis.plan.confirm.is_some() { "the seeds that choose" } else { "seeds" };
    match selection.measured {
        Measured::Reached => format!(
            "Each optimizer\u{2019}s configuration is the one with the fewest {} in the median over {seeds}, then the one with \
             which more seeds reached it; a run that diverged or never reached the target counts as infinite. {ties}. The \
             same numbers judge. Values measured at the end of training are shown beside them, without a verdict.",
            selection.name()
        ),
        Measured::Best => format!(
            "Each run counts at its {} with the best {}. Each optimizer\u{2019}s configuration is the one with the {most} \
             mean of that over {seeds}; one with a diverged seed ranks below those without. {ties}. It is judged by {} after \
             the same {}.",
            selection.grain.unit(),
            selection.name(),
            evaluation.name(),
            selection.grain.unit()
        ),
        Measured::Last => format!(
            "Each optimizer\u{2019}s configuration is the one with the {most} mean {} after the last {} over {seeds}; one \
             with a diverged seed ranks below those without. {ties}. It is judged by {}.",
            selection.name(),
            selection.grain.unit(),
            evaluation.name()
        ),
    }
}

/// The notes on a configuration: chosen, added by growth, cut at a rung.
fn config_note(analysis: &Analysis, config: &Config, chosen: bool) -> String {
    let mut out: Vec<String> = Vec::new();
    if chosen {
        out.push("chosen".to_owned());
    }
    if analysis.was_added(config) {
        out.push("added by growth".to_owned());
    }
    out.extend(config.cut_at.map(|epoch| format!("cut at epoch {epoch}")));
    out.join(", ")
}

/// One row per configuration.
pub fn config_table(analysis: &Analysis) -> Table {
    let (selection, evaluation) = (&analysis.selection, &analysis.evaluation);
    let (chosen_by, judged) = (mean_head(analysis, selection), mean_head(analysis, evaluation));
    let mut table = Table::new(&[
        "Optimizer",
        "Stage",
        "Configuration",
        "#Learning rate",
        "Schedule",
        "#Completed",
        "#Diverged",
        "#Divergence rate",
        "#No result",
        &chosen_by,
        &judged,
        "#Median",
        training_loss(selection),
        "#Training time a run",
        "Note",
    ]);
    for (i, config) in analysis.configs.iter().enumerate() {
        let run = analysis.planned(config);
        let best = analysis.is_chosen(i);
        let lr = run.spec.optimizer.lr();
        let count = |n: usize| Cell::number((n > 0).then_some(n as f64), |_| n.to_string());
        let with_result = config.counts.results();
        let rate = config.counts.diverged as f64 / with_result.max(1) as f64;
        let rate = (config.counts.diverged > 0).then_some(rate);
        table.rows.push(vec![
            Cell::label(&run.label, config.label).strong(best),
            Cell::text(if config.stage.is_tuning() { "" } else { "fresh" }),
            Cell::text(analysis.describe(config)),
            Cell::number(Some(lr), number::short),
            Cell::text(run.spec.schedule.kind()),
            Cell::number(Some(config.counts.completed as f64), |_| {
                format!("{}/{}", config.counts.completed, config.counts.planned)
            })
            .parts("runs", "of planned", Some(config.counts.planned as f64)),
            count(config.counts.diverged),
            Cell::number(rate, |r| format!("{:.0}%", r * 100.0)),
            count(config.counts.without_result()),
            mean_sd(selection.metric, &config.selection).strong(best),
            if selection.path() == evaluation.path() {
                Cell::default()
            } else {
                mean_sd(evaluation.metric, &config.judged)
            },
            median(evaluation, config.judged_median),
            if selection.path() == "train.loss" {
                Cell::default()
            } else {
                mean_sd(Metric::LOSS, &config.train_loss)
            },
            Cell::number(config.train_seconds.mean, number::seconds),
            Cell::text(config_note(analysis, config, best)),
        ]);
    }
    // Where configurations differ in their learning rate alone, its column says it all.
    if analysis.configs.iter().all(|c| !analysis.describe(c).contains(',')) {
        table = table.without("Configuration");
    }
    table.without_empty()
}
