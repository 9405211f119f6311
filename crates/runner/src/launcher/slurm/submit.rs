//! Submission of dealt runs to Slurm, exactly once, whatever fails on the way.

use std::path::Path;
use std::time::Duration;

use spec::Digest;
use spec::plan::{Plan, PlannedRun};
use spec::slurm::SlurmSettings;
use text_format::plural;

use super::client::{Engine, SubmitError};
use super::files::{Files, JobFile, Line, version};
use super::heartbeat::forget_dead;
use super::script::{Attempt, check_path};
use super::{binaries, needed, shared};
use crate::error::bad_input;
use crate::launcher::Work;
use crate::{python, reporter, text};

/// Number of queries for a job whose submission got no answer.
const LOOKS: u32 = 4;
/// Time between these queries.
const BETWEEN: Duration = Duration::from_secs(2);

/// Copies the programs, writes the tasks, submits them and the report's job. Returns a description
/// of the submission.
///
/// # Errors
/// Bad input: Slurm rejects every job, or the nodes do not see the folders.
pub fn submit(
    engine: &dyn Engine,
    settings: &SlurmSettings,
    work: &Work<'_>,
    dealt: &[Vec<&PlannedRun>],
) -> crate::Result<String> {
    let dir = std::path::absolute(work.dir.path())?.canonicalize()?;
    let root = std::path::absolute(work.workspace.root())?.canonicalize()?;
    let data = work.workspace.data();
    let data = data.canonicalize().unwrap_or(data);
    for path in [&dir, &root, &data] {
        check_path(path)?;
    }
    let most = usize::try_from(engine.max_array()?).unwrap_or(usize::MAX);
    let files = Files(work.dir);
    let snapshot = binaries::snapshot(&files.bin(), &work.machine.worker, &reporter::built()?)?;
    let bin = snapshot.sweep.canonicalize()?;
    let worker = snapshot.worker.canonicalize()?;
    let number = next_attempt(&files)?;
    let key = key(&dir, number, "key");
    let nonce = key_of(&dir, number, "nonce");
    let attempt = Attempt {
        name: &work.plan.name,
        number,
        key: &key,
        nonce: &nonce,
        dir: &dir,
        root: &root,
        program: &bin,
        settings,
        python: python::is_wanted(Some(work.plan)),
    };
    let arrays: Vec<&[Vec<&PlannedRun>]> = dealt.chunks(most).collect();
    let job = job_file(work, settings, number, [&data, &root, &worker]);
    // Slurm reports no error if it cannot open a log.
    std::fs::create_dir_all(work.dir.logs())?;
    std::fs::create_dir_all(work.dir.journal())?;
    files.write_attempt(&job, &nonce, &arrays, work.narrowed)?;
    let folder = files.attempt(number);
    let unsure = shared::check(engine, &attempt, &worker, &needed(&data, &root, &worker))
        .inspect_err(|_| drop(std::fs::remove_dir_all(&folder)))?;
    forget_dead(work.dir);
    files.note(&Line::Planned {
        v: version(),
        attempt: number,
        key: key.clone(),
        arrays: arrays.iter().map(|a| a.len() as u64).collect(),
        runs: dealt.iter().map(Vec::len).sum::<usize>() as u64,
        at: crate::clock::now(),
        settings: Box::new(settings.clone()),
    })?;
    let (jobs, refused) = submit_arrays(engine, &attempt, &files, &arrays)?;
    if let Some(unsure) = unsure {
        text::status!("warning: {unsure}; a task that does not see it fails with that message");
    }
    let report = match work.args.no_report {
        true => String::new(),
        false => follow_up(engine, &attempt, &files, &jobs)?,
    };
    if let Some((i, error)) = &refused {
        text::status!(
            "warning: {i} of {} arrays were submitted, then Slurm rejected the next: {error}\n  the same \
             command submits the rest once these have ended",
            arrays.len()
        );
    }
    let taken = refused.as_ref().map_or(dealt.len(), |(i, _)| i * most);
    Ok(describe(work, (&dealt[..taken.min(dealt.len())], dealt.len()), &jobs, &report))
}

