//! Weights that outlive a run, as a safetensors file.
//!
//! The format is 8 bytes with the length of a JSON header (little-endian), the
//! header, and the values. It is written here, in a few lines, because the
//! crate `safetensors` puts the metadata of a file in random order: equal runs
//! would give files of different bytes. The tests read the files by that crate.
//!
//! Names are the parameter paths (`layers.0.weight`), values little-endian
//! float32. A linear layer's weight is stored as PyTorch has it, `[out, in]`,
//! the transpose of Burn's; an embedding is `[rows, width]` in both. Metadata, all
//! text: `format` (`pt`), `run_id`, `epoch`, `seed`.

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

/// Keeps the weights that a run is asked for.
pub(crate) struct WeightSaver<'a> {
    job: &'a Job<'a>,
    /// Null when none are asked for.
    to: Option<&'a SaveTo>,
}

impl<'a> WeightSaver<'a> {
    /// Makes the file's folder, so that a path that cannot be written ends the
    /// run before it is trained.
    ///
    /// # Errors
    /// Those of making the folder.
    pub(crate) fn new(job: &'a Job<'a>) -> Result<Self, TrainError> {
        let weight_saver =
            WeightSaver { job, to: job.options.save.as_ref().filter(|s| s.which != Save::None) };
        if let Some(to) = weight_saver.to {
            fs::create_dir_all(atomic::parent(&to.path)).map_err(failed(&to.path))?;
        }
        Ok(weight_saver)
    }

    /// The file of the best weights, if there is one.
    pub(crate) fn best(&self, progress: &Progress) -> Option<&'a Path> {
        let to = self.to.filter(|to| to.which == Save::Best)?;
        progress.best.is_some().then_some(to.path.as_path())
    }

    /// Puts back the best weights that a checkpoint holds: an attempt may have
    /// written later ones after it.
    ///
    /// # Errors
    /// Those of writing.
    pub(crate) fn restore(&self, best: Option<&[u8]>) -> Result<(), TrainError> {
        match (self.to, best) {
            (Some(to), Some(bytes)) => keep(&to.path, bytes).map_err(failed(&to.path)),
            _ => Ok(()),
        }
    }

    /// Keeps the weights of the epoch just evaluated if they are the best so far.
    ///
    /// # Errors
    /// Those of writing.
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

    /// Ends the run: keeps the last weights if those are asked for and it
    /// completed. Gives the epoch of what is kept and the digest of its file
    /// as it lies on the disk; where nothing is kept, a file of an earlier life
    /// of this run is removed. A pause keeps nothing that could be taken for
    /// the weights of a result: the best so far lie in its checkpoint.
    ///
    /// # Errors
    /// Those of writing or removing.
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

/// Puts a file of weights at its place; a run is the only writer of its own.
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
        /// First and one past the last byte, from the end of the header.
        data_offsets: [usize; 2],
    },
}

/// The file's bytes; equal models and metadata give equal bytes.
fn encode(
    network: &Network,
    table: &ParameterTable,
    metadata: BTreeMap<&'static str, String>,
) -> io::Result<Vec<u8>> {
    let mut header = BTreeMap::from([("__metadata__".to_owned(), Entry::Metadata(metadata))]);
    let mut values: Vec<u8> = Vec::new();
    for (path, mut shape, parameter) in model::parameters(network) {
        let start = values.len();
        // Two dimensions are a linear layer's weight or an embedding. A convolution's weight has
        // four, in PyTorch's order already.
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
    // Blanks may follow the header; the values then start at a multiple of 8.
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
            // The second number of a matrix of PyTorch is that of the second input.
            assert_eq!(second, values[if turned { shape[1] } else { 1 }], "{path}");
            let expected: Vec<usize> =
                if turned { shape.iter().rev().copied().collect() } else { shape };
            assert_eq!(found.shape(), expected, "{path}");
        }
    }
}
