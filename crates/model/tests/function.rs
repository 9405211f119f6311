//! Tests of landscapes as models: Burn's value and gradient equal those of `spec`, noise is added
//! to the gradient only, and the start follows from the seed.

use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};
use model::{Landscape, Network};
use spec::ModelSpec;
use spec::landscape::{Function, Position};
use spec::model::FunctionModel;

fn spec(function: Function, [start_x, start_y]: Position, start_jitter: f64) -> ModelSpec {
    ModelSpec::Function(FunctionModel { function, start_x, start_y, start_jitter, noise: 0.0 })
}

fn network(spec: &ModelSpec, seed: u64) -> Network {
    model::build(spec, [1, 1, 2], 0, seed, &Device::flex().autodiff())
}

fn landscape(network: &Network) -> &Landscape {
    let Network::Function(landscape) = network else { panic!("{network:?}") };
    landscape
}

/// Returns the mean of the outputs and its gradient, under rows of noise.
fn look(network: &Network, noise: &[[f32; 2]]) -> (f64, [f64; 2]) {
    let rows = TensorData::new(noise.concat(), [noise.len(), 2]);
    let loss = network.forward(Tensor::from_data(rows, &Device::flex())).mean();
    let value = f64::from(loss.clone().into_scalar::<f32>());
    let gradients = GradientsParams::from_grads(loss.backward(), network);
    let gradient = gradients.get::<1>(landscape(network).position.id).unwrap();
    let gradient: Vec<f32> = gradient.into_data().iter::<f32>().collect();
    (value, [f64::from(gradient[0]), f64::from(gradient[1])])
}

#[test]
fn value_and_gradient_are_those_of_the_formula() {
    for &function in Function::ALL {
        let [low, high] = function.info().domain;
        for i in 0..49u32 {
            let part = |i: u32| (f64::from(i) + 0.31) / 7.0;
            let at = [
                f64::from((low[0] + (high[0] - low[0]) * part(i % 7)) as f32),
                f64::from((low[1] + (high[1] - low[1]) * part(i / 7)) as f32),
            ];
            let network = network(&spec(function, at, 0.0), 0);
            assert_eq!(landscape(&network).at(), at);
            assert_eq!(network.value(), Some(function.value(at)));
            let (value, gradient) = look(&network, &[[0.0, 0.0]]);
            let exact = function.gradient(at);
            // Terms of a sum cancel: the remainder is as exact as the terms were.
            let near = |a: f64, b: f64, size: f64| (a - b).abs() <= 4e-6 * size.max(20.0);
            assert!(near(value, function.value(at), value.abs()), "{function} {at:?} {value}");
            let size = exact[0].abs().max(exact[1].abs()) + value.abs();
            for (a, b) in gradient.into_iter().zip(exact) {
                assert!(near(a, b, size), "{function} {at:?}: {gradient:?} is not {exact:?}");
            }
        }
    }
}

#[test]
fn noise_is_added_to_the_gradient_and_to_nothing_else() {
    let network = network(&spec(Function::Himmelblau, [1.0, -2.0], 0.0), 0);
    let (value, gradient) = look(&network, &[[0.0, 0.0]]);
    // With several rows the mean counts, as in any batch.
    let (noisy, pulled) = look(&network, &[[3.0, -1.0], [5.0, 0.5]]);
    assert_eq!(value, noisy);
    assert_eq!(pulled, [gradient[0] + 4.0, gradient[1] - 0.25]);
}

#[test]
fn the_start_is_the_seeds_own_where_it_jitters() {
    let start = [0.5, -0.25];
    let at = |seed, jitter| landscape(&network(&spec(Function::Ravine, start, jitter), seed)).at();
    assert_eq!(at(1, 0.0), start);
    assert_eq!(at(1, 0.0), at(2, 0.0));
    assert_eq!(at(1, 0.1), at(1, 0.1));
    assert_ne!(at(1, 0.1), at(2, 0.1));
    let far = (0..200).flat_map(|seed| {
        let [x, y] = at(seed, 0.1);
        [(x - 0.5).abs(), (y + 0.25).abs()]
    });
    let most = far.fold(0.0, f64::max);
    assert!((0.09..=0.1000001).contains(&most), "{most}");
}
