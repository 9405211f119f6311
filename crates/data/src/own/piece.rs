//! One file of own data, read with its targets.

use std::cell::RefCell;
use std::path::Path;

use spec::own_data::{OwnKind, Scaling};
use spec::reading::{Asked, ColumnRef, Missing};
use text_format::plural;

use super::columns::{self, Roles, column, title};
use super::csv;
use super::error::{Fault, OwnError, Place, shown};
use super::scale::{Inputs, Values};
use super::source::{self, Source};
use super::table::{Column, Table};
use super::{idx, npy, parquet, wrong};

/// Samples of one file.
#[derive(Debug)]
pub(super) struct Piece<'a> {
    /// The file as given.
    pub(super) file: &'a str,
    /// Numeric inputs; NaN where one is missing and to be filled.
    pub(super) inputs: Inputs,
    /// Categorical inputs, each of which becomes one input per category.
    pub(super) categorical: Vec<Column>,
    /// Columns of targets.
    pub(super) targets: Vec<Column>,
    /// Names of the numeric inputs, categorical inputs and targets; empty without a header.
    pub(super) names: [Vec<String>; 3],
    /// Location of the targets and the reason for it, in words.
    pub(super) target_source: String,
    /// Further remarks on the interpretation, one sentence each.
    pub(super) notes: Vec<String>,
    /// Number of samples that were left out because of gaps.
    pub(super) dropped: u64,
    /// Line of each sample and column of each numeric input, for errors; empty for arrays.
    lines: Vec<u64>,
    columns: Vec<usize>,
    /// Indices of a table's target, numeric and categorical columns; empty for arrays.
    pub(super) layout: [Vec<usize>; 3],
    /// The file of the targets.
    pub(super) targets_file: String,
    /// Whether the file is read as in the first version, so that its checksum identifies the data.
    pub(super) plain: bool,
}

impl Piece<'_> {
    /// Returns the place of a value.
    pub(super) fn place(&self, sample: usize, feature: usize) -> Place {
        match (self.lines.get(sample), self.columns.get(feature)) {
            (Some(line), Some(column)) => Place::Field { line: *line as usize, column: column + 1 },
            _ => Place::Value { sample, feature },
        }
    }

    /// Returns the place of a sample.
    pub(super) fn place_of_sample(&self, sample: usize) -> Place {
        match self.lines.get(sample) {
            Some(line) => Place::Line(*line as usize),
            None => Place::Sample(sample),
        }
    }
}

/// Reads a file and its labels, and appends the SHA-256 of both to `hashes`. `vectors` of a
/// quadratic have no labels.
pub(super) fn read<'a>(
    kind: OwnKind,
    file: &'a str,
    labels: Option<&str>,
    vectors: bool,
    asked: &Asked,
    root: &Path,
    hashes: &mut Vec<String>,
) -> Result<Piece<'a>, OwnError> {
    if kind == OwnKind::Parquet {
        let (piece, hash) = of_parquet(file, asked, root)?;
        hashes.push(hash);
        return Ok(piece);
    }
    let mut source = Source::open(file, root)?;
    let room = source.len();
    let inputs = match kind {
        OwnKind::Csv => {
            let piece = csv::parse(source.reader(), asked)
                .and_then(|read| of_csv(file, read, asked))
                .map_err(|fault| source.error(fault))?;
            hashes.push(source.finish()?);
            return Ok(piece);
        }
        OwnKind::Npy => npy::inputs(source.reader(), room),
        OwnKind::Idx => idx::inputs(source.reader(), room),
        OwnKind::Npz | OwnKind::Parquet | OwnKind::Text => {
            unreachable!("these are read as a whole")
        }
    };
    let inputs = inputs.map_err(|fault| source.error(fault))?;
    hashes.push(source.finish()?);
    let Some(labels_file) = labels else {
        if vectors {
            return Ok(of_vectors(file, inputs));
        }
        return Err(wrong(file, "no labels are given", "name the file of its labels"));
    };
    let mut source = Source::open(labels_file, root)?;
    let room = source.len();
    let targets = match kind {
        OwnKind::Idx => idx::labels(source.reader(), room),
        _ => npy::labels(source.reader(), room),
    };
    let targets = targets
        .and_then(|columns| of_labels(columns, asked))
        .map_err(|fault| source.error(fault))?;
    hashes.push(source.finish()?);
    of_arrays(file, labels_file, inputs, targets)
}

