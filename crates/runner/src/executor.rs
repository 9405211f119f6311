//! Runs over slots: each slot has a thread and a worker of its own and takes
//! the next run as soon as it is free.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};

use rustix::process::{Pid, Signal, kill_process_group};
use spec::event::{Event, FailureKind, Request};
use spec::plan::PlannedRun;
use spec::record::{Environment, Outcome, RECORD_VERSION, RunError, RunRecord, Status};

use crate::clock;
use crate::pool::Slot;
use crate::worker_process::{WorkerCommand, WorkerError, WorkerProcess};

/// What a slot tells the main thread.
#[derive(Debug)]
pub enum Message {
    /// It took a run.
    Took {
        /// The slot.
        slot: usize,
        /// The run.
        run: Box<PlannedRun>,
    },
    /// Its worker said something about the run.
    Event {
        /// The slot.
        slot: usize,
        /// What.
        event: Box<Event>,
    },
    /// An attempt failed, and another follows.
    Retried {
        /// The slot.
        slot: usize,
        /// The record of the failure, for the journal.
        record: Box<RunRecord>,
    },
    /// The run ended.
    Ended {
        /// The slot.
        slot: usize,
        /// The record, for the journal.
        record: Box<RunRecord>,
    },
}

/// Ends every run at once, from any thread.
#[derive(Clone, Debug, Default)]
pub struct Cancel {
    flag: Arc<AtomicBool>,
    pids: Arc<Mutex<Vec<u32>>>,
}

impl Cancel {
    /// No further run is taken; workers are killed and their runs recorded as cancelled.
    pub fn cancel(&self) {
        self.flag.store(true, Ordering::SeqCst);
        let pids = self.pids.lock().map(|p| p.clone()).unwrap_or_default();
        for pid in pids.into_iter().filter_map(|p| Pid::from_raw(i32::try_from(p).ok()?)) {
            // The whole group: a child of the worker may hold its pipe open.
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }

    /// Whether it was asked for.
    pub fn is_cancelled(&self) -> bool {
        self.flag.load(Ordering::SeqCst)
    }

    fn add(&self, pid: u32) {
        if let Ok(mut pids) = self.pids.lock() {
            pids.push(pid);
        }
        // A cancel that came between start and here must reach this worker too.
        if self.is_cancelled() {
            self.cancel();
        }
    }

    fn remove(&self, pid: u32) {
        if let Ok(mut pids) = self.pids.lock() {
            pids.retain(|p| *p != pid);
        }
    }
}

/// What holds for every run of a sweep.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// What records say of how many runs went side by side.
    pub jobs: u64,
    /// Extra attempts for a run that fails.
    pub retry: u64,
}

/// Starts a thread a slot; the receiver ends when all runs have ended.
pub fn execute(
    command: &WorkerCommand,
    slots: &[Slot],
    runs: Vec<PlannedRun>,
    terms: Terms,
    cancel: &Cancel,
) -> Receiver<Message> {
    // Without a buffer: a slot takes its next run when the journal's writer has
    // the record of the last, so that no finished result waits in memory.
    let (sender, receiver) = sync_channel(0);
    let busy = slots.len().min(runs.len());
    let queue = Arc::new(Mutex::new(VecDeque::from(runs)));
    for slot in slots.iter().take(busy).cloned() {
        let worker = SlotThread {
            command: command.clone(),
            slot,
            terms,
            queue: Arc::clone(&queue),
            cancel: cancel.clone(),
            sender: sender.clone(),
            process: None,
        };
        std::thread::spawn(move || worker.serve());
    }
    receiver
}

struct SlotThread {
    command: WorkerCommand,
    slot: Slot,
    terms: Terms,
    queue: Arc<Mutex<VecDeque<PlannedRun>>>,
    cancel: Cancel,
    sender: SyncSender<Message>,
    process: Option<WorkerProcess>,
}

impl SlotThread {
    fn serve(mut self) {
        while !self.cancel.is_cancelled() {
            let next = self.queue.lock().ok().and_then(|mut q| q.pop_front());
            let Some(run) = next else { break };
            let slot = self.slot.index;
            let _ = self.sender.send(Message::Took { slot, run: Box::new(run.clone()) });
            for attempt in 1..=self.terms.retry + 1 {
                let record = self.run(&run, attempt);
                let last = record.status != Status::Failed || attempt > self.terms.retry;
                let message = if last {
                    Message::Ended { slot, record: Box::new(record) }
                } else {
                    Message::Retried { slot, record: Box::new(record) }
                };
                if self.sender.send(message).is_err() || last {
                    break;
                }
            }
        }
        self.drop_process();
    }

