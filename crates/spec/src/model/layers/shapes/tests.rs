//! Shapes, parameters and refusals of lists of layers.

use serde_json::{Value, json};

use super::super::LayerList;
use super::*;
use crate::model::ModelKind;

fn list(layers: Value) -> LayerList {
    serde_json::from_value(json!({ "layers": layers })).unwrap()
}

fn passed(layers: Value, shape: [usize; 3]) -> Passed {
    list(layers).pass(shape, 10).unwrap()
}

fn refused(layers: Value) -> String {
    list(layers).pass([3, 32, 32], 10).unwrap_err().to_string()
}

#[test]
fn shapes_and_parameters_of_3c3d() {
    let pool = json!({ "kind": "max-pool", "size": 3, "stride": 2, "padding": "same" });
    let found = passed(
        json!([
            { "kind": "conv", "channels": 64, "kernel": 5 }, pool,
            { "kind": "conv", "channels": 96, "kernel": 3 }, pool,
            { "kind": "conv", "channels": 128, "kernel": 3, "padding": "same" }, pool,
            { "kind": "dense", "units": 512 }, { "kind": "dense", "units": 256 },
        ]),
        [3, 32, 32],
    );
    let maps = |c, n| Extent::Maps([c, n, n]);
    let expected = [
        maps(64, 28),
        maps(64, 14),
        maps(96, 12),
        maps(96, 6),
        maps(128, 6),
        maps(128, 3),
        Extent::Flat(512),
        Extent::Flat(256),
    ];
    assert_eq!(found.extents, expected);
    let weights = 64 * 76 + 96 * 577 + 128 * 865 + 512 * 1153 + 256 * 513 + 10 * 257;
    assert_eq!(found.parameters, weights);
    assert_eq!(found.widest, 28 * 28 * (3 * 25 + 64) + 3 * 32 * 32);
}

#[test]
fn paths_and_roles_follow_the_lists() {
    let spec = list(json!([
        { "kind": "conv", "channels": 4, "kernel": 3, "bias": false },
        { "kind": "batch-norm" },
        { "kind": "residual",
          "layers": [{ "kind": "conv", "channels": 8, "kernel": 3, "stride": 2, "padding": 1 }],
          "shortcut": [{ "kind": "conv", "channels": 8, "kernel": 1, "stride": 2 }] },
        { "kind": "layer-norm" },
    ]));
    let table = spec.table([1, 8, 8], 3);
    let found: Vec<(&str, usize)> =
        table.iter().map(|p| (p.path.as_str(), p.shape.iter().product())).collect();
    let features = 8 * 3 * 3;
    let expected = [
        ("layers.0.weight", 36),
        ("layers.1.gamma", 4),
        ("layers.1.beta", 4),
        ("layers.1.running_mean", 4),
        ("layers.1.running_var", 4),
        ("layers.2.layers.0.weight", 288),
        ("layers.2.layers.0.bias", 8),
        ("layers.2.shortcut.0.weight", 32),
        ("layers.2.shortcut.0.bias", 8),
        ("layers.3.gamma", features),
        ("layers.3.beta", features),
        ("head.weight", features * 3),
        ("head.bias", 3),
    ];
    assert_eq!(found, expected);
    let of = |role| table.iter().filter(|p| p.is(role)).count();
    assert_eq!([Role::Matrix, Role::Bias, Role::Norm, Role::Head].map(of), [4, 3, 4, 2]);
    let sizes: usize = found.iter().map(|(_, n)| n).sum();
    assert_eq!(spec.pass([1, 8, 8], 3).unwrap().parameters, sizes - 8);
}

#[test]
fn what_does_not_fit_is_named_with_its_place_and_shapes() {
    let relu = json!({ "kind": "relu" });
    assert_eq!(
        refused(json!([relu, { "kind": "conv", "channels": 4, "kernel": 33 }])),
        "layers[1]: its kernel of 33x33 is larger than its input of 3x32x32"
    );
    assert_eq!(
        refused(json!([{ "kind": "dense", "units": 9 }, { "kind": "max-pool", "size": 2 }])),
        "layers[1]: a pooling needs maps, and the dense layer before it has left 9 numbers"
    );
    let conv = json!({ "kind": "conv", "channels": 4, "kernel": 3, "padding": 1 });
    assert_eq!(
        refused(json!([{ "kind": "residual", "layers": [conv] }])),
        "layers[0]: its layers make 4x32x32 of 3x32x32, and without a `shortcut` 3x32x32 is added"
    );
    let one = json!({ "kind": "global-avg-pool" });
    assert_eq!(
        refused(json!([{ "kind": "residual", "layers": [conv], "shortcut": [one] }])),
        "layers[0]: its layers make 4x32x32 of 3x32x32, and its shortcut makes 3x1x1"
    );
    assert_eq!(
        refused(json!([{ "kind": "reshape", "shape": [1, 28, 28] }])),
        "layers[0]: 1x28x28 are 784 numbers, and it gets 3072"
    );
    assert!(refused(json!([{ "kind": "reshape", "shape": [3072] }])).contains("three numbers"));
    let deep = json!({ "kind": "residual", "layers": [relu], "shortcut": [one, { "kind": "avg-pool", "size": 2 }] });
    assert_eq!(
        refused(json!([relu, deep])),
        "layers[1].shortcut[1]: its window of 2x2 is larger than its input of 3x1x1"
    );
    assert!(refused(json!([])).starts_with("layers: there is none"));
}

#[test]
fn sizes_have_limits() {
    let wide = json!({ "kind": "dense", "units": 1_000_000 });
    assert!(refused(json!([wide, wide])).contains("more than 1000000000 parameters"));
    let conv = json!({ "kind": "conv", "channels": 100_000, "kernel": 1 });
    assert!(refused(json!([conv])).contains("at most 100000000 numbers"));
    let relus = vec![json!({ "kind": "relu" }); 1_001];
    assert!(refused(json!(relus)).starts_with("layers[1000]: a network has at most 1000"));
    let inside = |inner| json!({ "kind": "residual", "layers": [inner] });
    let mut nested = json!({ "kind": "relu" });
    for _ in 0..8 {
        nested = inside(nested);
    }
    assert_eq!(passed(json!([nested]), [3, 32, 32]).extents, [Extent::Maps([3, 32, 32])]);
    assert!(refused(json!([inside(nested)])).contains("at most 8 residual layers"));
}
