//! The engine of the fast path on a GPU: steps of a [`Stack`], updates of an [`Update`].
//! Nothing waits for the device before a pass ends.

use burn::tensor::TensorReadError;
use model::Network;
use optimizer_registry::Optimizer;
use spec::{OptimizerSpec, RunSpec};
use tch::Tensor;

use super::stack::{self, Feed, Stack};
use super::update::{Part, Update};
use crate::engine::StepEngine;
use crate::job::State;
use crate::order::Order;
use crate::samples::Samples;

/// A block of libtorch's fused kernels updates 65,536 numbers of a tensor, one after the
/// other: a tensor is handed over in up to so many parts, each a block's.
const PARTS: i64 = 32;
/// A part has at least so many numbers.
const PART: i64 = 4096;

/// Steps of a stack of linear layers that stay on the device of its samples.
pub(crate) struct DeviceEngine<'a> {
    spec: &'a RunSpec,
    split: Samples,
    widths: Vec<usize>,
    stack: Stack,
    pass: Option<Pass>,
}

/// A pass that is under way.
struct Pass {
    /// The network has the weights of the pass's begin.
    state: State,
    feed: Feed,
    update: Update,
    gradients: Vec<Tensor>,
    steps: usize,
}

impl<'a> DeviceEngine<'a> {
    /// An engine for a stack of these widths, features first, that feeds samples of `split`
    /// in batches of these sizes, the largest first.
    pub(crate) fn new(
        spec: &'a RunSpec,
        split: Samples,
        widths: Vec<usize>,
        batches: &[usize],
    ) -> Self {
        let device = Feed::device(&split);
        let stack = Stack::new(&widths, batches, device);
        DeviceEngine { spec, split, widths, stack, pass: None }
    }
}

impl StepEngine for DeviceEngine<'_> {
    fn optimizer(&self, _: &Network) -> Optimizer {
        let numbers = stack::numbers(&self.widths);
        Optimizer::fused(&self.spec.optimizer, numbers).expect("planned together")
    }

    fn begin(&mut self, _: u64, mut state: State, order: &Order) {
        self.stack.load(&state.0.layer_weights());
        let optimizer = &self.spec.optimizer;
        let [parameters, gradients] = self.stack.flat().map(|flat| match optimizer {
            // No kernel of its own: every part would cost its operations.
            OptimizerSpec::RmsProp(_) => vec![flat.shallow_clone()],
            _ => parts(flat),
        });
        let fused = state.1.as_fused().expect("planned together");
        let steps = order.bounds().len();
        let parts = vec![Part::all(optimizer, parameters.len())];
        let update = Update::new(parts, fused, parameters, steps);
        let feed = Feed::new(&self.split, order);
        self.pass = Some(Pass { state, feed, update, gradients, steps: 0 });
    }

    fn step(&mut self, lr: f64, _: &Order, batches: &[(usize, usize)]) -> bool {
        let [batch] = *batches else { unreachable!("planned without accumulation") };
        let pass = self.pass.as_mut().expect("a pass has begun");
        self.stack.step(&mut pass.feed, pass.steps, batch);
        pass.update.step(lr, &pass.gradients);
        pass.steps += 1;
        true
    }

    /// Weights lie in the stack until the pass ends.
    fn state(&self) -> Option<&State> {
        None
    }

    fn end(&mut self) -> Result<(State, Vec<f64>), TensorReadError> {
        let pass = self.pass.take().expect("a pass has begun");
        let losses = pass.feed.losses(pass.steps);
        let (network, mut optimizer) = pass.state;
        pass.update.store(optimizer.as_fused().expect("planned together"));
        Ok(((network.with_layer_weights(self.stack.weights()), optimizer), losses))
    }
}

/// A flat tensor as views of its parts.
fn parts(flat: &Tensor) -> Vec<Tensor> {
    let count = flat.size()[0];
    let size = (count / PARTS).max(PART);
    // Whole parts begin at multiples of 16 bytes, which the kernels read at once.
    let size = (size + 63) / 64 * 64;
    (0..count)
        .step_by(size as usize)
        .map(|from| flat.narrow(0, from, size.min(count - from)))
        .collect()
}
