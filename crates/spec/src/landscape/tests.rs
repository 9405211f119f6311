//! Values, gradients and optima of the functions.

use super::*;

/// Returns 400 points all over a function's box, none of them special.
fn points(function: Function) -> impl Iterator<Item = Position> {
    let [low, high] = function.info().domain;
    (0..400).map(move |i| {
        let (u, v) = (f64::from(i % 20) + 0.37, f64::from(i / 20) + 0.61);
        [low[0] + (high[0] - low[0]) * u / 20.0, low[1] + (high[1] - low[1]) * v / 20.0]
    })
}

#[test]
fn gradients_are_those_of_the_values() {
    for &function in Function::ALL {
        for p in points(function) {
            let h = 1e-5;
            let by = |i: usize| {
                let (mut a, mut b) = (p, p);
                a[i] += h;
                b[i] -= h;
                (function.value(a) - function.value(b)) / (2.0 * h)
            };
            for (i, analytic) in function.gradient(p).into_iter().enumerate() {
                let difference = (analytic - by(i)).abs();
                assert!(difference <= 1e-6 * analytic.abs().max(1.0), "{function} {p:?} {i}");
            }
        }
    }
}

#[test]
fn optima_are_flat_and_lowest_unless_they_are_saddles() {
    for &function in Function::ALL {
        let info = function.info();
        for &optimum in info.optima {
            let slope = function.gradient(optimum);
            assert!(slope.iter().all(|g| g.abs() < 1e-10), "{function} {slope:?}");
            let off = (function.value(optimum) - info.lowest).abs();
            assert!(off < 1e-14 * info.lowest.max(1e-6), "{function} {off}");
            assert!(!function.outside(optimum) && function.distance(optimum) < 1e-12);
        }
        let below = points(function).filter(|p| function.value(*p) < 0.0).count();
        assert_eq!(below > 0, info.saddle, "{function}");
        assert!(!function.outside(info.start) && function.distance(info.start) > 0.3);
        let slope = function.gradient(info.start);
        assert!(slope[0].hypot(slope[1]) > 0.5, "{function} begins where it is flat");
    }
}

#[test]
fn values_by_hand() {
    let at = |function: Function, p| function.value(p);
    assert_eq!(at(Function::Beale, [0.0, 0.0]), 14.203125);
    assert_eq!(at(Function::Rosenbrock, [-1.2, 1.0]), 24.199999999999996);
    assert_eq!(at(Function::Himmelblau, [0.0, 0.0]), 170.0);
    assert_eq!(at(Function::Rastrigin, [0.5, 0.0]), 20.25);
    assert_eq!(at(Function::Saddle, [3.0, 1.0]), 8.0);
    assert_eq!(at(Function::MonkeySaddle, [1.0, 2.0]), -11.0);
    assert_eq!(at(Function::Ravine, [2.0, 0.1]), 2.5);
    assert_eq!(at(Function::Sphere, [3.0, 4.0]), 25.0);
    assert_eq!(at(Function::Ackley, [0.0, 0.0]), 0.0);
    // sfu.ca/~ssurjano/branin.html: 0.397887 at its three minima; 308.129 in a corner.
    assert!((at(Function::Branin, [-5.0, 0.0]) - 308.129_096_011_606_4).abs() < 1e-9);
    // numpy: 20 + e - 20 exp(-0.2 sqrt(1)) - exp(1) at (1, 1).
    assert!((at(Function::Ackley, [1.0, 1.0]) - 3.625_384_938_440_362_8).abs() < 1e-12);
}

#[test]
fn only_saddles_are_left_and_only_downhill() {
    assert!(Function::Saddle.left([0.1, 1.6]) && Function::Saddle.left([0.1, -1.6]));
    assert!(!Function::Saddle.left([0.1, 1.4]), "still inside");
    assert!(!Function::Saddle.left([1.6, 0.1]), "thrown uphill");
    assert!(!Function::Saddle.left([f64::NAN, 9.0]));
    assert!(!Function::Saddle.left([0.0, f64::INFINITY]));
    assert!(Function::MonkeySaddle.left([-1.6, 0.0]));
    assert!(!Function::Rosenbrock.left([9.0, 9.0]));
}
