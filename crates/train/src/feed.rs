//! The dataset on the device, and the splits of a run.

use std::path::Path;

use burn::tensor::Device;
use data::{DataError, Dataset};
use model::Network;
use model::init::Draws;
use spec::run::DataSpec;
use spec::{DatasetSpec, RunSpec};

use crate::device::NamedDevice;
use crate::samples::Samples;

/// A dataset on a device, which the worker keeps from run to run.
pub struct DeviceData {
    host: Dataset,
    /// Matrix of a quadratic, `features * features` values in row-major order; `None` without one.
    matrix: Option<Vec<f32>>,
    train: Samples,
    test: Samples,
}

impl DeviceData {
    /// Reads and verifies a dataset and puts it on the device. `folder` holds the built-in
    /// datasets; paths of user data are relative to `root`.
    ///
    /// # Errors
    /// Fails if a file cannot be read or does not match its checksum.
    pub fn load(
        dataset: &DatasetSpec,
        folder: &Path,
        root: &Path,
        device: &NamedDevice,
    ) -> Result<Self, DataError> {
        let host = data::load_spec(dataset, folder, root)?;
        let upload = |part| Samples::upload(part, host.features, device);
        let matrix = data::matrix(dataset, root)?;
        Ok(DeviceData { train: upload(&host.train), test: upload(&host.test), host, matrix })
    }

    /// Builds the network of a run with its initial weights.
    pub(crate) fn network(&self, spec: &RunSpec, device: &Device) -> Network {
        let dataset = &self.host.name;
        let draws = Draws { init: &spec.init, seed: spec.seed };
        model::build_with(&spec.model, spec.data.shape(), dataset.outputs(), draws, device)
            .with_matrix(self.matrix.as_deref())
    }

    /// Returns the specification of the dataset, which includes the checksum of its bytes, their
    /// scaling and the test split. Equal specifications hold equal numbers.
    pub fn dataset(&self) -> &DatasetSpec {
        &self.host.name
    }

    /// Returns the dataset in host memory.
    pub(crate) fn host(&self) -> &Dataset {
        &self.host
    }

    /// Returns the whole training split, the number of samples of its first part that an epoch
    /// trains on, and the validation samples: the last `validation` of the file, `None` if that is
    /// 0.
    ///
    /// Batches are selected from the whole split, because flex would copy all samples of a slice at
    /// every `select`.
    pub(crate) fn split(&self, data: &DataSpec) -> (Samples, usize, Option<Samples>) {
        let validation = usize::try_from(data.validation).unwrap_or(usize::MAX);
        let train = self.train.of_sequences(data);
        let n = train.inputs.dims()[0];
        let kept = n.saturating_sub(validation);
        let samples = usize::try_from(data.samples(kept as u64)).unwrap_or(usize::MAX);
        let held = (validation > 0).then(|| train.part(kept, n));
        (train, samples, held)
    }

    /// Returns the test split.
    pub(crate) fn test(&self, data: &DataSpec) -> Samples {
        self.test.of_sequences(data)
    }
}

