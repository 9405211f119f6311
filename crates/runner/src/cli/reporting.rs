//! Arguments of the verbs that draw, merge, judge or verify results.

use std::path::PathBuf;

use clap::Args;

use super::AgainstArgs;

/// Arguments of `report`.
#[derive(Args, Clone, Debug)]
pub struct ReportArgs {
    /// Sweep files or report folders; two or more are compared on one page.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Folder of the page over all reports. Default: reports/together/<name>+<name>.
    #[arg(long, value_name = "DIR", conflicts_with = "no_together")]
    pub output: Option<PathBuf>,
    /// Redraws each report and writes no page over all of them.
    #[arg(long)]
    pub no_together: bool,
    /// Label of the optimizer that speed-ups on the page over all reports refer to. Default:
    /// none, and no speed-ups.
    #[arg(long, value_name = "OPTIMIZER", conflicts_with = "no_together")]
    pub reference: Option<String>,
    /// Largest ratio to the fastest optimizer that counts in the score on the page over all
    /// reports, above 1. Default: 4.
    #[arg(long, value_name = "RATIO", value_parser = above_one, conflicts_with = "no_together")]
    pub r_max: Option<f64>,
    /// Unit of times to target in the score on the page over all reports. Default: samples.
    #[arg(long, value_name = "CLOCK", conflicts_with = "no_together")]
    pub clock: Option<ScoreClock>,
}

/// Unit of times to target in a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ScoreClock {
    /// Training samples.
    Samples,
    /// Optimizer steps.
    Steps,
    /// Seconds of training; comparable where machine, code and threads are the same.
    Seconds,
}

fn above_one(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|x| x.is_finite() && *x > 1.0);
    number.ok_or_else(|| "expected a number above 1, such as 4".to_owned())
}

/// Arguments of `target`.
#[derive(Args, Clone, Debug)]
pub struct TargetArgs {
    /// Sweep file or report folder.
    pub file: PathBuf,
    /// Statistic over the seeds that becomes the target.
    #[arg(long, value_name = "STATISTIC", default_value = "median")]
    pub statistic: TargetStatistic,
    /// Label of the optimizer whose chosen configuration sets the target. Default: the best
    /// one by the selection metric.
    #[arg(long, value_name = "OPTIMIZER")]
    pub optimizer: Option<String>,
}

/// Statistic over the seeds that becomes a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum TargetStatistic {
    /// Median over seeds: half of such runs reach it.
    Median,
    /// Mean over seeds.
    Mean,
    /// Worst seed: all of the runs reached it.
    Worst,
}

/// Arguments of `merge`.
#[derive(Args, Clone, Debug)]
pub struct MergeArgs {
    /// Sweep file or report folder to merge into; the folder need not exist yet.
    pub file: PathBuf,
    /// Report folders of the same sweep on other machines; they are only read.
    #[arg(required = true, value_name = "FOLDER")]
    pub folders: Vec<PathBuf>,
}

/// Arguments of `compare`.
#[derive(Args, Clone, Debug)]
pub struct CompareArgs {
    /// Reference: a sweep file, report folder, baseline or night of a history (.parquet).
    pub a: PathBuf,
    /// Results that are judged against A: the same kinds of paths.
    pub b: PathBuf,
    /// Folder of the comparison: new, empty or that of an earlier comparison. Default:
    /// reports/compare/<A>..<B>.
    #[arg(long, value_name = "DIR")]
    pub output: Option<PathBuf>,
}

/// Arguments of `regress`.
#[derive(Args, Clone, Debug)]
pub struct RegressArgs {
    /// Sweep file or report folder.
    pub file: PathBuf,
    /// Baseline and history.
    #[command(flatten)]
    pub against: AgainstArgs,
}

/// Arguments of `external`.
#[derive(Args, Clone, Debug)]
pub struct ExternalArgs {
    /// Names of files of published numbers. Default: all.
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Folder of these files. Default: experiments/external.
    #[arg(long, value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// Folder of the page. Default: reports/external; with NAME, reports/external/<name>.
    #[arg(long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Prints which sweeps and programs the files need, as one line of JSON, and judges nothing.
    #[arg(long)]
    pub needs: bool,
}

/// Arguments of `verify`.
#[derive(Args, Clone, Debug)]
pub struct VerifyArgs {
    /// Sweep file or report folder.
    pub file: PathBuf,
    /// Number of runs to train again, spread over the optimizers.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    pub sample: u64,
    /// Trains these runs again instead of a sample: beginnings of run ids, comma-separated.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub run: Vec<String>,
    /// Number of runs trained side by side, 1 to 1024. Default: as many as the devices have
    /// room for.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1024))]
    pub jobs: Option<u64>,
}
