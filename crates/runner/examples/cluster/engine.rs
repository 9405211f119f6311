//! An engine in place of Slurm that records submissions, so that they can be played afterwards.

use std::cell::RefCell;
use std::time::Instant;

use runner::simulation::{Engine, Queued, SubmitError};
use serde::{Deserialize, Serialize};

use super::clock::{Job, Millis};

/// Slurm's default of `MaxArraySize`.
pub const MAX_ARRAY: u64 = 1001;

/// A submission.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Submitted {
    /// Name of the job.
    pub name: String,
    /// The job, as the clock plays it.
    pub job: Job,
}

impl Submitted {
    /// Returns the index of the array within its attempt; `None` for the report's job.
    pub fn array(&self) -> Option<u64> {
        self.name.rsplit('.').next()?.parse().ok()
    }
}

/// The engine.
#[derive(Default)]
pub struct Virtual {
    /// All submissions, without the checking job.
    pub jobs: RefCell<Vec<Submitted>>,
    /// Number of calls of `sbatch`, that of the checking job included.
    pub calls: RefCell<u64>,
    /// Time of the query for the maximum array size, by which the runs are dealt.
    pub asked: RefCell<Option<Instant>>,
    /// Time of the first submission.
    pub first: RefCell<Option<Instant>>,
    /// Wait in the queue of a job, by its index among the jobs; `None` means no wait.
    pub waits: Option<fn(u64) -> Millis>,
}

impl Engine for Virtual {
    fn max_array(&self) -> runner::Result<u64> {
        *self.asked.borrow_mut() = Some(Instant::now());
        Ok(MAX_ARRAY)
    }

    fn submit(&self, flags: &[String], _: &str) -> Result<u64, SubmitError> {
        self.first.borrow_mut().get_or_insert_with(Instant::now);
        *self.calls.borrow_mut() += 1;
        let of = |name: &str| flags.iter().find_map(|f| f.strip_prefix(name));
        let name = of("--job-name=").unwrap_or_default().to_owned();
        let mut jobs = self.jobs.borrow_mut();
        let number = *self.calls.borrow();
        if name.ends_with(".look") {
            return Ok(number);
        }
        let no = |what: &str| SubmitError::Rejected(format!("no {what} in {flags:?}"));
        let (tasks, parallel) = match of("--array=") {
            Some(list) => array(list).ok_or_else(|| no("array"))?,
            None => (1, None),
        };
        if tasks > MAX_ARRAY {
            return Err(SubmitError::Rejected("Invalid job array specification".to_owned()));
        }
        let after = of("--dependency=afterany:").unwrap_or_default();
        let after = after.split(':').filter_map(|id| id.parse().ok()).collect();
        let waits = self.waits.map_or(0, |waits| waits(jobs.len() as u64));
        let job = Job { number, tasks, parallel, waits, after };
        jobs.push(Submitted { name, job });
        Ok(number)
    }

    fn queue(&self, _: &[String]) -> runner::Result<Vec<Queued>> {
        // The queue is empty between two attempts.
        Ok(Vec::new())
    }

    fn cancel(&self, _: &str) -> runner::Result<()> {
        Ok(())
    }

    fn state(&self, _: u64) -> runner::Result<(String, String)> {
        Ok(("COMPLETED".to_owned(), "0:0".to_owned()))
    }
}

/// Parses `0-999%50`: 1000 tasks, 50 at once.
fn array(list: &str) -> Option<(u64, Option<u64>)> {
    let (range, most) = match list.split_once('%') {
        Some((range, most)) => (range, Some(most.parse().ok()?)),
        None => (list, None),
    };
    let last: u64 = range.strip_prefix("0-")?.parse().ok()?;
    Some((last + 1, most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_of_sbatch_are_read() {
        let engine = Virtual { waits: Some(|place| 10 + place), ..Virtual::default() };
        let submit = |flags: &[&str]| {
            let flags: Vec<String> = flags.iter().map(|f| (*f).to_owned()).collect();
            engine.submit(&flags, "")
        };
        submit(&["--job-name=sweep-x-1.look"]).unwrap();
        let array = submit(&["--job-name=sweep-x-1.0", "--array=0-9%4"]).unwrap();
        let report = format!("--dependency=afterany:{array}");
        submit(&["--job-name=sweep-x-1.report", &report]).unwrap();
        assert!(submit(&["--job-name=sweep-x-1.1", "--array=0-1001"]).is_err(), "MaxArraySize");
        let jobs = engine.jobs.borrow();
        let [array, report] = &jobs[..] else { panic!("{jobs:?}") };
        assert_eq!((array.array(), report.array()), (Some(0), None));
        assert_eq!((array.job.tasks, array.job.parallel, array.job.waits), (10, Some(4), 10));
        assert_eq!(report.job.after, [array.job.number]);
    }
}
