//! Metrics of a run, each described once.
//!
//! Every reader (parser, early stopping, Parquet columns, tables, figures, nights) uses the
//! description, and none of them lists metrics. The built-in ones are in [`built_in`];
//! [`register`] adds those that a third-party worker provides at run time.

pub mod built_in;
mod epoch;
mod registry;
mod split;

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use epoch::EpochMetric;
pub(crate) use registry::leaked;
pub use registry::{RegisterError, register};
pub use split::Split;

/// A metric: a handle on its [`Description`].
///
/// It is stored as its id. An id without a description is read as an unknown metric, so that
/// records of other programs can be read and written back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Metric(u32);

/// The better direction of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// Lower values are better.
    Lower,
    /// Higher values are better.
    Higher,
}

/// The form in which values and differences of a metric are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A plain number with four significant digits.
    Number,
    /// A fraction, shown as a percentage; differences are in percentage points.
    Percent,
    /// A whole number.
    Count,
}

/// The values that a metric can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bounds {
    /// Any number.
    Any,
    /// Numbers >= 0.
    NonNegative,
    /// Numbers from 0 to 1, both included.
    Share,
}

impl Bounds {
    /// Returns the smallest and the largest value.
    pub const fn ends(self) -> (f64, f64) {
        match self {
            Bounds::Any => (f64::NEG_INFINITY, f64::INFINITY),
            Bounds::NonNegative => (0.0, f64::INFINITY),
            Bounds::Share => (0.0, 1.0),
        }
    }
}

/// The smallest difference of two values that is meaningful.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// Any difference.
    Exact,
    /// Half a sample of the split, because the metric counts samples.
    Sample,
    /// A relative difference of a few float32 steps (ulps).
    Float,
    /// The same as [`Resolution::Float`]. In addition, a value below half a float32 step of the
    /// value before training is rounding.
    Residual,
}

/// The kind of targets that a metric is defined for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Needs {
    /// Any targets.
    Anything,
    /// Classes, more of them than this number.
    ClassesAbove(usize),
    /// Real values.
    RealValues,
}

/// The occasion on which a metric is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measured {
    /// Measured on the validation and test split before training and after every epoch, and on
    /// the batches of each epoch.
    Everywhere,
    /// Measured on the validation and test split before training and after every epoch.
    HeldOut,
    /// The same as [`Measured::HeldOut`], if `[train] metrics` or a watched metric names it.
    OnRequest,
    /// Measured while an epoch trains.
    Training,
    /// Never measured: the report derives it from other metrics.
    Derived,
    /// Unknown: a record names the metric, but nothing describes it.
    Unknown,
}

/// Description of a metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// Name in sweep files, records and columns: lower-case letters, digits and `_`.
    pub id: Cow<'static, str>,
    /// Name in a sentence: `top-5 accuracy`.
    pub label: Cow<'static, str>,
    /// The definition, one sentence.
    pub doc: Cow<'static, str>,
    /// The form in which values are written.
    pub unit: Unit,
    /// The better direction.
    pub better: Better,
    /// The values that it can have.
    pub bounds: Bounds,
    /// The smallest difference that counts.
    pub resolution: Resolution,
    /// The kind of targets that it is defined for.
    pub needs: Needs,
    /// The occasion on which it is measured.
    pub measured: Measured,
    /// Default of `[regress] min_effect`: a fraction of the baseline's value, or an absolute
    /// difference for [`Bounds::Share`].
    pub min_effect: f64,
    /// Whether tables have its columns even if no run measured it, for compatibility with older
    /// tables.
    #[serde(default)]
    pub column_always: bool,
}

