//! Training losses.

use burn::nn::loss::CrossEntropyLossConfig;
use burn::tensor::{Int, Tensor};

/// Softmax cross-entropy over class indices, mean over the batch; a tensor of
/// one element.
///
/// `logits` are `[batch, classes]`, `targets` are `[batch]` with values in
/// `0..classes`. Equal to `torch.nn.CrossEntropyLoss()`.
pub fn cross_entropy(logits: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1> {
    let device = logits.device();
    CrossEntropyLossConfig::new().init(&device).forward(logits, targets)
}
