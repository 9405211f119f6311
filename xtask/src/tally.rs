//! Summaries of test runners. Their output is passed through, and their closing lines are
//! kept for a summary at the end of the log.

use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context as _, Result, anyhow};

/// The results of one test command, or the sum of several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// The runner's own closing lines, unchanged.
    pub(crate) closing: Vec<String>,
    /// Tests that passed.
    pub(crate) passed: u64,
    /// Tests that failed.
    pub(crate) failed: u64,
}

impl Tally {
    /// Adds the results of another command.
    pub(crate) fn add(&mut self, other: Tally) {
        self.closing.extend(other.closing);
        self.passed += other.passed;
        self.failed += other.failed;
    }

    /// Reads a line of output: `test result: ok. 3 passed; 0 failed; ..` of cargo,
    /// `Summary [ 0.1s] 3 tests run: 3 passed, 0 skipped` of nextest, or `ℹ pass 3` of Node,
    /// which has a line for each count.
    fn read(&mut self, line: &str) {
        let line = line.trim();
        if let Some(counted) = line.strip_prefix("ℹ ") {
            self.read_node(line, counted);
            return;
        }
        let Some(counts) =
            line.strip_prefix("test result:").or_else(|| line.strip_prefix("Summary ["))
        else {
            return;
        };
        let words: Vec<&str> =
            counts.split([' ', ',', ';', '(', ')']).filter(|w| !w.is_empty()).collect();
        let count = |what: &str| {
            words
                .windows(2)
                .find(|pair| pair[1] == what)
                .and_then(|pair| pair[0].parse().ok())
                .unwrap_or(0u64)
        };
        let (passed, failed) = (count("passed"), count("failed"));
        // Cargo prints a closing line for each test file; those without tests are noise.
        if passed + failed > 0 {
            self.closing.push(line.to_owned());
        }
        self.passed += passed;
        self.failed += failed;
    }
}

impl Tally {
    /// Reads a count of Node. A cancelled test, which ran out of time, counts as failed, as with
    /// nextest.
    fn read_node(&mut self, line: &str, counted: &str) {
        let Some((what, Ok(count))) = counted.split_once(' ').map(|(w, n)| (w, n.parse::<u64>()))
        else {
            return;
        };
        match what {
            "pass" => self.passed += count,
            "fail" | "cancelled" => self.failed += count,
            "skipped" => {}
            _ => return,
        }
        if count > 0 {
            self.closing.push(line.to_owned());
        }
    }
}

/// Runs a command; returns whether it succeeded, and its tally.
pub(crate) fn run(command: &mut Command) -> Result<(bool, Tally)> {
    run_into(command, io::stdout(), io::stderr())
}

fn run_into(
    command: &mut Command,
    to_output: impl Write + Send + 'static,
    to_errors: impl Write,
) -> Result<(bool, Tally)> {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    let output = child.stdout.take().context("the command has no standard output")?;
    let errors = child.stderr.take().context("the command has no standard error")?;
    let reader = thread::spawn(move || pass_on(output, to_output));
    let mut tally = pass_on(errors, to_errors)?;
    tally.add(reader.join().map_err(|_| anyhow!("reading the tests' output failed"))??);
    Ok((child.wait()?.success(), tally))
}

fn pass_on(from: impl Read, mut to: impl Write) -> Result<Tally> {
    let mut tally = Tally::default();
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line)? > 0 {
        to.write_all(&line)?;
        tally.read(&String::from_utf8_lossy(&line));
        line.clear();
    }
    Ok(tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(text: &str) -> (u64, u64, usize) {
        let tally = pass_on(text.as_bytes(), io::sink()).unwrap();
        (tally.passed, tally.failed, tally.closing.len())
    }

    #[test]
    fn closing_lines_of_both_runners_are_counted() {
        assert_eq!(
            tally("test a ... ok\ntest result: ok. 3 passed; 0 failed; 0 ignored; 0 measured\n"),
            (3, 0, 1)
        );
        assert_eq!(
            tally(
                "test result: FAILED. 2 passed; 1 failed; 0 ignored\n\ntest result: ok. 0 passed; 0 failed"
            ),
            (2, 1, 1)
        );
        assert_eq!(
            tally("     Summary [   0.104s] 42 tests run: 42 passed, 0 skipped\n"),
            (42, 0, 1)
        );
        assert_eq!(
            tally("     Summary [   1.0s] 5 tests run: 4 passed (1 slow), 1 failed, 2 skipped\n"),
            (4, 1, 1)
        );
        assert_eq!(
            tally(
                "ℹ tests 9\nℹ pass 5\nℹ fail 1\nℹ cancelled 1\nℹ skipped 2\nℹ duration_ms 12.5\n"
            ),
            (5, 2, 4)
        );
        assert_eq!(tally("a test that prints: 3 passed\nℹ nothing\npass 3\n"), (0, 0, 0));
    }

    #[test]
    fn both_streams_and_the_status_come_back() {
        let script = "echo 'test result: ok. 1 passed; 0 failed'; echo 'Summary [ 1s] 2 tests run: 2 passed' >&2; exit 1";
        let (ok, tally) =
            run_into(Command::new("sh").args(["-c", script]), io::sink(), io::sink()).unwrap();
        assert!(!ok);
        assert_eq!((tally.passed, tally.closing.len()), (3, 2));
    }
}
