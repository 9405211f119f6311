//! The noisy quadratic model: a diagonal quadratic whose gradient has noise that follows the
//! curvature, and that a larger batch makes smaller.
//! loss = sum_i h_i p_i^2 / 2 + <n s, p - p'>  with p' the same numbers without a gradient
//! h_i = i^-exponent,  s_i = sqrt(noise h_i / batch_size)
//! Shapes: p, h and s are [dimensions]; n, the inputs, is [batch, dimensions], standard
//! normals drawn on the host; outputs are [batch, 1]. The noise n changes no value.
//! Defaults: 10,000 dimensions, exponent 1, noise 1, a batch of 1, p begins at 1.
//! Source: Zhang et al. 2019 (arXiv 1907.04164), section 3: H and C diagonal with h_i = c_i = 1/i.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};
use spec::model::NoisyQuadratic;
use spec::parameters::ParameterTable;

use super::Model;
use crate::init;

/// The module. Parameter path: `position`.
#[derive(Module, Debug)]
pub struct NoisyQuadraticModel {
    /// p, `[dimensions]`.
    pub position: Param<Tensor<1>>,
    /// Curvature of each variable, `[dimensions]`.
    #[module(skip)]
    pub curvature: Tensor<1>,
    /// Deviation of the noise on each component of the gradient, `[dimensions]`.
    #[module(skip)]
    pub deviation: Tensor<1>,
    /// Exponent of the curvatures: h_i = i^-exponent.
    #[module(skip)]
    pub exponent: f64,
}

/// Returns the curvature of variable `i`, from 1.
fn curvature(exponent: f64, i: usize) -> f64 {
    (i as f64).powf(-exponent)
}

/// Builds the model at its start, with the variables of `table`.
pub fn build(
    spec: &NoisyQuadratic,
    table: &ParameterTable,
    device: &Device,
) -> NoisyQuadraticModel {
    let position = init::constant(table, "position", spec.start, device);
    let n = position.val().dims()[0];
    let still = device.clone().inner();
    let tensor = |value: &dyn Fn(f64) -> f64| {
        let values = (1..=n).map(|i| value(curvature(spec.exponent, i)) as f32).collect();
        Tensor::from_data(TensorData::new::<f32, _>(values, [n]), &still)
    };
    NoisyQuadraticModel {
        position,
        curvature: tensor(&|h| h),
        deviation: tensor(&|h| (spec.noise * h / spec.batch_size as f64).sqrt()),
        exponent: spec.exponent,
    }
}

impl Model for NoisyQuadraticModel {
    /// Returns the value, `[batch, 1]`, once for each row of `noise` (`[batch, dimensions]`), which
    /// is added to the gradient in units of the deviation.
    fn forward(&self, noise: Tensor<2>) -> Tensor<2> {
        let position = self.position.val();
        let n = position.dims()[0];
        let still = position.clone().detach();
        let value = (position.clone() * position.clone() * self.curvature.clone()).sum();
        let pull = (noise * self.deviation.clone().unsqueeze::<2>())
            .matmul((position - still).reshape([n, 1]));
        pull + value.mul_scalar(0.5).reshape([1, 1])
    }

    /// Returns the value at the position, summed in 64-bit floats.
    ///
    /// # Panics
    /// If the device does not return the position.
    fn value(&self) -> Option<f64> {
        let position = self.position.val().into_data();
        let position = position.try_into_vec::<f32>().expect("32-bit floats");
        let each = position.iter().enumerate();
        let of =
            |(i, p): (usize, &f32)| 0.5 * curvature(self.exponent, i + 1) * f64::from(*p).powi(2);
        Some(each.map(of).sum())
    }
}
