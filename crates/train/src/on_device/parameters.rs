//! Applies an [`Update`] to any network that Burn differentiates: parameters are updated in place,
//! all by one kernel if libtorch has one.

use burn::backend::LibTorch;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::{Float, Tensor};
use burn_tch::TchTensor;
use model::Network;
use optimizer_registry::optimizer::parts;
use optimizer_registry::{Fused, Optimizer};
use spec::RunSpec;

use super::update::{Part, Update};
use crate::autodiff::DeviceUpdate;

/// Updates a network's parameters in place on their device.
pub(crate) struct InPlace<'a> {
    spec: &'a RunSpec,
    pass: Option<(Update, Vec<Gradient>)>,
}

/// Reads the gradient of a parameter as a contiguous tensor.
type Read = fn(&GradientsParams, ParamId) -> Option<tch::Tensor>;

/// A parameter and the function that reads its gradient, whose rank is part of its type.
struct Gradient {
    id: ParamId,
    read: Read,
}

impl<'a> InPlace<'a> {
    /// Creates the update of a run whose optimizer has a pass on a device.
    pub(crate) fn new(spec: &'a RunSpec) -> Self {
        InPlace { spec, pass: None }
    }
}

impl DeviceUpdate for InPlace<'_> {
    fn optimizer(&self, network: &Network) -> Optimizer {
        let mut count = Count(0);
        network.visit(&mut count);
        Optimizer::for_device(&self.spec.optimizer, count.0).expect("planned together")
    }

    fn begin(&mut self, network: Network, fused: &Fused, steps: usize) -> Network {
        let mut own = Own { parameters: Vec::new(), gradients: Vec::new() };
        let network = network.map(&mut own);
        let spec = self.spec;
        let all = parts(&spec.optimizer, &spec.update, &spec.groups, &spec.table(), &network);
        let at = |id: &ParamId| own.gradients.iter().position(|gradient| gradient.id == *id);
        let parts = all.into_iter().map(|part| Part {
            // Running statistics are not updated by an optimizer.
            parameters: part.parameters.iter().filter_map(at).collect(),
            optimizer: part.optimizer,
            modifiers: part.modifiers,
            left: part.left,
        });
        let parts = parts.filter(|part: &Part| !part.parameters.is_empty()).collect();
        let update = Update::new(parts, fused, own.parameters, steps);
        self.pass = Some((update, own.gradients));
        network
    }

    fn step(&mut self, lr: f64, gradients: &GradientsParams) {
        let (update, parameters) = self.pass.as_mut().expect("a pass has begun");
        let gradients: Vec<tch::Tensor> = parameters
            .iter()
            .map(|p| (p.read)(gradients, p.id).expect("a gradient of each parameter"))
            .collect();
        update.step(lr, &gradients);
    }

    fn end(&mut self, fused: &mut Fused) {
        let (update, _) = self.pass.take().expect("a pass has begun");
        update.store(fused);
    }
}

/// Counts the floats of all trained parameters; running statistics are left out.
struct Count(usize);

impl ModuleVisitor for Count {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = param.val();
        if tensor.is_require_grad() {
            self.0 += tensor.shape().num_elements();
        }
    }
}

/// Gives each trained parameter its own memory, which nothing else reads: Burn treats its tensors
/// as values and does not see the updates.
struct Own {
    parameters: Vec<tch::Tensor>,
    gradients: Vec<Gradient>,
}

impl ModuleMapper for Own {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if !param.val().is_require_grad() {
            return param;
        }
        let (id, old, mapper) = param.consume();
        let own = primitive(old.inner()).contiguous().copy();
        self.parameters.push(own.shallow_clone());
        self.gradients.push(Gradient { id, read: read::<D> });
        let tensor = Tensor::<D, Float>::from_primitive::<LibTorch>(TchTensor::new(own));
        Param::from_mapped_value(id, Tensor::from_inner(tensor).require_grad(), mapper)
    }
}

fn read<const D: usize>(gradients: &GradientsParams, id: ParamId) -> Option<tch::Tensor> {
    Some(primitive(gradients.get::<D>(id)?).contiguous())
}

fn primitive<const D: usize>(tensor: Tensor<D>) -> tch::Tensor {
    tensor.try_into_primitive::<LibTorch>().expect("a tensor of libtorch").tensor
}
