//! Hyper-parameter descriptors: one per parameter, the only place that knows
//! its name, type, default, range and description. Parser, diagnostics, `list`,
//! README tables and the `hp.*` columns all read them.

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
    /// A name out of a fixed set.
    Text(String),
    /// A value that is a list by nature, such as `hidden`.
    List(Vec<Value>),
}

impl fmt::Display for Value {
    /// As a person would write it: `0.001`, `1e-5`, `[64, 32]`, `relu`.
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

/// Names that something registered may add to while the program runs.
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
    /// One of the names that are known when it is read, such as those of metrics.
    Listed(Names),
    /// A list of whole numbers; a plain list is therefore one value, not an axis.
    IntList,
    /// A list of schedules, each a table with its `kind`; as a value their JSON.
    Schedules,
    /// A list of layers, each a table with its `kind`; one value, not an axis; as a value its JSON.
    Layers,
    /// A list of names, each once, out of those that are known when it is read.
    NameList(Names),
    /// A form of its own, which this describes; its table reads it.
    Own(&'static str),
}

impl ParamType {
    /// The names that a value may be; none for values that are no names.
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

/// The values a number may take (for lists: each element).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Range {
    /// No limit but finiteness.
    Any,
    /// Greater than 0.
    Positive,
    /// At least 0.
    NonNegative,
    /// At least this.
    AtLeast(f64),
    /// From the first to the last, both included.
    Within(f64, f64),
    /// From 0, below 1.
    BelowOne,
    /// From 0 to 1, both included.
    UpToOne,
    /// Greater than 0, up to 1 included.
    AboveZeroUpToOne,
}

impl Range {
    /// Whether `x` is allowed; never true for NaN and infinities.
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

/// What a parameter is when the sweep file does not name it.
#[derive(Clone, Copy, Debug)]
pub enum ParamDefault {
    /// This value.
    Value(fn() -> Value),
    /// Computed from the rest of the run when it is resolved; the text says how.
    Derived(&'static str),
    /// Must be given.
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
    /// Value when not given.
    pub default: ParamDefault,
    /// Allowed numbers.
    pub range: Range,
    /// What it does, in a sentence.
    pub doc: &'static str,
}

/// One entry of a registry: an optimizer, schedule or model kind.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// The `kind` in the sweep file.
    pub name: &'static str,
    /// What it is.
    pub doc: &'static str,
    /// Paper or PyTorch class it follows.
    pub source: &'static str,
    /// Where it differs from its source; empty if nowhere but in rounding.
    pub differs: &'static str,
    /// Its parameters, in the order they are documented.
    pub params: &'static [Param],
}

/// A typed group of parameters with its descriptors; made by [`params!`].
pub trait Params: Sized {
    /// The descriptors, one per field.
    const PARAMS: &'static [Param];
    /// The typed struct from one value per descriptor; `None` if one is
    /// missing or of another type.
    fn from_values(values: &Values) -> Option<Self>;
    /// The values by name; the inverse of [`Params::from_values`].
    fn to_values(&self) -> Values;
}

/// A Rust type that a parameter can have.
pub trait ParamValue: Sized {
    /// Its descriptor type.
    const TYPE: ParamType;
    /// Reads a value; `None` if it has another type.
    fn from_value(value: &Value) -> Option<Self>;
    /// The value.
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

/// A setting that may be left out: `None` is left out, and shown as `none`.
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

/// Whether a field has the default of its type: it is then left out of stored forms.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
