//! A block of the transformer: attention and an MLP, each added to its input.
//! x = x + A(N_1(x));  x = x + D(f(N_2(x) U + u) V + v)
//! A is attention with a projection and dropout (see `attention`), N_1 and N_2 normalise, D is
//! dropout and f the exact GELU.
//! Shapes: x is [batch, tokens, width], U is [width, hidden], V is [hidden, width]; hidden is
//! `mlp` times the width. u and v are left out without biases.
//! Initial values: V and A's projection have deviation 0.02 / sqrt(2 blocks), so that the sum
//! over all blocks keeps its size.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::activation::gelu;
use burn::tensor::{Bool, Device, Tensor};
use spec::model::Gpt;
use spec::parameters::ParameterTable;

use super::DEVIATION;
use super::attention::{self, CausalAttention};
use crate::dropout::dropout;
use crate::init::{self, Draws, Standard};
use crate::norm::{self, TokenNorm};

/// The block. Parameter paths: `norm_1.*`, `attention.*`, `norm_2.*`, `mlp.*`.
#[derive(Module, Debug)]
pub struct Block {
    /// N_1.
    pub norm_1: TokenNorm,
    /// A.
    pub attention: CausalAttention,
    /// N_2.
    pub norm_2: TokenNorm,
    /// U and V.
    pub mlp: Perceptron,
    /// Probability of a zero after the MLP; 0 = no dropout.
    #[module(skip)]
    pub dropout: f64,
}

/// Two linear layers. Parameter paths: `up.weight`, `up.bias`, `down.weight`, `down.bias`.
#[derive(Module, Debug)]
pub struct Perceptron {
    /// U and u.
    pub up: Linear,
    /// V and v.
    pub down: Linear,
}

/// Builds the block with the parameters of `table`; `path` ends with a dot.
pub fn build(
    spec: &Gpt,
    table: &ParameterTable,
    path: &str,
    draws: Draws<'_>,
    device: &Device,
) -> Block {
    let added = Standard::Normal(DEVIATION / (2.0 * spec.layers as f64).sqrt());
    let linear = |standard: Standard, name: &str| {
        init::linear_of(standard, draws, table, &format!("{path}{name}."), device)
    };
    let inner = Standard::Normal(DEVIATION);
    Block {
        norm_1: norm::build(spec.norm, table, &format!("{path}norm_1."), device),
        attention: CausalAttention {
            qkv: linear(inner, "attention.qkv"),
            projection: linear(added, "attention.projection"),
            heads: spec.heads as usize,
            dropout: spec.dropout,
        },
        norm_2: norm::build(spec.norm, table, &format!("{path}norm_2."), device),
        mlp: Perceptron { up: linear(inner, "mlp.up"), down: linear(added, "mlp.down") },
        dropout: spec.dropout,
    }
}

impl Block {
    /// Returns x after the block, `[batch, tokens, width]`; `future` is true where a token (row)
    /// must not see another (column), `[1, 1, tokens, tokens]`.
    pub fn forward(&self, x: Tensor<3>, future: &Tensor<4, Bool>) -> Tensor<3> {
        let seen = self.attention.forward(self.norm_1.forward(x.clone()), future);
        let x = x + seen;
        let hidden = gelu(self.mlp.up.forward(self.norm_2.forward(x.clone())));
        x + dropout(self.dropout, self.mlp.down.forward(hidden))
    }

    /// Returns the number of floats of one sample of `tokens` tokens at its widest part.
    pub(super) fn numbers_a_sample(&self, tokens: usize) -> usize {
        let [width, hidden] = self.mlp.up.weight.dims();
        let attention = attention::numbers_a_sample(tokens, width, self.attention.heads);
        attention.max(tokens * (width + 2 * hidden))
    }
}
