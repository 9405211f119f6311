//! Asks another program something, and does not wait for ever.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

/// What a program is waited for.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// What came of it.
#[derive(Debug)]
pub(super) enum Reply {
    /// It ended well and printed this.
    WorkerOutput(String),
    /// It ended badly: its last words and how it ended.
    Failed(String),
    /// It could not be started.
    NotStarted(io::Error),
    /// It said nothing in time and was ended.
    Late,
}

impl Reply {
    /// The first line of what it said.
    pub(super) fn first_line(&self) -> Option<&str> {
        self.lines().next()
    }

    /// The lines of what it said, without empty ones.
    pub(super) fn lines(&self) -> impl Iterator<Item = &str> {
        let said = if let Reply::WorkerOutput(text) = self { text } else { "" };
        said.lines().map(str::trim).filter(|line| !line.is_empty())
    }

    /// Why it said nothing.
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

/// Runs the command, with nothing to read, for as long as `patience`.
pub(super) fn ask(command: &mut Command, patience: Duration) -> Reply {
    // A group of its own, so that whatever it starts ends with it.
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

/// The last lines that say something, on one line and not without end.
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
