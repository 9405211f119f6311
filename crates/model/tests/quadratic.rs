//! Tests that values and gradients of quadratics equal those of their formulas.

use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};
use model::Network;
use spec::ModelSpec;
use spec::model::{NoisyQuadratic, Quadratic};

fn network(spec: &ModelSpec, features: usize) -> Network {
    model::build(spec, [1, 1, features], 1, 0, &Device::flex().autodiff())
}

/// Returns the mean of the outputs of these samples, and its gradient.
fn look(network: &Network, samples: &[&[f32]]) -> (f64, Vec<f32>) {
    let rows = TensorData::new(samples.concat(), [samples.len(), samples[0].len()]);
    let loss = network.forward(Tensor::from_data(rows, &Device::flex())).mean();
    let value = f64::from(loss.clone().into_scalar::<f32>());
    let gradients = GradientsParams::from_grads(loss.backward(), network);
    let id = match network {
        Network::Quadratic(form) => form.position.id,
        Network::NoisyQuadratic(form) => form.position.id,
        other => panic!("{other:?}"),
    };
    (value, gradients.get::<1>(id).unwrap().into_data().iter::<f32>().collect())
}

#[test]
fn a_quadratic_is_half_of_its_form_averaged_over_the_samples() {
    let spec = ModelSpec::Quadratic(Quadratic { start: 1.0 });
    let samples: [&[f32]; 2] = [&[0.0, 0.0], &[2.0, -1.0]];
    // (1, 1) and (-1, 2) away: squares 2 and 5, halved and averaged.
    assert_eq!(look(&network(&spec, 2), &samples), (1.75, vec![0.0, 1.5]));
    let with_matrix = network(&spec, 2).with_matrix(Some(&[2.0, 1.0, 1.0, 3.0]));
    // 2 + 2 + 3 = 7 and 2 - 4 + 12 = 10; the gradient is Q times the mean (0, 1.5).
    assert_eq!(look(&with_matrix, &samples), (4.25, vec![1.5, 4.5]));
}

#[test]
fn noise_is_added_to_the_gradient_as_its_curvature_and_batch_size_say() {
    let of = |batch_size: u64| {
        let spec =
            NoisyQuadratic { dimensions: 4, exponent: 1.0, noise: 9.0, batch_size, start: 2.0 };
        network(&ModelSpec::NoisyQuadratic(spec), 4)
    };
    let (value, gradient) = look(&of(1), &[&[0.0; 4]]);
    assert!((value - 2.0 * (1.0 + 0.5 + 1.0 / 3.0 + 0.25)).abs() < 1e-6, "{value}");
    assert_eq!(of(1).value(), Some(2.0 * (1.0 + 0.5 + 1.0 / 3.0 + 0.25)));
    let near = |a: &[f32], b: [f32; 4]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6);
    assert!(near(&gradient, [2.0, 1.0, 2.0 / 3.0, 0.5]), "{gradient:?}");
    // Deviations 3 / sqrt(i), and half of that in a batch of 4.
    let (same, noisy) = look(&of(1), &[&[1.0, 0.0, 0.0, -1.0]]);
    assert_eq!(same, value);
    assert!(near(&noisy, [5.0, 1.0, 2.0 / 3.0, -1.0]), "{noisy:?}");
    let (_, noisy) = look(&of(4), &[&[1.0, 0.0, 0.0, -1.0]]);
    assert!(near(&noisy, [3.5, 1.0, 2.0 / 3.0, -0.25]), "{noisy:?}");
}
