//! The fast path: a step without a graph.
//!
//! Burn records a graph at each step, makes a tensor of every intermediate result and starts a
//! kernel for every operation of loss and optimizer. A stack of linear layers with a softmax
//! cross-entropy needs none of that ([`stack`]), and an optimizer that
//! [`optimizer_registry::Fused`] supports updates all parameters in one pass. Evaluation, saved
//! weights and digests use the same network as on Burn's own path.
//!
//! Burn's own path is the reference, with which `tests/fused.rs` compares this one. It is used
//! where [`engine`] returns `None`.

#[cfg(feature = "flex")]
mod aligned;
mod engine;
mod kernels;
mod stack;

use data::Dataset;
use model::stack::LayerWeights;
use optimizer_registry::Fused;
use spec::RunSpec;
use spec::model::ModelSpec;
use spec::run::Loss;

use crate::device::NamedDevice;
use crate::engine::StepEngine;
use engine::FusedEngine;
pub(crate) use stack::Shape;
use stack::Stack;

/// Loss and gradients of one run's steps, without the update.
pub(crate) trait Step {
    /// Returns the number of floats that an optimizer passes over, including padding.
    fn numbers(&self) -> usize;
    /// Loads the weights of a network.
    fn load(&mut self, weights: &[LayerWeights]);
    /// Returns the weights in the layout of a network.
    fn weights(&mut self) -> Vec<LayerWeights>;
    /// Returns the parameters and their gradients, each of [`Step::numbers`] floats.
    fn parameters(&mut self) -> (&mut [f32], &[f32]);
    /// Returns the mean loss of the samples `indices` of `inputs` (`[n, features]`) and `labels`
    /// (`[n]`). The gradients are then in [`Step::parameters`].
    fn loss_and_gradients(&mut self, inputs: &[f32], labels: &[i64], indices: &[u32]) -> f32;
}

/// Returns the fast path's engine for a run that trains on `samples` samples on this device with
/// `threads` threads; `None` if the fast path does not support it.
pub(crate) fn engine<'a>(
    spec: &'a RunSpec,
    data: &'a Dataset,
    device: &NamedDevice,
    samples: usize,
    threads: usize,
) -> Option<Box<dyn StepEngine + 'a>> {
    let step = planned(spec, device, samples, threads)?;
    Some(Box::new(FusedEngine::new(spec, data, threads, step)))
}

/// Returns the step of a run; `None` if the fast path does not support it.
fn planned(
    spec: &RunSpec,
    device: &NamedDevice,
    samples: usize,
    threads: usize,
) -> Option<Box<dyn Step>> {
    if !applies(spec) || device.kind != "cpu" {
        return None;
    }
    let shape = shape(spec, samples)?;
    match device.backend {
        #[cfg(feature = "libtorch")]
        "libtorch" => {
            Some(Box::new(Stack::<crate::libtorch::arena::TorchArena>::new(&shape, threads)))
        }
        #[cfg(feature = "flex")]
        "flex" => Some(Box::new(Stack::<aligned::AlignedArena>::new(&shape, threads))),
        _ => None,
    }
}

/// Returns true if the fast path supports what is trained, whatever the device.
pub(crate) fn applies(spec: &RunSpec) -> bool {
    spec.model.is_relu_stack()
        && spec.train.loss == Loss::CrossEntropy
        && spec.train.label_smoothing == 0.0
        && spec.train.l2 == 0.0
        && spec.data.dataset.classes() > 0
        && spec.update.is_neutral()
        && spec.groups.is_empty()
        && spec.data.augment.is_neutral()
        && Fused::exists(&spec.optimizer)
}

/// Returns the layer widths and batch sizes of a run on `samples` samples; `None` without samples.
pub(crate) fn shape(spec: &RunSpec, samples: usize) -> Option<Shape> {
    let hidden: &[u64] = match &spec.model {
        ModelSpec::Mlp(p) => &p.hidden,
        _ => &[],
    };
    let dataset = &spec.data.dataset;
    let mut widths = vec![dataset.shape().iter().product()];
    widths.extend(hidden.iter().map(|&width| width as usize));
    widths.push(dataset.outputs());
    let batch = usize::try_from(spec.data.batch_size).ok()?.min(samples);
    let rest = samples.checked_rem(batch)?;
    let rest = (rest > 0 && !spec.data.drop_last).then_some(rest);
    Some(Shape { widths, batch, rest })
}
