//! Mid-run checkpoints: the whole state of a run at the end of an epoch, from which a
//! killed run resumes with the same bits as if nothing had happened.
//!
//! `<folder>/epoch-<n>/` holds `model.bpk` and `optimizer.bpk` (Burn's records:
//! raw float32 with the parameters' ids, by which the optimizer's state finds
//! them), `best.safetensors` if the best weights are kept, `recurrent.f32` if a stream carries
//! a recurrent state (little-endian float32), and `state.json`.
//! Order of batches, learning rate and random streams are functions of seed and
//! epoch, so nothing of them is kept. A checkpoint is put together under
//! `.epoch-<n>.tmp`, synced and renamed; the one before is removed after that.
//!
//! A run resumes only where the bits are promised: same run, same environment, every
//! file with the digest it was written with. Anything else is logged to standard error
//! and the next older checkpoint is tried. Nothing here fails a run: without a
//! checkpoint it trains from the beginning.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use burn::module::Module;
use burn::store::ModuleRecord;
use burn::tensor::{Bytes, Tensor, TensorData};
use model::Network;
use optimizer_registry::Optimizer;
use serde::{Deserialize, Serialize};
use spec::Digest;
use spec::Id;
use spec::event::{Checkpoint, Options, Save};
use spec::metric::{EpochMetric, Metric};
use spec::record::Environment;
use store::atomic;

use crate::job::{Job, State};
use crate::progress::Progress;
use crate::stop;
use crate::weights::WeightSaver;

/// Version of the layout; a checkpoint of another version is not resumed.
const FORMAT: u32 = 1;

const MODEL: &str = "model.bpk";
const OPTIMIZER: &str = "optimizer.bpk";
const BEST: &str = "best.safetensors";
const RECURRENT: &str = "recurrent.f32";
const STATE: &str = "state.json";

/// `state.json`.
#[derive(Serialize, Deserialize)]
struct Stored {
    /// [`FORMAT`].
    format: u32,
    /// The run it belongs to.
    run_id: Id,
    /// Hash of `environment`.
    exec_id: Id,
    /// Where it was computed.
    environment: Environment,
    /// BLAKE3 of each file beside it.
    files: BTreeMap<String, String>,
    /// Digest of the weights.
    weights: String,
    /// By which metric the best weights are kept; null if they are not.
    best_by: Option<EpochMetric>,
    /// Metrics on request that were measured.
    #[serde(default, rename = "further")]
    on_request: Vec<Metric>,
    /// Shape of the recurrent state that a stream carries; left out where it carries none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    recurrent: Option<[usize; 3]>,
    /// All the rest.
    progress: Progress,
}

/// A checkpoint, read and checked.
pub(crate) struct Found {
    /// The model on its device, and its optimizer.
    pub(crate) state: State,
    /// How far the run was.
    pub(crate) progress: Progress,
    /// The file of the best weights.
    pub(crate) best: Option<Vec<u8>>,
    /// The recurrent state that a stream carries.
    pub(crate) carried: Option<TensorData>,
}

/// The checkpoints of one run.
pub(crate) struct Checkpoints<'a> {
    job: &'a Job<'a>,
    to: Option<&'a Checkpoint>,
    /// True once a failed write has been logged.
    failure_logged: bool,
}

impl<'a> Checkpoints<'a> {
    /// The checkpoint manager of a run; it does nothing where the run has no folder for them.
    pub(crate) fn new(job: &'a Job<'a>) -> Self {
        Checkpoints { job, to: job.options.checkpoint.as_ref(), failure_logged: false }
    }

