//! Mean and standard deviation of pixels, computed from exact counts instead of float sums.

/// Number of occurrences of each pixel value.
pub(crate) struct Histogram([u64; 256]);

impl Histogram {
    /// Counts these pixels.
    pub(crate) fn of<'a>(pixels: impl Iterator<Item = &'a u8>) -> Self {
        let mut counts = [0; 256];
        pixels.for_each(|&p| counts[usize::from(p)] += 1);
        Histogram(counts)
    }

    /// Returns mean and population standard deviation of pixel / 255; the deviation is 1 if all
    /// pixels are equal.
    pub(crate) fn mean_and_deviation(&self) -> (f32, f32) {
        let sum = |f: fn(u64) -> u64| -> f64 {
            self.0.iter().zip(0u64..).map(|(n, p)| (n * f(p)) as f64).sum()
        };
        let n = sum(|_| 1).max(1.0);
        let mean = sum(|p| p) / n;
        let variance = sum(|p| p * p) / n - mean * mean;
        let deviation = if variance > 0.0 { variance.sqrt() / 255.0 } else { 1.0 };
        ((mean / 255.0) as f32, deviation as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_deviation_of_a_few_pixels() {
        let (mean, deviation) = Histogram::of([0, 255, 255, 0].iter()).mean_and_deviation();
        assert_eq!((mean, deviation), (0.5, 0.5));
        let (mean, deviation) = Histogram::of([51, 51].iter()).mean_and_deviation();
        assert_eq!((mean, deviation), (0.2, 1.0));
    }
}
