//! A matrix of coloured cells as data.

use std::fmt::{self, Display, Formatter};

use crate::colormap::Colormap;
use text_format::number::significant;

/// Rows and columns of cells with a key that explains their colours.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// Title: what the figure shows.
    pub title: String,
    /// Subtitle: the meaning of its cells.
    pub subtitle: String,
    /// Name and unit of the colours' values.
    pub key: String,
    /// Mapping of values to colours.
    pub colormap: Colormap,
    /// Name of the columns, above their headings.
    pub column_name: String,
    /// Headings of the columns.
    pub columns: Vec<String>,
    /// Whether the columns are the rows again: headings without room are then replaced by numbers,
    /// which the rows explain.
    pub square: bool,
    /// Rows from top to bottom.
    pub rows: Vec<GridRow>,
}

/// A row of a grid.
#[derive(Clone, Debug, PartialEq)]
pub struct GridRow {
    /// Place in the plan of the label that the row belongs to; `None` for no label.
    pub series: Option<usize>,
    /// Name shared with neighbouring rows, such as the label, and shown once for all of them. Empty
    /// if every row has its own heading.
    pub group: String,
    /// Heading of the row.
    pub head: String,
    /// Whether it is in bold, as the best of its group.
    pub strong: bool,
    /// Cells, one for each column.
    pub cells: Vec<Cell>,
}

/// A cell of a grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// Filling of the cell.
    pub fill: Fill,
    /// Text inside, as short as possible.
    pub text: String,
    /// Smaller line below the text.
    pub note: String,
    /// Text shown on hover; empty for none.
    pub said: String,
}

/// Filling of a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fill {
    /// The colour of a value.
    Value(f64),
    /// A cross: the run diverged.
    Crossed,
    /// A cross: the run never reached the target.
    Never,
    /// Hatching: there is no result.
    Missing,
    /// Hatching: the pair was compared but has no lead, because no seed has both values.
    NoLead,
    /// Nothing: there cannot be a value, as on the diagonal of a matrix.
    Blank,
}

impl Grid {
    /// Returns whether the colours carry information: false if no cell has a value, or if all
    /// values are zero on a scale around zero.
    pub fn keyed(&self) -> bool {
        let around = matches!(self.colormap, Colormap::Diverging(_));
        let cells = self.rows.iter().flat_map(|r| &r.cells);
        let mut values = cells.filter_map(|c| match c.fill {
            Fill::Value(value) => Some(value),
            _ => None,
        });
        values.any(|value| !around || value != 0.0)
    }

    /// Returns whether any cell has this filling.
    pub fn has(&self, fill: Fill) -> bool {
        self.rows.iter().flat_map(|r| &r.cells).any(|c| c.fill == fill)
    }
}

impl Display for Grid {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}", self.title, self.subtitle)?;
        let kind = match self.colormap {
            Colormap::Sequential(_) => "sequential",
            Colormap::Reversed(_) => "reversed",
            Colormap::Diverging(_) => "diverging",
        };
        match self.keyed() {
            true => writeln!(f, "key {}: {kind} {}", self.key, self.colormap.axis())?,
            false => writeln!(f, "no key")?,
        }
        writeln!(f, "columns {}: {}", self.column_name, self.columns.join(" | "))?;
        for row in &self.rows {
            let series = row.series.map_or(String::new(), |s| format!("#{s} "));
            let group = if row.group.is_empty() { "" } else { " / " };
            let strong = if row.strong { "*" } else { "" };
            write!(f, "  {series}{}{group}{}{strong}:", row.group, row.head)?;
            for cell in &row.cells {
                match cell.fill {
                    Fill::Value(v) => write!(f, " ({} {})", significant(v, 4), cell.text)?,
                    Fill::Crossed | Fill::Never => write!(f, " (x {})", cell.text)?,
                    Fill::Missing | Fill::NoLead => write!(f, " (? {})", cell.text)?,
                    Fill::Blank => f.write_str(" ()")?,
                }
                if !cell.note.is_empty() {
                    write!(f, "[{}]", cell.note)?;
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
