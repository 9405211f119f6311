//! Columns of a Parquet file, and which of them are numbers or texts.

use super::thrift::Thrift;

/// Storage type of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Physical {
    Bool,
    I32,
    I64,
    F32,
    F64,
    Bytes,
    /// Values of this many bytes each.
    Fixed(usize),
}

/// Logical type of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Number,
    Unsigned,
    /// Whole numbers, divided by this power of ten.
    Decimal(u32),
    /// 16-bit floats.
    Half,
    Text,
}

/// A top-level column.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    /// Index of its chunk in each row group; of a nested column, of the first.
    pub(super) chunk: usize,
    /// Whether values may be missing.
    pub(super) optional: bool,
    /// Types of its values, or the reason in words why it is not read.
    pub(super) form: Result<(Physical, Meaning), &'static str>,
}

/// One element of the schema.
#[derive(Debug, Default)]
pub(super) struct Element {
    name: String,
    physical: Option<i64>,
    length: i64,
    repetition: i64,
    children: i64,
    converted: Option<i64>,
    scale: i64,
    logical: Option<i64>,
    /// Whether a logical whole number is unsigned.
    unsigned: bool,
}

impl Element {
    pub(super) fn read(t: &mut Thrift<'_>, kind: u8) -> Option<Self> {
        let mut element = Element::default();
        t.inner(kind, |t, id, kind| {
            match id {
                1 => element.physical = Some(t.int(kind)?),
                2 => element.length = t.int(kind)?,
                3 => element.repetition = t.int(kind)?,
                4 => element.name = t.text(kind)?.to_owned(),
                5 => element.children = t.int(kind)?,
                6 => element.converted = Some(t.int(kind)?),
                7 => element.scale = t.int(kind)?,
                10 => t.inner(kind, |t, id, kind| element.logical(t, id, kind))?,
                _ => t.skip(kind)?,
            }
            Some(())
        })?;
        Some(element)
    }

    /// Reads the one field of the union of logical types.
    fn logical(&mut self, t: &mut Thrift<'_>, id: i64, kind: u8) -> Option<()> {
        self.logical = Some(id);
        t.inner(kind, |t, field, kind| {
            match (id, field) {
                (5, 1) => self.scale = t.int(kind)?,
                (10, 2) => self.unsigned = !t.truth(kind)?,
                _ => t.skip(kind)?,
            }
            Some(())
        })
    }

    fn form(&self) -> Result<(Physical, Meaning), &'static str> {
        const NESTED: &str = "lists or records";
        const RAW: &str = "raw bytes";
        const TIME: &str = "dates or times";
        if self.children > 0 || self.repetition == 2 {
            return Err(NESTED);
        }
        let physical = match self.physical {
            Some(0) => Physical::Bool,
            Some(1) => Physical::I32,
            Some(2) => Physical::I64,
            Some(3) => return Err(TIME),
            Some(4) => Physical::F32,
            Some(5) => Physical::F64,
            Some(6) => Physical::Bytes,
            Some(7) => match usize::try_from(self.length) {
                Ok(length @ 1..=1024) => Physical::Fixed(length),
                _ => return Err(RAW),
            },
            _ => return Err("values of an unknown type"),
        };
        let decimal = || u32::try_from(self.scale).ok().filter(|scale| *scale <= 38);
        let texts = physical == Physical::Bytes;
        let meaning = match (self.logical, self.converted) {
            (Some(1 | 4 | 12), _) | (None, Some(0 | 4 | 19)) if texts => Meaning::Text,
            (Some(5), _) | (None, Some(5)) => {
                let whole = !matches!(physical, Physical::Bool | Physical::F32 | Physical::F64);
                match decimal() {
                    Some(scale) if whole => Meaning::Decimal(scale),
                    _ => return Err("decimals of an unknown kind"),
                }
            }
            (Some(6..=8), _) | (None, Some(6..=10 | 21)) => return Err(TIME),
            (Some(10), _) if self.unsigned => Meaning::Unsigned,
            (None, Some(11..=14)) => Meaning::Unsigned,
            (Some(15), _) if physical == Physical::Fixed(2) => Meaning::Half,
            (Some(2 | 3 | 16), _) => return Err(NESTED),
            _ if matches!(physical, Physical::Bytes | Physical::Fixed(_)) => return Err(RAW),
            _ => Meaning::Number,
        };
        Ok((physical, meaning))
    }
}

/// Returns the top-level columns and the number of chunks in a row group.
pub(super) fn columns(elements: &[Element]) -> Option<(Vec<Column>, usize)> {
    let (root, mut rest) = elements.split_first()?;
    let (mut out, mut leaves) = (Vec::new(), 0);
    for _ in 0..root.children {
        let element = rest.first()?;
        let chunk = leaves;
        // The nested elements follow, depth first.
        let mut open = 1;
        while open > 0 {
            let inside = rest.first()?;
            rest = &rest[1..];
            let children = usize::try_from(inside.children).ok()?;
            leaves += usize::from(children == 0);
            open = (open - 1_usize).checked_add(children)?;
        }
        out.push(Column {
            name: element.name.clone(),
            chunk,
            optional: element.repetition == 1,
            form: element.form(),
        });
    }
    rest.is_empty().then_some((out, leaves))
}
