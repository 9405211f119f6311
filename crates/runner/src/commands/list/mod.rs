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
            (Registry::Columns, ListFormat::Text) => columns::text(),
            (Registry::Columns, ListFormat::Markdown) => columns::markdown(),
            (Registry::Commands, ListFormat::Text) => verbs::text(),
            (Registry::Commands, ListFormat::Markdown) => verbs::markdown(),
            (Registry::ExitCodes, ListFormat::Text) => verbs::exit_codes_text(),
            (Registry::ExitCodes, ListFormat::Markdown) => verbs::exit_codes_markdown(),
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
struct Entry {
    name: &'static str,
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
            entries: Loss::ALL.iter().map(|&loss| loss_entry(loss)).collect(),
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
            entries: FigureName::ALL.iter().map(|&name| figure_entry(name)).collect(),
            common: Vec::new(),
        },
        Registry::Columns | Registry::Commands | Registry::ExitCodes => {
            unreachable!("printed by modules of their own")
        }
    }
}

fn kinds(kinds: &'static [Kind]) -> Vec<Entry> {
    let entry = |kind: &'static Kind| Entry {
        name: kind.name,
        doc: kind.doc.trim().to_owned(),
        source: kind.source.to_owned(),
        remedy: String::new(),
        differs: kind.differs.to_owned(),
        params: kind.params,
    };
    kinds.iter().map(entry).collect()
}

fn dataset(name: DatasetName) -> Entry {
    let info = name.info();
    Entry {
        name: name.name(),
        doc: info.doc.to_owned(),
        source: format!("{}; inputs: {}", info.licence, info.scaling),
        remedy: String::new(),
        differs: String::new(),
        params: &[],
    }
}

fn loss_entry(loss: Loss) -> Entry {
    Entry {
        name: loss.name(),
        doc: loss.doc().to_owned(),
        source: loss.source().to_owned(),
        remedy: String::new(),
        differs: String::new(),
        params: &[],
    }
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
    Entry {
        name: metric.id(),
        doc: format!("{} {when}{needs}; {better} is better.", about.doc),
        source: String::new(),
        remedy: String::new(),
        differs: String::new(),
        params: &[],
    }
}

fn table_entry(table: Table) -> Entry {
    Entry {
        name: table.name,
        doc: table.doc.trim().to_owned(),
        source: String::new(),
        remedy: String::new(),
        differs: String::new(),
        params: table.keys,
    }
}

fn figure_entry(name: FigureName) -> Entry {
    Entry {
        name: name.name(),
        doc: name.doc().to_owned(),
        source: String::new(),
        remedy: String::new(),
        differs: String::new(),
        params: &[],
    }
}

fn lint_entry(lint: Lint) -> Entry {
    let info = lint.info();
    Entry {
        name: lint.name(),
        doc: info.says.to_owned(),
        source: String::new(),
        remedy: info.remedy.to_owned(),
        differs: String::new(),
        params: &[],
    }
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
