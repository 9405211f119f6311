//! `list`: the registries, from their descriptors, for a terminal or as the Markdown tables of the
//! references.

mod columns;
mod markdown;
mod text;
mod verbs;

use spec::init::InitSpec;
use spec::lint::Lint;
use spec::metric::{Metric, Needs};
use spec::model::layers::Layer;
use spec::params::{Kind, Names, Param, ParamDefault, ParamType, Params, Range, Value};
use spec::report_settings::FigureName;
use spec::run::{DataSpec, Loss, TrainSpec};
use spec::schedule::WarmupKeys;
use spec::settings::Table;
use spec::update::UpdateSpec;
use spec::{DatasetName, ModelSpec, OptimizerSpec, ScheduleSpec};

use crate::cli::{ListFormat, Registry};
use crate::exit::Exit;

/// Prints one registry or all.
pub(super) fn list(what: Option<Registry>, format: ListFormat) -> crate::Result<Exit> {
    let all = [
        Registry::Optimizers,
        Registry::Schedules,
        Registry::Models,
        Registry::Layers,
        Registry::Datasets,
        Registry::Losses,
        Registry::Metrics,
        Registry::Lints,
        Registry::Settings,
        Registry::Figures,
        Registry::Columns,
        Registry::Commands,
        Registry::ExitCodes,
    ];
    let chosen = what.map_or_else(|| all.to_vec(), |w| vec![w]);
    let parts: Vec<String> = chosen
        .iter()
        .map(|&registry| match (registry, format) {
            (Registry::Columns, ListFormat::Markdown) => columns::markdown(),
            (Registry::Commands, ListFormat::Markdown) => verbs::markdown(),
            (Registry::Settings, ListFormat::Markdown) => markdown::settings(&sweep_file::tables()),
            (_, ListFormat::Text) => text::section(&section(registry)),
            (_, ListFormat::Markdown) => markdown::section(&section(registry)),
        })
        .collect();
    crate::text::print(&parts.join("\n"));
    Ok(Exit::Ok)
}

/// The output for one registry.
struct Section {
    title: &'static str,
    entries: Vec<Entry>,
    /// Keys that go with every entry, each group under a heading.
    common: Vec<(&'static str, Vec<Param>)>,
}

/// One thing that exists.
#[derive(Default)]
struct Entry {
    name: String,
    doc: String,
    /// Paper, PyTorch class, licence.
    source: String,
    /// Remedy of a lint; else empty.
    remedy: String,
    /// Differences from its source; may be empty.
    differs: String,
    params: &'static [Param],
}

fn section(registry: Registry) -> Section {
    match registry {
        Registry::Optimizers => Section {
            title: "Optimizers",
            entries: kinds(OptimizerSpec::KINDS),
            common: vec![("keys of every [[optimizer]]", UpdateSpec::PARAMS.to_vec())],
        },
        Registry::Schedules => Section {
            title: "Schedules",
            entries: kinds(ScheduleSpec::KINDS),
            common: vec![("keys of every schedule", WarmupKeys::PARAMS.to_vec())],
        },
        Registry::Models => Section {
            title: "Models",
            entries: kinds(ModelSpec::KINDS),
            common: vec![("keys of every network in [model]", InitSpec::PARAMS.to_vec())],
        },
        Registry::Layers => Section {
            title: "Layers: entries of `layers` in [model] with kind = \"layers\"",
            entries: kinds(Layer::KINDS),
            common: Vec::new(),
        },
        Registry::Datasets => Section {
            title: "Datasets",
            entries: DatasetName::ALL.iter().map(|&name| dataset(name)).collect(),
            common: vec![
                ("keys of [data]", DataSpec::PARAMS.to_vec()),
                ("keys of [train]", TrainSpec::PARAMS.to_vec()),
            ],
        },
        Registry::Losses => Section {
            title: "Losses",
            entries: Loss::ALL.iter().map(loss_entry).collect(),
            common: Vec::new(),
        },
        Registry::Metrics => Section {
            title: "Metrics",
            entries: Metric::held_out().into_iter().map(metric_entry).collect(),
            common: Vec::new(),
        },
        Registry::Lints => Section {
            title: "Lints: warnings about a sweep file, unless [lints] allows them",
            entries: Lint::ALL.iter().map(|&lint| lint_entry(lint)).collect(),
            common: Vec::new(),
        },
        Registry::Settings => Section {
            title: "Settings: the tables of a sweep file, except those of models, optimizers and schedules",
            entries: sweep_file::tables().into_iter().map(table_entry).collect(),
            common: Vec::new(),
        },
        Registry::Figures => Section {
            title: "Figures of a report",
            entries: FigureName::ALL.iter().map(|name| entry(name.name(), name.doc())).collect(),
            common: Vec::new(),
        },
        Registry::Columns => Section {
            title: "Columns of the Parquet tables of a report folder",
            entries: columns::entries(),
            common: Vec::new(),
        },
        Registry::Commands => Section {
            title: "Verbs; `cargo xtask VERB --help` shows the options of one",
            entries: verbs::entries(),
            common: Vec::new(),
        },
        Registry::ExitCodes => Section {
            title: "Exit codes",
            entries: Exit::ALL.iter().map(|exit| entry(*exit as i32, exit.meaning())).collect(),
            common: Vec::new(),
        },
    }
}

/// Returns an entry with a name and a description alone.
fn entry(name: impl ToString, doc: &str) -> Entry {
    Entry { name: name.to_string(), doc: doc.trim().to_owned(), ..Entry::default() }
}

fn kinds(kinds: &'static [Kind]) -> Vec<Entry> {
    let of_kind = |kind: &'static Kind| Entry {
        source: kind.source.to_owned(),
        differs: kind.differs.to_owned(),
        params: kind.params,
        ..entry(kind.name, kind.doc)
    };
    kinds.iter().map(of_kind).collect()
}

