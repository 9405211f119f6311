//! Samples on the device, and the batches, sequences and lanes cut from them.

use burn::tensor::{AllocationProperty, Bytes, DType, Device, Int, Tensor, TensorData};
use data::{Inputs, Part};
use model::Targets;
use spec::run::{Batching, DataSpec};

use crate::device::NamedDevice;

/// Samples and labels on a device, as one tensor each.
#[derive(Clone)]
pub(crate) struct Samples {
    /// `[n, features]`, float32, scaled; a text is `[tokens, 1]` until sequences are cut from it.
    pub(crate) inputs: Tensor<2>,
    /// Targets of the model, one per sample; [`Targets::None`] for a text that is not cut yet.
    pub(crate) targets: Targets,
    /// Tokens per sequence of a text from which sequences are not cut yet; 0 otherwise.
    context: usize,
    /// Indices of the samples in use; for a text, the tokens at which their sequences begin. `None`
    /// means all.
    chosen: Option<Tensor<1, Int>>,
    /// Number of lanes of a stream from which sequences are not cut yet; 0 otherwise.
    lanes: usize,
    /// Host memory that the inputs may borrow; it lives as long as they do.
    host: Inputs,
}

impl Samples {
    /// Puts a part of a dataset on a device, with inputs as `[n, features]`.
    pub(crate) fn upload(part: &Part, features: usize, device: &NamedDevice) -> Self {
        let n = part.inputs.len() / features.max(1);
        let inputs = inputs(&part.inputs, [n, features], device);
        let device = &device.device;
        let targets = if !part.values.is_empty() {
            let values = TensorData::new(part.values.clone(), [n, part.targets]);
            Targets::Values(Tensor::from_data(values, device))
        } else if part.labels.is_empty() {
            Targets::None
        } else {
            Targets::Classes(Tensor::from_data(TensorData::new(part.labels.clone(), [n]), device))
        };
        Samples { inputs, targets, context: 0, lanes: 0, chosen: None, host: part.inputs.clone() }
    }

    /// Returns the number of samples: for a text, of whole consecutive sequences; for a stream, a
    /// multiple of its lanes.
    pub(crate) fn len(&self) -> usize {
        if let Some(chosen) = &self.chosen {
            return chosen.dims()[0];
        }
        if self.context == 0 {
            return self.inputs.dims()[0];
        }
        let sequences = self.inputs.dims()[0].saturating_sub(1) / self.context;
        sequences - sequences % self.lanes.max(1)
    }

    /// Returns the number of lanes of a stream; `None` otherwise.
    pub(crate) fn lanes(&self) -> Option<usize> {
        (self.lanes > 0).then_some(self.lanes)
    }

    /// Returns true if the targets are classes.
    pub(crate) fn has_classes(&self) -> bool {
        self.context > 0 || matches!(self.targets, Targets::Classes(_))
    }

    /// Returns the tokens or samples `from..to` in file order.
    pub(crate) fn part(&self, from: usize, to: usize) -> Self {
        Samples {
            inputs: self.inputs.clone().slice(from..to),
            targets: match &self.targets {
                Targets::Classes(c) => Targets::Classes(c.clone().slice(from..to)),
                Targets::Values(v) => Targets::Values(v.clone().slice(from..to)),
                Targets::None => Targets::None,
            },
            context: self.context,
            chosen: None,
            lanes: self.lanes,
            host: self.host.clone(),
        }
    }

    /// Returns only the samples with these indices; for a text, indices of consecutive sequences.
    pub(crate) fn chosen(&self, which: &[usize], device: &Device) -> Self {
        let begin = |i: &usize| (i * self.context.max(1)) as i64;
        let begins: Vec<i64> = which.iter().map(begin).collect();
        let begins = Tensor::from_data(TensorData::new(begins, [which.len()]), device);
        Samples { chosen: Some(begins), ..self.clone() }
    }

