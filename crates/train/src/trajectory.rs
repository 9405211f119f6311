//! Descents on a landscape: where the weights are after each step, when they
//! have left a saddle, and the noise on the gradient.

use burn::tensor::{Device, Tensor, TensorData};
use model::Network;
use optimizer_registry::Optimizer;
use spec::landscape::Position;
use spec::metric::Metric;
use spec::model::ModelSpec;
use spec::seed::stream;
use spec::{DatasetSpec, RunSpec};

use crate::feed::Samples;
use crate::run::Run;

/// Steps that are recorded one by one; the curves of a descent are there.
const DENSE: u64 = 100;
/// About so many points for all that follow.
const SPARSE: u64 = 200;

/// Whether the position after `step` is recorded, of a run of `total` steps: the
/// first hundred, then evenly, and the last.
fn recorded(step: u64, total: u64) -> bool {
    let every = total.saturating_sub(DENSE).div_ceil(SPARSE).max(1);
    step <= DENSE || step.is_multiple_of(every) || step == total
}

impl Run<'_> {
    /// The start of a descent; nothing for networks.
    pub(crate) fn begin(&mut self, network: &Network) {
        if let Network::Function(landscape) = network {
            self.put(0, landscape.at());
        }
    }

    /// Looks where a descent is after a step, by the weights that are to be
    /// judged; true once it has left its saddle. Nothing for networks.
    pub(crate) fn track(&mut self, epoch: u64, network: &Network, optimizer: &Optimizer) -> bool {
        if !matches!(network, Network::Function(_)) {
            return false;
        }
        let Network::Function(landscape) = optimizer.evaluated(network) else { return false };
        let (at, step) = (landscape.at(), self.progress.steps);
        self.progress.left = landscape.function.left(at);
        let finite = at.iter().all(|v| v.is_finite());
        if finite && (self.progress.left || recorded(step, self.spec.total_steps())) {
            self.put(epoch, at);
        }
        self.progress.left
    }

    fn put(&mut self, epoch: u64, [x, y]: Position) {
        let step = self.progress.steps;
        self.progress.point(epoch, step, Metric::X, x);
        self.progress.point(epoch, step, Metric::Y, y);
    }
}

/// What an epoch is fed: for a function with noise its draws from the stream
/// `noise/<epoch>` of the seed, the same for every optimizer; else the samples as
/// they are.
pub(crate) fn noisy(spec: &RunSpec, epoch: u64, samples: &Samples, device: &Device) -> Samples {
    let (ModelSpec::Function(model), DatasetSpec::Function(none)) =
        (&spec.model, &spec.data.dataset)
    else {
        return samples.clone();
    };
    if model.noise == 0.0 {
        return samples.clone();
    }
    let mut stream = stream(spec.seed, &format!("noise/{epoch}"));
    let steps = usize::try_from(none.steps).unwrap_or(usize::MAX);
    let draws: Vec<f32> =
        (0..2 * steps).map(|_| (stream.near_normal() * model.noise) as f32).collect();
    samples.clone().with_inputs(Tensor::from_data(TensorData::new(draws, [steps, 2]), device))
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
