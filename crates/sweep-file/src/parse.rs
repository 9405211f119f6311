//! Parsing of the merged tree into a [`SweepSpec`]: checks that every key is known and that every
//! value has its type and range. All problems are reported, not only the first.

use spec::init::InitSpec;
use spec::metric::Metric;
use spec::model::ModelSpec;
use spec::own_data::OwnRequest;
use spec::params::{Param, Params};
use spec::plan::RESERVED;
use spec::run::{DataSpec, TrainSpec};

use super::axis::{Axis, random};
use super::diagnostic::{Diagnostic, Diagnostics};
use super::node::Node;
use super::reader::{Reader, start_of};
use super::source::Place;
use super::sweep::SweepSpec;
use super::tables::function::{FUNCTION, QUADRATIC, is_function, is_without_data};
use super::tables::train::TRAIN_SETTINGS;

const ROOT: &[&str] = &[
    "name",
    "description",
    "data",
    "model",
    "train",
    "repeat",
    "tuning",
    "confirm",
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

/// Returns the given metrics that are measured only on request, in the order of the registry.
fn on_request(asked: impl Iterator<Item = Metric>) -> Vec<Metric> {
    let asked: Vec<Metric> = asked.collect();
    Metric::on_request().into_iter().filter(|metric| asked.contains(metric)).collect()
}

/// Parses the merged tree; `stem` is the default name. Problems go to `diagnostics`.
pub fn parse(root: &Node, stem: &str, diagnostics: &mut Diagnostics) -> Option<SweepSpec> {
    let mut r = Reader { diagnostics };
    r.known_keys(root, ROOT, "the sweep file");
    let name = r.name(root, stem);
    let description = r.text(root, "description").unwrap_or_default();
    let (model, model_axes) = r.model(root);
    let without_data = is_without_data(&model);
    let none = without_data.then(|| r.steps(root, &model));
    let (data, own) = match without_data {
        true => (Some(Vec::new()), None),
        false => r.data(root, model == QUADRATIC),
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
    let (seeds, until) = r.seeds(root, &model);
    let tuning = r.tuning(root, &model);
    let (target, stop) = r.target(root, without_data);
    let claim = r.claim(root, without_data);
    // The metrics of target and claim are measured even if `metrics` does not list them.
    let aimed = target.as_ref().map(|(t, _)| t.metric);
    let claimed = claim.as_ref().and_then(|c| c.metric.as_ref()).map(|(of, _)| of.metric);
    keeping.metrics = on_request(metrics.iter().map(|(m, _)| *m).chain(aimed).chain(claimed));
    let optimizers = r.optimizers(root);
    r.growth_of(&model, &optimizers);
    let confirm = r.confirm(root, &seeds, (&model, optimizers.len()));
    let excludes = r.excludes(root);
    let report = r.report(root);
    let regress = r.regress(root);
    let (devices, threads_place) = r.devices(root);
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
        layers: layers(root),
        train,
        early_stopping,
        keeping,
        metrics,
        seeds,
        until,
        tuning,
        confirm,
        target,
        stop,
        claim,
        optimizers,
        excludes,
        report,
        regress,
        pool: devices.pool,
        threads_per_run: devices.threads_per_run,
        threads_place,
        fast_path: devices.fast_path,
        tf32: devices.tf32,
        libtorch: devices.libtorch,
        slurm,
        allowed,
        trial: false,
    })
}

/// Returns `layers` of `[model]` as written.
fn layers(root: &Node) -> Option<Node> {
    let entry = root.get("model")?.value.get("layers")?;
    Some(entry.value.clone())
}

impl Reader<'_> {
    /// Reads `[data]`: its axes (`None` if the table is missing), and user data if `dataset` is a
    /// table.
    fn data(
        &mut self,
        root: &Node,
        quadratic: bool,
    ) -> (Option<Vec<Axis>>, Option<(OwnRequest, Place)>) {
        let Some(table) = self.table(root, "data", true) else { return (None, None) };
        let own = self.own_data(&table, quadratic);
        if let (true, None, Some(entry)) = (quadratic, &own, table.get("dataset")) {
            self.diagnostics.push(
                Diagnostic::error("a quadratic has no bundled dataset", &entry.value.place)
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
                Diagnostic::error(format!("{what} `{}` is not a folder name", name.escape_debug()), &place)
                    .help("use 1 to 64 of a-z, 0-9, _ and -, starting with a letter or digit: name = \"battle\""),
            );
        } else if RESERVED.contains(&name.as_str()) {
            self.diagnostics.push(
                Diagnostic::error(format!("the name `{name}` is reserved"), &place)
                    .help(format!("reports/ reserves these names: {}", RESERVED.join(", "))),
            );
        }
        name
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
            // These keys define the problem, so no value of them is better than another.
            let problem = ["dimensions", "exponent", "noise", "start"];
            let problem = problem.map(|key| format!("model.{key}"));
            self.one_value(axes.iter().filter(|axis| problem.contains(&axis.path)));
        }
        (kind.name.to_owned(), axes)
    }
}
