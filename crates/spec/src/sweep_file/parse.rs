//! From the merged tree to a [`SweepSpec`]: every key is known, every value
//! has its type and range. All problems are reported, not only the first.

use crate::layout::RESERVED;
use crate::model::ModelSpec;
use crate::optimizer::OptimizerSpec;
use crate::params::{Kind, Param, ParamDefault, ParamType, Params, Range, Value};
use crate::plan::{PoolEntry, Target};
use crate::record::Split;
use crate::run::{DataSpec, TrainSpec};
use crate::schedule::ScheduleSpec;

use super::axis::{self, Axis, unknown_name};
use super::diagnostic::{Diagnostic, Diagnostics};
use super::node::{Entry, Node, NodeValue};
use super::source::Place;

/// A sweep file that holds no local problem; combinations are not yet made.
#[derive(Clone, Debug)]
pub struct SweepSpec {
    /// Folder under `reports/`.
    pub name: String,
    /// A sentence, may be empty.
    pub description: String,
    /// Axes of `[data]`.
    pub data: Vec<Axis>,
    /// Kind of `[model]`.
    pub model: String,
    /// Axes of `[model]`.
    pub model_axes: Vec<Axis>,
    /// Axes of `[train]`, each of one value.
    pub train: Vec<Axis>,
    /// Seeds, each once.
    pub seeds: Vec<u64>,
    /// `[target]` with the place of its metric, if given.
    pub target: Option<(Target, Place)>,
    /// The optimizers in the order of the file.
    pub optimizers: Vec<OptimizerEntry>,
    /// Combinations to leave out.
    pub excludes: Vec<Exclude>,
    /// The device pool; empty means `auto`.
    pub pool: Vec<PoolEntry>,
    /// Threads inside one run.
    pub threads_per_run: u64,
}

/// One `[[optimizer]]`.
#[derive(Clone, Debug)]
pub struct OptimizerEntry {
    /// Unique label.
    pub label: String,
    /// Kind.
    pub kind: &'static str,
    /// Its own axes.
    pub axes: Vec<Axis>,
    /// Its schedules, at least one.
    pub schedules: Vec<ScheduleEntry>,
    /// Where it is written.
    pub place: Place,
}

/// One schedule of an optimizer.
#[derive(Clone, Debug)]
pub struct ScheduleEntry {
    /// Kind.
    pub kind: &'static str,
    /// Its axes.
    pub axes: Vec<Axis>,
    /// Where it is written.
    pub place: Place,
}

/// One `[[exclude]]`: all conditions must hold.
#[derive(Clone, Debug)]
pub struct Exclude {
    /// Dotted path or `label`, with the values that match.
    pub conditions: Vec<(String, Vec<Value>)>,
    /// Where it is written.
    pub place: Place,
}

impl SweepSpec {
    /// Cuts the sweep down to a trial: the first seed, one epoch, the first
    /// value of each axis, in a report folder of its own.
    pub(super) fn smoke(&mut self) {
        self.name.push_str("-smoke");
        self.seeds.truncate(1);
        let entries = self.optimizers.iter_mut();
        let own = entries.flat_map(|o| {
            o.axes.iter_mut().chain(o.schedules.iter_mut().flat_map(|s| &mut s.axes))
        });
        for axis in self.data.iter_mut().chain(&mut self.model_axes).chain(own) {
            axis.values.truncate(1);
        }
        for epochs in self.train.iter_mut().filter(|a| a.path == "train.epochs") {
            epochs.values.iter_mut().for_each(|(value, _)| *value = Value::Int(1));
        }
        if !self.train.iter().any(|a| a.path == "train.epochs") {
            let place = Place { source: 0, span: 0..0 };
            let values = vec![(Value::Int(1), place.clone())];
            self.train.push(Axis { path: "train.epochs".to_owned(), values, zip: None, place });
        }
        for optimizer in &mut self.optimizers {
            optimizer.schedules.truncate(1);
        }
        self.excludes.clear();
    }
}

const ROOT: &[&str] = &[
    "name",
    "description",
    "data",
    "model",
    "train",
    "repeat",
    "target",
    "optimizer",
    "exclude",
    "devices",
];

/// A number or word of a table that is no hyper-parameter.
const fn setting(name: &'static str, ty: ParamType, range: Range) -> Param {
    Param { name, ty, default: ParamDefault::Required, range, doc: "" }
}

struct Reader<'a> {
    diagnostics: &'a mut Diagnostics,
}

