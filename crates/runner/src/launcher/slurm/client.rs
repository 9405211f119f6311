//! Client of Slurm by its commands `sbatch`, `squeue`, `scancel` and `scontrol`. Their answers are
//! hints; the files of the sweep are the truth.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::script::REPORT;
use crate::error::{Error, bad_input};
use crate::text;

/// Slurm's default of `MaxArraySize`, if it does not report one.
pub const MAX_ARRAY: u64 = 1001;

/// Time after which a command of Slurm is killed. Slurm itself gives up after 10 to 90 seconds.
const PATIENCE: Duration = Duration::from_secs(100);

/// Message that `sbatch` repeats while it waits for room in the queue.
const FULL: &str = "temporarily unable to accept job";

/// Output format of `squeue`, with the fields of [`Queued`].
const FORMAT: &str = "%j|%F|%K|%T|%r|%N";

/// A job or an array's task that Slurm knows of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Queued {
    /// Name of the job.
    pub name: String,
    /// Number of the job, or of the array as a whole.
    pub job: u64,
    /// Index in the array; pending tasks share one line, as `2-5%2`.
    pub tasks: String,
    /// State: `PENDING`, `RUNNING`, `COMPLETING`, ...
    pub state: String,
    /// Reason for waiting: `Resources`, `Priority`, `PartitionConfig`; empty without one.
    pub reason: String,
    /// Node; empty until there is one.
    pub node: String,
}

impl Queued {
    /// Returns whether the job is waiting, running or completing.
    pub fn is_active(&self) -> bool {
        !matches!(
            self.state.as_str(),
            "BOOT_FAIL"
                | "CANCELLED"
                | "COMPLETED"
                | "DEADLINE"
                | "FAILED"
                | "NODE_FAIL"
                | "OUT_OF_MEMORY"
                | "PREEMPTED"
                | "REVOKED"
                | "TIMEOUT"
        )
    }

    /// Returns whether it is the job that writes the report, not a task that trains.
    pub fn reports(&self) -> bool {
        self.name.ends_with(REPORT)
    }

    /// Returns the number of tasks that the line stands for: 7 for `0-5,8%2`.
    pub fn count(&self) -> u64 {
        let list = self.tasks.split('%').next().unwrap_or_default();
        let one = |part: &str| match part.split_once('-') {
            Some((a, b)) => {
                let end = b.split(':').next().and_then(|b| b.parse::<u64>().ok());
                Some(end?.checked_sub(a.parse().ok()?)? + 1)
            }
            None => Some(1),
        };
        list.split(',').map(|part| one(part).unwrap_or(1)).sum()
    }
}

/// Failure of a submission.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// Slurm rejected the job: nothing was submitted.
    #[error("{0}")]
    Rejected(String),
    /// No answer: the job may have been submitted or not.
    #[error("{0}")]
    Unknown(String),
}

/// Interface of the launcher to Slurm; the simulation has its own implementation.
pub trait Engine {
    /// Checks that the engine is available on this machine, before anything is written.
    ///
    /// # Errors
    /// Bad input: names the missing program.
    fn ready(&self) -> crate::Result<()> {
        Ok(())
    }
    /// Returns the maximum size of an array, whose indices start at 0.
    fn max_array(&self) -> crate::Result<u64>;
    /// Submits a script with these flags and returns the job's number.
    fn submit(&self, flags: &[String], script: &str) -> Result<u64, SubmitError>;
    /// Returns the jobs of these names that the engine still knows, finished ones included.
    fn queue(&self, names: &[String]) -> crate::Result<Vec<Queued>>;
    /// Ends all jobs of this name.
    fn cancel(&self, name: &str) -> crate::Result<()>;
    /// Returns state and exit code of a job, as Slurm writes them: `COMPLETED`, `0:0`.
    fn state(&self, job: u64) -> crate::Result<(String, String)>;
}

/// Engine that calls Slurm's commands on the `PATH`.
#[derive(Clone, Copy, Debug, Default)]
pub struct SlurmCommands;

/// Result of a command of Slurm.
struct Reply {
    ok: bool,
    timed_out: bool,
    stdout: String,
    stderr: String,
}

