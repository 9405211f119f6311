//! Tests of networks of listed layers on the flex backend: training and evaluation, initial values,
//! and records. `golden.rs` compares them with PyTorch.

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use model::init::Draws;
use model::{Network, build, build_with, digest, parameters};
use serde_json::json;
use spec::ModelSpec;
use spec::init::{BiasInit, Init, InitSpec};

fn spec(layers: serde_json::Value) -> ModelSpec {
    serde_json::from_value(json!({ "kind": "layers", "layers": layers })).unwrap()
}

fn inputs(batch: usize, features: usize) -> Tensor<2> {
    let values: Vec<f32> = (0..batch * features).map(|i| (i as f32 * 0.7).sin() + 0.3).collect();
    // As in training: data on the plain device.
    Tensor::from_data(TensorData::new(values, [batch, features]), &Device::flex())
}

fn values(tensor: Tensor<2>) -> Vec<f32> {
    tensor.into_data().try_into_vec::<f32>().unwrap()
}

fn running(network: &Network) -> Vec<(String, Vec<f32>)> {
    let all = parameters(network).into_iter();
    all.filter(|(path, ..)| path.contains("running")).map(|(path, _, v)| (path, v)).collect()
}

#[test]
fn layers_in_front_of_every_parameter_train_as_well() {
    // Data have no graph: the first layer must be told that the network trains.
    let device = Device::flex().autodiff();
    let network = build(&spec(json!([{ "kind": "batch-norm" }])), [2, 3, 3], 2, 0, &device);
    let before = running(&network);
    network.forward(inputs(4, 18));
    assert_ne!(running(&network), before);
    let network = build(&spec(json!([{ "kind": "dropout", "p": 0.5 }])), [2, 3, 3], 2, 0, &device);
    Device::flex().seed(7);
    let first = values(network.forward(inputs(4, 18)));
    let second = values(network.forward(inputs(4, 18)));
    assert_ne!(first, second);
    Device::flex().seed(7);
    assert_eq!(values(network.forward(inputs(4, 18))), first, "the generator decides");
}

#[test]
fn evaluation_drops_nothing_and_leaves_the_statistics_alone() {
    let list = json!([
        { "kind": "conv", "channels": 3, "kernel": 3, "padding": "same" },
        { "kind": "residual", "layers": [{ "kind": "batch-norm" }, { "kind": "dropout", "p": 0.9 }] },
        { "kind": "dense", "units": 4 }, { "kind": "dropout", "p": 0.9 },
    ]);
    let device = Device::flex().autodiff();
    let network = build(&spec(list), [2, 3, 3], 2, 0, &device);
    network.forward(inputs(4, 18));
    let before = digest(&network);
    let valid = network.valid();
    assert_eq!(values(valid.forward(inputs(4, 18))), values(valid.forward(inputs(4, 18))));
    assert_eq!(digest(&network), before);
    let paths: Vec<String> = running(&network).into_iter().map(|(path, _)| path).collect();
    let expected = ["running_mean", "running_var"].map(|p| format!("layers.1.layers.0.{p}"));
    assert_eq!(paths, expected);
    // A record, as in a checkpoint, holds everything.
    let other = build(
        &spec(json!([
            { "kind": "conv", "channels": 3, "kernel": 3, "padding": "same" },
            { "kind": "residual", "layers": [{ "kind": "batch-norm" }, { "kind": "dropout", "p": 0.9 }] },
            { "kind": "dense", "units": 4 }, { "kind": "dropout", "p": 0.9 },
        ])),
        [2, 3, 3],
        2,
        5,
        &device,
    );
    assert_ne!(digest(&other), before);
    assert_eq!(digest(&other.load_record(network.into_record())), before);
}

#[test]
fn weights_begin_by_the_layer_and_else_by_the_model() {
    let list = json!([
        { "kind": "conv", "channels": 3, "kernel": 3, "init": "ones" },
        { "kind": "dense", "units": 4 },
        { "kind": "dense", "units": 5, "init": "ones", "bias": false },
    ]);
    let init = InitSpec {
        init: Init::TruncatedNormal,
        init_sd: 0.05,
        init_bias: BiasInit::Constant,
        init_bias_value: 0.05,
    };
    let draws = Draws { init: &init, seed: 3 };
    let network = build_with(&spec(list), [1, 4, 4], 2, draws, &Device::flex());
    let found = parameters(&network);
    let of = |path: &str| &found.iter().find(|(known, ..)| known == path).unwrap().2;
    for path in ["layers.0.weight", "layers.2.weight"] {
        assert!(of(path).iter().all(|v| *v == 1.0), "{path}");
    }
    for path in ["layers.1.weight", "head.weight"] {
        let largest = of(path).iter().fold(0f32, |a, v| a.max(v.abs()));
        assert!(largest <= 0.1 && largest > 0.04, "{path}: {largest}");
    }
    for path in ["layers.0.bias", "layers.1.bias", "head.bias"] {
        assert!(of(path).iter().all(|v| *v == 0.05), "{path}");
    }
    assert_eq!(found.len(), 7);
}

#[test]
fn a_layer_more_changes_no_other_layers_weights() {
    let weights = |list: serde_json::Value| {
        let network = build(&spec(list), [1, 4, 4], 2, 1, &Device::flex());
        parameters(&network).into_iter().find(|(path, ..)| path == "layers.0.weight").unwrap()
    };
    let conv = json!({ "kind": "conv", "channels": 3, "kernel": 3 });
    let more = weights(json!([conv, { "kind": "relu" }, { "kind": "dense", "units": 7 }]));
    assert_eq!(weights(json!([conv])), more);
    assert_eq!(more.2, model::init::uniform(1, "layers.0.weight", 9, 27));
}

#[test]
fn the_widest_layer_bounds_an_evaluation() {
    let list = json!([{ "kind": "conv", "channels": 8, "kernel": 3 }]);
    let network = build(&spec(list), [2, 6, 6], 2, 0, &Device::flex());
    // 16 positions of 18 inputs and 8 outputs, and the 72 numbers of the input.
    assert_eq!(network.numbers_a_sample(), 16 * (18 + 8) + 72);
    assert!(network.layers().is_empty(), "no step without a graph takes it");
}
