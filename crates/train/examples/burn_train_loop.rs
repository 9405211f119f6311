//! What burn-train's own loop costs beside a hand-written one: the lesson's
//! model (MNIST, 784-128-10, batches of 64, SGD lr 0.01) on `libtorch:cpu` with
//! one thread.
//!
//! ```text
//! cargo run --release -p train --features libtorch --example burn_train_loop -- [DATA] [EPOCHS] [REPETITIONS]
//! ```
//!
//! Three ways take turns in one process: the loop of `src/run.rs`, reduced to
//! what it does at every step; `SupervisedTraining` without metrics; and
//! `SupervisedTraining` with `LossMetric` and `AccuracyMetric`. All start from
//! the same weights and take the same batches from the same loader: the dataset
//! on the device, one upload of the order an epoch, one `select` a batch. That
//! they end in the same weights, bit for bit, is checked, so what differs is the
//! loop alone. burn-train is spared what it does by default besides: log file,
//! metric files, terminal display; its validation loader is empty.
//!
//! Prints medians over the repetitions of the seconds an epoch, by the clock and
//! of the processor (Linux). burn-train computes metrics on a second thread: the
//! clock hides that where a core is idle, a sweep with a run on every core pays it.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use anyhow::{Context, ensure};
use burn::data::dataloader::{DataLoader, DataLoaderIterator, Progress};
use burn::data::dataset::DatasetError;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Int, Tensor, TensorData};
use burn_train::logger::{EvaluationProgressLogger, MetricLogger, TrainingProgressLogger};
use burn_train::metric::store::{EpochSummary, MetricsUpdate, Split};
use burn_train::metric::{AccuracyMetric, LossMetric, MetricDefinition, NumericEntry};
use burn_train::renderer::{
    EvaluationName, MetricState, MetricsRenderer, MetricsRendererEvaluation,
    MetricsRendererTraining,
};
use burn_train::{Learner, SupervisedTraining};
use model::{Batch, Network};
use spec::{DatasetName, ModelSpec, OptimizerSpec};
use train::device::{ComputeGuard, open};

const BATCH: usize = 64;
const SEED: u64 = 0;
const LR: f64 = 0.01;
const WAYS: [&str; 3] =
    ["hand-written loop", "burn-train, no metrics", "burn-train, loss and accuracy"];

fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let folder = args.next().unwrap_or_else(|| "data".to_owned());
    let epochs: usize = args.next().map_or(Ok(3), |text| text.parse()).context("EPOCHS")?;
    let rounds: usize = args.next().map_or(Ok(5), |text| text.parse()).context("REPETITIONS")?;
    ensure!(epochs > 0 && rounds > 0, "EPOCHS and REPETITIONS are 1 or more");

    let device = open("libtorch:cpu", 1)?.device;
    let _guard = ComputeGuard::new();
    let loader = Loader::new(Path::new(&folder), &device)?;
    let mut times: [Vec<(f64, f64)>; 3] = Default::default();
    // The first round warms up and is not counted.
    for round in 0..=rounds {
        let mut first = None;
        for (way, times) in times.iter_mut().enumerate() {
            let (network, optimizer) = start(&device)?;
            loader.0.epoch.store(0, Ordering::Relaxed);
            let before = (Instant::now(), processor_seconds());
            let network = match way {
                0 => hand_written(network, optimizer, &loader, epochs)?,
                _ => burn_train(network, optimizer, &loader, epochs, way == 2)?,
            };
            let clock = before.0.elapsed().as_secs_f64() / epochs as f64;
            let processor = (processor_seconds() - before.1) / epochs as f64;
            let digest = model::digest(&network);
            ensure!(*first.get_or_insert(digest.clone()) == digest, "{}: other weights", WAYS[way]);
            if round > 0 {
                times.push((clock, processor));
            }
        }
    }
    println!("Seconds an epoch, median of {rounds} x {epochs} epochs; same final weights.\n");
    println!("| loop | clock | ratio | processor | ratio |\n|---|---|---|---|---|");
    let medians = times.map(|t| (median(t.iter().map(|t| t.0)), median(t.iter().map(|t| t.1))));
    for (name, (clock, processor)) in WAYS.iter().zip(medians) {
        let (by_clock, by_processor) = (clock / medians[0].0, processor / medians[0].1);
        println!("| {name} | {clock:.3} | {by_clock:.2} | {processor:.3} | {by_processor:.2} |");
    }
    Ok(())
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    (values[(values.len() - 1) / 2] + values[values.len() / 2]) / 2.0
}

