//! The engine of Burn's own operations: a graph is recorded at each step, and losses stay
//! on the device until the pass ends.

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

/// Updates of all parameters at once, in their own memory on the device.
pub(crate) trait DeviceUpdate {
    /// The optimizer, whose state it is, for a network that has taken no step.
    fn optimizer(&self, network: &Network) -> Optimizer;

    /// Begins a pass of at most `steps` steps from the state of `fused`. Returns the network
    /// with the parameters that are updated from here on.
    fn begin(&mut self, network: Network, fused: &Fused, steps: usize) -> Network;

    /// Takes a step at the learning rate `lr`.
    fn step(&mut self, lr: f64, gradients: &GradientsParams);

    /// Ends the pass and puts the state into `fused`.
    fn end(&mut self, fused: &mut Fused);
}

/// The way to the gradients of a batch.
pub(crate) trait BatchGradients {
    /// The mean loss over the batch times `weight`, one number, and its gradients; of a model
    /// with a recurrent state, which begins as `before` or at zero, the state behind the batch.
    fn differentiate(
        &self,
        network: &Network,
        batch: Samples,
        weight: f64,
        before: Option<Tensor<3>>,
    ) -> (Tensor<1>, GradientsParams, Option<Tensor<3>>);
}

/// Steps by automatic differentiation, of any model, loss and optimizer.
pub(crate) struct AutodiffEngine<'a> {
    spec: &'a RunSpec,
    /// The training split, whole.
    split: Samples,
    device: Device,
    /// The updates in place of the optimizer's rule; none where the rule is used.
    update: Option<Box<dyn DeviceUpdate + 'a>>,
    /// The graph of each step: Burn's, or another in its place.
    gradients: Box<dyn BatchGradients>,
    pass: Option<Pass>,
    /// The recurrent state behind the last batch of a stream, without a graph.
    carried: Option<Tensor<3>>,
}

/// A pass that is under way.
struct Pass {
    /// None while a step has it.
    state: Option<State>,
    feed: Feed,
    losses: Vec<Tensor<1>>,
}

/// Samples of a pass, their order and their changes.
struct Feed {
    samples: Samples,
    /// The order of the samples, on the device.
    indices: Tensor<1, Int>,
    /// The changes of their images; none where nothing is changed.
    changes: Option<Changes>,
}

impl Feed {
    /// A batch, of images as they are changed.
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
    /// An engine that feeds samples of `split`, which lies on `device`.
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

    /// The same with updates by `update` in place of the rule.
    #[cfg(feature = "libtorch")]
    pub(crate) fn with_update(self, update: Option<Box<dyn DeviceUpdate + 'a>>) -> Self {
        AutodiffEngine { update, ..self }
    }

    /// The same with these gradients in place of those of Burn's graph.
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
        // A rule that looks at the batches again sees them from the same recurrent state.
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

/// Mean loss over these batches and its gradients, clipped. Batches weigh as
/// many samples as they have, so that k of them are one of k times the size, to
/// rounding; only one batch is in memory at a time. A stream goes on from the recurrent
/// `state`, and the one behind its last batch comes third.
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

/// Gradients by Burn's graph, of any model and loss.
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
