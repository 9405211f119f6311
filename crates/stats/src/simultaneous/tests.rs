//! Simultaneous bounds, compared with a count of every pattern.

use super::*;

fn seeded(values: &[f64]) -> Vec<(u64, f64)> {
    (0..).zip(values.iter().copied()).collect()
}

fn only(values: &[f64], level: f64) -> Bounds {
    simultaneous(&[seeded(values)], level).bounds[0].unwrap()
}

/// Returns |t| of `values`, by the textbook formula.
fn t(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    mean.abs() / (squares / (n - 1.0) / n).sqrt()
}

const NINE: [f64; 9] = [0.5, -0.25, 1.0, 0.75, 2.0, 0.125, 1.5, -0.625, 0.375];
const OTHER: [f64; 9] = [-0.25, 0.5, 0.5, -1.0, 0.75, 1.25, -1.5, 0.25, 0.625];

#[test]
fn the_factor_is_what_counting_every_pattern_gives() {
    // Every pattern of nine signs, mirror images too, and both series.
    let flip = |values: &[f64; 9], p: usize| -> Vec<f64> {
        let sign = |i: usize| if p >> i & 1 == 1 { -1.0 } else { 1.0 };
        values.iter().enumerate().map(|(i, v)| sign(i) * v).collect()
    };
    let mut most: Vec<f64> =
        (0..512).map(|p| t(&flip(&NINE, p)).max(t(&flip(&OTHER, p)))).collect();
    most.sort_by(|a, b| b.total_cmp(a));
    for level in [0.05, 0.1, 0.5] {
        // 25 of 512 may lie beyond; they come in pairs.
        let c = most[(level * 512.0) as usize];
        let family = simultaneous(&[seeded(&NINE), seeded(&OTHER)], level);
        assert_eq!((family.patterns, family.exact), (512, true));
        for (values, bounds) in [NINE, OTHER].iter().zip(family.bounds) {
            let bounds = bounds.unwrap();
            let half = c * bounds.mean.abs() / t(values);
            assert!((bounds.high - bounds.mean - half).abs() < 1e-8, "{bounds:?} {half}");
            assert!((bounds.mean - bounds.low - half).abs() < 1e-8, "{bounds:?} {half}");
            assert_eq!(bounds.exclude_zero(), t(values) > c, "{bounds:?}");
            assert_eq!((bounds.n, bounds.basis), (9, Basis::SignFlips));
        }
    }
}

#[test]
fn order_of_seeds_and_series_changes_no_bit() {
    // Sums of these depend on their order.
    let nine = seeded(&NINE.map(|v| (v + 3.0).ln() - 1.0));
    let mut reversed = nine.clone();
    reversed.reverse();
    let sum = |s: &[(u64, f64)]| s.iter().map(|v| v.1).sum::<f64>();
    assert_ne!(sum(&nine), sum(&reversed));
    let shorter = seeded(&OTHER)[1..].to_vec();
    let [a, b] = [vec![nine, shorter.clone()], vec![shorter, reversed]]
        .map(|series| simultaneous(&series, 0.05).bounds);
    assert_eq!((a[0], a[1]), (b[1], b[0]));
}

#[test]
fn a_family_widens_what_a_series_alone_has() {
    let alone = only(&NINE, 0.05);
    let among = simultaneous(&[seeded(&NINE), seeded(&OTHER)], 0.05).bounds[0].unwrap();
    assert!(among.low < alone.low && alone.high < among.high);
    // The same series again adds no chance.
    let twice = simultaneous(&[seeded(&NINE), seeded(&NINE)], 0.05).bounds[1];
    assert_eq!(twice, Some(alone));
    // A series in which nothing differs adds none either.
    let zeros = simultaneous(&[seeded(&NINE), seeded(&[0.0; 9])], 0.05);
    assert_eq!(zeros.bounds[0], Some(alone));
}

#[test]
fn bit_identical_runs_have_bounds_of_zero() {
    for n in [2, 5, 10, 40] {
        let bounds = only(&vec![0.0; n], 0.05);
        assert_eq!((bounds.low, bounds.mean, bounds.high), (0.0, 0.0, 0.0));
        assert!(!bounds.exclude_zero());
    }
    let nothing = simultaneous(&[seeded(&[0.5]), vec![], seeded(&[f64::NAN, 1.0])], 0.05);
    assert_eq!((nothing.bounds, nothing.patterns), (vec![None; 3], 0));
    assert_eq!(simultaneous(&[], 0.05).bounds, []);
}

