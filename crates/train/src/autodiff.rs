//! The engine of Burn's own operations: a graph is recorded at each step, and losses stay
//! on the device until the pass ends.

use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::{Device, Int, Tensor, TensorReadError};
use model::Network;
use optimizer_registry::Optimizer;
use optimizer_registry::clip::clip;
use spec::RunSpec;

use crate::engine::StepEngine;
use crate::feed::{EpochOrder, Samples};
use crate::job::State;
use crate::trajectory;

/// Steps by automatic differentiation, of any model, loss and optimizer.
pub(crate) struct AutodiffEngine<'a> {
    spec: &'a RunSpec,
    /// The training split, whole.
    split: Samples,
    device: Device,
    pass: Option<Pass>,
}

/// A pass that is under way.
struct Pass {
    /// None while a step has it.
    state: Option<State>,
    samples: Samples,
    /// The order of the samples, on the device.
    indices: Tensor<1, Int>,
    losses: Vec<Tensor<1>>,
}

impl<'a> AutodiffEngine<'a> {
    /// An engine that feeds samples of `split`, which lies on `device`.
    pub(crate) fn new(spec: &'a RunSpec, split: Samples, device: Device) -> Self {
        AutodiffEngine { spec, split, device, pass: None }
    }
}

impl StepEngine for AutodiffEngine<'_> {
    fn optimizer(&self, network: &Network) -> Optimizer {
        let spec = self.spec;
        Optimizer::new(&spec.optimizer, &spec.update, &spec.groups, network)
    }

    fn begin(&mut self, epoch: u64, state: State, order: &EpochOrder) {
        let samples = trajectory::noisy(self.spec, epoch, &self.split, &self.device);
        let indices = order.upload(&self.device);
        let losses = Vec::with_capacity(order.bounds().len());
        self.pass = Some(Pass { state: Some(state), samples, indices, losses });
    }

    /// Averages the gradients of the batches.
    fn step(&mut self, lr: f64, _: &EpochOrder, batches: &[(usize, usize)]) -> bool {
        let pass = self.pass.as_mut().expect("a pass has begun");
        let (network, mut optimizer) = pass.state.take().expect("the state of the last step");
        let (spec, samples, indices) = (self.spec, &pass.samples, &pass.indices);
        let loss_and_gradients =
            |network: &Network| loss_and_gradients(spec, network, samples, indices, batches);
        let (loss, gradients) = loss_and_gradients(&network);
        pass.losses.push(loss);
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
        let state = state.expect("the state of the last step");
        Ok((state, losses.into_iter().map(f64::from).collect()))
    }
}

/// Mean loss over these batches and its gradients, clipped. Batches weigh as
/// many samples as they have, so that k of them are one of k times the size, to
/// rounding; only one batch is in memory at a time.
fn loss_and_gradients(
    spec: &RunSpec,
    network: &Network,
    samples: &Samples,
    indices: &Tensor<1, Int>,
    batches: &[(usize, usize)],
) -> (Tensor<1>, GradientsParams) {
    let loss = |(start, end): (usize, usize)| {
        let batch = samples.select(&indices.clone().slice(start..end));
        model::loss(&spec.train, network.forward(batch.inputs), &batch.targets)
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
