//! The recurrent layers of `model::network::lstm` in libtorch's operations: one `at::lstm` per
//! layer over all tokens. Activations between the layers are `[tokens, batch, width]`.

use model::RecurrentNetwork;
use tch::{Kind, Tensor};

use super::leaves::Leaves;
use super::operations::{dropout_by_token, linear};

/// Returns logits `[batch * tokens, vocabulary]` for token ids `[batch, tokens]`, and the recurrent
/// state after the last token, detached from the graph. `before` is the state before the first
/// token, `[2 * layers, batch, width]`; `None` is zero.
pub(super) fn logits(
    network: &RecurrentNetwork,
    leaves: &Leaves,
    inputs: &Tensor,
    before: Option<&Tensor>,
) -> (Tensor, Tensor) {
    let (batch, tokens) = inputs.size2().expect("[batch, tokens]");
    let rows = leaves.get(&network.token_embedding);
    let width = rows.size()[1];
    let states = 2 * network.layers.len() as i64;
    let zero = || Tensor::zeros([states, batch, width], (Kind::Float, rows.device()));
    let state = before.map_or_else(zero, Tensor::shallow_clone);
    let ids = inputs.to_kind(Kind::Int64).tr().contiguous();
    let mut x = Tensor::embedding(rows, &ids, -1, false, false);
    x = dropout_by_token(network.input_dropout, x);
    let mut left = Vec::new();
    for (i, layer) in network.layers.iter().enumerate() {
        if i > 0 {
            x = dropout_by_token(network.dropout, x);
        }
        let (weights, biases) = [&layer.input, &layer.recurrent]
            // PyTorch's weights are the transposes of Burn's.
            .map(|of| (leaves.get(&of.weight).tr(), leaves.find(of.bias.as_ref())))
            .into_iter()
            .unzip::<_, _, Vec<_>, Vec<_>>();
        let biases = biases.into_iter().flatten().map(Tensor::shallow_clone);
        let parameters: Vec<Tensor> = weights.into_iter().chain(biases).collect();
        let begin = [0, 1].map(|part| state.narrow(0, 2 * i as i64 + part, 1));
        let (outputs, h, c) = x.lstm(&begin, &parameters, true, 1, 0.0, true, false, false);
        left.extend([h.detach(), c.detach()]);
        x = outputs;
    }
    let x = dropout_by_token(network.output_dropout, x);
    let x = x.transpose(0, 1).reshape([batch * tokens, width]);
    (linear(leaves, &network.head, &x), Tensor::cat(&left, 0))
}