    /// The newest usable checkpoint. `initial` is the model before training, with the
    /// digest of its weights.
    pub(crate) fn newest(
        &self,
        initial: &Network,
        init_digest: &str,
        optimizer: &dyn Fn(&Network) -> Optimizer,
    ) -> Option<Found> {
        let mut epochs: Vec<(u64, PathBuf)> = entries(&self.to?.folder)
            .ok()?
            .into_iter()
            .filter_map(|(name, path)| Some((name.strip_prefix("epoch-")?.parse().ok()?, path)))
            .collect();
        epochs.sort();
        for (epoch, folder) in epochs.iter().rev() {
            match self.read(*epoch, folder, initial, init_digest, optimizer) {
                Ok(found) => return Some(found),
                Err(error) => say(&format!("cannot resume from {}: {error:#}", folder.display())),
            }
        }
        if !epochs.is_empty() {
            say("no usable checkpoint: training from the beginning");
        }
        None
    }

    fn read(
        &self,
        segment: u64,
        folder: &Path,
        initial: &Network,
        init_digest: &str,
        optimizer: &dyn Fn(&Network) -> Optimizer,
    ) -> anyhow::Result<Found> {
        let text = fs::read(folder.join(STATE)).context(STATE)?;
        let stored: Stored = serde_json::from_slice(&text).context(STATE)?;
        ensure!(stored.format == FORMAT, "its format is {}, not {FORMAT}", stored.format);
        ensure!(stored.run_id == self.job.run_id, "it is of run {}", stored.run_id);
        self.same_environment(&stored)?;
        ensure!(stored.progress.segment == segment, "it is of segment {}", stored.progress.segment);
        let best_by = best_by(self.job.options);
        if best_by.is_some() && best_by != stored.best_by {
            bail!("the best weights were not kept, or by another metric");
        }
        let missing = |metric: &Metric| !stored.on_request.contains(metric);
        if let Some(metric) =
            stop::on_request(self.job.spec, self.job.options).iter().find(|m| missing(m))
        {
            bail!("its epochs did not measure {metric}");
        }
        ensure!(stored.progress.init_digest == init_digest, "it began with other weights");
        let bytes = |name: &str| -> anyhow::Result<Vec<u8>> {
            let bytes = fs::read(folder.join(name)).context(name.to_owned())?;
            let expected = stored.files.get(name).map(String::as_str);
            ensure!(expected == Some(digest(&bytes).as_str()), "{name} is damaged");
            Ok(bytes)
        };
        // The model first: with its record come the ids of its parameters.
        let record = ModuleRecord::from_bytes(Bytes::from_bytes_vec(bytes(MODEL)?))?;
        let network = initial.clone().try_load_record(record)?;
        ensure!(model::digest(&network) == stored.weights, "its weights are not the recorded ones");
        let optimizer = optimizer(&network).from_bytes(Bytes::from_bytes_vec(bytes(OPTIMIZER)?))?;
        let best = match stored.progress.best.filter(|_| best_by.is_some()) {
            Some(_) => Some(bytes(BEST)?),
            None => None,
        };
        let carried = match stored.recurrent {
            Some(shape) => Some(floats(&bytes(RECURRENT)?, shape)?),
            None => None,
        };
        Ok(Found { state: (network, optimizer), progress: stored.progress, best, carried })
    }

    /// Checks that the bits are promised to be equal; the error names the fields in which
    /// the environments differ.
    fn same_environment(&self, stored: &Stored) -> anyhow::Result<()> {
        let differing = stored.environment.differing(self.job.environment);
        let texts: Vec<String> = differing
            .iter()
            .map(|d| format!("{} was {}, is {}", d.field, d.ours, d.theirs))
            .collect();
        ensure!(texts.is_empty(), "its bits are of another environment: {}", texts.join("; "));
        ensure!(
            stored.exec_id == stored.environment.id(),
            "its exec_id {} is not that of its environment",
            stored.exec_id
        );
        Ok(())
    }

    /// Returns true where a checkpoint is due after this segment: every so many, and at a pause.
    pub(crate) fn due(&self, segment: u64) -> bool {
        let segments = self.job.spec.segments();
        let unit = if self.job.spec.train.steps == 0 { segments.length } else { 1 };
        let every = self.to.map_or(0, |to| to.every.saturating_mul(unit));
        stop::pauses(self.job.options, segment) || every > 0 && segments.is_due(segment, every)
    }

