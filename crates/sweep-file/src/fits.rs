//! Checks that the parts of a run are compatible: model and data, batches and samples, the
//! optimizer and the keys around it. The first problem is reported.

use spec::dataset::DatasetSpec;
use spec::init::InitSpec;
use spec::model::ModelSpec;
use spec::optimizer::OptimizerSpec;
use spec::parameters::{ParameterTable, Role};
use spec::record::Split;
use spec::run::{Batching, DataSpec, Loss, TrainSpec, steps_per_epoch};
use spec::schedule::{RunLength, ScheduleSpec};
use spec::stopping::EarlyStopping;
use spec::update::{ParamGroup, UpdateSpec};

use super::combination::{Combination, Fixed};
use super::diagnostic::Diagnostic;
use super::shapes;
use super::source::Place;
use super::sweep::{OptimizerEntry, ScheduleEntry, SweepSpec};
use super::tables::function;
use super::targets;
use super::text;

/// An incompatibility, boxed because a diagnostic is large.
type Problem = Box<Diagnostic>;

/// The parts of a run, before they are checked against each other.
pub(super) struct Draft {
    pub(super) data: DataSpec,
    pub(super) train: TrainSpec,
    pub(super) model: ModelSpec,
    pub(super) init: InitSpec,
    pub(super) optimizer: OptimizerSpec,
    pub(super) update: UpdateSpec,
    pub(super) groups: Vec<ParamGroup>,
}

/// The places of the values of a draft.
pub(super) struct Around<'a> {
    pub(super) spec: &'a SweepSpec,
    pub(super) entry: &'a OptimizerEntry,
    pub(super) given: &'a Combination,
}

impl Around<'_> {
    /// Returns the place of a value, else that of the optimizer.
    fn place(&self, path: &str) -> &Place {
        self.given.get(path).map_or(&self.entry.place, |(_, place)| place)
    }
}

impl Draft {
    /// Returns the batches of an epoch, before gradients are accumulated.
    pub(super) fn batches(&self) -> u64 {
        steps_per_epoch(self.samples(), self.data.batch_size, self.data.drop_last)
    }

    /// Returns the training samples of an epoch.
    fn samples(&self) -> u64 {
        self.data.train_samples()
    }

    /// Returns the length of the run in epochs and in optimizer steps. For a run by steps it sets
    /// `train.epochs` to the number of epochs that these steps start.
    pub(super) fn length(&mut self) -> RunLength {
        let per_epoch = self.batches().div_ceil(self.update.accumulate).max(1);
        let steps = match self.train.steps {
            0 => per_epoch * self.train.epochs,
            steps => {
                self.train.epochs = steps.div_ceil(per_epoch);
                steps
            }
        };
        RunLength { epochs: self.train.epochs, steps }
    }

    /// Checks everything but the metrics that are watched during training. Limits a default batch
    /// size to the number of samples.
    pub(super) fn check(
        &mut self,
        around: &Around<'_>,
        early_stopping: Option<&EarlyStopping>,
    ) -> Result<(), Problem> {
        self.check_steps(around)?;
        self.check_subset(around)?;
        self.check_text(around)?;
        self.check_augment(around)?;
        self.check_model(around)?;
        self.check_targets(around, early_stopping)?;
        self.check_sizes(around)?;
        self.check_optimizer(around)?;
        self.check_full_batches(around)?;
        self.check_update(around)?;
        self.check_groups(around)
    }

    /// Refuses evaluation on a subset of a stream, whose state is carried from one sequence to the
    /// next.
    fn check_subset(&self, around: &Around<'_>) -> Result<(), Problem> {
        let asked = around.spec.keeping.evaluate_samples > 0;
        if !asked || self.data.batching != Batching::Stream {
            return Ok(());
        }
        let message = "`evaluate_samples` cannot be used with a stream";
        let help = "remove it: a stream is evaluated in order, from the first sequence to the last";
        let place = around.place("data.batching");
        Err(Box::new(Diagnostic::error(message, place).label("read in order").help(help)))
    }

    /// Checks that a run by steps has no `epochs` and is not a function.
    fn check_steps(&self, around: &Around<'_>) -> Result<(), Problem> {
        let Some((_, steps)) = around.given.get("train.steps") else { return Ok(()) };
        if let Some((_, epochs)) = around.given.get("train.epochs") {
            return Err(Box::new(
                Diagnostic::error("`steps` and `epochs` are mutually exclusive", steps)
                    .also(epochs, "also sets the length")
                    .help("remove one of them"),
            ));
        }
        if self.model.is_function() {
            let message = format!("the model `{}` cannot run by steps", self.model.kind());
            let help = "`steps` in [data] sets the steps of an epoch";
            return Err(Box::new(Diagnostic::error(message, steps).help(help)));
        }
        Ok(())
    }

