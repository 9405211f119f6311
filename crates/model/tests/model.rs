//! Tests of models on the flex backend: initial weights by seed, forward passes against values
//! computed by hand, and the steps that burn-train calls.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::{Device, Int, Tensor, TensorData};
use burn_train::{InferenceStep, TrainStep};
use model::{Batch, MultiLayerPerceptron, Network, build, cross_entropy, digest, parameters};
use spec::ModelSpec;
use spec::model::{Activation, LinearModel, Mlp};

fn mlp(hidden: &[u64], activation: Activation) -> ModelSpec {
    ModelSpec::Mlp(Mlp { hidden: hidden.to_vec(), activation, dropout: 0.0, batch_norm: false })
}

fn linear() -> ModelSpec {
    ModelSpec::Linear(LinearModel {})
}

/// Builds the lesson's model.
fn lesson(seed: u64, device: &Device) -> Network {
    build(&mlp(&[128], Activation::Relu), [1, 28, 28], 10, seed, device)
}

#[test]
fn the_same_seed_gives_these_weights_for_ever() {
    let device = Device::flex();
    let softmax = build(&linear(), [1, 1, 4], 3, 0, &device);
    let found =
        (digest(&lesson(0, &device)), digest(&softmax), parameters(&softmax)[1].2[..3].to_vec());
    assert_eq!(
        found,
        (
            "57ef3a5ab6c2dbc4ee9e90f483c1fe33".to_owned(),
            "5c2ea4f49a7af18f3e15cc08e0982d54".to_owned(),
            vec![-0.43335003, 0.39274633, -0.37868285]
        )
    );
}

#[test]
fn autodiff_or_not_the_weights_are_the_same() {
    let plain = lesson(3, &Device::flex());
    let trained = lesson(3, &Device::flex().autodiff());
    assert_eq!(parameters(&plain), parameters(&trained));
}

#[test]
fn the_backends_generator_has_no_part_in_it() {
    let device = Device::flex();
    device.seed(1);
    let before = digest(&lesson(5, &device));
    device.seed(2);
    let _draw =
        Tensor::<1>::random([100], burn::tensor::Distribution::Default, &device).into_data();
    assert_eq!(before, digest(&lesson(5, &device)));
}

#[test]
fn seeds_differ() {
    let device = Device::flex();
    let digests: std::collections::BTreeSet<String> =
        (0..8).map(|seed| digest(&lesson(seed, &device))).collect();
    assert_eq!(digests.len(), 8);
}

#[test]
fn a_layer_keeps_its_weights_when_another_is_added() {
    let device = Device::flex();
    let short = parameters(&build(&mlp(&[16], Activation::Relu), [1, 1, 8], 4, 1, &device));
    let long = parameters(&build(&mlp(&[16, 32], Activation::Relu), [1, 1, 8], 4, 1, &device));
    assert_eq!(short[..2], long[..2]);
}

#[test]
fn paths_shapes_and_bounds_are_those_of_pytorchs_linear() {
    let network = build(&mlp(&[32, 16], Activation::Tanh), [1, 8, 8], 10, 2, &Device::flex());
    let found = parameters(&network);
    let named: Vec<(&str, &[usize])> =
        found.iter().map(|(path, shape, _)| (path.as_str(), &shape[..])).collect();
    let expected: [(&str, &[usize]); 6] = [
        ("layers.0.bias", &[32]),
        ("layers.0.weight", &[64, 32]),
        ("layers.1.bias", &[16]),
        ("layers.1.weight", &[32, 16]),
        ("layers.2.bias", &[10]),
        ("layers.2.weight", &[16, 10]),
    ];
    assert_eq!(named, expected);
    for ((path, _, values), fan_in) in found.iter().zip([64, 64, 32, 32, 16, 16]) {
        let k = 1.0 / (fan_in as f32).sqrt();
        assert!(values.iter().all(|v| v.abs() <= k), "{path}");
        // Pinned by the seed: the outer part of the interval is used.
        assert!(values.iter().any(|v| v.abs() > 0.7 * k), "{path}");
        assert!(values.iter().any(|v| *v < 0.0) && values.iter().any(|v| *v > 0.0), "{path}");
    }
    let named = parameters(&build(&linear(), [1, 8, 8], 10, 2, &Device::flex()));
    assert_eq!(named.iter().map(|p| p.0.as_str()).collect::<Vec<_>>(), ["bias", "weight"]);
    assert_eq!(network.num_params(), 64 * 32 + 32 + 32 * 16 + 16 + 16 * 10 + 10);
}

