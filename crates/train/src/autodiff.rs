//! The engine of Burn's own operations: a graph is recorded at each step, and losses stay
//! on the device until the pass ends.

use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::{Device, Int, Tensor, TensorReadError};
use model::Network;
use optimizer_registry::clip::clip;
use optimizer_registry::{Fused, Optimizer};
use spec::RunSpec;

use crate::augment::Changes;
use crate::engine::StepEngine;
use crate::feed::Samples;
use crate::job::State;
use crate::order::Order;
use crate::trajectory;

/// Updates of all parameters at once, in their own memory on the device.
pub(crate) trait DeviceUpdate {
    /// Numbers that are updated.
    fn numbers(&self, network: &Network) -> usize;

    /// Begins a pass of at most `steps` steps from the state of `fused`. Returns the network
    /// with the parameters that are updated from here on.
    fn begin(&mut self, network: Network, fused: &Fused, steps: usize) -> Network;

    /// Takes a step at the learning rate `lr`.
    fn step(&mut self, lr: f64, gradients: &GradientsParams);

    /// Ends the pass and puts the state into `fused`.
    fn end(&mut self, fused: &mut Fused);
}

/// Steps by automatic differentiation, of any model, loss and optimizer.
pub(crate) struct AutodiffEngine<'a> {
    spec: &'a RunSpec,
    /// The training split, whole.
    split: Samples,
    device: Device,
    /// The updates in place of the optimizer's rule; none where the rule is used.
    update: Option<Box<dyn DeviceUpdate>>,
    pass: Option<Pass>,
}

/// A pass that is under way.
struct Pass {
    /// None while a step has it.
    state: Option<State>,
    feed: Feed,
    losses: Vec<Tensor<1>>,
}

/// What a pass feeds.
struct Feed {
    samples: Samples,
    /// The order of the samples, on the device.
    indices: Tensor<1, Int>,
    /// The changes of their images; none where nothing is changed.
    changes: Option<Changes>,
}

impl<'a> AutodiffEngine<'a> {
    /// An engine that feeds samples of `split`, which lies on `device`.
    pub(crate) fn new(spec: &'a RunSpec, split: Samples, device: Device) -> Self {
        AutodiffEngine { spec, split, device, update: None, pass: None }
    }

    /// The same with updates by `update` in place of the rule.
    #[cfg(feature = "libtorch")]
    pub(crate) fn with_update(self, update: Option<Box<dyn DeviceUpdate>>) -> Self {
        AutodiffEngine { update, ..self }
    }
}

impl StepEngine for AutodiffEngine<'_> {
    fn optimizer(&self, network: &Network) -> Optimizer {
        let spec = self.spec;
        if let Some(update) = &self.update {
            let numbers = update.numbers(network);
            return Optimizer::fused(&spec.optimizer, numbers).expect("planned together");
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
    fn step(&mut self, lr: f64, _: &Order, batches: &[(usize, usize)]) -> bool {
        let pass = self.pass.as_mut().expect("a pass has begun");
        let (network, mut optimizer) = pass.state.take().expect("the state of the last step");
        let (spec, feed) = (self.spec, &pass.feed);
        let loss_and_gradients =
            |network: &Network| loss_and_gradients(spec, network, feed, batches);
        let (loss, gradients) = loss_and_gradients(&network);
        pass.losses.push(loss);
        if let Some(update) = &mut self.update {
            update.step(lr, &gradients);
            pass.state = Some((network, optimizer));
            return true;
        }
        let network = optimizer.step(lr, network, gradients, &mut |network| {
            let (loss, gradients) = loss_and_gradients(network);
            (f64::from(loss.into_scalar::<f32>()), gradients)
        });
        pass.state = Some((network, optimizer));
        true
    }

    fn state(&self) -> Option<&State> {
        self.pass.as_ref()?.state.as_ref()
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

/// Mean loss over these batches and its gradients, clipped. Batches weigh as
/// many samples as they have, so that k of them are one of k times the size, to
/// rounding; only one batch is in memory at a time.
fn loss_and_gradients(
    spec: &RunSpec,
    network: &Network,
    feed: &Feed,
    batches: &[(usize, usize)],
) -> (Tensor<1>, GradientsParams) {
    let loss = |(start, end): (usize, usize)| {
        let batch = feed.samples.select(&feed.indices.clone().slice(start..end));
        let inputs = match &feed.changes {
            Some(changes) => changes.of(batch.inputs, (start, end)),
            None => batch.inputs,
        };
        let loss = model::loss(&spec.train, network.forward(inputs), &batch.targets);
        match spec.train.l2 {
            0.0 => loss,
            l2 => loss + model::squares(network).mul_scalar(l2 / 2.0),
        }
    };
    let gradients = |loss: Tensor<1>| GradientsParams::from_grads(loss.backward(), network);
    let (value, gradients) = if let [one] = batches {
        let loss = loss(*one);
        (loss.clone().inner(), gradients(loss))
    } else {
        let all: usize = batches.iter().map(|(start, end)| end - start).sum();
        let mut sum = GradientsAccumulator::new();
        let mut values = Vec::with_capacity(batches.len());
        for &(start, end) in batches {
            let loss = loss((start, end)) * ((end - start) as f64 / all as f64);
            values.push(loss.clone().inner());
            sum.accumulate(network, gradients(loss));
        }
        (Tensor::cat(values, 0).sum(), sum.grads())
    };
    (value, clip(&spec.update, network, gradients))
}
