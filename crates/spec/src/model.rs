//! Models and their parameters. Input and output sizes come from the dataset.

mod gpt;
pub mod layers;
mod lstm;

use crate::landscape::Function;
use crate::parameters::{ParameterTable, Role, size};
use crate::params::{choice, params, registry};
pub use gpt::{Gpt, Norm};
use layers::LayerList;
pub use lstm::Lstm;

choice! {
    /// The function between two layers.
    Activation {
        /// max(0, x).
        Relu = "relu",
        /// The hyperbolic tangent.
        Tanh = "tanh",
        /// 1 / (1 + exp(-x)).
        Sigmoid = "sigmoid",
        /// x times the standard normal distribution function of x (exact GELU).
        Gelu = "gelu",
    }
}

params! {
    /// A linear model, without hyper-parameters: one affine map from inputs to outputs.
    LinearModel {}
}

params! {
    /// A multi-layer perceptron.
    Mlp {
        /// Widths of the hidden layers.
        hidden: Vec<u64> = value(vec![128]), Within(1.0, 1e6);
        /// Activation function after each hidden layer.
        activation: Activation = value(Activation::Relu), Any;
        later {
            /// Probability that an output of a hidden layer is set to zero in training, after the
            /// activation; the others are divided by 1 - dropout (torch.nn.Dropout); 0 = off.
            dropout: f64, BelowOne;
            /// Whether each hidden layer is batch-normalised before its activation
            /// (torch.nn.BatchNorm1d).
            batch_norm: bool, Any;
        }
    }
}

params! {
    /// A convolutional network.
    Cnn {
        /// Output channels of each convolution; each is followed by the activation and 2x2 max
        /// pooling.
        channels: Vec<u64> = value(vec![6, 16]), Within(1.0, 1e4);
        /// Height and width of each convolution's kernel.
        kernel: u64 = value(5), Within(1.0, 63.0);
        /// Rows and columns of zeros added on every side of each convolution's input.
        padding: u64 = value(2), Within(0.0, 31.0);
        /// Widths of the hidden linear layers after the convolutions.
        hidden: Vec<u64> = value(vec![120, 84]), Within(1.0, 1e6);
        /// Activation function after each convolution and each hidden layer.
        activation: Activation = value(Activation::Relu), Any;
    }
}

impl Cnn {
    /// Returns channels, height and width after the last pooling for inputs of `shape` (channels,
    /// height, width).
    ///
    /// # Errors
    /// Returns a text if height or width shrink to nothing.
    pub fn pooled(&self, shape: [usize; 3]) -> Result<[usize; 3], String> {
        let [mut channels, mut height, mut width] = shape;
        let (kernel, padding) = (self.kernel as usize, self.padding as usize);
        for (i, &next) in self.channels.iter().enumerate() {
            let [h, w] = [height, width].map(|n| (n + 2 * padding + 1).saturating_sub(kernel));
            if h < 2 || w < 2 {
                return Err(format!(
                    "convolution {} makes {h}x{w} of {height}x{width}, and 2x2 pooling leaves nothing of it",
                    i + 1
                ));
            }
            (channels, height, width) = (next as usize, h / 2, w / 2);
        }
        Ok([channels, height, width])
    }
}

params! {
    /// A function of two variables in place of a network: no data, no layers.
    FunctionModel {
        /// Function that is minimised.
        function: Function = required, Any;
        /// Initial value of x.
        start_x: f64 = derived("the function's own"), Within(-1e3, 1e3);
        /// Initial value of y.
        start_y: f64 = derived("the function's own"), Within(-1e3, 1e3);
        later {
            /// Largest offset of a seed's start in x and in y, drawn uniformly around the start; 0
            /// = every seed begins at the start.
            start_jitter: f64, Within(0.0, 1e3);
            /// Standard deviation of the noise on each component of the gradient; every optimizer
            /// gets the same draws; 0 = no noise.
            noise: f64, Within(0.0, 1e6);
        }
    }
}

params! {
    /// A quadratic with one variable for each value of a sample.
    Quadratic {
        /// Initial value of each variable.
        start: f64 = value(1.0), Within(-1e6, 1e6);
    }
}

params! {
    /// A quadratic with a noisy gradient, which needs no data.
    NoisyQuadratic {
        /// Number of variables.
        dimensions: u64 = value(10_000), Within(1.0, 1e6);
        /// Exponent of the curvatures: variable i, counted from 1, has the curvature i^-exponent.
        exponent: f64 = value(1.0), Within(0.0, 10.0);
        /// Variance of the gradient noise of each variable at batch size 1, as a multiple of its
        /// curvature; 0 = no noise.
        noise: f64 = value(1.0), Within(0.0, 1e6);
        /// Number of samples whose noise is averaged per step; divides the variance of the noise.
        batch_size: u64 = value(1), Within(1.0, 1e9);
        /// Initial value of each variable.
        start: f64 = value(1.0), Within(-1e6, 1e6);
    }
}

