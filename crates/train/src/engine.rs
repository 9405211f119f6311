//! The interface between a run and its step engine. The run decides which samples a step is fed and
//! at which learning rate; the engine turns them into the next weights.

use burn::tensor::{Tensor, TensorData, TensorReadError};
use model::Network;
use optimizer_registry::Optimizer;

use crate::job::State;
use crate::order::Order;

/// Takes the steps of one run. A pass over the samples is `begin`, one `step` for each step of the
/// order, then `end`.
pub(crate) trait StepEngine {
    /// Creates the run's optimizer for a network that has taken no step.
    fn optimizer(&self, network: &Network) -> Optimizer;

    /// Begins a pass over the samples of `order` from `state`. `epoch` (from 1) numbers the pass:
    /// it is the epoch, or the segment in a run by steps.
    fn begin(&mut self, epoch: u64, state: State, order: &Order);

    /// Takes a step at the learning rate `lr` on these batches, given as positions `start..end` in
    /// `order`. Returns false if the step was not taken because its loss is not finite; an engine
    /// whose losses stay on the device takes every step.
    fn step(&mut self, lr: f64, order: &Order, batches: &[(usize, usize)]) -> bool;

    /// Returns the state after the last step; `None` if it cannot be read between steps.
    fn state(&self) -> Option<&State>;

    /// Returns the recurrent state that a stream carries to the next step, of shape
    /// `[2 * layers, batch, width]`; `None` without one. It outlives a pass.
    fn carried(&self) -> Option<Tensor<3>> {
        None
    }

    /// Restores the recurrent state of a checkpoint, from which the next pass continues.
    fn carry(&mut self, _state: Option<TensorData>) {}

    /// Ends the pass. Returns the state and the loss of every step, including one that was not
    /// taken.
    ///
    /// # Errors
    /// Fails if the losses cannot be read back from the device.
    fn end(&mut self) -> Result<(State, Vec<f64>), TensorReadError>;
}
