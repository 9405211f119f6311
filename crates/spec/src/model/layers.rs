//! Networks as data: the kinds of layers that a sweep file lists, their keys, and their stored
//! form. Shapes depend only on the list and the dataset; see [`shapes`].
//!
//! Stored forms omit a key at its default, so that a list keeps its id when a kind of layer gets
//! another key.

mod shapes;
mod window;

use serde::{Deserialize, Serialize};

use super::{Activation, ModelKind};
use crate::init::Init;
use crate::parameters::ParameterTable;
use crate::params::{ParamType, ParamValue, Value, params, registry};
pub use shapes::{LayerPath, Passed, Unfit, path_text};
pub use window::{Extent, Window};

/// Largest number of layers in a network, including those inside residual layers.
pub const MOST_LAYERS: usize = 1_000;
/// Largest nesting depth of residual layers.
pub const MOST_DEPTH: usize = 8;
/// Largest number of parameters in a network.
pub const MOST_PARAMETERS: usize = 1_000_000_000;
/// Largest number of values of one sample between two layers.
pub const MOST_NUMBERS: usize = 100_000_000;

/// Stride of windows, in positions; default 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Stride(pub u64);

impl Default for Stride {
    fn default() -> Self {
        Stride(1)
    }
}

impl ParamValue for Stride {
    const TYPE: ParamType = ParamType::Int;

    fn from_value(value: &Value) -> Option<Self> {
        u64::from_value(value).map(Stride)
    }

    fn to_value(&self) -> Value {
        self.0.to_value()
    }
}

/// Whether a layer adds a bias; default true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bias(pub bool);

impl Default for Bias {
    fn default() -> Self {
        Bias(true)
    }
}

impl ParamValue for Bias {
    const TYPE: ParamType = ParamType::Bool;

    fn from_value(value: &Value) -> Option<Self> {
        bool::from_value(value).map(Bias)
    }

    fn to_value(&self) -> Value {
        self.0.to_value()
    }
}

/// Rows and columns that are added around maps before windows slide over them; default 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Padding {
    /// This number of rows and columns on every side.
    Each(u64),
    /// The number that gives ceil(n / stride) outputs for n inputs, an odd one at the end, as in
    /// TensorFlow.
    Same(Same),
}

/// The stored form of [`Padding::Same`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Same {
    /// `same`.
    #[serde(rename = "same")]
    Same,
}

impl Padding {
    /// The text of [`Padding::Same`] in a sweep file.
    pub const SAME: &'static str = "same";
    /// Smallest and largest number of [`Padding::Each`].
    pub const EACH: (f64, f64) = (0.0, 62.0);
}

impl Default for Padding {
    fn default() -> Self {
        Padding::Each(0)
    }
}

impl ParamValue for Padding {
    const TYPE: ParamType = ParamType::Own("whole number, or \"same\"");

    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Text(word) if word == Self::SAME => Some(Padding::Same(Same::Same)),
            other => u64::from_value(other).map(Padding::Each),
        }
    }

    fn to_value(&self) -> Value {
        match self {
            Padding::Each(n) => n.to_value(),
            Padding::Same(_) => Value::Text(Self::SAME.to_owned()),
        }
    }
}

params! {
    /// A convolution over maps.
    ConvLayer {
        /// Number of output channels.
        channels: u64 = required, Within(1.0, 1e5);
        /// Height and width of the kernel.
        kernel: u64 = required, Within(1.0, 63.0);
        later {
            /// Step from one window to the next, in rows and columns.
            stride: Stride, Within(1.0, 63.0);
            /// Rows and columns of zeros on every side of each map, or "same" for ceil(n / stride)
            /// outputs of n inputs, an odd one at the end (TensorFlow).
            padding: Padding, Any;
            /// Whether each output channel has a bias.
            bias: Bias, Any;
            /// Distribution of the initial weights; `default` uses that of [model].
            init: Init, Any;
        }
    }
}

params! {
    /// Pooling over windows of each map.
    PoolLayer {
        /// Height and width of the window.
        size: u64 = required, Within(1.0, 1e4);
        later {
            /// Step from one window to the next, in rows and columns; 0 = the size.
            stride: u64, Within(0.0, 1e4);
            /// Padding of each map, as for `conv`; a maximum ignores it, a mean counts it as zeros,
            /// or ignores it if it is "same".
            padding: Padding, Any;
        }
    }
}

