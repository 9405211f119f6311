//! The reading of own data: columns, missing values, splits, and the resulting description.

use serde::{Deserialize, Serialize};
use text_format::plural;

use crate::params::choice;

choice! {
    /// The treatment of samples with missing values.
    Missing {
        /// The mean over the samples that are trained on replaces a missing value; in a
        /// categorical column none of the categories is set.
        Mean = "mean",
        /// The sample is dropped.
        Drop = "drop",
    }
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ColumnRef {
    /// The column at this position: 1 is the first, -1 the last.
    Place(i64),
    /// The column with this name in the header.
    Name(String),
}

/// The settings of a sweep file for reading its files; `None` and empty fields are recognised
/// from the contents.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The column of the class, in a table or in labels with several columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<ColumnRef>,
    /// Columns of real values to predict.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub target: Vec<ColumnRef>,
    /// Columns that are neither inputs nor targets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leave_out: Vec<ColumnRef>,
    /// Categorical columns, which become one input per value (one-hot).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categorical: Vec<ColumnRef>,
    /// Treatment of missing values; `None`: they are refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<Missing>,
    /// Whether the first line is a header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<bool>,
    /// The character that separates the fields of a line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub separator: Option<char>,
}

impl Asked {
    /// Returns whether every setting is at its default.
    pub fn is_neutral(&self) -> bool {
        *self == Asked::default()
    }
}

/// A part of the samples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Share {
    /// A number of samples.
    Count(u64),
    /// A fraction of all samples, below 1.
    Part(f64),
}

impl Share {
    /// Returns the number of samples out of `n`; a fraction is rounded, halves up.
    pub fn of(self, n: u64) -> u64 {
        match self {
            Share::Count(count) => count,
            // Below 2^53 samples this is exact except for the intended rounding.
            Share::Part(part) => (part * n as f64).round() as u64,
        }
    }
}

/// A split by the contents of the samples: the part of a sample depends only on its values and
/// the seed, not on its place in the file.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SplitSpec {
    /// Size of the test split.
    pub test: Share,
    /// Size of the validation split.
    pub validation: Share,
    /// Whether the split is stratified by class; `None`: if there are classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stratified: Option<bool>,
    /// Seed of the split, the same for all runs of a sweep.
    pub split_seed: u64,
}

/// Names of the arrays of an archive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrays {
    /// Inputs, `[n, ...]`.
    pub inputs: String,
    /// Labels, `[n]` or `[n, columns]`.
    pub labels: String,
    /// Inputs of the test split; `None`: it is split off `inputs`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_inputs: Option<String>,
    /// Labels of the test split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_labels: Option<String>,
    /// Inputs of the validation split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_inputs: Option<String>,
    /// Labels of the validation split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_labels: Option<String>,
}

/// The reading of files that differs from the original default, stored so that a worker reads
/// them as the plan did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// The settings of the sweep file.
    #[serde(default, skip_serializing_if = "Asked::is_neutral")]
    pub asked: Asked,
    /// The split by contents; `None`: by the order of the samples, or by files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<SplitSpec>,
    /// Whether numbers were taken as real targets because of the loss.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub values: bool,
    /// BLAKE3 (128 bits, hex) of everything that is fed: scaled inputs, targets and the names of
    /// classes. It is the only field of this struct that is part of a run's identity; `None` if
    /// the default reading gives the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub understood: Option<String>,
}

/// The description of own data, shown in the report and before training; not part of any id.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DataDescription {
    /// Samples in the files, including dropped ones; for a text its tokens.
    pub rows: u64,
    /// Samples dropped because of missing values.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub dropped: u64,
    /// Missing values that were filled.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub filled: u64,
    /// Inputs per sample.
    pub features: u64,
    /// Kind of the tokens of a text, `character` or `byte`; `None` for other data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<String>,
    /// The column of the targets and how it was recognised: `species (column 5, by its name)`.
    #[serde(rename = "answer")]
    pub target: String,
    /// The split of the samples, in words.
    pub split: String,
    /// The scaling of the values, in words.
    pub scaling: String,
    /// Samples of each part: training without validation, validation, test.
    pub parts: [u64; 3],
    /// The classes, in the order of their indices.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<ClassCount>,
    /// The real values to predict.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<TargetScale>,
    /// Further findings, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// Largest number of classes that a sentence lists one by one.