/// Reads the merged tree. `stem` is the default name.
pub fn parse(root: &Node, stem: &str, diagnostics: &mut Diagnostics) -> Option<SweepSpec> {
    let mut r = Reader { diagnostics };
    r.known_keys(root, ROOT, "the sweep file");
    let name = r.name(root, stem);
    let description = r.text(root, "description").unwrap_or_default();
    let data =
        r.table(root, "data", true).map(|n| r.axes("data", DataSpec::PARAMS, &n, &[], "[data]"));
    let (model, model_axes) = r.model(root);
    let train = match r.table(root, "train", false) {
        Some(n) => r.axes("train", TrainSpec::PARAMS, &n, &[], "[train]"),
        None => Vec::new(),
    };
    let seeds = r.seeds(root);
    let target = r.target(root);
    let optimizers = r.optimizers(root);
    let excludes = r.excludes(root);
    let (pool, threads_per_run) = r.devices(root);
    for axis in data.iter().flatten().chain(&train) {
        if axis.values.len() > 1
            && !matches!(axis.path.as_str(), "data.batch_size" | "data.drop_last")
        {
            r.diagnostics.push(
                Diagnostic::error(format!("`{}` takes one value", axis.path), &axis.place)
                    .label("a list")
                    .help("write a sweep file for each value"),
            );
        }
    }
    Some(SweepSpec {
        name,
        description,
        data: data?,
        model,
        model_axes,
        train,
        seeds,
        target,
        optimizers,
        excludes,
        pool,
        threads_per_run,
    })
}

