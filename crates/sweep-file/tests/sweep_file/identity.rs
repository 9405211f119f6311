//! Tests of the keys that change the ids of runs, and of those that do not.

use spec::params::{Param, ParamType, Params, Value};
use spec::plan::{Plan, TargetAt};
use spec::regress_settings::{RegressMetric, RegressSettings};
use spec::report_settings::{Band, FigureName, ReportSettings};
use spec::run::{DataSpec, TrainSpec};
use spec::schedule::WarmupKeys;
use spec::stopping::EarlyStopping;
use spec::update::UpdateSpec;
use spec::{ModelSpec, OptimizerSpec, ScheduleSpec};

use crate::{BASE, plan, plan_with};

/// Returns a value of a parameter that differs from the given one.
fn other(param: &Param, value: &Value) -> String {
    match (param.ty, value) {
        (ParamType::Bool, Value::Bool(b)) => (!b).to_string(),
        (ty, Value::Text(now)) if ty.choices().is_some() => {
            let names = ty.choices().unwrap();
            format!("\"{}\"", names.iter().find(|n| *n != now).unwrap_or(&names[0]))
        }
        (ParamType::Own(_), _) if param.name == "augment" => "{ crop = 1 }".to_owned(),
        (ParamType::IntList, _) => "{ values = [[17]] }".to_owned(),
        (ParamType::Schedules, _) => {
            "[{ kind = \"constant\" }, { kind = \"exponential\", gamma = 0.5 }]".to_owned()
        }
        (ParamType::Int, Value::Int(n)) => (n + 1).to_string(),
        (ParamType::Float, Value::Float(x)) => {
            let others = [x / 2.0, x * 2.0, 1e-3].into_iter();
            let mut allowed = others.filter(|y| y != x && param.range.contains(*y));
            format!("{:e}", allowed.next().expect("another number in its range"))
        }
        other => panic!("{other:?}"),
    }
}

/// Tests one case per field of the descriptors, so that a new field is tested, too.
#[test]
fn each_field_changes_the_id() {
    let ids = |text: &str, set: &[String]| {
        let set: Vec<&str> = set.iter().map(String::as_str).collect();
        plan_with(text, &set).runs.iter().map(|r| r.run_id).collect::<Vec<_>>()
    };
    let mut cases = 0;
    // Functions and quadratics have other data: tests/function.rs, tests/quadratic.rs; so have
    // models of text. Lists of layers: tests/layers.rs.
    let elsewhere = ["function", "quadratic", "noisy-quadratic", "gpt", "lstm", "layers"];
    let models = || ModelSpec::KINDS.iter().filter(|m| !elsewhere.contains(&m.name));
    let (optimizers, schedules) = (OptimizerSpec::KINDS, ScheduleSpec::KINDS);
    let one = (&optimizers[0], &schedules[0], &ModelSpec::KINDS[0]);
    let all = optimizers.iter().map(|o| (o, one.1, one.2));
    let all = all.chain(schedules.iter().map(|s| (one.0, s, one.2)));
    for (optimizer, schedule, model) in all.chain(models().map(|m| (one.0, one.1, m))) {
        let needed = match schedule.name {
            "cosine-restarts" => "t_0 = 3",
            "exponential" => "gamma = 0.9",
            "step" => "step_size = 2",
            "multi-step" => "milestones = [2]",
            "inverse-sqrt" => "timescale = 2",
            "sequential" => {
                "milestones = [2], schedules = [{ kind = \"constant\" }, { kind = \"linear\" }]"
            }
            _ => "warmup_start = 0.5",
        };
        let momentum = if optimizer.name == "sgd" { "momentum = 0.9\n" } else { "" };
        let full = if optimizer.name == "lbfgs" { "batch_size = 1200\n" } else { "" };
        let text = format!(
            "[data]\ndataset = \"digits\"\nvalidation = 237\n{full}[model]\nkind = \"{}\"\n[train.early_stopping]\n[[optimizer]]\nlabel = \"x\"\nkind = \"{}\"\nlr = 0.05\n{momentum}schedule = {{ kind = \"{}\", warmup = 1, {needed} }}\n",
            model.name, optimizer.name, schedule.name
        );
        let base = plan(&text).runs[0].spec.clone();
        let flat = base.flat();
        let mut sets = vec!["repeat.seeds=[1]".to_owned()];
        let groups = [
            ("data", "data", DataSpec::PARAMS),
            ("train", "train", TrainSpec::PARAMS),
            ("train.early_stopping", "train.early_stopping", EarlyStopping::PARAMS),
            ("model", "model", model.params),
            ("optimizer", "optimizer.x", optimizer.params),
            ("optimizer", "optimizer.x", UpdateSpec::PARAMS),
            ("schedule", "optimizer.x.schedule", schedule.params),
            ("schedule", "optimizer.x.schedule", WarmupKeys::PARAMS),
        ];
        for (group, path, params) in groups {
            for param in params {
                // Only one loss suits the data.
                if matches!(param.ty, ParamType::Choice(names) if names.len() == 1) {
                    continue;
                }
                // Only texts have sequences: tests/text.rs.
                if ["context", "batching"].contains(&param.name) {
                    continue;
                }
                // Full batches leave no choice.
                if !full.is_empty()
                    && ["batch_size", "validation", "dataset", "augment"].contains(&param.name)
                {
                    continue;
                }
                // L-BFGS and averaging optimizers allow fewer keys around them:
                // optimizer/around.rs.
                let around = UpdateSpec::names().any(|name| name == param.name);
                if around && (!full.is_empty() || base.optimizer.averages()) {
                    continue;
                }
                let value = &flat[&format!("{group}.{}", param.name)];
                sets.push(format!("{path}.{}={}", param.name, other(param, value)));
            }
        }
        let before = ids(&text, &[]);
        for set in sets {
            cases += 1;
            assert_ne!(before, ids(&text, std::slice::from_ref(&set)), "{set}");
        }
        let stop = "[target]\nmetric = \"validation.accuracy\"\nvalue = 0.9\nstop = true\n";
        assert_ne!(before, ids(&format!("{stop}{text}"), &[]), "stop at the target");
    }
    assert!(cases > 100, "{cases}");
}