params! {
    /// A layer without keys besides `kind`.
    PlainLayer {}
}

params! {
    /// Dropout.
    DropoutLayer {
        /// Probability that a value is set to zero in training; the others are divided by 1 - p; 0
        /// = off.
        p: f64 = value(0.5), BelowOne;
    }
}

params! {
    /// An affine map of all values of a sample.
    DenseLayer {
        /// Number of outputs.
        units: u64 = required, Within(1.0, 1e6);
        later {
            /// Whether each output has a bias.
            bias: Bias, Any;
            /// Distribution of the initial weights; `default` uses that of [model].
            init: Init, Any;
        }
    }
}

params! {
    /// A reshape of a row of values into maps.
    ReshapeLayer {
        /// Channels, height and width of the result.
        shape: Vec<u64> = required, Within(1.0, 1e8);
    }
}

params! {
    /// A sum of two branches.
    ResidualLayer {
        /// Layers of the main branch.
        layers: Vec<Layer> = required, Any;
        later {
            /// Layers of the shortcut branch; an empty list is the identity.
            shortcut: Vec<Layer>, Any;
        }
    }
}

registry! {
    /// A layer of a listed network.
    Layer {
        /// Convolution over maps of channels x height x width.
        Conv(ConvLayer) = "conv" from "torch.nn.Conv2d",
        /// Largest value of each window.
        MaxPool(PoolLayer) = "max-pool" from "torch.nn.MaxPool2d",
        /// Mean of each window.
        AvgPool(PoolLayer) = "avg-pool" from "torch.nn.AvgPool2d",
        /// Mean of each map.
        GlobalAvgPool(PlainLayer) = "global-avg-pool" from "torch.nn.AdaptiveAvgPool2d(1)",
        /// Normalisation of each map (each value after a dense layer) by its mean and deviation
        /// over the batch, in evaluation by running averages; then times gamma, plus beta.
        BatchNorm(PlainLayer) = "batch-norm" from "torch.nn.BatchNorm2d, torch.nn.BatchNorm1d",
        /// Normalisation of all values of a sample by their mean and deviation; then times gamma,
        /// plus beta.
        LayerNorm(PlainLayer) = "layer-norm" from "torch.nn.LayerNorm over all dimensions of a sample",
        /// Values set to zero at random in training.
        Dropout(DropoutLayer) = "dropout" from "torch.nn.Dropout",
        /// Affine map of all values of a sample; maps are flattened by channels, rows and columns.
        Dense(DenseLayer) = "dense" from "torch.nn.Linear",
        /// Reshape of a row of values into maps, which own data needs before a convolution.
        Reshape(ReshapeLayer) = "reshape" from "torch.nn.Unflatten",
        /// max(0, x).
        Relu(PlainLayer) = "relu" from "torch.nn.ReLU",
        /// The hyperbolic tangent.
        Tanh(PlainLayer) = "tanh" from "torch.nn.Tanh",
        /// 1 / (1 + exp(-x)).
        Sigmoid(PlainLayer) = "sigmoid" from "torch.nn.Sigmoid",
        /// x times the standard normal distribution function of x (exact GELU).
        Gelu(PlainLayer) = "gelu" from "torch.nn.GELU",
        /// Sum of two branches of the same shape: layers(x) + shortcut(x).
        Residual(ResidualLayer) = "residual" from "He et al. 2015, Deep Residual Learning for Image Recognition (arXiv 1512.03385)",
    }
}

impl Layer {
    /// Returns the activation function; `None` for layers that are not one of [`Activation`].
    pub fn activation(&self) -> Option<Activation> {
        Activation::from_name(self.kind())
    }

    /// Returns the layer in its canonical form: a pooling stride equal to the size becomes 0, the
    /// default.
    #[must_use]
    pub fn normal(mut self) -> Self {
        if let Layer::MaxPool(p) | Layer::AvgPool(p) = &mut self
            && p.stride == p.size
        {
            p.stride = 0;
        }
        self
    }

    /// Returns the largest dropout probability within the layer; 0 without dropout.
    fn dropout(&self) -> f64 {
        match self {
            Layer::Dropout(p) => p.p,
            Layer::Residual(p) => most_dropout(&p.layers).max(most_dropout(&p.shortcut)),
            _ => 0.0,
        }
    }
}

