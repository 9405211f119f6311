//! Traps of a sweep file: where each is found, where it is not, how it is said, and
//! what silences it.

use std::path::Path;

use spec::lint::Lint;
use spec::own_data::{Inspected, OwnData, OwnRequest, Scaling};
use spec::reading::DataDescription;
use sweep_file::{Loaded, Overrides, load, load_text, load_text_with};

/// A sweep of these epochs and optimizers on 1,200 samples: 38 steps an epoch.
fn file(epochs: u64, optimizers: &str) -> String {
    format!(
        "[data]\ndataset = \"digits\"\nbatch_size = 32\nvalidation = 237\n\n[model]\nkind = \"mlp\"\nhidden = [16]\n\n[train]\nepochs = {epochs}\n\n{optimizers}\n"
    )
}

/// With one optimizer that has this schedule.
fn scheduled(epochs: u64, schedule: &str) -> String {
    file(epochs, &format!("[[optimizer]]\nkind = \"sgd\"\nlr = 0.1\nschedule = {{ {schedule} }}"))
}

/// With one optimizer of these keys.
fn optimizer(keys: &str) -> String {
    file(10, &format!("[[optimizer]]\n{keys}"))
}

fn loaded(text: &str, overrides: &Overrides) -> Loaded {
    load_text_with("sweep.toml", "sweep", text.to_owned(), overrides, &inspect)
        .unwrap_or_else(|e| panic!("{text}\n{e}"))
}

/// Own data in the place of the digits.
fn own(path: &str) -> String {
    optimizer("kind = \"sgd\"").replace("\"digits\"", &format!("{{ path = \"{path}\" }}"))
}

/// Own data has the trap that its file is called by.
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

/// The traps that are found, in their order.
fn found(text: &str) -> Vec<String> {
    found_with(text, &Overrides::default())
}

fn found_with(text: &str, overrides: &Overrides) -> Vec<String> {
    let loaded = loaded(text, overrides);
    let told: Vec<String> = loaded.plan.lints.iter().map(|told| told.lint.clone()).collect();
    // What the plan keeps is what is said, each once.
    assert_eq!(told.len(), loaded.warnings.len(), "{}", loaded.warnings);
    let said = loaded.warnings.to_string();
    assert!(told.iter().all(|name| said.matches(&format!("warning[{name}]")).count() == 1));
    told
}

