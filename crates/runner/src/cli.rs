//! The command line of `sweep` and `sweep-report`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use spec::stages::Decision;

mod nights;
mod reporting;

pub use nights::{AgainstArgs, BaselineCommand, NightlyArgs};
pub use reporting::{
    CompareArgs, ExternalArgs, MergeArgs, RegressArgs, ReportArgs, ScoreClock, TargetArgs,
    TargetStatistic, VerifyArgs,
};

use crate::exit;
use crate::shard::Shard;

/// Runs declarative optimizer sweeps: reads a TOML file, trains its runs and writes a report.
#[derive(Debug, Parser)]
#[command(name = "sweep", version, after_help = exit::help(), propagate_version = true)]
pub struct Cli {
    /// Folder that holds `data/` and `reports/`. Default: the nearest folder, from the current
    /// one upwards, that holds both `experiments/` and `data/`; else the current folder.
    #[arg(long, global = true, env = "SWEEP_ROOT", value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// The verb and its arguments.
    #[command(subcommand)]
    pub command: Command,
}

/// The verbs of both programs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Trains the runs of a sweep file that have no result yet and writes its report.
    Run(Box<RunArgs>),
    /// Redraws a report from the journal, without training or libtorch. Several reports are
    /// only read, and compared on one page.
    Report(ReportArgs),
    /// Merges the results that other machines trained of a sweep into one report folder and
    /// redraws the report, without libtorch.
    Merge(MergeArgs),
    /// Compares two reports run by run and judges B against A.
    Compare(CompareArgs),
    /// Derives a target from the seeds of the best configuration and prints it as TOML.
    Target(TargetArgs),
    /// Judges the last sweep of a report against a baseline, without training.
    Regress(RegressArgs),
    /// Trains every run afresh, judges the night against the accepted baseline and adds it to
    /// the history.
    Nightly(Box<NightlyArgs>),
    /// Accepts or shows the baseline that nights are judged against.
    Baseline {
        /// The verb of `baseline` and its arguments.
        #[command(subcommand)]
        command: BaselineCommand,
    },
    /// Prints the progress of a running, interrupted or finished sweep, from another shell.
    Status {
        /// Sweep file or report folder.
        file: PathBuf,
        /// Prints JSON instead of text.
        #[arg(long)]
        json: bool,
    },
    /// Ends a running sweep, and its tasks on a cluster, from another shell. Finished results
    /// are kept.
    Cancel {
        /// Sweep file or report folder.
        file: PathBuf,
    },
    /// Trains a sample of finished runs again and compares every digest and metric bit by bit.
    Verify(VerifyArgs),
    /// Explains which field or digest makes a run new, stale or cached.
    Why {
        /// Sweep file.
        file: PathBuf,
        /// First 4 or more digits of a run's id (see --plan, or the report), or words of its
        /// description in quotes, such as "adam lr=0.01 seed 0".
        run: String,
        /// Overrides a value of the file, as in `run`: train.epochs=2. Repeatable.
        #[arg(long = "set", value_name = "PATH=VALUE")]
        set: Vec<String>,
        /// Replaces the device pool of the file, as in `run`; comma-separated.
        #[arg(long, value_name = "DEVICE", value_delimiter = ',')]
        device: Vec<String>,
    },
    /// Checks toolchain, libtorch, devices, datasets and disk, and prints a remedy for each
    /// problem. Exits with 2 if a problem must be fixed.
    Doctor {
        /// Sweep file whose device pool, data and report folder are checked too.
        file: Option<PathBuf>,
    },
    /// Prints the registries of optimizers, models, metrics and so on, with parameters and
    /// defaults.
    List {
        /// Registry to print. Default: all of them.
        what: Option<Registry>,
        /// Format of the output.
        #[arg(long, value_name = "FORMAT", default_value = "text")]
        format: ListFormat,
    },
    /// Downloads the missing files of a dataset into `data/` and verifies their checksums.
    Fetch {
        /// Name of the dataset, as `list datasets` prints it.
        dataset: String,
    },
    /// Trains one chunk of runs (for the tasks of a cluster).
    #[command(hide = true)]
    Task {
        /// Report folder.
        folder: PathBuf,
        /// Number of the attempt, from 1.
        #[arg(long)]
        attempt: u64,
        /// Array of the attempt, from 0.
        #[arg(long)]
        array: u64,
        /// Index in the array, from 0.
        #[arg(long)]
        chunk: String,
    },
    /// Writes the report once a cluster's tasks have ended (for the job that follows them).
    #[command(hide = true)]
    Gather {
        /// Report folder.
        folder: PathBuf,
    },
    /// Collects, draws and writes the report of a folder (for `sweep`, after training).
    #[command(hide = true)]
    Write {
        /// Report folder.
        folder: PathBuf,
        /// Prints problems only.
        #[arg(long)]
        quiet: bool,
    },
    /// Decides which runs the next stage of a sweep has, by the plan on standard input and the
    /// journal of a folder (for `sweep`).
    #[command(hide = true)]
    Decide {
        /// Report folder.
        folder: PathBuf,
    },
    /// Judges our numbers against published ones (for `cargo xtask external`, which trains first).
    #[command(hide = true)]
    External(ExternalArgs),
    /// Prints what a command line needs, as one line of JSON (for xtask).
    #[command(hide = true, disable_help_flag = true)]
    Needs {
        /// Command line, verb first.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
}

