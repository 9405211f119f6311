//! The dialect of a table: its separator, whether it has decimal commas, whether it has a header,
//! and which columns hold words.

use csv::{ByteRecord, ReaderBuilder};
use spec::reading::Asked;

use super::super::error::{Fault, Place, shown};
use super::fields::{Cell, cell, text as field_text};

/// Number of lines from which the separator is guessed.
const LOOKED_AT: usize = 50;

/// Counts of the kinds of fields in one column, without the header.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Kinds {
    pub(super) numbers: u64,
    pub(super) words: u64,
    /// Number of fields without any character.
    empty: u64,
    /// Whether a later field equals that of the first line.
    repeats_first: bool,
}

/// The dialect of a file.
#[derive(Debug, PartialEq)]
pub(super) struct Dialect {
    pub(super) separator: u8,
    pub(super) decimal_comma: bool,
    /// Number of fields per line.
    pub(super) width: usize,
    /// Number of lines with samples.
    pub(super) rows: u64,
    /// Names of the columns; empty without a header.
    pub(super) names: Vec<String>,
    pub(super) columns: Vec<Kinds>,
    /// Bytes before the first line that counts, after a line `sep=;`.
    start: usize,
    /// Number of comment lines after the first line.
    pub(super) comments: u64,
}

/// Counts over all lines.
#[derive(Default)]
struct Survey {
    first: Option<(u64, ByteRecord)>,
    /// Counts of the first line; `rest` has those of the lines after it.
    at_first: Vec<Kinds>,
    rest: Vec<Kinds>,
    lines: u64,
    /// Whether a number has a decimal point; `comma` is the line and column of the first decimal
    /// comma. Neither is looked for if commas separate the fields.
    points: bool,
    comma: Option<(u64, usize)>,
}

impl Survey {
    fn line(&mut self, line: u64, record: &ByteRecord, separator: u8) -> Result<(), Fault> {
        self.lines += 1;
        if self.lines == 2 {
            self.end_of_header(record.len());
        }
        let Some((_, first)) = &self.first else {
            several_fields(record, line, separator)?;
            self.rest = vec![Kinds::default(); record.len()];
            let mut kinds = self.rest.clone();
            self.count(&mut kinds, line, record, separator);
            self.at_first = kinds;
            self.first = Some((line, record.clone()));
            return Ok(());
        };
        same_width(record, first.len(), line)?;
        let mut kinds = std::mem::take(&mut self.rest);
        for (kind, (field, above)) in kinds.iter_mut().zip(record.iter().zip(first)) {
            kind.repeats_first |= field == above && !field.is_empty();
        }
        self.count(&mut kinds, line, record, separator);
        self.rest = kinds;
        Ok(())
    }

    /// Ignores a separator at the end of the header alone, which names nothing.
    fn end_of_header(&mut self, width: usize) {
        if let Some((_, first)) = &mut self.first
            && width > 1
            && first.len() == width + 1
            && first.get(width) == Some(b"")
        {
            first.truncate(width);
            self.at_first.truncate(width);
            self.rest.truncate(width);
        }
    }

    /// Ignores a separator at the end of every line, which separates nothing.
    fn end_of_lines(&mut self) {
        while let (Some((_, first)), Some(last)) = (&mut self.first, self.rest.last())
            && self.lines > 1
            && first.len() > 2
            && first.get(first.len() - 1) == Some(b"")
            && last.empty == self.lines - 1
        {
            first.truncate(first.len() - 1);
            self.at_first.pop();
            self.rest.pop();
        }
    }

    fn count(&mut self, kinds: &mut [Kinds], line: u64, record: &ByteRecord, separator: u8) {
        for (i, (kind, field)) in kinds.iter_mut().zip(record).enumerate() {
            match cell(field, false) {
                Cell::Number(_) => {
                    kind.numbers += 1;
                    self.points |= separator != b',' && field.contains(&b'.');
                }
                Cell::Missing => kind.empty += u64::from(field.is_empty()),
                Cell::Word if separator != b',' && cell(field, true) != Cell::Word => {
                    kind.numbers += 1;
                    self.comma.get_or_insert((line, i + 1));
                }
                Cell::Word => kind.words += 1,
            }
        }
    }
}

