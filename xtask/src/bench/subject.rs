//! Measured processes. Each trains when asked, with a request line on its standard input and a
//! JSON line on its standard output.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

/// The result of one training.
#[derive(Clone, Debug)]
pub(super) struct Training {
    /// Seconds of training, without evaluation and start.
    pub(super) seconds: f64,
    /// Mean training loss of the first epoch, or of the first segment of a run by steps, to check
    /// that the work was done; `None` if nothing is learnt.
    pub(super) loss: Option<f64>,
}

/// A parser of a process's lines; it returns the result once the training has ended.
type Read = fn(&Value, &mut Option<f64>) -> Result<Option<Training>>;

/// A running process that is measured.
pub(super) struct Subject {
    name: String,
    read: Read,
    process: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
}

impl Subject {
    /// Starts our worker on a device such as `libtorch:cpu`.
    pub(super) fn worker(
        worker: &Path,
        device: &str,
        threads: usize,
        root: &Path,
    ) -> Result<Subject> {
        let command = worker_command(worker, device, threads, root);
        Subject::start(&format!("sweep-worker, {device}"), command, threads, read_worker)
    }

    /// Starts our worker with Burn's own operations only.
    pub(super) fn plain_worker(worker: &Path, device: &str, root: &Path) -> Result<Subject> {
        let mut command = worker_command(worker, device, 1, root);
        command.arg("--plain");
        Subject::start(&format!("sweep-worker, {device}, plain"), command, 1, read_worker)
    }

    /// Starts `bench.py`, which trains in PyTorch on a dataset; `way` is `memory` or
    /// `dataloader`.
    pub(super) fn python(
        python: &Path,
        way: &str,
        dataset: &str,
        threads: usize,
        root: &Path,
    ) -> Result<Subject> {
        let mut command = Command::new(python);
        command
            .arg(root.join("xtask/python/bench.py"))
            .args([way, dataset, &threads.to_string()])
            .arg(root.join("data"));
        Subject::start(&format!("bench.py, {way}"), command, threads, read_plain)
    }

    /// Starts a program that answers each line as `bench.py` does, on one thread.
    pub(super) fn program(program: &Path) -> Result<Subject> {
        let name = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy();
        Subject::start(&name, Command::new(program), 1, read_plain)
    }

    fn start(name: &str, mut command: Command, threads: usize, read: Read) -> Result<Subject> {
        // Limits the threads of each library.
        for variable in ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"] {
            command.env(variable, threads.to_string());
        }
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        let input = process.stdin.take();
        let output = process.stdout.take().context("the process has no standard output")?;
        let output = BufReader::new(output).lines();
        Ok(Subject { name: name.to_owned(), read, process, input, output })
    }

    /// Returns the process id.
    pub(super) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Sends a request without waiting for the answer.
    pub(super) fn ask(&mut self, request: &str) -> Result<()> {
        let input = self.input.as_mut().context("the process has ended")?;
        writeln!(input, "{request}")?;
        Ok(input.flush()?)
    }

    /// Waits for an event of our worker.
    pub(super) fn wait_for(&mut self, event: &str) -> Result<()> {
        for line in self.output.by_ref() {
            let value: Value = serde_json::from_str(&line?)?;
            ensure!(value["event"] != "failed", "the run failed: {}", value["message"]);
            if value["event"] == event {
                return Ok(());
            }
        }
        bail!("{} ended before the event `{event}`; see its message above", self.name)
    }

    /// Trains from new weights and waits for the result.
    pub(super) fn train(&mut self, request: &str) -> Result<Training> {
        self.ask(request).with_context(|| format!("{} has ended", self.name))?;
        let mut loss = None;
        for line in self.output.by_ref() {
            let line = line?;
            let value = serde_json::from_str(&line)
                .with_context(|| format!("{} wrote `{line}`", self.name))?;
            if let Some(found) =
                (self.read)(&value, &mut loss).with_context(|| self.name.clone())?
            {
                return Ok(found);
            }
        }
        bail!("{} ended early; see its message above", self.name)
    }

    /// Closes its input and waits for its end.
    pub(super) fn end(mut self) -> Result<()> {
        self.input = None;
        let status = self.process.wait()?;
        ensure!(status.success(), "{} ended with {status}", self.name);
        Ok(())
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        // Needed after an error elsewhere; a process that has already ended is no problem.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn worker_command(worker: &Path, device: &str, threads: usize, root: &Path) -> Command {
    let mut command = Command::new(worker);
    command
        .args(["--device", device, "--threads", &threads.to_string(), "--data-dir"])
        .arg(root.join("data"));
    command
}

