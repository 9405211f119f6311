//! Compares models and losses with torch.nn: values from `xtask/python/golden_models.py`.

#[path = "support/golden_parameters.rs"]
mod golden_parameters;

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::{Device, Tensor, TensorData};
use golden_parameters::{filled, floats, in_torchs_order};
use model::{Network, Targets, build, cross_entropy, parameters};
use serde_json::Value;
use spec::ModelSpec;
use spec::run::{Loss, TrainSpec};

/// Largest difference, relative to the larger of both numbers and 0.1.
const TOLERANCE: f32 = 1e-5;

fn golden(name: &str) -> Value {
    let path = format!("{}/tests/golden/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn close(what: &str, found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (f, e)) in found.iter().zip(expected).enumerate() {
        let scale = f.abs().max(e.abs()).max(0.1);
        assert!((f - e).abs() <= TOLERANCE * scale, "{what}[{i}]: {f}, PyTorch {e}");
    }
}

/// Compares gradients by path; running statistics have none.
struct Gradients<'a> {
    path: Vec<String>,
    gradients: &'a GradientsParams,
    expected: &'a Value,
}

impl ModuleVisitor for Gradients<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        if !container.starts_with("Enum:") {
            self.path.push(name.to_owned());
        }
    }

    fn exit_module(&mut self, _: &str, container: &str) {
        if !container.starts_with("Enum:") {
            self.path.pop();
        }
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let path = self.path.join(".");
        let gradient = self.gradients.get::<D>(param.id);
        assert_eq!(gradient.is_none(), path.contains("running"), "{path}");
        let Some(gradient) = gradient else { return };
        let shape = gradient.dims();
        let values = gradient.into_data().try_into_vec::<f32>().unwrap();
        let values = in_torchs_order(&path, &shape, &values);
        close(&format!("gradient of {path}"), &values, &floats(&self.expected[&path]));
    }
}

/// Compares the parameters of a network by path.
fn compare_all(what: &str, network: &Network, expected: &Value) {
    let found = parameters(network);
    assert_eq!(found.len(), expected.as_object().unwrap().len(), "{what}");
    for (path, shape, values) in found {
        close(
            &format!("{what} {path}"),
            &in_torchs_order(&path, &shape, &values),
            &floats(&expected[&path]),
        );
    }
}

fn replay(name: &str, spec: &ModelSpec, shape: [usize; 3]) {
    let golden = golden(name);
    let device = Device::flex().autodiff();
    let mut network = filled(build(spec, shape, 3, 0, &device), &golden["initial"]);
    compare_all("initial", &network, &golden["initial"]);
    let classes: Vec<i64> =
        golden["targets"].as_array().unwrap().iter().map(|v| v.as_i64().unwrap()).collect();
    let n = classes.len();
    let features: usize = shape.iter().product();
    let inputs = TensorData::new(floats(&golden["inputs"]), [n, features]);
    // As in training: data on the plain device, parameters on the one with autodiff.
    let x = Tensor::<2>::from_data(inputs, &Device::flex());
    let targets = Tensor::from_data(TensorData::new(classes, [n]), &Device::flex());
    let (lr, steps) = (golden["lr"].as_f64().unwrap(), golden["steps"].as_u64().unwrap());
    let mut optimizer = SgdConfig::new().init();
    for step in 0..steps {
        let logits = network.forward(x.clone());
        if step == 0 {
            let found = logits.clone().into_data().try_into_vec::<f32>().unwrap();
            close("logits", &found, &floats(&golden["logits"]));
        }
        let loss = cross_entropy(logits, targets.clone());
        if let (0, Some(expected)) = (step, golden["loss"].as_f64()) {
            close("loss", &[loss.clone().into_scalar::<f32>()], &[expected as f32]);
        }
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        if step == 0 {
            let expected = &golden["gradients"];
            let mut compared = Gradients { path: Vec::new(), gradients: &gradients, expected };
            network.visit(&mut compared);
            assert_eq!(gradients.len(), expected.as_object().unwrap().len());
        }
        network = optimizer.step(lr, network, gradients);
    }
    compare_all("final", &network, &golden["final"]);
    let found = network.valid().forward(x).into_data().try_into_vec::<f32>().unwrap();
    close("evaluated", &found, &floats(&golden["evaluated"]));
}

/// Replays every golden file that names a model and the shape of its samples.
#[test]
fn models_are_pytorchs_in_training_and_evaluation() {
    let folder = format!("{}/tests/golden", env!("CARGO_MANIFEST_DIR"));
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let names = names.filter_map(|name| Some(name.to_str()?.strip_suffix(".json")?.to_owned()));
    let mut kinds = Vec::new();
    for name in names {
        let golden = golden(&name);
        if golden["shape"].is_null() {
            continue;
        }
        let spec: ModelSpec = serde_json::from_value(golden["spec"].clone()).unwrap();
        kinds.push(spec.kind());
        replay(&name, &spec, serde_json::from_value(golden["shape"].clone()).unwrap());
    }
    let of = |kind: &str| kinds.iter().filter(|known| **known == kind).count();
    assert_eq!(["cnn", "mlp", "layers"].map(of), [1, 1, 4], "{kinds:?}");
}

