//! The reading of own data: which columns, how gaps are filled, how samples are
//! split, and what was understood of it all.

use serde::{Deserialize, Serialize};
use text_format::plural;

use crate::params::choice;

choice! {
    /// What becomes of samples with missing values.
    Missing {
        /// The mean of the samples that are trained on stands in; of a categorical
        /// column none of its categories.
        Mean = "mean",
        /// The sample is left out.
        Drop = "drop",
    }
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ColumnRef {
    /// By its place: 1 is the first, -1 the last.
    Place(i64),
    /// By its name in the header.
    Name(String),
}

/// The settings of a sweep file on how its files are read; all that is null is recognised
/// by their contents.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The column of the class. Of labels of more than one column, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<ColumnRef>,
    /// Columns of real values to predict.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub target: Vec<ColumnRef>,
    /// Columns that are neither inputs nor targets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leave_out: Vec<ColumnRef>,
    /// Columns that become an input for each of their values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categorical: Vec<ColumnRef>,
    /// What becomes of gaps; null: they are refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<Missing>,
    /// Whether the first line is a header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<bool>,
    /// What separates the fields of a line, one character.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub separator: Option<char>,
}

impl Asked {
    /// Whether nothing is said.
    pub fn is_neutral(&self) -> bool {
        *self == Asked::default()
    }
}

/// Part of the samples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Share {
    /// So many.
    Count(u64),
    /// This fraction of all of them, below 1.
    Part(f64),
}

impl Share {
    /// How many of `n` samples it is: a fraction is rounded, halves up.
    pub fn of(self, n: u64) -> u64 {
        match self {
            Share::Count(count) => count,
            // Below 2^53 samples this is exact but for the rounding that is meant.
            Share::Part(part) => (part * n as f64).round() as u64,
        }
    }
}

/// A split by the contents of the samples: which part a sample falls into follows from
/// its values and the seed alone, whatever stands around it in the file.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SplitSpec {
    /// The test split.
    pub test: Share,
    /// The validation split.
    pub validation: Share,
    /// Whether each class has its share in each part; null: where there are classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stratified: Option<bool>,
    /// The seed of the split, the same for all runs of a sweep.
    pub split_seed: u64,
}

/// Names of the arrays of an archive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrays {
    /// Inputs, `[n, ...]`.
    pub inputs: String,
    /// Labels, `[n]` or `[n, columns]`.
    pub labels: String,
    /// Inputs of the test split; null: it is cut off `inputs`.
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

/// The reading of files where that is not as it always was, so that a worker reads them
/// as the plan did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// What the sweep file says.
    #[serde(default, skip_serializing_if = "Asked::is_neutral")]
    pub asked: Asked,
    /// The split by contents; null: by the order of the samples, or by files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<SplitSpec>,
    /// Whether numbers were taken for values because of the loss.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub values: bool,
    /// BLAKE3 (128 bits, hex) of all that is fed: inputs as they are scaled, targets and
    /// the names of classes. Of this struct the only part of a run's identity; null where
    /// the same is read as without all that is said here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub understood: Option<String>,
}

/// The description of own data, on the page and before training; part of no id.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DataDescription {
    /// Samples in the files, those that were left out included.
    pub rows: u64,
    /// Samples left out because of gaps.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub dropped: u64,
    /// Gaps that were filled.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub filled: u64,
    /// Inputs of a sample.
    pub features: u64,
    /// What a token of a text is, `character` or `byte`; null of everything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<String>,
    /// The place of the targets and what says so: `species (column 5, by its name)`.
    #[serde(rename = "answer")]
    pub target: String,
    /// The split of the samples, in words.
    pub split: String,
    /// How values were scaled, in words.
    pub scaling: String,
    /// Samples of each part: training less validation, validation, test.
    pub parts: [u64; 3],
    /// Classes in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<ClassCount>,
    /// Real values to predict.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<TargetScale>,
    /// What else was understood, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// Classes that are counted one by one in a sentence.
const COUNTED: usize = 12;

impl DataDescription {
    /// What was understood, in one line: `name` is that of the dataset.
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

    /// False of the vectors of a quadratic.
    pub fn has_targets(&self) -> bool {
        !self.classes.is_empty() || !self.targets.is_empty()
    }

    /// Samples of each part: `106 training, 36 validation, 36 test`.
    pub fn parts_in_words(&self) -> String {
        let [training, validation, test] = self.parts;
        match validation {
            0 => format!("{training} training, {test} test"),
            n => format!("{training} training, {n} validation, {test} test"),
        }
    }

    /// Classes with the samples of each part that have them, or the real values to predict.
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

/// A class, with how many samples of each part have it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassCount {
    /// Its name in the file.
    pub name: String,
    /// Samples of training, validation and test.
    pub counts: [u64; 3],
}

/// A target, which is fed less its mean and divided by its deviation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetScale {
    /// Its name in the file.
    pub name: String,
    /// Mean over the samples that are trained on.
    pub mean: f64,
    /// Population standard deviation over them.
    pub deviation: f64,
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}
