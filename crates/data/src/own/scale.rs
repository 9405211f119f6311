//! Scaling of raw values: statistics of the training samples in 64-bit floats, results in 32-bit
//! floats.

use spec::own_data::Scaling;

/// Raw values in the narrowest type that holds them exactly.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Values {
    U8(Vec<u8>),
    F32(Vec<f32>),
    F64(Vec<f64>),
}

/// Raw inputs of a dataset.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Inputs {
    /// `samples * features` finite values, one sample after another.
    pub(super) values: Values,
    /// Divisor of every value, applied before the scaling.
    pub(super) unit: f64,
    /// Number of samples, at least 1.
    pub(super) samples: usize,
    /// Number of values per sample, at least 1.
    pub(super) features: usize,
    /// Default scaling, used if the sweep file names none.
    pub(super) scaling: Scaling,
}

/// Place of a value that is not a finite 32-bit float after scaling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Overflow {
    pub(super) sample: usize,
    pub(super) feature: usize,
}

/// Fitted scaling: `(value / unit - mean) / divisor`, or `value / unit` divided by the sample's
/// length.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scaler {
    /// Offset that is subtracted from each feature.
    means: Vec<f64>,
    /// Divisor of each feature.
    divisors: Vec<f64>,
    /// Whether each sample is divided by its Euclidean length instead.
    lengths: bool,
}

impl Scaler {
    /// Fits the scaling to the training samples, of which there is at least one.
    pub(super) fn fit(
        scaling: Scaling,
        inputs: &Inputs,
        fitted: impl Iterator<Item = usize> + Clone,
    ) -> Self {
        let features = inputs.features;
        let neutral =
            |lengths| Scaler { means: vec![0.0; features], divisors: vec![1.0; features], lengths };
        let (mut means, mut divisors) = match (scaling, &inputs.values) {
            (Scaling::None, _) => return neutral(false),
            (Scaling::Unit, _) => return neutral(true),
            (_, Values::U8(v)) => of_columns(scaling, v, inputs, fitted),
            (_, Values::F32(v)) => of_columns(scaling, v, inputs, fitted),
            (_, Values::F64(v)) => of_columns(scaling, v, inputs, fitted),
        };
        if scaling == Scaling::Global {
            means = vec![means[0]; features];
            divisors = vec![divisors[0]; features];
        }
        Scaler { means, divisors, lengths: false }
    }

    /// Passes the scaled values of `samples` to `sink` in order.
    pub(super) fn apply(
        &self,
        inputs: &Inputs,
        samples: impl Iterator<Item = usize>,
        sink: &mut impl FnMut(f32),
    ) -> Result<(), Overflow> {
        match &inputs.values {
            Values::U8(v) => self.each(v, inputs.unit, samples, sink),
            Values::F32(v) => self.each(v, inputs.unit, samples, sink),
            Values::F64(v) => self.each(v, inputs.unit, samples, sink),
        }
    }

    fn each<T: Copy + Into<f64>>(
        &self,
        values: &[T],
        unit: f64,
        samples: impl Iterator<Item = usize>,
        sink: &mut impl FnMut(f32),
    ) -> Result<(), Overflow> {
        let features = self.means.len();
        for sample in samples {
            let row = &values[sample * features..(sample + 1) * features];
            let length = if self.lengths { length(row, unit) } else { 1.0 };
            let statistics = self.means.iter().zip(&self.divisors);
            for (feature, (&value, (mean, divisor))) in row.iter().zip(statistics).enumerate() {
                let scaled = ((value.into() / unit - mean) / divisor / length) as f32;
                if !scaled.is_finite() {
                    return Err(Overflow { sample, feature });
                }
                sink(scaled);
            }
        }
        Ok(())
    }
}

/// Returns the Euclidean length of a sample, or 1 if it is 0. Values are first divided by the
/// largest, so that their squares neither overflow nor underflow.
fn length<T: Copy + Into<f64>>(row: &[T], unit: f64) -> f64 {
    let largest = row.iter().map(|v| ((*v).into() / unit).abs()).fold(0.0, f64::max);
    if largest == 0.0 {
        return 1.0;
    }
    let squares: f64 = row.iter().map(|v| ((*v).into() / unit / largest).powi(2)).sum();
    largest * squares.sqrt()
}

