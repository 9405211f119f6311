//! Tables of the page: one per publication, one of the differences, and one of all rows for CSV.

use crate::escape;
use crate::external::judge::{Judged, Verdict};
use crate::external::published::{Origin, Rule};
use crate::external::{LIMIT, Section};
use crate::number;
use crate::page::table::{Cell, Table};
use crate::plural;

/// Names of the tables with a CSV.
pub(super) const NAMES: [&str; 2] = ["misses", "external"];

/// Columns that every table has.
const NUMBERS: [&str; 4] = ["#Theirs", "#Ours", "#Deviation", "Outcome"];

/// Returns the table of one publication. It has a source column if rows name their own source; the
/// others share that of the file.
pub(super) fn of(section: &Section<'_>) -> Table {
    let head = ["What", "Origin", "Rule", NUMBERS[0], NUMBERS[1], NUMBERS[2], NUMBERS[3], "Source"];
    let mut table = mixed(Table::new(&head));
    table.caption = format!("Numbers of the other side and ours: {}", section.published.title);
    for judged in &section.rows {
        let [theirs, ours, difference, verdict] = numbers(judged);
        table.rows.push(vec![
            Cell::text(&judged.row.what),
            Cell::text(origin(judged.row.origin)),
            Cell::text(rule(judged.row.rule)),
            theirs,
            ours,
            difference,
            verdict,
            Cell::text(judged.row.source.as_deref().unwrap_or_default()),
        ]);
    }
    if section.rows.iter().all(|judged| judged.row.source.is_none()) {
        table = table.without("Source");
    }
    match section.rows.iter().all(|judged| judged.row.origin == Origin::Published) {
        true => table.without("Origin"),
        false => table,
    }
}

/// Returns the table of rows that differ or cannot be told apart; rows skipped for the same reason
/// share a row. The reasons are separate ([`reasons`]), since they would make the rows very tall.
pub(super) fn misses(sections: &[Section<'_>]) -> Table {
    let head = [
        "What",
        "Publication",
        "Origin",
        NUMBERS[0],
        NUMBERS[1],
        NUMBERS[2],
        "#Expected of ours",
        NUMBERS[3],
    ];
    let caption = "Numbers that differ, are not told apart, or were skipped";
    let mut table = mixed(Table::new(&head).named(NAMES[0], caption));
    for section in sections {
        let title = || Cell::text(&section.published.title);
        for judged in differing(section) {
            let [theirs, ours, deviation, outcome] = numbers(judged);
            let (what, from) =
                (Cell::text(&judged.row.what), Cell::text(origin(judged.row.origin)));
            let expected = expected(judged);
            let row = vec![what, title(), from, theirs, ours, deviation, expected, outcome];
            table.rows.push(row);
        }
        for (_, count) in skipped(section) {
            let nothing = || Cell::number(None, |_| String::new());
            let what = plural::spelled(count, "number");
            let outcome = Cell::text(Verdict::Skipped.word());
            table.rows.push(vec![
                Cell::text(what),
                title(),
                Cell::text(""),
                nothing(),
                nothing(),
                nothing(),
                nothing(),
                outcome,
            ]);
        }
    }
    table
}

/// Returns the counted rows of a section that differ, understood or not, or cannot be told apart.
pub(super) fn differing<'a>(section: &'a Section<'_>) -> impl Iterator<Item = &'a Judged<'a>> {
    let rows = section.rows.iter().filter(|judged| missed(judged));
    rows.filter(|judged| judged.verdict != Verdict::Skipped)
}

/// Returns the reasons for the rows of [`misses`], one sentence each with the rows it applies to.
pub(super) fn reasons(sections: &[Section<'_>]) -> Vec<String> {
    let mut out: Vec<(String, Vec<&str>)> = Vec::new();
    for section in sections {
        for judged in differing(section).filter(|judged| !judged.note.is_empty()) {
            match out.iter_mut().find(|(note, _)| *note == judged.note) {
                Some((_, rows)) => rows.push(&judged.row.what),
                None => out.push((judged.note.clone(), vec![&judged.row.what])),
            }
        }
        let title = section.published.title.as_str();
        out.extend(skipped(section).into_iter().map(|(why, _)| (format!("{why}."), vec![title])));
    }
    let said =
        |(note, rows): &(String, Vec<&str>)| escape::line(&format!("{}: {note}", rows.join("; ")));
    out.iter().map(said).collect()
}

/// Returns the reasons for which rows of a section were skipped, with the number of rows for each.
pub(super) fn skipped<'a>(section: &'a Section<'_>) -> Vec<(&'a str, usize)> {
    let mut out: Vec<(&str, usize)> = Vec::new();
    for judged in section.rows.iter().filter(|judged| missed(judged)) {
        if judged.verdict == Verdict::Skipped {
            match out.iter_mut().find(|(why, _)| *why == judged.note) {
                Some((_, count)) => *count += 1,
                None => out.push((&judged.note, 1)),
            }
        }
    }
    out
}

