//! The transformer of `model::network::gpt` in libtorch's operations. Numbers that stand for
//! tokens are `[batch * tokens, width]` between the blocks.

use spec::model::{Gpt, Norm};
use tch::{Kind, Tensor};

use super::leaves::Leaves;
use super::{Forward, Logits, dropout};

/// eps of the normalisations, as in `model::norm`.
const EPSILON: f64 = 1e-5;

/// The transformer.
pub(super) struct GptForward {
    layers: u64,
    heads: i64,
    norm: Norm,
    dropout: f64,
}

/// A batch as the blocks see it.
struct Shape {
    batch: i64,
    tokens: i64,
    width: i64,
}

impl GptForward {
    pub(super) fn new(gpt: &Gpt) -> Self {
        GptForward {
            layers: gpt.layers,
            heads: gpt.heads as i64,
            norm: gpt.norm,
            dropout: gpt.dropout,
        }
    }

    fn norm(&self, leaves: &Leaves, path: &str, x: &Tensor) -> Tensor {
        let gamma = leaves.get(&format!("{path}gamma"));
        match self.norm {
            Norm::Layer => {
                let beta = leaves.find(&format!("{path}beta"));
                x.layer_norm(gamma.size(), Some(gamma), beta, EPSILON, true)
            }
            Norm::Rms => {
                let squares = x.square().mean_dim([-1i64].as_slice(), true, Kind::Float);
                x * (squares + EPSILON).rsqrt() * gamma
            }
        }
    }

    fn block(&self, leaves: &Leaves, path: &str, shape: &Shape, x: &Tensor) -> Tensor {
        let Shape { batch, tokens, width } = *shape;
        let normed = self.norm(leaves, &format!("{path}norm_1."), x);
        let qkv = linear(leaves, &format!("{path}attention.qkv."), &normed);
        let parts =
            qkv.view([batch, tokens, 3, self.heads, width / self.heads]).permute([2, 0, 3, 1, 4]);
        let [q, k, v] = [0, 1, 2].map(|part| parts.select(0, part));
        let seen = match self.dropout {
            0.0 => {
                let none = None::<Tensor>;
                Tensor::scaled_dot_product_attention(&q, &k, &v, none, 0.0, true, None, false)
            }
            p => attend(&q, &k, &v, p),
        };
        let joined = seen.transpose(1, 2).reshape([batch * tokens, width]);
        let seen = linear(leaves, &format!("{path}attention.projection."), &joined);
        let x = x + dropout(self.dropout, seen);
        let normed = self.norm(leaves, &format!("{path}norm_2."), &x);
        let hidden = linear(leaves, &format!("{path}mlp.up."), &normed).gelu("none");
        &x + dropout(self.dropout, linear(leaves, &format!("{path}mlp.down."), &hidden))
    }
}

impl Forward for GptForward {
    fn logits(&self, leaves: &Leaves, inputs: &Tensor, _: Option<&Tensor>) -> Logits {
        let (batch, tokens) = inputs.size2().expect("[batch, tokens]");
        let embedding = leaves.get("token_embedding");
        let width = embedding.size()[1];
        let token = Tensor::embedding(embedding, &inputs.to_kind(Kind::Int64), -1, false, false);
        let position = leaves.get("position_embedding").narrow(0, 0, tokens);
        let mut x = dropout(self.dropout, token + position).view([batch * tokens, width]);
        let shape = Shape { batch, tokens, width };
        for i in 0..self.layers {
            x = self.block(leaves, &format!("blocks.{i}."), &shape, &x);
        }
        let x = self.norm(leaves, "norm.", &x);
        let logits = match leaves.find("head.weight") {
            Some(head) => x.mm(head),
            None => x.mm(&embedding.tr()),
        };
        (logits, None)
    }
}

/// Attention with dropout on its shares, whose mask is drawn as `model` draws it.
fn attend(q: &Tensor, k: &Tensor, v: &Tensor, p: f64) -> Tensor {
    let (tokens, size) = (q.size()[2], q.size()[3]);
    let scores = q.matmul(&k.transpose(2, 3)) * (1.0 / (size as f64).sqrt());
    let future = Tensor::ones([tokens, tokens], (Kind::Bool, q.device())).triu(1);
    let shares = scores.masked_fill(&future, f64::NEG_INFINITY).softmax(3, Kind::Float);
    dropout(p, shares).matmul(v)
}

/// x W + b of `[rows, inputs]`, with W `[inputs, outputs]` as Burn has it; b may be left out.
fn linear(leaves: &Leaves, path: &str, x: &Tensor) -> Tensor {
    let weight = leaves.get(&format!("{path}weight"));
    match leaves.find(&format!("{path}bias")) {
        Some(bias) => bias.addmm(x, weight),
        None => x.mm(weight),
    }
}
