//! Steps of plateaus and of noise, compared with a count of every order.

use super::*;

const LEVEL: f64 = 0.0005;

/// Returns noise of deviation 1, the same for each call.
fn noise(n: usize, name: &str) -> Vec<f64> {
    let mut rng = seed_stream::stream(0, name);
    (0..n).map(|_| (0..12).map(|_| f64::from(rng.uniform())).sum::<f64>() - 6.0).collect()
}

fn plateaus(of: &[(usize, f64)]) -> Vec<f64> {
    of.iter().flat_map(|&(n, value)| std::iter::repeat_n(value, n)).collect()
}

fn found(points: &[f64]) -> Vec<(usize, usize, Kind)> {
    steps(points, LEVEL).unwrap().iter().map(|s| (s.at, s.until, s.kind)).collect()
}

#[test]
fn plateaus_are_told_apart_exactly() {
    let jump = |at| (at, at, Kind::Jump);
    for (points, expected) in [
        // No step yet, or too few points before it.
        (vec![], vec![]),
        (vec![1.0], vec![]),
        (plateaus(&[(2, 1.0), (1, 2.0)]), vec![]),
        (plateaus(&[(1, 1.0), (9, 2.0)]), vec![]),
        (vec![1.0, 2.0, 3.0, 4.0, 5.0], vec![]),
        (plateaus(&[(30, 1.0)]), vec![]),
        // A single point after a plateau is enough.
        (plateaus(&[(3, 1.0), (1, 2.0)]), vec![jump(3)]),
        (plateaus(&[(20, 1.0), (1, 1.0 + 1e-15)]), vec![jump(20)]),
        (plateaus(&[(20, 1.0), (10, 2.0), (10, 0.5)]), vec![jump(20), jump(30)]),
        // Broken and fixed: both are dated. A single bad point is not a step.
        (plateaus(&[(10, 1.0), (4, 2.0), (10, 1.0)]), vec![jump(10), jump(14)]),
        (plateaus(&[(10, 1.0), (1, 9.0), (10, 1.0)]), vec![]),
        (plateaus(&[(10, 1.0), (1, 9.0), (2, 1.0), (1, 5.0)]), vec![jump(13)]),
        (plateaus(&[(10, 1.0), (1, 9.0), (10, 2.0)]), vec![(10, 11, Kind::Drift)]),
        // Changes point by point between two plateaus.
        (plateaus(&[(9, 1.0), (1, 1.5), (1, 1.75), (9, 2.0)]), vec![(9, 11, Kind::Drift)]),
    ] {
        assert_eq!(found(&points), expected, "{points:?}");
    }
    let step = steps(&plateaus(&[(3, 1.0), (1, 2.0)]), LEVEL).unwrap()[0];
    assert!(step.exact() && (step.before, step.after) == (1.0, 2.0));
}

#[test]
fn coarse_noise_is_no_plateau() {
    // A metric in steps of 0.1, of which most points are equal.
    let coarse: Vec<f64> =
        noise(40, "coarse").iter().map(|v| (30.0 + 0.5 * v).round() / 10.0).collect();
    assert!(coarse.windows(3).any(|w| w[0] == w[2] && w[1] == w[0]));
    assert_eq!(found(&coarse), []);
    let mut moved = coarse.clone();
    moved[25..].iter_mut().for_each(|v| *v = (*v * 10.0 + 2.0).round() / 10.0);
    let steps = steps(&moved, LEVEL).unwrap();
    assert!(steps.len() == 1 && steps[0].at.abs_diff(25) <= 1 && !steps[0].exact(), "{steps:?}");
}

#[test]
fn plateaus_are_one_draw_of_noise_each() {
    // A change every other point, each with its own rounding. As sixteen points, eight and eight,
    // they would make a step; as eight draws they cannot.
    let draws = [1.0, 1.1, 0.9, 1.05, 3.0, 3.1, 2.9, 3.05];
    let points = plateaus(&draws.map(|v| (2, v)));
    assert_eq!(found(&points), []);
    let apart: Vec<f64> = points.iter().enumerate().map(|(i, v)| v + 1e-3 * i as f64).collect();
    assert_eq!(found(&apart), [(8, 8, Kind::Jump)]);
}

#[test]
fn a_jump_is_found_amid_noise() {
    for at in [10, 20, 33] {
        let mut points = noise(40, "jump");
        points[at..].iter_mut().for_each(|v| *v += 4.0);
        let steps = steps(&points, LEVEL).unwrap();
        assert!(steps.len() == 1, "{steps:?}");
        let step = steps[0];
        assert!(step.kind == Kind::Jump && step.at == at && step.until == at, "{step:?}");
        assert!((step.after - step.before - 4.0).abs() < 1.0, "{step:?}");
        assert!(step.p.is_some_and(|p| p <= LEVEL), "{step:?}");
    }
}

#[test]
fn outliers_neither_make_nor_hide_a_jump() {
    for at in [5, 19, 39] {
        let mut points = noise(40, "outlier");
        assert_eq!(found(&points), []);
        points[at] += 1e3;
        assert_eq!(found(&points), [], "outlier at {at}");
        points[20..].iter_mut().for_each(|v| *v += 3.0);
        let found = found(&points);
        assert!(found.len() == 1 && found[0].0.abs_diff(20) <= 2, "outlier at {at}: {found:?}");
    }
}