fn number(value: &Value) -> Result<f64> {
    value.as_f64().with_context(|| format!("`{value}` is not a number"))
}

/// Reads an event of the worker. The last event of a run has its seconds, the first epoch's
/// has the loss.
fn read_worker(event: &Value, loss: &mut Option<f64>) -> Result<Option<Training>> {
    match event["event"].as_str() {
        Some("failed") => bail!("the run failed: {}", event["message"]),
        Some("epoch") => {
            let points = event["metrics"].as_array().into_iter().flatten();
            let of_training =
                |point: &&Value| point["split"] == "train" && point["metric"] == "loss";
            // Only the first loss is kept.
            if let (None, Some(point)) = (&loss, points.into_iter().find(of_training)) {
                *loss = Some(number(&point["value"])?);
            }
            Ok(None)
        }
        Some("finished") => {
            let outcome = &event["outcome"];
            ensure!(outcome["status"] == "completed", "the run ended as {}", outcome["status"]);
            let loss = loss.take().context("no epoch reported a training loss")?;
            let seconds = number(&outcome["train_seconds"])?;
            Ok(Some(Training { seconds, loss: Some(loss) }))
        }
        _ => Ok(None),
    }
}

fn read_plain(answer: &Value, _: &mut Option<f64>) -> Result<Option<Training>> {
    Ok(Some(Training { seconds: number(&answer["seconds"])?, loss: answer["loss"].as_f64() }))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use serde_json::json;

    use super::*;

    #[test]
    fn the_loss_comes_with_the_epoch_and_the_seconds_with_the_end() {
        let mut loss = None;
        let progress = json!({ "event": "progress", "step": 3 });
        let epoch = json!({ "event": "epoch", "epoch": 1, "metrics": [
            { "epoch": 1, "split": "test", "metric": "loss", "value": 9.0 },
            { "epoch": 1, "split": "train", "metric": "loss", "value": 0.57 },
        ] });
        let finished = json!({ "event": "finished", "outcome": {
            "status": "completed", "train_seconds": 0.5, "metrics": [],
        } });
        assert!(read_worker(&finished, &mut loss).is_err(), "nothing was learnt");
        for event in [progress, epoch] {
            assert!(read_worker(&event, &mut loss).unwrap().is_none());
        }
        let found = read_worker(&finished, &mut loss).unwrap().unwrap();
        assert_eq!((found.seconds, found.loss), (0.5, Some(0.57)));
    }

    #[test]
    fn a_run_without_a_result_is_an_error() {
        let failed = json!({ "event": "failed", "message": "no data" });
        assert!(read_worker(&failed, &mut None).unwrap_err().to_string().contains("no data"));
        let diverged = json!({ "event": "finished", "outcome": { "status": "diverged" } });
        assert!(read_worker(&diverged, &mut None).unwrap_err().to_string().contains("diverged"));
    }

    #[test]
    fn an_event_is_waited_for() {
        let mut command = Command::new("printf");
        command
            .arg(r#"{"event":"ready"}\n{"event":"started"}\n{"event":"failed","message":"no"}\n"#);
        let mut subject = Subject::start("printf", command, 1, read_worker).unwrap();
        subject.wait_for("started").unwrap();
        assert!(subject.wait_for("finished").unwrap_err().to_string().contains("no"));
    }

    #[test]
    fn a_process_that_ends_early_is_an_error() {
        let mut subject = Subject::program(Path::new("true")).unwrap();
        // Either the request finds no reader or the answer no writer.
        assert!(subject.train("x").is_err());
    }

    #[test]
    fn each_line_is_answered_by_one() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("answer");
        let text = "#!/bin/sh\nwhile read -r line; do echo \"{\\\"seconds\\\": $line}\"; done\n";
        std::fs::write(&script, text).unwrap();
        std::fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).unwrap();
        let mut subject = Subject::program(&script).unwrap();
        for seconds in ["0.25", "4"] {
            let found = subject.train(seconds).unwrap();
            assert_eq!((found.seconds.to_string(), found.loss), (seconds.to_owned(), None));
        }
        assert!(format!("{:#}", subject.train("x").unwrap_err()).contains("wrote `{"));
        subject.end().unwrap();
    }
}
