//! Hyper-parameter descriptors: one per parameter, the only place that knows
//! its name, type, default, range and description. Parser, diagnostics, `list`,
//! README tables and the `hp.*` columns all read them.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

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

/// Defines an enum of names that is a parameter type of its own.
macro_rules! choice {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$vmeta])* #[serde(rename = $text)] $variant),+ }
        impl $name {
            /// Every name, in the order of declaration.
            pub const NAMES: &'static [&'static str] = &[$($text),+];
            /// Every variant, in the order of declaration.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];
            /// The name in the sweep file.
            pub const fn name(self) -> &'static str {
                match self { $($name::$variant => $text),+ }
            }
            /// The variant of this name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($text => Some($name::$variant),)+ _ => None }
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }
        impl $crate::params::ParamValue for Vec<$name> {
            const TYPE: $crate::params::ParamType =
                $crate::params::ParamType::NameList($crate::params::Names(|| $name::NAMES));
            fn from_value(value: &$crate::params::Value) -> Option<Self> {
                match value {
                    $crate::params::Value::List(items) => {
                        items.iter().map(<$name as $crate::params::ParamValue>::from_value).collect()
                    }
                    _ => None,
                }
            }
            fn to_value(&self) -> $crate::params::Value {
                $crate::params::Value::List(
                    self.iter().map(<$name as $crate::params::ParamValue>::to_value).collect(),
                )
            }
        }
        impl $crate::params::ParamValue for $name {
            const TYPE: $crate::params::ParamType = $crate::params::ParamType::Choice(Self::NAMES);
            fn from_value(value: &$crate::params::Value) -> Option<Self> {
                match value {
                    $crate::params::Value::Text(s) => Self::from_name(s),
                    _ => None,
                }
            }
            fn to_value(&self) -> $crate::params::Value {
                $crate::params::Value::Text(self.name().to_owned())
            }
        }
    };
}

/// Defines a struct of hyper-parameters together with their descriptors:
/// `field: type = default, range;` where the default may be
/// `derived("how")` or `required`.
///
/// Fields of a closing `later { field: type, range; }` came after the first
/// release: their default is that of the type (0, false, empty), and they are
/// left out of stored forms while they have it, so that ids survive them.
macro_rules! params {
    (@default $ty:ty, required) => { $crate::params::ParamDefault::Required };
    (@default $ty:ty, derived($how:literal)) => { $crate::params::ParamDefault::Derived($how) };
    (@default $ty:ty, value($value:expr)) => {
        $crate::params::ParamDefault::Value(|| {
            let v: $ty = $value;
            $crate::params::ParamValue::to_value(&v)
        })
    };
    ($(#[$meta:meta])* $name:ident {
        $($(#[doc = $doc:literal])+ $field:ident : $ty:ty = $how:ident $(($($value:tt)+))?, $range:expr;)*
        $(later { $($(#[doc = $ldoc:literal])+ $lfield:ident : $lty:ty, $lrange:expr;)+ })?
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        pub struct $name {
            $($(#[doc = $doc])+ pub $field: $ty,)*
            $($(
                $(#[doc = $ldoc])+
                #[serde(default, skip_serializing_if = "crate::params::is_default")]
                pub $lfield: $lty,
            )+)?
        }
        impl $crate::params::Params for $name {
            const PARAMS: &'static [$crate::params::Param] = &[$({
                #[allow(unused_imports)]
                use $crate::params::Range::*;
                $crate::params::Param {
                    name: stringify!($field),
                    ty: <$ty as $crate::params::ParamValue>::TYPE,
                    default: params!(@default $ty, $how $(($($value)+))?),
                    range: $range,
                    doc: concat!($($doc),+),
                }
            },)* $($({
                #[allow(unused_imports)]
                use $crate::params::Range::*;
                $crate::params::Param {
                    name: stringify!($lfield),
                    ty: <$lty as $crate::params::ParamValue>::TYPE,
                    default: params!(@default $lty, value(Default::default())),
                    range: $lrange,
                    doc: concat!($($ldoc),+),
                }
            },)+)?];
            #[allow(unused_variables)]
            fn from_values(values: &$crate::params::Values) -> Option<Self> {
                Some(Self {
                    $($field: $crate::params::ParamValue::from_value(values.get(stringify!($field))?)?,)*
                    $($($lfield: $crate::params::ParamValue::from_value(values.get(stringify!($lfield))?)?,)+)?
                })
            }
            fn to_values(&self) -> $crate::params::Values {
                $crate::params::Values::from([$((
                    stringify!($field).to_owned(),
                    $crate::params::ParamValue::to_value(&self.$field),
                ),)* $($((
                    stringify!($lfield).to_owned(),
                    $crate::params::ParamValue::to_value(&self.$lfield),
                ),)+)?])
            }
        }
    };
}

/// Defines a registry: an enum over parameter structs, tagged by `kind` in
/// every stored form, and the table of its [`Kind`]s:
/// `Variant(Params) = "kind" from "source" differs "how, if it does",`
///
/// `Name with field: type {` gives each variant's field by a method of its name.
macro_rules! registry {
    ($(#[$meta:meta])* $name:ident with $field:ident: $field_ty:ty { $($(#[doc = $doc:literal])+ $variant:ident($params:ty) = $kind:literal from $source:literal $(differs $differs:literal)?),+ $(,)? }) => {
        registry! {
            $(#[$meta])* $name { $($(#[doc = $doc])+ $variant($params) = $kind from $source $(differs $differs)?),+ }
        }
        impl $name {
            /// The value that every kind has.
            pub fn $field(&self) -> $field_ty {
                match self { $(Self::$variant(p) => p.$field),+ }
            }
        }
    };
    ($(#[$meta:meta])* $name:ident { $($(#[doc = $doc:literal])+ $variant:ident($params:ty) = $kind:literal from $source:literal $(differs $differs:literal)?),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(tag = "kind")]
        pub enum $name { $($(#[doc = $doc])+ #[serde(rename = $kind)] $variant($params)),+ }
        impl $name {
            /// Every kind with its parameters, in the order of declaration.
            pub const KINDS: &'static [$crate::params::Kind] = &[$($crate::params::Kind {
                name: $kind,
                doc: concat!($($doc),+),
                source: $source,
                differs: concat!("" $(, $differs)?),
                params: <$params as $crate::params::Params>::PARAMS,
            }),+];
            /// The `kind` in the sweep file.
            pub fn kind(&self) -> &'static str {
                match self { $(Self::$variant(_) => $kind),+ }
            }
            /// The descriptor of this name.
            pub fn descriptor(kind: &str) -> Option<&'static $crate::params::Kind> {
                Self::KINDS.iter().find(|k| k.name == kind)
            }
            /// The typed spec; `None` for an unknown kind, a missing value or one of another type.
            pub fn from_values(kind: &str, values: &$crate::params::Values) -> Option<Self> {
                match kind {
                    $($kind => <$params as $crate::params::Params>::from_values(values).map(Self::$variant),)+
                    _ => None,
                }
            }
            /// Its parameter values by name, `kind` not included.
            pub fn to_values(&self) -> $crate::params::Values {
                match self { $(Self::$variant(p) => $crate::params::Params::to_values(p)),+ }
            }
        }
    };
}

pub(crate) use {choice, params, registry};
