//! Samples on the device, and what is cut from them: batches, sequences of a text, lanes of a stream.

use burn::tensor::{AllocationProperty, Bytes, DType, Device, Int, Tensor, TensorData};
use data::{Inputs, Part};
use model::Targets;
use spec::run::{Batching, DataSpec};

use crate::device::NamedDevice;

/// Samples and labels on a device, as one tensor each.
#[derive(Clone)]
pub(crate) struct Samples {
    /// `[n, features]`, float32, scaled.
    pub(crate) inputs: Tensor<2>,
    /// Targets of the model, `n` of them; none of a text before sequences are cut from it.
    pub(crate) targets: Targets,
    /// Tokens of a sequence, of a text of `n` tokens of which sequences are not cut yet; 0 of
    /// everything else.
    context: usize,
    /// The samples that are there, of a text the tokens at which sequences begin; all where none
    /// are named.
    chosen: Option<Tensor<1, Int>>,
    /// Lanes of a stream of which sequences are not cut yet; 0 of everything else.
    lanes: usize,
    /// What the inputs may lie over: it lives as long as they do.
    host: Inputs,
}

impl Samples {
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

    /// Number of samples: of a text the whole sequences that follow one another, of a stream
    /// equally many for each lane.
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

    /// Lanes of a stream; none of everything else.
    pub(crate) fn lanes(&self) -> Option<usize> {
        (self.lanes > 0).then_some(self.lanes)
    }

    /// True where the targets are classes.
    pub(crate) fn has_classes(&self) -> bool {
        self.context > 0 || matches!(self.targets, Targets::Classes(_))
    }

    /// Tokens or samples `from..to` in file order.
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

    /// The same, of which only the samples of these indices are there; of a text of the
    /// sequences that follow one another.
    pub(crate) fn chosen(&self, which: &[usize], device: &Device) -> Self {
        let begin = |i: &usize| (i * self.context.max(1)) as i64;
        let begins: Vec<i64> = which.iter().map(begin).collect();
        let begins = Tensor::from_data(TensorData::new(begins, [which.len()]), device);
        Samples { chosen: Some(begins), ..self.clone() }
    }

    /// The sequences with this number of every lane of a stream.
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

    /// Samples `from..to` in file order; of a text sequences that follow one another.
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

    /// Sequences with the token behind each of theirs as its target.
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

    /// The samples of these indices; of a text the sequences that begin at these tokens.
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

/// Inputs as a tensor: on a CPU over the memory they lie in, without a copy, so
/// that workers which map one file share it; on a GPU uploaded from there.
pub(crate) fn inputs(host: &Inputs, shape: [usize; 2], device: &NamedDevice) -> Tensor<2> {
    #[cfg(feature = "libtorch")]
    if device.is_libtorch_cpu()
        && let Some(tensor) = crate::libtorch::over(host, shape)
    {
        return tensor;
    }
    // Burn copies shared bytes before it writes to them. Only flex keeps them.
    let shared = bytes::Bytes::from_owner(host.clone());
    let bytes = Bytes::from_shared(shared, AllocationProperty::Other);
    Tensor::from_data(TensorData::from_bytes(bytes, shape, DType::F32), &device.device)
}

impl Samples {
    /// The same, of which sequences of the run's length are cut where it is a text.
    pub(crate) fn of_sequences(&self, data: &DataSpec) -> Self {
        let text = data.dataset.is_text();
        let context = if text { usize::try_from(data.context).unwrap_or(usize::MAX) } else { 0 };
        let lanes = match data.batching {
            Batching::Stream => usize::try_from(data.batch_size).unwrap_or(usize::MAX),
            Batching::Windows => 0,
        };
        Samples { context, lanes, ..self.clone() }
    }

    /// The same with other inputs: the noise on a function's gradient.
    pub(crate) fn with_inputs(self, inputs: Tensor<2>) -> Self {
        Samples { inputs, ..self }
    }
}
