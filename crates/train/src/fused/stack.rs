//! One step of a stack of linear layers, from the samples to the gradients, as
//! matrix products with a few loops between.
//!
//! h_0 = x;  h_i = f(h_{i-1} W_i + b_i), without f in the last layer;  loss = mean cross-entropy
//! d = (softmax - one-hot) / n;  dW_i = h_{i-1}^T d_i;  db_i = sum of the rows of d_i
//! d_{i-1} = f'(h_{i-1}) (d_i W_i^T)
//! Shapes: x is [n, features], W_i [inputs, outputs], b_i [outputs], h_i and d_i [n, outputs].
//!
//! All arrays are in one arena that lives as long as the run, so that a step allocates nothing.
//! Parameters are contiguous, as are their gradients, so that an optimizer needs one pass over
//! both.

use std::ops::Range;

use model::stack::LayerWeights;

use super::{Step, kernels};
use crate::arena::{Arena, View};

/// Alignment of every part of the arena, in numbers: a cache line of 64 bytes.
const ALIGNMENT: usize = 16;

/// Widths of a stack and sizes of its batches.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shape {
    /// Features, hidden widths, classes.
    pub(crate) widths: Vec<usize>,
    /// Samples per batch.
    pub(crate) batch: usize,
    /// Samples of the last batch of an epoch if it is shorter; `None` otherwise.
    pub(crate) rest: Option<usize>,
}

/// Positions of a layer's parameters in the arena.
struct Layer {
    weight: Range<usize>,
    bias: Range<usize>,
}

/// Indices of the matrices of one batch size among the arena's views.
struct Matrices {
    samples: usize,
    layers: Vec<LayerMatrices>,
}

struct LayerMatrices {
    input: usize,
    input_transposed: usize,
    weight: usize,
    weight_transposed: usize,
    output: usize,
    /// Gradients of output, input and weight.
    delta: usize,
    delta_input: usize,
    gradient: usize,
}

/// A stack with its memory.
pub(crate) struct Stack<A> {
    arena: A,
    widths: Vec<usize>,
    layers: Vec<Layer>,
    /// Number of parameters, at the arena's start; as many gradients follow.
    parameters: usize,
    /// Positions of the outputs of every layer for a whole batch; the samples come first.
    outputs: Vec<usize>,
    /// Positions of the outputs' gradients; the samples have none.
    deltas: Vec<usize>,
    sizes: Vec<Matrices>,
}

/// Allocates parts of the arena, one after another.
struct Plan {
    end: usize,
    views: Vec<View>,
}

impl Plan {
    fn part(&mut self, numbers: usize) -> usize {
        let at = self.end;
        self.end = (at + numbers).next_multiple_of(ALIGNMENT);
        at
    }

    fn view(&mut self, view: View) -> usize {
        self.views.push(view);
        self.views.len() - 1
    }
}

impl<A: Arena> Stack<A> {
    /// Creates a stack of these sizes with all parameters 0.
    pub(crate) fn new(shape: &Shape, threads: usize) -> Self {
        let widths = &shape.widths;
        let mut plan = Plan { end: 0, views: Vec::new() };
        let layers: Vec<Layer> = widths
            .windows(2)
            .map(|pair| {
                let weight = plan.part(pair[0] * pair[1]);
                let bias = plan.part(pair[1]);
                Layer { weight: weight..weight + pair[0] * pair[1], bias: bias..bias + pair[1] }
            })
            .collect();
        let parameters = plan.end;
        plan.part(parameters);
        let outputs: Vec<usize> =
            widths.iter().map(|width| plan.part(shape.batch * width)).collect();
        let deltas: Vec<usize> =
            widths[1..].iter().map(|width| plan.part(shape.batch * width)).collect();
        let sizes = [Some(shape.batch), shape.rest]
            .into_iter()
            .flatten()
            .map(|samples| Matrices {
                samples,
                layers: layers
                    .iter()
                    .enumerate()
                    .map(|(i, layer)| {
                        let (inputs, out) = (widths[i], widths[i + 1]);
                        let input = View::new(outputs[i], samples, inputs);
                        let weight = View::new(layer.weight.start, inputs, out);
                        let gradient = View { at: weight.at + parameters, ..weight };
                        let delta_input = match i {
                            // The samples need no gradient.
                            0 => usize::MAX,
                            _ => plan.view(View::new(deltas[i - 1], samples, inputs)),
                        };
                        LayerMatrices {
                            input: plan.view(input),
                            input_transposed: plan.view(input.transpose()),
                            weight: plan.view(weight),
                            weight_transposed: plan.view(weight.transpose()),
                            output: plan.view(View::new(outputs[i + 1], samples, out)),
                            delta: plan.view(View::new(deltas[i], samples, out)),
                            delta_input,
                            gradient: plan.view(gradient),
                        }
                    })
                    .collect(),
            })
            .collect();
        let arena = A::new(plan.end, &plan.views, threads);
        Stack { arena, widths: widths.clone(), layers, parameters, outputs, deltas, sizes }
    }

