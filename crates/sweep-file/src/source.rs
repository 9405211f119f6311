//! The texts that a sweep is read from, and places in them.

use std::ops::Range;

/// A text with the name that diagnostics show.
#[derive(Clone, Debug)]
pub struct Source {
    /// The name, such as `experiments/battle.toml`, `--set` or `SWEEP__TRAIN__EPOCHS`.
    pub name: String,
    /// The text as written.
    pub text: String,
}

/// A span of bytes in one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Index into [`Sources`].
    pub source: usize,
    /// Byte range in its text.
    pub span: Range<usize>,
}

/// Every text of one load, addressed by index.
#[derive(Clone, Debug, Default)]
pub struct Sources(Vec<Source>);

impl Sources {
    /// Adds a text and returns its index.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> usize {
        self.0.push(Source { name: name.into(), text: text.into() });
        self.0.len() - 1
    }

    /// Returns the text of an index.
    pub fn get(&self, index: usize) -> &Source {
        &self.0[index]
    }

    /// Returns line and column of a place's start, both counted from 1; columns are characters.
    pub fn line_column(&self, place: &Place) -> (usize, usize) {
        let text = &self.0[place.source].text;
        let before = &text[..text.floor_char_boundary(place.span.start.min(text.len()))];
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}
