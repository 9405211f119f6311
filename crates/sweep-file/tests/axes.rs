//! Tests of axes for searches: Sobol points, one minus a momentum, decays as a ratio to the
//! learning rate, powers of two.

use std::collections::BTreeSet;

use spec::params::Value;
use spec::plan::Plan;
use sweep_file::{Overrides, load_text};

fn load(optimizers: &str) -> Result<Plan, String> {
    let text = format!(
        "[data]\ndataset = \"digits\"\nbatch_size = 32\nvalidation = 237\n[model]\nkind = \"linear\"\n{optimizers}\n"
    );
    let loaded = load_text("sweep.toml", "sweep", text, &Overrides::default());
    loaded.map(|loaded| loaded.plan).map_err(|diagnostics| diagnostics.to_string())
}

fn plan(optimizers: &str) -> Plan {
    load(optimizers).unwrap_or_else(|e| panic!("{e}"))
}

fn sgd(lines: &str) -> String {
    format!("[[optimizer]]\nkind = \"sgd\"\n{lines}\n")
}

/// Returns the values of an axis of a label, in the order of the plan.
fn values(plan: &Plan, label: &str, path: &str) -> Vec<f64> {
    let runs = plan.runs.iter().filter(|run| run.label == label);
    runs.map(|run| match &run.axes[path] {
        Value::Float(x) => *x,
        Value::Int(i) => *i as f64,
        other => panic!("{other:?}"),
    })
    .collect()
}

#[test]
fn sobol_points_fill_a_range_and_more_keep_the_earlier_ones() {
    let of = |samples: usize| {
        sgd(&format!("lr = {{ quasi = {{ log = [1e-4, 1e0] }}, samples = {samples} }}"))
    };
    let sixteen = values(&plan(&of(16)), "sgd", "optimizer.lr");
    // Each sixteenth of the four decades has one value.
    let parts: BTreeSet<i64> =
        sixteen.iter().map(|lr| ((lr.log10() + 4.0) * 4.0).floor() as i64).collect();
    assert_eq!(parts, (0..16).collect());
    assert_eq!(values(&plan(&of(40)), "sgd", "optimizer.lr")[..16], sixteen[..]);
    let other = of(16).replace("samples", "seed = 1, samples");
    assert_ne!(values(&plan(&other), "sgd", "optimizer.lr"), sixteen);
}

#[test]
fn optimizers_with_the_same_axes_are_tried_with_the_same_draws() {
    let axes = "lr = { quasi = { log = [1e-4, 1e0] }, samples = 8 }\nweight_decay = { quasi = { log = [1e-6, 1e-2] }, samples = 8 }";
    // The order in the file does not matter.
    let (lr, decay) = axes.split_once('\n').unwrap();
    let two = format!("{}[[optimizer]]\nkind = \"adam\"\n{decay}\n{lr}\n", sgd(axes));
    let plan = plan(&two);
    for path in ["optimizer.lr", "optimizer.weight_decay"] {
        assert_eq!(values(&plan, "sgd", path), values(&plan, "adam", path));
    }
    let (lr, decay) = ("optimizer.lr", "optimizer.weight_decay");
    let place = |label: &str, path: &str| {
        values(&plan, label, path).iter().map(|x| x.log10().fract()).collect::<Vec<_>>()
    };
    assert_ne!(place("sgd", lr), place("sgd", decay), "each has a dimension of its own");
}

#[test]
fn a_momentum_is_searched_by_what_it_lacks_to_one() {
    let drawn = plan(&sgd(
        "lr = 0.1\nmomentum = { quasi = { one_minus = { log = [1e-3, 1e-1] } }, samples = 8 }",
    ));
    let mut momenta = values(&drawn, "sgd", "optimizer.momentum");
    assert!(momenta.iter().all(|m| (0.9..=0.999).contains(m)), "{momenta:?}");
    momenta.sort_by(f64::total_cmp);
    // Half of them are within 0.01 of one.
    assert_eq!(momenta.iter().filter(|m| **m > 0.99).count(), 4, "{momenta:?}");
    let grid =
        plan(&sgd("lr = 0.1\nmomentum = { one_minus = { log = [1e-3, 1e-1] }, points = 3 }"));
    assert_eq!(values(&grid, "sgd", "optimizer.momentum"), [0.9, 0.99, 0.999]);
}

