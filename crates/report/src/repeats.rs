//! Runs that were computed more than once: by two machines that were given the same chunk, in two
//! parts of a sweep that were merged, or again on purpose.
//!
//! Executing a run twice is harmless only if the results are compared. Results of one run from
//! matching environments must be bit-identical except for times; otherwise one of them is wrong.
//! With different code, threads or processors they may differ, which is reported without alarm.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use spec::Id;
use spec::identity::canonical_json;
use spec::metric::Metric;
use spec::plan::Plan;
use spec::record::{Environment, MetricPoint, Outcome, RunRecord, Split};

use crate::journal::Journal;
use spec::grain::Grain;

mod text;

/// Largest number of repeats that are listed; all are counted.
const LISTED: usize = 1000;

/// A difference between two records of one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The quantity that differs: `weights digest`, `test.loss of epoch 2 at step 90`, `threads`.
    pub what: String,
    /// Its values in the earlier and in the later record.
    pub values: [String; 2],
}

/// Two results of one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repeat {
    /// The run.
    pub run_id: Id,
    /// Its label; for a run outside of the plan, the kind of its optimizer.
    pub label: String,
    /// Its seed.
    pub seed: u64,
    /// End times of the two records, as recorded.
    pub ended: [String; 2],
    /// Whether both were computed on a GPU, where bit-identical results are not guaranteed.
    pub cuda: bool,
    /// Differences between the two environments; empty if they match.
    pub exec: Vec<Difference>,
    /// Differences between the results, except times; empty if they are bit-identical.
    pub result: Vec<Difference>,
}

/// A list of repeats, with the number of all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Number of repeats.
    pub count: usize,
    /// The first 1000 of them, ordered by run.
    pub first: Vec<Repeat>,
}

/// The repeats in a journal: runs that have more than one result.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repeats {
    /// Number of results that agree with an earlier one from a matching environment.
    pub agreeing: usize,
    /// Results that differ from an earlier one from a matching environment.
    pub contradictions: Listed,
    /// Results from an environment other than that of their run's first.
    pub elsewhere: Listed,
    /// Number of those that are bit-identical to the first anyway.
    pub equal_elsewhere: usize,
}

impl Listed {
    fn push(&mut self, repeat: Repeat) {
        self.count += 1;
        if self.first.len() < LISTED {
            self.first.push(repeat);
        }
    }
}

impl Repeats {
    /// Finds the repeats in a journal; the plan provides the labels. Only listed repeats are
    /// copied, since a journal can have a million records.
    pub fn of(journal: &Journal, plan: &Plan) -> Self {
        let mut out = Repeats::default();
        let repeated = repeated(journal);
        if repeated.is_empty() {
            return out;
        }
        let labels: HashMap<Id, &str> = plan
            .runs
            .iter()
            .filter(|run| repeated.contains_key(&run.run_id))
            .map(|run| (run.run_id, run.label.as_str()))
            .collect();
        for (run, records) in &repeated {
            let label = labels.get(run).copied();
            out.add(records, label.unwrap_or_else(|| records[0].spec.optimizer.kind()));
        }
        out
    }

    /// Returns whether no run has more than one result.
    pub fn is_empty(&self) -> bool {
        self.agreeing + self.contradictions.count + self.elsewhere.count == 0
    }

    /// Adds the results of one run, which are in the order in which they ended.
    fn add(&mut self, records: &[&RunRecord], label: &str) {
        // The first result of each environment; a record without an environment matches none.
        let mut firsts: Vec<&RunRecord> = Vec::new();
        for record in records {
            let Some(first) = firsts.iter().find(|first| first.computed_alike(record)) else {
                if let Some(first) = firsts.first() {
                    let repeat = repeat(first, record, label);
                    self.equal_elsewhere += usize::from(repeat.result.is_empty());
                    self.elsewhere.push(repeat);
                }
                firsts.push(record);
                continue;
            };
            let repeat = repeat(first, record, label);
            if !repeat.result.is_empty() {
                self.contradictions.push(Repeat { exec: Vec::new(), ..repeat });
            } else if !same_execution(first, record) {
                self.agreeing += 1;
            }
        }
    }
}

