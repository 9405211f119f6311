//! Burn optimizers from a [`spec::OptimizerSpec`]; schedules as pure functions.
//!
//! Each optimizer has a file that opens with its update rule, symbols and deviations. Burn's own is
//! wrapped if it follows PyTorch, with every field explicit, because Burn's defaults differ
//! (dampening 0.1, RMSProp's momentum 0.9, eps 1e-5, AdamW's weight decay 1e-4). Otherwise the rule
//! is implemented here, as an [`UpdateRule`](rules::update_rule::UpdateRule). Each optimizer
//! follows a golden trajectory of `torch.optim` (`tests/golden.rs`) or of another reference
//! (`tests/papers.rs`).
//!
//! Bit equality with PyTorch is not to be expected: after 100 steps rounding leaves the golden
//! trajectories 1e-7 to 5e-6 apart. Burn's kernels also take hyper-parameters as 32-bit floats
//! where PyTorch keeps 64-bit scalars, which shows in Adam and AdamW (1.6e-5); there, betas nearer
//! to 1 than 6e-8 round to 1 and give NaN, which a run reports as diverged.

pub mod clip;
pub mod fused;
pub mod optimizer;
pub mod rules;
pub mod schedule;
mod wide;

pub use fused::Fused;
pub use optimizer::Optimizer;
