//! Error rates of the tests and intervals, by simulation with seeded draws.
//!
//! Measured, 2,000 draws each, so 0.05 means 0.040 to 0.060 (`--no-capture` prints the current
//! numbers).
//!
//! Coverage of the 95 % intervals of the mean. Student's t is right for normal values. The
//! bootstrap's intervals are too short at few seeds:
//!
//! | values | n | the report's interval | percentile bootstrap |
//! |---|---|---|---|
//! | normal | 5 | t 0.948 | |
//! | normal | 9 | t 0.955 | |
//! | normal | 10 | BCa 0.896 | 0.891 |
//! | normal | 20 | BCa 0.924 | 0.924 |
//! | normal | 50 | BCa 0.933 | 0.936 |
//! | log-normal | 10 | BCa 0.812 | 0.798 |
//! | log-normal | 20 | BCa 0.869 | 0.848 |
//!
//! False positives at 0.05, the largest over normal, heavy-tailed, skewed and coarse values and n =
//! 6, 10, 20: sign flip 0.063, Wilcoxon 0.058, permutation 0.052; for any of ten pairs after Holm
//! 0.049, 0.044 and 0.049. At n = 5 no paired test can reach 0.05 (0 of 2,000); the unpaired one
//! can (at most 0.052), but not after Holm over ten pairs.
//!
//! Power at n = 10 for a mean difference of 1.2 standard deviations (of the differences, or for the
//! unpaired test of each side): sign flip 0.93, Wilcoxon 0.92, permutation 0.74; scipy's simulation
//! 0.92, 0.91, 0.72.
//!
//! Properties that must hold for any values are at the end.

use std::f64::consts::PI;

use seed_stream::{Stream, stream};
use stats::paired::{Test, sign_flip, wilcoxon};
use stats::unpaired::permutation;
use stats::{Interval, Method, bootstrap, estimate, holm, mean_interval};

const DRAWS: usize = 2_000;

/// Largest share of false positives accepted at 0.05: three standard errors of 2,000 draws above.
const ALLOWED: f64 = 0.065;

