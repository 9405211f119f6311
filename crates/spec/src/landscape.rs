//! Landscapes: functions of two variables with a known shape, on which optimizers can be watched.
//! Everything here is plain `f64`. The crate `model` has the same formulas on tensors, whose
//! gradients Burn computes, and a test checks that both agree.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::params::choice;

choice! {
    /// A test function of two variables.
    Function {
        /// A flat valley with steep walls in the corners.
        Beale = "beale",
        /// A long curved valley whose floor is easy to find and slow to follow.
        Rosenbrock = "rosenbrock",
        /// A bowl with a dent at every unit: about a hundred local minima.
        Rastrigin = "rastrigin",
        /// Four minima of equal depth around a hill.
        Himmelblau = "himmelblau",
        /// A saddle, rising along x and falling along y: the gradient vanishes at a point that is
        /// not a minimum.
        Saddle = "saddle",
        /// A saddle with three directions down and three up, flat to second order at its centre.
        MonkeySaddle = "monkey-saddle",
        /// A quadratic with condition number 100, steep along y.
        Ravine = "ravine",
        /// A round bowl.
        Sphere = "sphere",
        /// A deep hole in a nearly flat plain full of dents.
        Ackley = "ackley",
        /// Three minima of equal depth along a curved valley.
        Branin = "branin",
    }
}

/// A point of the plane: x, y.
pub type Position = [f64; 2];

/// Description of a function.
#[derive(Clone, Copy, Debug)]
pub struct FunctionInfo {
    /// The formula, as text.
    pub formula: &'static str,
    /// The publication that introduced it, or a description.
    pub source: &'static str,
    /// The box that figures show: its lower left and upper right corner. A run on a saddle ends
    /// once it is outside the box and below the saddle point.
    pub domain: [Position; 2],
    /// Default start of descents.
    pub start: Position,
    /// All global minima; for a saddle the saddle point, which is to be left.
    pub optima: &'static [Position],
    /// The value at the optima.
    pub lowest: f64,
    /// Whether it is a saddle: it has no minimum, so farther away is better.
    pub saddle: bool,
}

const BEALE: FunctionInfo = FunctionInfo {
    formula: "(1.5 - x + x y)^2 + (2.25 - x + x y^2)^2 + (2.625 - x + x y^3)^2",
    source: "Beale 1958, On an iterative method for finding a local minimum of a function of more than one variable",
    domain: [[-4.5, -2.5], [4.5, 2.5]],
    start: [1.0, 1.5],
    optima: &[[3.0, 0.5]],
    lowest: 0.0,
    saddle: false,
};

const ROSENBROCK: FunctionInfo = FunctionInfo {
    formula: "(1 - x)^2 + 100 (y - x^2)^2",
    source: "Rosenbrock 1960, An automatic method for finding the greatest or least value of a function",
    domain: [[-2.0, -1.0], [2.0, 3.0]],
    start: [-1.2, 1.0],
    optima: &[[1.0, 1.0]],
    lowest: 0.0,
    saddle: false,
};

const RASTRIGIN: FunctionInfo = FunctionInfo {
    formula: "20 + x^2 - 10 cos(2 pi x) + y^2 - 10 cos(2 pi y)",
    source: "Rastrigin 1974, Systems of extremal control",
    domain: [[-5.12, -5.12], [5.12, 5.12]],
    start: [-2.7, 3.6],
    optima: &[[0.0, 0.0]],
    lowest: 0.0,
    saddle: false,
};

const HIMMELBLAU: FunctionInfo = FunctionInfo {
    formula: "(x^2 + y - 11)^2 + (x + y^2 - 7)^2",
    source: "Himmelblau 1972, Applied Nonlinear Programming",
    domain: [[-5.0, -5.0], [5.0, 5.0]],
    start: [0.0, -1.0],
    optima: &[
        [3.0, 2.0],
        [-2.805_118_086_952_745, 3.131_312_518_250_573],
        [-3.779_310_253_377_747, -3.283_185_991_286_17],
        [3.584_428_340_330_492, -1.848_126_526_964_404],
    ],
    lowest: 0.0,
    saddle: false,
};

const SADDLE: FunctionInfo = FunctionInfo {
    formula: "x^2 - y^2",
    source: "the hyperbolic paraboloid",
    domain: [[-1.5, -1.5], [1.5, 1.5]],
    start: [1.2, 0.001],
    optima: &[[0.0, 0.0]],
    lowest: 0.0,
    saddle: true,
};