    fn forward(&mut self, size: usize) {
        let matrices = &self.sizes[size];
        let last = self.layers.len() - 1;
        for (i, m) in matrices.layers.iter().enumerate() {
            self.arena.product(m.output, m.input, m.weight);
            let out =
                self.outputs[i + 1]..self.outputs[i + 1] + matrices.samples * self.widths[i + 1];
            let [output, bias] = parts(self.arena.values(), [out, self.layers[i].bias.clone()]);
            kernels::add_bias(output, bias, i != last);
        }
    }

    fn loss(&mut self, labels: &[i64], indices: &[u32]) -> f32 {
        let last = self.layers.len() - 1;
        let classes = self.widths[last + 1];
        let n = indices.len() * classes;
        let (at, to) = (self.outputs[last + 1], self.deltas[last]);
        let [logits, delta] = parts(self.arena.values(), [at..at + n, to..to + n]);
        delta.copy_from_slice(logits);
        kernels::cross_entropy(delta, classes, labels, indices)
    }

    fn backward(&mut self, size: usize) {
        let matrices = &self.sizes[size];
        for (i, m) in matrices.layers.iter().enumerate().rev() {
            self.arena.product(m.gradient, m.input_transposed, m.delta);
            let n = matrices.samples;
            let bias = &self.layers[i].bias;
            let sums = bias.start + self.parameters..bias.end + self.parameters;
            let delta = self.deltas[i]..self.deltas[i] + n * self.widths[i + 1];
            let [sums, delta] = parts(self.arena.values(), [sums, delta]);
            kernels::column_sums(sums, delta);
            if i > 0 {
                self.arena.product(m.delta_input, m.delta, m.weight_transposed);
                let numbers = n * self.widths[i];
                let delta = self.deltas[i - 1]..self.deltas[i - 1] + numbers;
                let output = self.outputs[i]..self.outputs[i] + numbers;
                let [delta, output] = parts(self.arena.values(), [delta, output]);
                kernels::relu_gradient(delta, output);
            }
        }
    }
}

impl<A: Arena> Step for Stack<A> {
    fn numbers(&self) -> usize {
        self.parameters
    }

    fn load(&mut self, weights: &[LayerWeights]) {
        let all = self.arena.values();
        for (layer, (weight, bias)) in self.layers.iter().zip(weights) {
            all[layer.weight.clone()].copy_from_slice(weight);
            all[layer.bias.clone()].copy_from_slice(bias);
        }
    }

    fn weights(&mut self) -> Vec<LayerWeights> {
        let all = self.arena.values();
        let part = |range: &Range<usize>| all[range.clone()].to_vec();
        self.layers.iter().map(|layer| (part(&layer.weight), part(&layer.bias))).collect()
    }

    fn parameters(&mut self) -> (&mut [f32], &[f32]) {
        let (parameters, rest) = self.arena.values().split_at_mut(self.parameters);
        (parameters, &rest[..self.parameters])
    }

    fn loss_and_gradients(&mut self, inputs: &[f32], labels: &[i64], indices: &[u32]) -> f32 {
        let n = indices.len();
        let size = self.sizes.iter().position(|size| size.samples == n).expect("a planned size");
        let width = self.widths[0];
        let samples = &mut self.arena.values()[self.outputs[0]..][..n * width];
        kernels::gather(samples, inputs, width, indices);
        self.forward(size);
        let loss = self.loss(labels, indices);
        self.backward(size);
        loss
    }
}

/// Returns two parts of the arena, which do not overlap.
fn parts(all: &mut [f32], ranges: [Range<usize>; 2]) -> [&mut [f32]; 2] {
    all.get_disjoint_mut(ranges).expect("parts of the arena are apart")
}
