//! Starts the built worker and talks to it as `sweep` does.
#![allow(dead_code)] // Every test file uses a part of it.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use spec::event::{Checkpoint, Event, Options, Request, Save, SaveTo};
use spec::metric::{EpochMetric, Metric};
use spec::record::{MetricPoint, Outcome, Split};
use spec::{Id, RunSpec};
use sweep_file::{Overrides, load_text};

/// Devices that every test runs on; the GPU's steps run on libtorch's CPU.
pub const DEVICES: &[&str] = match (cfg!(feature = "flex"), cfg!(feature = "libtorch")) {
    (true, true) => &["flex", "libtorch:cpu", STEPS_OF_GPU],
    (true, false) => &["flex"],
    _ => &["libtorch:cpu", STEPS_OF_GPU],
};

/// The GPU's step engine on libtorch's CPU.
pub const STEPS_OF_GPU: &str = "libtorch:cpu --steps-of-gpu";

/// The device of tests that need only one.
pub const DEVICE: &str = DEVICES[0];

/// The devices with Burn's own operations only, for comparing bits with runs that the fast path
/// does not support.
pub const PLAIN_DEVICES: &[&str] = match (cfg!(feature = "flex"), cfg!(feature = "libtorch")) {
    (true, true) => &["flex --plain", "libtorch:cpu --plain"],
    (true, false) => &["flex --plain"],
    _ => &["libtorch:cpu --plain"],
};

/// Returns the folder of the datasets.
pub fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data")
}

/// Returns the only run of a sweep on the digits with these lines: 1,200 samples to train on in
/// batches of 100, 237 held out, 3 epochs.
pub fn run_spec(model: &str, optimizer: &str, rest: &str) -> RunSpec {
    let text = format!(
        "[data]\ndataset = \"digits\"\nbatch_size = 100\nvalidation = 237\n[model]\n{model}\n[train]\nepochs = 3\n{rest}\n[[optimizer]]\n{optimizer}\n"
    );
    let plan = load_text("x.toml", "x", text, &Overrides::default())
        .unwrap_or_else(|e| panic!("{e}"))
        .plan;
    plan.runs[0].spec.clone()
}

/// Returns a run of a perceptron of 64-16-10.
pub fn mlp(optimizer: &str) -> RunSpec {
    run_spec("kind = \"mlp\"\nhidden = [16]", optimizer, "")
}

/// Starts a worker; `device` may be followed by further arguments.
fn spawn(device: &str, data: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_sweep-worker"))
        .arg("--device")
        .args(device.split(' '))
        .args(["--threads", "1", "--data-dir"])
        .arg(data)
        .envs([("OMP_NUM_THREADS", "1"), ("RAYON_NUM_THREADS", "1")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn event(line: &str) -> Event {
    serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))
}

/// Returns the output and all events of a worker with this input.
pub fn worker(device: &str, data: &Path, input: &str) -> (Output, Vec<Event>) {
    let mut child = spawn(device, data);
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let events = String::from_utf8(output.stdout.clone()).unwrap().lines().map(event).collect();
    (output, events)
}

/// Returns a request that stores nothing.
pub fn request(spec: &RunSpec) -> String {
    request_with(spec, &Options::default())
}

/// Returns a request, whose run id is the same whatever the spec.
pub fn request_with(spec: &RunSpec, options: &Options) -> String {
    let request = Request::Run {
        run_id: Id::of("a test"),
        spec: Box::new(spec.clone()),
        options: options.clone(),
    };
    serde_json::to_string(&request).unwrap() + "\n"
}

/// Events and log of some runs in one worker.
pub struct Session {
    /// All events of the pipe.
    pub events: Vec<Event>,
    /// The worker's log.
    pub log: String,
}

impl Session {
    /// Trains these runs in a worker, which must exit successfully.
    pub fn of<'a>(
        device: &str,
        runs: impl IntoIterator<Item = (&'a RunSpec, &'a Options)>,
    ) -> Session {
        let input: String = runs.into_iter().map(|(s, o)| request_with(s, o)).collect();
        let (output, events) = worker(device, &data(), &input);
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{log}");
        Session { events, log }
    }

    /// Returns the outcomes, in order.
    pub fn outcomes(&self) -> Vec<Outcome> {
        outcomes_of(&self.events)
    }

    /// Returns the epochs that checkpoints spared, in order of the runs.
    pub fn spared_epochs(&self) -> Vec<u64> {
        let from = |e: &Event| match e {
            Event::Started { from_epoch, .. } => Some(*from_epoch),
            _ => None,
        };
        self.events.iter().filter_map(from).collect()
    }
}

