//! L-BFGS: Newton-like steps from the last gradients. Liu and Nocedal 1989, "On the limited memory
//! BFGS method for large scale optimization", as torch.optim.LBFGS (2.9.0) has it.
//!
//! Each step is up to `max_iter` iterations on one batch, all weights as one vector x:
//! y = g - g_prev;  s = t d;  kept with rho = 1 / y.s if y.s > 1e-10
//! H = y.s / y.y of the last kept pair
//! q = -g;  newest to oldest: a_i = rho_i s_i.q, q <- q - a_i y_i;  d = H q
//! oldest to newest: d <- d + (a_i - rho_i y_i.d) s_i;  x <- x + t d
//! t = lr, in the very first iteration lr min(1, 1 / sum |g|); with `line_search`, a t that fulfils
//! the strong Wolfe conditions, searched from there. A step ends early after `max_eval`
//! evaluations, when |g| or the change of x is within its tolerance everywhere, or when the loss
//! changes by less.
//!
//! Symbols: g gradient, d direction, t length, y and s the last `history_size` pairs.
//! Shapes: all vectors [n] over all weights with a gradient; state of 2 + 2 `history_size` of them.
//! Defaults: PyTorch's; `max_eval` = 0 means PyTorch's None, max_iter * 5 / 4.
//! Differs from PyTorch: products of scalars are 64-bit; the first loss of a step is evaluated once
//! more, because the loop passes only gradients. Differs from Burn's LBFGS, which evaluates again
//! after the last iteration and bounds a line search by the remaining evaluations.
//! Each dot product is read back by the host: meant for small models, not for a fast GPU.

use burn::module::Module;
use burn::optim::{GradientsParams, RecordState, StateSink, StateSource};
use burn::store::RecordError;
use burn::tensor::{Bytes, Device, Tensor};
use spec::optimizer::{self, LineSearch};

use super::flat;
use super::line_search::{Seen, strong_wolfe};
use super::slots::Slots;

/// Callback that returns loss and gradients at other weights.
pub type Again<'a, M> = &'a mut dyn FnMut(&M) -> (f64, GradientsParams);

/// Minimum curvature y . s of a pair that is kept.
const MIN_CURVATURE: f64 = 1e-10;

/// The optimizer with its state.
#[derive(Debug)]
pub struct Lbfgs {
    p: optimizer::Lbfgs,
    /// Number of iterations of all steps.
    iterations: u64,
    /// Last direction `[n]`, its length, and the gradient `[n]` where it started.
    last: Option<(Tensor<1>, f64, Tensor<1>)>,
    history: Vec<Pair>,
    device: Device,
}

/// Curvature information from one iteration; y and s are `[n]`.
#[derive(Clone, Debug)]
struct Pair {
    y: Tensor<1>,
    s: Tensor<1>,
    /// y . s
    curvature: f64,
}

impl Lbfgs {
    /// Creates the optimizer with the values of `p`; a loaded state is put on `device`.
    pub fn new(p: &optimizer::Lbfgs, device: Device) -> Self {
        Lbfgs { p: p.clone(), iterations: 0, last: None, history: Vec::new(), device }
    }

    /// Takes one step of up to `max_iter` iterations and returns the module after it.
    pub fn step<M: Module>(&mut self, lr: f64, module: M, again: Again<'_, M>) -> M {
        let (mut loss, gradients) = again(&module);
        let (Some(mut x), Some(mut g)) =
            (flat::weights(&module, &gradients), flat::gradient(&module, &gradients))
        else {
            return module;
        };
        let mut module = module;
        let mut loss_and_gradient = |module: &M| {
            let (loss, gradients) = again(module);
            (loss, flat::gradient(module, &gradients).expect("the same parameters as before"))
        };
        let at = |module: &M, x: &Tensor<1>| flat::with_weights(module.clone(), &gradients, x);
        if largest(&g) <= self.p.tolerance_grad {
            return module;
        }
        let max_looks =
            if self.p.max_eval == 0 { self.p.max_iter * 5 / 4 } else { self.p.max_eval };
        let mut looks = 1;
        for iteration in 1..=self.p.max_iter {
            self.iterations += 1;
            let d = self.direction(&g);
            let before = loss;
            let mut t = lr;
            if self.iterations == 1 {
                let sum: f64 = g.clone().abs().sum().into_scalar();
                t *= (1.0 / sum).min(1.0);
            }
            self.last = Some((d.clone(), t, g.clone()));
            let slope = dot(&g, &d);
            if slope > -self.p.tolerance_change {
                break;
            }
            match self.p.line_search {
                LineSearch::StrongWolfe => {
                    let start = Seen { t: 0.0, loss, gradient: g, slope };
                    let along = |t: f64| x.clone() + d.clone().mul_scalar(t);
                    let seek = |t: f64| loss_and_gradient(&at(&module, &along(t)));
                    let (seen, taken) = strong_wolfe(start, t, &d, self.p.tolerance_change, seek);
                    (t, loss, g) = (seen.t, seen.loss, seen.gradient);
                    looks += taken;
                    x = along(t);
                    module = at(&module, &x);
                }
                LineSearch::None => {
                    x = x + d.clone().mul_scalar(t);
                    module = at(&module, &x);
                    if iteration < self.p.max_iter {
                        (loss, g) = loss_and_gradient(&module);
                        looks += 1;
                    }
                }
            }
            if let Some(last) = &mut self.last {
                last.1 = t;
            }
            if looks >= max_looks
                || largest(&g) <= self.p.tolerance_grad
                || largest(&d.mul_scalar(t)) <= self.p.tolerance_change
                || (loss - before).abs() < self.p.tolerance_change
            {
                break;
            }
        }
        module
    }