    /// Trains one run; whatever happens, there is a record.
    fn run(&mut self, run: &PlannedRun, attempt: u64) -> RunRecord {
        let started = clock::now();
        let result = self.ready().and_then(|()| self.converse(run));
        let environment = self.process.as_ref().and_then(|p| p.environment.clone());
        let mut record = self.record(run, attempt, started, environment);
        match result {
            Ok(Ok(outcome)) => {
                record.status = outcome.status;
                record.outcome = Some(outcome);
            }
            Ok(Err((kind, message))) => {
                record.error = Some(RunError { kind, message, log_tail: self.log_tail() });
                if kind == FailureKind::Panic {
                    self.drop_process();
                }
            }
            Err(error) => {
                let kind = match error {
                    WorkerError::Garbage(_) => FailureKind::Protocol,
                    WorkerError::Start { .. } | WorkerError::Ended(_) => FailureKind::Died,
                };
                record.error =
                    Some(RunError { kind, message: error.to_string(), log_tail: self.log_tail() });
                self.drop_process();
            }
        }
        if self.cancel.is_cancelled() && record.outcome.is_none() {
            record.status = Status::Cancelled;
        }
        record
    }

    /// Makes sure that a worker waits for a run.
    fn ready(&mut self) -> Result<(), WorkerError> {
        if self.process.is_some() {
            return Ok(());
        }
        let process = WorkerProcess::start(&self.command, &self.slot)?;
        self.cancel.add(process.pid());
        let process = self.process.insert(process);
        match process.next_event()? {
            Event::Ready { environment, .. } => {
                process.environment = Some(environment);
                Ok(())
            }
            other => Err(WorkerError::Garbage(format!("{other:?} before it was ready"))),
        }
    }

    /// Sends the run and passes its events on until it ends.
    fn converse(
        &mut self,
        run: &PlannedRun,
    ) -> Result<Result<Outcome, (FailureKind, String)>, WorkerError> {
        let Some(process) = self.process.as_mut() else {
            return Err(WorkerError::Ended("it was never started".to_owned()));
        };
        process.send(&Request::Run { run_id: run.run_id, spec: Box::new(run.spec.clone()) })?;
        loop {
            let event = process.next_event()?;
            let about = match &event {
                Event::Ready { .. } => None,
                Event::Started { run_id, .. }
                | Event::Progress { run_id, .. }
                | Event::Epoch { run_id, .. }
                | Event::Finished { run_id, .. }
                | Event::Failed { run_id, .. } => Some(*run_id),
            };
            if about != Some(run.run_id) {
                return Err(WorkerError::Garbage(format!(
                    "an event about {about:?}, which it was not given"
                )));
            }
            match event {
                Event::Finished { outcome, .. } => return Ok(Ok(*outcome)),
                Event::Failed { kind, message, .. } => return Ok(Err((kind, message))),
                other => {
                    let _ = self
                        .sender
                        .send(Message::Event { slot: self.slot.index, event: Box::new(other) });
                }
            }
        }
    }

    fn log_tail(&mut self) -> String {
        self.process.as_mut().map(WorkerProcess::log_tail).unwrap_or_default()
    }

    fn drop_process(&mut self) {
        if let Some(process) = self.process.take() {
            self.cancel.remove(process.pid());
        }
    }

    fn record(
        &self,
        run: &PlannedRun,
        attempt: u64,
        started: String,
        exec: Option<Environment>,
    ) -> RunRecord {
        RunRecord {
            v: RECORD_VERSION,
            run_id: run.run_id,
            config_id: run.config_id,
            cell_id: run.cell_id,
            spec: run.spec.clone(),
            status: Status::Failed,
            outcome: None,
            error: None,
            exec_id: exec.as_ref().map(Environment::id),
            exec,
            device: self.slot.device.clone(),
            slot: self.slot.index as u64,
            jobs: self.terms.jobs,
            attempt,
            started,
            ended: clock::now(),
        }
    }
}
