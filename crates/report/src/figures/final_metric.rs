//! The results of each label's runs, one row per label: single seeds, mean and interval, or the
//! median where runs stop at the target.

use spec::report_settings::Band;

use crate::analysis::{Analysis, Config, Criterion, Measured};
use crate::escape;
use crate::figures::points::Points;
use crate::figures::{Figure, axes, bands, shown, text};
use crate::number;
use crate::text::capitalised;
use plot::FigureData;
use plot::rows::{Row, Rows};
use stats::{Estimate, estimate};

/// The advice on reading the dots of runs that have a mean.
macro_rules! dots {
    () => {
        "Each dot is one training run from its own random start. Dots of one row that are close together mean that \
         the result hardly depends on chance; two optimizers whose dots mix cannot be told apart by a single run."
    };
}

/// The figure; `None` before any run has finished.
pub fn figure(analysis: &Analysis, _: &Points) -> Option<Figure> {
    let rows = series(analysis)?;
    let judged = &analysis.evaluation;
    let apart = if judged.split == analysis.selection.split {
        format!(
            "Configurations were chosen by this very {}, which flatters the best of them.",
            if judged.reached() { "number" } else { "metric" }
        )
    } else {
        format!(
            "Configurations were chosen by {}, which has no part in this figure.",
            analysis.selection.name()
        )
    };
    let crosses = rows.rows.iter().flat_map(|r| &r.dots).any(|(v, _)| v.is_infinite());
    let grain = judged.grain;
    let average = if judged.reached() { "median" } else { "mean" };
    Some(Figure {
        heading: match judged.measured {
            Measured::Last => {
                grain.pick("After the last epoch: every seed", "After the last step: every seed")
            }
            Measured::Best => {
                grain.pick("At the best epoch: every seed", "At the best step: every seed")
            }
            Measured::Reached => "How soon the target was reached: every seed",
        },
        caption: format!(
            "{}, each optimizer at its best configuration, the best on top: {}.",
            capitalised(&judged.measured_name()),
            averages(analysis)
        ),
        notes: format!(
            "Dots are single seeds, moved up where they would cover each other{}.{} {apart}",
            match (crosses, judged.reached()) {
                (false, _) => "",
                (true, false) => "; crosses are seeds that diverged and are in no mean",
                (true, true) =>
                    "; crosses are seeds that never reached the target and count as infinite",
            },
            text::without_result(analysis, average)
        ),
        reading: match judged.reached() {
            false if intervals(analysis) => {
                concat!(dots!(), " The bar shows where the mean of many more seeds may lie.")
            }
            false => dots!(),
            true => {
                "Each dot is one training run from its own random start, the further left the sooner it reached the \
                 target. Two optimizers whose dots mix cannot be told apart by a single run. The marker is the median: \
                 half of the seeds needed no more than that. It is at the end of the axis if more than half never \
                 reached the target."
            }
        },
        data: FigureData::Rows(rows),
        variant_of: None,
    })
}

/// Returns whether a bar is an interval of the mean.
fn intervals(analysis: &Analysis) -> bool {
    let known = |e: &Estimate| e.interval.is_some();
    analysis.plan.report.band == Band::Interval && judged_estimates(analysis).iter().any(known)
}

/// The text on the rows' markers and bars.
fn averages(analysis: &Analysis) -> String {
    match analysis.evaluation.reached() {
        true => bands::medians(&shown(analysis)),
        false => bands::describe_estimates(analysis, judged_estimates(analysis), "bars"),
    }
}

/// The judged estimates of the chosen configurations that have a completed run.
fn judged_estimates(analysis: &Analysis) -> Vec<Estimate> {
    shown(analysis).iter().map(|config| config.judged).collect()
}

/// The data: one row per label that has a planned run.
pub fn series(analysis: &Analysis) -> Option<Rows> {
    if shown(analysis).is_empty() {
        return None;
    }
    let judged = &analysis.evaluation;
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
    let x = axes::of_metric(judged.metric, &values, &bands);
    let spacing = axes::spacing(&x);
    Some(Rows {
        lines: Vec::new(),
        title: capitalised(&judged.measured_name()),
        subtitle: format!("{}; dots: single seeds", capitalised(&averages(analysis))),
        x_label: format!("{}{spacing}", judged.name()),
        x,
        rows,
    })
}

fn row(analysis: &Analysis, judged: &Criterion, config: &Config) -> Row {
    let run = analysis.planned(config);
    let dots: Vec<(f64, String)> = config
        .runs
        .iter()
        .filter_map(|&r| {
            // A run that diverged or never reached the target has the worst possible value.
            let value = judged.outcome(&analysis.rows[r])?;
            Some((value, format!("seed {}", analysis.plan.runs[r].spec.seed)))
        })
        .collect();
    let counts = config.counts;
    let lost = counts.without_result();
    let mut notes = vec![format!("lr {}", number::brief(run.spec.optimizer.lr()))];
    let (mean, interval, text) = if judged.reached() {
        // Where some seeds never reach the target, a mean of the others would mislead.
        if counts.results() > 0 {
            notes.push(format!("{} of {} reached it", config.judged.n, counts.results()));
        }
        let median = config.judged_median;
        (median, None, soon(judged, config.judged.n, median))
    } else {
        average(analysis, judged, config, &dots)
    };
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
        mean,
        interval,
        text,
        note: notes.join(", "),
    }
}

/// The text on the median time to the target, which `reached` seeds reached.
fn soon(judged: &Criterion, reached: usize, median: Option<f64>) -> String {
    match median {
        None => "no result".to_owned(),
        Some(_) if reached == 0 => "never".to_owned(),
        Some(median) => format!("median {}", judged.format(median)),
    }
}

/// The mean of a row, its interval, and both as text.
fn average(
    analysis: &Analysis,
    judged: &Criterion,
    config: &Config,
    dots: &[(f64, String)],
) -> (Option<f64>, Option<(f64, f64)>, String) {
    let e = estimate(dots.iter().map(|(v, _)| *v).filter(|v| v.is_finite()));
    let interval = bands::band(analysis.plan.report.band, judged.metric.description().bounds, &e);
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
    (e.mean, interval, text)
}
