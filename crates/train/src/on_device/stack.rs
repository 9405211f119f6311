//! A stack of linear layers with ReLU between them and a softmax cross-entropy, whose parameters,
//! gradients and intermediate results stay on the device for a whole pass.
//!
//! Starting kernels dominates the time of so small a network on a GPU. A step therefore uses as few
//! operations of libtorch as possible, all of them into preallocated memory: per layer, one product
//! with bias and ReLU forward, and two products, a sum and ReLU's derivative backward. Samples are
//! gathered for many batches at once.

use burn::backend::LibTorch;
use model::Targets;
use tch::{Device, Kind, Reduction, Tensor};

use crate::order::Order;
use crate::samples::Samples;

/// Alignment of each parameter, in numbers: 256 bytes, as CUDA allocates.
const ALIGNMENT: usize = 64;

/// Maximum number of bytes of samples gathered at once.
const GATHERED: usize = 64 << 20;

/// Label that the loss ignores; no sample has it.
const IGNORED: i64 = -100;

/// Weight `[inputs, outputs]` and bias `[outputs]` of a layer with their gradients, views of two
/// flat tensors.
struct Layer {
    weight: Tensor,
    weight_transposed: Tensor,
    bias: Tensor,
    weight_gradient: Tensor,
    bias_gradient: Tensor,
}

/// Intermediate results of one batch size, views of those of the largest.
struct Results {
    samples: i64,
    /// Outputs of every layer, `[samples, outputs]`; the last are the logits.
    outputs: Vec<Tensor>,
    outputs_transposed: Vec<Tensor>,
    /// Gradients of the outputs.
    deltas: Vec<Tensor>,
    log_probabilities: Tensor,
    /// Gradient of the log-probabilities, `[samples, classes]`.
    slope: Tensor,
    /// Number of samples as a scalar tensor: the total weight of the batch in the loss.
    weight: Tensor,
}

/// The stack of a run, with its device memory.
pub(super) struct Stack {
    layers: Vec<Layer>,
    /// All parameters, flat, and their gradients; padding between them stays zero.
    parameters: Tensor,
    gradients: Tensor,
    results: Vec<Results>,
    one: Tensor,
}

/// The samples of a pass, in feeding order.
pub(super) struct Feed {
    inputs: Tensor,
    order: Tensor,
    labels: Tensor,
    /// Inputs of the samples at the positions `from..to` of the order.
    gathered: Tensor,
    from: i64,
    to: i64,
    /// Loss of each step, `[batches]`.
    losses: Tensor,
}

/// Returns the number of floats, including padding, of a stack of these widths: features, hidden
/// widths, classes.
pub(super) fn numbers(widths: &[usize]) -> usize {
    parts(widths).last().map_or(0, |part| part.1.next_multiple_of(ALIGNMENT))
}

/// Returns the start and end of the weight and bias of each layer in the flat tensor.
fn parts(widths: &[usize]) -> Vec<(usize, usize)> {
    let mut end = 0usize;
    let mut part = |count: usize| {
        let from = end.next_multiple_of(ALIGNMENT);
        end = from + count;
        (from, end)
    };
    widths.windows(2).flat_map(|w| [part(w[0] * w[1]), part(w[1])]).collect()
}

