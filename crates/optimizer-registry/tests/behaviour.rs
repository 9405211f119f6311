//! What every optimizer must do whatever its numbers: stand still or stay
//! finite on zero gradients, descend, and continue exactly from a saved state.

mod support;

use burn::module::{Module, ModuleMapper, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use spec::OptimizerSpec;
use spec::optimizer::Sgd;
use spec::params::Value;
use support::{Net, Problem, Tensors, Trainer, build, golden};

/// Every setting of every golden file.
fn settings() -> Vec<(String, OptimizerSpec)> {
    let kinds = OptimizerSpec::KINDS.iter().map(|kind| kind.name);
    let cases = kinds.flat_map(|kind| {
        golden(kind).cases.into_iter().map(move |(name, case)| (kind, name, case))
    });
    cases.map(|(kind, name, case)| (format!("{kind} {name}"), case.spec)).collect()
}

fn problem() -> Problem {
    golden("sgd").problem
}

fn finite(values: &Tensors) -> bool {
    values.values().flatten().all(|v| v.is_finite())
}

#[test]
fn zero_gradients_move_nothing_but_by_weight_decay() {
    let problem = problem();
    for (name, spec) in settings() {
        let device = Device::flex().autodiff();
        let trainer = Trainer::new(&problem, 0.0, &device);
        let mut net = Net::new(&problem, &device);
        let before = net.values();
        let mut optimizer = build(&spec, &net);
        for _ in 0..20 {
            net = trainer.step(net, &mut optimizer, spec.lr());
        }
        let after = net.values();
        assert!(finite(&after), "{name}: {after:?}");
        let decays = spec.to_values().get("weight_decay").is_some_and(|d| *d != Value::Float(0.0));
        assert_eq!(before != after, decays, "{name}");
        let norm = |t: &Tensors| t.values().flatten().map(|v| v * v).sum::<f32>();
        assert!(norm(&after) <= norm(&before), "{name}: decay must shrink");
    }
}

/// Replaces every parameter by one fresh handle of the same value and id.
struct Detach;

impl ModuleMapper for Detach {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, tensor, mapper) = param.consume();
        Param::from_mapped_value(id, tensor.detach().require_grad(), mapper)
    }
}

#[test]
fn a_saved_state_continues_bit_for_bit() {
    let problem = problem();
    for (name, spec) in settings() {
        let device = Device::flex().autodiff();
        let trainer = Trainer::new(&problem, 1.0, &device);
        let run = |net: Net, optimizer: &mut _, steps| {
            (0..steps).fold(net, |net, _| trainer.step(net, optimizer, spec.lr()))
        };
        let net = Net::new(&problem, &device);
        let mut optimizer = build(&spec, &net);
        let net = run(net, &mut optimizer, 7);

        let bytes = optimizer.to_bytes().expect("state to bytes");
        let mut restored = build(&spec, &net).from_bytes(bytes).expect("bytes to state");
        let resumed = run(net.clone().map(&mut Detach), &mut restored, 6).values();
        let forgetful = run(net.clone().map(&mut Detach), &mut build(&spec, &net), 6).values();
        let straight = run(net, &mut optimizer, 6).values();

        assert_eq!(straight, resumed, "{name}");
        // The state matters, or the test would show nothing; plain SGD has none.
        let stateless = matches!(&spec, OptimizerSpec::Sgd(p) if p.momentum == 0.0);
        assert_eq!(straight == forgetful, stateless, "{name}");
    }
}

#[test]
fn dampening_without_momentum_is_ignored_as_in_pytorch() {
    let problem = problem();
    let device = Device::flex().autodiff();
    let trainer = Trainer::new(&problem, 1.0, &device);
    let plain = Sgd { lr: 0.1, momentum: 0.0, dampening: 0.0, nesterov: false, weight_decay: 0.0 };
    let dampened = Sgd { dampening: 0.5, ..plain.clone() };
    let [plain, dampened] = [plain, dampened].map(|p| {
        let net = Net::new(&problem, &device);
        let mut optimizer = build(&OptimizerSpec::Sgd(p), &net);
        (0..5).fold(net, |net, _| trainer.step(net, &mut optimizer, 0.1)).values()
    });
    assert_eq!(plain, dampened);
}

#[test]
fn every_setting_descends() {
    let problem = problem();
    let device = Device::flex().autodiff();
    let trainer = Trainer::new(&problem, 1.0, &device);
    for (name, spec) in settings() {
        let mut net = Net::new(&problem, &device);
        let before = trainer.loss(&net).into_scalar::<f32>();
        let mut optimizer = build(&spec, &net);
        for _ in 0..50 {
            net = trainer.step(net, &mut optimizer, spec.lr());
        }
        let after = trainer.loss(&net).into_scalar::<f32>();
        // A default learning rate may be made for many more steps.
        let enough = if name.ends_with("defaults") { before } else { 0.9 * before };
        assert!(after < enough, "{name}: loss {before} to {after}");
    }
}

#[test]
fn a_learning_rate_is_an_argument_of_the_step_not_of_the_optimizer() {
    let problem = problem();
    let device = Device::flex().autodiff();
    let trainer = Trainer::new(&problem, 1.0, &device);
    for (name, spec) in settings() {
        let net = Net::new(&problem, &device);
        let before = net.values();
        let mut optimizer = build(&spec, &net);
        let after = trainer.step(net, &mut optimizer, 0.0).values();
        assert_eq!(before, after, "{name}: a step with learning rate 0 moved the weights");
    }
    let net = Net::new(&problem, &device);
    let before = net.values();
    let mut optimizer = build(&settings()[0].1, &net);
    let again = &mut |_: &Net| panic!("asked for gradients again");
    let after = optimizer.step(0.1, net, GradientsParams::new(), again).values();
    assert_eq!(before, after);
}
