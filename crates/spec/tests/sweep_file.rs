//! Sweep files to plans: axes, layers, identity.

use proptest::prelude::*;
use spec::ScheduleSpec;
use spec::plan::Plan;
use spec::sweep_file::{Overrides, load, load_text};

const BASE: &str = r#"
[data]
dataset = "digits"
batch_size = 32
validation = 237
[model]
kind = "mlp"
hidden = [16]
[train]
epochs = 4
[[optimizer]]
kind = "sgd"
lr = 0.1
[[optimizer]]
kind = "adam"
lr = [1e-3, 1e-2]
"#;

fn plan_with(text: &str, set: &[&str]) -> Plan {
    let overrides =
        Overrides { set: set.iter().map(|s| (*s).to_owned()).collect(), ..Overrides::default() };
    load_text("test.toml", "test", text.to_owned(), &overrides)
        .unwrap_or_else(|e| panic!("{e}"))
        .plan
}

fn plan(text: &str) -> Plan {
    plan_with(text, &[])
}

#[test]
fn axes_cross_within_an_optimizer_only() {
    let plan = plan(&format!("{BASE}[repeat]\nseeds = [3, 1]\n"));
    let shown: Vec<String> = plan
        .runs
        .iter()
        .map(|r| format!("{} {} {}", r.label, r.spec.optimizer.lr(), r.spec.seed))
        .collect();
    assert_eq!(
        shown,
        ["sgd 0.1 3", "sgd 0.1 1", "adam 0.001 3", "adam 0.001 1", "adam 0.01 3", "adam 0.01 1"]
    );
    assert_eq!(plan.optimizers[1].axes, ["optimizer.lr"]);
    assert_eq!(plan.target.path(), "validation.accuracy");
    assert_eq!(plan.pool[0].device, "auto");
}

#[test]
fn grids_are_the_numbers_a_person_would_type() {
    let lrs = |axis: &str| -> Vec<f64> {
        let text = BASE.replace("lr = 0.1", &format!("lr = {axis}"));
        plan(&text)
            .runs
            .iter()
            .filter(|r| r.label == "sgd")
            .map(|r| r.spec.optimizer.lr())
            .collect()
    };
    assert_eq!(lrs("{ log = [1e-3, 1e0], points = 4 }"), [0.001, 0.01, 0.1, 1.0]);
    assert_eq!(lrs("{ log = [1e-2, 1e0], points = 5 }"), [0.01, 0.0316228, 0.1, 0.316228, 1.0]);
    assert_eq!(lrs("{ linear = [0.1, 0.3], points = 3 }"), [0.1, 0.2, 0.3]);
    assert_eq!(lrs("{ values = [5, 0.5] }"), [5.0, 0.5]);
}

#[test]
fn zipped_axes_advance_together_and_others_cross() {
    let text = BASE
        .replace("lr = 0.1", "lr = { values = [0.1, 0.2], zip = \"a\" }\nmomentum = { values = [0.8, 0.9], zip = \"a\" }")
        .replace("hidden = [16]", "hidden = { values = [[16], [16, 8]] }");
    let plan = plan(&text);
    let sgd: Vec<_> = plan.runs.iter().filter(|r| r.label == "sgd").collect();
    assert_eq!(sgd.len(), 4);
    for run in &sgd {
        let momentum = &run.axes["optimizer.momentum"];
        assert_eq!(run.spec.optimizer.lr() == 0.1, *momentum == spec::params::Value::Float(0.8));
    }
    assert_eq!(plan.runs.len(), 4 + 4);
}

#[test]
fn excludes_drop_matching_combinations() {
    let text = format!("{BASE}\n[[exclude]]\nlabel = \"adam\"\noptimizer.lr = 0.01\n");
    assert_eq!(plan(&text).runs.len(), 2);
    // A list by nature is matched as the plan prints it; overlapping excludes both match.
    let text = BASE.replace("hidden = [16]", "hidden = { values = [[16], [8]] }");
    let text = format!(
        "{text}\n[[exclude]]\nmodel.hidden = [16]\n[[exclude]]\nlabel = \"sgd\"\nmodel.hidden = [16]\n"
    );
    let loaded = load_text("test.toml", "test", text, &Overrides::default()).unwrap();
    assert_eq!(loaded.plan.runs.len(), 3);
    assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
}

#[test]
fn schedules_take_their_length_from_the_run() {
    let with = |schedule: &str| {
        let text = BASE.replace("lr = 0.1", &format!("lr = 0.1\nschedule = {schedule}"));
        plan(&text)
            .runs
            .iter()
            .filter(|r| r.label == "sgd")
            .map(|r| r.spec.schedule.clone())
            .collect::<Vec<_>>()
    };
    let t_max = |schedule: &str| match &with(schedule)[0] {
        ScheduleSpec::Cosine(c) => c.t_max,
        other => panic!("{other:?}"),
    };
    assert_eq!(t_max("{ kind = \"cosine\" }"), 4);
    // 1,437 - 237 samples in batches of 32: 38 steps an epoch.
    assert_eq!(t_max("{ kind = \"cosine\", per = \"batch\" }"), 4 * 38);
    assert_eq!(t_max("{ kind = \"cosine\", t_max = 7 }"), 7);
    assert_eq!(with("[{ kind = \"constant\" }, { kind = \"cosine\" }]").len(), 2);
}

