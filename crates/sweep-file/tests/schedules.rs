//! Tests of schedules, their warmup, and the keys around a step: their form in the plan, and
//! diagnostics.

use spec::plan::Plan;
use spec::schedule::{Per, Warmup};
use spec::update::UpdateSpec;
use spec::{RunSpec, ScheduleSpec};
use sweep_file::{Overrides, load_text};

/// A sweep file with 6 epochs of 1,200 samples in batches of 32: 38 steps per epoch.
const BASE: &str = "\
[data]
dataset = \"digits\"
batch_size = 32
validation = 237

[model]
kind = \"mlp\"
hidden = [16]

[train]
epochs = 6

[[optimizer]]
kind = \"sgd\"
lr = 0.1
";

fn plan(more: &str) -> Plan {
    load_text("x.toml", "x", format!("{BASE}{more}\n"), &Overrides::default())
        .unwrap_or_else(|e| panic!("{more}: {e}"))
        .plan
}

fn run(more: &str) -> RunSpec {
    plan(more).runs[0].spec.clone()
}

/// Returns the stored form as text.
fn schedule(table: &str) -> String {
    let run = run(&format!("schedule = {{ {table} }}"));
    serde_json::to_string(&(run.schedule, run.warmup)).unwrap()
}

#[test]
fn lengths_are_those_of_the_run_less_the_warmup() {
    let cases = [
        ("kind = \"one-cycle\"", "\"total_steps\":6"),
        ("kind = \"one-cycle\", per = \"batch\"", "\"total_steps\":228"),
        ("kind = \"one-cycle\", per = \"batch\", warmup = 28", "\"total_steps\":200"),
        ("kind = \"cosine\", warmup = 2", "\"t_max\":4"),
        ("kind = \"cosine\", warmup = 2, t_max = 9", "\"t_max\":9"),
        ("kind = \"cosine\", warmup = 0", "\"t_max\":6},null"),
        ("kind = \"constant\", warmup = 5, per = \"batch\"", "{\"per\":\"batch\",\"length\":5,"),
        ("kind = \"plateau\", warmup = 2, warmup_start = 0", "\"length\":2,\"start\":0.0}"),
    ];
    for (table, part) in cases {
        let got = schedule(table);
        assert!(got.contains(part), "{table}: {got} has no {part}");
    }
    // Accumulation reduces the optimizer steps: 38 batches are 10 steps of up to 4.
    let run = run("accumulate = 4\nschedule = { kind = \"cosine\", per = \"batch\" }");
    assert!(
        matches!(&run.schedule, ScheduleSpec::Cosine(c) if c.t_max == 60 && run.total_steps() == 60)
    );
}

#[test]
fn schedules_in_turn_share_unit_and_length() {
    let table = "kind = \"sequential\", per = \"batch\", warmup = 8, milestones = [20, 120], schedules = [{ kind = \"linear\", total_iters = 20 }, { kind = \"cosine\", min_lr = 1e-3 }, { kind = \"one-cycle\" }]";
    let run = run(&format!("schedule = {{ {table} }}"));
    let ScheduleSpec::Sequential(p) = &run.schedule else { panic!("{:?}", run.schedule) };
    assert!(p.schedules.iter().all(|s| s.per() == Per::Batch));
    assert!(matches!(&p.schedules[1], ScheduleSpec::Cosine(c) if c.t_max == 100));
    assert!(matches!(&p.schedules[2], ScheduleSpec::OneCycle(c) if c.total_steps == 100));
    assert_eq!(run.warmup, Some(Warmup { per: Per::Batch, length: 8, start: 1.0 / 3.0 }));
    // Every stored form restores the run, and so do the columns.
    let text = serde_json::to_string(&run).unwrap();
    assert_eq!(serde_json::from_str::<RunSpec>(&text).unwrap(), run);
    let again = ScheduleSpec::from_values("sequential", &run.schedule.to_values());
    assert_eq!(again.as_ref(), Some(&run.schedule));
}

