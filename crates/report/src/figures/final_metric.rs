//! The metric of the last epoch, a row a label: single seeds, mean and interval.

use crate::analysis::{Analysis, Config, Goal, Measured};
use crate::escape;
use crate::figures::ink::Ink;
use crate::figures::points::Points;
use crate::figures::rows::{Row, Rows};
use crate::figures::{Figure, axes, shown, spread};
use crate::number;
use crate::page::words::capitalised;
use crate::stats::{Estimate, estimate};

/// The figure; none before any run has finished.
pub fn figure(analysis: &Analysis, _: &Points) -> Option<Figure> {
    let rows = series(analysis)?;
    let judged = &analysis.judge;
    let apart = if judged.split == analysis.goal.split {
        format!(
            "Configurations were chosen by this very metric, so the best of them flatters itself ({}).",
            judged.name()
        )
    } else {
        format!(
            "Configurations were chosen by {}, which has no part in this figure.",
            analysis.goal.name()
        )
    };
    let diverged = rows.rows.iter().flat_map(|r| &r.dots).any(|(v, _)| v.is_infinite());
    Some(Figure {
        heading: match judged.measured {
            Measured::Last => "After the last epoch: every seed",
            Measured::Best => "At the best epoch: every seed",
            Measured::Reached => "How soon the target was reached: every seed",
        },
        caption: format!(
            "{}, each optimizer at its best configuration, the best on top: {}. Dots are \
             single seeds, moved up where they would cover each other{}.{} {apart}",
            capitalised(&judged.measured_name()),
            spread::words_of(analysis, judged_estimates(analysis), "bars"),
            match (diverged, judged.reached()) {
                (false, _) => "",
                (true, false) => "; crosses are seeds that diverged and are in no mean",
                (true, true) => "; crosses are seeds that never got there and are in no mean",
            },
            super::without_result(analysis)
        ),
        reading: "Each dot is one training run from its own random start. Dots of one row that lie close together say \
                  that the result hardly depends on chance; two optimizers whose dots mix cannot be told apart by a \
                  single run. The bar says where the mean of many more seeds may lie.",
        ink: Ink::Rows(rows),
        variant_of: None,
    })
}

/// Of the chosen configurations with a completed run.
fn judged_estimates(analysis: &Analysis) -> Vec<Estimate> {
    shown(analysis).iter().map(|config| config.judged).collect()
}

/// The data: one row a label that has a planned run.
pub fn series(analysis: &Analysis) -> Option<Rows> {
    if shown(analysis).is_empty() {
        return None;
    }
    let judged = &analysis.judge;
    // As they are ranked, those without a result last.
    let ranked = analysis.ranked();
    let rest = analysis.best.iter().flatten().filter(|i| !ranked.contains(i));
    let order = ranked.iter().chain(rest).map(|&i| &analysis.configs[i]);
    let rows: Vec<Row> = order.map(|config| row(analysis, judged, config)).collect();
    let values: Vec<f64> = rows.iter().flat_map(|r| r.dots.iter().map(|(v, _)| *v)).collect();
    if values.iter().all(|v| v.is_infinite()) {
        return None;
    }
    let bands: Vec<(f64, f64)> = rows.iter().filter_map(|r| r.interval).collect();
    let x = axes::of_metric(&judged.metric, &values, &bands);
    let spacing = axes::spacing(&x);
    Some(Rows {
        lines: Vec::new(),
        title: capitalised(&judged.measured_name()),
        subtitle: format!(
            "{}; dots: single seeds",
            capitalised(&spread::words_of(analysis, judged_estimates(analysis), "bars"))
        ),
        x_label: format!("{}{spacing}", judged.name()),
        x,
        rows,
    })
}

fn row(analysis: &Analysis, judged: &Goal, config: &Config) -> Row {
    let run = analysis.planned(config);
    let dots: Vec<(f64, String)> = config
        .runs
        .iter()
        .filter_map(|&r| {
            // A run that diverged, or never got there, has the worst value that there is.
            let value = judged.outcome(&analysis.rows[r])?;
            Some((value, format!("seed {}", analysis.plan.runs[r].spec.seed)))
        })
        .collect();
    let e = estimate(dots.iter().map(|(v, _)| *v).filter(|v| v.is_finite()));
    let interval = spread::band(analysis.plan.report.band, &judged.metric, &e);
    let text = match (e.mean, interval) {
        (Some(mean), Some((low, high))) => format!(
            "{} ({}\u{2013}{})",
            judged.format(mean),
            judged.format(low).trim_end_matches('%'),
            judged.format(high)
        ),
        (Some(mean), None) => judged.format(mean),
        (None, _) if config.counts.diverged > 0 => "diverged".to_owned(),
        (None, _) => "no result".to_owned(),
    };
    let counts = config.counts;
    let lost = counts.without_result();
    let mut notes = vec![format!("lr {}", number::brief(run.spec.optimizer.lr()))];
    if counts.diverged > 0 {
        notes.push(format!("{} of {} seeds diverged", counts.diverged, counts.planned));
    }
    if lost > 0 {
        notes.push(format!("{lost} of {} without a result", counts.planned));
    }
    Row {
        series: config.label,
        label: escape::line(&run.label),
        dots,
        mean: e.mean,
        interval,
        text,
        note: notes.join(", "),
    }
}
