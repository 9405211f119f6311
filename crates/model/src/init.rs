//! Initial weights, drawn on the host.
//!
//! PyTorch's default for `torch.nn.Linear` and `torch.nn.Conv2d`
//! (`reset_parameters`): weight and bias are both uniform in [-k, k) with
//! k = 1 / sqrt(fan_in), where fan_in is the number of inputs of one output:
//! features, or channels times the kernel's area. Burn would draw the same distribution, but from a
//! generator that is shared by the whole process and at the first use of a
//! parameter, so the weights would depend on what else the process does.
//!
//! Each parameter has a stream of its own, `init/<path>`, so that adding a
//! layer changes no other layer's weights. Values are drawn in PyTorch's order
//! (`[out, in]`, row-major) and laid out as Burn wants them (`[in, out]`).

use burn::module::Param;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{Linear, PaddingConfig2d};
use burn::tensor::{Device, TensorData};
use spec::seed;

/// A linear layer `y = x W + b` with W of shape `[inputs, outputs]` and b of
/// shape `[outputs]`, its parameters drawn from the streams
/// `init/<path>weight` and `init/<path>bias`.
///
/// `path` is empty or ends with a dot, such as `layers.0.`.
pub fn linear(seed: u64, path: &str, inputs: usize, outputs: usize, device: &Device) -> Linear {
    let weight = transpose(
        &uniform(seed, &format!("{path}weight"), inputs, inputs * outputs),
        outputs,
        inputs,
    );
    let bias = uniform(seed, &format!("{path}bias"), inputs, outputs);
    Linear {
        weight: Param::from_data(TensorData::new(weight, [inputs, outputs]), device),
        bias: Some(Param::from_data(TensorData::new(bias, [outputs]), device)),
    }
}

/// Linear layers from `inputs` over widths `hidden` to `outputs`, at the paths
/// `layers.<i>.`.
pub fn stack(
    seed: u64,
    inputs: usize,
    hidden: &[u64],
    outputs: usize,
    device: &Device,
) -> Vec<Linear> {
    let mut widths = vec![inputs];
    widths.extend(hidden.iter().map(|&width| width as usize));
    widths.push(outputs);
    let pairs = widths.windows(2).enumerate();
    pairs.map(|(i, pair)| linear(seed, &format!("layers.{i}."), pair[0], pair[1], device)).collect()
}

/// A convolution of square kernels with stride 1, its weight of shape
/// `[outputs, inputs, kernel, kernel]` as in PyTorch and its bias `[outputs]`,
/// drawn from the streams `init/<path>weight` and `init/<path>bias`; zeros are
/// put around the input, `padding` on every side.
pub fn convolution(
    seed: u64,
    path: &str,
    [inputs, outputs]: [usize; 2],
    kernel: usize,
    padding: usize,
    device: &Device,
) -> Conv2d {
    let fan_in = inputs * kernel * kernel;
    let weight = uniform(seed, &format!("{path}weight"), fan_in, outputs * fan_in);
    let bias = uniform(seed, &format!("{path}bias"), fan_in, outputs);
    // Burn draws a parameter at its first use: those put in place here never are.
    let mut layer = Conv2dConfig::new([inputs, outputs], [kernel, kernel])
        .with_padding(PaddingConfig2d::Explicit(padding, padding, padding, padding))
        .init(device);
    let shape = [outputs, inputs, kernel, kernel];
    layer.weight = Param::from_data(TensorData::new(weight, shape), device);
    layer.bias = Some(Param::from_data(TensorData::new(bias, [outputs]), device));
    layer
}

/// `n` values of the parameter `path`, uniform in [-k, k), k = 1 / sqrt(`fan_in`).
pub fn uniform(seed: u64, path: &str, fan_in: usize, n: usize) -> Vec<f32> {
    let k = (1.0 / (fan_in.max(1) as f64).sqrt()) as f32;
    let mut stream = seed::stream(seed, &format!("init/{path}"));
    (0..n).map(|_| stream.uniform_in(-k, k)).collect()
}

/// The transpose of a row-major `rows` x `columns` matrix.
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
