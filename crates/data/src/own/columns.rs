//! Roles of a table's columns: inputs and targets.

use spec::reading::{Asked, ColumnRef};

use super::csv::not_a_number;
use super::error::{Fault, Place, shown};
use super::table::{Column, Table};

/// Column names, in lower case, that mark the target.
const TARGET_NAMES: &[&str] = &["label", "class", "target", "species"];

/// Name of the target if none of [`TARGET_NAMES`] occurs. It is weaker, since `y` beside `x` may be
/// an input.
const FALLBACK_TARGET_NAME: &str = "y";

/// Roles of the columns, by index from 0.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Roles {
    /// Target columns, at least one.
    pub(super) targets: Vec<usize>,
    /// The reason why these are the targets, in words.
    pub(super) by: &'static str,
    /// Numeric inputs, ascending.
    pub(super) numbers: Vec<usize>,
    /// Categorical inputs, ascending.
    pub(super) categorical: Vec<usize>,
    /// Number of columns that are neither input nor target.
    pub(super) left_out: usize,
}

/// Assigns a role to each column.
pub(super) fn roles(table: &Table, asked: &Asked) -> Result<Roles, Fault> {
    let find = |column: &ColumnRef, key: &str| find(table, column, key);
    let all = |columns: &[ColumnRef], key: &str| {
        columns.iter().map(|c| find(c, key)).collect::<Result<Vec<usize>, Fault>>()
    };
    let left_out = all(&asked.leave_out, "leave_out")?;
    let mut categorical = all(&asked.categorical, "categorical")?;
    let (targets, by) = match (&asked.label, &asked.target[..]) {
        (Some(label), _) => (vec![find(label, "label")?], "by `label`"),
        (None, [_, ..]) => (all(&asked.target, "target")?, "by `target`"),
        (None, []) => recognised(table, &left_out)?,
    };
    if let Some(twice) = (1..targets.len()).find(|i| targets[..*i].contains(&targets[*i])) {
        let reason = format!("`target` names {} twice", title(table, targets[twice]));
        return Err(Fault::new(Place::File, reason, "name each column once"));
    }
    for (column, key) in left_out
        .iter()
        .map(|c| (c, "leave_out"))
        .chain(categorical.iter().map(|c| (c, "categorical")))
    {
        if targets.contains(column) {
            let reason =
                format!("{} is the target, but `{key}` names it too", title(table, *column));
            let remedy = "name the column of the target: `label = ...` or `target = ...`";
            return Err(Fault::new(Place::File, reason, remedy));
        }
    }
    categorical.retain(|c| !left_out.contains(c));
    categorical.sort_unstable();
    categorical.dedup();
    let other =
        |c: &usize| !targets.contains(c) && !left_out.contains(c) && !categorical.contains(c);
    let numbers: Vec<usize> = (0..table.width).filter(other).collect();
    unnamed(table, &numbers)?;
    if let Some(words) = numbers.iter().find(|c| table.words.contains_key(c)) {
        return Err(words_in(table, *words));
    }
    if numbers.is_empty() && categorical.is_empty() {
        let reason = "no column is left for the inputs";
        return Err(Fault::new(Place::File, reason, "leave fewer columns out"));
    }
    let left_out = table.width - numbers.len() - categorical.len() - targets.len();
    Ok(Roles { targets, by, numbers, categorical, left_out })
}

/// Finds the column that the header marks as the target, or else the last one.
fn recognised(table: &Table, left_out: &[usize]) -> Result<(Vec<usize>, &'static str), Fault> {
    let called = |names: &[&str]| -> Vec<usize> {
        let is = |c: &usize| {
            table.names.get(*c).is_some_and(|n| names.contains(&n.to_lowercase().as_str()))
        };
        (0..table.width).filter(is).filter(|c| !left_out.contains(c)).collect()
    };
    let mut named = called(TARGET_NAMES);
    if named.is_empty() {
        named = called(&[FALLBACK_TARGET_NAME]);
    }
    match named[..] {
        [one] => return Ok((vec![one], "by its name")),
        [] => {}
        [a, b, ..] => {
            let (a, b) = (&table.names[a], &table.names[b]);
            let reason = format!("both `{}` and `{}` may be the target", shown(a), shown(b));
            let remedy = format!(
                "say which: `label = \"{0}\"`, or `target = \"{0}\"` for a real value; name the other in `leave_out` unless it is an input",
                shown(a)
            );
            return Err(Fault::new(Place::File, reason, remedy));
        }
    }
    let last = (0..table.width).rev().find(|c| !left_out.contains(c));
    let last = last.ok_or_else(|| {
        Fault::new(Place::File, "every column is left out", "leave fewer columns out")
    })?;
    Ok((vec![last], "the last"))
}

fn find(table: &Table, column: &ColumnRef, key: &str) -> Result<usize, Fault> {
    let width = table.width as i64;
    match column {
        ColumnRef::Place(place) => {
            let index = if *place < 0 { width + place } else { place - 1 };
            usize::try_from(index).ok().filter(|i| *i < table.width).ok_or_else(|| {
                let reason = format!("`{key}` names column {place} of {width}");
                Fault::new(Place::File, reason, "columns count from 1; -1 is the last")
            })
        }
        ColumnRef::Name(name) => {
            let exact: Vec<usize> =
                (0..table.names.len()).filter(|i| table.names[*i].trim() == name).collect();
            match exact[..] {
                [one] => Ok(one),
                [_, _, ..] => {
                    let reason = format!("{} columns are called `{}`", exact.len(), shown(name));
                    let remedy = format!("give its number: `{key} = {}`", exact[0] + 1);
                    Err(Fault::new(Place::File, reason, remedy))
                }
                [] if table.names.is_empty() => {
                    let reason =
                        format!("`{key}` names `{}`, and the file has no header", shown(name));
                    let remedy = "give its number from 1, or write a line of names above";
                    Err(Fault::new(Place::File, reason, remedy))
                }
                [] => {
                    let reason = format!("`{key}` names `{}`, which is no column", shown(name));
                    Err(Fault::new(Place::File, reason, there_are(&table.names)))
                }
            }
        }
    }
}

