//! [`spec::OptimizerSpec`] to Burn optimizer; schedules as pure functions.
//!
//! One file per optimizer, each opening with its update rule, its symbols and
//! where it deviates. Every field of a Burn config is set explicitly, because
//! Burn's defaults differ from PyTorch's (dampening 0.1, RMSProp's momentum
//! 0.9, eps 1e-5, AdamW's weight decay 1e-4). Each optimizer follows a golden
//! trajectory of `torch.optim` (see `tests/golden.rs`).
//!
//! Hyper-parameters reach Burn's kernels as 32-bit floats where PyTorch keeps
//! 64-bit scalars, so never expect bit equality: after 50 steps the golden
//! trajectories differ by 1e-7 (SGD), 3e-6 (RMSProp) and 8e-6 (Adam) at most.
//! Betas nearer to 1 than 6e-8 round to 1 and give NaN, which a run reports as diverged.

pub mod clip;
pub mod optimizer;
pub mod rules;
pub mod schedule;

pub use optimizer::Optimizer;