/// Returns the outcomes in order, each with the metrics that were sent before it.
pub fn outcomes_of(events: &[Event]) -> Vec<Outcome> {
    let mut measured = Vec::new();
    let outcome = |e: &Event| match e {
        Event::Started { metrics, .. } | Event::Epoch { metrics, .. } => {
            measured.extend_from_slice(metrics);
            None
        }
        Event::Finished { outcome, .. } => {
            assert_eq!(outcome.metrics, [], "metrics cross the pipe once");
            Some(Outcome { metrics: std::mem::take(&mut measured), ..(**outcome).clone() })
        }
        _ => None,
    };
    events.iter().filter_map(outcome).collect()
}

/// Returns the outcomes of runs that store nothing.
pub fn outcomes(device: &str, specs: &[RunSpec]) -> Vec<Outcome> {
    let options = Options::default();
    Session::of(device, specs.iter().map(|spec| (spec, &options))).outcomes()
}

/// Returns the outcome of one run.
pub fn outcome(device: &str, spec: &RunSpec, options: &Options) -> Outcome {
    Session::of(device, [(spec, options)]).outcomes().remove(0)
}

/// Returns the bytes of anonymous memory of a worker after a run, without pages of files.
pub fn anonymous_memory(device: &str, data: &Path, spec: &RunSpec) -> u64 {
    let mut child = spawn(device, data);
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(request(spec).as_bytes()).unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut events = lines.map(|line| event(&line.unwrap()));
    assert!(events.any(|event| matches!(event, Event::Finished { .. })));
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    drop(stdin);
    assert!(child.wait().unwrap().success());
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

/// Starts a run and kills the worker as soon as it reports this epoch or a later one. If the worker
/// finishes before the kill, the run is repeated without the files that it left.
pub fn kill_after(device: &str, spec: &RunSpec, options: &Options, epoch: u64) {
    for _ in 0..20 {
        let mut child = spawn(device, &data());
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(request_with(spec, options).as_bytes()).unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let reached = lines
            .by_ref()
            .map(|line| event(&line.unwrap()))
            .find(|e| matches!(e, Event::Epoch { epoch: e, .. } if *e >= epoch));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(reached.is_some(), "epoch {epoch} of {spec:?} on {device} was never told of");
        // A torn last line is what a kill may leave.
        let rest = lines.map_while(Result::ok).filter_map(|l| serde_json::from_str(&l).ok());
        let ended = |e: Event| match e {
            Event::Epoch { epoch, .. } => epoch == spec.train.epochs,
            other => matches!(other, Event::Finished { .. }),
        };
        if !reached.into_iter().chain(rest).any(ended) {
            return;
        }
        if let Some(checkpoint) = &options.checkpoint {
            let _ = fs::remove_dir_all(&checkpoint.folder);
        }
    }
    panic!("{device} was always faster than the kill");
}

/// Returns options with checkpoints after every epoch.
pub fn checkpoint(folder: &Path) -> Options {
    let checkpoint = Some(Checkpoint { folder: folder.to_owned(), every: 1 });
    Options { checkpoint, ..Options::default() }
}

/// Returns options with checkpoints and saved weights.
pub fn save(which: Save, by: EpochMetric, path: &Path) -> Options {
    Options { save: Some(SaveTo { which, by, path: path.to_owned() }), ..Options::default() }
}

/// Returns the values of a metric by epoch.
pub fn values(outcome: &Outcome, split: Split, metric: impl Into<Metric>) -> Vec<(u64, f64)> {
    let metric = metric.into();
    let of = |m: &&MetricPoint| m.split == split && m.metric == metric;
    outcome.metrics.iter().filter(of).map(|m| (m.epoch, m.value.0)).collect()
}

/// Asserts that two outcomes have the same bits, except for times.
pub fn assert_same(a: &Outcome, b: &Outcome, what: &str) {
    let timeless = |o: &Outcome| -> Outcome {
        let mut o = o.clone();
        o.metrics.retain(|m| m.metric != "seconds");
        (o.train_seconds, o.eval_seconds, o.resumed_from) = (0.0, 0.0, None);
        o
    };
    // Texts, because NaN does not equal itself.
    assert_eq!(
        serde_json::to_string(&timeless(a)).unwrap(),
        serde_json::to_string(&timeless(b)).unwrap(),
        "{what}"
    );
}
