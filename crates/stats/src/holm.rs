//! Correction of p-values for several tests.

/// Returns p-values adjusted by Holm's step-down method (Holm 1979, Scand. J. Stat. 6:65), in the
/// order of `p`. The smallest of m p-values is multiplied by m, the next by m - 1, and so on; a
/// later one is never below an earlier one, and none exceeds 1. Equal values stay equal. Rejecting
/// where the adjusted value is at most alpha bounds the chance of any false rejection by alpha,
/// however the tests depend on each other.
pub fn adjust(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut adjusted = vec![0.0; p.len()];
    let mut highest = 0.0f64;
    for (rank, index) in order.into_iter().enumerate() {
        highest = highest.max(p[index] * (p.len() - rank) as f64).min(1.0);
        adjusted[index] = highest;
    }
    adjusted
}