#[test]
fn equal_differences_are_found_by_flips_and_unknown_to_student() {
    // 0.9 - 0.8 and 0.8 - 0.7 differ by rounding.
    let steps = [0.9 - 0.8, 0.8 - 0.7, 0.3 - 0.2, 0.4 - 0.3, 0.5 - 0.4, 0.6 - 0.5, 0.7 - 0.6];
    for n in [6, 7] {
        let found = only(&steps[..n], 0.05);
        assert!(found.exclude_zero() && found.basis == Basis::SignFlips, "{found:?}");
        assert!(found.low == found.high && (found.mean - 0.1).abs() < 1e-15, "{found:?}");
    }
    // With a resolution of a thousandth: t(0.975, 4) = 2.776445 times 0.001 over the root of five.
    let known = simultaneous_of(&[seeded(&steps[..5])], &[0.001], 0.05).bounds[0].unwrap();
    assert!((known.high - known.mean - 2.776_445e-3 / 5f64.sqrt()).abs() < 1e-8, "{known:?}");
    let one = simultaneous_of(&[seeded(&[0.001; 5])], &[0.001], 0.05).bounds[0].unwrap();
    assert!(!one.exclude_zero(), "one unit may be chance: {one:?}");
    let few = only(&steps[..5], 0.05);
    assert_eq!((few.low, few.high), (f64::NEG_INFINITY, f64::INFINITY));
    assert_eq!(few.basis, Basis::StudentT);
}

#[test]
fn few_seeds_get_student_and_bonferroni() {
    let values = [1.0, 2.0, 3.0, 4.0];
    let bounds = only(&values, 0.05);
    // t(0.975, 3) = 3.18245; sd 1.29099 over 2.
    assert!((bounds.high - 2.5 - 3.182_446 * 0.645_497).abs() < 1e-5, "{bounds:?}");
    assert_eq!(bounds.basis, Basis::StudentT);
    // With two series, at 0.025 each: t(0.9875, 3) = 4.17653.
    let two = simultaneous(&[seeded(&values), seeded(&[0.5, -0.5])], 0.05);
    let half = two.bounds[0].unwrap().high - 2.5;
    assert!((half - 4.176_535 * 0.645_497).abs() < 1e-5, "{half}");
    // At 0.01 one of the 32 pairs of six signs is too much.
    let six = [0.5, 0.75, 1.0, 0.875, 0.625, 1.25];
    assert_eq!(only(&six, 0.05).basis, Basis::SignFlips);
    let strict = simultaneous(&[seeded(&six)], 0.01);
    assert_eq!((strict.bounds[0].unwrap().basis, strict.patterns), (Basis::StudentT, 0));
}

#[test]
fn short_series_do_not_crowd_the_rest_out() {
    let strong: Vec<f64> = (0..10).map(|i| 1.0 + 0.1 * f64::from(i)).collect();
    // Each is extreme in two of 64 patterns, on its own seeds.
    let short = |at: u64| -> Vec<(u64, f64)> { (at..at + 6).map(|s| (s, 0.25)).collect() };
    let family = simultaneous(&[seeded(&strong), short(0), short(2), short(4)], 0.05);
    let found: Vec<Bounds> = family.bounds.into_iter().flatten().collect();
    assert!(found[0].exclude_zero() && found[0].basis == Basis::SignFlips, "{found:?}");
    assert!(found[1..].iter().all(|b| b.basis == Basis::StudentT && !b.exclude_zero()));
    // The flips have a quarter of the level left: 0.0125.
    assert_eq!(found[0], only(&strong, 0.0125));
    // A series with nine of ten seeds is not short.
    let nine = simultaneous(&[seeded(&strong), seeded(&strong[1..])], 0.05);
    assert!(nine.bounds.iter().flatten().all(|b| b.basis == Basis::SignFlips));
}

#[test]
fn more_seeds_than_can_be_counted_are_sampled() {
    let values: Vec<f64> = (0..13).map(|i| f64::from(i * 7 % 13) - 5.0).collect();
    let family = simultaneous(&[seeded(&values)], 0.05);
    assert_eq!((family.patterns, family.exact), (SAMPLED_PATTERNS, false));
    // The identity is among them, else the level would not be kept.
    let patterns = Patterns::of(&[&Differences::of(&seeded(&values), 0.0)]);
    assert_eq!((patterns.rows.len(), &patterns.rows[0]), (SAMPLED_PATTERNS, &vec![0, 0]));
    // Close to Student's t: 2.179 for 12 degrees of freedom.
    let bounds = family.bounds[0].unwrap();
    let factor = (bounds.high - bounds.mean) * t(&values) / bounds.mean.abs();
    assert!((2.0..2.4).contains(&factor), "{factor}");
    assert_eq!(simultaneous(&[seeded(&values)], 0.05), family);
}
