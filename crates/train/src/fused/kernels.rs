//! Loops of a step between its matrix products, in host memory.
//!
//! [`wide!`] compiles loops over many numbers for wider registers, too, which changes no bit.

use optimizer_registry::wide;

wide! {
    /// Adds the bias to every row of `z`, `[rows, bias.len()]`; with `relu` also sets negative
    /// numbers to 0 and keeps NaN.
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
    /// Turns the gradient `d` of a ReLU's output `h` into that of its input: 0 where h <= 0.
    pub(super) fn relu_gradient(d: &mut [f32], h: &[f32]) {
        for (d, &h) in d.iter_mut().zip(h) {
            *d = if h <= 0.0 { 0.0 } else { *d };
        }
    }
}

wide! {
    /// Sums `d`, `[rows, sums.len()]`, over its rows.
    pub(super) fn column_sums(sums: &mut [f32], d: &[f32]) {
        sums.fill(0.0);
        for row in d.chunks_exact(sums.len()) {
            for (sum, d) in sums.iter_mut().zip(row) {
                *sum += d;
            }
        }
    }
}

/// Returns the mean cross-entropy of logits `[n, classes]` of the samples `indices`, whose classes
/// are in `labels`, and overwrites the logits with its gradient (softmax - one-hot) / n.
pub(super) fn cross_entropy(
    logits: &mut [f32],
    classes: usize,
    labels: &[i64],
    indices: &[u32],
) -> f32 {
    let label = |index: &u32| labels[*index as usize] as usize;
    let mut own = 0.0;
    for (row, index) in logits.chunks_exact_mut(classes).zip(indices) {
        let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        row.iter_mut().for_each(|z| *z -= largest);
        own += f64::from(row[label(index)]);
    }
    exponentials(logits);
    let share = 1.0 / indices.len() as f32;
    let mut logarithms = 0.0;
    for (row, index) in logits.chunks_exact_mut(classes).zip(indices) {
        let total: f32 = row.iter().sum();
        logarithms += f64::from(total.ln());
        let scale = share / total;
        row.iter_mut().for_each(|p| *p *= scale);
        row[label(index)] -= share;
    }
    ((logarithms - own) / indices.len() as f64) as f32
}

wide! {
    /// Computes x <- exp(x) for x <= 0, to 2 units in the last place; 0 below -87, NaN kept.
    ///
    /// The method is that of Cephes' `expf` (Moshier): x = n ln 2 + r with |r| <= ln 2 / 2, a
    /// polynomial for exp(r), and n added to the exponent's bits.
    fn exponentials(values: &mut [f32]) {
        /// Adding this leaves an integer in the last bits of the sum.
        const ROUND: f32 = 12_582_912.0;
        for x in values {
            let shifted = *x * std::f32::consts::LOG2_E + ROUND;
            let n = shifted - ROUND;
            // ln 2 in two parts, the first of few digits.
            let r = *x - n * 0.693_359_4 + n * 2.121_944_4e-4;
            let mut p = 1.987_569_1e-4;
            for c in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 5e-1] {
                p = p * r + c;
            }
            let e = p * (r * r) + r + 1.0;
            let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(1.0f32.to_bits()));
            *x = if *x < -87.0 { 0.0 } else { e * power };
        }
    }
}

/// Copies the rows `indices` of `from`, `width` numbers each, into `to`, one after another.
///
/// A few numbers of every row are read first. Rows are far apart, so that the first access to each
/// waits for the memory and for its page's address; reads overlap, whereas copies wait for each
/// other.
pub(super) fn gather(to: &mut [f32], from: &[f32], width: usize, indices: &[u32]) {
    /// Distance between two such reads, in numbers.
    const APART: usize = 256;
    let row = |index: &u32| {
        let at = *index as usize * width;
        &from[at..at + width]
    };
    let mut seen = 0;
    for index in indices {
        for number in row(index).iter().step_by(APART) {
            seen |= number.to_bits();
        }
    }
    std::hint::black_box(seen);
    for (to, index) in to.chunks_exact_mut(width).zip(indices) {
        to.copy_from_slice(row(index));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponentials_are_those_of_the_library() {
        let xs: Vec<f32> = (0..=870_000).map(|i| -(i as f32) * 1e-4).collect();
        let mut ours = xs.clone();
        exponentials(&mut ours);
        for (x, y) in xs.iter().zip(&ours) {
            let theirs = f64::from(*x).exp();
            let error = (f64::from(*y) / theirs - 1.0).abs();
            assert!(error < 1.5e-7, "exp({x}) = {y}, {error:e} off");
        }
        let mut edges = [0.0, -0.0, -87.5, -1e30, f32::NEG_INFINITY, f32::NAN];
        exponentials(&mut edges);
        assert_eq!(edges[..5], [1.0, 1.0, 0.0, 0.0, 0.0]);
        assert!(edges[5].is_nan());
    }

    #[test]
    fn cross_entropy_is_the_formula_in_64_bits() {
        let logits: [f32; 6] = [1.0, -2.0, 0.5, 30.0, -40.0, 29.0];
        let labels = [9, 2, 9, 0];
        let mut gradient = logits;
        let loss = cross_entropy(&mut gradient, 3, &labels, &[1, 3]);
        let mut sum = 0.0;
        for (row, label) in [(0, 2), (1, 0)] {
            let z = logits[3 * row..3 * row + 3].iter().map(|&z| f64::from(z));
            let total: f64 = z.clone().map(f64::exp).sum();
            for (i, z) in z.enumerate() {
                let hit = f64::from(u8::from(i == label));
                let expected = (z.exp() / total - hit) / 2.0;
                let found = f64::from(gradient[3 * row + i]);
                assert!((found - expected).abs() < 1e-7, "{row} {i}: {found} {expected}");
                sum -= if i == label { (z.exp() / total).ln() } else { 0.0 };
            }
        }
        assert!((f64::from(loss) - sum / 2.0).abs() < 1e-6, "{loss} {sum}");
    }

    #[test]
    fn what_is_no_number_makes_no_loss() {
        for bad in [f32::NAN, f32::INFINITY] {
            let mut logits = [0.0, bad, 1.0];
            assert!(cross_entropy(&mut logits, 3, &[0], &[0]).is_nan());
        }
    }

    #[test]
    fn loops_do_what_they_say() {
        let mut z = [1.0, -2.0, f32::NAN, 0.5];
        add_bias(&mut z, &[1.0, 1.0], true);
        assert_eq!([z[0], z[1], z[3]], [2.0, 0.0, 1.5]);
        assert!(z[2].is_nan());
        add_bias(&mut z[..2], &[-5.0, -5.0], false);
        assert_eq!(z[..2], [-3.0, -5.0]);
        let mut d = [1.0, 2.0, 3.0];
        relu_gradient(&mut d, &[0.5, 0.0, f32::NAN]);
        assert_eq!(d, [1.0, 0.0, 3.0]);
        let mut sums = [7.0; 2];
        column_sums(&mut sums, &[1.0, 2.0, 3.0, 4.0]);
        assert_eq!(sums, [4.0, 6.0]);
        let mut rows = [0.0; 4];
        gather(&mut rows, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2, &[2, 0]);
        assert_eq!(rows, [5.0, 6.0, 1.0, 2.0]);
    }
}
