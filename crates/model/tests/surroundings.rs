//! Tests that models match their plan's tables, and that smoothed labels match torch's.

use burn::tensor::{Device, Int, Tensor, TensorData};
use model::Targets;
use serde_json::Value;
use spec::run::{Loss, TrainSpec};
use spec::{ModelSpec, params::Value as Parameter};

/// Layers of every kind that has parameters, inside and outside of a residual.
const LAYERS: &str = r#"[
    {"kind":"reshape","shape":[4,8,2]},{"kind":"reshape","shape":[1,8,8]},{"kind":"layer-norm"},
    {"kind":"conv","channels":4,"kernel":3,"padding":"same","stride":2,"bias":false},
    {"kind":"residual",
     "layers":[{"kind":"conv","channels":6,"kernel":2},{"kind":"batch-norm"}],
     "shortcut":[{"kind":"avg-pool","size":2,"stride":1},{"kind":"conv","channels":6,"kernel":1}]},
    {"kind":"max-pool","size":3,"padding":1},{"kind":"relu"},
    {"kind":"dense","units":5,"init":"he-normal"},{"kind":"batch-norm"},{"kind":"gelu"},
    {"kind":"residual","layers":[{"kind":"dense","units":5,"bias":false},{"kind":"tanh"}]},
    {"kind":"layer-norm"},{"kind":"dropout","p":0.5},{"kind":"sigmoid"}
]"#;

#[test]
fn paths_and_shapes_of_the_spec_are_those_of_the_network() {
    let mut specs = Vec::new();
    for kind in ModelSpec::KINDS {
        let given = |name: &str| match (kind.name, name) {
            ("function", "function") => Parameter::Text("beale".to_owned()),
            ("function", _) => Parameter::Float(1.0),
            ("layers", "layers") => Parameter::Text(LAYERS.to_owned()),
            other => panic!("{other:?} has no default"),
        };
        let defaults = kind.params.iter().map(|p| match p.default {
            spec::params::ParamDefault::Value(value) => (p.name.to_owned(), value()),
            _ => (p.name.to_owned(), given(p.name)),
        });
        let values: spec::params::Values = defaults.collect();
        specs.push(ModelSpec::from_values(kind.name, &values).unwrap());
        if values.contains_key("hidden") {
            for hidden in [vec![], vec![5, 7, 3]] {
                let mut values = values.clone();
                let hidden = hidden.into_iter().map(Parameter::Int).collect();
                values.insert("hidden".to_owned(), Parameter::List(hidden));
                if kind.name == "mlp" {
                    values.insert("batch_norm".to_owned(), Parameter::Bool(true));
                }
                specs.push(ModelSpec::from_values(kind.name, &values).unwrap());
            }
        }
    }
    let gpt = specs.iter().find(|spec| spec.takes_text()).expect("one reads text").clone();
    for (name, value) in [
        ("norm", Parameter::Text("rms".to_owned())),
        ("bias", Parameter::Bool(false)),
        ("tied", Parameter::Bool(false)),
    ] {
        let mut values = gpt.to_values();
        values.insert(name.to_owned(), value);
        specs.push(ModelSpec::from_values(gpt.kind(), &values).unwrap());
    }
    for spec in specs {
        let shape = if spec.takes_text() { [1, 1, 64] } else { [1, 8, 8] };
        let network = model::build(&spec, shape, 10, 3, &Device::flex());
        let built: Vec<(String, Vec<usize>)> =
            model::parameters(&network).into_iter().map(|(path, shape, _)| (path, shape)).collect();
        let mut planned = spec.parameters(shape, 10);
        planned.sort();
        assert_eq!(planned, built, "{spec:?}");
    }
}

#[test]
fn smoothed_labels_give_the_loss_and_gradient_of_torch() {
    let text = include_str!("../../optimizer-registry/tests/golden-schedules/smoothing.json");
    let golden: Value = serde_json::from_str(text).expect("smoothing.json");
    let list = |v: &Value| -> Vec<f32> {
        v.as_array().unwrap().iter().map(|x| x.as_f64().unwrap() as f32).collect()
    };
    let device = Device::flex().autodiff();
    let cases = golden["cases"].as_array().unwrap();
    for case in cases {
        let label_smoothing = case["label_smoothing"].as_f64().unwrap();
        let spec =
            TrainSpec { epochs: 1, loss: Loss::CrossEntropy, label_smoothing, l2: 0.0, steps: 0 };
        let targets: Vec<i64> =
            case["targets"].as_array().unwrap().iter().map(|x| x.as_i64().unwrap()).collect();
        let classes = Tensor::<1, Int>::from_data(TensorData::new(targets, [5]), &device);
        let logits =
            Tensor::<2>::from_data(TensorData::new(list(&case["logits"]), [5, 4]), &device)
                .require_grad();
        let loss = model::loss(&spec, logits.clone(), &Targets::Classes(classes));
        let value = f64::from(loss.clone().into_scalar::<f32>());
        let want = case["loss"].as_f64().unwrap();
        assert!((value - want).abs() < 1e-6 * want, "{label_smoothing}: {value} for {want}");
        let gradient = logits.grad(&loss.backward()).unwrap();
        let gradient: Vec<f32> = gradient.into_data().try_into_vec().unwrap();
        for (got, want) in gradient.iter().zip(list(&case["gradient"])) {
            assert!((got - want).abs() < 1e-7, "{label_smoothing}: {got} for {want}");
        }
    }
    assert_eq!(cases.len(), 4);
}