/// Returns the file with the facts that all tasks of an attempt share.
fn job_file(
    work: &Work<'_>,
    settings: &SlurmSettings,
    attempt: u64,
    [data, root, worker]: [&Path; 3],
) -> JobFile {
    let training = &work.args.training;
    JobFile {
        v: version(),
        attempt,
        plan: Plan { runs: Vec::new(), ..work.plan.clone() },
        planned: work.plan.runs.len() as u64,
        data: data.to_path_buf(),
        root: root.to_path_buf(),
        worker: worker.to_path_buf(),
        cpus: settings.cpus,
        jobs: if training.timing { Some(1) } else { training.jobs },
        retry: training.retry,
        provenance: work.provenance.clone(),
        started: work.started.to_owned(),
        record_host: training.record_host,
    }
}

/// Index of an array that Slurm rejected, and the error.
type Refused = (usize, crate::Error);

/// Submits the arrays up to the first that Slurm rejects. Returns the accepted jobs. If there are
/// none, the attempt's folder is removed.
fn submit_arrays(
    engine: &dyn Engine,
    attempt: &Attempt<'_>,
    files: &Files<'_>,
    arrays: &[&[Vec<&PlannedRun>]],
) -> crate::Result<(Vec<u64>, Option<Refused>)> {
    let folder = files.attempt(attempt.number);
    let mut jobs = Vec::new();
    for (i, array) in arrays.iter().enumerate() {
        let flags = attempt.array_flags(i, array.len() as u64);
        let name = attempt.array_name(i);
        let forget = || {
            if i == 0 {
                drop(std::fs::remove_dir_all(&folder))
            }
        };
        match once(engine, &name, &flags, &attempt.array_script(i), &forget) {
            Ok(job) => {
                files.note(&Line::Submitted { attempt: attempt.number, name, job })?;
                jobs.push(job);
            }
            Err(error) if jobs.is_empty() => return Err(error),
            Err(error) => return Ok((jobs, Some((i, error)))),
        }
    }
    Ok((jobs, None))
}

/// Submits the job that writes the report once `jobs` have ended. Returns a description of it.
fn follow_up(
    engine: &dyn Engine,
    attempt: &Attempt<'_>,
    files: &Files<'_>,
    jobs: &[u64],
) -> crate::Result<String> {
    let name = attempt.report_name();
    match once(engine, &name, &attempt.report_flags(jobs), &attempt.report_script(), &|| ()) {
        Ok(job) => {
            files.note(&Line::Submitted { attempt: attempt.number, name, job })?;
            Ok(format!("; job {job} writes the report"))
        }
        Err(error) => {
            text::status!("warning: no job will write the report, run `report` instead: {error}");
            Ok(String::new())
        }
    }
}

/// Describes the submission: the accepted tasks among `of` tasks, and their jobs.
fn describe(
    work: &Work<'_>,
    (taken, of): (&[Vec<&PlannedRun>], usize),
    jobs: &[u64],
    report: &str,
) -> String {
    let folder = work.workspace.relative(work.dir.path());
    let file = &work.plan.file;
    format!(
        "{}: {}{report}\n  \
         folder   {folder}\n  \
         follow   cargo xtask sweep {file} --launcher slurm --watch\n  \
         status   cargo xtask status {file}\n  \
         end      cargo xtask cancel {file}\n  \
         collect  cargo xtask report {file}",
        work.plan.name,
        submitted(taken.iter().map(Vec::len).sum(), (taken.len(), of), jobs),
    )
}

/// Returns `8 runs in 4 tasks, job 101`; counts only accepted tasks if a later array was rejected.
fn submitted(runs: usize, (taken, of): (usize, usize), jobs: &[u64]) -> String {
    let ids: Vec<String> = jobs.iter().map(u64::to_string).collect();
    let tasks = match taken == of {
        true => plural::count(of, "task"),
        false => format!("{taken} of {}", plural::count(of, "task")),
    };
    let job = plural::word(ids.len(), "job");
    format!("{} in {tasks}, {job} {}", plural::count(runs, "run"), ids.join(", "))
}

/// Returns one more than the number of any attempt that has left a file.
fn next_attempt(files: &Files<'_>) -> crate::Result<u64> {
    let noted = files.submissions()?.iter().map(|s| s.attempt).max().unwrap_or(0);
    let mut number = noted + 1;
    while files.attempt(number).exists() {
        number += 1;
    }
    Ok(number)
}

