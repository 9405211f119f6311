//! Tests of `[tuning]`: the rungs of runs, and diagnostics.

use spec::plan::Plan;
use spec::stages::{Choice, Decision, Evidence, Stage};
use sweep_file::{Overrides, load_text};

const BASE: &str = "\
[data]
dataset = \"digits\"
validation = 237

[model]
kind = \"linear\"

[train]
epochs = 10

[repeat]
seeds = [0, 1]

[[optimizer]]
kind = \"sgd\"
lr = [0.1, 0.2, 0.3]
";

fn read(text: String) -> Result<Plan, String> {
    let loaded = load_text("sweep.toml", "sweep", text, &Overrides::default());
    loaded.map(|loaded| loaded.plan).map_err(|diagnostics| diagnostics.to_string())
}

fn load(tuning: &str) -> Result<Plan, String> {
    read(format!("{BASE}\n[tuning]\n{tuning}\n"))
}

/// Returns a decision by which all of these configurations continue.
fn goes_on(plan: &Plan, rung: u64, configs: &[usize]) -> Decision {
    let configs = configs.iter().map(|&i| plan.runs[2 * i].config_id).collect();
    let rests_on = plan.runs.iter().map(|run| Evidence { run_id: run.run_id, digest: None });
    Decision {
        stage: Stage::Tuning,
        look: 0,
        rung,
        chosen: vec![Choice { label: "sgd".to_owned(), configs }],
        grown: Vec::new(),
        rests_on: rests_on.collect(),
    }
}

#[test]
fn runs_pause_at_the_next_rung_or_where_they_were_cut() {
    let mut plan = load("rungs = [1, 3]").unwrap();
    assert_eq!(plan.runs, read(BASE.to_owned()).unwrap().runs, "no part of any run");
    assert_eq!(plan.tuning.as_ref().unwrap().keep, 1.0 / 3.0);
    let pauses = |plan: &Plan| -> Vec<Option<u64>> {
        let pauses = plan.pauses();
        plan.runs.iter().map(|run| pauses.get(&run.run_id).copied()).collect()
    };
    assert_eq!((pauses(&plan), plan.cut().len()), (vec![Some(1); 6], 0));
    assert!(plan.is_staged() && plan.is_open());
    plan.decide(goes_on(&plan, 1, &[0, 2]));
    let (one, three) = (Some(1), Some(3));
    assert_eq!(pauses(&plan), [three, three, one, one, three, three]);
    assert_eq!((plan.cut().len(), plan.rungs_left()), (2, &[3][..]));
    plan.decide(goes_on(&plan, 2, &[2]));
    assert_eq!(pauses(&plan), [three, three, one, one, None, None]);
    assert_eq!((plan.cut().len(), plan.is_open(), plan.runs.len()), (4, false, 6));
    let again: Plan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
    assert_eq!(again, plan);
    let json = serde_json::to_string(&read(BASE.to_owned()).unwrap()).unwrap();
    assert!(!json.contains("\"tuning\":{") && !json.contains("\"rung\""), "left out while neutral");
    for keep in ["\"1/4\"", "0.25"] {
        let plan = load(&format!("rungs = [1]\nkeep = {keep}")).unwrap();
        assert_eq!(plan.tuning.unwrap().keep, 0.25);
    }
    let smoke = Overrides { smoke: true, ..Overrides::default() };
    let text = format!("{BASE}\n[tuning]\nrungs = [1, 3]\n");
    let trial = load_text("sweep.toml", "sweep", text, &smoke).unwrap().plan;
    assert!(!trial.is_staged());
}

#[test]
fn rungs_that_cannot_be_are_refused() {
    let refused = |tuning: &str| load(tuning).unwrap_err();
    insta::assert_snapshot!("falling", refused("rungs = [3, 1]"));
    insta::assert_snapshot!("too_late", refused("rungs = [1, 10]"));
    insta::assert_snapshot!("none", refused("keep = 0.5"));
    insta::assert_snapshot!("all_kept", refused("rungs = [1]\nkeep = 1.0"));
    insta::assert_snapshot!("no_fraction", refused("rungs = [1]\nkeep = \"a third\""));
    insta::assert_snapshot!("unknown_key", refused("rungs = [1]\neta = 3"));
    let text = |base: &str| read(format!("{base}\n[tuning]\nrungs = [1]\n")).unwrap_err();
    insta::assert_snapshot!("one_configuration", text(&BASE.replace("[0.1, 0.2, 0.3]", "0.1")));
    insta::assert_snapshot!("by_steps", text(&BASE.replace("epochs = 10", "steps = 500")));
    let stop =
        "[target]\nmetric = \"validation.accuracy\"\nvalue = 0.9\nstop = true\n\n[[optimizer]]";
    insta::assert_snapshot!("stopping", text(&BASE.replace("[[optimizer]]", stop)));
    let function = "name = \"f\"\n[model]\nkind = \"function\"\nfunction = \"sphere\"\n[[optimizer]]\nkind = \"sgd\"\nlr = [0.1, 0.2]\n";
    insta::assert_snapshot!("a_function", text(function));
}
