//! Descents on a landscape: records the position after each step, detects when a saddle is left,
//! and draws the noise on the gradient.

use burn::tensor::{Device, Tensor, TensorData};
use model::Network;
use spec::landscape::Position;
use spec::metric::Metric;
use spec::model::ModelSpec;
use spec::seed::stream;
use spec::{DatasetSpec, RunSpec};

use crate::job::State;
use crate::progress::Progress;
use crate::samples::Samples;

/// Number of first steps that are all recorded, because a path bends most there.
const DENSE: u64 = 100;
/// Approximate number of points recorded for all further steps.
const SPARSE: u64 = 200;

/// Returns whether the position after `step` of `total` steps is recorded: the first hundred, then
/// at even intervals, and the last.
fn recorded(step: u64, total: u64) -> bool {
    let every = total.saturating_sub(DENSE).div_ceil(SPARSE).max(1);
    step <= DENSE || step.is_multiple_of(every) || step == total
}

/// Records the start of a descent; a no-op for networks.
pub(crate) fn begin(progress: &mut Progress, network: &Network) {
    if let Network::Function(landscape) = network {
        put(progress, 0, landscape.at());
    }
}

/// Records the position of a descent after a step, by the weights that are evaluated. Returns true
/// once it has left its saddle; always false for networks.
pub(crate) fn track(
    spec: &RunSpec,
    progress: &mut Progress,
    epoch: u64,
    (network, optimizer): &State,
) -> bool {
    if !matches!(network, Network::Function(_)) {
        return false;
    }
    let Network::Function(landscape) = optimizer.evaluated(network) else { return false };
    let (at, step) = (landscape.at(), progress.steps);
    progress.left = landscape.function.left(at);
    let finite = at.iter().all(|v| v.is_finite());
    if finite && (progress.left || recorded(step, spec.total_steps())) {
        put(progress, epoch, at);
    }
    progress.left
}

fn put(progress: &mut Progress, epoch: u64, [x, y]: Position) {
    let step = progress.steps;
    progress.point(epoch, step, Metric::X, x);
    progress.point(epoch, step, Metric::Y, y);
}

/// Returns the samples that an epoch feeds. For a function with noise, the inputs are draws from
/// the seed's stream `noise/<epoch>`, `[steps, variables]`, the same for every optimizer; otherwise
/// the samples are unchanged.
pub(crate) fn noisy(spec: &RunSpec, epoch: u64, samples: &Samples, device: &Device) -> Samples {
    let DatasetSpec::Function(none) = &spec.data.dataset else { return samples.clone() };
    let deviation = match &spec.model {
        ModelSpec::Function(model) => model.noise,
        // The model scales the noise of each variable itself.
        ModelSpec::NoisyQuadratic(model) if model.noise > 0.0 => 1.0,
        _ => 0.0,
    };
    if deviation == 0.0 {
        return samples.clone();
    }
    let mut stream = stream(spec.seed, &format!("noise/{epoch}"));
    let size = [none.steps, none.variables].map(|n| usize::try_from(n).unwrap_or(usize::MAX));
    let draws: Vec<f32> =
        (0..size[0] * size[1]).map(|_| (stream.near_normal() * deviation) as f32).collect();
    samples.clone().with_inputs(Tensor::from_data(TensorData::new(draws, size), device))
}

#[cfg(test)]
mod tests {
    use super::recorded;

    #[test]
    fn a_run_has_about_three_hundred_points_at_most() {
        let points = |total: u64| (0..=total).filter(|step| recorded(*step, total)).count();
        assert_eq!([points(1), points(100), points(300)], [2, 101, 301]);
        for total in [301, 302, 999, 1_000, 12_345, 1_000_000] {
            assert!((200..=302).contains(&points(total)), "{total}: {}", points(total));
            assert!(recorded(0, total) && recorded(57, total) && recorded(total, total));
        }
    }
}
