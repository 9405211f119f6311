//! Student's t distribution.

/// Returns the probability, from 0 to 1, that a Student's t variable with `df` >= 1 degrees of
/// freedom is below `t`. It uses the exact finite series of Abramowitz and Stegun 26.7.3 and
/// 26.7.4.
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

/// Returns the value that a Student's t variable with `df` >= 1 degrees of freedom is below with
/// probability `p`, in (0.5, 1), by bisection of [`t_cdf`].
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
}
