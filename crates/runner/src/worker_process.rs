//! A worker process: its start, its requests and events, and its end.

use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use spec::event::{Event, PROTOCOL, Probe, Request};
use spec::record::Environment;

use crate::error::Error;
use crate::pool::Slot;
use crate::python::LIBRARIES;

/// Maximum bytes of an event, to which `MAX_LINE_AN_EPOCH` is added for each epoch of its run:
/// `started` holds the metrics of all epochs before its checkpoint. Anything longer is an error.
const MAX_LINE: u64 = 16 << 20;
const MAX_LINE_AN_EPOCH: u64 = 16 << 10;

/// Interval at which a silent worker is checked.
const TICK: Duration = Duration::from_millis(500);
/// Number of ticks that a pipe may stay open after the end of its worker, since a child of the
/// worker outside its process group may hold it for ever.
const TICKS_AFTER_DEATH: u32 = 3;

/// Time within which a worker must be ready.
pub const READY_WITHIN: Duration = Duration::from_secs(180);

/// Number of events of one worker that may be queued.
const WAITING: usize = 64;

/// Failure of a worker.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The worker could not be started.
    #[error("cannot start {path}: {reason}")]
    Start {
        /// The program.
        path: PathBuf,
        /// The reason.
        reason: io::Error,
    },
    /// The worker ended.
    #[error("the worker ended: {0}")]
    Ended(String),
    /// The worker sent no event before the deadline and was killed.
    #[error("the worker was ended: the time was up")]
    TimedOut,
    /// The worker wrote something that is no event.
    #[error("the worker violated its protocol: {0}")]
    Garbage(String),
}

impl From<WorkerError> for Error {
    fn from(error: WorkerError) -> Self {
        Error::Unexpected(error.into())
    }
}

/// Environment variable that makes CUDA number GPUs as `nvidia-smi` does, not by their speed.
pub(crate) const GPU_ORDER: (&str, &str) = ("CUDA_DEVICE_ORDER", "PCI_BUS_ID");

/// Environment variable that, at 0, forbids NVIDIA's libraries to use TF32.
const TF32_OVERRIDE: &str = "NVIDIA_TF32_OVERRIDE";

/// Command that starts workers.
#[derive(Clone, Debug)]
pub struct WorkerCommand {
    /// The program.
    pub program: PathBuf,
    /// Folder of the datasets.
    pub data: PathBuf,
    /// Threads per run.
    pub threads: u64,
    /// Whether the fast path is off.
    pub plain: bool,
    /// Whether products and convolutions on a GPU may round their inputs to TF32.
    pub tf32: bool,
    /// Folders of libtorch, as the value of `LD_LIBRARY_PATH`; `None` if workers load the one
    /// they were built with.
    pub libraries: Option<OsString>,
    /// Folder of their logs.
    pub logs: PathBuf,
}

/// Returns the path of the worker: `SWEEP_WORKER`, else `sweep-worker` beside this program.
pub fn program() -> PathBuf {
    std::env::var_os("SWEEP_WORKER").map(PathBuf::from).unwrap_or_else(|| {
        let here =
            std::env::current_exe().ok().and_then(|p| Some(p.parent()?.join("sweep-worker")));
        here.unwrap_or_else(|| PathBuf::from("sweep-worker"))
    })
}

/// Probes a worker for its backends and devices, with `libraries` as the value of
/// `LD_LIBRARY_PATH`.
///
/// # Errors
/// The worker is missing, does not start or speaks another protocol.
pub fn probe(program: &Path, libraries: Option<&OsStr>) -> crate::Result<Probe> {
    let start = |reason| WorkerError::Start { path: program.to_path_buf(), reason };
    let output = Command::new(program)
        .arg("--probe")
        .env(GPU_ORDER.0, GPU_ORDER.1)
        .envs(libraries.map(|value| (LIBRARIES, value)))
        .stderr(Stdio::inherit())
        .output()
        .map_err(start)?;
    if !output.status.success() {
        return Err(Error::unexpected(format!(
            "{} --probe ended with {}",
            program.display(),
            output.status
        )));
    }
    let probe: Probe = serde_json::from_slice(&output.stdout).map_err(|e| {
        Error::unexpected(format!(
            "{} --probe: {e}; rebuild it with cargo xtask sweep",
            program.display()
        ))
    })?;
    if probe.protocol != PROTOCOL {
        return Err(Error::unexpected(format!(
            "{} speaks protocol {}, this program speaks {PROTOCOL}: build both from the same sources",
            program.display(),
            probe.protocol
        )));
    }
    Ok(probe)
}

