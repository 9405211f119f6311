//! Exit codes, as documented in `--help` and in the README.

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All well.
    Ok = 0,
    /// An error of the program or its surroundings.
    Internal = 1,
    /// Bad input: sweep file, arguments, data, a lock that another sweep holds,
    /// findings of `doctor`, sources that are not clean.
    BadInput = 2,
    /// Some runs failed, or `--fail-fast` or `--max-time` ended the sweep, or runs
    /// are missing after `merge`.
    RunsFailed = 3,
    /// A night is worse than its baseline.
    Regression = 4,
    /// A comparison lacks runs, or is of other batches or weights; or published numbers were
    /// not all compared.
    Incomplete = 5,
    /// `verify` found a result that is not what is stored, or `external` a published number
    /// that is not met.
    VerificationFailed = 6,
    /// A task of a cluster was told to end before its runs were done: requeue it.
    Requeue = 75,
    /// Interrupted.
    Interrupted = 130,
}

impl Exit {
    /// Returns what an exit code means; [`Exit::Internal`] for any that has no meaning.
    pub fn of_code(code: i32) -> Exit {
        use Exit::*;
        let all = [
            Ok,
            BadInput,
            RunsFailed,
            Regression,
            Incomplete,
            VerificationFailed,
            Requeue,
            Interrupted,
        ];
        all.into_iter().find(|exit| *exit as i32 == code).unwrap_or(Internal)
    }
}

/// Text for `--help`.
pub const HELP: &str = "\
Exit codes: 0 all well; 1 internal error; 2 bad input (also: lock held, findings of doctor, \
sources that are not clean under --require-clean); 3 some runs failed or timed out, or --fail-fast or \
--max-time ended the sweep, or a merged one lacks runs; 4 regression; 5 comparison incomplete; \
6 verification failed; 75 a task of a cluster that is to be requeued; 130 interrupted or cancelled.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_says_what_it_says_in_every_program() {
        let codes = [0, 1, 2, 3, 4, 5, 6, 75, 130];
        assert_eq!(codes.map(|code| Exit::of_code(code) as i32), codes);
        assert_eq!(Exit::of_code(101), Exit::Internal, "a panic");
    }
}