#[test]
fn keys_around_a_step_are_axes_of_every_optimizer() {
    let plan = plan(
        "clip_norm = [0.5, 1]\nclip_value = 5\naccumulate = { values = [1, 2], zip = \"a\" }\ndecoupled_decay = { values = [0.0, 0.01], zip = \"a\" }\n[[optimizer]]\nkind = \"adam\"\nschedule = [{ kind = \"step\", step_size = 2, warmup = [0, 1] }, { kind = \"exponential\", gamma = 0.9 }]\n[[exclude]]\noptimizer.clip_norm = 0.5\noptimizer.accumulate = 2\n[[exclude]]\nschedule.warmup = 1",
    );
    let update = |r: &spec::plan::PlannedRun| r.spec.update.clone();
    let first: Vec<UpdateSpec> =
        plan.runs.iter().filter(|r| r.label == "sgd").map(update).collect();
    let with = |clip_norm, accumulate, decoupled_decay| UpdateSpec {
        accumulate,
        clip_value: 5.0,
        clip_norm,
        decoupled_decay,
    };
    assert_eq!(first, [with(0.5, 1, 0.0), with(1.0, 1, 0.0), with(1.0, 2, 0.01)]);
    assert_eq!(plan.runs.iter().filter(|r| r.label == "adam").count(), 2);
    assert_eq!(
        plan.optimizers[0].axes,
        ["optimizer.accumulate", "optimizer.clip_norm", "optimizer.decoupled_decay"]
    );
}

#[test]
fn groups_reach_the_run_and_their_patterns_are_checked() {
    let groups = "groups = [{ params = \"*bias\", weight_decay = 0.0 }, { params = \"layers.0.*\", lr_scale = 0.5, decoupled_decay = 1e-3 }]";
    let with = run(&format!("weight_decay = 0.1\n{groups}"));
    assert_eq!(with.groups.len(), 2);
    assert_eq!(matched(&with, 0), ["layers.0.bias", "layers.1.bias"]);
    assert_eq!((with.groups[1].lr_scale, with.groups[1].decoupled_decay), (0.5, Some(1e-3)));
    assert_ne!(spec::identity::ids(&with).run, spec::identity::ids(&run("weight_decay = 0.1")).run);
}

/// Returns the parameters that a group of a run matches.
fn matched(run: &RunSpec, group: usize) -> Vec<String> {
    let table = run.table();
    let there = table.iter().filter(|parameter| run.groups[group].matches(parameter));
    there.map(|parameter| parameter.path.clone()).collect()
}

#[test]
fn groups_may_be_asked_for_by_role_and_by_number_of_dimensions() {
    let with = run(
        "groups = [{ role = \"head\", lr_scale = 0.5 }, { ndim = 2, decoupled_decay = 0.1 }, { params = \"layers.0.*\", role = \"bias\", ndim = 1, lr_scale = 0 }]",
    );
    assert_eq!(matched(&with, 0), ["layers.1.weight", "layers.1.bias"]);
    assert_eq!(matched(&with, 1), ["layers.0.weight", "layers.1.weight"]);
    assert_eq!(matched(&with, 2), ["layers.0.bias"]);
    // A missing pattern matches everything: one run, one id.
    let id = |more: &str| plan(more).runs[0].run_id;
    let group = |which: &str| format!("groups = [{{ {which}, lr_scale = 0.5 }}]");
    assert_eq!(id(&group("role = \"bias\"")), id(&group("params = \"*\", role = \"bias\"")));
    let ids = ["params = \"*\"", "role = \"bias\"", "role = \"head\"", "ndim = 1", "ndim = 2"]
        .map(|which| id(&group(which)));
    let different: std::collections::HashSet<_> = ids.iter().collect();
    assert_eq!(different.len(), 5);
}

#[test]
fn neutral_keys_leave_the_id_as_it_was() {
    let id = |more: &str| plan(more).runs[0].run_id;
    let neutral = "accumulate = 1\nclip_norm = 0\nclip_value = 0.0\ndecoupled_decay = 0\ngroups = []\nschedule = { kind = \"constant\", warmup = 0 }";
    assert_eq!(id(neutral), id(""));
    assert_eq!(plan(&format!("{neutral}\n[[exclude]]\nlabel = \"x\"")).runs.len(), 1);
}

fn shown(more: &str) -> String {
    let text = match more.split_once("@@") {
        // The text before the mark replaces the validation split.
        Some((data, more)) => format!("{}{more}\n", BASE.replacen("validation = 237", data, 1)),
        None => format!("{BASE}{more}\n"),
    };
    match load_text("sweep.toml", "sweep", text, &Overrides::default()) {
        Ok(loaded) => format!("loaded, {} runs\n{}", loaded.plan.runs.len(), loaded.warnings),
        Err(diagnostics) => diagnostics.to_string(),
    }
}

