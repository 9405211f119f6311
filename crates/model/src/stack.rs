//! Networks that are nothing but linear layers with an activation between: their
//! weights as host arrays, there and back, for steps that need no graph.

use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::{Tensor, TensorData};
use spec::model::{Activation, ModelSpec};

use crate::network::Network;

/// Weight `[inputs, outputs]`, row-major, and bias `[outputs]` of one layer.
pub type LayerWeights = (Vec<f32>, Vec<f32>);

/// Whether a model is such a stack with ReLU between its layers, without dropout and
/// normalisation. A linear model is one layer.
pub fn is_relu_stack(spec: &ModelSpec) -> bool {
    match spec {
        ModelSpec::Linear(_) => true,
        ModelSpec::Mlp(p) => p.activation == Activation::Relu && p.dropout == 0.0 && !p.batch_norm,
        ModelSpec::Cnn(_)
        | ModelSpec::Function(_)
        | ModelSpec::Quadratic(_)
        | ModelSpec::NoisyQuadratic(_) => false,
    }
}

impl Network {
    /// The linear layers, from the input on; none of other networks.
    pub fn layers(&self) -> &[Linear] {
        match self {
            Network::Linear(layer) => std::slice::from_ref(layer),
            Network::Mlp(mlp) => &mlp.layers,
            _ => &[],
        }
    }

    /// The weights of [`Network::layers`], read back from the device.
    ///
    /// # Panics
    /// If a parameter is not 32-bit float: no model of the registry has one.
    pub fn layer_weights(&self) -> Vec<LayerWeights> {
        let read = |data: TensorData| data.try_into_vec::<f32>().expect("32-bit floats");
        let bias = |layer: &Linear| layer.bias.as_ref().map(|b| read(b.val().into_data()));
        let weights = self
            .layers()
            .iter()
            .map(|layer| (read(layer.weight.val().into_data()), bias(layer).unwrap_or_default()));
        weights.collect()
    }

    /// The same network with these weights; parameters keep their ids.
    ///
    /// # Panics
    /// If there are not as many layers, or not of these sizes.
    pub fn with_layer_weights(mut self, weights: Vec<LayerWeights>) -> Self {
        let layers = match &mut self {
            Network::Linear(layer) => std::slice::from_mut(layer),
            Network::Mlp(mlp) => &mut mlp.layers[..],
            _ => &mut [],
        };
        assert_eq!(layers.len(), weights.len());
        for (layer, (weight, bias)) in layers.iter_mut().zip(weights) {
            layer.weight = replaced(layer.weight.clone(), weight);
            layer.bias = layer.bias.take().map(|old| replaced(old, bias));
        }
        self
    }
}

fn replaced<const D: usize>(param: Param<Tensor<D>>, values: Vec<f32>) -> Param<Tensor<D>> {
    let (id, old, mapper) = param.consume();
    let device = old.device().inner();
    let data = TensorData::new(values, old.shape());
    let mut tensor = Tensor::from_inner(Tensor::from_data(data, &device));
    if old.is_require_grad() {
        tensor = tensor.require_grad();
    }
    Param::from_mapped_value(id, tensor, mapper)
}
