//! Tests of paired differences: two configurations on equal seeds.

use seed_stream::stream;

use super::location::sorted;
use super::normal;

/// Result of a test of the hypothesis that both sides are alike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Test {
    /// Two-sided p-value, in (0, 1].
    pub p: f64,
    /// Smallest two-sided p that this number of values can give, however large the effect: above
    /// 0.05 the test is underpowered by design.
    pub smallest: f64,
    /// True if every rearrangement was counted, false for a seeded sample of them or a normal
    /// approximation.
    pub exact: bool,
    /// Number of values used: for paired tests, differences other than zero.
    pub n: usize,
}

/// Largest number of differences for which all sign flips are counted: 2^30, by halves.
pub const MOST_FLIPS: usize = 30;

/// Largest number of differences for which all rank sums are counted.
pub const MOST_RANKED: usize = 50;

/// Number of sampled sign patterns above [`MOST_FLIPS`].
pub const SAMPLED_FLIPS: usize = 99_999;

/// Relative tolerance for rounding. `0.9712 - 0.9710` and `0.9714 - 0.9712` are one step of an
/// accuracy each, and differ by 1e-16 of 0.97, which is 1e-12 of themselves.
pub const TIE: f64 = 1e-9;

/// Returns `a - b` by pairs; two equal infinities (neither reached the target) differ by 0. Extra
/// values of the longer side are ignored.
pub fn differences(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| if a == b { 0.0 } else { a - b }).collect()
}

/// Returns the two-sided sign-flip permutation test of the mean difference (Fisher 1935): under the
/// null hypothesis each difference is equally likely with the other sign. It is exact up to
/// [`MOST_FLIPS`] differences other than zero; above that it uses [`SAMPLED_FLIPS`] seeded patterns
/// and (b + 1) / (B + 1), with the observed one included. `None` without differences or with one
/// that is not finite.
///
/// Many patterns have exactly the observed sum, and rounding would miss some of them, so sums
/// within 1e-9 of the sum of absolute differences count as equal. scipy allows 2e-14 of the
/// statistic, which is too little if the differences themselves carry rounding: for ten accuracies
/// of 10,000 images it gives 0.1074 where counting whole images gives 0.1113.
pub fn sign_flip(differences: &[f64]) -> Option<Test> {
    if differences.is_empty() || differences.iter().any(|d| !d.is_finite()) {
        return None;
    }
    // Sorted, so that the order of pairs cannot change a bit.
    let sizes: Vec<f64> = differences.iter().map(|d| d.abs()).filter(|&d| d > 0.0).collect();
    let sizes = sorted(&sizes);
    let n = sizes.len();
    let total: f64 = sizes.iter().sum();
    let observed: f64 = sorted(differences).iter().sum::<f64>().abs() - TIE * total;
    let smallest = smallest(n);
    if n <= MOST_FLIPS {
        // The sums are symmetric, so both tails are twice one of them, except for sums around zero.
        let (left, right) = sizes.split_at(n / 2);
        let (left, right) = (signed_sums(left), signed_sums(right));
        let count = (2 * at_least(&left, &right, observed)).min(1 << n);
        return Some(Test { p: count as f64 / (1u64 << n) as f64, smallest, exact: true, n });
    }
    let mut rng = stream(0, &format!("sign-flip/{n}"));
    let mut count = 1;
    for _ in 0..SAMPLED_FLIPS {
        let mut sum = 0.0;
        for sizes in sizes.chunks(64) {
            let mut bits = rng.next_u64();
            for size in sizes {
                sum += if bits & 1 == 1 { *size } else { -size };
                bits >>= 1;
            }
        }
        count += usize::from(sum.abs() >= observed);
    }
    let sampled = 1.0 / (SAMPLED_FLIPS + 1) as f64;
    Some(Test { p: count as f64 * sampled, smallest: sampled.max(smallest), exact: false, n })
}

