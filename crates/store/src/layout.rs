//! Names of the files in `reports/<name>/`.

use std::path::{Path, PathBuf};

use spec::identity::Id;

/// A report folder, with the path of each of its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportDir(PathBuf);

macro_rules! entries {
    ($($(#[$doc:meta])+ $name:ident = $file:literal;)+) => {
        impl ReportDir { $($(#[$doc])+ pub fn $name(&self) -> PathBuf { self.0.join($file) })+ }
    };
}

entries! {
    /// Full plan of the last sweep.
    plan = "plan.json";
    /// Folder of journals, one file for each writer.
    journal = "journal";
    /// Table with one row for each planned run.
    runs = "runs.parquet";
    /// Table in long form, with one row for each measured number.
    metrics = "metrics.parquet";
    /// Table with one row for each configuration.
    summary = "summary.parquet";
    /// Runs that were computed more than once; missing if there are none.
    repeats = "repeats.json";
    /// Cost of replaced decisions; missing if they cost nothing.
    superseded = "superseded.json";
    /// Versions, machine and arguments of the last sweep.
    manifest = "manifest.json";
    /// Report as an HTML page.
    html = "index.html";
    /// Report as Markdown, for a code host.
    markdown = "REPORT.md";
    /// Folder of figures as SVG and PNG.
    figures = "figures";
    /// Folder of tables as CSV.
    tables = "tables";
    /// Folder with the workers' output, one file for each slot.
    logs = "logs";
    /// Lock file that a sweep holds while it writes here.
    lock = "lock";
    /// Folder with the status of a running sweep, for `status`, and requests to it.
    running = "running";
    /// Folder with the state of unfinished runs, one folder for each.
    checkpoints = "checkpoints";
    /// Comparison of the night with its baseline, for people.
    regression_markdown = "REGRESSION.md";
    /// Comparison of the night with its baseline, for programs.
    regression_json = "regression.json";
    /// Comparison of the night with its baseline, as a page.
    regression_html = "regression.html";
    /// Folder of figures for the comparison's page.
    regression = "regression";
    /// Folder of weights kept by `[train] save`, one file for each run.
    weights = "weights";
}

impl ReportDir {
    /// Returns the report folder at `path`; creates nothing.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        ReportDir(path.into())
    }

    /// Returns the path of the folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Returns the folder with one run's checkpoints.
    pub fn checkpoint_of(&self, run: Id) -> PathBuf {
        self.checkpoints().join(run.to_string())
    }

    /// Returns the file of one run's weights.
    pub fn weights_of(&self, run: Id) -> PathBuf {
        self.weights().join(format!("{run}.safetensors"))
    }
}
