//! What a step does between its matrix products, in host memory.
//!
//! Each loop is compiled for several instruction sets, of which `multiversion`
//! chooses at run time. Additions and multiplications are never contracted, so
//! that the choice changes no bit.

use optimizer_registry::wide;

wide! {
    /// z <- z + b in every row; with `relu` also z <- max(z, 0), NaN kept.
    pub(super) fn add_bias(z: &mut [f32], bias: &[f32], relu: bool) {
        for row in z.chunks_exact_mut(bias.len()) {
            if relu {
                for (z, b) in row.iter_mut().zip(bias) {
                    let sum = *z + b;
                    *z = if sum < 0.0 { 0.0 } else { sum };
                }
            } else {
                for (z, b) in row.iter_mut().zip(bias) {
                    *z += b;
                }
            }
        }
    }
}

wide! {
    /// The gradient behind a ReLU of value `h`: nothing where it was not positive.
    pub(super) fn relu_gradient(d: &mut [f32], h: &[f32]) {
        for (d, &h) in d.iter_mut().zip(h) {
            *d = if h <= 0.0 { 0.0 } else { *d };
        }
    }
}

wide! {
    /// Sums over the rows of `d`.
    pub(super) fn column_sums(sums: &mut [f32], d: &[f32]) {
        sums.fill(0.0);
        for row in d.chunks_exact(sums.len()) {
            for (sum, d) in sums.iter_mut().zip(row) {
                *sum += d;
            }
        }
    }
}

/// Mean cross-entropy of logits `[n, classes]` of the samples `indices`, whose
/// classes stand in `labels`, and its gradient (softmax - one-hot) / n, written
/// over the logits.
pub(super) fn cross_entropy(
    logits: &mut [f32],
    classes: usize,
    labels: &[i64],
    indices: &[u32],
) -> f32 {
    let share = 1.0 / indices.len() as f32;
    let mut sum = 0.0;
    for (row, &index) in logits.chunks_exact_mut(classes).zip(indices) {
        let label = labels[index as usize] as usize;
        sum += f64::from(row_cross_entropy(row, label, share));
    }
    (sum / indices.len() as f64) as f32
}

/// One row of [`cross_entropy`]: its loss; the gradient is multiplied by `share`.
fn row_cross_entropy(row: &mut [f32], label: usize, share: f32) -> f32 {
    let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let own = row[label] - largest;
    let mut total = 0.0;
    for z in row.iter_mut() {
        *z = (*z - largest).exp();
        total += *z;
    }
    let scale = share / total;
    for p in row.iter_mut() {
        *p *= scale;
    }
    row[label] -= share;
    total.ln() - own
}

/// Rows `indices` of `from` (`[n, width]`), one after the other.
pub(super) fn gather(to: &mut [f32], from: &[f32], width: usize, indices: &[u32]) {
    for (to, &index) in to.chunks_exact_mut(width).zip(indices) {
        let at = index as usize * width;
        to.copy_from_slice(&from[at..at + width]);
    }
}