impl Reader<'_> {
    fn known_keys(&mut self, node: &Node, known: &[&str], of: &str) {
        for entry in node.entries() {
            if !known.contains(&entry.key.as_str()) {
                let message = format!("{of} has no key `{}`", entry.key);
                self.diagnostics.push(unknown_name(&message, &entry.key, known, &entry.key_place));
            }
        }
    }

    fn table(&mut self, root: &Node, key: &str, required: bool) -> Option<Node> {
        match root.get(key) {
            Some(entry) if matches!(entry.value.value, NodeValue::Table(_)) => {
                Some(entry.value.clone())
            }
            Some(entry) => {
                self.diagnostics.push(
                    Diagnostic::error(format!("`{key}` is a table"), &entry.value.place)
                        .label(format!("found {}", entry.value.describe()))
                        .help(format!("write [{key}] on a line of its own, and its keys below")),
                );
                None
            }
            None => {
                if required {
                    self.diagnostics.push(
                        Diagnostic::error(format!("the table [{key}] is missing"), &start_of(root))
                            .help("see `cargo xtask list` for what exists, and experiments/ for examples"),
                    );
                }
                None
            }
        }
    }

    fn text(&mut self, node: &Node, key: &str) -> Option<String> {
        let entry = node.get(key)?;
        match &entry.value.value {
            NodeValue::Text(s) => Some(s.clone()),
            _ => {
                self.wrong_type(key, "a string", &entry.value);
                None
            }
        }
    }

    fn wrong_type(&mut self, key: &str, expected: &str, node: &Node) {
        self.diagnostics.push(
            Diagnostic::error(format!("`{key}` has the wrong type"), &node.place)
                .label(format!("expected {expected}, found {}", node.describe())),
        );
    }

    fn name(&mut self, root: &Node, stem: &str) -> String {
        let given = self.text(root, "name");
        let place = root.get("name").map_or_else(|| start_of(root), |e| e.value.place.clone());
        let name = given.clone().unwrap_or_else(|| stem.to_owned());
        let valid = name.len() <= 64
            && name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-');
        if !valid {
            let what = if given.is_some() {
                "the name"
            } else {
                "the file's stem, which is the default name,"
            };
            self.diagnostics.push(
                Diagnostic::error(format!("{what} `{}` is no folder name", name.escape_debug()), &place)
                    .help("use 1 to 64 of a-z, 0-9, _ and -, starting with a letter or digit: name = \"battle\""),
            );
        } else if RESERVED.contains(&name.as_str()) {
            self.diagnostics.push(
                Diagnostic::error(format!("the name `{name}` is reserved"), &place)
                    .help(format!("reports/ keeps these for itself: {}", RESERVED.join(", "))),
            );
        }
        name
    }

    /// One axis per parameter that the table gives; unknown keys are reported.
    fn axes(
        &mut self,
        group: &str,
        params: &[Param],
        node: &Node,
        extra: &[&str],
        of: &str,
    ) -> Vec<Axis> {
        let known: Vec<&str> = params.iter().map(|p| p.name).chain(extra.iter().copied()).collect();
        self.known_keys(node, &known, of);
        for param in params {
            if matches!(param.default, ParamDefault::Required) && node.get(param.name).is_none() {
                self.diagnostics.push(
                    Diagnostic::error(format!("{of} needs `{}`", param.name), &node.place)
                        .help(format!("{} ({})", param.doc.trim(), param.ty)),
                );
            }
        }
        params
            .iter()
            .filter_map(|p| node.get(p.name).map(|e| (p, &e.value)))
            .filter_map(|(p, value)| {
                axis::read(&format!("{group}.{}", p.name), p, value, self.diagnostics)
            })
            .collect()
    }

    /// The `kind` of a table, looked up in a registry.
    fn kind(&mut self, node: &Node, kinds: &'static [Kind], what: &str) -> Option<&'static Kind> {
        let names: Vec<&str> = kinds.iter().map(|k| k.name).collect();
        let Some(entry) = node.get("kind") else {
            self.diagnostics.push(
                Diagnostic::error(format!("this {what} needs a `kind`"), &node.place)
                    .help(format!("there are: {}", names.join(", "))),
            );
            return None;
        };
        let NodeValue::Text(name) = &entry.value.value else {
            self.wrong_type("kind", "a string", &entry.value);
            return None;
        };
        let found = kinds.iter().find(|k| k.name == name);
        if found.is_none() {
            self.diagnostics.push(unknown_name(
                &format!("there is no {what} `{name}`"),
                name,
                &names,
                &entry.value.place,
            ));
        }
        found
    }

    fn model(&mut self, root: &Node) -> (String, Vec<Axis>) {
        let Some(node) = self.table(root, "model", true) else {
            return (String::new(), Vec::new());
        };
        let Some(kind) = self.kind(&node, ModelSpec::KINDS, "model") else {
            return (String::new(), Vec::new());
        };
        let axes = self.axes(
            "model",
            kind.params,
            &node,
            &["kind"],
            &format!("the model `{}`", kind.name),
        );
        (kind.name.to_owned(), axes)
    }

    fn seeds(&mut self, root: &Node) -> Vec<u64> {
        let Some(node) = self.table(root, "repeat", false) else { return vec![0] };
        self.known_keys(&node, &["seeds"], "[repeat]");
        let Some(entry) = node.get("seeds") else { return vec![0] };
        let seed = setting("seeds", ParamType::Int, Range::NonNegative);
        if let NodeValue::Table(_) = entry.value.value {
            self.known_keys(&entry.value, &["count", "base"], "seeds");
            let count = setting("count", ParamType::Int, Range::AtLeast(1.0));
            let mut read = |param: &Param, default: i64| match entry.value.get(param.name) {
                Some(e) => axis::scalar(
                    &format!("seeds.{}", param.name),
                    param,
                    &e.value,
                    self.diagnostics,
                ),
                None => Some(Value::Int(default)),
            };
            let (count, base) =
                (read(&count, 1), read(&setting("base", ParamType::Int, Range::NonNegative), 0));
            let (Some(Value::Int(count)), Some(Value::Int(base))) = (count, base) else {
                return vec![0];
            };
            if count > 1_000_000 {
                self.diagnostics
                    .push(Diagnostic::error("more than 1,000,000 seeds", &entry.value.place));
                return vec![0];
            }
            return (base..base.saturating_add(count)).map(|s| s as u64).collect();
        }
        let Some(axis) = axis::read("repeat.seeds", &seed, &entry.value, self.diagnostics) else {
            return vec![0];
        };
        axis.values
            .iter()
            .filter_map(|(v, _)| if let Value::Int(i) = v { u64::try_from(*i).ok() } else { None })
            .collect()
    }

    fn target(&mut self, root: &Node) -> Option<(Target, Place)> {
        const METRICS: &[&str] =
            &["validation.accuracy", "validation.loss", "test.accuracy", "test.loss", "train.loss"];
        let node = self.table(root, "target", false)?;
        self.known_keys(&node, &["metric", "value"], "[target]");
        let value = node.get("value").and_then(|e| {
            axis::scalar(
                "target.value",
                &setting("value", ParamType::Float, Range::Any),
                &e.value,
                self.diagnostics,
            )
        });
        let value = value.and_then(|v| if let Value::Float(x) = v { Some(x) } else { None });
        let metric = setting("metric", ParamType::Choice(METRICS), Range::Any);
        let Some(entry) = node.get("metric") else {
            self.diagnostics.push(
                Diagnostic::error("[target] needs `metric`", &node.place)
                    .help(format!("one of {}", METRICS.join(", "))),
            );
            return None;
        };
        let Value::Text(path) =
            axis::scalar("target.metric", &metric, &entry.value, self.diagnostics)?
        else {
            return None;
        };
        let (split, metric) = path.split_once('.')?;
        if split == "test" {
            self.diagnostics.push(
                Diagnostic::warning("the target is measured on the test split", &entry.value.place)
                    .label("configurations are then chosen on the data that should judge them")
                    .help("hold out a validation split and use validation.accuracy"),
            );
        }
        Some((
            Target { split: Split::from_name(split)?, metric: metric.to_owned(), value },
            entry.value.place.clone(),
        ))
    }

    fn optimizers(&mut self, root: &Node) -> Vec<OptimizerEntry> {
        let Some(list) = root.get("optimizer") else {
            self.diagnostics.push(
                Diagnostic::error("there is no [[optimizer]]", &start_of(root))
                    .help("add at least one: [[optimizer]] with kind = \"sgd\" and lr = 1e-2"),
            );
            return Vec::new();
        };
        if list.value.entries().is_empty()
            || list.value.entries().iter().any(|e| !matches!(e.value.value, NodeValue::Table(_)))
        {
            self.diagnostics.push(
                Diagnostic::error("`optimizer` is a list of tables", &list.key_place)
                    .help("write [[optimizer]] with two brackets, once for each"),
            );
            return Vec::new();
        }
        let labels: Vec<&str> = list
            .value
            .entries()
            .iter()
            .filter(|e| e.value.place.source == 0)
            .map(|e| e.key.as_str())
            .collect();
        let mut out = Vec::new();
        for entry in list.value.entries() {
            // Created by an override alone: the label is not in the file.
            if entry.value.place.source != 0 && entry.value.get("kind").is_none() {
                let message = format!("no optimizer has the label `{}`", entry.key);
                self.diagnostics.push(unknown_name(
                    &message,
                    &entry.key,
                    &labels,
                    &entry.value.place,
                ));
                continue;
            }
            out.extend(self.optimizer(entry));
        }
        out
    }

    fn optimizer(&mut self, entry: &Entry) -> Option<OptimizerEntry> {
        let node = &entry.value;
        if let Some(label) = self.text(node, "label")
            && (label.is_empty() || label.chars().count() > 64)
        {
            let place = &node.get("label")?.value.place;
            self.diagnostics.push(Diagnostic::error("a label has 1 to 64 characters", place));
        }
        let kind = self.kind(node, OptimizerSpec::KINDS, "optimizer")?;
        let axes = self.axes(
            "optimizer",
            kind.params,
            node,
            &["kind", "label", "schedule"],
            &format!("the optimizer `{}`", kind.name),
        );
        let schedules = match node.get("schedule").map(|e| &e.value) {
            None => vec![ScheduleEntry {
                kind: "constant",
                axes: Vec::new(),
                place: node.place.clone(),
            }],
            Some(Node { value: NodeValue::Array(items), place }) => {
                if items.is_empty() {
                    self.diagnostics.push(
                        Diagnostic::error("`schedule` has no values", place).label("empty list"),
                    );
                }
                items.iter().filter_map(|n| self.schedule(n)).collect()
            }
            Some(one) => self.schedule(one).into_iter().collect(),
        };
        Some(OptimizerEntry {
            label: entry.key.clone(),
            kind: kind.name,
            axes,
            schedules,
            place: node.place.clone(),
        })
    }

    fn schedule(&mut self, node: &Node) -> Option<ScheduleEntry> {
        if let NodeValue::Text(name) = &node.value {
            self.diagnostics.push(
                Diagnostic::error("`schedule` is a table", &node.place)
                    .help(format!("write schedule = {{ kind = \"{}\" }}", name.escape_debug())),
            );
            return None;
        }
        let kind = self.kind(node, ScheduleSpec::KINDS, "schedule")?;
        let axes = self.axes(
            "schedule",
            kind.params,
            node,
            &["kind"],
            &format!("the schedule `{}`", kind.name),
        );
        Some(ScheduleEntry { kind: kind.name, axes, place: node.place.clone() })
    }

    fn excludes(&mut self, root: &Node) -> Vec<Exclude> {
        let Some(entry) = root.get("exclude") else { return Vec::new() };
        let NodeValue::Array(items) = &entry.value.value else {
            self.diagnostics.push(
                Diagnostic::error("`exclude` is a list of tables", &entry.value.place)
                    .help("write [[exclude]]"),
            );
            return Vec::new();
        };
        items
            .iter()
            .map(|item| {
                let mut conditions = Vec::new();
                self.conditions(item, "", &mut conditions);
                Exclude { conditions, place: item.place.clone() }
            })
            .collect()
    }

    fn conditions(&mut self, node: &Node, prefix: &str, out: &mut Vec<(String, Vec<Value>)>) {
        for entry in node.entries() {
            let path = if prefix.is_empty() {
                entry.key.clone()
            } else {
                format!("{prefix}.{}", entry.key)
            };
            match &entry.value.value {
                NodeValue::Table(_) => self.conditions(&entry.value, &path, out),
                NodeValue::Array(items) => {
                    out.push((path, items.iter().filter_map(plain).collect()))
                }
                _ => out.push((path, plain(&entry.value).into_iter().collect())),
            }
        }
    }

    fn devices(&mut self, root: &Node) -> (Vec<PoolEntry>, u64) {
        let Some(node) = self.table(root, "devices", false) else { return (Vec::new(), 1) };
        self.known_keys(&node, &["pool", "threads_per_run"], "[devices]");
        let count = setting("count", ParamType::Int, Range::AtLeast(1.0));
        let threads = node.get("threads_per_run").and_then(|e| {
            axis::scalar("devices.threads_per_run", &count, &e.value, self.diagnostics)
        });
        let threads = if let Some(Value::Int(n)) = threads { n as u64 } else { 1 };
        let mut pool = Vec::new();
        let mut places: Vec<Place> = Vec::new();
        let items = match node.get("pool").map(|e| &e.value) {
            None => &[][..],
            Some(Node { value: NodeValue::Array(items), .. }) if !items.is_empty() => items,
            Some(other) => {
                self.diagnostics.push(
                    Diagnostic::error("`pool` is a list of devices", &other.place)
                        .help("for example pool = [\"auto\"]"),
                );
                &[][..]
            }
        };
        for item in items {
            let (device, slots, place) = match &item.value {
                NodeValue::Text(s) => (s.clone(), None, item.place.clone()),
                NodeValue::Table(_) => {
                    self.known_keys(item, &["device", "slots"], "a device of the pool");
                    let slots = item
                        .get("slots")
                        .and_then(|e| axis::scalar("slots", &count, &e.value, self.diagnostics));
                    let slots = if let Some(Value::Int(n)) = slots { Some(n as u64) } else { None };
                    let Some(device) = self.text(item, "device") else {
                        self.diagnostics.push(Diagnostic::error(
                            "a device of the pool needs `device`",
                            &item.place,
                        ));
                        continue;
                    };
                    (device, slots, item.place.clone())
                }
                _ => {
                    self.wrong_type("devices.pool", "a device name", item);
                    continue;
                }
            };
            if let Err(reason) = super::device::check(&device) {
                self.diagnostics.push(Diagnostic::error(reason, &place).help(super::device::HELP));
                continue;
            }
            let kind = super::device::kind(&device);
            if let Some((first, first_place)) = pool
                .iter()
                .map(|p: &PoolEntry| super::device::kind(&p.device))
                .zip(&places)
                .find(|(k, _)| *k != kind)
            {
                self.diagnostics.push(
                    Diagnostic::error("the pool mixes kinds of devices", &place)
                        .label(kind)
                        .also(first_place, first)
                        .help("runs on different kinds of devices differ in their bits: write one sweep for each"),
                );
                continue;
            }
            pool.push(PoolEntry { device, slots });
            places.push(place);
        }
        (pool, threads)
    }
}

/// The file's first character: the place of what is missing from it.
fn start_of(root: &Node) -> Place {
    Place { source: root.place.source, span: 0..0 }
}

fn plain(node: &Node) -> Option<Value> {
    match &node.value {
        NodeValue::Bool(b) => Some(Value::Bool(*b)),
        NodeValue::Int(i) => Some(Value::Int(*i)),
        NodeValue::Float(x) => Some(Value::Float(*x)),
        NodeValue::Text(s) => Some(Value::Text(s.clone())),
        NodeValue::Array(items) => {
            items.iter().map(plain).collect::<Option<Vec<_>>>().map(Value::List)
        }
        _ => None,
    }
}
