//! From the merged tree to a [`SweepSpec`]: every key is known, every value
//! has its type and range. All problems are reported, not only the first.
//! The tables without hyper-parameters are read in `settings`.

use spec::init::InitSpec;
use spec::metric::Metric;
use spec::model::ModelSpec;
use spec::own_data::OwnRequest;
use spec::params::{Kind, Param, ParamDefault, Params};
use spec::plan::RESERVED;
use spec::run::{DataSpec, TrainSpec};

use super::axis::{self, Axis, unknown_name};
use super::devices_table::Devices;
use super::diagnostic::{Diagnostic, Diagnostics};
use super::function::{FUNCTION, QUADRATIC, is_function, is_without_data};
use super::node::{Node, NodeValue};
use super::random;
use super::source::Place;
use super::sweep::SweepSpec;
use super::train_table::TRAIN_SETTINGS;

const ROOT: &[&str] = &[
    "name",
    "description",
    "data",
    "model",
    "train",
    "repeat",
    "target",
    "claim",
    "optimizer",
    "exclude",
    "report",
    "regress",
    "devices",
    "slurm",
    "lints",
];

/// Reads tables and collects their problems.
pub(super) struct Reader<'a> {
    pub(super) diagnostics: &'a mut Diagnostics,
}

/// Reads the merged tree. `stem` is the default name.
pub fn parse(root: &Node, stem: &str, diagnostics: &mut Diagnostics) -> Option<SweepSpec> {
    let mut r = Reader { diagnostics };
    r.known_keys(root, ROOT, "the sweep file");
    let name = r.name(root, stem);
    let description = r.text(root, "description").unwrap_or_default();
    let (model, model_axes) = r.model(root);
    let without_data = is_without_data(&model);
    let quadratic = model == QUADRATIC;
    let none = without_data.then(|| r.steps(root, &model));
    let (data, own) = match without_data {
        true => (Some(Vec::new()), None),
        false => r.data(root, quadratic),
    };
    let train_table = r.table(root, "train", false);
    let train = match &train_table {
        Some(n) => r.axes("train", TrainSpec::PARAMS, n, TRAIN_SETTINGS, "[train]"),
        None => Vec::new(),
    };
    r.only_value(&model, &train);
    let early_stopping = train_table.as_ref().and_then(|n| r.early_stopping(n));
    let mut keeping = train_table.as_ref().map(|n| r.keeping(n)).unwrap_or_default();
    let metrics = train_table.as_ref().map(|n| r.metrics(n)).unwrap_or_default();
    let seeds = r.seeds(root);
    let (target, stop) = r.target(root, without_data);
    let claim = r.claim(root, without_data);
    // What target and claim name is measured, whether it is asked for or not.
    let aimed = target.as_ref().map(|(t, _)| t.metric);
    let claimed = claim.as_ref().and_then(|c| c.metric.as_ref()).map(|(of, _)| of.metric);
    let asked: Vec<Metric> = metrics.iter().map(|(m, _)| *m).chain(aimed).chain(claimed).collect();
    keeping.metrics =
        Metric::on_request().into_iter().filter(|metric| asked.contains(metric)).collect();
    let optimizers = r.optimizers(root);
    let excludes = r.excludes(root);
    let report = r.report(root);
    let regress = r.regress(root);
    let Devices { pool, threads: threads_per_run, threads_place, fast_path, tf32, libtorch } =
        r.devices(root);
    let slurm = r.slurm(root);
    let allowed = r.lints(root);
    let single = early_stopping.iter().flat_map(|(axes, _)| axes);
    r.one_value(data.iter().flatten().chain(&train).chain(single));
    let own_axes = optimizers
        .iter()
        .flat_map(|o| o.axes.iter().chain(o.schedules.iter().flat_map(|s| &s.axes)));
    let all = data.iter().flatten().chain(&model_axes).chain(own_axes);
    random::equal_counts(all, r.diagnostics);
    Some(SweepSpec {
        name,
        description,
        data: data?,
        own,
        none,
        model,
        model_axes,
        train,
        early_stopping,
        keeping,
        metrics,
        seeds,
        target,
        stop,
        claim,
        optimizers,
        excludes,
        report,
        regress,
        pool,
        threads_per_run,
        threads_place,
        fast_path,
        tf32,
        libtorch,
        slurm,
        allowed,
        trial: false,
    })
}

