//! The layers of a list, and a batch between them.
//!
//! `spec::model::layers` documents what each kind does and its source. Layers with windows are in
//! `window`; normalisation, dropout and activations have their own files at the top of the crate.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use spec::init::{Init, InitSpec};
use spec::model::layers::{self as listed, Window};
use spec::model::{Activation, Norm};
use spec::parameters::ParameterTable;

use super::window::{Convolution, Pool, Pooling};
use crate::activation::activate;
use crate::batch_norm::{self, BatchNorm};
use crate::dropout::dropout;
use crate::init::{self, Draws};
use crate::norm::{self, TokenNorm};

/// A layer. The variant's name is not part of parameter paths.
#[derive(Module, Debug)]
pub enum Layer {
    /// Convolution. Paths: `weight`, `bias`.
    Conv(Convolution),
    /// Maximum or mean of windows or whole maps.
    Pool(Pooling),
    /// Batch normalisation. Paths: `gamma`, `beta`, `running_mean`, `running_var`.
    BatchNorm(BatchNorm),
    /// Normalisation of all numbers of a sample. Paths: `gamma`, `beta`.
    LayerNorm(TokenNorm),
    /// Dropout.
    Dropout(DropoutLayer),
    /// Affine map of all numbers of a sample. Paths: `weight`, `bias`.
    Dense(Linear),
    /// An activation of each number.
    Pointwise(Pointwise),
    /// Reshapes numbers to maps.
    Reshape(Reshape),
    /// Sum of two branches.
    Residual(Residual),
}

/// Dropout, without parameters.
#[derive(Module, Debug)]
pub struct DropoutLayer {
    /// Probability of a zero.
    #[module(skip)]
    pub p: f64,
}

/// An activation of each number, without parameters.
#[derive(Module, Debug)]
pub struct Pointwise {
    /// The function.
    #[module(skip)]
    pub activation: Activation,
}

/// Reshapes numbers to maps, without parameters.
#[derive(Module, Debug)]
pub struct Reshape {
    /// Channels, height and width.
    #[module(skip)]
    pub shape: [usize; 3],
}

/// y = layers(x) + shortcut(x).
#[derive(Module, Debug)]
pub struct Residual {
    /// The main branch.
    pub layers: Vec<Layer>,
    /// The shortcut; empty for the identity.
    pub shortcut: Vec<Layer>,
}

/// A batch between two layers.
#[derive(Clone, Debug)]
pub enum Sample {
    /// `[batch, channels, height, width]`.
    Maps(Tensor<4>),
    /// `[batch, numbers]`.
    Flat(Tensor<2>),
}

impl Sample {
    /// Returns `[batch, numbers]`; maps are flattened by channels, then rows, then columns.
    pub(super) fn flat(self) -> Tensor<2> {
        match self {
            Sample::Maps(x) => x.flatten(1, 3),
            Sample::Flat(x) => x,
        }
    }

    /// Returns maps unchanged.
    ///
    /// # Panics
    /// If the batch is flat, after a dense layer: a plan refuses a layer of maps there.
    fn maps(self) -> Tensor<4> {
        match self {
            Sample::Maps(x) => x,
            Sample::Flat(x) => panic!("{:?} are no maps", x.dims()),
        }
    }
}

/// Builds a list of layers with the parameters of `table` at `<path>.<i>.`.
pub(super) fn build_all(
    layers: &[listed::Layer],
    path: &str,
    table: &ParameterTable,
    draws: Draws<'_>,
    device: &Device,
) -> Vec<Layer> {
    let each = layers.iter().enumerate();
    each.map(|(i, layer)| build(layer, &format!("{path}.{i}."), table, draws, device)).collect()
}

