//! Chosen configurations on the seeds that chose them, with intervals that include the choice.

use spec::stages::Stage;
use stats::choice::{AfterSelection, SIMULATED};

use super::{described, interval};
use crate::analysis::{Analysis, Config, Criterion};
use crate::number;
use crate::page::table::{Cell, Table};
use crate::text::{self, capitalised};

/// Each chosen configuration by its tuning seeds: the interval of its mean, and the interval that
/// includes the choice. No rows if no label has one.
pub fn choice_table(analysis: &Analysis) -> Table {
    let evaluation = &analysis.evaluation;
    let mean = format!("#{}", capitalised(&evaluation.averaged_name()));
    let mut table = Table::new(&[
        "Optimizer",
        "Chosen configuration",
        &mean,
        "#95% interval",
        "#95% interval with the choice",
        "#Chosen again",
    ]);
    for (config, found) in rows(analysis) {
        table.rows.push(vec![
            Cell::label(&analysis.plan.optimizers[config.label].label, config.label),
            Cell::text(described(analysis, config)),
            Cell::number(Some(found.mean), |mean| evaluation.format(mean)),
            interval(evaluation, &config.judged),
            with_choice(evaluation, found),
            Cell::number(Some(found.again), again),
        ]);
    }
    table
}

fn rows(analysis: &Analysis) -> impl Iterator<Item = (&Config, &AfterSelection)> {
    let both = analysis.tuned.iter().zip(analysis.after_selection());
    both.filter_map(|(config, found)| Some((&analysis.configs[(*config)?], found.as_ref()?)))
}

fn with_choice(of: &Criterion, found: &AfterSelection) -> Cell {
    let (least, most) = text::ends(of);
    let (low, high) = (found.interval.0.max(least), found.interval.1.min(most));
    Cell::number(Some(low), |low| text::range(of, low, high)).parts(
        "lower end",
        "upper end",
        Some(high),
    )
}

/// `87%`; `over 99%` for a share below 1 that would round to 100%.
fn again(share: f64) -> String {
    let whole = (100.0 * share).round() == 100.0 && share < 1.0;
    if whole { "over 99%".to_owned() } else { format!("{:.0}%", 100.0 * share) }
}

/// The meaning of the table, with the simulated coverage of its intervals.
pub fn choice_text(analysis: &Analysis) -> Vec<String> {
    let shown = rows(analysis).count();
    if shown == 0 {
        return Vec::new();
    }
    let mut what = format!(
        "The interval with the choice allows for the chance in the choice: each of {} resamples of the seeds, the same for \
         all configurations of an optimizer, chooses again. Its centre is the mean minus the optimism (how much better a \
         resample's choice looks there than on all seeds), and its width follows from how much that varies; it may be \
         narrower than the usual interval.",
        number::count(stats::RESAMPLES as u64)
    );
    let without = analysis.tuned.len() - shown;
    if without > 0 {
        what.push_str(
            " An optimizer has none if it was tried with one configuration, if rungs cut its configurations or its grid \
             grew, or if a seed of the chosen one diverged or has no result.",
        );
    }
    let [few, more] = SIMULATED;
    let simulated = format!(
        "In simulations with normal values and 5 or 25 configurations it contained the true mean of the chosen one in {} \
         of cases at {} seeds and in {} at {}; with equally good configurations the usual interval did so in as few as {} \
         and {}.",
        percent(few.with_choice),
        few.seeds,
        percent(more.with_choice),
        more.seeds,
        text::percent(few.usual),
        text::percent(more.usual)
    );
    let stronger = match (&analysis.plan.confirm, analysis.judging()) {
        (Some(_), Stage::Confirm) => {
            "The fresh seeds above are the stronger evidence; this is the evidence of the tuning seeds alone."
        }
        (Some(_), Stage::Tuning) => "The fresh seeds of [confirm] will be the stronger evidence.",
        (None, _) => "Fresh seeds, which [confirm] trains, are the stronger evidence.",
    };
    vec![what, format!("{simulated} {stronger}")]
}

/// `95 to 98%`.
fn percent((least, most): (f64, f64)) -> String {
    format!("{} to {}", text::percent(least).trim_end_matches('%'), text::percent(most))
}