/// Uniform in (0, 1) with 53 bits.
fn uniform(rng: &mut Stream) -> f64 {
    ((rng.next_u64() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
}

/// Standard normal, by Box and Muller.
fn normal(rng: &mut Stream) -> f64 {
    (-2.0 * uniform(rng).ln()).sqrt() * (2.0 * PI * uniform(rng)).cos()
}

type Draw = fn(&mut Stream) -> f64;

const NORMAL: (&str, Draw) = ("normal", normal);
/// Student's t with two degrees of freedom: infinite variance.
const HEAVY: (&str, Draw) = ("heavy-tailed", |rng| normal(rng) / (-uniform(rng).ln()).sqrt());
/// Log-normal; two of them are exchangeable, so their difference is symmetric.
const SKEWED: (&str, Draw) = ("skewed", |rng| normal(rng).exp());
/// Whole images out of a thousand: ties and zeros everywhere.
const COARSE: (&str, Draw) = ("coarse", |rng| (970.0 + 3.0 * normal(rng)).round() / 1000.0);

fn sample(n: usize, draw: Draw, rng: &mut Stream) -> Vec<f64> {
    (0..n).map(|_| draw(rng)).collect()
}

type Compare = fn(&[f64], &[f64]) -> Test;

const TESTS: [(&str, Compare); 3] = [
    ("sign flip", |a, b| sign_flip(&minus(a, b)).unwrap()),
    ("Wilcoxon", |a, b| wilcoxon(&minus(a, b)).unwrap()),
    ("permutation", |a, b| permutation(a, b).unwrap()),
];

fn minus(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

/// Compares all ten pairs of five alike labels on shared seeds. Returns how often the first pair is
/// found different, and how often any pair is after Holm. Paired tests get values with a common
/// part for each seed, as runs from equal initial weights have.
fn false_positives(n: usize, draw: (&str, Draw), test: usize) -> (f64, f64) {
    let mut rng = stream(test as u64, &format!("false positives/{}/{n}", draw.0));
    let (mut single, mut family) = (0, 0);
    for _ in 0..DRAWS {
        let seeds = sample(n, draw.1, &mut rng);
        let labels: Vec<Vec<f64>> = (0..5)
            .map(|_| {
                let own = sample(n, draw.1, &mut rng);
                // Independent sides, which are the hypothesis of the unpaired test.
                if test == 2 { own } else { own.iter().zip(&seeds).map(|(o, s)| o + s).collect() }
            })
            .collect();
        let pairs = (0..5).flat_map(|a| (0..a).map(move |b| (a, b)));
        let p: Vec<f64> = pairs.map(|(a, b)| TESTS[test].1(&labels[a], &labels[b]).p).collect();
        single += usize::from(p[0] <= 0.05);
        family += usize::from(holm::adjust(&p).iter().any(|&p| p <= 0.05));
    }
    (single as f64 / DRAWS as f64, family as f64 / DRAWS as f64)
}

fn check_false_positives(draw: (&str, Draw)) {
    for n in [5, 6, 10, 20] {
        if n == 20 && draw.0 == "coarse" {
            // Skipped for time; at twenty seeds ties are many and change little.
            continue;
        }
        for (test, (name, _)) in TESTS.iter().enumerate() {
            let (single, family) = false_positives(n, draw, test);
            println!("{}, n = {n}, {name}: {single:.4}, family after Holm {family:.4}", draw.0);
            assert!(single <= ALLOWED && family <= ALLOWED, "{name}, n = {n}: {single} {family}");
            if n == 5 && test < 2 {
                // 2 of 32 sign patterns are 0.0625.
                assert_eq!((single, family), (0.0, 0.0), "five pairs cannot reach 0.05");
            } else if n >= 10 && draw.0 == "normal" {
                // A test that never rejects would pass every other check.
                assert!(single >= 0.035, "{name}, n = {n}: {single}");
            }
        }
    }
}

#[test]
fn normal_values_give_few_false_positives() {
    check_false_positives(NORMAL);
}

#[test]
fn heavy_tails_give_few_false_positives() {
    check_false_positives(HEAVY);
}

#[test]
fn skewed_values_give_few_false_positives() {
    check_false_positives(SKEWED);
}

#[test]
fn ties_give_few_false_positives() {
    check_false_positives(COARSE);
}

#[test]
fn a_known_effect_is_found_with_the_stated_power() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference/power.json");
    let stated: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let get = |name: &str| stated[name].as_f64().unwrap();
    let (n, effect) = (get("n") as usize, get("effect_in_sd"));
    let mut rng = stream(0, "power");
    let mut found = [0; 3];
    for _ in 0..DRAWS {
        // One side constant, so that differences have deviation 1.
        let shifted: Vec<f64> = sample(n, normal, &mut rng).iter().map(|v| v + effect).collect();
        found[0] += usize::from(TESTS[0].1(&shifted, &vec![0.0; n]).p <= 0.05);
        found[1] += usize::from(TESTS[1].1(&shifted, &vec![0.0; n]).p <= 0.05);
        found[2] += usize::from(TESTS[2].1(&shifted, &sample(n, normal, &mut rng)).p <= 0.05);
    }
    for (found, name) in found.into_iter().zip(["sign_flip", "wilcoxon", "permutation"]) {
        let (power, stated) = (found as f64 / DRAWS as f64, get(name));
        println!("{name}: power {power:.4}, scipy's {stated:.4}");
        // Four standard errors of the difference of two simulations.
        let variance = stated * (1.0 - stated) * (1.0 / DRAWS as f64 + 1.0 / get("draws"));
        assert!((power - stated).abs() <= 4.0 * variance.sqrt(), "{name}: {power} {stated}");
        let guide = get(if name == "permutation" { "unpaired_t" } else { "paired_t" });
        assert!(power <= guide + 4.0 * variance.sqrt(), "{name}: {power}, t test {guide}");
    }
}

/// Returns the shares of draws whose interval contains the true mean: the policy's interval, and
/// the percentile interval.
fn coverage(n: usize, draw: (&str, Draw), truth: f64) -> (f64, Option<f64>) {
    let mut rng = stream(0, &format!("coverage/{}/{n}", draw.0));
    let (mut policy, mut percentile) = (0, None);
    for _ in 0..DRAWS {
        let found = estimate(sample(n, draw.1, &mut rng));
        let Interval { low, high, method } = found.interval.unwrap();
        assert_eq!(method, if n < 10 { Method::StudentT } else { Method::Bca });
        policy += usize::from(low <= truth && truth <= high);
        if let Some((low, high)) = found.percentile {
            *percentile.get_or_insert(0) += usize::from(low <= truth && truth <= high);
        }
    }
    let share = |count: usize| count as f64 / DRAWS as f64;
    (share(policy), percentile.map(share))
}

#[test]
fn intervals_cover_the_mean_about_as_often_as_written_above() {
    let cases = [
        (5, NORMAL, 0.0, 0.93),
        (9, NORMAL, 0.0, 0.93),
        (10, NORMAL, 0.0, 0.88),
        (20, NORMAL, 0.0, 0.91),
        (50, NORMAL, 0.0, 0.93),
        (10, SKEWED, 0.5f64.exp(), 0.75),
        (20, SKEWED, 0.5f64.exp(), 0.80),
    ];
    for (n, draw, truth, least) in cases {
        let (policy, percentile) = coverage(n, draw, truth);
        println!("{}, n = {n}: coverage {policy:.4}, percentile {percentile:.4?}", draw.0);
        assert!((least..=0.97).contains(&policy), "{}, n = {n}: {policy}", draw.0);
        assert!(percentile.is_none_or(|p| (least - 0.02..=0.97).contains(&p)));
    }
}

/// Returns values of every kind for the properties: sizes from 1 to 40, with ties and zeros in one
/// case of four.
fn cases(name: &str) -> impl Iterator<Item = (Vec<f64>, Stream)> {
    (0..300).map(move |case| {
        let mut rng = stream(case, name);
        let n = 1 + rng.below(if case % 10 == 0 { 40 } else { 14 }) as usize;
        let draw = [NORMAL.1, HEAVY.1, SKEWED.1, |rng: &mut Stream| f64::from(rng.below(5)) - 2.0];
        let values = sample(n, draw[case as usize % 4], &mut rng);
        (values, rng)
    })
}

fn shuffled(values: &[f64], rng: &mut Stream) -> Vec<f64> {
    let mut values = values.to_vec();
    for i in (1..values.len()).rev() {
        values.swap(i, rng.below(i as u32 + 1) as usize);
    }
    values
}

#[test]
fn paired_tests_know_neither_sign_nor_order_nor_scale() {
    for (d, mut rng) in cases("paired") {
        for test in [sign_flip, wilcoxon] {
            let found = test(&d).unwrap();
            assert!(found.p >= found.smallest && found.p <= 1.0, "{found:?} of {d:?}");
            let negative: Vec<f64> = d.iter().map(|d| -d).collect();
            assert_eq!(test(&negative).unwrap(), found, "{d:?}");
            assert_eq!(test(&shuffled(&d, &mut rng)).unwrap(), found, "{d:?}");
            let scaled: Vec<f64> = d.iter().map(|d| d * 1.1e-3).collect();
            assert_eq!(test(&scaled).unwrap(), found, "{d:?}");
        }
    }
    assert!(sign_flip(&[]).is_none() && wilcoxon(&[]).is_none());
    assert!(sign_flip(&[1.0, f64::INFINITY]).is_none() && wilcoxon(&[1.0, f64::NAN]).is_none());
}

#[test]
fn the_unpaired_test_knows_neither_side_nor_order_nor_origin() {
    for (a, mut rng) in cases("unpaired") {
        let size = 1 + rng.below(12) as usize;
        let b = sample(size, normal, &mut rng);
        let found = permutation(&a, &b).unwrap();
        assert!(found.p >= found.smallest && found.p <= 1.0, "{found:?}");
        assert_eq!(permutation(&shuffled(&a, &mut rng), &shuffled(&b, &mut rng)).unwrap(), found);
        let moved = |values: &[f64]| values.iter().map(|v| 3.0 * v + 100.0).collect::<Vec<_>>();
        assert_eq!(permutation(&moved(&a), &moved(&b)).unwrap(), found);
        let swapped = permutation(&b, &a).unwrap();
        // With sides of equal size the sampled divisions describe the other side.
        if found.exact || a.len() != b.len() {
            assert_eq!(swapped, found);
        }
    }
}

#[test]
fn holm_is_monotone_and_never_below_p() {
    for (values, mut rng) in cases("holm") {
        let p: Vec<f64> = values.iter().map(|v| v.abs().fract()).collect();
        let adjusted = holm::adjust(&p);
        for (i, (&p_i, &a_i)) in p.iter().zip(&adjusted).enumerate() {
            assert!(a_i >= p_i && a_i <= 1.0);
            let bonferroni = p_i * p.len() as f64;
            assert!(a_i <= bonferroni.min(1.0));
            for (p_j, a_j) in p.iter().zip(&adjusted).skip(i) {
                assert!((p_i <= *p_j || a_i >= *a_j) && (p_i != *p_j || a_i == *a_j));
            }
        }
        // The same pairs of p and adjusted p in another order.
        let pairs = |p: &[f64]| {
            let mut pairs: Vec<_> =
                p.iter().zip(holm::adjust(p)).map(|(p, a)| (p.to_bits(), a.to_bits())).collect();
            pairs.sort_unstable();
            pairs
        };
        assert_eq!(pairs(&shuffled(&p, &mut rng)), pairs(&p));
    }
}

#[test]
fn intervals_move_with_their_values_and_stay_among_them() {
    let mut resampled = 0;
    for (values, mut rng) in cases("intervals") {
        let found = estimate(values.iter().copied());
        assert_eq!(estimate(shuffled(&values, &mut rng)), found);
        let (low, high) = found.range.unwrap();
        let slack = 1e-12 * low.abs().max(high.abs());
        for (from, to) in [found.percentile, found.iqm_interval].into_iter().flatten() {
            assert!(low - slack <= from && from <= to && to <= high + slack, "{values:?}");
        }
        let Some(interval) = found.interval else { continue };
        let mean = found.mean.unwrap();
        assert!(interval.low <= mean + slack && mean - slack <= interval.high, "{values:?}");
        resampled += usize::from(interval.method == Method::Bca);
        let (scale, shift) = (2.5, -30.0);
        let moved: Vec<f64> = values.iter().map(|v| scale * v + shift).collect();
        let moved = mean_interval(&moved).unwrap();
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * (1.0 + a.abs());
        assert!(near(moved.low, scale * interval.low + shift), "{values:?}");
        assert!(near(moved.high, scale * interval.high + shift), "{values:?}");
    }
    assert!(resampled > 50, "{resampled}");
    // Nothing varies: no width, and no division by the spread.
    let flat = estimate([0.1; 12]);
    let Interval { low, high, .. } = flat.interval.unwrap();
    assert!((low - 0.1).abs() < 1e-15 && (high - 0.1).abs() < 1e-15);
    // All replicates are on one side of the statistic, so the bias is infinite.
    assert!(bootstrap::bca(&[1.0, 2.0], |v| v[0], &[5.0, 6.0]).is_none());
    assert!(
        bootstrap::percentile(&[]).is_none() && bootstrap::percentile(&[1.0, f64::NAN]).is_none()
    );
}
