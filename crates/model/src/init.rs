//! Initial weights, drawn on the host.
//!
//! The default is PyTorch's for `torch.nn.Linear` and `torch.nn.Conv2d` (`reset_parameters`):
//! weight and bias are both uniform in [-k, k) with k = 1 / sqrt(fan_in), where fan_in is the
//! number of inputs of one output: features, or channels times the kernel's area. Burn would draw
//! the same distribution, but from a generator shared by the whole process and at the first use of
//! a parameter, so that the weights would depend on what else the process does.
//!
//! A model may have another default ([`Standard`]): weights of `gpt` are normal, as in nanoGPT, and
//! its biases 0. `[model] init` selects other distributions ([`spec::init`]), where fan_out is the
//! number of outputs of one input: outputs, or output channels times the kernel's area.
//!
//! Each parameter has its own stream, `init/<path>`, so that adding a layer changes no other
//! layer's weights. Values are drawn in PyTorch's order (`[out, in]`, row-major) and stored in
//! Burn's layout (`[in, out]`).

use burn::module::Param;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{Linear, PaddingConfig2d};
use burn::tensor::{Device, Tensor, TensorData};
use spec::init::{BiasInit, Init, InitSpec};
use spec::parameters::ParameterTable;
use spec::seed;

/// Distribution of a model's parameters, and the seed from which they are drawn.
#[derive(Clone, Copy, Debug)]
pub struct Draws<'a> {
    /// `[model] init` and related keys.
    pub init: &'a InitSpec,
    /// The run's seed.
    pub seed: u64,
}

/// Distribution of a layer's parameters if `[model] init` selects none.
#[derive(Clone, Copy, Debug)]
pub enum Standard {
    /// PyTorch's default: weights and biases uniform in [-k, k), k = 1 / sqrt(fan_in).
    FanIn,
    /// Weights normal with mean 0 and this standard deviation, biases 0.
    Normal(f64),
}

/// fan_in and fan_out of a layer.
#[derive(Clone, Copy)]
struct Fans {
    into: usize,
    out: usize,
}

impl Draws<'_> {
    /// Draws the `n` weights of the parameter `path`.
    fn weights(&self, standard: Standard, path: &str, fans: Fans, n: usize) -> Vec<f32> {
        let mut stream = seed::stream(self.seed, &format!("init/{path}"));
        let into = fans.into.max(1) as f64;
        let both = (fans.into + fans.out).max(1) as f64;
        let mut normal = |sd: f64, truncated: bool| -> Vec<f32> {
            let mut draw = || loop {
                let z = stream.normal();
                if !truncated || z.abs() <= 2.0 {
                    return (z * sd) as f32;
                }
            };
            (0..n).map(|_| draw()).collect()
        };
        match self.init.init {
            Init::Default => match standard {
                Standard::FanIn => uniform(self.seed, path, fans.into, n),
                Standard::Normal(sd) => normal(sd, false),
            },
            Init::GlorotUniform => {
                let k = (6.0 / both).sqrt() as f32;
                (0..n).map(|_| stream.uniform_in(-k, k)).collect()
            }
            Init::GlorotNormal => normal((2.0 / both).sqrt(), false),
            Init::HeNormal => normal((2.0 / into).sqrt(), false),
            Init::TruncatedNormal => normal(self.init.init_sd, true),
            Init::Ones => vec![1.0; n],
            Init::Zeros => vec![0.0; n],
        }
    }

    /// Draws the `n` biases of the parameter `path`.
    fn biases(&self, standard: Standard, path: &str, fans: Fans, n: usize) -> Vec<f32> {
        match self.init.init_bias {
            BiasInit::Default => match standard {
                Standard::FanIn => uniform(self.seed, path, fans.into, n),
                Standard::Normal(_) => vec![0.0; n],
            },
            BiasInit::AsWeights => self.weights(standard, path, fans, n),
            BiasInit::Constant => vec![self.init.init_bias_value as f32; n],
        }
    }
}

/// Returns the shape of a parameter.
///
/// # Panics
/// If the table has no parameter at the path, or one with another number of dimensions: each model
/// is built from the table of its own spec.
pub(crate) fn shape<const D: usize>(table: &ParameterTable, path: &str) -> [usize; D] {
    let shape = table.shape(path).and_then(|shape| shape.try_into().ok());
    shape.unwrap_or_else(|| panic!("the table has no `{path}` of {D} dimensions"))
}

/// Builds a linear layer `y = x W + b` with W of shape `[inputs, outputs]` and b of shape
/// `[outputs]`, as `table` gives them. Its parameters are drawn from the streams
/// `init/<path>weight` and `init/<path>bias`. It has no bias if the table has none.
///
/// `path` is empty or ends with a dot, such as `layers.0.`.
pub fn linear(draws: Draws<'_>, table: &ParameterTable, path: &str, device: &Device) -> Linear {
    linear_of(Standard::FanIn, draws, table, path, device)
}

