//! Tests of sweep files with quadratics, `[model] init` and `[train] l2`: their runs, and
//! diagnostics of incompatible keys.

use spec::init::{BiasInit, Init};
use spec::own_data::{Inspected, OwnData, OwnRequest, Scaling};
use spec::plan::Plan;
use spec::reading::DataDescription;
use spec::run::Loss;
use sweep_file::{Overrides, load_text_with};

/// Returns the inspection of vectors of four numbers, without labels, and their matrix.
fn inspect(request: &OwnRequest) -> Result<Inspected, spec::own_data::Unusable> {
    let data = OwnData {
        files: request.files.clone(),
        test: 0,
        scaling: request.scaling.unwrap_or(Scaling::None),
        features: 4,
        classes: 0,
        train_len: 500,
        test_len: 100,
        checksum: request.files.matrix.clone().unwrap_or_default(),
        targets: 0,
        validation: request.validation,
        reading: None,
    };
    Ok(Inspected { data, described: DataDescription::default(), traps: Vec::new() })
}

fn load(text: &str) -> Result<Plan, String> {
    let text = format!("{text}\n[[optimizer]]\nkind = \"sgd\"\nlr = 0.1\n");
    match load_text_with("sweep.toml", "sweep", text, &Overrides::default(), &inspect) {
        Ok(loaded) => Ok(loaded.plan),
        Err(diagnostics) => Err(diagnostics.to_string()),
    }
}

fn said(text: &str) -> String {
    load(text).expect_err("it is refused")
}

const QUADRATIC: &str = "\
[data]
dataset = { path = \"x.npy\", test_path = \"t.npy\", matrix = \"q.npy\", scaling = \"none\" }
[model]
kind = \"quadratic\"
";

#[test]
fn a_quadratic_is_trained_by_its_value_on_vectors_without_labels() {
    let plan = load(QUADRATIC).unwrap();
    let run = &plan.runs[0].spec;
    assert_eq!((run.train.loss, run.data.dataset.outputs()), (Loss::Value, 1));
    let shapes = run.model.parameters(run.data.dataset.shape(), 1);
    assert_eq!(shapes, [("position".to_owned(), vec![4])]);
    assert_eq!(plan.target.metric.id(), "loss");
    // It has splits, as any data has.
    for metric in ["train.loss", "validation.loss"] {
        let held_out = QUADRATIC.replace("[model]", "validation = 20\n[model]");
        load(&format!("{held_out}[target]\nmetric = \"{metric}\"\n")).unwrap();
    }
    // The checksum of the matrix is part of the run's identity.
    let other = load(&QUADRATIC.replace("q.npy", "r.npy")).unwrap();
    assert_ne!(plan.runs[0].run_id, other.runs[0].run_id);
}

#[test]
fn a_noisy_quadratic_has_variables_and_noise_and_no_data() {
    let text = "[data]\nsteps = 50\n[model]\nkind = \"noisy-quadratic\"\ndimensions = 10\nbatch_size = [1, 8]\n";
    let plan = load(text).unwrap();
    let features: Vec<usize> = plan.runs.iter().map(|r| r.spec.data.dataset.features()).collect();
    assert_eq!(features, [10, 10]);
    assert!(plan.runs.iter().all(|r| r.spec.steps_per_epoch() == 50));
    let samples: Vec<u64> = plan.runs.iter().map(|r| r.spec.samples_per_epoch()).collect();
    assert_eq!(samples, [50, 400]);
    let of = |model: &str, data: &str| {
        load(&format!("{data}\n[model]\nkind = \"noisy-quadratic\"\n{model}\n")).unwrap().runs[0]
            .run_id
    };
    let base = of("", "");
    for model in
        ["dimensions = 9", "exponent = 2.0", "noise = 0.5", "batch_size = 2", "start = 2.0"]
    {
        assert_ne!(of(model, ""), base, "{model}");
    }
    assert_ne!(of("", "[data]\nsteps = 7"), base);
    let stored = serde_json::to_string(&plan.runs[0].spec).unwrap();
    assert_eq!(serde_json::from_str::<spec::RunSpec>(&stored).unwrap(), plan.runs[0].spec);
}

#[test]
fn an_init_changes_the_id_only_where_it_changes_the_weights() {
    let of = |keys: &str| {
        let text = format!("[data]\ndataset = \"digits\"\n[model]\nkind = \"mlp\"\n{keys}\n");
        load(&text).unwrap().runs[0].clone()
    };
    let plain = of("");
    assert_eq!(plain.run_id, of("init = \"default\"\ninit_bias = \"default\"").run_id);
    assert!(!serde_json::to_string(&plain.spec).unwrap().contains("init"));
    let run = of(
        "init = \"truncated-normal\"\ninit_sd = 0.05\ninit_bias = \"constant\"\ninit_bias_value = 0.05",
    );
    assert_ne!(plain.run_id, run.run_id);
    assert_eq!(
        (run.spec.init.init, run.spec.init.init_bias),
        (Init::TruncatedNormal, BiasInit::Constant)
    );
    assert_eq!(run.spec.flat()["model.init_sd"].to_string(), "0.05");
}

#[test]
fn what_does_not_go_together_is_said_with_its_place() {
    let mlp =
        |keys: &str| format!("[data]\ndataset = \"digits\"\n[model]\nkind = \"mlp\"\n{keys}\n");
    let noisy = |data: &str, model: &str| {
        format!("[data]\n{data}\n[model]\nkind = \"noisy-quadratic\"\n{model}\n")
    };
    let cases = [
        mlp("init = \"truncated-normal\"\ninit_sd = -0.1"),
        mlp("init = \"truncated-normal\""),
        mlp("init_sd = 0.1"),
        mlp("init_bias_value = 0.1"),
        mlp("init = \"glorot\""),
        "[data]\ndataset = \"digits\"\n[model]\nkind = \"quadratic\"\n".to_owned(),
        QUADRATIC.replace("matrix =", "labels ="),
        QUADRATIC.replace(", matrix = \"q.npy\"", ""),
        QUADRATIC.replace("x.npy", "x.csv"),
        QUADRATIC.replace("quadratic", "linear"),
        format!("{QUADRATIC}init = \"ones\"\n"),
        format!("{QUADRATIC}[train]\nl2 = 0.1\n"),
        format!("{QUADRATIC}[train]\nloss = \"mse\"\n"),
        noisy("batch_size = 4", ""),
        noisy("", "dimensions = [10, 20]"),
        format!("{QUADRATIC}[target]\nmetric = \"validation.accuracy\"\n"),
        noisy("steps = 100_000", "dimensions = 10_000"),
    ];
    let all: Vec<String> = cases.iter().map(|text| said(text)).collect();
    insta::assert_snapshot!(all.join("\n---\n"));
}