const MONKEY_SADDLE: FunctionInfo = FunctionInfo {
    formula: "x^3 - 3 x y^2",
    source: "Hilbert and Cohn-Vossen 1932, Anschauliche Geometrie",
    domain: [[-1.5, -1.5], [1.5, 1.5]],
    start: [1.2, 0.001],
    optima: &[[0.0, 0.0]],
    lowest: 0.0,
    saddle: true,
};

const RAVINE: FunctionInfo = FunctionInfo {
    formula: "(x^2 + 100 y^2) / 2",
    source: "a quadratic of condition 100",
    domain: [[-3.0, -1.5], [3.0, 1.5]],
    start: [-2.5, 1.0],
    optima: &[[0.0, 0.0]],
    lowest: 0.0,
    saddle: false,
};

const SPHERE: FunctionInfo = FunctionInfo {
    formula: "x^2 + y^2",
    source: "De Jong 1975, An analysis of the behavior of a class of genetic adaptive systems",
    domain: [[-3.0, -3.0], [3.0, 3.0]],
    start: [-2.0, 1.5],
    optima: &[[0.0, 0.0]],
    lowest: 0.0,
    saddle: false,
};

const ACKLEY: FunctionInfo = FunctionInfo {
    formula: "20 (1 - exp(-0.2 sqrt((x^2 + y^2) / 2))) + e - exp((cos(2 pi x) + cos(2 pi y)) / 2)",
    source: "Ackley 1987, A Connectionist Machine for Genetic Hillclimbing",
    domain: [[-5.0, -5.0], [5.0, 5.0]],
    start: [-2.3, 1.4],
    optima: &[[0.0, 0.0]],
    lowest: 0.0,
    saddle: false,
};

const BRANIN: FunctionInfo = FunctionInfo {
    formula: "(y - 5.1 x^2 / (4 pi^2) + 5 x / pi - 6)^2 + 10 (1 - 1 / (8 pi)) cos(x) + 10",
    source: "Branin 1972, Widely convergent method for finding multiple solutions of simultaneous nonlinear equations",
    domain: [[-5.0, 0.0], [10.0, 15.0]],
    start: [2.5, 12.0],
    optima: &[
        [-std::f64::consts::PI, 12.275],
        [std::f64::consts::PI, 2.275],
        [3.0 * std::f64::consts::PI, 2.475],
    ],
    lowest: 0.397_887_357_729_738_16,
    saddle: false,
};

