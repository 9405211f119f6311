//! Causal attention of several heads.
//! [q, k, v] = x W + w;  for each head h: y_h = D(softmax(q_h k_h' / sqrt(size))) v_h;
//! output = D([y_1, .., y_heads] O + o)
//! Scores of later tokens are minus infinity, so that no output depends on them. D is dropout.
//! Shapes: x is [batch, tokens, width], W is [width, 3 width] with the columns of q, k and v side
//! by side and in each of them those of head 1, 2, .., O is [width, width]; q_h, k_h, v_h and y_h
//! are [tokens, size] with size = width / heads. w and o are left out without biases.
//! Source: Vaswani et al. 2017, arXiv:1706.03762, section 3.2, as nanoGPT's CausalSelfAttention.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::activation::softmax;
use burn::tensor::{Bool, Tensor};

use crate::dropout::dropout;

/// The layer. Parameter paths: `qkv.weight`, `qkv.bias`, `projection.weight`, `projection.bias`.
#[derive(Module, Debug)]
pub struct CausalAttention {
    /// W and w.
    pub qkv: Linear,
    /// O and o.
    pub projection: Linear,
    /// Number of heads; it divides the width.
    #[module(skip)]
    pub heads: usize,
    /// Probability of a zero; 0 = no dropout.
    #[module(skip)]
    pub dropout: f64,
}

impl CausalAttention {
    /// Returns the output, `[batch, tokens, width]`, for x of the same shape; `future` is true
    /// where a token (row) must not see another (column), `[1, 1, tokens, tokens]`.
    pub fn forward(&self, x: Tensor<3>, future: &Tensor<4, Bool>) -> Tensor<3> {
        let [batch, tokens, width] = x.dims();
        let size = width / self.heads;
        // [3, batch, heads, tokens, size]
        let parts = self
            .qkv
            .forward(x)
            .reshape([batch, tokens, 3, self.heads, size])
            .permute([2, 0, 3, 1, 4]);
        let part = |i: usize| parts.clone().slice(i..i + 1).squeeze_dim::<4>(0);
        let seen = attend([part(0), part(1), part(2)], future, self.dropout);
        let joined = seen.swap_dims(1, 2).reshape([batch, tokens, width]);
        dropout(self.dropout, self.projection.forward(joined))
    }
}

/// Returns y of each head from its q, k and v, all `[batch, heads, tokens, size]`. A backend's
/// fused attention would replace only this function.
fn attend(qkv: [Tensor<4>; 3], future: &Tensor<4, Bool>, p: f64) -> Tensor<4> {
    let [q, k, v] = qkv;
    let size = q.dims()[3] as f64;
    let scores = q.matmul(k.transpose()).mul_scalar(1.0 / size.sqrt());
    let shares = softmax(scores.mask_fill(future.clone(), f32::NEG_INFINITY), 3);
    dropout(p, shares).matmul(v)
}

/// Returns the number of floats of one sample: q, k, v and the output, scores and their softmax.
pub(super) fn numbers_a_sample(tokens: usize, width: usize, heads: usize) -> usize {
    tokens * (4 * width + 2 * heads * tokens)
}
