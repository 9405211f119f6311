//! Execution of runs on slots: each slot has its own thread and worker and takes the next run as
//! soon as it is free.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use spec::event::{Event, FailureKind, Request};
use spec::plan::PlannedRun;
use spec::record::{Environment, Outcome, RECORD_VERSION, RunError, RunRecord, Status};

use crate::clock;
use crate::memory::{OomKills, was_out_of_memory};
use crate::pool::Slot;
use crate::run_context::RunContext;
use crate::scheduler::{Next, RetryPolicy, Scheduler};
use crate::text;
use crate::worker_process::{READY_WITHIN, WorkerCommand, WorkerError, WorkerProcess};

/// Time within which a signal that ended a worker reaches this process too, if it was meant for
/// both.
const HEARD_WITHIN: Duration = Duration::from_millis(500);

/// A message of a slot to the main thread.
#[derive(Debug)]
pub enum Message {
    /// The slot took a run.
    Took {
        /// The slot.
        slot: usize,
        /// The run.
        run: Box<PlannedRun>,
    },
    /// The worker reported an event of the run.
    Event {
        /// The slot.
        slot: usize,
        /// The event.
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

/// Handle that ends every run at once, from any thread.
#[derive(Clone, Debug, Default)]
pub struct Cancel {
    flag: Arc<AtomicBool>,
    pids: Arc<Mutex<Vec<u32>>>,
}

impl Cancel {
    /// Kills all workers, whose runs are recorded as cancelled; no further run is taken.
    pub fn cancel(&self) {
        self.flag.store(true, Ordering::SeqCst);
        let pids = self.pids.lock().map(|p| p.clone()).unwrap_or_default();
        for pid in pids.into_iter().filter_map(|p| Pid::from_raw(i32::try_from(p).ok()?)) {
            // The whole group: a child of the worker may hold its pipe open.
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }

    /// Returns whether [`Cancel::cancel`] was called.
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

/// Starts a thread for each slot. The receiver is disconnected once all runs have ended.
pub fn execute(
    command: &WorkerCommand,
    slots: &[Slot],
    runs: Vec<PlannedRun>,
    policy: RetryPolicy,
    context: &Arc<RunContext>,
    cancel: &Cancel,
) -> Receiver<Message> {
    // Without a buffer: a slot takes its next run only once the main thread has the record of
    // the last one, so that no finished result waits in memory.
    let (sender, receiver) = sync_channel(0);
    let busy = slots.len().min(runs.len());
    let scheduler = Arc::new(Mutex::new(Scheduler::new(runs, busy, policy)));
    for (place, slot) in slots.iter().take(busy).cloned().enumerate() {
        let worker = SlotThread {
            command: command.clone(),
            slot,
            place,
            context: Arc::clone(context),
            scheduler: Arc::clone(&scheduler),
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
    /// Index of the slot in the scheduler.
    place: usize,
    context: Arc<RunContext>,
    scheduler: Arc<Mutex<Scheduler<PlannedRun>>>,
    cancel: Cancel,
    sender: SyncSender<Message>,
    process: Option<WorkerProcess>,
}

impl SlotThread {
    fn serve(mut self) {
        while !self.cancel.is_cancelled() {
            let next = self.scheduler.lock().ok().and_then(|mut s| s.take(self.place));
            let Some(run) = next else { break };
            let slot = self.slot.index;
            let _ = self.sender.send(Message::Took { slot, run: Box::new(run.clone()) });
            let mut attempt = 1;
            loop {
                let record = Box::new(self.run(&run, attempt));
                if self.cancel.is_cancelled()
                    && let Ok(mut scheduler) = self.scheduler.lock()
                {
                    scheduler.stop();
                }
                let next = self
                    .scheduler
                    .lock()
                    .map_or(Next::Free, |mut s| s.ended(self.place, record.status));
                let message = match next {
                    Next::Again(_) => Message::Retried { slot, record },
                    Next::Free => Message::Ended { slot, record },
                };
                let listener = self.sender.send(message).is_ok();
                match next {
                    Next::Again(n) if listener => attempt = n,
                    _ => break,
                }
            }
        }
        self.drop_process();
    }

    /// Trains one run and returns its record, also if anything fails.
    fn run(&mut self, run: &PlannedRun, attempt: u64) -> RunRecord {
        let started = clock::now();
        let kills = OomKills::now();
        let result = self.ready().and_then(|()| self.converse(run));
        let environment = self.process.as_ref().and_then(|p| p.environment.clone());
        let mut record = self.record(run, attempt, started, environment);
        match result {
            Ok(Ok(outcome)) => {
                record.status = outcome.status;
                record.outcome = Some(outcome);
            }
            Ok(Err((kind, message))) => {
                let log_tail = self.log_tail();
                let kind = match kind {
                    FailureKind::Panic
                        if was_out_of_memory("", &message, kills, OomKills::now()) =>
                    {
                        FailureKind::OutOfMemory
                    }
                    kind => kind,
                };
                record.error = Some(RunError { kind, message, log_tail });
                if kind != FailureKind::Error {
                    self.drop_process();
                }
            }
            Err(error) => {
                let log_tail = self.log_tail();
                let (kind, message) = self.explain(&error, &log_tail, kills);
                if kind == FailureKind::Timeout {
                    record.status = Status::TimedOut;
                }
                record.error = Some(RunError { kind, message, log_tail });
                self.drop_process();
            }
        }
        let asked = || record.error.as_ref().is_some_and(|e| e.message.contains("SIGTERM"));
        if record.outcome.is_none() && asked() {
            // A cluster signals all processes of a task at once, and the worker may end before
            // the signal reaches this process.
            let since = Instant::now();
            while !self.cancel.is_cancelled() && since.elapsed() < HEARD_WITHIN {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        if self.cancel.is_cancelled() && record.outcome.is_none() {
            // Cancelled: the way its process died has no meaning.
            record.status = Status::Cancelled;
            record.error = None;
        }
        record
    }

    /// Returns the kind and the message of a worker's failure.
    fn explain(
        &self,
        error: &WorkerError,
        log_tail: &str,
        kills: OomKills,
    ) -> (FailureKind, String) {
        let message = error.to_string();
        match error {
            WorkerError::Garbage(_) => (FailureKind::Protocol, message),
            WorkerError::TimedOut => {
                let limit = self.context.keeping.timeout.unwrap_or_default();
                let limit = text::duration(limit);
                (FailureKind::Timeout, format!("longer than the timeout of {limit}"))
            }
            WorkerError::Ended(how) if was_out_of_memory(how, log_tail, kills, OomKills::now()) => {
                (FailureKind::OutOfMemory, format!("out of memory: {message}"))
            }
            WorkerError::Start { .. } | WorkerError::Ended(_) => (FailureKind::Died, message),
        }
    }

    /// Starts a worker, if there is none, and waits until it is ready.
    fn ready(&mut self) -> Result<(), WorkerError> {
        if self.process.is_some() {
            return Ok(());
        }
        let process = WorkerProcess::start(&self.command, &self.slot)?;
        self.cancel.add(process.pid());
        let process = self.process.insert(process);
        // A separate limit, since a run's time only counts once it has begun.
        let ready = process.next_event(Some(Instant::now() + READY_WITHIN)).map_err(|e| match e {
            WorkerError::TimedOut => WorkerError::Ended(format!(
                "it was not ready within {}",
                text::duration(READY_WITHIN.as_secs_f64())
            )),
            other => other,
        });
        match ready? {
            Event::Ready { environment, .. } => {
                process.environment = Some(*environment);
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
        process.send(&Request::Run {
            run_id: run.run_id,
            spec: Box::new(run.spec.clone()),
            options: self.context.options(run),
        })?;
        let limit = self.context.keeping.timeout.map(Duration::from_secs_f64);
        let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
        let mut metrics = Vec::new();
        loop {
            let event = process.next_event(deadline)?;
            let about = match &event {
                Event::Ready { .. } | Event::Measured { .. } => None,
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
                Event::Finished { outcome, .. } => return Ok(Ok(Outcome { metrics, ..*outcome })),
                Event::Failed { kind, message, .. } => return Ok(Err((kind, message))),
                other => {
                    if let Event::Started { metrics: more, .. }
                    | Event::Epoch { metrics: more, .. } = &other
                    {
                        metrics.extend_from_slice(more);
                    }
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
            device: self.slot.device.to_string(),
            slot: self.slot.index as u64,
            jobs: self.context.jobs,
            attempt,
            started,
            ended: clock::now(),
            provenance: Some(self.context.provenance.clone()),
        }
    }
}
