//! Exit codes of all programs.

/// Exit code of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Success.
    Ok = 0,
    /// Internal error, or an error of the operating system.
    Internal = 1,
    /// Bad input: sweep file, arguments, data, a lock that another sweep holds, failed checks of
    /// `doctor`, sources that differ from the commit under `--require-clean`.
    BadInput = 2,
    /// Some runs failed, or `--fail-fast` or `--max-time` ended the sweep, or runs
    /// are missing after `merge`.
    RunsFailed = 3,
    /// Regression: a night is worse than its baseline, or B than A in `compare`.
    Regression = 4,
    /// A comparison lacks runs, or its runs had other batches or initial weights; or not all
    /// published numbers were compared.
    Incomplete = 5,
    /// `verify` found a result that differs from the stored one, or `external` a published
    /// number that is not met.
    VerificationFailed = 6,
    /// A cluster ended a task before its runs were done; the task must be requeued.
    Requeue = 75,
    /// Interrupted by a signal, or by `cancel`.
    Interrupted = 130,
}

impl Exit {
    /// All exit codes, in rising order.
    pub const ALL: [Exit; 9] = [
        Exit::Ok,
        Exit::Internal,
        Exit::BadInput,
        Exit::RunsFailed,
        Exit::Regression,
        Exit::Incomplete,
        Exit::VerificationFailed,
        Exit::Requeue,
        Exit::Interrupted,
    ];

    /// Returns the variant of an exit code; [`Exit::Internal`] for an unknown code.
    pub fn of_code(code: i32) -> Exit {
        Exit::ALL.into_iter().find(|exit| *exit as i32 == code).unwrap_or(Exit::Internal)
    }

    /// Returns the meaning of the code, for `--help` and the reference.
    pub fn meaning(self) -> &'static str {
        match self {
            Exit::Ok => "success",
            Exit::Internal => "internal error, such as a full disk",
            Exit::BadInput => {
                "bad input (also: folder locked by another sweep, failed checks of doctor, sources \
                 not clean under --require-clean)"
            }
            Exit::RunsFailed => {
                "runs failed or timed out, --fail-fast or --max-time ended the sweep, or a merged \
                 sweep lacks runs"
            }
            Exit::Regression => "regression: something got worse",
            Exit::Incomplete => {
                "comparison incomplete: no baseline, missing runs, other data, weights or batches, or \
                 too few seeds to judge a large change"
            }
            Exit::VerificationFailed => "verification failed: results differ",
            Exit::Requeue => "a task of a cluster must be requeued",
            Exit::Interrupted => "interrupted or cancelled",
        }
    }
}

/// Returns the text about exit codes at the end of `--help`.
pub fn help() -> String {
    let codes = Exit::ALL.map(|exit| format!("{} {}", exit as i32, exit.meaning()));
    format!("Exit codes: {}.", codes.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_says_what_it_says_in_every_program() {
        let codes = [0, 1, 2, 3, 4, 5, 6, 75, 130];
        assert_eq!(Exit::ALL.map(|exit| exit as i32), codes);
        assert_eq!(codes.map(|code| Exit::of_code(code) as i32), codes);
        assert_eq!(Exit::of_code(101), Exit::Internal, "a panic");
    }
}
