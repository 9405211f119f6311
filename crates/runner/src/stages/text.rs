//! Text about stages: for `--plan`, for a stage that opens, and for one that waits.

use spec::growth::Grown;
use spec::plan::Plan;
use spec::stages::{Decision, Stage};
use text_format::plural;

/// Maximum number of configurations that are named; of more, only the number is printed.
const NAMED: usize = 3;

/// Describes a decision of the plan, which adds `runs` runs.
pub fn decided(plan: &Plan, decision: &Decision, runs: usize) -> String {
    let runs = plural::count(runs, "run");
    if decision.rung > 0 {
        return on_rung(plan, decision);
    }
    if decision.look == 0 && decision.stage == Stage::Tuning {
        return match decision.grown.len() {
            0 => "no grid grows further".to_owned(),
            _ => format!("grids grow by {}: {runs}", grown(&decision.grown)),
        };
    }
    let configs: usize = decision.chosen.iter().map(|choice| choice.configs.len()).sum();
    let look = decision.look.saturating_sub(1);
    let seeds = plan.seeds_upto(decision.stage, decision.look).len();
    let fresh = if decision.stage == Stage::Confirm { "fresh seed" } else { "seed" };
    match decision.look {
        _ if decision.chosen.is_empty() => {
            format!("look {look}: no optimizer needs more {fresh}s")
        }
        0 | 1 => {
            let configs = plural::count(configs, "configuration");
            format!("tuning has chosen; {configs} on {}: {runs}", plural::count(seeds, fresh))
        }
        _ => {
            let labels = plural::count(decision.chosen.len(), "optimizer");
            let goes = if decision.chosen.len() == 1 { "continues" } else { "continue" };
            format!("look {look}: {labels} {goes} to {seeds} {fresh}s: {runs}")
        }
    }
}

/// Describes a decision on a rung.
fn on_rung(plan: &Plan, decision: &Decision) -> String {
    let at = |rung: u64| plan.tuning.as_ref()?.rungs.get(rung as usize).copied();
    let epoch = at(decision.rung - 1).unwrap_or(0);
    let configs: usize = decision.chosen.iter().map(|choice| choice.configs.len()).sum();
    let to = match at(decision.rung) {
        Some(next) => format!("to epoch {next}"),
        None => "to the end".to_owned(),
    };
    let goes = if configs == 1 { "continues" } else { "continue" };
    format!("rung at epoch {epoch}: {} {goes} {to}", plural::count(configs, "configuration"))
}

/// Returns `adam lr 0.3, sgd lr 1`, or the number of configurations.
fn grown(added: &[Grown]) -> String {
    if added.len() > NAMED {
        return plural::count(added.len(), "configuration");
    }
    let name = |grown: &Grown| {
        let path = grown.path.strip_prefix("optimizer.").unwrap_or(&grown.path);
        format!("{} {path} {}", grown.label, grown.value)
    };
    added.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// Returns the stage that waits for results, as a clause: `the fresh seeds of [confirm] wait`.
pub fn waits(plan: &Plan) -> &'static str {
    match plan.until.is_some() {
        _ if !plan.rungs_left().is_empty() => "the next rung of [tuning] waits",
        true => "the next look at the seeds waits",
        false if plan.is_growing() => "the growth of grids (extend) waits",
        false => "the fresh seeds of [confirm] wait",
    }
}

/// Describes the stages of a plan for `--plan`; `None` without stages.
pub fn described(plan: &Plan) -> Option<String> {
    let parts = [cutting(plan), growth(plan), looking(plan), confirming(plan)];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    let superseded = match plan.superseded.len() {
        0 => String::new(),
        n => format!("; {}", plural::count(n, "superseded decision")),
    };
    (!parts.is_empty()).then(|| format!("{}{superseded}", parts.join("; ")))
}

/// Describes the rungs.
fn cutting(plan: &Plan) -> Option<String> {
    let tuning = plan.tuning.as_ref()?;
    let cut = plural::count(plan.cut().len(), "run");
    let left: Vec<String> = plan.rungs_left().iter().map(u64::to_string).collect();
    let decided = tuning.rungs.len() - left.len();
    let noun = if left.len() == 1 { "epoch" } else { "epochs" };
    let epochs = format!("{noun} {}", left.join(", "));
    let keep =
        format!("{:.0}% of the configurations of each optimizer continue", tuning.keep * 100.0);
    Some(match (decided, left.is_empty()) {
        (0, _) => format!("runs pause at {epochs}, where {keep}"),
        (_, false) => format!("{cut} cut; the others pause at {epochs}, where {keep}"),
        (_, true) => format!("{cut} cut at {}", plural::count(decided, "rung")),
    })
}

/// Describes the growth of grids.
fn growth(plan: &Plan) -> Option<String> {
    let added = plan.grown().count();
    let most = |noun: &str| plural::count(plan.at_most(Stage::Tuning), noun);
    match (plan.is_growing(), added) {
        _ if !plan.can_grow() => None,
        (true, 0) => Some(format!(
            "then values beyond the edge of each grid whose best value is at the edge: {} at most, once all runs above have a result",
            most("run")
        )),
        (true, n) => Some(format!(
            "grids have grown by {}; at most {}",
            plural::count(n, "configuration"),
            most("more run")
        )),
        (false, 0) => Some("no grid has grown".to_owned()),
        (false, n) => Some(format!("grids have grown by {}", plural::count(n, "configuration"))),
    }
}

/// Describes the looks at the seeds of the sweep file.
fn looking(plan: &Plan) -> Option<String> {
    let until = plan.until.as_ref()?;
    let taken = plural::count(plan.looks_opened().saturating_sub(1), "look");
    Some(match plan.is_open() {
        true => format!(
            "up to {} of each optimizer, until the comparison is decided, {taken} taken: at most {}",
            plural::count(until.looks.last().copied().unwrap_or(0), "seed"),
            plural::count(plan.at_most(Stage::Tuning), "more run")
        ),
        false => format!("the looks at the seeds are over, {taken} taken"),
    })
}

/// Describes the fresh seeds.
fn confirming(plan: &Plan) -> Option<String> {
    let confirm = plan.confirm.as_ref()?;
    let seeds = plural::count(confirm.seeds.len(), "fresh seed");
    let at_most = || plural::count(plan.at_most(Stage::Confirm), "run");
    if plan.decision(Stage::Confirm).is_none() {
        let best = match confirm.top {
            1 => "best configuration".to_owned(),
            n => format!("{n} best configurations"),
        };
        let once = if plan.is_growing() { "" } else { ", once all runs above have a result" };
        return Some(format!(
            "then the {best} of each optimizer on {seeds}: {} at most{once}",
            at_most()
        ));
    }
    let fresh = plan.runs.iter().filter(|run| !run.stage.is_tuning()).count();
    let told = format!(
        "tuning has chosen; {} on fresh seeds, {} taken",
        plural::count(fresh, "run"),
        plural::count(plan.confirming().count(), "decision")
    );
    Some(match plan.is_open() {
        true => format!("{told}; {} in all at most, once all runs above have a result", at_most()),
        false => told,
    })
}
