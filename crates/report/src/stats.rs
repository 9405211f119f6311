//! Estimates over seeds: mean, standard deviation, Student-t interval.

/// What is known of a quantity from a few seeds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Estimate {
    /// Finite values it rests on.
    pub n: usize,
    /// Arithmetic mean; none without values.
    pub mean: Option<f64>,
    /// Sample standard deviation (n - 1); needs two values.
    pub sd: Option<f64>,
    /// 95 % confidence interval of the mean by Student's t; needs three values.
    pub interval: Option<(f64, f64)>,
    /// Smallest and largest value.
    pub range: Option<(f64, f64)>,
}

/// Confidence of every interval.
pub const CONFIDENCE: f64 = 0.95;

/// Estimates over `values`, those that are not finite left out.
pub fn estimate(values: impl IntoIterator<Item = f64>) -> Estimate {
    let values: Vec<f64> = values.into_iter().filter(|v| v.is_finite()).collect();
    let n = values.len();
    if n == 0 {
        return Estimate::default();
    }
    let mean = values.iter().sum::<f64>() / n as f64;
    let sd = (n >= 2).then(|| {
        let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        (squares / (n - 1) as f64).sqrt()
    });
    let interval = sd.filter(|_| n >= 3).map(|sd| {
        let half = t_quantile(0.5 + CONFIDENCE / 2.0, n - 1) * sd / (n as f64).sqrt();
        (mean - half, mean + half)
    });
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Estimate { n, mean: Some(mean), sd, interval, range: Some((low, high)) }
}

/// Student's t: the probability of a value below `t` with `df` >= 1 degrees of
/// freedom. Abramowitz and Stegun 26.7.3 and 26.7.4: exact finite series.
pub fn t_cdf(t: f64, df: usize) -> f64 {
    let theta = (t / (df as f64).sqrt()).atan();
    let cos2 = theta.cos().powi(2);
    let odd = df % 2 == 1;
    // Term k multiplies its predecessor by (2k-1)/(2k) cos^2 for even df, by
    // 2k/(2k+1) cos^2 for odd df.
    let terms = if odd { (df - 1) / 2 } else { df / 2 };
    let mut term = if odd { theta.cos() } else { 1.0 };
    let mut sum = 0.0;
    for k in 1..=terms {
        sum += term;
        let k = k as f64;
        term *= cos2 * if odd { 2.0 * k / (2.0 * k + 1.0) } else { (2.0 * k - 1.0) / (2.0 * k) };
    }
    let within = if odd {
        2.0 / std::f64::consts::PI * (theta + theta.sin() * sum)
    } else {
        theta.sin() * sum
    };
    0.5 + within / 2.0
}

/// The value that a t variable with `df` >= 1 degrees of freedom stays below
/// with probability `p` in (0.5, 1): bisection of [`t_cdf`].
pub fn t_quantile(p: f64, df: usize) -> f64 {
    let (mut low, mut high) = (0.0, 2.0);
    while t_cdf(high, df) < p {
        high *= 2.0;
    }
    for _ in 0..100 {
        let middle = (low + high) / 2.0;
        if t_cdf(middle, df) < p { low = middle } else { high = middle }
    }
    (low + high) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_quantiles_match_the_printed_table() {
        // Two-sided 95 % column of the table in Abramowitz and Stegun, 26.10.
        for (df, t) in [
            (1, 12.706),
            (2, 4.303),
            (3, 3.182),
            (4, 2.776),
            (9, 2.262),
            (10, 2.228),
            (30, 2.042),
            (120, 1.980),
        ] {
            assert!((t_quantile(0.975, df) - t).abs() < 6e-4, "df {df}: {}", t_quantile(0.975, df));
        }
        assert!((t_quantile(0.95, 5) - 2.015).abs() < 6e-4);
    }

    #[test]
    fn estimates_of_known_values() {
        let e = estimate([2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0, f64::NAN]);
        assert_eq!((e.n, e.mean, e.range), (8, Some(5.0), Some((2.0, 9.0))));
        // sum of squares 32 over 7; t(7) = 2.3646.
        assert!((e.sd.unwrap() - 2.138_089_935).abs() < 1e-9);
        let (low, high) = e.interval.unwrap();
        assert!((low - 3.212_51).abs() < 1e-4 && (high - 6.787_49).abs() < 1e-4, "{low} {high}");
    }

    #[test]
    fn few_values_give_fewer_estimates() {
        assert_eq!(estimate([]), Estimate::default());
        let one = estimate([3.0]);
        assert_eq!((one.mean, one.sd, one.interval), (Some(3.0), None, None));
        let two = estimate([3.0, 5.0]);
        assert!(two.sd.is_some() && two.interval.is_none());
    }
}
