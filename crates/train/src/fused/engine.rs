//! The step engine of the fast path: a [`Step`] computes gradients, passes over all parameters
//! update them.

use burn::tensor::TensorReadError;
use data::Dataset;
use model::Network;
use optimizer_registry::Optimizer;
use spec::RunSpec;

use super::Step;
use crate::engine::StepEngine;
use crate::job::State;
use crate::order::Order;

/// Step engine without a graph, in host memory.
pub(crate) struct FusedEngine<'a> {
    spec: &'a RunSpec,
    data: &'a Dataset,
    threads: usize,
    step: Box<dyn Step>,
    /// State of a pass in progress; its network still has the weights from the start of the pass.
    state: Option<State>,
    losses: Vec<f64>,
}

impl<'a> FusedEngine<'a> {
    /// Creates an engine over samples in host memory, with updates by `threads` threads.
    pub(crate) fn new(
        spec: &'a RunSpec,
        data: &'a Dataset,
        threads: usize,
        step: Box<dyn Step>,
    ) -> Self {
        FusedEngine { spec, data, threads, step, state: None, losses: Vec::new() }
    }
}

impl StepEngine for FusedEngine<'_> {
    fn optimizer(&self, network: &Network) -> Optimizer {
        let spec = self.spec;
        Optimizer::fused(&spec.optimizer, self.step.numbers()).unwrap_or_else(|| {
            Optimizer::new(&spec.optimizer, &spec.update, &spec.groups, &spec.table(), network)
        })
    }

    fn begin(&mut self, _: u64, state: State, _: &Order) {
        self.step.load(&state.0.layer_weights());
        self.losses.clear();
        self.state = Some(state);
    }

    fn step(&mut self, lr: f64, order: &Order, batches: &[(usize, usize)]) -> bool {
        let [(start, end)] = *batches else { unreachable!("planned without accumulation") };
        let indices = &order.indices()[start..end];
        let part = &self.data.train;
        let loss = self.step.loss_and_gradients(&part.inputs, &part.labels, indices);
        self.losses.push(f64::from(loss));
        if !loss.is_finite() {
            return false;
        }
        let (_, optimizer) = self.state.as_mut().expect("a pass has begun");
        let fused = optimizer.as_fused().expect("planned together");
        let (parameters, gradients) = self.step.parameters();
        fused.step(lr, parameters, gradients, self.threads);
        true
    }

    /// Returns `None`: the weights stay in the arena until the pass ends.
    fn state(&self) -> Option<&State> {
        None
    }

    fn end(&mut self) -> Result<(State, Vec<f64>), TensorReadError> {
        let (network, optimizer) = self.state.take().expect("a pass has begun");
        let network = network.with_layer_weights(self.step.weights());
        Ok(((network, optimizer), std::mem::take(&mut self.losses)))
    }
}
