//! The dataset on the device, and the batches cut from it.

use std::path::Path;

use burn::tensor::{Device, Int, Tensor, TensorData};
use data::{DataError, Part};
use model::Targets;
use spec::DatasetSpec;
use spec::run::DataSpec;
use spec::seed::permutation;

/// Samples and labels on a device, as one tensor each.
#[derive(Clone)]
pub(crate) struct Samples {
    /// `[n, features]`, float32, scaled.
    pub(crate) inputs: Tensor<2>,
    /// What the model is to answer, `n` of them.
    pub(crate) targets: Targets,
}

impl Samples {
    fn upload(part: Part, features: usize, device: &Device) -> Self {
        let n = part.inputs.len() / features.max(1);
        let targets = if !part.values.is_empty() {
            Targets::Values(Tensor::from_data(TensorData::new(part.values, [n, 1]), device))
        } else if part.labels.is_empty() {
            Targets::None
        } else {
            Targets::Classes(Tensor::from_data(TensorData::new(part.labels, [n]), device))
        };
        let inputs = Tensor::from_data(TensorData::new(part.inputs, [n, features]), device);
        Samples { inputs, targets }
    }

    /// Number of samples.
    pub(crate) fn len(&self) -> usize {
        self.inputs.dims()[0]
    }

    /// Samples `from..to` in file order.
    pub(crate) fn range(&self, from: usize, to: usize) -> Self {
        Samples {
            inputs: self.inputs.clone().slice(from..to),
            targets: match &self.targets {
                Targets::Classes(c) => Targets::Classes(c.clone().slice(from..to)),
                Targets::Values(v) => Targets::Values(v.clone().slice(from..to)),
                Targets::None => Targets::None,
            },
        }
    }

    /// The samples of these indices.
    pub(crate) fn select(&self, indices: &Tensor<1, Int>) -> Self {
        Samples {
            inputs: self.inputs.clone().select(0, indices.clone()),
            targets: match &self.targets {
                Targets::Classes(c) => Targets::Classes(c.clone().select(0, indices.clone())),
                Targets::Values(v) => Targets::Values(v.clone().select(0, indices.clone())),
                Targets::None => Targets::None,
            },
        }
    }
}

/// A dataset on a device; kept by the worker from run to run.
pub struct DeviceData {
    dataset: DatasetSpec,
    /// Digest of what was read.
    pub(crate) digest: String,
    /// The same in host memory.
    host: data::Dataset,
    train: Samples,
    /// The test split.
    pub(crate) test: Samples,
}

impl DeviceData {
    /// Reads a dataset, checked, and puts it on the device. `folder` holds the
    /// built-in ones; paths of own data are relative to `root`.
    ///
    /// # Errors
    /// Files that are missing or not what their checksum says.
    pub fn load(
        dataset: &DatasetSpec,
        folder: &Path,
        root: &Path,
        device: &Device,
    ) -> Result<Self, DataError> {
        let host = data::load_spec(dataset, folder, root)?;
        let upload = |part| Samples::upload(part, host.features, device);
        Ok(DeviceData {
            dataset: dataset.clone(),
            digest: host.digest.clone(),
            train: upload(host.train.clone()),
            test: upload(host.test.clone()),
            host,
        })
    }

    /// Which dataset it is: with the checksum of its bytes, their scaling and
    /// the test split, so that equal ones hold equal numbers.
    pub fn dataset(&self) -> &DatasetSpec {
        &self.dataset
    }

    /// What is on the device, in host memory.
    pub(crate) fn host(&self) -> &data::Dataset {
        &self.host
    }

    /// The training split, how many of its first samples are trained on, and
    /// those held out: the last `validation` of the file.
    ///
    /// Batches are picked from the whole split: of a slice, flex would copy all
    /// the samples trained on at every `select`.
    pub(crate) fn split(&self, validation: usize) -> (Samples, usize, Option<Samples>) {
        let n = self.train.len();
        let kept = n.saturating_sub(validation);
        let held = (validation > 0).then(|| self.train.range(kept, n));
        (self.train.clone(), kept, held)
    }
}

impl Samples {
    /// The same with other inputs: the noise on a function's gradient.
    pub(crate) fn with_inputs(self, inputs: Tensor<2>) -> Self {
        Samples { inputs, ..self }
    }
}

/// One epoch's order and its cuts into batches.
pub(crate) struct EpochOrder {
    indices: Vec<u32>,
    batch: usize,
    drop_last: bool,
}

impl EpochOrder {
    /// The order of `epoch` (from 1): a pure function of seed and epoch.
    pub(crate) fn new(seed: u64, epoch: u64, samples: usize, data: &DataSpec) -> Self {
        let batch = usize::try_from(data.batch_size).unwrap_or(usize::MAX);
        EpochOrder { indices: permutation(seed, epoch, samples), batch, drop_last: data.drop_last }
    }

    /// Bounds of the batches, in order.
    pub(crate) fn bounds(&self) -> Vec<(usize, usize)> {
        let n = self.indices.len();
        (0..n)
            .step_by(self.batch.max(1))
            .map(|start| (start, (start + self.batch).min(n)))
            .filter(|(start, end)| !self.drop_last || end - start == self.batch)
            .collect()
    }

    /// The whole order as one tensor: batches are slices of it, so that an
    /// epoch needs one upload.
    pub(crate) fn upload(&self, device: &Device) -> Tensor<1, Int> {
        let indices: Vec<i64> = self.indices.iter().map(|&i| i64::from(i)).collect();
        let n = indices.len();
        Tensor::from_data(TensorData::new(indices, [n]), device)
    }

    /// BLAKE3 of the indices that are fed, in order, with the batch size.
    pub(crate) fn digest(&self) -> String {
        let fed = self.bounds().last().map_or(0, |(_, end)| *end);
        let mut hash = blake3::Hasher::new();
        hash.update(&(self.batch as u64).to_le_bytes());
        for index in &self.indices[..fed] {
            hash.update(&index.to_le_bytes());
        }
        hash.finalize().to_hex()[..32].to_owned()
    }

    /// The order itself.
    pub(crate) fn indices(&self) -> &[u32] {
        &self.indices
    }
}

#[cfg(test)]
mod tests {
    use spec::DatasetName;

    use super::*;

    fn spec(batch_size: u64, drop_last: bool) -> DataSpec {
        DataSpec { dataset: DatasetName::Digits.into(), batch_size, validation: 0, drop_last }
    }

    #[test]
    fn the_short_batch_is_kept_or_dropped() {
        let keep = EpochOrder::new(1, 1, 10, &spec(4, false));
        assert_eq!(keep.bounds(), [(0, 4), (4, 8), (8, 10)]);
        let drop = EpochOrder::new(1, 1, 10, &spec(4, true));
        assert_eq!(drop.bounds(), [(0, 4), (4, 8)]);
        assert_ne!(keep.digest(), drop.digest(), "what is not fed is not digested");
    }

    #[test]
    fn the_digest_follows_seed_epoch_and_batch_size() {
        let digest =
            |seed, epoch, batch| EpochOrder::new(seed, epoch, 100, &spec(batch, false)).digest();
        assert_eq!(digest(1, 1, 8), digest(1, 1, 8));
        assert_ne!(digest(1, 1, 8), digest(2, 1, 8));
        assert_ne!(digest(1, 1, 8), digest(1, 2, 8));
        assert_ne!(digest(1, 1, 8), digest(1, 1, 16));
    }
}
