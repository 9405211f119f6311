//! Tests of the conversion of sweep files to plans: axes, layers, identity.

#[path = "sweep_file/identity.rs"]
mod identity;

use proptest::prelude::*;
use spec::ScheduleSpec;
use spec::params::Value;
use spec::plan::Plan;
use sweep_file::{Overrides, load, load_text};

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
    assert_eq!(plan.pool[0].device, spec::device::DeviceName::Auto);
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
    assert_eq!(plan.optimizers[0].zipped, [["optimizer.lr", "optimizer.momentum"]]);
    let adam = serde_json::to_value(&plan.optimizers[1]).unwrap();
    assert!(adam.get("zipped").is_none(), "left out where there are none");
}

#[test]
fn excludes_drop_matching_combinations() {
    let text = format!("{BASE}\n[[exclude]]\nlabel = \"adam\"\noptimizer.lr = 0.01\n");
    assert_eq!(plan(&text).runs.len(), 2);
    // A value that is a list is matched as the plan prints it; overlapping excludes both match.
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
    // 1,437 - 237 samples in batches of 32: 38 steps per epoch.
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
        ..Overrides::default()
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

/// Returns the learning rates of `{ log = [1e-4, 1e0] }`, `seed = 0`.
const PINNED_DRAWS: [f64; 3] = [0.0100473, 0.0591295, 0.503523];

#[test]
fn random_axes_are_drawn_together_and_follow_from_the_file() {
    let with = |samples: usize, more: &str| {
        let lr =
            format!("lr = {{ random = {{ log = [1e-4, 1e0] }}, samples = {samples} }}\n{more}");
        plan(&BASE.replace("lr = 0.1", &lr).replace("lr = [1e-3, 1e-2]", &lr.replace(more, "")))
    };
    let lrs = |p: &Plan, label: &str| -> Vec<f64> {
        p.runs.iter().filter(|r| r.label == label).map(|r| r.spec.optimizer.lr()).collect()
    };
    let momentum =
        format!("momentum = {{ random = {{ linear = [0, 0.99] }}, samples = {} }}\n", 20);
    let plan = with(20, &momentum);
    assert_eq!(lrs(&plan, "sgd").len(), 20, "not 20 x 20");
    assert_eq!(lrs(&plan, "sgd"), lrs(&plan, "adam"), "the same draws for the same range");
    assert_eq!(lrs(&plan, "sgd"), lrs(&with(20, &momentum), "sgd"));
    assert!(lrs(&plan, "sgd").iter().all(|x| (1e-4..=1.0).contains(x)));
    assert_eq!(lrs(&with(5, ""), "sgd"), lrs(&with(20, ""), "sgd")[..5], "more keep the earlier");
    let below = lrs(&with(400, ""), "sgd").iter().filter(|x| **x < 1e-2).count();
    assert!(
        (160..240).contains(&below),
        "uniform in the logarithm: {below} of 400 below the middle"
    );
    // Axes are drawn independently: the ranks of two of them are unrelated.
    let momenta: Vec<f64> = plan
        .runs
        .iter()
        .filter(|r| r.label == "sgd")
        .map(|r| match r.axes["optimizer.momentum"] {
            Value::Float(x) => x,
            ref other => panic!("{other:?}"),
        })
        .collect();
    let order = |values: &[f64]| {
        let mut at: Vec<usize> = (0..values.len()).collect();
        at.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
        at
    };
    assert_ne!(order(&momenta), order(&lrs(&plan, "sgd")));
    // Pinned: other draws would orphan every result of a random search.
    assert_eq!(lrs(&plan, "sgd")[..3], PINNED_DRAWS);
    assert_eq!(plan.optimizers[0].axes, ["optimizer.lr", "optimizer.momentum"]);
    assert_eq!(plan.optimizers[0].random, plan.optimizers[0].axes);
    let grid = serde_json::to_value(&self::plan(BASE).optimizers).unwrap();
    assert!(grid[0].get("random").is_none(), "left out where there are none");
    // Whole numbers come once each, however small the range.
    let text = BASE
        .replace("batch_size = 32", "batch_size = { random = { linear = [1, 8] }, samples = 8 }");
    let mut sizes: Vec<u64> = self::plan(&text)
        .runs
        .iter()
        .filter(|r| r.label == "sgd")
        .map(|r| r.spec.data.batch_size)
        .collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [1, 2, 3, 4, 5, 6, 7, 8]);
    // Six digits would round up to 1, which beta2 must stay below.
    let narrow = "beta2 = { random = { linear = [0.9999990, 0.99999999] }, samples = 2 }";
    let text = BASE.replace("lr = [1e-3, 1e-2]", narrow);
    for run in self::plan(&text).runs.iter().filter(|r| r.label == "adam") {
        let beta2 = &run.spec.flat()["optimizer.beta2"];
        assert!(matches!(beta2, Value::Float(x) if (0.999999..=0.99999999).contains(x)), "{beta2}");
    }
}