fn dataset(name: DatasetName) -> Entry {
    let info = name.info();
    let source = format!("{}; inputs: {}", info.licence, info.scaling);
    Entry { source, ..entry(name.name(), info.doc) }
}

fn metric_entry(metric: Metric) -> Entry {
    let about = metric.description();
    let when = if metric.is_on_request() { "On request" } else { "Always measured" };
    let needs = match about.needs {
        Needs::Anything => String::new(),
        Needs::ClassesAbove(0) => ", of classes".to_owned(),
        Needs::ClassesAbove(n) => format!(", of more than {n} classes"),
        Needs::RealValues => ", of real values".to_owned(),
    };
    let better = if metric.higher_is_better() { "higher" } else { "lower" };
    entry(metric.id(), &format!("{} {when}{needs}; {better} is better.", about.doc))
}

fn loss_entry(loss: &Loss) -> Entry {
    Entry { source: loss.source().to_owned(), ..entry(loss.name(), loss.doc()) }
}

fn table_entry(table: Table) -> Entry {
    Entry { params: table.keys, ..entry(table.name, table.doc) }
}

fn lint_entry(lint: Lint) -> Entry {
    let info = lint.info();
    Entry { remedy: info.remedy.to_owned(), ..entry(lint.name(), info.says) }
}

/// The default of a parameter; that of a list with every name is `all`.
fn default(param: &Param) -> String {
    match (param.default, param.ty) {
        (ParamDefault::Value(value), ParamType::NameList(Names(known))) => match value() {
            Value::List(names) if !names.is_empty() && names.len() == known().len() => {
                "all".to_owned()
            }
            other => other.to_string(),
        },
        (other, _) => other.to_string(),
    }
}

/// Type and range of a parameter.
fn describe(param: &Param) -> String {
    match (param.ty, param.range) {
        (ty, _) if ty.choices().is_some() => ty.to_string(),
        (
            ParamType::Bool
            | ParamType::Schedules
            | ParamType::Layers
            | ParamType::NameList(_)
            | ParamType::Own(_),
            _,
        )
        | (ParamType::Float, Range::Any) => param.ty.to_string(),
        (ty, range) => format!("{ty} {range}"),
    }
}
