//! The seam between a run and what computes its steps. A run decides which samples a step
//! is fed and at which learning rate; an engine turns them into the next weights.

use burn::tensor::{Tensor, TensorData, TensorReadError};
use model::Network;
use optimizer_registry::Optimizer;

use crate::job::State;
use crate::order::Order;

/// A way to take the steps of one run. A pass over the samples is `begin`, a `step` for
/// each step of the order, `end`.
pub(crate) trait StepEngine {
    /// The optimizer of the run for a network that has taken no step.
    fn optimizer(&self, network: &Network) -> Optimizer;

    /// Begins a pass over the samples of `order` in epoch `epoch` (from 1), with this state.
    fn begin(&mut self, epoch: u64, state: State, order: &Order);

    /// Takes a step on these batches, ranges of the positions of `order`, at the learning
    /// rate `lr`. Returns false where it was not taken because its loss is not finite; an
    /// engine whose losses stay on the device takes every step.
    fn step(&mut self, lr: f64, order: &Order, batches: &[(usize, usize)]) -> bool;

    /// The state after the last step, where it can be looked at between steps.
    fn state(&self) -> Option<&State>;

    /// The recurrent state that a stream carries to the next step; none where it carries
    /// nothing. It outlives a pass.
    fn carried(&self) -> Option<Tensor<3>> {
        None
    }

    /// Puts back what a checkpoint holds of it, for the next pass to go on from.
    fn carry(&mut self, _state: Option<TensorData>) {}

    /// Ends the pass; the state, and the loss of every step, that of one not taken included.
    ///
    /// # Errors
    /// The device does not give the losses back.
    fn end(&mut self) -> Result<(State, Vec<f64>), TensorReadError>;
}
