//! Saves a run's weights as a safetensors file.
//!
//! The format is 8 bytes with the length of a JSON header (little-endian), the header, and the
//! values. This module writes it directly because the crate `safetensors` orders a file's metadata
//! at random, so that equal runs would give different files. The tests read the files with that
//! crate.
//!
//! Names are the parameter paths (`layers.0.weight`), values little-endian float32. A linear
//! layer's weight is stored as in PyTorch, `[out, in]`, the transpose of Burn's; an embedding is
//! `[rows, width]` in both. The metadata, all text, are `format` (`pt`), `run_id`, `epoch` (`step`
//! in a run by steps) and `seed`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use model::Network;
use serde::Serialize;
use spec::Digest;
use spec::event::{Save, SaveTo};
use spec::grain::Grain;
use spec::parameters::{ParameterTable, Role};
use spec::record::Status;
use store::atomic::{self, Durability, Writers};

use crate::job::{Job, State, TrainError};
use crate::progress::{Best, Progress};

/// Saves the weights that a run requests.
pub(crate) struct WeightSaver<'a> {
    job: &'a Job<'a>,
    /// Requested weights and their file; `None` if none are requested.
    to: Option<&'a SaveTo>,
}

impl<'a> WeightSaver<'a> {
    /// Creates the file's folder, so that an unwritable path fails the run before it trains.
    ///
    /// # Errors
    /// Fails if the folder cannot be created.
    pub(crate) fn new(job: &'a Job<'a>) -> Result<Self, TrainError> {
        let weight_saver =
            WeightSaver { job, to: job.options.save.as_ref().filter(|s| s.which != Save::None) };
        if let Some(to) = weight_saver.to {
            fs::create_dir_all(atomic::parent(&to.path)).map_err(failed(&to.path))?;
        }
        Ok(weight_saver)
    }

    /// Returns the file of the best weights; `None` if they are not requested or not written yet.
    pub(crate) fn best(&self, progress: &Progress) -> Option<&'a Path> {
        let to = self.to.filter(|to| to.which == Save::Best)?;
        progress.best.is_some().then_some(to.path.as_path())
    }

    /// Restores the best weights of a checkpoint, because an attempt may have written later ones
    /// after it.
    ///
    /// # Errors
    /// Fails if the file cannot be written.
    pub(crate) fn restore(&self, best: Option<&[u8]>) -> Result<(), TrainError> {
        match (self.to, best) {
            (Some(to), Some(bytes)) => keep(&to.path, bytes).map_err(failed(&to.path)),
            _ => Ok(()),
        }
    }

    /// Saves the weights of the epoch just evaluated if they are the best so far.
    ///
    /// # Errors
    /// Fails if the file cannot be written.
    pub(crate) fn offer(&self, state: &State, progress: &mut Progress) -> Result<(), TrainError> {
        let Some(to) = self.to.filter(|to| to.which == Save::Best) else { return Ok(()) };
        let value = progress.value(to.by);
        let better = value.is_finite()
            && progress.best.is_none_or(|best| {
                if to.by.higher_is_better() { value > best.value } else { value < best.value }
            });
        if better {
            self.write(to, &state.1.evaluated(&state.0), progress.done(self.job.spec))?;
            progress.best = Some(Best { epoch: progress.done(self.job.spec), value });
        }
        Ok(())
    }

    /// Ends the run: saves the last weights if they are requested and the run completed. Returns
    /// the epoch (in a run by steps, the step) of the saved weights and the digest of the file on
    /// disk. If nothing is saved, a file of an earlier attempt of this run is removed. A pause
    /// saves nothing that could be mistaken for the weights of a result: its checkpoint holds the
    /// best so far.
    ///
    /// # Errors
    /// Fails if a file cannot be written, read or removed.
    pub(crate) fn finish(
        &self,
        state: &State,
        progress: &Progress,
        status: Status,
    ) -> Result<Option<(u64, String)>, TrainError> {
        let Some(to) = self.to else { return Ok(None) };
        let kept = match (to.which, status) {
            (Save::Best, Status::Completed | Status::Diverged) => {
                progress.best.map(|best| best.epoch)
            }
            (Save::Last, Status::Completed) => {
                self.write(to, &state.1.evaluated(&state.0), progress.done(self.job.spec))?;
                Some(progress.done(self.job.spec))
            }
            _ => None,
        };
        let Some(epoch) = kept else {
            if to.path.exists() {
                fs::remove_file(&to.path).map_err(failed(&to.path))?;
            }
            return Ok(None);
        };
        let bytes = fs::read(&to.path).map_err(failed(&to.path))?;
        Ok(Some((epoch, Digest::of(bytes).to_string())))
    }

    fn write(&self, to: &SaveTo, network: &Network, done: u64) -> Result<(), TrainError> {
        let metadata = BTreeMap::from([
            ("format", "pt".to_owned()),
            ("run_id", self.job.run_id.to_string()),
            (Grain::of_run(self.job.spec).unit(), done.to_string()),
            ("seed", self.job.spec.seed.to_string()),
        ]);
        let table = self.job.spec.table();
        encode(network, &table, metadata)
            .and_then(|bytes| keep(&to.path, &bytes))
            .map_err(failed(&to.path))
    }
}

