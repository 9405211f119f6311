//! Fabricates the report folder of a large sweep without any training: `plan.json` and a journal of
//! valid lines, to measure `sweep report`.
//!
//!     fabricate FOLDER RUNS POINTS
//!
//! 1,000 runs or more are 10 optimizers x 10 learning rates x `RUNS / 1000` weight decays x 10
//! seeds, fewer are 5 optimizers x 5 learning rates x `RUNS / 125` weight decays x 5 seeds. Every
//! run has the measurements of a worker, over as many epochs as give about `POINTS` numbers. Losses
//! fall realistically; the largest learning rates diverge, a few runs failed and a few are missing.
//! The same arguments give the same bytes. Prints the numbers of runs and points.

use std::error::Error;
use std::f64::consts::PI;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;

use spec::Id;
use spec::event::FailureKind;
use spec::plan::{Plan, PlannedRun};
use spec::record::{
    Environment, MetricPoint, Outcome, RunError, RunRecord, Split, Status, StopReason,
};
use spec::schedule::Per;
use spec::seed::{Stream, stream};
use spec::{RunSpec, ScheduleSpec};
use store::layout::ReportDir;
use sweep_file::{Overrides, load_text};

/// An optimizer with its fabricated results.
struct Label {
    name: &'static str,
    kind: &'static str,
    /// Lines of its table that tell it from the others of its kind.
    settings: &'static str,
    /// Ends of its grid of learning rates.
    lrs: (f64, f64),
    /// Learning rate with the lowest loss.
    sweet: f64,
    /// Lowest loss that it can reach.
    floor: f64,
    /// Learning rate from which it diverges.
    diverges: f64,
}

const COSINE: &str = "schedule = { kind = \"cosine\", per = \"epoch\" }";

#[rustfmt::skip]
const LABELS: [Label; 10] = [
    Label { name: "sgd", kind: "sgd", settings: "", lrs: (1e-3, 1e1), sweet: 0.3, floor: 0.050, diverges: 5.0 },
    Label { name: "momentum", kind: "sgd", settings: "momentum = 0.9", lrs: (1e-4, 1e0), sweet: 0.05, floor: 0.022, diverges: 0.5 },
    Label { name: "rmsprop", kind: "rmsprop", settings: "", lrs: (1e-5, 1e-1), sweet: 8e-4, floor: 0.030, diverges: 0.05 },
    Label { name: "adam", kind: "adam", settings: "", lrs: (1e-5, 1e-1), sweet: 1e-3, floor: 0.018, diverges: 1e9 },
    Label { name: "adam-cosine", kind: "adam", settings: COSINE, lrs: (1e-5, 1e-1), sweet: 2e-3, floor: 0.012, diverges: 1e9 },
    Label { name: "nesterov", kind: "sgd", settings: "momentum = 0.9\nnesterov = true", lrs: (1e-4, 1e0), sweet: 0.05, floor: 0.021, diverges: 0.6 },
    Label { name: "rmsprop-centered", kind: "rmsprop", settings: "centered = true", lrs: (1e-5, 1e-1), sweet: 7e-4, floor: 0.031, diverges: 0.05 },
    Label { name: "amsgrad", kind: "adam", settings: "amsgrad = true", lrs: (1e-5, 1e-1), sweet: 1e-3, floor: 0.019, diverges: 1e9 },
    Label { name: "adamw", kind: "adamw", settings: "", lrs: (1e-5, 1e-1), sweet: 1e-3, floor: 0.017, diverges: 1e9 },
    Label { name: "adamw-cosine", kind: "adamw", settings: COSINE, lrs: (1e-5, 1e-1), sweet: 2e-3, floor: 0.013, diverges: 1e9 },
];

/// Windows per epoch with a separate training loss, as in the worker.
const WINDOWS: u64 = 20;

/// Numbers per epoch: windows, training loss, seconds, two splits of two metrics.
const PER_EPOCH: u64 = WINDOWS + 6;

/// Numbers before the first epoch: two splits of two metrics and a learning rate.
const BEFORE: u64 = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [folder, runs, points] = args.as_slice() else {
        return Err("usage: fabricate FOLDER RUNS POINTS".into());
    };
    let (runs, points): (usize, u64) = (runs.parse()?, points.parse()?);
    let text = sweep_file(runs, points);
    let loaded = load_text("experiments/large.toml", "large", text, &Overrides::default());
    let plan = loaded.map_err(|problems| problems.to_string())?.plan;
    let written = write(&plan, Path::new(folder))?;
    println!("{} runs, {written} points", plan.runs.len());
    Ok(())
}