const COUNTED: usize = 12;

impl DataDescription {
    /// Returns the description in one line; `name` is that of the dataset.
    pub fn line(&self, name: &str) -> String {
        let target = if self.target.is_empty() { "labels" } else { &self.target };
        let (rows, features) =
            (plural::count(self.rows, "row"), plural::count(self.features, "feature"));
        let (parts, split) = (self.parts_in_words(), &self.split);
        if let Some(token) = &self.tokens {
            let (tokens, kinds) = (plural::count(self.rows, token), self.classes.len());
            return format!(
                "{name}: {tokens} of {kinds} kinds; target: {target}; {parts}; {split}"
            );
        }
        let mut out = match self.has_targets() {
            true => format!(
                "{name}: {rows} of {features}; target: {target}; {parts}; {}; {split}",
                self.targets_text()
            ),
            false => format!("{name}: {rows} of {features} without targets; {parts}; {split}"),
        };
        if self.dropped > 0 {
            out.push_str(&format!("; {} with gaps left out", plural::count(self.dropped, "row")));
        }
        if self.filled > 0 {
            out.push_str(&format!("; {} filled", plural::count(self.filled, "gap")));
        }
        out
    }

    /// Returns whether the samples have targets; false for the vectors of a quadratic.
    pub fn has_targets(&self) -> bool {
        !self.classes.is_empty() || !self.targets.is_empty()
    }

    /// Returns the samples of each part: `106 training, 36 validation, 36 test`.
    pub fn parts_in_words(&self) -> String {
        let [training, validation, test] = self.parts;
        match validation {
            0 => format!("{training} training, {test} test"),
            n => format!("{training} training, {n} validation, {test} test"),
        }
    }

    /// Returns the classes with their samples in each part, or the real values to predict.
    pub fn targets_text(&self) -> String {
        let quoted = |name: &str| format!("`{}`", name.replace(char::is_control, " "));
        if !self.targets.is_empty() {
            let all = self.targets.iter().map(|t| {
                let (mean, deviation) = (short(t.mean), short(t.deviation));
                format!("{} (mean {mean}, deviation {deviation})", quoted(&t.name))
            });
            return format!("real values {}", all.collect::<Vec<_>>().join(", "));
        }
        let held_out = self.parts[1] > 0;
        let count = |c: &ClassCount| match (held_out, c.counts) {
            (true, [a, b, c]) => format!("{a} + {b} + {c}"),
            (false, [a, _, c]) => format!("{a} + {c}"),
        };
        let n = self.classes.len();
        let all: Vec<String> = if n <= COUNTED {
            self.classes.iter().map(|c| format!("{} {}", quoted(&c.name), count(c))).collect()
        } else {
            let sums = || self.classes.iter().map(|c| c.counts.iter().sum::<u64>());
            let (least, most) = (sums().min().unwrap_or(0), sums().max().unwrap_or(0));
            let ends = [&self.classes[0].name, &self.classes[n - 1].name].map(|n| quoted(n));
            vec![format!("{} to {}, {least} to {most} samples each", ends[0], ends[1])]
        };
        format!("{n} classes: {}", all.join(", "))
    }
}

fn short(x: f64) -> String {
    crate::float::short(crate::float::round_to_six_digits(x))
}

/// A class with its number of samples in each part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassCount {
    /// Its name in the file.
    pub name: String,
    /// Samples in training, validation and test.
    pub counts: [u64; 3],
}

/// A real target, which is standardised: minus its mean, divided by its standard deviation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetScale {
    /// Its name in the file.
    pub name: String,
    /// Mean over the samples that are trained on.
    pub mean: f64,
    /// Population standard deviation over the same samples.
    pub deviation: f64,
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}