/// Message of the thread that reads a worker's pipe.
#[derive(Debug)]
enum WorkerOutput {
    Event(Box<Event>),
    Garbage(String),
    End,
}

/// A running worker.
#[derive(Debug)]
pub struct WorkerProcess {
    child: Child,
    requests: Option<ChildStdin>,
    events: Receiver<WorkerOutput>,
    /// Longest line that is still an event, for the run at hand.
    longest: Arc<AtomicU64>,
    log: File,
    log_start: u64,
    /// Environment of the worker; `None` until it is ready.
    pub environment: Option<Environment>,
}

impl WorkerProcess {
    /// Starts a worker for a slot; its standard error goes to `logs/slot-<n>.log`.
    ///
    /// # Errors
    /// The program or the log file cannot be opened.
    pub fn start(command: &WorkerCommand, slot: &Slot) -> Result<Self, WorkerError> {
        let fail = |reason| WorkerError::Start { path: command.program.clone(), reason };
        std::fs::create_dir_all(&command.logs).map_err(fail)?;
        let path = command.logs.join(format!("slot-{}.log", slot.index));
        let mut log =
            OpenOptions::new().create(true).append(true).read(true).open(path).map_err(fail)?;
        let log_start = log.seek(SeekFrom::End(0)).map_err(fail)?;
        let threads = command.threads.to_string();
        let mut process = Command::new(&command.program);
        process
            .args(["--device", &slot.worker_device().to_string(), "--threads", &threads])
            .env(GPU_ORDER.0, GPU_ORDER.1)
            .envs(command.libraries.as_ref().map(|value| (LIBRARIES, value)))
            .arg("--data-dir")
            .arg(&command.data)
            .args(command.plain.then_some("--plain"))
            .args(command.tf32.then_some("--tf32"))
            .envs(
                ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"]
                    .map(|name| (name, threads.as_str())),
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log.try_clone().map_err(fail)?)
            // Its own process group: Ctrl-C at the terminal is handled by this process.
            .process_group(0);
        if let Some(gpu) = slot.gpu {
            // NVIDIA's variable overrides libtorch's setting, so it must agree with the sweep.
            match command.tf32 {
                true => process.env_remove(TF32_OVERRIDE),
                false => process.env(TF32_OVERRIDE, "0"),
            };
            process
                .env("CUDA_VISIBLE_DEVICES", visible_gpu(gpu))
                .env("CUBLAS_WORKSPACE_CONFIG", ":4096:8");
        }
        let mut child = process.spawn().map_err(fail)?;
        let requests = child.stdin.take();
        let Some(stdout) = child.stdout.take() else {
            return Err(WorkerError::Ended("its pipe was not opened".to_owned()));
        };
        let (sender, events) = sync_channel(WAITING);
        let longest = Arc::new(AtomicU64::new(MAX_LINE));
        let bound = Arc::clone(&longest);
        std::thread::spawn(move || listen(stdout, &sender, &bound));
        Ok(WorkerProcess { child, requests, events, longest, log, log_start, environment: None })
    }

    /// Returns the process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a request.
    ///
    /// # Errors
    /// The worker has ended.
    pub fn send(&mut self, request: &Request) -> Result<(), WorkerError> {
        self.log_start = self.log.seek(SeekFrom::End(0)).unwrap_or(self.log_start);
        let (Request::Run { spec, .. } | Request::Measure { spec, .. }) = request;
        // A run by steps is measured at most once a segment.
        let measured = spec.train.epochs.max(spec.segments().count());
        let more = measured.saturating_mul(MAX_LINE_AN_EPOCH);
        self.longest.store(MAX_LINE.saturating_add(more), Ordering::SeqCst);
        let mut line =
            serde_json::to_vec(request).map_err(|e| WorkerError::Garbage(e.to_string()))?;
        line.push(b'\n');
        let sent =
            self.requests.as_mut().map(|pipe| pipe.write_all(&line).and_then(|()| pipe.flush()));
        match sent {
            Some(Ok(())) => Ok(()),
            _ => Err(self.ended()),
        }
    }

