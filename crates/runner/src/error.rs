//! Errors in two tiers: expected ones, which the user can fix and which have their own exit
//! codes, and all others. The type of an error is its tier, so that no code has to inspect the
//! causes of an error.

use std::fmt;
use std::process::ExitCode;

use sweep_file::diagnostic::Diagnostics;

use crate::exit::Exit;
use crate::text;

/// The result of everything that may end a command.
pub type Result<T> = std::result::Result<T, Error>;

/// The reason why a command ends without its result.
///
/// It does not implement [`std::error::Error`], so that no `anyhow::Result` absorbs it and loses
/// the tier. For the same reason [`From`] is implemented for single error types and not for all:
/// a type of which only some errors can be fixed by the user is converted where it arises.
///
/// `{}` prints the outermost message only, `{:#}` its causes too.
#[derive(Debug)]
pub enum Error {
    /// An error that the user can fix.
    Expected(ExpectedError),
    /// Any other error: of the program or of its surroundings.
    Unexpected(anyhow::Error),
}

/// An error that the user can fix.
#[derive(Debug)]
pub enum ExpectedError {
    /// Bad input: the problem and, on the next line, the remedy.
    BadInput(String),
    /// The problems of a sweep file.
    Diagnostics(Diagnostics),
    /// An error that another program has already printed, with that program's exit code.
    WorkerOutput(Exit),
}

impl Error {
    /// Returns an unexpected error with this message.
    pub fn unexpected(message: impl Into<String>) -> Self {
        Error::Unexpected(anyhow::Error::msg(message.into()))
    }

    /// Returns the exit code of a program that ends with the error.
    pub fn exit(&self) -> Exit {
        match self {
            Error::Expected(error) => error.exit(),
            Error::Unexpected(_) => Exit::Internal,
        }
    }

    /// Prepends the action that failed: `context: cause`. The tier stays the same.
    #[must_use]
    pub fn context(self, context: impl Into<String>) -> Self {
        let context = context.into();
        match self {
            Error::Expected(error) => Error::Expected(error.context(&context)),
            Error::Unexpected(error) => Error::Unexpected(error.context(context)),
        }
    }
}

impl ExpectedError {
    /// Returns the exit code of a program that ends with the error.
    pub fn exit(&self) -> Exit {
        match self {
            ExpectedError::BadInput(_) | ExpectedError::Diagnostics(_) => Exit::BadInput,
            ExpectedError::WorkerOutput(exit) => *exit,
        }
    }

    fn context(self, context: &str) -> Self {
        match self {
            ExpectedError::BadInput(cause) => {
                ExpectedError::BadInput(format!("{context}: {cause}"))
            }
            // Diagnostics name their places, and the other program has printed its error.
            same @ (ExpectedError::Diagnostics(_) | ExpectedError::WorkerOutput(_)) => same,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Expected(error) => fmt::Display::fmt(error, f),
            Error::Unexpected(error) => fmt::Display::fmt(error, f),
        }
    }
}

impl fmt::Display for ExpectedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExpectedError::BadInput(text) => f.write_str(text),
            ExpectedError::Diagnostics(diagnostics) => fmt::Display::fmt(diagnostics, f),
            ExpectedError::WorkerOutput(_) => f.write_str("sweep-report failed"),
        }
    }
}

/// Returns an error that the user can fix: exit code 2.
pub fn bad_input(message: impl Into<String>) -> Error {
    ExpectedError::BadInput(message.into()).into()
}

impl From<ExpectedError> for Error {
    fn from(error: ExpectedError) -> Self {
        Error::Expected(error)
    }
}

impl From<Diagnostics> for Error {
    fn from(diagnostics: Diagnostics) -> Self {
        Error::Expected(ExpectedError::Diagnostics(diagnostics))
    }
}

/// Implements the conversion of types whose errors are all unexpected.
macro_rules! unexpected {
    ($($error:ty),+ $(,)?) => {$(
        impl From<$error> for Error {
            fn from(error: $error) -> Self {
                Error::Unexpected(error.into())
            }
        }
    )+};
}

unexpected!(std::io::Error, serde_json::Error, data::FetchError, store::StoreError,);

