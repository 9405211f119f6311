//! The launcher that trains on this machine, with a worker process for each slot.

use spec::plan::{Plan, PlannedRun};
use store::layout::ReportDir;

use super::{Launched, Launcher, Work};
use crate::executor::Cancel;
use crate::pause;
use crate::status_file::StatusFile;
use crate::training::{Sweep, train};
use store::writer::JournalWriter;

/// Trains on the slots of this machine.
pub struct Local {
    /// Handle that ends the training.
    pub cancel: Cancel,
}

impl Launcher for Local {
    fn alone(&self, dir: &ReportDir, plan: &Plan) -> crate::Result<()> {
        super::slurm::none_elsewhere(dir, &plan.name)?;
        super::no_signs_of_life(dir)
    }

    fn explain(&self, _: &Work<'_>, _: &[&PlannedRun]) -> crate::Result<String> {
        Ok(String::new())
    }

    fn launch(
        &self,
        work: &Work<'_>,
        todo: Vec<PlannedRun>,
        status_file: &mut StatusFile,
    ) -> crate::Result<Launched> {
        let sweep = Sweep {
            dir: work.dir,
            plan: work.plan,
            machine: work.machine,
            args: work.args,
            data: work.workspace.data(),
            root: work.workspace.root().to_path_buf(),
            logs: work.dir.logs(),
            provenance: work.provenance.clone(),
            pauses: pause::pauses_now(work.dir, work.plan)?,
            cached: work.cached,
            begun: work.begun,
        };
        let journal = JournalWriter::create(work.dir, work.started)?;
        let trained = train(&sweep, todo, journal, work.started, &self.cancel, status_file)?;
        Ok(Launched::Trained(trained))
    }
}
