//! Measures the cost of burn-train's own loop against a hand-written one: MNIST, MLP 784-128-10,
//! batches of 64, SGD lr 0.01, on `libtorch:cpu` with one thread.
//!
//! ```text
//! cargo run --release -p train --features libtorch --example burn_train_loop -- [DATA]
//! ```
//!
//! Four loops take turns in one process: the steps of `src/run.rs`, and burn-train's
//! `SupervisedTraining` without metrics, with `LossMetric` and `AccuracyMetric` kept in memory, and
//! with both written to its metric files, its default. All start from the same weights and take the
//! same batches from the same loader (dataset on the device, one `select` per batch). The example
//! checks that they end in the same weights, bit for bit, so that only the loops differ.
//! burn-train's log file and terminal display are off, its validation set is empty.
//!
//! It prints medians of the seconds per epoch, wall-clock and processor time (Linux). Metrics run
//! on a second thread: wall-clock time hides their cost if a core is idle, but a sweep with a run
//! on every core pays it.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use anyhow::ensure;
use burn::data::dataloader::{DataLoader, DataLoaderIterator, Progress};
use burn::data::dataset::DatasetError;
use burn::optim::{GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::{Device, Int, Tensor, TensorData};
use burn_train::logger::{EvaluationProgressLogger, InMemoryMetricLogger, TrainingProgressLogger};
use burn_train::metric::{AccuracyMetric, LossMetric, MetricDefinition};
use burn_train::renderer::*;
use burn_train::{Learner, SupervisedTraining};
use model::{Batch, Network};
use spec::{DatasetName, ModelSpec};
use train::device::{ComputeGuard, open};

const BATCH: usize = 64;
const SEED: u64 = 0;
const LR: f64 = 0.01;
const EPOCHS: usize = 3;
const REPETITIONS: usize = 5;
const WAYS: [&str; 4] = ["hand-written", "burn-train", "+ 2 metrics", "+ 2 metrics, files"];

fn main() -> anyhow::Result<()> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "data".to_owned());
    let device = open("libtorch:cpu", 1)?.device;
    let _guard = ComputeGuard::new();
    let loader = Loader::new(Path::new(&folder), &device)?;
    let mut times: [Vec<(f64, f64)>; WAYS.len()] = Default::default();
    // The first round warms up and is not counted.
    for round in 0..=REPETITIONS {
        let mut first = None;
        for (way, times) in times.iter_mut().enumerate() {
            let state = start(&device)?;
            loader.0.epoch.store(0, Ordering::Relaxed);
            let before = (Instant::now(), processor_seconds());
            let network = match way {
                0 => hand_written(state, &loader)?,
                _ => burn_train(state, &loader, way)?,
            };
            let clock = before.0.elapsed().as_secs_f64() / EPOCHS as f64;
            let processor = (processor_seconds() - before.1) / EPOCHS as f64;
            let digest = model::digest(&network);
            ensure!(*first.get_or_insert(digest.clone()) == digest, "{}: other weights", WAYS[way]);
            if round > 0 {
                times.push((clock, processor));
            }
        }
    }
    println!("Seconds an epoch, median of {REPETITIONS} x {EPOCHS} epochs; same final weights.\n");
    println!("| loop | clock | ratio | processor | ratio |\n|---|---|---|---|---|");
    let medians = times.map(|t| (median(t.iter().map(|t| t.0)), median(t.iter().map(|t| t.1))));
    for (name, (clock, processor)) in WAYS.iter().zip(medians) {
        let ratios = (clock / medians[0].0, processor / medians[0].1);
        println!("| {name} | {clock:.3} | {:.2} | {processor:.3} | {:.2} |", ratios.0, ratios.1);
    }
    Ok(())
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    (values[(values.len() - 1) / 2] + values[values.len() / 2]) / 2.0
}

/// Returns the processor time of this process in seconds, ended threads included, in steps of 10
/// ms; NaN if the system does not provide it.
fn processor_seconds() -> f64 {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // User and system time are the 12th and 13th field after the name, which may hold anything.
    // Their unit is ticks, of which Linux counts 100 per second.
    let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: Vec<f64> = fields.skip(11).take(2).filter_map(|f| f.parse().ok()).collect();
    if ticks.len() == 2 { (ticks[0] + ticks[1]) / 100.0 } else { f64::NAN }
}

type State = (Network, ModuleOptimizer);

/// Returns the model with its initial weights, and its optimizer.
fn start(device: &Device) -> anyhow::Result<State> {
    let model: ModelSpec = serde_json::from_value(
        serde_json::json!({"kind": "mlp", "hidden": [128], "activation": "relu"}),
    )?;
    let info = DatasetName::Mnist.info();
    let device = device.clone().autodiff();
    let network = model::build(&model, info.shape, info.classes, SEED, &device);
    Ok((network, SgdConfig::new().init()))
}

/// Trains as `train::train` does: the model is moved, losses stay on the device.
fn hand_written((mut network, mut optimizer): State, loader: &Loader) -> anyhow::Result<Network> {
    for _ in 0..EPOCHS {
        let mut losses = Vec::new();
        for batch in loader.iter() {
            let batch = batch?;
            let loss = model::cross_entropy(network.forward(batch.inputs), batch.targets);
            losses.push(loss.clone().inner());
            let gradients = GradientsParams::from_grads(loss.backward(), &network);
            network = optimizer.step(LR, network, gradients);
        }
        let losses = Tensor::cat(losses, 0).try_into_data()?;
        ensure!(losses.iter::<f32>().all(f32::is_finite), "the training diverged");
    }
    Ok(network)
}

