//! The script: durations and ends of runs, fates of tasks, and their records. All of it follows
//! from ids, so that the same command gives the same results.

use spec::Id;
use spec::event::FailureKind;
use spec::plan::PlannedRun;
use spec::record::{Environment, MetricPoint, Outcome, RunError, RunRecord, Split, Status};

use super::clock::{Fate, Millis, Task};

/// Label, kind, further keys, and mean seconds of a run, which are 50 over all optimizers.
pub const OPTIMIZERS: [(&str, &str, &str, f64); 10] = [
    ("sgd", "sgd", "", 30.0),
    ("momentum", "sgd", "momentum = 0.9", 33.0),
    ("nesterov", "sgd", "momentum = 0.9\nnesterov = true", 35.0),
    ("rmsprop", "rmsprop", "", 40.0),
    ("rmsprop-momentum", "rmsprop", "momentum = 0.9", 44.0),
    ("rmsprop-centered", "rmsprop", "centered = true", 48.0),
    ("adam", "adam", "", 60.0),
    ("amsgrad", "adam", "amsgrad = true", 65.0),
    ("adamw", "adamw", "", 70.0),
    ("adamw-amsgrad", "adamw", "amsgrad = true", 75.0),
];

/// Number of seeds of a configuration.
pub const SEEDS: usize = 10;

/// Fractions of failures of each kind at the first attempt.
const FAILS: f64 = 0.005;
const DIVERGES: f64 = 0.02;
const KILLED: f64 = 0.01;
const REQUEUED: f64 = 0.01;
const DOUBLED: f64 = 0.001;

/// Start of the virtual clock, 2026-11-01, in seconds since the epoch.
const BEGIN: i64 = 1_793_491_200;

/// Number of loss windows of the one epoch.
const WINDOWS: u64 = 20;

/// Returns a sweep file of `runs` runs.
pub fn sweep_file(runs: usize) -> String {
    let rates = (runs / (OPTIMIZERS.len() * SEEDS)).max(1);
    let mut text = format!(
        "[data]\ndataset = \"digits\"\nbatch_size = 16\n[model]\nkind = \"mlp\"\nhidden = [32]\n\
         [train]\nepochs = 1\n[repeat]\nseeds = {{ count = {SEEDS} }}\n[devices]\npool = [\"flex\"]\n\
         threads_per_run = 1\n"
    );
    for (label, kind, rest, _) in OPTIMIZERS {
        text.push_str(&format!(
            "[[optimizer]]\nkind = \"{kind}\"\nlabel = \"{label}\"\n\
             lr = {{ random = {{ log = [1e-5, 1e0] }}, samples = {rates} }}\n{rest}\n"
        ));
    }
    text
}