/// Returns a sweep file with about so many runs, and so many numbers per run.
fn sweep_file(runs: usize, points: u64) -> String {
    let (labels, rates, seeds) = if runs < 1000 { (5, 5, 5) } else { (10, 10, 10) };
    let decays = (runs / (labels * rates * seeds)).max(1);
    let epochs = (points.saturating_sub(BEFORE) + PER_EPOCH / 2) / PER_EPOCH;
    let mut text = format!(
        "description = \"A fabricated sweep: {labels} optimizers, {rates} learning rates\"\n\
         [data]\ndataset = \"mnist\"\nbatch_size = 64\nvalidation = 5000\n\
         [model]\nkind = \"mlp\"\nhidden = [128]\n\
         [train]\nepochs = {}\n\
         [repeat]\nseeds = {{ count = {seeds} }}\n\
         [target]\nmetric = \"validation.accuracy\"\nvalue = 0.96\n",
        epochs.max(1)
    );
    let decays: Vec<String> = (0..decays).map(|i| format!("{i}e-5")).collect();
    for Label { name, kind, settings, lrs: (low, high), .. } in LABELS.iter().take(labels) {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "\n[[optimizer]]\nkind = \"{kind}\"\nlabel = \"{name}\"\n\
             lr = {{ log = [{low:e}, {high:e}], points = {rates} }}\n\
             weight_decay = [{}]\n{settings}",
            decays.join(", ")
        );
    }
    text
}

/// Writes plan and journal; returns the count of measured numbers.
fn write(plan: &Plan, folder: &Path) -> Result<usize, Box<dyn Error>> {
    let dir = ReportDir::new(folder);
    fs::create_dir_all(dir.journal())?;
    fs::write(dir.plan(), serde_json::to_vec(plan)?)?;
    // A sweep's order: over seeds, then configurations, then optimizers in turn.
    let mut place = std::collections::BTreeMap::<&str, usize>::new();
    let mut order: Vec<(u64, usize, usize)> = Vec::with_capacity(plan.runs.len());
    for (i, run) in plan.runs.iter().enumerate() {
        let nth = place.entry(&run.label).or_default();
        order.push((run.spec.seed, *nth / plan.seeds.len(), i));
        *nth += 1;
    }
    order.sort_unstable();
    let file = File::create(dir.journal().join("20261123T150000Z-host-1.jsonl"))?;
    let (mut file, mut points) = (BufWriter::new(file), 0);
    for (nth, (.., i)) in order.into_iter().enumerate() {
        if let Some(record) = record(&plan.runs[i], nth) {
            points += record.outcome.as_ref().map_or(0, |o| o.metrics.len());
            file.write_all(&store::journal_line::write(&record)?)?;
        }
    }
    file.into_inner()?.sync_all()?;
    Ok(points)
}

/// Returns the record of the run trained as `nth`; `None` for a missing run.
fn record(run: &PlannedRun, nth: usize) -> Option<RunRecord> {
    let label = LABELS.iter().find(|label| label.name == run.label)?;
    let mut noise = stream(run.spec.seed, &run.config_id.to_string());
    let (status, outcome, error) = match nth % 499 {
        7 => return None,
        91 => (Status::Failed, None, Some(failure())),
        _ => {
            let outcome = outcome(&run.spec, label, &mut noise);
            (outcome.status, Some(outcome), None)
        }
    };
    let environment = Environment { code: digest("code"), ..test_records::environment() };
    let clock = |seconds: usize| {
        let (days, rest) = (seconds / 86_400, seconds % 86_400);
        let (hours, minutes) = (rest / 3600, rest / 60 % 60);
        format!("2026-11-{:02}T{hours:02}:{minutes:02}:{:02}Z", 1 + days, rest % 60)
    };
    Some(RunRecord {
        outcome,
        error,
        slot: nth as u64 % 2,
        jobs: 2,
        started: clock(2 * nth),
        ended: clock(2 * nth + 4),
        provenance: Some(test_records::provenance("experiments/large.toml")),
        ..test_records::record_in(run, status, environment)
    })
}

fn failure() -> RunError {
    RunError {
        kind: FailureKind::Died,
        message: "the worker ended by signal 9".to_owned(),
        log_tail: "allocated 12 GiB\n".repeat(4),
    }
}

/// Returns a digest of 32 hexadecimal characters.
fn digest(of: &str) -> String {
    Id::of(of).to_string()
}

/// Returns the cross-entropy after `t` epochs: from ln 10 down to the label's floor, the slower the
/// further the learning rate is from the label's best.
fn loss(run: &RunSpec, label: &Label, t: f64) -> f64 {
    let off = (run.optimizer.lr() / label.sweet).log10();
    let speed = 9.0 * (-(off * off) * if off > 0.0 { 1.4 } else { 0.9 }).exp();
    let floor = label.floor * (1.0 + 3.0 * off.powi(2));
    floor + (10f64.ln() - floor) / (1.0 + speed * t).powf(1.25)
}