fn most_dropout(layers: &[Layer]) -> f64 {
    layers.iter().map(Layer::dropout).fold(0.0, f64::max)
}

impl ParamValue for Vec<Layer> {
    const TYPE: ParamType = ParamType::Layers;

    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Text(text) => serde_json::from_str(text).ok(),
            _ => None,
        }
    }

    /// Returns JSON text, since a column holds scalars.
    fn to_value(&self) -> Value {
        Value::Text(serde_json::to_string(self).expect("names and numbers"))
    }
}

params! {
    /// A network of the layers that the sweep file lists.
    LayerList {
        /// Layers in the order of the forward pass, each a table with its `kind`; a dense layer to
        /// the outputs follows them.
        layers: Vec<Layer> = required, Any;
    }
}

impl ModelKind for LayerList {
    /// Returns the parameters of all layers, or of those before the first that does not fit.
    fn table(&self, shape: [usize; 3], outputs: usize) -> ParameterTable {
        shapes::walk(&self.layers, shape, outputs).0
    }

    fn check(&self, shape: [usize; 3]) -> Result<(), (&'static str, String)> {
        // The head has at least one output, whatever the data.
        self.pass(shape, 1).map(drop).map_err(|unfit| ("layers", unfit.to_string()))
    }

    fn dropout(&self) -> f64 {
        most_dropout(&self.layers)
    }
}

impl LayerList {
    /// Passes a sample of `shape` (channels, height, width) through the layers to `outputs` values.
    ///
    /// # Errors
    /// Returns the first layer whose input does not fit, or that exceeds a limit of size.
    pub fn pass(&self, shape: [usize; 3], outputs: usize) -> Result<Passed, Unfit> {
        shapes::walk(&self.layers, shape, outputs).1
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::ModelSpec;

    #[test]
    fn keys_with_their_defaults_are_left_out_of_the_stored_form() {
        let stored = json!([
            { "kind": "conv", "channels": 4, "kernel": 3 },
            { "kind": "max-pool", "size": 2 },
            { "kind": "dense", "units": 7 },
            { "kind": "residual", "layers": [{ "kind": "relu" }] },
        ]);
        let written = json!([
            { "kind": "conv", "channels": 4, "kernel": 3, "stride": 1, "padding": 0, "bias": true, "init": "default" },
            { "kind": "max-pool", "size": 2, "stride": 0, "padding": 0 },
            { "kind": "dense", "units": 7, "bias": true },
            { "kind": "residual", "layers": [{ "kind": "relu" }], "shortcut": [] },
        ]);
        for form in [&stored, &written] {
            let layers: Vec<Layer> = serde_json::from_value(form.clone()).unwrap();
            assert_eq!(serde_json::to_value(&layers).unwrap(), stored);
            assert_eq!(Vec::<Layer>::from_value(&layers.to_value()), Some(layers));
        }
        let other = json!([{ "kind": "conv", "channels": 4, "kernel": 3, "stride": 2, "padding": "same", "bias": false, "init": "he-normal" }]);
        let layers: Vec<Layer> = serde_json::from_value(other.clone()).unwrap();
        assert_eq!(serde_json::to_value(&layers).unwrap(), other);
    }

    #[test]
    fn a_list_survives_being_stored() {
        let form = json!({ "kind": "layers", "layers": [{ "kind": "dropout", "p": 0.25 }] });
        let spec: ModelSpec = serde_json::from_value(form.clone()).unwrap();
        assert_eq!(serde_json::to_value(&spec).unwrap(), form);
        assert_eq!(spec.dropout(), 0.25);
        let value = &spec.to_values()["layers"];
        assert_eq!(*value, Value::Text(r#"[{"kind":"dropout","p":0.25}]"#.to_owned()));
    }

    #[test]
    fn every_activation_is_a_layer() {
        for &name in Activation::NAMES {
            let layer: Layer = serde_json::from_value(json!({ "kind": name })).expect(name);
            assert_eq!(layer.activation().map(Activation::name), Some(name));
        }
    }

    #[test]
    fn the_size_as_a_stride_is_no_stride() {
        let pool =
            |stride| Layer::MaxPool(PoolLayer { size: 3, stride, padding: Padding::Each(0) });
        assert_eq!(pool(3).normal(), pool(0));
        assert_eq!(pool(2).normal(), pool(2));
    }
}
