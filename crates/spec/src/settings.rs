//! Tables of the sweep file that hold settings of a sweep, not hyper-parameters of its runs.
//! Each key is described once; parser, defaults, diagnostics and `list settings` all read that
//! description.

use crate::params::{Param, Value};

/// A table of the sweep file.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// Name without brackets: `report`.
    pub name: &'static str,
    /// Purpose, in a sentence.
    pub doc: &'static str,
    /// The keys, in the order they are documented.
    pub keys: &'static [Param],
}

/// Settings of one table, defined by [`settings!`](crate::settings!). `Default` is the table
/// left out of the sweep file.
pub trait Settings: Default {
    /// The description of the table.
    const TABLE: Table;

    /// Sets a key to a value. Returns false, and changes nothing, for an unknown key, a key that is
    /// read in a form of its own, or a value of another type. The range is not checked.
    fn set(&mut self, key: &str, value: &Value) -> bool;
}

/// Defines the settings of a table: `key: type = default, range;`, or for a key that is read in
/// a form of its own `key: type = default => "its form", "its default";`. A key that is missing
/// from a stored form has its default.
#[macro_export]
macro_rules! settings {
    (@type $ty:ty) => { <$ty as $crate::params::ParamValue>::TYPE };
    (@type $ty:ty, $form:literal) => { $crate::params::ParamType::Own($form) };
    (@range $range:expr) => { $range };
    (@range) => { $crate::params::Range::Any };
    (@default $ty:ty, $default:expr) => {
        $crate::params::ParamDefault::Value(|| {
            let v: $ty = $default;
            $crate::params::ParamValue::to_value(&v)
        })
    };
    (@default $ty:ty, $default:expr, $shown:literal) => {
        $crate::params::ParamDefault::Derived($shown)
    };
    (@set $place:expr, $value:expr) => {
        match $crate::params::ParamValue::from_value($value) {
            Some(value) => { $place = value; true }
            None => false,
        }
    };
    (@set $place:expr, $value:expr, $form:literal) => { false };
    ($(#[doc = $about:literal])+ $(#[derive($($derive:path),+)])? $name:ident in $table:literal {
        $($(#[doc = $doc:literal])+ $(#[serde($($serde:tt)+)])?
            $field:ident : $ty:ty = $default:expr
            $(, $range:expr)? $(=> $form:literal, $shown:literal)?;)+
    }) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(default)]
        pub struct $name {
            $($(#[doc = $doc])+ $(#[serde($($serde)+)])? pub $field: $ty,)+
        }
        impl Default for $name {
            fn default() -> Self {
                $name { $($field: $default,)+ }
            }
        }
        impl $crate::settings::Settings for $name {
            const TABLE: $crate::settings::Table = $crate::settings::Table {
                name: $table,
                doc: concat!($($about),+),
                keys: &[$({
                    #[allow(unused_imports)]
                    use $crate::params::Range::*;
                    $crate::params::Param {
                        name: stringify!($field),
                        ty: $crate::settings!(@type $ty $(, $form)?),
                        default: $crate::settings!(@default $ty, $default $(, $shown)?),
                        range: $crate::settings!(@range $($range)?),
                        doc: concat!($($doc),+),
                    }
                }),+],
            };
            #[allow(unused_variables)]
            fn set(&mut self, key: &str, value: &$crate::params::Value) -> bool {
                match key {
                    $(stringify!($field) => $crate::settings!(@set self.$field, value $(, $form)?),)+
                    _ => false,
                }
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::{ParamDefault, ParamType};
    use crate::report_settings::{Band, ReportSettings};

    #[test]
    fn a_key_is_set_by_its_name_and_type() {
        let mut settings = ReportSettings::default();
        assert!(settings.set("band", &Value::Text("range".to_owned())));
        assert!(settings.set("tolerance", &Value::Float(0.2)));
        assert_eq!((settings.band, settings.tolerance), (Band::Range, 0.2));
        assert!(!settings.set("tolerance", &Value::Bool(true)));
        assert!(!settings.set("colour", &Value::Bool(true)));
    }

    #[test]
    fn the_description_has_types_ranges_and_defaults() {
        let keys = ReportSettings::TABLE.keys;
        let tolerance = keys.iter().find(|key| key.name == "tolerance").unwrap();
        assert_eq!(tolerance.ty, ParamType::Float);
        assert!(tolerance.range.contains(1.0) && !tolerance.range.contains(1.1));
        assert!(matches!(tolerance.default, ParamDefault::Value(_)));
        assert_eq!(tolerance.default.to_string(), "0.01");
    }
}