impl Reader<'_> {
    /// `[data]`: its axes, none where the table is missing, and own data, where that is named.
    fn data(
        &mut self,
        root: &Node,
        quadratic: bool,
    ) -> (Option<Vec<Axis>>, Option<(OwnRequest, Place)>) {
        let Some(table) = self.table(root, "data", true) else { return (None, None) };
        let own = self.own_data(&table, quadratic);
        if let (true, None, Some(entry)) = (quadratic, &own, table.get("dataset")) {
            self.diagnostics.push(
                Diagnostic::error("a quadratic has vectors of its own as data", &entry.value.place)
                    .help("write dataset = { path = \"vectors.npy\", matrix = \"matrix.npy\" }"),
            );
        }
        let axes = match own {
            None => self.axes("data", DataSpec::PARAMS, &table, &[], "[data]"),
            Some(_) => {
                let rest: Vec<Param> =
                    DataSpec::PARAMS.iter().filter(|p| p.name != "dataset").copied().collect();
                self.axes("data", &rest, &table, &["dataset"], "[data]")
            }
        };
        (Some(axes), own)
    }

    /// Refuses lists where a sweep has one value.
    fn one_value<'a>(&mut self, axes: impl Iterator<Item = &'a Axis>) {
        for axis in axes {
            if (axis.values.len() > 1 || axis.random.is_some())
                && !matches!(axis.path.as_str(), "data.batch_size" | "data.drop_last")
            {
                self.diagnostics.push(
                    Diagnostic::error(format!("`{}` takes one value", axis.path), &axis.place)
                        .label("a list")
                        .help("write a sweep file for each value"),
                );
            }
        }
    }

    pub(super) fn known_keys(&mut self, node: &Node, known: &[&str], of: &str) {
        for entry in node.entries() {
            if !known.contains(&entry.key.as_str()) {
                let message = format!("{of} has no key `{}`", entry.key);
                self.diagnostics.push(unknown_name(&message, &entry.key, known, &entry.key_place));
            }
        }
    }

    pub(super) fn table(&mut self, root: &Node, key: &str, required: bool) -> Option<Node> {
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

    pub(super) fn text(&mut self, node: &Node, key: &str) -> Option<String> {
        let entry = node.get(key)?;
        match &entry.value.value {
            NodeValue::Text(s) => Some(s.clone()),
            _ => {
                self.wrong_type(key, "a string", &entry.value);
                None
            }
        }
    }

    pub(super) fn wrong_type(&mut self, key: &str, expected: &str, node: &Node) {
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
    pub(super) fn axes(
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
    pub(super) fn kind(
        &mut self,
        node: &Node,
        kinds: &'static [Kind],
        what: &str,
    ) -> Option<&'static Kind> {
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
        let mut params: Vec<Param> = kind.params.to_vec();
        if !is_function(kind.name) {
            params.extend(InitSpec::PARAMS);
        }
        let of = format!("the model `{}`", kind.name);
        let axes = self.axes("model", &params, &node, &["kind"], &of);
        if is_function(kind.name) && kind.name != FUNCTION {
            // They say which problem it is, and no setting is better than another for it.
            let problem = ["dimensions", "exponent", "noise", "start"];
            let problem = problem.map(|key| format!("model.{key}"));
            self.one_value(axes.iter().filter(|axis| problem.contains(&axis.path)));
        }
        (kind.name.to_owned(), axes)
    }
}

/// The file's first character: the place of what is missing from it.
pub(super) fn start_of(root: &Node) -> Place {
    Place { source: root.place.source, span: 0..0 }
}