/// Trains with burn-train; `way` is an index into [`WAYS`].
fn burn_train(state: State, loader: &Loader, way: usize) -> anyhow::Result<Network> {
    let folder = tempfile::tempdir()?;
    let mut training: SupervisedTraining<Network> =
        SupervisedTraining::new(folder.path(), Arc::new(loader.clone()), loader.slice(0, 0))
            .num_epochs(EPOCHS)
            .renderer(Box::new(Silent))
            .with_application_logger(None);
    if way >= 2 {
        training = training.metrics((LossMetric::new(), AccuracyMetric::new()));
    }
    if way < 3 {
        training = training.with_metric_logger(InMemoryMetricLogger::new());
    }
    let result = training.launch(Learner::new(state.0, state.1, LR));
    match result.error {
        Some(error) => anyhow::bail!("burn-train stopped: {error}"),
        None => Ok(result.model),
    }
}

/// Batches cut on the device; every call of `iter` is the next epoch.
#[derive(Clone)]
struct Loader(Arc<Samples>, usize, usize);

struct Samples {
    inputs: Tensor<2>,
    labels: Tensor<1, Int>,
    epoch: AtomicU64,
}

impl Loader {
    fn new(folder: &Path, device: &Device) -> anyhow::Result<Self> {
        let host = data::load(DatasetName::Mnist, folder)?;
        let (n, inputs) = (host.train.len(), host.train.inputs.to_vec());
        let samples = Samples {
            inputs: Tensor::from_data(TensorData::new(inputs, [n, host.features]), device),
            labels: Tensor::from_data(TensorData::new(host.train.labels, [n]), device),
            epoch: AtomicU64::new(0),
        };
        Ok(Loader(Arc::new(samples), 0, n))
    }
}

impl DataLoader<Batch> for Loader {
    fn iter<'a>(&'a self) -> Box<dyn DataLoaderIterator<Batch> + 'a> {
        let Loader(samples, start, end) = self;
        let mut order = Vec::new();
        // An empty loader, as for validation, is no epoch.
        if start < end {
            let epoch = samples.epoch.fetch_add(1, Ordering::Relaxed) + 1;
            let all = spec::seed::permutation(SEED, epoch, samples.inputs.dims()[0]);
            order.extend(all[*start..*end].iter().map(|&i| i64::from(i)));
        }
        let order = TensorData::new(order, [end - start]);
        let order = Tensor::from_data(order, &samples.inputs.device());
        Box::new(Batches { samples, order, at: 0 })
    }

    fn num_items(&self) -> usize {
        self.2 - self.1
    }

    /// The samples stay where they are: all of this is on one device.
    fn to_device(&self, _: &Device) -> Arc<dyn DataLoader<Batch>> {
        Arc::new(self.clone())
    }

    fn slice(&self, start: usize, end: usize) -> Arc<dyn DataLoader<Batch>> {
        Arc::new(Loader(self.0.clone(), self.1 + start, self.1 + end))
    }
}

struct Batches<'a> {
    samples: &'a Samples,
    order: Tensor<1, Int>,
    at: usize,
}

impl Iterator for Batches<'_> {
    type Item = Result<Batch, DatasetError>;

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.at;
        self.at = (start + BATCH).min(self.order.dims()[0]);
        (start < self.at).then(|| {
            let indices = self.order.clone().slice(start..self.at);
            let inputs = self.samples.inputs.clone().select(0, indices.clone());
            Ok(Batch { inputs, targets: self.samples.labels.clone().select(0, indices) })
        })
    }
}

impl DataLoaderIterator<Batch> for Batches<'_> {
    fn progress(&self) -> Progress {
        Progress::new(self.at, self.order.dims()[0], None)
    }
}

/// Renders and logs nothing.
struct Silent;

impl MetricsRenderer for Silent {
    fn manual_close(&mut self) {}
    fn register_metric(&mut self, _: MetricDefinition) {}
}

impl MetricsRendererTraining for Silent {
    fn update_train(&mut self, _: MetricState) {}
    fn update_valid(&mut self, _: MetricState) {}
}

impl MetricsRendererEvaluation for Silent {
    fn update_test(&mut self, _: EvaluationName, _: MetricState) {}
}

impl TrainingProgressLogger for Silent {
    fn start(&mut self, _: usize, _: usize, _: Option<usize>, _: Option<&str>) {}
    fn update_epoch(&mut self, _: usize) {}
    fn start_split(&mut self, _: &str, _: usize) {}
    fn update_split(&mut self, _: usize) {}
    fn end_split(&mut self) {}
    fn end(&mut self) {}
    fn log_event_training(&mut self, _: String) {}
}

impl EvaluationProgressLogger for Silent {
    fn start_global_progress(&mut self, _: usize) {}
    fn start_test(&mut self, _: &str, _: usize) {}
    fn update_test_progress(&mut self, _: usize) {}
    fn end_test(&mut self) {}
    fn end_global_progress(&mut self) {}
    fn log_event_evaluation(&mut self, _: String) {}
}
