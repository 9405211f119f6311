//! Tests of `[confirm]`: its resolution, that no id depends on it, and diagnostics.

use spec::plan::Plan;
use spec::stages::{Choice, Decision, Evidence, Goal, Stage};
use sweep_file::{Overrides, load_text};

const BASE: &str = "\
[data]
dataset = \"digits\"
validation = 237

[model]
kind = \"linear\"

[repeat]
seeds = [0, 1, 5]

[[optimizer]]
kind = \"sgd\"
lr = [0.1, 0.2]
";

fn load(confirm: &str, overrides: &Overrides) -> Result<Plan, String> {
    let text = format!("{BASE}\n{confirm}\n");
    let loaded = load_text("sweep.toml", "sweep", text, overrides);
    loaded.map(|loaded| loaded.plan).map_err(|diagnostics| diagnostics.to_string())
}

fn plan(confirm: &str) -> Plan {
    load(confirm, &Overrides::default()).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn fresh_seeds_are_planned_and_change_no_run_of_tuning() {
    let bare = plan("");
    let staged = plan("[confirm]\nseeds = { count = 4, base = 1000 }");
    assert_eq!(bare.runs, staged.runs);
    let confirm = staged.confirm.as_ref().unwrap();
    assert_eq!((&confirm.seeds[..], confirm.top), (&[1000, 1001, 1002, 1003][..], 1));
    assert_eq!(staged.at_most(Stage::Confirm), 4);
    // Both configurations, and no other, are confirmed.
    let both = plan("[confirm]\nseeds = [7, 3]\ntop = 5");
    assert_eq!((both.seeds_of(Stage::Confirm), both.at_most(Stage::Confirm)), (&[7, 3][..], 4));

    let json = serde_json::to_string(&bare).unwrap();
    for field in ["\"confirm\"", "\"decisions\"", "\"superseded\"", "\"stage\""] {
        assert!(!json.contains(field), "{field} is left out while neutral");
    }
    let read: Plan = serde_json::from_str(&serde_json::to_string(&both).unwrap()).unwrap();
    assert_eq!(read, both);
}

#[test]
fn a_trial_has_one_fresh_seed() {
    let smoke = Overrides { smoke: true, ..Overrides::default() };
    let plan = load("[confirm]\nseeds = { count = 4, base = 1000 }", &smoke).unwrap();
    assert_eq!((plan.seeds.len(), plan.seeds_of(Stage::Confirm)), (1, &[1000][..]));
}

#[test]
fn a_claim_needs_enough_of_the_seeds_that_judge() {
    let claim = "[claim]\ntarget = 0.5\nlevel = 0.05\ntest = \"sign\"\n";
    let confirmed = plan(&format!("{claim}[confirm]\nseeds = {{ count = 5, base = 1000 }}"));
    assert!(confirmed.claim.is_some(), "three seeds choose, five judge");
    let few = format!("{claim}[confirm]\nseeds = {{ count = 4, base = 1000 }}");
    assert!(load(&few, &Overrides::default()).unwrap_err().contains("seeds"));
}

#[test]
fn what_cannot_be_confirmed_is_refused() {
    let refused = |text: &str| load(text, &Overrides::default()).unwrap_err();
    insta::assert_snapshot!("without_seeds", refused("[confirm]\ntop = 2"));
    insta::assert_snapshot!("used_seeds", refused("[confirm]\nseeds = { count = 6, base = 4 }"));
    insta::assert_snapshot!("a_bare_number", refused("[confirm]\nseeds = 10"));
    insta::assert_snapshot!("no_configuration", refused("[confirm]\nseeds = [9]\ntop = 0"));
    insta::assert_snapshot!("an_unknown_key", refused("[confirm]\nseeds = [9]\nbest = 2"));
    let function = "name = \"f\"\n[model]\nkind = \"function\"\nfunction = \"sphere\"\n[confirm]\nseeds = [9]\n[[optimizer]]\nkind = \"sgd\"\nlr = 0.1\n";
    let loaded = load_text("sweep.toml", "sweep", function.to_owned(), &Overrides::default());
    insta::assert_snapshot!("a_function", loaded.unwrap_err().to_string());
}

#[test]
fn seeds_until_decided_are_those_of_the_last_look() {
    let three = format!("{BASE}\n[[optimizer]]\nkind = \"adam\"\nlr = 1e-3\n");
    let load = |seeds: &str| {
        let text = format!("{three}\n[confirm]\nseeds = {{ base = 1000, {seeds} }}\n");
        load_text("sweep.toml", "sweep", text, &Overrides::default())
            .map(|loaded| loaded.plan)
            .map_err(|diagnostics| diagnostics.to_string())
    };
    let plan = load("until = \"all\", looks = [8, 12, 20]").unwrap();
    let confirm = plan.confirm.as_ref().unwrap();
    assert_eq!((confirm.seeds.len(), confirm.seeds[19]), (20, 1019));
    let until = confirm.until.as_ref().unwrap();
    assert_eq!((until.goal, until.level), (Goal::All, 0.05));
    assert_eq!((&until.looks[..], &until.share[..]), (&[8, 12, 20][..], &[1.0 / 3.0; 3][..]));
    assert_eq!(plan.at_most(Stage::Confirm), 40);
    let read: Plan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
    assert_eq!(read, plan);

    let refused = |seeds: &str| load(seeds).unwrap_err();
    insta::assert_snapshot!(
        "shares",
        refused("until = \"best\", looks = [10, 20], share = [0.5, 0.4]")
    );
    insta::assert_snapshot!("looks_that_fall", refused("until = \"best\", looks = [20, 10]"));
    insta::assert_snapshot!("a_blind_look", refused("until = \"best\", looks = [5, 20]"));
    insta::assert_snapshot!("another_goal", refused("until = \"worst\""));
}

#[test]
fn seeds_of_one_configuration_each_may_end_early_too() {
    let load = |seeds: &str, rest: &str| {
        let text = BASE
            .replace("[0, 1, 5]", seeds)
            .replace("[0.1, 0.2]", "0.1")
            .replace("[repeat]", &format!("{rest}\n[repeat]"));
        let adam = "[[optimizer]]\nkind = \"adam\"\nlr = 1e-3\n";
        load_text("sweep.toml", "sweep", format!("{text}\n{adam}"), &Overrides::default())
            .map(|loaded| loaded.plan)
            .map_err(|diagnostics| diagnostics.to_string())
    };
    let until = "{ base = 5, until = \"best\", looks = [8, 12] }";
    let mut plan = load(until, "").unwrap();
    let seeds: Vec<u64> = plan.runs.iter().map(|run| run.spec.seed).collect();
    assert_eq!((seeds[..8].to_vec(), plan.runs.len()), ((5..13).collect(), 16));
    assert_eq!((plan.seeds.len(), plan.looks_opened(), plan.is_open()), (12, 1, true));
    assert_eq!(plan.at_most(Stage::Tuning), 8);
    let read: Plan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
    assert_eq!(read, plan);
    // The second look adds the remaining seeds of one of them, in the same stage.
    let rests_on = plan.runs.iter().map(|run| Evidence { run_id: run.run_id, digest: None });
    let choice = Choice { label: "adam".to_owned(), configs: vec![plan.runs[8].config_id] };
    plan.decide(Decision {
        stage: Stage::Tuning,
        look: 2,
        chosen: vec![choice],
        rung: 0,
        grown: Vec::new(),
        rests_on: rests_on.collect(),
    });
    let more: Vec<(&str, u64)> =
        plan.runs[16..].iter().map(|run| (run.label.as_str(), run.spec.seed)).collect();
    assert_eq!(more, [("adam", 13), ("adam", 14), ("adam", 15), ("adam", 16)]);
    assert!(!plan.is_open() && plan.runs.iter().all(|run| run.stage == Stage::Tuning));
    let listed = load("{ base = 5, count = 12 }", "").unwrap();
    assert_eq!(plan.runs[16..], listed.runs[12 + 8..], "the same runs as of a file with all seeds");
    let smoke = Overrides { smoke: true, ..Overrides::default() };
    let text = BASE.replace("[0, 1, 5]", until);
    let trial = load_text("sweep.toml", "sweep", text.clone(), &smoke).unwrap().plan;
    assert_eq!((trial.runs.len(), trial.is_staged()), (1, false));

    let several = load_text("sweep.toml", "sweep", text, &Overrides::default()).unwrap_err();
    insta::assert_snapshot!("until_of_tuning", several.to_string());
    let confirm = "[confirm]\nseeds = [99]\n";
    insta::assert_snapshot!("until_beside_confirm", load(until, confirm).unwrap_err());
    let refused = |seeds: &str| load(seeds, "").unwrap_err();
    insta::assert_snapshot!("a_blind_look_of_repeat", refused("{ until = \"all\", looks = [4] }"));
    insta::assert_snapshot!("a_level_of_repeat", refused("{ until = \"all\", level = 2.0 }"));
}