impl Stack {
    /// Creates a stack of these widths with all parameters 0, for batches of these sizes, the
    /// largest first.
    pub(super) fn new(widths: &[usize], batches: &[usize], device: Device) -> Self {
        let zeros = |n: usize| Tensor::zeros([n as i64], (Kind::Float, device));
        let (parameters, gradients) = (zeros(numbers(widths)), zeros(numbers(widths)));
        let parts = parts(widths);
        let layers = widths
            .windows(2)
            .zip(parts.chunks(2))
            .map(|(w, parts)| {
                let shape = [w[0] as i64, w[1] as i64];
                let part = |all: &Tensor, (from, to): (usize, usize)| {
                    all.narrow(0, from as i64, (to - from) as i64)
                };
                let weight = part(&parameters, parts[0]).view(shape);
                Layer {
                    weight_transposed: weight.tr(),
                    weight,
                    bias: part(&parameters, parts[1]),
                    weight_gradient: part(&gradients, parts[0]).view(shape),
                    bias_gradient: part(&gradients, parts[1]),
                }
            })
            .collect();
        let largest = batches.first().copied().unwrap_or(0);
        let matrix =
            |width: &usize| Tensor::zeros([largest as i64, *width as i64], (Kind::Float, device));
        let outputs: Vec<Tensor> = widths[1..].iter().map(matrix).collect();
        let deltas: Vec<Tensor> = widths[1..].iter().map(matrix).collect();
        let classes = widths.last().copied().unwrap_or(0);
        let [log_probabilities, slope] = [(); 2].map(|()| matrix(&classes));
        let results = batches.iter().map(|&samples| {
            let samples = samples as i64;
            let part = |all: &Tensor| all.narrow(0, 0, samples);
            let outputs: Vec<Tensor> = outputs.iter().map(part).collect();
            Results {
                samples,
                outputs_transposed: outputs.iter().map(Tensor::tr).collect(),
                outputs,
                deltas: deltas.iter().map(part).collect(),
                log_probabilities: part(&log_probabilities),
                slope: part(&slope),
                weight: Tensor::from(samples as f32).to_device(device),
            }
        });
        let results = results.collect();
        let one = Tensor::from(1.0f32).to_device(device);
        Stack { layers, parameters, gradients, results, one }
    }

    /// Loads the weights of a network.
    pub(super) fn load(&mut self, weights: &[model::stack::LayerWeights]) {
        for (layer, (weight, bias)) in self.layers.iter_mut().zip(weights) {
            let shape = layer.weight.size();
            layer.weight.copy_(&Tensor::from_slice(weight).view(&shape[..]));
            layer.bias.copy_(&Tensor::from_slice(bias));
        }
    }

    /// Returns the weights in the layout of a network.
    pub(super) fn weights(&self) -> Vec<model::stack::LayerWeights> {
        let read = super::update::read_back;
        self.layers.iter().map(|layer| (read(&layer.weight), read(&layer.bias))).collect()
    }

    /// Returns all parameters and all gradients, flat.
    pub(super) fn flat(&self) -> [&Tensor; 2] {
        [&self.parameters, &self.gradients]
    }

    /// Writes the gradients of the samples `start..end` of the order to those of [`Stack::flat`],
    /// and their mean loss to place `step` of the losses.
    pub(super) fn step(&mut self, feed: &mut Feed, step: usize, (start, end): (usize, usize)) {
        let (start, samples) = (start as i64, (end - start) as i64);
        feed.gather(start, start + samples);
        let inputs = feed.gathered.narrow(0, start - feed.from, samples);
        let labels = feed.labels.narrow(0, start, samples);
        let results =
            self.results.iter().find(|r| r.samples == samples).expect("a planned size of batch");
        self.forward(results, &inputs);
        let logits = results.outputs.last().expect("a layer");
        let _ = logits.internal_log_softmax_out(&results.log_probabilities, 1, false);
        let _ = results.log_probabilities.nll_loss_out(
            &feed.losses.get(step as i64),
            &labels,
            None::<Tensor>,
            Reduction::Mean,
            IGNORED,
        );
        let _ = results.log_probabilities.nll_loss_backward_grad_input(
            &results.slope,
            &self.one,
            &labels,
            None::<Tensor>,
            Reduction::Mean,
            IGNORED,
            &results.weight,
        );
        let _ = Tensor::internal_log_softmax_backward_data_out(
            results.deltas.last().expect("a layer"),
            &results.slope,
            &results.log_probabilities,
            1,
            Kind::Float,
        );
        self.backward(results, &inputs);
    }

