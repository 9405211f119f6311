//! The identity of a run: BLAKE3-128 over canonical JSON.
//!
//! Canonical means: keys sorted, no blanks, floats as their shortest
//! round-trip digits with an exponent (`1e-3`), minus zero as zero. The
//! field's type decides whether one is `1` or `1e0`, so `lr = 1` and
//! `lr = 1.0` are one run.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::run::RunSpec;

/// Version of what training does with a `RunSpec`. Raised when the same spec
/// would no longer give the same weights by intent; every `RunId` changes with it.
pub const TRAINING_FORMAT: u32 = 1;

/// 128 bits of BLAKE3, shown as 32 hexadecimal characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id([u8; 16]);

impl Id {
    /// The id of a canonical text.
    pub fn of(text: &str) -> Self {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&blake3::hash(text.as_bytes()).as_bytes()[..16]);
        Id(bytes)
    }

    /// The first eight hexadecimal characters, for people.
    pub fn short(&self) -> String {
        self.to_string()[..8].to_owned()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for Id {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        let bad = || format!("`{s}` is not an id: 32 hexadecimal characters are expected");
        if s.len() != 32 || !s.is_ascii() {
            return Err(bad());
        }
        let mut bytes = [0; 16];
        for (i, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&s[2 * i..2 * i + 2], 16).map_err(|_| bad())?;
        }
        Ok(Id(bytes))
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The three ids of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunIds {
    /// Spec, training format and dataset digest.
    pub run: Id,
    /// The same without the seed: one configuration.
    pub config: Id,
    /// `run` without the training format, to compare across versions of the code.
    pub cell: Id,
}

/// Computes the ids of a resolved run.
pub fn ids(spec: &RunSpec) -> RunIds {
    let with_seed = canonical_spec(spec, true);
    let dataset = spec.data.dataset.digest();
    let id = |format: &str, body: &str| {
        Id::of(&format!("{{\"dataset\":\"{dataset}\",\"format\":\"{format}\",\"run\":{body}}}"))
    };
    let format = TRAINING_FORMAT.to_string();
    RunIds {
        run: id(&format, &with_seed),
        config: id(&format, &canonical_spec(spec, false)),
        cell: id("any", &with_seed),
    }
}

/// Canonical JSON of a spec, with or without its seed.
pub fn canonical_spec(spec: &RunSpec, with_seed: bool) -> String {
    let mut value = serde_json::to_value(spec).expect("a RunSpec holds only JSON types");
    if !with_seed && let Value::Object(map) = &mut value {
        map.remove("seed");
    }
    canonical_json(&value)
}

/// Canonical JSON text of any value.
pub fn canonical_json(value: &Value) -> String {
    let mut out = String::new();
    write_canonical(value, &mut out);
    out
}

fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Number(n) => match (n.as_u64(), n.as_i64(), n.as_f64()) {
            (Some(u), _, _) => out.push_str(&u.to_string()),
            (_, Some(i), _) => out.push_str(&i.to_string()),
            // Adding zero turns -0 into 0.
            (_, _, Some(x)) => out.push_str(&format!("{:e}", x + 0.0)),
            _ => out.push_str(&n.to_string()),
        },
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_canonical(item, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            // serde_json's map keeps insertion order if any crate of the build asks for it.
            let mut keys: Vec<_> = map.keys().collect();
            keys.sort();
            out.push('{');
            for (i, key) in keys.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                out.push_str(&Value::String(key.clone()).to_string());
                out.push(':');
                write_canonical(&map[key], out);
            }
            out.push('}');
        }
        other => out.push_str(&other.to_string()),
    }
}
