//! Tests of sweep files with `[model] kind = "function"`: their runs, and diagnostics of keys that
//! need data.

use spec::dataset::DatasetSpec;
use spec::landscape::{Function, FunctionData};
use spec::plan::Plan;
use spec::record::Split;
use spec::run::Loss;
use spec::{ModelSpec, RunSpec};
use sweep_file::{Overrides, load_text};

const GOOD: &str = "\
[model]
kind = \"function\"
function = [\"beale\", \"saddle\"]

[train]
epochs = 2

[[optimizer]]
kind = \"sgd\"
lr = 0.1
";

fn plan(text: &str) -> Plan {
    load_text("x.toml", "x", text.to_owned(), &Overrides::default())
        .unwrap_or_else(|e| panic!("{e}"))
        .plan
}

fn said(text: &str) -> String {
    match load_text("sweep.toml", "sweep", text.to_owned(), &Overrides::default()) {
        Ok(loaded) => format!("loaded, {} runs\n{}", loaded.plan.runs.len(), loaded.warnings),
        Err(diagnostics) => diagnostics.to_string(),
    }
}

#[test]
fn everything_is_resolved() {
    let plan = plan(GOOD);
    assert_eq!((plan.target.split, plan.target.metric.id()), (Split::Test, "loss"));
    let runs: Vec<&RunSpec> = plan.runs.iter().map(|r| &r.spec).collect();
    for (run, function) in runs.iter().zip([Function::Beale, Function::Saddle]) {
        assert_eq!(
            run.data.dataset,
            DatasetSpec::Function(FunctionData { steps: 100, variables: 2 })
        );
        assert_eq!((run.train.loss, run.total_steps()), (Loss::Value, 200));
        let ModelSpec::Function(model) = &run.model else { panic!("{:?}", run.model) };
        let start = function.info().start;
        assert_eq!((model.function, [model.start_x, model.start_y]), (function, start));
        assert_eq!(run.flat()["data.steps"].to_string(), "100");
    }
    assert_eq!(plan.optimizers[0].axes, ["model.function"]);
}

#[test]
fn the_stored_form_reads_back_and_each_key_changes_the_id() {
    let ids = |data: &str, model: &str| {
        let text =
            format!("{data}\n{}", GOOD.replace("function =", &format!("{model}\nfunction =")));
        let plan = plan(&text);
        for run in &plan.runs {
            let text = serde_json::to_string(&run.spec).unwrap();
            assert_eq!(serde_json::from_str::<RunSpec>(&text).unwrap(), run.spec, "{text}");
        }
        plan.runs[0].run_id
    };
    let all = [
        ids("", ""),
        ids("[data]\nsteps = 101", ""),
        ids("", "noise = 0.5"),
        ids("", "start_jitter = 0.5"),
        ids("", "start_x = 0.5"),
        ids("", "start_y = 0.5"),
    ];
    let distinct: std::collections::BTreeSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), all.len());
    assert_eq!(ids("[data]\nsteps = 100", "start_x = 1.0\nstart_y = 1.5"), all[0], "the defaults");
}

#[test]
fn what_a_function_has_none_of_is_refused() {
    let change = |from: &str, to: &str| {
        assert!(GOOD.contains(from));
        said(&GOOD.replacen(from, to, 1))
    };
    let cases = [
        ("[model]", "[data]\ndataset = \"mnist\"\nbatch_size = 7\nsteps = 0\n[model]"),
        ("[model]", "[data]\nstep = 10\n[model]"),
        ("epochs = 2", "loss = \"mse\""),
        ("\"saddle\"", "\"sadle\""),
        ("\"saddle\"]", "\"saddle\"]\nhidden = [3]"),
        ("[train]", "[target]\nmetric = \"test.accuracy\"\n[train]"),
        ("[train]", "[target]\nmetric = \"test.loss\"\nvalue = 1e-3\nstop = true\n[train]"),
        ("function = [", "start_jitter = -1\n# ["),
    ];
    let texts: Vec<String> = cases.iter().map(|(from, to)| change(from, to)).collect();
    insta::assert_snapshot!(texts.join("\n"));
}

#[test]
fn the_value_is_no_loss_of_a_network() {
    let text = "[data]\ndataset = \"digits\"\n[model]\nkind = \"linear\"\n[train]\nloss = \"value\"\n[[optimizer]]\nkind = \"sgd\"\n";
    insta::assert_snapshot!(said(text));
}

#[test]
fn a_claim_is_of_one_function_with_a_minimum() {
    let one = GOOD.replace("[\"beale\", \"saddle\"]", "\"beale\"");
    let with = |text: &str, target: &str| {
        said(&format!(
            "{text}\n[repeat]\nseeds = [0, 1]\n[claim]\ntarget = {target}\nlevel = 0.05\n"
        ))
    };
    assert!(with(&one, "0.1").starts_with("loaded, 2 runs"));
    insta::assert_snapshot!(
        "claims_that_no_function_can_carry",
        [
            with(&one, "0.0"),
            with(GOOD, "0.1"),
            with(&one.replace("beale", "saddle"), "0.1"),
            with(&one, "0.1\nmetric = \"test.accuracy\"")
        ]
        .join("\n")
    );
}
