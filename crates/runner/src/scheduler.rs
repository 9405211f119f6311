//! Scheduler: decides which run a free slot takes next. It uses no clock, process or thread, so
//! that tests run it on a virtual clock with scripted runs.
//!
//! Runs are taken in the given order, that of `resume::interleave`. A failed run is tried again
//! at once by the same slot, with a new worker, so that its records are adjacent in the journal.

use std::collections::VecDeque;

use spec::record::Status;

/// Policy for failed runs of a sweep.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// Number of extra attempts for a run that fails.
    pub retry: u64,
    /// Number of failed runs after which no further run is taken; `None` means no limit.
    pub fail_fast: Option<u64>,
}

/// Waiting runs, and the run of each slot. `R` is a run.
#[derive(Debug)]
pub struct Scheduler<R> {
    waiting: VecDeque<R>,
    busy: Vec<Option<(R, u64)>>,
    policy: RetryPolicy,
    failed: u64,
    stopped: bool,
}

/// Action after the end of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The same run again, on the same slot, as this attempt.
    Again(u64),
    /// The slot is free.
    Free,
}

impl<R: Clone> Scheduler<R> {
    /// Returns a scheduler for `slots` slots that takes `runs` in their order.
    pub fn new(runs: impl IntoIterator<Item = R>, slots: usize, policy: RetryPolicy) -> Self {
        Scheduler {
            waiting: runs.into_iter().collect(),
            busy: vec![None; slots],
            policy,
            failed: 0,
            stopped: false,
        }
    }

    /// Returns the next run for a free slot; `None` if no run is left, or the slot is busy.
    pub fn take(&mut self, slot: usize) -> Option<R> {
        let place = self.busy.get_mut(slot)?;
        if self.stopped || place.is_some() {
            return None;
        }
        let run = self.waiting.pop_front()?;
        *place = Some((run.clone(), 1));
        Some(run)
    }

    /// Records the status with which a slot's attempt ended, and returns what follows.
    pub fn ended(&mut self, slot: usize, status: Status) -> Next {
        let Some(place) = self.busy.get_mut(slot) else { return Next::Free };
        if let Some((_, attempt)) = place
            && status == Status::Failed
            && *attempt <= self.policy.retry
            && !self.stopped
        {
            *attempt += 1;
            return Next::Again(*attempt);
        }
        *place = None;
        if status.is_failure() {
            self.failed += 1;
            self.stopped |= self.policy.fail_fast.is_some_and(|most| self.failed >= most);
        }
        Next::Free
    }