impl Dialect {
    /// Determines the dialect of a whole file.
    pub(super) fn of(text: &str, asked: &Asked) -> Result<Self, Fault> {
        let (start, named) = named_separator(text);
        let separator = asked.separator.map(|c| c as u8).or(named);
        let separator = separator.unwrap_or_else(|| self::separator(&text[start..]));
        let mut survey = Survey::default();
        let comments =
            every(text, start, separator, |line, record| survey.line(line, record, separator))?;
        survey.end_of_lines();
        let Survey { first, at_first, rest: mut columns, lines, points, comma } = survey;
        let Some((line, first)) = first else {
            return Err(Fault::new(Place::File, "no samples", "write a sample a line"));
        };
        if let (Some((line, column)), true) = (comma, points) {
            let reason = "a comma as decimal point, where other numbers have points";
            let place = Place::Field { line: line as usize, column };
            return Err(Fault::new(place, reason, "write all numbers with points"));
        }
        let header = asked.header.unwrap_or_else(|| is_header(&first, &at_first, &columns));
        if !header {
            pandas_numbers(&first, line, asked)?;
            names_and_numbers(&first, line, &at_first, &columns)?;
            for (all, first) in columns.iter_mut().zip(&at_first) {
                all.numbers += first.numbers;
                all.words += first.words;
            }
        }
        Ok(Dialect {
            separator,
            decimal_comma: comma.is_some(),
            width: first.len(),
            rows: lines - u64::from(header),
            names: if header { names(&first) } else { Vec::new() },
            columns,
            start,
            comments,
        })
    }

    /// Passes every line of samples to `take`, with its number in the file.
    pub(super) fn each(
        &self,
        text: &str,
        mut take: impl FnMut(u64, &ByteRecord) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut header = !self.names.is_empty();
        every(text, self.start, self.separator, |line, record| {
            if std::mem::take(&mut header) { Ok(()) } else { take(line, record) }
        })
        .map(drop)
    }
}

/// Returns the start of the next line and the separator if Excel's first line `sep=;` names one.
fn named_separator(text: &str) -> (usize, Option<u8>) {
    let line = text.lines().next().unwrap_or_default();
    match line.as_bytes() {
        [b's', b'e', b'p', b'=', separator] => {
            let end = text.find('\n').map_or(text.len(), |at| at + 1);
            (end, Some(*separator))
        }
        _ => (0, None),
    }
}

/// Counter of lines; `csv` does not count carriage returns, blank lines and comments.
struct Lines<'a> {
    text: &'a [u8],
    at: usize,
    line: u64,
    comments: u64,
}

impl Lines<'_> {
    /// Counts the lines that end before `to`.
    fn advance(&mut self, to: usize) {
        while self.at < to.min(self.text.len()) {
            let end = match self.text[self.at] {
                b'\n' => true,
                b'\r' => self.text.get(self.at + 1) != Some(&b'\n'),
                _ => false,
            };
            self.line += u64::from(end);
            self.at += 1;
        }
    }

    /// Returns the line of the record that starts at or after byte `from`.
    fn of(&mut self, from: usize) -> u64 {
        self.advance(from);
        loop {
            match self.text.get(self.at) {
                Some(b'\n' | b'\r') => self.advance(self.at + 1),
                Some(b'#') => {
                    self.comments += 1;
                    let rest = &self.text[self.at..];
                    let end = rest.iter().position(|b| matches!(b, b'\n' | b'\r'));
                    self.advance(self.at + end.unwrap_or(rest.len()));
                }
                _ => return self.line,
            }
        }
    }
}

/// Passes every line from byte `start` on that is neither blank nor a comment to `take`, with its
/// number. Returns the number of comments after the first such line.
fn every(
    text: &str,
    start: usize,
    separator: u8,
    mut take: impl FnMut(u64, &ByteRecord) -> Result<(), Fault>,
) -> Result<u64, Fault> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .comment(Some(b'#'))
        .from_reader(&text.as_bytes()[start..]);
    let mut lines = Lines { text: text.as_bytes(), at: 0, line: 1, comments: 0 };
    let mut before = None;
    let mut record = ByteRecord::new();
    loop {
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return Ok(lines.comments - before.unwrap_or_default()),
            // Reading text from memory cannot fail otherwise.
            Err(error) => {
                return Err(Fault::new(Place::File, error.to_string(), "write it as CSV again"));
            }
        }
        let blank =
            record.len() < 2 && record.iter().all(|f| f.iter().all(u8::is_ascii_whitespace));
        if !blank {
            let from = record.position().map_or(0, |p| p.byte() as usize);
            take(lines.of(start + from), &record)?;
            before.get_or_insert(lines.comments);
        }
    }
}

/// Checks that the first line has more than one field.
fn several_fields(record: &ByteRecord, line: u64, separator: u8) -> Result<(), Fault> {
    if record.len() > 1 {
        return Ok(());
    }
    let field = record.get(0).and_then(field_text).unwrap_or_default();
    let spaces = field.split_whitespace().count() > 1;
    let bar = field.contains('|').then_some("|");
    let one = (spaces && !field.contains("  ")).then_some(" ");
    let reason = format!("one field, but inputs and a target are needed: `{}`", shown(field));
    let remedy = if let Some(separator) = bar.or(one) {
        &*format!("`separator = \"{separator}\"` beside the path")
    } else if spaces {
        "separate the fields by commas, semicolons or tabs: what runs of spaces separate, `pandas.read_csv(path, sep=r\"\\s+\")` reads"
    } else if separator == b',' {
        "separate the fields by commas, semicolons or tabs, with the class in the last"
    } else {
        "correct the `separator`"
    };
    Err(Fault::new(Place::Line(line as usize), reason, remedy))
}

