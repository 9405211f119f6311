//! Tests of training the transformer: against PyTorch with two groups of parameters
//! (`xtask/python/golden_models.py`), and which parameters muon leaves to AdamW.

#[path = "../../model/tests/support/golden_parameters.rs"]
mod golden_parameters;

use std::collections::BTreeMap;

use burn::optim::GradientsParams;
use burn::tensor::{Device, Int, Tensor, TensorData};
use golden_parameters::{filled, floats, in_torchs_order};
use model::{Network, build, cross_entropy, parameters};
use optimizer_registry::Optimizer;
use serde_json::{Value, json};
use spec::update::{ParamGroup, UpdateSpec};
use spec::{ModelSpec, OptimizerSpec};

/// Largest difference, relative to the larger of both numbers and 0.1.
const TOLERANCE: f32 = 1e-4;

fn golden() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../model/tests/golden/gpt-adamw.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A text, the model that learns it, and one batch of the whole text.
struct Task {
    golden: Value,
    spec: ModelSpec,
    context: usize,
    vocabulary: usize,
    inputs: Tensor<2>,
    targets: Tensor<1, Int>,
}

impl Task {
    fn new(change: &Value) -> Self {
        let golden = golden();
        let whole = |name: &str| golden[name].as_u64().unwrap() as usize;
        let (context, vocabulary) = (whole("context"), whole("vocabulary"));
        let text = floats(&golden["text"]);
        let n = text.len() - 1;
        let targets: Vec<i64> = text[1..].iter().map(|&token| token as i64).collect();
        let inputs = TensorData::new(text[..n].to_vec(), [n / context, context]);
        let mut spec = golden["spec"].as_object().unwrap().clone();
        spec.extend(change.as_object().unwrap().clone());
        Task {
            spec: serde_json::from_value(Value::Object(spec)).unwrap(),
            context,
            vocabulary,
            inputs: Tensor::from_data(inputs, &Device::flex()),
            targets: Tensor::from_data(TensorData::new(targets, [n]), &Device::flex()),
            golden,
        }
    }

    fn network(&self) -> Network {
        let device = Device::flex().autodiff();
        build(&self.spec, [1, 1, self.context], self.vocabulary, 0, &device)
    }

    fn optimizer(&self, spec: &OptimizerSpec, groups: &[ParamGroup], of: &Network) -> Optimizer {
        let table = self.spec.table([1, 1, self.context], self.vocabulary);
        Optimizer::new(spec, &UpdateSpec::default(), groups, &table, of)
    }

    /// Takes a step; returns the network after it and the loss before it.
    fn step(&self, network: Network, optimizer: &mut Optimizer, lr: f64) -> (Network, f32) {
        let loss = cross_entropy(network.forward(self.inputs.clone()), self.targets.clone());
        let value = loss.clone().into_scalar::<f32>();
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        let network = optimizer.step(lr, network, gradients, &mut |_| unreachable!("one look"));
        (network, value)
    }
}

fn close(what: &str, found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len(), "{what}");
    let apart = |(f, e): (&f32, &f32)| (f - e).abs() / f.abs().max(e.abs()).max(0.1);
    let larger = |a: f32, b: f32| if b.is_nan() { f32::INFINITY } else { a.max(b) };
    let worst = found.iter().zip(expected).map(apart).fold(0.0, larger);
    assert!(worst <= TOLERANCE, "{what}: {worst:e}");
    worst
}

fn group(value: Value) -> ParamGroup {
    serde_json::from_value(value).unwrap()
}

#[test]
fn fifty_steps_of_adamw_in_two_groups_are_pytorchs() {
    let task = Task::new(&json!({}));
    let golden = &task.golden;
    let mut network = filled(task.network(), &golden["initial"]);
    let mut spec = golden["adamw"].as_object().unwrap().clone();
    let (lr, decay) = (spec["lr"].as_f64().unwrap(), spec["weight_decay"].clone());
    spec.insert("kind".to_owned(), json!("adamw"));
    spec.insert("amsgrad".to_owned(), json!(false));
    spec.insert("weight_decay".to_owned(), json!(0.0));
    let spec: OptimizerSpec = serde_json::from_value(Value::Object(spec)).unwrap();
    // Parameters with fewer dimensions are in no group and have the optimizer's own decay: 0.
    let groups = [group(json!({
        "params": "*", "lr_scale": 1.0, "ndim": 2, "weight_decay": decay
    }))];
    let mut optimizer = task.optimizer(&spec, &groups, &network);
    let mut losses = Vec::new();
    for _ in 0..golden["losses"].as_array().unwrap().len() {
        let (next, loss) = task.step(network, &mut optimizer, lr);
        network = next;
        losses.push(loss);
    }
    assert_eq!(losses.len(), 50);
    let worst = close("losses", &losses, &floats(&golden["losses"]));
    println!("losses: {worst:e}");
    let found = parameters(&network);
    assert_eq!(found.len(), golden["final"].as_object().unwrap().len());
    for (path, shape, values) in found {
        let worst = close(
            &path,
            &in_torchs_order(&path, &shape, &values),
            &floats(&golden["final"][&path]),
        );
        println!("{path}: {worst:e}");
    }
}