/// Returns a pseudorandom number, 0 to 1, that is determined by the arguments.
fn chance(of: u64, what: u64) -> f64 {
    // SplitMix64.
    let mut z = of.wrapping_add(what.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

fn number(id: Id) -> u64 {
    u64::from_str_radix(&id.to_string()[..16], 16).unwrap_or(0)
}

/// Returns the duration of a run: its optimizer's mean plus or minus a quarter; one run in a
/// hundred takes three times as long.
pub fn takes(run: &PlannedRun) -> Millis {
    let mean = OPTIMIZERS.iter().find(|(label, ..)| *label == run.label).map_or(50.0, |o| o.3);
    let id = number(run.run_id);
    let slow = if chance(id, 1) < 0.01 { 3.0 } else { 1.0 };
    (1e3 * mean * slow * (0.75 + 0.5 * chance(id, 2))) as Millis
}

/// Returns the status with which a run ends. A run that failed succeeds at the second attempt.
pub fn ends(run: &PlannedRun, attempt: u64) -> Status {
    let id = number(run.run_id);
    match chance(id, 3) {
        c if c < FAILS && attempt == 1 => Status::Failed,
        c if (FAILS..FAILS + DIVERGES).contains(&c) => Status::Diverged,
        _ => Status::Completed,
    }
}

/// Returns the fate of a started task whose runs take `whole` together: at the first attempt one
/// in a hundred is killed, another is preempted, and one in a thousand runs twice.
pub fn fate(attempt: u64, array: u64, task: Task, whole: Millis) -> Fate {
    let of = array << 32 | task.index << 8 | task.restarts;
    let at = (whole as f64 * chance(of, 5)) as Millis;
    if attempt > 1 {
        return Fate::Runs;
    }
    match chance(of, 4) {
        c if c < KILLED => Fate::Killed(at),
        c if c < KILLED + REQUEUED => Fate::Requeued(at),
        // A copy is not presumed dead a second time.
        c if c < KILLED + REQUEUED + DOUBLED && task.restarts == 0 => Fate::Doubled(at),
        _ => Fate::Runs,
    }
}

/// Returns the wait of a job in the queue, by its index among the jobs: about two minutes, and half
/// an hour for one in eight.
pub fn waits(place: u64) -> Millis {
    let long = if chance(place, 6) < 0.125 { 1_800_000 } else { 120_000 };
    (long as f64 * (0.5 + chance(place, 7))) as Millis
}

fn time(now: Millis) -> String {
    let at = jiff::Timestamp::from_millisecond(BEGIN * 1000 + now as i64);
    at.map(|at| format!("{at:.3}")).unwrap_or_default()
}

/// Returns the record of a run with this status, start and end.
pub fn record(
    run: &PlannedRun,
    status: Status,
    attempt: u64,
    from: Millis,
    to: Millis,
) -> RunRecord {
    let outcome = status.is_result().then(|| outcome(run, status, (to - from) as f64 / 1e3));
    let error = (status == Status::Failed).then(|| RunError {
        kind: FailureKind::Died,
        message: "the worker ended by signal 9".to_owned(),
        log_tail: "allocated 12 GiB\n".repeat(4),
    });
    RunRecord {
        outcome,
        error,
        attempt,
        started: time(from),
        ended: time(to),
        provenance: Some(test_records::provenance("experiments/cluster.toml")),
        ..test_records::record_in(run, status, environment())
    }
}

fn environment() -> Environment {
    Environment {
        backend: "flex".to_owned(),
        libtorch: None,
        libtorch_kind: None,
        code: Id::of("code").to_string(),
        ..test_records::environment()
    }
}

/// Returns the outcome of one epoch with a realistic loss curve.
fn outcome(run: &PlannedRun, status: Status, seconds: f64) -> Outcome {
    let steps = run.spec.total_steps();
    let id = number(run.run_id);
    let off = (run.spec.optimizer.lr() / 1e-2).log10();
    let speed = 9.0 * (-off * off).exp();
    let loss =
        |t: f64, n: u64| (0.05 + 2.25 / (1.0 + speed * t)) * (0.98 + 0.04 * chance(id, 20 + n));
    let mut metrics = Vec::with_capacity(WINDOWS as usize + 7);
    let mut put = |epoch, step, split, metric: &str, value: f64| {
        let (metric, value) = (metric.into(), value.into());
        metrics.push(MetricPoint { epoch, step, split, metric, value });
    };
    let accuracy = |loss: f64| ((1.0 - loss / 2.6).clamp(0.08, 0.999) * 1e4).round() / 1e4;
    put(0, 0, Split::Test, "loss", loss(0.0, 0));
    put(0, 0, Split::Test, "accuracy", accuracy(loss(0.0, 0)));
    put(1, 0, Split::Train, "lr", run.spec.optimizer.lr());
    let done = status == Status::Completed;
    for window in 1..=if done { WINDOWS } else { WINDOWS / 2 } {
        let value = loss(window as f64 / WINDOWS as f64, window);
        put(1, window * steps / WINDOWS, Split::Train, "window_loss", value);
    }
    if done {
        put(1, steps, Split::Train, "loss", loss(0.4, 30));
        put(1, steps, Split::Train, "seconds", seconds);
        put(1, steps, Split::Test, "loss", loss(1.0, 31));
        put(1, steps, Split::Test, "accuracy", accuracy(loss(1.0, 31)));
    }
    Outcome {
        epochs_completed: u64::from(done),
        steps: if done { steps } else { steps / 2 },
        diverged_step: (!done).then_some(steps / 2),
        last_finite_loss: (!done).then(|| 2.3.into()),
        train_seconds: seconds * 0.95,
        eval_seconds: seconds * 0.05,
        init_digest: run.cell_id.to_string(),
        batch_digest: vec![run.config_id.to_string()],
        weights_digest: done.then(|| run.run_id.to_string()),
        dataset_digest: Id::of("data").to_string(),
        metrics,
        ..test_records::outcome(run, status)
    }
}
