//! Optimizers that update all parameters of a model in one pass over one buffer
//! in host memory.
//!
//! [`Fused`] is the fast path of the rules in `rules/`: the same operations on each element, in the
//! same order and each rounded to `f32`, but without a kernel and a temporary for every operation.
//! Its results therefore equal those of the rule bit for bit (`tests/fused.rs`). [`Fused::new`]
//! returns `None` if there is no such pass; the rule is then used.
//!
//! Scalars are computed as the rule computes them, `f32` where Burn has `f32`.

mod kernels;

use burn::store::RecordError;
use spec::OptimizerSpec;
use spec::optimizer::{Adam, AdamW, Muon, RmsProp, Sgd};

use kernels::{Adaptive, MeanSquare, Velocity};

/// An optimizer over a flat buffer of parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Fused {
    rule: Rule,
    /// Steps taken.
    steps: u64,
    /// State of the rule, each vector as long as the parameters. Before the first step they hold
    /// -0, the one number that changes nothing when it is added.
    moments: Vec<Vec<f32>>,
}

#[derive(Clone, Debug, PartialEq)]
enum Rule {
    Sgd(Sgd),
    RmsProp(RmsProp),
    Adam(Adam),
    AdamW(AdamW),
    /// Only on a device, because it needs the shapes of the matrices.
    Muon(Muon),
}

impl Rule {
    /// Returns the rule of `spec`; `None` without one.
    fn of(spec: &OptimizerSpec) -> Option<Rule> {
        match spec {
            OptimizerSpec::Sgd(p) => Some(Rule::Sgd(p.clone())),
            OptimizerSpec::RmsProp(p) => Some(Rule::RmsProp(p.clone())),
            OptimizerSpec::Adam(p) if !p.amsgrad => Some(Rule::Adam(p.clone())),
            OptimizerSpec::AdamW(p) if !p.amsgrad => Some(Rule::AdamW(p.clone())),
            _ => None,
        }
    }

    /// Returns the rule of `spec` on a device; `None` without one.
    fn on_device(spec: &OptimizerSpec) -> Option<Rule> {
        match spec {
            OptimizerSpec::Muon(p) => Some(Rule::Muon(p.clone())),
            spec => Rule::of(spec),
        }
    }

    fn moments(&self) -> usize {
        match self {
            Rule::Sgd(p) => usize::from(p.momentum != 0.0),
            Rule::RmsProp(p) => 1 + usize::from(p.centered) + usize::from(p.momentum > 0.0),
            Rule::Adam(_) | Rule::AdamW(_) | Rule::Muon(_) => 2,
        }
    }
}

impl Fused {
    /// Returns true if `spec` has a fused pass.
    pub fn exists(spec: &OptimizerSpec) -> bool {
        Rule::of(spec).is_some()
    }

    /// Creates the optimizer of `spec` for `n` parameters; `None` if only the rule exists.
    pub fn new(spec: &OptimizerSpec, n: usize) -> Option<Self> {
        Rule::of(spec).map(|rule| Fused::begin(rule, n))
    }

    /// Creates the state of `spec` for `n` parameters that a device updates itself; `None` if only
    /// the rule exists.
    pub fn for_device(spec: &OptimizerSpec, n: usize) -> Option<Self> {
        Rule::on_device(spec).map(|rule| Fused::begin(rule, n))
    }

    fn begin(rule: Rule, n: usize) -> Self {
        let moments = vec![vec![-0.0; n]; rule.moments()];
        Fused { rule, steps: 0, moments }
    }

    /// Takes one step: updates `parameters` by their gradients, both of length `n`. Long buffers
    /// are shared among `threads` threads of rayon's pool, which changes no bit: no element depends
    /// on another.
    ///
    /// # Panics
    /// If a length is not `n`, and for a rule that only a device has.
    pub fn step(&mut self, lr: f64, parameters: &mut [f32], gradients: &[f32], threads: usize) {
        self.steps += 1;
        let pass = Pass { rule: &self.rule, lr, step: self.steps };
        let parts = threads.min(parameters.len() / PART).max(1);
        let size = parameters.len().div_ceil(parts).max(1);
        let mut moments: Vec<_> = self.moments.iter_mut().map(|m| m.chunks_mut(size)).collect();
        let mut shares: Vec<Share<'_>> = parameters
            .chunks_mut(size)
            .zip(gradients.chunks(size))
            .map(|(p, g)| (p, g, moments.iter_mut().filter_map(Iterator::next).collect()))
            .collect();
        match &mut shares[..] {
            [(p, g, moments)] => pass.over(p, g, moments),
            _ => rayon::scope(|scope| {
                let pass = &pass;
                for (p, g, mut moments) in shares {
                    scope.spawn(move |_| pass.over(p, g, &mut moments));
                }
            }),
        }
    }