/// Returns the results of each run that has several, in the order in which they ended.
fn repeated(journal: &Journal) -> BTreeMap<Id, Vec<&RunRecord>> {
    let mut first: HashMap<Id, &RunRecord> = HashMap::with_capacity(journal.records.len());
    let mut repeated: BTreeMap<Id, Vec<&RunRecord>> = BTreeMap::new();
    for record in journal.records.iter().filter(|r| r.status.is_result()) {
        match first.entry(record.run_id) {
            Entry::Vacant(place) => {
                place.insert(record);
            }
            Entry::Occupied(place) => {
                repeated.entry(record.run_id).or_insert_with(|| vec![place.get()]).push(record);
            }
        }
    }
    for records in repeated.values_mut() {
        // The `Z` is dropped, as for the order of the journal.
        records.sort_by(|a, b| a.ended.trim_end_matches('Z').cmp(b.ended.trim_end_matches('Z')));
    }
    repeated
}

/// Returns whether one record is a copy of the other, as in a journal that was merged twice under
/// two names.
fn same_execution(a: &RunRecord, b: &RunRecord) -> bool {
    let seconds = |r: &RunRecord| {
        r.outcome.as_ref().map(|o| (o.train_seconds.to_bits(), o.eval_seconds.to_bits()))
    };
    (&a.started, &a.ended, a.slot, a.attempt) == (&b.started, &b.ended, b.slot, b.attempt)
        && seconds(a) == seconds(b)
}

fn repeat(a: &RunRecord, b: &RunRecord, label: &str) -> Repeat {
    let on_gpu = |r: &RunRecord| r.exec.as_ref().is_some_and(|e| e.device_kind == "cuda");
    Repeat {
        run_id: a.run_id,
        label: label.to_owned(),
        seed: a.spec.seed,
        ended: [a.ended.clone(), b.ended.clone()],
        cuda: on_gpu(a) && on_gpu(b),
        exec: environments(a.exec.as_ref(), b.exec.as_ref()),
        result: results(a, b),
    }
}

/// Collects differences.
#[derive(Default)]
struct Differences(Vec<Difference>);

impl Differences {
    fn note(&mut self, what: impl Into<String>, a: String, b: String) {
        if a != b {
            self.0.push(Difference { what: what.into(), values: [shortened(a), shortened(b)] });
        }
    }

    fn texts(&mut self, what: &str, a: &str, b: &str) {
        self.note(what, a.to_owned(), b.to_owned());
    }

    /// Notes a fact that both records have; one that is missing counts as equal.
    fn facts<T: std::fmt::Display>(&mut self, what: &str, a: Option<T>, b: Option<T>) {
        if let (Some(a), Some(b)) = (a, b) {
            self.note(what, a.to_string(), b.to_string());
        }
    }

    fn options<T: std::fmt::Display>(&mut self, what: &str, a: Option<T>, b: Option<T>) {
        let text = |x: Option<T>| x.map_or_else(|| "none".to_owned(), |x| x.to_string());
        self.note(what, text(a), text(b));
    }
}

/// Shortens a digest to 8 characters, and other long text to 60.
fn shortened(text: String) -> String {
    let digest = text.len() >= 16 && text.bytes().all(|b| b.is_ascii_hexdigit());
    match (digest, text.chars().count()) {
        (true, _) => text[..8].to_owned(),
        (false, n) if n > 60 => text.chars().take(57).chain("...".chars()).collect(),
        _ => text,
    }
}

/// Returns the differences between two environments.
fn environments(a: Option<&Environment>, b: Option<&Environment>) -> Vec<Difference> {
    let mut out = Differences::default();
    let (Some(a), Some(b)) = (a, b) else {
        let text = |e: Option<&Environment>| if e.is_some() { "known" } else { "not recorded" };
        out.texts("surroundings", text(a), text(b));
        return out.0;
    };
    out.texts("code", &a.code, &b.code);
    out.texts("backend", &a.backend, &b.backend);
    out.texts("kind of device", &a.device_kind, &b.device_kind);
    out.texts("processor", &a.device_model, &b.device_model);
    out.facts("family of processor", a.processor.as_ref(), b.processor.as_ref());
    out.texts("instruction sets", &a.cpu_features, &b.cpu_features);
    out.note("threads", a.threads.to_string(), b.threads.to_string());
    let path = |plain: bool| if plain { "off" } else { "on" };
    out.texts("fast path", path(a.plain), path(b.plain));
    out.texts("Burn", &a.burn, &b.burn);
    out.options("libtorch", a.libtorch.as_ref(), b.libtorch.as_ref());
    out.facts("kind of libtorch", a.libtorch_kind.as_ref(), b.libtorch_kind.as_ref());
    out.facts("GPU driver", a.driver.as_ref(), b.driver.as_ref());
    let switch = |on: bool| if on { "on" } else { "off" };
    out.facts("TF32", a.tf32.map(switch), b.tf32.map(switch));
    out.facts("deterministic cuDNN", a.deterministic.map(switch), b.deterministic.map(switch));
    out.0
}

