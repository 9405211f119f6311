//! The step engine of Burn's own operations: a graph is recorded at each step, and losses stay on
//! the device until the pass ends.

use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::{Device, Int, Tensor, TensorData, TensorReadError};
use model::Network;
use optimizer_registry::clip::clip;
use optimizer_registry::{Fused, Optimizer};
use spec::RunSpec;
use spec::run::TrainSpec;

use crate::augment::Changes;
use crate::engine::StepEngine;
use crate::job::State;
use crate::order::Order;
use crate::samples::Samples;
use crate::trajectory;

/// Updates all parameters at once, in place in device memory.
pub(crate) trait DeviceUpdate {
    /// Creates the optimizer that holds the state, for a network that has taken no step.
    fn optimizer(&self, network: &Network) -> Optimizer;

    /// Begins a pass of at most `steps` steps from the state of `fused`. Returns the network whose
    /// parameters are updated from then on.
    fn begin(&mut self, network: Network, fused: &Fused, steps: usize) -> Network;

    /// Takes a step at the learning rate `lr`.
    fn step(&mut self, lr: f64, gradients: &GradientsParams);

    /// Ends the pass and stores the state in `fused`.
    fn end(&mut self, fused: &mut Fused);
}

/// Computes the gradients of a batch.
pub(crate) trait BatchGradients {
    /// Returns the mean loss over the batch times `weight`, `[1]`; its gradients; and the recurrent
    /// state after the batch, `None` for a model without one. The recurrent state begins as
    /// `before`, or at zero if that is `None`; its shape is `[2 * layers, batch, width]`.
    fn differentiate(
        &self,
        network: &Network,
        batch: Samples,
        weight: f64,
        before: Option<Tensor<3>>,
    ) -> (Tensor<1>, GradientsParams, Option<Tensor<3>>);
}

/// Step engine by automatic differentiation, for any model, loss and optimizer.
pub(crate) struct AutodiffEngine<'a> {
    spec: &'a RunSpec,
    /// The whole training split.
    split: Samples,
    device: Device,
    /// Updates that replace the optimizer's rule; `None` if the rule is used.
    update: Option<Box<dyn DeviceUpdate + 'a>>,
    /// Computes the gradients of each step, by Burn's graph or another.
    gradients: Box<dyn BatchGradients>,
    pass: Option<Pass>,
    /// Recurrent state after the last batch of a stream, detached from the graph.
    carried: Option<Tensor<3>>,
}

/// A pass in progress.
struct Pass {
    /// `None` only during a step.
    state: Option<State>,
    feed: Feed,
    losses: Vec<Tensor<1>>,
}

/// Samples of a pass with their order and changes.
struct Feed {
    samples: Samples,
    /// Index of each sample in feeding order, `[samples]`, on the device.
    indices: Tensor<1, Int>,
    /// Changes of the images; `None` without augmentation.
    changes: Option<Changes>,
}

impl Feed {
    /// Returns the batch at the positions `start..end`, with augmented images.
    fn batch(&self, (start, end): (usize, usize)) -> Samples {
        let batch = self.samples.select(&self.indices.clone().slice(start..end));
        match &self.changes {
            Some(changes) => {
                let inputs = changes.of(batch.inputs.clone(), (start, end));
                batch.with_inputs(inputs)
            }
            None => batch,
        }
    }
}

impl<'a> AutodiffEngine<'a> {
    /// Creates an engine that feeds samples of `split`, which is on `device`.
    pub(crate) fn new(spec: &'a RunSpec, split: Samples, device: Device) -> Self {
        AutodiffEngine {
            spec,
            split,
            device,
            update: None,
            gradients: Box::new(BurnGradients(spec.train.clone())),
            pass: None,
            carried: None,
        }
    }

    /// Returns the engine with updates by `update` in place of the rule; `None` keeps the rule.
    #[cfg(feature = "libtorch")]
    pub(crate) fn with_update(self, update: Option<Box<dyn DeviceUpdate + 'a>>) -> Self {
        AutodiffEngine { update, ..self }
    }

    /// Returns the engine with these gradients in place of those of Burn's graph.
    #[cfg(feature = "libtorch")]
    pub(crate) fn with_gradients(self, gradients: Box<dyn BatchGradients>) -> Self {
        AutodiffEngine { gradients, ..self }
    }
}

