//! A landscape in place of a network: two numbers, `position`, that move downhill.
//! loss = f(p) + <n, p - p'>  with p' the same numbers without a gradient
//! Shapes: p is [2]; n, the inputs, are [batch, 2]; outputs are [batch, 1], each f(p).
//! The noise n is added to the gradient of f and changes no value. The gradient of f is Burn's,
//! from the formula in tensors.
//! Source: the formulas of `spec::landscape`, with which a test compares these.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};
use spec::landscape::{BRANIN_WAVE, Function, Position};
use spec::model::FunctionModel;
use spec::seed;

use super::Model;

/// The module. Parameter path: `position`.
#[derive(Module, Debug)]
pub struct Landscape {
    /// x and y, `[2]`.
    pub position: Param<Tensor<1>>,
    /// The function f, which is minimised.
    #[module(skip)]
    pub function: Function,
}

/// Builds the landscape at its start, moved by up to `start_jitter` in each direction: two draws of
/// the stream `init/position`.
pub fn build(spec: &FunctionModel, seed: u64, device: &Device) -> Landscape {
    let mut stream = seed::stream(seed, "init/position");
    let start = [spec.start_x, spec.start_y].map(|at| {
        let off = f64::from(stream.uniform_in(-1.0, 1.0)) * spec.start_jitter;
        (at + off) as f32
    });
    Landscape {
        position: Param::from_data(TensorData::new(start.to_vec(), [2]), device),
        function: spec.function,
    }
}

impl Landscape {
    /// Reads the position back from the device.
    ///
    /// # Panics
    /// If the device does not return it.
    pub fn at(&self) -> Position {
        let data = self.position.val().into_data();
        let values = data.try_into_vec::<f32>().expect("a position is two 32-bit floats");
        [f64::from(values[0]), f64::from(values[1])]
    }
}

impl Model for Landscape {
    /// Returns f at the position, `[batch, 1]`, once for each row of `noise` (`[batch, 2]`), which
    /// is added to the gradient.
    fn forward(&self, noise: Tensor<2>) -> Tensor<2> {
        let position = self.position.val();
        let value = value(self.function, position.clone());
        let still = position.clone().detach();
        let pull = noise.matmul((position - still).reshape([2, 1]));
        pull + value.reshape([1, 1])
    }

    /// Returns f at the position in 64-bit floats, which tell values near a minimum apart: `cos` of
    /// 32-bit floats would round Rastrigin's below zero.
    fn value(&self) -> Option<f64> {
        Some(self.function.value(self.at()))
    }
}

/// Evaluates the formula in tensors; `p` is `[2]`, the result `[1]`.
fn value(function: Function, p: Tensor<1>) -> Tensor<1> {
    let (x, y) = (p.clone().slice(0..1), p.slice(1..2));
    let square = |t: Tensor<1>| t.clone() * t;
    match function {
        Function::Beale => {
            let residual = |c: f64, power: Tensor<1>| square(x.clone() * (power - 1.0) + c);
            let (once, twice) = (y.clone(), square(y.clone()));
            residual(1.5, once) + residual(2.25, twice.clone()) + residual(2.625, twice * y)
        }
        Function::Rosenbrock => {
            square(x.clone().neg() + 1.0) + square(y - square(x)).mul_scalar(100.0)
        }
        Function::Rastrigin => {
            let wave = |t: Tensor<1>| {
                square(t.clone()) - t.mul_scalar(std::f64::consts::TAU).cos().mul_scalar(10.0)
            };
            wave(x) + wave(y) + 20.0
        }
        Function::Himmelblau => {
            square(square(x.clone()) + y.clone() - 11.0) + square(x + square(y) - 7.0)
        }
        Function::Saddle => square(x) - square(y),
        Function::MonkeySaddle => square(x.clone()) * x.clone() - (x * square(y)).mul_scalar(3.0),
        Function::Ravine => (square(x) + square(y).mul_scalar(100.0)).mul_scalar(0.5),
        Function::Sphere => square(x) + square(y),
        Function::Ackley => {
            let cos = |t: Tensor<1>| t.mul_scalar(std::f64::consts::TAU).cos();
            let waves = (cos(x.clone()) + cos(y.clone())).mul_scalar(0.5).exp();
            // A square root has no derivative at 0.
            let mean = (square(x) + square(y)).mul_scalar(0.5).clamp_min(1e-30);
            let decay = mean.sqrt().mul_scalar(-0.2).exp();
            (decay.neg() + 1.0).mul_scalar(20.0) + (waves.neg() + std::f64::consts::E)
        }
        Function::Branin => {
            let pi = std::f64::consts::PI;
            let bend = square(x.clone()).mul_scalar(-5.1 / (4.0 * pi * pi));
            let off = y + bend + x.clone().mul_scalar(5.0 / pi) - 6.0;
            square(off) + x.cos().mul_scalar(BRANIN_WAVE) + 10.0
        }
    }
}