    /// Returns the direction `[n]` at gradient `g`, and records the curvature of the last
    /// iteration.
    fn direction(&mut self, g: &Tensor<1>) -> Tensor<1> {
        let Some((d, t, g_before)) = self.last.take() else {
            return g.clone().neg();
        };
        let (y, s) = (g.clone() - g_before, d.mul_scalar(t));
        let curvature = dot(&y, &s);
        if curvature > MIN_CURVATURE {
            if self.history.len() as u64 >= self.p.history_size {
                self.history.remove(0);
            }
            self.history.push(Pair { y, s, curvature });
        }
        let mut q = g.clone().neg();
        let mut shares = Vec::with_capacity(self.history.len());
        for pair in self.history.iter().rev() {
            let share = dot(&pair.s, &q) / pair.curvature;
            q = q - pair.y.clone().mul_scalar(share);
            shares.push(share);
        }
        let Some(newest) = self.history.last() else { return q };
        let mut d = q.mul_scalar(newest.curvature / dot(&newest.y, &newest.y));
        for (pair, share) in self.history.iter().zip(shares.into_iter().rev()) {
            let back = dot(&pair.y, &d) / pair.curvature;
            d = d + pair.s.clone().mul_scalar(share - back);
        }
        d
    }

    /// Serializes the state.
    ///
    /// # Errors
    /// Fails if a tensor of the state cannot be read back from the device.
    pub fn to_bytes(&self) -> Result<Bytes, RecordError> {
        let mut state = Slots { step: self.iterations, scalars: Vec::new(), tensors: Vec::new() };
        if let Some((d, t, g)) = &self.last {
            state.scalars.push(*t);
            state.tensors.extend([d.clone(), g.clone()]);
        }
        for pair in &self.history {
            state.scalars.push(pair.curvature);
            state.tensors.extend([pair.y.clone(), pair.s.clone()]);
        }
        let mut sink = StateSink::default();
        state.state_flatten("", &mut sink);
        let tensors = sink.tensors.into_iter().map(|(name, data)| {
            let (bytes, shape, dtype) = data.into_parts();
            burn_pack::Tensor::new(name, dtype, shape, None, bytes)
        });
        let writer = burn_pack::Writer::new(tensors.collect());
        let writer =
            sink.scalars.iter().fold(writer, |w, (name, value)| w.with_scalar(name, *value));
        Ok(writer.into_bytes()?)
    }

    /// Returns this optimizer with a saved state.
    ///
    /// # Errors
    /// Fails if the bytes are not a record.
    pub fn from_bytes(mut self, bytes: Bytes) -> Result<Self, RecordError> {
        let reader = burn_pack::Reader::from_bytes(bytes)?;
        let mut source = StateSource::new(reader.scalars().clone());
        for tensor in reader.into_tensors()? {
            let (name, dtype, shape, _, bytes) = tensor.into_parts()?;
            source.insert_tensor(name, burn::tensor::TensorData::from_bytes(bytes, shape, dtype));
        }
        let state = Slots::<1>::state_unflatten("", &mut source, &self.device).unwrap_or_default();
        self.iterations = state.step;
        let mut scalars = state.scalars.into_iter();
        let mut tensors = state.tensors.into_iter();
        let mut next = || Some((scalars.next()?, tensors.next()?, tensors.next()?));
        self.last = next().map(|(t, d, g)| (d, t, g));
        self.history =
            std::iter::from_fn(next).map(|(curvature, y, s)| Pair { y, s, curvature }).collect();
        Ok(self)
    }
}

fn dot(a: &Tensor<1>, b: &Tensor<1>) -> f64 {
    a.clone().dot(b.clone()).into_scalar()
}

fn largest(a: &Tensor<1>) -> f64 {
    a.clone().abs().max().into_scalar()
}
