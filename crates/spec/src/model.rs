//! Models and their parameters. Input and output sizes come from the dataset.

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

registry! {
    /// A resolved model.
    ModelSpec {
        /// Softmax regression: inputs to classes, no hidden layer.
        Linear(LinearModel) = "linear" from "torch.nn.Linear",
        /// Multi-layer perceptron: linear layers with an activation between.
        Mlp(Mlp) = "mlp" from "torch.nn.Linear, torch.nn.ReLU",
    }
}
