//! Stacked layers of long short-term memory over tokens.
//! x_t = D_0(E[token_t]);  for each layer: [i, f, g, o] = x_t W + w + h_{t-1} U + u;
//! c_t = s(f) c_{t-1} + s(i) tanh(g);  h_t = s(o) tanh(c_t);  x_t = D(h_t) of the next layer;
//! logits_t = D_1(h_t) V + v of the last one
//! s is the logistic function, D_0, D and D_1 are dropout with `input_dropout`, `dropout` and
//! `output_dropout`; h and c begin at 0, or at the state that the previous tokens left.
//! Shapes: tokens are [batch, tokens], E is [vocabulary, width], x, h and c of a token are
//! [batch, width], W and U are [width, 4 width] with the columns of i, f, g and o side by side,
//! w and u [4 width], V is [width, vocabulary], logits are [batch * tokens, vocabulary]: row
//! b * tokens + t predicts what follows token t of sample b.
//! Defaults: 2 layers, width 128, no dropout.
//! Initial values: E normal with deviation 1, all others uniform within 1 / sqrt(width).
//! Source: Hochreiter and Schmidhuber 1997, with forget gates (Gers et al. 2000), as
//! torch.nn.Embedding, torch.nn.LSTM and torch.nn.Linear.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::activation::sigmoid;
use burn::tensor::module::{embedding, linear};
use burn::tensor::{Device, Tensor};
use spec::model::Lstm;
use spec::parameters::ParameterTable;

use super::Model;
use crate::dropout::dropout;
use crate::init::{self, Draws};

/// The module. Parameter paths: `token_embedding`, `layers.<i>.*`, `head.weight`, `head.bias`.
#[derive(Module, Debug)]
pub struct RecurrentNetwork {
    /// E, `[vocabulary, width]`.
    pub token_embedding: Param<Tensor<2>>,
    /// The layers, in the order in which x passes them.
    pub layers: Vec<MemoryLayer>,
    /// V and v.
    pub head: Linear,
    /// Number of tokens per sample.
    #[module(skip)]
    pub context: usize,
    /// Probability of a zero in front of the first layer; 0 = no dropout.
    #[module(skip)]
    pub input_dropout: f64,
    /// Probability of a zero between two layers; 0 = no dropout.
    #[module(skip)]
    pub dropout: f64,
    /// Probability of a zero in front of the head; 0 = no dropout.
    #[module(skip)]
    pub output_dropout: f64,
}

/// One layer. Parameter paths: `input.weight`, `input.bias`, `recurrent.weight`,
/// `recurrent.bias`.
#[derive(Module, Debug)]
pub struct MemoryLayer {
    /// W and w: `weight_ih` and `bias_ih` of torch.nn.LSTM.
    pub input: Linear,
    /// U and u: `weight_hh` and `bias_hh`.
    pub recurrent: Linear,
}

/// Builds the module with the parameters of `table`; `context` is the number of tokens per sample.
pub fn build(
    spec: &Lstm,
    context: usize,
    table: &ParameterTable,
    draws: Draws<'_>,
    device: &Device,
) -> RecurrentNetwork {
    // A layer has as many inputs as hidden units, so that PyTorch's bound for LSTM, 1 / sqrt(hidden
    // units), equals that of its linear layers.
    let linear = |path: String| init::linear(draws, table, &path, device);
    let layers = (0..table.count("layers")).map(|i| MemoryLayer {
        input: linear(format!("layers.{i}.input.")),
        recurrent: linear(format!("layers.{i}.recurrent.")),
    });
    RecurrentNetwork {
        token_embedding: init::embedding(draws, table, "token_embedding", 1.0, device),
        layers: layers.collect(),
        head: linear("head.".to_owned()),
        context,
        input_dropout: spec.input_dropout,
        dropout: spec.dropout,
        output_dropout: spec.output_dropout,
    }
}

