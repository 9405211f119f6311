//! Gradient clipping: each element by value, then all parameters together by norm.
//! value:  g <- min(max(g, -v), v)
//! norm:   g <- g min(1, n / (|G| + 1e-6)), |G| the root of the sum of all squares
//! v: `clip_value`, n: `clip_norm`; 0, the default, disables the step.
//! Source: torch.nn.utils.clip_grad_value_ and clip_grad_norm_(norm_type=2). Burn's own
//! `GradientClipping::Norm` scales each tensor separately, which changes the gradient's direction.
//! The sum follows the order in which the module visits its parameters, so that its bits depend on
//! no hash map, and stays on the device, so that nothing waits. As in PyTorch, a norm beyond
//! float32 turns every finite element into 0, and a NaN makes all of them NaN.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use spec::update::UpdateSpec;

/// Clips the gradients of `module` as `update` specifies.
pub fn clip<M: Module>(
    update: &UpdateSpec,
    module: &M,
    mut gradients: GradientsParams,
) -> GradientsParams {
    if update.clip_value > 0.0 {
        module.visit(&mut ByValue { gradients: &mut gradients, limit: update.clip_value });
    }
    if update.clip_norm > 0.0 {
        let mut squares = Squares { gradients: &gradients, sum: None };
        module.visit(&mut squares);
        if let Some(sum) = squares.sum {
            let coefficient = ((sum.sqrt() + 1e-6).recip() * update.clip_norm).clamp_max(1.0);
            module.visit(&mut Scale { gradients: &mut gradients, coefficient });
        }
    }
    gradients
}

struct ByValue<'a> {
    gradients: &'a mut GradientsParams,
    limit: f64,
}

impl ModuleVisitor for ByValue<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.remove::<D>(param.id) {
            self.gradients.register(param.id, gradient.clamp(-self.limit, self.limit));
        }
    }
}

struct Squares<'a> {
    gradients: &'a GradientsParams,
    sum: Option<Tensor<1>>,
}

impl ModuleVisitor for Squares<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.get::<D>(param.id) {
            let square = gradient.powi_scalar(2).sum();
            self.sum = Some(match self.sum.take() {
                Some(sum) => sum + square,
                None => square,
            });
        }
    }
}

struct Scale<'a> {
    gradients: &'a mut GradientsParams,
    coefficient: Tensor<1>,
}

impl ModuleVisitor for Scale<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.remove::<D>(param.id) {
            let coefficient = self.coefficient.clone().reshape([1; D]);
            self.gradients.register(param.id, gradient * coefficient);
        }
    }
}
