//! `[claim]`: the test of the claim on the seeds of each optimizer's chosen configuration.

use spec::claim::ClaimTest;
use spec::metric::Metric;
use spec::plan::Plan;
use spec::record::Split;

use super::{Analysis, Criterion, Measured};
use spec::grain::Grain;
use stats::claim::{Claim, Evidence, Test};

/// The claim of a plan and its results.
#[derive(Clone, Debug, PartialEq)]
pub struct Claims {
    /// The claim of the sweep file.
    pub asked: spec::claim::Claim,
    /// Its metric.
    pub criterion: Criterion,
    /// One result per label with planned runs, in plan order.
    pub claimed: Vec<Claimed>,
}

/// Result of the claim's test on the seeds of a chosen configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Claimed {
    /// Index into `Analysis::configs`.
    pub config: usize,
    /// The test.
    pub evidence: Evidence,
    /// Seeds that diverged at any time.
    pub diverged: usize,
    /// Seeds without a result: not trained yet, cut, failed, timed out or cancelled.
    pub without_result: usize,
    /// Seeds that completed without a finite value at that epoch or step.
    pub without_value: usize,
}

impl Claims {
    /// Tests the claim of the plan; `None` for a plan without a claim. `value` returns a run's
    /// value of a metric after an epoch (for runs by steps, after a step), or `None` where it was
    /// not measured.
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

    /// Returns the epoch at which all seeds are tested; for runs by steps, the step.
    pub fn epoch(&self, analysis: &Analysis) -> u64 {
        self.claimed
            .first()
            .map_or(0, |c| epoch(&analysis.plan, analysis.configs[c.config].runs[0]))
    }
}

/// Returns the epoch of a run whose value counts; for runs by steps, the step.
fn epoch(plan: &Plan, run: usize) -> u64 {
    let asked = plan.claim.as_ref().and_then(|claim| claim.epoch);
    asked.unwrap_or(Grain::of(plan).planned(&plan.runs[run].spec))
}

/// Converts the claim of the sweep file into a statistical test.
fn claim(asked: &spec::claim::Claim) -> Claim {
    let test = match asked.test {
        ClaimTest::T => Test::T,
        ClaimTest::Sign => Test::Sign,
        // A sweep file without `sd` is rejected. In a plan that still lacks it, the infinite
        // standard error keeps the claim from holding.
        ClaimTest::Z => Test::Z(asked.sd.unwrap_or(f64::INFINITY)),
    };
    Claim { target: asked.target, above: asked.above(), level: asked.level, test }
}