type Weights = BTreeMap<String, Vec<f32>>;

fn weights(network: &Network) -> Weights {
    parameters(network).into_iter().map(|(path, _, values)| (path, values)).collect()
}

/// Returns the paths of the parameters that differ.
fn differ<'a>(a: &'a Weights, b: &Weights) -> Vec<&'a str> {
    let moved = a.iter().filter(|(path, values)| b[*path] != **values);
    moved.map(|(path, _)| path.as_str()).collect()
}

#[test]
fn a_group_of_a_role_holds_for_the_parameters_of_that_role() {
    let task = Task::new(&json!({ "tied": false, "bias": true }));
    let spec: OptimizerSpec = serde_json::from_value(json!({
        "kind": "sgd", "lr": 0.1, "momentum": 0.0, "dampening": 0.0, "nesterov": false, "weight_decay": 0.0
    }))
    .unwrap();
    let table = task.spec.table([1, 1, task.context], task.vocabulary);
    for role in table.roles() {
        let network = task.network();
        let before = weights(&network);
        let frozen = [group(json!({ "params": "*", "lr_scale": 0.0, "role": role }))];
        let mut optimizer = task.optimizer(&spec, &frozen, &network);
        let after = weights(&task.step(network, &mut optimizer, 0.1).0);
        let moved = differ(&before, &after);
        let others = table.iter().filter(|known| !known.is(role)).map(|known| known.path.as_str());
        let mut others: Vec<&str> = others.collect();
        others.sort_unstable();
        assert_eq!(moved, others, "{role}");
    }
}

#[test]
fn muon_leaves_embeddings_and_head_to_adamw_and_goes_on_from_a_saved_state() {
    let muon: OptimizerSpec = serde_json::from_value(json!({
        "kind": "muon", "lr": 0.02, "weight_decay": 0.1, "momentum": 0.95, "nesterov": true,
        "ns_a": 3.4445, "ns_b": -4.775, "ns_c": 2.0315, "eps": 1e-7, "ns_steps": 5,
        "adjust_lr_fn": "original", "aux_lr": 3e-3, "aux_beta1": 0.8, "aux_beta2": 0.95,
        "aux_eps": 1e-8, "aux_weight_decay": 0.05
    }))
    .unwrap();
    let adamw: OptimizerSpec = serde_json::from_value(json!({
        "kind": "adamw", "lr": 3e-3, "beta1": 0.8, "beta2": 0.95, "eps": 1e-8, "weight_decay": 0.05,
        "amsgrad": false
    }))
    .unwrap();
    for tied in [true, false] {
        let task = Task::new(&json!({ "tied": tied }));
        let table = task.spec.table([1, 1, task.context], task.vocabulary);
        let split = spec::optimizer::Muon::split(&table, &[]);
        let after = |spec: &OptimizerSpec, lr| {
            let network = task.network();
            let mut optimizer = task.optimizer(spec, &[], &network);
            weights(&task.step(network, &mut optimizer, lr).0)
        };
        let (by_muon, by_adamw) = (after(&muon, 0.02), after(&adamw, 3e-3));
        for path in &split.others {
            close(path, &by_muon[path], &by_adamw[path]);
        }
        for path in &split.matrices {
            assert_ne!(by_muon[path], by_adamw[path], "{path}");
        }
        assert!(split.others.contains(&"token_embedding".to_owned()));
        assert_eq!(split.others.contains(&"head.weight".to_owned()), !tied);
        assert_eq!((split.matrices.len(), by_muon.len()), (8, table.iter().count()));

        let network = task.network();
        let mut optimizer = task.optimizer(&muon, &[], &network);
        let (network, _) = task.step(network, &mut optimizer, 0.02);
        let saved = optimizer.to_bytes().unwrap();
        let mut loaded = task.optimizer(&muon, &[], &network).from_bytes(saved).unwrap();
        let straight = weights(&task.step(network.clone(), &mut optimizer, 0.02).0);
        assert_eq!(straight, weights(&task.step(network, &mut loaded, 0.02).0));
    }
}
