//! One run, fully resolved: data, model, training, optimizer, schedule and seed.

mod segments;

use serde::{Deserialize, Serialize};

use crate::augment::Augment;
use crate::dataset::DatasetSpec;
use crate::init::InitSpec;
use crate::model::ModelSpec;
use crate::optimizer::{Muon, MuonSplit, OptimizerSpec};
use crate::parameters::ParameterTable;
use crate::params::{ParamValue, Params, Value, Values, choice, params};
use crate::schedule::{RunLength, ScheduleSpec, Warmup};
use crate::stopping::{EarlyStopping, StopAt};
use crate::update::{ParamGroup, UpdateSpec};

pub use segments::{Segments, segment};

choice! {
    /// The training loss.
    Loss {
        /// Softmax cross-entropy over class indices, mean over the batch.
        CrossEntropy = "cross-entropy",
        /// Mean squared error over batch and outputs; classes as one-hot vectors.
        Mse = "mse",
        /// Binary cross-entropy of logits against one-hot vectors, mean over batch and outputs.
        Bce = "bce",
        /// The output itself: the loss of `function`, `quadratic` and `noisy-quadratic`.
        Value = "value",
    }
}

impl Loss {
    /// Returns the PyTorch class that it follows; `none` for [`Loss::Value`].
    pub fn source(self) -> &'static str {
        match self {
            Loss::CrossEntropy => "torch.nn.CrossEntropyLoss",
            Loss::Mse => "torch.nn.MSELoss",
            Loss::Bce => "torch.nn.BCEWithLogitsLoss",
            Loss::Value => "none",
        }
    }
}

choice! {
    /// The occasion on which the training samples are shuffled.
    #[derive(Default)]
    Shuffle {
        /// Shuffled again before each epoch.
        #[default]
        EachEpoch = "each-epoch",
        /// Shuffled before the first epoch; every epoch feeds the same batches.
        Once = "once",
        /// Not shuffled: batches follow the order of the training split.
        None = "none",
    }
}

choice! {
    /// The division of a text into batches.
    #[derive(Default)]
    Batching {
        /// Sequences at random positions, each starting from a state of zero.
        #[default]
        Windows = "windows",
        /// `batch_size` lanes read in order: each sequence of a lane continues the previous one.
        Stream = "stream",
    }
}

params! {
    /// The table `[data]`.
    DataSpec {
        /// Dataset by name.
        dataset: DatasetSpec = required, Any;
        /// Samples per batch.
        batch_size: u64 = value(64), Within(1.0, 1e9);
        /// Samples (tokens of a text) at the end of the training split, in file order, that are
        /// held out; 0 = none.
        validation: u64 = value(0), Within(0.0, 1e12);
        /// Whether the last batch of an epoch is dropped if it is incomplete.
        drop_last: bool = value(false), Any;
        later {
            /// Time at which samples are shuffled, and sequences of a text drawn: before each
            /// epoch, once, or never.
            shuffle: Shuffle, Any;
            /// Tokens per sequence of a text, 64 if not given; each sequence is one sample.
            context: u64, Within(1.0, 1e5);
            /// Division of a text into batches: `windows` of independent sequences, or `stream`:
            /// `batch_size` lanes read in order, with the recurrent state carried from step to step
            /// and reset before each epoch and evaluation.
            batching: Batching, Any;
            /// Random changes of training images, drawn anew for each image in each epoch: `crop`
            /// adds this many pixels of zeros on every side and cuts a random window of the image's
            /// size; `flip` mirrors with probability 1/2.
            augment: Augment, Any;
        }
    }
}

impl DataSpec {
    /// Returns batches of this size from a dataset without a validation split; every other key is
    /// neutral.
    pub fn new(dataset: DatasetSpec, batch_size: u64) -> Self {
        DataSpec {
            dataset,
            batch_size,
            validation: 0,
            drop_last: false,
            shuffle: Shuffle::default(),
            context: 0,
            batching: Batching::default(),
            augment: Augment::default(),
        }
    }

    /// Returns the shape of one sample: channels, height, width; for a text
    /// `[1, 1, context]`.
    pub fn shape(&self) -> [usize; 3] {
        match self.dataset.is_text() {
            true => [1, 1, usize::try_from(self.context).unwrap_or(usize::MAX)],
            false => self.dataset.shape(),
        }
    }

    /// Returns the number of samples that an epoch feeds, or an evaluation measures, of a split of
    /// `length`. For a text of `length` tokens they are the complete consecutive sequences, each
    /// with a token after it; in a stream every lane has equally many. Otherwise it is `length`.
    pub fn samples(&self, length: u64) -> u64 {
        if !self.dataset.is_text() {
            return length;
        }
        let sequences = length.saturating_sub(1) / self.context.max(1);
        match self.batching {
            Batching::Windows => sequences,
            Batching::Stream => sequences - sequences % self.batch_size.max(1),
        }
    }

