//! Progress of a run: all of its state except the weights and the optimizer's state. A checkpoint
//! stores it in `state.json`.

use optimizer_registry::schedule::{self, plateau::Plateau};
use serde::{Deserialize, Serialize};
use spec::RunSpec;
use spec::grain::Grain;
use spec::metric::{EpochMetric, Metric};
use spec::record::{MetricPoint, Split};
use spec::stopping::Patience;

use crate::order::Order;

/// Maximum number of windows per segment over which `window_loss` is averaged.
const WINDOWS: usize = 20;

/// Maximum number of corners of the learning rate recorded per segment.
const MAX_CORNERS: usize = 40;

/// Progress of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// Number of segments trained, and evaluated if due; in a run by epochs, of epochs.
    #[serde(rename = "epoch")]
    pub(crate) segment: u64,
    /// Optimizer steps done.
    pub(crate) steps: u64,
    /// Seconds of training. Includes earlier attempts up to the checkpoint that was resumed from,
    /// but not what an attempt did after its last checkpoint.
    pub(crate) train_seconds: f64,
    /// Seconds of evaluation, counted in the same way.
    pub(crate) eval_seconds: f64,
    /// Digest of the initial weights.
    pub(crate) init_digest: String,
    /// Digest of the order of each segment begun.
    pub(crate) batch_digest: Vec<String>,
    /// The last loss that was finite.
    pub(crate) last_finite: Option<f64>,
    /// Learning rate of the last recorded point; a constant rate is recorded once.
    pub(crate) last_lr: Option<f64>,
    /// True once a descent has left its saddle; training then ends.
    #[serde(default)]
    pub(crate) left: bool,
    /// State of early stopping.
    pub(crate) patience: Patience,
    /// State of the schedule `plateau`.
    pub(crate) plateau: Plateau,
    /// Epoch whose weights are kept as the best; `None` before the first.
    pub(crate) best: Option<Best>,
    /// All measured points, in chronological order.
    pub(crate) metrics: Vec<MetricPoint>,
}

/// The best epoch so far, by the metric that `save` names.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Best {
    /// Epoch, from 1; in a run by steps, the step.
    pub(crate) epoch: u64,
    /// Value of the metric; finite.
    pub(crate) value: f64,
}

impl Progress {
    /// Creates the progress before the first step.
    pub(crate) fn new(init_digest: String) -> Self {
        Progress {
            segment: 0,
            steps: 0,
            train_seconds: 0.0,
            eval_seconds: 0.0,
            init_digest,
            batch_digest: Vec::new(),
            last_finite: None,
            last_lr: None,
            left: false,
            patience: Patience::default(),
            plateau: Plateau::default(),
            best: None,
            metrics: Vec::new(),
        }
    }

    /// Returns the number of completed epochs.
    pub(crate) fn epochs(&self, spec: &RunSpec) -> u64 {
        match spec.train.steps {
            0 => self.segment,
            _ => self.steps / spec.steps_per_epoch().max(1),
        }
    }

    /// Returns the number of completed epochs; in a run by steps, of steps.
    pub(crate) fn done(&self, spec: &RunSpec) -> u64 {
        Grain::of_run(spec).pick(self.segment, self.steps)
    }

    /// Returns the value of a metric at the last step; NaN if it was not measured there.
    pub(crate) fn value(&self, of: EpochMetric) -> f64 {
        let now = self.metrics.iter().rev().take_while(|m| m.step == self.steps);
        now.filter(|m| (m.split, m.metric) == (of.split, of.metric))
            .map(|m| m.value.0)
            .next()
            .unwrap_or(f64::NAN)
    }

    pub(crate) fn point(&mut self, epoch: u64, step: u64, metric: Metric, value: f64) {
        self.metrics.push(MetricPoint {
            epoch,
            step,
            split: Split::Train,
            metric,
            value: value.into(),
        });
    }

    /// Records the points of the training split: learning rate, window means, epoch mean, seconds.
    /// `first` is the number of steps before the segment; `losses` and `rates` have one value per
    /// step.
    pub(crate) fn record_losses(
        &mut self,
        epoch: u64,
        first: u64,
        losses: &[f64],
        rates: &[f64],
        order: &Order,
    ) {
        let samples = |step: &[(usize, usize)]| step.iter().map(|(a, b)| b - a).sum::<usize>();
        let sizes: Vec<f64> = order.steps().map(|step| samples(step) as f64).collect();
        let mean = |from: usize, to: usize| {
            let weight: f64 = sizes[from..to].iter().sum();
            losses[from..to].iter().zip(&sizes[from..to]).map(|(l, w)| l * w).sum::<f64>() / weight
        };
        let n = losses.len();
        let width = sizes.len().div_ceil(WINDOWS).max(1);
        let corners = corners(rates);
        for start in (0..n).step_by(width) {
            let end = (start + width).min(n);
            for (at, &lr) in rates.iter().enumerate().take(end).skip(start) {
                if (at == start || corners.contains(&at)) && self.last_lr != Some(lr) {
                    self.last_lr = Some(lr);
                    self.point(epoch, first + at as u64 + 1, Metric::LR, lr);
                }
            }
            self.point(epoch, first + end as u64, Metric::WINDOW_LOSS, mean(start, end));
        }
        let step = first + n as u64;
        if (n == sizes.len() || self.left) && losses.iter().all(|l| l.is_finite()) {
            self.point(epoch, step, Metric::LOSS, mean(0, n));
        }
        self.point(epoch, step, Metric::SECONDS, self.train_seconds);
    }
}

/// Returns the steps at which the learning rate turns, jumps or comes to rest, which points at the
/// windows' starts would miss. At most the first [`MAX_CORNERS`] are returned.
fn corners(rates: &[f64]) -> Vec<usize> {
    let way = |i: usize| rates[i].partial_cmp(&rates[i - 1]);
    let turns = |i: usize| way(i) != way(i + 1);
    (1..rates.len().saturating_sub(1)).filter(|&i| turns(i)).take(MAX_CORNERS).collect()
}

/// Returns the learning rate in `epoch` (from 1) after `step` steps of the run.
pub(crate) fn lr(spec: &RunSpec, plateau: &Plateau, epoch: u64, step: u64) -> f64 {
    let base = plateau.lr.unwrap_or_else(|| spec.optimizer.lr());
    schedule::lr(&spec.schedule, spec.warmup.as_ref(), base, epoch - 1, step)
}