impl Command {
    /// Returns whether the verb is one of `sweep-report`, which reads and writes Parquet.
    pub fn is_of_reporter(&self) -> bool {
        matches!(
            self,
            Command::Report(_)
                | Command::Compare(_)
                | Command::External(_)
                | Command::Target(_)
                | Command::Regress(_)
                | Command::Nightly(_)
                | Command::Baseline { .. }
                | Command::Write { .. }
                | Command::Decide { .. }
        )
    }
}

/// The registries that `list` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Registry {
    /// Optimizers.
    Optimizers,
    /// Learning-rate schedules.
    Schedules,
    /// Models.
    Models,
    /// Layers of a model of `kind = "layers"`.
    Layers,
    /// Datasets.
    Datasets,
    /// Losses.
    Losses,
    /// Metrics of held-out data.
    Metrics,
    /// Lints: warnings about mistakes that a sweep file allows.
    Lints,
    /// Tables of a sweep file with their keys, defaults and ranges.
    Settings,
    /// Figures of a report.
    Figures,
    /// Columns of the Parquet tables.
    Columns,
    /// Verbs of the command line.
    Commands,
    /// Exit codes.
    ExitCodes,
}

/// Output format of `list`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ListFormat {
    /// Text for a terminal.
    Text,
    /// Markdown tables.
    Markdown,
}

/// Arguments of every verb that trains a sweep file.
#[derive(Args, Clone, Debug)]
pub struct TrainingArgs {
    /// Sweep file.
    pub file: PathBuf,
    /// Overrides a value of the file: train.epochs=2, optimizer.adam.lr=[1e-3]. Repeatable.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Replaces the device pool of the file by these devices of one kind, comma-separated:
    /// libtorch:cpu, libtorch:cuda:0, libtorch:cuda:*, flex, auto.
    #[arg(long, value_name = "DEVICE", value_delimiter = ',')]
    pub device: Vec<String>,
    /// Number of runs trained side by side, 1 to 1024. Default: as many as the devices have
    /// room for.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1024))]
    pub jobs: Option<u64>,
    /// Trains one run at a time, for undisturbed timings.
    #[arg(long, conflicts_with = "jobs")]
    pub timing: bool,
    /// Number of extra attempts for a run that fails, 0 to 100. A run that times out is not
    /// repeated.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=100))]
    pub retry: u64,
    /// Ends the sweep after this time: 90s, 30m, 2h. Finished results are kept; exit code 3.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub max_time: Option<std::time::Duration>,
    /// Ends an attempt of a run that takes longer than this: 90s, 30m. Default: `timeout` in
    /// [train], else no limit.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub timeout: Option<std::time::Duration>,
    /// Refuses to train from sources that differ from the commit; exit code 2.
    #[arg(long)]
    pub require_clean: bool,
    /// Records the host name in the manifest.
    #[arg(long)]
    pub record_host: bool,
    /// Prints problems only.
    #[arg(long, short, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Prints a line for each finished run on a terminal too, and every configuration in --plan.
    #[arg(long, short)]
    pub verbose: bool,
}