impl StepEngine for AutodiffEngine<'_> {
    fn optimizer(&self, network: &Network) -> Optimizer {
        let spec = self.spec;
        if let Some(update) = &self.update {
            return update.optimizer(network);
        }
        Optimizer::new(&spec.optimizer, &spec.update, &spec.groups, &spec.table(), network)
    }

    fn begin(&mut self, epoch: u64, state: State, order: &Order) {
        let samples = trajectory::noisy(self.spec, epoch, &self.split, &self.device);
        let indices = order.upload(&self.device);
        let changes = Changes::upload(order.changes(), &self.spec.data, &self.device);
        let steps = order.bounds().len();
        let losses = Vec::with_capacity(steps);
        let (network, mut optimizer) = state;
        let network = match (&mut self.update, optimizer.as_fused()) {
            (Some(update), Some(fused)) => update.begin(network, fused, steps),
            _ => network,
        };
        let state = (network, optimizer);
        self.pass =
            Some(Pass { state: Some(state), feed: Feed { samples, indices, changes }, losses });
    }

    /// Averages the gradients of the batches.
    fn step(&mut self, lr: f64, order: &Order, batches: &[(usize, usize)]) -> bool {
        let pass = self.pass.as_mut().expect("a pass has begun");
        let (network, mut optimizer) = pass.state.take().expect("the state of the last step");
        let (spec, carried) = (self.spec, self.carried.take());
        let fed = Fed { feed: &pass.feed, order, batches };
        let graph = self.gradients.as_ref();
        // A rule that evaluates the batches again sees the same recurrent state.
        let look =
            |network: &Network| loss_and_gradients(spec, network, graph, &fed, carried.clone());
        let (loss, gradients, behind) = look(&network);
        self.carried = behind;
        pass.losses.push(loss);
        if let Some(update) = &mut self.update {
            update.step(lr, &gradients);
            pass.state = Some((network, optimizer));
            return true;
        }
        let network = optimizer.step(lr, network, gradients, &mut |network| {
            let (loss, gradients, _) = look(network);
            (f64::from(loss.into_scalar::<f32>()), gradients)
        });
        pass.state = Some((network, optimizer));
        true
    }

    fn state(&self) -> Option<&State> {
        self.pass.as_ref()?.state.as_ref()
    }

    fn carried(&self) -> Option<Tensor<3>> {
        self.carried.clone()
    }

    fn carry(&mut self, state: Option<TensorData>) {
        self.carried = state.map(|state| Tensor::from_data(state, &self.device));
    }

    fn end(&mut self) -> Result<(State, Vec<f64>), TensorReadError> {
        let Pass { state, losses, .. } = self.pass.take().expect("a pass has begun");
        let losses: Vec<f32> = if losses.is_empty() {
            Vec::new()
        } else {
            Tensor::cat(losses, 0).try_into_data()?.iter::<f32>().collect()
        };
        let (network, mut optimizer) = state.expect("the state of the last step");
        if let (Some(update), Some(fused)) = (&mut self.update, optimizer.as_fused()) {
            update.end(fused);
        }
        Ok(((network, optimizer), losses.into_iter().map(f64::from).collect()))
    }
}

/// The batches of a step.
struct Fed<'a> {
    feed: &'a Feed,
    order: &'a Order,
    batches: &'a [(usize, usize)],
}

/// Returns the mean loss over these batches, `[1]`, its clipped gradients, and the recurrent state
/// after the last batch of a stream. Batches are weighted by their number of samples, so that k of
/// them equal one of k times the size, up to rounding; only one batch is in memory at a time. A
/// stream continues from the recurrent `state`.
fn loss_and_gradients(
    spec: &RunSpec,
    network: &Network,
    graph: &dyn BatchGradients,
    fed: &Fed<'_>,
    mut state: Option<Tensor<3>>,
) -> (Tensor<1>, GradientsParams, Option<Tensor<3>>) {
    let Fed { feed, order, batches } = *fed;
    let mut of_batch = |(start, end): (usize, usize), weight: f64| {
        let batch = feed.batch((start, end));
        let before = state.take().filter(|_| !order.begins_epoch((start, end)));
        let (value, gradients, behind) = graph.differentiate(network, batch, weight, before);
        state = behind.filter(|_| order.is_stream());
        (value, gradients)
    };
    let (value, gradients) = if let [one] = batches {
        of_batch(*one, 1.0)
    } else {
        let all: usize = batches.iter().map(|(start, end)| end - start).sum();
        let mut sum = GradientsAccumulator::new();
        let mut values = Vec::with_capacity(batches.len());
        for &(start, end) in batches {
            let (value, gradients) = of_batch((start, end), (end - start) as f64 / all as f64);
            values.push(value);
            sum.accumulate(network, gradients);
        }
        (Tensor::cat(values, 0).sum(), sum.grads())
    };
    (value, clip(&spec.update, network, gradients), state)
}

/// Gradients by Burn's graph, for any model and loss.
struct BurnGradients(TrainSpec);

impl BatchGradients for BurnGradients {
    fn differentiate(
        &self,
        network: &Network,
        batch: Samples,
        weight: f64,
        before: Option<Tensor<3>>,
    ) -> (Tensor<1>, GradientsParams, Option<Tensor<3>>) {
        let (outputs, behind) = network.forward_from(batch.inputs, before);
        let loss = model::loss(&self.0, outputs, &batch.targets);
        let loss = match self.0.l2 {
            0.0 => loss,
            l2 => loss + model::squares(network).mul_scalar(l2 / 2.0),
        };
        let loss = if weight == 1.0 { loss } else { loss * weight };
        (loss.clone().inner(), GradientsParams::from_grads(loss.backward(), network), behind)
    }
}