    /// Returns the number of samples that an epoch trains on.
    pub fn train_samples(&self) -> u64 {
        self.samples(self.dataset.train_len().saturating_sub(self.validation))
    }
}

params! {
    /// The table `[train]`.
    TrainSpec {
        /// Number of passes over the training split.
        epochs: u64 = value(5), Within(1.0, 1e6);
        /// Loss that training minimises.
        loss: Loss = value(Loss::CrossEntropy), Any;
        later {
            /// Fraction of the target spread evenly over all classes, for cross-entropy only
            /// (torch.nn.CrossEntropyLoss); 0 = off.
            label_smoothing: f64, UpToOne;
            /// Coefficient of an L2 penalty on the training loss: l2 / 2 times the sum of all
            /// squared weights of linear layers, convolutions and embeddings, without biases and
            /// normalisation; 0 = off.
            l2: f64, Within(0.0, 1e6);
            /// Length of the run in optimizer steps, given instead of `epochs`; 0 = `epochs`
            /// applies.
            steps: u64, Within(1.0, 1e12);
        }
    }
}

/// One training run with every value resolved. The run id hashes its canonical
/// JSON, so renaming a field here changes every id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunSpec {
    /// Dataset, batch size, validation split.
    pub data: DataSpec,
    /// The model.
    pub model: ModelSpec,
    /// Epochs and loss.
    pub train: TrainSpec,
    /// The optimizer with its learning rate.
    pub optimizer: OptimizerSpec,
    /// The learning-rate schedule.
    pub schedule: ScheduleSpec,
    /// Seed of every random stream.
    pub seed: u64,
    /// `[train.early_stopping]`; identity and stored forms omit it, and each field below, at its
    /// default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early_stopping: Option<EarlyStopping>,
    /// The target at which training stops, with `[target] stop = true`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_at: Option<StopAt>,
    /// Clipping, accumulation and decoupled decay.
    #[serde(default, skip_serializing_if = "UpdateSpec::is_neutral")]
    pub update: UpdateSpec,
    /// Parameter groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<ParamGroup>,
    /// Warmup before the schedule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warmup: Option<Warmup>,
    /// Initial parameters of a network; default: PyTorch's.
    #[serde(default, skip_serializing_if = "InitSpec::is_neutral")]
    pub init: InitSpec,
    /// Steps between two evaluations, for a run by steps whose schedule or end depends on them; 0
    /// = a twentieth of the run, or no such dependence.
    #[serde(default, skip_serializing_if = "crate::params::is_default")]
    pub evaluate_every: u64,
    /// Samples of each held-out split that evaluations within the run measure, if its schedule or
    /// end depends on them; 0 = all, or no such dependence.
    #[serde(default, skip_serializing_if = "crate::params::is_default")]
    pub evaluate_samples: u64,
}

impl RunSpec {
    /// Returns the parameters that muon trains and those that AdamW trains; `None` for any other
    /// optimizer.
    pub fn muon_split(&self) -> Option<MuonSplit> {
        let OptimizerSpec::Muon(_) = &self.optimizer else { return None };
        let dataset = &self.data.dataset;
        let weights = self.model.weights(self.data.shape(), dataset.outputs());
        Some(Muon::split(&weights, &self.groups))
    }

    /// Returns the table of its model's parameters.
    pub fn table(&self) -> ParameterTable {
        self.model.table(self.data.shape(), self.data.dataset.outputs())
    }

    /// Returns the number of samples that an epoch trains on: the training split without the
    /// validation split, for a text in sequences.
    pub fn train_samples(&self) -> u64 {
        self.data.train_samples()
    }

    /// Returns the number of samples that an epoch feeds: the training samples, without a short
    /// last batch if that is dropped. For a function it is the steps of an epoch, times the batch
    /// size if the model has one.
    pub fn samples_per_epoch(&self) -> u64 {
        let samples = match &self.model {
            ModelSpec::NoisyQuadratic(p) => self.train_samples().saturating_mul(p.batch_size),
            _ => self.train_samples(),
        };
        if self.data.drop_last { samples - samples % self.data.batch_size.max(1) } else { samples }
    }

    /// Returns the number of samples that the first `step` optimizer steps of the run feed.
    pub fn samples_after(&self, step: u64) -> u64 {
        let per_epoch = self.steps_per_epoch().max(1);
        let a_step = self.data.batch_size.saturating_mul(self.update.accumulate.max(1));
        let (epochs, rest) = (step / per_epoch, step % per_epoch);
        // The last step of an epoch may have fewer.
        let within = rest.saturating_mul(a_step).min(self.samples_per_epoch());
        epochs.saturating_mul(self.samples_per_epoch()).saturating_add(within)
    }