#[test]
fn a_decay_is_a_ratio_to_the_learning_rate_that_is_drawn_with_it() {
    let plan = plan(&sgd(
        "lr = { quasi = { log = [1e-3, 1e0] }, samples = 12 }\nweight_decay = { random = { ratio = { of = \"lr\", log = [1e-2, 1e-1] } }, samples = 12 }",
    ));
    let rates = values(&plan, "sgd", "optimizer.lr");
    let decays = values(&plan, "sgd", "optimizer.weight_decay");
    for (rate, decay) in rates.iter().zip(&decays) {
        let ratio = decay / rate;
        assert!((0.99e-2..=1.01e-1).contains(&ratio), "{decay} of {rate}");
    }
}

#[test]
fn powers_of_two_are_a_grid_or_drawn() {
    let with = |axis: &str| {
        let text = format!(
            "[data]\ndataset = \"digits\"\nbatch_size = {axis}\n[model]\nkind = \"linear\"\n{}",
            sgd("lr = 0.1")
        );
        let loaded = load_text("sweep.toml", "sweep", text, &Overrides::default());
        let plan = loaded.unwrap_or_else(|e| panic!("{e}")).plan;
        values(&plan, "sgd", "data.batch_size")
    };
    assert_eq!(with("{ powers_of_two = [10, 130] }"), [16.0, 32.0, 64.0, 128.0]);
    let mut drawn = with("{ quasi = { powers_of_two = [16, 128] }, samples = 4 }");
    drawn.sort_by(f64::total_cmp);
    assert_eq!(drawn, [16.0, 32.0, 64.0, 128.0]);
}

#[test]
fn what_cannot_be_drawn_is_refused() {
    let refused = |lines: &str| load(&sgd(lines)).unwrap_err();
    insta::assert_snapshot!(
        "ratio_of_nothing",
        refused(
            "lr = 0.1\nweight_decay = { random = { ratio = { of = \"lr\", log = [0.1, 1] } }, samples = 3 }"
        )
    );
    insta::assert_snapshot!(
        "ratio_without_of",
        refused(
            "lr = 0.1\nweight_decay = { random = { ratio = { log = [0.1, 1] } }, samples = 3 }"
        )
    );
    insta::assert_snapshot!(
        "nothing_lacks_to_one",
        refused("lr = 0.1\nmomentum = { quasi = { one_minus = [0.1, 0.2] }, samples = 3 }")
    );
    insta::assert_snapshot!(
        "more_than_one",
        refused("lr = 0.1\nmomentum = { one_minus = { linear = [0.5, 2.0] }, points = 3 }")
    );
    insta::assert_snapshot!(
        "ratio_of_a_share",
        refused(
            "lr = { random = { log = [0.1, 1] }, samples = 3 }\ndampening = { random = { ratio = { of = \"lr\", log = [0.1, 1] } }, samples = 3 }"
        )
    );
    insta::assert_snapshot!("powers_of_a_rate", refused("lr = { powers_of_two = [1, 4] }"));
    insta::assert_snapshot!(
        "quasi_without_samples",
        refused("lr = { quasi = { log = [0.1, 1] } }")
    );
}

#[test]
fn a_trial_takes_the_first_draw_of_all_axes_together() {
    let text = format!(
        "[data]\ndataset = \"digits\"\n[model]\nkind = \"linear\"\n{}",
        sgd(
            "lr = { quasi = { log = [1e-3, 1e0] }, samples = 12 }\nweight_decay = { quasi = { ratio = { of = \"lr\", log = [1e-2, 1e-1] } }, samples = 12 }"
        )
    );
    let load = |smoke: bool| {
        let overrides = Overrides { smoke, ..Overrides::default() };
        load_text("sweep.toml", "sweep", text.clone(), &overrides).unwrap().plan
    };
    let (trial, whole) = (load(true), load(false));
    assert_eq!(trial.runs.len(), 1);
    assert_eq!(trial.runs[0].spec.optimizer, whole.runs[0].spec.optimizer);
}
