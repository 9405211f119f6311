//! The time to the target.

use crate::analysis::{Analysis, Clock};
use crate::page::table::{Cell, Table};
use crate::text;
use spec::grain::Grain;

/// One row per label; empty if the plan has no target value.
pub fn time_to_target_table(analysis: &Analysis) -> Table {
    // A function has steps and no samples.
    let fastest = match analysis.evaluation.function {
        true => "#Fastest of its configurations, median steps",
        false => "#Fastest of its configurations, median samples",
    };
    let mut table = Table::new(&[
        "Optimizer",
        "Configuration",
        "#Runs that reached it",
        "#Median epochs",
        "#Median samples",
        "#Median steps",
        "#Median training time",
        fastest,
        "Which",
    ]);
    let Some(time_to_target) = analysis.time_to_target() else { return table };
    for label_times in &time_to_target.by_label {
        let config = &analysis.configs[label_times.config];
        let time =
            |clock: Clock, value: Option<f64>| Cell::number(value, |v| text::bare_time(clock, v));
        let [epochs, samples, steps, seconds] = label_times.medians;
        table.rows.push(vec![
            Cell::label(&analysis.planned(config).label, config.label),
            Cell::text(analysis.describe(config)),
            Cell::number(Some(label_times.reached as f64), |_| {
                format!("{} of {}", label_times.reached, label_times.runs)
            })
            .of(label_times.runs),
            time(Clock::Epochs, epochs.filter(|_| analysis.evaluation.grain == Grain::Epochs)),
            time(Clock::Samples, samples.filter(|_| !analysis.evaluation.function)),
            time(Clock::Steps, steps),
            time(Clock::Seconds, seconds.filter(|_| time_to_target.seconds_differ.is_none())),
            time(Clock::Samples, label_times.fastest.map(|f| f.1)),
            Cell::text(
                label_times.fastest.map_or("\u{2013}".to_owned(), |(i, _)| {
                    analysis.describe(&analysis.configs[i])
                }),
            ),
        ]);
    }
    table.without_empty()
}

/// The meaning of the table, or the reason why there is none.
pub fn time_to_target_text(analysis: &Analysis) -> Vec<String> {
    let target = &analysis.plan.target;
    let Some(time_to_target) = analysis.time_to_target() else {
        return match target.value {
            Some(_) => Vec::new(),
            None => vec![format!(
                "The sweep file names no value to reach, so there is no time to target: add value = ... to [target] \
                 (metric {}).",
                target.path()
            )],
        };
    };
    let seeds = time_to_target.by_label.iter().map(|r| r.runs).max().unwrap_or(0);
    let needed = match seeds {
        0 | 1 => String::new(),
        n => format!(", so a median over {} needs {} that did", text::seeds(n), n / 2 + 1),
    };
    let mut out = vec![format!(
        "Training until {} was first measured, {}; evaluation time is not counted. A run that never reached the target \
         counts as infinite{needed}.{}",
        text::target_of(analysis),
        analysis.evaluation.grain.pick("at the end of an epoch", "each time a run is evaluated"),
        match analysis.evaluation.function {
            true => "",
            false => " Where batches differ in size, samples can be compared, steps cannot.",
        }
    )];
    out.extend(time_to_target.seconds_differ.clone());
    let tried = |r: &crate::analysis::LabelTimes| {
        r.fastest.is_some() && analysis.tried(analysis.configs[r.config].label).count() > 1
    };
    if time_to_target.by_label.iter().any(tried) {
        out.push(
            "The fastest of an optimizer's configurations was chosen by the very number shown, which flatters it, the more \
             so the more were tried."
                .to_owned(),
        );
    }
    out
}