/// Arguments of `run`.
#[derive(Args, Clone, Debug)]
pub struct RunArgs {
    /// Arguments of training.
    #[command(flatten)]
    pub training: TrainingArgs,
    /// Prints the plan and trains nothing.
    #[arg(long)]
    pub plan: bool,
    /// Prints the plan as JSON, with the resolved values of every run.
    #[arg(long, requires = "plan")]
    pub json: bool,
    /// Trains only the runs that match: optimizer=<label>, seed=<number>, comma-separated. Values
    /// of one key are alternatives.
    #[arg(long, value_name = "KEY=VALUE,...")]
    pub only: Vec<String>,
    /// Trains only the I-th of N parts of the plan, from 1; `merge` combines the parts.
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Shard>,
    /// Archives earlier results in journal/old-<n>/ and trains every run again.
    #[arg(long)]
    pub fresh: bool,
    /// Repeats the decisions of later stages (rungs, extend, until, [confirm]) on the current
    /// results.
    #[arg(long)]
    pub replan: bool,
    /// Counts runs that failed, timed out or were cancelled in earlier sweeps as done
    /// instead of training them again.
    #[arg(long)]
    pub keep_failed: bool,
    /// Ends the sweep once this many runs have failed; exit code 3. Default: no limit.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub fail_fast: Option<u64>,
    /// Trains one seed for one epoch at the first value of each axis, into reports/<name>-smoke.
    #[arg(long)]
    pub smoke: bool,
    /// Place where runs are trained. Tasks on a cluster continue without this process; their
    /// settings are in [slurm] of the sweep file or of the user's configuration.
    #[arg(long, value_name = "WHERE", default_value = "local")]
    pub launcher: LauncherChoice,
    /// Follows the tasks of --launcher slurm and writes the report at the end. Ctrl-C stops
    /// watching; the tasks continue.
    #[arg(long)]
    pub watch: bool,
    /// Ends the tasks that --watch follows on Ctrl-C.
    #[arg(long, requires = "watch")]
    pub cancel_on_interrupt: bool,
    /// Trains without writing Parquet files, figures and the page.
    #[arg(long)]
    pub no_report: bool,
    /// Opens the report in a browser at the end, with xdg-open.
    #[arg(long)]
    pub open: bool,
    /// Whether this is the sweep of a night. Not a flag.
    #[arg(skip)]
    pub night: bool,
    /// Decisions that stages take over where none is made yet: those of a night's baseline. Not
    /// a flag.
    #[arg(skip)]
    pub decided: Vec<Decision>,
}

impl RunArgs {
    /// Returns the arguments that train the whole plan and write the report.
    pub fn whole(training: TrainingArgs) -> Self {
        RunArgs {
            training,
            plan: false,
            json: false,
            only: Vec::new(),
            shard: None,
            fresh: false,
            replan: false,
            keep_failed: false,
            fail_fast: None,
            smoke: false,
            launcher: LauncherChoice::Local,
            watch: false,
            cancel_on_interrupt: false,
            no_report: false,
            open: false,
            night: false,
            decided: Vec::new(),
        }
    }
}

/// Place where runs are trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LauncherChoice {
    /// This machine.
    Local,
    /// Tasks of a Slurm cluster.
    Slurm,
}

impl TrainingArgs {
    /// Returns the defaults for a sweep file.
    pub fn of(file: &str) -> Self {
        TrainingArgs {
            file: PathBuf::from(file),
            set: Vec::new(),
            device: Vec::new(),
            jobs: None,
            timing: false,
            retry: 0,
            max_time: None,
            timeout: None,
            require_clean: false,
            record_host: false,
            quiet: false,
            verbose: false,
        }
    }
}

/// Parses a duration: seconds, `90s`, `30m` or `2h` as in a sweep file; also `1h 30m`, `300ms`.
fn duration(text: &str) -> Result<std::time::Duration, String> {
    let own = sweep_file::duration(text).map(std::time::Duration::from_secs_f64);
    let friendly = || {
        let parsed = text.parse::<jiff::SignedDuration>().ok()?;
        std::time::Duration::try_from(parsed).ok().filter(|d| d.as_millis() > 0)
    };
    own.or_else(friendly).ok_or_else(|| {
        "write seconds, or 90s, 30m, 2h, 1h 30m: at least a millisecond, at most a year".to_owned()
    })
}