/// Of each lint files with the trap, and files next to it without.
fn cases(lint: Lint) -> (Vec<String>, Vec<String>) {
    let of = |epochs, all: &[&str]| all.iter().map(|s| scheduled(epochs, s)).collect::<Vec<_>>();
    let keys = |all: &[&str]| all.iter().map(|s| optimizer(s)).collect::<Vec<_>>();
    match lint {
        Lint::CosinePastEnd => (
            of(
                11,
                &[
                    "kind = \"cosine\", t_max = 5",
                    "kind = \"cosine\", t_max = 7, warmup = 2",
                    "kind = \"cosine\", per = \"batch\", t_max = 400",
                    "kind = \"sequential\", milestones = [3], schedules = [{ kind = \"constant\" }, { kind = \"cosine\", t_max = 6 }]",
                ],
            ),
            of(
                11,
                &[
                    "kind = \"cosine\"",
                    "kind = \"cosine\", warmup = 3",
                    "kind = \"cosine\", t_max = 11",
                    // Its lowest rate is that of the last epoch.
                    "kind = \"cosine\", t_max = 10, min_lr = 1e-3",
                    "kind = \"cosine\", t_max = 5, min_lr = 0.1",
                    "kind = \"cosine-restarts\", t_0 = 5",
                    "kind = \"sequential\", milestones = [3], schedules = [{ kind = \"constant\" }, { kind = \"cosine\" }]",
                ],
            ),
        ),
        Lint::OneCycleTooShort => (
            [of(1, &["kind = \"one-cycle\""]), of(3, &["kind = \"one-cycle\""])].concat(),
            [
                of(1, &["kind = \"one-cycle\", per = \"batch\"", "kind = \"one-cycle\", pct_start = 1"]),
                of(4, &["kind = \"one-cycle\""]),
            ]
            .concat(),
        ),
        Lint::WsdTooShort => (
            [
                of(2, &["kind = \"wsd\"", "kind = \"wsd\", decay = 0.6", "kind = \"wsd\", min_factor = 0.5"]),
                of(7, &["kind = \"wsd\"", "kind = \"wsd\", warmup = 2", "kind = \"wsd\", total_iters = 7"]),
                of(1, &["kind = \"wsd\", decay = 1"]),
                of(
                    10,
                    &["kind = \"sequential\", milestones = [5], schedules = [{ kind = \"wsd\" }, { kind = \"cosine\" }]"],
                ),
            ]
            .concat(),
            [
                of(2, &["kind = \"wsd\", decay = 1", "kind = \"wsd\", min_factor = 1"]),
                of(1, &["kind = \"wsd\", per = \"batch\""]),
                // From its end on it is at min_factor.
                of(7, &["kind = \"wsd\", total_iters = 5", "kind = \"wsd\", decay = 0.25"]),
                of(8, &["kind = \"wsd\"", "kind = \"wsd\", total_iters = 20"]),
            ]
            .concat(),
        ),
        Lint::DefaultLength => (
            of(
                15,
                &[
                    "kind = \"linear\"",
                    "kind = \"polynomial\"",
                    "kind = \"linear\", end_factor = 0",
                    "kind = \"sequential\", milestones = [9], schedules = [{ kind = \"linear\" }, { kind = \"cosine\" }]",
                ],
            ),
            [
                of(15, &["kind = \"linear\", total_iters = 5", "kind = \"linear\", total_iters = 15"]),
                of(5, &["kind = \"linear\"", "kind = \"polynomial\""]),
                of(15, &["kind = \"sequential\", milestones = [5], schedules = [{ kind = \"linear\" }, { kind = \"cosine\" }]"]),
                of(15, &["kind = \"linear\", start_factor = 1"]),
            ]
            .concat(),
        ),
        Lint::SchedulePastEnd => (
            of(
                4,
                &[
                    "kind = \"linear\"",
                    "kind = \"polynomial\", total_iters = 9",
                    "kind = \"cosine\", t_max = 9",
                    "kind = \"linear-decay\", total_iters = 9",
                    "kind = \"linear-decay\", total_iters = 4, warmup = 1",
                    "kind = \"wsd\", total_iters = 9",
                    "kind = \"one-cycle\", total_steps = 9",
                    "kind = \"cosine-restarts\", t_0 = 9",
                    "kind = \"step\", step_size = 4",
                    "kind = \"multi-step\", milestones = [2, 4, 9]",
                    "kind = \"multi-step\", milestones = [3], warmup = 1",
                    "kind = \"sequential\", milestones = [2, 9], schedules = [{ kind = \"constant\" }, { kind = \"constant\" }, { kind = \"cosine\" }]",
                ],
            ),
            of(
                4,
                &[
                    "kind = \"linear\", total_iters = 4",
                    "kind = \"cosine\", t_max = 4",
                    "kind = \"linear-decay\"",
                    "kind = \"linear-decay\", total_iters = 4",
                    "kind = \"wsd\", warmup = 2",
                    "kind = \"cosine-restarts\", t_0 = 4",
                    "kind = \"step\", step_size = 3",
                    "kind = \"step\", step_size = 9, gamma = 1",
                    "kind = \"multi-step\", milestones = [2, 3]",
                    "kind = \"multi-step\", milestones = [40], per = \"batch\"",
                    "kind = \"sequential\", milestones = [3], schedules = [{ kind = \"constant\" }, { kind = \"cosine\" }]",
                ],
            ),
        ),
        Lint::WarmupPastEnd => (
            [
                of(6, &["kind = \"cosine\", warmup = 6", "kind = \"wsd\", warmup = 6", "kind = \"constant\", warmup = 228, per = \"batch\""]),
                keys(&["kind = \"schedulefree-sgd\"\nwarmup_steps = 381"]),
            ]
            .concat(),
            [
                of(6, &["kind = \"cosine\", warmup = 5", "kind = \"constant\", warmup = 227, per = \"batch\""]),
                keys(&["kind = \"schedulefree-sgd\"\nwarmup_steps = 380"]),
            ]
            .concat(),
        ),
        Lint::RateZero => (
            of(
                10,
                &[
                    "kind = \"polynomial\", total_iters = 9",
                    "kind = \"linear\", total_iters = 6, end_factor = 0",
                    "kind = \"linear\", total_iters = 10, start_factor = 0",
                    "kind = \"cosine\", t_max = 9",
                    "kind = \"linear-decay\", total_iters = 9",
                    "kind = \"wsd\", total_iters = 9",
                    "kind = \"constant\", warmup = 2, warmup_start = 0",
                    "kind = \"polynomial\", total_iters = 100, per = \"batch\"",
                ],
            ),
            of(
                10,
                &[
                    "kind = \"polynomial\", total_iters = 10",
                    "kind = \"linear\", total_iters = 10, end_factor = 0",
                    "kind = \"linear\", total_iters = 10, start_factor = 0, per = \"batch\"",
                    "kind = \"cosine\"",
                    "kind = \"linear-decay\"",
                    "kind = \"linear-decay\", total_iters = 9, end_factor = 0.1",
                    "kind = \"wsd\"",
                    "kind = \"wsd\", total_iters = 9, min_factor = 0.1",
                    "kind = \"cosine\", t_max = 9, min_lr = 1e-3",
                    "kind = \"constant\", warmup = 2, warmup_start = 0, per = \"batch\"",
                ],
            ),
        ),
        Lint::ScheduleIgnored => (
            keys(&[
                "kind = \"rprop\"\nschedule = { kind = \"cosine\" }",
                "kind = \"rprop\"\nschedule = { kind = \"constant\", warmup = 2 }",
            ]),
            keys(&[
                "kind = \"rprop\"",
                "kind = \"rprop\"\nschedule = { kind = \"constant\" }",
                "kind = \"sgd\"\nschedule = { kind = \"cosine\" }",
            ]),
        ),
        Lint::PatiencePastEnd => {
            let early = |patience: u64| {
                optimizer("kind = \"sgd\"").replace(
                    "[[optimizer]]",
                    &format!("[train.early_stopping]\npatience = {patience}\n[[optimizer]]"),
                )
            };
            (
                [of(12, &["kind = \"plateau\"", "kind = \"plateau\", patience = 8, warmup = 2"]), vec![early(9)]]
                    .concat(),
                [of(13, &["kind = \"plateau\"", "kind = \"plateau\", patience = 8, warmup = 2"]), vec![early(8)]]
                    .concat(),
            )
        }
        Lint::KeyWithoutEffect => (
            keys(&[
                "kind = \"sgd\"\ndampening = 0.5",
                "kind = \"radam\"\ndecoupled_weight_decay = true",
                "kind = \"adan\"\nno_prox = true",
            ]),
            keys(&[
                "kind = \"sgd\"\ndampening = 0.5\nmomentum = 0.9",
                "kind = \"radam\"\ndecoupled_weight_decay = true\nweight_decay = 0.1",
                "kind = \"radam\"\ndecoupled_weight_decay = true\ngroups = [{ params = \"*weight\", weight_decay = 0.1 }]",
            ]),
        ),
        Lint::BeyondFloat32 => (
            keys(&[
                "kind = \"adam\"\neps = 1e-50",
                "kind = \"adam\"\nbeta2 = 0.99999999999",
                "kind = \"sgd\"\nlr = 1e39",
                "kind = \"sgd\"\nclip_norm = 1e-50",
                "kind = \"adamw\"\nlr = 1e-4\nweight_decay = 1e-4",
                "kind = \"sgd\"\nlr = 1e-4\ndecoupled_decay = 1e-4",
            ]),
            keys(&[
                "kind = \"adam\"\neps = 1e-30\nbeta2 = 0.9999999\nlr = 1e30",
                "kind = \"adamw\"\nlr = 1e-3\nweight_decay = 1e-4",
                // Added to the gradient, where 1e-8 is a number.
                "kind = \"adam\"\nlr = 1e-4\nweight_decay = 1e-4",
                // Compared in 64 bits.
                "kind = \"lbfgs\"\naccumulate = 38\ntolerance_grad = 1e-50",
                "kind = \"sgd\"\nmomentum = 0.9\ndampening = 0.99999999999",
            ]),
        ),
        Lint::MuonWithoutMatrices => {
            let function = |kind: &str| {
                format!(
                    "[model]\nkind = \"function\"\nfunction = \"beale\"\n[[optimizer]]\nkind = \"{kind}\"\n"
                )
            };
            (vec![function("muon")], vec![function("adamw"), optimizer("kind = \"muon\"")])
        }
        Lint::NoValidation => {
            let without = |text: String| text.replace("validation = 237\n", "");
            let two = optimizer("kind = \"sgd\"\nlr = [0.1, 0.2]");
            let target = "[target]\nmetric = \"train.loss\"\n[[optimizer]]";
            (
                vec![without(two.clone()), two.replace("237", "0")],
                vec![
                    two.clone(),
                    // Nothing is chosen, or the file says by what.
                    without(optimizer("kind = \"sgd\"")),
                    without(two.replace("[[optimizer]]", target)),
                ],
            )
        }
        Lint::TargetOnTest => {
            let on = |split: &str| {
                let target = format!("[target]\nmetric = \"{split}.accuracy\"\n[[optimizer]]");
                optimizer("kind = \"sgd\"").replace("[[optimizer]]", &target)
            };
            (vec![on("test")], vec![on("validation")])
        }
        Lint::SaveNotJudged => {
            let keeping = |save: &str, at: &str| {
                let target = format!("[target]\nmetric = \"validation.loss\"\nat = \"{at}\"\n[[optimizer]]");
                let text = optimizer("kind = \"sgd\"").replace("[[optimizer]]", &target);
                text.replace("epochs = 10\n", &format!("epochs = 10\nsave = \"{save}\"\n"))
            };
            (vec![keeping("last", "best")], vec![keeping("best", "best"), keeping("last", "last")])
        }
        Lint::ExcludeWithoutMatch => {
            let of = |lr: &str| {
                optimizer(&format!(
                    "kind = \"sgd\"\nlr = [0.1, 0.2]\n[[exclude]]\noptimizer.lr = {lr}"
                ))
            };
            (vec![of("0.3")], vec![of("0.2")])
        }
        Lint::DataConstantColumn
        | Lint::DataCopiedTarget
        | Lint::DataIndexColumn
        | Lint::DataSmallPart
        | Lint::DataMissingClass
        | Lint::DataUnevenParts => {
            (vec![own(&format!("{lint}.csv"))], vec![own("sound.csv"), optimizer("kind = \"sgd\"")])
        }
    }
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

/// A trial is one epoch: lengths say nothing of the file, what it trains at does.
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

/// One reading is one run, the other is several.
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

/// What this repository trains has no trap that is not meant.
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
