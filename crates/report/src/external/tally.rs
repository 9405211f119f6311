//! Counts of rows by origin and outcome.

use std::ops::Add;

use crate::external::Section;
use crate::external::judge::Verdict;
use crate::external::published::Origin;

/// Numbers of counted rows of one origin, by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows that agree.
    pub agree: usize,
    /// Rows that differ.
    pub differ: usize,
    /// Rows that differ for a reason that the file gives, along with which side is right.
    pub known: usize,
    /// Rows that cannot be told apart because of our spread.
    pub open: usize,
    /// Rows for which our number is missing.
    pub skipped: usize,
}

/// Numbers of rows by origin and outcome; rows for information are counted separately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Numbers that somebody published.
    pub published: Counts,
    /// Numbers that were computed independently.
    pub computed: Counts,
    /// Rows that are shown for information and never counted.
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

    /// Returns the counts of both origins together.
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
