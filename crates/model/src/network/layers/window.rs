//! Layers whose windows slide over maps.
//! convolution: y[o] = b[o] + sum of K[o, i] * x[i] over the input maps i
//! max-pool, avg-pool: y is the largest number, or the mean, of each window of a map
//! global-avg-pool: y is the mean of each map
//! Shapes: x is [batch, channels, height, width], K is [outputs, inputs, kernel, kernel], b is
//! [outputs]. With n rows, a window of k, the stride s and p rows of padding in total, y has
//! floor((n + p - k) / s) + 1 rows; with `same` padding ceil(n / s), where an odd row of p comes
//! last.
//! Padding is zero for a convolution and ignored by a maximum. A mean counts the zeros of a
//! numeric padding, as torch.nn.AvgPool2d, and ignores `same` padding, as tf.nn.avg_pool.
//! Source: torch.nn.Conv2d, MaxPool2d, AvgPool2d and AdaptiveAvgPool2d; `same` is TensorFlow's.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::module::{avg_pool2d, conv2d, max_pool2d};
use burn::tensor::ops::{AvgPoolOptions, ConvOptions, MaxPoolOptions};
use spec::model::layers::{Padding, Window};

/// A convolution. Parameter paths: `weight`, `bias`.
#[derive(Module, Debug)]
pub struct Convolution {
    /// K, `[outputs, inputs, kernel, kernel]`.
    pub weight: Param<Tensor<4>>,
    /// b, `[outputs]`; `None` is 0.
    pub bias: Option<Param<Tensor<1>>>,
    /// Size, stride and padding; the size is that of K.
    #[module(skip)]
    pub window: Window,
}

impl Convolution {
    /// Returns y for `[batch, inputs, height, width]`.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let padding = around(self.window, &x);
        let stride = [self.window.stride; 2];
        let options = ConvOptions::new_with_padding(stride, padding, [1, 1], 1);
        conv2d(x, self.weight.val(), self.bias.as_ref().map(Param::val), options)
    }
}

/// Reduction of a window to one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pool {
    /// The largest number.
    Max,
    /// The mean.
    Mean,
}

/// A pooling, without parameters.
#[derive(Module, Debug)]
pub struct Pooling {
    /// Reduction of a window.
    #[module(skip)]
    pub pool: Pool,
    /// The windows; `None` is one window over the whole map.
    #[module(skip)]
    pub window: Option<Window>,
}

impl Pooling {
    /// Returns y for `[batch, channels, height, width]`.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let [batch, channels, height, width] = x.dims();
        let Some(window) = self.window else {
            let maps = x.reshape([batch, channels, height * width]);
            let of_each = match self.pool {
                Pool::Max => maps.max_dim(2),
                Pool::Mean => maps.mean_dim(2),
            };
            return of_each.reshape([batch, channels, 1, 1]);
        };
        let (size, stride) = ([window.size; 2], [window.stride; 2]);
        let padding = around(window, &x);
        match self.pool {
            Pool::Max => {
                let options = MaxPoolOptions::new(size).with_stride(stride);
                max_pool2d(x, options.with_padding_pairs(padding))
            }
            Pool::Mean => {
                let counted = matches!(window.padding, Padding::Each(_));
                let options = AvgPoolOptions::new(size).with_stride(stride);
                let options = options.with_padding_pairs(padding);
                avg_pool2d(x, options.with_count_include_pad(counted))
            }
        }
    }
}

/// Returns the padding of maps: rows (above, below) and columns (left, right).
fn around(window: Window, x: &Tensor<4>) -> [(usize, usize); 2] {
    let [_, _, height, width] = x.dims();
    [window.around(height), window.around(width)]
}