    /// Stops the scheduler: no further run or attempt begins.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// Returns whether `--fail-fast` or [`Scheduler::stop`] has stopped it.
    #[cfg(test)]
    fn is_stopped(&self) -> bool {
        self.stopped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run of the script: a name, seconds, and how its attempts end, one
    /// word an attempt (the last holds for all that follow).
    #[derive(Clone, Debug)]
    struct Scripted {
        name: String,
        seconds: u64,
        ends: Vec<Status>,
    }

    /// `a:3 b:1!failed c:2!failed,ok`.
    fn script(text: &str) -> Vec<Scripted> {
        let end = |word: &str| match word {
            "ok" => Status::Completed,
            "diverged" => Status::Diverged,
            "failed" => Status::Failed,
            "timeout" => Status::TimedOut,
            other => panic!("{other}"),
        };
        text.split_whitespace()
            .map(|word| {
                let (name, rest) = word.split_once(':').unwrap();
                let (seconds, ends) = rest.split_once('!').unwrap_or((rest, "ok"));
                Scripted {
                    name: name.to_owned(),
                    seconds: seconds.parse().unwrap(),
                    ends: ends.split(',').map(end).collect(),
                }
            })
            .collect()
    }

    /// Plays the script on a virtual clock. Returns for each moment the runs that ended, then those
    /// that began, as `run@slot`.
    fn timeline(slots: usize, policy: RetryPolicy, text: &str) -> String {
        let runs = script(text);
        let mut scheduler = Scheduler::new(runs.clone(), slots, policy);
        // Per slot: end of the attempt, run, attempt.
        let mut on: Vec<Option<(u64, Scripted, u64)>> = vec![None; slots];
        let mut times_run: std::collections::BTreeMap<String, u64> = Default::default();
        let (mut now, mut lines) = (0, Vec::new());
        loop {
            let mut said = Vec::new();
            for (slot, place) in on.iter_mut().enumerate() {
                if place.as_ref().is_none_or(|(end, ..)| *end != now) {
                    continue;
                }
                let (_, run, attempt) = place.take().unwrap();
                let status = run.ends[(attempt as usize - 1).min(run.ends.len() - 1)];
                said.push(format!("{} {}", run.name, status.name()));
                match scheduler.ended(slot, status) {
                    Next::Again(attempt) => {
                        said.push(format!("{}#{attempt}@{slot}", run.name));
                        *place = Some((now + run.seconds, run, attempt));
                    }
                    Next::Free => *times_run.entry(run.name).or_default() += 1,
                }
            }
            for (slot, place) in on.iter_mut().enumerate() {
                if place.is_some() {
                    assert!(scheduler.take(slot).is_none(), "two runs in slot {slot}");
                } else if let Some(run) = scheduler.take(slot) {
                    said.push(format!("{}@{slot}", run.name));
                    *place = Some((now + run.seconds, run, 1));
                }
            }
            if !said.is_empty() {
                lines.push(format!("{now} {}", said.join(" ")));
            }
            match on.iter().flatten().map(|(end, ..)| *end).min() {
                Some(next) => now = next,
                None => break,
            }
        }
        assert!(times_run.values().all(|n| *n == 1), "{times_run:?}");
        if !scheduler.is_stopped() {
            assert_eq!(times_run.len(), runs.len(), "every run once");
        }
        lines.join(" | ")
    }

    fn policy(retry: u64, fail_fast: Option<u64>) -> RetryPolicy {
        RetryPolicy { retry, fail_fast }
    }

    #[test]
    fn a_free_slot_takes_the_next_run() {
        assert_eq!(
            timeline(2, policy(0, None), "a:3 b:1 c:1!failed d:1"),
            "0 a@0 b@1 | 1 b completed c@1 | 2 c failed d@1 | 3 a completed d completed"
        );
        assert_eq!(
            timeline(3, policy(0, None), "a:1 b:1 c:1 d:1"),
            "0 a@0 b@1 c@2 | 1 a completed b completed c completed d@0 | 2 d completed"
        );
        assert_eq!(timeline(4, policy(0, None), "a:2"), "0 a@0 | 2 a completed");
        assert_eq!(timeline(2, policy(0, None), ""), "");
    }

    #[test]
    fn a_failure_is_tried_again_on_its_slot_and_a_result_is_not() {
        assert_eq!(
            timeline(1, policy(2, None), "a:1!failed,failed,ok b:1!diverged c:1!timeout"),
            "0 a@0 | 1 a failed a#2@0 | 2 a failed a#3@0 | 3 a completed b@0 | 4 b diverged c@0 | 5 c timed_out"
        );
        assert_eq!(
            timeline(1, policy(1, None), "a:1!failed b:1"),
            "0 a@0 | 1 a failed a#2@0 | 2 a failed b@0 | 3 b completed"
        );
    }

    #[test]
    fn fail_fast_counts_runs_and_not_attempts() {
        assert_eq!(
            timeline(2, policy(1, Some(1)), "a:1!failed,ok b:4!failed c:1 d:9 e:1"),
            "0 a@0 b@1 | 1 a failed a#2@0 | 2 a completed c@0 | 3 c completed d@0 | 4 b failed b#2@1 | 8 b failed | 12 d completed"
        );
        assert_eq!(
            timeline(1, policy(0, Some(2)), "a:1!failed b:1!timeout c:1"),
            "0 a@0 | 1 a failed b@0 | 2 b timed_out"
        );
    }

    #[test]
    fn many_runs_on_many_slots_each_run_once() {
        let text: Vec<String> = (0..500).map(|i| format!("r{i}:{}", 1 + i * 7 % 13)).collect();
        let line = timeline(7, policy(0, None), &text.join(" "));
        let begun: Vec<&str> = line.split([' ', '|']).filter(|w| w.contains('@')).collect();
        assert_eq!(begun.len(), 500);
        let in_order = begun.iter().enumerate().all(|(i, w)| w.starts_with(&format!("r{i}@")));
        assert!(in_order, "begun in the order of the plan");
    }

    #[test]
    fn a_stopped_scheduler_begins_nothing() {
        let mut scheduler = Scheduler::new(["a", "b"], 2, policy(3, None));
        assert_eq!(scheduler.take(0), Some("a"));
        scheduler.stop();
        assert_eq!(scheduler.take(1), None);
        assert_eq!(scheduler.ended(0, Status::Failed), Next::Free, "no further attempt either");
    }
}