    fn check_text(&mut self, around: &Around<'_>) -> Result<(), Problem> {
        let own = around.spec.own.as_ref();
        let dataset_at = own.map_or_else(|| around.place("data.dataset"), |(_, place)| place);
        let context_at = around.place("data.context");
        let problem = text::fits(&mut self.data, &self.model, dataset_at, context_at)
            .or_else(|| text::batching(&self.data, around.given));
        problem.map_or(Ok(()), |problem| Err(Box::new(problem)))
    }

    fn check_augment(&self, around: &Around<'_>) -> Result<(), Problem> {
        let Err(reason) = self.data.augment.check(&self.data.dataset) else { return Ok(()) };
        let place = around.place("data.augment");
        Err(Box::new(Diagnostic::error("`data.augment` cannot be used here", place).label(reason)))
    }

    fn check_model(&self, around: &Around<'_>) -> Result<(), Problem> {
        if let Err((key, reason)) = self.init.check() {
            let message = format!("`model.{key}` cannot be used here");
            let place = around.place(&format!("model.{key}"));
            let help = "zip the init keys that are lists: zip = \"name\"";
            return Err(Box::new(Diagnostic::error(message, place).label(reason).help(help)));
        }
        if let DatasetSpec::Function(none) = &self.data.dataset
            && let Some(reason) = function::too_much_noise(*none)
        {
            let place = around.place("model.dimensions");
            let help = "lower `steps` in [data], and raise `epochs` in [train] by the same factor";
            return Err(Box::new(Diagnostic::error(reason, place).help(help)));
        }
        if let Some(problem) = shapes::fit(&self.model, &self.data, around.spec, around.given) {
            return Err(Box::new(problem));
        }
        let Err((name, reason)) = self.model.check(self.data.shape()) else {
            return Ok(());
        };
        let [channels, height, width] = self.data.shape();
        let kind = self.model.kind();
        let message = match (self.model.takes_text(), channels, height) {
            (true, 1, 1) => {
                format!("the model `{kind}` cannot be built for a context of {width} tokens")
            }
            _ => format!(
                "the model `{kind}` cannot take inputs of {channels}x{height}x{width} (channels, height, width)"
            ),
        };
        let place = around.place(&format!("model.{name}"));
        Err(Box::new(Diagnostic::error(message, place).label(reason)))
    }

    /// Checks that loss and metrics suit the targets of the samples.
    fn check_targets(
        &self,
        around: &Around<'_>,
        early_stopping: Option<&EarlyStopping>,
    ) -> Result<(), Problem> {
        let dataset = &self.data.dataset;
        let dataset_at =
            around.spec.own.as_ref().map_or_else(|| around.place("data.dataset"), |(_, p)| p);
        let loss_at = around.given.get("train.loss").map(|(_, p)| p);
        let problem = targets::loss(dataset, self.train.loss, loss_at, dataset_at)
            .or_else(|| targets::metrics(around.spec, dataset, early_stopping));
        problem.map_or(Ok(()), |problem| Err(Box::new(problem)))
    }

    fn check_sizes(&mut self, around: &Around<'_>) -> Result<(), Problem> {
        let (train_len, data) = (self.data.dataset.train_len(), &mut self.data);
        if data.validation >= train_len {
            let message = format!(
                "validation = {} leaves none of the {train_len} training samples",
                data.validation
            );
            return Err(Box::new(Diagnostic::error(message, around.place("data.validation"))));
        }
        let lanes_at = match around.given.get("data.batch_size") {
            Some((_, place)) => place,
            None => around.place("data.batching"),
        };
        if let Some(problem) = text::check(data, around.place("data.context"), lanes_at) {
            return Err(Box::new(problem));
        }
        let samples = data.train_samples();
        if !around.given.contains_key("data.batch_size") {
            // With fewer samples than the default batch size, a batch has all of them.
            data.batch_size = data.batch_size.min(samples);
        }
        if data.batch_size > samples {
            let message = format!(
                "batch_size = {} is larger than the {samples} training {}",
                data.batch_size,
                if data.dataset.is_text() { "sequences" } else { "samples" }
            );
            return Err(Box::new(Diagnostic::error(message, around.place("data.batch_size"))));
        }
        Ok(())
    }

    fn check_optimizer(&self, around: &Around<'_>) -> Result<(), Problem> {
        self.optimizer.check().map_err(|problem| unusable(around, problem))
    }

