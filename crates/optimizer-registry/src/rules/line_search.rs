//! The line search of [`lbfgs`](super::lbfgs): strong Wolfe conditions by bracketing and cubic
//! interpolation, as `_strong_wolfe` in torch/optim/lbfgs.py (2.9.0), from lswolfe of minFunc.
//!
//! It searches a length t along x + t d with f(t) <= f(0) + c1 t f'(0) and |f'(t)| <= c2 |f'(0)|,
//! where f' is the slope g . d; c1 = 1e-4, c2 = 0.9, at most 25 further evaluations.
//!
//! Shapes: d and g are vectors [n] over all weights; t, f and slopes are 64-bit scalars of the host
//! (in PyTorch some are tensors of the weights' type).

use burn::tensor::Tensor;

/// c1: factor of sufficient decrease.
const C1: f64 = 1e-4;
/// c2: factor of the curvature condition.
const C2: f64 = 0.9;
/// Maximum number of evaluations after the first.
const MAX_LOOKS: u64 = 25;

/// Evaluation at the length `t`.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Length of the step.
    pub t: f64,
    /// Loss.
    pub loss: f64,
    /// Gradient, `[n]`.
    pub gradient: Tensor<1>,
    /// Slope along the direction, g . d.
    pub slope: f64,
}

/// Searches along `direction`, `[n]`, from `start` (t = 0) with the first length `first`. Returns
/// the chosen point and the number of evaluations. `evaluate(t)` returns loss and gradient.
pub fn strong_wolfe(
    start: Seen,
    first: f64,
    direction: &Tensor<1>,
    tolerance_change: f64,
    mut evaluate: impl FnMut(f64) -> (f64, Tensor<1>),
) -> (Seen, u64) {
    let longest: f64 = direction.clone().abs().max().into_scalar();
    let mut looks = 0;
    let mut see = |t: f64| {
        looks += 1;
        let (loss, gradient) = evaluate(t);
        let slope = gradient.clone().dot(direction.clone()).into_scalar();
        Seen { t, loss, gradient, slope }
    };
    let too_high = |seen: &Seen| seen.loss > start.loss + C1 * seen.t * start.slope;
    let flat = |seen: &Seen| seen.slope.abs() <= -C2 * start.slope;

    // Bracket: extend until a minimum lies between two lengths.
    let mut previous = start.clone();
    let mut now = see(first);
    let mut tries = 0;
    let mut bracket = loop {
        if tries == MAX_LOOKS {
            break [start.clone(), now];
        }
        if too_high(&now) || (tries > 1 && now.loss >= previous.loss) {
            break [previous, now];
        }
        if flat(&now) {
            return (now, looks);
        }
        if now.slope >= 0.0 {
            break [previous, now];
        }
        let bounds = (now.t + 0.01 * (now.t - previous.t), now.t * 10.0);
        let t = cubic_minimum(&previous, &now, bounds);
        previous = std::mem::replace(&mut now, see(t));
        tries += 1;
    };

    // Zoom: narrow the bracket.
    let lower = |b: &[Seen; 2]| if b[0].loss <= b[1].loss { (0, 1) } else { (1, 0) };
    let (mut low, mut high) = lower(&bracket);
    let mut slow = false;
    let mut done = false;
    while !done && tries < MAX_LOOKS {
        let (near, far) = (bracket[0].t.min(bracket[1].t), bracket[0].t.max(bracket[1].t));
        if (far - near) * longest < tolerance_change {
            break;
        }
        let mut t = cubic_minimum(&bracket[0], &bracket[1], (near, far));
        let margin = 0.1 * (far - near);
        if (far - t).min(t - near) < margin {
            if slow || t >= far || t <= near {
                t = if (t - far).abs() < (t - near).abs() { far - margin } else { near + margin };
                slow = false;
            } else {
                slow = true;
            }
        } else {
            slow = false;
        }
        let now = see(t);
        tries += 1;
        if too_high(&now) || now.loss >= bracket[low].loss {
            bracket[high] = now;
            (low, high) = lower(&bracket);
        } else {
            if flat(&now) {
                done = true;
            } else if now.slope * (bracket[high].t - bracket[low].t) >= 0.0 {
                bracket[high] = bracket[low].clone();
            }
            bracket[low] = now;
        }
    }
    let [first, second] = bracket;
    (if low == 0 { first } else { second }, looks)
}

/// Returns the minimum of the cubic through losses and slopes of two points, within `bounds`.
fn cubic_minimum(a: &Seen, b: &Seen, bounds: (f64, f64)) -> f64 {
    let d1 = a.slope + b.slope - 3.0 * (a.loss - b.loss) / (a.t - b.t);
    let square = d1 * d1 - a.slope * b.slope;
    if square < 0.0 || square.is_nan() {
        return f64::midpoint(bounds.0, bounds.1);
    }
    let d2 = square.sqrt();
    let (left, right) = if a.t <= b.t { (a, b) } else { (b, a) };
    let share = (right.slope + d2 - d1) / (right.slope - left.slope + 2.0 * d2);
    (right.t - (right.t - left.t) * share).max(bounds.0).min(bounds.1)
}
