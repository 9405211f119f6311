//! What is measured: a process that trains one epoch each time it is asked, a
//! line on its standard input for a JSON line on its standard output.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

/// One epoch of one subject.
#[derive(Clone, Debug)]
pub(super) struct Epoch {
    /// Seconds of training; neither evaluation nor the start.
    pub(super) seconds: f64,
    /// Mean training loss during the epoch, to see that it did the work.
    pub(super) loss: f64,
}

/// A living process.
pub(super) struct Subject {
    /// For the table.
    pub(super) name: String,
    request: String,
    read: fn(&Value) -> Result<Option<Epoch>>,
    process: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
}

impl Subject {
    /// Our worker, asked for a run of one epoch.
    pub(super) fn worker(worker: &Path, root: &Path) -> Result<Subject> {
        let request = json!({
            "request": "run",
            "run_id": "0".repeat(32),
            "spec": {
                "data": { "dataset": "mnist", "batch_size": 64, "validation": 0, "drop_last": false },
                "model": { "kind": "mlp", "hidden": [128], "activation": "relu" },
                "train": { "epochs": 1, "loss": "cross-entropy" },
                "optimizer": {
                    "kind": "sgd", "lr": 0.01, "momentum": 0.0, "dampening": 0.0, "nesterov": false,
                    "weight_decay": 0.0,
                },
                "schedule": { "kind": "constant" },
                "seed": 0,
            },
        });
        let mut command = Command::new(worker);
        command
            .args(["--device", "libtorch:cpu", "--threads", "1", "--data-dir"])
            .arg(root.join("data"));
        Subject::start("sweep-worker, libtorch:cpu", command, request.to_string(), read_worker)
    }

    /// A way of training in PyTorch.
    pub(super) fn python(
        name: &str,
        python: &Path,
        script: &Path,
        way: &str,
        root: &Path,
    ) -> Result<Subject> {
        let mut command = Command::new(python);
        command.arg(script).arg(way).arg(root.join("data/mnist"));
        Subject::start(name, command, "epoch".to_owned(), read_python)
    }

    fn start(
        name: &str,
        mut command: Command,
        request: String,
        read: fn(&Value) -> Result<Option<Epoch>>,
    ) -> Result<Subject> {
        // One thread, whichever library would start more.
        for variable in ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"] {
            command.env(variable, "1");
        }
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        let input = process.stdin.take();
        let output = process.stdout.take().context("the process has no standard output")?;
        Ok(Subject {
            name: name.to_owned(),
            request,
            read,
            process,
            input,
            output: BufReader::new(output).lines(),
        })
    }

    /// Asks for an epoch.
    pub(super) fn ask(&mut self) -> Result<()> {
        let input = self.input.as_mut().context("the process was ended")?;
        writeln!(input, "{}", self.request)?;
        Ok(input.flush()?)
    }

    /// Waits until our worker has said this event.
    pub(super) fn wait_for(&mut self, event: &str) -> Result<()> {
        for line in self.output.by_ref() {
            let value: Value = serde_json::from_str(&line?)?;
            ensure!(value["event"] != "failed", "the run failed: {}", value["message"]);
            if value["event"] == event {
                return Ok(());
            }
        }
        bail!("{} ended before it was {event}; its own message stands above", self.name)
    }

    /// Trains one epoch from fresh weights.
    pub(super) fn epoch(&mut self) -> Result<Epoch> {
        self.ask()?;
        for line in self.output.by_ref() {
            let line = line?;
            let value = serde_json::from_str(&line)
                .with_context(|| format!("{} wrote `{line}`", self.name))?;
            if let Some(epoch) = (self.read)(&value).with_context(|| self.name.clone())? {
                return Ok(epoch);
            }
        }
        bail!("{} ended early; its own message stands above", self.name)
    }

    /// Closes its input and waits for its end.
    pub(super) fn end(&mut self) -> Result<()> {
        self.input = None;
        let status = self.process.wait()?;
        ensure!(status.success(), "{} ended with {status}", self.name);
        Ok(())
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        // After an error elsewhere; one that has ended already is no problem.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn number(value: &Value) -> Result<f64> {
    value.as_f64().with_context(|| format!("`{value}` is no number"))
}

/// An event of the worker; only the last of a run has the result.
fn read_worker(event: &Value) -> Result<Option<Epoch>> {
    match event["event"].as_str() {
        Some("failed") => bail!("the run failed: {}", event["message"]),
        Some("finished") => {
            let outcome = &event["outcome"];
            ensure!(outcome["status"] == "completed", "the run ended as {}", outcome["status"]);
            let loss = outcome["metrics"]
                .as_array()
                .into_iter()
                .flatten()
                .find(|point| {
                    point["split"] == "train" && point["metric"] == "loss" && point["epoch"] == 1
                })
                .context("the outcome has no training loss")?;
            Ok(Some(Epoch {
                seconds: number(&outcome["train_seconds"])?,
                loss: number(&loss["value"])?,
            }))
        }
        _ => Ok(None),
    }
}

fn read_python(answer: &Value) -> Result<Option<Epoch>> {
    Ok(Some(Epoch { seconds: number(&answer["seconds"])?, loss: number(&answer["loss"])? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workers_last_event_has_the_epoch() {
        let progress = json!({ "event": "progress", "step": 3 });
        assert!(read_worker(&progress).unwrap().is_none());
        let finished = json!({ "event": "finished", "outcome": {
            "status": "completed", "train_seconds": 0.5,
            "metrics": [
                { "epoch": 1, "split": "test", "metric": "loss", "value": 9.0 },
                { "epoch": 1, "split": "train", "metric": "loss", "value": 0.57 },
            ],
        } });
        let epoch = read_worker(&finished).unwrap().unwrap();
        assert_eq!((epoch.seconds, epoch.loss), (0.5, 0.57));
    }

    #[test]
    fn a_run_without_a_result_is_an_error() {
        let failed = json!({ "event": "failed", "message": "no data" });
        assert!(read_worker(&failed).unwrap_err().to_string().contains("no data"));
        let diverged = json!({ "event": "finished", "outcome": { "status": "diverged" } });
        assert!(read_worker(&diverged).unwrap_err().to_string().contains("diverged"));
    }

    #[test]
    fn an_event_is_waited_for() {
        let mut command = Command::new("printf");
        command
            .arg(r#"{"event":"ready"}\n{"event":"started"}\n{"event":"failed","message":"no"}\n"#);
        let mut subject = Subject::start("printf", command, "x".to_owned(), read_worker).unwrap();
        subject.wait_for("started").unwrap();
        assert!(subject.wait_for("finished").unwrap_err().to_string().contains("no"));
    }

    #[test]
    fn a_process_that_ends_early_is_an_error() {
        let mut subject =
            Subject::start("true", Command::new("true"), "x".to_owned(), read_python).unwrap();
        // Either the request finds no reader or the answer no writer.
        assert!(subject.epoch().is_err());
    }
}
