//! The table at the end of a sweep: the best configuration of each optimizer.

use comfy_table::CellAlignment;
use report::{BestRow, Summary};
use runner::text;
use runner::workspace::Workspace;
use spec::metric::{EpochMetric, Metric};
use stats::Estimate;
use store::layout::ReportDir;
use text_format::{number, plural};

/// Prints the best configuration of each optimizer and where the report is.
pub(crate) fn print(workspace: &Workspace, dir: &ReportDir, summary: &Summary) {
    tell(summary);
    text::output!("report: {}", workspace.relative(&dir.html()));
}

/// Prints the same as [`print`] for a report that was read and not drawn.
pub(crate) fn print_read(workspace: &Workspace, dir: &ReportDir, summary: &Summary) {
    tell(summary);
    text::output!("read: {}", workspace.relative(dir.path()));
}

fn tell(summary: &Summary) {
    let (rows, totals) = (&summary.best, &summary.counts);
    text::output!();
    if totals.planned == 1 {
        one_run(rows);
    } else {
        // Over several functions no configuration is best.
        if !rows.is_empty() {
            table(rows, totals.missing + totals.cancelled > 0);
            text::output!();
        }
        if totals.completed > 0 {
            for sentence in std::iter::once(&summary.headline).chain(&summary.certainty) {
                text::output!("{}", text::wrapped(&text::plain(sentence)));
            }
        }
    }
    if let Some(line) = ended(totals) {
        text::output!("{line}");
    }
    for (i, line) in summary.repeats.iter().enumerate() {
        let indent = if i == 0 { 0 } else { 2 };
        let line = text::wrapped_at(&text::plain(line), indent, text::columns());
        text::output!("{line}");
    }
}

/// Prints the numbers of a single run, one per line; it needs no table.
fn one_run(rows: &[BestRow]) {
    for row in rows {
        text::output!("{}, lr {}", text::plain(&row.label), spec::float::short(row.lr));
        for (name, value) in numbers(row) {
            text::output!("{name:<28}{value}");
        }
    }
}

/// Returns the numbers of one run: loss and accuracy (a fraction), or the values of a function.
fn numbers(row: &BestRow) -> Vec<(&'static str, String)> {
    let loss = |value: Option<f64>| shown(value, |v| Metric::LOSS.format(v));
    if row.function {
        return vec![
            ("value", loss(row.judged.mean)),
            ("mean value, last epoch", loss(row.train_loss.mean)),
        ];
    }
    let test = match row.test_accuracy.mean {
        None if row.evaluation == "test.loss" => ("test loss", loss(row.judged.mean)),
        accuracy => ("test accuracy", shown(accuracy, |v| format!("{v:.4}"))),
    };
    let average = row.grain.pick("average loss, last epoch", "average loss, last steps");
    vec![(average, loss(row.train_loss.mean)), test]
}

fn shown(value: Option<f64>, text: impl Fn(f64) -> String) -> String {
    value.map_or_else(|| "none".to_owned(), text)
}

/// Describes how all runs ended; `None` if all completed.
fn ended(totals: &report::analysis::Counts) -> Option<String> {
    let each = [
        (totals.completed, "completed"),
        (totals.diverged, "diverged"),
        (totals.cut, "cut"),
        (totals.failed, "failed"),
        (totals.timed_out, "timed out"),
        (totals.cancelled, "cancelled"),
        (totals.missing, "missing"),
    ];
    let shown: Vec<String> =
        each.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    let all = plural::count(totals.planned, "run");
    (totals.completed < totals.planned).then(|| format!("{all}: {}", shown.join(", ")))
}

