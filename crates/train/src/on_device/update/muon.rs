//! Muon's rule for matrices (`optimizer_registry::rules::muon`) in operations in place.

use spec::optimizer::{Muon, MuonRate};
use tch::Tensor;

/// Takes one step of a matrix `[in, out]`: 3 operations per Newton-Schulz iteration.
pub(super) fn step(
    p: &Muon,
    lr: f64,
    parameter: &mut Tensor,
    gradient: &Tensor,
    moment: &mut Tensor,
) {
    let _ = moment.lerp_(gradient, 1.0 - p.momentum);
    let (inputs, outputs) = parameter.size2().expect("a matrix");
    let factor = match p.adjust_lr_fn {
        MuonRate::Original => (outputs as f64 / inputs as f64).max(1.0).sqrt(),
        MuonRate::MatchRmsAdamW => 0.2 * (outputs.max(inputs) as f64).sqrt(),
    };
    let step = match p.nesterov {
        true => orthogonalized(p, &gradient.lerp(moment, p.momentum)),
        false => orthogonalized(p, moment),
    };
    let _ = parameter.g_mul_scalar_(1.0 - lr * p.weight_decay);
    let _ = parameter.g_sub_(&(step * (lr * factor)));
}

/// Returns a matrix with singular values of about 1 and the singular vectors of `update`.
fn orthogonalized(p: &Muon, update: &Tensor) -> Tensor {
    let (inputs, outputs) = update.size2().expect("a matrix");
    // The smaller of the two products x x' and x' x; the result is the same.
    let tall = inputs > outputs;
    let x = if tall { update.tr() } else { update.shallow_clone() };
    let mut x = (x / update.norm().clamp_min(p.eps)).unsqueeze(0);
    for _ in 0..p.ns_steps {
        let gram = x.bmm(&x.transpose(1, 2));
        let polynomial = gram.baddbmm(&gram, &gram, p.ns_b, p.ns_c);
        x = x.baddbmm(&polynomial, &x, p.ns_a, 1.0);
    }
    let x = x.squeeze_dim(0);
    if tall { x.tr() } else { x }
}
