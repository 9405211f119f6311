//! Text for the terminal: tables, wrapped lines, durations, and writing that never panics.

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};

use comfy_table::{ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle, Width};
use text_format::wrap;

/// Returns an empty table with a rule under its header and no other lines: narrow enough for
/// a terminal of 100 columns, and easy to copy.
pub fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─')));
    table.set_header(header.to_vec());
    table
}

/// Number of leading columns that hold names and may be broken between words.
const NAMES: usize = 2;

/// Returns the table as text: two blanks between columns, none at the ends of lines.
/// If the terminal is too narrow, the first two columns are broken between words; others never.
pub fn show(table: Table) -> String {
    let terminal = console::Term::stdout();
    let columns =
        terminal.size_checked().filter(|_| terminal.is_term()).map(|(_, columns)| columns);
    show_within(table, columns)
}

/// Returns the table for a terminal of `columns` columns; `None` means no terminal.
fn show_within(mut table: Table, columns: Option<u16>) -> String {
    let words: Vec<u16> = (0..NAMES).map(|column| longest_word(&table, column)).collect();
    let widths = table.column_max_content_widths();
    let least = |i: usize| words.get(i).copied().unwrap_or(widths[i]);
    let last = widths.len().saturating_sub(1);
    // Two blanks between columns, of which the second is the (empty) line.
    let needed: u16 = (0..widths.len()).map(least).sum::<u16>() + 2 * last as u16;
    for (i, column) in table.column_iter_mut().enumerate() {
        let padding = u16::from(i != last);
        column.set_padding((0, padding));
        column.set_constraint(match words.get(i) {
            Some(word) => ColumnConstraint::LowerBoundary(Width::Fixed(word + padding)),
            None => ColumnConstraint::ContentWidth,
        });
    }
    // In a narrower table words would be broken into letters: lines that wrap read better.
    if let Some(columns) = columns.filter(|columns| needed <= *columns) {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(columns);
    }
    let text = table.to_string();
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// Returns the width of the longest word in a column, its header included.
fn longest_word(table: &Table, column: usize) -> u16 {
    let rows = table.header().into_iter().chain(table.row_iter());
    let cells = rows.filter_map(|row| row.cell_iter().nth(column));
    let words = cells.flat_map(|cell| {
        let text = cell.content();
        text.split_whitespace().map(console::measure_text_width).collect::<Vec<_>>()
    });
    words.max().unwrap_or(0).try_into().unwrap_or(u16::MAX)
}

/// Whether a write to standard output has failed.
static LOST: AtomicBool = AtomicBool::new(false);

/// Writes to standard output. A closed pipe (`| head`) is no error; any other failure is
/// remembered for [`output_was_lost`].
pub fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    if written.is_err_and(|e| e.kind() != std::io::ErrorKind::BrokenPipe) {
        LOST.store(true, Ordering::SeqCst);
    }
}

/// Returns whether a [`print`] has failed, on a full disk for instance.
pub fn output_was_lost() -> bool {
    LOST.load(Ordering::SeqCst)
}

/// Writes to standard error and ignores failures: a terminal that is gone never ends training.
pub fn print_error(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// `println!` that never panics.
#[macro_export]
macro_rules! output {
    () => { $crate::text::print("\n") };
    ($($arg:tt)+) => { $crate::text::print(&(format!($($arg)+) + "\n")) };
}

/// `eprintln!` that never panics.
#[macro_export]
macro_rules! status {
    ($($arg:tt)+) => { $crate::text::print_error(&(format!($($arg)+) + "\n")) };
}

pub use {output, status};

/// Returns the columns of the terminal, 20 to 80; 80 without a terminal.
pub fn columns() -> usize {
    match console::Term::stdout().size_checked() {
        Some((_, columns)) => usize::from(columns).clamp(20, 80),
        None => 80,
    }
}

/// Wraps a sentence to the width of the terminal, at most 80 columns.
pub fn wrapped(text: &str) -> String {
    wrapped_at(text, 0, columns())
}

/// Wraps a sentence to lines of at most `width` columns, each indented by `indent`.
pub fn wrapped_at(text: &str, indent: usize, width: usize) -> String {
    let blanks = " ".repeat(indent);
    let fits = |line: &str| indent + console::measure_text_width(line) <= width;
    let lines = wrap::lines(text.split_whitespace(), fits);
    format!("{blanks}{}", lines.join(&format!("\n{blanks}")))
}

/// Returns the name of a run's loss: `value` for a function, else `loss`.
pub fn loss_word(spec: &spec::RunSpec) -> &'static str {
    match spec.data.dataset {
        spec::DatasetSpec::Function(_) => "value",
        _ => "loss",
    }
}

/// Formats a loss, or the value of a function, with the same number of digits at every size.
pub fn loss(value: f64) -> String {
    spec::metric::Metric::LOSS.format(value)
}

/// Returns the first line of an error, without the remedy below it.
pub fn first_line(error: &impl std::fmt::Display) -> String {
    plain(error.to_string().lines().next().unwrap_or_default())
}

/// Returns text from a file or a worker on one line, without characters that could move the
/// cursor, change colours or reverse the direction of writing.
pub fn plain(text: &str) -> String {
    text_format::escape::line(text)
}

/// Formats a duration of `seconds`: `3 min 20 s`, `42 ms`.
pub fn duration(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        _ if seconds < 0.0995 => text_format::number::seconds(seconds.max(0.0)),
        (0, 0, s) if s < 10 => format!("{:.1} s", seconds.max(0.0)),
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, m, _) => format!("{h} h {m} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_broken_between_words_or_not_at_all() {
        let mut table = table(&["optimizer", "best", "seeds"]);
        table.add_row(["plain, no momentum", "lr 0.03, data.batch_size 16, momentum 0.99", "5"]);
        let text = |columns| show_within(table.clone(), columns);
        let whole = text(None);
        assert!(whole.contains("plain, no momentum  lr 0.03, data.batch_size 16, momentum 0.99"));
        let narrow = text(Some(50));
        let width = |text: &str| text.lines().map(console::measure_text_width).max().unwrap();
        assert!(width(&narrow) <= 50, "{narrow}");
        for word in ["plain,", "momentum", "data.batch_size", "0.99"] {
            assert!(narrow.contains(word), "{word}: {narrow}");
        }
        // Without room for the longest words lines that wrap read better.
        assert_eq!(text(Some(30)), whole);
    }

    #[test]
    fn describe() {
        assert_eq!(plain("a\x1b[31mb\n"), "a␛[31mb ");
        assert_eq!(
            [0.0, 3e-6, 0.04, 0.42, 0.999, 4.26, 9.96, 61.0, 3_700.0].map(duration),
            ["0 s", "3.0 µs", "40 ms", "0.4 s", "1.0 s", "4.3 s", "10 s", "1 min 1 s", "1 h 1 min"]
        );
    }
}
