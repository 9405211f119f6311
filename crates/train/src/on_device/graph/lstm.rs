//! The recurrent layers of `model::network::lstm` in libtorch's operations: `at::lstm` for a
//! layer over all tokens. Numbers that stand for tokens are `[tokens, batch, width]` between
//! the layers.

use spec::model::Lstm;
use tch::{Kind, Tensor};

use super::leaves::Leaves;
use super::{Forward, Logits, dropout_by_token};

/// The recurrent layers.
pub(super) struct LstmForward(Lstm);

impl LstmForward {
    pub(super) fn new(lstm: &Lstm) -> Self {
        LstmForward(lstm.clone())
    }
}

impl Forward for LstmForward {
    fn logits(&self, leaves: &Leaves, inputs: &Tensor, before: Option<&Tensor>) -> Logits {
        let LstmForward(spec) = self;
        let (batch, tokens) = inputs.size2().expect("[batch, tokens]");
        let rows = leaves.get("token_embedding");
        let width = rows.size()[1];
        let layers = spec.layers as i64;
        let zero = || Tensor::zeros([2 * layers, batch, width], (Kind::Float, rows.device()));
        let state = before.map_or_else(zero, Tensor::shallow_clone);
        let ids = inputs.to_kind(Kind::Int64).tr().contiguous();
        let mut x = Tensor::embedding(rows, &ids, -1, false, false);
        x = dropout_by_token(spec.input_dropout, x);
        let mut left = Vec::new();
        for i in 0..layers {
            if i > 0 {
                x = dropout_by_token(spec.dropout, x);
            }
            // PyTorch's weights are the transposes of Burn's.
            let of = |part: &str| leaves.get(&format!("layers.{i}.{part}"));
            let parameters = [
                of("input.weight").tr(),
                of("recurrent.weight").tr(),
                of("input.bias").shallow_clone(),
                of("recurrent.bias").shallow_clone(),
            ];
            let begin = [state.narrow(0, 2 * i, 1), state.narrow(0, 2 * i + 1, 1)];
            let (outputs, h, c) = x.lstm(&begin, &parameters, true, 1, 0.0, true, false, false);
            left.extend([h.detach(), c.detach()]);
            x = outputs;
        }
        let x = dropout_by_token(spec.output_dropout, x);
        let x = x.transpose(0, 1).reshape([batch * tokens, width]);
        let logits = leaves.get("head.bias").addmm(&x, leaves.get("head.weight"));
        (logits, Some(Tensor::cat(&left, 0)))
    }
}
