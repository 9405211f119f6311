//! Network of listed layers.
//! x_0 = x;  x_i = L_i(x_{i-1}) for each layer of the list (see `layer`);  logits = x_n W + b
//! A residual layer has two lists of its own: y = L_m(.. L_1(x)) + S_k(.. S_1(x)), where an empty S
//! is the identity.
//! Shapes: x is [batch, channels, height, width] from the input on and [batch, numbers] after the
//! first dense layer; W is [numbers, outputs], logits are [batch, outputs]. Where numbers are
//! needed, maps are flattened by channels, then rows, then columns.
//! Initial values: PyTorch's defaults unless `[model] init` or a layer's `init` asks for others.
//! Source: torch.nn.Sequential; He, Zhang, Ren and Sun 2015, arXiv:1512.03385, for the residuals.

mod layer;
mod window;

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use spec::model::layers::LayerList;
use spec::parameters::ParameterTable;

use super::Model;
use crate::init::{self, Draws};
use layer::through;
pub use layer::{DropoutLayer, Layer, Pointwise, Reshape, Residual, Sample};
pub use window::{Convolution, Pool, Pooling};

/// The module. Parameter paths: `layers.<i>.*` by the number of the layer in its list, `head.*`.
#[derive(Module, Debug)]
pub struct LayeredNetwork {
    /// The layers of the list.
    pub layers: Vec<Layer>,
    /// W and b.
    pub head: Linear,
    /// Channels, height and width of an input.
    #[module(skip)]
    pub shape: [usize; 3],
    /// Number of floats of one sample at the widest layer.
    #[module(skip)]
    pub widest: usize,
}

/// Builds the module with the parameters of `table` for inputs of `shape` (channels, height,
/// width).
///
/// # Panics
/// If a layer does not fit its input: a plan refuses such a list.
pub fn build(
    spec: &LayerList,
    shape: [usize; 3],
    table: &ParameterTable,
    draws: Draws<'_>,
    device: &Device,
) -> LayeredNetwork {
    let outputs = init::shape::<2>(table, "head.weight")[1];
    let passed = spec.pass(shape, outputs).unwrap_or_else(|unfit| panic!("{unfit}"));
    LayeredNetwork {
        layers: layer::build_all(&spec.layers, "layers", table, draws, device),
        head: init::linear(draws, table, "head.", device),
        shape,
        widest: passed.widest,
    }
}

impl Model for LayeredNetwork {
    /// Returns logits `[batch, outputs]` for flattened inputs `[batch, channels * height * width]`.
    /// If the parameters are on a device with autodiff, dropout acts and batch normalisation uses
    /// the batch's statistics.
    fn forward(&self, inputs: Tensor<2>) -> Tensor<2> {
        let [channels, height, width] = self.shape;
        let [batch, _] = inputs.dims();
        let maps = inputs.reshape([batch, channels, height, width]);
        // Data are on the plain device, but layers before the first parameter must see that the
        // network trains.
        let maps = if self.head.weight.val().is_autodiff() { maps.autodiff() } else { maps };
        self.head.forward(through(&self.layers, Sample::Maps(maps)).flat())
    }

    fn numbers_a_sample(&self) -> usize {
        self.widest.max(1)
    }
}