/// Makes a piece of inputs without labels.
fn of_vectors(file: &str, inputs: Inputs) -> Piece<'_> {
    Piece {
        file,
        inputs,
        categorical: Vec::new(),
        targets: Vec::new(),
        names: Default::default(),
        target_source: String::new(),
        notes: Vec::new(),
        dropped: 0,
        lines: Vec::new(),
        columns: Vec::new(),
        layout: Default::default(),
        targets_file: file.to_owned(),
        plain: true,
    }
}

/// Makes a piece of separate arrays of inputs and labels.
pub(super) fn of_arrays<'a>(
    file: &'a str,
    labels: &str,
    inputs: Inputs,
    Labels { targets, target_source, whole }: Labels,
) -> Result<Piece<'a>, OwnError> {
    let n = targets.first().map_or(0, Column::len);
    if n != inputs.samples {
        let reason = format!("{n} labels for the {} samples of {file}", inputs.samples);
        return Err(wrong(labels, reason, "give the labels of these inputs"));
    }
    Ok(Piece {
        targets,
        target_source,
        targets_file: labels.to_owned(),
        // The first version did not choose one of several columns.
        plain: whole,
        ..of_vectors(file, inputs)
    })
}

/// Target columns of an array of labels.
pub(super) struct Labels {
    targets: Vec<Column>,
    /// Description of the chosen columns; empty if the array has only one.
    pub(super) target_source: String,
    /// Whether the array has only one column.
    whole: bool,
}

/// Takes the requested columns out of an array of labels.
pub(super) fn of_labels(mut all: Vec<Column>, asked: &Asked) -> Result<Labels, Fault> {
    let width = all.len();
    let chosen: Vec<&ColumnRef> = asked.label.iter().chain(&asked.target).collect();
    if chosen.is_empty() {
        let whole = |c: &Column| match c {
            Column::Numbers(v) => v.iter().all(|x| x.fract() == 0.0),
            Column::Words(_) => true,
        };
        if width > 1 && all.iter().all(whole) {
            let reason = format!("labels of {width} columns");
            let remedy = "say which column is the class: `label = 1` (for one-hot vectors save `y.argmax(axis=1)`), or write `target = [1, 2]` for real values";
            return Err(Fault::new(Place::File, reason, remedy));
        }
        let target_source =
            if width == 1 { String::new() } else { format!("{width} columns of labels") };
        return Ok(Labels { targets: all, target_source, whole: width == 1 });
    }
    let mut places = Vec::new();
    for column in chosen {
        let ColumnRef::Place(place) = column else {
            let reason = "an array's columns have no names";
            return Err(Fault::new(Place::File, reason, "give the number of the column, from 1"));
        };
        let index = if *place < 0 { width as i64 + place } else { place - 1 };
        match usize::try_from(index).ok().filter(|i| *i < width) {
            Some(index) => places.push(index),
            None => {
                let reason =
                    format!("column {place} is named as the target, but there are {width} columns");
                let remedy = "columns count from 1; -1 is the last";
                return Err(Fault::new(Place::File, reason, remedy));
            }
        }
    }
    let shown: Vec<String> = places.iter().map(|p| (p + 1).to_string()).collect();
    let target_source = match width {
        1 => String::new(),
        _ => format!("column {} of {width} of the labels", shown.join(", ")),
    };
    let targets = if places.len() == 1 {
        vec![all.swap_remove(places[0])]
    } else {
        places.iter().map(|p| all[*p].clone()).collect()
    };
    Ok(Labels { targets, target_source, whole: width == 1 })
}

