//! `target`: derives a target from the seeds of the best configuration; writes nothing.

use report::setting::{self, Statistic};
use runner::cli::{TargetArgs, TargetStatistic};
use runner::commands::folder::{folder_of, of_today, warn};
use runner::error::bad_input;
use runner::exit::Exit;
use runner::text;
use runner::workspace::Workspace;

use crate::reported;

/// Prints the target, the numbers that it is based on, and the lines for a sweep file.
pub(crate) fn target(workspace: &Workspace, args: &TargetArgs) -> runner::Result<Exit> {
    let dir = folder_of(workspace, &args.file)?;
    let opened = report::open(&dir, of_today(&dir, &args.file)?).map_err(reported)?;
    warn(&opened.warnings);
    warn(&opened.contradictions());
    let statistic = match args.statistic {
        TargetStatistic::Median => Statistic::Median,
        TargetStatistic::Mean => Statistic::Mean,
        TargetStatistic::Worst => Statistic::Worst,
    };
    let set = setting::set(opened.analysis(), args.optimizer.as_deref(), statistic);
    let set = set.map_err(bad_input)?;
    for sentence in set.describe() {
        text::output!("{}", text::wrapped(&text::plain(&sentence)));
    }
    text::output!("\n{}", set.toml().trim_end());
    Ok(Exit::Ok)
}