/// Returns the table of all rows with all columns.
pub(super) fn all(sections: &[Section<'_>]) -> Table {
    let head = [
        "What",
        "Publication",
        "Source",
        "Origin",
        "Rule",
        NUMBERS[0],
        NUMBERS[1],
        NUMBERS[2],
        "#Expected of ours",
        NUMBERS[3],
        "Why",
    ];
    let mut table = mixed(Table::new(&head).named(NAMES[1], "Numbers of the other side and ours"));
    for section in sections {
        for judged in &section.rows {
            let [theirs, ours, difference, verdict] = numbers(judged);
            table.rows.push(vec![
                Cell::text(&judged.row.what),
                Cell::text(&section.published.title),
                Cell::text(judged.source),
                Cell::text(origin(judged.row.origin)),
                Cell::text(rule(judged.row.rule)),
                theirs,
                ours,
                difference,
                expected(judged),
                verdict,
                Cell::text(&judged.note),
            ]);
        }
    }
    table
}

/// Returns whether a row counts and does not agree.
pub(super) fn missed(judged: &Judged<'_>) -> bool {
    judged.verdict != Verdict::Agrees && !judged.row.information
}

fn mixed(table: Table) -> Table {
    let numbers = ["Theirs", "Ours", "Deviation", "Expected of ours"];
    table.mixed(&numbers).choices(&["Publication", "Origin", "Outcome"])
}

fn numbers(judged: &Judged<'_>) -> [Cell; 4] {
    let value = |text: &str, value: Option<f64>| match text.is_empty() {
        true => Cell::number(None, |_| String::new()),
        false => Cell { sort: value, ..Cell::text(text) },
    };
    let strong =
        matches!(judged.verdict, Verdict::Differs | Verdict::Known) && !judged.row.information;
    let verdict = match judged.row.information {
        true => format!("{}, not counted", judged.verdict.word()),
        false => judged.verdict.word().to_owned(),
    };
    [
        value(&judged.theirs, judged.their_value),
        value(&judged.ours, judged.our_value),
        Cell::number(judged.difference, difference),
        Cell::text(verdict).strong(strong),
    ]
}

/// Returns the cell with the value that the file expects of ours; empty if it explains no
/// difference.
fn expected(judged: &Judged<'_>) -> Cell {
    match &judged.row.known {
        Some(known) => Cell::text(known.expected.text()),
        None => Cell::number(None, |_| String::new()),
    }
}

/// Returns the word for an origin.
pub(super) fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Published => "published",
        Origin::Computed => "computed",
    }
}

/// Formats a difference in units of the rule, with its sign: `+0.41`, `−12`.
fn difference(size: f64) -> String {
    let sign = if size < 0.0 { "\u{2212}" } else { "+" };
    match size.abs() {
        0.0 => "0".to_owned(),
        size if size.is_infinite() => format!("{sign}\u{221e}"),
        size if size < 9.995 => format!("{sign}{size:.2}"),
        size => format!("{sign}{}", number::significant(size, 3)),
    }
}

/// Returns a short form of a rule, with its limit: `two means, 3 s.e.`.
pub(super) fn rule(rule: Rule) -> String {
    match rule {
        Rule::Means => format!("two means, {LIMIT} s.e."),
        Rule::Single => format!("one run, {LIMIT} s.d."),
        Rule::Expectation => format!("expectation, {LIMIT} s.e."),
        Rule::Diverges => "both diverge".to_owned(),
        Rule::Absolute(limit) => format!("within {}", number::short(limit)),
        Rule::Relative(limit) => format!("relative {}", number::short(limit)),
        Rule::Decimals(0) => "whole number".to_owned(),
        Rule::Decimals(1) => "1 decimal".to_owned(),
        Rule::Decimals(places) => format!("{places} decimals"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_have_a_sign_and_no_needless_digits() {
        let all = [0.0, 0.414, -2.999, 12.345, -1234.0, f64::INFINITY].map(difference);
        assert_eq!(all, ["0", "+0.41", "\u{2212}3.00", "+12.3", "\u{2212}1234", "+\u{221e}"]);
    }

    #[test]
    fn a_rule_is_said_with_its_limit() {
        let all = [
            Rule::Means,
            Rule::Single,
            Rule::Absolute(0.05),
            Rule::Relative(1e-5),
            Rule::Decimals(4),
        ];
        let expected =
            ["two means, 3 s.e.", "one run, 3 s.d.", "within 0.05", "relative 1e-5", "4 decimals"];
        assert_eq!(all.map(rule), expected);
    }
}
