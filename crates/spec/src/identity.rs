//! The identity of a run: BLAKE3-128 over canonical JSON.
//!
//! Canonical means: keys sorted, no whitespace, floats as their shortest
//! round-trip digits with an exponent (`1e-3`), minus zero as zero. The
//! field's type decides whether one is written `1` or `1e0`, so `lr = 1` and
//! `lr = 1.0` are the same run.

use serde::Serialize;
use serde_json::Value;

use crate::digest::Digest;
use crate::run::{DataSpec, RunSpec};

/// Version of what training does with a `RunSpec`, raised when the same spec is meant to give
/// other weights. Every run id changes with it.
pub const TRAINING_FORMAT: u32 = 1;

/// The id of a run, a configuration or a cell.
pub type Id = Digest;

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

/// Computes the three ids of a resolved run.
pub fn ids(spec: &RunSpec) -> RunIds {
    ConfigIds::new(spec).with_seed(spec.seed)
}

/// The ids of one configuration's runs. Everything before the seed is hashed
/// only once, so that a plan of a million runs is quick.
#[derive(Clone, Debug)]
pub struct ConfigIds {
    run: blake3::Hasher,
    cell: blake3::Hasher,
    /// Canonical JSON after the seed.
    after: String,
    config: Id,
}

impl ConfigIds {
    /// Returns the ids of a spec's configuration; the spec's own seed is ignored.
    pub fn new(spec: &RunSpec) -> Self {
        Memo::default().ids(spec)
    }

    /// Returns the ids of the run with this seed.
    pub fn with_seed(&self, seed: u64) -> RunIds {
        let rest = format!("\"seed\":{seed},{}}}", self.after);
        let id = |begun: &blake3::Hasher| {
            Id::from_hash(&begun.clone().update(rest.as_bytes()).finalize())
        };
        RunIds { run: id(&self.run), config: self.config, cell: id(&self.cell) }
    }
}

/// A cache of the canonical text of each part of the last spec, since few parts change from one
/// configuration to the next.
#[derive(Debug, Default)]
pub struct Memo {
    last: Option<RunSpec>,
    dataset: String,
    data: String,
    early_stopping: String,
    model: String,
    optimizer: String,
    schedule: String,
    stop_at: String,
    train: String,
    update: String,
    groups: String,
    warmup: String,
    init: String,
    evaluate_every: String,
    evaluate_samples: String,
}

impl Memo {
    /// Returns the ids of a spec's configuration.
    pub fn ids(&mut self, spec: &RunSpec) -> ConfigIds {
        // Listed one by one, so that a new field does not compile until it is hashed.
        let RunSpec {
            data,
            model,
            train,
            optimizer,
            schedule,
            seed: _,
            early_stopping,
            stop_at,
            update,
            groups,
            warmup,
            init,
            evaluate_every,
            evaluate_samples,
        } = spec;
        let last = self.last.as_ref();
        let same = |of: &dyn Fn(&RunSpec) -> bool| last.is_some_and(of);
        if !same(&|l| l.data == *data) {
            self.dataset = data.dataset.digest();
            self.data = canonical_json(&what_is_fed(data));
        }
        let optional = |value: Option<Value>| value.map(|v| canonical_json(&v)).unwrap_or_default();
        if !same(&|l| l.early_stopping == *early_stopping) {
            self.early_stopping = optional(early_stopping.as_ref().map(json));
        }
        if !same(&|l| l.model == *model) {
            self.model = canonical_json(&json(model));
        }
        if !same(&|l| l.optimizer == *optimizer) {
            self.optimizer = canonical_json(&json(optimizer));
        }
        if !same(&|l| l.schedule == *schedule) {
            self.schedule = canonical_json(&json(schedule));
        }
        if !same(&|l| l.stop_at == *stop_at) {
            self.stop_at = optional(stop_at.as_ref().map(json));
        }
        if !same(&|l| l.train == *train) {
            self.train = canonical_json(&json(train));
        }
        if !same(&|l| l.update == *update) {
            self.update = optional((!update.is_neutral()).then(|| json(update)));
        }
        if !same(&|l| l.groups == *groups) {
            self.groups = optional((!groups.is_empty()).then(|| json(groups)));
        }
        if !same(&|l| l.warmup == *warmup) {
            self.warmup = optional(warmup.as_ref().map(json));
        }
        if !same(&|l| l.init == *init) {
            self.init = optional((!init.is_neutral()).then(|| json(init)));
        }
        self.evaluate_every = optional((*evaluate_every > 0).then(|| json(evaluate_every)));
        self.evaluate_samples = optional((*evaluate_samples > 0).then(|| json(evaluate_samples)));
        self.last = Some(spec.clone());
        let (before, after) = self.around_the_seed();
        let format = TRAINING_FORMAT.to_string();
        let begin = |format: &str| {
            let mut hasher = blake3::Hasher::new();
            hasher.update(head(&self.dataset, format).as_bytes()).update(before.as_bytes());
            hasher
        };
        let run = begin(&format);
        let without_seed = run.clone().update(after.as_bytes()).update(b"}").finalize();
        ConfigIds { config: Id::from_hash(&without_seed), cell: begin("any"), run, after }
    }

