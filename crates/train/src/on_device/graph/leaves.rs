//! The parameters of a network as leaves of libtorch's graph.

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use model::Network;
use tch::Kind;

use super::{burn, float};

/// Registers a parameter's gradient, whose rank is part of its type.
type Put = fn(&mut GradientsParams, ParamId, tch::Tensor);

/// The trained parameters of a network, in the order of its modules, in the network's own memory.
#[derive(Default)]
pub(super) struct Leaves {
    leaves: Vec<(ParamId, Put)>,
    tensors: Vec<tch::Tensor>,
}

impl Leaves {
    /// Creates the leaves of a network on a device of libtorch.
    pub(super) fn of(network: &Network) -> Leaves {
        let mut leaves = Leaves::default();
        network.visit(&mut leaves);
        leaves
    }

    /// Returns the leaf of a parameter.
    ///
    /// # Panics
    /// If the network does not train the parameter.
    pub(super) fn get<const D: usize>(&self, param: &Param<Tensor<D>>) -> &tch::Tensor {
        let at = self.leaves.iter().position(|(id, _)| *id == param.id);
        &self.tensors[at.expect("a parameter of the network")]
    }

    /// Returns the leaf of an optional parameter.
    pub(super) fn find<const D: usize>(
        &self,
        param: Option<&Param<Tensor<D>>>,
    ) -> Option<&tch::Tensor> {
        param.map(|param| self.get(param))
    }

    /// Returns the sum of the squares of all parameters with at least two dimensions (weights and
    /// embeddings), as `model::squares` does; `None` without any.
    pub(super) fn squares(&self) -> Option<tch::Tensor> {
        let weights = self.tensors.iter().filter(|tensor| tensor.dim() > 1);
        weights.map(|weight| weight.square().sum(Kind::Float)).reduce(|a, b| a + b)
    }

    /// Returns the gradient of a loss for each parameter; the loss must depend on all of them.
    pub(super) fn gradients(&self, loss: &tch::Tensor) -> GradientsParams {
        let found = tch::Tensor::run_backward(&[loss], &self.tensors, false, false);
        let mut out = GradientsParams::new();
        for ((id, put), gradient) in self.leaves.iter().zip(found) {
            put(&mut out, *id, gradient);
        }
        out
    }
}

impl ModuleVisitor for Leaves {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val();
        if !value.is_require_grad() {
            return;
        }
        self.leaves.push((param.id, put::<D>));
        self.tensors.push(float(value.inner()).detach().set_requires_grad(true));
    }
}

fn put<const D: usize>(gradients: &mut GradientsParams, id: ParamId, gradient: tch::Tensor) {
    gradients.register(id, burn::<D>(gradient));
}
