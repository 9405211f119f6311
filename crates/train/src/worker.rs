//! The worker process: reads runs from standard input and writes events to a pipe.
//!
//! It trains one run at a time: Burn's random generators are global to the process, and a crash
//! must cost only one run. After a panic the worker reports it and exits, because the state of the
//! backend is unknown; `sweep` starts another worker.

use std::fs::File;
use std::io::{self, BufRead, Write};
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use spec::event::{Event, FailureKind, PROTOCOL, Request};
use spec::record::{Environment, MetricPoint};

use crate::device::{ComputeGuard, NamedDevice};
use crate::feed::DeviceData;
use crate::job::{Job, Observer};
use crate::measure::{Measured, measure};
use crate::run::train;

/// Exit code after a panic in a run.
pub const EXIT_PANIC: u8 = 101;

/// Returns the protocol's pipe, a duplicate of standard output. Standard output is then redirected
/// to standard error, so that nothing a library prints can reach the pipe.
///
/// # Errors
/// Fails if a file descriptor cannot be duplicated.
pub fn protocol_pipe() -> io::Result<File> {
    let pipe = rustix::io::dup(rustix::stdio::stdout())?;
    rustix::stdio::dup2_stdout(rustix::stdio::stderr())?;
    Ok(File::from(pipe))
}

/// Writes events, one JSON object per line.
pub struct EventWriter(File);

impl EventWriter {
    /// Creates an event writer on the pipe that [`protocol_pipe`] returns.
    pub fn new(pipe: File) -> Self {
        EventWriter(pipe)
    }

    /// Writes one event with a single call.
    ///
    /// # Errors
    /// Fails if the pipe cannot be written, for example because its reader has exited.
    pub fn send(&mut self, event: &Event) -> io::Result<()> {
        let mut line = serde_json::to_vec(event)?;
        line.push(b'\n');
        self.0.write_all(&line)
    }
}

/// Reason why a worker ended.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// The input ended.
    Input,
    /// A run panicked.
    Panic,
}

/// Serves requests until the input ends or a run panics. `environment` is that of `device`;
/// `data_dir` holds the built-in datasets.
///
/// # Errors
/// Fails if the pipe is closed or the input does not follow the protocol.
pub fn serve(
    input: impl BufRead,
    events: &mut EventWriter,
    device: &NamedDevice,
    environment: Environment,
    data_dir: PathBuf,
) -> anyhow::Result<End> {
    install_panic_hook();
    let _guard = ComputeGuard::new();
    events
        .send(&Event::Ready { protocol: PROTOCOL, environment: Box::new(environment.clone()) })?;
    let mut worker = Worker { device, environment, data_dir, data: None };
    for line in input.lines() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let request: Request = serde_json::from_str(&line)
            .map_err(|e| anyhow::anyhow!("the request is not of protocol {PROTOCOL}: {e}"))?;
        let (run_id, spec, options, window) = match request {
            Request::Run { run_id, spec, options } => (run_id, spec, options, None),
            Request::Measure { run_id, spec, options, seconds } => {
                let window = Duration::try_from_secs_f64(seconds).unwrap_or_default();
                (run_id, spec, options, Some(window))
            }
        };
        let environment = &worker.environment.clone();
        let job = Job { run_id, spec: &spec, options: &options, environment };
        let result = panic::catch_unwind(AssertUnwindSafe(|| match window {
            None => worker.run(&job, events),
            Some(window) => worker.measure(&job, window),
        }));
        match result {
            Ok(Ok(end)) => events.send(&end)?,
            Ok(Err(error)) => {
                events.send(&Event::Failed {
                    run_id,
                    kind: FailureKind::Error,
                    message: format!("{error:#}"),
                })?;
            }
            Err(_) => {
                let message =
                    LAST_PANIC.lock().map(|mut m| std::mem::take(&mut *m)).unwrap_or_default();
                events.send(&Event::Failed { run_id, kind: FailureKind::Panic, message })?;
                return Ok(End::Panic);
            }
        }
    }
    Ok(End::Input)
}

struct Worker<'a> {
    device: &'a NamedDevice,
    environment: Environment,
    data_dir: PathBuf,
    /// The last dataset, kept on the device.
    data: Option<DeviceData>,
}