    /// Checks that an optimizer that needs the same loss in every step has full batches.
    fn check_full_batches(&self, around: &Around<'_>) -> Result<(), Problem> {
        if !self.optimizer.wants_full_batches() {
            return Ok(());
        }
        let (data, entry, samples) = (&self.data, around.entry, self.samples());
        let whole = matches!(data.dataset, DatasetSpec::Function(_))
            || self.batches() <= self.update.accumulate
                && !(data.drop_last && samples % data.batch_size != 0);
        if !whole {
            let message = format!(
                "{} needs full batches, but batch_size = {} is less than the {samples} training samples",
                entry.kind, data.batch_size
            );
            let help = format!(
                "set accumulate = {} here, so that a step sees every sample, or batch_size = {samples} in [data]",
                steps_per_epoch(samples, data.batch_size, false)
            );
            return Err(Box::new(
                Diagnostic::error(message, around.place("data.batch_size"))
                    .also(&entry.place, "compares gradients of the same loss")
                    .help(help),
            ));
        }
        if !self.data.augment.is_neutral() {
            let message = format!("{} cannot be used with `augment`", entry.kind);
            return Err(Box::new(
                Diagnostic::error(message, around.place("data.augment"))
                    .label("each epoch would see different images")
                    .also(&entry.place, "compares gradients of the same loss"),
            ));
        }
        if self.model.dropout() > 0.0 {
            let message = format!("{} cannot be used with dropout", entry.kind);
            return Err(Box::new(
                Diagnostic::error(message, around.place("model.dropout"))
                    .label("each pass over a batch would draw another mask")
                    .also(&entry.place, "compares gradients of the same loss"),
            ));
        }
        Ok(())
    }

    fn check_update(&self, around: &Around<'_>) -> Result<(), Problem> {
        self.optimizer
            .goes_with(&self.update, &self.groups)
            .map_err(|problem| unusable(around, problem))?;
        if self.train.label_smoothing > 0.0 && self.train.loss != Loss::CrossEntropy {
            let message =
                format!("label_smoothing cannot be used with the loss `{}`", self.train.loss);
            return Err(Box::new(
                Diagnostic::error(message, around.place("train.label_smoothing"))
                    .help("it smooths the classes of a cross-entropy"),
            ));
        }
        Ok(())
    }

    /// Checks that each group matches a parameter.
    fn check_groups(&self, around: &Around<'_>) -> Result<(), Problem> {
        let dataset = &self.data.dataset;
        let table = self.model.table(self.data.shape(), dataset.outputs());
        let without = |group: &ParamGroup| !table.iter().any(|known| group.matches(known));
        match around.entry.groups.iter().find(|(group, _)| without(group)) {
            None => Ok(()),
            Some((group, at)) => Err(Box::new(nothing_matches(group, &table, at))),
        }
    }

    /// Checks that the metrics that schedule and early stopping watch are measured.
    pub(super) fn check_what_watches(
        &self,
        around: &Around<'_>,
        entry: &ScheduleEntry,
        schedule: &ScheduleSpec,
        fixed: &Fixed<'_>,
    ) -> Result<(), Problem> {
        if let ScheduleSpec::Plateau(plateau) = schedule {
            let given = around.given.get("schedule.metric");
            let place = given.map_or(&entry.place, |(_, place)| place);
            let metric = plateau.metric.metric;
            if let Some(problem) = targets::watched(&self.data.dataset, metric, place) {
                return Err(Box::new(problem));
            }
        }
        if let Some(early) = &fixed.early_stopping
            && early.metric.split == Split::Validation
            && self.data.validation == 0
            && let Some((axes, place)) = &around.spec.early_stopping
        {
            let at = axes.iter().find(|a| a.path.ends_with(".metric")).map_or(place, |a| &a.place);
            let message = format!("early stopping by {} needs a validation split", early.metric);
            return Err(Box::new(
                Diagnostic::error(message, at)
                    .help("set `validation` in [data], or metric = \"train.loss\""),
            ));
        }
        Ok(())
    }
}

/// Returns the problem of a parameter of the optimizer that cannot be used, with the reason.
fn unusable(around: &Around<'_>, (name, reason): (&str, String)) -> Problem {
    let path = format!("optimizer.{name}");
    let message = format!("`{path}` cannot be used here");
    Box::new(Diagnostic::error(message, around.place(&path)).label(reason))
}

/// Returns the problem of a group that matches no parameter of `table`.
fn nothing_matches(group: &ParamGroup, table: &ParameterTable, at: &Place) -> Diagnostic {
    let there: Vec<&str> = table.iter().map(|known| known.path.as_str()).take(12).collect();
    let paths = format!("parameters: {}", there.join(", "));
    if group.role.is_none() && group.ndim.is_none() {
        let message =
            format!("no parameter of the model matches `{}`", group.params.escape_debug());
        return Diagnostic::error(message, at).help(paths);
    }
    let mut asked = Vec::new();
    if group.params != "*" {
        asked.push(format!("matches `{}`", group.params.escape_debug()));
    }
    asked.extend(group.role.map(|role| format!("has the role `{role}`")));
    asked.extend(group.ndim.map(|least| format!("has {least} or more dimensions")));
    let message = format!("no parameter of the model {}", asked.join(" and "));
    let roles: Vec<&str> = table.roles().into_iter().map(Role::name).collect();
    let roles = if roles.is_empty() { "none".to_owned() } else { roles.join(", ") };
    let largest = table.iter().map(|known| known.shape.len()).max().unwrap_or(0);
    Diagnostic::error(message, at)
        .help(format!("roles: {roles}; most dimensions: {largest}; {paths}"))
}
