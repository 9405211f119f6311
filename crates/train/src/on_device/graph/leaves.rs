//! The parameters of a network as leaves of libtorch's graph.

use burn::backend::LibTorch;
use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::{Float, Tensor};
use burn_tch::TchTensor;
use model::Network;

/// Registers a gradient, whose rank is part of its type.
type Put = fn(&mut GradientsParams, ParamId, tch::Tensor);

/// A parameter that is trained.
struct Leaf {
    path: String,
    id: ParamId,
    put: Put,
}

/// The parameters of a network that are trained, by path, where they lie.
#[derive(Default)]
pub(super) struct Leaves {
    leaves: Vec<Leaf>,
    tensors: Vec<tch::Tensor>,
    path: Vec<String>,
}

impl Leaves {
    /// Those of a network on a device of libtorch.
    pub(super) fn of(network: &Network) -> Leaves {
        let mut leaves = Leaves::default();
        network.visit(&mut leaves);
        leaves
    }

    /// The parameter of a path; `None` where the network has none.
    pub(super) fn find(&self, path: &str) -> Option<&tch::Tensor> {
        let at = self.leaves.iter().position(|leaf| leaf.path == path)?;
        Some(&self.tensors[at])
    }

    /// The parameter of a path.
    ///
    /// # Panics
    /// The network has none.
    pub(super) fn get(&self, path: &str) -> &tch::Tensor {
        self.find(path).unwrap_or_else(|| panic!("a parameter `{path}`"))
    }

    /// The gradients of a loss by each parameter, all of which it depends on.
    pub(super) fn gradients(&self, loss: &tch::Tensor) -> GradientsParams {
        let found = tch::Tensor::run_backward(&[loss], &self.tensors, false, false);
        let mut out = GradientsParams::new();
        for (leaf, gradient) in self.leaves.iter().zip(found) {
            (leaf.put)(&mut out, leaf.id, gradient);
        }
        out
    }
}

impl ModuleVisitor for Leaves {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        // The variant of `Network` says which model it is, not where a parameter sits.
        if container_type != "Enum:Network" {
            self.path.push(name.to_owned());
        }
    }

    fn exit_module(&mut self, _: &str, container_type: &str) {
        if container_type != "Enum:Network" {
            self.path.pop();
        }
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val();
        if !value.is_require_grad() {
            return;
        }
        let tensor = super::float(value.inner()).detach().set_requires_grad(true);
        self.leaves.push(Leaf { path: self.path.join("."), id: param.id, put: put::<D> });
        self.tensors.push(tensor);
    }
}

fn put<const D: usize>(gradients: &mut GradientsParams, id: ParamId, gradient: tch::Tensor) {
    let gradient = Tensor::<D, Float>::from_primitive::<LibTorch>(TchTensor::new(gradient));
    gradients.register(id, gradient);
}