#[test]
fn weights_are_drawn_in_pytorchs_order() {
    // Values of a stream follow PyTorch's rows [out, in], which are Burn's columns.
    let drawn = model::init::uniform(9, "weight", 4, 12);
    let found = parameters(&build(&linear(), [1, 1, 4], 3, 9, &Device::flex()));
    let (path, shape, values) = &found[1];
    assert_eq!((path.as_str(), &shape[..]), ("weight", &[4, 3][..]));
    for output in 0..3 {
        for input in 0..4 {
            assert_eq!(values[input * 3 + output], drawn[output * 4 + input]);
        }
    }
}

/// Builds a layer with these weights (`[inputs, outputs]`) and biases.
fn layer<const I: usize, const O: usize>(
    weight: [[f32; O]; I],
    bias: [f32; O],
    device: &Device,
) -> Linear {
    Linear {
        weight: Param::from_data(TensorData::new(weight.concat(), [I, O]), device),
        bias: Some(Param::from_data(TensorData::new(bias.to_vec(), [O]), device)),
    }
}

/// Builds a network of 2 inputs, 2 hidden units and 2 classes.
fn by_hand(activation: Activation, device: &Device) -> Network {
    Network::Mlp(MultiLayerPerceptron {
        layers: vec![
            layer([[1.0, -1.0], [0.5, 2.0]], [0.25, -3.0], device),
            layer([[2.0, -1.0], [1.0, 4.0]], [-10.0, 0.5], device),
        ],
        norms: Vec::new(),
        activation,
        dropout: 0.0,
    })
}

fn close(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    for (f, e) in found.iter().zip(expected) {
        assert!((f - e).abs() < 1e-5, "{found:?} for {expected:?}");
    }
}

#[test]
fn forward_by_hand_with_the_activation_between_the_layers_only() {
    let device = Device::flex();
    let inputs = Tensor::<2>::from_data([[1.0f32, 2.0], [3.0, -1.0]], &device);
    // Before the activation: [2.25, 0.0] and [2.75, -8.0].
    let logits =
        |hidden: [f32; 2]| [2.0 * hidden[0] + hidden[1] - 10.0, -hidden[0] + 4.0 * hidden[1] + 0.5];
    type Function = fn(f32) -> f32;
    let cases: [(Activation, Function); 3] = [
        (Activation::Relu, |x| x.max(0.0)),
        (Activation::Tanh, f32::tanh),
        (Activation::Sigmoid, |x| 1.0 / (1.0 + (-x).exp())),
    ];
    for (activation, f) in cases {
        let expected = [logits([f(2.25), f(0.0)]), logits([f(2.75), f(-8.0)])].concat();
        let found = by_hand(activation, &device).forward(inputs.clone()).into_data();
        close(&found.try_into_vec::<f32>().unwrap(), &expected);
    }
    // ReLU leaves the hidden values [2.25, 0] and [2.75, 0], but negative logits as they are.
    let relu = by_hand(Activation::Relu, &device).forward(inputs.clone()).into_data();
    close(&relu.try_into_vec::<f32>().unwrap(), &[-5.5, -1.75, -4.5, -2.25]);
    // GELU(2.25) = 2.25 Phi(2.25), GELU(2.75) = 2.75 Phi(2.75), GELU(-8) = 0; Phi from tables.
    let gelu = by_hand(Activation::Gelu, &device).forward(inputs).into_data();
    let expected = [logits([2.25 * 0.987_775_5, 0.0]), logits([2.75 * 0.997_020_2, 0.0])].concat();
    close(&gelu.try_into_vec::<f32>().unwrap(), &expected);
}

#[test]
fn a_linear_model_has_no_activation() {
    let device = Device::flex();
    let network = Network::Linear(layer([[1.0, -2.0], [0.5, 0.25]], [0.0, -1.0], &device));
    let logits = network.forward(Tensor::from_data([[-2.0f32, 4.0]], &device)).into_data();
    close(&logits.try_into_vec::<f32>().unwrap(), &[0.0, 4.0]);
}