/// Returns the interval of shifts that [`sign_flip`] does not reject at `alpha`, a fraction: a
/// confidence interval of the mean difference at 1 - `alpha` if differences are symmetric around
/// it. Infinite if there are too few differences to reject anything; `None` without differences or
/// with one that is not finite.
pub fn sign_flip_interval(differences: &[f64], alpha: f64) -> Option<(f64, f64)> {
    if differences.is_empty() || differences.iter().any(|d| !d.is_finite()) {
        return None;
    }
    if smallest(differences.len()) > alpha {
        return Some((f64::NEG_INFINITY, f64::INFINITY));
    }
    let rejected = |shift: f64| {
        let shifted: Vec<f64> = differences.iter().map(|d| d - shift).collect();
        sign_flip(&shifted).is_some_and(|test| test.p <= alpha)
    };
    let mean = differences.iter().sum::<f64>() / differences.len() as f64;
    let (low, high) = differences
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), d| (l.min(*d), h.max(*d)));
    // Beyond all differences every sign is the same, so the shift is rejected; at their mean it is
    // not.
    let end = |outer: f64| {
        let (mut inside, mut outside) = (mean, outer);
        for _ in 0..100 {
            let middle = (inside + outside) / 2.0;
            if middle == inside || middle == outside {
                break;
            }
            if rejected(middle) { outside = middle } else { inside = middle }
        }
        inside
    };
    let beyond = (high - low).max(high.abs().max(low.abs()) * 1e-9).max(f64::MIN_POSITIVE);
    Some((end(low - beyond), end(high + beyond)))
}

/// Returns the smallest p: two of the 2^n sign patterns, or 1 where nothing differs.
fn smallest(n: usize) -> f64 {
    (2.0 * 0.5f64.powi(n as i32)).min(1.0)
}

/// Returns the 2^n sums of `sizes` with every pattern of signs, ascending.
fn signed_sums(sizes: &[f64]) -> Vec<f64> {
    sizes.iter().fold(vec![0.0], |sums, size| merged(&sums, -size, &sums, *size))
}

/// Merges the ascending `a` + `plus_a` and `b` + `plus_b`, which is cheaper than a sort.
pub(super) fn merged(a: &[f64], plus_a: f64, b: &[f64], plus_b: f64) -> Vec<f64> {
    let mut b = b.iter().map(|b| b + plus_b).peekable();
    let mut merged = Vec::with_capacity(a.len() + b.len());
    for a in a.iter().map(|a| a + plus_a) {
        while let Some(b) = b.next_if(|&b| b < a) {
            merged.push(b);
        }
        merged.push(a);
    }
    merged.extend(b);
    merged
}

/// Returns the number of pairs of one of `left` and one of `right`, both ascending, with a sum of
/// at least `bound`.
pub(super) fn at_least(left: &[f64], right: &[f64], bound: f64) -> u64 {
    let (mut count, mut from) = (0, right.len());
    for l in left {
        while from > 0 && l + right[from - 1] >= bound {
            from -= 1;
        }
        count += (right.len() - from) as u64;
    }
    count
}

/// Returns Wilcoxon's two-sided signed-rank test (Wilcoxon 1945). Zeros are dropped, as in the
/// paper and scipy's `zero_method="wilcox"`. Equal sizes, to a relative 1e-9, share their mean
/// rank. An infinite difference, where one side never reached the target, has the largest rank. It
/// is exact up to [`MOST_RANKED`] differences, by counting all sign patterns over the ranks with
/// their ties; above that it is the normal approximation with continuity and tie correction. `None`
/// without differences or with a NaN.
pub fn wilcoxon(differences: &[f64]) -> Option<Test> {
    if differences.is_empty() || differences.iter().any(|d| d.is_nan()) {
        return None;
    }
    let mut signed: Vec<f64> = differences.iter().copied().filter(|&d| d != 0.0).collect();
    signed.sort_unstable_by(|a, b| a.abs().total_cmp(&b.abs()));
    let n = signed.len();
    let (ranks, ties) = doubled_ranks(&signed);
    let positive: usize =
        signed.iter().zip(&ranks).filter(|(d, _)| **d > 0.0).map(|(_, r)| r).sum();
    let smallest = smallest(n);
    if n <= MOST_RANKED {
        // ways[s]: number of sign patterns whose positive doubled ranks sum to s.
        let mut ways = vec![0u64; n * (n + 1) + 1];
        ways[0] = 1;
        let mut reached = 0;
        for rank in ranks {
            for sum in (0..=reached).rev() {
                ways[sum + rank] += ways[sum];
            }
            reached += rank;
        }
        // The other tail is its mirror image.
        let tail = positive.min(n * (n + 1) - positive);
        let count: u64 = ways[..=tail].iter().sum();
        let p = (2.0 * count as f64 / (1u64 << n) as f64).min(1.0);
        return Some(Test { p, smallest, exact: true, n });
    }
    let m = n as f64;
    let variance = (m * (m + 1.0) * (2.0 * m + 1.0) - ties / 2.0) / 24.0;
    let distance = (positive as f64 / 2.0 - m * (m + 1.0) / 4.0).abs();
    let z = (distance - 0.5).max(0.0) / variance.sqrt();
    let p = (2.0 * normal::cdf(-z)).clamp(smallest, 1.0);
    Some(Test { p, smallest, exact: false, n })
}

