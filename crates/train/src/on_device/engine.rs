//! The step engine of the fast path on a GPU: a [`Stack`] computes gradients, an [`Update`] applies
//! them. Nothing waits for the device before a pass ends.

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

/// Maximum number of parts into which a tensor is split, one per block: a block of libtorch's fused
/// kernels updates 65,536 numbers of a tensor, one after another.
const PARTS: i64 = 32;
/// Minimum size of a part, in numbers.
const PART: i64 = 4096;

/// Step engine of a stack of linear layers that stays on the device of its samples.
pub(crate) struct DeviceEngine<'a> {
    spec: &'a RunSpec,
    split: Samples,
    widths: Vec<usize>,
    stack: Stack,
    pass: Option<Pass>,
}

/// A pass in progress.
struct Pass {
    /// The network still has the weights from the start of the pass.
    state: State,
    feed: Feed,
    update: Update,
    gradients: Vec<Tensor>,
    steps: usize,
}

impl<'a> DeviceEngine<'a> {
    /// Creates an engine for a stack of these widths (features, hidden widths, classes) that feeds
    /// samples of `split` in batches of these sizes, the largest first.
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
            // RMSProp has no fused kernel: every part would start its own operations.
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

    /// Returns `None`: the weights stay in the stack until the pass ends.
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

/// Splits a flat tensor into views of its parts.
fn parts(flat: &Tensor) -> Vec<Tensor> {
    let count = flat.size()[0];
    let size = (count / PARTS).max(PART);
    // Parts begin at multiples of 16 bytes, because the kernels read 16 bytes at a time.
    let size = (size + 63) / 64 * 64;
    (0..count)
        .step_by(size as usize)
        .map(|from| flat.narrow(0, from, size.min(count - from)))
        .collect()
}