    /// Writes a checkpoint, with the best weights that are kept and the recurrent state that a
    /// stream carries, then removes the others. A failure is logged once and keeps the
    /// existing checkpoints.
    pub(crate) fn write(
        &mut self,
        state: &State,
        progress: &Progress,
        weights: &WeightSaver<'_>,
        carried: Option<Tensor<3>>,
    ) {
        let best = weights.best(progress);
        let Some(to) = self.to else { return };
        if let Err(error) = self.try_write(&to.folder, state, progress, best, carried)
            && !self.failure_logged
        {
            self.failure_logged = true;
            say(&format!(
                "no checkpoint in {}: {error:#}; training continues, and after a kill it resumes from an earlier checkpoint or starts over",
                to.folder.display()
            ));
        }
    }

    fn try_write(
        &self,
        folder: &Path,
        state: &State,
        progress: &Progress,
        best: Option<&Path>,
        carried: Option<Tensor<3>>,
    ) -> anyhow::Result<()> {
        fs::create_dir_all(folder)?;
        let name = format!("epoch-{}", progress.segment);
        // One of this name was left aside at the start: this is a later epoch.
        remove(&folder.join(&name))?;
        atomic::put_folder(&folder.join(&name), |temporary| -> anyhow::Result<()> {
            let mut files = BTreeMap::new();
            let mut put = |name: &str, bytes: &[u8]| {
                files.insert(name.to_owned(), digest(bytes));
                atomic::write_synced(&temporary.join(name), bytes).context(name.to_owned())
            };
            put(MODEL, &state.0.clone().into_record().into_bytes()?)?;
            put(OPTIMIZER, &state.1.to_bytes()?)?;
            if let Some(path) = best {
                put(BEST, &fs::read(path).with_context(|| path.display().to_string())?)?;
            }
            if let Some(carried) = &carried {
                let values = carried.clone().try_into_data()?;
                let values = values.iter::<f32>().flat_map(f32::to_le_bytes);
                put(RECURRENT, &values.collect::<Vec<u8>>())?;
            }
            let stored = Stored {
                format: FORMAT,
                run_id: self.job.run_id,
                exec_id: self.job.environment.id(),
                environment: self.job.environment.clone(),
                files,
                weights: model::digest(&state.0),
                best_by: best_by(self.job.options),
                on_request: stop::on_request(self.job.spec, self.job.options),
                recurrent: carried.as_ref().map(Tensor::dims),
                progress: progress.clone(),
            };
            atomic::write_synced(&temporary.join(STATE), &serde_json::to_vec(&stored)?)?;
            Ok(())
        })?;
        for (other, path) in entries(folder)? {
            if other != name {
                remove(&path).with_context(|| path.display().to_string())?;
            }
        }
        Ok(())
    }
}

/// Checkpoints in a folder, whole and half written, by name.
fn entries(folder: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut out = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("epoch-") || name.starts_with(".epoch-") {
            out.push((name, entry.path()));
        }
    }
    Ok(out)
}

/// Removes a folder with all it holds, or a file; that there is none is well.
fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(e) => Err(e),
    };
    removed.or_else(|e| if e.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(e) })
}

fn best_by(options: &Options) -> Option<EpochMetric> {
    options.save.as_ref().filter(|s| s.which == Save::Best).map(|s| s.by)
}

/// Little-endian numbers as a tensor's.
fn floats(bytes: &[u8], shape: [usize; 3]) -> anyhow::Result<TensorData> {
    let values = bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    let values: Vec<f32> = values.collect();
    ensure!(values.len() == shape.iter().product::<usize>(), "{RECURRENT} has another size");
    Ok(TensorData::new(values, shape))
}

fn digest(bytes: &[u8]) -> String {
    Digest::of(bytes).to_string()
}

/// Standard error is the run's log.
fn say(message: &str) {
    eprintln!("sweep-worker: {message}");
}
