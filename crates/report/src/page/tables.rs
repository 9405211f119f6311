//! The tables of the page by name, as shown and as CSV.

use crate::analysis::{Analysis, Claims};
use crate::page::table::Table;
use crate::page::{content, run_table};

/// Names of all tables that a report may have.
pub(crate) const NAMES: [&str; 13] = [
    "functions",
    "best",
    "confirmation",
    "choice",
    "comparison",
    "claim",
    "time-to-target",
    "ledger",
    "learning-rates",
    "configurations",
    "diverged",
    "failed",
    "runs",
];

/// Every table of a report; those without rows are not shown.
#[derive(Clone, Debug)]
pub struct Tables {
    /// The result of each label on each function.
    pub functions: Table,
    /// Each label at its best configuration.
    pub best: Table,
    /// Chosen configurations on tuning and on fresh seeds.
    pub confirmation: Table,
    /// Chosen configurations on the seeds that chose them.
    pub choice: Table,
    /// Every pair of labels.
    pub comparison: Table,
    /// The claim, judged by the seeds of each label.
    pub claim: Table,
    /// The time to the target.
    pub time_to_target: Table,
    /// Configurations, runs and time of each label.
    pub ledger: Table,
    /// The learning rates of each label.
    pub grid: Table,
    /// Every configuration.
    pub configurations: Table,
    /// Runs that diverged.
    pub diverged: Table,
    /// Runs that ended without a result.
    pub failed: Table,
    /// Every planned run.
    pub runs: Table,
}

impl Tables {
    /// Returns the tables of a report.
    pub fn of(analysis: &Analysis, claims: Option<&Claims>) -> Self {
        // Over several functions, learning rates and values cannot be compared.
        let one = !analysis.by_function();
        let grid = if one { content::grid_table(analysis) } else { Table::new(&[]) };
        Tables {
            functions: content::landscape_table(analysis)
                .named("functions", "Each optimizer on each function"),
            best: content::best_table(analysis)
                .named("best", "Each optimizer at its best configuration"),
            confirmation: content::confirmation_table(analysis)
                .named("confirmation", "Chosen configurations on tuning and on fresh seeds"),
            choice: content::choice_table(analysis)
                .named("choice", "Chosen configurations on the seeds that chose them"),
            comparison: content::comparison_table(analysis)
                .named("comparison", "Every pair of optimizers at their chosen configurations"),
            claim: content::claim_table(analysis, claims)
                .named("claim", "The claim, judged by the seeds of each optimizer"),
            time_to_target: content::time_to_target_table(analysis)
                .named("time-to-target", "Training until the target was reached"),
            ledger: content::ledger_table(analysis)
                .named("ledger", "Configurations, runs and time of each optimizer"),
            grid: grid.named("learning-rates", "Learning rates tried, and how much they matter"),
            configurations: content::config_table(analysis)
                .named("configurations", "Every configuration, over its seeds"),
            diverged: content::diverged_table(analysis)
                .named("diverged", "Runs whose loss became NaN or infinite"),
            failed: content::failure_table(analysis)
                .named("failed", "Runs that ended without a result"),
            runs: run_table::run_table(analysis).named("runs", "Every planned run"),
        }
    }

    /// Returns the tables that have rows, in the order of the page.
    pub fn filled(&self) -> impl Iterator<Item = &Table> {
        [
            &self.functions,
            &self.best,
            &self.confirmation,
            &self.choice,
            &self.comparison,
            &self.claim,
            &self.time_to_target,
            &self.ledger,
            &self.grid,
            &self.configurations,
            &self.diverged,
            &self.failed,
            &self.runs,
        ]
        .into_iter()
        .filter(|table| !table.rows.is_empty())
    }
}
