//! Weights of networks of linear layers as host arrays, to and from the network, for steps that
//! need no graph.

use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::{Tensor, TensorData};

use crate::network::Network;

/// Weight `[inputs, outputs]`, row-major, and bias `[outputs]` of one layer.
pub type LayerWeights = (Vec<f32>, Vec<f32>);

impl Network {
    /// Reads the weights of [`Network::layers`] back from the device.
    ///
    /// # Panics
    /// If a parameter is not 32-bit float, which no model of the registry has.
    pub fn layer_weights(&self) -> Vec<LayerWeights> {
        let read = |data: TensorData| data.try_into_vec::<f32>().expect("32-bit floats");
        let bias = |layer: &Linear| layer.bias.as_ref().map(|b| read(b.val().into_data()));
        let weights = self
            .layers()
            .iter()
            .map(|layer| (read(layer.weight.val().into_data()), bias(layer).unwrap_or_default()));
        weights.collect()
    }

    /// Returns the network with these weights; parameters keep their ids.
    ///
    /// # Panics
    /// If the number of layers or their sizes differ.
    pub fn with_layer_weights(mut self, weights: Vec<LayerWeights>) -> Self {
        let layers = self.layers_mut();
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