/// Returns the sum of the ranks of positive differences minus that of negative ones, as
/// [`wilcoxon`] ranks them; its sign is the direction of that test.
pub fn rank_lead(differences: &[f64]) -> f64 {
    signed_ranks(differences).iter().sum()
}

/// Returns the signed ranks that [`wilcoxon`] uses, in the order of the differences; 0 for a
/// difference of 0.
pub fn signed_ranks(differences: &[f64]) -> Vec<f64> {
    let mut places: Vec<usize> =
        (0..differences.len()).filter(|&i| differences[i] != 0.0).collect();
    places.sort_by(|&i, &j| differences[i].abs().total_cmp(&differences[j].abs()));
    let signed: Vec<f64> = places.iter().map(|&i| differences[i]).collect();
    let mut out = vec![0.0; differences.len()];
    for (place, rank) in places.into_iter().zip(doubled_ranks(&signed).0) {
        out[place] = differences[place].signum() * rank as f64 / 2.0;
    }
    out
}

/// Returns twice the rank of each (whole where ranks are halves), and the sum of t^3 - t over
/// groups of t equal sizes. `signed` ascends by absolute value.
fn doubled_ranks(signed: &[f64]) -> (Vec<usize>, f64) {
    let (mut ranks, mut ties) = (Vec::with_capacity(signed.len()), 0.0);
    while ranks.len() < signed.len() {
        let start = ranks.len();
        let size = signed[start].abs();
        let equal = |d: &&f64| d.abs() == size || d.abs() - size <= TIE * size && size.is_finite();
        let group = signed[start..].iter().take_while(equal).count();
        ranks.extend(std::iter::repeat_n(2 * start + group + 1, group));
        ties += (group as f64).powi(3) - group as f64;
    }
    (ranks, ties)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_has_the_shifts_that_are_not_rejected() {
        let differences = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 9.0];
        let (low, high) = sign_flip_interval(&differences, 0.05).unwrap();
        let p = |shift: f64| {
            let shifted: Vec<f64> = differences.iter().map(|d| d - shift).collect();
            sign_flip(&shifted).unwrap().p
        };
        assert!(p(low) > 0.05 && p(low - 1e-6) <= 0.05, "{low}");
        assert!(p(high) > 0.05 && p(high + 1e-6) <= 0.05, "{high}");
        // Three of 128 patterns a side: the bound is the third smallest sum of differences.
        assert!(low > 1.0 && high < 9.0, "{low} to {high}");
        let moved: Vec<f64> = differences.iter().map(|d| -d).collect();
        let (a, b) = sign_flip_interval(&moved, 0.05).unwrap();
        assert!((a + high).abs() < 1e-9 && (b + low).abs() < 1e-9, "{a} to {b}");
        let few = sign_flip_interval(&differences[..5], 0.05).unwrap();
        assert_eq!(few, (f64::NEG_INFINITY, f64::INFINITY));
        assert_eq!(sign_flip_interval(&[0.5; 8], 0.05).unwrap().0, 0.5);
    }

    #[test]
    fn two_runs_that_never_reach_the_target_do_not_differ() {
        let never = f64::INFINITY;
        let found = differences(&[never, never, 3.0, 1.0], &[never, 2.0, never, 4.0]);
        assert_eq!(found, [0.0, never, -never, -3.0]);
        // The two infinities share the ranks 2 and 3.
        let test = wilcoxon(&found).unwrap();
        assert_eq!((test.n, test.smallest), (3, 0.25));
    }
}
