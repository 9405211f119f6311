//! Hyper-parameter descriptors: one per parameter, the only place that defines
//! its name, type, default, range and description. Parser, diagnostics, `list`,
//! generated references and the `hp.*` columns all read them.

mod macros;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

pub(crate) use macros::{choice, doc_line, params, registry};

/// A resolved value of any parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A real number; always finite.
    Float(f64),
    /// A name from a fixed set, or another value as text.
    Text(String),
    /// A value that is itself a list, such as `hidden`.
    List(Vec<Value>),
}

impl fmt::Display for Value {
    /// Writes the value in the form that a person would: `0.001`, `1e-5`, `[64, 32]`, `relu`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Bool(b) => write!(f, "{b}"),
            Value::Int(i) => write!(f, "{i}"),
            Value::Float(x) => f.write_str(&crate::float::short(*x)),
            Value::Text(s) => f.write_str(s),
            Value::List(items) => {
                f.write_str("[")?;
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        f.write_str(", ")?;
                    }
                    write!(f, "{item}")?;
                }
                f.write_str("]")
            }
        }
    }
}

/// Parameter values by name.
pub type Values = BTreeMap<String, Value>;

/// A list of names that may grow while the program runs, because metrics can be registered.
#[derive(Clone, Copy, Debug)]
pub struct Names(pub fn() -> &'static [&'static str]);

impl PartialEq for Names {
    fn eq(&self, other: &Self) -> bool {
        (self.0)() == (other.0)()
    }
}

impl Eq for Names {}

/// The type of a parameter's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamType {
    /// A real number.
    Float,
    /// A whole number of at least 0.
    Int,
    /// `true` or `false`.
    Bool,
    /// One of these names.
    Choice(&'static [&'static str]),
    /// One of the names known at the time of reading, such as those of metrics.
    Listed(Names),
    /// A list of whole numbers; a plain list is therefore one value, not an axis.
    IntList,
    /// A list of schedules, each a table with its `kind`. The value is their JSON as text.
    Schedules,
    /// A list of layers, each a table with its `kind`; one value, not an axis. The value is their
    /// JSON as text.
    Layers,
    /// A list of distinct names from those known at the time of reading.
    NameList(Names),
    /// A form that the reader of its table parses; the text describes it for users.
    Own(&'static str),
}

impl ParamType {
    /// Returns the names that a value may take; `None` for types other than a single name.
    pub fn choices(self) -> Option<&'static [&'static str]> {
        match self {
            ParamType::Choice(names) => Some(names),
            ParamType::Listed(Names(list)) => Some(list()),
            _ => None,
        }
    }
}

impl fmt::Display for ParamType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ParamType::Float => f.write_str("number"),
            ParamType::Int => f.write_str("whole number"),
            ParamType::Bool => f.write_str("true or false"),
            ParamType::Choice(_) | ParamType::Listed(_) => {
                write!(f, "one of {}", self.choices().unwrap_or_default().join(", "))
            }
            ParamType::IntList => f.write_str("list of whole numbers"),
            ParamType::Schedules => f.write_str("list of schedules"),
            ParamType::Layers => f.write_str("list of layers"),
            ParamType::NameList(Names(list)) => write!(f, "list out of {}", list().join(", ")),
            ParamType::Own(form) => f.write_str(form),
        }
    }
}

/// The values that a number may take (in lists: each element).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Range {
    /// Any finite number.
    Any,
    /// x > 0.
    Positive,
    /// x >= 0.
    NonNegative,
    /// x >= the given bound.
    AtLeast(f64),
    /// The closed interval between two bounds.
    Within(f64, f64),
    /// 0 <= x < 1.
    BelowOne,
    /// 0 <= x <= 1.
    UpToOne,
    /// 0 < x <= 1.
    AboveZeroUpToOne,
}

