//! A matrix of coloured cells as data.

use std::fmt::{self, Display, Formatter};

use crate::colormap::Colormap;
use text_format::number::significant;

/// Rows and columns of cells with a key to their colours.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// What the figure shows.
    pub title: String,
    /// What its cells are.
    pub subtitle: String,
    /// What the colours are: name and unit.
    pub key: String,
    /// Values to colours.
    pub colormap: Colormap,
    /// Name of the columns, above their heads.
    pub column_name: String,
    /// The columns' heads.
    pub columns: Vec<String>,
    /// Whether the columns are the rows again: then heads without room become
    /// numbers, which the rows explain.
    pub square: bool,
    /// The rows.
    pub rows: Vec<GridRow>,
}

/// A row of a grid.
#[derive(Clone, Debug, PartialEq)]
pub struct GridRow {
    /// Place in the plan of the label that it belongs to.
    pub series: Option<usize>,
    /// What it shares with its neighbours, said once for all of them: the
    /// label. Empty where every row has a head of its own.
    pub group: String,
    /// Its head.
    pub head: String,
    /// Set in bold: the best of its group.
    pub strong: bool,
    /// As many as there are columns.
    pub cells: Vec<Cell>,
}

/// A cell of a grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// What it is filled with.
    pub fill: Fill,
    /// Text inside, as short as it can be.
    pub text: String,
    /// A smaller line below it.
    pub note: String,
    /// What a pointer hovering there is told; nothing is told where it is empty.
    pub said: String,
}

/// What fills a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fill {
    /// The colour of a value.
    Value(f64),
    /// A cross: it diverged.
    Crossed,
    /// A cross: it never reached the target.
    Never,
    /// Hatching: there is no result.
    Missing,
    /// Hatching: a pair that was compared but has no lead, for no seed has both values.
    NoLead,
    /// Nothing: there cannot be a value, as on a matrix's diagonal.
    Blank,
}

impl Grid {
    /// Returns whether its colours say something: not where no cell has a value, nor where all
    /// are zero on a scale around it.
    pub fn keyed(&self) -> bool {
        let around = matches!(self.colormap, Colormap::Diverging(_));
        let cells = self.rows.iter().flat_map(|r| &r.cells);
        let mut values = cells.filter_map(|c| match c.fill {
            Fill::Value(value) => Some(value),
            _ => None,
        });
        values.any(|value| !around || value != 0.0)
    }

    /// Returns whether a cell is filled so.
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
