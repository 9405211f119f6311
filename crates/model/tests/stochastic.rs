//! Tests of layers that differ between training and evaluation, and of the convolutional network's
//! parameters, on the flex backend.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Device, Tensor, TensorData};
use model::batch_norm;
use model::{MultiLayerPerceptron, Network, build, digest, parameters};
use spec::ModelSpec;
use spec::model::{Activation, Cnn, Mlp};

fn values(tensor: Tensor<2>) -> Vec<f32> {
    tensor.into_data().try_into_vec::<f32>().unwrap()
}

/// Builds a network that sums `n` hidden units, each of which equals the input.
fn sum_of(n: usize, dropout: f64, device: &Device) -> Network {
    let layer = |inputs: usize, outputs: usize| Linear {
        weight: Param::from_data(
            TensorData::new(vec![1f32; inputs * outputs], [inputs, outputs]),
            device,
        ),
        bias: None,
    };
    Network::Mlp(MultiLayerPerceptron {
        layers: vec![layer(1, n), layer(n, 1)],
        norms: Vec::new(),
        activation: Activation::Relu,
        dropout,
    })
}

#[test]
fn dropout_zeroes_its_share_and_grows_the_rest_in_training_alone() {
    let device = Device::flex().autodiff();
    let one = Tensor::<2>::from_data([[1f32]], &Device::flex());
    let network = sum_of(4_000, 0.25, &device);
    Device::flex().seed(7);
    let first = values(network.forward(one.clone()))[0];
    let second = values(network.forward(one.clone()))[0];
    Device::flex().seed(7);
    assert_eq!(first, values(network.forward(one.clone()))[0], "the generator decides");
    assert_ne!(first, second);
    // Kept units count 4/3: their number is binomial with deviation 27.4.
    for sum in [first, second] {
        let kept = sum * 0.75;
        assert!((kept - kept.round()).abs() < 0.01 && (kept - 3_000.0).abs() < 150.0, "{kept}");
    }
    assert_eq!(values(network.valid().forward(one.clone())), [4_000.0]);
    // On a device without autodiff nothing trains.
    assert_eq!(values(sum_of(10, 0.25, &Device::flex()).forward(one)), [10.0]);
}

#[test]
fn the_network_of_the_outputs_keeps_every_unit() {
    // Dropout follows hidden layers: without one there is nothing to drop.
    let spec = Mlp { hidden: vec![], activation: Activation::Relu, dropout: 0.9, batch_norm: true };
    let network = build(&ModelSpec::Mlp(spec), [1, 1, 2], 2, 0, &Device::flex().autodiff());
    let x = Tensor::<2>::from_data([[1f32, -2.0]], &Device::flex());
    let found = values(network.forward(x.clone()));
    assert_eq!(found, values(network.valid().forward(x)));
    assert_eq!(parameters(&network).len(), 2);
}

#[test]
fn running_statistics_are_written_at_once_and_digested() {
    let device = Device::flex().autodiff();
    let spec =
        Mlp { hidden: vec![3], activation: Activation::Tanh, dropout: 0.0, batch_norm: true };
    let network = build(&ModelSpec::Mlp(spec), [1, 1, 2], 2, 0, &device);
    let paths: Vec<String> = parameters(&network).into_iter().map(|p| p.0).collect();
    let norm = ["beta", "gamma", "running_mean", "running_var"].map(|p| format!("norms.0.{p}"));
    assert_eq!(paths[4..], norm);
    let before = digest(&network);
    let x = Tensor::<2>::from_data([[1f32, 2.0], [3.0, -1.0]], &Device::flex());
    network.forward(x.clone());
    let after = digest(&network);
    assert_ne!(before, after);
    // A record, as in a checkpoint, holds them, too.
    let other = build(
        &ModelSpec::Mlp(Mlp {
            hidden: vec![3],
            activation: Activation::Tanh,
            dropout: 0.0,
            batch_norm: true,
        }),
        [1, 1, 2],
        2,
        5,
        &device,
    );
    let other = other.load_record(network.clone().into_record());
    assert_eq!(digest(&other), after);
    // Evaluation uses them and leaves them alone.
    network.valid().forward(x);
    assert_eq!(digest(&network), after);
}

#[test]
fn a_batch_of_one_has_no_variance() {
    let device = Device::flex().autodiff();
    let norm = batch_norm::build(2, &device);
    let one = Tensor::<2>::from_data([[3f32, -4.0]], &device);
    let found = values(norm.forward(one));
    // The initial mean 0 and variance 1 apply.
    assert!((found[0] - 3.0).abs() < 1e-4 && (found[1] + 4.0).abs() < 1e-4, "{found:?}");
    let kept = norm.running_mean.value().into_data().try_into_vec::<f32>().unwrap();
    assert_eq!(kept, [0.0, 0.0]);
}

fn lenet() -> Cnn {
    Cnn {
        channels: vec![6, 16],
        kernel: 5,
        padding: 2,
        hidden: vec![120, 84],
        activation: Activation::Relu,
    }
}

#[test]
fn the_convolutional_networks_parameters_are_pytorchs() {
    for (shape, flat) in
        [([1, 28, 28], 16 * 7 * 7), ([3, 32, 32], 16 * 8 * 8), ([1, 8, 8], 16 * 2 * 2)]
    {
        let network = build(&ModelSpec::Cnn(lenet()), shape, 10, 3, &Device::flex());
        let found = parameters(&network);
        let expected: [(&str, Vec<usize>, usize); 10] = [
            ("convolutions.0.bias", vec![6], shape[0] * 25),
            ("convolutions.0.weight", vec![6, shape[0], 5, 5], shape[0] * 25),
            ("convolutions.1.bias", vec![16], 150),
            ("convolutions.1.weight", vec![16, 6, 5, 5], 150),
            ("layers.0.bias", vec![120], flat),
            ("layers.0.weight", vec![flat, 120], flat),
            ("layers.1.bias", vec![84], 120),
            ("layers.1.weight", vec![120, 84], 120),
            ("layers.2.bias", vec![10], 84),
            ("layers.2.weight", vec![84, 10], 84),
        ];
        for ((path, shape, values), (name, dims, fan_in)) in found.iter().zip(expected) {
            assert_eq!((path.as_str(), shape), (name, &dims));
            let k = 1.0 / (fan_in as f32).sqrt();
            assert!(
                values.iter().all(|v| v.abs() <= k) && values.iter().any(|v| v.abs() > 0.5 * k),
                "{path}"
            );
        }
        assert_eq!(found.len(), 10);
        let n: usize = shape.iter().product();
        let x = Tensor::<2>::ones([3, n], &Device::flex());
        assert_eq!(network.forward(x).dims(), [3, 10]);
    }
}

#[test]
fn a_convolutions_weights_are_a_stream_of_their_own() {
    let of = |hidden: &[u64], seed| {
        let spec = Cnn { hidden: hidden.to_vec(), ..lenet() };
        parameters(&build(&ModelSpec::Cnn(spec), [1, 8, 8], 10, seed, &Device::flex()))
    };
    assert_eq!(of(&[120, 84], 1)[..4], of(&[10], 1)[..4]);
    assert_ne!(of(&[120, 84], 1)[1], of(&[120, 84], 2)[1]);
    let drawn = model::init::uniform(1, "convolutions.0.weight", 25, 150);
    assert_eq!(of(&[10], 1)[1].2, drawn);
}
