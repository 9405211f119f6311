//! Shapes of samples between two layers, and windows that slide over maps.

use std::fmt;

use super::{ConvLayer, Padding, PoolLayer};
use crate::parameters::size;

/// The shape of a sample between two layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Maps: channels, height, width.
    Maps([usize; 3]),
    /// A row of this many values, after a dense layer.
    Flat(usize),
}

impl Extent {
    /// Returns the number of values of a sample; saturates at `usize::MAX`.
    pub fn numbers(self) -> usize {
        match self {
            Extent::Maps(shape) => shape.iter().fold(1, |n, &side| n.saturating_mul(side)),
            Extent::Flat(n) => n,
        }
    }

    /// Returns the number of features, each of which batch normalisation averages: channels of
    /// maps, values of a row.
    pub fn features(self) -> usize {
        match self {
            Extent::Maps([channels, ..]) => channels,
            Extent::Flat(n) => n,
        }
    }
}

impl fmt::Display for Extent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Extent::Maps([channels, height, width]) => write!(f, "{channels}x{height}x{width}"),
            Extent::Flat(n) => write!(f, "{n} numbers"),
        }
    }
}

/// Square windows that slide over maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Height and width.
    pub size: usize,
    /// Positions from one window to the next.
    pub stride: usize,
    /// Rows and columns added around a map.
    pub padding: Padding,
}

impl Window {
    /// Returns the windows of a convolution's kernel.
    pub fn of_conv(p: &ConvLayer) -> Self {
        Window { size: size(p.kernel), stride: size(p.stride.0), padding: p.padding }
    }

    /// Returns the windows of a pooling.
    pub fn of_pool(p: &PoolLayer) -> Self {
        let stride = if p.stride == 0 { p.size } else { p.stride };
        Window { size: size(p.size), stride: size(stride), padding: p.padding }
    }

    /// Returns the padding before and after `n` rows or columns. With `same` their sum is
    /// max((ceil(n / stride) - 1) stride + size - n, 0), an odd one going after.
    pub fn around(self, n: usize) -> (usize, usize) {
        match self.padding {
            Padding::Each(each) => (size(each), size(each)),
            Padding::Same(_) => {
                let reach = (n.div_ceil(self.stride).max(1) - 1) * self.stride + self.size;
                let all = reach.saturating_sub(n);
                (all / 2, all - all / 2)
            }
        }
    }

    /// Returns the number of windows over `n` rows or columns; `None` if not one fits.
    pub(super) fn over(self, n: usize) -> Option<usize> {
        let (before, behind) = self.around(n);
        Some((n + before + behind).checked_sub(self.size)? / self.stride + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Same;
    use super::*;

    #[test]
    fn same_padding_is_tensorflows() {
        let around = |size, stride, n| {
            let window = Window { size, stride, padding: Padding::Same(Same::Same) };
            (window.around(n), window.over(n).unwrap())
        };
        assert_eq!(around(5, 1, 28), ((2, 2), 28));
        assert_eq!(around(2, 1, 8), ((0, 1), 8));
        assert_eq!(around(3, 2, 28), ((0, 1), 14));
        assert_eq!(around(3, 2, 13), ((1, 1), 7));
        assert_eq!(around(1, 2, 32), ((0, 0), 16));
        assert_eq!(around(1, 3, 5), ((0, 0), 2));
        assert_eq!(around(5, 2, 1), ((2, 2), 1));
    }
}
