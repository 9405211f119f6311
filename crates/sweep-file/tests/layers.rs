//! Tests of sweep files whose network is a list of layers: defaults, ids, and diagnostics.

use spec::params::Value;
use spec::plan::Plan;
use sweep_file::{Overrides, load_text};

const GOOD: &str = "\
[data]
dataset = \"digits\"
validation = 237

[model]
kind = \"layers\"
layers = [
    { kind = \"conv\", channels = 4, kernel = 3 },
    { kind = \"relu\" },
    { kind = \"residual\", layers = [{ kind = \"conv\", channels = 4, kernel = 3, padding = 1 }] },
    { kind = \"max-pool\", size = 2 },
    { kind = \"dense\", units = 16 },
]

[[optimizer]]
kind = \"sgd\"
lr = 0.1
";

fn load(text: &str) -> Result<Plan, String> {
    load_text("sweep.toml", "sweep", text.to_owned(), &Overrides::default())
        .map(|loaded| loaded.plan)
        .map_err(|diagnostics| diagnostics.to_string())
}

fn changed(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "the case changes nothing: {from}");
    GOOD.replacen(from, to, 1)
}

#[test]
fn the_list_is_part_of_the_run_as_its_shortest_form() {
    let plan = load(GOOD).unwrap();
    let spec = &plan.runs[0].spec;
    let list = r#"[{"kind":"conv","channels":4,"kernel":3},{"kind":"relu"},{"kind":"residual","layers":[{"kind":"conv","channels":4,"kernel":3,"padding":1}]},{"kind":"max-pool","size":2},{"kind":"dense","units":16}]"#;
    let stored = serde_json::to_value(&spec.model).unwrap();
    assert_eq!(stored["layers"], serde_json::from_str::<serde_json::Value>(list).unwrap());
    assert_eq!(spec.flat()["model.layers"], Value::Text(list.to_owned()));
    let stored = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&stored).unwrap(), plan);
    assert!(!spec.model.is_relu_stack(), "no step without a graph has such layers");
}

#[test]
fn spelling_changes_no_id() {
    let ids = |text: &str| {
        let runs = load(text).unwrap_or_else(|e| panic!("{text}\n{e}")).runs;
        (runs[0].run_id, runs[0].config_id, runs[0].cell_id)
    };
    let base = ids(GOOD);
    // Comments, blanks, the order of keys, keys with their defaults.
    for (from, to) in [
        ("layers = [", "layers = [ # from the input on"),
        (
            "kind = \"conv\", channels = 4, kernel = 3 }",
            "kernel = 3,  channels = 4, kind = \"conv\" }",
        ),
        (
            "channels = 4, kernel = 3 }",
            "channels = 4, kernel = 3, stride = 1, padding = 0, bias = true, init = \"default\" }",
        ),
        ("padding = 1 }] }", "padding = 1 }], shortcut = [] }"),
        ("size = 2", "size = 2, stride = 2, padding = 0"),
    ] {
        assert_eq!(ids(&changed(from, to)), base, "{to}");
    }
    // A list of tables of TOML.
    let start = GOOD.find("layers = [").unwrap();
    let end = GOOD.find("[[optimizer]]").unwrap();
    let tables = "[[model.layers]]\nkind = \"conv\"\nchannels = 4\nkernel = 3\n[[model.layers]]\nkind = \"relu\"\n[[model.layers]]\nkind = \"residual\"\n[[model.layers.layers]]\nkind = \"conv\"\nchannels = 4\nkernel = 3\npadding = 1\n[[model.layers]]\nkind = \"max-pool\"\nsize = 2\n[[model.layers]]\nkind = \"dense\"\nunits = 16\n";
    assert_eq!(ids(&format!("{}{tables}{}", &GOOD[..start], &GOOD[end..])), base);
    let mut seen = std::collections::BTreeSet::from([base.0.to_string()]);
    for (from, to) in [
        ("channels = 4, kernel = 3 }", "channels = 4, kernel = 3, bias = false }"),
        ("channels = 4, kernel = 3 }", "channels = 4, kernel = 3, init = \"he-normal\" }"),
        ("channels = 4, kernel = 3 }", "channels = 4, kernel = 3, padding = \"same\" }"),
        ("size = 2", "size = 2, stride = 1"),
        ("size = 2", "size = 2, padding = 1"),
        ("\"max-pool\"", "\"avg-pool\""),
        ("\"relu\"", "\"tanh\""),
        ("units = 16", "units = 17"),
        ("padding = 1 }] }", "padding = 1 }], shortcut = [{ kind = \"gelu\" }] }"),
        ("{ kind = \"relu\" }", "{ kind = \"dropout\", p = 0.1 }"),
        ("{ kind = \"relu\" }", "{ kind = \"dropout\" }"),
        ("{ kind = \"relu\" }", "{ kind = \"batch-norm\" }"),
        ("{ kind = \"relu\" }", "{ kind = \"layer-norm\" }"),
    ] {
        assert!(seen.insert(ids(&changed(from, to)).0.to_string()), "{to}");
    }
}

#[test]
fn lists_are_values_of_an_axis() {
    let narrow = "{ values = [[{ kind = \"dense\", units = 8 }], [{ kind = \"relu\" }]] }";
    let start = GOOD.find("layers = [").unwrap() + "layers = ".len();
    let end = GOOD.find("\n[[optimizer]]").unwrap();
    let plan = load(&format!("{}{narrow}\n{}", &GOOD[..start], &GOOD[end..])).unwrap();
    let found: Vec<String> =
        plan.runs.iter().map(|run| run.axes["model.layers"].to_string()).collect();
    assert_eq!(found, [r#"[{"kind":"dense","units":8}]"#, r#"[{"kind":"relu"}]"#]);
}

#[test]
fn what_is_wrong_with_a_list_is_said_at_its_place() {
    let many = format!("layers = [{}", "{ kind = \"relu\" }, ".repeat(1_001));
    let deep = format!(
        "layers = [{}{{ kind = \"relu\" }}{}, ",
        "{ kind = \"residual\", layers = [".repeat(9),
        "] }".repeat(9)
    );
    let list = &GOOD[GOOD.find("layers = [").unwrap()..GOOD.find("[[optimizer]]").unwrap()];
    let residual = "layers = [{ kind = \"conv\", channels = 4, kernel = 3, padding = 1 }] }";
    let cases = [
        (
            "a kernel larger than its input",
            "size = 2",
            "size = 2 },\n    { kind = \"conv\", channels = 2, kernel = 4",
        ),
        ("pooling to nothing", "size = 2", "size = 9"),
        (
            "a convolution behind a dense layer",
            "units = 16",
            "units = 16 }, { kind = \"conv\", channels = 2, kernel = 1",
        ),
        (
            "branches of different shapes",
            residual,
            "layers = [{ kind = \"conv\", channels = 8, kernel = 3, stride = 2, padding = 1 }], shortcut = [{ kind = \"conv\", channels = 8, kernel = 1 }] }",
        ),
        (
            "no shortcut to another shape",
            residual,
            "layers = [{ kind = \"conv\", channels = 8, kernel = 3, padding = 1 }] }",
        ),
        (
            "a layer of a shortcut",
            residual,
            "layers = [{ kind = \"tanh\" }],\n      shortcut = [{ kind = \"relu\" }, { kind = \"max-pool\", size = 7 }] }",
        ),
        (
            "nothing but zeros",
            "channels = 4, kernel = 3 }",
            "channels = 4, kernel = 3, padding = 3 }",
        ),
        ("more padding than half of a window", "size = 2", "size = 2, padding = 2"),
        (
            "maps of another size",
            "{ kind = \"relu\" }",
            "{ kind = \"reshape\", shape = [1, 7, 7] }",
        ),
        (
            "an initial deviation that is missing",
            "units = 16",
            "units = 16, init = \"truncated-normal\"",
        ),
        ("no layer", list, "layers = []\n\n"),
        ("an empty residual", residual, "layers = [] }"),
        ("too many layers", "layers = [", &many),
        ("too deep", "layers = [", &deep),
        (
            "too many parameters",
            "units = 16",
            "units = 1000000 }, { kind = \"dense\", units = 1000000",
        ),
        ("unknown kinds", "\"relu\"", "\"rleu\" }, { kind = \"attention\""),
        ("unknown keys", "units = 16", "unit = 16, channels = 3"),
        (
            "values of other types",
            "channels = 4, kernel = 3 }",
            "channels = 4.5, kernel = [3, 3], stride = 0, padding = \"valid\", bias = 1, init = \"he\" }",
        ),
        ("layers that are none", "{ kind = \"relu\" }", "\"relu\", 3, { units = 3 }, { kind = 3 }"),
        ("layers as a word", "layers = [", "layers = \"mlp\"\nothers = ["),
        ("no list at all", "layers = [", "layer = ["),
        ("values of the data", "\"digits\"\nvalidation = 237", "\"moby-dick\"\nvalidation = 60000"),
    ];
    let refused = |(name, from, to): &(&str, &str, &str)| {
        let shown = load(&changed(from, to)).map(|_| String::new()).unwrap_err();
        // Longer lines, such as one of a thousand layers, are cut.
        let lines = shown.lines().map(|line| line.chars().take(160).collect::<String>());
        format!("== {name}\n{}\n", lines.collect::<Vec<_>>().join("\n"))
    };
    let all: Vec<String> = cases.iter().map(refused).collect();
    insta::assert_snapshot!(all.join("\n"));
}
