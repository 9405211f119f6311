//! Exit codes, as documented in `--help` and in the README.

use std::process::ExitCode;

use spec::sweep_file::diagnostic::Diagnostics;

use crate::text;

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
    /// A comparison lacks runs, or is of other batches or weights.
    Incomplete = 5,
    /// `verify` found a result that is not what is stored.
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

/// An error that the user can mend: exit code 2 instead of 1.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadInput(pub String);

/// Shorthand for a [`BadInput`] error.
pub fn bad_input(message: impl Into<String>) -> anyhow::Error {
    BadInput(message.into()).into()
}

/// An error that another program has printed, with that program's exit code.
#[derive(Debug, thiserror::Error)]
#[error("sweep-report failed")]
pub struct Said(pub Exit);

/// The exit code of an error: 2 where the user can mend it.
pub fn code_of(error: &anyhow::Error) -> Exit {
    if let Some(Said(exit)) = error.downcast_ref() {
        return *exit;
    }
    if error.is::<BadInput>() || error.is::<Diagnostics>() {
        Exit::BadInput
    } else {
        Exit::Internal
    }
}

/// Prints the error of a program, if there is one and nobody has printed it, and returns
/// the program's exit code; `code_of` gives that of an error.
pub fn end(result: anyhow::Result<Exit>, code_of: impl FnOnce(&anyhow::Error) -> Exit) -> ExitCode {
    let exit = result.unwrap_or_else(|error| {
        if let Some(diagnostics) = error.downcast_ref::<Diagnostics>() {
            text::complain(&diagnostics.render(console::colors_enabled_stderr()));
        } else if !error.is::<Said>() {
            let mark = console::style("error:").for_stderr().red().bold();
            text::say!("{mark} {error:#}");
        }
        code_of(&error)
    });
    if exit == Exit::Ok && text::output_was_lost() {
        text::say!("error: standard output could not be written to");
        return ExitCode::from(Exit::Internal as u8);
    }
    ExitCode::from(exit as u8)
}

#[cfg(test)]
mod tests {
    use std::io;

    use data::{DataError, FetchError};
    use report::ReportError;
    use store::StoreError;

    use super::*;
    use crate::worker_process::WorkerError;

    #[test]
    fn an_error_is_said_once_although_it_is_printed_with_its_causes() {
        let full = || io::Error::from_raw_os_error(28);
        let path = || "reports/x/weights".into();
        let of_data = || DataError::Io { path: path(), reason: full() };
        let errors: [anyhow::Error; 7] = [
            ReportError::from(StoreError::Io { action: "write", path: path(), reason: full() })
                .into(),
            ReportError::Parquet { path: path(), reason: full().into() }.into(),
            of_data().into(),
            FetchError::NoMirror(of_data()).into(),
            FetchError::Write { path: path(), reason: full() }.into(),
            WorkerError::Start { path: path(), reason: full() }.into(),
            bad_input(format!("{:#}", of_data())),
        ];
        for error in errors {
            let text = format!("{error:#}");
            assert_eq!(text.matches("os error 28").count(), 1, "{text}");
            assert_eq!(text.matches("reports/x/weights").count(), 1, "{text}");
        }
    }
}
