//! Counts of rows by origin and outcome.

use std::ops::Add;

use crate::external::Section;
use crate::external::judge::Verdict;
use crate::external::published::Origin;

/// Rows of one origin that count, by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows that agree.
    pub agree: usize,
    /// Rows that differ.
    pub differ: usize,
    /// Rows that differ for a reason that the file gives, with who is right.
    pub known: usize,
    /// Rows that our spread does not tell apart.
    pub open: usize,
    /// Rows without a number of ours.
    pub skipped: usize,
}

/// Rows by origin and outcome; rows for information are counted apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Numbers that somebody published.
    pub published: Counts,
    /// Numbers that were computed independently.
    pub computed: Counts,
    /// Rows that are shown and never count.
    pub information: usize,
}

impl Tally {
    /// Counts the rows of sections.
    pub fn of(sections: &[Section<'_>]) -> Tally {
        let mut tally = Tally::default();
        for judged in sections.iter().flat_map(|section| &section.rows) {
            if judged.row.information {
                tally.information += 1;
                continue;
            }
            let counts = match judged.row.origin {
                Origin::Published => &mut tally.published,
                Origin::Computed => &mut tally.computed,
            };
            let field = match judged.verdict {
                Verdict::Agrees => &mut counts.agree,
                Verdict::Differs => &mut counts.differ,
                Verdict::Known => &mut counts.known,
                Verdict::NotToldApart => &mut counts.open,
                Verdict::Skipped => &mut counts.skipped,
            };
            *field += 1;
        }
        tally
    }

    /// Returns the rows of both origins together.
    pub fn both(&self) -> Counts {
        self.published + self.computed
    }
}

impl Counts {
    /// Returns the number of rows that count.
    pub fn total(&self) -> usize {
        self.agree + self.differ + self.known + self.open + self.skipped
    }
}

impl Add for Counts {
    type Output = Counts;

    fn add(self, other: Counts) -> Counts {
        Counts {
            agree: self.agree + other.agree,
            differ: self.differ + other.differ,
            known: self.known + other.known,
            open: self.open + other.open,
            skipped: self.skipped + other.skipped,
        }
    }
}
