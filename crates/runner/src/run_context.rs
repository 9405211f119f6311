//! Options that a worker gets in addition to a run: what it keeps, what it measures, and where
//! the run pauses.

use std::path::PathBuf;

use spec::event::{Checkpoint, Options, Save, SaveTo};
use spec::metric::EpochMetric;
use spec::plan::{ArtifactOptions, PlannedRun};
use spec::provenance::Provenance;
use store::layout::ReportDir;

use crate::pause::Pauses;

/// Options of every run of a sweep, apart from its [`crate::scheduler::RetryPolicy`].
#[derive(Clone, Debug)]
pub struct RunContext {
    /// Number of runs trained side by side, for records.
    pub jobs: u64,
    /// Checkpoints, saved weights, metrics and timeout.
    pub keeping: ArtifactOptions,
    /// Metric that decides which weights are the best.
    pub best_by: EpochMetric,
    /// Report folder, absolute.
    pub dir: ReportDir,
    /// Folder that paths of user data are relative to, absolute.
    pub root: PathBuf,
    /// Provenance that every record holds.
    pub provenance: Provenance,
    /// Segments at whose ends runs pause; other runs train to their end.
    pub pause: Pauses,
    /// Whether runs resume from checkpoints in the folder, of a pause or of an earlier sweep.
    pub go_on: bool,
}

impl RunContext {
    /// Returns the options of a run for its worker.
    pub fn options(&self, run: &PlannedRun) -> Options {
        let every = self.keeping.checkpoint_every;
        let pause_at = self.pause.get(&run.run_id).copied();
        let folder = self.dir.checkpoint_of(run.run_id);
        let kept = every > 0 || pause_at.is_some() || self.go_on && folder.is_dir();
        Options {
            root: self.root.clone(),
            checkpoint: kept.then_some(Checkpoint { folder, every }),
            save: (self.keeping.save != Save::None).then(|| SaveTo {
                which: self.keeping.save,
                by: self.best_by,
                path: self.dir.weights_of(run.run_id),
            }),
            metrics: self.keeping.metrics.clone(),
            evaluate_every: Some(self.keeping.evaluate_every).filter(|&every| every > 0),
            evaluate_samples: Some(self.keeping.evaluate_samples).filter(|&count| count > 0),
            pause_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use sweep_file::{Overrides, load_text};

    use super::*;

    #[test]
    fn a_run_has_a_folder_for_checkpoints_where_one_is_or_will_be() {
        let text = "[data]\ndataset = \"digits\"\n[model]\nkind = \"linear\"\n[[optimizer]]\nkind = \"sgd\"\nlr = 0.1\n";
        let plan = load_text("x.toml", "x", text.to_owned(), &Overrides::default()).unwrap().plan;
        let (run, place) = (&plan.runs[0], tempfile::tempdir().unwrap());
        let context = RunContext {
            jobs: 1,
            keeping: ArtifactOptions::default(),
            best_by: EpochMetric::TRAIN_LOSS,
            dir: ReportDir::new(place.path()),
            root: PathBuf::new(),
            provenance: Provenance::default(),
            pause: Pauses::new(),
            go_on: true,
        };
        let told = |context: &RunContext| {
            let options = context.options(run);
            (options.checkpoint.map(|checkpoint| checkpoint.every), options.pause_at)
        };
        assert_eq!(told(&context), (None, None));
        let pause = Pauses::from([(run.run_id, 3)]);
        let pausing = RunContext { pause, ..context.clone() };
        assert_eq!(told(&pausing), (Some(0), Some(3)));
        let keeping = ArtifactOptions { checkpoint_every: 2, ..ArtifactOptions::default() };
        let often = RunContext { keeping, ..pausing };
        assert_eq!(told(&often), (Some(2), Some(3)));
        // A run resumes from the checkpoint of a pause, unless `go_on` is false, as for `verify`.
        std::fs::create_dir_all(context.dir.checkpoint_of(run.run_id)).unwrap();
        assert_eq!(told(&context), (Some(0), None));
        assert_eq!(told(&RunContext { go_on: false, ..context }), (None, None));
    }
}