#[test]
fn up_and_down_again_are_two_jumps() {
    let mut points = noise(60, "bump");
    points[20..40].iter_mut().for_each(|v| *v += 4.0);
    let steps = steps(&points, LEVEL).unwrap();
    let at: Vec<usize> = steps.iter().map(|s| s.at).collect();
    assert_eq!(at, [20, 40], "{steps:?}");
    assert!(steps[0].after > steps[0].before && steps[1].after < steps[1].before);
}

#[test]
fn a_ramp_is_one_drift() {
    let mut points = noise(60, "ramp");
    for (i, v) in points.iter_mut().enumerate() {
        *v = 0.3 * *v + 0.4 * i.clamp(20, 40) as f64;
    }
    let steps = steps(&points, LEVEL).unwrap();
    assert!(steps.len() == 1 && steps[0].kind == Kind::Drift, "{steps:?}");
    let step = steps[0];
    assert!(step.at.abs_diff(20) <= 3 && step.until.abs_diff(40) <= 3, "{step:?}");
    assert!((step.before - 8.0).abs() < 0.5 && (step.after - 16.0).abs() < 0.5, "{step:?}");
    // Two jumps far apart are no ramp.
    let mut apart = noise(60, "stairs");
    apart[20..].iter_mut().for_each(|v| *v += 5.0);
    apart[40..].iter_mut().for_each(|v| *v += 5.0);
    let jump = |at| (at, at, Kind::Jump);
    assert_eq!(found(&apart), [jump(20), jump(40)]);
}

#[test]
fn scale_and_direction_change_nothing() {
    let mut points = noise(50, "scale");
    points[30..].iter_mut().for_each(|v| *v += 3.0);
    let as_is = found(&points);
    assert_eq!(as_is.len(), 1);
    for (scale, shift) in [(-1.0, 0.0), (1e-6, 0.3), (1e6, -7.0)] {
        let moved: Vec<f64> = points.iter().map(|v| scale * v + shift).collect();
        assert_eq!(found(&moved), as_is, "{scale} {shift}");
    }
    assert_eq!(steps(&points, LEVEL), steps(&points, LEVEL));
}

#[test]
fn what_is_not_finite_is_refused() {
    for value in [f64::NAN, f64::INFINITY] {
        let refused = steps(&[1.0, value, 2.0], LEVEL).unwrap_err();
        assert_eq!(refused.point, 1);
        assert!(refused.to_string().contains("point 1"), "{refused}");
    }
}

#[test]
fn the_least_side_is_what_choices_allow() {
    // 10 over 3 is 120, 40 over 3 is 9,880.
    assert_eq!(split::least_side(10, 1.0 / 120.0), Some(3));
    assert_eq!(split::least_side(10, 1.0 / 121.0), Some(4));
    assert_eq!(split::least_side(40, LEVEL), Some(3));
    assert_eq!(split::least_side(12, LEVEL), None);
    assert_eq!(split::least_side(13, LEVEL), None);
    assert_eq!(split::least_side(14, LEVEL), Some(5));
    assert_eq!(split::least_side(25, LEVEL), Some(3));
}

#[test]
fn the_p_of_a_split_is_what_counting_all_orders_gives() {
    // 8! orders; the best split has three or more on each side.
    let values = [0.1, -0.3, 0.25, 0.0, 1.5, 0.5, 1.0, 1.25];
    // Normal quantiles of rank / 9.
    let q = [-1.2206, -0.7647, -0.4307, -0.1397, 0.1397, 0.4307, 0.7647, 1.2206];
    let scores = [q[2], q[0], q[3], q[1], q[7], q[4], q[5], q[6]];
    let split = split::best_split(&values, 0.05).unwrap();
    let t = |order: &[f64]| {
        let mean = order.iter().sum::<f64>() / 8.0;
        let side = split::least_side(8, 0.05).unwrap();
        (side..=8 - side)
            .map(|k| {
                let later: f64 = order[k..].iter().map(|v| v - mean).sum();
                later / ((k * (8 - k)) as f64).sqrt()
            })
            .fold(f64::MIN, f64::max)
    };
    fn orders(head: &mut Vec<f64>, rest: &[f64], visit: &mut impl FnMut(&[f64])) {
        if rest.is_empty() {
            visit(head);
        }
        for i in 0..rest.len() {
            let mut rest = rest.to_vec();
            head.push(rest.remove(i));
            orders(head, &rest, visit);
            head.pop();
        }
    }
    let (mut beaten, observed) = (0, t(&scores) - 1e-12);
    orders(&mut Vec::new(), &scores, &mut |order| beaten += usize::from(t(order) >= observed));
    let exact = f64::from(beaten as u32) / 40_320.0;
    assert!(split.up && (0.005..0.05).contains(&exact), "{split:?} {exact}");
    assert!((split.p / exact - 1.0).abs() < 0.5, "{} {exact}", split.p);
}
