//! Schedule-free SGD and AdamW: an average of the iterates in place of a decaying learning rate.
//! Defazio et al. 2024, "The road less scheduled", arXiv:2405.15682, Alg. 1, in the form of the
//! authors' package `schedulefree`, which keeps y as the weights and z as state.
//!
//! Gradients g are taken at y = b x + (1 - b) z, where x is the average of the z.
//! h_t = h min(1, t / warmup);  w_t = t^r (max over time of h)^q;  c = w_t / (w_1 + .. + w_t)
//! SGD: u = g + wd y.
//! AdamW: v <- b2 v + (1 - b2) g^2, u = g / (sqrt(v / (1 - b2^t)) + eps) + wd y
//! y <- (1 - c) y + c z;  y <- y + h_t (b (1 - c) - 1) u;  z <- z - h_t u
//! x = y + (1 - 1/b) (z - y)
//!
//! Symbols: h `lr` (scheduled, if there is a schedule), b `momentum` or `beta1`,
//! b2 `beta2`, eps `eps`, wd `weight_decay`, warmup `warmup_steps`, r `r`, q `weight_lr_power`.
//! Shapes: y, z, g, v share one shape; state of 1 f32 tensor per parameter (AdamW: 2), t, and two
//! scalars (the sum of weights, the largest rate).
//! Defaults: the package's (1.4.1): SGD lr = 1, b = 0.9; AdamW lr = 0.0025, b = 0.9, b2 = 0.999,
//! eps = 1e-8; wd = warmup = r = 0, q = 2.
//! Differs from the package: it moves the weights to x for evaluation and back, which rounds; here
//! x is a copy ([`Optimizer::evaluated`](crate::Optimizer::evaluated)), so that training does not
//! depend on when it is evaluated. Checkpoints hold y and z.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use burn::optim::Optimizer;
use burn::tensor::{Device, Tensor};
use spec::optimizer::{ScheduleFreeAdamW, ScheduleFreeSgd};

use super::slots::Slots;

/// Flag by which a step only returns the average. The rules of one optimizer share it, because Burn
/// shows a rule its state only in a step.
#[derive(Clone, Debug, Default)]
pub struct AverageRequest(Arc<AtomicBool>);

impl AverageRequest {
    /// Returns the result of `ask`, during which every step returns the average x and leaves the
    /// state unchanged.
    pub fn at_average<T>(&self, ask: impl FnOnce() -> T) -> T {
        self.0.store(true, Ordering::Relaxed);
        let answer = ask();
        self.0.store(false, Ordering::Relaxed);
        answer
    }

    fn is_at_average(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The rule of one parameter.
#[derive(Clone, Debug)]
pub struct ScheduleFree {
    toward_average: f64,
    /// beta2 and eps of AdamW; `None` for SGD.
    second_moment: Option<(f64, f64)>,
    weight_decay: f64,
    warmup_steps: u64,
    r: f64,
    weight_lr_power: f64,
    average: AverageRequest,
}

/// Schedule-free SGD with the values of `p`.
pub fn sgd(p: &ScheduleFreeSgd, average: &AverageRequest) -> ScheduleFree {
    ScheduleFree {
        toward_average: p.momentum,
        second_moment: None,
        weight_decay: p.weight_decay,
        warmup_steps: p.warmup_steps,
        r: p.r,
        weight_lr_power: p.weight_lr_power,
        average: average.clone(),
    }
}

/// Schedule-free AdamW with the values of `p`.
pub fn adamw(p: &ScheduleFreeAdamW, average: &AverageRequest) -> ScheduleFree {
    ScheduleFree {
        toward_average: p.beta1,
        second_moment: Some((p.beta2, p.eps)),
        weight_decay: p.weight_decay,
        warmup_steps: p.warmup_steps,
        r: p.r,
        weight_lr_power: p.weight_lr_power,
        average: average.clone(),
    }
}

impl ScheduleFree {
    /// Returns x, from y and the state. Before the first step x = y = z.
    fn average<const D: usize>(&self, y: Tensor<D>, state: Option<&Slots<D>>) -> Tensor<D> {
        match state {
            None => y,
            Some(state) => lerp(y, state.tensors[0].clone(), 1.0 - 1.0 / self.toward_average),
        }
    }
}

impl Optimizer for ScheduleFree {
    /// Tensors: z, with AdamW also v. Scalars: sum of weights, largest rate.
    type State<const D: usize> = Slots<D>;

    fn step<const D: usize>(
        &self,
        lr: f64,
        y: Tensor<D>,
        grad: Tensor<D>,
        state: Option<Slots<D>>,
    ) -> (Tensor<D>, Option<Slots<D>>) {
        if self.average.is_at_average() {
            return (self.average(y, state.as_ref()), state);
        }
        let mut state = Slots::next(state, || {
            let mut tensors = vec![y.clone()];
            tensors.extend(self.second_moment.map(|_| y.zeros_like()));
            Slots::new(vec![0.0, -1.0], tensors)
        });
        let t = state.step as f64;
        let rise = if state.step <= self.warmup_steps { t / self.warmup_steps as f64 } else { 1.0 };
        let lr = lr * rise;
        let lr_max = state.scalars[1].max(lr);
        let weight = t.powf(self.r) * lr_max.powf(self.weight_lr_power);
        let sum = state.scalars[0] + weight;
        state.scalars = vec![sum, lr_max];
        // A group that is frozen from the start has no weight yet.
        let c = if sum == 0.0 { 0.0 } else { weight / sum };

        let mut tensors = std::mem::take(&mut state.tensors).into_iter();
        let z = tensors.next().expect("z is kept from the first step on");
        let (mut u, v) = match (self.second_moment, tensors.next()) {
            (Some((beta2, eps)), Some(v)) => {
                let v = v.mul_scalar(beta2) + grad.clone().square().mul_scalar(1.0 - beta2);
                let correction = 1.0 - beta2.powf(t);
                let root = v.clone().div_scalar(correction).sqrt().add_scalar(eps);
                (grad.div(root), Some(v))
            }
            _ => (grad, None),
        };
        if self.weight_decay != 0.0 {
            u = u + y.clone().mul_scalar(self.weight_decay);
        }
        let along = lr * (self.toward_average * (1.0 - c) - 1.0);
        let y = lerp(y, z.clone(), c) + u.clone().mul_scalar(along);
        let z = z - u.mul_scalar(lr);
        state.tensors = std::iter::once(z).chain(v).collect();
        (y, Some(state))
    }

    fn to_device<const D: usize>(state: Slots<D>, device: &Device) -> Slots<D> {
        state.to_device(device)
    }
}

/// Returns (1 - weight) from + weight to, in torch.lerp's two forms.
fn lerp<const D: usize>(from: Tensor<D>, to: Tensor<D>, weight: f64) -> Tensor<D> {
    let way = to.clone() - from.clone();
    if weight.abs() < 0.5 {
        from + way.mul_scalar(weight)
    } else {
        to - way.mul_scalar(1.0 - weight)
    }
}