#[test]
fn cross_entropy_is_the_mean_negative_log_probability() {
    let device = Device::flex();
    let logits = Tensor::<2>::from_data([[0.0f32, 3f32.ln()], [1000.0, 0.0]], &device);
    let targets = Tensor::<1, Int>::from_data([1, 0], &device);
    // Probabilities 3/4 and 1: the second stays finite for large logits.
    let loss = cross_entropy(logits, targets).into_scalar::<f32>();
    assert!((loss - (4.0f32 / 3.0).ln() / 2.0).abs() < 1e-6, "{loss}");
}

#[test]
fn a_digest_tells_values_shapes_and_paths_apart() {
    let device = Device::flex();
    let network = |w: [[f32; 2]; 2], b: [f32; 2]| Network::Linear(layer(w, b, &device));
    let base = network([[1.0, 2.0], [3.0, 4.0]], [0.0, 0.0]);
    let found = digest(&base);
    assert_eq!(found, digest(&network([[1.0, 2.0], [3.0, 4.0]], [0.0, 0.0])));
    assert_eq!(found.len(), 32);
    let mut others = std::collections::BTreeSet::from([found]);
    others.insert(digest(&network([[1.0, 2.0], [3.0, 4.000_000_5]], [0.0, 0.0])));
    others.insert(digest(&network([[1.0, 3.0], [2.0, 4.0]], [0.0, 0.0])));
    others.insert(digest(&network([[1.0, 2.0], [3.0, 4.0]], [0.0, -0.0])));
    // The same bytes in another shape, and at another path.
    others.insert(digest(&Network::Linear(layer(
        [[1.0, 2.0, 3.0, 4.0]],
        [0.0, 0.0, 0.0, 0.0],
        &device,
    ))));
    let one_layer = vec![layer([[1.0, 2.0], [3.0, 4.0]], [0.0, 0.0], &device)];
    others.insert(digest(&Network::Mlp(MultiLayerPerceptron {
        layers: one_layer,
        norms: Vec::new(),
        activation: Activation::Relu,
        dropout: 0.0,
    })));
    assert_eq!(others.len(), 6);
}

#[test]
fn burn_trains_steps_give_loss_logits_and_gradients() {
    let device = Device::flex().autodiff();
    let network = by_hand(Activation::Relu, &device);
    let batch = Batch {
        inputs: Tensor::from_data([[1.0f32, 2.0], [3.0, -1.0]], &device),
        targets: Tensor::from_data([0, 1], &device),
    };
    let evaluated = InferenceStep::step(&network, batch.clone());
    // Logits as above: the margins of the wrong class are 3.75 and -2.25.
    let expected = ((1.0 + 3.75f32.exp()).ln() + (1.0 + (-2.25f32).exp()).ln()) / 2.0;
    let loss = evaluated.loss.into_scalar::<f32>();
    assert!((loss - expected).abs() < 1e-5, "{loss} for {expected}");

    let trained = TrainStep::step(&network, batch.clone());
    assert_eq!(trained.item.loss.into_scalar::<f32>(), loss);
    assert_eq!(trained.grads.len(), 4);

    let mut optimizer = SgdConfig::new().init();
    let before = digest(&network);
    let next = TrainStep::optimize(network, &mut optimizer, 0.1.into(), trained.grads);
    assert_ne!(before, digest(&next));
    assert!(InferenceStep::step(&next, batch).loss.into_scalar::<f32>() < loss);
}

#[test]
fn gradients_reach_every_parameter() {
    let device = Device::flex().autodiff();
    let network = build(&mlp(&[6, 5], Activation::Gelu), [1, 1, 4], 3, 0, &device);
    let inputs =
        Tensor::<2>::from_data([[0.5f32, -1.0, 2.0, 0.1], [1.5, 0.3, -0.7, -2.0]], &device);
    let targets = Tensor::<1, Int>::from_data([2, 0], &device);
    let gradients = GradientsParams::from_grads(
        cross_entropy(network.forward(inputs), targets).backward(),
        &network,
    );
    assert_eq!(gradients.len(), 6);
}