#[test]
fn a_full_batch_holds_all_that_is_trained_on() {
    let sizes = |batch: &str| {
        let text = BASE.replace("batch_size = 32", &format!("batch_size = {batch}"));
        let sizes = plan(&text).runs.iter().map(|r| r.spec.data.batch_size).collect::<Vec<_>>();
        (sizes[0], sizes[sizes.len() - 1])
    };
    assert_eq!(sizes("\"full\""), (1200, 1200));
    let text = BASE.replace("batch_size = 32", "batch_size = [32, \"full\"]");
    let runs = self::plan(&text).runs;
    let axis = |i: usize| runs[i].axes.get("data.batch_size").cloned();
    assert_eq!((axis(0), axis(1)), (Some(Value::Int(32)), Some(Value::Int(1200))));
    let number = BASE.replace("batch_size = 32", "batch_size = 1200");
    assert_eq!(
        plan(&number).runs,
        plan(&BASE.replace("batch_size = 32", "batch_size = \"full\"")).runs
    );
}

#[test]
fn of_fewer_samples_than_the_default_a_batch_has_all() {
    let text =
        BASE.replace("batch_size = 32\n", "").replace("validation = 237", "validation = 1397");
    assert_eq!(plan(&text).runs[0].spec.data.batch_size, 40);
    let text = BASE.replace("batch_size = 32\n", "");
    assert_eq!(plan(&text).runs[0].spec.data.batch_size, 64);
}

#[test]
fn the_order_of_samples_is_part_of_a_run_and_its_default_of_no_id() {
    let ids = |shuffle: &str| {
        let text = BASE.replace("batch_size = 32", &format!("batch_size = 32\n{shuffle}"));
        plan(&text).runs.iter().map(|r| r.run_id).collect::<Vec<_>>()
    };
    assert_eq!(ids(""), ids("shuffle = \"each-epoch\""));
    assert_ne!(ids(""), ids("shuffle = \"once\""));
    assert_ne!(ids("shuffle = \"none\""), ids("shuffle = \"once\""));
}

/// Returns the lines of a table in a random order, with comments between.
fn shuffled(lines: Vec<&'static str>) -> impl Strategy<Value = String> {
    Just(lines).prop_shuffle().prop_map(|l| l.join("\n# a comment\n"))
}

proptest! {
    #[test]
    fn order_comments_and_labels_never_change_an_id(
        data in shuffled(vec!["dataset = 'digits'", "batch_size = 32", "validation = 237"]),
        model in shuffled(vec!["kind = 'mlp'", "hidden = [16]"]),
        lrs in Just(vec!["1e-2", "1e-3"]).prop_shuffle(),
        adam in shuffled(vec!["kind = 'adam'", "label = 'other name'", "beta1 = 0.9"]),
        sgd in shuffled(vec!["kind = 'sgd'", "lr = 1e-1"]),
        tables in Just(vec![0usize, 1, 2, 3, 4]).prop_shuffle(),
    ) {
        let parts = [
            format!("[data]\n{data}\n"),
            format!("[model]\n{model}\n"),
            "[train]\nepochs = 4\n".to_owned(),
            format!("[[optimizer]]\nlr = [{}]\n{adam}\n", lrs.join(", ")),
            format!("[[optimizer]]\n{sgd}\n"),
        ];
        let text: String = tables.iter().map(|i| parts[*i].as_str()).collect();
        let sorted = |plan: Plan| { let mut ids: Vec<_> = plan.runs.iter().map(|r| r.run_id).collect(); ids.sort(); ids };
        prop_assert_eq!(sorted(plan(&text)), sorted(plan(BASE)));
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

#[test]
fn overrides_can_be_read_back_from_the_plan() {
    let overrides = Overrides {
        set: vec!["train.epochs=3".to_owned(), "target.value=0.5".to_owned()],
        environment: vec![("SWEEP__REPORT__BAND".to_owned(), "range=x".to_owned())],
        smoke: true,
        ..Overrides::default()
    };
    let again = Overrides::of_lines(&overrides.lines());
    assert_eq!(again.lines(), overrides.lines());
    assert_eq!(again.set, overrides.set);
}
