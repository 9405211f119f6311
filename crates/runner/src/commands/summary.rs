//! The table at the end of a sweep: each optimizer at its best.

use comfy_table::CellAlignment;
use report::{BestRow, Summary};
use spec::layout::ReportDir;

use crate::text;
use crate::workspace::Workspace;

/// Prints the best configuration of each optimizer and where the report is.
pub(super) fn print(workspace: &Workspace, dir: &ReportDir, summary: &Summary) {
    let (rows, totals) = (&summary.best, &summary.counts);
    crate::text::out!();
    if totals.planned == 1 {
        one_run(rows);
    } else {
        // Over several functions no configuration is best.
        if !rows.is_empty() {
            table(rows, totals.missing + totals.cancelled > 0);
            crate::text::out!();
        }
        if totals.completed > 0 {
            for sentence in std::iter::once(&summary.headline).chain(&summary.certainty) {
                crate::text::out!("{}", text::wrapped(&text::plain(sentence)));
            }
        }
    }
    if let Some(line) = ended(totals) {
        crate::text::out!("{line}");
    }
    for (i, line) in summary.repeats.iter().enumerate() {
        let indent = if i == 0 { 0 } else { 2 };
        let line = text::wrapped_at(&text::plain(line), indent, text::columns());
        crate::text::out!("{line}");
    }
    crate::text::out!("report: {}", workspace.relative(&dir.html()));
}

/// One run needs no table: the numbers of the lesson in a line each.
fn one_run(rows: &[BestRow]) {
    for row in rows {
        let number = |name: &str, value: Option<f64>| match value {
            Some(v) => crate::text::out!("{name:<28}{v:.4}"),
            None => crate::text::out!("{name:<28}none"),
        };
        crate::text::out!("{}, lr {}", text::plain(&row.label), spec::float::short(row.lr));
        number("average loss, last epoch", row.train_loss.mean);
        match row.test_accuracy.mean {
            None if row.judge == "test.loss" => number("test loss", row.judged.mean),
            accuracy => number("test accuracy", accuracy),
        }
    }
}

/// How all runs ended, where any did not complete.
fn ended(totals: &report::analysis::Counts) -> Option<String> {
    let each = [
        (totals.completed, "completed"),
        (totals.diverged, "diverged"),
        (totals.failed, "failed"),
        (totals.timed_out, "timed out"),
        (totals.cancelled, "cancelled"),
        (totals.missing, "missing"),
    ];
    let shown: Vec<String> =
        each.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    let all = text::count(totals.planned, "run");
    (totals.completed < totals.planned).then(|| format!("{all}: {}", shown.join(", ")))
}

/// `partial`: runs are missing, so that nothing is said of the grids' edges.
fn table(rows: &[BestRow], partial: bool) {
    let metric = rows.first().map_or("metric", |r| r.metric.as_str()).to_owned();
    let judge = rows.first().map_or("metric", |r| r.judge.as_str()).to_owned();
    // Headers of two lines and notes below keep the table within 80 columns.
    let percent =
        |name: &str| format!("{}{}", name, if name.ends_with("accuracy") { " %" } else { "" });
    // Judged by what chose them, one column says both.
    let second = if judge == metric { "test.accuracy" } else { judge.as_str() };
    let headers = [metric.replace('.', " "), second.replace('.', " "), "train loss".to_owned()];
    let headers = headers.map(|h| percent(&h).replacen(' ', "\n", 1));
    let mut out =
        text::table(&["optimizer", "best", "seeds", &headers[0], &headers[1], &headers[2]]);
    for row in rows {
        out.add_row(vec![
            text::plain(&row.label),
            if row.counts.completed > 0 { text::plain(&row.config) } else { "none".to_owned() },
            row.counts.completed.to_string(),
            estimate(&row.target, metric.ends_with("accuracy")),
            match judge == metric {
                true => estimate(&row.test_accuracy, true),
                false => estimate(&row.judged, judge.ends_with("accuracy")),
            },
            estimate(&row.train_loss, false),
        ]);
    }
    for column in out.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    crate::text::out!("{}\n", text::show(out));
    let words =
        format!("mean ± standard deviation over seeds; chosen by {metric}, judged by {judge}");
    crate::text::out!("{}", text::wrapped(&words));
    if let Some(why) = rows.iter().find_map(|r| r.fallback.as_deref()) {
        crate::text::out!("{}", text::wrapped(&text::plain(why)));
    }
    for row in rows {
        for note in notes(row, partial) {
            let line = format!("{}: {note}", text::plain(&row.label));
            crate::text::out!("{}", text::wrapped(&line));
        }
    }
}

/// What a reader must know before believing a row.
fn notes(row: &BestRow, partial: bool) -> Vec<String> {
    let counted = [
        (row.counts.diverged, "diverged"),
        (row.counts.failed, "failed"),
        (row.counts.timed_out, "timed out"),
        (row.counts.cancelled, "cancelled"),
        (row.counts.missing, "missing"),
    ];
    let runs = counted.iter().filter(|(n, _)| *n > 0).map(|(n, what)| {
        format!(
            "{n} of {} of its best configuration {what}",
            text::count(row.counts.planned, "run")
        )
    });
    let advice = row.advice.iter().filter(|_| !partial).map(|advice| {
        let at_edge = advice.end.is_some();
        let place = if at_edge { "lies at the edge of" } else { "has a wide gap beside it in" };
        let add: Vec<String> =
            advice.beyond.iter().chain(&advice.gaps).map(|x| spec::float::short(*x)).collect();
        let name = advice.path.split_once('.').map_or(advice.path.as_str(), |(_, name)| name);
        let add = match add.is_empty() {
            true => String::new(),
            false => format!("; add {} to {name}", add.join(" and ")),
        };
        format!("the best {} {place} its grid{add}", advice.name())
    });
    let tied = (row.tied > 1).then(|| format!("one of {} equally good configurations", row.tied));
    runs.chain(tied).chain(advice).collect()
}

/// Mean and deviation; accuracies in percent.
fn estimate(e: &report::stats::Estimate, percent: bool) -> String {
    let shown = |x: f64| if percent { format!("{:.2}", 100.0 * x) } else { format!("{x:.4}") };
    match (e.mean, e.sd) {
        (Some(mean), Some(sd)) => format!("{} ± {}", shown(mean), shown(sd)),
        (Some(mean), None) => shown(mean),
        _ => "none".to_owned(),
    }
}