impl Range {
    /// Returns whether `x` is allowed; false for NaN and infinities.
    pub fn contains(self, x: f64) -> bool {
        x.is_finite()
            && match self {
                Range::Any => true,
                Range::Positive => x > 0.0,
                Range::NonNegative => x >= 0.0,
                Range::AtLeast(low) => x >= low,
                Range::Within(low, high) => (low..=high).contains(&x),
                Range::BelowOne => (0.0..1.0).contains(&x),
                Range::UpToOne => (0.0..=1.0).contains(&x),
                Range::AboveZeroUpToOne => x > 0.0 && x <= 1.0,
            }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Range::Any => f.write_str("finite"),
            Range::Positive => f.write_str("> 0"),
            Range::NonNegative => f.write_str(">= 0"),
            Range::AtLeast(low) => write!(f, ">= {}", crate::float::short(*low)),
            Range::Within(low, high) => {
                let short = crate::float::short;
                write!(f, "in [{}, {}]", short(*low), short(*high))
            }
            Range::BelowOne => f.write_str("in [0, 1)"),
            Range::UpToOne => f.write_str("in [0, 1]"),
            Range::AboveZeroUpToOne => f.write_str("in (0, 1]"),
        }
    }
}

/// The value of a parameter that the sweep file leaves out.
#[derive(Clone, Copy, Debug)]
pub enum ParamDefault {
    /// A fixed value.
    Value(fn() -> Value),
    /// A value computed from the rest of the run when it is resolved; the text describes it.
    Derived(&'static str),
    /// No default: the sweep file must give a value.
    Required,
}

impl fmt::Display for ParamDefault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ParamDefault::Value(v) => write!(f, "{}", v()),
            ParamDefault::Derived(how) => f.write_str(how),
            ParamDefault::Required => f.write_str("required"),
        }
    }
}

/// One hyper-parameter.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// The key in the sweep file; PyTorch's name where PyTorch has one.
    pub name: &'static str,
    /// Type of the value.
    pub ty: ParamType,
    /// Default value.
    pub default: ParamDefault,
    /// Allowed numbers.
    pub range: Range,
    /// Description for users, in a sentence.
    pub doc: &'static str,
}

/// One entry of a registry: an optimizer, schedule or model kind.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// The `kind` in the sweep file.
    pub name: &'static str,
    /// Description for users.
    pub doc: &'static str,
    /// Paper or PyTorch class that it follows.
    pub source: &'static str,
    /// Differences from its source; empty if there are none except rounding.
    pub differs: &'static str,
    /// The parameters, in the order they are documented.
    pub params: &'static [Param],
}

/// A struct of parameters with its descriptors; defined by [`params!`].
pub trait Params: Sized {
    /// The descriptors, one per field.
    const PARAMS: &'static [Param];
    /// Builds the struct from one value per descriptor; `None` if a value is missing or of
    /// another type.
    fn from_values(values: &Values) -> Option<Self>;
    /// Returns the values by name; the inverse of [`Params::from_values`].
    fn to_values(&self) -> Values;
}

/// A Rust type that a parameter can have.
pub trait ParamValue: Sized {
    /// The type in descriptors.
    const TYPE: ParamType;
    /// Converts from a value; `None` if it has another type.
    fn from_value(value: &Value) -> Option<Self>;
    /// Converts to a value.
    fn to_value(&self) -> Value;
}

impl ParamValue for f64 {
    const TYPE: ParamType = ParamType::Float;
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Float(x) => Some(*x),
            Value::Int(i) => Some(*i as f64),
            _ => None,
        }
    }
    fn to_value(&self) -> Value {
        Value::Float(*self)
    }
}

impl ParamValue for u64 {
    const TYPE: ParamType = ParamType::Int;
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Int(i) => u64::try_from(*i).ok(),
            _ => None,
        }
    }
    fn to_value(&self) -> Value {
        Value::Int(i64::try_from(*self).unwrap_or(i64::MAX))
    }
}

impl ParamValue for bool {
    const TYPE: ParamType = ParamType::Bool;
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(b) => Some(*b),
            _ => None,
        }
    }
    fn to_value(&self) -> Value {
        Value::Bool(*self)
    }
}

/// An optional setting: `None` means that it is left out, and is shown as `none`.
impl<T: ParamValue> ParamValue for Option<T> {
    const TYPE: ParamType = T::TYPE;
    fn from_value(value: &Value) -> Option<Self> {
        T::from_value(value).map(Some)
    }
    fn to_value(&self) -> Value {
        self.as_ref().map_or_else(|| Value::Text("none".to_owned()), T::to_value)
    }
}

impl ParamValue for Vec<u64> {
    const TYPE: ParamType = ParamType::IntList;
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::List(items) => items.iter().map(u64::from_value).collect(),
            _ => None,
        }
    }
    fn to_value(&self) -> Value {
        Value::List(self.iter().map(ParamValue::to_value).collect())
    }
}

/// Returns whether a field has the default of its type, at which stored forms omit it.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