    /// Returns the optimizer steps per epoch: batches divided by `accumulate`, rounded up.
    pub fn steps_per_epoch(&self) -> u64 {
        let batches =
            steps_per_epoch(self.train_samples(), self.data.batch_size, self.data.drop_last);
        batches.div_ceil(self.update.accumulate.max(1))
    }

    /// Returns the optimizer steps of the whole run.
    pub fn total_steps(&self) -> u64 {
        match self.train.steps {
            0 => self.steps_per_epoch() * self.train.epochs,
            steps => steps,
        }
    }

    /// Returns the segments of the run.
    pub fn segments(&self) -> Segments {
        let length = match self.train.steps {
            0 => self.steps_per_epoch(),
            steps => segment(steps),
        };
        Segments { length: length.max(1), total: self.total_steps() }
    }

    /// Returns the number of evaluations of held-out data, without the one before training, for a
    /// run whose schedule or end depends on them: one per epoch, or for a run by steps one every
    /// [`RunSpec::evaluate_every`] steps.
    pub fn evaluations(&self) -> u64 {
        self.segments().count_due(self.steps_between_evaluations(None))
    }

    /// Returns the steps between two evaluations of held-out data. For a run by epochs they are an
    /// epoch; for a run by steps [`RunSpec::evaluate_every`], else `asked`, else a twentieth of the
    /// run.
    pub fn steps_between_evaluations(&self, asked: Option<u64>) -> u64 {
        // A value that the run depends on takes precedence.
        let own = Some(self.evaluate_every).filter(|&every| every > 0);
        match self.train.steps {
            0 => self.segments().length,
            steps => own.or(asked).unwrap_or(steps.div_ceil(20)),
        }
    }

    /// Returns the epochs and optimizer steps of the whole run.
    pub fn length(&self) -> RunLength {
        RunLength { epochs: self.train.epochs, steps: self.total_steps() }
    }

    /// Returns parameters times samples per batch, a rough measure of the cost of a step by which
    /// the models of one plan are ordered.
    pub fn weight(&self) -> u64 {
        let dataset = &self.data.dataset;
        let parameters = self.model.parameters(self.data.shape(), dataset.outputs());
        let size = |shape: &[usize]| {
            shape.iter().fold(1_u64, |product, &n| product.saturating_mul(n as u64))
        };
        let all = parameters.iter().fold(0_u64, |sum, (_, shape)| sum.saturating_add(size(shape)));
        all.saturating_mul(self.data.batch_size)
    }

    /// Returns every resolved value except the seed by dotted path (`optimizer.lr`,
    /// `data.batch_size`, `model.hidden`, `schedule.kind`): the `hp.*` columns.
    pub fn flat(&self) -> Values {
        let mut out = Values::new();
        let mut put = |group: &str, values: Values| {
            for (name, value) in values {
                out.insert(format!("{group}.{name}"), value);
            }
        };
        put("data", self.data.to_values());
        if let DatasetSpec::Function(none) = self.data.dataset {
            put("data", Values::from([("steps".to_owned(), none.steps.to_value())]));
        }
        put("train", self.train.to_values());
        put("model", self.model.to_values());
        if !self.model.is_function() {
            put("model", self.init.to_values());
        }
        put("optimizer", self.optimizer.to_values());
        put("optimizer", self.update.to_values());
        put("schedule", self.schedule.to_values());
        if let Some(early) = &self.early_stopping {
            put("train.early_stopping", early.to_values());
        }
        // `put` is not used below, because it borrows `out`.
        if let Some(stop) = &self.stop_at {
            out.insert("train.stop_at".to_owned(), Value::Text(stop.path()));
            out.insert("train.stop_at_value".to_owned(), Value::Float(stop.value));
        }
        if !self.groups.is_empty() {
            let groups = serde_json::to_string(&self.groups).expect("strings and numbers");
            out.insert("optimizer.groups".to_owned(), Value::Text(groups));
        }
        if let Some(warmup) = &self.warmup {
            out.insert("schedule.warmup".to_owned(), warmup.length.to_value());
            out.insert("schedule.warmup_start".to_owned(), warmup.start.to_value());
            out.insert("schedule.per".to_owned(), warmup.per.to_value());
        }
        for (path, kind) in [
            ("model.kind", self.model.kind()),
            ("optimizer.kind", self.optimizer.kind()),
            ("schedule.kind", self.schedule.kind()),
        ] {
            out.insert(path.to_owned(), Value::Text(kind.to_owned()));
        }
        out
    }
}

/// Returns the number of batches of `batch_size` in `samples`; a short last one counts unless
/// `drop_last` is set.
pub fn steps_per_epoch(samples: u64, batch_size: u64, drop_last: bool) -> u64 {
    if drop_last { samples / batch_size.max(1) } else { samples.div_ceil(batch_size.max(1)) }
}
