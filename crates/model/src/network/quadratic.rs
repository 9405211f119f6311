//! A quadratic over samples in place of a network: a position that moves towards them.
//! output of a sample x = (p - x)^T Q (p - x) / 2
//! Shapes: p is [features], x a row of [batch, features], Q is [features, features] and
//! symmetric, outputs are [batch, 1]. The loss `value` is their mean over the batch.
//! Defaults: p begins at 1 in every variable; Q is the identity where the data have no matrix.
//! Source: DeepOBS, `quadratic_deep` (Schneider, Balles and Hennig 2019), whose matrix and
//! samples are in `data/quadratic-deep/`.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};
use spec::model::Quadratic;
use spec::parameters::ParameterTable;

use super::Model;
use crate::init;

/// The module. Parameter path: `position`.
#[derive(Module, Debug)]
pub struct QuadraticForm {
    /// p, `[features]`.
    pub position: Param<Tensor<1>>,
    /// Q, `[features, features]`; `None` is the identity.
    #[module(skip)]
    pub matrix: Option<Tensor<2>>,
}

/// Builds the form at its start, with the identity as its matrix and the variables of `table`.
pub fn build(spec: &Quadratic, table: &ParameterTable, device: &Device) -> QuadraticForm {
    let position = init::constant(table, "position", spec.start, device);
    QuadraticForm { position, matrix: None }
}

impl Model for QuadraticForm {
    /// Returns the value of each sample, `[batch, 1]`, for samples `[batch, features]`.
    fn forward(&self, samples: Tensor<2>) -> Tensor<2> {
        let away = self.position.val().unsqueeze::<2>() - samples;
        let pulled = match &self.matrix {
            Some(matrix) => away.clone().matmul(matrix.clone()),
            None => away.clone(),
        };
        (away * pulled).sum_dim(1).mul_scalar(0.5)
    }

    /// Sets the matrix from `features * features` values in row-major order.
    ///
    /// # Panics
    /// If the number of values differs.
    fn set_matrix(&mut self, values: &[f32]) {
        let n = self.position.val().dims()[0];
        let device = self.position.val().device().inner();
        self.matrix = Some(Tensor::from_data(TensorData::new(values.to_vec(), [n, n]), &device));
    }
}
