//! Layers whose windows slide over maps.
//! convolution: y[o] = b[o] + sum of K[o, i] * x[i] over the input maps i
//! max-pool, avg-pool: y is the largest number, or the mean, of each window of a map
//! global-avg-pool: y is the mean of each map
//! Shapes: x is [batch, channels, height, width], K is [outputs, inputs, kernel, kernel], b is
//! [outputs]. Of n rows a window of k with the stride s and p rows around in all gives
//! floor((n + p - k) / s) + 1; with `same` padding ceil(n / s), and an odd row of p lies behind.
//! A convolution sees zeros around the maps, a maximum nothing. A mean counts zeros of a
//! padding that is a number, as torch.nn.AvgPool2d, and nothing of a `same` one, as
//! tf.nn.avg_pool.
//! Source: torch.nn.Conv2d, MaxPool2d, AvgPool2d and AdaptiveAvgPool2d; `same` is TensorFlow's.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::module::{avg_pool2d, conv2d, max_pool2d};
use burn::tensor::ops::{AvgPoolOptions, ConvOptions, MaxPoolOptions};
use spec::model::layers::{Padding, Window};

/// A convolution. Parameter paths: `weight`, `bias`.
#[derive(Module, Debug)]
pub struct Convolution {
    /// K.
    pub weight: Param<Tensor<4>>,
    /// b; none is 0.
    pub bias: Option<Param<Tensor<1>>>,
    /// Stride and padding; its size is that of K.
    #[module(skip)]
    pub window: Window,
}

impl Convolution {
    /// y of `[batch, inputs, height, width]`.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let padding = around(self.window, &x);
        let stride = [self.window.stride; 2];
        let options = ConvOptions::new_with_padding(stride, padding, [1, 1], 1);
        conv2d(x, self.weight.val(), self.bias.as_ref().map(Param::val), options)
    }
}

/// The number that stands for a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pool {
    /// The largest.
    Max,
    /// The mean.
    Mean,
}

/// A pooling, without parameters.
#[derive(Module, Debug)]
pub struct Pooling {
    /// The number that stands for a window.
    #[module(skip)]
    pub pool: Pool,
    /// The windows; none is one window over the whole map.
    #[module(skip)]
    pub window: Option<Window>,
}

impl Pooling {
    /// y of `[batch, channels, height, width]`.
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

/// Rows and columns around maps.
fn around(window: Window, x: &Tensor<4>) -> [(usize, usize); 2] {
    let [_, _, height, width] = x.dims();
    [window.around(height), window.around(width)]
}