/// Returns the offset and the divisor of each column.
fn of_columns<T: Copy + Into<f64>>(
    scaling: Scaling,
    values: &[T],
    inputs: &Inputs,
    fitted: impl Iterator<Item = usize> + Clone,
) -> (Vec<f64>, Vec<f64>) {
    let features = inputs.features;
    let rows = fitted.map(|i| &values[i * features..(i + 1) * features]);
    match scaling {
        Scaling::Global => moments(rows, inputs.unit, 1),
        Scaling::Range => ranges(rows, inputs.unit, features),
        Scaling::Features | Scaling::None | Scaling::Unit => moments(rows, inputs.unit, features),
    }
}

/// Returns the minimum of each column and its range, or 1 if the column is constant.
fn ranges<'a, T: Copy + Into<f64> + 'a>(
    rows: impl Iterator<Item = &'a [T]>,
    unit: f64,
    columns: usize,
) -> (Vec<f64>, Vec<f64>) {
    let mut low = vec![f64::INFINITY; columns];
    let mut high = vec![f64::NEG_INFINITY; columns];
    for row in rows {
        for (c, value) in row.iter().enumerate() {
            let value = (*value).into() / unit;
            low[c] = low[c].min(value);
            high[c] = high[c].max(value);
        }
    }
    let range = |(low, high): (&f64, &f64)| if high > low { high - low } else { 1.0 };
    let divisors = low.iter().zip(&high).map(range).collect();
    (low, divisors)
}

/// Returns mean and divisor of each column. The divisor is the population standard deviation, or 1
/// if the column is constant.
pub(crate) fn statistics<T: Copy + Into<f64>>(
    values: &[T],
    unit: f64,
    columns: usize,
) -> (Vec<f64>, Vec<f64>) {
    moments(std::iter::once(values), unit, columns)
}