#[test]
fn later_layers_win_key_by_key() {
    let overrides = Overrides {
        environment: vec![
            ("SWEEP__TRAIN__EPOCHS".to_owned(), "2".to_owned()),
            ("SWEEP__DATA__BATCH_SIZE".to_owned(), "8".to_owned()),
        ],
        set: vec![
            "train.epochs=3".to_owned(),
            "optimizer.adam.lr={ log = [1e-4, 1e-2], points = 3 }".to_owned(),
            "model={ kind = \"linear\" }".to_owned(),
        ],
        smoke: false,
    };
    let plan = load_text("test.toml", "test", BASE.to_owned(), &overrides).unwrap().plan;
    assert!(plan.runs.iter().all(|r| r.spec.train.epochs == 3 && r.spec.data.batch_size == 8));
    assert!(
        plan.runs.iter().all(|r| r.spec.model.kind() == "linear"),
        "a table given as a whole replaces the file's"
    );
    assert_eq!(plan.runs.len(), 1 + 3);
    assert_eq!(plan.overrides.len(), 5);
}

#[test]
fn a_quoted_label_may_hold_what_an_override_is_made_of() {
    let text = BASE.replace("kind = \"sgd\"", "kind = \"sgd\"\nlabel = \"a=b.c\"");
    let plan = plan_with(&text, &["optimizer.\"a=b.c\".lr=0.7"]);
    assert_eq!(plan.runs[0].spec.optimizer.lr(), 0.7);
}

#[test]
fn a_smoke_run_is_one_seed_one_epoch_first_values() {
    let overrides = Overrides { smoke: true, ..Overrides::default() };
    let plan =
        load_text("test.toml", "test", format!("{BASE}[repeat]\nseeds = [5, 6]\n"), &overrides)
            .unwrap()
            .plan;
    assert_eq!(plan.name, "test-smoke");
    assert_eq!(plan.runs.len(), 2);
    assert!(plan.runs.iter().all(|r| r.spec.seed == 5 && r.spec.train.epochs == 1));
}

/// Changing one of these by accident orphans every stored result and baseline.
#[test]
fn ids_are_pinned() {
    let ids: Vec<String> = plan(BASE).runs.iter().map(|r| r.run_id.to_string()).collect();
    insta::assert_snapshot!(ids.join("\n"));
}

#[test]
fn the_experiments_of_the_repository_load() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments");
    let mut shown = Vec::new();
    for folder in [root.clone(), root.join("lesson")] {
        let mut files: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
        files.sort();
        for file in files.iter().filter(|f| f.extension().is_some_and(|e| e == "toml")) {
            let loaded = load(file, &Overrides::default()).unwrap_or_else(|e| panic!("{e}"));
            assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
            shown.push(format!("{}: {} runs", loaded.plan.name, loaded.plan.runs.len()));
        }
    }
    assert!(shown.iter().any(|s| s == "battle: 125 runs"), "{shown:?}");
}

/// The lines of a table in a random order, comments between.
fn shuffled(lines: Vec<&'static str>) -> impl Strategy<Value = String> {
    Just(lines).prop_shuffle().prop_map(|l| l.join("\n# a comment\n"))
}

proptest! {
    #[test]
    fn order_comments_and_labels_never_change_an_id(
        data in shuffled(vec!["dataset = 'digits'", "batch_size = 32", "validation = 237"]),
        model in shuffled(vec!["kind = 'mlp'", "hidden = [16]"]),
        adam in shuffled(vec!["kind = 'adam'", "lr = [1e-2, 1e-3]", "label = 'other name'", "beta1 = 0.9"]),
        sgd in shuffled(vec!["kind = 'sgd'", "lr = 1e-1"]),
        tables in Just(vec![0usize, 1, 2, 3, 4]).prop_shuffle(),
    ) {
        let parts = [
            format!("[data]\n{data}\n"),
            format!("[model]\n{model}\n"),
            "[train]\nepochs = 4\n".to_owned(),
            format!("[[optimizer]]\n{adam}\n"),
            format!("[[optimizer]]\n{sgd}\n"),
        ];
        let text: String = tables.iter().map(|i| parts[*i].as_str()).collect();
        let sorted = |plan: Plan| { let mut ids: Vec<_> = plan.runs.iter().map(|r| r.run_id).collect(); ids.sort(); ids };
        prop_assert_eq!(sorted(plan(&text)), sorted(plan(BASE)));
    }

    #[test]
    fn each_value_that_matters_changes_every_id(index in 0usize..9) {
        let change = ["data.batch_size=16", "data.validation=236", "data.drop_last=true", "data.dataset=mnist", "model.hidden=[17]",
            "model.activation=tanh", "train.epochs=5", "repeat.seeds=[1]", "optimizer.sgd.momentum=0.9"][index];
        let ids = |p: &Plan| p.runs.iter().filter(|r| r.label == "sgd").map(|r| r.run_id).collect::<Vec<_>>();
        let (before, after) = (plan(BASE), plan_with(BASE, &[change]));
        prop_assert!(ids(&before).iter().all(|id| !ids(&after).contains(id)), "{}", change);
    }

    #[test]
    fn nonsense_is_refused_without_a_panic(text in "\\PC{0,200}") {
        let _ = load_text("x.toml", "x", text, &Overrides::default());
    }

    #[test]
    fn nonsense_in_a_value_is_refused_without_a_panic(value in "[-0-9a-z\\[\\]{}=,.\"' ]{0,40}", key in 0usize..6) {
        let key = ["lr", "kind", "label", "schedule", "momentum", "nesterov"][key];
        let text = format!("{BASE}[[optimizer]]\nkind = \"rmsprop\"\nx{key} = {value}\n").replace("\nx", "\n");
        let _ = load_text("x.toml", "x", text, &Overrides::default());
    }
}
