//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use spec::stages::Decision;

mod nights;
mod reporting;

pub use nights::{AgainstArgs, BaselineCommand, NightlyArgs};
pub use reporting::{
    CompareArgs, ExternalArgs, MergeArgs, RegressArgs, ReportArgs, ScoreClock, TargetArgs,
    TargetStatistic,
};

use crate::exit;
use crate::shard::Shard;

/// Declarative optimizer sweeps: one TOML file in, a report out.
#[derive(Debug, Parser)]
#[command(name = "sweep", version, after_help = exit::HELP, propagate_version = true)]
pub struct Cli {
    /// Folder that holds `data/` and `reports/`; default: the nearest folder
    /// upwards that has both `experiments/` and `data/`, else the current one.
    #[arg(long, global = true, env = "SWEEP_ROOT", value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train what a sweep file asks for and write its report.
    Run(Box<RunArgs>),
    /// Collect and redraw a report from what is on disk; needs no libtorch. Several are
    /// compared on one page instead, and only read.
    Report(ReportArgs),
    /// Put what other machines trained of a sweep into one report folder and redraw it;
    /// needs no libtorch.
    Merge(MergeArgs),
    /// Compare two reports run by run: B is judged against A.
    Compare(CompareArgs),
    /// Set a target from the seeds of the best configuration, and print it for a sweep file.
    Target(TargetArgs),
    /// Judge what lies in a report against a baseline; trains nothing.
    Regress(RegressArgs),
    /// Train everything afresh, judge it against the accepted baseline, keep it in the history.
    Nightly(Box<NightlyArgs>),
    /// Baselines that nights are judged against.
    Baseline {
        /// What to do with one.
        #[command(subcommand)]
        command: BaselineCommand,
    },
    /// What a running or interrupted sweep has done, from another shell.
    Status {
        /// A sweep file or report folder.
        file: PathBuf,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// End a running sweep as Ctrl-C would, from another shell.
    Cancel {
        /// A sweep file or report folder.
        file: PathBuf,
    },
    /// Train a sample of finished runs again and compare every digest and metric bit by bit.
    Verify(VerifyArgs),
    /// Say which field or digest makes a run new, stale or cached.
    Why {
        /// The sweep file.
        file: PathBuf,
        /// Beginning of a run's id (see --plan, or the report), or `label seed 0`.
        run: String,
        /// What would be overridden: train.epochs=2.
        #[arg(long = "set", value_name = "PATH=VALUE")]
        set: Vec<String>,
        /// The devices it would be trained on.
        #[arg(long, value_name = "DEVICE", value_delimiter = ',')]
        device: Vec<String>,
    },
    /// Check toolchain, libtorch, devices, datasets and disk; says what to do.
    Doctor {
        /// A sweep file whose pool and data are to be checked too.
        file: Option<PathBuf>,
    },
    /// Print what exists, with parameters and defaults.
    List {
        /// What to list; everything if not given.
        what: Option<Registry>,
        /// For a terminal, or as tables of Markdown.
        #[arg(long, value_name = "FORMAT", default_value = "text")]
        format: ListFormat,
    },
    /// Bring a dataset into data/, checked.
    Fetch {
        /// Name of the dataset.
        dataset: String,
    },
    /// Train one chunk of runs (for the tasks of a cluster).
    #[command(hide = true)]
    Task {
        /// The report folder.
        folder: PathBuf,
        /// Number of the attempt.
        #[arg(long)]
        attempt: u64,
        /// Array of the attempt.
        #[arg(long)]
        array: u64,
        /// Index in the array.
        #[arg(long)]
        chunk: String,
    },
    /// Write the report when a cluster's tasks have ended (for the job that follows them).
    #[command(hide = true)]
    Gather {
        /// The report folder.
        folder: PathBuf,
    },
    /// Collect, draw and write the report of a folder (for `sweep`, when it has trained).
    #[command(hide = true)]
    Write {
        /// The report folder.
        folder: PathBuf,
        /// Say nothing but problems.
        #[arg(long)]
        quiet: bool,
    },
    /// Decide which runs the next stage of a sweep has, by the plan on standard input and the
    /// journal of a folder (for `sweep`).
    #[command(hide = true)]
    Decide {
        /// The report folder.
        folder: PathBuf,
    },
    /// Judge published numbers against ours (for `cargo xtask external`, which trains before).
    #[command(hide = true)]
    External(ExternalArgs),
    /// What a command line needs, as one line of JSON (for xtask).
    #[command(hide = true, disable_help_flag = true)]
    Needs {
        /// The command line, verb first.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
}

impl Command {
    /// True of the verbs of `sweep-report`, which read or write Parquet.
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
    /// Layers of a model that lists them.
    Layers,
    /// Datasets.
    Datasets,
    /// Losses.
    Losses,
    /// Metrics of held-out data.
    Metrics,
    /// Traps of a sweep file that are warned of.
    Lints,
    /// Tables of a sweep file with their keys, defaults and ranges.
    Settings,
}

/// How `list` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ListFormat {
    /// For a terminal.
    Text,
    /// As tables of Markdown.
    Markdown,
}

/// What every verb that trains a sweep file takes.
#[derive(Args, Clone, Debug)]
pub struct TrainingArgs {
    /// The sweep file.
    pub file: PathBuf,
    /// Override a value of the file: train.epochs=2, optimizer.adam.lr=[1e-3].
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Use these devices instead of the file's pool: libtorch:cpu, libtorch:cuda:0, flex, auto.
    #[arg(long, value_name = "DEVICE", value_delimiter = ',')]
    pub device: Vec<String>,
    /// Runs side by side; default: what the devices have room for.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1024))]
    pub jobs: Option<u64>,
    /// One slot only, for clean seconds.
    #[arg(long, conflicts_with = "jobs")]
    pub timing: bool,
    /// Extra attempts for a run that fails, within this sweep.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=100))]
    pub retry: u64,
    /// End the sweep after this long: 90s, 30m, 2h; what is finished is kept.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub max_time: Option<std::time::Duration>,
    /// End an attempt of a run that takes longer than this: 90s, 30m (also `[train] timeout`).
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub timeout: Option<std::time::Duration>,
    /// Refuse to train from sources that differ from the commit.
    #[arg(long)]
    pub require_clean: bool,
    /// Write the host's name into the manifest.
    #[arg(long)]
    pub record_host: bool,
    /// Say nothing but problems.
    #[arg(long, short, conflicts_with = "verbose")]
    pub quiet: bool,
    /// A line a finished run on a terminal too; every configuration in --plan.
    #[arg(long, short)]
    pub verbose: bool,
}

/// Arguments of `run`.
#[derive(Args, Clone, Debug)]
pub struct RunArgs {
    /// What to train, where and how.
    #[command(flatten)]
    pub training: TrainingArgs,
    /// Print the plan and train nothing.
    #[arg(long)]
    pub plan: bool,
    /// With --plan: as JSON.
    #[arg(long, requires = "plan")]
    pub json: bool,
    /// Train only these runs of the plan: optimizer=adam,seed=0 (labels; a key given twice means either).
    #[arg(long, value_name = "KEY=VALUE,...")]
    pub only: Vec<String>,
    /// Train only the I-th of N parts of the plan, from 1; `merge` puts the parts together.
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Shard>,
    /// Put earlier results aside (into journal/old-<n>/) and train everything anew.
    #[arg(long)]
    pub fresh: bool,
    /// Decide anew what later stages of the sweep train (rungs, extend, until, [confirm]), by the results of today.
    #[arg(long)]
    pub replan: bool,
    /// Count runs that failed, timed out or were cancelled in earlier sweeps as done
    /// instead of running them again.
    #[arg(long)]
    pub keep_failed: bool,
    /// End the sweep once this many runs have failed.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub fail_fast: Option<u64>,
    /// One seed, one epoch, the first value of each axis, into reports/<name>-smoke.
    #[arg(long)]
    pub smoke: bool,
    /// Where runs are trained: on this machine, or as tasks of a Slurm cluster, which go
    /// on by themselves ([slurm] in the sweep file or the user's configuration).
    #[arg(long, value_name = "WHERE", default_value = "local")]
    pub launcher: LauncherChoice,
    /// With --launcher slurm: follow the tasks, and report at the end. Ctrl-C stops
    /// watching; the tasks go on.
    #[arg(long)]
    pub watch: bool,
    /// With --watch: Ctrl-C ends the tasks too.
    #[arg(long, requires = "watch")]
    pub cancel_on_interrupt: bool,
    /// Train, but write no Parquet, figures or page.
    #[arg(long)]
    pub no_report: bool,
    /// Open the report in a browser at the end.
    #[arg(long)]
    pub open: bool,
    /// Whether it is the sweep of a night; no flag of its own.
    #[arg(skip)]
    pub night: bool,
    /// What the stages of the sweep are where nothing is decided yet: a night repeats those of its
    /// baseline; no flag of its own.
    #[arg(skip)]
    pub decided: Vec<Decision>,
}

impl RunArgs {
    /// The whole plan, with a report.
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

/// Where runs are trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LauncherChoice {
    /// On this machine.
    Local,
    /// As tasks of a Slurm cluster.
    Slurm,
}

impl TrainingArgs {
    /// Nothing but a sweep file's name.
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

/// Arguments of `verify`.
#[derive(Args, Clone, Debug)]
pub struct VerifyArgs {
    /// A sweep file or report folder.
    pub file: PathBuf,
    /// Runs to train again, spread over the optimizers.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    pub sample: u64,
    /// Train these again instead: beginnings of run ids.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub run: Vec<String>,
    /// Runs side by side.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1024))]
    pub jobs: Option<u64>,
}

/// As in the sweep file, seconds or `90s`, `30m`, `2h`; also `1h 30m`, `300ms`.
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