fn of_csv<'a>(file: &'a str, read: csv::Read, asked: &Asked) -> Result<Piece<'a>, Fault> {
    let csv::Read { table, separator, decimal_comma, comments } = read;
    let mut piece = of_table(file, table, asked)?;
    piece.plain &= separator == b',';
    let mut note = |text: &str| piece.notes.push(text.to_owned());
    match separator {
        b',' => {}
        b'\t' => note("Fields are separated by tabs."),
        b';' => note("Fields are separated by semicolons."),
        other => note(&format!("Fields are separated by `{}`.", char::from(other))),
    }
    match comments {
        0 => {}
        n => {
            let begin = plural::form(n, "begins", "begin");
            let (lines, are) = (plural::count(n, "line"), plural::is_or_are(n));
            note(&format!("{lines} that {begin} with # {are} skipped."));
        }
    }
    if decimal_comma {
        note("Numbers have a comma for their point.");
    }
    if piece.names[2].is_empty() {
        note("There is no header.");
    }
    Ok(piece)
}

/// Whether pandas keeps the index of the rows in this Parquet column.
fn is_index_of_pandas(name: &str) -> bool {
    name.starts_with("__index_level_") && name.ends_with("__")
}

/// Reads a Parquet file. Columns that are left out by name are not read, whatever they hold.
fn of_parquet<'a>(
    file: &'a str,
    asked: &Asked,
    root: &Path,
) -> Result<(Piece<'a>, String), OwnError> {
    let mut all = asked.label.iter().chain(&asked.target);
    let more = asked.categorical.iter().chain(&asked.leave_out);
    if all.by_ref().chain(more).any(|c| matches!(c, ColumnRef::Place(_))) {
        let reason = "a column of Parquet is named by a number";
        return Err(wrong(file, reason, "its columns have names: give the name"));
    }
    let left_out =
        |name: &str| asked.leave_out.iter().any(|c| matches!(c, ColumnRef::Name(n) if n == name));
    let seen = RefCell::new(Vec::new());
    let wanted = |name: &str| {
        seen.borrow_mut().push(name.to_owned());
        !left_out(name) && !is_index_of_pandas(name)
    };
    let (table, hash) = parquet::table(file, root, &wanted)?;
    let seen = seen.into_inner();
    for column in &asked.leave_out {
        if let ColumnRef::Name(name) = column
            && !seen.contains(name)
        {
            let reason = format!("`leave_out` names `{}`, which is no column", shown(name));
            return Err(wrong(file, reason, &columns::there_are(&seen)));
        }
    }
    let asked = Asked { leave_out: Vec::new(), ..asked.clone() };
    let gone = seen.len() - table.width;
    let mut piece = of_table(file, table, &asked).map_err(|fault| source::error(file, fault))?;
    if gone > 0 {
        let (columns, are) = (plural::count(gone, "column"), plural::is_or_are(gone));
        piece.notes.push(format!("{columns} {are} not read."));
    }
    Ok((piece, hash))
}

/// Makes a piece of a table by the roles of its columns.
pub(super) fn of_table<'a>(
    file: &'a str,
    mut table: Table,
    asked: &Asked,
) -> Result<Piece<'a>, Fault> {
    let roles = columns::roles(&table, asked)?;
    let dropped = gaps(&mut table, &roles, asked)?;
    let names = |columns: &[usize]| -> Vec<String> {
        if table.names.is_empty() {
            return Vec::new();
        }
        columns.iter().map(|c| table.names[*c].clone()).collect()
    };
    let last = roles.targets[..] == [table.width - 1];
    let titles: Vec<String> = roles.targets.iter().map(|c| title(&table, *c)).collect();
    let target_source = format!("{}, {}", titles.join(" and "), roles.by);
    let names = [names(&roles.numbers), names(&roles.categorical), names(&roles.targets)];
    let notes = match roles.left_out {
        0 => Vec::new(),
        n => vec![format!("{} {} left out.", plural::count(n, "column"), plural::is_or_are(n))],
    };
    let plain = last && roles.left_out == 0 && roles.categorical.is_empty() && dropped == 0;
    line_breaks(&table, &roles)?;
    let categorical = roles.categorical.iter().map(|c| column(&table, *c)).collect();
    let targets: Vec<Column> = roles.targets.iter().map(|c| column(&table, *c)).collect();
    let samples = table.rows;
    let values = kept(table.cells, table.width, &roles.numbers);
    let inputs = Inputs {
        values: Values::F64(values),
        unit: 1.0,
        samples,
        features: roles.numbers.len(),
        scaling: Scaling::Features,
    };
    let layout = [roles.targets, roles.numbers.clone(), roles.categorical];
    let (lines, columns) = (table.lines, roles.numbers);
    Ok(Piece {
        file,
        inputs,
        categorical,
        targets,
        names,
        target_source,
        notes,
        dropped,
        lines,
        columns,
        layout,
        targets_file: file.to_owned(),
        plain,
    })
}