impl Worker<'_> {
    /// Returns the run's dataset on the device; reads it unless the last run used the same one.
    fn data(&mut self, job: &Job<'_>) -> anyhow::Result<&DeviceData> {
        let dataset = &job.spec.data.dataset;
        if self.data.as_ref().is_none_or(|d| d.dataset() != dataset) {
            self.data = None;
            let root = &job.options.root;
            self.data = Some(DeviceData::load(dataset, &self.data_dir, root, self.device)?);
        }
        let Some(data) = &self.data else {
            anyhow::bail!("the dataset {} was not loaded", dataset.name())
        };
        Ok(data)
    }

    fn measure(&mut self, job: &Job<'_>, window: Duration) -> anyhow::Result<Event> {
        let device = self.device;
        let Measured { samples, seconds } = measure(job, self.data(job)?, device, window)?;
        Ok(Event::Measured { run_id: job.run_id, samples, seconds })
    }

    fn run(&mut self, job: &Job<'_>, events: &mut EventWriter) -> anyhow::Result<Event> {
        let device = self.device;
        let data = self.data(job)?;
        let mut observer = Reporter { job: *job, events, error: None };
        let mut outcome = train(job, data, device, &mut observer)?;
        if let Some(error) = observer.error {
            // The reader is gone: nobody waits for the result.
            return Err(error.into());
        }
        // Every point was already sent with its epoch.
        outcome.metrics = Vec::new();
        // The checkpoints stay: `sweep` removes them when the result is in its journal.
        Ok(Event::Finished { run_id: job.run_id, outcome: Box::new(outcome) })
    }
}

struct Reporter<'a> {
    job: Job<'a>,
    events: &'a mut EventWriter,
    error: Option<io::Error>,
}

impl Reporter<'_> {
    fn send(&mut self, event: &Event) {
        if self.error.is_none() {
            self.error = self.events.send(event).err();
        }
    }
}

impl Observer for Reporter<'_> {
    fn started(&mut self, from_epoch: u64, metrics: &[MetricPoint]) {
        self.send(&Event::Started {
            run_id: self.job.run_id,
            epochs: self.job.spec.train.epochs,
            steps_per_epoch: self.job.spec.steps_per_epoch(),
            from_epoch,
            metrics: metrics.to_vec(),
        });
    }

    fn progress(&mut self, step: u64) {
        self.send(&Event::Progress { run_id: self.job.run_id, step });
    }

    fn epoch(&mut self, epoch: u64, metrics: &[MetricPoint]) {
        self.send(&Event::Epoch { run_id: self.job.run_id, epoch, metrics: metrics.to_vec() });
    }
}

static LAST_PANIC: Mutex<String> = Mutex::new(String::new());

/// Installs a hook that keeps a panic's text for the event and still prints it to the log.
fn install_panic_hook() {
    let default = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if let Ok(mut last) = LAST_PANIC.lock() {
            *last = without_frames(&info.to_string());
        }
        default(info);
    }));
}

/// Removes the addresses of the called functions from a libtorch message; only the log keeps them.
/// Such a message is the text of a C++ exception with escaped line ends.
fn without_frames(message: &str) -> String {
    let Some(start) = message.find("\\nException raised from ") else { return message.to_owned() };
    // The addresses extend to the end of the quoted text.
    let end = message.rfind("\")").filter(|end| *end > start).unwrap_or(message.len());
    format!("{}{}", &message[..start], &message[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_libtorch_have_no_frames() {
        let text = "panicked at tensor.rs:507:50:\ncalled `Result::unwrap()` on an `Err` value: \
                    Torch(\"no storage\\nException raised from f at x.cpp:307 (most recent call \
                    first):\\nframe #0: c10::Error(int) + 0x9d (0x7f in /t/libc10.so)\\n\")";
        let expected = "panicked at tensor.rs:507:50:\ncalled `Result::unwrap()` on an `Err` value: \
                        Torch(\"no storage\")";
        assert_eq!(without_frames(text), expected);
        assert_eq!(without_frames("index out of range"), "index out of range");
    }
}
