//! The tables of the page by name: what is shown, and what stands beside it as CSV.

use crate::analysis::Analysis;
use crate::page::table::Table;
use crate::page::{content, run_table};

/// Names of all tables that a report may have.
pub(crate) const NAMES: [&str; 6] =
    ["best", "configurations", "diverged", "failed", "budget", "runs"];

/// Every table of a report; those without rows are not shown.
#[derive(Clone, Debug)]
pub struct Tables {
    /// Each label at its best configuration.
    pub best: Table,
    /// Every configuration.
    pub configurations: Table,
    /// Runs that diverged.
    pub diverged: Table,
    /// Runs that ended without a result.
    pub failed: Table,
    /// What each label was given.
    pub budget: Table,
    /// Every planned run.
    pub runs: Table,
}

impl Tables {
    /// The tables of a report.
    pub fn of(analysis: &Analysis) -> Self {
        Tables {
            best: content::best_table(analysis)
                .named("best", "Each optimizer at its best configuration"),
            configurations: content::config_table(analysis)
                .named("configurations", "Every configuration, over its seeds"),
            diverged: content::diverged_table(analysis)
                .named("diverged", "Runs whose loss became NaN or infinite"),
            failed: content::failure_table(analysis)
                .named("failed", "Runs that ended without a result"),
            budget: content::budget_table(analysis)
                .named("budget", "What each optimizer was given and used"),
            runs: run_table::run_table(analysis).named("runs", "Every planned run"),
        }
    }

    /// All that have rows, in the order of the page.
    pub fn filled(&self) -> impl Iterator<Item = &Table> {
        [&self.best, &self.configurations, &self.diverged, &self.failed, &self.budget, &self.runs]
            .into_iter()
            .filter(|table| !table.rows.is_empty())
    }
}