/// Lists the first names of a header, for a remedy.
pub(super) fn there_are(names: &[String]) -> String {
    const MOST: usize = 12;
    let mut shown: Vec<String> = names.iter().take(MOST).map(|n| shown(n)).collect();
    if names.len() > MOST {
        shown.push(format!("and {} more", names.len() - MOST));
    }
    format!("there are: {}", shown.join(", "))
}

/// Refuses an input without a name, which is usually an index that pandas or R wrote.
fn unnamed(table: &Table, inputs: &[usize]) -> Result<(), Fault> {
    let empty = inputs.iter().find(|c| table.names.get(**c).is_some_and(String::is_empty));
    let Some(column) = empty else { return Ok(()) };
    let reason = "a column without a name, as an index of rows that pandas or R writes";
    let remedy = format!("`leave_out = [{}]`, or name the column", column + 1);
    Err(Fault::new(Place::Field { line: 1, column: column + 1 }, reason, remedy))
}

/// Returns the fault of the first word in a column that should hold numbers.
fn words_in(table: &Table, column: usize) -> Fault {
    let row = (0..table.rows).find(|row| {
        table.cells[row * table.width + column].is_nan() && !table.words[&column][*row].is_empty()
    });
    let row = row.unwrap_or(0);
    not_a_number(&table.words[&column][row], table.place(row, column), table.names.get(column))
}

/// Describes a column in words.
pub(super) fn title(table: &Table, column: usize) -> String {
    match table.names.get(column) {
        Some(name) if !name.is_empty() => format!("`{}` (column {})", shown(name), column + 1),
        _ => format!("column {}", column + 1),
    }
}

/// Returns the values of a column.
pub(super) fn column(table: &Table, column: usize) -> Column {
    match table.words.get(&column) {
        Some(words) => Column::Words(words.clone()),
        None => {
            let cells = table.cells.iter().skip(column).step_by(table.width);
            Column::Numbers(cells.copied().collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(header: &str) -> Table {
        let names: Vec<String> = header.split(',').map(str::to_owned).collect();
        let width = names.len();
        Table { names, width, rows: 1, cells: vec![0.0; width], lines: vec![2], ..Table::default() }
    }

    fn targets(header: &str, asked: &Asked) -> Result<(Vec<usize>, Vec<usize>), String> {
        match roles(&table(header), asked) {
            Ok(roles) => Ok((roles.targets, roles.numbers)),
            Err(Fault::Content { reason, .. }) => Err(reason),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_target_is_named_recognised_or_last() {
        let none = Asked::default();
        assert_eq!(targets("a,b,c", &none), Ok((vec![2], vec![0, 1])));
        assert_eq!(targets("Class,b,c", &none), Ok((vec![0], vec![1, 2])));
        assert_eq!(targets("a,y,c", &none), Ok((vec![1], vec![0, 2])));
        assert_eq!(targets("x,y,label", &none), Ok((vec![2], vec![0, 1])));
        let by = |label: ColumnRef| Asked { label: Some(label), ..Asked::default() };
        assert_eq!(targets("y,b,c", &by(ColumnRef::Name("b".into()))), Ok((vec![1], vec![0, 2])));
        assert_eq!(targets("y,b,c", &by(ColumnRef::Place(-1))), Ok((vec![2], vec![0, 1])));
        let out = Asked { leave_out: vec![ColumnRef::Place(3)], ..Asked::default() };
        assert_eq!(targets("a,b,c", &out), Ok((vec![1], vec![0])));
        let two = Asked {
            target: vec![ColumnRef::Place(1), ColumnRef::Name("c".into())],
            ..Asked::default()
        };
        assert_eq!(targets("a,b,c", &two), Ok((vec![0, 2], vec![1])));
    }

    #[test]
    fn columns_that_are_not_there_or_not_clear() {
        let none = Asked::default();
        assert_eq!(
            targets("class,b,target", &none).unwrap_err(),
            "both `class` and `target` may be the target"
        );
        let by = |label: ColumnRef| Asked { label: Some(label), ..Asked::default() };
        assert_eq!(
            targets("a,b", &by(ColumnRef::Place(3))).unwrap_err(),
            "`label` names column 3 of 2"
        );
        assert_eq!(
            targets("a,b", &by(ColumnRef::Name("B".into()))).unwrap_err(),
            "`label` names `B`, which is no column"
        );
        assert_eq!(
            targets("a,a", &by(ColumnRef::Name("a".into()))).unwrap_err(),
            "2 columns are called `a`"
        );
        let out = Asked {
            label: Some(ColumnRef::Place(1)),
            leave_out: vec![ColumnRef::Name("a".into())],
            ..Asked::default()
        };
        assert_eq!(
            targets("a,b", &out).unwrap_err(),
            "`a` (column 1) is the target, but `leave_out` names it too"
        );
        assert!(targets(",b,c", &none).unwrap_err().starts_with("a column without a name"));
    }
}