/// Builds a layer with the parameters of `table`; `path` ends with a dot.
fn build(
    layer: &listed::Layer,
    path: &str,
    table: &ParameterTable,
    draws: Draws<'_>,
    device: &Device,
) -> Layer {
    use listed::Layer as Listed;
    let pool = |pool: Pool, window: Option<Window>| Layer::Pool(Pooling { pool, window });
    let function = |activation: Activation| Layer::Pointwise(Pointwise { activation });
    match layer {
        Listed::Conv(p) => {
            let own = own_init(p.init, draws.init);
            let draws = Draws { init: &own, ..draws };
            let (weight, bias) = init::kernels(draws, table, path, device);
            Layer::Conv(Convolution { weight, bias, window: Window::of_conv(p) })
        }
        Listed::Dense(p) => {
            let own = own_init(p.init, draws.init);
            Layer::Dense(init::linear(Draws { init: &own, ..draws }, table, path, device))
        }
        Listed::MaxPool(p) => pool(Pool::Max, Some(Window::of_pool(p))),
        Listed::AvgPool(p) => pool(Pool::Mean, Some(Window::of_pool(p))),
        Listed::GlobalAvgPool(_) => pool(Pool::Mean, None),
        Listed::BatchNorm(_) => {
            let [features] = init::shape(table, &format!("{path}gamma"));
            Layer::BatchNorm(batch_norm::build(features, device))
        }
        Listed::LayerNorm(_) => Layer::LayerNorm(norm::build(Norm::Layer, table, path, device)),
        Listed::Dropout(p) => Layer::Dropout(DropoutLayer { p: p.p }),
        Listed::Reshape(p) => {
            let side = |i: usize| p.shape.get(i).map_or(1, |&side| side as usize);
            Layer::Reshape(Reshape { shape: [side(0), side(1), side(2)] })
        }
        Listed::Relu(_) => function(Activation::Relu),
        Listed::Tanh(_) => function(Activation::Tanh),
        Listed::Sigmoid(_) => function(Activation::Sigmoid),
        Listed::Gelu(_) => function(Activation::Gelu),
        Listed::Residual(p) => {
            let list = |name: &str, layers: &[Listed]| {
                build_all(layers, &format!("{path}{name}"), table, draws, device)
            };
            let (layers, shortcut) = (list("layers", &p.layers), list("shortcut", &p.shortcut));
            Layer::Residual(Residual { layers, shortcut })
        }
    }
}

/// Returns the distributions of a layer: its own for the weights if it has one, else the model's.
fn own_init(init: Init, of_model: &InitSpec) -> InitSpec {
    match init {
        Init::Default => of_model.clone(),
        init => InitSpec { init, ..of_model.clone() },
    }
}

/// Passes a batch through all layers of a list.
pub(super) fn through(layers: &[Layer], x: Sample) -> Sample {
    layers.iter().fold(x, |x, layer| layer.forward(x))
}

impl Layer {
    /// Passes a batch through the layer, which trains if the batch is on a device with autodiff.
    pub fn forward(&self, x: Sample) -> Sample {
        match (self, x) {
            (Layer::Conv(layer), x) => Sample::Maps(layer.forward(x.maps())),
            (Layer::Pool(layer), x) => Sample::Maps(layer.forward(x.maps())),
            (Layer::BatchNorm(layer), Sample::Maps(x)) => Sample::Maps(layer.forward(x)),
            (Layer::BatchNorm(layer), Sample::Flat(x)) => Sample::Flat(layer.forward(x)),
            (Layer::LayerNorm(layer), Sample::Maps(x)) => {
                let shape = x.dims();
                Sample::Maps(layer.forward::<2>(x.flatten(1, 3)).reshape(shape))
            }
            (Layer::LayerNorm(layer), Sample::Flat(x)) => Sample::Flat(layer.forward(x)),
            (Layer::Dropout(layer), Sample::Maps(x)) => Sample::Maps(dropout(layer.p, x)),
            (Layer::Dropout(layer), Sample::Flat(x)) => Sample::Flat(dropout(layer.p, x)),
            (Layer::Dense(layer), x) => Sample::Flat(layer.forward(x.flat())),
            (Layer::Pointwise(layer), Sample::Maps(x)) => {
                Sample::Maps(activate(layer.activation, x))
            }
            (Layer::Pointwise(layer), Sample::Flat(x)) => {
                Sample::Flat(activate(layer.activation, x))
            }
            (Layer::Reshape(layer), x) => {
                let (x, [channels, height, width]) = (x.flat(), layer.shape);
                let batch = x.dims()[0];
                Sample::Maps(x.reshape([batch, channels, height, width]))
            }
            (Layer::Residual(layer), x) => layer.forward(x),
        }
    }
}

impl Residual {
    /// Returns the sum of both branches.
    ///
    /// # Panics
    /// If the shapes of the branches differ: a plan refuses them.
    pub fn forward(&self, x: Sample) -> Sample {
        match (through(&self.layers, x.clone()), through(&self.shortcut, x)) {
            (Sample::Maps(a), Sample::Maps(b)) => Sample::Maps(a + b),
            (Sample::Flat(a), Sample::Flat(b)) => Sample::Flat(a + b),
            (a, b) => panic!("{a:?} and {b:?} have no sum"),
        }
    }
}