/// Returns the number of batches per optimizer step, at least 1.
pub(crate) fn accumulate(spec: &RunSpec) -> usize {
    usize::try_from(spec.update.accumulate).unwrap_or(usize::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Tensor, TensorData};
    use model::Targets;
    use spec::DatasetName;
    use spec::own_data::{OwnFiles, OwnKind, OwnRequest};
    use spec::run::Batching;

    use super::*;
    use crate::samples::inputs;

    fn spec(batch_size: u64, drop_last: bool) -> DataSpec {
        DataSpec { drop_last, ..DataSpec::new(DatasetName::Digits.into(), batch_size) }
    }

    /// Opens the devices whose tensors are in this process's memory.
    fn devices() -> Vec<NamedDevice> {
        let names = crate::device::available().into_iter().filter(|name| !name.contains("cuda"));
        names.map(|name| crate::device::open(&name, 1).unwrap()).collect()
    }

    /// Writes user data of 1,200 x 1,000 numbers (4.8 MB) into the folder.
    fn own_data(folder: &Path) -> DatasetSpec {
        let (n, features) = (1200usize, 1000usize);
        let npy = |descr: &str, shape: &str, data: Vec<u8>| {
            let text =
                format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
            let text = format!("{text:<117}\n");
            [b"\x93NUMPY\x01\0", &(text.len() as u16).to_le_bytes()[..], text.as_bytes(), &data]
                .concat()
        };
        let values = (0..n * features).flat_map(|i| ((i * 7919 % 1009) as f32).to_le_bytes());
        let labels = (0..n).map(|i| (i % 3) as u8).collect();
        let shape = format!("({n}, {features})");
        std::fs::write(folder.join("x.npy"), npy("<f4", &shape, values.collect())).unwrap();
        std::fs::write(folder.join("y.npy"), npy("|u1", &format!("({n},)"), labels)).unwrap();
        let request = OwnRequest::new(OwnFiles::new(OwnKind::Npy, "x.npy", Some("y.npy")));
        DatasetSpec::Own(Box::new(data::inspect(&request, folder).unwrap().data))
    }

    #[test]
    fn tensors_over_shared_memory_are_those_of_a_copy() {
        let folder = tempfile::tempdir().unwrap();
        let (root, cache) = (folder.path(), folder.path().join("data"));
        let dataset = own_data(root);
        for device in devices() {
            // First without a cache folder (anonymous pages), then with a new cache, then with an
            // existing one.
            let mut digests = Vec::new();
            for step in 0..3 {
                if step == 1 {
                    std::fs::create_dir_all(&cache).unwrap();
                }
                let data = DeviceData::load(&dataset, &cache, root, &device).unwrap();
                let host = &data.host().train.inputs;
                assert!(host.is_mapped());
                let shape = data.train.inputs.dims();
                let copy = TensorData::new(host.to_vec(), shape);
                let copy = Tensor::<2>::from_data(copy, &device.device);
                let (all, kept, held) = data.split(&DataSpec {
                    validation: 100,
                    dataset: dataset.clone(),
                    ..spec(4, false)
                });
                let indices = Tensor::from_data([5i64, 0, 959], &device.device);
                let pairs = [
                    (all.inputs.clone(), copy.clone()),
                    (held.unwrap().inputs, copy.clone().slice(kept..shape[0])),
                    (all.select(&indices).inputs, copy.clone().select(0, indices)),
                    // This would run in place if the tensor had a single owner.
                    (all.inputs.clone().mul_scalar(2.0), copy.clone().mul_scalar(2.0)),
                    (all.inputs.clone(), copy.clone()),
                    (all.inputs.clone().transpose().matmul(all.inputs), {
                        copy.clone().transpose().matmul(copy)
                    }),
                ];
                let mut hash = blake3::Hasher::new();
                for (ours, copied) in pairs {
                    let (ours, copied) = (ours.into_data(), copied.into_data());
                    assert!(ours.as_bytes() == copied.as_bytes(), "{}", device.name);
                    hash.update(ours.as_bytes());
                }
                digests.push(hash.finalize());
            }
            assert!(digests.iter().all(|digest| *digest == digests[0]));
            std::fs::remove_dir_all(&cache).unwrap();
        }
    }

    #[test]
    fn mapped_inputs_are_used_where_they_lie() {
        let folder = tempfile::tempdir().unwrap();
        let dataset = own_data(folder.path());
        let host = data::load_spec(&dataset, folder.path(), folder.path()).unwrap().train.inputs;
        let flex = burn::tensor::Device::flex();
        let flex = NamedDevice {
            name: "flex".to_owned(),
            backend: "flex",
            kind: "cpu",
            index: None,
            tf32: None,
            steps_of_gpu: false,
            device: flex,
        };
        let tensor = inputs(&host, [960, 1000], &flex);
        assert_eq!(tensor.into_data().as_bytes().as_ptr(), host.as_ptr().cast());
        #[cfg(feature = "libtorch")]
        assert_eq!(crate::libtorch::address(crate::libtorch::over(&host, [960, 1000]).unwrap()), {
            host.as_ptr().addr()
        });
    }

    #[test]
    fn sequences_have_the_token_behind_each_as_its_target() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::write(root.join("t.txt"), "abcdefghijabcdefghij").unwrap();
        let files = OwnFiles::new(OwnKind::Text, "t.txt", None);
        let request = OwnRequest { validation: 7, test: Some(0), ..OwnRequest::new(files) };
        let own = data::inspect(&request, root).unwrap().data;
        let dataset = DatasetSpec::Own(Box::new(own));
        let data = DataSpec { context: 3, validation: 7, ..spec(4, false) };
        let data = DataSpec { dataset: dataset.clone(), ..data };
        for device in devices() {
            let loaded = DeviceData::load(&dataset, root, root, &device).unwrap();
            let (all, samples, held) = loaded.split(&data);
            // 13 tokens to train on: four sequences and the token after the last.
            assert_eq!((samples, loaded.test(&data).len()), (4, 0));
            let pairs = |samples: Samples| {
                let Targets::Classes(next) = samples.targets else { unreachable!() };
                let next = next.into_data().iter::<i64>().collect::<Vec<_>>();
                (samples.inputs.into_data().iter::<f32>().collect::<Vec<_>>(), next)
            };
            let at = Tensor::from_data([8i64, 0], &device.device);
            let drawn = pairs(all.select(&at));
            assert_eq!(drawn, (vec![8., 9., 0., 0., 1., 2.], vec![9, 0, 1, 1, 2, 3]));
            let held = held.unwrap();
            assert_eq!(held.len(), 2);
            let held = pairs(held.range(0, 2));
            assert_eq!(held, (vec![3., 4., 5., 6., 7., 8.], vec![4, 5, 6, 7, 8, 9]));
            let some = all.chosen(&[2, 5], &device.device);
            assert_eq!(some.len(), 2);
            let second = pairs(some.range(1, 2));
            assert_eq!(second, (vec![5., 6., 7.], vec![6, 7, 8]));
            assert_eq!(pairs(some.range(0, 1)), (vec![6., 7., 8.], vec![7, 8, 9]));
            // Two lanes of two sequences of the training part, step by step.
            let stream = DataSpec { batching: Batching::Stream, batch_size: 2, ..data.clone() };
            let (all, samples, held) = loaded.split(&stream);
            let part = all.part(0, 13);
            assert_eq!((samples, part.len(), part.lanes()), (4, 4, Some(2)));
            let steps = [pairs(part.of_lanes(0)), pairs(part.of_lanes(1))];
            assert_eq!(steps[0], (vec![0., 1., 2., 6., 7., 8.], vec![1, 2, 3, 7, 8, 9]));
            assert_eq!(steps[1], (vec![3., 4., 5., 9., 0., 1.], vec![4, 5, 6, 0, 1, 2]));
            assert_eq!(held.unwrap().len(), 2);
        }
    }
}