/// Compares logits, loss and gradients for a batch of three contexts of six tokens, for every model
/// of a file. Returns the number of models.
fn replay_on_text(name: &str) -> usize {
    let golden = golden(name);
    let whole = |name: &str| golden[name].as_u64().unwrap() as usize;
    let (context, vocabulary) = (whole("context"), whole("vocabulary"));
    let text: Vec<i64> =
        golden["text"].as_array().unwrap().iter().map(|v| v.as_i64().unwrap()).collect();
    let (tokens, targets) = (floats(&golden["text"]), text[1..].to_vec());
    let n = targets.len();
    let x = TensorData::new(tokens[..n].to_vec(), [n / context, context]);
    // As in training: data on the plain device, parameters on the one with autodiff.
    let x = Tensor::<2>::from_data(x, &Device::flex());
    let targets = Tensor::from_data(TensorData::new(targets, [n]), &Device::flex());
    let cases = golden["cases"].as_array().unwrap();
    for case in cases {
        let spec: ModelSpec = serde_json::from_value(case["spec"].clone()).unwrap();
        let (expected, what) = (case["initial"].as_object().unwrap().len(), format!("{spec:?}"));
        let device = Device::flex().autodiff();
        let network = build(&spec, [1, 1, context], vocabulary, 0, &device);
        let network = filled(network, &case["initial"]);
        compare_all(&what, &network, &case["initial"]);
        let logits = network.forward(x.clone());
        assert_eq!(logits.dims(), [n, vocabulary]);
        let found = logits.clone().into_data().try_into_vec::<f32>().unwrap();
        close(&format!("logits of {what}"), &found, &floats(&case["logits"]));
        let evaluated = network.valid().forward(x.clone()).into_data().try_into_vec::<f32>();
        close(&format!("evaluated {what}"), &evaluated.unwrap(), &floats(&case["logits"]));
        let loss = cross_entropy(logits, targets.clone());
        let value = loss.clone().into_scalar::<f32>();
        close(&format!("loss of {what}"), &[value], &[case["loss"].as_f64().unwrap() as f32]);
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        assert_eq!(gradients.len(), expected, "{what}");
        let expected = &case["gradients"];
        network.visit(&mut Gradients { path: Vec::new(), gradients: &gradients, expected });
    }
    cases.len()
}

#[test]
fn every_form_of_the_transformer_is_pytorchs() {
    assert_eq!(replay_on_text("gpt"), 4);
}

#[test]
fn one_layer_and_two_of_long_short_term_memory_are_pytorchs() {
    assert_eq!(replay_on_text("lstm"), 2);
}

#[test]
fn losses_and_their_gradients_are_pytorchs() {
    let golden = golden("losses");
    let device = Device::flex().autodiff();
    let classes: Vec<i64> =
        golden["classes"].as_array().unwrap().iter().map(|v| v.as_i64().unwrap()).collect();
    let n = classes.len();
    let classes = Targets::Classes(Tensor::from_data(TensorData::new(classes, [n]), &device));
    let values = TensorData::new(floats(&golden["values"]), [n, 3]);
    let values = Targets::Values(Tensor::from_data(values, &device));
    let cases = [
        ("cross-entropy of classes", Loss::CrossEntropy, &classes),
        ("mse of values", Loss::Mse, &values),
        ("mse of classes", Loss::Mse, &classes),
        ("bce of classes", Loss::Bce, &classes),
    ];
    assert_eq!(cases.len(), golden["cases"].as_object().unwrap().len());
    for (name, loss, targets) in cases {
        let spec = TrainSpec { epochs: 1, loss, label_smoothing: 0.0, l2: 0.0, steps: 0 };
        let data = TensorData::new(floats(&golden["outputs"]), [n, 3]);
        let outputs = Tensor::<2>::from_data(data, &device).require_grad();
        let found = model::loss(&spec, outputs.clone(), targets);
        let expected = &golden["cases"][name];
        close(
            name,
            &[found.clone().into_scalar::<f32>()],
            &[expected["loss"].as_f64().unwrap() as f32],
        );
        let gradient = outputs.grad(&found.backward()).unwrap().into_data();
        close(name, &gradient.try_into_vec::<f32>().unwrap(), &floats(&expected["gradient"]));
        // The losses of single samples, which evaluation adds up, have the same mean.
        let each =
            model::each_loss(loss, outputs, targets).into_data().try_into_vec::<f32>().unwrap();
        assert_eq!(each.len(), n);
        let mean = each.iter().sum::<f32>() / n as f32;
        close(name, &[mean], &[expected["loss"].as_f64().unwrap() as f32]);
    }
}