    /// Returns the canonical JSON of the parts before and after the seed.
    fn around_the_seed(&self) -> (String, String) {
        // Sorted by key; absent parts are omitted, as in stored forms.
        let text = |parts: &[(&str, &String)]| {
            let there = parts.iter().filter(|(_, text)| !text.is_empty());
            there.map(|(key, text)| format!("\"{key}\":{text},")).collect::<String>()
        };
        let before = text(&[
            ("data", &self.data),
            ("early_stopping", &self.early_stopping),
            ("evaluate_every", &self.evaluate_every),
            ("evaluate_samples", &self.evaluate_samples),
            ("groups", &self.groups),
            ("init", &self.init),
            ("model", &self.model),
            ("optimizer", &self.optimizer),
            ("schedule", &self.schedule),
        ]);
        let after = text(&[
            ("stop_at", &self.stop_at),
            ("train", &self.train),
            ("update", &self.update),
            ("warmup", &self.warmup),
        ]);
        let (before, after) = (format!("{{{before}"), format!("{}}}", after.trim_end_matches(',')));
        (before, after)
    }
}

/// Returns the data of a run as it is fed, without its location and the settings for reading it.
fn what_is_fed(data: &DataSpec) -> Value {
    let mut value = json(data);
    // The location of own data is not part of what is trained; its checksum is.
    if let Some(Value::Object(files)) = value.pointer_mut("/dataset/files") {
        files.retain(|key, _| key == "kind" || key == "vocabulary");
    }
    // Nor are the settings for reading it; the hash of the result, `understood`, is.
    if let Some(Value::Object(own)) = value.get_mut("dataset") {
        let understood = own.get("reading").and_then(|r| r.get("understood").cloned());
        own.remove("reading");
        own.extend(understood.map(|hash| ("understood".to_owned(), hash)));
    }
    value
}

fn json<T: Serialize>(part: &T) -> Value {
    serde_json::to_value(part).expect("a RunSpec holds only JSON types")
}

/// Returns the text that is hashed before a spec's canonical JSON; a closing brace follows that.
fn head(dataset: &str, format: &str) -> String {
    format!("{{\"dataset\":\"{dataset}\",\"format\":\"{format}\",\"run\":")
}

/// Returns the canonical JSON text of any value.
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A stored run, with others that differ from it in these fields.
    fn runs() -> Vec<RunSpec> {
        let line: Value =
            serde_json::from_str(include_str!("../../store/tests/records/version-1.jsonl"))
                .expect("a record");
        let changes = [
            json!({}),
            json!({ "seed": 7 }),
            json!({ "data": { "dataset": "digits", "batch_size": 16, "validation": 237, "drop_last": true } }),
            json!({ "model": { "kind": "mlp", "hidden": [16], "activation": "relu", "dropout": 0.5 } }),
            json!({ "schedule": { "kind": "cosine", "per": "batch", "min_lr": -0.0, "t_max": 4 } }),
            json!({ "stop_at": { "split": "validation", "metric": "loss", "value": 0.5 } }),
            json!({ "train": { "epochs": 2, "loss": "cross-entropy", "label_smoothing": 0.1 } }),
            json!({ "update": { "accumulate": 2, "clip_norm": 1e-7, "clip_value": 0.0, "decoupled_decay": 0.0 } }),
            json!({ "evaluate_every": 20 }),
            json!({ "evaluate_samples": 500 }),
            json!({ "init": { "init": "ones", "init_sd": 0.0, "init_bias": "default", "init_bias_value": 0.0 } }),
        ];
        let changed = changes.into_iter().map(|change| {
            let mut spec = line["spec"].clone();
            let fields = spec.as_object_mut().expect("an object");
            fields.extend(change.as_object().expect("an object").clone());
            serde_json::from_value(spec).unwrap_or_else(|e| panic!("{change}: {e}"))
        });
        changed.collect()
    }

    #[test]
    fn what_is_hashed_is_the_canonical_json_of_the_stored_form() {
        let mut memo = Memo::default();
        let mut seen = std::collections::HashSet::new();
        for spec in runs() {
            let body = canonical_json(&serde_json::to_value(&spec).unwrap());
            let begin = head(&spec.data.dataset.digest(), &TRAINING_FORMAT.to_string());
            let expected = Id::of(format!("{begin}{body}}}"));
            assert_eq!(memo.ids(&spec).with_seed(spec.seed).run, expected, "{body}");
            assert_eq!(ids(&spec).run, expected, "{body}");
            assert!(seen.insert(expected), "{body}: the change changes no id");
        }
    }
}
