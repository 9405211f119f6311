//! The trait of the rules implemented in this crate: a state before the first step and a formula.
//! [`PerParameter`] adds the rest of Burn's optimizer, which is the same for all.

use burn::optim::Optimizer;
use burn::tensor::{Device, Tensor};

use super::slots::Slots;

/// An update rule of one parameter with its state in [`Slots`]; `self` holds its hyper-parameters.
pub trait UpdateRule: Clone + Send + Sync + 'static {
    /// Returns the state before the first step, whose learning rate is `lr`.
    fn start<const D: usize>(&self, lr: f64, tensor: &Tensor<D>) -> Slots<D>;

    /// Returns the parameter after a step at the learning rate `lr`; `tensor` and `grad` share one
    /// shape.
    ///
    /// `state.step` is the number of this step, 1 for the first. The rule leaves the state as the
    /// next step needs it: tensors that it takes out are put back with [`Slots::keep`].
    fn step<const D: usize>(
        &self,
        lr: f64,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: &mut Slots<D>,
    ) -> Tensor<D>;
}

/// An [`UpdateRule`] as Burn's optimizer.
#[derive(Clone, Debug)]
pub struct PerParameter<R>(pub R);

impl<R: UpdateRule> Optimizer for PerParameter<R> {
    type State<const D: usize> = Slots<D>;

    fn step<const D: usize>(
        &self,
        lr: f64,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<Slots<D>>,
    ) -> (Tensor<D>, Option<Slots<D>>) {
        let mut state = Slots::next(state, || self.0.start(lr, &tensor));
        let tensor = self.0.step(lr, tensor, grad, &mut state);
        (tensor, Some(state))
    }

    fn to_device<const D: usize>(state: Slots<D>, device: &Device) -> Slots<D> {
        state.to_device(device)
    }
}
