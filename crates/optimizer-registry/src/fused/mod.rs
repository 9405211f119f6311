//! Optimizers that update all parameters of a model in one pass over one buffer
//! in host memory.
//!
//! [`Fused`] is the fast path of the rules in `rules/`: the same operations on
//! each element, in the same order and each rounded to `f32`, but without a kernel
//! and a temporary for every operation. Its results are therefore those of the rule
//! bit for bit (`tests/fused.rs`), and [`Fused::new`] gives `None` where there is no
//! such pass: the rule is then used.
//!
//! Scalars are computed as the rule computes them, `f32` where Burn has `f32`.

mod kernels;

use burn::store::RecordError;
use spec::OptimizerSpec;
use spec::optimizer::{Adam, AdamW, RmsProp, Sgd};

use kernels::{Adaptive, MeanSquare, Velocity};

/// An optimizer over a flat buffer of parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Fused {
    rule: Rule,
    /// Steps taken.
    steps: u64,
    /// What the rule remembers, each as long as the parameters. Before the first
    /// step they hold -0, the one number that changes nothing when it is added.
    moments: Vec<Vec<f32>>,
}

#[derive(Clone, Debug, PartialEq)]
enum Rule {
    Sgd(Sgd),
    RmsProp(RmsProp),
    Adam(Adam),
    AdamW(AdamW),
}

impl Rule {
    /// Of `spec`, if there is one.
    fn of(spec: &OptimizerSpec) -> Option<Rule> {
        match spec {
            OptimizerSpec::Sgd(p) => Some(Rule::Sgd(p.clone())),
            OptimizerSpec::RmsProp(p) => Some(Rule::RmsProp(p.clone())),
            OptimizerSpec::Adam(p) if !p.amsgrad => Some(Rule::Adam(p.clone())),
            OptimizerSpec::AdamW(p) if !p.amsgrad => Some(Rule::AdamW(p.clone())),
            _ => None,
        }
    }

    fn moments(&self) -> usize {
        match self {
            Rule::Sgd(p) => usize::from(p.momentum != 0.0),
            Rule::RmsProp(p) => 1 + usize::from(p.centered) + usize::from(p.momentum > 0.0),
            Rule::Adam(_) | Rule::AdamW(_) => 2,
        }
    }
}

impl Fused {
    /// Whether `spec` has a fused pass.
    pub fn exists(spec: &OptimizerSpec) -> bool {
        Rule::of(spec).is_some()
    }

    /// Of `spec` for `n` parameters; `None` where only the rule exists.
    pub fn new(spec: &OptimizerSpec, n: usize) -> Option<Self> {
        let rule = Rule::of(spec)?;
        let moments = vec![vec![-0.0; n]; rule.moments()];
        Some(Fused { rule, steps: 0, moments })
    }

    /// One step: `parameters` after it, for their gradients, both as long as `n`.
    ///
    /// # Panics
    /// If a length is not `n`.
    pub fn step(&mut self, lr: f64, parameters: &mut [f32], gradients: &[f32]) {
        self.steps += 1;
        let first = self.steps == 1;
        let lr32 = lr as f32;
        match (&self.rule, &mut self.moments[..]) {
            (Rule::Sgd(p), []) => kernels::sgd(parameters, gradients, lr32, decay(p.weight_decay)),
            (Rule::Sgd(p), [velocity]) => {
                let keep = Velocity {
                    momentum: p.momentum as f32,
                    // The first gradient is taken whole.
                    share: if first { 1.0 } else { (1.0 - p.dampening) as f32 },
                    nesterov: p.nesterov,
                };
                kernels::momentum(
                    parameters,
                    gradients,
                    velocity,
                    lr32,
                    &keep,
                    decay(p.weight_decay),
                );
            }
            (Rule::RmsProp(p), moments) => {
                let mean = MeanSquare {
                    alpha: p.alpha as f32,
                    rest: 1.0 - p.alpha as f32,
                    eps: p.eps as f32,
                    momentum: p.momentum as f32,
                    centered: p.centered,
                };
                kernels::rmsprop(
                    parameters,
                    gradients,
                    moments,
                    lr32,
                    &mean,
                    decay(p.weight_decay),
                );
            }
            (Rule::Adam(p), [mean, square]) => {
                let adaptive = Adaptive::new(p.beta1, p.beta2, p.eps, self.steps);
                let decay = decay(p.weight_decay);
                kernels::adam(parameters, gradients, mean, square, lr32, &adaptive, decay);
            }
            (Rule::AdamW(p), [mean, square]) => {
                let adaptive = Adaptive::new(p.beta1, p.beta2, p.eps, self.steps);
                let rate = lr * f64::from(p.weight_decay as f32);
                // The rule leaves the weights alone at 0; a factor of 1 does the same.
                let kept = (1.0 - rate) as f32;
                kernels::adamw(parameters, gradients, mean, square, lr32, &adaptive, kept);
            }
            (rule, moments) => unreachable!("{rule:?} with {} moments", moments.len()),
        }
    }

    /// The state as bytes: the steps taken, then the moments, little-endian.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = self.steps.to_le_bytes().to_vec();
        out.extend(self.moments.iter().flatten().flat_map(|v| v.to_le_bytes()));
        out
    }

    /// This optimizer with a saved state.
    ///
    /// # Errors
    /// Bytes of another rule or of another number of parameters.
    pub fn from_bytes(mut self, bytes: &[u8]) -> Result<Self, RecordError> {
        let numbers = self.moments.iter().map(Vec::len).sum::<usize>();
        let (steps, values) = match bytes.split_first_chunk::<8>() {
            Some((steps, values)) if values.len() == 4 * numbers => (steps, values),
            _ => {
                let why = format!("{} bytes are no state of {numbers} numbers", bytes.len());
                return Err(RecordError::Io(why));
            }
        };
        self.steps = u64::from_le_bytes(*steps);
        let (values, _) = values.as_chunks::<4>();
        for (moment, value) in self.moments.iter_mut().flatten().zip(values) {
            *moment = f32::from_le_bytes(*value);
        }
        Ok(self)
    }
}

/// An L2 penalty; `None` for 0, which saves the arithmetic, as in the rules.
fn decay(penalty: f64) -> Option<f32> {
    (penalty != 0.0).then_some(penalty as f32)
}
