//! `[claim]`: what the seeds of each optimizer's chosen configuration say of it.

use spec::claim::ClaimTest;
use spec::metric::Metric;
use spec::plan::Plan;
use spec::record::Split;

use super::{Analysis, Criterion, Measured};
use spec::grain::Grain;
use stats::claim::{Claim, Evidence, Test};

/// The claim of a plan, and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Claims {
    /// The claim as the plan has it.
    pub asked: spec::claim::Claim,
    /// Its metric.
    pub criterion: Criterion,
    /// One a label with planned runs, in plan order.
    pub claimed: Vec<Claimed>,
}

/// The claim as the seeds of a chosen configuration judge it.
#[derive(Clone, Debug, PartialEq)]
pub struct Claimed {
    /// Index into `Analysis::configs`.
    pub config: usize,
    /// The test.
    pub evidence: Evidence,
    /// Seeds that diverged, whenever.
    pub diverged: usize,
    /// Seeds without a result: not trained yet, cut, failed, timed out or cancelled.
    pub without_result: usize,
    /// Seeds that completed and have no number at that epoch or step.
    pub without_value: usize,
}

impl Claims {
    /// Judges the claim of the plan; none without one. `value` gives a run's value of a metric
    /// after an epoch, of runs by steps after a step; none where it was not measured.
    pub fn of(
        analysis: &Analysis,
        value: impl Fn(usize, (Split, Metric), u64) -> Option<f64>,
    ) -> Option<Claims> {
        let asked = analysis.plan.claim.clone()?;
        let claim = claim(&asked);
        let judged = |&config: &usize| {
            let own = &analysis.configs[config];
            let mut without_value = 0;
            let mut seed = |&run: &usize| {
                let row = &analysis.rows[run];
                if row.diverged() || !row.completed() {
                    return None;
                }
                let epoch = epoch(&analysis.plan, run);
                let found = value(run, (asked.split, asked.metric), epoch);
                let found = found.filter(|value| value.is_finite());
                without_value += usize::from(found.is_none());
                found
            };
            let seeds: Vec<Option<f64>> = own.runs.iter().map(&mut seed).collect();
            Claimed {
                config,
                evidence: claim.judge(&seeds),
                diverged: own.counts.diverged,
                without_result: own.counts.without_result(),
                without_value,
            }
        };
        let criterion = Criterion {
            split: asked.split,
            metric: asked.metric,
            function: analysis.evaluation.function,
            measured: Measured::Last,
            grain: analysis.evaluation.grain,
            fallback: None,
        };
        let claimed = analysis.best.iter().flatten().map(judged).collect();
        Some(Claims { asked, criterion, claimed })
    }

    /// The epoch that all seeds are judged at, of runs by steps the step.
    pub fn epoch(&self, analysis: &Analysis) -> u64 {
        self.claimed
            .first()
            .map_or(0, |c| epoch(&analysis.plan, analysis.configs[c.config].runs[0]))
    }
}

/// The epoch of a run whose value counts, of a run by steps the step.
fn epoch(plan: &Plan, run: usize) -> u64 {
    let asked = plan.claim.as_ref().and_then(|claim| claim.epoch);
    asked.unwrap_or(Grain::of(plan).planned(&plan.runs[run].spec))
}

/// The claim with the test that judges it.
fn claim(asked: &spec::claim::Claim) -> Claim {
    let test = match asked.test {
        ClaimTest::T => Test::T,
        ClaimTest::Sign => Test::Sign,
        // The sweep file is refused without `sd`; a plan that lacks it all the same carries
        // nothing, since the standard error is infinite.
        ClaimTest::Z => Test::Z(asked.sd.unwrap_or(f64::INFINITY)),
    };
    Claim { target: asked.target, above: asked.above(), level: asked.level, test }
}
