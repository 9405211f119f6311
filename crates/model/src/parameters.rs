//! Parameters read back from the device, and their digest.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use spec::Digest;

use crate::network::Network;

/// Returns every parameter as (path, shape, values), sorted by path. Values are row-major and read
/// back from the device. A linear layer's weight has Burn's shape `[inputs, outputs]`, the
/// transpose of PyTorch's.
///
/// # Panics
/// If a parameter is not 32-bit float, which no model of the registry has.
pub fn parameters(network: &Network) -> Vec<(String, Vec<usize>, Vec<f32>)> {
    let mut reader = Reader { path: Vec::new(), found: Vec::new() };
    network.visit(&mut reader);
    reader.found.sort_by(|a, b| a.0.cmp(&b.0));
    reader.found
}

/// Returns the BLAKE3 digest (the first 128 bits as 32 hexadecimal characters) of every parameter
/// in order of path: path, shape, little-endian bytes, with lengths in between so that no two
/// models share an encoding.
///
/// Equal digests mean bit-identical weights.
pub fn digest(network: &Network) -> String {
    let mut hash = blake3::Hasher::new();
    let mut buffer = Vec::new();
    for (path, shape, values) in parameters(network) {
        hash.update(&(path.len() as u64).to_le_bytes()).update(path.as_bytes());
        hash.update(&(shape.len() as u64).to_le_bytes());
        for size in shape {
            hash.update(&(size as u64).to_le_bytes());
        }
        buffer.clear();
        buffer.extend(values.iter().flat_map(|v| v.to_le_bytes()));
        hash.update(&buffer);
    }
    Digest::from_hash(&hash.finalize()).to_string()
}

struct Reader {
    path: Vec<String>,
    found: Vec<(String, Vec<usize>, Vec<f32>)>,
}

impl ModuleVisitor for Reader {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        // The variant of an enum is the kind of model or layer, not part of a parameter's path.
        if !container_type.starts_with("Enum:") {
            self.path.push(name.to_owned());
        }
    }

    fn exit_module(&mut self, _name: &str, container_type: &str) {
        if !container_type.starts_with("Enum:") {
            self.path.pop();
        }
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = param.val();
        let shape = tensor.dims().to_vec();
        let values =
            tensor.into_data().try_into_vec::<f32>().expect("model parameters are 32-bit floats");
        self.found.push((self.path.join("."), shape, values));
    }
}
