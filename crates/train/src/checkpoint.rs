//! Mid-run checkpoints: the whole state of a run at the end of a segment, from which a killed or
//! paused run resumes with the same bits as an uninterrupted one.
//!
//! `<folder>/epoch-<segment>/` holds `model.bpk` and `optimizer.bpk` (Burn's records: raw float32
//! with the parameters' ids, by which the optimizer finds its state), `best.safetensors` if the
//! best weights are kept, `recurrent.f32` (little-endian float32) if a stream carries a recurrent
//! state, and `state.json`. The order of batches, learning rates and random streams are functions
//! of seed and epoch and are not stored. A checkpoint is written under `.epoch-<segment>.tmp`,
//! synced and renamed; then the previous one is removed.
//!
//! A run resumes only where the same bits are guaranteed: same run, same environment, every file
//! with its recorded digest. Any other checkpoint is logged to standard error and the next older
//! one is tried. No failure here fails a run: without a usable checkpoint it trains from the
//! beginning.

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

/// Content of `state.json`.
#[derive(Serialize, Deserialize)]
struct Stored {
    /// [`FORMAT`].
    format: u32,
    /// Id of the run that wrote it.
    run_id: Id,
    /// Hash of `environment`.
    exec_id: Id,
    /// Environment that computed it.
    environment: Environment,
    /// BLAKE3 digest of each other file of the checkpoint, by name.
    files: BTreeMap<String, String>,
    /// Digest of the weights, by [`model::digest`].
    weights: String,
    /// Metric by which the best weights are kept; null if they are not.
    best_by: Option<EpochMetric>,
    /// Metrics on request that the run measures.
    #[serde(default, rename = "further")]
    on_request: Vec<Metric>,
    /// Shape `[2 * layers, batch, width]` of a stream's recurrent state; omitted without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    recurrent: Option<[usize; 3]>,
    /// Everything else.
    progress: Progress,
}

/// A checkpoint that was read and verified.
pub(crate) struct Found {
    /// The model on its device, and its optimizer.
    pub(crate) state: State,
    /// Progress of the run at the checkpoint.
    pub(crate) progress: Progress,
    /// Content of the best weights' file; `None` if they are not kept.
    pub(crate) best: Option<Vec<u8>>,
    /// Recurrent state of a stream; `None` without one.
    pub(crate) carried: Option<TensorData>,
}

/// Checkpoint manager of one run.
pub(crate) struct Checkpoints<'a> {
    job: &'a Job<'a>,
    to: Option<&'a Checkpoint>,
    /// True once a failed write has been logged.
    failure_logged: bool,
}

impl<'a> Checkpoints<'a> {
    /// Creates the checkpoint manager of a run; a no-op if the run has checkpoints disabled.
    pub(crate) fn new(job: &'a Job<'a>) -> Self {
        Checkpoints { job, to: job.options.checkpoint.as_ref(), failure_logged: false }
    }

    /// Returns the newest usable checkpoint; `None` without one. `initial` is the model before
    /// training and `init_digest` the digest of its weights.
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
        // The model comes first: its record restores the ids by which the optimizer finds its
        // state.
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

    /// Checks that the environments are equal, which guarantees the same bits. The error names the
    /// fields that differ.
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

    /// Returns true if a checkpoint is due after this segment: at the configured interval and at a
    /// pause.
    pub(crate) fn due(&self, segment: u64) -> bool {
        let segments = self.job.spec.segments();
        let unit = if self.job.spec.train.steps == 0 { segments.length } else { 1 };
        let every = self.to.map_or(0, |to| to.every.saturating_mul(unit));
        stop::pauses(self.job.options, segment) || every > 0 && segments.is_due(segment, every)
    }

    /// Writes a checkpoint, with the best weights and the recurrent state if there are any, then
    /// removes the older ones. A failure is logged once and leaves the existing checkpoints in
    /// place.
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
        // An existing checkpoint of this name was found unusable when the run started.
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

/// Lists the checkpoints in a folder by name, complete and partial ones.
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

/// Removes a file, or a folder with its contents; a missing path is not an error.
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

/// Decodes little-endian float32 numbers into tensor data of this shape.
fn floats(bytes: &[u8], shape: [usize; 3]) -> anyhow::Result<TensorData> {
    let values = bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    let values: Vec<f32> = values.collect();
    ensure!(values.len() == shape.iter().product::<usize>(), "{RECURRENT} has another size");
    Ok(TensorData::new(values, shape))
}

fn digest(bytes: &[u8]) -> String {
    Digest::of(bytes).to_string()
}

/// Writes a message to standard error, which is the run's log.
fn say(message: &str) {
    eprintln!("sweep-worker: {message}");
}