/// A kind of model: the properties that are known without building it.
pub trait ModelKind {
    /// Whether it is a function without layers, which trains a position and outputs the loss.
    const FUNCTION: bool = false;

    /// Whether it reads text: its inputs are `[batch, context]` token ids, its input shape is
    /// `[1, 1, context]`, and it outputs logits for each token of each sample.
    const TEXT: bool = false;

    /// Returns the table of its parameters. `shape` is channels, height and width of one input,
    /// `outputs` the number of classes or values.
    fn table(&self, shape: [usize; 3], outputs: usize) -> ParameterTable;

    /// Checks that the model accepts inputs of this shape (channels, height, width).
    ///
    /// # Errors
    /// Returns the parameter at fault and the reason as text.
    fn check(&self, _shape: [usize; 3]) -> Result<(), (&'static str, String)> {
        Ok(())
    }

    /// Returns whether it consists of linear layers with ReLU between them, without dropout and
    /// normalisation.
    fn is_relu_stack(&self) -> bool {
        false
    }

    /// Returns the largest fraction of activations that dropout sets to zero; 0 without dropout.
    fn dropout(&self) -> f64 {
        0.0
    }
}

impl ModelKind for LinearModel {
    fn table(&self, shape: [usize; 3], outputs: usize) -> ParameterTable {
        let mut table = ParameterTable::default();
        table.head("", shape.iter().product(), outputs);
        table
    }

    fn is_relu_stack(&self) -> bool {
        true
    }
}

impl ModelKind for Mlp {
    fn table(&self, shape: [usize; 3], outputs: usize) -> ParameterTable {
        let mut table = ParameterTable::default();
        table.stack(shape.iter().product(), &self.hidden, outputs);
        for (i, &width) in self.hidden.iter().enumerate().filter(|_| self.batch_norm) {
            for name in ["gamma", "beta"] {
                table.add(format!("norms.{i}.{name}"), [size(width)], &[Role::Norm]);
            }
            for name in ["running_mean", "running_var"] {
                table.add(format!("norms.{i}.{name}"), [size(width)], &[]);
            }
        }
        table
    }

    fn is_relu_stack(&self) -> bool {
        self.activation == Activation::Relu && self.dropout == 0.0 && !self.batch_norm
    }

    fn dropout(&self) -> f64 {
        self.dropout
    }
}

impl ModelKind for Cnn {
    fn table(&self, shape: [usize; 3], outputs: usize) -> ParameterTable {
        let mut table = ParameterTable::default();
        let (kernel, mut inputs) = (size(self.kernel), shape[0]);
        for (i, &channels) in self.channels.iter().enumerate() {
            let maps = size(channels);
            let path = format!("convolutions.{i}");
            let shape = [maps, inputs, kernel, kernel];
            table.add(format!("{path}.weight"), shape, &[Role::Matrix]);
            table.add(format!("{path}.bias"), [maps], &[Role::Bias]);
            inputs = maps;
        }
        let pooled = self.pooled(shape).map_or(0, |shape| shape.iter().product());
        table.stack(pooled, &self.hidden, outputs);
        table
    }

    fn check(&self, shape: [usize; 3]) -> Result<(), (&'static str, String)> {
        if self.channels.is_empty() {
            let reason = "at least one convolution is needed; without, use `mlp`";
            return Err(("channels", reason.to_owned()));
        }
        if self.padding >= self.kernel {
            let reason = format!("a kernel of {} would see nothing but zeros", self.kernel);
            return Err(("padding", reason));
        }
        self.pooled(shape).map(drop).map_err(|reason| ("channels", reason))
    }
}

impl ModelKind for FunctionModel {
    const FUNCTION: bool = true;

    fn table(&self, _: [usize; 3], _: usize) -> ParameterTable {
        position(2)
    }
}

impl ModelKind for Quadratic {
    const FUNCTION: bool = true;

    fn table(&self, shape: [usize; 3], _: usize) -> ParameterTable {
        position(shape.iter().product())
    }
}

impl ModelKind for NoisyQuadratic {
    const FUNCTION: bool = true;

    fn table(&self, _: [usize; 3], _: usize) -> ParameterTable {
        position(size(self.dimensions))
    }
}

/// Checks that a sample of this shape is a row of tokens.
fn sample_of_text([channels, height, _]: [usize; 3]) -> Result<(), (&'static str, String)> {
    if [channels, height] != [1, 1] {
        let reason = "it reads text, and a sample of text is a row of tokens".to_owned();
        return Err(("kind", reason));
    }
    Ok(())
}

/// Returns the table of a model that consists only of a position.
fn position(variables: usize) -> ParameterTable {
    let mut table = ParameterTable::default();
    table.add("position", [variables], &[]);
    table
}

