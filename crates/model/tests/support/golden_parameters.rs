//! Parameters of golden files, in PyTorch's order, for tests of this crate and of `train`.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Tensor, TensorData};
use model::Network;
use serde_json::Value;

pub fn floats(value: &Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap() as f32).collect()
}

/// Returns a parameter's values in PyTorch's order: a linear layer's weight is transposed, an
/// embedding is not.
pub fn in_torchs_order(path: &str, shape: &[usize], values: &[f32]) -> Vec<f32> {
    let [rows, columns] = shape[..] else { return values.to_vec() };
    if path.ends_with("_embedding") {
        return values.to_vec();
    }
    (0..columns).flat_map(|c| (0..rows).map(move |r| values[r * columns + c])).collect()
}

/// Returns the network with its parameters replaced by those of a golden file, by path.
///
/// # Panics
/// If the values do not match the network's parameters.
pub fn filled(network: Network, values: &Value) -> Network {
    let mut fill = Fill { path: Vec::new(), values, filled: 0 };
    let network = network.map(&mut fill);
    assert_eq!(fill.filled, values.as_object().unwrap().len());
    network
}

/// Replaces parameters by those of a golden file.
struct Fill<'a> {
    path: Vec<String>,
    values: &'a Value,
    filled: usize,
}

impl ModuleMapper for Fill<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        if !container.starts_with("Enum:") {
            self.path.push(name.to_owned());
        }
    }

    fn exit_module(&mut self, _: &str, container: &str) {
        if !container.starts_with("Enum:") {
            self.path.pop();
        }
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, tensor, mapper) = param.consume();
        let path = self.path.join(".");
        let values = floats(&self.values[&path]);
        let (dims, device) = (tensor.dims(), tensor.device());
        // PyTorch's [out, in] is the transpose of a matrix [in, out].
        let turned: Vec<usize> = dims.iter().rev().copied().collect();
        let values = if D == 2 { in_torchs_order(&path, &turned, &values) } else { values };
        self.filled += 1;
        let filled = Tensor::<D>::from_data(TensorData::new(values, dims), &device).require_grad();
        Param::from_mapped_value(id, filled, mapper)
    }
}
