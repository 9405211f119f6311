//! Listed layers (`model::network::layers`) in libtorch's operations.

use model::LayeredNetwork;
use model::network::layers::{Convolution, Layer, Pool, Pooling, Residual};
use spec::model::layers::{Padding, Window};
use tch::{Kind, Tensor};

use super::leaves::Leaves;
use super::operations::{activate, dropout, linear, normalise, normalise_batch};

/// Returns logits `[batch, outputs]` for flattened inputs `[batch, channels * height * width]`.
pub(super) fn logits(network: &LayeredNetwork, leaves: &Leaves, inputs: &Tensor) -> Tensor {
    let x = through(&network.layers, leaves, as_maps(inputs, network.shape));
    linear(leaves, &network.head, &x.flatten(1, -1))
}

/// Passes a batch through all layers of a list.
fn through(layers: &[Layer], leaves: &Leaves, x: Tensor) -> Tensor {
    layers.iter().fold(x, |x, layer| behind(layer, leaves, x))
}

/// Passes a batch `[batch, channels, height, width]` or `[batch, numbers]` through a layer.
fn behind(layer: &Layer, leaves: &Leaves, x: Tensor) -> Tensor {
    match layer {
        Layer::Conv(layer) => convolve(layer, leaves, &x),
        Layer::Pool(layer) => pool(layer, &x),
        Layer::BatchNorm(layer) => normalise_batch(leaves, layer, &x),
        Layer::LayerNorm(layer) => normalise(leaves, layer, &x.flatten(1, -1)).view_as(&x),
        Layer::Dropout(layer) => dropout(layer.p, x),
        Layer::Dense(layer) => linear(leaves, layer, &x.flatten(1, -1)),
        Layer::Pointwise(layer) => activate(layer.activation, &x),
        Layer::Reshape(layer) => as_maps(&x, layer.shape),
        Layer::Residual(Residual { layers, shortcut }) => {
            let y = through(layers, leaves, x.shallow_clone());
            y + through(shortcut, leaves, x)
        }
    }
}

/// Reshapes a batch to maps `[batch, channels, height, width]`.
fn as_maps(x: &Tensor, shape: [usize; 3]) -> Tensor {
    let [channels, height, width] = shape.map(|side| side as i64);
    x.reshape([x.size()[0], channels, height, width])
}

fn convolve(layer: &Convolution, leaves: &Leaves, x: &Tensor) -> Tensor {
    let (weight, bias) = (leaves.get(&layer.weight), leaves.find(layer.bias.as_ref()));
    let (x, padding) = padded(x, layer.window, 0.0);
    x.conv2d(weight, bias, [layer.window.stride as i64; 2], padding, [1i64, 1], 1)
}

fn pool(layer: &Pooling, x: &Tensor) -> Tensor {
    let Some(window) = layer.window else {
        let over = [2i64, 3].as_slice();
        return match layer.pool {
            Pool::Max => x.amax(over, true),
            Pool::Mean => x.mean_dim(over, true, Kind::Float),
        };
    };
    let (size, stride) = ([window.size as i64; 2], [window.stride as i64; 2]);
    match (layer.pool, window.padding) {
        (Pool::Max, _) => {
            let (x, padding) = padded(x, window, f64::NEG_INFINITY);
            x.max_pool2d(size, stride, padding, [1i64, 1], false)
        }
        (Pool::Mean, Padding::Each(_)) => {
            let (x, padding) = padded(x, window, 0.0);
            x.avg_pool2d(size, stride, padding, false, true, None)
        }
        (Pool::Mean, Padding::Same(_)) => {
            // The sum over a window, divided by the number of the map's elements that it covers.
            let of = |x: &Tensor| {
                let (x, padding) = padded(x, window, 0.0);
                x.avg_pool2d(size, stride, padding, false, true, None)
            };
            of(x) / of(&x.select(1, 0).unsqueeze(1).ones_like())
        }
    }
}

/// Pads maps here if a window's padding differs between two opposite sides, because libtorch's
/// operations take one number for both. Returns the maps and the padding left to the operation.
fn padded(x: &Tensor, window: Window, value: f64) -> (Tensor, [i64; 2]) {
    let [(top, bottom), (left, right)] =
        [2, 3].map(|dim| window.around(x.size()[dim] as usize)).map(|(a, b)| (a as i64, b as i64));
    if top == bottom && left == right {
        return (x.shallow_clone(), [top, left]);
    }
    (x.pad([left, right, top, bottom], "constant", value), [0, 0])
}