/// Evaluates an expression on the inner spec, whatever its kind.
macro_rules! of_kind {
    ($spec:expr, $p:ident => $body:expr) => {
        match $spec {
            ModelSpec::Linear($p) => $body,
            ModelSpec::Mlp($p) => $body,
            ModelSpec::Cnn($p) => $body,
            ModelSpec::Function($p) => $body,
            ModelSpec::Quadratic($p) => $body,
            ModelSpec::NoisyQuadratic($p) => $body,
            ModelSpec::Gpt($p) => $body,
            ModelSpec::Lstm($p) => $body,
            ModelSpec::Layers($p) => $body,
        }
    };
}

impl ModelSpec {
    /// Returns every parameter's path and shape; see [`ParameterTable`]. `shape` is channels,
    /// height and width of one input, `outputs` the number of classes or values.
    pub fn parameters(&self, shape: [usize; 3], outputs: usize) -> Vec<(String, Vec<usize>)> {
        self.table(shape, outputs).into()
    }

    /// Returns [`ModelSpec::table`] without the running statistics of batch normalisation, which
    /// no optimizer trains.
    pub fn weights(&self, shape: [usize; 3], outputs: usize) -> ParameterTable {
        let mut all = self.table(shape, outputs);
        all.retain(|parameter| !parameter.path.contains(".running_"));
        all
    }

    /// Returns the table of its parameters; see [`ModelKind::table`].
    pub fn table(&self, shape: [usize; 3], outputs: usize) -> ParameterTable {
        of_kind!(self, p => p.table(shape, outputs))
    }

    /// Checks that the model accepts inputs of this shape (channels, height, width).
    ///
    /// # Errors
    /// Returns the parameter at fault and the reason as text.
    pub fn check(&self, shape: [usize; 3]) -> Result<(), (&'static str, String)> {
        of_kind!(self, p => p.check(shape))
    }

    /// Returns whether it is a function without layers; see [`ModelKind::FUNCTION`].
    pub fn is_function(&self) -> bool {
        fn of<K: ModelKind>(_: &K) -> bool {
            K::FUNCTION
        }
        of_kind!(self, p => of(p))
    }

    /// Returns whether it reads text; see [`ModelKind::TEXT`].
    pub fn takes_text(&self) -> bool {
        fn of<K: ModelKind>(_: &K) -> bool {
            K::TEXT
        }
        of_kind!(self, p => of(p))
    }

    /// Returns whether it is a plain ReLU network; see [`ModelKind::is_relu_stack`].
    pub fn is_relu_stack(&self) -> bool {
        of_kind!(self, p => p.is_relu_stack())
    }

    /// Returns the largest dropout probability; see [`ModelKind::dropout`].
    pub fn dropout(&self) -> f64 {
        of_kind!(self, p => p.dropout())
    }
}

registry! {
    /// A resolved model.
    ModelSpec {
        /// Linear model without a hidden layer; with cross-entropy, softmax regression.
        Linear(LinearModel) = "linear" from "torch.nn.Linear",
        /// Multi-layer perceptron: linear layers with an activation between them.
        Mlp(Mlp) = "mlp" from "torch.nn.Linear, torch.nn.ReLU, torch.nn.BatchNorm1d, torch.nn.Dropout",
        /// Convolutions with pooling, then linear layers, in the style of LeNet-5.
        Cnn(Cnn) = "cnn" from "LeCun et al. 1998, Gradient-based learning applied to document recognition; torch.nn.Conv2d, torch.nn.MaxPool2d"
            differs "from LeNet-5: ReLU, max pooling, every map connected to every other, padding in both convolutions so that images of 8x8 pass",
        /// Test function of two variables, minimised directly; needs no data.
        Function(FunctionModel) = "function" from "test functions of optimization",
        /// Quadratic (p - x) Q (p - x) / 2, averaged over the samples x of own data without labels;
        /// Q is their `matrix`, by default the identity.
        Quadratic(Quadratic) = "quadratic" from "DeepOBS, quadratic_deep (Schneider, Balles and Hennig 2019)",
        /// Sum of h_i p_i^2 / 2 with gradient noise that shrinks as the batch grows; needs no data.
        NoisyQuadratic(NoisyQuadratic) = "noisy-quadratic" from "Zhang et al. 2019, Which Algorithmic Choices Matter at Which Batch Sizes? (arXiv 1907.04164)",
        /// Decoder-only transformer over tokens, as GPT-2: pre-norm blocks of causal attention and an
        /// MLP.
        Gpt(Gpt) = "gpt" from "Radford et al. 2019, Language Models are Unsupervised Multitask Learners; Karpathy, nanoGPT (github.com/karpathy/nanoGPT)"
            differs "from GPT-2: exact GELU; from both: norm = rms",
        /// Stacked LSTM layers over tokens, between an embedding and a linear head: a character
        /// RNN.
        Lstm(Lstm) = "lstm" from "torch.nn.Embedding, torch.nn.LSTM, torch.nn.Linear; DeepOBS, tolstoi_char_rnn (Schneider, Balles and Hennig 2019)"
            differs "from DeepOBS: no constant on the forget gate, two biases a layer",
        /// The layers that the sweep file lists, then a dense layer to the outputs.
        Layers(LayerList) = "layers" from "torch.nn.Sequential",
    }
}