/// Replaces a file of weights atomically; only its own run writes it.
fn keep(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let write = |file: &mut fs::File| file.write_all(bytes);
    atomic::replace_with(path, Durability::Kept, Writers::One, write)
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> TrainError {
    move |reason| TrainError::Save { path: path.to_owned(), reason }
}

/// An entry of the header.
#[derive(Serialize)]
#[serde(untagged)]
enum Entry {
    Metadata(BTreeMap<&'static str, String>),
    Tensor {
        dtype: &'static str,
        shape: Vec<usize>,
        /// First byte and one past the last, counted from the end of the header.
        data_offsets: [usize; 2],
    },
}

/// Encodes the file; equal models and metadata give equal bytes.
fn encode(
    network: &Network,
    table: &ParameterTable,
    metadata: BTreeMap<&'static str, String>,
) -> io::Result<Vec<u8>> {
    let mut header = BTreeMap::from([("__metadata__".to_owned(), Entry::Metadata(metadata))]);
    let mut values: Vec<u8> = Vec::new();
    for (path, mut shape, parameter) in model::parameters(network) {
        let start = values.len();
        // A 2-D parameter is a linear layer's weight or an embedding. A convolution's 4-D weight is
        // already in PyTorch's order.
        let embedding = table.get(&path).is_some_and(|known| known.is(Role::Embedding));
        if let ([inputs, outputs], false) = (&shape[..], embedding) {
            let (inputs, outputs) = (*inputs, *outputs);
            for output in 0..outputs {
                let column = (0..inputs).map(|input| parameter[input * outputs + output]);
                values.extend(column.flat_map(f32::to_le_bytes));
            }
            shape.reverse();
        } else {
            values.extend(parameter.into_iter().flat_map(f32::to_le_bytes));
        }
        let data_offsets = [start, values.len()];
        header.insert(path, Entry::Tensor { dtype: "F32", shape, data_offsets });
    }
    let mut header = serde_json::to_vec(&header)?;
    // Spaces may follow the header, so that the values start at a multiple of 8.
    header.resize(header.len().next_multiple_of(8), b' ');
    let mut out = (header.len() as u64).to_le_bytes().to_vec();
    out.extend(header);
    out.extend(values);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;
    use safetensors::SafeTensors;
    use spec::ModelSpec;

    use super::*;

    #[test]
    fn matrices_are_turned_and_embeddings_are_not() {
        let spec: ModelSpec = serde_json::from_str(
            r#"{"kind":"gpt","layers":1,"heads":1,"width":2,"mlp":4,"norm":"layer","bias":true,"tied":false,"dropout":0.0}"#,
        )
        .unwrap();
        let network = model::build(&spec, [1, 1, 3], 5, 0, &Device::flex());
        let bytes = encode(&network, &spec.table([1, 1, 3], 5), BTreeMap::new()).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        for (path, shape, values) in model::parameters(&network) {
            let found = file.tensor(&path).unwrap();
            let second = f32::from_le_bytes(found.data()[4..8].try_into().unwrap());
            let turned = shape.len() == 2 && !path.ends_with("_embedding");
            // The second number of PyTorch's matrix belongs to the second input.
            assert_eq!(second, values[if turned { shape[1] } else { 1 }], "{path}");
            let expected: Vec<usize> =
                if turned { shape.iter().rev().copied().collect() } else { shape };
            assert_eq!(found.shape(), expected, "{path}");
        }
    }
}