impl Function {
    /// Returns the description of the function.
    pub fn info(self) -> &'static FunctionInfo {
        match self {
            Function::Beale => &BEALE,
            Function::Rosenbrock => &ROSENBROCK,
            Function::Rastrigin => &RASTRIGIN,
            Function::Himmelblau => &HIMMELBLAU,
            Function::Saddle => &SADDLE,
            Function::MonkeySaddle => &MONKEY_SADDLE,
            Function::Ravine => &RAVINE,
            Function::Sphere => &SPHERE,
            Function::Ackley => &ACKLEY,
            Function::Branin => &BRANIN,
        }
    }

    /// Returns the value f(x, y).
    pub fn value(self, [x, y]: Position) -> f64 {
        let wave = |v: f64| v * v - 10.0 * (std::f64::consts::TAU * v).cos();
        match self {
            Function::Beale => beale(x, y).into_iter().map(|(r, _, _)| r * r).sum(),
            Function::Rosenbrock => (1.0 - x).powi(2) + 100.0 * (y - x * x).powi(2),
            Function::Rastrigin => 20.0 + wave(x) + wave(y),
            Function::Himmelblau => (x * x + y - 11.0).powi(2) + (x + y * y - 7.0).powi(2),
            Function::Saddle => x * x - y * y,
            Function::MonkeySaddle => x * x * x - 3.0 * x * y * y,
            Function::Ravine => (x * x + 100.0 * y * y) / 2.0,
            Function::Sphere => x * x + y * y,
            Function::Ackley => {
                let (decay, waves) = ackley(x, y);
                20.0 * (1.0 - decay) + (std::f64::consts::E - waves)
            }
            Function::Branin => {
                let (off, _) = branin(x, y);
                off * off + BRANIN_WAVE * x.cos() + 10.0
            }
        }
    }

    /// Returns the gradient: the derivatives by x and y.
    pub fn gradient(self, [x, y]: Position) -> Position {
        let wave = |v: f64| {
            let turn = std::f64::consts::TAU;
            2.0 * v + 10.0 * turn * (turn * v).sin()
        };
        match self {
            Function::Beale => beale(x, y)
                .into_iter()
                .fold([0.0, 0.0], |[a, b], (r, dx, dy)| [a + 2.0 * r * dx, b + 2.0 * r * dy]),
            Function::Rosenbrock => {
                let off = y - x * x;
                [-2.0 * (1.0 - x) - 400.0 * x * off, 200.0 * off]
            }
            Function::Rastrigin => [wave(x), wave(y)],
            Function::Himmelblau => {
                let (a, b) = (x * x + y - 11.0, x + y * y - 7.0);
                [4.0 * x * a + 2.0 * b, 2.0 * a + 4.0 * y * b]
            }
            Function::Saddle => [2.0 * x, -2.0 * y],
            Function::MonkeySaddle => [3.0 * x * x - 3.0 * y * y, -6.0 * x * y],
            Function::Ravine => [x, 100.0 * y],
            Function::Sphere => [2.0 * x, 2.0 * y],
            Function::Ackley => {
                let (decay, waves) = ackley(x, y);
                let (turn, radius) = (std::f64::consts::TAU, x.hypot(y));
                // The gradient is undefined at the centre; 0 stays there.
                let pull = if radius == 0.0 { 0.0 } else { 4.0 * decay / (2f64.sqrt() * radius) };
                let wave = |v: f64| std::f64::consts::PI * (turn * v).sin() * waves;
                [pull * x + wave(x), pull * y + wave(y)]
            }
            Function::Branin => {
                let (off, slope) = branin(x, y);
                [2.0 * off * slope - BRANIN_WAVE * x.sin(), 2.0 * off]
            }
        }
    }

    /// Returns the Euclidean distance to the nearest of [`FunctionInfo::optima`].
    pub fn distance(self, [x, y]: Position) -> f64 {
        let to = |[a, b]: &Position| (x - a).hypot(y - b);
        self.info().optima.iter().map(to).fold(f64::INFINITY, f64::min)
    }

    /// Returns whether a position is outside the box [`FunctionInfo::domain`].
    pub fn outside(self, position: Position) -> bool {
        let [low, high] = self.info().domain;
        position.iter().zip(low.iter().zip(high)).any(|(v, (l, h))| v < l || *v > h)
    }

    /// Returns whether a descent has left a saddle: it is outside the box and lower than the
    /// saddle point. False for other functions, and for a position that is uphill or not finite.
    pub fn left(self, position: Position) -> bool {
        let info = self.info();
        info.saddle
            && position.iter().all(|v| v.is_finite())
            && self.outside(position)
            && self.value(position) < self.value(info.optima[0])
    }
}

/// Returns exp(-0.2 root mean square) and exp(mean cosine) of Ackley's function.
fn ackley(x: f64, y: f64) -> (f64, f64) {
    let turn = std::f64::consts::TAU;
    let decay = (-0.2 * ((x * x + y * y) / 2.0).sqrt()).exp();
    (decay, (((turn * x).cos() + (turn * y).cos()) / 2.0).exp())
}

/// The factor of the cosine in Branin's function.
pub const BRANIN_WAVE: f64 = 10.0 * (1.0 - 1.0 / (8.0 * std::f64::consts::PI));

/// Returns the term of Branin's function that is squared, and its derivative by x.
fn branin(x: f64, y: f64) -> (f64, f64) {
    let pi = std::f64::consts::PI;
    let bend = 5.1 / (4.0 * pi * pi);
    (y - bend * x * x + 5.0 * x / pi - 6.0, -2.0 * bend * x + 5.0 / pi)
}

/// Returns the three residuals of Beale's function with their derivatives by x and y.
fn beale(x: f64, y: f64) -> [(f64, f64, f64); 3] {
    [(1.5, 1), (2.25, 2), (2.625, 3)].map(|(c, n)| {
        let power = y.powi(n);
        (c - x + x * power, power - 1.0, x * f64::from(n) * y.powi(n - 1))
    })
}

/// The placeholder for a dataset when a function is minimised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FunctionData {
    /// Optimizer steps per epoch.
    pub steps: u64,
    /// Number of variables; omitted from the stored form if it is 2.
    #[serde(default = "two", skip_serializing_if = "is_two")]
    pub variables: u64,
}

fn two() -> u64 {
    2
}

fn is_two(n: &u64) -> bool {
    *n == 2
}

/// Default number of optimizer steps per epoch of a function.
pub const STEPS: u64 = 100;

/// Returns the digest that stands for no data.
pub(crate) fn no_digest() -> String {
    Digest::of(b"no data").to_string()
}

#[cfg(test)]
mod tests;