fn same_width(record: &ByteRecord, expected: usize, line: u64) -> Result<(), Fault> {
    let found = record.len();
    if found == expected {
        return Ok(());
    }
    let reason = format!("{found} field(s), the lines before have {expected}");
    let remedy = if record.iter().any(|field| field.contains(&b'\n')) {
        "a quote that opens in this line closes in a later one, or never: close it, or remove it"
    } else {
        "give every line the same number of fields"
    };
    Err(Fault::new(Place::Line(line as usize), reason, remedy))
}

/// Guesses the separator: the one that divides each of the first lines into the same number of
/// fields, more than one. Of several, the one that is rarest in numbers and words is taken.
fn separator(text: &str) -> u8 {
    let lines: Vec<&str> = text
        .lines()
        .filter(|l| !l.trim().is_empty() && !l.starts_with('#'))
        .take(LOOKED_AT)
        .collect();
    let fields = |line: &str, separator: u8| {
        let mut quoted = false;
        let mut count = 1;
        for b in line.bytes() {
            quoted ^= b == b'"';
            count += usize::from(b == separator && !quoted);
        }
        count
    };
    let even = |separator: u8| {
        let first = lines.first().map_or(0, |l| fields(l, separator));
        (first > 1 && lines.iter().all(|l| fields(l, separator) == first)).then_some(separator)
    };
    let some = |separator: u8| {
        lines.first().is_some_and(|l| fields(l, separator) > 1).then_some(separator)
    };
    [b'\t', b';', b',']
        .into_iter()
        .find_map(even)
        .or_else(|| [b'\t', b';'].into_iter().find_map(some))
        .unwrap_or(b',')
}

/// Whether the first line names the columns. It then has no number, except those that pandas gives
/// to columns without a name, and no question mark. If a field is empty or looks like a missing
/// value (sodium is `Na`), or if only words follow, its fields must also differ from each other and
/// must not recur in their columns.
fn is_header(first: &ByteRecord, at_first: &[Kinds], rest: &[Kinds]) -> bool {
    let numbered = |(i, field): (usize, &[u8])| {
        at_first[i].numbers == 0 || field_text(field) == Some(i.to_string().as_str())
    };
    if !first.iter().enumerate().all(numbered) || at_first.iter().all(|k| k.words == 0) {
        return false;
    }
    let gap = |field: &[u8]| cell(field, false) == Cell::Missing;
    if first.iter().any(|field| field.trim_ascii() == b"?") {
        return false;
    }
    let numbers = rest.iter().any(|k| k.numbers > 0) || rest.iter().all(|k| k.words == 0);
    if numbers && !first.iter().any(gap) {
        return true;
    }
    let mut fields: Vec<&[u8]> = first.iter().collect();
    fields.sort_unstable();
    let differ = fields.windows(2).all(|pair| pair[0] != pair[1]);
    differ && !rest.iter().any(|k| k.repeats_first)
}

/// Returns the names of the columns without quotes of either kind.
fn names(first: &ByteRecord) -> Vec<String> {
    let name = |field| {
        let text = field_text(field).unwrap_or_default();
        let bare = text.strip_prefix('\'').and_then(|t| t.strip_suffix('\''));
        bare.unwrap_or(text).to_owned()
    };
    first.iter().map(name).collect()
}

/// Checks that a first line that is not a header has no word above a column of numbers, where it
/// would be taken for a class or a category.
fn names_and_numbers(
    first: &ByteRecord,
    line: u64,
    at_first: &[Kinds],
    rest: &[Kinds],
) -> Result<(), Fault> {
    let name = |i: &usize| at_first[*i].words > 0 && rest[*i].numbers > 0 && rest[*i].words == 0;
    let Some(column) = (0..first.len()).find(name) else { return Ok(()) };
    let field = first.get(column).and_then(field_text).unwrap_or_default();
    let place = Place::Field { line: line as usize, column: column + 1 };
    let reason =
        format!("`{}` stands above numbers, in a line that holds numbers too", shown(field));
    let remedy = "`header = true` beside the path, if these are names; else replace it by a number";
    Err(Fault::new(place, reason, remedy))
}

/// Refuses column numbers that pandas writes, which would silently pass for a sample.
fn pandas_numbers(first: &ByteRecord, line: u64, asked: &Asked) -> Result<(), Fault> {
    let counts = |from: usize| {
        first.len() > 3
            && first
                .iter()
                .enumerate()
                .skip(from)
                .all(|(i, f)| f == (i - from).to_string().as_bytes())
    };
    if asked.header.is_none() && (counts(0) || first.get(0) == Some(b"") && counts(1)) {
        let reason = "0, 1, 2, ...: column numbers as pandas writes them, and no sample";
        let remedy = "write `header = true` beside the path, or the file with `header=False`";
        return Err(Fault::new(Place::Line(line as usize), reason, remedy));
    }
    Ok(())
}