impl Reply {
    /// Returns the reason of a failure, on one line.
    fn reason(&self) -> String {
        if self.stderr.contains(FULL) {
            return "its queue is full (MaxJobCount)".to_owned();
        }
        if self.timed_out {
            return format!("no answer within {}", text::duration(PATIENCE.as_secs_f64()));
        }
        let own = |line: &str| {
            let line = line.trim();
            let rest = line.split_once(": error: ").filter(|(who, _)| !who.contains(' '));
            rest.map_or(line, |(_, rest)| rest).to_owned()
        };
        let said: Vec<String> = self.stderr.lines().map(own).filter(|l| !l.is_empty()).collect();
        let said: Vec<String> = said.iter().map(|line| text::plain(line)).collect();
        if said.is_empty() { "it failed without a message".to_owned() } else { said.join("; ") }
    }

    /// Returns whether the controller was not reached, or its answer was lost.
    fn is_silence(&self) -> bool {
        const SILENCE: &[&str] = &[
            "Unable to contact slurm controller",
            "Socket timed out",
            "Connection refused",
            "Connection timed out",
            "Communication connection failure",
            "Transport endpoint",
            "Zero Bytes were transmitted",
            "Unable to establish",
            "slurm_load_",
        ];
        self.timed_out || SILENCE.iter().any(|words| self.stderr.contains(words))
    }
}

/// Returns whether a variable is removed from the environment of Slurm's commands: those of a
/// surrounding job, and those that would change our flags.
fn is_inherited(name: &str) -> bool {
    let of_a_job = name.starts_with("SLURM_") && name != "SLURM_CONF";
    of_a_job
        || ["SBATCH_", "SQUEUE_", "SCANCEL_", "PMIX_", "PMI_"].iter().any(|p| name.starts_with(p))
}

