//! The fast path: a step without a graph.
//!
//! Burn records a graph at each step, makes a tensor of every intermediate result
//! and starts a kernel for every operation of loss and optimizer. A stack of linear
//! layers with a softmax cross-entropy needs none of that ([`stack`]), and an
//! optimizer that [`optimizer_registry::Fused`] has passes over all parameters at once.
//! What is measured between epochs, kept and digested is the same network as ever.
//!
//! Burn's own path is the reference: `tests/fused.rs` holds the two together. Where
//! [`engine`] gives none it is used.

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

/// The step of one run, without the update.
pub(crate) trait Step {
    /// Numbers that an optimizer passes over.
    fn numbers(&self) -> usize;
    /// Takes the weights of a network.
    fn load(&mut self, weights: &[LayerWeights]);
    /// The weights as a network has them.
    fn weights(&mut self) -> Vec<LayerWeights>;
    /// Parameters and their gradients.
    fn parameters(&mut self) -> (&mut [f32], &[f32]);
    /// Mean loss of the samples `indices` of `inputs` (`[n, features]`) and `labels`;
    /// their gradients are then in [`Step::parameters`].
    fn loss_and_gradients(&mut self, inputs: &[f32], labels: &[i64], indices: &[u32]) -> f32;
}

/// The engine of the fast path for a run that trains on `samples` samples on this device
/// with so many threads; none where there is no fast path.
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

/// The step of a run; none where there is no fast path for it.
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

/// Whether there is one for what is trained, whatever it is trained on.
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

/// The sizes of what is trained on `samples` samples; none where there are none.
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
