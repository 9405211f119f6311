//! Lints of an optimizer's own values. `optimizer-registry` tests them against the update rules
//! (`tests/lints.rs`).

use spec::OptimizerSpec;
use spec::float::short;
use spec::params::{Param, Params, Value};
use spec::update::UpdateSpec;

use super::{Site, Subject};

pub(super) fn without_effect(subject: &Subject<'_>) -> Vec<Site> {
    let (key, label) = match &subject.run.optimizer {
        OptimizerSpec::Sgd(p) if p.dampening != 0.0 && p.momentum == 0.0 => {
            ("dampening", "there is no momentum")
        }
        OptimizerSpec::NAdam(p) if p.decoupled_weight_decay && p.weight_decay == 0.0 => {
            ("decoupled_weight_decay", "there is no weight decay")
        }
        OptimizerSpec::RAdam(p) if p.decoupled_weight_decay && p.weight_decay == 0.0 => {
            ("decoupled_weight_decay", "there is no weight decay")
        }
        OptimizerSpec::Adan(p) if p.no_prox && p.weight_decay == 0.0 => {
            ("no_prox", "there is no weight decay")
        }
        _ => return Vec::new(),
    };
    // Groups may set the weight decay.
    if key != "dampening" && subject.run.groups.iter().any(|g| g.weight_decay.is_some()) {
        return Vec::new();
    }
    let place = subject.given(&format!("optimizer.{key}")).unwrap_or(&subject.entry.place);
    vec![(place.clone(), label.to_owned())]
}

pub(super) fn beyond_float32(subject: &Subject<'_>) -> Vec<Site> {
    let optimizer = &subject.run.optimizer;
    let own = OptimizerSpec::descriptor(optimizer.kind()).map_or(&[][..], |kind| kind.params);
    let all = own.iter().chain(UpdateSpec::PARAMS);
    all.filter_map(|param| {
        let (value, place) = subject.given.get(&format!("optimizer.{}", param.name))?;
        let Value::Float(x) = value else { return None };
        let label =
            rounded(optimizer, param, *x).or_else(|| lost_decay(subject, param.name, *x))?;
        Some((place.clone(), label))
    })
    .collect()
}

/// Returns the label of a value that becomes 0, 1 or infinite in the 32-bit floats used in
/// training.
fn rounded(optimizer: &OptimizerSpec, param: &Param, x: f64) -> Option<String> {
    let becomes = param.in_float32(x).filter(|_| !optimizer.in_float64(param.name))?;
    Some(format!("{} becomes {becomes}", short(x)))
}

/// Returns the label of a decay whose factor on the weights is 1 in 32 bits.
fn lost_decay(subject: &Subject<'_>, name: &str, decay: f64) -> Option<String> {
    let rate = match name {
        "decoupled_decay" => subject.run.optimizer.lr(),
        name => subject.run.optimizer.shrinks_at(name)?,
    };
    let lost = decay > 0.0 && (1.0 - rate * decay) as f32 == 1.0;
    lost.then(|| {
        format!("1 - {} x {} becomes 1, so that nothing decays", short(rate), short(decay))
    })
}

pub(super) fn muon_without_matrices(subject: &Subject<'_>) -> Vec<Site> {
    let none = subject.run.muon_split().is_some_and(|split| split.matrices.is_empty());
    let place = subject.given("optimizer.kind").unwrap_or(&subject.entry.place);
    let label = format!("`{}` has no matrix", subject.run.model.kind());
    none.then(|| (place.clone(), label)).into_iter().collect()
}