fn ask(program: &str, args: &[String], input: &str) -> crate::Result<Reply> {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(is_inherited) {
            command.env_remove(name);
        }
    }
    let mut child = command.spawn().map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => missing(program),
        _ => Error::unexpected(format!("cannot start {program}: {e}")),
    })?;
    // Threads, so that no pipe fills up while we wait for another.
    let (mut stdin, stdout, stderr) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let input = input.to_owned();
    std::thread::spawn(move || stdin.as_mut().map(|pipe| pipe.write_all(input.as_bytes())));
    let read = |pipe: Option<Box<dyn std::io::Read + Send>>| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = pipe.map(|mut pipe| pipe.read_to_end(&mut bytes));
            String::from_utf8_lossy(&bytes).into_owned()
        })
    };
    let stdout = read(stdout.map(|p| Box::new(p) as _));
    let stderr = read(stderr.map(|p| Box::new(p) as _));
    let since = Instant::now();
    let (status, timed_out) = loop {
        if let Some(status) = child.try_wait()? {
            break (Some(status), false);
        }
        if since.elapsed() > PATIENCE {
            let _ = child.kill();
            let _ = child.wait();
            break (None, true);
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    Ok(Reply {
        ok: status.is_some_and(|s| s.success()),
        timed_out,
        stdout: stdout.join().unwrap_or_default(),
        stderr: stderr.join().unwrap_or_default(),
    })
}

fn missing(program: &str) -> Error {
    bad_input(format!(
        "there is no `{program}` on the PATH, so this machine cannot use Slurm\n  \
         log in to a node of the cluster that has it (`module load slurm` on some), or train \
         here: --launcher local"
    ))
}

/// Returns the error of a controller that does not answer.
fn unreachable(program: &str, answer: &Reply) -> Error {
    bad_input(format!(
        "Slurm's controller does not answer: {program}: {}\n  finished results are kept; try again when `sinfo` answers",
        answer.reason()
    ))
}

fn describe(args: &[&str]) -> Vec<String> {
    args.iter().map(|a| (*a).to_owned()).collect()
}

impl Engine for SlurmCommands {
    fn ready(&self) -> crate::Result<()> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let there = |name: &str| std::env::split_paths(&path).any(|f| f.join(name).is_file());
        let absent = ["sbatch", "squeue", "scancel", "scontrol"].into_iter().find(|p| !there(p));
        absent.map_or(Ok(()), |program| Err(missing(program)))
    }

    fn max_array(&self) -> crate::Result<u64> {
        let answer = ask("scontrol", &describe(&["show", "config"]), "")?;
        if !answer.ok {
            return Err(unreachable("scontrol", &answer));
        }
        let line = answer.stdout.lines().find_map(|l| l.trim().strip_prefix("MaxArraySize"));
        let value = line.and_then(|l| l.split('=').nth(1)?.trim().parse().ok());
        Ok(value.unwrap_or(MAX_ARRAY).max(1))
    }

    fn submit(&self, flags: &[String], script: &str) -> Result<u64, SubmitError> {
        let answer =
            ask("sbatch", flags, script).map_err(|e| SubmitError::Rejected(e.to_string()))?;
        if !answer.ok {
            let reason = format!("sbatch: {}", answer.reason());
            return Err(match answer.is_silence() {
                true => SubmitError::Unknown(reason),
                false => SubmitError::Rejected(reason),
            });
        }
        // `123`, or `123;cluster`.
        let line = answer.stdout.lines().next_back().unwrap_or_default();
        line.split(';').next().and_then(|id| id.trim().parse().ok()).ok_or_else(|| {
            SubmitError::Unknown(format!(
                "sbatch answered `{}`, which is not a job number",
                text::plain(line)
            ))
        })
    }

    fn queue(&self, names: &[String]) -> crate::Result<Vec<Queued>> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let name = format!("--name={}", names.join(","));
        let answer = ask("squeue", &describe(&["-h", "-t", "all", "-o", FORMAT, &name]), "")?;
        if !answer.ok {
            return Err(unreachable("squeue", &answer));
        }
        Ok(answer.stdout.lines().filter_map(queued).collect())
    }

    fn cancel(&self, name: &str) -> crate::Result<()> {
        let answer = ask("scancel", &describe(&["--name", name]), "")?;
        if answer.ok { Ok(()) } else { Err(unreachable("scancel", &answer)) }
    }

    fn state(&self, job: u64) -> crate::Result<(String, String)> {
        let answer = ask("scontrol", &describe(&["show", "job", "-o", &job.to_string()]), "")?;
        if !answer.ok {
            return Err(unreachable("scontrol", &answer));
        }
        let field = |name: &str| {
            let found = answer.stdout.split_whitespace().find_map(|w| w.strip_prefix(name));
            found.unwrap_or_default().to_owned()
        };
        Ok((field("JobState="), field("ExitCode=")))
    }
}

/// Parses a line of `squeue`; `None` if fields are missing.
fn queued(line: &str) -> Option<Queued> {
    let mut fields = line.splitn(6, '|').map(|f| f.trim().to_owned());
    let (name, job) = (fields.next()?, fields.next()?.parse().ok()?);
    let (tasks, state) = (fields.next()?, fields.next()?);
    let (reason, node) = (fields.next()?, fields.next()?);
    let none = |text: String| if text == "None" { String::new() } else { text };
    Some(Queued { name, job, tasks, state, reason: none(reason), node })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_squeue_are_read() {
        let line = queued("sweep-x-1.0|12|0-5,8%2|PENDING|Resources|").unwrap();
        assert_eq!((line.job, line.count(), line.is_active()), (12, 7, true));
        assert_eq!(line.reason, "Resources");
        let line = queued("sweep-x-1.0|12|3|COMPLETED|None|node0").unwrap();
        assert_eq!((line.count(), line.is_active(), line.reason.as_str()), (1, false, ""));
        assert_eq!(queued("sweep-x-1.report|13|N/A|RUNNING|None|n").unwrap().count(), 1);
        assert!(queued("no line").is_none());
    }

    #[test]
    fn a_job_around_us_is_not_passed_on() {
        assert!(is_inherited("SLURM_JOB_ID") && is_inherited("SBATCH_EXPORT"));
        assert!(!is_inherited("SLURM_CONF") && !is_inherited("PATH"));
    }
}
