//! Bits per character and perplexity, computed from the loss of a text model.

use spec::RunSpec;
use spec::metric::Metric;
use spec::record::Split;
use spec::run::Loss;

use crate::analysis::{Analysis, Config};
use crate::table::Cell;
use polars::prelude::Column;

/// A quantity derived from a mean cross-entropy in nats per token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Derived {
    /// The loss in bits per character; with a vocabulary of bytes, per byte.
    BitsPerCharacter,
    /// exp(loss): the number of equally likely tokens that are as hard to guess.
    Perplexity,
}

impl Derived {
    /// All derived quantities, in the order of their columns.
    pub const ALL: [Derived; 2] = [Derived::BitsPerCharacter, Derived::Perplexity];

    /// Suffix of a column's name, as in `test_bits_per_character`.
    pub fn id(self) -> &'static str {
        match self {
            Derived::BitsPerCharacter => "bits_per_character",
            Derived::Perplexity => "perplexity",
        }
    }

    /// Converts a loss in nats.
    pub fn of(self, loss: f64) -> f64 {
        match self {
            Derived::BitsPerCharacter => loss / std::f64::consts::LN_2,
            Derived::Perplexity => loss.exp(),
        }
    }

    /// Returns the mean over the completed seeds of a configuration, from the evaluation loss.
    /// `None` where the evaluation metric is not the held-out cross-entropy of a text.
    pub fn judged(self, analysis: &Analysis, config: &Config) -> Option<f64> {
        let evaluation = &analysis.evaluation;
        if evaluation.metric != Metric::LOSS || evaluation.split == Split::Train {
            return None;
        }
        let of_text = |run: &usize| is_of_text(&analysis.plan.runs[*run].spec);
        if !config.runs.iter().all(of_text) {
            return None;
        }
        let values: Vec<f64> = config
            .runs
            .iter()
            .filter_map(|&run| evaluation.of(&analysis.rows[run]))
            .map(|loss| self.of(loss))
            .collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    }
}

/// Returns whether the held-out loss of a run is a cross-entropy over the tokens of a text.
fn is_of_text(spec: &RunSpec) -> bool {
    spec.data.dataset.is_text() && spec.train.loss == Loss::CrossEntropy
}

/// Columns of `runs.parquet` derived from the held-out losses after the last epoch or step of each
/// completed run; empty where no run trains on a text.
pub(crate) fn columns(analysis: &Analysis) -> Vec<Column> {
    let runs = &analysis.plan.runs;
    if !runs.iter().any(|run| is_of_text(&run.spec)) {
        return Vec::new();
    }
    let mut out = Vec::new();
    for split in [Split::Validation, Split::Test] {
        for derived in Derived::ALL {
            let value = |(run, row): (&spec::plan::PlannedRun, &crate::table::RunRow)| {
                row.last(split, Metric::LOSS)
                    .filter(|_| is_of_text(&run.spec))
                    .map(|loss| derived.of(loss))
            };
            let values: Vec<Option<f64>> = runs.iter().zip(&analysis.rows).map(value).collect();
            if values.iter().any(Option::is_some) {
                out.push(f64::column(&format!("{split}_{}", derived.id()), values));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fair_coin_is_a_bit_and_two_choices() {
        let loss = std::f64::consts::LN_2;
        assert!((Derived::BitsPerCharacter.of(loss) - 1.0).abs() < 1e-15);
        assert!((Derived::Perplexity.of(loss) - 2.0).abs() < 1e-15);
    }
}
