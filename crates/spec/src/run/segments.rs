//! Segments of a run, between which checkpoints and evaluations may take place.

/// The segments of a run: epochs, or for a run by steps equal numbers of steps. At their borders
/// the random streams of the device are reseeded and a digest of the batches is taken, and
/// checkpoints and evaluations may take place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segments {
    /// Optimizer steps per segment; the last may be shorter.
    pub length: u64,
    /// Optimizer steps of the run.
    pub total: u64,
}

impl Segments {
    /// Returns the number of segments.
    pub fn count(self) -> u64 {
        self.total.div_ceil(self.length)
    }

    /// Returns the steps of a segment, counted from 0; segments are numbered from 1.
    pub fn steps(self, number: u64) -> std::ops::Range<u64> {
        let start = self.length * (number - 1);
        start..(start + self.length).min(self.total)
    }

    /// Returns the number of segments after which something that recurs every `every` steps is due.
    pub fn count_due(self, every: u64) -> u64 {
        // Multiples at least a segment apart fall on distinct borders.
        let every = every.max(self.length);
        let multiples = self.total / every;
        let last = (multiples * every).next_multiple_of(self.length);
        multiples + u64::from(last < self.total)
    }

    /// Returns whether something that recurs every `every` steps is due at the end of a segment:
    /// at the first border at or after each multiple, and at the end of the run.
    pub fn is_due(self, number: u64, every: u64) -> bool {
        let steps = self.steps(number);
        steps.end == self.total || steps.end / every.max(1) > steps.start / every.max(1)
    }
}

/// Returns the steps per segment of a run of `steps`: the largest of 1, 2, 5, 10, 20, 50 and so on
/// with at least forty segments, or 1. It depends only on the length of the run, so that neither
/// evaluations nor checkpoints move a border and thereby change the device's random numbers.
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