/// [`Error::context`] of a result.
pub trait Context<T> {
    /// Prepends the action that failed to an error.
    ///
    /// # Errors
    /// The error of the result, with the context prepended.
    fn with_context(self, context: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: Into<Error>> Context<T> for std::result::Result<T, E> {
    fn with_context(self, context: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| error.into().context(context()))
    }
}

/// Prints the error of a program, unless it is already printed, and returns the program's exit
/// code.
pub fn end(result: Result<Exit>) -> ExitCode {
    let exit = result.unwrap_or_else(|error| {
        say(&error);
        error.exit()
    });
    if exit == Exit::Ok && text::output_was_lost() {
        text::status!("error: standard output could not be written to");
        return ExitCode::from(Exit::Internal as u8);
    }
    ExitCode::from(exit as u8)
}

fn say(error: &Error) {
    match error {
        Error::Expected(ExpectedError::WorkerOutput(_)) => {}
        Error::Expected(ExpectedError::Diagnostics(diagnostics)) => {
            text::print_error(&diagnostics.render(console::colors_enabled_stderr()));
        }
        Error::Expected(ExpectedError::BadInput(_)) | Error::Unexpected(_) => {
            let mark = console::style("error:").for_stderr().red().bold();
            text::status!("{mark} {error:#}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use data::{DataError, FetchError};
    use report::ReportError;
    use store::StoreError;
    use sweep_file::diagnostic::Diagnostic;

    use super::*;
    use crate::worker_process::WorkerError;

    fn diagnostics() -> Diagnostics {
        let mut diagnostics = Diagnostics::default();
        diagnostics.push(Diagnostic::error_without_place("no such file"));
        diagnostics
    }

    #[test]
    fn every_expected_error_has_its_exit_code() {
        for (error, exit) in [
            (ExpectedError::BadInput("x".to_owned()), Exit::BadInput),
            (ExpectedError::Diagnostics(diagnostics()), Exit::BadInput),
            (ExpectedError::WorkerOutput(Exit::Regression), Exit::Regression),
            (ExpectedError::WorkerOutput(Exit::Internal), Exit::Internal),
        ] {
            assert_eq!(error.exit(), exit, "{error:?}");
            assert_eq!(Error::from(error).exit(), exit);
        }
        assert_eq!(bad_input("x").exit() as u8, 2);
        assert_eq!(Error::from(diagnostics()).exit() as u8, 2);
    }

    #[test]
    fn an_unexpected_error_exits_with_1() {
        let full = || io::Error::from_raw_os_error(28);
        for error in [Error::unexpected("x"), full().into(), Error::from(full()).context("x")] {
            assert!(matches!(error, Error::Unexpected(_)), "{error:?}");
            assert_eq!(error.exit() as u8, 1);
        }
    }

    #[test]
    fn context_stands_before_the_cause_and_keeps_the_tier() {
        let failed = |error: Error| {
            Err::<(), Error>(error).with_context(|| "cannot write x".to_owned()).unwrap_err()
        };
        let unexpected = failed(Error::unexpected("no space left"));
        assert_eq!(format!("{unexpected:#}"), "cannot write x: no space left");
        assert_eq!(text::first_line(&unexpected), "cannot write x");
        assert_eq!(unexpected.exit(), Exit::Internal);
        let expected = failed(bad_input("it is a pipe\n  move it away"));
        assert_eq!(format!("{expected:#}"), "cannot write x: it is a pipe\n  move it away");
        assert_eq!(expected.exit(), Exit::BadInput);
        assert_eq!(failed(ExpectedError::WorkerOutput(Exit::Requeue).into()).exit(), Exit::Requeue);
        let problems = failed(diagnostics().into());
        assert_eq!(problems.to_string(), diagnostics().render(false));
    }

    #[test]
    fn an_error_is_said_once_although_it_is_printed_with_its_causes() {
        let full = || io::Error::from_raw_os_error(28);
        let path = || "reports/x/weights".into();
        let of_data = || DataError::Io { path: path(), reason: full() };
        let stored = || StoreError::Io { action: "write", path: path(), reason: full() };
        let parquet = ReportError::Parquet { path: path(), reason: full().into() };
        let errors: [Error; 8] = [
            stored().into(),
            Error::Unexpected(ReportError::from(stored()).into()),
            Error::Unexpected(parquet.into()),
            Error::Unexpected(of_data().into()),
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
