//! The parameters of a module as one vector, for optimizers that see them together.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};

/// Returns the weights `[n]` of the parameters that have a gradient in `gradients`, in the order of
/// the module, without autodiff; `None` without any. Running statistics have none.
pub fn weights<M: Module>(module: &M, gradients: &GradientsParams) -> Option<Tensor<1>> {
    collect(module, gradients, false)
}

/// Returns the gradients `[n]` of the same parameters, in the same order.
pub fn gradient<M: Module>(module: &M, gradients: &GradientsParams) -> Option<Tensor<1>> {
    collect(module, gradients, true)
}

/// Returns the device of the first parameter, without autodiff.
pub fn device<M: Module>(module: &M) -> Option<Device> {
    module.devices().into_iter().next().map(Device::inner)
}

/// Returns `module` with the weights of [`weights`] replaced by those of `flat`, `[n]`.
pub fn with_weights<M: Module>(module: M, gradients: &GradientsParams, flat: &Tensor<1>) -> M {
    module.map(&mut Scatter { gradients, flat, at: 0 })
}

fn collect<M: Module>(module: &M, gradients: &GradientsParams, slope: bool) -> Option<Tensor<1>> {
    let mut gather = Gather { gradients, slope, parts: Vec::new() };
    module.visit(&mut gather);
    (!gather.parts.is_empty()).then(|| Tensor::cat(gather.parts, 0))
}

struct Gather<'a> {
    gradients: &'a GradientsParams,
    slope: bool,
    parts: Vec<Tensor<1>>,
}

impl ModuleVisitor for Gather<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.get::<D>(param.id) {
            let count = gradient.shape().num_elements();
            let tensor = if self.slope { gradient } else { param.val().inner() };
            self.parts.push(tensor.reshape([count]));
        }
    }
}

struct Scatter<'a> {
    gradients: &'a GradientsParams,
    flat: &'a Tensor<1>,
    at: usize,
}

impl ModuleMapper for Scatter<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if self.gradients.get::<D>(param.id).is_none() {
            return param;
        }
        let (id, old, mapper) = param.consume();
        let shape = old.shape();
        let end = self.at + shape.num_elements();
        let values = self.flat.clone().slice(self.at..end).reshape(shape);
        self.at = end;
        let mut tensor = Tensor::from_inner(values);
        if old.is_require_grad() {
            tensor = tensor.require_grad();
        }
        Param::from_mapped_value(id, tensor, mapper)
    }
}

/// Returns zero gradients for every parameter.
pub fn zero_gradients<M: Module>(module: &M) -> GradientsParams {
    let mut zeros = Zeros(GradientsParams::new());
    module.visit(&mut zeros);
    zeros.0
}

struct Zeros(GradientsParams);

impl ModuleVisitor for Zeros {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let id: ParamId = param.id;
        self.0.register(id, param.val().inner().zeros_like());
    }
}
