//! Models and their parameters. Input and output sizes come from the dataset.

use crate::landscape::Function;
use crate::params::{choice, params, registry};

choice! {
    /// The function between two layers.
    Activation {
        /// max(0, x).
        Relu = "relu",
        /// The hyperbolic tangent.
        Tanh = "tanh",
        /// 1 / (1 + exp(-x)).
        Sigmoid = "sigmoid",
        /// x times the normal distribution's probability of less than x.
        Gelu = "gelu",
    }
}

params! {
    /// No parameters: one affine map from inputs to classes.
    LinearModel {}
}

params! {
    /// A multi-layer perceptron.
    Mlp {
        /// Widths of the hidden layers.
        hidden: Vec<u64> = value(vec![128]), Within(1.0, 1e6);
        /// Function after each hidden layer.
        activation: Activation = value(Activation::Relu), Any;
    }
}

params! {
    /// A function of two variables in place of a network: no data, no layers.
    FunctionModel {
        /// The landscape.
        function: Function = required, Any;
        /// Where x begins.
        start_x: f64 = derived("the function's own"), Within(-1e3, 1e3);
        /// Where y begins.
        start_y: f64 = derived("the function's own"), Within(-1e3, 1e3);
        later {
            /// Each seed begins elsewhere: up to this far from the start in x and in y, uniformly.
            start_jitter: f64, Within(0.0, 1e3);
            /// Standard deviation of the noise on each component of the gradient; the same draws for every optimizer.
            noise: f64, Within(0.0, 1e6);
        }
    }
}

registry! {
    /// A resolved model.
    ModelSpec {
        /// Softmax regression: inputs to classes, no hidden layer.
        Linear(LinearModel) = "linear" from "torch.nn.Linear",
        /// Multi-layer perceptron: linear layers with an activation between.
        Mlp(Mlp) = "mlp" from "torch.nn.Linear, torch.nn.ReLU",
        /// A landscape: two numbers that move downhill; needs no data.
        Function(FunctionModel) = "function" from "test functions of optimization",
    }
}
