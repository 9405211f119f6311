//! Chosen configurations on the seeds that chose them, with intervals that include the choice.

use spec::stages::Stage;
use stats::choice::{AfterSelection, SIMULATED};

use super::{described, interval};
use crate::analysis::{Analysis, Config, Criterion};
use crate::number;
use crate::page::table::{Cell, Table};
use crate::text::{self, capitalised};

/// Each chosen configuration by its tuning seeds: the interval of its mean, and that which
/// includes the choice. Without rows where no label has one.
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

/// `87%`; never all where it is not all.
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
        "The interval with the choice accounts for a choice that might have fallen otherwise: each of {} resamples of the \
         seeds, the same for all configurations of an optimizer, chooses again. Its centre is the mean less the optimism, by \
         how much what a resample chooses is better there than on all seeds, and its width is how much that varies, which may \
         be less than usual, too.",
        number::count(stats::RESAMPLES as u64)
    );
    let without = analysis.tuned.len() - shown;
    if without > 0 {
        what.push_str(
            " Optimizers that were tried with one configuration, or whose chosen one has a seed that diverged or has no \
             result, have none.",
        );
    }
    let [few, more] = SIMULATED;
    let simulated = format!(
        "In simulations with normal values and 5 or 25 configurations it held the true mean of the chosen one in {} of cases \
         at {} seeds and in {} at {}; of equally good ones the usual interval did in as few as {} and {}.",
        percent(few.with_choice),
        few.seeds,
        percent(more.with_choice),
        more.seeds,
        text::percent(few.usual),
        text::percent(more.usual)
    );
    let stronger = match (&analysis.plan.confirm, analysis.judging()) {
        (Some(_), Stage::Confirm) => {
            "The fresh seeds above are the stronger answer; this is what the tuning seeds alone could tell."
        }
        (Some(_), Stage::Tuning) => "The fresh seeds of [confirm] will be the stronger answer.",
        (None, _) => "Fresh seeds, which [confirm] trains, are the stronger answer.",
    };
    vec![what, format!("{simulated} {stronger}")]
}

/// `95 to 98%`.
fn percent((least, most): (f64, f64)) -> String {
    format!("{} to {}", text::percent(least).trim_end_matches('%'), text::percent(most))
}
