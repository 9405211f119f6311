//! Names of the files in `reports/<name>/`.

use std::path::{Path, PathBuf};

use spec::identity::Id;

/// A report folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportDir(PathBuf);

macro_rules! entries {
    ($($(#[$doc:meta])+ $name:ident = $file:literal;)+) => {
        impl ReportDir { $($(#[$doc])+ pub fn $name(&self) -> PathBuf { self.0.join($file) })+ }
    };
}

entries! {
    /// The last sweep's full plan.
    plan = "plan.json";
    /// Folder of journals, one writer a file.
    journal = "journal";
    /// One row a planned run.
    runs = "runs.parquet";
    /// Long form: one row a measured number.
    metrics = "metrics.parquet";
    /// One row a configuration.
    summary = "summary.parquet";
    /// Runs that were computed more than once; not there where none was.
    repeats = "repeats.json";
    /// The cost of replaced decisions; not there where they cost nothing.
    superseded = "superseded.json";
    /// What ran: versions, machine, arguments.
    manifest = "manifest.json";
    /// The page.
    html = "index.html";
    /// The report for a code host.
    markdown = "REPORT.md";
    /// Folder of SVG and PNG.
    figures = "figures";
    /// Folder of tables as CSV.
    tables = "tables";
    /// Output of workers, one file a slot.
    logs = "logs";
    /// Held while a sweep writes here.
    lock = "lock";
    /// What a running sweep is doing, for `status`, and requests to it.
    running = "running";
    /// State of unfinished runs, a folder each.
    checkpoints = "checkpoints";
    /// The night against its baseline, for people.
    regression_markdown = "REGRESSION.md";
    /// The same, for programs.
    regression_json = "regression.json";
    /// The same, as a page.
    regression_html = "regression.html";
    /// Figures of that page.
    regression = "regression";
    /// Weights kept by `[train] save`, a file a run.
    weights = "weights";
}

impl ReportDir {
    /// The report folder at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        ReportDir(path.into())
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Checkpoints of one run.
    pub fn checkpoint_of(&self, run: Id) -> PathBuf {
        self.checkpoints().join(run.to_string())
    }

    /// Weights of one run.
    pub fn weights_of(&self, run: Id) -> PathBuf {
        self.weights().join(format!("{run}.safetensors"))
    }
}
