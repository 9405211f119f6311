//! The environment of a computation, as records, checkpoints and manifests store it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::identity::{Id, canonical_json};

/// The backend, hardware and versions that computed a result. Two results are expected to agree
/// bit by bit only if their environments agree ([`Environment::agrees_with`]).
///
/// Optional fields are null where they do not apply, and in records of older versions that did
/// not store them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// `libtorch` or `flex`.
    pub backend: String,
    /// `cpu` or `cuda`.
    pub device_kind: String,
    /// Marketing name of the processor or GPU.
    pub device_model: String,
    /// Vendor, family and model of the processor: `AuthenticAMD family 25 model 17`. Processors
    /// of several families may share one `device_model`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processor: Option<String>,
    /// UUID of the GPU or of its MIG instance: `GPU-...`, `MIG-...`; null on a CPU.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu_uuid: Option<String>,
    /// Instruction sets by which kernels are chosen, separated by spaces.
    pub cpu_features: String,
    /// Number of threads inside one run.
    pub threads: u64,
    /// Version of Burn.
    pub burn: String,
    /// Version of the libtorch that was loaded; null for flex.
    pub libtorch: Option<String>,
    /// The kind of device libtorch was built for: `cpu` or `cuda`; null for flex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub libtorch_kind: Option<String>,
    /// Version of the GPU's driver; null on a CPU.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub driver: Option<String>,
    /// Whether matrix products and convolutions may round their inputs to TF32 (10 bits of
    /// mantissa instead of 23) on GPUs that support it; null on a CPU.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tf32: Option<bool>,
    /// Whether cuDNN is restricted to deterministic algorithms; null on a CPU.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deterministic: Option<bool>,
    /// Whether the fast path was switched off, so that Burn's own operations trained the run;
    /// false while it is on, even for a run that has no fast path.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub plain: bool,
    /// Code hash: that of the tokens of the code that trains.
    pub code: String,
}

/// A field in which two environments differ, with both values as JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differing {
    /// The field's stored name.
    pub field: String,
    /// The value in the environment on which [`Environment::differing`] was called.
    pub ours: String,
    /// The value in the other one.
    pub theirs: String,
}

/// The stored field that names one GPU among equal ones, which compute the same bits.
const UUID: &str = "gpu_uuid";

/// Fields that are null in records of older versions that did not store them.
const FACTS: [&str; 5] = ["processor", "libtorch_kind", "driver", "tf32", "deterministic"];

impl Environment {
    /// Returns `exec_id`: the hash of every field except the GPU's UUID.
    pub fn id(&self) -> Id {
        Id::of(canonical_json(&Value::Object(self.fields())))
    }

    /// Returns whether results of the two are expected to be equal bit by bit: every field except
    /// the GPU's UUID is equal. A field that an older record lacks counts as equal, so that adding
    /// one does not turn old records into another machine's.
    pub fn agrees_with(&self, other: &Environment) -> bool {
        self.differing(other).is_empty()
    }

    /// Returns the fields whose difference makes [`Environment::agrees_with`] false, sorted by
    /// name.
    pub fn differing(&self, other: &Environment) -> Vec<Differing> {
        let (ours, theirs) = (self.fields(), other.fields());
        let unknown = |name: &str| {
            FACTS.contains(&name) && !(ours.contains_key(name) && theirs.contains_key(name))
        };
        let mut names: Vec<&String> = ours.keys().chain(theirs.keys()).collect();
        names.sort();
        names.dedup();
        names.retain(|name| ours.get(*name) != theirs.get(*name) && !unknown(name));
        let text = |fields: &Map<String, Value>, name: &str| match fields.get(name) {
            Some(value) => value.to_string(),
            // `plain` is omitted from the stored form if it is false.
            None if name == "plain" => "false".to_owned(),
            None => "none".to_owned(),
        };
        let of = |name: &String| Differing {
            field: name.clone(),
            ours: text(&ours, name),
            theirs: text(&theirs, name),
        };
        names.into_iter().map(of).collect()
    }

    /// Returns the fields as stored, without the GPU's UUID.
    fn fields(&self) -> Map<String, Value> {
        let value = serde_json::to_value(self).expect("plain strings and numbers");
        let Value::Object(mut fields) = value else { unreachable!("a struct is an object") };
        fields.remove(UUID);
        fields
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A record's environment as versions without the fields of [`FACTS`] wrote it.
    const OLD: &str = r#"{"backend":"libtorch","device_kind":"cpu","device_model":"AMD EPYC",
        "cpu_features":"avx2 fma","threads":1,"burn":"0.22.1","libtorch":"2.9.0","code":"0123"}"#;

    fn old() -> Environment {
        serde_json::from_str(OLD).unwrap()
    }

    fn names(a: &Environment, b: &Environment) -> Vec<String> {
        a.differing(b).into_iter().map(|d| d.field).collect()
    }

    #[test]
    fn an_old_record_keeps_its_id_and_agrees_with_a_new_one_of_its_machine() {
        let value: Value = serde_json::from_str(OLD).unwrap();
        assert_eq!(old().id(), Id::of(canonical_json(&value)));
        let processor = Some("AuthenticAMD family 25 model 17".to_owned());
        let new = Environment { processor: processor.clone(), ..old() };
        assert_ne!(new.id(), old().id());
        assert!(new.agrees_with(&old()) && old().agrees_with(&new));
        let other =
            Environment { processor: Some("AuthenticAMD family 26 model 2".into()), ..old() };
        assert_eq!(names(&new, &other), ["processor"]);
        assert!(other.agrees_with(&old()));
    }

    #[test]
    fn what_is_not_a_new_fact_is_compared_as_it_stands() {
        let flex = Environment { libtorch: None, backend: "flex".into(), ..old() };
        assert_eq!(names(&flex, &old()), ["backend", "libtorch"]);
        let other = Environment { libtorch: Some("2.11.0".into()), plain: true, ..old() };
        assert_eq!(names(&other, &old()), ["libtorch", "plain"]);
        let plain = &other.differing(&old())[1];
        assert_eq!((plain.ours.as_str(), plain.theirs.as_str()), ("true", "false"));
    }

    #[test]
    fn equal_gpus_agree_and_tf32_does_not() {
        let of = |uuid: &str, tf32| Environment {
            gpu_uuid: Some(uuid.to_owned()),
            tf32: Some(tf32),
            ..old()
        };
        let (a, b) = (of("GPU-a", false), of("GPU-b", false));
        assert!(a != b && a.agrees_with(&b) && a.id() == b.id());
        assert_eq!(names(&a, &of("GPU-a", true)), ["tf32"]);
        assert_ne!(a.id(), of("GPU-a", true).id());
    }
}