    /// Returns the number of steps taken.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Iterates over the moments of the rule, each in the order of the parameters: the velocity of
    /// SGD with momentum; the mean square, the mean if centered and the velocity of RMSProp; mean
    /// and mean square of Adam, AdamW and Muon, whose matrices do not use the mean square.
    pub fn moments(&self) -> impl Iterator<Item = &[f32]> {
        self.moments.iter().map(Vec::as_slice)
    }

    /// Replaces the state by one that was computed elsewhere.
    ///
    /// # Panics
    /// If the number of moments or their lengths differ from those of [`Fused::moments`].
    pub fn restore(&mut self, steps: u64, moments: Vec<Vec<f32>>) {
        let lengths = |moments: &[Vec<f32>]| moments.iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(lengths(&moments), lengths(&self.moments));
        (self.steps, self.moments) = (steps, moments);
    }

    /// Serializes the state, little-endian: the steps taken (u64), then the moments (f32).
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = self.steps.to_le_bytes().to_vec();
        out.extend(self.moments.iter().flatten().flat_map(|v| v.to_le_bytes()));
        out
    }

    /// Returns this optimizer with a saved state.
    ///
    /// # Errors
    /// Fails if the bytes are of another rule or of another number of parameters.
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

/// Minimum number of elements that is worth a thread: about 50 microseconds of work.
const PART: usize = 1 << 17;

/// Parameters, gradients and moments of one thread.
type Share<'a> = (&'a mut [f32], &'a [f32], Vec<&'a mut [f32]>);

/// One step of a rule.
struct Pass<'a> {
    rule: &'a Rule,
    lr: f64,
    /// Number of the step, from 1.
    step: u64,
}

impl Pass<'_> {
    fn over(&self, p: &mut [f32], g: &[f32], moments: &mut [&mut [f32]]) {
        let lr = self.lr as f32;
        match (self.rule, moments) {
            (Rule::Sgd(s), []) => kernels::sgd(p, g, lr, decay(s.weight_decay)),
            (Rule::Sgd(s), [velocity]) => {
                let keep = Velocity {
                    momentum: s.momentum as f32,
                    // The first gradient is taken whole.
                    share: if self.step == 1 { 1.0 } else { (1.0 - s.dampening) as f32 },
                    nesterov: s.nesterov,
                };
                kernels::momentum(p, g, velocity, lr, &keep, decay(s.weight_decay));
            }
            (Rule::RmsProp(s), moments) => {
                let mean = MeanSquare {
                    alpha: s.alpha as f32,
                    rest: 1.0 - s.alpha as f32,
                    eps: s.eps as f32,
                    momentum: s.momentum as f32,
                    centered: s.centered,
                };
                kernels::rmsprop(p, g, moments, lr, &mean, decay(s.weight_decay));
            }
            (Rule::Adam(s), [mean, square]) => {
                let adaptive = Adaptive::new(s.beta1, s.beta2, s.eps, self.step);
                kernels::adam(p, g, mean, square, lr, &adaptive, decay(s.weight_decay));
            }
            (Rule::AdamW(s), [mean, square]) => {
                let adaptive = Adaptive::new(s.beta1, s.beta2, s.eps, self.step);
                // The rule leaves the weights alone at 0; a factor of 1 does the same.
                let kept = (1.0 - self.lr * f64::from(s.weight_decay as f32)) as f32;
                kernels::adamw(p, g, mean, square, lr, &adaptive, kept);
            }
            (rule, moments) => unreachable!("{rule:?} with {} moments", moments.len()),
        }
    }
}

/// An L2 penalty; `None` for 0, which saves the arithmetic, as in the rules.
fn decay(penalty: f64) -> Option<f32> {
    (penalty != 0.0).then_some(penalty as f32)
}
