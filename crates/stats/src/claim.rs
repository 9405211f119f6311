//! One-sided tests of a claim: the mean over seeds is below a target, or above it.
//!
//! A seed without a finite value, because its run diverged, failed or is missing, did not reach the
//! target. It is never left out: a mean that includes it would be infinitely bad.

use super::location::{self, sorted};
use super::{normal, t_cdf};

/// Largest number of seeds that [`Evidence::fewest`] considers.
pub const MOST_SEEDS: usize = 10_000;

/// Test that decides a claim.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Test {
    /// Student's t of one sample, exact for normal values: `scipy.stats.ttest_1samp`.
    T,
    /// The exact sign test, of the median and for values of any distribution:
    /// `scipy.stats.binomtest(k, n, 0.5, alternative="greater")` of the k seeds beyond the
    /// target. A value equal to the target is not beyond it.
    Sign,
    /// The z test with a known positive standard deviation, in the metric's unit. The rule of
    /// modded-nanogpt's Track 3, `(3.28 - mean) * sqrt(n) >= 0.004` with a standard deviation of
    /// 0.0013, is this test at a level of 0.00105.
    Z(f64),
}

/// A claim that is declared before its seeds are seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Claim {
    /// Target that the mean is claimed to be beyond, in the metric's unit.
    pub target: f64,
    /// True if the mean is claimed to be above the target, false if below.
    pub above: bool,
    /// Largest p-value at which the claim is carried, between 0 and 1.
    pub level: f64,
    /// The test.
    pub test: Test,
}

/// The evidence of the seeds for a claim.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Evidence {
    /// Number of seeds, those without a value included.
    pub n: usize,
    /// Number of seeds without a finite value.
    pub failed: usize,
    /// Mean of the finite values; `None` if there are none.
    pub mean: Option<f64>,
    /// Sample standard deviation of the finite values; `None` below two.
    pub sd: Option<f64>,
    /// True if two or more values are all equal: they show no spread, and t is undefined.
    pub equal: bool,
    /// Statistic: t or z, negative if the mean is below the target; for the sign test the number of
    /// seeds beyond the target. `None` for t and z with a failed seed, for t with equal values or
    /// one value, and without seeds.
    pub statistic: Option<f64>,
    /// One-sided p-value, from 0 to 1; `None` without a statistic.
    pub p: Option<f64>,
    /// True if p is at most the level, and the mean (for the sign test the median) is beyond the
    /// target.
    pub carried: bool,
    /// Smallest number of seeds that would carry the claim with the same mean and standard
    /// deviation, or for the sign test with the same share of seeds beyond the target. `None` if no
    /// number up to [`MOST_SEEDS`] would, as with a mean on the other side.
    pub fewest: Option<usize>,
}

impl Claim {
    /// Tests the claim on the value of each seed; `None` or a value that is not finite means that
    /// the seed failed.
    pub fn judge(&self, seeds: &[Option<f64>]) -> Evidence {
        let finite: Vec<f64> = seeds.iter().flatten().copied().filter(|v| v.is_finite()).collect();
        // Sorted, so that the order of seeds changes no bit.
        let values = sorted(&finite);
        let (n, failed) = (seeds.len(), seeds.len() - values.len());
        // The computed mean of equal numbers is off by rounding, which a test would take for a
        // distance.
        let equal = values.len() > 1 && values.first() == values.last();
        let (mean, sd) = match equal {
            true => (values.first().copied(), Some(0.0)),
            false => (location::mean(&values), location::sd(&values)),
        };
        let mut out = Evidence { n, failed, mean, sd, equal, ..Evidence::default() };
        if n == 0 {
            return out;
        }
        match self.test {
            Test::Sign => {
                let beyond = values.iter().filter(|v| self.margin(**v) > 0.0).count();
                out.statistic = Some(beyond as f64);
                out.p = Some(upper_tail(beyond, n));
                out.fewest = self.fewest(|m| upper_tail(m * beyond / n, m));
            }
            Test::T | Test::Z(_) if failed > 0 => {}
            Test::T if equal => {}
            Test::T => {
                if let (Some(mean), Some(sd)) = (mean, sd) {
                    out.statistic = Some(self.standardised(mean, sd, n));
                    out.p = Some(self.t(mean, sd, n));
                    out.fewest = self.fewest(|m| if m < 2 { 1.0 } else { self.t(mean, sd, m) });
                }
            }
            Test::Z(sd) => {
                if let Some(mean) = mean {
                    let p = |m| normal::cdf(-self.size(mean, sd, m));
                    out.statistic = Some(self.standardised(mean, sd, n));
                    out.p = Some(p(n));
                    out.fewest = self.fewest(p);
                }
            }
        }
        let beyond = match self.test {
            // The median is beyond if more than half of the seeds are.
            Test::Sign => out.statistic.is_some_and(|k| 2.0 * k > n as f64),
            Test::T | Test::Z(_) => mean.is_some_and(|mean| self.margin(mean) > 0.0),
        };
        out.carried = beyond && out.p.is_some_and(|p| p <= self.level);
        out
    }