/// Returns the differences between two results, except times and places.
fn results(a: &RunRecord, b: &RunRecord) -> Vec<Difference> {
    let mut out = Differences::default();
    out.note("status", a.status.to_string(), b.status.to_string());
    if a.spec != b.spec {
        let hash = |r: &RunRecord| {
            serde_json::to_value(&r.spec).map(|v| Id::of(canonical_json(&v)).to_string())
        };
        out.note("spec", hash(a).unwrap_or_default(), hash(b).unwrap_or_default());
    }
    let grain = Grain::of_run(&a.spec);
    let (a, b) = match (&a.outcome, &b.outcome) {
        (Some(a), Some(b)) => (a, b),
        (None, None) => return out.0,
        (a, _) => {
            let (known, none) = ("recorded", "none");
            let values = if a.is_some() { (known, none) } else { (none, known) };
            out.texts("outcome", values.0, values.1);
            return out.0;
        }
    };
    out.options("weights digest", a.weights_digest.as_ref(), b.weights_digest.as_ref());
    if let Some((what, [x, y])) = first_metric(a, b, grain) {
        out.0.push(Difference { what, values: [x, y] });
    }
    out.note("steps", a.steps.to_string(), b.steps.to_string());
    out.note("epochs", a.epochs_completed.to_string(), b.epochs_completed.to_string());
    out.options("stopped by", a.stop_reason, b.stop_reason);
    out.options("diverged at step", a.diverged_step, b.diverged_step);
    let loss = |o: &Outcome| o.last_finite_loss.map(|x| x.0);
    out.options("last finite loss", loss(a), loss(b));
    out.texts("digest of the initial weights", &a.init_digest, &b.init_digest);
    out.texts("digest of the data", &a.dataset_digest, &b.dataset_digest);
    out.note(
        grain.pick("epochs fed", "segments fed"),
        a.batch_digest.len().to_string(),
        b.batch_digest.len().to_string(),
    );
    let fed = a.batch_digest.iter().zip(&b.batch_digest);
    if let Some((epoch, (x, y))) = fed.enumerate().find(|(_, (x, y))| x != y) {
        out.texts(
            &format!("digest of the batches of {} {}", grain.pick("epoch", "segment"), epoch + 1),
            x,
            y,
        );
    }
    out.0
}

/// Returns the first measurement that differs in its bits. Seconds are ignored, as is anything that
/// only one of the two was configured to measure: a metric or, for runs by steps, an evaluation.
fn first_metric(a: &Outcome, b: &Outcome, grain: Grain) -> Option<(String, [String; 2])> {
    let measures = |o: &Outcome, metric: Metric| o.metrics.iter().any(|m| m.metric == metric);
    let one_sided: Vec<Metric> = Metric::on_request()
        .into_iter()
        .filter(|metric| measures(a, *metric) != measures(b, *metric))
        .collect();
    let evaluated = |o: &Outcome| -> BTreeSet<u64> {
        let held_out = o.metrics.iter().filter(|m| m.split != Split::Train);
        held_out.map(|m| m.step).collect()
    };
    let (left, right) = (evaluated(a), evaluated(b));
    let both: BTreeSet<u64> = left.intersection(&right).copied().collect();
    let compared = |m: &&MetricPoint| {
        let asked = grain == Grain::Epochs || m.split == Split::Train || both.contains(&m.step);
        m.metric != Metric::SECONDS && !one_sided.contains(&m.metric) && asked
    };
    let key = |m: &MetricPoint| (m.epoch, m.step, m.split);
    let place = |m: &MetricPoint| {
        format!("{}.{} of epoch {} at step {}", m.split, m.metric, m.epoch, m.step)
    };
    let (mut left, mut right) =
        (a.metrics.iter().filter(compared), b.metrics.iter().filter(compared));
    loop {
        match (left.next(), right.next()) {
            (None, None) => return None,
            (Some(x), Some(y)) if key(x) == key(y) && x.metric == y.metric => {
                if x.value.0.to_bits() != y.value.0.to_bits() {
                    return Some((place(x), [x.value.0.to_string(), y.value.0.to_string()]));
                }
            }
            (x, y) => {
                let text = |m: Option<&MetricPoint>| m.map_or_else(|| "nothing".to_owned(), place);
                return Some(("measured".to_owned(), [text(x), text(y)]));
            }
        }
    }
}
