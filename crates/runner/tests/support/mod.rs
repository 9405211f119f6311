//! A workspace in a temporary folder, and the built `sweep` run in it.
#![allow(dead_code)]

mod programs;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use spec::record::RunRecord;
use store::layout::ReportDir;

pub use programs::program;

/// Folder with `experiments/`, `data/` (the repository's) and `reports/`.
pub struct Sandbox {
    folder: tempfile::TempDir,
    worker: PathBuf,
    /// Holds a scripted worker's program.
    _script: Option<tempfile::TempDir>,
}

/// Waits until something holds; a minute is more than any machine needs.
pub fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    use std::time::{Duration, Instant};
    let patience = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < patience, "{what} never came");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The real worker, for libtorch.
pub fn real_worker() -> PathBuf {
    program("SWEEP_WORKER")
}

/// The real worker for flex.
pub fn flex_worker() -> PathBuf {
    program("SWEEP_FLEX_WORKER")
}

/// Returns a script of the real worker that never receives one run: that at 0.1 with the seed 1.
pub fn worker_that_loses_a_run() -> String {
    format!(
        r#"#!/bin/bash
if [ "$1" = --probe ]; then exec "{0}" "$@"; fi
exec "{0}" "$@" < <(while read -r line; do
  if [[ "$line" == *'"lr":0.1'[,}}]* && "$line" == *'"seed":1'[,}}]* ]]; then exit; fi
  printf '%s\n' "$line"
done)
"#,
        real_worker().display()
    )
}

impl Sandbox {
    /// Returns a sandbox with the real worker.
    pub fn new() -> Self {
        Self::with_worker(real_worker())
    }

    /// Returns a sandbox with this worker.
    pub fn with_worker(worker: PathBuf) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("experiments")).unwrap();
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data").canonicalize().unwrap();
        std::os::unix::fs::symlink(data, folder.path().join("data")).unwrap();
        Sandbox { folder, worker, _script: None }
    }

    /// Returns a sandbox whose worker is this script. A script that waits should wait for its input
    /// (`read -t`), which ends with the sweep.
    pub fn with_script(text: &str) -> Self {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("worker.sh");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        Sandbox { _script: Some(folder), ..Self::with_worker(path) }
    }

    /// Writes `experiments/<name>.toml`.
    pub fn sweep_file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(format!("experiments/{name}.toml"));
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The worker's program.
    pub fn worker(&self) -> String {
        self.worker.display().to_string()
    }

    /// Starts `sweep` with its output thrown away.
    pub fn spawn(&self, args: &[&str]) -> std::process::Child {
        use std::process::Stdio;
        self.command(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// A path in the workspace.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    /// Returns `sweep` with these arguments, not yet run: with the worker for flex if they ask for
    /// that device and the worker is no script.
    pub fn command(&self, args: &[&str]) -> Command {
        let flex = args.contains(&"flex") && self._script.is_none();
        let flex = flex.then(flex_worker);
        let mut command = Command::new(env!("CARGO_BIN_EXE_sweep"));
        // `cargo xtask test` has built it beside the tested program; one that lies there
        // without it may be of other sources.
        if std::env::var_os("SWEEP_WORKER").is_none() {
            command.env("SWEEP_REPORT", program("SWEEP_REPORT"));
        }
        command
            .args(args)
            .current_dir(self.folder.path())
            .env("SWEEP_WORKER", flex.as_ref().unwrap_or(&self.worker))
            .env("SWEEP_CONFIG", "")
            .env("NO_COLOR", "1");
        command
    }

    /// Runs `sweep`.
    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs `sweep` and expects this exit code. Returns both outputs as one text.
    pub fn expect(&self, code: i32, args: &[&str]) -> String {
        let output = self.run(args);
        let text = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        assert_eq!(output.status.code(), Some(code), "sweep {args:?}:\n{text}");
        text
    }

    /// The report folder of an experiment.
    pub fn report(&self, name: &str) -> ReportDir {
        ReportDir::new(self.path(&format!("reports/{name}")))
    }

    /// Every record of its journal.
    pub fn records(&self, name: &str) -> Vec<RunRecord> {
        store::journal::read(&self.report(name)).unwrap().records
    }
}

/// Returns the results of runs without times and places, which must not depend on jobs, order and
/// interruptions.
pub fn results(records: &[RunRecord]) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    for record in records.iter().filter(|r| r.status.is_result()) {
        let outcome = record.outcome.as_ref().unwrap();
        let metrics: Vec<_> = outcome.metrics.iter().filter(|m| m.metric != "seconds").collect();
        let shown = format!(
            "{} {:?} {:?} {} {:?} {:?} {:?}",
            record.status,
            outcome.weights_digest,
            outcome.init_digest,
            outcome.steps,
            outcome.batch_digest,
            outcome.diverged_step,
            metrics
        );
        let earlier = out.insert(record.run_id.to_string(), shown);
        assert_eq!(earlier, None, "{} was trained twice", record.run_id);
    }
    out
}

/// A small sweep on the digits: `runs` = 2 optimizers x 2 learning rates x seeds.
pub fn digits(seeds: u32, epochs: u32) -> String {
    format!(
        "[data]\ndataset = \"digits\"\nbatch_size = 32\nvalidation = 237\n\
         [model]\nkind = \"mlp\"\nhidden = [16]\n[train]\nepochs = {epochs}\n\
         [repeat]\nseeds = {{ count = {seeds} }}\n\
         [[optimizer]]\nkind = \"sgd\"\nlr = [0.05, 0.1]\n\
         [[optimizer]]\nkind = \"adam\"\nlr = [1e-3, 1e-2]\n"
    )
}
