//! Tests of lints: the files that trigger them, their text, and how they are silenced.

#[path = "lints/cases.rs"]
mod cases;

use std::path::Path;

use cases::cases;
use spec::lint::Lint;
use spec::own_data::{Inspected, OwnData, OwnRequest, Scaling};
use spec::reading::DataDescription;
use sweep_file::{Loaded, Overrides, load, load_text, load_text_with};

/// Returns a sweep with these epochs and optimizers on 1,200 samples: 38 steps per epoch.
fn file(epochs: u64, optimizers: &str) -> String {
    format!(
        "[data]\ndataset = \"digits\"\nbatch_size = 32\nvalidation = 237\n\n[model]\nkind = \"mlp\"\nhidden = [16]\n\n[train]\nepochs = {epochs}\n\n{optimizers}\n"
    )
}

/// Returns a sweep with one optimizer that has this schedule.
fn scheduled(epochs: u64, schedule: &str) -> String {
    file(epochs, &format!("[[optimizer]]\nkind = \"sgd\"\nlr = 0.1\nschedule = {{ {schedule} }}"))
}

/// Returns a sweep with one optimizer that has these keys.
fn optimizer(keys: &str) -> String {
    file(10, &format!("[[optimizer]]\n{keys}"))
}

fn loaded(text: &str, overrides: &Overrides) -> Loaded {
    load_text_with("sweep.toml", "sweep", text.to_owned(), overrides, &inspect)
        .unwrap_or_else(|e| panic!("{text}\n{e}"))
}

/// Returns a sweep with user data in place of the digits.
fn own(path: &str) -> String {
    optimizer("kind = \"sgd\"").replace("\"digits\"", &format!("{{ path = \"{path}\" }}"))
}

/// Inspects user data, which has the lint that its file is named after.
fn inspect(request: &OwnRequest) -> Result<Inspected, spec::own_data::Unusable> {
    let data = OwnData {
        files: request.files.clone(),
        test: 360,
        scaling: Scaling::Features,
        features: 64,
        classes: 10,
        train_len: 1437,
        test_len: 360,
        checksum: "1".to_owned(),
        targets: 0,
        validation: request.validation,
        reading: None,
    };
    let trap = Lint::from_name(request.files.path.trim_end_matches(".csv"));
    let traps = trap.into_iter().map(|lint| (lint, "`a`, `b`".to_owned())).collect();
    Ok(Inspected { data, described: DataDescription::default(), traps })
}

/// Returns the lints that are found, in their order.
fn found(text: &str) -> Vec<String> {
    found_with(text, &Overrides::default())
}

fn found_with(text: &str, overrides: &Overrides) -> Vec<String> {
    let loaded = loaded(text, overrides);
    let told: Vec<String> = loaded.plan.lints.iter().map(|told| told.lint.clone()).collect();
    // The plan keeps the printed lints, each once.
    assert_eq!(told.len(), loaded.warnings.len(), "{}", loaded.warnings);
    let said = loaded.warnings.to_string();
    assert!(told.iter().all(|name| said.matches(&format!("warning[{name}]")).count() == 1));
    told
}

#[test]
fn each_trap_is_found_and_nothing_next_to_it() {
    for &lint in Lint::ALL {
        let (traps, others) = cases(lint);
        assert!(!traps.is_empty() && !others.is_empty(), "{lint}");
        for text in traps {
            assert!(found(&text).contains(&lint.to_string()), "{lint} is not found in\n{text}");
        }
        for text in others {
            assert!(!found(&text).contains(&lint.to_string()), "{lint} is found in\n{text}");
        }
    }
}

#[test]
fn what_is_allowed_is_not_said_and_changes_no_run() {
    for &lint in Lint::ALL {
        for text in cases(lint).0 {
            let allowed = format!("[lints]\nallow = [\"{lint}\"]\n{text}");
            assert!(!found(&allowed).contains(&lint.to_string()), "{allowed}");
            let plain = loaded(&text, &Overrides::default()).plan;
            let silent = loaded(&allowed, &Overrides::default()).plan;
            assert_eq!(silent.runs, plain.runs);
            let set = Overrides {
                set: vec![format!("lints.allow=[\"{lint}\"]")],
                ..Overrides::default()
            };
            assert!(!found_with(&text, &set).contains(&lint.to_string()), "{text}");
        }
    }
}

