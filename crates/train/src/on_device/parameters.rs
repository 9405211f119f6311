//! The updates of [`Update`] for any network that Burn differentiates: its parameters are
//! updated where they lie, all of them by one kernel where libtorch has it.

use burn::backend::LibTorch;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::{Float, Tensor};
use burn_tch::TchTensor;
use model::Network;
use optimizer_registry::Fused;
use spec::OptimizerSpec;

use super::update::Update;
use crate::autodiff::DeviceUpdate;

/// The update of a network's parameters on their device.
pub(crate) struct InPlace {
    optimizer: OptimizerSpec,
    pass: Option<(Update, Vec<Gradient>)>,
}

/// The gradient of a parameter, flat.
type Read = fn(&GradientsParams, ParamId) -> Option<tch::Tensor>;

/// A parameter and the way to read its gradient, whose rank is part of its type.
struct Gradient {
    id: ParamId,
    read: Read,
}

impl InPlace {
    /// The update by `optimizer`, which is one that has a fused pass.
    pub(crate) fn new(optimizer: &OptimizerSpec) -> Self {
        InPlace { optimizer: optimizer.clone(), pass: None }
    }
}

impl DeviceUpdate for InPlace {
    fn numbers(&self, network: &Network) -> usize {
        let mut count = Count(0);
        network.visit(&mut count);
        count.0
    }

    fn begin(&mut self, network: Network, fused: &Fused, steps: usize) -> Network {
        let mut own = Own { parameters: Vec::new(), gradients: Vec::new() };
        let network = network.map(&mut own);
        let update = Update::new(&self.optimizer, fused, own.parameters, steps);
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

/// Numbers of the parameters that are trained; running statistics are not.
struct Count(usize);

impl ModuleVisitor for Count {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = param.val();
        if tensor.is_require_grad() {
            self.0 += tensor.shape().num_elements();
        }
    }
}

/// Gives each parameter that is trained memory of its own, which nobody else reads: the
/// updates are hidden from Burn, which takes its tensors for values.
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
        self.parameters.push(own.view(-1));
        self.gradients.push(Gradient { id, read: read::<D> });
        let tensor = Tensor::<D, Float>::from_primitive::<LibTorch>(TchTensor::new(own));
        Param::from_mapped_value(id, Tensor::from_inner(tensor).require_grad(), mapper)
    }
}

fn read<const D: usize>(gradients: &GradientsParams, id: ParamId) -> Option<tch::Tensor> {
    Some(primitive(gradients.get::<D>(id)?).contiguous().view(-1))
}

fn primitive<const D: usize>(tensor: Tensor<D>) -> tch::Tensor {
    tensor.try_into_primitive::<LibTorch>().expect("a tensor of libtorch").tensor
}
