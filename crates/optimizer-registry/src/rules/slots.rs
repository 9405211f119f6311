//! State of the rules implemented in this crate: a step count, scalars and tensors by position,
//! whose meaning each rule defines.
//!
//! Scalars (bias corrections, products of betas) stay 64-bit floats on the host, as in PyTorch, and
//! are rounded once, where a kernel takes them.
//!
//! Shapes: most tensors have the parameter's; all have its rank. `RecordState` is implemented by
//! hand, because Burn's derive names crates that only its own code can reach.

use burn::optim::{RecordState, StateSink, StateSource};
use burn::tensor::{Device, Tensor};
use burn_pack::Scalar;

/// State of one parameter of rank `D`.
#[derive(Clone, Debug, Default)]
pub struct Slots<const D: usize> {
    /// Steps taken, including the current one once a rule has called [`Slots::next`].
    pub step: u64,
    /// Scalars that outlive a step.
    pub scalars: Vec<f64>,
    /// Tensors that outlive a step, on the parameter's device.
    pub tensors: Vec<Tensor<D>>,
}

impl<const D: usize> Slots<D> {
    /// Creates the state before the first step.
    pub fn new(scalars: Vec<f64>, tensors: Vec<Tensor<D>>) -> Self {
        Slots { step: 0, scalars, tensors }
    }

    /// Returns the previous state, or in the first step that of `start`, with the step counted.
    pub fn next(state: Option<Self>, start: impl FnOnce() -> Self) -> Self {
        let mut state = state.unwrap_or_else(start);
        state.step += 1;
        state
    }

    /// Takes the `N` tensors out, so that arithmetic can reuse their memory. Return as many with
    /// [`Slots::keep`].
    ///
    /// # Panics
    /// If there are not `N` tensors, a fault of the rule.
    pub fn take<const N: usize>(&mut self) -> [Tensor<D>; N] {
        match std::mem::take(&mut self.tensors).try_into() {
            Ok(tensors) => tensors,
            Err(tensors) => panic!("{N} tensors expected, {} kept", tensors.len()),
        }
    }

    /// Keeps these tensors for the next step.
    pub fn keep<const N: usize>(&mut self, tensors: [Tensor<D>; N]) {
        self.tensors = tensors.into();
    }

    /// Moves the state to `device`, for `Optimizer::to_device`.
    pub fn to_device(mut self, device: &Device) -> Self {
        self.tensors = self.tensors.into_iter().map(|t| t.to_device(device)).collect();
        self
    }
}

/// Returns the name of the `i`-th leaf of a kind.
fn leaf(kind: &str, i: usize) -> String {
    format!("{kind}{i}")
}

impl<const D: usize> RecordState for Slots<D> {
    fn state_flatten(&self, prefix: &str, out: &mut StateSink) {
        out.push_scalar(prefix, "step", Scalar::from(self.step));
        out.push_scalar(prefix, "scalars", Scalar::from(self.scalars.len()));
        out.push_scalar(prefix, "tensors", Scalar::from(self.tensors.len()));
        for (i, value) in self.scalars.iter().enumerate() {
            out.push_scalar(prefix, &leaf("scalar", i), Scalar::from(*value));
        }
        for (i, tensor) in self.tensors.iter().enumerate() {
            out.push_tensor(prefix, &leaf("tensor", i), tensor.to_data());
        }
    }

    fn state_unflatten(prefix: &str, src: &mut StateSource, device: &Device) -> Option<Self> {
        let count = |src: &mut StateSource, name| -> Option<u64> {
            src.take_scalar(prefix, name)?.try_into().ok()
        };
        let step = count(src, "step")?;
        let (scalars, tensors) = (count(src, "scalars")?, count(src, "tensors")?);
        let scalars = (0..usize::try_from(scalars).ok()?)
            .map(|i| f64::try_from(src.take_scalar(prefix, &leaf("scalar", i))?).ok())
            .collect::<Option<_>>()?;
        let tensors = (0..usize::try_from(tensors).ok()?)
            .map(|i| {
                let data = src.take_tensor(prefix, &leaf("tensor", i))?;
                Some(Tensor::from_data(data, device))
            })
            .collect::<Option<_>>()?;
        Some(Slots { step, scalars, tensors })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through_a_record(state: &Slots<2>, forget: Option<&str>) -> Option<Slots<2>> {
        let mut sink = StateSink::default();
        state.state_flatten("7", &mut sink);
        let forgotten = forget.map(|leaf| format!("7.{leaf}"));
        let kept = |name: &String| Some(name) != forgotten.as_ref();
        let mut source =
            StateSource::new(sink.scalars.into_iter().filter(|(name, _)| kept(name)).collect());
        for (name, data) in sink.tensors.into_iter().filter(|(name, _)| kept(name)) {
            source.insert_tensor(name, data);
        }
        Slots::state_unflatten("7", &mut source, &Device::flex())
    }

    #[test]
    fn comes_back_from_a_record_exactly_or_not_at_all() {
        let device = Device::flex();
        let rows = Tensor::<2>::from_data([[1.5_f32], [-0.1]], &device);
        let wide = Tensor::<2>::from_data([[f32::MIN_POSITIVE, 3.0]], &device);
        let state = Slots {
            step: 1 << 40,
            scalars: vec![0.1, 1.0 - f64::EPSILON, f64::MIN_POSITIVE],
            tensors: vec![rows.clone(), wide.clone()],
        };
        let back = through_a_record(&state, None).expect("a whole record");
        assert_eq!((back.step, &back.scalars), (state.step, &state.scalars));
        assert_eq!(back.tensors.len(), 2);
        assert_eq!(back.tensors[0].to_data(), rows.to_data());
        assert_eq!(back.tensors[1].to_data(), wide.to_data());
        for leaf in ["step", "scalars", "tensors", "scalar1", "tensor0"] {
            assert!(through_a_record(&state, Some(leaf)).is_none(), "without {leaf}");
        }
        let empty = through_a_record(&Slots::default(), None).expect("an empty record");
        assert_eq!((empty.step, empty.scalars.len(), empty.tensors.len()), (0, 0, 0));
    }
}
