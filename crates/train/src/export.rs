//! Exports initial weights and batch orders as plain files, so that another framework can train on
//! exactly the same inputs (see `xtask/python/parity.py`).

use std::fs;
use std::io;
use std::path::Path;

use burn::tensor::Device;
use data::Dataset;
use serde_json::json;
use spec::RunSpec;

use crate::order::Order;

/// Writes the user data of a run: `train_inputs.f32` and `test_inputs.f32` (little-endian float32,
/// `[samples, features]`, validation samples last), their targets as `train_labels.i64` or
/// `train_values.f32` and `test_labels.i64` or `test_values.f32`, and `data.json` with the numbers
/// of features, classes, targets and samples of each part.
///
/// # Errors
/// Fails if a file cannot be written.
pub fn data(spec: &RunSpec, data: &Dataset, folder: &Path) -> io::Result<()> {
    let floats = |v: &[f32]| v.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
    for (name, part) in [("train", &data.train), ("test", &data.test)] {
        fs::write(folder.join(format!("{name}_inputs.f32")), floats(&part.inputs))?;
        if data.classes > 0 {
            let labels: Vec<u8> = part.labels.iter().flat_map(|c| c.to_le_bytes()).collect();
            fs::write(folder.join(format!("{name}_labels.i64")), labels)?;
        } else {
            fs::write(folder.join(format!("{name}_values.f32")), floats(&part.values))?;
        }
    }
    let facts = json!({
        "features": data.features,
        "classes": data.classes,
        "targets": data.train.targets,
        "train": data.train.inputs.len() / data.features.max(1),
        "validation": spec.data.validation,
        "test": data.test.inputs.len() / data.features.max(1),
    });
    fs::write(folder.join("data.json"), serde_json::to_vec_pretty(&facts)?)
}

/// Writes `spec.json`, `parameters.json` (path, shape, offset in bytes), `parameters.f32`
/// (little-endian float32; weights of linear layers as `[in, out]`, embeddings as `[rows, width]`)
/// and, for each epoch, `order-<epoch>.u32` (little-endian indices into the training split). Random
/// changes of images (`[data] augment`) are not exported.
///
/// # Errors
/// Fails if a file cannot be written.
pub fn export(spec: &RunSpec, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let (shape, outputs) = (spec.data.shape(), spec.data.dataset.outputs());
    let network = model::build_with(
        &spec.model,
        shape,
        outputs,
        model::init::Draws { init: &spec.init, seed: spec.seed },
        &Device::flex(),
    );
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
        let order = Order::epoch(spec.seed, epoch, samples, &spec.data, 1);
        let bytes: Vec<u8> = order.indices().iter().flat_map(|i| i.to_le_bytes()).collect();
        fs::write(folder.join(format!("order-{epoch}.u32")), bytes)?;
    }
    Ok(())
}
