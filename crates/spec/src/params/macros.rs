//! Macros that define values and kinds together with their descriptors.

/// Defines an enum of names that can be the type of a parameter. A variant's doc comment is its
/// description; only those of `Loss` and `FigureName` are shown to users.
macro_rules! choice {
    ($(#[$meta:meta])* $name:ident { $($(#[$($vmeta:tt)*])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$($vmeta)*])* #[serde(rename = $text)] $variant),+ }
        impl $name {
            /// Every name, in the order of declaration.
            pub const NAMES: &'static [&'static str] = &[$($text),+];
            /// Every variant, in the order of declaration.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];
            /// Returns the name in the sweep file.
            pub const fn name(self) -> &'static str {
                match self { $($name::$variant => $text),+ }
            }
            /// Returns the variant's documentation, on one line.
            pub fn doc(self) -> &'static str {
                match self {
                    $($name::$variant => concat!($($crate::params::doc_line!($($vmeta)*)),*).trim()),+
                }
            }
            /// Returns the variant of this name; `None` if there is none.
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

/// Expands to the text of one line of documentation, or to nothing for any other attribute.
macro_rules! doc_line {
    (doc = $text:literal) => {
        $text
    };
    ($($other:tt)*) => {
        ""
    };
}

/// Defines a struct of hyper-parameters together with their descriptors:
/// `field: type = default, range;` where the default is `value(...)`,
/// `derived("how")` or `required`. A field's doc comment is its description for users.
///
/// Fields of a closing `later { field: type, range; }` were added after the first release. Their
/// default is that of the type (0, false, empty), and stored forms omit them at the default, so
/// that adding a field changes no id.
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
/// A variant's doc comment is its description for users.
///
/// `Name with field: type {` adds a method `field` that returns this field of any variant.
macro_rules! registry {
    ($(#[$meta:meta])* $name:ident with $field:ident: $field_ty:ty { $($(#[doc = $doc:literal])+ $variant:ident($params:ty) = $kind:literal from $source:literal $(differs $differs:literal)?),+ $(,)? }) => {
        registry! {
            $(#[$meta])* $name { $($(#[doc = $doc])+ $variant($params) = $kind from $source $(differs $differs)?),+ }
        }
        impl $name {
            /// Returns this parameter, which every kind has.
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
            /// Returns the `kind` in the sweep file.
            pub fn kind(&self) -> &'static str {
                match self { $(Self::$variant(_) => $kind),+ }
            }
            /// Returns the descriptor of a kind; `None` if there is none.
            pub fn descriptor(kind: &str) -> Option<&'static $crate::params::Kind> {
                Self::KINDS.iter().find(|k| k.name == kind)
            }
            /// Returns the typed spec; `None` for an unknown kind, or a value that is missing or
            /// of another type.
            pub fn from_values(kind: &str, values: &$crate::params::Values) -> Option<Self> {
                match kind {
                    $($kind => <$params as $crate::params::Params>::from_values(values).map(Self::$variant),)+
                    _ => None,
                }
            }
            /// Returns the parameter values by name, without `kind`.
            pub fn to_values(&self) -> $crate::params::Values {
                match self { $(Self::$variant(p) => $crate::params::Params::to_values(p)),+ }
            }
        }
    };
}

pub(crate) use {choice, doc_line, params, registry};
