//! Shape inference for listed layers, without tensors: the shape after each layer, the parameters,
//! and the first layer that does not fit.

use std::fmt;

use super::window::{Extent, Window};
use super::{
    ConvLayer, DenseLayer, Layer, MOST_DEPTH, MOST_LAYERS, MOST_NUMBERS, MOST_PARAMETERS, Padding,
    PoolLayer, ReshapeLayer, ResidualLayer,
};
use crate::init::Init;
use crate::parameters::{ParameterTable, Role, size};

/// The place of a layer: key of the list and index in it, from 0, outermost list first.
pub type LayerPath = Vec<(&'static str, usize)>;

/// Returns a place as text: `layers[3].shortcut[0]`; `layers` for the list as a whole.
pub fn path_text(path: &LayerPath) -> String {
    if path.is_empty() {
        return "layers".to_owned();
    }
    let parts: Vec<String> = path.iter().map(|(list, i)| format!("{list}[{i}]")).collect();
    parts.join(".")
}

/// A layer that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// Its place; empty for the list as a whole.
    pub path: LayerPath,
    /// The shape that reaches it.
    pub input: Extent,
    /// The reason as text.
    pub reason: String,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", path_text(&self.path), self.reason)
    }
}

/// The shapes and sizes of a network that a sample can pass through.
#[derive(Clone, Debug, PartialEq)]
pub struct Passed {
    /// The shape after each layer of the outermost list.
    pub extents: Vec<Extent>,
    /// Number of parameters, without running statistics.
    pub parameters: usize,
    /// Values per sample at the widest layer: its input and output, and for a convolution also
    /// the unfolded input windows (im2col).
    pub widest: usize,
}

/// Returns the parameters up to the end or to the first layer that does not fit, and the shapes or
/// that layer.
pub(super) fn walk(
    layers: &[Layer],
    shape: [usize; 3],
    outputs: usize,
) -> (ParameterTable, Result<Passed, Unfit>) {
    let mut walk = Walk::default();
    let passed = walk.whole(layers, Extent::Maps(shape), outputs);
    (walk.table, passed)
}

#[derive(Default)]
struct Walk {
    table: ParameterTable,
    path: LayerPath,
    layers: usize,
    parameters: usize,
    widest: usize,
}

impl Walk {
    fn whole(&mut self, layers: &[Layer], input: Extent, outputs: usize) -> Result<Passed, Unfit> {
        if layers.is_empty() {
            return Err(self.unfit(input, "there is none; without any use `linear`".to_owned()));
        }
        let mut extents = Vec::new();
        let last = self.list("layers", layers, input, |extent| extents.push(extent))?;
        self.table.head("head.", last.numbers(), outputs);
        self.count(last, last.numbers().saturating_add(1).saturating_mul(outputs))?;
        self.widest = self.widest.max(last.numbers().saturating_add(outputs));
        Ok(Passed { extents, parameters: self.parameters, widest: self.widest })
    }

    /// Returns the shape after a list of layers; `each` receives the shape after each layer.
    fn list(
        &mut self,
        key: &'static str,
        layers: &[Layer],
        input: Extent,
        mut each: impl FnMut(Extent),
    ) -> Result<Extent, Unfit> {
        let mut x = input;
        for (i, layer) in layers.iter().enumerate() {
            self.path.push((key, i));
            x = self.layer(layer, x)?;
            each(x);
            self.path.pop();
        }
        Ok(x)
    }

    /// Returns the shape after one layer.
    fn layer(&mut self, layer: &Layer, x: Extent) -> Result<Extent, Unfit> {
        self.layers += 1;
        if self.layers > MOST_LAYERS {
            return Err(self.unfit(x, format!("a network has at most {MOST_LAYERS} layers")));
        }
        let y = match layer {
            Layer::Conv(p) => self.conv(p, x)?,
            Layer::MaxPool(p) | Layer::AvgPool(p) => self.pool(p, x)?,
            Layer::GlobalAvgPool(_) => {
                let [channels, _, _] = self.maps(layer.kind(), x)?;
                Extent::Maps([channels, 1, 1])
            }
            Layer::BatchNorm(_) => {
                self.norm(x, x.features())?;
                let path = self.prefix();
                for name in ["running_mean", "running_var"] {
                    self.table.add(format!("{path}{name}"), [x.features()], &[]);
                }
                x
            }
            Layer::LayerNorm(_) => {
                self.norm(x, x.numbers())?;
                x
            }
            Layer::Dense(p) => self.dense(p, x)?,
            Layer::Reshape(p) => self.reshape(p, x)?,
            Layer::Residual(p) => self.residual(p, x)?,
            Layer::Dropout(_)
            | Layer::Relu(_)
            | Layer::Tanh(_)
            | Layer::Sigmoid(_)
            | Layer::Gelu(_) => x,
        };
        if y.numbers() > MOST_NUMBERS {
            let reason = format!("it gives {y}, and a sample has at most {MOST_NUMBERS} numbers");
            return Err(self.unfit(x, reason));
        }
        self.widest = self.widest.max(x.numbers().saturating_add(y.numbers()));
        Ok(y)
    }

