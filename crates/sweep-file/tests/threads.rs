//! Tests of `[devices] threads_per_run`: a number or `"auto"`, the run by which `"auto"` is
//! measured, and its refusal for nights.

use spec::plan::Plan;
use spec::threads::Threads;
use sweep_file::{Overrides, load_text, number_of_threads, number_of_threads_in};

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

fn plan(text: &str) -> Plan {
    load_text("test.toml", "test", text.to_owned(), &Overrides::default())
        .unwrap_or_else(|e| panic!("{e}"))
        .plan
}

#[test]
fn the_fast_path_is_on_unless_it_is_switched_off_and_changes_no_id() {
    let on = plan(BASE);
    let off = plan(&format!("{BASE}[devices]\nfast_path = false\n"));
    assert!(on.fast_path && !off.fast_path);
    assert_eq!(on.runs, off.runs);
    let stored = |plan: &Plan| serde_json::to_value(plan).unwrap();
    assert_eq!(stored(&on).get("fast_path"), None, "plans of before stay as they are");
    assert_eq!(stored(&off)["fast_path"], false);
    let set = Overrides { set: vec!["devices.fast_path=false".to_owned()], ..Overrides::default() };
    assert!(!load_text("test.toml", "test", BASE.to_owned(), &set).unwrap().plan.fast_path);
}

#[test]
fn threads_are_a_number_or_auto_in_every_layer() {
    let threads = |text: &str, environment: &[(&str, &str)], set: &[&str]| {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let overrides = Overrides {
            environment: environment.iter().map(pair).collect(),
            set: set.iter().map(|s| (*s).to_owned()).collect(),
            ..Overrides::default()
        };
        let text = format!("{BASE}{text}");
        load_text("test.toml", "test", text, &overrides).unwrap().plan.threads_per_run
    };
    let file = |value: &str| format!("[devices]\nthreads_per_run = {value}\n");
    assert_eq!(threads("", &[], &[]), Threads::Count(1));
    assert_eq!(threads(&file("4"), &[], &[]), Threads::Count(4));
    assert_eq!(threads(&file("\"auto\""), &[], &[]), Threads::Auto);
    let set = "devices.threads_per_run=";
    for word in ["auto", "\"auto\"", " auto"] {
        assert_eq!(threads(&file("4"), &[], &[&format!("{set}{word}")]), Threads::Auto, "{word}");
        let variable = [("SWEEP__DEVICES__THREADS_PER_RUN", word)];
        assert_eq!(threads(&file("4"), &variable, &[]), Threads::Auto, "{word}");
        assert_eq!(threads("", &variable, &[&format!("{set}2")]), Threads::Count(2), "{word}");
    }
}

#[test]
fn auto_is_measured_by_the_heaviest_of_the_plan() {
    let sizes = |text: &str| {
        let plan = plan(&BASE.replace("hidden = [16]", text));
        let size = |run: &spec::plan::PlannedRun| {
            format!("{} {}", run.spec.flat()["model.hidden"], run.spec.data.batch_size)
        };
        let all: Vec<String> = plan.sizes().into_iter().map(size).collect();
        (all.join(", "), plan.heaviest().map(size).unwrap())
    };
    assert_eq!(sizes("hidden = [16]"), ("[16] 32".into(), "[16] 32".into()));
    let (all, heaviest) = sizes("hidden = { values = [[8], [64, 8], [16]] }");
    assert_eq!((all.as_str(), heaviest.as_str()), ("[8] 32, [64, 8] 32, [16] 32", "[64, 8] 32"));
    // The first of equal ones is measured.
    let both = BASE.replace("hidden = [16]", "hidden = [16]\nactivation = [\"tanh\", \"relu\"]");
    let heaviest = plan(&both).heaviest().unwrap().spec.flat();
    assert_eq!(heaviest["model.activation"].to_string(), "tanh");
    let run = &plan(BASE).runs[0].spec;
    assert_eq!(run.weight(), 32 * (64 * 16 + 16 + 16 * 10 + 10));
}

#[test]
fn nights_want_a_number_of_threads() {
    let auto = format!("{BASE}[devices]\nthreads_per_run = \"auto\"\n");
    let file = std::env::temp_dir().join(format!("night-{}.toml", std::process::id()));
    std::fs::write(&file, &auto).unwrap();
    let shown = |result: Result<(), sweep_file::diagnostic::Diagnostics>| {
        result.unwrap_err().to_string().replace(&file.display().to_string(), "night.toml")
    };
    let of_file = shown(number_of_threads(&file, &Overrides::default()));
    insta::assert_snapshot!("auto_of_a_night", of_file);
    let set = ["devices.threads_per_run=auto".to_owned()];
    let overrides = Overrides { set: set.to_vec(), ..Overrides::default() };
    std::fs::write(&file, BASE).unwrap();
    assert!(number_of_threads(&file, &Overrides::default()).is_ok());
    insta::assert_snapshot!("auto_of_a_night_by_set", shown(number_of_threads(&file, &overrides)));
    std::fs::remove_file(&file).unwrap();
    // A trained plan is checked by its own text, with the number that `"auto"` resolved to.
    let mut plan = plan(&auto);
    let on = |threads| spec::plan::ExecutionProfile {
        backend: "flex".to_owned(),
        device_kind: "cpu".to_owned(),
        threads,
        plain: false,
        tf32: false,
    };
    plan.computed_on = Some(on(4));
    insta::assert_snapshot!("auto_of_a_trained_night", number_of_threads_in(&plan).unwrap_err());
    plan.text = "not = [toml".to_owned();
    let without_place = number_of_threads_in(&plan).unwrap_err().to_string();
    assert!(without_place.contains("threads_per_run = 4"), "{without_place}");
    plan.threads_per_run = Threads::Count(4);
    assert!(number_of_threads_in(&plan).is_ok());
}