#[test]
fn it_is_said_once_with_the_number_of_configurations() {
    let text = file(
        15,
        "[repeat]\nseeds = { count = 100 }\n[[optimizer]]\nkind = \"sgd\"\nlr = [0.1, 0.2, 0.3]\nschedule = { kind = \"linear\" }\n[[optimizer]]\nkind = \"adam\"\nlr = [0.1, 0.2]\nschedule = [{ kind = \"polynomial\" }, { kind = \"cosine\" }]",
    );
    let loaded = loaded(&text, &Overrides::default());
    assert_eq!((loaded.plan.runs.len(), loaded.warnings.len()), (700, 1));
    assert_eq!(loaded.plan.lints[0].configurations, 5);
    insta::assert_snapshot!(loaded.warnings.to_string());
}

#[test]
fn how_each_trap_is_said() {
    let mut out = String::new();
    for &lint in Lint::ALL {
        for text in cases(lint).0 {
            let loaded = loaded(&text, &Overrides::default());
            out.push_str(&format!("{}", loaded.warnings));
        }
    }
    insta::assert_snapshot!(out);
}

#[test]
fn many_places_are_counted() {
    let one = |i: u64| {
        format!(
            "[[optimizer]]\nlabel = \"{i}\"\nkind = \"sgd\"\nlr = 0.{i}\nschedule = {{ kind = \"linear\" }}\n"
        )
    };
    let text = file(9, &(1..9).map(one).collect::<String>());
    insta::assert_snapshot!(loaded(&text, &Overrides::default()).warnings.to_string());
}

/// A trial has one epoch: lints of lengths do not apply to it, those of the rates it trains at do.
#[test]
fn a_trial_is_warned_of_what_spoils_the_trial_alone() {
    let text = file(
        90,
        "[[optimizer]]\nkind = \"sgd\"\nschedule = { kind = \"multi-step\", milestones = [30, 60], warmup = 2 }\n[[optimizer]]\nkind = \"adam\"\nschedule = { kind = \"one-cycle\" }",
    );
    assert!(found(&text).is_empty());
    let trial = Overrides { smoke: true, ..Overrides::default() };
    assert_eq!(found_with(&text, &trial), ["one-cycle-too-short"]);
    let said = loaded(&text, &trial).warnings.to_string();
    assert!(said.contains("250000") && said.contains("4e-9"), "{said}");
}

#[test]
fn names_that_are_no_lints_are_errors() {
    let text = |lints: &str| format!("[lints]\n{lints}\n{}", optimizer("kind = \"sgd\""));
    let all = [
        "allow = [\"cosine-past-ends\"]",
        "allow = [\"rate-zero\", \"rate-zero\"]",
        "allow = \"rate-zero\"",
        "alow = [\"rate-zero\"]",
    ];
    let shown = |lints: &str| {
        let loaded = load_text("sweep.toml", "sweep", text(lints), &Overrides::default());
        loaded.map(|_| ()).unwrap_err().to_string()
    };
    insta::assert_snapshot!(all.map(shown).join("\n----\n"));
    let table = format!("lints = 3\n{}", optimizer("kind = \"sgd\""));
    assert!(load_text("x", "x", table, &Overrides::default()).is_err());
    assert!(found(&text("allow = []")).is_empty());
}

/// One reading is one run, the other several.
#[test]
fn a_bare_number_of_seeds_is_refused_with_both_readings() {
    let shown = |n: &str| {
        let text = format!("[repeat]\nseeds = {n}\n{}", optimizer("kind = \"sgd\""));
        load_text("sweep.toml", "sweep", text, &Overrides::default())
            .map(|_| ())
            .unwrap_err()
            .to_string()
    };
    insta::assert_snapshot!(["3", "1", "0", "-3"].map(shown).join("\n"));
    let set = Overrides { set: vec!["repeat.seeds=3".to_owned()], ..Overrides::default() };
    let text = optimizer("kind = \"sgd\"");
    let refused = load_text("sweep.toml", "sweep", text.clone(), &set).unwrap_err().to_string();
    assert!(refused.contains("seeds = { count = 3 }") && refused.contains("seeds = [3]"));
    let set = Overrides { set: vec!["repeat.seeds=[3]".to_owned()], ..Overrides::default() };
    assert_eq!(loaded(&text, &set).plan.seeds, [3]);
}

/// The sweep files of this repository trigger no lint that is not silenced.
#[test]
fn the_experiments_are_warned_of_nothing() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments");
    let mut seen = 0;
    for folder in [folder.clone(), folder.join("lesson")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "toml") {
                let loaded = load(&path, &Overrides::default()).unwrap();
                assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
                seen += 1;
            }
        }
    }
    assert!(seen >= 14, "{seen} sweep files");
}