/// Processor seconds of this process, ended threads included, in steps of
/// 10 ms; NaN where the system does not tell.
fn processor_seconds() -> f64 {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name, which may hold anything, user and system time are the
    // 12th and 13th field, in ticks of which Linux shows 100 a second.
    let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: Vec<f64> = fields.skip(11).take(2).filter_map(|f| f.parse().ok()).collect();
    if ticks.len() == 2 { (ticks[0] + ticks[1]) / 100.0 } else { f64::NAN }
}

/// The model with its initial weights, drawn, and its optimizer.
fn start(device: &Device) -> anyhow::Result<(Network, ModuleOptimizer)> {
    let model: ModelSpec = serde_json::from_value(
        serde_json::json!({"kind": "mlp", "hidden": [128], "activation": "relu"}),
    )?;
    let optimizer: OptimizerSpec = serde_json::from_value(serde_json::json!({"kind": "sgd",
        "lr": LR, "momentum": 0.0, "dampening": 0.0, "nesterov": false, "weight_decay": 0.0}))?;
    let info = DatasetName::Mnist.info();
    let device = device.clone().autodiff();
    let network = model::build(&model, info.features(), info.classes, SEED, &device);
    Ok((network, optimizer_registry::build(&optimizer)))
}

/// The steps of `train::train`: the model is moved, losses stay on the device.
fn hand_written(
    mut network: Network,
    mut optimizer: ModuleOptimizer,
    loader: &Loader,
    epochs: usize,
) -> anyhow::Result<Network> {
    for _ in 0..epochs {
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

/// The same training by burn-train.
fn burn_train(
    network: Network,
    optimizer: ModuleOptimizer,
    loader: &Loader,
    epochs: usize,
    metrics: bool,
) -> anyhow::Result<Network> {
    let mut training: SupervisedTraining<Network> =
        SupervisedTraining::new("", Arc::new(loader.clone()), loader.slice(0, 0))
            .num_epochs(epochs)
            .renderer(Box::new(Silent))
            .with_metric_logger(Silent)
            .with_application_logger(None);
    if metrics {
        training = training.metrics((LossMetric::new(), AccuracyMetric::new()));
    }
    let result = training.launch(Learner::new(network, optimizer, LR));
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
        let n = host.train.len();
        let inputs = TensorData::new(host.train.inputs, [n, host.features]);
        let inputs = Tensor::from_data(inputs, device);
        let labels = Tensor::from_data(TensorData::new(host.train.labels, [n]), device);
        Ok(Loader(Arc::new(Samples { inputs, labels, epoch: AtomicU64::new(0) }), 0, n))
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
        let total = order.len();
        let order = TensorData::new(order, [total]);
        let order = Tensor::from_data(order, &samples.inputs.device());
        Box::new(Batches { samples, order, at: 0, total })
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
    total: usize,
}

impl Iterator for Batches<'_> {
    type Item = Result<Batch, DatasetError>;

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.at;
        self.at = (start + BATCH).min(self.total);
        (start < self.at).then(|| {
            let indices = self.order.clone().slice([start..self.at]);
            let inputs = self.samples.inputs.clone().select(0, indices.clone());
            Ok(Batch { inputs, targets: self.samples.labels.clone().select(0, indices) })
        })
    }
}

impl DataLoaderIterator<Batch> for Batches<'_> {
    fn progress(&self) -> Progress {
        Progress::new(self.at, self.total, None)
    }
}

/// Shows and keeps nothing.
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

impl MetricLogger for Silent {
    fn log(&mut self, _: MetricsUpdate, _: usize, _: &Split) {}
    fn read_numeric(&mut self, _: &str, _: usize, _: &Split) -> Result<Vec<NumericEntry>, String> {
        Ok(Vec::new())
    }
    fn log_metric_definition(&mut self, _: MetricDefinition) {}
    fn log_epoch_summary(&mut self, _: EpochSummary) {}
}
