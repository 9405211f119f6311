//! The order of an array's elements in a file, and their conversion to rows.

/// Number of samples that are reordered together, so that each read uses whole cache lines.
const TOGETHER: usize = 64;

/// Layout of an array with at least one element.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) samples: usize,
    /// Number of elements per sample.
    pub(super) features: usize,
    /// Length of each dimension after the first.
    rest: Vec<usize>,
    /// Whether the first index varies fastest.
    fortran: bool,
}

impl Layout {
    /// Makes the layout of a shape with at least one dimension, whose product is addressable and
    /// not 0.
    pub(super) fn new(shape: &[u64], fortran: bool) -> Self {
        let lengths: Vec<usize> = shape.iter().map(|&n| n as usize).collect();
        let features = lengths[1..].iter().product();
        Layout { samples: lengths[0], features, rest: lengths[1..].to_vec(), fortran }
    }

    /// Returns the sample and the row-major index in it of the element at this index in the file.
    pub(super) fn place(&self, index: usize) -> (usize, usize) {
        if !self.fortran {
            return (index / self.features, index % self.features);
        }
        let (sample, mut left) = (index % self.samples, index / self.samples);
        let (mut feature, mut stride) = (0, self.features);
        for &n in &self.rest {
            stride /= n;
            feature += left % n * stride;
            left /= n;
        }
        (sample, feature)
    }

    /// Reorders elements from file order to one row after another.
    pub(super) fn rows<T: Copy>(&self, values: Vec<T>) -> Vec<T> {
        if !self.fortran || self.samples == 1 && self.rest.len() < 2 || self.features == 1 {
            return values;
        }
        let mut out = values.clone();
        for start in (0..self.samples).step_by(TOGETHER) {
            let end = self.samples.min(start + TOGETHER);
            for column in 0..self.features {
                let (_, feature) = self.place(column * self.samples);
                let column = &values[column * self.samples..][start..end];
                for (sample, &value) in (start..end).zip(column) {
                    out[sample * self.features + feature] = value;
                }
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rows_and_places_agree(shape in proptest::collection::vec(1u64..6, 1..5), more in 0u64..200) {
            let shape: Vec<u64> = [shape[0] + more].into_iter().chain(shape[1..].to_vec()).collect();
            let count: u64 = shape.iter().product();
            for fortran in [false, true] {
                let layout = Layout::new(&shape, fortran);
                let rows = layout.rows((0..count as usize).collect());
                // The index in the file by the definition of either order.
                for index in 0..count as usize {
                    let (sample, feature) = layout.place(index);
                    prop_assert_eq!(rows[sample * layout.features + feature], index);
                }
                let (mut left, mut multi) = (count as usize / 2, vec![0; shape.len()]);
                for (i, &n) in shape.iter().enumerate().rev() {
                    multi[i] = left % n as usize;
                    left /= n as usize;
                }
                let axes: Vec<usize> = if fortran { (0..shape.len()).rev().collect() } else { (0..shape.len()).collect() };
                let file = axes.iter().fold(0, |at, &i| at * shape[i] as usize + multi[i]);
                prop_assert_eq!(rows[count as usize / 2], file);
            }
        }
    }
}
