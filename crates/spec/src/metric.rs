//! Metrics: what is measured of a run, each described once.
//!
//! Every reader (parser, early stopping, Parquet columns, tables, figures, nights) asks the
//! description; none of them lists metrics. The built-in ones stand in [`built_in`];
//! [`register`] adds those that a worker of somebody else brings at run time.

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
/// Stored as its id. An id that no description names is read as a metric of which nothing
/// is known but the id, so that records of other programs can be read and written back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Metric(u32);

/// The better direction of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// Less of it.
    Lower,
    /// More of it.
    Higher,
}

/// The form in which values and differences of a metric are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A bare number with four significant digits.
    Number,
    /// A fraction, shown in per cent; differences are percentage points.
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
    /// At least 0.
    NonNegative,
    /// Numbers from 0 to 1, both included.
    Share,
}

impl Bounds {
    /// The smallest and the largest value.
    pub const fn ends(self) -> (f64, f64) {
        match self {
            Bounds::Any => (f64::NEG_INFINITY, f64::INFINITY),
            Bounds::NonNegative => (0.0, f64::INFINITY),
            Bounds::Share => (0.0, 1.0),
        }
    }
}

/// The smallest difference of two values that says anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// Any difference.
    Exact,
    /// Half of one sample of the split: the metric counts samples.
    Sample,
    /// A relative difference of a few steps of float32.
    Float,
    /// The same as [`Resolution::Float`]; and what is left of the value before training is rounding
    /// once it is below half a step of float32 of that value.
    Residual,
}

/// The data that a metric can be measured on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Needs {
    /// Any.
    Anything,
    /// Targets that are classes, more of them than this.
    ClassesAbove(usize),
    /// Targets that are real values.
    RealValues,
}

/// The occasion on which a metric is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measured {
    /// Measured on validation and test split before training and after every epoch, and on the
    /// batches of each epoch.
    Everywhere,
    /// Measured on validation and test split before training and after every epoch.
    HeldOut,
    /// The same as [`Measured::HeldOut`], where `[train] metrics` or what is watched names it.
    OnRequest,
    /// Measured while an epoch trains.
    Training,
    /// Never: it follows from others when a report is made.
    Derived,
    /// Unknown: a record names it and nothing describes it.
    Unknown,
}

/// Everything that is known of a metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// Its name in sweep files, records and columns: lower-case letters, digits and `_`.
    pub id: Cow<'static, str>,
    /// Its name in a sentence.
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
    /// The data that it can be measured on.
    pub needs: Needs,
    /// The occasion on which it is measured.
    pub measured: Measured,
    /// The default of `[regress] min_effect`: a fraction of the baseline's value, of
    /// [`Bounds::Share`] a fraction of all.
    pub min_effect: f64,
    /// True where tables have its columns even if no run measured it, as they did before there
    /// were others.
    #[serde(default)]
    pub column_always: bool,
}

impl Metric {
    /// The description.
    pub fn description(self) -> &'static Description {
        registry::description(self.0)
    }

    /// The name in sweep files, records and columns: `top5_accuracy`.
    pub fn id(self) -> &'static str {
        &self.description().id
    }

    /// The name in a sentence: `top-5 accuracy`.
    pub fn label(self) -> &'static str {
        &self.description().label
    }

    /// The metric of this id; one of which nothing is known where no description has it.
    pub fn named(id: &str) -> Metric {
        Metric(registry::named(id))
    }

    /// The metric of this id, where it is described.
    pub fn known(id: &str) -> Option<Metric> {
        registry::known(id).map(Metric)
    }

    /// The description, where it is not built in.
    pub fn registered(self) -> Option<&'static Description> {
        (self.0 as usize >= built_in::BUILT_IN.len()).then(|| self.description())
    }

    /// Every described metric, built-in ones first, in the order of declaration.
    pub fn all() -> Vec<Metric> {
        let described = |m: &Metric| m.description().measured != Measured::Unknown;
        (0..registry::len()).map(Metric).filter(described).collect()
    }

    /// The metrics that are measured on held-out data after every epoch, on request or always.
    pub fn held_out() -> Vec<Metric> {
        Metric::all().into_iter().filter(|m| m.is_held_out()).collect()
    }

    /// The metrics that are measured on request alone.
    pub fn on_request() -> Vec<Metric> {
        Metric::all().into_iter().filter(|m| m.is_on_request()).collect()
    }

    /// The ids of those that are measured on request, for descriptors.
    pub fn names_on_request() -> &'static [&'static str] {
        leaked(Metric::on_request().iter().map(ToString::to_string).collect())
    }

    /// Returns whether it is measured on held-out data.
    pub fn is_held_out(self) -> bool {
        let measured = self.description().measured;
        matches!(measured, Measured::Everywhere | Measured::HeldOut | Measured::OnRequest)
    }

    /// Returns whether it is measured on request alone.
    pub fn is_on_request(self) -> bool {
        self.description().measured == Measured::OnRequest
    }

    /// Returns whether it is also measured on the batches of an epoch.
    pub fn is_of_training(self) -> bool {
        self.description().measured == Measured::Everywhere
    }

    /// Returns whether it is defined for targets of so many classes; 0 means real values.
    pub fn is_defined_for(self, classes: usize) -> bool {
        match self.description().needs {
            Needs::Anything => true,
            Needs::ClassesAbove(least) => classes > least,
            Needs::RealValues => classes == 0,
        }
    }

    /// Returns whether more is better.
    pub fn higher_is_better(self) -> bool {
        self.description().better == Better::Higher
    }

    /// The value of a run that diverged: worse than any other.
    pub fn worst(self) -> f64 {
        if self.higher_is_better() { f64::NEG_INFINITY } else { f64::INFINITY }
    }

    /// Returns whether values are shares of a whole, from 0 to 1.
    pub fn is_share(self) -> bool {
        self.description().bounds == Bounds::Share
    }

    /// Returns whether values are shown in per cent, and differences in points.
    pub fn is_percentage(self) -> bool {
        self.description().unit == Unit::Percent
    }
}

/// Reads a stored list of metrics on request; for `deserialize_with`.
///
/// # Errors
/// A name that no description has, or of a metric that is not measured on request.
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