    /// Returns the distance by which a value is beyond the target; negative if it is not.
    fn margin(&self, value: f64) -> f64 {
        if self.above { value - self.target } else { self.target - value }
    }

    /// Returns the distance of a mean from the target in standard errors: positive above it, 0 at
    /// it.
    fn standardised(&self, mean: f64, sd: f64, n: usize) -> f64 {
        let distance = mean - self.target;
        if distance == 0.0 { 0.0 } else { distance / sd * (n as f64).sqrt() }
    }

    /// Returns the distance in standard errors, positive if the mean is beyond the target.
    fn size(&self, mean: f64, sd: f64, n: usize) -> f64 {
        let distance = self.standardised(mean, sd, n);
        if self.above { distance } else { -distance }
    }

    /// Returns the p-value of Student's t.
    fn t(&self, mean: f64, sd: f64, n: usize) -> f64 {
        t_cdf(-self.size(mean, sd, n), n - 1)
    }

    /// Returns the smallest number of seeds whose p-value is at most the level.
    fn fewest(&self, p: impl Fn(usize) -> f64) -> Option<usize> {
        // A mean at the target has p = 0.5, however many seeds there are.
        if self.level < 0.5 && p(MOST_SEEDS) >= 0.5 {
            return None;
        }
        (1..=MOST_SEEDS).find(|&n| p(n) <= self.level)
    }
}