/// Submits a job once. Without an answer, looks for the job by its name and never submits a second
/// time. Calls `refused` if Slurm rejects the job.
fn once(
    engine: &dyn Engine,
    name: &str,
    flags: &[String],
    script: &str,
    refused: &dyn Fn(),
) -> crate::Result<u64> {
    let why = match engine.submit(flags, script) {
        Ok(job) => return Ok(job),
        Err(SubmitError::Rejected(why)) => {
            refused();
            return Err(shared::refused(&why));
        }
        Err(SubmitError::Unknown(why)) => why,
    };
    for look in 0..LOOKS {
        if look > 0 {
            std::thread::sleep(BETWEEN);
        }
        if let Ok(queue) = engine.queue(&[name.to_owned()])
            && let Some(found) = queue.first()
        {
            return Ok(found.job);
        }
    }
    Err(bad_input(format!(
        "Slurm's controller did not answer, and it is unknown whether it accepted the job: {why}\n  \
         nothing was submitted twice; the same command first looks for the job"
    )))
}

fn key(dir: &Path, attempt: u64, what: &str) -> String {
    key_of(dir, attempt, what)[..8].to_owned()
}

/// Returns 32 unique hexadecimal digits, a hash of folder, time, process and host.
fn key_of(dir: &Path, attempt: u64, what: &str) -> String {
    let now = jiff::Timestamp::now().as_nanosecond();
    let host = store::writer::host_name();
    let text = format!("{} {attempt} {what} {now} {} {host}", dir.display(), std::process::id());
    Digest::of(text).to_string()
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::super::client::Queued;
    use super::*;

    /// Loses answers, with or without having accepted the job.
    struct Lossy {
        takes: bool,
        asked: RefCell<Vec<&'static str>>,
    }

    impl Engine for Lossy {
        fn max_array(&self) -> crate::Result<u64> {
            Ok(1001)
        }
        fn submit(&self, _: &[String], _: &str) -> Result<u64, SubmitError> {
            self.asked.borrow_mut().push("submit");
            Err(SubmitError::Unknown("Socket timed out".to_owned()))
        }
        fn queue(&self, names: &[String]) -> crate::Result<Vec<Queued>> {
            self.asked.borrow_mut().push("queue");
            let job = Queued {
                name: names[0].clone(),
                job: 9,
                tasks: "0-5".to_owned(),
                state: "PENDING".to_owned(),
                reason: String::new(),
                node: String::new(),
            };
            Ok(if self.takes { vec![job] } else { Vec::new() })
        }
        fn cancel(&self, _: &str) -> crate::Result<()> {
            Ok(())
        }
        fn state(&self, _: u64) -> crate::Result<(String, String)> {
            Ok((String::new(), String::new()))
        }
    }

    #[test]
    fn only_what_was_taken_is_said_to_be_submitted() {
        assert_eq!(submitted(12, (6, 6), &[101]), "12 runs in 6 tasks, job 101");
        assert_eq!(submitted(4, (2, 6), &[101]), "4 runs in 2 of 6 tasks, job 101");
        assert_eq!(submitted(8, (4, 6), &[101, 102]), "8 runs in 4 of 6 tasks, jobs 101, 102");
        assert_eq!(submitted(1, (1, 1), &[7]), "1 run in 1 task, job 7");
    }

    #[test]
    fn a_lost_answer_is_never_a_second_submission() {
        let taken = Lossy { takes: true, asked: RefCell::default() };
        assert_eq!(once(&taken, "x.0", &[], "", &|| ()).unwrap(), 9);
        assert_eq!(*taken.asked.borrow(), ["submit", "queue"]);
        let lost = Lossy { takes: false, asked: RefCell::default() };
        let error =
            once(&lost, "x.0", &[], "", &|| panic!("it did not say no")).unwrap_err().to_string();
        assert!(error.contains("it is unknown") && error.contains("the same command"), "{error}");
        assert_eq!(lost.asked.borrow().iter().filter(|a| **a == "submit").count(), 1);
    }
}
