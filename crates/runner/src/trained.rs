//! Result of training: how many runs ended and how, and what ended a sweep early.

use std::collections::HashSet;
use std::time::Duration;

use spec::Id;
use text_format::plural;

use crate::cli::RunArgs;
use crate::exit::Exit;
use crate::text;

/// Result of training.
#[derive(Default)]
pub struct Trained {
    /// Number of runs that ended, in any way.
    pub(crate) runs: usize,
    /// Runs with a result, or paused at a rung.
    pub(crate) trained: HashSet<Id>,
    /// Number of attempts that failed or timed out.
    pub(crate) failed: usize,
    /// Number of runs that were cancelled.
    pub(crate) cancelled: usize,
    /// Cause that ended the sweep early; `None` if it ran to its end.
    pub(crate) stopped: Option<Stop>,
}

/// Cause that ended a sweep before its runs were done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Ctrl-C or SIGTERM.
    Signal,
    /// `cancel` in another shell.
    Asked,
    /// `--fail-fast`.
    FailFast,
    /// `--max-time`.
    MaxTime,
}

impl Trained {
    /// Returns whether a signal ended the training.
    pub(crate) fn interrupted(&self) -> bool {
        self.stopped == Some(Stop::Signal)
    }

    /// Returns whether the training ended before its runs were done.
    pub(crate) fn was_stopped(&self) -> bool {
        self.stopped.is_some()
    }

    /// Adds the result of a further stage.
    pub(crate) fn add(&mut self, stage: Trained) {
        self.runs += stage.runs;
        self.trained.extend(stage.trained);
        self.failed += stage.failed;
        self.cancelled += stage.cancelled;
        self.stopped = stage.stopped;
    }

    /// Returns the exit code of the sweep.
    pub(crate) fn exit(&self) -> Exit {
        match (self.stopped, self.failed) {
            (Some(Stop::Signal | Stop::Asked), _) => Exit::Interrupted,
            (None, 0) => Exit::Ok,
            _ => Exit::RunsFailed,
        }
    }

    /// Returns the summary line: `12 runs trained, 4 cached, 0 failed in 3.4 s`, with the cause
    /// that ended the sweep early, if any.
    pub(crate) fn summary(&self, cached: usize, elapsed: Duration, args: &RunArgs) -> String {
        let trained = plural::count(self.trained.len(), "run");
        let cancelled = match self.cancelled {
            0 => String::new(),
            n => format!(", {n} cancelled"),
        };
        format!(
            "{trained} trained, {cached} cached, {} failed{cancelled} in {}{}",
            self.failed,
            text::duration(elapsed.as_secs_f64()),
            how_it_stopped(self.stopped, args)
        )
    }
}

/// Returns, after a comma, what stopped a sweep and how to resume it; empty if it ran to its
/// end.
fn how_it_stopped(stopped: Option<Stop>, args: &RunArgs) -> String {
    let what = match stopped {
        None => return String::new(),
        Some(Stop::Signal) => "interrupted",
        Some(Stop::Asked) => "cancelled from another shell",
        Some(Stop::FailFast) => "ended by --fail-fast",
        Some(Stop::MaxTime) => "ended by --max-time",
    };
    // A night begins afresh unless --resume is given.
    let flag = if args.night { "with --resume" } else { "again" };
    format!(", {what}: run the same command {flag} to resume")
}