/// Computes the [`statistics`] of rows, each of which holds one or more values per column.
fn moments<'a, T: Copy + Into<f64> + 'a>(
    rows: impl Iterator<Item = &'a [T]> + Clone,
    unit: f64,
    columns: usize,
) -> (Vec<f64>, Vec<f64>) {
    let rows = || rows.clone().flat_map(|row| row.chunks_exact(columns));
    let start = rows().next().unwrap_or_default();
    let first: Vec<f64> = start.iter().map(|&v| v.into() / unit).collect();
    // Sums of differences from the first row keep precision if values are large and close together,
    // and are exactly 0 if a column is constant.
    let mut sums = vec![0.0; columns];
    let mut varies = vec![false; columns];
    let mut count = 0_u64;
    for row in rows() {
        count += 1;
        for (c, &value) in row.iter().enumerate() {
            let difference = value.into() / unit - first[c];
            sums[c] += difference;
            varies[c] |= difference != 0.0;
        }
    }
    let n = count as f64;
    let means: Vec<f64> = first.iter().zip(&sums).map(|(first, sum)| first + sum / n).collect();
    let mut squares = vec![0.0; columns];
    for row in rows() {
        for (c, &value) in row.iter().enumerate() {
            squares[c] += (value.into() / unit - means[c]).powi(2);
        }
    }
    let divisors = squares.iter().zip(varies).map(|(sum, varies)| {
        let deviation = (sum / n).sqrt();
        match (varies, deviation) {
            (false, _) | (_, 0.0) => 1.0,
            // Dividing by infinity would silently make every value 0.
            (true, d) if d.is_infinite() => f64::NAN,
            (true, d) => d,
        }
    });
    let divisors = divisors.collect();
    (means, divisors)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(values: Values, features: usize) -> Inputs {
        let len = match &values {
            Values::U8(v) => v.len(),
            Values::F32(v) => v.len(),
            Values::F64(v) => v.len(),
        };
        Inputs { values, unit: 1.0, samples: len / features, features, scaling: Scaling::None }
    }

    fn scaled(scaling: Scaling, inputs: &Inputs, train: usize) -> Result<Vec<f32>, Overflow> {
        let mut out = Vec::new();
        let scaler = Scaler::fit(scaling, inputs, 0..train);
        scaler.apply(inputs, 0..inputs.samples, &mut |v| out.push(v))?;
        Ok(out)
    }

    #[test]
    fn features_are_scaled_each_by_the_training_samples() {
        let x = inputs(Values::F64(vec![1.0, 10.0, 3.0, 30.0, 9.0, 0.0]), 2);
        // Means 2 and 20, deviations 1 and 10, of the first two samples.
        assert_eq!(scaled(Scaling::Features, &x, 2), Ok(vec![-1.0, -1.0, 1.0, 1.0, 7.0, -2.0]));
    }

    #[test]
    fn global_has_one_mean_and_deviation() {
        let x = inputs(Values::U8(vec![0, 2, 4, 6]), 2);
        let d = 5f64.sqrt();
        let expected = [-3.0, -1.0, 1.0, 3.0].map(|v| (v / d) as f32).to_vec();
        assert_eq!(scaled(Scaling::Global, &x, 2), Ok(expected));
    }

    #[test]
    fn none_divides_by_the_unit_alone() {
        let mut x = inputs(Values::U8(vec![0, 51, 255]), 1);
        x.unit = 255.0;
        assert_eq!(scaled(Scaling::None, &x, 3), Ok(vec![0.0, 0.2, 1.0]));
        // Every float32 is passed through bit by bit.
        let x = inputs(Values::F32(vec![1e-40, -0.1, f32::MAX]), 1);
        assert_eq!(scaled(Scaling::None, &x, 3), Ok(vec![1e-40, -0.1, f32::MAX]));
    }

    #[test]
    fn range_ends_at_0_and_1_in_training_and_goes_beyond_outside() {
        let x = inputs(Values::F64(vec![2.0, 5.0, 4.0, 5.0, 8.0, 7.0]), 2);
        assert_eq!(scaled(Scaling::Range, &x, 2), Ok(vec![0.0, 0.0, 1.0, 0.0, 3.0, 2.0]));
    }

    #[test]
    fn unit_samples_have_length_1_and_zeros_stay() {
        let x = inputs(Values::F64(vec![3.0, -4.0, 0.0, 0.0, 3e200, 4e200]), 2);
        assert_eq!(scaled(Scaling::Unit, &x, 2), Ok(vec![0.6, -0.8, 0.0, 0.0, 0.6, 0.8]));
    }

    #[test]
    fn a_constant_feature_becomes_0_whatever_its_value() {
        // The sum of ten times 0.1 is not 1: a mean by plain sums would differ from 0.1.
        let x = inputs(Values::F64(vec![0.1; 10]), 1);
        assert_eq!(scaled(Scaling::Features, &x, 10), Ok(vec![0.0; 10]));
        assert_eq!(scaled(Scaling::Global, &x, 10), Ok(vec![0.0; 10]));
        // It may vary outside the training split.
        let x = inputs(Values::F64(vec![5.0, 5.0, 7.5]), 1);
        assert_eq!(scaled(Scaling::Features, &x, 2), Ok(vec![0.0, 0.0, 2.5]));
    }

    #[test]
    fn large_close_values_keep_their_digits() {
        let x = inputs(Values::F64(vec![1.7e15, 1.7e15 + 2.0]), 1);
        assert_eq!(scaled(Scaling::Features, &x, 2), Ok(vec![-1.0, 1.0]));
    }

    #[test]
    fn what_float32_cannot_hold_is_named() {
        let x = inputs(Values::F64(vec![1.0, 2.0, 3.0, 1e39]), 2);
        assert_eq!(scaled(Scaling::None, &x, 2), Err(Overflow { sample: 1, feature: 1 }));
        assert!(scaled(Scaling::Features, &x, 2).is_ok());
        // Statistics beyond the range of float64 are refused too.
        let x = inputs(Values::F64(vec![1.0, 1e200]), 1);
        assert_eq!(scaled(Scaling::Features, &x, 2), Err(Overflow { sample: 0, feature: 0 }));
        let x = inputs(Values::F64(vec![f64::MAX, f64::MIN]), 1);
        assert!(scaled(Scaling::Global, &x, 2).is_err());
        let x = inputs(Values::F64(vec![0.0, 1.0, 1e300]), 1);
        assert_eq!(scaled(Scaling::Global, &x, 2), Err(Overflow { sample: 2, feature: 0 }));
    }
}
