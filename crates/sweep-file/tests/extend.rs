//! Tests of `extend` of an axis: its growth, and diagnostics.

use spec::growth::{Extend, Scale};
use spec::plan::Plan;
use sweep_file::{Overrides, load_text};

fn text(optimizers: &str) -> String {
    format!(
        "[data]\ndataset = \"digits\"\nvalidation = 237\n[model]\nkind = \"linear\"\n{optimizers}\n"
    )
}

fn sgd(axes: &str) -> String {
    text(&format!("[[optimizer]]\nkind = \"sgd\"\n{axes}"))
}

fn load(text: String) -> Result<Plan, String> {
    let loaded = load_text("sweep.toml", "sweep", text, &Overrides::default());
    loaded.map(|loaded| loaded.plan).map_err(|diagnostics| diagnostics.to_string())
}

fn extends(axes: &str) -> Vec<Extend> {
    load(sgd(axes)).unwrap_or_else(|e| panic!("{e}")).optimizers.remove(0).extend
}

#[test]
fn a_grid_knows_its_step() {
    let only = |axes: &str| -> Extend {
        let [one] = &extends(axes)[..] else { panic!("one axis") };
        one.clone()
    };
    let rates = only("lr = { log = [1e-3, 1e-1], points = 3, extend = { at_most = 2 } }");
    let expected = Extend {
        path: "optimizer.lr".to_owned(),
        at_most: 2,
        scale: Scale::Log,
        ends: [1e-3, 1e-1],
        points: 3,
        digits: 6,
        whole: false,
    };
    assert_eq!(rates, expected);
    // A list may be in any order, and keeps its number of digits.
    let list = only("lr = { values = [0.3, 0.03, 0.1], extend = { at_most = 1 } }");
    assert_eq!((list.ends, list.points, list.digits), ([0.03, 0.3], 3, 1));
    let linear = only("lr = { linear = [0.1, 0.5], points = 5, extend = { at_most = 1 } }");
    assert_eq!((linear.scale, linear.ends), (Scale::Linear, [0.1, 0.5]));
    // A momentum grows on the scale of one minus it; a decay of 0 is not on a log scale.
    let momentum = only("lr = 0.1\nmomentum = { values = [0.9, 0.99], extend = { at_most = 1 } }");
    assert_eq!((momentum.scale, momentum.ends), (Scale::OneMinus, [0.01, 0.1]));
    let decay =
        only("lr = 0.1\nweight_decay = { values = [0.0, 1e-4, 1e-3], extend = { at_most = 1 } }");
    assert_eq!((decay.scale, decay.ends, decay.points), (Scale::Log, [1e-4, 1e-3], 2));
    assert_eq!(extends("lr = { log = [1e-3, 1e-1], points = 3 }"), []);
    let bare = load(sgd("lr = [0.1, 0.2]")).unwrap();
    assert!(!serde_json::to_string(&bare).unwrap().contains("extend\":"));
}

#[test]
fn a_trial_does_not_grow() {
    let smoke = Overrides { smoke: true, ..Overrides::default() };
    let file = sgd("lr = { log = [1e-3, 1e-1], points = 3, extend = { at_most = 2 } }");
    let plan = load_text("sweep.toml", "sweep", file, &smoke).unwrap().plan;
    assert!(!plan.is_staged() && plan.runs.len() == 1);
}

#[test]
fn what_cannot_grow_is_refused() {
    let refused = |axes: &str| load(sgd(axes)).unwrap_err();
    let grid = "log = [1e-3, 1e-1], points = 3";
    insta::assert_snapshot!(
        "names",
        load(text("[[optimizer]]\nkind = \"muon\"\nlr = 0.1\nadjust_lr_fn = { values = [\"original\", \"match_rms_adamw\"], extend = { at_most = 1 } }")).unwrap_err()
    );
    insta::assert_snapshot!(
        "random",
        refused("lr = { random = { log = [1e-3, 1e-1] }, samples = 4, extend = { at_most = 1 } }")
    );
    insta::assert_snapshot!(
        "zipped",
        refused(
            "lr = { values = [0.1, 0.2], zip = \"a\", extend = { at_most = 1 } }\nmomentum = { values = [0.1, 0.2], zip = \"a\" }"
        )
    );
    insta::assert_snapshot!(
        "one_value",
        refused("lr = { values = [0.1], extend = { at_most = 1 } }")
    );
    insta::assert_snapshot!("no_table", refused(&format!("lr = {{ {grid}, extend = 3 }}")));
    insta::assert_snapshot!(
        "none",
        refused(&format!("lr = {{ {grid}, extend = {{ at_most = 0 }} }}"))
    );
    insta::assert_snapshot!(
        "without_number",
        refused(&format!("lr = {{ {grid}, extend = {{}} }}"))
    );
    insta::assert_snapshot!(
        "another_key",
        refused(&format!("lr = {{ {grid}, extend = {{ at_most = 1, by = 2 }} }}"))
    );
    insta::assert_snapshot!(
        "accumulate",
        refused("lr = 0.1\naccumulate = { values = [1, 2], extend = { at_most = 1 } }")
    );
    let data = text("[[optimizer]]\nkind = \"sgd\"\nlr = 0.1").replace(
        "validation = 237",
        "validation = 237\nbatch_size = { values = [32, 64], extend = { at_most = 1 } }",
    );
    insta::assert_snapshot!("data", load(data).unwrap_err());
    let function = format!(
        "name = \"f\"\n[model]\nkind = \"function\"\nfunction = \"sphere\"\n[[optimizer]]\nkind = \"sgd\"\nlr = {{ {grid}, extend = {{ at_most = 1 }} }}\n"
    );
    insta::assert_snapshot!("a_function", load(function).unwrap_err());
    let excluded =
        format!("lr = {{ {grid}, extend = {{ at_most = 1 }} }}\n[[exclude]]\noptimizer.lr = 1.0");
    insta::assert_snapshot!("excluded", refused(&excluded));
}

#[test]
fn grids_that_do_not_grow_alike_are_warned_of() {
    let of = |kind: &str, extend: &str| {
        format!(
            "[[optimizer]]\nkind = \"{kind}\"\nlr = {{ log = [1e-3, 1e-1], points = 3{extend} }}\n"
        )
    };
    let warnings = |optimizers: &str| {
        let loaded = load_text("sweep.toml", "sweep", text(optimizers), &Overrides::default());
        loaded.unwrap().warnings.to_string()
    };
    let (three, one) = (", extend = { at_most = 3 }", ", extend = { at_most = 1 }");
    assert_eq!(warnings(&format!("{}{}", of("sgd", three), of("adam", three))), "");
    let uneven = format!("{}{}{}", of("sgd", three), of("adam", one), of("rmsprop", ""));
    insta::assert_snapshot!("uneven", warnings(&uneven));
}