    /// Returns sequence `number` of every lane of a stream, as `[lanes, context]`.
    pub(crate) fn of_lanes(&self, number: usize) -> Self {
        let (lanes, context) = (self.lanes, self.context);
        let all = self.len() * context;
        let at = number * context..(number + 1) * context;
        let cut = |behind: usize| {
            let tokens = self.inputs.clone().slice(behind..all + behind);
            tokens.reshape([lanes, all / lanes]).slice([0..lanes, at.clone()])
        };
        self.sequences(cut(0), cut(1).reshape([lanes * context]))
    }

    /// Returns the samples `from..to` in file order; for a text, consecutive sequences.
    pub(crate) fn range(&self, from: usize, to: usize) -> Self {
        if let Some(chosen) = &self.chosen {
            return self.select(&chosen.clone().slice(from..to));
        }
        let context = self.context;
        if context == 0 {
            return self.part(from, to);
        }
        let tokens = self.inputs.clone().slice(from * context..to * context + 1);
        let count = (to - from) * context;
        let inputs = tokens.clone().slice(0..count).reshape([to - from, context]);
        let next = tokens.slice(1..count + 1).reshape([count]);
        self.sequences(inputs, next)
    }

    /// Returns sequences `[n, context]`, each token with the following one as its target; `next` is
    /// `[n * context]`.
    fn sequences(&self, inputs: Tensor<2>, next: Tensor<1>) -> Self {
        Samples {
            inputs,
            targets: Targets::Classes(next.int()),
            context: 0,
            chosen: None,
            lanes: 0,
            host: self.host.clone(),
        }
    }

    /// Returns the samples with these indices; for a text, the sequences that begin at these
    /// tokens.
    pub(crate) fn select(&self, indices: &Tensor<1, Int>) -> Self {
        let context = self.context;
        if context > 0 {
            let [batch] = indices.dims();
            let steps = Tensor::<1, Int>::arange(0..context as i64 + 1, &indices.device());
            let places = indices.clone().reshape([batch, 1]) + steps.reshape([1, context + 1]);
            let tokens = self.inputs.clone().select(0, places.reshape([batch * (context + 1)]));
            let tokens = tokens.reshape([batch, context + 1]);
            let inputs = tokens.clone().slice([0..batch, 0..context]);
            let next = tokens.slice([0..batch, 1..context + 1]).reshape([batch * context]);
            return self.sequences(inputs, next);
        }
        Samples {
            inputs: self.inputs.clone().select(0, indices.clone()),
            targets: match &self.targets {
                Targets::Classes(c) => Targets::Classes(c.clone().select(0, indices.clone())),
                Targets::Values(v) => Targets::Values(v.clone().select(0, indices.clone())),
                Targets::None => Targets::None,
            },
            context: 0,
            chosen: None,
            lanes: 0,
            host: self.host.clone(),
        }
    }
}

/// Returns the inputs as a tensor of this shape. On a CPU it borrows the host memory without a
/// copy, so that workers that map one file share it; on a GPU the inputs are uploaded.
pub(crate) fn inputs(host: &Inputs, shape: [usize; 2], device: &NamedDevice) -> Tensor<2> {
    #[cfg(feature = "libtorch")]
    if device.is_libtorch_cpu()
        && let Some(tensor) = crate::libtorch::over(host, shape)
    {
        return tensor;
    }
    // Burn copies shared bytes before it writes to them. Only flex keeps them; others copy at once.
    let shared = bytes::Bytes::from_owner(host.clone());
    let bytes = Bytes::from_shared(shared, AllocationProperty::Other);
    Tensor::from_data(TensorData::from_bytes(bytes, shape, DType::F32), &device.device)
}

impl Samples {
    /// Returns the samples as a run reads them: a text with the run's sequence length and lanes.
    pub(crate) fn of_sequences(&self, data: &DataSpec) -> Self {
        let text = data.dataset.is_text();
        let context = if text { usize::try_from(data.context).unwrap_or(usize::MAX) } else { 0 };
        let lanes = match data.batching {
            Batching::Stream => usize::try_from(data.batch_size).unwrap_or(usize::MAX),
            Batching::Windows => 0,
        };
        Samples { context, lanes, ..self.clone() }
    }

    /// Returns the samples with other inputs: the noise on a function's gradient.
    pub(crate) fn with_inputs(self, inputs: Tensor<2>) -> Self {
        Samples { inputs, ..self }
    }
}