    fn conv(&mut self, p: &ConvLayer, x: Extent) -> Result<Extent, Unfit> {
        let [inputs, height, width] = self.maps("conv", x)?;
        self.own_init(p.init, x)?;
        let window = Window::of_conv(p);
        if let Padding::Each(n) = p.padding
            && n >= p.kernel
        {
            let reason = format!(
                "with a padding of {n} a kernel of {} would see nothing but zeros",
                p.kernel
            );
            return Err(self.unfit(x, reason));
        }
        let (Some(h), Some(w)) = (window.over(height), window.over(width)) else {
            return Err(self.unfit(x, too_large("kernel", window, x)));
        };
        let (channels, kernel) = (size(p.channels), window.size);
        let path = self.prefix();
        let shape = [channels, inputs, kernel, kernel];
        self.table.add(format!("{path}weight"), shape, &[Role::Matrix]);
        if p.bias.0 {
            self.table.add(format!("{path}bias"), [channels], &[Role::Bias]);
        }
        let seen = inputs.saturating_mul(kernel * kernel);
        let of_a_map = seen.saturating_add(usize::from(p.bias.0));
        self.count(x, channels.saturating_mul(of_a_map))?;
        let unfolded = h.saturating_mul(w).saturating_mul(seen.saturating_add(channels));
        self.widest = self.widest.max(unfolded.saturating_add(x.numbers()));
        Ok(Extent::Maps([channels, h, w]))
    }

    fn pool(&mut self, p: &PoolLayer, x: Extent) -> Result<Extent, Unfit> {
        let [channels, height, width] = self.maps("pooling", x)?;
        let window = Window::of_pool(p);
        if let Padding::Each(n) = p.padding
            && 2 * n > p.size
        {
            let reason = format!("a padding of {n} is more than half of its size of {}", p.size);
            return Err(self.unfit(x, reason));
        }
        match (window.over(height), window.over(width)) {
            (Some(h), Some(w)) => Ok(Extent::Maps([channels, h, w])),
            _ => Err(self.unfit(x, too_large("window", window, x))),
        }
    }

    fn dense(&mut self, p: &DenseLayer, x: Extent) -> Result<Extent, Unfit> {
        self.own_init(p.init, x)?;
        let (inputs, units) = (x.numbers(), size(p.units));
        let path = self.prefix();
        self.table.add(format!("{path}weight"), [inputs, units], &[Role::Matrix]);
        if p.bias.0 {
            self.table.add(format!("{path}bias"), [units], &[Role::Bias]);
        }
        let of_a_unit = inputs.saturating_add(usize::from(p.bias.0));
        self.count(x, units.saturating_mul(of_a_unit))?;
        Ok(Extent::Flat(units))
    }

    fn norm(&mut self, x: Extent, features: usize) -> Result<(), Unfit> {
        let path = self.prefix();
        for name in ["gamma", "beta"] {
            self.table.add(format!("{path}{name}"), [features], &[Role::Norm]);
        }
        self.count(x, features.saturating_mul(2))
    }

    fn reshape(&mut self, p: &ReshapeLayer, x: Extent) -> Result<Extent, Unfit> {
        let [channels, height, width] = p.shape[..] else {
            let reason = "its `shape` is three numbers: channels, height and width";
            return Err(self.unfit(x, reason.to_owned()));
        };
        let y = Extent::Maps([channels, height, width].map(size));
        if y.numbers() == x.numbers() {
            return Ok(y);
        }
        let reason = format!("{y} are {} numbers, and it gets {}", y.numbers(), x.numbers());
        Err(self.unfit(x, reason))
    }

    fn residual(&mut self, p: &ResidualLayer, x: Extent) -> Result<Extent, Unfit> {
        if self.path.len() > MOST_DEPTH {
            let reason = format!("at most {MOST_DEPTH} residual layers lie inside each other");
            return Err(self.unfit(x, reason));
        }
        if p.layers.is_empty() {
            return Err(self.unfit(x, "its `layers` have none".to_owned()));
        }
        let y = self.list("layers", &p.layers, x, |_| ())?;
        let other = self.list("shortcut", &p.shortcut, x, |_| ())?;
        if y == other {
            return Ok(y);
        }
        let reason = match p.shortcut.is_empty() {
            true => format!("its layers make {y} of {x}, and without a `shortcut` {x} is added"),
            false => format!("its layers make {y} of {x}, and its shortcut makes {other}"),
        };
        Err(self.unfit(x, reason))
    }

    /// Returns channels, height and width if the input consists of maps, else an error.
    fn maps(&self, what: &str, x: Extent) -> Result<[usize; 3], Unfit> {
        match x {
            Extent::Maps(shape) => Ok(shape),
            Extent::Flat(n) => Err(self.unfit(
                x,
                format!("a {what} needs maps, and the dense layer before it has left {n} numbers"),
            )),
        }
    }

    fn own_init(&self, init: Init, x: Extent) -> Result<(), Unfit> {
        match init {
            Init::TruncatedNormal => {
                let reason = "its `init` has no deviation of its own: write \
                              init = \"truncated-normal\" and init_sd in [model]";
                Err(self.unfit(x, reason.to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// Adds to the number of parameters and checks its limit.
    fn count(&mut self, x: Extent, more: usize) -> Result<(), Unfit> {
        self.parameters = self.parameters.saturating_add(more);
        if self.parameters > MOST_PARAMETERS {
            let reason = format!("with it there are more than {MOST_PARAMETERS} parameters");
            return Err(self.unfit(x, reason));
        }
        Ok(())
    }

    /// Returns the path prefix of the current layer's parameters, with a dot at its end.
    fn prefix(&self) -> String {
        self.path.iter().map(|(list, i)| format!("{list}.{i}.")).collect()
    }

    fn unfit(&self, input: Extent, reason: String) -> Unfit {
        Unfit { path: self.path.clone(), input, reason }
    }
}

fn too_large(what: &str, window: Window, x: Extent) -> String {
    let n = window.size;
    let padded = match window.padding {
        Padding::Each(0) => String::new(),
        Padding::Each(p) => format!(" with a padding of {p}"),
        Padding::Same(_) => " with padding".to_owned(),
    };
    format!("its {what} of {n}x{n} is larger than its input of {x}{padded}")
}

#[cfg(test)]
mod tests;