    /// Waits for the next event, until `deadline` if there is one, after which the worker is
    /// killed.
    ///
    /// # Errors
    /// The worker ended, wrote a line that is no event, or missed the deadline.
    pub fn next_event(&mut self, deadline: Option<Instant>) -> Result<Event, WorkerError> {
        let mut dead = 0;
        loop {
            let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
            // Checked first: a worker that sends events without pause is late, too.
            if left.is_some_and(|left| left.is_zero()) {
                self.kill();
                let _ = self.child.wait();
                return Err(WorkerError::TimedOut);
            }
            match self.events.recv_timeout(left.map_or(TICK, |left| left.min(TICK))) {
                Ok(WorkerOutput::Event(event)) => return Ok(*event),
                Ok(WorkerOutput::Garbage(what)) => return Err(WorkerError::Garbage(what)),
                Ok(WorkerOutput::End) | Err(RecvTimeoutError::Disconnected) => {
                    return Err(self.ended());
                }
                Err(RecvTimeoutError::Timeout) => {
                    dead += u32::from(!matches!(self.child.try_wait(), Ok(None)));
                    if dead >= TICKS_AFTER_DEATH {
                        return Err(self.ended());
                    }
                }
            }
        }
    }

    /// Waits for the end of the process, kills it after a second, and returns its exit status.
    fn ended(&mut self) -> WorkerError {
        self.requests = None;
        // The pipe is closed: a process that is still alive cannot send events.
        for _ in 0..50 {
            if let Ok(Some(status)) = self.child.try_wait() {
                return WorkerError::Ended(status.to_string());
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        self.kill();
        WorkerError::Ended(self.child.wait().map_or_else(|e| e.to_string(), |s| s.to_string()))
    }

    /// Kills the process group of the worker.
    fn kill(&mut self) {
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
    }

    /// Returns the last 20 lines that the worker logged since the last request.
    pub fn log_tail(&mut self) -> String {
        const LINES: usize = 20;
        const BYTES: u64 = 64 << 10;
        let end = self.log.seek(SeekFrom::End(0)).unwrap_or(0);
        let start = self.log_start.max(end.saturating_sub(BYTES));
        let mut bytes = Vec::new();
        if self.log.seek(SeekFrom::Start(start)).is_ok() {
            let _ = (&mut self.log).take(BYTES).read_to_end(&mut bytes);
        }
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LINES)..].join("\n")
    }
}

/// Reads the pipe until its end, until the first line that is no event, or until the receiver is
/// gone.
fn listen(stdout: ChildStdout, to: &SyncSender<WorkerOutput>, longest: &AtomicU64) {
    let mut pipe = BufReader::new(stdout);
    loop {
        let mut line = Vec::new();
        // Waits for the line to begin, so that the bound is that of its run.
        if pipe.fill_buf().is_ok_and(<[u8]>::is_empty) {
            let _ = to.send(WorkerOutput::End);
            return;
        }
        let bound = longest.load(Ordering::SeqCst);
        let read = (&mut pipe).take(bound).read_until(b'\n', &mut line);
        let said = match read {
            Ok(0) | Err(_) => WorkerOutput::End,
            Ok(_) if line.last() != Some(&b'\n') && line.len() as u64 >= bound => {
                WorkerOutput::Garbage(format!("a line of more than {bound} bytes"))
            }
            Ok(_) => match serde_json::from_slice(&line) {
                Ok(event) => WorkerOutput::Event(Box::new(event)),
                Err(e) => {
                    let text = String::from_utf8_lossy(&line);
                    let start: String = text.trim_end().chars().take(200).collect();
                    WorkerOutput::Garbage(format!("{e}: {start}"))
                }
            },
        };
        let last = !matches!(said, WorkerOutput::Event(_));
        if to.send(said).is_err() || last {
            return;
        }
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        // Killed at once: its files were on the disk before its last event, and libtorch takes a
        // tenth of a second to shut down.
        self.requests = None;
        self.kill();
        let _ = self.child.wait();
    }
}

/// Returns the name of a GPU among those that `CUDA_VISIBLE_DEVICES` already selects.
fn visible_gpu(index: usize) -> String {
    let visible = std::env::var("CUDA_VISIBLE_DEVICES").unwrap_or_default();
    visible
        .split(',')
        .nth(index)
        .map(str::trim)
        .filter(|s| !s.is_empty())
        .map_or_else(|| index.to_string(), str::to_owned)
}