/// Refuses targets and categories with line breaks: a stray quote turns everything up to the next
/// one into a single field.
fn line_breaks(table: &Table, roles: &Roles) -> Result<(), Fault> {
    for column in roles.targets.iter().chain(&roles.categorical) {
        let words = table.words.get(column).map(Vec::as_slice).unwrap_or_default();
        if let Some(row) = words.iter().position(|w| w.contains(['\n', '\r'])) {
            let reason = format!("a line break within `{}`", shown(&words[row]));
            let remedy = "a quote that opens here closes in a later line: close it, or remove it";
            return Err(Fault::new(table.place(row, *column), reason, remedy));
        }
    }
    Ok(())
}

/// Keeps the cells of these columns, compacted in place.
fn kept(mut cells: Vec<f64>, width: usize, columns: &[usize]) -> Vec<f64> {
    let rows = cells.len() / width;
    let mut to = 0;
    for row in 0..rows {
        for column in columns {
            cells[to] = cells[row * width + column];
            to += 1;
        }
    }
    cells.truncate(to);
    cells
}

/// Drops samples with gaps if `missing` asks for it, and refuses gaps if `missing` is not set.
/// Returns the number of dropped samples.
fn gaps(table: &mut Table, roles: &Roles, asked: &Asked) -> Result<u64, Fault> {
    let missing = |table: &Table, row: usize, column: usize| match table.words.get(&column) {
        Some(words) => words[row].is_empty(),
        None => table.cells[row * table.width + column].is_nan(),
    };
    let inputs = || roles.numbers.iter().chain(&roles.categorical);
    for c in inputs().chain(&roles.targets) {
        if (0..table.rows).all(|row| missing(table, row, *c)) {
            let reason = format!("{} has no value in any line", title(table, *c));
            let remedy = format!("`leave_out = [{}]`", c + 1);
            return Err(Fault::new(Place::File, reason, remedy));
        }
    }
    if asked.missing == Some(Missing::Drop) {
        let whole = |table: &Table, row: usize| {
            !inputs().chain(&roles.targets).any(|c| missing(table, row, *c))
        };
        let keep: Vec<bool> = (0..table.rows).map(|row| whole(table, row)).collect();
        let before = table.rows;
        table.retain(&keep);
        if table.rows == 0 {
            let reason = "a value is missing in every sample";
            return Err(Fault::new(Place::File, reason, "use missing = \"mean\", or fill them in"));
        }
        return Ok((before - table.rows) as u64);
    }
    let first =
        |c: &usize| (0..table.rows).find(|row| missing(table, *row, *c)).map(|row| (row, *c));
    let gap = if asked.missing.is_none() { inputs().filter_map(first).min() } else { None };
    let Some((row, column)) = gap else { return Ok(0) };
    let of = match table.names.get(column) {
        Some(name) if !name.is_empty() => format!(" of `{}`", shown(name)),
        _ => String::new(),
    };
    let reason = format!("the value{of} is missing");
    let remedy = "missing = \"mean\" beside the path fills gaps, missing = \"drop\" leaves their samples out";
    Err(Fault::new(table.place(row, column), reason, remedy))
}
