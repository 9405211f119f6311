//! Tests of sweep files with runs by steps: defaults, ids, and diagnostics.

use sweep_file::{Loaded, Overrides, load_text};

const GOOD: &str = "\
[data]
dataset = \"digits\"
batch_size = 100
validation = 237

[model]
kind = \"linear\"

[train]
steps = 500

[repeat]
seeds = { count = 3 }

[[optimizer]]
kind = \"adam\"
lr = 1e-3
";

fn load(text: &str) -> Result<Loaded, String> {
    load_text("sweep.toml", "sweep", text.to_owned(), &Overrides::default())
        .map_err(|diagnostics| diagnostics.to_string())
}

/// Returns the file with other lines in place of `steps = 500`.
fn with(train: &str) -> String {
    GOOD.replace("steps = 500", train)
}

#[test]
fn a_run_by_steps_has_the_epochs_that_it_begins() {
    let plan = load(GOOD).unwrap().plan;
    let spec = &plan.runs[0].spec;
    // 1,200 samples in batches of 100.
    assert_eq!((spec.train.epochs, spec.train.steps), (42, 500));
    assert_eq!((spec.total_steps(), spec.segments().length), (500, 10));
    let text = with("steps = 500\naccumulate = 1").replace("accumulate = 1\n", "");
    assert_eq!(load(&text).unwrap().plan.runs[0].run_id, plan.runs[0].run_id);
    let grown = GOOD.replace("lr = 1e-3", "lr = 1e-3\naccumulate = 5");
    // Three optimizer steps per epoch.
    assert_eq!(load(&grown).unwrap().plan.runs[0].spec.train.epochs, 167);
}

#[test]
fn lengths_of_schedules_are_of_the_steps() {
    let text = GOOD.replace(
        "lr = 1e-3",
        "lr = 1e-3\nschedule = { kind = \"cosine\", per = \"batch\", warmup = \"10%\" }",
    );
    let spec = load(&text).unwrap().plan.runs.remove(0).spec;
    assert_eq!(spec.warmup.as_ref().unwrap().length, 50);
    let spec::ScheduleSpec::Cosine(cosine) = &spec.schedule else { unreachable!() };
    assert_eq!(cosine.t_max, 450);
}

#[test]
fn evaluations_belong_to_a_run_only_where_something_reads_them() {
    let id = |lines: &str| load(&with(lines)).unwrap().plan.runs[0].run_id;
    let kept = "\nevaluate_every = 50\nevaluate_samples = 100\ncheckpoint_every = 20";
    assert_eq!(id("steps = 500"), id(&format!("steps = 500{kept}")));
    let early = "steps = 500\nearly_stopping = { patience = 3 }";
    assert_ne!(id(early), id(&format!("{early}{kept}")));
    assert_eq!(id(early), id(&format!("{early}\ncheckpoint_every = 20")));
    // A key that changes nothing is left out of what is hashed.
    let plan = load(GOOD).unwrap().plan;
    let json = serde_json::to_string(&plan.runs[0].spec).unwrap();
    assert!(!json.contains("evaluate"), "{json}");
}

#[test]
fn what_does_not_fit_is_said_at_its_place() {
    let claim = "\n[claim]\nmetric = \"test.accuracy\"\ntarget = 0.9\nlevel = 0.05\n";
    let cases = [
        ("both lengths", with("steps = 500\nepochs = 3")),
        ("no steps", with("steps = 0")),
        ("evaluations of runs by epochs", with("epochs = 3\nevaluate_every = 50")),
        (
            "a function",
            GOOD.replace("kind = \"linear\"", "kind = \"function\"\nfunction = \"beale\"")
                .replace("dataset = \"digits\"\nbatch_size = 100\nvalidation = 237\n", ""),
        ),
        ("an epoch of a claim", format!("{GOOD}{claim}epoch = 3\n")),
        (
            "a claim and early stopping",
            format!("{}{claim}", with("steps = 500\nearly_stopping = { patience = 3 }")),
        ),
    ];
    let mut out = String::new();
    for (name, text) in cases {
        let said = load(&text).map(|_| "nothing\n".to_owned()).unwrap_or_else(|said| said);
        out.push_str(&format!("## {name}\n{said}\n"));
    }
    insta::assert_snapshot!(out);
}

#[test]
fn patience_that_never_ends_is_counted_in_evaluations() {
    let lines = "steps = 500\nevaluate_every = 100\nearly_stopping = { patience = 5 }";
    let loaded = load(&with(lines)).unwrap();
    let said: Vec<String> = loaded.plan.lints.iter().map(|lint| format!("{lint:?}")).collect();
    assert!(
        said.join("\n").contains("after evaluation 6 at the earliest, but the run has 5"),
        "{said:?}"
    );
    let enough = load(&with(&lines.replace("patience = 5", "patience = 3"))).unwrap();
    assert!(enough.plan.lints.is_empty(), "{:?}", enough.plan.lints);
}

#[test]
fn a_trial_is_one_segment() {
    let trial = Overrides { smoke: true, ..Overrides::default() };
    let plan = load_text("sweep.toml", "sweep", GOOD.to_owned(), &trial).unwrap().plan;
    assert_eq!((plan.runs.len(), plan.runs[0].spec.train.steps), (1, 10));
}