/// Builds a linear layer as [`linear`] does, but with `standard` as its default distribution.
pub fn linear_of(
    standard: Standard,
    draws: Draws<'_>,
    table: &ParameterTable,
    path: &str,
    device: &Device,
) -> Linear {
    let (weight_at, bias_at) = (format!("{path}weight"), format!("{path}bias"));
    let [inputs, outputs] = shape(table, &weight_at);
    let fans = Fans { into: inputs, out: outputs };
    let drawn = draws.weights(standard, &weight_at, fans, inputs * outputs);
    let weight = transpose(&drawn, outputs, inputs);
    let bias = table.shape(&bias_at).map(|_| {
        let bias = draws.biases(standard, &bias_at, fans, outputs);
        Param::from_data(TensorData::new(bias, [outputs]), device)
    });
    Linear { weight: Param::from_data(TensorData::new(weight, [inputs, outputs]), device), bias }
}

/// Draws an embedding `[rows, width]`, as `table` gives it, row by row from the stream
/// `init/<path>`: normal with standard deviation `deviation`, whatever `[model] init` is.
pub fn embedding(
    draws: Draws<'_>,
    table: &ParameterTable,
    path: &str,
    deviation: f64,
    device: &Device,
) -> Param<Tensor<2>> {
    let shape: [usize; 2] = shape(table, path);
    let mut stream = seed::stream(draws.seed, &format!("init/{path}"));
    let n = shape.iter().product();
    let values: Vec<f32> = (0..n).map(|_| (stream.normal() * deviation) as f32).collect();
    Param::from_data(TensorData::new(values, shape), device)
}

/// Builds the linear layers of `table` at the paths `layers.<i>.`.
pub fn stack(draws: Draws<'_>, table: &ParameterTable, device: &Device) -> Vec<Linear> {
    let layers = 0..table.count("layers");
    layers.map(|i| linear(draws, table, &format!("layers.{i}."), device)).collect()
}

/// Builds a parameter `[n]`, as `table` gives it, with all elements equal to `value`.
pub fn constant(
    table: &ParameterTable,
    path: &str,
    value: f64,
    device: &Device,
) -> Param<Tensor<1>> {
    let [n] = shape(table, path);
    Param::from_data(TensorData::new(vec![value as f32; n], [n]), device)
}

/// Draws the weight `[outputs, inputs, kernel, kernel]`, as in PyTorch, and the bias `[outputs]` of
/// a convolution, as `table` gives them, from the streams `init/<path>weight` and
/// `init/<path>bias`. The bias is `None` if the table has none.
pub fn kernels(
    draws: Draws<'_>,
    table: &ParameterTable,
    path: &str,
    device: &Device,
) -> (Param<Tensor<4>>, Option<Param<Tensor<1>>>) {
    let (weight_at, bias_at) = (format!("{path}weight"), format!("{path}bias"));
    let shape: [usize; 4] = shape(table, &weight_at);
    let [outputs, inputs, kernel, _] = shape;
    let fan_in = inputs * kernel * kernel;
    let fans = Fans { into: fan_in, out: outputs * kernel * kernel };
    let (standard, n) = (Standard::FanIn, outputs * fan_in);
    let weight = draws.weights(standard, &weight_at, fans, n);
    let bias = table.shape(&bias_at).map(|_| {
        let bias = draws.biases(standard, &bias_at, fans, outputs);
        Param::from_data(TensorData::new(bias, [outputs]), device)
    });
    (Param::from_data(TensorData::new(weight, shape), device), bias)
}

/// Builds a convolution of square kernels with stride 1, the parameters of [`kernels`], and
/// `padding` rows and columns of zeros on every side of the input.
pub fn convolution(
    draws: Draws<'_>,
    table: &ParameterTable,
    path: &str,
    padding: usize,
    device: &Device,
) -> Conv2d {
    let (weight, bias) = kernels(draws, table, path, device);
    let [outputs, inputs, kernel, _] = weight.dims();
    // Burn draws a parameter at its first use; these are replaced before.
    let mut layer = Conv2dConfig::new([inputs, outputs], [kernel, kernel])
        .with_padding(PaddingConfig2d::Explicit(padding, padding, padding, padding))
        .init(device);
    (layer.weight, layer.bias) = (weight, bias);
    layer
}

