//! Decoder-only transformer over tokens, as GPT-2.
//! x = D(E[token] + P[position]);  x = B_i(x) for each block (see `block`);  logits = N(x) W
//! N is layer or root-mean-square normalisation (see `norm`) and D dropout. W is the transpose
//! of E where the head is tied to the token embedding, which is then one parameter.
//! Shapes: tokens are [batch, tokens] with tokens <= context, E is [vocabulary, width], P is
//! [context, width], x is [batch, tokens, width], W is [width, vocabulary], logits are
//! [batch * tokens, vocabulary]: row b * tokens + t predicts what follows token t of sample b.
//! Defaults: 4 blocks of 4 heads, width 128, MLPs of 4 widths, layer normalisation, biases, tied,
//! no dropout. The head has no bias.
//! Initial values: E, P and weights normal with deviation 0.02, or 0.02 / sqrt(2 blocks) for the
//! projections that a block adds to x; biases 0.
//! Source: Radford et al. 2019 (GPT-2); Karpathy, github.com/karpathy/nanoGPT, model.py.
//! Differs from nanoGPT only with norm = "rms".

mod attention;
mod block;

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::module::embedding;
use burn::tensor::{Bool, Device, Tensor};
use spec::model::Gpt;
use spec::parameters::ParameterTable;

use super::Model;
use crate::dropout::dropout;
use crate::init::{self, Draws, Standard};
use crate::norm::{self, TokenNorm};
pub use attention::CausalAttention;
pub use block::{Block, Perceptron};

/// Standard deviation of initial weights and embeddings.
const DEVIATION: f64 = 0.02;

/// The module. Parameter paths: `token_embedding`, `position_embedding`, `blocks.<i>.*`,
/// `norm.gamma`, `norm.beta`, and `head.weight` where the head is not tied.
#[derive(Module, Debug)]
pub struct DecoderTransformer {
    /// E, `[vocabulary, width]`.
    pub token_embedding: Param<Tensor<2>>,
    /// P, `[context, width]`.
    pub position_embedding: Param<Tensor<2>>,
    /// The blocks, in the order in which x passes them.
    pub blocks: Vec<Block>,
    /// Normalisation in front of the head.
    pub norm: TokenNorm,
    /// W; `None` if it is the transpose of E.
    pub head: Option<Linear>,
    /// Probability of a zero; 0 = no dropout.
    #[module(skip)]
    pub dropout: f64,
}

/// Builds the module with the parameters of `table`.
pub fn build(
    spec: &Gpt,
    table: &ParameterTable,
    draws: Draws<'_>,
    device: &Device,
) -> DecoderTransformer {
    let rows = |path: &str| init::embedding(draws, table, path, DEVIATION, device);
    let head = table
        .get("head.weight")
        .map(|_| init::linear_of(Standard::Normal(DEVIATION), draws, table, "head.", device));
    let blocks = (0..table.count("blocks"))
        .map(|i| block::build(spec, table, &format!("blocks.{i}."), draws, device));
    DecoderTransformer {
        token_embedding: rows("token_embedding"),
        position_embedding: rows("position_embedding"),
        blocks: blocks.collect(),
        norm: norm::build(spec.norm, table, "norm.", device),
        head,
        dropout: spec.dropout,
    }
}

impl DecoderTransformer {
    /// Returns logits `[batch * tokens, vocabulary]` of the normalised x,
    /// `[batch * tokens, width]`.
    fn logits(&self, x: Tensor<2>) -> Tensor<2> {
        match &self.head {
            Some(head) => head.forward(x),
            None => x.matmul(self.token_embedding.val().transpose()),
        }
    }
}

impl Model for DecoderTransformer {
    /// Returns logits `[batch * tokens, vocabulary]` for token ids `[batch, tokens]`, which are
    /// whole numbers in 32-bit floats. Dropout acts if the parameters are on a device with
    /// autodiff.
    ///
    /// # Panics
    /// If there are more tokens than rows of the position embedding.
    fn forward(&self, inputs: Tensor<2>) -> Tensor<2> {
        let [batch, tokens] = inputs.dims();
        let token = embedding(self.token_embedding.val(), inputs.int());
        let position = self.position_embedding.val().slice(0..tokens);
        let x = dropout(self.dropout, token + position.unsqueeze());
        let future = Tensor::<2, Bool>::tril_mask([tokens, tokens], 0, &x.device()).unsqueeze();
        let x = self.blocks.iter().fold(x, |x, block| block.forward(x, &future));
        let [_, _, width] = x.dims();
        self.logits(self.norm.forward(x).reshape([batch * tokens, width]))
    }

    /// Returns the number of floats of one sample at the widest of these: attention scores with
    /// their probabilities, queries, keys and values; the hidden units of an MLP before and after
    /// the activation; logits with their logarithms.
    fn numbers_a_sample(&self) -> usize {
        let [context, width] = self.position_embedding.dims();
        let [vocabulary, _] = self.token_embedding.dims();
        let of_blocks = self.blocks.iter().map(|block| block.numbers_a_sample(context));
        let head = context * (width + 2 * vocabulary);
        of_blocks.fold(head, usize::max)
    }
}