#[test]
fn what_is_wrong_with_a_schedule_is_said_at_its_place() {
    let cases = [
        "kind = \"step\", gama = 0.5",
        "kind = \"multi-step\", milestones = [3, 3]",
        "kind = \"multi-step\", milestones = [0, 3]",
        "kind = \"cosine-restarts\", t_0 = 2, min_lr = 0.5",
        "kind = \"plateau\", factor = 1.5, min_lr = 1",
        "kind = \"plateau\", metric = \"test.loss\"",
        "kind = \"plateau\", per = \"epoch\"",
        "kind = \"constant\", warmup_start = 0.1, per = \"batch\"",
        "kind = \"cosine\", warmup = 9",
        "kind = \"cosine\", warmup = -1, warmup_start = 2",
        "kind = \"sequential\", milestones = [2]",
        "kind = \"sequential\", milestones = [2], schedules = \"linear\"",
        "kind = \"sequential\", milestones = [], schedules = []",
        "kind = \"sequential\", milestones = [2, 4], schedules = [{ kind = \"linear\" }, { kind = \"cosine\" }]",
        "kind = \"sequential\", milestones = [4, 2], schedules = [{ kind = \"linear\" }, { kind = \"cosine\" }, { kind = \"constant\" }]",
        "kind = \"sequential\", milestones = [2], schedules = [{ kind = \"liner\" }, { kind = \"plateau\" }]",
        "kind = \"sequential\", milestones = [2], schedules = [{ kind = \"linear\", per = \"batch\" }, { kind = \"cosine\", min_lr = [0, 1e-3] }]",
        "kind = \"sequential\", milestones = [2], schedules = [{ kind = \"linear\" }, { kind = \"cosine\", min_lr = 0.5 }]",
        "kind = \"sequential\", milestones = [2], schedules = [{ kind = \"linear\", warmup = 3 }, \"cosine\"]",
        "kind = \"sequential\", milestones = [2], schedules = [{ kind = \"exponential\" }, { kind = \"step\", step_size = 0 }]",
    ];
    let mut out = String::new();
    for table in cases {
        out.push_str(&format!("--- {table}\n{}\n", shown(&format!("schedule = {{ {table} }}"))));
    }
    out.push_str(&format!(
        "--- no validation\n{}\n",
        shown("validation = 0@@schedule = { kind = \"plateau\" }")
    ));
    insta::assert_snapshot!(out);
}

#[test]
fn what_is_wrong_around_a_step_is_said_at_its_place() {
    let cases = [
        "accumulate = 0",
        "clip_norm = -1",
        "clipnorm = 1",
        "groups = { params = \"*bias\" }",
        "groups = [{ weight_decay = 0.0 }]",
        "groups = [{ params = \"*bias\" }]",
        "groups = [{ params = \"*bais\", weight_decay = 0.0 }]",
        "groups = [{ params = \"*bias\", weight_decay = [0.0, 1.0], lr = 3, lr_scale = -1 }]",
        "groups = [{ params = 3, lr_scale = 0.5 }]",
        "groups = [{ role = \"embedding\", lr_scale = 0.5 }]",
        "groups = [{ params = \"layers.0.*\", role = \"head\", ndim = 2, lr_scale = 0.5 }]",
        "groups = [{ ndim = 3, lr_scale = 0.5 }]",
        "groups = [{ role = \"biases\", ndim = 0, lr_scale = 0.5 }]",
        "groups = [{ role = \"bias\" }]",
        "[[exclude]]\noptimizer.clip_nrm = 1",
    ];
    let mut out = String::new();
    for more in cases {
        out.push_str(&format!("--- {more}\n{}\n", shown(more)));
    }
    let text = BASE.replacen("epochs = 6", "epochs = 6\nloss = \"mse\"\nlabel_smoothing = 0.1", 1);
    let smoothed = load_text("sweep.toml", "sweep", text, &Overrides::default());
    out.push_str(&format!("--- smoothing\n{}", smoothed.map(|_| ()).unwrap_err()));
    insta::assert_snapshot!(out);
}