/// Draws `n` values of the parameter `path`, uniform in [-k, k), k = 1 / sqrt(`fan_in`).
pub fn uniform(seed: u64, path: &str, fan_in: usize, n: usize) -> Vec<f32> {
    let k = (1.0 / (fan_in.max(1) as f64).sqrt()) as f32;
    let mut stream = seed::stream(seed, &format!("init/{path}"));
    (0..n).map(|_| stream.uniform_in(-k, k)).collect()
}

/// Transposes a row-major `rows` x `columns` matrix.
fn transpose(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity(values.len());
    for column in 0..columns {
        out.extend((0..rows).map(|row| values[row * columns + column]));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transpose_swaps_rows_and_columns() {
        assert_eq!(transpose(&[1., 2., 3., 4., 5., 6.], 2, 3), [1., 4., 2., 5., 3., 6.]);
    }

    #[test]
    fn each_distribution_has_its_deviation() {
        let (n, fans) = (100_000, Fans { into: 300, out: 100 });
        let drawn = |init: Init, init_sd: f64| {
            let init = InitSpec { init, init_sd, ..InitSpec::default() };
            let values = Draws { init: &init, seed: 3 }.weights(Standard::FanIn, "weight", fans, n);
            let square = values.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>() / n as f64;
            let largest = values.iter().fold(0f32, |a, b| a.max(b.abs()));
            (square.sqrt(), f64::from(largest))
        };
        let near = |found: f64, expected: f64| (found / expected - 1.0).abs() < 0.01;
        let (sd, largest) = drawn(Init::GlorotUniform, 0.0);
        let k = (6.0f64 / 400.0).sqrt();
        assert!(near(sd, k / 3f64.sqrt()) && near(largest, k) && largest <= k * 1.000_001);
        let (sd, largest) = drawn(Init::GlorotNormal, 0.0);
        assert!(near(sd, (2.0f64 / 400.0).sqrt()) && largest > 3.5 * sd);
        let (sd, _) = drawn(Init::HeNormal, 0.0);
        assert!(near(sd, (2.0f64 / 300.0).sqrt()));
        // A normal distribution truncated at two deviations has 0.8796 of its deviation.
        let (sd, largest) = drawn(Init::TruncatedNormal, 0.05);
        assert!(
            near(sd, 0.05 * 0.879_626) && near(largest, 0.1) && largest <= 0.1,
            "{sd} {largest}"
        );
        assert_eq!(drawn(Init::Ones, 0.0), (1.0, 1.0));
        assert_eq!(drawn(Init::Zeros, 0.0), (0.0, 0.0));
        let (sd, _) = drawn(Init::Default, 0.0);
        assert!(near(sd, 1.0 / 900f64.sqrt()));
    }

    #[test]
    fn biases_are_drawn_as_is_asked() {
        let fans = Fans { into: 300, out: 100 };
        let by = |standard, init: InitSpec| {
            Draws { init: &init, seed: 3 }.biases(standard, "bias", fans, 50)
        };
        let of = |init: InitSpec| by(Standard::FanIn, init);
        let plain = InitSpec::default();
        assert_eq!(of(plain.clone()), uniform(3, "bias", 300, 50));
        let (init, init_bias) = (Init::GlorotUniform, BiasInit::AsWeights);
        let as_weights = InitSpec { init, init_bias, ..plain.clone() };
        assert!(of(as_weights).iter().any(|v| v.abs() > 0.1), "within 0.122, not 0.058");
        let (init_bias, init_bias_value) = (BiasInit::Constant, 0.05);
        let constant = InitSpec { init_bias, init_bias_value, ..plain.clone() };
        assert_eq!(of(constant.clone()), vec![0.05; 50]);
        assert_eq!(by(Standard::Normal(0.02), plain), vec![0.0; 50]);
        assert_eq!(by(Standard::Normal(0.02), constant), vec![0.05; 50]);
    }

    #[test]
    fn uniform_fills_the_interval_of_the_fan_in() {
        let values = uniform(3, "weight", 784, 100_000);
        let k = 1.0 / 28.0;
        let n = values.len() as f64;
        let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
        let variance = values.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / n;
        assert!(values.iter().all(|&v| (-k..=k).contains(&f64::from(v))));
        // Both ends are reached to within a thousandth of the width.
        let low = values.iter().fold(f32::MAX, |a, &b| a.min(b));
        let high = values.iter().fold(f32::MIN, |a, &b| a.max(b));
        assert!(f64::from(low) < -k * 0.998 && f64::from(high) > k * 0.998, "{low} {high}");
        // Standard errors: of the mean k / sqrt(3 n) = 6.5e-5, of the variance about 0.3 %.
        assert!(mean.abs() < 3e-4, "{mean}");
        assert!((variance / (k * k / 3.0) - 1.0).abs() < 0.015, "{variance}");
    }
}
