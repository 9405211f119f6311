//! Runs another program for its output, within a time limit.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

/// Usual time limit of a program.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// Result of running a program.
#[derive(Debug)]
pub(super) enum Reply {
    /// The program succeeded and printed this to standard output.
    WorkerOutput(String),
    /// The program failed: its exit status and last lines of standard error.
    Failed(String),
    /// The program could not be started.
    NotStarted(io::Error),
    /// The program exceeded the time limit and was killed.
    Late,
}

impl Reply {
    /// Returns the first non-empty line of the output.
    pub(super) fn first_line(&self) -> Option<&str> {
        self.lines().next()
    }

    /// Returns the non-empty lines of the output, trimmed.
    pub(super) fn lines(&self) -> impl Iterator<Item = &str> {
        let said = if let Reply::WorkerOutput(text) = self { text } else { "" };
        said.lines().map(str::trim).filter(|line| !line.is_empty())
    }

    /// Returns why there is no output; `None` on success.
    pub(super) fn problem(&self) -> Option<String> {
        match self {
            Reply::WorkerOutput(_) => None,
            Reply::Failed(why) => Some(why.clone()),
            Reply::NotStarted(e) if e.kind() == io::ErrorKind::NotFound => {
                Some("not on the PATH".to_owned())
            }
            Reply::NotStarted(e) => Some(format!("cannot be started: {e}")),
            Reply::Late => Some("did not answer in time".to_owned()),
        }
    }
}

/// Runs the command without standard input, for at most `patience`.
pub(super) fn ask(command: &mut Command, patience: Duration) -> Reply {
    // Its own process group, so that its children end with it.
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return Reply::NotStarted(error),
    };
    let pid = Pid::from_child(&child);
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(child.wait_with_output()));
    match receiver.recv_timeout(patience) {
        Ok(Ok(output)) if output.status.success() => {
            Reply::WorkerOutput(String::from_utf8_lossy(&output.stdout).into_owned())
        }
        Ok(Ok(output)) => {
            let words = last_words(&String::from_utf8_lossy(&output.stderr));
            let colon = if words.is_empty() { "" } else { ": " };
            Reply::Failed(format!("ended with {}{colon}{words}", output.status))
        }
        Ok(Err(error)) => Reply::NotStarted(error),
        Err(_) => {
            let _ = kill_process_group(pid, Signal::KILL);
            Reply::Late
        }
    }
}

/// Returns the last three non-empty lines on one line, at most 400 characters.
fn last_words(stderr: &str) -> String {
    const LINES: usize = 3;
    const CHARS: usize = 400;
    let lines: Vec<&str> = stderr.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    lines[lines.len().saturating_sub(LINES)..].join(" ").chars().take(CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str, patience: Duration) -> Reply {
        ask(Command::new("sh").args(["-c", script]), patience)
    }

    #[test]
    fn answers_are_told_apart() {
        assert_eq!(sh("echo; echo ' a 1.2 '; echo b", PATIENCE).first_line(), Some("a 1.2"));
        let failed = sh("echo one >&2; exit 7", PATIENCE).problem().unwrap();
        assert_eq!(failed, "ended with exit status: 7: one");
        let missing = ask(&mut Command::new("no-such-program-at-all"), PATIENCE);
        assert_eq!(missing.problem().as_deref(), Some("not on the PATH"));
    }

    #[test]
    fn a_program_that_hangs_is_ended() {
        let begun = std::time::Instant::now();
        assert!(matches!(sh("sleep 60; true", Duration::from_millis(100)), Reply::Late));
        assert!(begun.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn last_words_are_few() {
        assert_eq!(last_words("a\n\nb\n c \nd\n"), "b c d");
        assert_eq!(last_words(&"x".repeat(10_000)).len(), 400);
    }
}
