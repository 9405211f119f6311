//! Measurement: for each number of threads, workers side by side on all cores train for about a
//! second.

use std::time::{Duration, Instant};

use spec::event::{Event, Options, Request};
use spec::plan::PlannedRun;

use super::{Key, MeasureContext, Trial};
use crate::error::bad_input;
use crate::pool::Slot;
use crate::text;
use crate::worker_process::{READY_WITHIN, WorkerCommand, WorkerError, WorkerProcess};

/// Duration of a measurement, in seconds.
const WINDOW: f64 = 1.0;
/// Time limit of a measurement. A candidate that exceeds it is left out: a step takes about a
/// minute.
const MEASURED_WITHIN: Duration = Duration::from_secs(120);
/// Fraction by which fewer threads may be slower and are still preferred.
const TIE: f64 = 0.03;

/// Returns the threads and jobs to try on `cores` cores: 1, 2, 4, ... threads, each rounded up to
/// the number for which its jobs leave room, so that as few cores as possible are idle.
pub(super) fn candidates(cores: u64) -> Vec<(u64, u64)> {
    let cores = cores.max(1);
    let powers = std::iter::successors(Some(1_u64), |t| t.checked_mul(2));
    let mut out: Vec<(u64, u64)> = powers
        .take_while(|t| *t <= cores)
        .map(|t| cores / t)
        .map(|jobs| (cores / jobs, jobs))
        .collect();
    out.dedup();
    out
}

/// Returns the threads of the fastest trial; of nearly equal ones, the fewest threads.
pub(super) fn best(trials: &[Trial]) -> u64 {
    let fastest = trials.iter().map(|t| t.samples_per_second).fold(0.0, f64::max);
    let near = trials.iter().filter(|t| t.samples_per_second >= fastest * (1.0 - TIE));
    near.map(|t| t.threads).min().unwrap_or(1)
}

/// Measures every candidate. One that fails is left out with a warning.
///
/// # Errors
/// Bad input: all candidates failed.
pub(super) fn trials(
    run: &PlannedRun,
    key: &Key,
    context: &MeasureContext<'_>,
) -> crate::Result<Vec<Trial>> {
    let mut out = Vec::new();
    let mut first_problem = None;
    for (threads, jobs) in candidates(key.cores) {
        let mut trial = Trial { threads, jobs, samples_per_second: 0.0 };
        match samples_per_second(run, key, threads, jobs, context) {
            Ok(found) => {
                trial.samples_per_second = found;
                out.push(trial);
            }
            Err(problem) => {
                let problem = format!("{}: {problem}", trial.name());
                text::status!("warning: not measured: {}", text::plain(&problem));
                first_problem.get_or_insert(problem);
            }
        }
    }
    if out.is_empty() {
        return Err(bad_input(format!(
            "threads_per_run = \"auto\": no number of threads could be measured ({})\n  \
             see the logs in {}, or write a number: threads_per_run = 1",
            text::plain(&first_problem.unwrap_or_default()),
            context.workspace.relative(&context.dir.logs())
        )));
    }
    Ok(out)
}

/// Starts the workers, lets all of them warm up, then measures all at once.
fn samples_per_second(
    run: &PlannedRun,
    key: &Key,
    threads: u64,
    jobs: u64,
    context: &MeasureContext<'_>,
) -> Result<f64, String> {
    let absolute = |path: &std::path::Path| std::path::absolute(path).map_err(|e| e.to_string());
    let command = WorkerCommand {
        program: context.worker.to_path_buf(),
        data: context.workspace.data(),
        threads,
        plain: key.plain,
        // Threads are measured on processors alone.
        tf32: false,
        libraries: context.libraries.map(std::ffi::OsStr::to_os_string),
        logs: context.dir.logs(),
    };
    let options = Options { root: absolute(context.workspace.root())?, ..Options::default() };
    let mut workers = Vec::new();
    for index in 0..usize::try_from(jobs).unwrap_or(1) {
        let slot = Slot { index, device: key.device.parse()?, gpu: None };
        workers.push(WorkerProcess::start(&command, &slot).map_err(|e| e.to_string())?);
    }
    for worker in &mut workers {
        match next(worker, READY_WITHIN)? {
            Event::Ready { .. } => {}
            other => return Err(format!("{other:?} before it was ready")),
        }
    }
    // The first round warms up: it loads data and code.
    for (seconds, within) in [(0.0, READY_WITHIN), (WINDOW, MEASURED_WITHIN)] {
        let request = Request::Measure {
            run_id: run.run_id,
            spec: Box::new(run.spec.clone()),
            options: options.clone(),
            seconds,
        };
        for worker in &mut workers {
            worker.send(&request).map_err(|e| e.to_string())?;
        }
        let mut sum = 0.0;
        for worker in &mut workers {
            sum += match next(worker, within)? {
                Event::Measured { run_id, samples, seconds } if run_id == run.run_id => {
                    samples as f64 / seconds
                }
                Event::Failed { message, .. } => return Err(message),
                other => return Err(format!("{other:?} in place of a measurement")),
            };
        }
        if !(sum.is_finite() && sum > 0.0) {
            return Err("no step was trained".to_owned());
        }
        if seconds > 0.0 {
            return Ok(sum);
        }
    }
    Err("nothing was measured".to_owned())
}

/// Returns the next event of a worker, or an error with the last line of its log.
fn next(worker: &mut WorkerProcess, within: Duration) -> Result<Event, String> {
    worker.next_event(Some(Instant::now() + within)).map_err(|error| {
        let log = match error {
            WorkerError::Ended(_) => worker.log_tail(),
            _ => String::new(),
        };
        let last = log.lines().last().map(|line| format!("; {line}")).unwrap_or_default();
        format!("{error}{last}")
    })
}
