//! The cut of a run into pieces at whose borders it may be looked at.

/// The cut of a run into segments: epochs, or of a run by steps equal numbers of steps. At
/// their borders the streams of the device are seeded anew, a digest of the batches is taken,
/// and checkpoints and evaluations stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segments {
    /// Optimizer steps of a segment; the last may be shorter.
    pub length: u64,
    /// Optimizer steps of the run.
    pub total: u64,
}

impl Segments {
    /// Number of segments.
    pub fn count(self) -> u64 {
        self.total.div_ceil(self.length)
    }

    /// Steps of a segment, the first of which is number 1; counted from 0.
    pub fn steps(self, number: u64) -> std::ops::Range<u64> {
        let start = self.length * (number - 1);
        start..(start + self.length).min(self.total)
    }

    /// Number of segments at whose ends something that is due every `every` steps is due.
    pub fn count_due(self, every: u64) -> u64 {
        // Multiples that are no closer than segments are long have borders of their own.
        let every = every.max(self.length);
        let multiples = self.total / every;
        let last = (multiples * every).next_multiple_of(self.length);
        multiples + u64::from(last < self.total)
    }

    /// True where something that is due every `every` steps is due at the end of a segment: at
    /// the first border at or behind each multiple, and at the end of the run.
    pub fn is_due(self, number: u64, every: u64) -> bool {
        let steps = self.steps(number);
        steps.end == self.total || steps.end / every.max(1) > steps.start / every.max(1)
    }
}

/// Steps of a segment of a run of so many: the largest of 1, 2, 5, 10, 20, 50 and so on of
/// which there are forty or more. It follows from the length of the run alone, so that neither
/// evaluations nor checkpoints move a border, and with it what the device draws.
pub fn segment(steps: u64) -> u64 {
    let most = (steps / 40).max(1);
    let mut power = 1;
    while power <= most / 10 {
        power *= 10;
    }
    [5, 2, 1].into_iter().map(|digit| digit * power).find(|&n| n <= most).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_follow_from_the_length_alone() {
        let lengths = [1, 39, 40, 79, 80, 200, 400, 2_000, 5_000, 100_000].map(segment);
        assert_eq!(lengths, [1, 1, 1, 1, 2, 5, 10, 50, 100, 2_000]);
        let run = Segments { length: 50, total: 2_000 };
        assert_eq!((run.count(), run.steps(1), run.steps(40)), (40, 0..50, 1_950..2_000));
        let short = Segments { length: 50, total: 120 };
        assert_eq!((short.count(), short.steps(3)), (3, 100..120));
    }

    #[test]
    fn what_is_due_is_due_at_the_first_border_behind_and_at_the_end() {
        let run = Segments { length: 50, total: 420 };
        let due = |every| (1..=run.count()).filter(|&n| run.is_due(n, every)).collect::<Vec<_>>();
        assert_eq!(due(100), [2, 4, 6, 8, 9]);
        assert_eq!(due(120), [3, 5, 8, 9]);
        assert_eq!(due(1), (1..=9).collect::<Vec<_>>());
        assert_eq!(due(1_000), [9]);
        for every in [1, 50, 60, 99, 100, 120, 150, 400, 401, 420, 1_000] {
            assert_eq!(run.count_due(every), due(every).len() as u64, "{every}");
        }
    }
}
