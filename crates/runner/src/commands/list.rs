//! `list`: what exists, from the descriptors.

use spec::params::{Kind, Param, ParamDefault, ParamType, Params, Range};
use spec::run::{DataSpec, Loss, TrainSpec};
use spec::schedule::WarmupKeys;
use spec::update::UpdateSpec;
use spec::{DatasetName, ModelSpec, OptimizerSpec, ScheduleSpec};

use crate::cli::Registry;
use crate::exit::Exit;

/// Prints one registry or all.
pub(super) fn list(what: Option<Registry>) -> anyhow::Result<Exit> {
    let all = [
        Registry::Optimizers,
        Registry::Schedules,
        Registry::Models,
        Registry::Datasets,
        Registry::Losses,
    ];
    let chosen = what.map_or_else(|| all.to_vec(), |w| vec![w]);
    let mut out = String::new();
    for (i, registry) in chosen.iter().enumerate() {
        if i > 0 {
            out.push('\n');
        }
        match registry {
            Registry::Optimizers => {
                kinds(&mut out, "Optimizers", OptimizerSpec::KINDS);
                out.push_str("\n  keys of every [[optimizer]]\n");
                params(&mut out, UpdateSpec::PARAMS);
            }
            Registry::Schedules => {
                kinds(&mut out, "Schedules", ScheduleSpec::KINDS);
                out.push_str("\n  keys of every schedule\n");
                params(&mut out, WarmupKeys::PARAMS);
            }
            Registry::Models => kinds(&mut out, "Models", ModelSpec::KINDS),
            Registry::Datasets => datasets(&mut out),
            Registry::Losses => {
                out.push_str(&format!("Losses\n\n  {}\n", Loss::NAMES.join("\n  ")))
            }
        }
    }
    crate::text::print(&out);
    Ok(Exit::Ok)
}

fn kinds(out: &mut String, title: &str, kinds: &[Kind]) {
    out.push_str(&format!("{title}\n"));
    for kind in kinds {
        out.push_str(&format!("\n  {}  {}\n", kind.name, kind.doc.trim()));
        out.push_str(&format!("    after {}\n", kind.source));
        if !kind.differs.is_empty() {
            out.push_str(&format!("    differs: {}\n", kind.differs));
        }
        params(out, kind.params);
    }
}

fn params(out: &mut String, params: &[Param]) {
    let rows: Vec<[String; 3]> = params
        .iter()
        .map(|p| {
            let default = match p.default {
                ParamDefault::Required => "required".to_owned(),
                other => format!("= {other}"),
            };
            [format!("{} {default}", p.name), describe(p), p.doc.trim().to_owned()]
        })
        .collect();
    let width = |i: usize| rows.iter().map(|r| r[i].chars().count()).max().unwrap_or(0);
    let (first, second) = (width(0), width(1));
    for [name, ty, doc] in &rows {
        out.push_str(&format!("    {name:first$}  {ty:second$}  {doc}\n"));
    }
}

fn describe(param: &Param) -> String {
    match (param.ty, param.range) {
        (ParamType::Bool | ParamType::Choice(_) | ParamType::Schedules, _)
        | (ParamType::Float, Range::Any) => param.ty.to_string(),
        (ty, range) => format!("{ty} {range}"),
    }
}

fn datasets(out: &mut String) {
    out.push_str("Datasets\n");
    for name in DatasetName::ALL {
        let info = name.info();
        out.push_str(&format!(
            "\n  {}  {}\n    inputs {}; {}\n",
            name.name(),
            info.doc,
            info.scaling,
            info.licence
        ));
    }
    out.push_str("\n  keys of [data]\n");
    params(out, DataSpec::PARAMS);
    out.push_str("\n  keys of [train]\n");
    params(out, TrainSpec::PARAMS);
}