/// Prints the table. `partial` means that runs are missing, so no advice about grid edges is given.
fn table(rows: &[BestRow], partial: bool) {
    let Some(first) = rows.first() else { return };
    let columns = columns(rows);
    let mut headers = vec!["optimizer".to_owned(), "best".to_owned(), "seeds".to_owned()];
    if first.reached {
        let unit = if first.function { "steps" } else { "samples" };
        headers.push(format!("{unit} to\nthe target,\nmedian"));
    }
    headers.extend(columns.iter().map(|column| column.header()));
    let mut out = text::table(&headers.iter().map(String::as_str).collect::<Vec<_>>());
    for row in rows {
        let mut cells = vec![
            text::plain(&row.label),
            if row.counts.completed > 0 { text::plain(&row.config) } else { "none".to_owned() },
            row.counts.completed.to_string(),
        ];
        if first.reached {
            cells.push(until_target(row));
        }
        cells.extend(columns.iter().map(|column| estimate(column.percent, (column.of)(row))));
        out.add_row(cells);
    }
    for column in out.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    text::output!("{}\n", text::show(out));
    let described = |path: &str| if first.function { name(first, path) } else { path.to_owned() };
    let (metric, evaluation) = (described(&first.metric), described(&first.evaluation));
    let words = match first.reached {
        true => "mean ± sd over seeds, as measured at the end of training; chosen and judged by how soon the \
                 target was reached"
            .to_owned(),
        false => {
            let spread = if rows.iter().any(|row| row.counts.planned > 1) {
                "mean ± sd over seeds; "
            } else {
                ""
            };
            let at = match first.at_best {
                true => first.grain.pick(
                    ", each at its run's best epoch",
                    ", each at its run's best step",
                ),
                false => "",
            };
            format!("{spread}chosen by {metric}, judged by {evaluation}{at}")
        }
    };
    text::output!("{}", text::wrapped(&words));
    if let Some(why) = rows.iter().find_map(|r| r.fallback.as_deref()) {
        text::output!("{}", text::wrapped(&text::plain(why)));
    }
    for row in rows {
        for note in notes(row, partial) {
            let line = format!("{}: {note}", text::plain(&row.label));
            text::output!("{}", text::wrapped(&line));
        }
    }
}

/// Selects a column's numbers from a row.
type Of = fn(&BestRow) -> &Estimate;

/// A column of numbers.
struct Column {
    /// `test accuracy`.
    name: String,
    /// Whether it is shown in per cent.
    percent: bool,
    of: Of,
}

impl Column {
    /// Returns the name with one word per line, which keeps the table within 80 columns.
    fn header(&self) -> String {
        let unit = if self.percent { " %" } else { "" };
        format!("{}{unit}", self.name.replace(' ', "\n"))
    }
}

/// Returns the columns of the table: the selection metric, the evaluation metric if it is different
/// (else the test accuracy), and the training loss. None is shown twice, and the accuracy and the
/// training loss only if any row has a number for them.
fn columns(rows: &[BestRow]) -> Vec<Column> {
    let Some(first) = rows.first() else { return Vec::new() };
    let column = |path: &str, of| {
        let percent = EpochMetric::from_name(path).is_some_and(|of| of.metric.is_percentage());
        Column { name: name(first, path), percent: percent && !first.function, of }
    };
    let any = |of: Of| rows.iter().any(|row| of(row).mean.is_some());
    let accuracy: Of = |row| &row.test_accuracy;
    let loss: Of = |row| &row.train_loss;
    let mut out = vec![column(&first.metric, |row| &row.target)];
    if first.reached {
        // The time to the target takes the place of the metric at the stop.
        out.clear();
    }
    if first.evaluation != first.metric {
        out.push(column(&first.evaluation, |row| &row.judged));
    } else if first.metric != "test.accuracy" && any(accuracy) {
        out.push(column("test.accuracy", accuracy));
    }
    if first.metric != "train.loss" && first.evaluation != "train.loss" && any(loss) {
        out.push(column("train.loss", loss));
    }
    out
}

/// Returns the display name of a metric, such as `test accuracy`; a function's loss is its value.
fn name(row: &BestRow, path: &str) -> String {
    match path {
        "train.loss" if row.function => "mean value".to_owned(),
        _ if row.function => "value".to_owned(),
        path => match EpochMetric::from_name(path) {
            Some(of) => format!("{} {}", of.split, of.metric.label()),
            None => path.replace('.', " "),
        },
    }
}

/// Formats the median, such as `110,000 (6 of 6)`; `never` if half of the runs missed the target.
fn until_target(row: &BestRow) -> String {
    let median = row.judged_median.unwrap_or(f64::INFINITY);
    let metric = Metric::SAMPLES_TO_TARGET.format(median);
    format!("{metric} ({} of {})", row.judged.n, row.counts.results())
}

