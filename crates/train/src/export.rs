//! Initial weights and batch orders as plain files, so that another framework
//! can be fed exactly what a run was fed (see `xtask/python/parity.py`).

use std::fs;
use std::io;
use std::path::Path;

use burn::tensor::Device;
use serde_json::json;
use spec::RunSpec;

use crate::feed::EpochOrder;

/// Writes `spec.json`, `parameters.json` (path, shape, offset), `parameters.f32`
/// (little-endian float32, weights as `[in, out]`) and `order-<epoch>.u32`
/// (little-endian indices into the training split) for each epoch.
///
/// # Errors
/// Those of writing the files.
pub fn export(spec: &RunSpec, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let (shape, outputs) = (spec.data.dataset.shape(), spec.data.dataset.outputs());
    let network = model::build(&spec.model, shape, outputs, spec.seed, &Device::flex());
    let mut bytes = Vec::new();
    let mut entries = Vec::new();
    for (path, shape, values) in model::parameters(&network) {
        entries.push(json!({ "path": path, "shape": shape, "offset": bytes.len() }));
        bytes.extend(values.iter().flat_map(|v| v.to_le_bytes()));
    }
    fs::write(folder.join("parameters.f32"), bytes)?;
    fs::write(folder.join("parameters.json"), serde_json::to_vec_pretty(&entries)?)?;
    fs::write(folder.join("spec.json"), serde_json::to_vec_pretty(spec)?)?;
    let samples = usize::try_from(spec.train_samples()).unwrap_or(usize::MAX);
    for epoch in 1..=spec.train.epochs {
        let order = EpochOrder::new(spec.seed, epoch, samples, &spec.data);
        let bytes: Vec<u8> = order.indices().iter().flat_map(|i| i.to_le_bytes()).collect();
        fs::write(folder.join(format!("order-{epoch}.u32")), bytes)?;
    }
    Ok(())
}