impl Metric {
    /// Returns the description.
    pub fn description(self) -> &'static Description {
        registry::description(self.0)
    }

    /// Returns the name in sweep files, records and columns: `top5_accuracy`.
    pub fn id(self) -> &'static str {
        &self.description().id
    }

    /// Returns the name in a sentence: `top-5 accuracy`.
    pub fn label(self) -> &'static str {
        &self.description().label
    }

    /// Returns the metric of this id; an unknown metric if no description has the id.
    pub fn named(id: &str) -> Metric {
        Metric(registry::named(id))
    }

    /// Returns the metric of this id; `None` if no description has the id.
    pub fn known(id: &str) -> Option<Metric> {
        registry::known(id).map(Metric)
    }

    /// Returns the description of a metric that is not built in; `None` for built-in ones.
    pub fn registered(self) -> Option<&'static Description> {
        (self.0 as usize >= built_in::BUILT_IN.len()).then(|| self.description())
    }

    /// Returns every described metric, built-in ones first, in the order of declaration.
    pub fn all() -> Vec<Metric> {
        let described = |m: &Metric| m.description().measured != Measured::Unknown;
        (0..registry::len()).map(Metric).filter(described).collect()
    }

    /// Returns the metrics that are measured on held-out data, on request or always.
    pub fn held_out() -> Vec<Metric> {
        Metric::all().into_iter().filter(|m| m.is_held_out()).collect()
    }

    /// Returns the metrics that are measured only on request.
    pub fn on_request() -> Vec<Metric> {
        Metric::all().into_iter().filter(|m| m.is_on_request()).collect()
    }

    /// Returns the ids of the metrics on request, for descriptors.
    pub fn names_on_request() -> &'static [&'static str] {
        leaked(Metric::on_request().iter().map(ToString::to_string).collect())
    }

    /// Returns whether it is measured on held-out data.
    pub fn is_held_out(self) -> bool {
        let measured = self.description().measured;
        matches!(measured, Measured::Everywhere | Measured::HeldOut | Measured::OnRequest)
    }

    /// Returns whether it is measured only on request.
    pub fn is_on_request(self) -> bool {
        self.description().measured == Measured::OnRequest
    }

    /// Returns whether it is also measured on the batches of an epoch.
    pub fn is_of_training(self) -> bool {
        self.description().measured == Measured::Everywhere
    }

    /// Returns whether it is defined for targets with this number of classes; 0 means real values.
    pub fn is_defined_for(self, classes: usize) -> bool {
        match self.description().needs {
            Needs::Anything => true,
            Needs::ClassesAbove(least) => classes > least,
            Needs::RealValues => classes == 0,
        }
    }

    /// Returns whether higher values are better.
    pub fn higher_is_better(self) -> bool {
        self.description().better == Better::Higher
    }

    /// Returns the value of a diverged run, which is worse than any other: infinite.
    pub fn worst(self) -> f64 {
        if self.higher_is_better() { f64::NEG_INFINITY } else { f64::INFINITY }
    }

    /// Returns whether values are fractions from 0 to 1.
    pub fn is_share(self) -> bool {
        self.description().bounds == Bounds::Share
    }

    /// Returns whether values are shown as percentages, and differences in percentage points.
    pub fn is_percentage(self) -> bool {
        self.description().unit == Unit::Percent
    }
}

/// Reads a stored list of metrics on request; for `deserialize_with`.
///
/// # Errors
/// A name is unknown, or its metric is not measured on request.
pub(crate) fn on_request<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Metric>, D::Error> {
    let metrics = Vec::<Metric>::deserialize(from)?;
    match metrics.iter().find(|m| !m.is_on_request()) {
        None => Ok(metrics),
        Some(other) => {
            let text = format!("`{other}` is no metric that is measured on request");
            Err(serde::de::Error::custom(text))
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl fmt::Debug for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.id())
    }
}

impl PartialEq<&str> for Metric {
    fn eq(&self, other: &&str) -> bool {
        self.id() == *other
    }
}

impl From<&str> for Metric {
    fn from(id: &str) -> Self {
        Metric::named(id)
    }
}

impl Serialize for Metric {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.id())
    }
}

impl<'de> Deserialize<'de> for Metric {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Id;
        impl serde::de::Visitor<'_> for Id {
            type Value = Metric;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the id of a metric")
            }
            fn visit_str<E: serde::de::Error>(self, id: &str) -> Result<Metric, E> {
                Ok(Metric::named(id))
            }
        }
        from.deserialize_str(Id)
    }
}