impl MemoryLayer {
    /// Returns h of each token, from x of each token and the previous h and c, and the last h and
    /// c; all are `[batch, width]`.
    ///
    /// Tokens are never slices of one tensor: the gradient of each slice would be as large as the
    /// whole tensor, and the time quadratic in the number of tokens. Instead x_t and h_{t-1} are
    /// concatenated and multiplied once by [W; U].
    fn forward(
        &self,
        inputs: Vec<Tensor<2>>,
        state: [Tensor<2>; 2],
    ) -> (Vec<Tensor<2>>, [Tensor<2>; 2]) {
        let [mut h, mut c] = state;
        let [_, width] = h.dims();
        let weight = Tensor::cat(vec![self.input.weight.val(), self.recurrent.weight.val()], 0);
        let biases = [&self.input, &self.recurrent].map(|of| of.bias.as_ref().map(Param::val));
        let bias = biases.into_iter().flatten().reduce(|a, b| a + b);
        let mut outputs = Vec::with_capacity(inputs.len());
        for x in inputs {
            let gates = linear(Tensor::cat(vec![x, h], 1), weight.clone(), bias.clone());
            let gate = |i: usize| gates.clone().narrow(1, i * width, width);
            c = sigmoid(gate(1)) * c + sigmoid(gate(0)) * gate(2).tanh();
            h = sigmoid(gate(3)) * c.clone().tanh();
            outputs.push(h.clone());
        }
        (outputs, [h, c])
    }
}

impl RecurrentNetwork {
    /// Returns x of each token for the first layer, `[batch, width]`, from token ids
    /// `[batch, tokens]`.
    fn embedded(&self, inputs: Tensor<2>) -> Vec<Tensor<2>> {
        let [batch, tokens] = inputs.dims();
        let (rows, ids) = (self.token_embedding.val(), inputs.int());
        let [_, width] = rows.dims();
        let of = |t: usize| {
            let token = ids.clone().slice([0..batch, t..t + 1]);
            let x = embedding(rows.clone(), token).reshape([batch, width]);
            dropout(self.input_dropout, x)
        };
        (0..tokens).map(of).collect()
    }
}

impl Model for RecurrentNetwork {
    /// Returns logits `[batch * tokens, vocabulary]` for token ids `[batch, tokens]`, which are
    /// whole numbers in 32-bit floats. Dropout acts if the parameters are on a device with
    /// autodiff.
    fn forward(&self, inputs: Tensor<2>) -> Tensor<2> {
        self.forward_from(inputs, None).0
    }

    /// The state is h and c of each layer, `[2 * layers, batch, width]`.
    fn forward_from(
        &self,
        inputs: Tensor<2>,
        state: Option<Tensor<3>>,
    ) -> (Tensor<2>, Option<Tensor<3>>) {
        let [batch, tokens] = inputs.dims();
        let mut x = self.embedded(inputs);
        let [_, width] = self.token_embedding.dims();
        let device = self.token_embedding.device();
        let shape = [2 * self.layers.len(), batch, width];
        let state = state.unwrap_or_else(|| Tensor::zeros(shape, &device.clone().inner()));
        // The state is a constant of the graph: no gradient goes back to earlier tokens.
        let state = if device.is_autodiff() { state.autodiff() } else { state };
        let part = |i: usize| state.clone().narrow(0, i, 1).reshape([batch, width]);
        let mut left = Vec::with_capacity(2 * self.layers.len());
        for (i, layer) in self.layers.iter().enumerate() {
            if i > 0 {
                x = x.into_iter().map(|x| dropout(self.dropout, x)).collect();
            }
            let (outputs, behind) = layer.forward(x, [part(2 * i), part(2 * i + 1)]);
            left.extend(behind.map(|of| of.inner().unsqueeze_dim::<3>(0)));
            x = outputs;
        }
        let x = x.into_iter().map(|x| dropout(self.output_dropout, x).unsqueeze_dim::<3>(1));
        let x = Tensor::cat(x.collect(), 1).reshape([batch * tokens, width]);
        (self.head.forward(x), Some(Tensor::cat(left, 0)))
    }

    fn has_state(&self) -> bool {
        true
    }

    /// Returns the number of floats of one sample at its widest: inputs and outputs of a layer for
    /// all tokens, and the gates of one; or logits with their logarithms.
    fn numbers_a_sample(&self) -> usize {
        let [vocabulary, width] = self.token_embedding.dims();
        let layer = 2 * self.context * width + 12 * width;
        layer.max(self.context * (width + 2 * vocabulary))
    }
}