/// Returns the probability of at least `k` heads in `n` tosses of a fair coin, with a relative
/// error below 1e-11.
pub fn upper_tail(k: usize, n: usize) -> f64 {
    if k == 0 {
        return 1.0;
    }
    if k > n {
        return 0.0;
    }
    if 2 * k <= n {
        // The smaller tail is summed, so that its first term is its largest.
        return 1.0 - upper_tail(n - k + 1, n);
    }
    // A logarithm, because 2^-n underflows from n = 1075 on.
    let ratios = (1..=n - k).map(|i| ((k + i) as f64 / i as f64).ln());
    let first = ratios.sum::<f64>() - n as f64 * std::f64::consts::LN_2;
    let (mut term, mut sum) = (1.0, 0.0);
    for i in k..=n {
        sum += term;
        term *= (n - i) as f64 / (i + 1) as f64;
        if term < sum * 1e-17 {
            break;
        }
    }
    (first + f64::ln(sum)).exp().min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The 80 validation losses of record 18 of modded-nanogpt
    /// (`records/track_1_short/2025-01-04_SoftCap/README.md`).
    const RECORD: [f64; 80] = [
        3.2798, 3.2804, 3.2837, 3.2808, 3.2782, 3.2801, 3.283, 3.2825, 3.2777, 3.2769, 3.2834,
        3.2832, 3.2753, 3.2809, 3.2778, 3.2801, 3.2799, 3.2804, 3.2765, 3.2792, 3.2786, 3.2792,
        3.2801, 3.2762, 3.2803, 3.2784, 3.2792, 3.2791, 3.2769, 3.279, 3.2784, 3.2775, 3.283,
        3.2785, 3.2753, 3.2805, 3.2766, 3.2766, 3.2781, 3.2819, 3.2754, 3.2827, 3.2803, 3.2784,
        3.2802, 3.2794, 3.2765, 3.278, 3.2782, 3.278, 3.2816, 3.279, 3.2771, 3.2791, 3.2768,
        3.2781, 3.2794, 3.2798, 3.2785, 3.2804, 3.2777, 3.2765, 3.2796, 3.278, 3.2803, 3.2793,
        3.2793, 3.2788, 3.2797, 3.278, 3.2799, 3.2813, 3.2803, 3.2768, 3.2803, 3.2796, 3.28,
        3.2796, 3.2783, 3.278,
    ];

    fn below(target: f64, level: f64, test: Test) -> Claim {
        Claim { target, above: false, level, test }
    }

    fn judged(claim: Claim, values: &[f64]) -> Evidence {
        claim.judge(&values.iter().copied().map(Some).collect::<Vec<_>>())
    }

    fn near(found: Option<f64>, expected: f64) {
        let found = found.expect("a number");
        assert!((found - expected).abs() <= 1e-9 * expected.abs(), "{found}, not {expected}");
    }

    // The constants of this and the next two tests are those of SciPy 1.17.1:
    //   r = stats.ttest_1samp(losses, 3.28, alternative="less"); r.statistic, r.pvalue
    //   stats.binomtest(54, 80, 0.5, alternative="greater").pvalue
    //   stats.norm.cdf((mean - 3.28) * 80**0.5 / 0.0013)
    // and the fewest seeds those of a loop over n with stats.t.cdf(t * (n / 80)**0.5, n - 1),
    // stats.norm.cdf and stats.binom.sf(54 * n // 80 - 1, n, 0.5).
    #[test]
    fn the_record_of_modded_nanogpt_has_its_published_p_value() {
        let found = judged(below(3.28, 0.01, Test::T), &RECORD);
        near(found.statistic, -4.015_030_057_102_41);
        near(found.p, 6.720_589_313_298_247e-5);
        near(found.sd, 0.001_910_250_497_192_791_6);
        // As it is printed there: 3.27914, p=0.0001.
        assert_eq!(format!("{:.5} {:.4}", found.mean.unwrap(), found.p.unwrap()), "3.27914 0.0001");
        assert!(found.carried);
        assert_eq!((found.n, found.failed, found.fewest), (80, 0, Some(31)));
    }

    #[test]
    fn fewest_seeds_are_those_of_a_search_with_scipy() {
        for (level, t, z, sign) in [(0.05, 16, 7, 30), (0.01, 31, 13, 52), (0.001, 53, 22, 83)] {
            for (test, n) in [(Test::T, t), (Test::Z(0.0013), z), (Test::Sign, sign)] {
                let found = judged(below(3.28, level, test), &RECORD).fewest;
                assert_eq!(found, Some(n), "{test:?} at {level}");
            }
        }
        // A mean on the other side is carried by no number of seeds.
        for test in [Test::T, Test::Z(0.0013), Test::Sign] {
            let found = judged(below(3.278, 0.05, test), &RECORD);
            assert!(found.fewest.is_none() && !found.carried && found.p.unwrap() > 0.5, "{test:?}");
        }
    }

    #[test]
    fn sign_and_z_are_those_of_scipy() {
        let sign = judged(below(3.28, 0.05, Test::Sign), &RECORD);
        assert_eq!(sign.statistic, Some(54.0), "of 80, and one is equal to the target");
        near(sign.p, 0.001_162_270_644_044_352);
        let z = judged(below(3.28, 0.05, Test::Z(0.0013)), &RECORD);
        near(z.statistic, -5.899_779_356_018_37);
        assert!((z.p.unwrap() - 1.819_940_007_765_441_7e-9).abs() < 1e-15);
        // stats.binomtest(k, n, 0.5, alternative="greater").pvalue
        near(Some(upper_tail(9, 10)), 0.010_742_187_5);
        near(Some(upper_tail(600, 1000)), 1.364_232_078_032_973_5e-10);
        near(Some(upper_tail(5, 10)), 0.623_046_875);
        assert_eq!([upper_tail(0, 3), upper_tail(4, 3)], [1.0, 0.0]);
        assert!(upper_tail(2_000, 2_000) == 0.0, "2^-2000 is below any number");
    }

    #[test]
    fn the_rule_of_track_3_is_a_z_test() {
        // (3.28 - mean) * sqrt(16) = 0.004; stats.norm.sf(0.004 / 0.0013) = 0.0010457.
        let at = |mean: f64, level| judged(below(3.28, level, Test::Z(0.0013)), &[mean; 16]);
        assert!(at(3.279 - 1e-9, 0.001_05).carried && !at(3.279 + 1e-6, 0.001_045).carried);
        // At a level of 0.001 the rule would have to read 0.004017.
        assert!(!at(3.279, 0.001).carried && at(3.278_995, 0.001).carried);
        assert_eq!(at(3.279 - 1e-9, 0.001_05).fewest, Some(16));
    }

    #[test]
    fn above_is_the_mirror_image_of_below() {
        let values = [0.971, 0.974, 0.969, 0.975, 0.973];
        // stats.ttest_1samp(values, 0.97, alternative="greater"), and 0.972, "less".
        let above = Claim { target: 0.97, above: true, level: 0.05, test: Test::T };
        let found = judged(above, &values);
        near(found.statistic, 2.228_344_058_124_684);
        near(found.p, 0.044_887_935_391_901_26);
        assert!(found.carried && found.fewest == Some(5));
        near(judged(below(0.972, 0.05, Test::T), &values).p, 0.635_409_187_827_668_7);
        for test in [Test::T, Test::Sign, Test::Z(0.002)] {
            let a = judged(Claim { test, ..above }, &values);
            let b = judged(below(-0.97, 0.05, test), &values.map(|v| -v));
            assert_eq!(a.fewest, b.fewest);
            near(a.p, b.p.unwrap());
        }
    }

    #[test]
    fn a_failed_seed_is_never_left_out() {
        let mut seeds: Vec<Option<f64>> =
            (0..9).map(|i| Some(0.1 + 0.001 * f64::from(i))).collect();
        assert!(below(0.2, 0.05, Test::T).judge(&seeds).carried);
        for failed in [None, Some(f64::INFINITY), Some(f64::NAN)] {
            seeds.push(failed);
            for test in [Test::T, Test::Z(0.01)] {
                let found = below(0.2, 0.05, test).judge(&seeds);
                assert_eq!((found.n, found.failed, found.p), (10, 1, None));
                assert!(!found.carried && found.fewest.is_none() && found.mean.is_some());
            }
            let sign = below(0.2, 0.05, Test::Sign).judge(&seeds);
            near(sign.p, 0.010_742_187_5);
            assert_eq!((sign.failed, sign.carried, sign.statistic), (1, true, Some(9.0)));
            seeds.pop();
        }
        assert_eq!(below(0.2, 0.05, Test::Sign).judge(&[]), Evidence::default());
    }

    #[test]
    fn equal_values_carry_no_t() {
        // Two seeds that agree by accident would carry any claim, at any level.
        for values in [vec![0.1, 0.1], vec![0.1; 8]] {
            let equal = judged(below(0.2, 0.05, Test::T), &values);
            assert_eq!((equal.p, equal.fewest, equal.carried), (None, None, false));
            assert!(equal.equal && equal.sd == Some(0.0) && equal.mean == Some(0.1));
        }
        // The mean of ten equal numbers is off by rounding, which is no distance from the target.
        let value = 0.1 + 0.2;
        for test in [Test::T, Test::Z(1e-18), Test::Sign] {
            for above in [true, false] {
                let claim = Claim { target: value, above, level: 0.5, test };
                assert!(!judged(claim, &[value; 10]).carried, "{test:?}");
            }
        }
    }

    #[test]
    fn single_values_have_their_bounds() {
        let one = judged(below(0.2, 0.05, Test::T), &[0.1]);
        assert_eq!((one.p, one.mean, one.fewest), (None, Some(0.1), None));
        assert!(judged(below(0.2, 0.05, Test::Z(0.01)), &[0.1]).carried);
        // The sign test depends on 0.5^n: at 0.05 five seeds carry, four never do.
        let all = |n: usize| judged(below(0.2, 0.05, Test::Sign), &vec![0.1; n]);
        assert!(all(5).carried && !all(4).carried && all(4).fewest == Some(5));
    }
}