    fn forward(&self, results: &Results, inputs: &Tensor) {
        let last = self.layers.len() - 1;
        for (i, layer) in self.layers.iter().enumerate() {
            let inputs = if i == 0 { inputs } else { &results.outputs[i - 1] };
            let (output, bias) = (&results.outputs[i], &layer.bias);
            let _ = if i == last {
                bias.addmm_out(output, inputs, &layer.weight)
            } else {
                // With ReLU, which is part of the product's kernel on CUDA. The bindings pass
                // `use_gelu` in the place of `beta`, the factor of the bias: `true` means a factor
                // of 1, with ReLU. `tests/fused.rs` would show any other meaning.
                bias.internal_addmm_activation_out(output, inputs, &layer.weight, true)
            };
        }
    }

    fn backward(&self, results: &Results, inputs: &Tensor) {
        for (i, layer) in self.layers.iter().enumerate().rev() {
            let delta = &results.deltas[i];
            let _ = match i {
                0 => inputs.tr().mm_out(&layer.weight_gradient, delta),
                _ => results.outputs_transposed[i - 1].mm_out(&layer.weight_gradient, delta),
            };
            let _ = delta.sum_intlist_out(&layer.bias_gradient, 0, false, Kind::Float);
            if i > 0 {
                let below = &results.deltas[i - 1];
                let _ = delta.mm_out(below, &layer.weight_transposed);
                let _ = results.outputs[i - 1].threshold_backward_grad_input(below, below, 0.0);
            }
        }
    }
}

impl Feed {
    /// Returns the device of these samples, which are libtorch's.
    pub(super) fn device(split: &Samples) -> Device {
        inputs(split).device()
    }

    /// Creates the feed of the samples of `split`, which is on the device, in this order, with room
    /// for one loss per batch.
    pub(super) fn new(split: &Samples, order: &Order) -> Self {
        let inputs = inputs(split);
        let Targets::Classes(labels) = &split.targets else { unreachable!("planned for classes") };
        let labels = labels.clone().try_into_primitive::<LibTorch>();
        let labels = labels.expect("labels of libtorch").tensor;
        let device = inputs.device();
        let indices: Vec<i64> = order.indices().iter().map(|&i| i64::from(i)).collect();
        let order_tensor = Tensor::from_slice(&indices).to_device(device);
        let bounds = order.bounds();
        let batch = bounds.first().map_or(1, |(start, end)| end - start).max(1);
        let (samples, features) = (indices.len(), inputs.size()[1]);
        // A whole number of batches.
        let at_once = (GATHERED / (4 * features.max(1) as usize) / batch).max(1) * batch;
        let gathered =
            Tensor::zeros([at_once.min(samples) as i64, features], (Kind::Float, device));
        Feed {
            labels: labels.to_kind(Kind::Int64).index_select(0, &order_tensor),
            inputs,
            order: order_tensor,
            gathered,
            from: 0,
            to: 0,
            losses: Tensor::zeros([bounds.len() as i64], (Kind::Float, device)),
        }
    }

    /// Gathers the samples from `start` on, unless `start..end` are already gathered.
    fn gather(&mut self, start: i64, end: i64) {
        if self.from <= start && end <= self.to {
            return;
        }
        let count = self.gathered.size()[0].min(self.order.size()[0] - start);
        let order = self.order.narrow(0, start, count);
        let _ = self.inputs.index_select_out(&self.gathered.narrow(0, 0, count), 0, &order);
        (self.from, self.to) = (start, start + count);
    }

    /// Reads back the losses of the first `steps` steps.
    pub(super) fn losses(&self, steps: usize) -> Vec<f64> {
        let losses = super::update::read_back(&self.losses.narrow(0, 0, steps as i64));
        losses.into_iter().map(f64::from).collect()
    }
}

/// Returns the inputs of samples on a device of libtorch.
fn inputs(split: &Samples) -> Tensor {
    let inputs = split.inputs.clone().try_into_primitive::<LibTorch>();
    inputs.expect("samples of libtorch").tensor
}