/// Returns the caveats of a row: runs without a result, ties, and advice about its grid.
fn notes(row: &BestRow, partial: bool) -> Vec<String> {
    let counted = [
        (row.counts.diverged, "diverged"),
        (row.counts.cut, "cut"),
        (row.counts.failed, "failed"),
        (row.counts.timed_out, "timed out"),
        (row.counts.cancelled, "cancelled"),
        (row.counts.missing, "missing"),
    ];
    let runs = counted.iter().filter(|(n, _)| *n > 0).map(|(n, what)| {
        format!(
            "{n} of {} of its best configuration {what}",
            plural::count(row.counts.planned, "run")
        )
    });
    let advice = row.advice.iter().filter(|_| !partial).map(|advice| {
        let at_edge = advice.end.is_some();
        let place = if at_edge { "lies at the edge of" } else { "has a wide gap beside it in" };
        let values = |all: &[f64]| {
            all.iter().map(|x| spec::float::short(*x)).collect::<Vec<_>>().join(" and ")
        };
        let mut add = Vec::new();
        if !advice.beyond.is_empty() {
            add.push(values(&advice.beyond));
        }
        if !advice.gaps.is_empty() {
            let gap = if at_edge { " in the gap beside it" } else { "" };
            add.push(format!("{}{gap}", values(&advice.gaps)));
        }
        let name = advice.path.split_once('.').map_or(advice.path.as_str(), |(_, name)| name);
        let add = match add.is_empty() {
            true => String::new(),
            false => format!(
                "; add {} to {name}{}",
                add.join(", and "),
                report::text::with_partners(advice)
            ),
        };
        format!("the best {} {place} its grid{add}", advice.name())
    });
    let tied = (row.tied > 1).then(|| format!("one of {} equally good configurations", row.tied));
    runs.chain(tied).chain(advice).collect()
}

/// Formats mean and deviation of a column: accuracies in per cent, with the unit in the header,
/// others with four and two significant digits, as on the page.
fn estimate(percent: bool, e: &Estimate) -> String {
    let shown = |x: f64, digits: usize| match percent && x.is_finite() {
        true => format!("{:.2}", 100.0 * x),
        false => number::significant(x, digits),
    };
    match (e.mean, e.sd) {
        (Some(mean), Some(sd)) => format!("{} ± {}", shown(mean, 4), shown(sd, 2)),
        (Some(mean), None) => shown(mean, 4),
        _ => "none".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(mean: f64, sd: f64) -> Estimate {
        Estimate { n: 3, mean: Some(mean), sd: Some(sd), ..Estimate::default() }
    }

    #[test]
    fn a_header_is_as_wide_as_its_longest_word() {
        let header = |name: &str, percent| {
            let column = Column { name: name.to_owned(), percent, of: |row| &row.target };
            column.header()
        };
        assert_eq!(header("test accuracy", true), "test\naccuracy %");
        assert_eq!(
            header("validation balanced accuracy", true),
            "validation\nbalanced\naccuracy %"
        );
        assert_eq!(header("train loss", false), "train\nloss");
    }

    #[test]
    fn numbers_have_digits_whatever_their_size() {
        for (percent, mean, sd, shown) in [
            (true, 0.97914, 0.0012, "97.91 ± 0.12"),
            (true, 1.0, 0.0, "100.00 ± 0.00"),
            (false, 0.95, 0.012, "0.9500 ± 0.012"),
            (false, 0.067_142, 0.001_23, "0.06714 ± 0.0012"),
            (false, 3.24e-11, 1.5e-12, "3.240e-11 ± 1.5e-12"),
            (false, 4_620_876_008.106_7, 2e9, "4.621e9 ± 2.0e9"),
            (false, 0.0, 0.0, "0 ± 0"),
            (false, f64::INFINITY, 1.0, "infinite ± 1.0"),
        ] {
            assert_eq!(estimate(percent, &of(mean, sd)), shown);
        }
        assert_eq!(estimate(false, &Estimate::default()), "none");
    }
}