#[test]
fn what_changes_no_result_changes_no_id() {
    let keep = "checkpoint_every = 2\nsave = \"best\"\ntimeout = \"90m\"\n";
    let text = BASE.replace("epochs = 4\n", &format!("epochs = 4\n{keep}"));
    let text = format!(
        "[target]\nmetric = \"validation.loss\"\nvalue = 0.1\nat = \"best\"\n[devices]\npool = [\"flex\"]\nthreads_per_run = 2\n[report]\nfigures = [\"final\", \"convergence\"]\nband = \"range\"\ntolerance = 0.05\nmin_effect = 0.02\n[regress]\nlevel = 0.01\nmetrics = [\"test_loss\"]\nmin_effect = {{ test_loss = 0.2 }}\n[slurm]\npartition = \"gpu\"\ntime = \"2h\"\ngpus = 1\n{text}"
    );
    let (with, without) = (plan(&text), plan(BASE));
    let ids =
        |p: &Plan| p.runs.iter().map(|r| (r.run_id, r.config_id, r.cell_id)).collect::<Vec<_>>();
    assert_eq!(ids(&with), ids(&without));
    assert_eq!(with.keeping.timeout, Some(5_400.0));
    assert_eq!(with.keeping.checkpoint_every, 2);
    #[allow(clippy::needless_update, reason = "a new key needs no place here")]
    let report = ReportSettings {
        figures: vec![FigureName::Final, FigureName::Convergence],
        band: Band::Range,
        tolerance: 0.05,
        min_effect: 0.02,
        ..ReportSettings::default()
    };
    // Neutral values are left out of stored forms.
    let stored = serde_json::to_string(&without).unwrap();
    assert!(!stored.contains("\"at\"") && !stored.contains("\"min_effect\":0"), "{stored}");
    assert_eq!(with.target.at, TargetAt::Best);
    assert_eq!((with.report, &without.report), (report, &ReportSettings::default()));
    let regress = RegressSettings {
        metrics: vec![RegressMetric::TEST_LOSS],
        min_effect: [(RegressMetric::TEST_LOSS, 0.2)].into(),
        level: 0.01,
    };
    assert_eq!((with.regress, &without.regress), (regress, &RegressSettings::default()));
    let auto = plan_with(BASE, &["devices.threads_per_run=auto"]);
    assert_eq!(ids(&auto), ids(&without));
}

#[test]
fn augmentation_that_changes_nothing_is_none() {
    let ids = |augment: &str| {
        let text = BASE.replace("batch_size = 32\n", &format!("batch_size = 32\n{augment}"));
        let plan = plan(&text);
        let stored = serde_json::to_string(&plan.runs[0].spec).unwrap();
        assert_eq!(stored.contains("augment"), augment.contains("1") || augment.contains("true"));
        let again: spec::RunSpec = serde_json::from_str(&stored).unwrap();
        assert_eq!(again, plan.runs[0].spec);
        plan.runs[0].run_id
    };
    let none = ids("");
    assert_eq!(ids("augment = { crop = 0, flip = false }\n"), none);
    let some = ["{ crop = 1 }", "{ flip = true }", "{ crop = 1, flip = true }"];
    let some = some.map(|augment| ids(&format!("augment = {augment}\n")).to_string());
    assert!(!some.contains(&none.to_string()) && some[0] != some[1] && some[1] != some[2]);
}