/// Returns the first step whose loss is not finite; near the limit only some seeds have one.
fn diverges(run: &RunSpec, label: &Label, noise: &mut Stream) -> Option<u64> {
    let luck = 1.0 + 0.5 * f64::from(noise.uniform());
    let steps = u32::try_from(run.total_steps()).unwrap_or(u32::MAX);
    let step = 1 + u64::from(noise.below(steps));
    (run.optimizer.lr() * luck >= label.diverges).then_some(step)
}

fn outcome(run: &RunSpec, label: &Label, noise: &mut Stream) -> Outcome {
    let diverged_step = diverges(run, label, noise);
    let per_epoch = run.steps_per_epoch();
    let steps = diverged_step.unwrap_or(run.total_steps());
    let epochs = diverged_step.map_or(run.train.epochs, |step| (step - 1) / per_epoch);
    let mut metrics = Vec::new();
    let mut put = |epoch, step, split, metric: &str, value: f64| {
        let (metric, value) = (metric.into(), value.into());
        metrics.push(MetricPoint { epoch, step, split, metric, value });
    };
    let mut wobble = |width: f64| 1.0 + width * f64::from(noise.uniform_in(-1.0, 1.0));
    let held_out: Vec<[(Split, f64); 2]> = (0..=epochs)
        .map(|epoch| {
            [(Split::Validation, 0.004), (Split::Test, 0.005)].map(|(split, worse)| {
                let value = loss(run, label, epoch as f64) + worse * epoch.min(4) as f64;
                (split, value * wobble(0.04))
            })
        })
        .collect();
    let evaluate = |put: &mut dyn FnMut(u64, u64, Split, &str, f64), epoch: u64| {
        for (split, value) in held_out[epoch as usize] {
            put(epoch, epoch * per_epoch, split, "loss", value);
            let error = 0.9 * (1.0 - (-0.32 * value).exp()) / (1.0 - (-0.32 * 10f64.ln()).exp());
            // Whole images of 10,000.
            let accuracy = (1e4 * (1.0 - error).clamp(0.08, 0.999)).round() / 1e4;
            put(epoch, epoch * per_epoch, split, "accuracy", accuracy);
        }
    };
    evaluate(&mut put, 0);
    let mut rate_before = None;
    for epoch in 1..=run.train.epochs.min(epochs + 1) {
        let start = (epoch - 1) * per_epoch;
        let rate = match &run.schedule {
            ScheduleSpec::Cosine(c) if c.per == Per::Epoch => {
                let done = (epoch - 1) as f64 / run.train.epochs as f64;
                run.optimizer.lr() * (1.0 + (PI * done).cos()) / 2.0
            }
            _ => run.optimizer.lr(),
        };
        if rate_before != Some(rate) {
            put(epoch, start, Split::Train, "lr", rate);
            rate_before = Some(rate);
        }
        for window in 1..=WINDOWS {
            let step = start + window * per_epoch / WINDOWS;
            if step > steps {
                break;
            }
            let t = step as f64 / per_epoch as f64 - 0.5 / WINDOWS as f64;
            put(epoch, step, Split::Train, "window_loss", loss(run, label, t) * wobble(0.22));
        }
        if epoch > epochs {
            put(epoch, steps, Split::Train, "loss", f64::NAN);
            break;
        }
        let mean = loss(run, label, epoch as f64 - 0.6) * wobble(0.03);
        put(epoch, epoch * per_epoch, Split::Train, "loss", mean);
        put(epoch, epoch * per_epoch, Split::Train, "seconds", 0.9 * epoch as f64 * wobble(0.05));
        evaluate(&mut put, epoch);
    }
    let seed = run.seed;
    Outcome {
        status: if diverged_step.is_some() { Status::Diverged } else { Status::Completed },
        stop_reason: diverged_step.is_none().then_some(StopReason::Epochs),
        epochs_completed: epochs,
        steps,
        diverged_step,
        last_finite_loss: diverged_step.map(|_| 8.1e12.into()),
        train_seconds: 0.9 * steps as f64 / per_epoch as f64 * wobble(0.05),
        eval_seconds: 0.3 * wobble(0.05),
        init_digest: digest(&format!("init {seed}")),
        batch_digest: (1..=epochs).map(|e| digest(&format!("batches {seed} {e}"))).collect(),
        weights_digest: diverged_step.is_none().then(|| digest(&format!("{run:?}"))),
        dataset_digest: run.data.dataset.digest(),
        resumed_from: None,
        saved_epoch: None,
        saved_digest: None,
        metrics,
    }
}
