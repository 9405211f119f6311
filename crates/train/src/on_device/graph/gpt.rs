//! The transformer of `model::network::gpt` in libtorch's operations. Activations between the
//! blocks are `[batch * tokens, width]`.

use model::DecoderTransformer;
use model::network::gpt::{Block, CausalAttention};
use tch::{Kind, Tensor};

use super::leaves::Leaves;
use super::operations::{dropout, linear, normalise};

/// Sizes of a batch within the blocks.
struct Shape {
    batch: i64,
    tokens: i64,
    width: i64,
}

/// Returns logits `[batch * tokens, vocabulary]` for token ids `[batch, tokens]`.
pub(super) fn logits(network: &DecoderTransformer, leaves: &Leaves, inputs: &Tensor) -> Tensor {
    let (batch, tokens) = inputs.size2().expect("[batch, tokens]");
    let embedding = leaves.get(&network.token_embedding);
    let width = embedding.size()[1];
    let token = Tensor::embedding(embedding, &inputs.to_kind(Kind::Int64), -1, false, false);
    let position = leaves.get(&network.position_embedding).narrow(0, 0, tokens);
    let mut x = dropout(network.dropout, token + position).view([batch * tokens, width]);
    let shape = Shape { batch, tokens, width };
    for layer in &network.blocks {
        x = block(leaves, layer, &shape, &x);
    }
    let x = normalise(leaves, &network.norm, &x);
    match &network.head {
        Some(head) => linear(leaves, head, &x),
        None => x.mm(&embedding.tr()),
    }
}

fn block(leaves: &Leaves, layer: &Block, shape: &Shape, x: &Tensor) -> Tensor {
    let Block { norm_1, attention, norm_2, mlp, dropout: p } = layer;
    let seen = attend(leaves, attention, shape, &normalise(leaves, norm_1, x));
    let x = x + dropout(attention.dropout, seen);
    let hidden = linear(leaves, &mlp.up, &normalise(leaves, norm_2, &x)).gelu("none");
    &x + dropout(*p, linear(leaves, &mlp.down, &hidden))
}

/// Returns the attention of all heads after its projection, `[batch * tokens, width]`.
fn attend(leaves: &Leaves, layer: &CausalAttention, shape: &Shape, x: &Tensor) -> Tensor {
    let Shape { batch, tokens, width } = *shape;
    let heads = layer.heads as i64;
    let parts = linear(leaves, &layer.qkv, x).view([batch, tokens, 3, heads, width / heads]);
    let parts = parts.permute([2, 0, 3, 1, 4]);
    let [q, k, v] = [0, 1, 2].map(|part| parts.select(0, part));
    let seen = match layer.dropout {
        0.0 => {
            let none = None::<Tensor>;
            Tensor::scaled_dot_product_attention(&q, &k, &v, none, 0.0, true, None, false)
        }
        p => attend_with_dropout(&q, &k, &v, p),
    };
    linear(leaves, &layer.projection, &seen.transpose(1, 2).reshape([batch * tokens, width]))
}

/// Returns attention with dropout on its weights, whose mask is drawn as in `model`; all tensors
/// are `[batch, heads, tokens, size]`.
fn attend_with_dropout(q: &Tensor, k: &Tensor, v: &Tensor, p: f64) -> Tensor {
    let (tokens, size) = (q.size()[2], q.size()[3]);
    let scores = q.matmul(&k.transpose(2, 3)) * (1.0 / (size as f64).sqrt());
    let future = Tensor::ones([tokens, tokens], (Kind::Bool, q.device())).triu(1);
    let shares = scores.masked_fill(&future, f64::NEG_INFINITY).softmax(3, Kind::Float);
    dropout(p, shares).matmul(v)
}
