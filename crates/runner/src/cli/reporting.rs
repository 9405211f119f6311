//! Arguments of the verbs that draw or judge what was trained.

use std::path::PathBuf;

use clap::Args;

use super::AgainstArgs;

/// Arguments of `report`.
#[derive(Args, Clone, Debug)]
pub struct ReportArgs {
    /// Sweep files or report folders; two or more give one page over all of them.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Folder of the page over all; default: reports/together/<name>+<name>.
    #[arg(long, value_name = "DIR", conflicts_with = "no_together")]
    pub output: Option<PathBuf>,
    /// Redraw each report and write no page over all.
    #[arg(long)]
    pub no_together: bool,
    /// Optimizer (its label) that the speed-ups on the page over all are over; default:
    /// none, and no speed-ups.
    #[arg(long, value_name = "OPTIMIZER", conflicts_with = "no_together")]
    pub reference: Option<String>,
    /// Largest ratio to the fastest that counts in the score on the page over all; default: 4.
    #[arg(long, value_name = "RATIO", value_parser = above_one, conflicts_with = "no_together")]
    pub r_max: Option<f64>,
    /// The unit of times to target for the score on the page over all; default: samples.
    #[arg(long, value_name = "CLOCK", conflicts_with = "no_together")]
    pub clock: Option<ScoreClock>,
}

/// The clock of times to target for a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ScoreClock {
    /// Training samples fed.
    Samples,
    /// Optimizer steps.
    Steps,
    /// Seconds of training, where machine, code and threads are the same.
    Seconds,
}

fn above_one(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|x| x.is_finite() && *x > 1.0);
    number.ok_or_else(|| "a ratio is a number above 1, such as 4".to_owned())
}

/// Arguments of `target`.
#[derive(Args, Clone, Debug)]
pub struct TargetArgs {
    /// A sweep file or report folder.
    pub file: PathBuf,
    /// The statistic of the values of the seeds.
    #[arg(long, value_name = "STATISTIC", default_value = "median")]
    pub statistic: TargetStatistic,
    /// Optimizer (its label) whose chosen configuration sets it; default: the best one by
    /// the metric that chooses.
    #[arg(long, value_name = "OPTIMIZER")]
    pub optimizer: Option<String>,
}

/// The statistic of the seeds' values that becomes a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum TargetStatistic {
    /// The median: half of such runs get there.
    Median,
    /// The mean.
    Mean,
    /// The worst: all of them got there.
    Worst,
}

/// Arguments of `merge`.
#[derive(Args, Clone, Debug)]
pub struct MergeArgs {
    /// A sweep file or report folder, which need not be there yet: what is merged into.
    pub file: PathBuf,
    /// Report folders of the same sweep; nothing in them is changed.
    #[arg(required = true, value_name = "FOLDER")]
    pub folders: Vec<PathBuf>,
}

/// Arguments of `compare`.
#[derive(Args, Clone, Debug)]
pub struct CompareArgs {
    /// A sweep file, report folder, baseline or night of a history: how it was.
    pub a: PathBuf,
    /// The same: how it is.
    pub b: PathBuf,
    /// Folder of the comparison: a new or empty one, or that of an earlier comparison;
    /// default: reports/compare/<A>..<B>.
    #[arg(long, value_name = "DIR")]
    pub output: Option<PathBuf>,
}

/// Arguments of `regress`.
#[derive(Args, Clone, Debug)]
pub struct RegressArgs {
    /// A sweep file or report folder.
    pub file: PathBuf,
    /// Baseline and history.
    #[command(flatten)]
    pub against: AgainstArgs,
}

/// Arguments of `external`.
#[derive(Args, Clone, Debug)]
pub struct ExternalArgs {
    /// Names of files of published numbers; default: all.
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Folder of these files; default: experiments/external.
    #[arg(long, value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// Folder of the page; default: reports/external, of NAME alone reports/external/<name>.
    #[arg(long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Say which sweeps and programs they need, as one line of JSON, and judge nothing.
    #[arg(long)]
    pub needs: bool,
}
